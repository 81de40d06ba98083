//! Hits of a whole hunt, packed: there may be several for each event, and nothing comes of most of them.
//!
//! A hit takes about a hundred bytes, its join key as much again; here both together take some dozens. What is packed
//! is unpacked one query at a time.

use std::collections::HashMap;

use dragnet_event::{EventRef, Time, Value};

use crate::hit::{Hit, JoinKey, Position, StageNumber};

/// Hits in no particular order, packed.
#[derive(Debug, Default)]
pub struct Hits {
    runs: Vec<Run>,
}

/// Hits that were packed together: those of a batch.
#[derive(Debug)]
struct Run {
    /// By query.
    parts: Box<[Part]>,
    /// The hits, each in relation to the one before; see [`Packer`].
    hits: Box<[u8]>,
    /// The join keys.
    keys: Box<[u8]>,
}

/// The hits of one query.
#[derive(Debug, Clone, Copy)]
struct Part {
    query: u32,
    /// How many.
    count: u32,
    /// The stages of which there are some.
    stages: Stages,
    /// Where they begin.
    at: usize,
}

/// A set of stages, as bits; those beyond share the last one.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stages(u64);

impl Stages {
    pub(crate) fn insert(&mut self, stage: usize) {
        self.0 |= 1 << stage.min(63);
    }

    pub(crate) fn contains(self, stage: usize) -> bool {
        self.0 & 1 << stage.min(63) != 0
    }
}

impl Hits {
    /// Packs hits.
    ///
    /// # Examples
    ///
    /// ```
    /// use dragnet_engine::{Hit, Hits, JoinKey, Position};
    /// use dragnet_event::{EventRef, Time};
    ///
    /// let event = EventRef { source: 0, block: 2, index: 7 };
    /// let position = Position { time: Some(Time(5)), window: None, tiebreak: None, event };
    /// let hit = Hit { query: 3, stage: 0, key: JoinKey::none(), position };
    /// let hits = Hits::pack(vec![hit.clone()]);
    /// assert_eq!((hits.of(2), hits.of(3)), (vec![], vec![hit]));
    /// ```
    pub fn pack(mut hits: Vec<Hit>) -> Hits {
        if hits.is_empty() {
            return Hits::default();
        }
        hits.sort_by_key(|hit| hit.query);
        let mut packer = Packer::default();
        let mut parts = Vec::new();
        for hits in hits.chunk_by(|a, b| a.query == b.query) {
            let (at, query, count) = (packer.hits.len(), hits[0].query, hits.len() as u32);
            let mut stages = Stages::default();
            let mut before = Before::default();
            for hit in hits {
                stages.insert(usize::from(hit.stage));
                packer.put(hit, &mut before);
            }
            parts.push(Part { query, count, stages, at });
        }
        let (hits, keys) = (packer.hits.into(), packer.keys.into());
        Hits { runs: vec![Run { parts: parts.into(), hits, keys }] }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.runs.iter().flat_map(|run| &run.parts).map(|part| part.count as usize).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds others.
    pub fn append(&mut self, more: Hits) {
        self.runs.extend(more.runs);
    }

    /// The hits of one query.
    pub fn of(&self, query: u32) -> Vec<Hit> {
        let parts = self.parts_of(query);
        let mut hits = Vec::with_capacity(parts.clone().map(|(_, part)| part.count as usize).sum());
        for (run, part) in parts {
            let mut reader = Reader(run.hits.get(part.at..).unwrap_or_default());
            let (mut before, mut keys) = (Before::default(), HashMap::new());
            let hit = || reader.hit(query, &run.keys, &mut keys, &mut before);
            hits.extend(std::iter::repeat_with(hit).take(part.count as usize));
        }
        hits
    }

    /// Lets go of the hits of all other queries.
    pub fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        for run in &mut self.runs {
            run.retain(&keep);
        }
        self.runs.retain(|run| !run.parts.is_empty());
    }

    /// The stages of a query that have hits.
    pub(crate) fn stages_of(&self, query: u32) -> Stages {
        Stages(self.parts_of(query).fold(0, |all, (_, part)| all | part.stages.0))
    }

    fn parts_of(&self, query: u32) -> impl Iterator<Item = (&Run, &Part)> + Clone {
        self.runs.iter().filter_map(move |run| {
            let at = run.parts.binary_search_by_key(&query, |part| part.query).ok()?;
            Some((run, &run.parts[at]))
        })
    }
}

impl Run {
    fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        if self.parts.iter().all(|part| keep(part.query)) {
            return;
        }
        let (mut parts, mut hits) = (Vec::new(), Vec::new());
        for (number, part) in self.parts.iter().enumerate() {
            let end = self.parts.get(number + 1).map_or(self.hits.len(), |next| next.at);
            if keep(part.query) {
                parts.push(Part { at: hits.len(), ..*part });
                hits.extend_from_slice(&self.hits[part.at..end]);
            }
        }
        (self.parts, self.hits) = (parts.into(), hits.into());
    }
}

/// What a hit is written in relation to: the one before.
#[derive(Default)]
struct Before {
    time: i64,
    event: (i64, i64, i64),
}

/// Which parts of a position follow.
const TIME: u64 = 1;
/// A window of its own: another than the time.
const WINDOW: u64 = 2;
const TIEBREAK: u64 = 4;
/// The bits before the stage.
const FLAGS: u32 = 3;

/// Writes hits as whole numbers of variable length: flags and stage, time, window, tiebreaker, event, and where the
/// key stands among the keys.
#[derive(Default)]
struct Packer {
    hits: Vec<u8>,
    keys: Vec<u8>,
    /// Where keys stand, by their addresses: the hits of a batch share them, and are in memory as long as this is.
    places: HashMap<*const Option<Value>, u64>,
}

impl Packer {
    fn put(&mut self, hit: &Hit, before: &mut Before) {
        let Position { time, window, tiebreak, event } = &hit.position;
        let own_window = window != time;
        let flag = |is: bool, flag: u64| if is { flag } else { 0 };
        let flags = flag(time.is_some(), TIME)
            | flag(own_window, WINDOW)
            | flag(tiebreak.is_some(), TIEBREAK);
        let out = &mut self.hits;
        put_number(flags | u64::from(hit.stage) << FLAGS, out);
        if let Some(time) = time {
            put_difference(time.0, &mut before.time, out);
        }
        if own_window {
            put_number(u64::from(window.is_some()), out);
            put_difference(window.map_or(0, |window| window.0), &mut 0, out);
        }
        if let Some(tiebreak) = tiebreak {
            put_value(tiebreak, out);
        }
        let EventRef { source, block, index } = *event;
        put_difference(source.into(), &mut before.event.0, out);
        put_difference(block.into(), &mut before.event.1, out);
        put_difference(index.into(), &mut before.event.2, out);
        let values = hit.key.values();
        let keys = &mut self.keys;
        let place = *self.places.entry(values.as_ptr()).or_insert_with(|| {
            let place = keys.len() as u64;
            put_number(values.len() as u64, keys);
            for value in values {
                match value {
                    None => keys.push(NULL),
                    Some(value) => put_value(value, keys),
                }
            }
            place
        });
        put_number(place, out);
    }
}

/// Reads what [`Packer`] has written; of anything else it makes something.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn hit(
        &mut self,
        query: u32,
        keys: &[u8],
        known: &mut HashMap<u64, JoinKey>,
        before: &mut Before,
    ) -> Hit {
        let head = self.number();
        let stage = (head >> FLAGS) as StageNumber;
        let time = (head & TIME != 0).then(|| Time(self.difference(&mut before.time)));
        let window = if head & WINDOW == 0 {
            time
        } else {
            let is_some = self.number() != 0;
            let window = Time(self.difference(&mut 0));
            is_some.then_some(window)
        };
        let tiebreak = (head & TIEBREAK != 0).then(|| self.value()).flatten();
        let event = EventRef {
            source: self.difference(&mut before.event.0) as u32,
            block: self.difference(&mut before.event.1) as u32,
            index: self.difference(&mut before.event.2) as u32,
        };
        let place = self.number();
        let key = known.entry(place).or_insert_with(|| {
            let mut reader = Reader(keys.get(place as usize..).unwrap_or_default());
            let count = reader.number();
            JoinKey::new((0..count).map(|_| reader.value()).collect())
        });
        let position = Position { time, window, tiebreak, event };
        Hit { query, stage, key: key.clone(), position }
    }

    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn number(&mut self) -> u64 {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let byte = self.byte();
            number |= u64::from(byte & 127) << shift;
            if byte < 128 {
                break;
            }
        }
        number
    }

    fn difference(&mut self, before: &mut i64) -> i64 {
        let folded = self.number();
        let difference = (folded >> 1) as i64 ^ -((folded & 1) as i64);
        *before = before.wrapping_add(difference);
        *before
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.byte() {
            FALSE => Value::Bool(false),
            TRUE => Value::Bool(true),
            LONG => Value::Long(self.difference(&mut 0)),
            DOUBLE => Value::Double(f64::from_bits(self.number())),
            DATE => Value::Date(Time(self.difference(&mut 0))),
            STR => {
                let len = (self.number() as usize).min(self.0.len());
                let (text, rest) = self.0.split_at(len);
                self.0 = rest;
                Value::Str(String::from_utf8_lossy(text).into())
            }
            _ => return None,
        })
    }
}

/// Kinds of values.
const NULL: u8 = 0;
const FALSE: u8 = 1;
const TRUE: u8 = 2;
const LONG: u8 = 3;
const DOUBLE: u8 = 4;
const DATE: u8 = 5;
const STR: u8 = 6;

fn put_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(false) => out.push(FALSE),
        Value::Bool(true) => out.push(TRUE),
        Value::Long(n) => {
            out.push(LONG);
            put_difference(*n, &mut 0, out);
        }
        Value::Double(n) => {
            out.push(DOUBLE);
            put_number(n.to_bits(), out);
        }
        Value::Date(time) => {
            out.push(DATE);
            put_difference(time.0, &mut 0, out);
        }
        Value::Str(text) => {
            out.push(STR);
            put_number(text.len() as u64, out);
            out.extend_from_slice(text.as_bytes());
        }
    }
}

/// Seven bits a byte, the lowest first; all but the last have the highest bit set.
fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 128 {
        out.push(number as u8 | 128);
        number >>= 7;
    }
    out.push(number as u8);
}

/// The difference from the number before, small ones of either sign in few bytes.
fn put_difference(number: i64, before: &mut i64, out: &mut Vec<u8>) {
    let difference = number.wrapping_sub(*before);
    *before = number;
    put_number((difference << 1 ^ difference >> 63) as u64, out);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::Long),
            any::<f64>().prop_map(Value::Double),
            any::<i64>().prop_map(|n| Value::Date(Time(n))),
            ".{0,200}".prop_map(|s| Value::Str(s.into())),
        ]
    }

    fn hit() -> impl Strategy<Value = Hit> {
        let time = || proptest::option::of(any::<i64>().prop_map(Time));
        let window = proptest::option::of(time());
        let tiebreak = proptest::option::of(value());
        let event = (any::<u32>(), any::<u32>(), any::<u32>());
        let event = event.prop_map(|(source, block, index)| EventRef { source, block, index });
        let position =
            (time(), window, tiebreak, event).prop_map(|(time, window, tiebreak, event)| {
                Position { time, window: window.unwrap_or(time), tiebreak, event }
            });
        let key = prop::collection::vec(proptest::option::of(value()), 0..4);
        (0..4u32, any::<u16>(), key, position).prop_map(|(query, stage, key, position)| Hit {
            query,
            stage,
            key: JoinKey::new(key),
            position,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_packed_comes_back(
            one in prop::collection::vec(hit(), 0..20), more in prop::collection::vec(hit(), 0..20),
            kept in 0..4u32
        ) {
            let mut hits = Hits::pack(one.clone());
            hits.append(Hits::pack(more.clone()));
            let all: Vec<Hit> = one.into_iter().chain(more).collect();
            prop_assert_eq!(hits.len(), all.len());
            let of = |query| all.iter().filter(|hit| hit.query == query).cloned().collect::<Vec<_>>();
            for query in 0..4 {
                // NaN differs from itself; the text does not.
                prop_assert_eq!(format!("{:?}", hits.of(query)), format!("{:?}", of(query)));
            }
            hits.retain(|query| query == kept);
            prop_assert_eq!(hits.len(), of(kept).len());
            prop_assert_eq!(format!("{:?}", hits.of(kept)), format!("{:?}", of(kept)));
        }
    }
}
