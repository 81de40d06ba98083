//! Where lines end.

use std::ops::Range;

use super::WIDTH;
use super::tokens::{Comment, Token};
use super::tree::{self, Node, Piece, spaced};
use crate::lexer::Kind;

/// Spaces per level.
const STEP: usize = 2;
/// Columns that an item of a list has at most to share its line with others.
const SHORT_ITEM: usize = 40;

/// The text of a query that is known to be valid, laid out.
pub(super) fn write(tokens: &[Token<'_>]) -> String {
    let mut writer = Writer::new(tokens);
    writer.query();
    writer.out
}

struct Writer<'t> {
    tokens: &'t [Token<'t>],
    out: String,
    /// Characters on the current line.
    column: usize,
    /// Whether nothing but spaces stands on the current line.
    fresh: bool,
    /// Whether the line ends with a comment that nothing can follow.
    ended: bool,
    /// The token written last.
    last: Option<usize>,
    /// Where what is written goes if it has to be continued on another line.
    indent: usize,
}

impl<'t> Writer<'t> {
    fn new(tokens: &'t [Token<'t>]) -> Writer<'t> {
        let out = String::new();
        Writer { tokens, out, column: 0, fresh: true, ended: false, last: None, indent: 0 }
    }

    fn query(&mut self) {
        let end = self.tokens.len().saturating_sub(1);
        let pipes = self.pipes(end);
        let body = 0..pipes.first().copied().unwrap_or(end);
        if self.tokens.first().is_some_and(|t| t.is("sequence") || t.is("sample")) && body.len() > 2
        {
            self.terms(body);
        } else {
            self.filter(body, 0);
        }
        for (at, start) in pipes.iter().enumerate() {
            self.line(0, self.tokens[*start].starts_block());
            self.words(*start..pipes.get(at + 1).copied().unwrap_or(end));
        }
        if let Some(token) = self.tokens.get(end) {
            for comment in &token.before {
                self.comment_line(comment, 0);
            }
        }
    }

    /// The tokens with which pipes begin.
    fn pipes(&self, end: usize) -> Vec<usize> {
        (0..end).filter(|at| self.tokens[*at].kind == Kind::Pipe).collect()
    }

    /// A sequence or sample: its head, a line per term, `until`.
    fn terms(&mut self, body: Range<usize>) {
        let opens = |kind| matches!(kind, Kind::BracketOpen | Kind::MissingOpen);
        let starts: Vec<usize> = body.clone().filter(|at| opens(self.tokens[*at].kind)).collect();
        self.words(body.start..starts.first().copied().unwrap_or(body.end));
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).copied().unwrap_or(body.end);
            let until = end.checked_sub(1).filter(|last| self.tokens[*last].is("until"));
            self.line(STEP, self.tokens[*start].starts_block());
            self.term(*start..until.unwrap_or(end));
            if let Some(until) = until {
                self.line(0, self.tokens[until].starts_block());
                self.words(until..end);
            }
        }
    }

    /// `[filter] by … with runs=…`
    fn term(&mut self, range: Range<usize>) {
        let close = range.clone().find(|at| self.tokens[*at].kind == Kind::BracketClose);
        let Some(close) = close else { return self.words(range) };
        if self.fits(range.clone(), 0) {
            return self.words(range);
        }
        self.token(range.start);
        self.filter(range.start + 1..close, STEP);
        if !self.fresh {
            self.line(STEP, false);
        }
        self.words(close..range.end);
    }

    /// `category where condition`, the condition on the same line if it fits there.
    fn filter(&mut self, range: Range<usize>, indent: usize) {
        let Some(keyword) = range.clone().find(|at| self.tokens[*at].is("where")) else {
            return self.words(range);
        };
        self.indent = indent;
        self.words(range.start..keyword + 1);
        let condition = keyword + 1..range.end;
        if self.fits(condition.clone(), 0) {
            return self.words(condition);
        }
        let node = tree::expression(self.tokens, condition);
        let row = matches!(node, Node::Row { .. });
        let comments = node.first().is_some_and(|first| !self.tokens[first].before.is_empty());
        if row || comments || self.ended {
            self.line(indent + STEP, false);
            self.node(&node, indent + STEP, 0);
        } else {
            self.node(&node, indent, 0);
        }
        self.indent = indent;
    }

    /// An expression; `reserve` columns are needed behind it on its last line.
    fn node(&mut self, node: &Node, indent: usize, reserve: usize) {
        match node {
            Node::Row { parts, operators } => {
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        let first = part.first().map(|first| &self.tokens[first]);
                        self.line(indent, first.is_some_and(Token::starts_block));
                    }
                    let operator = operators.get(at).copied();
                    let behind = operator.map_or(reserve, |at| self.tokens[at].text.len() + 1);
                    // A row within a row is told apart by its indent.
                    let within = match part {
                        Node::Row { .. } => indent + STEP,
                        Node::Pieces(_) => indent,
                    };
                    self.flat_or_broken(part, within, behind);
                    if let Some(operator) = operator {
                        self.token(operator);
                    }
                }
            }
            Node::Pieces(pieces) => {
                for (at, piece) in pieces.iter().enumerate() {
                    self.indent = if at == 0 { indent } else { indent + STEP };
                    match piece {
                        Piece::Token(token) => self.token(*token),
                        Piece::Group { open, items, commas, close } => {
                            let behind = if at + 1 == pieces.len() { reserve } else { 0 };
                            if self.fits(*open..close + 1, behind) {
                                self.words(*open..close + 1);
                            } else {
                                self.group(*open, items, commas, *close, indent);
                            }
                        }
                    }
                }
            }
        }
    }

    fn flat_or_broken(&mut self, node: &Node, indent: usize, reserve: usize) {
        let span = span(node);
        if self.fits(span.clone(), reserve) {
            self.words(span);
        } else {
            self.node(node, indent, reserve);
        }
    }

    /// Parentheses whose content does not fit on the line.
    fn group(
        &mut self,
        open: usize,
        items: &[Node],
        commas: &[usize],
        close: usize,
        indent: usize,
    ) {
        let inner = indent + STEP;
        self.token(open);
        let widths: Option<Vec<usize>> = items.iter().map(|item| self.width(span(item))).collect();
        let plain = commas.iter().all(|comma| self.tokens[*comma].after.is_empty());
        let fill = plain
            && items.len() > 1
            && widths.is_some_and(|widths| widths.iter().all(|width| *width <= SHORT_ITEM));
        for (at, item) in items.iter().enumerate() {
            let comma = commas.get(at).copied();
            let reserve = usize::from(comma.is_some());
            let first = item.first().map(|first| &self.tokens[first]);
            if at == 0 || !fill || !self.fits(span(item), reserve) {
                self.line(inner, at > 0 && !fill && first.is_some_and(Token::starts_block));
            }
            self.flat_or_broken(item, inner, reserve);
            if let Some(comma) = comma {
                self.token(comma);
            }
        }
        self.line(indent, false);
        self.indent = indent;
        self.token(close);
    }

    /// Tokens in a row, on one line unless a comment forbids it.
    fn words(&mut self, range: Range<usize>) {
        range.for_each(|at| self.token(at));
    }

    /// The width of tokens in a row; `None` if a comment keeps them from standing in one line.
    fn width(&self, range: Range<usize>) -> Option<usize> {
        let (start, end) = (range.start, range.end);
        let mut width = 0;
        for at in range {
            let token = &self.tokens[at];
            // A comment before the first token, or one behind the last, can have its own place.
            let after_fits = at + 1 == end || token.after.iter().all(Comment::is_inline);
            if (at > start && !token.before.is_empty()) || !after_fits {
                return None;
            }
            width += usize::from(at > start && spaced(self.tokens, at - 1, at));
            width += token.text.chars().count();
            if at + 1 < end {
                width += token.after.iter().map(|c| c.text.chars().count() + 1).sum::<usize>();
            }
            if width > WIDTH {
                return None;
            }
        }
        Some(width)
    }

    /// Whether tokens fit behind what stands on the line, and so many more columns.
    fn fits(&self, range: Range<usize>, reserve: usize) -> bool {
        let space = usize::from(!self.fresh);
        let comments = range.clone().next().is_some_and(|at| !self.tokens[at].before.is_empty());
        let apart = comments && !self.fresh;
        !apart
            && !self.ended
            && self.width(range).is_some_and(|width| self.column + space + width + reserve <= WIDTH)
    }

    /// Begins a line, unless the current one is empty.
    fn line(&mut self, indent: usize, blank: bool) {
        if !self.fresh {
            self.out.push('\n');
            if blank {
                self.out.push('\n');
            }
        } else if let Some(cut) = self.out.rfind('\n') {
            self.out.truncate(cut + 1);
        }
        self.out.extend(std::iter::repeat_n(' ', indent));
        self.column = indent;
        self.indent = indent;
        self.fresh = true;
        self.ended = false;
    }

    fn text(&mut self, text: &str) {
        self.out.push_str(text);
        match text.rfind('\n') {
            Some(at) => self.column = text[at + 1..].chars().count(),
            None => self.column += text.chars().count(),
        }
        self.fresh = false;
    }

    /// A comment on a line of its own; the line stays open.
    fn comment_line(&mut self, comment: &Comment<'_>, indent: usize) {
        self.line(indent, comment.blank);
        self.text(comment.text);
        self.ended = true;
    }

    /// A token with its comments.
    fn token(&mut self, at: usize) {
        let token = &self.tokens[at];
        let indent = self.indent;
        for comment in &token.before {
            self.comment_line(comment, indent);
        }
        if self.ended {
            self.line(indent, token.blank && !token.before.is_empty());
        } else if !self.fresh && self.last.is_some_and(|last| spaced(self.tokens, last, at)) {
            self.text(" ");
        }
        self.text(token.text);
        self.last = Some(at);
        for comment in &token.after {
            if !self.fresh {
                self.text(" ");
            }
            self.text(comment.text);
            self.ended = !comment.is_inline();
        }
    }
}

/// The tokens of a node.
fn span(node: &Node) -> Range<usize> {
    node.first().unwrap_or(0)..last(node) + 1
}

fn last(node: &Node) -> usize {
    match node {
        Node::Row { parts, .. } => parts.last().map_or(0, last),
        Node::Pieces(pieces) => pieces.last().map_or(0, |piece| match piece {
            Piece::Token(at) => *at,
            Piece::Group { close, .. } => *close,
        }),
    }
}
