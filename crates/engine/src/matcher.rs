//! The matcher: a rule set over batches of events.
//!
//! For each column, each distinct value is looked up once (over all batches that share the
//! dictionary) for the predicates that it satisfies. Rows then inherit the predicates of their values as
//! one bitmap per predicate, and a stage is an expression over bitmaps that stops as soon as
//! nothing is left. A predicate that no value in the batch satisfies costs its stages one look.

use std::cell::{Cell, RefCell};

use dragnet_event::{Batch, ColumnId, Scalar, Value};
use hashbrown::HashMap;

use crate::bitmap::Bitmap;
use crate::column_index::Scratch;
use crate::hit::{Hit, JoinKey, Position};
use crate::reference::{Row, has_too_many_choices, leaf_holds};
use crate::rule_set::{CompiledKey, CompiledStage, Node, PredicateId, PredicateKind, RuleSet};

/// Runs a rule set over batches. One matcher serves one [`Batch`] (cleared and filled again and again), since
/// it remembers what it has decided about the values of the batch's dictionaries.
#[derive(Debug)]
pub struct Matcher<'r> {
    rules: &'r RuleSet,
    columns: Vec<Decisions>,
    rows: RowSets,
    scratch: Scratch,
    costly: RefCell<Costly>,
    overflows: u64,
}

/// What has been decided of costly predicates, about the values that were asked about.
#[derive(Debug, Default)]
struct Costly {
    /// By column.
    columns: Vec<OnDemand>,
    scratch: Scratch,
}

/// The same for one column.
#[derive(Debug, Default)]
struct OnDemand {
    generation: u32,
    /// By code: the predicates that the value satisfies, ascending.
    decided: HashMap<u32, Box<[PredicateId]>>,
}

/// What has been decided about the values of one column.
#[derive(Debug, Default)]
struct Decisions {
    generation: u32,
    /// The predicates that each value satisfies, one value after another.
    predicates: Vec<PredicateId>,
    /// By code: the end of its part of `predicates`.
    ends: Vec<u32>,
}

impl Decisions {
    fn of(&self, code: u32) -> &[PredicateId] {
        let code = code as usize;
        let start = if code == 0 { 0 } else { self.ends[code - 1] as usize };
        &self.predicates[start..self.ends[code] as usize]
    }
}

/// The rows of the current batch that satisfy each predicate.
#[derive(Debug, Default)]
struct RowSets {
    /// By predicate: the place of its set, or `NONE` if no row satisfies it.
    place: Vec<u32>,
    sets: Vec<Bitmap>,
    /// The predicates that have a set, in the order of their places.
    used: Vec<PredicateId>,
}

const NONE: u32 = u32::MAX;

impl RowSets {
    fn clear(&mut self) {
        for id in self.used.drain(..) {
            self.place[id as usize] = NONE;
        }
    }

    fn get(&self, id: PredicateId) -> Option<&Bitmap> {
        let place = self.place[id as usize];
        (place != NONE).then(|| &self.sets[place as usize])
    }

    fn get_mut(&mut self, id: PredicateId, rows: usize) -> &mut Bitmap {
        let place = &mut self.place[id as usize];
        if *place == NONE {
            *place = self.used.len() as u32;
            self.used.push(id);
            if self.sets.len() < self.used.len() {
                self.sets.push(Bitmap::default());
            }
            self.sets[*place as usize].reset(rows);
        }
        &mut self.sets[*place as usize]
    }
}

impl<'r> Matcher<'r> {
    /// A matcher for batches made of [`RuleSet::fields`].
    pub fn new(rules: &'r RuleSet) -> Matcher<'r> {
        let mut columns = Vec::new();
        columns.resize_with(rules.fields.len(), Decisions::default);
        let rows = RowSets { place: vec![NONE; rules.predicates.len()], ..RowSets::default() };
        let mut costly = Costly::default();
        costly.columns.resize_with(rules.fields.len(), OnDemand::default);
        let (scratch, costly) = (Scratch::default(), RefCell::new(costly));
        Matcher { rules, columns, rows, scratch, costly, overflows: 0 }
    }

    /// How often an event had so many values in the fields of one script or join key that not all
    /// combinations were looked at. Hits may be missing then.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    /// Gives every hit of the batch: by stage, then by row.
    pub fn run(&mut self, batch: &Batch, hit: &mut dyn FnMut(Hit)) {
        self.rows.clear();
        if batch.is_empty() {
            return;
        }
        for column in 0..self.columns.len() {
            self.decide(batch, column);
        }
        self.presence(batch);
        let all = Bitmap::full(batch.len());
        let overflows = Cell::new(0);
        let sets = StageEval {
            rules: self.rules,
            rows: &self.rows,
            costly: &self.costly,
            batch,
            overflows: &overflows,
        };
        let mut keys = KnownKeys::default();
        for stage in &self.rules.stages {
            if let Some(rows) = sets.eval(&stage.condition, &all) {
                for row in rows.iter() {
                    emit(self.rules, stage, batch, row, &mut keys, &overflows, hit);
                }
            }
        }
        self.overflows += overflows.get();
    }

    /// Decides what is new in a column's dictionary and spreads the decisions over the rows.
    fn decide(&mut self, batch: &Batch, number: usize) {
        let index = &self.rules.columns[number];
        if index.is_empty() {
            return;
        }
        let column = batch.column(ColumnId(number as u32));
        let dictionary = column.dictionary();
        let decisions = &mut self.columns[number];
        if decisions.generation != dictionary.generation() {
            decisions.generation = dictionary.generation();
            decisions.predicates.clear();
            decisions.ends.clear();
        }
        for code in decisions.ends.len()..dictionary.len() {
            let value = dictionary.value(code as u32);
            index.decide(value, &mut self.scratch, &mut decisions.predicates);
            decisions.ends.push(decisions.predicates.len() as u32);
        }
        for (row, code) in column.rows().iter().zip(column.codes()) {
            for predicate in decisions.of(*code) {
                self.rows.get_mut(*predicate, batch.len()).insert(*row);
            }
        }
    }

    fn presence(&mut self, batch: &Batch) {
        for (id, predicate) in self.rules.predicates.iter().enumerate() {
            if let PredicateKind::Exists(column) = predicate.kind {
                for row in batch.column(column).rows() {
                    self.rows.get_mut(id as PredicateId, batch.len()).insert(*row);
                }
            }
        }
    }
}

/// Evaluates the conditions of stages over one batch.
struct StageEval<'a> {
    rules: &'a RuleSet,
    rows: &'a RowSets,
    costly: &'a RefCell<Costly>,
    batch: &'a Batch,
    overflows: &'a Cell<u64>,
}

impl StageEval<'_> {
    /// The rows out of `among` that satisfy a condition; `None` if there are none.
    fn eval(&self, node: &Node, among: &Bitmap) -> Option<Bitmap> {
        match node {
            Node::Const(false) => None,
            Node::Const(true) => Some(among.clone()),
            Node::Predicate(id) => self.predicate(*id, among),
            Node::Not(inner) => {
                let mut rows = among.clone();
                if let Some(holds) = self.eval(inner, among) {
                    rows.subtract(&holds);
                }
                Some(rows).filter(|rows| !rows.is_empty())
            }
            Node::All(parts) => self.all(parts, among),
            Node::Any(parts) => {
                let mut found: Option<Bitmap> = None;
                let mut left = among.clone();
                for part in parts {
                    if let Some(rows) = self.eval(part, &left) {
                        left.subtract(&rows);
                        match &mut found {
                            Some(found) => found.union(&rows),
                            None => found = Some(rows),
                        }
                    }
                }
                found
            }
        }
    }

    fn all(&self, parts: &[Node], among: &Bitmap) -> Option<Bitmap> {
        // A look at the sets decides most stages: some predicate holds of no row at all.
        for part in parts {
            let Node::Predicate(id) = part else { continue };
            match self.rules.predicates[*id as usize].kind {
                PredicateKind::Value | PredicateKind::Exists(_) => {
                    self.rows.get(*id)?;
                }
                PredicateKind::Costly(column) if self.batch.column(column).rows().is_empty() => {
                    return None;
                }
                PredicateKind::Costly(_) | PredicateKind::Row => {}
            }
        }
        let mut rows: Option<Bitmap> = None;
        for part in parts {
            rows = Some(self.eval(part, rows.as_ref().unwrap_or(among))?);
        }
        Some(rows.unwrap_or_else(|| among.clone()))
    }

    fn predicate(&self, id: PredicateId, among: &Bitmap) -> Option<Bitmap> {
        let predicate = &self.rules.predicates[id as usize];
        let rows = match predicate.kind {
            PredicateKind::Value | PredicateKind::Exists(_) => {
                let mut rows = self.rows.get(id)?.clone();
                rows.intersect(among);
                rows
            }
            PredicateKind::Costly(column) => self.costly(id, column, among),
            PredicateKind::Row => {
                let mut rows = Bitmap::empty(self.batch.len());
                for row in among.iter() {
                    let event = Row { batch: self.batch, row };
                    if has_too_many_choices(&predicate.leaf, &event) {
                        self.overflows.set(self.overflows.get() + 1);
                    }
                    if leaf_holds(&predicate.leaf, &event) {
                        rows.insert(row);
                    }
                }
                rows
            }
        };
        Some(rows).filter(|rows| !rows.is_empty())
    }

    /// The rows of which a costly predicate holds. Their values are decided for all costly predicates of
    /// the column at once.
    fn costly(&self, id: PredicateId, number: ColumnId, among: &Bitmap) -> Bitmap {
        let mut rows = Bitmap::empty(self.batch.len());
        let column = self.batch.column(number);
        let dictionary = column.dictionary();
        let Costly { columns, scratch } = &mut *self.costly.borrow_mut();
        let OnDemand { generation, decided } = &mut columns[number.0 as usize];
        if *generation != dictionary.generation() {
            *generation = dictionary.generation();
            decided.clear();
        }
        for (row, code) in column.rows().iter().zip(column.codes()) {
            if among.contains(*row) {
                let holding = decided.entry(*code).or_insert_with(|| {
                    let index = &self.rules.columns[number.0 as usize];
                    let mut holding = Vec::new();
                    index.decide_costly(dictionary.value(*code), scratch, &mut holding);
                    holding.into()
                });
                if holding.binary_search(&id).is_ok() {
                    rows.insert(*row);
                }
            }
        }
        rows
    }
}

/// Gives the hits of one row on one stage: one for each combination of join key values.
fn emit(
    rules: &RuleSet,
    stage: &CompiledStage,
    batch: &Batch,
    row: u32,
    known: &mut KnownKeys,
    overflows: &Cell<u64>,
    hit: &mut dyn FnMut(Hit),
) {
    let Some(position) = position(rules, stage, batch, row) else { return };
    let (query, number) = (stage.query, stage.stage);
    if let Some(key) = known.only_key(&stage.keys, batch, row) {
        return hit(Hit { query, stage: number, key, position });
    }
    let (keys, complete) = join_keys(&stage.keys, batch, row);
    if !complete {
        overflows.set(overflows.get() + 1);
    }
    for key in keys {
        hit(Hit { query, stage: number, key, position: position.clone() });
    }
}

/// The join keys of one batch. Hits are kept until they are correlated, and many have the same key: the host's,
/// or none at all.
#[derive(Default)]
struct KnownKeys {
    /// By the columns and codes of its values.
    known: HashMap<Box<[(u32, u32)]>, JoinKey>,
    /// That of the row at hand.
    codes: Vec<(u32, u32)>,
}

impl KnownKeys {
    /// The key of a row that has just one; `None` if there may be several, or none for want of a value.
    fn only_key(&mut self, keys: &[CompiledKey], batch: &Batch, row: u32) -> Option<JoinKey> {
        /// Stands for null.
        const NULL: (u32, u32) = (u32::MAX, u32::MAX);
        self.codes.clear();
        for key in keys {
            let codes = key.column.map_or(&[][..], |column| batch.column(column).row_codes(row));
            self.codes.push(match (key.column, codes) {
                (Some(column), [code]) => (column.0, *code),
                (_, []) if key.optional => NULL,
                _ => return None,
            });
        }
        if let Some(key) = self.known.get(&*self.codes) {
            return Some(key.clone());
        }
        let value = |&(column, code): &(u32, u32)| {
            let column = (column != NULL.0).then(|| batch.column(ColumnId(column)))?;
            Some(column.dictionary().value(code).to_value())
        };
        let key = JoinKey::new(self.codes.iter().map(value).collect());
        self.known.insert(self.codes.as_slice().into(), key.clone());
        Some(key)
    }
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
