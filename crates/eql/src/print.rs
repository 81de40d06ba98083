//! Syntax tree to text.

use std::fmt::{self, Display, Formatter, Write};

use crate::ast::{
    Body, Category, EventFilter, Expr, ExprKind, FieldName, PipeKind, Query, Sequence, Term,
};
use crate::parser::is_keyword;

/// Writes a query in canonical form: parsing the text gives an equal tree.
///
/// An event query is one line; every term of a sequence or sample and every pipe begins a new one.
/// Only the parentheses that are needed are written, and some that make `and` within `or` plain.
pub fn print(query: &Query) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write!(out, "{}", Show(query));
    out
}

/// Wraps a node for [`Display`].
struct Show<'a, T>(&'a T);

impl Display for Show<'_, Query> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.body {
            Body::Event(filter) => write!(f, "{}", Show(filter))?,
            Body::Sequence(sequence) => write!(f, "{}", Show(sequence))?,
            Body::Sample(sample) => {
                write!(f, "sample{}", By(&sample.by))?;
                for term in &sample.terms {
                    write!(f, "\n  {}", Show(term))?;
                }
            }
        }
        for pipe in &self.0.pipes {
            let name = match pipe.kind {
                PipeKind::Head => "head",
                PipeKind::Tail => "tail",
            };
            write!(f, "\n| {name} {}", Show(&pipe.argument))?;
        }
        Ok(())
    }
}

impl Display for Show<'_, Sequence> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "sequence{}", By(&self.0.by))?;
        if let Some(maxspan) = self.0.maxspan {
            write!(f, " with maxspan={}{}", maxspan.amount, maxspan.unit.symbol())?;
        }
        for term in &self.0.terms {
            write!(f, "\n  {}", Show(term))?;
        }
        if let Some(until) = &self.0.until {
            write!(f, "\nuntil\n  {}", Show(until))?;
        }
        Ok(())
    }
}

impl Display for Show<'_, Term> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let open = if self.0.missing { "![" } else { "[" };
        write!(f, "{open}{}]{}", Show(&self.0.filter), By(&self.0.by))?;
        if let Some(runs) = self.0.runs {
            write!(f, " with runs={runs}")?;
        }
        Ok(())
    }
}

impl Display for Show<'_, EventFilter> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.0.category {
            Category::Any => f.write_str("any")?,
            Category::Named(name) if is_plain(name) => f.write_str(name)?,
            Category::Named(name) => write_string(f, name)?,
        }
        write!(f, " where {}", Show(&self.0.condition))
    }
}

/// ` by a, b`, or nothing.
struct By<'a>(&'a [FieldName]);

impl Display for By<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (i, key) in self.0.iter().enumerate() {
            let before = if i == 0 { " by " } else { ", " };
            write!(f, "{before}{}", Show(key))?;
        }
        Ok(())
    }
}

impl Display for Show<'_, FieldName> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.0.optional {
            f.write_str("?")?;
        }
        write_name(f, &self.0.name)
    }
}

/// Writes a dotted name; parts that need them get backticks.
fn write_name(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    let quoted = |part: &str| part.replace('`', "``");
    if name.split('.').any(str::is_empty) {
        return write!(f, "`{}`", quoted(name));
    }
    for (i, part) in name.split('.').enumerate() {
        if i > 0 {
            f.write_str(".")?;
        }
        if is_plain(part) { f.write_str(part)? } else { write!(f, "`{}`", quoted(part))? }
    }
    Ok(())
}

/// Whether a name needs no quotes. Keywords in other case need none either, but readers do.
fn is_plain(name: &str) -> bool {
    let mut bytes = name.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'@');
    first
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !is_keyword(&name.to_ascii_lowercase())
}

/// A string literal is written in one place, for conditions and for queries.
fn write_string(f: &mut Formatter<'_>, text: &str) -> fmt::Result {
    write!(f, "{}", dragnet_plan::Literal::Str(text.into()))
}

/// How tightly an expression binds, as in the parser.
fn level(kind: &ExprKind) -> u8 {
    use dragnet_plan::ArithmeticOp as Op;
    match kind {
        ExprKind::Or(_) => 1,
        ExprKind::And(_) => 2,
        ExprKind::Not(_) => 3,
        ExprKind::Compare { .. } | ExprKind::In { .. } | ExprKind::Match { .. } => 4,
        ExprKind::Arithmetic { op: Op::Add | Op::Subtract, .. } => 5,
        ExprKind::Arithmetic { .. } => 6,
        ExprKind::Unary { .. } => 7,
        _ => PRIMARY,
    }
}

/// The level of what never needs parentheses.
const PRIMARY: u8 = 8;

/// An operand that binds at least so tightly, or gets parentheses.
struct Within<'a>(u8, &'a Expr);

impl Display for Within<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if level(&self.1.kind) < self.0 {
            write!(f, "({})", Show(self.1))
        } else {
            write!(f, "{}", Show(self.1))
        }
    }
}

/// Operands with a word between.
fn write_row(f: &mut Formatter<'_>, parts: &[Expr], word: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            write!(f, " {word} ")?;
        }
        write!(f, "{}", Within(3, part))?;
    }
    Ok(())
}

/// `(a, b)`
fn write_list(f: &mut Formatter<'_>, values: &[Expr]) -> fmt::Result {
    for (i, value) in values.iter().enumerate() {
        write!(f, "{}{}", if i == 0 { "(" } else { ", " }, Show(value))?;
    }
    f.write_str(if values.is_empty() { "()" } else { ")" })
}

impl Display for Show<'_, Expr> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let kind = &self.0.kind;
        let own = level(kind);
        match kind {
            ExprKind::Null => f.write_str("null"),
            ExprKind::Bool(value) => write!(f, "{value}"),
            ExprKind::Int(value) => write!(f, "{value}"),
            ExprKind::Double(value) => write!(f, "{value:?}"),
            ExprKind::Str(text) => write_string(f, text),
            ExprKind::Field(name) => write!(f, "{}", Show(name)),
            ExprKind::Call { name, insensitive, args, .. } => {
                write!(f, "{name}{}", if *insensitive { "~" } else { "" })?;
                write_list(f, args)
            }
            ExprKind::Unary { negative, operand } => {
                let sign = if *negative { '-' } else { '+' };
                write!(f, "{sign}{}", Within(own, operand))
            }
            ExprKind::Arithmetic { op, left, right } => {
                let (left, right) = (Within(own, left), Within(own + 1, right));
                write!(f, "{left} {} {right}", op.symbol())
            }
            ExprKind::Compare { op, left, right } => {
                let (left, right) = (Within(own + 1, left), Within(own + 1, right));
                write!(f, "{left} {} {right}", op.symbol())
            }
            ExprKind::In { operand, negated, insensitive, values } => {
                let not = if *negated { "not " } else { "" };
                let tilde = if *insensitive { "~" } else { "" };
                write!(f, "{} {not}in{tilde} ", Within(PRIMARY, operand))?;
                write_list(f, values)
            }
            ExprKind::Match { operand, op, patterns } => {
                write!(f, "{} {} ", Within(PRIMARY, operand), op.symbol())?;
                match patterns.as_slice() {
                    [one] => write!(f, "{}", Show(one)),
                    many => write_list(f, many),
                }
            }
            ExprKind::Not(operand) => write!(f, "not {}", Within(own, operand)),
            ExprKind::And(parts) => write_row(f, parts, "and"),
            ExprKind::Or(parts) => write_row(f, parts, "or"),
        }
    }
}
