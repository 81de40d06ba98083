//! The texts in which PowerShell says who ran what: lines of keys and values, the values of which may
//! have several lines themselves.

/// Which of the two forms of the classic channel a text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Classic {
    /// Events 400, 403, 600 and their like: a key may follow any tab.
    Lifecycle,
    /// Event 800: keys are at the beginning of lines, and blanks belong to the value.
    Details,
}

/// Gives the keys and values of `<tab>Key=value` lines, in their order; whether there were any.
///
/// Elastic: a text of event 800 in which a line begins with a tab and has no `=` fails the pipeline.
/// Here such a line is part of the value before it.
pub(super) fn classic<'d>(
    text: &'d str,
    form: Classic,
    mut each: impl FnMut(&'d str, &'d str),
) -> bool {
    let mut give = |(key, value): (&'d str, &'d str)| match form {
        Classic::Lifecycle => each(key, trim(value)),
        Classic::Details => each(key, value.trim_matches(['\t', '\r', '\n'])),
    };
    let mut last = None;
    for (tab, _) in text.match_indices('\t') {
        let begins_line = tab == 0 || text.as_bytes()[tab - 1] == b'\n';
        if form == Classic::Details && !begins_line {
            continue;
        }
        let rest = &text[tab + 1..];
        let len = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        if len == 0 || rest.as_bytes().get(len) != Some(&b'=') {
            continue;
        }
        if let Some((key, start)) = last {
            give((key, &text[start..tab]));
        }
        last = Some((&rest[..len], tab + 1 + len + 1));
    }
    if let Some((key, start)) = last {
        give((key, &text[start..]));
    }
    last.is_some()
}

/// Gives the keys and values of `        Some Key = value` lines, in their order. A line is one if
/// it has at least eight blanks and a plausible key before `=` or `:`; any other belongs to the
/// value before it.
pub(super) fn operational<'d>(text: &'d str, mut each: impl FnMut(&'d str, &'d str)) {
    let mut last = None;
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        if let Some((key, len)) = indented_key(line) {
            if let Some((key, start)) = last {
                each(key, trim(&text[start..offset]));
            }
            last = Some((key, offset + len));
        }
        offset += line.len();
    }
    if let Some((key, start)) = last {
        each(key, trim(&text[start..]));
    }
}

/// A line's key, and how long it is with all that comes before the value.
fn indented_key(line: &str) -> Option<(&str, usize)> {
    let rest = line.trim_ascii_start();
    let blanks = line.len() - rest.len();
    if blanks < 8 || !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let in_key = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b' ' | b'_' | b'.' | b'-');
    let len = rest.bytes().take_while(|b| in_key(*b)).count();
    let separator = rest.as_bytes().get(len)?;
    matches!(separator, b'=' | b':').then(|| (rest[..len].trim_ascii_end(), blanks + len + 1))
}

/// Java's `trim`: blanks and all control characters.
fn trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_classic(text: &str, form: Classic, expected: &[(&str, &str)]) {
        let mut pairs = Vec::new();
        let any = classic(text, form, |key, value| pairs.push((key, value)));
        assert_eq!(pairs, expected, "{text:?}");
        assert_eq!(any, !expected.is_empty());
    }

    #[test]
    fn lifecycle() {
        let text = "\tNew=a\r\n\tOld=\r\n\r\n\tN=13\r\n\r\n\tHost=x =\r\n  y\n\t$z = 1\n\tLine= q ";
        let expected = [
            ("New", "a"),
            ("Old", ""),
            ("N", "13"),
            ("Host", "x =\r\n  y\n\t$z = 1"),
            ("Line", "q"),
        ];
        check_classic(text, Classic::Lifecycle, &expected);
        check_classic("\tA=1 \tB=2", Classic::Lifecycle, &[("A", "1"), ("B", "2")]);
        check_classic("A=1", Classic::Lifecycle, &[]);
        check_classic("", Classic::Lifecycle, &[]);
        check_classic("\té=1\t", Classic::Lifecycle, &[]);
    }

    #[test]
    fn details() {
        check_classic(
            "\tA=1\n\n\tB=  b \n\tno key\n\tC=c\tD=d\n",
            Classic::Details,
            &[("A", "1"), ("B", "  b \n\tno key"), ("C", "c\tD=d")],
        );
    }

    #[track_caller]
    fn check_operational(text: &str, expected: &[(&str, &str)]) {
        let mut pairs = Vec::new();
        operational(text, |key, value| pairs.push((key, value)));
        assert_eq!(pairs, expected, "{text:?}");
    }

    #[test]
    fn indented_lines() {
        check_operational(
            "        Severity = Info\r\n        Host Name = \r\n        Host App: a = b\r\n     x = 1\r\n        (y) = 2\r\n        Z =",
            &[
                ("Severity", "Info"),
                ("Host Name", ""),
                ("Host App", "a = b\r\n     x = 1\r\n        (y) = 2"),
                ("Z", ""),
            ],
        );
        check_operational("no key\n\t\t\t\t\t\t\t\tA=1", &[("A", "1")]);
        check_operational("        ", &[]);
        check_operational("        é = 1", &[]);
        check_operational("        A é = 1", &[]);
    }
}
