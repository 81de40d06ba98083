//! Text to tokens, one at a time: nothing is kept of what was read.

use dragnet_plan::Diagnostic;

use crate::ast::Span;
use crate::codes;
use dragnet_plan::front::{Sink, clip};

/// What a token is. Keywords are [`Kind::Word`]s: the parser knows where they count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A plain name or keyword.
    Word,
    /// A name followed by `~` without a space.
    TildeWord,
    /// A name in backticks.
    Quoted,
    /// A whole number.
    Int,
    /// A number with a fraction or an exponent.
    Decimal,
    /// A string of any kind; see [`crate::strings`].
    Str,
    ParenOpen,
    ParenClose,
    BracketOpen,
    BracketClose,
    /// `![`
    MissingOpen,
    Comma,
    Dot,
    Pipe,
    Question,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    /// `=`
    Assign,
    Colon,
    Plus,
    Minus,
    Star,
    Slash,
    Percent,
    /// `!`, which has no meaning of its own.
    Bang,
    /// `&&`, which has no meaning.
    AndAnd,
    /// `||`, which has no meaning.
    OrOr,
    /// `<>`, which has no meaning.
    LtGt,
    /// `===`, which has no meaning.
    EqEqEq,
    /// The end of the text, or of what can be read of it.
    End,
}

/// A token.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

/// Operators, longest first.
const OPERATORS: &[(&str, Kind)] = &[
    ("===", Kind::EqEqEq),
    ("==", Kind::Eq),
    ("!=", Kind::Ne),
    ("![", Kind::MissingOpen),
    ("<=", Kind::Le),
    ("<>", Kind::LtGt),
    (">=", Kind::Ge),
    ("&&", Kind::AndAnd),
    ("||", Kind::OrOr),
    ("<", Kind::Lt),
    (">", Kind::Gt),
    ("=", Kind::Assign),
    ("!", Kind::Bang),
    (":", Kind::Colon),
    ("+", Kind::Plus),
    ("-", Kind::Minus),
    ("*", Kind::Star),
    ("/", Kind::Slash),
    ("%", Kind::Percent),
    ("(", Kind::ParenOpen),
    (")", Kind::ParenClose),
    ("[", Kind::BracketOpen),
    ("]", Kind::BracketClose),
    (",", Kind::Comma),
    (".", Kind::Dot),
    ("|", Kind::Pipe),
    ("?", Kind::Question),
];

/// Reads tokens and reports what is wrong with them.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    /// Whether reading ended before the text did, because of an error that was reported.
    stopped: bool,
    pub(crate) sink: Sink,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0, stopped: false, sink: Sink::default() }
    }

    /// Whether reading ended before the text did.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// Makes all further tokens [`Kind::End`]: after an error that leaves no sense in the rest.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
    }

    /// The next token.
    pub(crate) fn token(&mut self) -> Token {
        loop {
            self.skip_blank();
            self.stopped |= self.sink.is_full();
            let start = self.at;
            if self.stopped || start >= self.text.len() {
                let end = self.text.len();
                return Token { kind: Kind::End, span: Span::new(end, end) };
            }
            let kind = self.scan();
            if let Some(kind) = kind {
                return Token { kind, span: Span::new(start, self.at) };
            }
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    /// Advances while bytes satisfy the test, which must hold of ASCII only.
    fn skip_while(&mut self, test: impl Fn(u8) -> bool) {
        while self.byte(0).is_some_and(&test) {
            self.at += 1;
        }
    }

    /// Passes over white space and comments.
    fn skip_blank(&mut self) {
        loop {
            self.skip_while(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
            match (self.byte(0), self.byte(1)) {
                (Some(b'/'), Some(b'/')) => {
                    self.at += self.rest().find(['\n', '\r']).unwrap_or(self.rest().len());
                }
                (Some(b'/'), Some(b'*')) => self.skip_comment(),
                _ => return,
            }
        }
    }

    /// Passes over a comment and the comments within.
    fn skip_comment(&mut self) {
        let start = self.at;
        let mut open = 0_usize;
        while let Some(byte) = self.byte(0) {
            match (byte, self.byte(1)) {
                (b'/', Some(b'*')) => {
                    open += 1;
                    self.at += 2;
                }
                (b'*', Some(b'/')) => {
                    open -= 1;
                    self.at += 2;
                    if open == 0 {
                        return;
                    }
                }
                _ => self.at += 1,
            }
        }
        let nested = if open > 1 { "comments nest, and each needs its own `*/`" } else { "" };
        let mut diagnostic = Diagnostic::error(
            codes::UNTERMINATED_COMMENT,
            start..start + 2,
            "this comment has no end",
        )
        .label("no `*/` follows");
        if !nested.is_empty() {
            diagnostic = diagnostic.help(nested);
        }
        self.sink.push(diagnostic);
        self.stop();
    }

    /// Reads one token; `None` for characters that are none, which are reported.
    fn scan(&mut self) -> Option<Kind> {
        let byte = self.byte(0)?;
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'@' => Some(self.word()),
            b'0'..=b'9' => Some(self.number()),
            b'.' if self.byte(1).is_some_and(|b| b.is_ascii_digit()) => Some(self.number()),
            b'`' => Some(self.quoted_name()),
            b'"' if self.rest().starts_with("\"\"\"") => Some(self.raw_string()),
            b'"' => Some(self.string(0, '"')),
            b'\'' => Some(self.string(0, '\'')),
            b'?' if self.byte(1) == Some(b'"') => Some(self.string(1, '"')),
            b'?' if self.byte(1) == Some(b'\'') => Some(self.string(1, '\'')),
            _ => {
                let rest = self.rest();
                let operator = OPERATORS.iter().find(|(text, _)| rest.starts_with(text));
                if let Some((text, kind)) = operator {
                    self.at += text.len();
                    return Some(*kind);
                }
                self.unexpected()
            }
        }
    }

    fn word(&mut self) -> Kind {
        self.at += 1;
        self.skip_while(|b| b.is_ascii_alphanumeric() || b == b'_');
        if self.byte(0) == Some(b'~') {
            self.at += 1;
            return Kind::TildeWord;
        }
        Kind::Word
    }

    fn number(&mut self) -> Kind {
        let mut kind = Kind::Int;
        self.skip_while(|b| b.is_ascii_digit());
        if self.byte(0) == Some(b'.') {
            kind = Kind::Decimal;
            self.at += 1;
            self.skip_while(|b| b.is_ascii_digit());
        }
        if matches!(self.byte(0), Some(b'e' | b'E')) {
            let sign = usize::from(matches!(self.byte(1), Some(b'+' | b'-')));
            if self.byte(1 + sign).is_some_and(|b| b.is_ascii_digit()) {
                kind = Kind::Decimal;
                self.at += 1 + sign;
                self.skip_while(|b| b.is_ascii_digit());
            }
        }
        kind
    }

    fn quoted_name(&mut self) -> Kind {
        let start = self.at;
        self.at += 1;
        loop {
            let Some(length) = self.rest().find('`') else {
                self.at = self.text.len();
                let diagnostic = Diagnostic::error(
                    codes::BACKTICKS,
                    start..start + 1,
                    "this name in backticks has no end",
                )
                .label("no second backtick follows");
                self.sink.push(diagnostic);
                self.stop();
                return Kind::Quoted;
            };
            self.at += length + 1;
            if self.byte(0) != Some(b'`') {
                return Kind::Quoted;
            }
            self.at += 1;
        }
    }

    /// `"…"`, and the forms that are errors: `'…'`, `?"…"`, `?'…'`. `prefix` bytes come first.
    fn string(&mut self, prefix: usize, quote: char) -> Kind {
        let start = self.at;
        self.at += prefix + 1;
        loop {
            let Some(length) = self.rest().find([quote, '\\', '\n', '\r']) else {
                self.at = self.text.len();
                self.unterminated(start, quote);
                return Kind::Str;
            };
            self.at += length;
            match self.byte(0) {
                Some(b'\\') => {
                    self.at += 1;
                    let next = self.rest().chars().next().filter(|c| !matches!(c, '\n' | '\r'));
                    self.at += next.map_or(0, char::len_utf8);
                }
                Some(b'\n' | b'\r') => {
                    self.unterminated(start, quote);
                    return Kind::Str;
                }
                _ => {
                    self.at += 1;
                    self.reject_old_form(start, prefix, quote);
                    return Kind::Str;
                }
            }
        }
    }

    fn unterminated(&mut self, start: usize, quote: char) {
        let diagnostic = Diagnostic::error(
            codes::UNTERMINATED_STRING,
            start..self.at,
            "this string has no end on its line",
        )
        .label(format!("no `{quote}` follows"));
        let written = self.text.get(start..self.at).unwrap_or_default();
        self.sink.push(if written.ends_with(&format!("\\{quote}")) {
            diagnostic.help(format!(
                "the backslash before the last `{quote}` makes it part of the string; \
                 a backslash that means itself is written `\\\\`"
            ))
        } else {
            diagnostic
        });
        self.stop();
    }

    /// Reports strings in other quotes than double ones.
    fn reject_old_form(&mut self, start: usize, prefix: usize, quote: char) {
        let written = self.text.get(start..self.at).unwrap_or_default();
        let body = written.get(prefix + 1..written.len() - 1).unwrap_or_default();
        let diagnostic = if prefix == 1 {
            Diagnostic::error(
                codes::OLD_RAW_STRING,
                start..self.at,
                "unescaped text is not written `?\"…\"`",
            )
            .help(format!("write `\"\"\"{}\"\"\"`", clip(body)))
        } else if quote == '\'' {
            let shown = clip(&body.replace('"', "\\\""));
            Diagnostic::error(
                codes::SINGLE_QUOTES,
                start..self.at,
                "text stands in double quotes, not in single ones",
            )
            .label("single quotes")
            .help(format!("write `\"{shown}\"`"))
        } else {
            return;
        };
        self.sink.push(diagnostic);
    }

    /// `"""…"""`; up to two more quotes at its end belong to the text.
    fn raw_string(&mut self) -> Kind {
        let start = self.at;
        self.at += 3;
        let rest = self.rest();
        // The end is looked for first: to look for the line's end first would be quadratic.
        let end = rest.find("\"\"\"");
        let line = rest.get(..end.unwrap_or(rest.len())).and_then(|r| r.find(['\n', '\r']));
        if let Some(end) = end.filter(|_| line.is_none()) {
            self.at += end + 3;
            for _ in 0..2 {
                self.at += usize::from(self.byte(0) == Some(b'"'));
            }
        } else {
            self.at += line.unwrap_or(rest.len());
            let diagnostic = Diagnostic::error(
                codes::UNTERMINATED_STRING,
                start..self.at,
                "this string has no end on its line",
            )
            .label("no `\"\"\"` follows");
            self.sink.push(diagnostic);
            self.stop();
        }
        Kind::Str
    }

    /// Reports a run of characters that no token begins with.
    fn unexpected(&mut self) -> Option<Kind> {
        let start = self.at;
        let first = self.rest().chars().next()?;
        if matches!(first, '“' | '”' | '„' | '«' | '»' | '‘' | '’') {
            return Some(self.typographic_string(first));
        }
        while let Some(c) = self.rest().chars().next()
            && (!c.is_ascii() || (c == first))
        {
            self.at += c.len_utf8();
        }
        let shown = if first.is_control() || first.is_whitespace() || first == '\u{feff}' {
            format!("U+{:04X}", u32::from(first))
        } else {
            format!("`{first}`")
        };
        let diagnostic = Diagnostic::error(
            codes::UNEXPECTED_CHARACTER,
            start..self.at,
            format!("the character {shown} has no meaning here"),
        );
        let help = match first {
            '&' => Some("write `and`"),
            ';' => Some("a query has no end mark; leave it out"),
            '~' => Some("`~` follows its operator or function without a space: `like~`, `in~`"),
            c if c.is_whitespace() || c == '\u{feff}' => Some("replace it by an ordinary space"),
            c if c.is_alphanumeric() => Some(
                "text stands in double quotes, and names of fields with such letters in backticks",
            ),
            _ => None,
        };
        self.sink.push(match help {
            Some(help) => diagnostic.help(help),
            None => diagnostic,
        });
        None
    }

    /// Text in typographic quotes: reported, and read as if the quotes were right.
    fn typographic_string(&mut self, first: char) -> Kind {
        let start = self.at;
        self.at += first.len_utf8();
        let rest = self.rest();
        let line = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let closing = ['“', '”', '»', '«', '’', '‘', '"'];
        if let Some(end) = rest.get(..line).and_then(|line| line.find(closing)) {
            let close = rest.get(end..).and_then(|r| r.chars().next()).map_or(0, char::len_utf8);
            self.at += end + close;
        }
        let diagnostic = Diagnostic::error(
            codes::UNEXPECTED_CHARACTER,
            start..self.at,
            "text stands in straight double quotes",
        )
        .label("typographic quotes")
        .help("replace them by `\"`");
        self.sink.push(diagnostic);
        Kind::Str
    }
}
