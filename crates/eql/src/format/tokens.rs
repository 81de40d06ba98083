//! Tokens with the comments around them.

use crate::lexer::{Kind, Lexer};

/// A comment, with its delimiters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Comment<'t> {
    pub(super) text: &'t str,
    /// Whether a blank line stands before it.
    pub(super) blank: bool,
}

impl Comment<'_> {
    /// Whether nothing can follow it on its line.
    pub(super) fn ends_line(&self) -> bool {
        self.text.starts_with("//")
    }

    /// Whether it can stand within a line.
    pub(super) fn is_inline(&self) -> bool {
        !self.ends_line() && !self.text.contains('\n')
    }
}

/// A token. The last one is [`Kind::End`], whose text is empty.
#[derive(Debug, Clone)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind,
    pub(super) text: &'t str,
    /// Comments on lines of their own before it.
    pub(super) before: Vec<Comment<'t>>,
    /// Comments behind it on its line.
    pub(super) after: Vec<Comment<'t>>,
    /// Whether a blank line stands before it, and behind the comments before it.
    pub(super) blank: bool,
    /// Whether nothing stands between it and the token before.
    pub(super) adjacent: bool,
}

impl Token<'_> {
    /// Whether it is this keyword.
    pub(super) fn is(&self, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text == keyword
    }

    /// Whether a blank line stands before it and its comments.
    pub(super) fn starts_block(&self) -> bool {
        self.before.first().map_or(self.blank, |comment| comment.blank)
    }
}

/// The tokens of a text that is known to be valid.
pub(super) fn read(text: &str) -> Vec<Token<'_>> {
    let mut lexer = Lexer::new(text);
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut end = 0;
    loop {
        let token = lexer.token();
        let span = token.span.range();
        let gap = text.get(end..span.start).unwrap_or_default();
        let (after, before, blank) = split_gap(gap, tokens.is_empty());
        if let Some(last) = tokens.last_mut() {
            last.after = after;
        }
        end = span.end;
        tokens.push(Token {
            kind: token.kind,
            text: text.get(span).unwrap_or_default(),
            before,
            after: Vec::new(),
            blank,
            adjacent: gap.is_empty(),
        });
        if token.kind == Kind::End {
            break;
        }
    }
    // What stands before an operator that is moved to the end of a line is about what follows.
    for at in 1..tokens.len().saturating_sub(1) {
        let token = &tokens[at];
        if token.is("and") || token.is("or") || token.kind == Kind::Comma {
            let behind = std::mem::take(&mut tokens[at - 1].after);
            let mut before = std::mem::take(&mut tokens[at].before);
            if behind.last().is_some_and(Comment::ends_line) {
                before.append(&mut tokens[at].after);
            }
            let blank = std::mem::take(&mut tokens[at].blank);
            tokens[at].after.splice(0..0, behind);
            let next = &mut tokens[at + 1];
            if blank && !next.starts_block() {
                match next.before.first_mut() {
                    Some(first) => first.blank = true,
                    None => next.blank = true,
                }
            }
            next.before.splice(0..0, before);
        }
    }
    tokens
}

/// All comments, sorted: those around operators may change places with them.
pub(super) fn comments<'a>(tokens: &'a [Token<'_>]) -> impl Iterator<Item = String> + 'a {
    let mut all: Vec<String> = tokens
        .iter()
        .flat_map(|token| token.before.iter().chain(&token.after))
        .map(|comment| comment.text.to_owned())
        .collect();
    all.sort_unstable();
    all.into_iter()
}

/// The comments between two tokens: those on the line of the first, those on further lines, and
/// whether a blank line stands before the second. At the start of a text there is no first token.
fn split_gap(gap: &str, start: bool) -> (Vec<Comment<'_>>, Vec<Comment<'_>>, bool) {
    let (mut after, mut before) = (Vec::new(), Vec::new());
    let mut own_line = start;
    let mut rest = gap;
    loop {
        let white = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        let lines = rest[..white].matches('\n').count();
        own_line |= lines > 0;
        rest = &rest[white..];
        // A text does not begin with a blank line.
        let blank = lines > 1 && (!start || !before.is_empty());
        let length = comment_length(rest);
        if length == 0 {
            return (after, before, blank);
        }
        let comment = Comment { text: rest[..length].trim_end(), blank };
        if own_line {
            before.push(comment);
        } else {
            after.push(comment);
        }
        rest = &rest[length..];
    }
}

/// The length of the comment at the start of a text, 0 if there is none.
fn comment_length(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find(['\n', '\r']).unwrap_or(text.len());
    }
    if !text.starts_with("/*") {
        return 0;
    }
    let bytes = text.as_bytes();
    let (mut at, mut open) = (0, 0_usize);
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (at, open) = (at + 2, open + 1),
            Some(b"*/") => (at, open) = (at + 2, open.saturating_sub(1)),
            _ => at += 1,
        }
        if open == 0 {
            return at;
        }
    }
    text.len()
}
