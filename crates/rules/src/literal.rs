//! Where the characters of a decoded string stand in the file.
//!
//! A diagnostic is about a place in the query; the author looks at a file, in which the query is a
//! TOML or JSON string with delimiters, escapes and line continuations. The parsers give the decoded
//! text and the span of the token; this module reads the token once more and notes which bytes of
//! the one are which bytes of the other.

use std::ops::Range;

/// A stretch of a string that is one thing: a run of characters that stand for themselves (both
/// ranges equally long) or one escape (the source longer than what it stands for).
#[derive(Debug, Clone, PartialEq, Eq)]
struct Segment {
    decoded: Range<usize>,
    source: Range<usize>,
}

impl Segment {
    fn is_literal(&self) -> bool {
        self.decoded.len() == self.source.len()
    }
}

/// The way from offsets in a decoded string to offsets in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StringMap {
    segments: Vec<Segment>,
    /// Where the string ends in the file, its delimiter not included.
    end: usize,
}

/// Whose escapes a token has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Syntax {
    Toml,
    Json,
}

impl StringMap {
    /// Reads the token of a string, delimiters included, that begins at byte `start` of the file.
    /// The token is one that the format's parser has accepted; of anything else the map is
    /// inexact, and no more than that.
    pub(crate) fn new(token: &str, start: usize, syntax: Syntax) -> StringMap {
        let (open, close) = delimiters(token, syntax);
        let end = token.len().saturating_sub(close).max(open);
        let mut builder = Builder { token, start, end, segments: Vec::new(), decoded: 0 };
        let escapes = syntax == Syntax::Json || token.starts_with('"');
        builder.read(open, escapes);
        StringMap { segments: builder.segments, end: start + end }
    }

    /// The map of a text that was put together from pieces of a file: for each its length in the text
    /// and its place in the file.
    pub(crate) fn of_pieces(pieces: &[(usize, Range<usize>)]) -> StringMap {
        let mut segments = Vec::with_capacity(pieces.len());
        let mut decoded = 0;
        for (length, source) in pieces.iter().filter(|(length, _)| *length > 0) {
            segments.push(Segment { decoded: decoded..decoded + length, source: source.clone() });
            decoded += length;
        }
        StringMap { segments, end: pieces.last().map_or(0, |(_, source)| source.end) }
    }

    /// The file's range of a range of the decoded text. An escape is taken as a whole. An empty
    /// range is empty in the file too.
    pub(crate) fn to_source(&self, range: &Range<usize>) -> Range<usize> {
        let start = self.start_of(range.start);
        let end = if range.end > range.start { self.end_of(range.end) } else { start };
        start..end.max(start)
    }

    /// Length of the decoded text in bytes.
    #[cfg(test)]
    fn decoded_len(&self) -> usize {
        self.segments.last().map_or(0, |segment| segment.decoded.end)
    }

    fn start_of(&self, offset: usize) -> usize {
        let at = self.segments.partition_point(|segment| segment.decoded.end <= offset);
        match self.segments.get(at) {
            Some(s) if s.is_literal() => s.source.start + (offset - s.decoded.start),
            Some(s) => s.source.start,
            None => self.end,
        }
    }

    fn end_of(&self, offset: usize) -> usize {
        let at = self.segments.partition_point(|segment| segment.decoded.end < offset);
        match self.segments.get(at) {
            Some(s) if s.is_literal() => s.source.start + (offset - s.decoded.start),
            Some(s) => s.source.end,
            None => self.end,
        }
    }
}

/// Bytes that a token has before and behind its text.
fn delimiters(token: &str, syntax: Syntax) -> (usize, usize) {
    let multiline = token.starts_with("'''") || token.starts_with("\"\"\"");
    if syntax == Syntax::Json || !multiline || token.len() < 6 {
        return (1.min(token.len()), 1);
    }
    // TOML: a line feed right behind the delimiter is not part of the text.
    let rest = &token[3..];
    let trimmed = if rest.starts_with("\r\n") { 2 } else { usize::from(rest.starts_with('\n')) };
    (3 + trimmed, 3)
}

struct Builder<'t> {
    token: &'t str,
    start: usize,
    end: usize,
    segments: Vec<Segment>,
    decoded: usize,
}

impl Builder<'_> {
    fn push(&mut self, decoded: usize, source: Range<usize>) {
        if decoded > 0 {
            let next = self.decoded + decoded;
            let source = self.start + source.start..self.start + source.end;
            self.segments.push(Segment { decoded: self.decoded..next, source });
            self.decoded = next;
        }
    }

    fn read(&mut self, open: usize, escapes: bool) {
        let bytes = &self.token.as_bytes()[..self.end.min(self.token.len())];
        let mut run = open;
        let mut at = open;
        while at < bytes.len() {
            if !escapes || bytes[at] != b'\\' {
                at += 1;
                continue;
            }
            let (decoded, source) = escape(&bytes[at..]);
            self.push(at - run, run..at);
            self.push(decoded, at..at + source);
            at += source;
            run = at;
        }
        if run < bytes.len() {
            self.push(bytes.len() - run, run..bytes.len());
        }
    }
}

/// What an escape at the start of the bytes stands for, in bytes of UTF-8, and its own length.
fn escape(bytes: &[u8]) -> (usize, usize) {
    match bytes.get(1) {
        Some(b'x') => unicode(bytes, 2),
        Some(b'u') => match (hex(bytes, 2, 4), bytes.get(6..8), hex(bytes, 8, 4)) {
            // JSON: two escaped surrogates are one character of four bytes.
            (Some(0xD800..0xDC00), Some(b"\\u"), Some(0xDC00..0xE000)) => (4, 12),
            _ => unicode(bytes, 4),
        },
        Some(b'U') => unicode(bytes, 8),
        Some(b' ' | b'\t' | b'\r' | b'\n') => {
            // TOML: a backslash at the end of a line takes the white space that follows with it.
            let white = bytes[1..].iter().take_while(|b| b" \t\r\n".contains(b)).count();
            (0, 1 + white)
        }
        _ => (1, bytes.len().min(2)),
    }
}

/// An escape of `digits` hexadecimal digits behind a letter.
fn unicode(bytes: &[u8], digits: usize) -> (usize, usize) {
    let decoded = hex(bytes, 2, digits).and_then(char::from_u32).map_or(1, char::len_utf8);
    (decoded, bytes.len().min(2 + digits))
}

fn hex(bytes: &[u8], at: usize, digits: usize) -> Option<u32> {
    let text = std::str::from_utf8(bytes.get(at..at + digits)?).ok()?;
    u32::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Checks the map of a token against what the format's own parser makes of it: every run of
    /// literal characters is the same text in both, and the lengths agree.
    #[track_caller]
    fn agree(token: &str, decoded: &str, syntax: Syntax) {
        let map = StringMap::new(token, 100, syntax);
        assert_eq!(map.decoded_len(), decoded.len(), "{token}");
        for segment in map.segments.iter().filter(|segment| segment.is_literal()) {
            let source = segment.source.start - 100..segment.source.end - 100;
            assert_eq!(token[source], decoded[segment.decoded.clone()], "{token}");
        }
    }

    #[track_caller]
    fn toml(token: &str) {
        let parsed = toml::de::DeValue::parse(token).unwrap();
        agree(token, parsed.get_ref().as_str().unwrap(), Syntax::Toml);
    }

    #[track_caller]
    fn json(token: &str) {
        let parsed: String = serde_json::from_str(token).unwrap();
        agree(token, &parsed, Syntax::Json);
    }

    #[test]
    fn tokens_agree_with_the_parsers() {
        toml("'plain'");
        toml("''");
        toml(r#""""#);
        toml(r#""tab\tquote\" \u00e9 \U0001F600 \\ end""#);
        toml("'''\nfirst\nsecond'''");
        toml("'''first\r\nsecond\r\n'''");
        toml("'''\r\nfirst''''");
        toml("''''''");
        toml("\"\"\"\nfirst \\\n    second\\  \n\n third\\\\\n\"\"\"");
        toml("\"\"\"a\\\r\n  b\"\"\"\"\"");
        toml(r#""\x41\e\b\f\r""#);
        json(r#""plain""#);
        json(r#""""#);
        json(r#""a\n\"b\"\/\u00e9\uD83D\uDE00\t""#);
        json("\"\u{e9}\\n\u{1F600}\"");
    }

    #[test]
    fn places() {
        #[track_caller]
        fn check(token: &str, syntax: Syntax, decoded: Range<usize>, expected: &str) {
            let map = StringMap::new(token, 0, syntax);
            assert_eq!(&token[map.to_source(&decoded)], expected, "{token}");
        }
        // decoded: a"b
        check(r#""a\"b""#, Syntax::Json, 0..1, "a");
        check(r#""a\"b""#, Syntax::Json, 1..2, "\\\"");
        check(r#""a\"b""#, Syntax::Json, 2..3, "b");
        check(r#""a\"b""#, Syntax::Json, 0..2, "a\\\"");
        check(r#""a\"b""#, Syntax::Json, 3..3, "");
        // A span that ends where a line continuation begins does not take it in.
        check("\"\"\"ab\\\n  cd\"\"\"", Syntax::Toml, 0..2, "ab");
        check("\"\"\"ab\\\n  cd\"\"\"", Syntax::Toml, 2..4, "cd");
        check("'''\nab\n'''", Syntax::Toml, 0..2, "ab");
    }

    #[test]
    fn broken_tokens_do_not_panic() {
        for token in
            ["", "'", "\"", "'''", "\"\"\"", "'''\n", "\"\\", "\"\\u", "\"\\u12", "\"\\UFF"]
        {
            for syntax in [Syntax::Toml, Syntax::Json] {
                let map = StringMap::new(token, 0, syntax);
                map.to_source(&(0..9));
                map.to_source(&(5..5));
            }
        }
    }

    proptest! {
        #[test]
        fn any_json_string_agrees(text in ".*") {
            json(&serde_json::to_string(&text).unwrap());
        }

        #[test]
        fn any_json_escapes_agree(units in proptest::collection::vec(any::<u16>(), 0..20)) {
            let escapes: Vec<_> = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            let token = format!("\"{}\"", escapes.concat());
            if let Ok(decoded) = serde_json::from_str::<String>(&token) {
                agree(&token, &decoded, Syntax::Json);
            }
        }

        #[test]
        fn any_toml_string_agrees(body in r#"([ a-é'"\\\n\r\t]|\\n|\\u00e9|\\\n)*"#, kind in 0..4) {
            let quote = ["'", "\"", "'''", "\"\"\""][kind as usize];
            let token = format!("{quote}{body}{quote}");
            if let Ok(parsed) = toml::de::DeValue::parse(&token) {
                // Not every such text is one string and nothing else.
                if parsed.span() == (0..token.len()) {
                    agree(&token, parsed.get_ref().as_str().unwrap(), Syntax::Toml);
                }
            }
        }

        #[test]
        fn nothing_panics(token in any::<String>(), a in 0..40_usize, b in 0..40_usize) {
            for syntax in [Syntax::Toml, Syntax::Json] {
                StringMap::new(&token, 0, syntax).to_source(&(a..b));
            }
        }
    }
}
