//! Why a condition holds of an event, or does not.

use dragnet_event::{Field, Value};
use dragnet_plan::{Condition, Leaf};

use crate::reference::{Fields, holds};

/// A condition with its verdict, and the same for its parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// What it says.
    pub what: What,
    /// Whether it holds of the event.
    pub holds: bool,
}

/// The shape of an explained condition.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// All of these.
    All(Vec<Explanation>),
    /// At least one of these.
    Any(Vec<Explanation>),
    /// Not this.
    Not(Box<Explanation>),
    /// A constant.
    Const,
    /// A test, as the rule would write it, and the values it saw.
    Leaf {
        /// The test.
        text: String,
        /// Each field that it reads, with the event's values; empty if the field is missing.
        saw: Vec<(Field, Vec<Value>)>,
    },
}

/// Explains a condition on one event.
pub fn explain(condition: &Condition, event: &dyn Fields) -> Explanation {
    let parts = |parts: &[Condition]| parts.iter().map(|part| explain(part, event)).collect();
    let what = match condition {
        Condition::Const(_) => What::Const,
        Condition::Leaf(leaf) => What::Leaf { text: leaf.to_string(), saw: seen(leaf, event) },
        // `f == null` reads better than the negation of `f != null`.
        Condition::Not(inner) => match &**inner {
            Condition::Leaf(leaf @ Leaf::Exists(_)) => {
                What::Leaf { text: condition.to_string(), saw: seen(leaf, event) }
            }
            inner => match existence(inner) {
                Some(field) => {
                    What::Leaf { text: format!("{field} == null"), saw: seen_below(inner, event) }
                }
                None => What::Not(Box::new(explain(inner, event))),
            },
        },
        Condition::All(all) => What::All(parts(all)),
        Condition::Any(any) => match existence(condition) {
            Some(field) => {
                What::Leaf { text: format!("{field} != null"), saw: seen_below(condition, event) }
            }
            None => What::Any(parts(any)),
        },
    };
    Explanation { what, holds: holds(condition, event) }
}

/// The field of a condition that asks whether a field exists, by itself or by fields below it: what KQL's `f: *` is.
fn existence(condition: &Condition) -> Option<&Field> {
    let Condition::Any(parts) = condition else { return None };
    match parts.as_slice() {
        [Condition::Leaf(Leaf::Exists(field)), Condition::Leaf(Leaf::Exists(below))] => {
            let below = below.name().strip_suffix(".*")?;
            (below == field.name()).then_some(field)
        }
        _ => None,
    }
}

/// The values of a field and of those below it, as the values of the field.
fn seen_below(condition: &Condition, event: &dyn Fields) -> Vec<(Field, Vec<Value>)> {
    let Condition::Any(parts) = condition else { return Vec::new() };
    let leaves = parts.iter().filter_map(|part| match part {
        Condition::Leaf(leaf) => Some(seen(leaf, event)),
        _ => None,
    });
    let mut all = leaves.flatten();
    let Some((field, mut values)) = all.next() else { return Vec::new() };
    values.extend(all.flat_map(|(_, more)| more));
    vec![(field, values)]
}

/// Each field that a leaf reads, once, with its values.
fn seen(leaf: &Leaf, event: &dyn Fields) -> Vec<(Field, Vec<Value>)> {
    let mut saw: Vec<(Field, Vec<Value>)> = Vec::new();
    leaf.for_each_field(&mut |field| {
        if saw.iter().all(|(seen, _)| seen != field) {
            saw.push((field.clone(), event.values(field)));
        }
    });
    saw
}

/// How near an event is to satisfying a condition, from 0 to 1 (it does): of parts that must all hold the
/// mean, of alternatives the nearest.
pub fn nearness(condition: &Condition, event: &dyn Fields) -> f64 {
    match condition {
        Condition::All(parts) if !parts.is_empty() => {
            parts.iter().map(|part| nearness(part, event)).sum::<f64>() / parts.len() as f64
        }
        Condition::Any(parts) => parts.iter().map(|part| nearness(part, event)).fold(0.0, f64::max),
        other => f64::from(u8::from(holds(other, event))),
    }
}
