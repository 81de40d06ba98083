//! Whether two queries mean the same.

use dragnet_event::Schema;
use dragnet_plan::{Condition, Leaf, Query, Severity};

use crate::compile;
use crate::rule::Rule;

/// Whether the queries of two rules find the same events. Queries are compared by their plans, in which the order
/// of what is joined by `and`, `or` and `in` does not count; of those that do not compile, only white space and
/// comments of their own line do not count.
pub(super) fn means_the_same(old: &Rule, new: &Rule) -> bool {
    if old.rule_type != new.rule_type {
        return false;
    }
    if old.rule_type.unsupported().is_none()
        && let (Some(old), Some(new)) = (plan(old), plan(new))
    {
        return old == new;
    }
    is_laid_out_alike(&words(&old.query), &words(&new.query))
}

/// Whether two texts differ in nothing but space at the ends of lines.
pub(super) fn is_laid_out_alike(old: &str, new: &str) -> bool {
    old.trim().lines().map(str::trim_end).eq(new.trim().lines().map(str::trim_end))
}

/// The plan of a rule's query, in an order of its own; `None` if the query does not compile.
fn plan(rule: &Rule) -> Option<Query> {
    let (query, diagnostics) = compile::text(rule, &Schema::open());
    let is_broken = diagnostics.iter().any(|d| d.severity == Severity::Error);
    query.filter(|_| !is_broken).map(ordered)
}

fn ordered(mut query: Query) -> Query {
    for condition in query.conditions_mut() {
        let own = std::mem::replace(condition, Condition::Const(false));
        *condition = ordered_condition(own);
    }
    // A stage is the same wherever it stands in the text.
    match &mut query {
        Query::Sequence(sequence) => {
            let stages = sequence.stages.iter_mut().chain(sequence.until.as_mut());
            stages.for_each(|stage| stage.span = 0..0);
        }
        Query::Sample(sample) => sample.stages.iter_mut().for_each(|stage| stage.span = 0..0),
        _ => {}
    }
    query
}

/// The condition with its parts in an order that does not depend on how they were written. The
/// language bounds the depth, thus the recursion.
fn ordered_condition(condition: Condition) -> Condition {
    let all = |parts: Vec<Condition>| {
        let mut parts: Vec<Condition> = parts.into_iter().map(ordered_condition).collect();
        parts.sort_by_cached_key(|part| format!("{part:?}"));
        parts.dedup();
        parts
    };
    match condition {
        Condition::All(parts) => Condition::All(all(parts)),
        Condition::Any(parts) => Condition::Any(all(parts)),
        Condition::Not(inner) => Condition::Not(Box::new(ordered_condition(*inner))),
        Condition::Leaf(Leaf::OneOf { field, mut values, fold }) => {
            values.sort_by_cached_key(|value| format!("{value:?}"));
            Condition::Leaf(Leaf::OneOf { field, values, fold })
        }
        Condition::Leaf(Leaf::Like { field, mut patterns }) => {
            patterns.sort_by_cached_key(|pattern| format!("{pattern:?}"));
            Condition::Leaf(Leaf::Like { field, patterns })
        }
        other => other,
    }
}

/// The text with one space where there is white space outside quotes, and without comments that have a line
/// to themselves.
fn words(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with("//"));
    let mut out = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in lines.flat_map(|line| line.chars().chain(['\n'])) {
        match quote {
            Some(sign) => {
                if c == sign && !escaped {
                    quote = None;
                }
                escaped = c == '\\' && !escaped;
                out.push(c);
            }
            None if c.is_whitespace() => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            None => {
                if c == '"' {
                    quote = Some(c);
                }
                out.push(c);
            }
        }
    }
    out
}
