//! Lucene's regular expressions, all optional operators on.
//!
//! The parser follows the grammar of Lucene 9's `RegExp` rule by rule, odd corners included: an
//! operator where an operand is due stands for itself (`*a`, `|a`), `]` right after `[` is a member
//! of the class, and a letter after a backslash is an error unless it names a class.

use regex_syntax::hir::ClassUnicode;

use super::RegexError;
use super::node::{MAX_HEIGHT, Node, all, fold_ascii, negated, ranges, set};

/// Reads an expression.
pub(super) fn parse(text: &str, fold: bool) -> Result<Node, RegexError> {
    if text.is_empty() {
        return Ok(Node::empty());
    }
    let mut parser = Parser { text, at: 0, fold, depth: 0 };
    let node = parser.union()?;
    match parser.peek() {
        None => Ok(node),
        Some(c) => Err(parser.error_at(parser.at, format!("unmatched `{c}`"))),
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    fold: bool,
    depth: usize,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.text.get(self.at..)?.chars().next()
    }

    fn eat(&mut self, c: char) -> bool {
        let hit = self.peek() == Some(c);
        if hit {
            self.at += c.len_utf8();
        }
        hit
    }

    fn next(&mut self) -> Result<char, RegexError> {
        let c = self
            .peek()
            .ok_or_else(|| self.error_at(self.at, "the expression ends too early".into()))?;
        self.at += c.len_utf8();
        Ok(c)
    }

    /// An error about what stands between `start` and here; at least one character if there is one.
    fn error_at(&self, start: usize, message: String) -> RegexError {
        let end = if start < self.at {
            self.at
        } else {
            start + self.text[start..].chars().next().map_or(0, char::len_utf8)
        };
        RegexError { span: start..end, message }
    }

    fn bounded(&self, node: Node, start: usize) -> Result<Node, RegexError> {
        if node.height() > MAX_HEIGHT {
            return Err(self.error_at(start, "the expression is nested too deeply".into()));
        }
        Ok(node)
    }

    fn union(&mut self) -> Result<Node, RegexError> {
        let start = self.at;
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            return Err(self.error_at(start, "the expression is nested too deeply".into()));
        }
        let mut parts = vec![self.intersection()?];
        while self.eat('|') {
            parts.push(self.intersection()?);
        }
        self.depth -= 1;
        self.bounded(Node::any(parts), start)
    }

    fn intersection(&mut self) -> Result<Node, RegexError> {
        let mut parts = vec![self.concatenation()?];
        while self.eat('&') {
            parts.push(self.concatenation()?);
        }
        Ok(Node::all(parts))
    }

    fn concatenation(&mut self) -> Result<Node, RegexError> {
        let mut parts = vec![self.repeat()?];
        while !matches!(self.peek(), None | Some(')' | '|' | '&')) {
            parts.push(self.repeat()?);
        }
        Ok(Node::concat(parts))
    }

    fn repeat(&mut self) -> Result<Node, RegexError> {
        let start = self.at;
        let mut node = self.complement()?;
        loop {
            let (min, max) = match self.peek() {
                Some('?') => (0, Some(1)),
                Some('*') => (0, None),
                Some('+') => (1, None),
                Some('{') => {
                    let (min, max) = self.counts()?;
                    node = self.bounded(Node::repeat(node, min, max), start)?;
                    continue;
                }
                _ => return Ok(node),
            };
            self.at += 1;
            node = self.bounded(Node::repeat(node, min, max), start)?;
        }
    }

    /// `{n}`, `{n,}`, `{n,m}`.
    fn counts(&mut self) -> Result<(u32, Option<u32>), RegexError> {
        let start = self.at;
        self.at += 1;
        let min = self
            .number(start)?
            .ok_or_else(|| self.error_at(start, "a number is expected after `{`".into()))?;
        let max = if self.eat(',') { self.number(start)? } else { Some(min) };
        if !self.eat('}') {
            return Err(self.error_at(start, "`{` is not closed by `}`".into()));
        }
        Ok((min, max))
    }

    fn number(&mut self, start: usize) -> Result<Option<u32>, RegexError> {
        let digits = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        let digits = &self.text[digits..self.at];
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse::<i32>() {
            Ok(n) => Ok(Some(n.unsigned_abs())),
            Err(_) => Err(self.error_at(start, format!("the number {digits} is too large"))),
        }
    }

    fn complement(&mut self) -> Result<Node, RegexError> {
        // Only the parity of a run of `~` counts.
        let mut odd = false;
        while self.eat('~') {
            odd = !odd;
        }
        let inner = if self.eat('[') { self.class()? } else { self.simple()? };
        Ok(if odd { Node::not(inner) } else { inner })
    }

    /// A class, after its `[`.
    fn class(&mut self) -> Result<Node, RegexError> {
        let start = self.at - 1;
        let negate = self.eat('^');
        let unclosed = |p: &Self| p.error_at(start, "`[` is not closed by `]`".into());
        let mut class = ClassUnicode::empty();
        loop {
            if self.peek().is_none() {
                return Err(unclosed(self));
            }
            class.union(&self.member()?);
            if self.eat(']') {
                return Ok(Node::class(if negate { negated(class) } else { class }));
            }
        }
    }

    /// A member of a class.
    fn member(&mut self) -> Result<ClassUnicode, RegexError> {
        if let Some(class) = self.escape()? {
            return Ok(class);
        }
        let start = self.at;
        let from = self.character()?;
        if !self.eat('-') {
            return Ok(self.folded(from, from));
        }
        let to = self.character()?;
        if from > to {
            return Err(
                self.error_at(start, format!("the range {from}-{to} is the wrong way round"))
            );
        }
        // Older versions of Lucene did not fold ranges; newer ones do, and rules count on it.
        Ok(self.folded(from, to))
    }

    fn folded(&self, from: char, to: char) -> ClassUnicode {
        let mut class = set(from, to);
        if self.fold {
            fold_ascii(&mut class);
        }
        class
    }

    /// A class by its letter, or an escaped backslash. Otherwise nothing, or an error if a letter
    /// follows that names no class; [`Parser::character`] goes on from there.
    fn escape(&mut self) -> Result<Option<ClassUnicode>, RegexError> {
        let Some(rest) = self.text[self.at..].strip_prefix('\\') else { return Ok(None) };
        let class = match rest.chars().next() {
            Some('d') => ranges(&[('0', '9')]),
            Some('D') => negated(ranges(&[('0', '9')])),
            Some('s') => ranges(WHITESPACE),
            Some('S') => negated(ranges(WHITESPACE)),
            Some('w') => ranges(WORD),
            Some('W') => negated(ranges(WORD)),
            Some('\\') => set('\\', '\\'),
            Some(c) if c.is_ascii_alphabetic() => {
                let span = self.at..self.at + 2;
                return Err(RegexError {
                    span,
                    message: format!("`\\{c}` is no character class; escape only punctuation"),
                });
            }
            _ => return Ok(None),
        };
        self.at += 2;
        Ok(Some(class))
    }

    fn character(&mut self) -> Result<char, RegexError> {
        self.eat('\\');
        self.next()
    }

    fn simple(&mut self) -> Result<Node, RegexError> {
        let start = self.at;
        if self.eat('.') {
            Ok(Node::class(all()))
        } else if self.eat('#') {
            Ok(Node::class(ClassUnicode::empty()))
        } else if self.eat('@') {
            Ok(Node::anything())
        } else if self.eat('"') {
            let fold = self.fold;
            let text = self.until('"', start)?;
            Ok(Node::concat(text.chars().map(|c| Node::char(c, fold)).collect()))
        } else if self.eat('(') {
            if self.eat(')') {
                return Ok(Node::empty());
            }
            let node = self.union()?;
            if !self.eat(')') {
                self.at = start + 1;
                return Err(self.error_at(start, "`(` is not closed by `)`".into()));
            }
            Ok(node)
        } else if self.eat('<') {
            let text = self.until('>', start)?.to_owned();
            interval(&text).ok_or_else(|| {
                self.error_at(start, format!("<{text}> is not an interval such as <1-31>"))
            })
        } else if let Some(class) = self.escape()? {
            Ok(Node::class(class))
        } else {
            let c = self.character()?;
            Ok(Node::char(c, self.fold))
        }
    }

    /// The text up to a closing character, which is passed.
    fn until(&mut self, close: char, start: usize) -> Result<&str, RegexError> {
        let from = self.at;
        let Some(len) = self.text[from..].find(close) else {
            let open = self.text[start..from].to_owned();
            return Err(self.error_at(start, format!("`{open}` is not closed by `{close}`")));
        };
        self.at = from + len + close.len_utf8();
        Ok(&self.text[from..from + len])
    }
}

const WHITESPACE: &[(char, char)] = &[('\t', '\n'), ('\r', '\r'), (' ', ' ')];
const WORD: &[(char, char)] = &[('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')];

/// `n-m`: whole numbers between the two. If both are written with as many digits, the text must
/// have that many, filled up with zeros; otherwise any number of zeros may come first.
fn interval(text: &str) -> Option<Node> {
    let (from, to) = text.split_once('-')?;
    let number = |digits: &str| -> Option<u32> {
        let fits = digits.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| digits.parse::<i32>().ok())?.map(i32::unsigned_abs)
    };
    let (a, b) = (number(from)?, number(to)?);
    let (low, high) = (a.min(b), a.max(b));
    if from.len() == to.len() {
        let width = from.len();
        return Some(same_width(&padded(low, width), &padded(high, width)));
    }
    // One alternative for every number of digits without leading zeros.
    let mut parts = Vec::new();
    for width in low.to_string().len()..=high.to_string().len() {
        let least = if width == 1 { 0 } else { 10_u64.pow(width as u32 - 1) };
        let most = 10_u64.pow(width as u32) - 1;
        let low = padded(u32::try_from(least).ok()?.max(low), width);
        let high = padded(u32::try_from(most).unwrap_or(u32::MAX).min(high), width);
        parts.push(same_width(&low, &high));
    }
    let zeros = Node::repeat(Node::char('0', false), 0, None);
    Some(Node::concat(vec![zeros, Node::any(parts)]))
}

fn padded(n: u32, width: usize) -> Vec<u8> {
    format!("{n:0width$}").into_bytes()
}

/// The numbers between two of the same number of digits. At most some ten digits after leading
/// zeros, so the recursion is shallow.
fn same_width(low: &[u8], high: &[u8]) -> Node {
    let shared = low.iter().zip(high).take_while(|(a, b)| a == b).count();
    let mut parts: Vec<Node> =
        low[..shared].iter().map(|d| Node::char(char::from(*d), false)).collect();
    let (low, high) = (&low[shared..], &high[shared..]);
    let digits = |from: u8, to: u8| Node::class(set(char::from(from), char::from(to)));
    let any = |count: usize| Node::repeat(digits(b'0', b'9'), count as u32, Some(count as u32));
    if low.iter().all(|d| *d == b'0') && high.iter().all(|d| *d == b'9') {
        parts.push(any(low.len()));
    } else if let (Some((first, low)), Some((last, high))) = (low.split_first(), high.split_first())
    {
        let mut choices = vec![Node::concat(vec![
            digits(*first, *first),
            same_width(low, &vec![b'9'; low.len()]),
        ])];
        if first + 1 < *last {
            choices.push(Node::concat(vec![digits(first + 1, last - 1), any(low.len())]));
        }
        choices.push(Node::concat(vec![
            digits(*last, *last),
            same_width(&vec![b'0'; high.len()], high),
        ]));
        parts.push(Node::any(choices));
    }
    Node::concat(parts)
}
