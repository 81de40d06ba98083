//! Tokens to the structure that a layout follows: rows of conditions, lists, and what is between.

use std::ops::Range;

use super::tokens::Token;
use crate::lexer::Kind;
use crate::parser::is_keyword;

/// A part of an expression.
#[derive(Debug)]
pub(super) enum Node {
    /// Conditions joined by the same word; `operators` are the tokens between the parts.
    Row { parts: Vec<Node>, operators: Vec<usize> },
    /// Anything else: tokens and groups in a row.
    Pieces(Vec<Piece>),
}

/// A part of what is no row.
#[derive(Debug)]
pub(super) enum Piece {
    Token(usize),
    /// `( … )` with its items and the commas between.
    Group {
        open: usize,
        items: Vec<Node>,
        commas: Vec<usize>,
        close: usize,
    },
}

impl Node {
    /// The first token.
    pub(super) fn first(&self) -> Option<usize> {
        match self {
            Node::Row { parts, .. } => parts.first().and_then(Node::first),
            Node::Pieces(pieces) => pieces.first().map(|piece| match piece {
                Piece::Token(at) => *at,
                Piece::Group { open, .. } => *open,
            }),
        }
    }
}

/// The structure of an expression. The nesting is bounded by the parser, which has read the text before.
pub(super) fn expression(tokens: &[Token<'_>], range: Range<usize>) -> Node {
    for word in ["or", "and"] {
        let operators = at_top(tokens, range.clone(), |token| token.is(word));
        if !operators.is_empty() {
            let parts = between(&range, &operators);
            let parts = parts.into_iter().map(|part| expression(tokens, part)).collect();
            return Node::Row { parts, operators };
        }
    }
    let mut pieces = Vec::new();
    let mut at = range.start;
    while at < range.end {
        if tokens[at].kind != Kind::ParenOpen {
            pieces.push(Piece::Token(at));
            at += 1;
            continue;
        }
        let close = closing(tokens, at, range.end);
        let inner = at + 1..close;
        let commas = at_top(tokens, inner.clone(), |token| token.kind == Kind::Comma);
        let parts = if inner.is_empty() { Vec::new() } else { between(&inner, &commas) };
        let items = parts.into_iter().map(|part| expression(tokens, part)).collect();
        pieces.push(Piece::Group { open: at, items, commas, close });
        at = close + 1;
    }
    Node::Pieces(pieces)
}

/// Tokens outside of parentheses that pass a test.
fn at_top(
    tokens: &[Token<'_>],
    range: Range<usize>,
    test: impl Fn(&Token<'_>) -> bool,
) -> Vec<usize> {
    let mut depth = 0_usize;
    let mut found = Vec::new();
    for at in range {
        match tokens[at].kind {
            Kind::ParenOpen => depth += 1,
            Kind::ParenClose => depth = depth.saturating_sub(1),
            _ if depth == 0 && test(&tokens[at]) => found.push(at),
            _ => {}
        }
    }
    found
}

/// The parenthesis that closes the one at a place; valid text has one.
fn closing(tokens: &[Token<'_>], open: usize, end: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().take(end).skip(open) {
        match token.kind {
            Kind::ParenOpen => depth += 1,
            Kind::ParenClose => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at;
        }
    }
    end.saturating_sub(1)
}

/// The ranges that cuts leave.
fn between(range: &Range<usize>, cuts: &[usize]) -> Vec<Range<usize>> {
    let starts = std::iter::once(range.start).chain(cuts.iter().map(|cut| cut + 1));
    let ends = cuts.iter().copied().chain([range.end]);
    starts.zip(ends).map(|(start, end)| start..end).collect()
}

/// Words with which an operator is written although they end in `~`.
const TILDE_OPERATORS: &[&str] = &["in~", "like~", "regex~"];

/// Tokens that nothing is spaced from on their right, and on their left.
const OPENERS: &[Kind] = &[
    Kind::Dot,
    Kind::Question,
    Kind::ParenOpen,
    Kind::BracketOpen,
    Kind::MissingOpen,
    Kind::Assign,
];
const CLOSERS: &[Kind] =
    &[Kind::Dot, Kind::Comma, Kind::ParenClose, Kind::BracketClose, Kind::Assign];

/// Whether a space stands between two tokens that follow each other.
pub(super) fn spaced(tokens: &[Token<'_>], left: usize, right: usize) -> bool {
    let (before, token) = (&tokens[left], &tokens[right]);
    let tight = match (before.kind, token.kind) {
        (before, after) if OPENERS.contains(&before) || CLOSERS.contains(&after) => true,
        (Kind::Word, Kind::ParenOpen) => !is_keyword(before.text),
        (Kind::TildeWord, Kind::ParenOpen) => !TILDE_OPERATORS.contains(&before.text),
        // `maxspan=5m`
        (Kind::Int, Kind::Word) => token.adjacent,
        (Kind::Plus | Kind::Minus, _) => is_sign(tokens, left),
        _ => false,
    };
    !tight
}

/// Whether a `+` or `-` is the sign of what follows, and not between two operands.
fn is_sign(tokens: &[Token<'_>], at: usize) -> bool {
    let Some(before) = at.checked_sub(1).map(|at| &tokens[at]) else { return true };
    match before.kind {
        Kind::Word => is_keyword(before.text) && !matches!(before.text, "true" | "false" | "null"),
        Kind::TildeWord => TILDE_OPERATORS.contains(&before.text),
        Kind::Quoted | Kind::Int | Kind::Decimal | Kind::Str | Kind::ParenClose => false,
        _ => true,
    }
}
