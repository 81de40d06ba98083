//! Syntax tree to text.

use std::fmt::{self, Display, Formatter, Write};

use dragnet_plan::pattern::WildcardPart;

use crate::ast::{Expr, ExprKind, Literal, Query, Values, ValuesKind};
use crate::lexer::{KEYWORDS, SPECIAL, ends_word, is_space};

/// Lines up to so many characters are not broken.
const WIDTH: usize = 100;

/// Writes a query in canonical form: parsing the text gives a tree that differs in its spans alone.
///
/// What does not fit into a line stands on several: each part of an `and` or `or` on its own, with the operator at
/// its end, lists filled up, two spaces per level. Only the parentheses that are needed are written. Values keep
/// their quotes, or that they have none: the two do not mean the same.
pub fn print(query: &Query) -> String {
    let mut layout = Layout { out: String::new() };
    if let Some(expr) = &query.expr {
        layout.expr(expr, true, 0, 0);
    }
    layout.out
}

/// Text that is being laid out. The parser bounds the height of trees, thus the recursion.
struct Layout {
    out: String,
}

impl Layout {
    fn line(&mut self, indent: usize) {
        self.out.push('\n');
        self.out.extend(std::iter::repeat_n(' ', indent));
    }

    /// Whether a text and so many characters more fit into the line.
    fn fits(&self, text: &str, more: usize) -> bool {
        let line = self.out.rsplit('\n').next().unwrap_or_default();
        line.chars().count() + text.chars().count() + more <= WIDTH
    }

    /// An expression from here on, in parentheses unless it may be bare; further lines begin at the indent, and so
    /// many characters follow on the last one.
    fn expr(&mut self, expr: &Expr, bare: bool, indent: usize, tail: usize) {
        let line = Show(expr).to_string();
        let line = if bare { line } else { format!("({line})") };
        if self.fits(&line, tail) {
            return self.out.push_str(&line);
        }
        if !bare {
            return self.enclosed("(", ")", indent, |layout, indent| {
                layout.expr(expr, true, indent, 0);
            });
        }
        match &expr.kind {
            ExprKind::Or(parts) | ExprKind::And(parts) => {
                let word = if matches!(expr.kind, ExprKind::Or(_)) { " or" } else { " and" };
                for (at, part) in parts.iter().enumerate() {
                    if at > 0 {
                        self.out.push_str(word);
                        self.line(indent);
                    }
                    let is_last = at + 1 == parts.len();
                    let tail = if is_last { tail } else { word.len() };
                    self.expr(part, is_bare(part, &expr.kind), indent, tail);
                }
            }
            ExprKind::Not(inner) => {
                self.out.push_str("not ");
                self.expr(inner, is_bare(inner, &expr.kind), indent, tail);
            }
            ExprKind::Nested { field, inner } => {
                let open = format!("{}: {{", Show(field));
                self.enclosed(&open, "}", indent, |layout, indent| {
                    layout.expr(inner, true, indent, 0);
                });
            }
            ExprKind::Is { field, values } if !matches!(values.kind, ValuesKind::One(_)) => {
                let open = format!("{}: (", Show(field));
                self.enclosed(&open, ")", indent, |layout, indent| {
                    layout.values(values, indent, 0);
                });
            }
            _ => self.out.push_str(&line),
        }
    }

    /// What stands between two signs, on lines of its own.
    fn enclosed(
        &mut self,
        open: &str,
        close: &str,
        indent: usize,
        inner: impl FnOnce(&mut Layout, usize),
    ) {
        self.out.push_str(open);
        self.line(indent + 2);
        inner(self, indent + 2);
        self.line(indent);
        self.out.push_str(close);
    }

    /// A list, its lines filled up, and so many characters after it.
    fn values(&mut self, values: &Values, indent: usize, tail: usize) {
        let (ValuesKind::Or(parts) | ValuesKind::And(parts)) = &values.kind else {
            return self.value_part(values, true, indent, tail);
        };
        let word = if matches!(values.kind, ValuesKind::Or(_)) { " or" } else { " and" };
        for (at, part) in parts.iter().enumerate() {
            let is_last = at + 1 == parts.len();
            let (word, tail) = if is_last { ("", tail) } else { (word, word.len()) };
            if at > 0 {
                let text = ValuePart(part, &values.kind).to_string();
                if self.fits(&text, 1 + tail) {
                    self.out.push(' ');
                } else {
                    self.line(indent);
                }
            }
            self.value_part(part, is_bare_value(part, &values.kind), indent, tail);
            self.out.push_str(word);
        }
    }

    /// A part of a list, on several lines if it has parts and does not fit into one.
    fn value_part(&mut self, part: &Values, bare: bool, indent: usize, tail: usize) {
        let text = Show(part).to_string();
        let text = if bare { text } else { format!("({text})") };
        if self.fits(&text, tail) {
            return self.out.push_str(&text);
        }
        if !bare {
            return self.enclosed("(", ")", indent, |layout, indent| {
                layout.values(part, indent, 0);
            });
        }
        match &part.kind {
            ValuesKind::Or(_) | ValuesKind::And(_) => self.values(part, indent, tail),
            ValuesKind::Not(inner) => {
                self.out.push_str("not ");
                self.value_part(inner, is_bare_value(inner, &part.kind), indent, tail);
            }
            ValuesKind::One(_) => self.out.push_str(&text),
        }
    }
}

/// Wraps a node for [`Display`].
struct Show<'a, T>(&'a T);

/// A part of an expression of this kind, in parentheses if it needs them.
struct Part<'a>(&'a Expr, &'a ExprKind);

/// Whether a part of an expression of this kind needs no parentheses.
fn is_bare(part: &Expr, outer: &ExprKind) -> bool {
    match &part.kind {
        ExprKind::And(_) => matches!(outer, ExprKind::Or(_)),
        ExprKind::Or(_) => false,
        ExprKind::Not(_) => !matches!(outer, ExprKind::Not(_)),
        _ => true,
    }
}

impl Display for Part<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bare = is_bare(self.0, self.1);
        if bare { write!(f, "{}", Show(self.0)) } else { write!(f, "({})", Show(self.0)) }
    }
}

impl Display for Show<'_, Expr> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ExprKind::Or(parts) | ExprKind::And(parts) => {
                let word = if matches!(self.0.kind, ExprKind::Or(_)) { " or " } else { " and " };
                for (i, part) in parts.iter().enumerate() {
                    write!(f, "{}{}", if i > 0 { word } else { "" }, Part(part, &self.0.kind))?;
                }
                Ok(())
            }
            ExprKind::Not(inner) => write!(f, "not {}", Part(inner, &self.0.kind)),
            ExprKind::Nested { field, inner } => {
                write!(f, "{}: {{ {} }}", Show(field), Show(&**inner))
            }
            ExprKind::Range { field, op, value } => {
                write!(f, "{} {} {}", Show(field), op.symbol(), Show(value))
            }
            ExprKind::Is { field, values } => match &values.kind {
                ValuesKind::One(value) => write!(f, "{}: {}", Show(field), Show(value)),
                _ => write!(f, "{}: ({})", Show(field), Show(values)),
            },
            ExprKind::Free(value) => write!(f, "{}", Show(value)),
        }
    }
}

/// A part of a list of this kind, in parentheses if it needs them.
struct ValuePart<'a>(&'a Values, &'a ValuesKind);

/// Whether a part of a list of this kind needs no parentheses.
fn is_bare_value(part: &Values, outer: &ValuesKind) -> bool {
    match (&part.kind, outer) {
        (ValuesKind::One(_), _) => true,
        (ValuesKind::And(_), outer) => matches!(outer, ValuesKind::Or(_)),
        (ValuesKind::Or(_), _) => false,
        (ValuesKind::Not(_), outer) => !matches!(outer, ValuesKind::Not(_)),
    }
}

impl Display for ValuePart<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bare = is_bare_value(self.0, self.1);
        if bare { write!(f, "{}", Show(self.0)) } else { write!(f, "({})", Show(self.0)) }
    }
}

impl Display for Show<'_, Values> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ValuesKind::One(value) => write!(f, "{}", Show(value)),
            ValuesKind::Not(inner) => write!(f, "not {}", ValuePart(inner, &self.0.kind)),
            ValuesKind::Or(parts) | ValuesKind::And(parts) => {
                let word = if matches!(self.0.kind, ValuesKind::Or(_)) { " or " } else { " and " };
                for (i, one) in parts.iter().enumerate() {
                    f.write_str(if i > 0 { word } else { "" })?;
                    write!(f, "{}", ValuePart(one, &self.0.kind))?;
                }
                Ok(())
            }
        }
    }
}

impl Display for Show<'_, Literal> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let texts = self.0.parts.iter().map(|part| match part {
            WildcardPart::Text(text) => Some(text.as_str()),
            // KQL has no wildcard for one character, so a tree that was read has none either.
            WildcardPart::One | WildcardPart::Run => None,
        });
        if self.0.quoted {
            f.write_str("\"")?;
            texts.flatten().try_for_each(|text| write_quoted(f, text))?;
            return f.write_str("\"");
        }
        let count = self.0.parts.len();
        for (i, text) in texts.enumerate() {
            match text {
                Some(text) => write_unquoted(f, text, i == 0, i + 1 == count)?,
                None => f.write_str("*")?,
            }
        }
        Ok(())
    }
}

fn write_control(f: &mut Formatter<'_>, c: char) -> fmt::Result {
    match c {
        '\t' => f.write_str("\\t"),
        '\r' => f.write_str("\\r"),
        '\n' => f.write_str("\\n"),
        c => write!(f, "\\u{:04x}", u32::from(c)),
    }
}

fn write_quoted(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c.is_control() => write_control(f, c)?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// Text outside of quotes; spaces at the ends of the whole are not part of a value unless they are escaped, and
/// neither are keywords.
fn write_unquoted(f: &mut Formatter<'_>, text: &str, first: bool, last: bool) -> fmt::Result {
    let trimmed = text.trim_start_matches(is_space);
    let lead = if first { text.len() - trimmed.len() } else { 0 };
    let tail = if last { text.trim_end_matches(is_space).len() } else { text.len() };
    let mut word_start = first;
    for (at, c) in text.char_indices() {
        let is_edge = at < lead || at >= tail;
        let word = text[at..].split(ends_word).next().unwrap_or_default();
        let keyword = word_start && KEYWORDS.iter().any(|(k, _)| word.eq_ignore_ascii_case(k));
        match c {
            c if is_space(c) && c != ' ' || c.is_control() => write_control(f, c)?,
            ' ' if is_edge => write_control(f, c)?,
            c if keyword || SPECIAL.contains(&c) => write!(f, "\\{c}")?,
            c => f.write_char(c)?,
        }
        word_start = is_space(c);
    }
    Ok(())
}
