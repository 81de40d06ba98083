//! Conditions joined: constants folded, and tests of one field by values or patterns made one.

use std::collections::HashMap;

use dragnet_event::Field;
use dragnet_plan::{CompareOp, Condition, Leaf, Literal};

/// All of these; constants are folded.
pub(crate) fn all(parts: Vec<Condition>) -> Condition {
    if parts.contains(&Condition::Const(false)) {
        return Condition::Const(false);
    }
    let mut parts: Vec<_> =
        parts.into_iter().filter(|part| *part != Condition::Const(true)).collect();
    match parts.len() {
        0 => Condition::Const(true),
        1 => parts.swap_remove(0),
        _ => Condition::All(parts),
    }
}

/// Not this.
pub(crate) fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Const(value) => Condition::Const(!value),
        condition => Condition::Not(Box::new(condition)),
    }
}

/// Any of these; constants are folded, and tests of one field by values or patterns become one test.
pub(crate) fn any(parts: Vec<Condition>) -> Condition {
    if parts.contains(&Condition::Const(true)) {
        return Condition::Const(true);
    }
    let mut merged: Vec<Condition> = Vec::with_capacity(parts.len());
    let mut places: HashMap<(Field, u8), usize> = HashMap::new();
    for part in parts {
        let Condition::Leaf(leaf) = part else {
            if part != Condition::Const(false) {
                merged.push(part);
            }
            continue;
        };
        let Some(key) = merge_key(&leaf) else {
            merged.push(Condition::Leaf(leaf));
            continue;
        };
        if let Some(at) = places.get(&key) {
            merge(&mut merged[*at], leaf);
        } else {
            places.insert(key, merged.len());
            merged.push(Condition::Leaf(leaf));
        }
    }
    match merged.len() {
        0 => Condition::Const(false),
        1 => merged.swap_remove(0),
        _ => Condition::Any(merged),
    }
}

/// What leaves have in common that can be one. Texts stay apart from other values, since they are looked up and
/// those are compared one by one.
fn merge_key(leaf: &Leaf) -> Option<(Field, u8)> {
    match leaf {
        Leaf::Compare { field, op: CompareOp::Eq, value } => {
            Some((field.clone(), u8::from(matches!(value, Literal::Str(_)))))
        }
        Leaf::OneOf { field, values, fold: false } => {
            Some((field.clone(), u8::from(matches!(values.first(), Some(Literal::Str(_))))))
        }
        Leaf::Like { field, .. } => Some((field.clone(), 2)),
        Leaf::Cidr { field, .. } => Some((field.clone(), 3)),
        _ => None,
    }
}

/// Adds a leaf to another one of its kind.
fn merge(into: &mut Condition, leaf: Leaf) {
    let Condition::Leaf(into) = into else { return };
    if let Leaf::Compare { field, value, .. } = into {
        *into = Leaf::OneOf { field: field.clone(), values: vec![value.clone()], fold: false };
    }
    match (into, leaf) {
        (Leaf::OneOf { values, .. }, Leaf::Compare { value, .. }) => values.push(value),
        (Leaf::OneOf { values, .. }, Leaf::OneOf { values: more, .. }) => values.extend(more),
        (Leaf::Like { patterns, .. }, Leaf::Like { patterns: more, .. }) => patterns.extend(more),
        (Leaf::Cidr { networks, .. }, Leaf::Cidr { networks: more, .. }) => networks.extend(more),
        _ => {}
    }
}
