//! A rule set row by row: the hits that the matcher must give, by the definition of conditions alone.
//!
//! Nothing here is shared with the matcher but the list of queries and the names of the fields that tell times: no
//! columns, no predicates, no bitmaps. It is slow, and meant to be read.

use dragnet_event::{EventRef, Field, Time, Value};
use dragnet_plan::{Condition, Key, Leaf, Query};

use super::{Fields, has_too_many_choices, holds};
use crate::hit::{Hit, JoinKey, Position, StageNumber};
use crate::rule_set::RuleSet;

/// Gives the hits of events, one event after the other.
#[derive(Debug)]
pub struct RowMatcher<'r> {
    rules: &'r RuleSet,
    stages: Vec<Stage<'r>>,
    overflows: u64,
}

/// One stage of one query.
#[derive(Debug)]
struct Stage<'r> {
    query: u32,
    number: StageNumber,
    condition: &'r Condition,
    keys: Vec<Key>,
    /// Whether an event must have a time to take part.
    needs_time: bool,
    /// The leaves of the condition that are scripts.
    scripts: Vec<&'r Leaf>,
}

/// Most join keys that one event gives, as in the matcher.
const MAX_KEYS: usize = 1024;

impl<'r> RowMatcher<'r> {
    /// For the queries of a rule set.
    pub fn new(rules: &'r RuleSet) -> RowMatcher<'r> {
        let queries = (0..).zip(rules.queries());
        let stages = queries.flat_map(|(number, query)| stages(number, query)).collect();
        RowMatcher { rules, stages, overflows: 0 }
    }

    /// How often an event had so many values in the fields of one script or join key that not all combinations
    /// were looked at. The matcher counts the same, but of scripts only where it had to look.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    /// Gives every hit of one event, by stage. `time` is the event's time, if it has one that can be read.
    pub fn run(
        &mut self,
        event: &dyn Fields,
        time: Option<Time>,
        at: EventRef,
        hit: &mut dyn FnMut(Hit),
    ) {
        for stage in &self.stages {
            let too_many = stage.scripts.iter().filter(|leaf| has_too_many_choices(leaf, event));
            self.overflows += too_many.count() as u64;
            if !holds(stage.condition, event) {
                continue;
            }
            let Some(position) = self.position(stage, event, time, at) else { continue };
            let (keys, complete) = join_keys(&stage.keys, event);
            self.overflows += u64::from(!complete);
            for key in keys {
                let position = position.clone();
                hit(Hit { query: stage.query, stage: stage.number, key, position });
            }
        }
    }

    /// Where the event stands for a query; `None` if it lacks a time that it must have to take part.
    fn position(
        &self,
        stage: &Stage<'_>,
        event: &dyn Fields,
        time: Option<Time>,
        at: EventRef,
    ) -> Option<Position> {
        let timing = self.rules.timings[stage.query as usize];
        let field = |column: dragnet_event::ColumnId| &self.rules.fields[column.0 as usize];
        let time = timing.timestamp.map_or(time, |column| first_date(event, field(column)));
        let window = match timing.window {
            None => time,
            Some(column) => {
                let own = first_date(event, field(column));
                if timing.strict_window { own } else { own.or(time) }
            }
        };
        if (timing.strict_window && window.is_none())
            || (stage.needs_time && (time.is_none() || window.is_none()))
        {
            return None;
        }
        let tiebreak =
            timing.tiebreaker.and_then(|column| event.values(field(column)).into_iter().next());
        Some(Position { time, window, tiebreak, event: at })
    }
}

/// The stages of a query, `until` after the others.
fn stages(query: u32, of: &Query) -> Vec<Stage<'_>> {
    // Sequences order events by time, and executions choose those of the two others by it.
    let needs_time = matches!(of, Query::Sequence(_) | Query::Threshold(_) | Query::NewTerms(_));
    let stage = |number, condition, keys| {
        let mut scripts = Vec::new();
        Condition::for_each_leaf(condition, &mut |leaf| {
            if matches!(leaf, Leaf::Script(_)) {
                scripts.push(leaf);
            }
        });
        Stage { query, number, condition, keys, needs_time, scripts }
    };
    if let Some((condition, keys)) = of.only_stage() {
        return vec![stage(0, condition, keys)];
    }
    let (terms, until) = match of {
        Query::Sequence(sequence) => (&*sequence.stages, sequence.until.as_ref()),
        Query::Sample(sample) => (&*sample.stages, None),
        Query::Event { .. }
        | Query::Threshold(_)
        | Query::NewTerms(_)
        | Query::IndicatorMatch(_) => (&[][..], None),
    };
    let terms = (0..).zip(terms.iter().chain(until));
    terms.map(|(number, term)| stage(number, &term.condition, term.keys.clone())).collect()
}

/// The first value of a field of dates.
fn first_date(event: &dyn Fields, field: &Field) -> Option<Time> {
    match event.values(field).first() {
        Some(Value::Date(time)) => Some(*time),
        _ => None,
    }
}

/// The combinations of the key fields' values, without repetition, and whether those are all.
/// Elasticsearch: nulls inside arrays are ignored, a missing field is null, and null takes part only for an
/// optional key.
fn join_keys(keys: &[Key], event: &dyn Fields) -> (Vec<JoinKey>, bool) {
    let mut tuples: Vec<Vec<Option<Value>>> = vec![Vec::new()];
    let mut complete = true;
    for key in keys {
        let mut values: Vec<Option<Value>> = Vec::new();
        for value in key.field.iter().flat_map(|field| event.values(field)).map(Some) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if values.is_empty() {
            if !key.optional {
                return (Vec::new(), true);
            }
            values.push(None);
        }
        complete &= tuples.len() * values.len() <= MAX_KEYS;
        let extended = tuples.iter().flat_map(|tuple| {
            values.iter().map(|v| [tuple.as_slice(), std::slice::from_ref(v)].concat())
        });
        tuples = extended.take(MAX_KEYS).collect();
    }
    (tuples.into_iter().map(JoinKey::new).collect(), complete)
}
