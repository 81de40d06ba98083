//! Events that lack one thing.

use std::collections::BTreeSet;

use dragnet_event::Field;
use dragnet_plan::Condition;

use crate::event::Event;
use crate::offers::plain;
use crate::solve::Goal;
use crate::store::shorten;
use crate::{Synth, Unsatisfiable};

/// Other values of a field that are tried before a new event is looked for.
const MAX_OTHERS: usize = 4;

/// The parts of a condition that all must be as they say. What is nested is a part of its own.
pub(crate) fn clauses(condition: &Condition) -> Vec<Goal<'_>> {
    let mut clauses = Vec::new();
    let mut open = vec![(condition, true)];
    while let Some((condition, wanted)) = open.pop() {
        match (condition, wanted) {
            (Condition::Not(inner), _) => open.push((inner, !wanted)),
            (Condition::All(parts), true) | (Condition::Any(parts), false) => {
                open.extend(parts.iter().rev().map(|part| (part, wanted)));
            }
            _ => clauses.push((condition, wanted)),
        }
    }
    clauses
}

/// A clause as a rule would write it, cut off where it is long.
pub(crate) fn describe((condition, wanted): Goal<'_>) -> String {
    shorten(&if wanted { condition.to_string() } else { format!("not ({condition})") })
}

/// The condition that all clauses hold but one, which does not.
pub(crate) fn with_broken(clauses: &[Goal<'_>], broken: usize) -> Condition {
    let each = clauses.iter().enumerate().map(|(at, (condition, wanted))| {
        let condition = (*condition).clone();
        if *wanted == (at != broken) { condition } else { Condition::Not(Box::new(condition)) }
    });
    Condition::All(each.collect())
}

impl Synth<'_> {
    /// An event in which one clause is broken and everything else is kept. `whole` is one where all
    /// of it holds: the nearer to it the better.
    pub(crate) fn without(
        &self,
        clauses: &[Goal<'_>],
        broken: usize,
        keep: &[Condition],
        whole: &Event,
    ) -> Result<Event, Unsatisfiable> {
        let mut goals: Vec<Goal<'_>> = clauses.to_vec();
        goals[broken].1 = !goals[broken].1;
        goals.swap(0, broken);
        goals.extend(keep.iter().map(|condition| (condition, true)));
        let holds = |event: &Event| {
            goals
                .iter()
                .all(|(condition, wanted)| self.evaluator.holds(condition, event) == *wanted)
        };
        let mut fields: Vec<&Field> = Vec::new();
        goals[0].0.for_each_leaf(&mut |leaf| leaf.for_each_field(&mut |field| fields.push(field)));
        let mut seen = BTreeSet::new();
        // An event without a time is another matter.
        fields.retain(|field| field.path() != "@timestamp" && seen.insert(field.path()));
        for field in fields {
            let others = plain(field).into_iter().take(MAX_OTHERS).map(|value| vec![value]);
            for values in std::iter::once(Vec::new()).chain(others) {
                let mut event = whole.clone();
                event.set(field.path(), values);
                if holds(&event) {
                    return Ok(event);
                }
            }
        }
        self.solve(&goals)
    }
}
