//! Text to tokens.

use dragnet_plan::Diagnostic;
use dragnet_plan::front::{Sink, Span};
use dragnet_plan::pattern::WildcardPart;

use crate::codes::lucene as codes;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    /// `AND`, `&&`
    And,
    /// `OR`, `||`
    Or,
    /// `NOT`, `!`
    Not,
    Plus,
    Minus,
    LeftParen,
    RightParen,
    Colon,
    /// Text without quotes: its parts, escapes decoded, no two texts beside each other.
    Term(Vec<WildcardPart>),
    /// Text in quotes.
    Phrase(String),
    /// What stands between slashes.
    Regex(String),
    /// `~` with what number follows it.
    Fuzzy(Option<String>),
    /// `^` and its number.
    Boost(String),
    /// `[a TO b]`
    Range(Bracketed),
    /// `>=` and so on, before a value.
    Compare(&'static str),
    End,
}

/// A range in brackets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bracketed {
    /// The lower bound; `None`: there is none.
    pub(crate) from: Option<String>,
    /// The upper bound.
    pub(crate) to: Option<String>,
    /// Whether the lower bound itself is within.
    pub(crate) from_within: bool,
    /// Whether the upper bound itself is within.
    pub(crate) to_within: bool,
}

/// Lucene: ordinary white space and the ideographic space.
const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{3000}')
}

/// The characters that end a word unless a backslash stands before them. `+` and `-` only count where a word
/// begins, and `*` and `?` are wildcards.
fn ends_term(c: char) -> bool {
    is_space(c)
        || matches!(c, '(' | ')' | ':' | '^' | '[' | ']' | '"' | '{' | '}' | '~' | '!' | '/')
}

/// Reads tokens from a text.
pub(crate) struct Lexer<'a> {
    text: &'a str,
    at: usize,
    pub(crate) sink: Sink,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str) -> Lexer<'a> {
        Lexer { text, at: 0, sink: Sink::default() }
    }

    /// The rest of the text is not read.
    pub(crate) fn stop(&mut self) {
        self.at = self.text.len();
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_space).len();
    }

    /// The next token and where it stands.
    pub(crate) fn token(&mut self) -> (Token, Span) {
        self.skip_space();
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some('(') => self.symbol(1, Token::LeftParen),
            Some(')') => self.symbol(1, Token::RightParen),
            Some(':') => self.symbol(1, Token::Colon),
            Some('+') => self.symbol(1, Token::Plus),
            Some('-') => self.symbol(1, Token::Minus),
            Some('!') => self.symbol(1, Token::Not),
            Some('^') => {
                self.at += 1;
                Token::Boost(self.digits())
            }
            Some('~') => {
                self.at += 1;
                let digits = self.digits();
                Token::Fuzzy(Some(digits).filter(|digits| !digits.is_empty()))
            }
            Some('"') => Token::Phrase(self.enclosed('"')),
            Some('/') => Token::Regex(self.enclosed('/')),
            Some('[' | '{') => self.range(),
            Some(_) => self.word(),
        };
        (token, Span::new(start, self.at))
    }

    fn symbol(&mut self, length: usize, token: Token) -> Token {
        self.at += length;
        token
    }

    /// A number with a fraction or without.
    fn digits(&mut self) -> String {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        self.at += end;
        rest[..end].to_owned()
    }

    /// What stands up to this character, in quotes or between slashes. In an expression backslashes are its own,
    /// but for one before a slash.
    fn enclosed(&mut self, end: char) -> String {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                let message = format!("this `{end}` has no counterpart");
                self.sink.push(
                    Diagnostic::error(codes::UNTERMINATED, start..start + 1, message)
                        .label("it begins here")
                        .help(format!("one that means itself is written `\\{end}`")),
                );
                return text;
            };
            self.at += c.len_utf8();
            match c {
                c if c == end => return text,
                '\\' if end == '"' => text.extend(self.escape()),
                '\\' => match self.peek() {
                    Some('/') => {
                        self.at += 1;
                        text.push('/');
                    }
                    Some(next) => {
                        self.at += next.len_utf8();
                        text.extend(['\\', next]);
                    }
                    None => text.push('\\'),
                },
                c => text.push(c),
            }
        }
    }

    /// The character of an escape whose backslash was read already.
    fn escape(&mut self) -> Option<char> {
        let start = self.at - 1;
        let Some(c) = self.peek() else {
            let message = "a backslash at the end of the query";
            self.sink.push(
                Diagnostic::error(codes::BAD_ESCAPE, start..start + 1, message)
                    .help("a backslash that means itself is written `\\\\`"),
            );
            return None;
        };
        self.at += c.len_utf8();
        if c != 'u' {
            return Some(c);
        }
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()));
        let found = digits.and_then(|d| u32::from_str_radix(d, 16).ok()).and_then(char::from_u32);
        if found.is_some() {
            self.at += 4;
        } else {
            let message = "`\\u` takes the four hexadecimal digits of a character";
            self.sink.push(
                Diagnostic::error(codes::BAD_ESCAPE, start..self.at, message)
                    .help("write the character itself"),
            );
        }
        found
    }

    /// An operator or a word.
    fn word(&mut self) -> Token {
        let rest = self.rest();
        for (symbol, token) in [
            ("&&", Token::And),
            ("||", Token::Or),
            (">=", Token::Compare(">=")),
            ("<=", Token::Compare("<=")),
            (">", Token::Compare(">")),
            ("<", Token::Compare("<")),
        ] {
            if rest.starts_with(symbol) {
                return self.symbol(symbol.len(), token);
            }
        }
        let word = rest.split(ends_term).next().unwrap_or_default();
        match word {
            "AND" => return self.symbol(3, Token::And),
            "OR" => return self.symbol(2, Token::Or),
            "NOT" => return self.symbol(3, Token::Not),
            _ => {}
        }
        if word.is_empty() {
            // A bracket or brace that closes nothing: a word of its own, which the parser rejects.
            let c = self.peek().unwrap_or_default();
            self.at += c.len_utf8();
            return Token::Term(vec![WildcardPart::Text(c.into())]);
        }
        let mut parts = Vec::new();
        while let Some(c) = self.peek().filter(|c| !ends_term(*c)) {
            self.at += c.len_utf8();
            match c {
                '*' => parts.push(WildcardPart::Run),
                '?' => parts.push(WildcardPart::One),
                '\\' => {
                    if let Some(c) = self.escape() {
                        push(&mut parts, c);
                    }
                }
                c => push(&mut parts, c),
            }
        }
        Token::Term(parts)
    }

    /// A range in brackets.
    fn range(&mut self) -> Token {
        let start = self.at;
        let from_within = self.peek() == Some('[');
        self.at += 1;
        let from = self.bound();
        self.skip_space();
        let is_to = self.rest().starts_with("TO") && self.rest()[2..].starts_with(is_space);
        if is_to {
            self.at += 2;
            let to = self.bound();
            self.skip_space();
            if let (Some(from), Some(to), Some(end @ (']' | '}'))) = (from, to, self.peek()) {
                self.at += 1;
                let bound = |text: String| Some(text).filter(|text| text != "*");
                let (from, to, to_within) = (bound(from), bound(to), end == ']');
                return Token::Range(Bracketed { from, to, from_within, to_within });
            }
        }
        // Without an end there is no telling where the range was to end; and to look for one again and again behind
        // every bracket would take too long.
        let rest = self.rest();
        self.at += rest.find([']', '}']).map_or(rest.len(), |at| at + 1);
        self.sink.push(
            Diagnostic::error(codes::BAD_RANGE, start..self.at.max(start + 1), "this is no range")
                .help("write `[1 TO 5]` with both ends, `{1 TO 5}` without them, `[1 TO *]` without a bound"),
        );
        Token::Range(Bracketed { from: None, to: None, from_within, to_within: true })
    }

    /// A bound of a range.
    fn bound(&mut self) -> Option<String> {
        self.skip_space();
        if self.peek() == Some('"') {
            return Some(self.enclosed('"'));
        }
        let mut text = String::new();
        while let Some(c) = self.peek().filter(|c| !is_space(*c) && !matches!(c, ']' | '}')) {
            self.at += c.len_utf8();
            match c {
                '\\' => text.extend(self.escape()),
                c => text.push(c),
            }
        }
        Some(text).filter(|text| !text.is_empty())
    }
}

/// Adds a character to parts of which no two texts stand beside each other.
fn push(parts: &mut Vec<WildcardPart>, c: char) {
    match parts.last_mut() {
        Some(WildcardPart::Text(before)) => before.push(c),
        _ => parts.push(WildcardPart::Text(c.into())),
    }
}
