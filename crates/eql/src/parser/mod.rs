//! Tokens to syntax tree: recursive descent, with precedence climbing for expressions.
//!
//! Errors are of two kinds. A *soft* one is reported and repaired on the spot (`=` is read as `==`),
//! so that one run finds as many slips as it can. A *hard* one ([`Failed`]) gives up the event filter
//! it is in; the other terms of a sequence are still read. Either way there is no tree to run
//! at the end.
//!
//! The height of every tree is bounded ([`MAX_HEIGHT`]) while it is built. So nothing that walks a tree
//! later needs to fear for its stack, dropping it included.

mod expr;
mod operand;
mod query;
mod sequence;

use dragnet_plan::Diagnostic;

use crate::ast::{Query, Span};
use crate::codes;
use crate::lexer::{Kind, Lexer, Token};
use dragnet_plan::front::{Sink, clip};

/// The greatest height of an expression tree.
pub(crate) const MAX_HEIGHT: u16 = 100;

/// How many expressions can be open at a time: parentheses add to it and not to the height.
const MAX_OPEN: u16 = 200;

/// The words that cannot be names without backticks.
pub(crate) const KEYWORDS: &[&str] = &[
    "and", "any", "by", "false", "in", "join", "like", "maxspan", "not", "null", "of", "or",
    "regex", "sample", "sequence", "true", "until", "where", "with",
];

/// Whether a word is a keyword.
pub(crate) fn is_keyword(word: &str) -> bool {
    KEYWORDS.contains(&word)
}

/// A hard error, reported already.
#[derive(Debug)]
pub(crate) struct Failed;

/// What a rule of the grammar gives.
pub(crate) type Parsed<T> = Result<T, Failed>;

/// Reads a query. The tree is `None` after a hard error; after soft ones alone it is there, for the
/// analysis to find more.
pub(crate) fn parse(text: &str) -> (Option<Query>, Sink) {
    let mut parser = Parser::new(text);
    let query = parser.query().ok();
    (query.filter(|_| !parser.lexer.is_stopped()), parser.lexer.sink)
}

/// The state of reading.
pub(crate) struct Parser<'a> {
    text: &'a str,
    lexer: Lexer<'a>,
    current: Token,
    next: Token,
    /// The end of the last token that was taken.
    last_end: u32,
    /// How many expressions are being read, one within the other.
    open: u16,
    /// Whether a `[` after a name begins the next term and is no array index.
    in_keys: bool,
}

impl<'a> Parser<'a> {
    fn new(text: &'a str) -> Parser<'a> {
        let mut lexer = Lexer::new(text);
        let current = lexer.token();
        let next = lexer.token();
        Parser { text, lexer, current, next, last_end: 0, open: 0, in_keys: false }
    }

    /// Takes the current token.
    fn bump(&mut self) -> Token {
        let taken = self.current;
        if taken.kind != Kind::End {
            self.last_end = taken.span.end;
        }
        self.current = self.next;
        self.next = self.lexer.token();
        taken
    }

    fn at(&self, kind: Kind) -> bool {
        self.current.kind == kind
    }

    /// Takes the current token if it is of this kind.
    fn eat(&mut self, kind: Kind) -> bool {
        let found = self.at(kind);
        if found {
            self.bump();
        }
        found
    }

    /// The text of the current token.
    fn word(&self) -> &'a str {
        self.current.span.of(self.text)
    }

    /// The text of the token after the current one.
    fn next_word(&self) -> &'a str {
        self.next.span.of(self.text)
    }

    /// Whether the current token is this plain word.
    fn at_word(&self, word: &str) -> bool {
        self.at(Kind::Word) && self.word() == word
    }

    /// Whether the current token is this keyword, be it in the wrong case.
    fn at_keyword(&self, keyword: &str) -> bool {
        self.at(Kind::Word) && self.word().eq_ignore_ascii_case(keyword)
    }

    /// Takes the keyword if it is there; the wrong case is a soft error.
    fn eat_keyword(&mut self, keyword: &'static str) -> bool {
        let found = self.at_keyword(keyword);
        if found {
            self.check_case(keyword);
            self.bump();
        }
        found
    }

    /// Reports the current word if it is not written as the keyword is.
    fn check_case(&mut self, keyword: &'static str) {
        let word = self.word();
        if word != keyword {
            let message = format!("keywords are lower-case, but this one is written `{word}`");
            self.report(
                Diagnostic::error(codes::KEYWORD_CASE, self.current.span.range(), message)
                    .help(format!("write `{keyword}`")),
            );
        }
    }

    /// From the start of `start` to the end of what was taken last.
    fn since(&self, start: Span) -> Span {
        start.to(Span { start: start.start, end: self.last_end })
    }

    /// Reports, unless reading was ended by an earlier error: then everything looks wrong.
    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.lexer.is_stopped() {
            self.lexer.sink.push(diagnostic);
        }
    }

    /// Reports that something else was expected at the current token.
    fn expected(&mut self, what: &str) -> Failed {
        let found = self.describe_current();
        self.report(
            Diagnostic::error(
                codes::SYNTAX,
                self.current.span.range(),
                format!("expected {what}, found {found}"),
            )
            .label(format!("expected {what}")),
        );
        Failed
    }

    /// The current token, for messages.
    fn describe_current(&self) -> String {
        match self.current.kind {
            Kind::End => "the end of the query".to_owned(),
            Kind::Str => format!("the string {}", clip(self.word())),
            Kind::Word if is_keyword(self.word()) => format!("the keyword `{}`", self.word()),
            _ => format!("`{}`", clip(self.word())),
        }
    }

    /// Takes the token of this kind, or fails.
    fn expect(&mut self, kind: Kind, what: &str) -> Parsed<Token> {
        if self.at(kind) { Ok(self.bump()) } else { Err(self.expected(what)) }
    }

    /// A hard error that leaves no sense in the rest of the text.
    fn too_deep(&mut self, span: Span) -> Failed {
        self.report(
            Diagnostic::error(codes::TOO_DEEP, span.range(), "the query is nested too deeply")
                .label(format!(
                    "more than {MAX_HEIGHT} operators or {MAX_OPEN} brackets around this"
                )),
        );
        self.lexer.stop();
        self.current = self.lexer.token();
        self.next = self.current;
        Failed
    }
}
