//! The reference evaluator: the meaning of conditions, written for clarity.
//!
//! Elasticsearch runs a leaf on a plain field as an index query: it holds if any value of the field
//! satisfies it, a missing field satisfies nothing, and `not` is taken of the outcome, so that
//! `not f : "x"` holds where `f` is missing. Everything else is a script over one value per field.

use std::net::IpAddr;

use dragnet_event::{
    Batch, Field, FieldSink, FieldType, Scalar, Value, coerce, flatten_at, lowercase,
};
use dragnet_plan::eval::{compare, equals};
use dragnet_plan::text::Words;
use dragnet_plan::{Condition, Expr, Leaf, Literal};
use hashbrown::HashMap;

mod rows;
pub use rows::RowMatcher;

/// An event, as the evaluator sees it.
pub trait Fields {
    /// The values of a field; empty if it is missing.
    fn values(&self, field: &Field) -> Vec<Value>;
}

/// Whether an event satisfies a condition.
pub fn holds(condition: &Condition, event: &dyn Fields) -> bool {
    match condition {
        Condition::Const(value) => *value,
        Condition::Leaf(leaf) => leaf_holds(leaf, event),
        Condition::Not(inner) => !holds(inner, event),
        Condition::All(parts) => parts.iter().all(|part| holds(part, event)),
        Condition::Any(parts) => parts.iter().any(|part| holds(part, event)),
    }
}

/// Whether an event satisfies a leaf: for any of the field's values, or for any choice of one value
/// for each field of a script.
pub fn leaf_holds(leaf: &Leaf, event: &dyn Fields) -> bool {
    match leaf {
        Leaf::Script(expr) => script_holds(expr, event),
        Leaf::Exists(field) => !event.values(field).is_empty(),
        Leaf::Compare { field, .. }
        | Leaf::OneOf { field, .. }
        | Leaf::Like { field, .. }
        | Leaf::Regex { field, .. }
        | Leaf::Fuzzy { field, .. }
        | Leaf::Words { field, .. }
        | Leaf::Nested { field, .. }
        | Leaf::Cidr { field, .. } => {
            event.values(field).iter().any(|value| value_holds(leaf, value.as_scalar()))
        }
    }
}

/// Whether one value satisfies a leaf. A script must read exactly one field, whose value this is.
pub fn value_holds(leaf: &Leaf, value: Scalar<'_>) -> bool {
    match leaf {
        Leaf::Exists(_) => true,
        Leaf::Compare { field, op, value: constant } => {
            constant.as_scalar().is_some_and(|constant| compare(*op, value, constant, field.ty()))
        }
        Leaf::OneOf { field, values, fold } => {
            let mut constants = values.iter().filter_map(Literal::as_scalar);
            constants.any(|constant| equals(value, constant, *fold, field.ty()))
        }
        Leaf::Like { patterns, .. } => {
            let text = value.text();
            patterns.iter().any(|pattern| pattern.is_match(&text))
        }
        Leaf::Regex { patterns, .. } => {
            let text = value.text();
            patterns.iter().any(|pattern| pattern.is_match(&text))
        }
        Leaf::Fuzzy { fuzzy, .. } => fuzzy.is_match(&value.text()),
        Leaf::Words { analyzer, test, .. } => {
            test.is_match(&Words::new(*analyzer, &lowercase(&value.text())))
        }
        Leaf::Nested { field, condition } => match value {
            Scalar::Str(json) => holds(condition, &Event::of_object(field.path(), json)),
            _ => false,
        },
        Leaf::Cidr { networks, .. } => match value {
            Scalar::Str(text) => text
                .parse::<IpAddr>()
                .is_ok_and(|address| networks.iter().any(|network| network.contains(address))),
            _ => false,
        },
        Leaf::Script(expr) => expr.eval(&|_| Some(value.to_value())) == Some(Value::Bool(true)),
    }
}

/// Most choices of values that are tried for one script on one event; what lies beyond is not
/// looked at, and the matcher counts such events. Two fields of a hundred values each come to it.
const MAX_CHOICES: usize = 10_000;

/// Whether a leaf is a script for which an event has more choices of values than are tried.
pub fn has_too_many_choices(leaf: &Leaf, event: &dyn Fields) -> bool {
    let Leaf::Script(expr) = leaf else { return false };
    let mut fields: Vec<&Field> = Vec::new();
    expr.for_each_field(&mut |field| {
        if !fields.contains(&field) {
            fields.push(field);
        }
    });
    let counts = fields.iter().map(|field| event.values(field).len().max(1));
    counts.fold(1, usize::saturating_mul) > MAX_CHOICES
}

/// Whether a script is `true` for some choice of one value per distinct field. The same field
/// written twice has the same value in both places.
fn script_holds(expr: &Expr, event: &dyn Fields) -> bool {
    let mut fields: Vec<&Field> = Vec::new();
    expr.for_each_field(&mut |field| {
        if !fields.contains(&field) {
            fields.push(field);
        }
    });
    // A missing field takes part with the one value null.
    let values: Vec<Vec<Option<Value>>> = fields
        .iter()
        .map(|field| {
            let values: Vec<_> = event.values(field).into_iter().map(Some).collect();
            if values.is_empty() { vec![None] } else { values }
        })
        .collect();
    let mut choice = vec![0; fields.len()];
    for _ in 0..MAX_CHOICES {
        let get = |field: &Field| {
            let i = fields.iter().position(|f| *f == field)?;
            values[i][choice[i]].clone()
        };
        if expr.eval(&get) == Some(Value::Bool(true)) {
            return true;
        }
        // The next choice, counting like an odometer.
        let Some(i) = (0..choice.len()).find(|i| choice[*i] + 1 < values[*i].len()) else {
            return false;
        };
        choice[i] += 1;
        choice[..i].fill(0);
    }
    false
}

/// One row of a batch, as an event.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The batch.
    pub batch: &'a Batch,
    /// The row.
    pub row: u32,
}

impl Fields for Row<'_> {
    fn values(&self, field: &Field) -> Vec<Value> {
        let column = self.batch.columns().iter().find(|column| column.field() == field);
        column.map(|c| c.row_values(self.row).map(Scalar::to_value).collect()).unwrap_or_default()
    }
}

/// All values of one event, kept apart from any batch. It is a [`FieldSink`] that wants everything.
#[derive(Debug, Clone, Default)]
pub struct Event {
    values: HashMap<String, Vec<Option<Value>>>,
    /// The JSON texts of objects, by their paths.
    objects: HashMap<String, Vec<Value>>,
}

impl Event {
    /// An event that has nothing but one object at a path. Text that is no JSON object gives none at all.
    fn of_object(path: &str, json: &str) -> Event {
        let mut event = Event::default();
        if let Ok(object) = serde_json::from_str(json) {
            flatten_at(&object, path, &mut event);
        }
        event
    }
}

impl FieldSink for Event {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.values.entry_ref(path).or_default().push(Some(value.to_value()));
    }

    fn put_null(&mut self, path: &str) {
        self.values.entry_ref(path).or_default().push(None);
    }

    fn wants_objects(&self, _path: &str) -> bool {
        true
    }

    fn put_object_json(&mut self, path: &str, json: &str) {
        self.objects.entry_ref(path).or_default().push(Value::Str(json.into()));
    }
}

impl Fields for Event {
    fn values(&self, field: &Field) -> Vec<Value> {
        let spec = field.spec();
        if spec.ty == FieldType::Object {
            return self.objects.get(field.path()).cloned().unwrap_or_default();
        }
        if field.is_pattern() {
            let covered = self.values.iter().filter(|(path, _)| field.covers(path));
            let values = covered.flat_map(|(_, values)| values).flatten();
            return values.filter_map(|value| coerce(spec, value.as_scalar())).collect();
        }
        let stand_in = spec.null_value.as_deref().map(Scalar::Str);
        self.values
            .get(field.path())
            .into_iter()
            .flatten()
            .filter_map(|value| value.as_ref().map(Value::as_scalar).or(stand_in))
            .filter_map(|value| coerce(spec, value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_plan::pattern::Wildcard;

    fn event(pairs: &[(&str, &str)]) -> Event {
        let mut event = Event::default();
        for (path, value) in pairs {
            event.put_str(path, value);
        }
        event
    }

    fn like(field: &str, pattern: &str) -> Condition {
        Condition::Leaf(Leaf::Like {
            field: Field::any(field),
            patterns: vec![Wildcard::new(pattern, true)],
        })
    }

    #[test]
    fn a_missing_field_satisfies_nothing_and_its_negation() {
        let event = event(&[("a", "x")]);
        assert!(!holds(&like("b", "*"), &event));
        assert!(holds(&Condition::Not(Box::new(like("b", "*"))), &event));
    }

    #[test]
    fn any_value_of_an_array_is_enough_and_negation_needs_none() {
        let event = event(&[("a", "x"), ("a", "y")]);
        assert!(holds(&like("a", "Y"), &event));
        assert!(!holds(&Condition::Not(Box::new(like("a", "x"))), &event));
    }
}
