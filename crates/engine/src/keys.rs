//! The hits of a batch: where the events of a stage stand, and their join keys.

use std::cell::Cell;

use dragnet_event::{Batch, Column, ColumnId, Scalar, Value};
use hashbrown::HashMap;

use crate::bitmap::Bitmap;
use crate::hit::{Hit, JoinKey, Position};
use crate::rule_set::{CompiledKey, CompiledStage, RuleSet};

/// Gives the hits of one batch. They are kept until they are correlated, and many have the same join key: the host's,
/// or none at all.
pub(crate) struct HitMaker<'a> {
    rules: &'a RuleSet,
    batch: &'a Batch,
    overflows: &'a Cell<u64>,
    /// Join keys by the columns and codes of their values.
    known: HashMap<Box<[(u32, u32)]>, JoinKey>,
    /// Those of the row at hand.
    codes: Vec<(u32, u32)>,
    /// By key of the stage at hand: where in its column the last row was found.
    places: Vec<usize>,
    no_key: JoinKey,
}

/// The join keys of a row.
enum Keys {
    /// It takes no part, for want of a value.
    None,
    One(JoinKey),
    /// A field has several values.
    Many,
}

/// Stands for null among codes.
const NULL: (u32, u32) = (u32::MAX, u32::MAX);

impl<'a> HitMaker<'a> {
    pub(crate) fn new(
        rules: &'a RuleSet,
        batch: &'a Batch,
        overflows: &'a Cell<u64>,
    ) -> HitMaker<'a> {
        HitMaker {
            rules,
            batch,
            overflows,
            known: HashMap::new(),
            codes: Vec::new(),
            places: Vec::new(),
            no_key: JoinKey::none(),
        }
    }

    /// Gives the hits of rows on one stage: one for each combination of join key values. Gives how many there were.
    pub(crate) fn give(
        &mut self,
        stage: &CompiledStage,
        rows: &Bitmap,
        hit: &mut dyn FnMut(Hit),
    ) -> u64 {
        let (query, number) = (stage.query, stage.stage);
        let mut count = 0;
        self.places.clear();
        self.places.resize(stage.keys.len(), 0);
        for row in rows.iter() {
            let Some(position) = position(self.rules, stage, self.batch, row) else { continue };
            match self.keys(&stage.keys, row) {
                Keys::None => {}
                Keys::One(key) => {
                    count += 1;
                    hit(Hit { query, stage: number, key, position });
                }
                Keys::Many => {
                    let (keys, complete) = join_keys(&stage.keys, self.batch, row);
                    self.overflows.set(self.overflows.get() + u64::from(!complete));
                    count += keys.len() as u64;
                    for key in keys {
                        hit(Hit { query, stage: number, key, position: position.clone() });
                    }
                }
            }
        }
        count
    }

    fn keys(&mut self, keys: &[CompiledKey], row: u32) -> Keys {
        if keys.is_empty() {
            return Keys::One(self.no_key.clone());
        }
        let batch = self.batch;
        self.codes.clear();
        let mut is_one = true;
        for (key, place) in keys.iter().zip(&mut self.places) {
            let column = key.column.map(|column| batch.column(column));
            let codes = column.map_or(&[][..], |column| codes_from(column, place, row));
            match (key.column, codes) {
                (Some(column), [code]) => self.codes.push((column.0, *code)),
                (_, []) if key.optional => self.codes.push(NULL),
                (_, []) => return Keys::None,
                _ => is_one = false,
            }
        }
        if !is_one {
            return Keys::Many;
        }
        if let Some(key) = self.known.get(&*self.codes) {
            return Keys::One(key.clone());
        }
        let value = |&(column, code): &(u32, u32)| {
            let column = (column != NULL.0).then(|| batch.column(ColumnId(column)))?;
            Some(column.dictionary().value(code).to_value())
        };
        let key = JoinKey::new(self.codes.iter().map(value).collect());
        self.known.insert(self.codes.as_slice().into(), key.clone());
        Keys::One(key)
    }
}

/// The codes of a row's values in a column. Rows come in ascending order: `place` is where the search begins, and where
/// it came to.
fn codes_from<'c>(column: &'c Column, place: &mut usize, row: u32) -> &'c [u32] {
    let rows = &column.rows()[*place..];
    // The next row is mostly near.
    let mut near = 8;
    while near < rows.len() && rows[near] < row {
        near *= 8;
    }
    let start = rows[..near.min(rows.len())].partition_point(|r| *r < row);
    let len = rows[start..].iter().take_while(|r| **r == row).count();
    *place += start;
    &column.codes()[*place..*place + len]
}

/// Where an event stands for a query; `None` if it lacks a time that it must have to take part.
fn position(rules: &RuleSet, stage: &CompiledStage, batch: &Batch, row: u32) -> Option<Position> {
    let timing = rules.timings[stage.query as usize];
    let first = |column| batch.column(column).row_values(row).next();
    let date = |column| match first(column) {
        Some(Scalar::Date(time)) => Some(time),
        _ => None,
    };
    let time = timing.timestamp.map_or_else(|| batch.time(row), date);
    let window = match timing.window {
        None => time,
        Some(column) => date(column).or(time.filter(|_| !timing.strict_window)),
    };
    let lacks_time = stage.needs_time && (time.is_none() || window.is_none());
    if lacks_time || (timing.strict_window && window.is_none()) {
        return None;
    }
    let tiebreak = timing.tiebreaker.and_then(|column| first(column).map(Scalar::to_value));
    Some(Position { time, window, tiebreak, event: batch.event_ref(row) })
}

/// Most join keys that one event gives; further combinations are dropped, and the event is counted.
const MAX_KEYS: usize = 1024;

/// The combinations of the key fields' values, without repetition, and whether those are all.
/// Elasticsearch: nulls inside arrays are ignored, a missing field is null, and null takes part only for
/// an optional key.
fn join_keys(keys: &[CompiledKey], batch: &Batch, row: u32) -> (Vec<JoinKey>, bool) {
    let mut tuples: Vec<Vec<Option<Value>>> = vec![Vec::with_capacity(keys.len())];
    let mut complete = true;
    for key in keys {
        let column = key.column.map(|column| batch.column(column));
        let mut codes = column.map_or(Vec::new(), |column| column.row_codes(row).to_vec());
        codes.sort_unstable();
        codes.dedup();
        complete &= codes.len() <= MAX_KEYS;
        let values = codes.iter().take(MAX_KEYS).zip(column.iter().cycle());
        let mut values: Vec<Option<Value>> = values
            .map(|(code, column)| Some(column.dictionary().value(*code).to_value()))
            .collect();
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

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_event::{EventRef, Field, FieldSink};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn codes_of_ascending_rows_are_found(
            counts in prop::collection::vec(0usize..3, 1..300),
            step in 1usize..100,
        ) {
            let mut batch = Batch::new(&[Field::any("f")], &Field::any("@timestamp"));
            for (index, count) in (0..).zip(&counts) {
                (0..*count).for_each(|n| batch.put("f", Scalar::Long(n as i64 + index)));
                batch.end_row(EventRef { source: 0, block: 0, index: index as u32 });
            }
            let column = batch.column(ColumnId(0));
            let mut place = 0;
            for row in (0..counts.len() as u32).step_by(step) {
                prop_assert_eq!(codes_from(column, &mut place, row), column.row_codes(row));
            }
        }
    }
}
