//! A column of a batch: the values of one field, each a code in a dictionary of the distinct ones.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::field::{Field, FieldType};
use crate::schema::coerce;
use crate::time::Time;
use crate::value::Scalar;

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
    pub(crate) fn new(field: &Field) -> Column {
        let dictionary = Dictionary::default();
        Column {
            field: field.clone(),
            dictionary,
            rows: Vec::new(),
            codes: Vec::new(),
            coerced: None,
        }
    }

    /// The code of what a value comes to in this field; `None` if that is nothing.
    pub(crate) fn encode(&mut self, value: Scalar<'_>) -> Option<u32> {
        match (self.field.ty(), value) {
            (FieldType::Any, value) => Some(self.dictionary.encode(value)),
            (_, Scalar::Str(text)) => self.coerce_text(text),
            (_, value) => self.coerce(value),
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

    /// Adds a value to a row, which is the last one so far or comes after it.
    pub(crate) fn push(&mut self, row: u32, code: u32) {
        self.rows.push(row);
        self.codes.push(code);
    }

    /// Drops the rows.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        self.codes.clear();
    }

    /// Drops the values of one row, the last that has any.
    pub(crate) fn abandon(&mut self, row: u32) {
        while self.rows.last() == Some(&row) {
            self.rows.pop();
            self.codes.pop();
        }
    }

    /// About how much memory the dictionary takes, in bytes.
    pub(crate) fn dictionary_bytes(&self) -> usize {
        self.dictionary.bytes()
    }

    /// Drops the dictionary.
    pub(crate) fn forget(&mut self) {
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
