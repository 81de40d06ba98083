//! The text of an audit record: names and values, and how values are encoded.

use std::borrow::Cow;

/// One `name=value` of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    pub(super) name: &'a str,
    pub(super) value: &'a str,
    /// Whether the value stood in quotes: then it is no hexadecimal.
    pub(super) is_quoted: bool,
    /// Whether it stands behind the separator after which the daemon writes names for the numbers before
    /// (`log_format = ENRICHED`).
    pub(super) is_enriched: bool,
}

/// What the daemon writes between what the kernel said and its own names for it.
const ENRICHED: char = '\u{1d}';

/// The pairs of a record's text, those within `msg='…'` among the others. Words that are no pair are passed over, and
/// values that say nothing left out.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = Pair<'_>> {
    Pairs { rest: text, is_enriched: false }.filter(|pair| !says_nothing(pair.value))
}

fn says_nothing(value: &str) -> bool {
    matches!(value, "" | "?" | "?," | "(null)")
}

struct Pairs<'a> {
    rest: &'a str,
    is_enriched: bool,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Pair<'a>;

    fn next(&mut self) -> Option<Pair<'a>> {
        loop {
            let is_between =
                |c: char| c.is_ascii_whitespace() || matches!(c, '\'' | '(' | ')' | ',');
            let rest = self.rest.trim_start_matches(is_between);
            if let Some(rest) = rest.strip_prefix(ENRICHED) {
                (self.rest, self.is_enriched) = (rest, true);
                continue;
            }
            if rest.is_empty() {
                return None;
            }
            let is_end = |c: char| c.is_ascii_whitespace() || matches!(c, '=' | ENRICHED);
            let len = rest.find(is_end).unwrap_or(rest.len());
            let (name, after) = rest.split_at(len);
            let Some(value) = after.strip_prefix('=') else {
                self.rest = after;
                continue;
            };
            if name == "msg" && value.starts_with('\'') {
                self.rest = value;
                continue;
            }
            let pair =
                |value, is_quoted| Pair { name, value, is_quoted, is_enriched: self.is_enriched };
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
            let (pair, after) = if let Some(quote) = quote {
                let inner = &value[1..];
                let (value, after) = inner.split_once(quote).unwrap_or((inner, ""));
                (pair(value.trim_matches(' '), true), after)
            } else {
                let is_end = |c: char| c.is_ascii_whitespace() || c == ENRICHED;
                let len = value.find(is_end).unwrap_or(value.len());
                let (value, after) = value.split_at(len);
                // The end of `msg='…'`, or of brackets that some programs put around pairs.
                let bare = value.trim_end_matches(['\'', ',']);
                let bare = if bare.contains('(') { bare } else { bare.trim_end_matches(')') };
                (pair(bare, false), after)
            };
            self.rest = after;
            return Some(pair);
        }
    }
}

/// A value that the kernel writes in hexadecimal if it holds blanks, quotes or control characters, and in quotes
/// otherwise. Zeros, which stand between arguments, become blanks.
pub(super) fn decoded<'a>(pair: &Pair<'a>) -> Cow<'a, str> {
    match (pair.is_quoted, bytes(pair.value)) {
        (false, Some(bytes)) => Cow::Owned(text(&bytes)),
        _ => Cow::Borrowed(pair.value),
    }
}

/// Bytes as a text: zeros at the end are none, others are blanks.
pub(super) fn text(bytes: &[u8]) -> String {
    let len = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    String::from_utf8_lossy(&bytes[..len]).replace('\0', " ")
}

/// The bytes of a value in hexadecimal; the kernel uses capitals.
pub(super) fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if pairs.is_empty() || !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(&str, &str)]) {
        let found: Vec<_> = pairs(text).map(|pair| (pair.name, pair.value)).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn pairs_of_records() {
        check(
            "arch=c000003e syscall=59 comm=\"a b\" key=(null) tty=? exe=",
            &[("arch", "c000003e"), ("syscall", "59"), ("comm", "a b")],
        );
        check(
            "pid=1 msg='op=PAM:x acct=\"mira\" exe=\"/bin/su\" res=success'",
            &[
                ("pid", "1"),
                ("op", "PAM:x"),
                ("acct", "mira"),
                ("exe", "/bin/su"),
                ("res", "success"),
            ],
        );
        check(
            "login pid=2 uid=0 old auid=5 new auid=6",
            &[("pid", "2"), ("uid", "0"), ("auid", "5"), ("auid", "6")],
        );
        check("", &[]);
        check("a=\"never closed b=c", &[("a", "never closed b=c")]);
        check("a\u{c}b=c \u{c}", &[("b", "c")]);
        check("= =x a==b", &[("", "x"), ("a", "=b")]);
        let enriched: Vec<_> = pairs("uid=0 res=1\u{1d}UID=\"root\" AUID=\"mira\"")
            .filter(|pair| pair.is_enriched)
            .map(|pair| (pair.name, pair.value))
            .collect();
        assert_eq!(enriched, [("UID", "root"), ("AUID", "mira")]);
    }

    #[test]
    fn hexadecimal() {
        let check = |value, is_quoted, expected: &str| {
            let pair = Pair { name: "a", value, is_quoted, is_enriched: false };
            assert_eq!(decoded(&pair), expected);
        };
        check("2F62696E2F73680022", false, "/bin/sh \"");
        check("6C73002D6C00", false, "ls -l");
        check("FF", false, "\u{fffd}");
        check("2F62", true, "2F62");
        check("2f62", false, "2f62");
        check("2F6", false, "2F6");
        check("é", false, "é");
    }
}
