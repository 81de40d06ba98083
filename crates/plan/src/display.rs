//! Conditions and expressions as text: the way a rule would write them, for explanations.

use std::fmt::{self, Display, Formatter};

use crate::condition::{Condition, Expr, Leaf, Literal};
use crate::pattern::{RegexPattern, Wildcard};

impl Display for Condition {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Condition::Const(value) => write!(f, "{value}"),
            Condition::Leaf(leaf) => leaf.fmt(f),
            Condition::Not(inner) => match &**inner {
                Condition::Leaf(Leaf::Exists(field)) => write!(f, "{field} == null"),
                Condition::Leaf(leaf) => write!(f, "not {leaf}"),
                other => write!(f, "not ({other})"),
            },
            // Of no parts all hold, and none does.
            Condition::All(parts) if parts.is_empty() => f.write_str("true"),
            Condition::Any(parts) if parts.is_empty() => f.write_str("false"),
            Condition::All(parts) => joined(f, parts, " and "),
            Condition::Any(parts) => joined(f, parts, " or "),
        }
    }
}

fn joined(f: &mut Formatter<'_>, parts: &[Condition], separator: &str) -> fmt::Result {
    for (i, part) in parts.iter().enumerate() {
        if i > 0 {
            f.write_str(separator)?;
        }
        match part {
            Condition::All(inner) | Condition::Any(inner) if inner.len() > 1 => {
                write!(f, "({part})")?;
            }
            _ => part.fmt(f)?,
        }
    }
    Ok(())
}

impl Display for Leaf {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Leaf::Exists(field) => write!(f, "{field} != null"),
            Leaf::Compare { field, op, value } => write!(f, "{field} {} {value}", op.symbol()),
            Leaf::OneOf { field, values, fold } => {
                write!(f, "{field} {} ", if *fold { "in~" } else { "in" })?;
                list(f, values.iter(), true)
            }
            Leaf::Like { field, patterns } => {
                write!(f, "{field} {} ", like_symbol(patterns))?;
                list(f, patterns.iter().map(|p| Literal::Str(p.text().into())), false)
            }
            Leaf::Regex { field, patterns } => {
                write!(f, "{field} {} ", regex_symbol(patterns))?;
                list(f, patterns.iter().map(|p| Literal::Str(p.text().into())), false)
            }
            Leaf::Cidr { field, networks } => {
                write!(f, "cidrMatch({field}")?;
                for network in networks {
                    write!(f, ", \"{network}\"")?;
                }
                f.write_str(")")
            }
            Leaf::Fuzzy { field, fuzzy } => {
                write!(f, "{field} near {}~{}", Literal::Str(fuzzy.text().into()), fuzzy.steps())
            }
            Leaf::Words { field, test, .. } => write!(f, "{field} {test}"),
            Leaf::Nested { field, condition } => write!(f, "{field} has one with ({condition})"),
            Leaf::Script(expr) => expr.fmt(f),
        }
    }
}

/// Writes constants in parentheses; a single one without, unless they are always needed.
fn list<T: Display>(
    f: &mut Formatter<'_>,
    items: impl ExactSizeIterator<Item = T>,
    always: bool,
) -> fmt::Result {
    let parens = always || items.len() != 1;
    f.write_str(if parens { "(" } else { "" })?;
    for (i, item) in items.enumerate() {
        write!(f, "{}{item}", if i > 0 { ", " } else { "" })?;
    }
    f.write_str(if parens { ")" } else { "" })
}

fn like_symbol(patterns: &[Wildcard]) -> &'static str {
    // `:` and `like~` mean the same, and rules prefer the former.
    if patterns.first().is_some_and(Wildcard::fold) { ":" } else { "like" }
}

fn regex_symbol(patterns: &[RegexPattern]) -> &'static str {
    if patterns.first().is_some_and(RegexPattern::fold) { "regex~" } else { "regex" }
}

impl Display for Expr {
    /// Every operation inside another stands in parentheses.
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Field(field) => field.fmt(f),
            Expr::Literal(literal) => literal.fmt(f),
            Expr::Negate(e) => write!(f, "-{}", Operand(e)),
            Expr::Arithmetic { op, left, right } => {
                write!(f, "{} {} {}", Operand(left), op.symbol(), Operand(right))
            }
            Expr::Call { function, args } => {
                let signature = function.signature();
                let tilde = if signature.insensitive == Some(*function) { "~" } else { "" };
                write!(f, "{}{tilde}", signature.name)?;
                list(f, args.iter(), true)
            }
            Expr::Compare { op, left, right } => {
                write!(f, "{} {} {}", Operand(left), op.symbol(), Operand(right))
            }
            Expr::IsNull(e) => write!(f, "{} == null", Operand(e)),
            Expr::Not(e) => write!(f, "not {}", Operand(e)),
            Expr::And(parts) | Expr::Or(parts) => {
                let word = if matches!(self, Expr::And(_)) { " and " } else { " or " };
                for (i, part) in parts.iter().enumerate() {
                    write!(f, "{}{}", if i > 0 { word } else { "" }, Operand(part))?;
                }
                Ok(())
            }
            Expr::OneOf { expr, values, fold } => {
                write!(f, "{} {} ", Operand(expr), if *fold { "in~" } else { "in" })?;
                list(f, values.iter(), true)
            }
            Expr::Like { expr, patterns } => {
                write!(f, "{} {} ", Operand(expr), like_symbol(patterns))?;
                list(f, patterns.iter().map(|p| Literal::Str(p.text().into())), false)
            }
            Expr::Regex { expr, patterns } => {
                write!(f, "{} {} ", Operand(expr), regex_symbol(patterns))?;
                list(f, patterns.iter().map(|p| Literal::Str(p.text().into())), false)
            }
        }
    }
}

/// An expression inside another one.
struct Operand<'a>(&'a Expr);

impl Display for Operand<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.0 {
            plain @ (Expr::Field(_) | Expr::Literal(_) | Expr::Call { .. }) => plain.fmt(f),
            nested => write!(f, "({nested})"),
        }
    }
}
