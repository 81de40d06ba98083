//! Text to tokens.
//!
//! Kibana: outside of quotes, words with spaces between them are one value (`foo bar`), up to one of the words
//! `and`, `or`, `not` or a character with a meaning. So a token may have spaces in it.

use dragnet_plan::Diagnostic;
use dragnet_plan::front::{Sink, Span, clip};
use dragnet_plan::pattern::WildcardPart;

use crate::ast::{Literal, RangeOp};
use crate::codes;

/// What a token is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Token {
    LeftParen,
    RightParen,
    LeftBrace,
    RightBrace,
    Colon,
    Range(RangeOp),
    And,
    Or,
    Not,
    Literal(Literal),
    End,
}

/// The characters that end a value without quotes, unless a backslash stands before them. The star is a
/// wildcard.
pub(crate) const SPECIAL: &[char] = &['\\', '(', ')', ':', '<', '>', '"', '*', '{', '}'];

/// The most characters of what follows a wrong backslash that are looked at, more than [`clip`] leaves.
const MAX_NAMED: usize = 64;

/// The words that combine.
pub(crate) const KEYWORDS: [(&str, Token); 3] =
    [("and", Token::And), ("or", Token::Or), ("not", Token::Not)];

/// Kibana: besides ordinary white space the no-break space.
pub(crate) const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n' | '\u{a0}')
}

/// Whether a character ends a word.
pub(crate) fn ends_word(c: char) -> bool {
    is_space(c) || (SPECIAL.contains(&c) && !matches!(c, '\\' | '*'))
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

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// The rest of the text is not read.
    pub(crate) fn stop(&mut self) {
        self.at = self.text.len();
    }

    /// The next token and where it stands.
    pub(crate) fn token(&mut self) -> (Token, Span) {
        self.at += self.rest().len() - self.rest().trim_start_matches(is_space).len();
        let start = self.at;
        let token = match self.peek() {
            None => Token::End,
            Some('(') => self.single(Token::LeftParen),
            Some(')') => self.single(Token::RightParen),
            Some('{') => self.single(Token::LeftBrace),
            Some('}') => self.single(Token::RightBrace),
            Some(':') => self.single(Token::Colon),
            Some('<') => self.range(RangeOp::Lt, RangeOp::Le),
            Some('>') => self.range(RangeOp::Gt, RangeOp::Ge),
            Some('"') => self.quoted(),
            Some(_) => match self.keyword() {
                Some((token, length)) => {
                    self.at += length;
                    token
                }
                None => self.unquoted(),
            },
        };
        (token, Span::new(start, self.at))
    }

    fn single(&mut self, token: Token) -> Token {
        self.at += 1;
        token
    }

    fn range(&mut self, bare: RangeOp, or_equal: RangeOp) -> Token {
        self.at += 1;
        let equal = self.rest().starts_with('=');
        self.at += usize::from(equal);
        Token::Range(if equal { or_equal } else { bare })
    }

    /// The keyword that stands here as a word of its own, and its length.
    fn keyword(&self) -> Option<(Token, usize)> {
        let word = self.rest().split(ends_word).next().unwrap_or_default();
        let found = KEYWORDS.iter().find(|(keyword, _)| word.eq_ignore_ascii_case(keyword));
        found.map(|(keyword, token)| (token.clone(), keyword.len()))
    }

    /// Text in quotes. Kibana: a backslash that begins no escape is a backslash.
    fn quoted(&mut self) -> Token {
        let start = self.at;
        self.at += 1;
        let mut text = String::new();
        loop {
            let Some(c) = self.peek() else {
                let span = Span::new(start, start + 1);
                self.sink.push(
                    Diagnostic::error(
                        codes::UNTERMINATED_STRING,
                        span.range(),
                        "this quote has no end",
                    )
                    .label("it begins here")
                    .help("a quote within quotes is written `\\\"`, a backslash before the end `\\\\`"),
                );
                break;
            };
            self.at += c.len_utf8();
            match c {
                '"' => break,
                '\\' => match self.peek() {
                    Some(next @ ('"' | '\\')) => {
                        self.at += 1;
                        text.push(next);
                    }
                    _ => text.push(self.common_escape().unwrap_or('\\')),
                },
                c => text.push(c),
            }
        }
        let parts = if text.is_empty() { Vec::new() } else { vec![WildcardPart::Text(text)] };
        Token::Literal(Literal { parts, quoted: true, span: Span::new(start, self.at) })
    }

    /// An escape that is one inside and outside of quotes, its backslash read already.
    fn common_escape(&mut self) -> Option<char> {
        let found = match self.peek()? {
            't' => '\t',
            'r' => '\r',
            'n' => '\n',
            'u' => {
                let digits = self.rest().get(1..5);
                let is_hex = |d: &&str| d.bytes().all(|b| b.is_ascii_hexdigit());
                let number = u32::from_str_radix(digits.filter(is_hex)?, 16).ok()?;
                let at = self.at - 1..self.at + 5;
                self.at += 5;
                return Some(char::from_u32(number).unwrap_or_else(|| {
                    let message = "this escape is half of a character";
                    self.sink.push(
                        Diagnostic::error(codes::BAD_UNICODE_ESCAPE, at, message)
                            .help("write the character itself"),
                    );
                    char::REPLACEMENT_CHARACTER
                }));
            }
            _ => return None,
        };
        self.at += 1;
        Some(found)
    }

    /// Words without quotes, up to a keyword or a character with a meaning.
    fn unquoted(&mut self) -> Token {
        let start = self.at;
        let mut end = start;
        let mut parts: Vec<WildcardPart> = Vec::new();
        let mut after_space = false;
        while let Some(c) = self.peek() {
            if is_space(c) {
                self.at += c.len_utf8();
                after_space = true;
                continue;
            }
            if ends_word(c) || (after_space && self.keyword().is_some()) {
                break;
            }
            if after_space {
                push(&mut parts, &self.text[end..self.at]);
                after_space = false;
            }
            self.at += c.len_utf8();
            match c {
                '*' => parts.push(WildcardPart::Run),
                '\\' => {
                    let escaped = self.escape(self.at - 1);
                    push(&mut parts, &escaped);
                }
                c => push(&mut parts, c.encode_utf8(&mut [0; 4])),
            }
            end = self.at;
        }
        self.at = end;
        Token::Literal(Literal { parts, quoted: false, span: Span::new(start, end) })
    }

    /// The text of an escape outside of quotes, whose backslash stands at `start` and is read already.
    fn escape(&mut self, start: usize) -> String {
        if let Some(c) = self.common_escape() {
            return c.into();
        }
        if let Some(c) = self.peek().filter(|c| SPECIAL.contains(c)) {
            self.at += 1;
            return c.into();
        }
        let rest = self.rest();
        let keyword = KEYWORDS.iter().find_map(|(keyword, _)| {
            rest.get(..keyword.len()).filter(|word| word.eq_ignore_ascii_case(keyword))
        });
        if let Some(word) = keyword {
            self.at += word.len();
            return word.to_owned();
        }
        // No more than a message shows: a long text may have a backslash before every letter.
        let after: String = rest.chars().take(MAX_NAMED).take_while(|c| !ends_word(*c)).collect();
        self.sink.push(
            Diagnostic::error(
                codes::BAD_ESCAPE,
                start..start + 1,
                format!("a backslash before `{}` is no escape", clip(&after)),
            )
            .help("a backslash that means itself is written `\\\\`"),
        );
        "\\".to_owned()
    }
}

/// Adds text to parts of which no two texts stand beside each other.
fn push(parts: &mut Vec<WildcardPart>, text: &str) {
    match parts.last_mut() {
        Some(WildcardPart::Text(before)) => before.push_str(text),
        _ => parts.push(WildcardPart::Text(text.to_owned())),
    }
}
