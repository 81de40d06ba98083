//! Syntax tree to text.

use std::fmt::{self, Display, Formatter, Write};

use dragnet_plan::pattern::WildcardPart;

use crate::ast::{Expr, ExprKind, Literal, Query, Values, ValuesKind};
use crate::lexer::{KEYWORDS, SPECIAL, ends_word, is_space};

/// Lines up to so many characters are not broken.
const WIDTH: usize = 100;

/// Writes a query in canonical form: parsing the text gives an equal tree.
///
/// A query that is long stands on several lines, one for each part of its outermost `and` or `or`. Only the
/// parentheses that are needed are written. Values keep their quotes, or that they have none: the two do not
/// mean the same.
pub fn print(query: &Query) -> String {
    let Some(expr) = &query.expr else { return String::new() };
    let line = Show(expr).to_string();
    let (parts, word) = match &expr.kind {
        ExprKind::And(parts) => (parts, "and"),
        ExprKind::Or(parts) => (parts, "or"),
        _ => return line,
    };
    if line.chars().count() <= WIDTH {
        return line;
    }
    let mut out = String::new();
    for (i, part) in parts.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = match i {
            0 => write!(out, "{}", Part(part, &expr.kind)),
            _ => write!(out, "\n  {word} {}", Part(part, &expr.kind)),
        };
    }
    out
}

/// Wraps a node for [`Display`].
struct Show<'a, T>(&'a T);

/// A part of an expression of this kind, in parentheses if it needs them.
struct Part<'a>(&'a Expr, &'a ExprKind);

impl Display for Part<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let bare = match (&self.0.kind, self.1) {
            (ExprKind::And(_), outer) => matches!(outer, ExprKind::Or(_)),
            (ExprKind::Or(_), _) => false,
            (ExprKind::Not(_), outer) => !matches!(outer, ExprKind::Not(_)),
            _ => true,
        };
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

impl Display for Show<'_, Values> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let part = |f: &mut Formatter<'_>, part: &Values| {
            let bare = match (&part.kind, &self.0.kind) {
                (ValuesKind::One(_), _) => true,
                (ValuesKind::And(_), outer) => matches!(outer, ValuesKind::Or(_)),
                (ValuesKind::Or(_), _) => false,
                (ValuesKind::Not(_), outer) => !matches!(outer, ValuesKind::Not(_)),
            };
            if bare { write!(f, "{}", Show(part)) } else { write!(f, "({})", Show(part)) }
        };
        match &self.0.kind {
            ValuesKind::One(value) => write!(f, "{}", Show(value)),
            ValuesKind::Not(inner) => {
                f.write_str("not ")?;
                part(f, inner)
            }
            ValuesKind::Or(parts) | ValuesKind::And(parts) => {
                let word = if matches!(self.0.kind, ValuesKind::Or(_)) { " or " } else { " and " };
                for (i, one) in parts.iter().enumerate() {
                    f.write_str(if i > 0 { word } else { "" })?;
                    part(f, one)?;
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
