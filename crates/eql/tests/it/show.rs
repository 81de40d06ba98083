//! Plans as compact text, for tests.

use std::fmt::Write;

use dragnet_plan::pattern::{RegexPattern, Wildcard};
use dragnet_plan::{Condition, Expr, Function, Key, Leaf, Literal, Pipe, Query, Stage};

/// A query, one stage a line.
pub(crate) fn query(query: &Query) -> String {
    let mut out = String::new();
    let mut stages = |name: &str, stages: &[Stage]| {
        out.push_str(name);
        for stage in stages {
            let missing = if stage.missing { "!" } else { "" };
            let keys: Vec<_> = stage.keys.iter().map(key).collect();
            let keys =
                if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
            let _ = write!(out, "\n{missing}[{}]{keys}", condition(&stage.condition));
        }
    };
    match query {
        Query::Event { condition: c, .. } => out = condition(c),
        Query::Sequence(sequence) => {
            let span = sequence.maxspan_ms.map(|ms| format!(" {ms}ms")).unwrap_or_default();
            stages(&format!("sequence{span}"), &sequence.stages);
            if let Some(until) = &sequence.until {
                stages("\nuntil", std::slice::from_ref(until));
            }
        }
        Query::Sample(sample) => stages("sample", &sample.stages),
        other => panic!("EQL has no such query: {other:?}"),
    }
    for pipe in query.pipes() {
        let _ = match pipe {
            Pipe::Head(n) => write!(out, "\n| head {n}"),
            Pipe::Tail(n) => write!(out, "\n| tail {n}"),
        };
    }
    out
}

fn key(key: &Key) -> String {
    let mark = if key.optional { "?" } else { "" };
    format!("{mark}{}", key.field.as_ref().map_or("-", |field| field.name()))
}

/// A condition, without parentheses around the whole.
pub(crate) fn condition(c: &Condition) -> String {
    let inner = |c: &Condition| match c {
        Condition::All(_) | Condition::Any(_) => format!("({})", condition(c)),
        _ => condition(c),
    };
    let row = |parts: &[Condition], word: &str| {
        assert!(parts.len() > 1, "a row of {parts:?}");
        parts.iter().map(inner).collect::<Vec<_>>().join(word)
    };
    match c {
        Condition::Const(value) => value.to_string(),
        Condition::Leaf(l) => leaf(l),
        Condition::Not(c) => format!("not {}", inner(c)),
        Condition::All(parts) => row(parts, " and "),
        Condition::Any(parts) => row(parts, " or "),
    }
}

fn leaf(leaf: &Leaf) -> String {
    match leaf {
        Leaf::Exists(field) => format!("{field} exists"),
        Leaf::Compare { field, op, value } => {
            format!("{field} {} {}", op.symbol(), literal(value))
        }
        Leaf::OneOf { field, values, fold } => format!("{field} {}", list(values, *fold)),
        Leaf::Like { field, patterns } => format!("{field} {}", likes(patterns)),
        Leaf::Regex { field, patterns } => format!("{field} {}", regexes(patterns)),
        Leaf::Cidr { field, networks } => {
            let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
            format!("{field} within {}", networks.join(", "))
        }
        Leaf::Script(e) => format!("script({})", expr(e)),
        // No EQL query has these.
        Leaf::Fuzzy { .. } | Leaf::Words { .. } | Leaf::Nested { .. } => leaf.to_string(),
    }
}

fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Date(time) => format!("date({time})"),
        other => other.to_string(),
    }
}

fn list(values: &[Literal], fold: bool) -> String {
    let values: Vec<_> = values.iter().map(literal).collect();
    format!("{} ({})", if fold { "in~" } else { "in" }, values.join(", "))
}

fn likes(patterns: &[Wildcard]) -> String {
    let word = if patterns.iter().all(Wildcard::fold) { "like~" } else { "like" };
    let texts: Vec<_> = patterns.iter().map(|p| format!("{:?}", p.text())).collect();
    format!("{word} {}", texts.join(", "))
}

fn regexes(patterns: &[RegexPattern]) -> String {
    let word = if patterns.iter().all(RegexPattern::fold) { "regex~" } else { "regex" };
    let texts: Vec<_> =
        patterns.iter().map(|p| format!("{:?}:{}", p.dialect(), p.text())).collect();
    format!("{word} {}", texts.join(", "))
}

fn name(function: Function) -> String {
    let signature = function.signature();
    let tilde = if signature.insensitive == Some(function) { "~" } else { "" };
    format!("{}{tilde}", signature.name)
}

/// An expression; everything with an operator is in parentheses.
fn expr(e: &Expr) -> String {
    let row = |parts: &[Expr], word: &str| {
        format!("({})", parts.iter().map(expr).collect::<Vec<_>>().join(word))
    };
    match e {
        Expr::Field(field) => field.to_string(),
        Expr::Literal(value) => literal(value),
        Expr::Negate(e) => format!("(-{})", expr(e)),
        Expr::Arithmetic { op, left, right } => {
            format!("({} {} {})", expr(left), op.symbol(), expr(right))
        }
        Expr::Call { function, args } => {
            let args: Vec<_> = args.iter().map(expr).collect();
            format!("{}({})", name(*function), args.join(", "))
        }
        Expr::Compare { op, left, right } => {
            format!("({} {} {})", expr(left), op.symbol(), expr(right))
        }
        Expr::IsNull(e) => format!("({} is null)", expr(e)),
        Expr::And(parts) => row(parts, " and "),
        Expr::Or(parts) => row(parts, " or "),
        Expr::Not(e) => format!("(not {})", expr(e)),
        Expr::OneOf { expr: e, values, fold } => format!("({} {})", expr(e), list(values, *fold)),
        Expr::Like { expr: e, patterns } => format!("({} {})", expr(e), likes(patterns)),
        Expr::Regex { expr: e, patterns } => format!("({} {})", expr(e), regexes(patterns)),
    }
}
