//! Java's regular expressions, as far as they are regular.
//!
//! What decides between several ways to match is of no account when only the fact of a match
//! counts: groups are just parentheses and lazy quantifiers are quantifiers. Lookaround,
//! backreferences, atomic groups and possessive quantifiers are errors, and so are Unicode
//! properties beyond the POSIX ones.

mod class;

use regex_syntax::hir::Look;

use self::class::{LINE_ENDS, VERTICAL};
use super::RegexError;
use super::node::{MAX_HEIGHT, Node, all, negated, ranges, set};

/// Reads an expression.
pub(super) fn parse(text: &str, fold: bool) -> Result<Node, RegexError> {
    let flags = Flags { fold, ..Flags::default() };
    let mut parser = Parser { text, at: 0, flags, depth: 0 };
    let node = parser.alternation()?;
    if parser.at < text.len() {
        return Err(parser.error_at(parser.at, "unmatched `)`"));
    }
    Ok(node)
}

/// The inline flags that mean something here.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct Flags {
    /// `i`
    fold: bool,
    /// `s`
    dot_all: bool,
    /// `m`
    multi_line: bool,
    /// `d`
    unix_lines: bool,
    /// `x`
    comments: bool,
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    flags: Flags,
    depth: usize,
}

type Result<T, E = RegexError> = std::result::Result<T, E>;

impl Parser<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn eat(&mut self, text: &str) -> bool {
        let hit = self.rest().starts_with(text);
        if hit {
            self.at += text.len();
        }
        hit
    }

    fn next(&mut self) -> Result<char> {
        let c =
            self.peek().ok_or_else(|| self.error_at(self.at, "the expression ends too early"))?;
        self.at += c.len_utf8();
        Ok(c)
    }

    /// An error about what stands between `start` and here; at least one character if there is one.
    fn error_at(&self, start: usize, message: impl Into<String>) -> RegexError {
        let end = if start < self.at {
            self.at
        } else {
            start + self.text[start..].chars().next().map_or(0, char::len_utf8)
        };
        RegexError { span: start..end, message: message.into() }
    }

    fn bounded(&self, node: Node, start: usize) -> Result<Node> {
        if node.height() > MAX_HEIGHT {
            return Err(self.error_at(start, "the expression is nested too deeply"));
        }
        Ok(node)
    }

    /// One level deeper into groups or classes.
    fn descend(&mut self) -> Result<()> {
        self.depth += 1;
        if self.depth > MAX_HEIGHT {
            return Err(self.error_at(self.at, "the expression is nested too deeply"));
        }
        Ok(())
    }

    /// Passes blanks and comments if they are to be passed.
    fn skip(&mut self) {
        while self.flags.comments {
            match self.peek() {
                Some(c) if c.is_ascii_whitespace() || c == '\u{b}' => self.at += 1,
                Some('#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    fn alternation(&mut self) -> Result<Node> {
        let start = self.at;
        self.descend()?;
        let mut parts = vec![self.concatenation()?];
        while self.eat("|") {
            parts.push(self.concatenation()?);
        }
        self.depth -= 1;
        self.bounded(Node::any(parts), start)
    }

    fn concatenation(&mut self) -> Result<Node> {
        let mut parts = Vec::new();
        loop {
            self.skip();
            if matches!(self.peek(), None | Some('|' | ')')) {
                return Ok(Node::concat(parts));
            }
            let start = self.at;
            if self.eat("\\Q") {
                parts.extend(self.quoted()?);
                continue;
            }
            let node = self.atom()?;
            parts.push(self.quantified(node, start)?);
        }
    }

    /// The text up to `\E`, or to the end. A quantifier after it applies to its last character.
    fn quoted(&mut self) -> Result<Vec<Node>> {
        let len = self.rest().find("\\E").unwrap_or(self.rest().len());
        let fold = self.flags.fold;
        let mut nodes: Vec<Node> =
            self.rest()[..len].chars().map(|c| Node::char(c, fold)).collect();
        self.at += len;
        self.eat("\\E");
        if let Some(last) = nodes.pop() {
            nodes.push(self.quantified(last, self.at)?);
        }
        Ok(nodes)
    }

    fn quantified(&mut self, node: Node, start: usize) -> Result<Node> {
        self.skip();
        let place = self.at;
        let (min, max) = match self.peek() {
            Some('?') => (0, Some(1)),
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('{') => self.counts()?,
            _ => return Ok(node),
        };
        if self.at == place {
            self.at += 1;
        }
        if self.eat("+") {
            return Err(self.error_at(place, "possessive quantifiers are not supported"));
        }
        self.eat("?");
        self.bounded(Node::repeat(node, min, max), start)
    }

    /// `{n}`, `{n,}`, `{n,m}`.
    fn counts(&mut self) -> Result<(u32, Option<u32>)> {
        let start = self.at;
        self.at += 1;
        let min = self.number(start)?;
        let min = min.ok_or_else(|| self.error_at(start, "a number is expected after `{`"))?;
        let max = if self.eat(",") { self.number(start)? } else { Some(min) };
        if !self.eat("}") {
            return Err(self.error_at(start, "`{` is not closed by `}`"));
        }
        if max.is_some_and(|max| max < min) {
            return Err(self.error_at(start, "the counts are the wrong way round"));
        }
        Ok((min, max))
    }

    fn number(&mut self, start: usize) -> Result<Option<u32>> {
        let len = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let digits = &self.text[self.at..self.at + len];
        self.at += len;
        if digits.is_empty() {
            return Ok(None);
        }
        match digits.parse::<i32>() {
            Ok(n) => Ok(Some(n.unsigned_abs())),
            Err(_) => Err(self.error_at(start, format!("the number {digits} is too large"))),
        }
    }

    fn atom(&mut self) -> Result<Node> {
        let start = self.at;
        let flags = self.flags;
        match self.next()? {
            '.' if flags.dot_all => Ok(Node::class(all())),
            '.' if flags.unix_lines => Ok(Node::class(negated(set('\n', '\n')))),
            '.' => Ok(Node::class(negated(ranges(LINE_ENDS)))),
            '^' => Ok(Node::look(match (flags.multi_line, flags.unix_lines) {
                (false, _) => Look::Start,
                (true, false) => Look::StartCRLF,
                (true, true) => Look::StartLF,
            })),
            // Without `m` Java also lets it stand before a last line end. That line end would have
            // to be matched by what follows, which nobody writes.
            '$' => Ok(Node::look(match (flags.multi_line, flags.unix_lines) {
                (false, _) => Look::End,
                (true, false) => Look::EndCRLF,
                (true, true) => Look::EndLF,
            })),
            '(' => self.group(start),
            '[' => Ok(Node::class(self.class()?)),
            '\\' => self.escape(start),
            c @ ('?' | '*' | '+' | '{') => {
                Err(self.error_at(start, format!("nothing stands before `{c}` to repeat")))
            }
            c => Ok(Node::char(c, flags.fold)),
        }
    }

    /// A group, after its `(`.
    fn group(&mut self, start: usize) -> Result<Node> {
        let outer = self.flags;
        if self.eat("?") {
            for (lead, what) in [
                ("=", "lookahead is"),
                ("!", "lookahead is"),
                ("<=", "lookbehind is"),
                ("<!", "lookbehind is"),
                (">", "atomic groups are"),
            ] {
                if self.eat(lead) {
                    return Err(self.error_at(start, format!("{what} not supported")));
                }
            }
            if self.eat("<") {
                let len = self.rest().find('>').filter(|len| {
                    let name = &self.rest()[..*len];
                    name.starts_with(|c: char| c.is_ascii_alphabetic())
                        && name.bytes().all(|b| b.is_ascii_alphanumeric())
                });
                let len = len.ok_or_else(|| self.error_at(start, "a group's name is malformed"))?;
                self.at += len + 1;
            } else if self.flags_then(start)? {
                // `(?i)` holds to the end of the group around it.
                return Ok(Node::empty());
            }
        }
        let node = self.alternation()?;
        if !self.eat(")") {
            self.at = start + 1;
            return Err(self.error_at(start, "`(` is not closed by `)`"));
        }
        self.flags = outer;
        Ok(node)
    }

    /// `i-s:` or `i-s)`; whether it was the latter.
    fn flags_then(&mut self, start: usize) -> Result<bool> {
        let mut on = true;
        loop {
            let flag = match self.next()? {
                ':' => return Ok(false),
                ')' => return Ok(true),
                '-' => {
                    on = false;
                    continue;
                }
                'i' => &mut self.flags.fold,
                's' => &mut self.flags.dot_all,
                'm' => &mut self.flags.multi_line,
                'd' => &mut self.flags.unix_lines,
                'x' => &mut self.flags.comments,
                c => {
                    let message = format!("the flag `{c}` is not supported");
                    return Err(self.error_at(start, message));
                }
            };
            *flag = on;
        }
    }

    /// What a backslash begins, outside of a class.
    fn escape(&mut self, start: usize) -> Result<Node> {
        let look = match self.peek() {
            Some('A') => Look::Start,
            Some('z' | 'Z') => Look::End,
            Some('b') => Look::WordAscii,
            Some('B') => Look::WordAsciiNegate,
            Some('R') => {
                self.at += 1;
                let newline = vec![Node::char('\r', false), Node::char('\n', false)];
                let one = Node::class(ranges(VERTICAL));
                return Ok(Node::any(vec![Node::concat(newline), one]));
            }
            Some('1'..='9' | 'k') => {
                self.at += 1;
                return Err(self.error_at(start, "backreferences are not supported"));
            }
            _ => return Ok(Node::class(self.escaped(start)?)),
        };
        self.at += 1;
        Ok(Node::look(look))
    }
}
