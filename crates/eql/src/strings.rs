//! What string tokens mean.

use dragnet_plan::Diagnostic;

use crate::ast::Span;
use crate::codes;
use dragnet_plan::front::Sink;

/// The text that a string token stands for. Errors inside are reported; what they are about is
/// taken as written.
pub(crate) fn decode(token: &str, start: usize, sink: &mut Sink) -> String {
    let (offset, body, escapes) = body(token);
    if !escapes {
        return body.to_owned();
    }
    let mut out = String::with_capacity(body.len());
    scan(body, &mut |at, piece| match piece {
        Piece::Char(c) => out.push(c),
        Piece::Bad { len, code, message, help } => {
            out.push_str(body.get(at..at + len).unwrap_or_default());
            let from = start + offset + at;
            sink.push(Diagnostic::error(code, from..from + len, message).help(help));
        }
    });
    out
}

/// Where in the token the `index`-th byte of the decoded text comes from, in bytes from the token's
/// start.
pub(crate) fn offset_of(token: &str, index: usize) -> usize {
    let (offset, body, escapes) = body(token);
    if !escapes {
        return offset + index.min(body.len());
    }
    let mut decoded = 0;
    let mut found = None;
    scan(body, &mut |at, piece| {
        if decoded >= index && found.is_none() {
            found = Some(at);
        }
        decoded += match piece {
            Piece::Char(c) => c.len_utf8(),
            Piece::Bad { len, .. } => len,
        };
    });
    offset + found.unwrap_or(body.len())
}

/// Where the body begins, the body, and whether it has escapes.
fn body(token: &str) -> (usize, &str, bool) {
    let strip = |open: usize, close: usize| {
        token.get(open..token.len().saturating_sub(close).max(open)).unwrap_or_default()
    };
    if token.starts_with("\"\"\"") {
        (3, strip(3, 3), false)
    } else if token.starts_with('"') {
        (1, strip(1, 1), true)
    } else if token.starts_with('?') {
        (2, strip(2, 1), false)
    } else {
        let open = token.chars().next().map_or(0, char::len_utf8);
        let close = token.chars().next_back().map_or(0, char::len_utf8);
        (open, strip(open, close), false)
    }
}

/// A piece of a string's body.
enum Piece {
    /// A character.
    Char(char),
    /// So many bytes that are no valid escape.
    Bad { len: usize, code: &'static str, message: String, help: &'static str },
}

/// Calls `emit` with every piece and where it begins.
fn scan(body: &str, emit: &mut dyn FnMut(usize, Piece)) {
    let mut at = 0;
    while let Some(c) = body.get(at..).and_then(|rest| rest.chars().next()) {
        if c == '\\' {
            let rest = body.get(at + 1..).unwrap_or_default();
            let (len, piece) = escape(rest);
            emit(at, piece);
            at += 1 + len;
        } else {
            emit(at, Piece::Char(c));
            at += c.len_utf8();
        }
    }
}

/// Reads what follows a backslash: how many bytes, and what they mean.
fn escape(rest: &str) -> (usize, Piece) {
    let Some(c) = rest.chars().next() else { return (0, Piece::Char('\\')) };
    let meaning = match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'b' => '\u{8}',
        'f' => '\u{c}',
        // The reference lists `\'` among the rejections, but a rule that Elastic ships uses it.
        '\\' | '"' | '\'' => c,
        'u' => return unicode_escape(rest),
        _ => {
            let bad = Piece::Bad {
                len: 1 + c.len_utf8(),
                code: codes::BAD_ESCAPE,
                message: format!("`\\{c}` is not an escape"),
                help: "a backslash that means itself is written `\\\\`, or the text is written `\"\"\"…\"\"\"`",
            };
            return (c.len_utf8(), bad);
        }
    };
    (c.len_utf8(), Piece::Char(meaning))
}

/// Reads `uXXXX` or `u{XX…}`.
fn unicode_escape(rest: &str) -> (usize, Piece) {
    let hex = |text: &str| text.bytes().take_while(u8::is_ascii_hexdigit).count();
    let after = rest.get(1..).unwrap_or_default();
    let (digits, len, well_formed) = if let Some(inside) = after.strip_prefix('{') {
        let count = hex(inside);
        let closed = inside.as_bytes().get(count) == Some(&b'}');
        let digits = inside.get(..count).unwrap_or_default();
        (digits, 2 + count + usize::from(closed), closed && (2..=8).contains(&count))
    } else {
        let count = hex(after).min(4);
        (after.get(..count).unwrap_or_default(), 1 + count, count == 4)
    };
    let bad = |message: String, help: &'static str| {
        (len, Piece::Bad { len: len + 1, code: codes::BAD_UNICODE_ESCAPE, message, help })
    };
    if !well_formed {
        return bad(
            "a Unicode escape has four hexadecimal digits, or two to eight in braces".to_owned(),
            "as in `\\u00e4` or `\\u{1f600}`; a backslash that means itself is written `\\\\`",
        );
    }
    match u32::from_str_radix(digits, 16) {
        Ok(0) => bad("a Unicode escape cannot be zero".to_owned(), "leave it out"),
        Ok(code @ 0xD800..=0xDFFF) => bad(
            format!("{code:X} is a surrogate, not a character"),
            "write the character's own number in braces, as in `\\u{1f600}`",
        ),
        code => match code.ok().and_then(char::from_u32) {
            Some(c) => (len, Piece::Char(c)),
            None => bad(
                format!("there is no character {}", digits.to_ascii_uppercase()),
                "the numbers of characters end at 10FFFF",
            ),
        },
    }
}

/// The name that a token in backticks stands for; empty ones are reported.
pub(crate) fn decode_name(token: &str, span: Span, sink: &mut Sink) -> String {
    let inside = token.strip_prefix('`').unwrap_or(token);
    let inside = inside.strip_suffix('`').unwrap_or(inside);
    if inside.is_empty() {
        sink.push(
            Diagnostic::error(codes::BACKTICKS, span.range(), "a name cannot be empty")
                .label("nothing between the backticks"),
        );
    }
    inside.replace("``", "`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(token: &str, expected: &str) {
        let mut sink = Sink::default();
        assert_eq!(decode(token, 0, &mut sink), expected);
        assert!(!sink.has_errors(), "{:?}", sink.finish());
    }

    #[track_caller]
    fn check_bad(token: &str, code: &str, at: std::ops::Range<usize>) {
        let mut sink = Sink::default();
        decode(token, 0, &mut sink);
        let found: Vec<_> = sink.finish().into_iter().map(|d| (d.code, d.span)).collect();
        assert_eq!(found, [(code, at)]);
    }

    #[test]
    fn escapes() {
        check(r#""a\n\r\t\b\f\\\"""#, "a\n\r\t\u{8}\u{c}\\\"");
        check(r#""\u00e4\u{e4}\u{0001F600}""#, "ää😀");
        check(r#""\u00e44""#, "ä4");
        check(r#""it\'s""#, "it's");
        check(r#""C:\\Windows""#, "C:\\Windows");
    }

    #[test]
    fn raw_strings_have_no_escapes() {
        check(r#""""a\nb""""#, r"a\nb");
        check(&"\"".repeat(6), "");
        check(&"\"".repeat(7), "\"");
        check(&"\"".repeat(8), "\"\"");
        check("\"\"\"\"a\"b\"\"\"\"", "\"a\"b\"");
    }

    #[test]
    fn bad_escapes() {
        check_bad(r#""a\sb""#, codes::BAD_ESCAPE, 2..4);
        check_bad(r#""a\é""#, codes::BAD_ESCAPE, 2..5);
        check_bad(r#""\u{D}""#, codes::BAD_UNICODE_ESCAPE, 1..6);
        check_bad(r#""\u{}""#, codes::BAD_UNICODE_ESCAPE, 1..5);
        check_bad(r#""\u{0000}""#, codes::BAD_UNICODE_ESCAPE, 1..9);
        check_bad(r#""\u0000""#, codes::BAD_UNICODE_ESCAPE, 1..7);
        check_bad(r#""\u{110000}""#, codes::BAD_UNICODE_ESCAPE, 1..11);
        check_bad(r#""\u{ffffffff}""#, codes::BAD_UNICODE_ESCAPE, 1..13);
        check_bad(r#""\u{123456789}""#, codes::BAD_UNICODE_ESCAPE, 1..14);
        check_bad(r#""\u{d800}""#, codes::BAD_UNICODE_ESCAPE, 1..9);
        check_bad(r#""\u12""#, codes::BAD_UNICODE_ESCAPE, 1..5);
        check_bad(r#""\u{12""#, codes::BAD_UNICODE_ESCAPE, 1..6);
    }

    #[test]
    fn offsets_survive_escapes() {
        assert_eq!(offset_of(r#""a\\b""#, 0), 1);
        assert_eq!(offset_of(r#""a\\b""#, 2), 4);
        assert_eq!(offset_of(r#""a\\b""#, 3), 5);
        assert_eq!(offset_of(r#""""ab""""#, 1), 4);
    }
}
