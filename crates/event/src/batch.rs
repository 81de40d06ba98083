//! Columnar batches: per field a dictionary of distinct values, and a code per value per row.
//!
//! Rows are the events; only the fields that were asked for become columns. Dictionaries outlive
//! a batch: [`Batch::clear`] drops the rows and keeps the values, so that whatever has been decided
//! about a value (which predicates it satisfies) stays decided. When the dictionaries have grown
//! past [`DICTIONARY_LIMIT`] the largest are dropped too, and [`Dictionary::generation`](crate::Dictionary::generation)
//! says so.
//!
//! What values come to can be recorded ([`Batch::record`]) and put into later rows ([`Batch::replay`]), so that a value
//! which comes again need not be normalised again.

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::document::object_json;
use crate::field::{Field, FieldSpec, FieldType};
use crate::routes::{Route, Routes};
use crate::schema::coerce;
use crate::sink::{FieldSink, Handle};
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

/// What a value has come to: a code in a column. It holds until the column's dictionary is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Entry {
    column: u32,
    code: u32,
}

impl Entry {
    /// The column that it is in.
    pub fn column(self) -> ColumnId {
        ColumnId(self.column)
    }

    /// The value's code in the column's dictionary.
    pub fn code(self) -> u32 {
        self.code
    }
}

/// The number of a column within its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnId(pub u32);

/// Up to some thousands of events, column-wise. It is a [`FieldSink`]: put an event's values, then
/// call [`Batch::end_row`].
#[derive(Debug)]
pub struct Batch {
    columns: Vec<Column>,
    routes: Routes,
    time_field: FieldSpec,
    /// The text that was last read as a time: `@timestamp` is not the only field that has it.
    last_time: (String, Option<Time>),
    time: Option<Time>,
    times: Vec<Option<Time>>,
    rows: Rows,
    epoch: u32,
}

/// The events so far, and where the values of the next one go.
#[derive(Debug, Default)]
struct Rows {
    refs: Vec<EventRef>,
    /// Where entries go instead of the row, while they are recorded.
    recording: Option<Vec<Entry>>,
}

impl Rows {
    /// The number of the row that is being filled.
    fn current(&self) -> u32 {
        self.refs.len() as u32
    }

    fn enter(&mut self, columns: &mut [Column], entry: Entry) {
        match &mut self.recording {
            Some(entries) => entries.push(entry),
            None => columns[entry.column as usize].push(self.current(), entry.code),
        }
    }
}

impl Batch {
    /// A batch with one column per field, in that order; `time_field` (a date) tells an event's time.
    pub fn new(fields: &[Field], time_field: &Field) -> Batch {
        let columns = fields.iter().map(Column::new).collect();
        Batch {
            columns,
            routes: Routes::new(fields, time_field.path()),
            time_field: time_field.spec().clone(),
            time: None,
            last_time: (String::new(), None),
            times: Vec::new(),
            rows: Rows::default(),
            epoch: 0,
        }
    }

    /// Puts a value where a route says.
    fn put_by(
        &mut self,
        route: impl for<'r> FnOnce(&'r mut Routes) -> &'r Route,
        value: Scalar<'_>,
    ) {
        let route = route(&mut self.routes);
        for &id in &route.columns {
            if let Some(code) = self.columns[id as usize].encode(value) {
                self.rows.enter(&mut self.columns, Entry { column: id, code });
            }
        }
        if route.is_time && self.time.is_none() {
            self.time = read_time(&self.time_field, value, &mut self.last_time);
        }
    }

    /// The number of events.
    pub fn len(&self) -> usize {
        self.rows.refs.len()
    }

    /// Whether there are no events.
    pub fn is_empty(&self) -> bool {
        self.rows.refs.is_empty()
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
        self.rows.refs[row as usize]
    }

    /// Whether any column, or the time, is read from this dotted path; a column of whole objects is read from what
    /// is in them.
    pub fn has_path(&self, path: &str) -> bool {
        self.routes.is_wanted(path)
    }

    /// Whether a value at this path is looked at for the event's time, and for nothing else, and is read as a time in
    /// any common form.
    pub fn is_only_time(&self, path: &str) -> bool {
        let is_plain = self.time_field.ty == FieldType::Date && self.time_field.format.is_none();
        is_plain && self.routes.is_only_time(path)
    }

    /// The path of the event's time.
    pub fn time_path(&self) -> &str {
        &self.time_field.path
    }

    /// Whether any of these columns, a flag for each, is read from this dotted path. Unlike with [`Batch::has_path`], that
    /// the event's time stands there does not count.
    pub fn has_path_in(&self, path: &str, columns: &[bool]) -> bool {
        self.routes.is_read_by(path, columns)
    }

    /// Sets the time of the event that is being put, as [`Batch::record`] gave it.
    pub fn set_time(&mut self, time: Option<Time>) {
        self.time = time;
    }

    /// The time of the event that is being put.
    pub fn pending_time(&self) -> Option<Time> {
        self.time
    }

    /// Appends what `put` puts to `entries`, instead of to the event that is being put. Gives the time, if one was
    /// put: it is no entry.
    pub fn record(
        &mut self,
        entries: &mut Vec<Entry>,
        put: impl FnOnce(&mut Batch),
    ) -> Option<Time> {
        let time = self.time.take();
        self.rows.recording = Some(std::mem::take(entries));
        put(self);
        *entries = self.rows.recording.take().unwrap_or_default();
        std::mem::replace(&mut self.time, time)
    }

    /// Adds entries to the event that is being put. They are of this batch, and hold still.
    ///
    /// # Panics
    /// If an entry is of another batch that had more fields.
    pub fn replay(&mut self, entries: &[Entry]) {
        let row = self.rows.current();
        for entry in entries {
            self.columns[entry.column as usize].push(row, entry.code);
        }
    }

    /// Rises whenever dictionaries are dropped, and with them the codes of older entries; which, their
    /// [`Dictionary::generation`](crate::Dictionary::generation)s tell.
    pub fn epoch(&self) -> u32 {
        self.epoch
    }

    /// Ends the event whose values were put since the last call.
    pub fn end_row(&mut self, event: EventRef) {
        self.times.push(self.time.take());
        self.rows.refs.push(event);
    }

    /// Forgets the values that were put since the last [`Batch::end_row`]: the event is not wanted.
    pub fn abandon_row(&mut self) {
        let row = self.rows.current();
        self.time = None;
        self.rows.recording = None;
        self.columns.iter_mut().for_each(|column| column.abandon(row));
    }

    /// Drops the events. Keeps the dictionaries; if they have grown too large, the largest are dropped until
    /// half of the limit is left.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(Column::clear);
        let bytes = Column::dictionary_bytes;
        let mut all: usize = self.columns.iter().map(bytes).sum();
        if all > DICTIONARY_LIMIT {
            self.epoch += 1;
            while all > DICTIONARY_LIMIT / 2
                && let Some(largest) = self.columns.iter_mut().max_by_key(|column| bytes(column))
            {
                all -= bytes(largest);
                largest.forget();
            }
        }
        self.times.clear();
        self.rows.refs.clear();
        self.time = None;
    }
}

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
        for &id in &self.routes.get(path).columns {
            let column = &mut self.columns[id as usize];
            if let Some(stand_in) = column.field().spec().null_value.clone()
                && let Some(code) = column.encode(Scalar::Str(&stand_in))
            {
                self.rows.enter(&mut self.columns, Entry { column: id, code });
            }
        }
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.put_by(|routes| routes.get(path), value);
    }

    fn resolve(&self, path: &str) -> Handle {
        let number = self.routes.number(path).map_or(0, |number| number + 1);
        Handle { number, tag: 0 }
    }

    fn put_at(&mut self, handle: Handle, path: &str, value: Scalar<'_>) {
        match handle.number.checked_sub(1) {
            Some(number) => self.put_by(|routes| routes.at(number), value),
            None => self.put(path, value),
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
        self.routes.objects(path).is_some()
    }

    fn put_object_json(&mut self, path: &str, json: &str) {
        for &id in self.routes.objects(path).into_iter().flatten() {
            if let Some(code) = self.columns[id as usize].encode(Scalar::Str(json)) {
                self.rows.enter(&mut self.columns, Entry { column: id, code });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldType;

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
    fn what_is_recorded_can_be_replayed() {
        let mut batch = batch();
        let mut entries = Vec::new();
        let time = batch.record(&mut entries, |batch| {
            batch.put_str("a", "x");
            batch.put_str("b", "y");
            batch.put_str("@timestamp", "2024-01-01");
        });
        assert_eq!((entries.len(), time), (2, Time::parse("2024-01-01")));
        assert!(batch.column(ColumnId(0)).rows().is_empty() && batch.pending_time().is_none());
        batch.end_row(at(0));
        batch.replay(&entries);
        batch.end_row(at(1));
        assert_eq!(batch.column(ColumnId(1)).row_codes(1), [0]);
        assert_eq!((batch.column(ColumnId(0)).rows(), batch.epoch()), (&[1][..], 0));
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
