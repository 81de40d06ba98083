//! Columnar batches: per field a dictionary of distinct values, and a code per value per row.
//!
//! Rows are the events; only the fields that were asked for become columns. Dictionaries outlive
//! a batch: [`Batch::clear`] drops the rows and keeps the values, so that whatever has been decided
//! about a value (which predicates it satisfies) stays decided. When the dictionaries have grown
//! past [`DICTIONARY_LIMIT`] the largest are dropped too, and [`Dictionary::generation`] says so.

use std::cell::RefCell;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet, HashTable};
use serde::{Deserialize, Serialize};

use crate::document::object_json;
use crate::field::{Field, FieldSpec, FieldType};
use crate::schema::coerce;
use crate::sink::FieldSink;
use crate::time::Time;
use crate::value::{Scalar, Value};

/// Bytes that the dictionaries of one batch may hold before [`Batch::clear`] empties the largest.
const DICTIONARY_LIMIT: usize = 12 << 20;

/// Where an event came from: enough to find and render it again, and to order events that
/// have the same time. The order is that of reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventRef {
    /// The number of the source (a file, in the order in which it was named).
    pub source: u32,
    /// The number of the block within the source.
    pub block: u32,
    /// The number of the event within the block.
    pub index: u32,
}

/// The number of a column within its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u32);

/// The distinct values of a column, each with a code from 0 upwards.
#[derive(Debug, Default)]
pub struct Dictionary {
    text: String,
    slots: Vec<Slot>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    generation: u32,
    /// The code that was given last: neighbours often have the same value.
    last: u32,
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    Bool(bool),
    Long(i64),
    Double(f64),
    Date(Time),
    Str { start: usize, end: usize },
}

impl Dictionary {
    /// The number of distinct values.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Rises by one each time the values are dropped; codes of an older generation mean nothing.
    pub fn generation(&self) -> u32 {
        self.generation
    }

    /// The value that has this code.
    ///
    /// # Panics
    /// If no value has it.
    pub fn value(&self, code: u32) -> Scalar<'_> {
        scalar(&self.text, self.slots[code as usize])
    }

    fn encode(&mut self, value: Scalar<'_>) -> u32 {
        let last = self.slots.get(self.last as usize);
        if last.is_some_and(|slot| is_same(&self.text, *slot, value)) {
            return self.last;
        }
        self.last = self.look_up(value);
        self.last
    }

    fn look_up(&mut self, value: Scalar<'_>) -> u32 {
        let hash = hash_scalar(&self.hasher, value);
        let Dictionary { text, slots, index, hasher, .. } = self;
        let found = index.find(hash, |&code| is_same(text, slots[code as usize], value));
        if let Some(&code) = found {
            return code;
        }
        let slot = match value {
            Scalar::Bool(b) => Slot::Bool(b),
            Scalar::Long(n) => Slot::Long(n),
            Scalar::Double(n) => Slot::Double(n),
            Scalar::Date(t) => Slot::Date(t),
            Scalar::Str(s) => {
                let start = text.len();
                text.push_str(s);
                Slot::Str { start, end: text.len() }
            }
        };
        let code = slots.len() as u32;
        slots.push(slot);
        index.insert_unique(hash, code, |&c| hash_scalar(hasher, scalar(text, slots[c as usize])));
        code
    }

    fn bytes(&self) -> usize {
        self.text.len() + self.slots.len() * (size_of::<Slot>() + 8)
    }

    fn reset(&mut self) {
        self.text.clear();
        self.text.shrink_to(64 << 10);
        self.slots.clear();
        self.slots.shrink_to(1 << 10);
        self.index.clear();
        self.generation += 1;
    }
}

fn scalar(text: &str, slot: Slot) -> Scalar<'_> {
    match slot {
        Slot::Bool(b) => Scalar::Bool(b),
        Slot::Long(n) => Scalar::Long(n),
        Slot::Double(n) => Scalar::Double(n),
        Slot::Date(t) => Scalar::Date(t),
        Slot::Str { start, end } => Scalar::Str(&text[start..end]),
    }
}

fn hash_scalar(hasher: &DefaultHashBuilder, value: Scalar<'_>) -> u64 {
    match value {
        Scalar::Bool(b) => hasher.hash_one((0u8, b)),
        Scalar::Long(n) => hasher.hash_one((1u8, n)),
        Scalar::Double(n) => hasher.hash_one((2u8, n.to_bits())),
        Scalar::Date(t) => hasher.hash_one((3u8, t)),
        Scalar::Str(s) => hasher.hash_one(s),
    }
}

/// Whether a slot has this value: as `==`, but doubles by their bits, so that NaN is found again.
fn is_same(text: &str, slot: Slot, value: Scalar<'_>) -> bool {
    match (slot, value) {
        (Slot::Str { start, end }, Scalar::Str(s)) => text.as_bytes()[start..end] == *s.as_bytes(),
        (Slot::Double(a), Scalar::Double(b)) => a.to_bits() == b.to_bits(),
        (slot, value) => scalar(text, slot) == value,
    }
}

/// The values of one field: pairs of row and code, rows ascending. A row without a pair lacks the
/// field; a row with several has an array.
#[derive(Debug)]
pub struct Column {
    field: Field,
    dictionary: Dictionary,
    rows: Vec<u32>,
    codes: Vec<u32>,
    /// The text that was last brought to the field's type, and the code of what it came to.
    coerced: Option<(String, Option<u32>)>,
}

impl Column {
    fn new(field: &Field) -> Column {
        let dictionary = Dictionary::default();
        Column {
            field: field.clone(),
            dictionary,
            rows: Vec::new(),
            codes: Vec::new(),
            coerced: None,
        }
    }

    /// Adds a value to a row.
    fn put(&mut self, row: u32, value: Scalar<'_>) {
        let code = match (self.field.ty(), value) {
            (FieldType::Any, value) => Some(self.dictionary.encode(value)),
            (_, Scalar::Str(text)) => self.coerce_text(text),
            (_, value) => self.coerce(value),
        };
        if let Some(code) = code {
            self.push(row, code);
        }
    }

    /// Neighbours often have the same text (addresses of one host, times of one second).
    fn coerce_text(&mut self, text: &str) -> Option<u32> {
        match &self.coerced {
            Some((last, code)) if last == text => *code,
            _ => {
                let code = self.coerce(Scalar::Str(text));
                let (last, last_code) = self.coerced.get_or_insert_default();
                text.clone_into(last);
                *last_code = code;
                code
            }
        }
    }

    fn coerce(&mut self, value: Scalar<'_>) -> Option<u32> {
        let value = coerce(self.field.spec(), value)?;
        Some(self.dictionary.encode(value.as_scalar()))
    }

    fn push(&mut self, row: u32, code: u32) {
        self.rows.push(row);
        self.codes.push(code);
    }

    /// Drops the dictionary.
    fn forget(&mut self) {
        self.dictionary.reset();
        self.coerced = None;
    }

    /// The field whose values these are.
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// The distinct values, of this batch and of earlier ones.
    pub fn dictionary(&self) -> &Dictionary {
        &self.dictionary
    }

    /// The rows that have a value, ascending; parallel to [`Column::codes`].
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The codes of the values; parallel to [`Column::rows`].
    pub fn codes(&self) -> &[u32] {
        &self.codes
    }

    /// The codes of one row's values; empty if the row lacks the field.
    pub fn row_codes(&self, row: u32) -> &[u32] {
        let start = self.rows.partition_point(|r| *r < row);
        let len = self.rows[start..].iter().take_while(|r| **r == row).count();
        &self.codes[start..start + len]
    }

    /// One row's values.
    pub fn row_values(&self, row: u32) -> impl Iterator<Item = Scalar<'_>> {
        self.row_codes(row).iter().map(|code| self.dictionary.value(*code))
    }
}

/// Where the values of a path go.
#[derive(Debug, Clone, Default)]
struct Route {
    columns: Vec<u32>,
    is_time: bool,
    /// Whether the path is read at all: by a column, as the time, or as part of a whole object.
    is_wanted: bool,
}

/// Up to some thousands of events, column-wise. It is a [`FieldSink`]: put an event's values, then
/// call [`Batch::end_row`].
#[derive(Debug)]
pub struct Batch {
    columns: Vec<Column>,
    /// By path: where its values go. Besides the paths of the columns, those that patterns match and those
    /// that nobody wants are in it, as they come.
    routes: RefCell<HashMap<Box<str>, Route>>,
    /// The paths of columns and of the time: they are always in `routes`.
    fixed: HashSet<Box<str>>,
    /// The columns that have values of many paths; mostly there are few.
    patterns: Vec<u32>,
    /// By path: the columns of whole objects.
    objects: HashMap<String, Vec<u32>>,
    time_field: FieldSpec,
    /// The text that was last read as a time: `@timestamp` is not the only field that has it.
    last_time: (String, Option<Time>),
    time: Option<Time>,
    times: Vec<Option<Time>>,
    refs: Vec<EventRef>,
}

impl Batch {
    /// A batch with one column per field, in that order; `time_field` (a date) tells an event's time.
    pub fn new(fields: &[Field], time_field: &Field) -> Batch {
        let columns = fields.iter().map(Column::new).collect();
        let mut patterns = Vec::new();
        let mut objects: HashMap<String, Vec<u32>> = HashMap::new();
        let mut fixed = HashSet::from([time_field.path().into()]);
        for (id, field) in (0..).zip(fields) {
            if field.ty() == FieldType::Object {
                objects.entry(field.path().to_owned()).or_default().push(id);
            } else if field.is_pattern() {
                patterns.push(id);
            } else {
                fixed.insert(field.path().into());
            }
        }
        let mut batch = Batch {
            columns,
            routes: RefCell::default(),
            fixed,
            patterns,
            objects,
            time_field: time_field.spec().clone(),
            time: None,
            last_time: (String::new(), None),
            times: Vec::new(),
            refs: Vec::new(),
        };
        batch.fix_routes();
        batch
    }

    /// Forgets all routes but those that columns have of themselves.
    fn fix_routes(&mut self) {
        let paths = self.fixed.iter().cloned();
        let mut routes: HashMap<Box<str>, Route> =
            paths.map(|path| (path, Route::default())).collect();
        for (id, column) in (0..).zip(&self.columns) {
            let is_plain = column.field.ty() != FieldType::Object && !column.field.is_pattern();
            if let Some(route) = routes.get_mut(column.field.path()).filter(|_| is_plain) {
                route.columns.push(id);
            }
        }
        for (path, route) in &mut routes {
            self.complete_route(path, route);
        }
        *self.routes.get_mut() = routes;
    }

    /// Adds what patterns and objects have to do with a path.
    fn complete_route(&self, path: &str, route: &mut Route) {
        let covers = |id: &u32| self.columns[*id as usize].field.covers(path);
        route.columns.extend(self.patterns.iter().copied().filter(covers));
        route.is_time = path == self.time_field.path;
        let is_within = |object: &String| {
            path.strip_prefix(&**object).is_some_and(|rest| rest.starts_with('.'))
        };
        route.is_wanted =
            !route.columns.is_empty() || route.is_time || self.objects.keys().any(is_within);
    }

    /// Remembers the route of a path that is not known yet. Paths are made by whoever writes documents, so their
    /// number has to be bounded.
    #[cold]
    fn learn(&self, path: &str) -> Route {
        let mut route = Route::default();
        self.complete_route(path, &mut route);
        let mut routes = self.routes.borrow_mut();
        if routes.len() >= self.fixed.len() + MAX_LEARNT {
            routes.retain(|path, _| self.fixed.contains(path));
        }
        routes.insert(path.into(), route.clone());
        route
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.refs.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.refs.is_empty()
    }

    /// All columns; a [`ColumnId`] is the position.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// One column.
    ///
    /// # Panics
    /// If the id is of another batch that had more fields.
    pub fn column(&self, id: ColumnId) -> &Column {
        &self.columns[id.0 as usize]
    }

    /// An event's time, `None` if it has none that can be read.
    pub fn time(&self, row: u32) -> Option<Time> {
        self.times[row as usize]
    }

    /// Where an event came from.
    pub fn event_ref(&self, row: u32) -> EventRef {
        self.refs[row as usize]
    }

    /// Whether any column, or the time, is read from this dotted path; a column of whole objects is read from what
    /// is in them.
    pub fn has_path(&self, path: &str) -> bool {
        let known = self.routes.borrow().get(path).map(|route| route.is_wanted);
        known.unwrap_or_else(|| self.learn(path).is_wanted)
    }

    /// The time of the event that is being put.
    pub fn pending_time(&self) -> Option<Time> {
        self.time
    }

    /// Ends the event whose values were put since the last call.
    pub fn end_row(&mut self, event: EventRef) {
        self.times.push(self.time.take());
        self.refs.push(event);
    }

    /// Forgets the values that were put since the last [`Batch::end_row`]: the event is not wanted.
    pub fn abandon_row(&mut self) {
        let row = self.refs.len() as u32;
        self.time = None;
        for column in &mut self.columns {
            while column.rows.last() == Some(&row) {
                column.rows.pop();
                column.codes.pop();
            }
        }
    }

    /// Drops the events. Keeps the dictionaries; if they have grown too large, the largest are dropped until
    /// half of the limit is left.
    pub fn clear(&mut self) {
        for column in &mut self.columns {
            column.rows.clear();
            column.codes.clear();
        }
        let bytes = |column: &Column| column.dictionary.bytes();
        let mut all: usize = self.columns.iter().map(bytes).sum();
        if all > DICTIONARY_LIMIT {
            while all > DICTIONARY_LIMIT / 2
                && let Some(largest) = self.columns.iter_mut().max_by_key(|column| bytes(column))
            {
                all -= bytes(largest);
                largest.forget();
            }
        }
        self.times.clear();
        self.refs.clear();
        self.time = None;
    }
}

/// Most paths without a column of their own whose routes are remembered.
const MAX_LEARNT: usize = 1 << 16;

/// The time that a value is; `last` has the text before it and what that came to.
fn read_time(
    field: &FieldSpec,
    value: Scalar<'_>,
    last: &mut (String, Option<Time>),
) -> Option<Time> {
    let read = || match coerce(field, value) {
        Some(Value::Date(time)) => Some(time),
        _ => None,
    };
    let Scalar::Str(text) = value else { return read() };
    if last.0 != text {
        text.clone_into(&mut last.0);
        last.1 = read();
    }
    last.1
}

impl FieldSink for Batch {
    fn wants(&self, path: &str) -> bool {
        self.has_path(path)
    }

    fn put_null(&mut self, path: &str) {
        // Only a mapping names what null stands for, and it has no patterns.
        let row = self.refs.len() as u32;
        let routes = self.routes.get_mut();
        for &id in routes.get(path).iter().flat_map(|route| &route.columns) {
            let column = &mut self.columns[id as usize];
            if let Some(stand_in) = column.field.spec().null_value.clone()
                && let Some(code) = column.coerce(Scalar::Str(&stand_in))
            {
                column.push(row, code);
            }
        }
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        let row = self.refs.len() as u32;
        let learnt;
        let route = if let Some(route) = self.routes.get_mut().get(path) {
            route
        } else {
            learnt = self.learn(path);
            &learnt
        };
        for &id in &route.columns {
            self.columns[id as usize].put(row, value);
        }
        if route.is_time && self.time.is_none() {
            self.time = read_time(&self.time_field, value, &mut self.last_time);
        }
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        if self.wants_objects(path) {
            self.put_object_json(path, &object_json(path, members).to_string());
        }
        for (member, value) in members {
            self.put(member, *value);
        }
    }

    fn wants_objects(&self, path: &str) -> bool {
        self.objects.contains_key(path)
    }

    fn put_object_json(&mut self, path: &str, json: &str) {
        for &id in self.objects.get(path).into_iter().flatten() {
            let column = &mut self.columns[id as usize];
            let code = column.dictionary.encode(Scalar::Str(json));
            column.push(self.refs.len() as u32, code);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(index: u32) -> EventRef {
        EventRef { source: 0, block: 0, index }
    }

    fn batch() -> Batch {
        Batch::new(&[Field::any("a"), Field::any("b")], &crate::Schema::open().field("@timestamp"))
    }

    #[test]
    fn rows_and_arrays() {
        let mut batch = batch();
        batch.put_str("a", "x");
        batch.put_str("@timestamp", "2024-01-01");
        batch.end_row(at(0));
        batch.end_row(at(1));
        batch.put_str("a", "y");
        batch.put_str("a", "x");
        batch.put_str("nobody asked", "z");
        batch.end_row(at(2));

        let a = batch.column(ColumnId(0));
        assert_eq!(a.dictionary().len(), 2);
        assert_eq!(a.row_codes(0), [0]);
        assert!(a.row_codes(1).is_empty());
        assert_eq!(a.row_codes(2), [1, 0]);
        assert_eq!(batch.time(0), Time::parse("2024-01-01"));
        assert_eq!(batch.time(1), None);
    }

    #[test]
    fn dictionaries_outlive_the_rows() {
        let mut batch = batch();
        batch.put_str("a", "x");
        batch.end_row(at(0));
        batch.clear();
        batch.put_str("a", "x");
        batch.put("a", Scalar::Long(1));
        batch.end_row(at(0));
        let a = batch.column(ColumnId(0));
        assert_eq!((a.dictionary().len(), a.dictionary().generation()), (2, 0));
        assert_eq!(a.codes(), [0, 1]);
    }

    #[test]
    fn abandoned_rows_leave_nothing() {
        let mut batch = batch();
        batch.put_str("a", "x");
        batch.abandon_row();
        batch.put_str("b", "y");
        batch.end_row(at(1));
        assert!(batch.column(ColumnId(0)).rows().is_empty());
        assert_eq!(batch.column(ColumnId(1)).rows(), [0]);
    }

    #[test]
    fn pattern_columns_have_the_values_of_many_paths() {
        let fields = [Field::any("a"), Field::any("a*"), Field::any("*")];
        let mut batch = Batch::new(&fields, &crate::Schema::open().field("@timestamp"));
        assert!(batch.wants("ab") && batch.wants("b") && batch.wants("a"));
        batch.put_str("a", "x");
        batch.put_str("ab", "y");
        batch.put_str("b", "z");
        batch.end_row(at(0));
        let texts = |id: u32| {
            let values = batch.column(ColumnId(id)).row_values(0);
            values.map(|value| value.text().into_owned()).collect::<Vec<_>>()
        };
        assert_eq!((texts(0), texts(1)), (vec!["x".to_owned()], vec!["x".into(), "y".into()]));
        assert_eq!(texts(2).len(), 3);
    }

    #[test]
    fn objects_are_kept_where_a_column_asks_for_them() {
        let objects = Field::any("a.b").with_type(FieldType::Object);
        let time = crate::Schema::open().field("@timestamp");
        let mut batch = Batch::new(&[objects, Field::any("a.b.c")], &time);
        assert!(batch.wants_objects("a.b") && !batch.wants_objects("a") && !batch.wants("a.b"));
        assert!(batch.wants("a.b.d") && !batch.wants("a.bc"));
        batch.put_object("a.b", &[("a.b.c", Scalar::Long(1))]);
        batch.end_row(at(0));
        let value = batch.column(ColumnId(0)).row_values(0).next().map(Scalar::to_value);
        assert_eq!(value, Some(Value::Str(r#"{"c":1}"#.into())));
        assert_eq!(batch.column(ColumnId(1)).rows(), [0]);
    }
}
