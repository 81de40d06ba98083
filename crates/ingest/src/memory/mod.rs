//! What the values of records come to, remembered.
//!
//! Values come again and again: the same programs, accounts, keys, hashes. What one becomes in the columns of a batch is
//! worked out when it comes for the second time, and replayed from then on; a record of known values is a few
//! look-ups, with no text, no event and no normaliser between the file and the columns.
//!
//! Which values have to be seen together is said by [`dragnet_ecs::Parts`]: an event's entries are those of its *kind* and
//! those that each part adds to them, and a part's are what is left of those of an event of the kind with that part
//! alone. So there is one meaning only, that of the normalisers; where an event of a kind turns out not to be the sum
//! of its parts, the kind is read whole. Builds with debug assertions hold every event to that.
//!
//! What does not matter to any rule that events of a kind can satisfy is left out, if there is an [`Interest`].
//!
//! A memory belongs to one batch, whose codes it holds, to one interest, and to one set of [`Options`]; what it takes is bounded. Where
//! several parts have values for one column, their order may be another than that of the whole: to rules, the values of
//! a field are a set.

mod interest;
mod kind;
mod known;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::Arc;

use dragnet_ecs::{Parts, WinEvent};
use dragnet_event::{Batch, ColumnId, Entry, Time};
use hashbrown::{DefaultHashBuilder, HashMap, HashTable};

use crate::block::Options;
use crate::record::normalize;
pub use interest::Interest;
use interest::Wanted;
use kind::{Given, Kind};
use known::{Key, Known};

/// A record of which the values can be had one by one.
pub(crate) trait Record {
    /// What tells a field's value from any other: its bytes as they stand, and a tag that says what kind of bytes these
    /// are.
    fn raw(&self, field: u16) -> (u8, &[u8]);

    /// Appends a field's text (UTF-8), nothing if it is absent. `None`: it must be read in another way, and so must the
    /// record.
    fn text(&self, field: u16, text: &mut Vec<u8>) -> Option<()>;

    /// Whether a field is left out of the record.
    fn is_absent(&self, field: u16) -> bool;

    /// The time that a field is, if it is one.
    fn time(&self, field: u16) -> Result<Option<Time>, Declined>;

    /// The event without the values of other fields than these. Data that are left out are empty, so that those without
    /// a name keep their places.
    fn event(
        &self,
        fields: &dyn Fn(u16) -> bool,
        each: &mut dyn FnMut(&WinEvent<'_>),
    ) -> Option<()>;
}

/// A value must be read in another way, and so must its record.
#[derive(Debug)]
pub(crate) struct Declined;

/// What a field of a record is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// One of those that tell what kind of event it is.
    Kind,
    /// When it was written.
    Created,
    /// It becomes this field and nothing else.
    Only(&'static str),
    /// The account that wrote the event.
    Account,
    /// The process that did.
    Process,
    Computer,
    /// The rendered message.
    Message,
    /// Nothing comes of it.
    Nothing,
    /// A datum of this name.
    Datum(Box<str>),
    UserData,
}

/// The fields that records of one template or of the same members have.
#[derive(Debug)]
pub(crate) struct Shape {
    fields: Vec<ShapeField>,
    /// Those that tell the kind.
    kind: Vec<u16>,
    /// The kind that was last met.
    last: Option<u32>,
}

#[derive(Debug, Clone)]
pub(crate) struct ShapeField {
    pub(crate) role: Role,
    /// It is the same in all records of the shape.
    pub(crate) is_fixed: bool,
}

impl ShapeField {
    fn is_of_kind(&self) -> bool {
        self.role == Role::Kind || (self.is_fixed && !matches!(self.role, Role::Datum(_)))
    }
}

/// The number of a shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ShapeId(u32);

/// Hostile files may have many shapes and kinds, and large ones. So many bytes of them are remembered, about; then all are
/// dropped.
const LIMIT: usize = 6 << 20;
/// Records of more fields, and those whose keys or names take more bytes, are not put together from their values.
pub(crate) const MAX_FIELDS: usize = 512;
pub(crate) const MAX_SHAPE_KEY: usize = 32 << 10;
/// The same for what tells the kind of a record.
const MAX_KIND_KEY: usize = 4 << 10;
/// What buffers may keep from one record to the next.
const MAX_BUFFER: usize = 256 << 10;

/// Remembers what values come to in one batch, read with the same [`Options`] each time.
#[derive(Debug, Default)]
pub struct Memory {
    shapes: Vec<Shape>,
    shape_index: HashMap<Box<[u8]>, Option<ShapeId>>,
    /// Rises when shapes are dropped.
    round: u32,
    /// What shapes and kinds take, about.
    bytes: usize,
    kinds: Vec<Kind>,
    kind_index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    known: Known,
    epoch: u32,
    columns: Columns,
    wanted: Wanted,
    next_part: u32,
    buffers: Buffers,
}

/// The columns that remembered entries are in, with the generations of their dictionaries. What comes once fills
/// dictionaries, too (messages above all), but is in none of these.
#[derive(Debug, Default)]
struct Columns {
    generations: HashMap<u32, u32>,
}

impl Columns {
    fn add(&mut self, entries: &[Entry], batch: &Batch) {
        for entry in entries {
            let generation = || batch.column(entry.column()).dictionary().generation();
            self.generations.entry(entry.column().0).or_insert_with(generation);
        }
    }

    /// Whether the dictionary of one of them has been dropped.
    fn have_lost_codes(&self, batch: &Batch) -> bool {
        self.generations.iter().any(|(column, generation)| {
            batch.column(ColumnId(*column)).dictionary().generation() != *generation
        })
    }
}

/// Of the record that is being put.
#[derive(Debug, Default)]
struct Buffers {
    key: Vec<u8>,
    text: Vec<u8>,
    row: Vec<Entry>,
    /// The parts whose values are not known, with their hashes.
    missing: Vec<(usize, u64)>,
    learnt: Vec<Entry>,
}

impl Buffers {
    fn shrink(&mut self) {
        self.key.shrink_to(MAX_BUFFER);
        self.text.shrink_to(MAX_BUFFER);
    }
}

impl Memory {
    /// One that leaves out what nobody is interested in.
    pub fn new(interest: Arc<dyn Interest>) -> Memory {
        Memory { wanted: Wanted::by(interest), ..Memory::default() }
    }

    /// Rises when all [`ShapeId`]s lose their meaning.
    pub(crate) fn round(&self) -> u32 {
        self.round
    }

    /// The shape of records with this key; its fields are asked for if it is new. If there are none, records with this
    /// key are not put together from their values.
    pub(crate) fn shape(
        &mut self,
        key: &[u8],
        fields: impl FnOnce() -> Option<Vec<ShapeField>>,
    ) -> Option<ShapeId> {
        if let Some(id) = self.shape_index.get(key) {
            return *id;
        }
        if key.len() > MAX_SHAPE_KEY {
            return None;
        }
        let fields = fields().filter(|fields| fields.len() <= MAX_FIELDS);
        if self.bytes + self.wanted.bytes() > LIMIT {
            self.shapes.clear();
            self.shape_index.clear();
            self.forget();
            self.bytes = 0;
            self.round += 1;
        }
        // Names stand in the key and in the fields.
        self.bytes += 2 * key.len() + size_of::<Shape>();
        let Some(fields) = fields else {
            self.shape_index.insert(key.into(), None);
            return None;
        };
        self.bytes += fields.len() * size_of::<ShapeField>();
        let is_key = |field: &ShapeField| field.role == Role::Kind && !field.is_fixed;
        let kind = (0..).zip(&fields).filter(|(_, field)| is_key(field)).map(|(number, _)| number);
        self.shapes.push(Shape { kind: kind.collect(), fields, last: None });
        let id = ShapeId(self.shapes.len() as u32 - 1);
        self.shape_index.insert(key.into(), Some(id));
        Some(id)
    }

    /// Drops what hangs on the codes of the batch's dictionaries.
    fn forget(&mut self) {
        self.bytes -= self.kinds.iter().map(Kind::bytes).sum::<usize>().min(self.bytes);
        self.kinds.clear();
        self.kind_index.clear();
        self.known.forget();
        self.next_part = 0;
        self.columns = Columns::default();
        self.wanted.forget();
        self.shapes.iter_mut().for_each(|shape| shape.last = None);
    }

    /// Puts a record's values into the event that the batch is being given. `None` if a value must be read in another
    /// way; then nothing was put.
    pub(crate) fn put(
        &mut self,
        record: &impl Record,
        shape: ShapeId,
        options: &Options,
        batch: &mut Batch,
    ) -> Option<()> {
        let is_full = self.bytes + self.wanted.bytes() > LIMIT;
        if self.epoch != batch.epoch() || is_full {
            self.epoch = batch.epoch();
            if is_full || self.columns.have_lost_codes(batch) {
                self.forget();
            }
        }
        self.buffers.shrink();
        let kind = self.kind(record, shape, options, batch)?;
        if !self.kinds[kind as usize].is_whole
            && self.look_up(record, kind, batch)?
            && let Surprise::Telling(column) = self.learn(record, kind, options, batch)?
        {
            self.forget();
            self.wanted.distrust(column);
            return None;
        }
        let kind = &self.kinds[kind as usize];
        if kind.is_whole {
            return record.event(&|_| true, &mut |event| normalize(event, options, batch));
        }
        let created = kind.created.map_or(Ok(None), |field| record.time(field)).ok()?;
        let text = &mut self.buffers.text;
        text.clear();
        if let Some(field) = kind.time {
            record.text(field, text)?;
        }
        let datum = kind.time.and(str::from_utf8(text).ok());
        let row = &mut self.buffers.row;
        let known = if kind.is_only_time { Parts::timestamp(created, datum) } else { None };
        let time =
            known.or_else(|| batch.record(row, |batch| kind.channel.times(created, datum, batch)));
        if cfg!(debug_assertions) {
            compare(record, options, (row, time), kind, batch);
        }
        batch.replay(row);
        batch.set_time(time);
        Some(())
    }

    /// The number of the record's kind.
    fn kind(
        &mut self,
        record: &impl Record,
        id: ShapeId,
        options: &Options,
        batch: &mut Batch,
    ) -> Option<u32> {
        let shape = &mut self.shapes[id.0 as usize];
        let key = &mut self.buffers.key;
        key.clear();
        for field in &shape.kind {
            push(record.raw(*field), key);
        }
        if key.len() > MAX_KIND_KEY {
            return None;
        }
        let is_it = |kind: &Kind| kind.shape == id && *kind.key == **key;
        if let Some(last) = shape.last
            && is_it(&self.kinds[last as usize])
        {
            return Some(last);
        }
        let hash = self.hasher.hash_one((id.0, &**key));
        let found = self.kind_index.find(hash, |&kind| is_it(&self.kinds[kind as usize])).copied();
        let number = if let Some(number) = found {
            number
        } else {
            let first_part = self.next_part;
            let mut kind =
                Kind::new(record, id, shape, (&**key, hash), options, batch, first_part)?;
            kind.want(self.wanted.of(&kind.base, batch), shape, batch);
            self.next_part += kind.parts.len() as u32;
            self.columns.add(&kind.base, batch);
            self.bytes += kind.bytes();
            self.kinds.push(kind);
            let kinds = &self.kinds;
            let number = kinds.len() as u32 - 1;
            self.kind_index.insert_unique(hash, number, |&kind| kinds[kind as usize].hash);
            number
        };
        shape.last = Some(number);
        Some(number)
    }

    /// Collects the entries of the kind and of all parts that are known, and says whether there are others.
    fn look_up(&mut self, record: &impl Record, kind: u32, batch: &mut Batch) -> Option<bool> {
        let Buffers { key, text, row, missing, .. } = &mut self.buffers;
        let kind = &mut self.kinds[kind as usize];
        row.clear();
        missing.clear();
        row.extend_from_slice(&kind.wanted_base);
        for (number, part) in kind.parts.iter_mut().enumerate() {
            if let Some(direct) = part.direct {
                text.clear();
                record.text(part.fields[0], text)?;
                let text = str::from_utf8(text).ok()?;
                batch.record(row, |batch| direct.put(text, batch));
                continue;
            }
            let key = key_of(record, &part.varying, key);
            let last = part.last.filter(|item| self.known.is(*item, part.id, key));
            let item = last.or_else(|| {
                let hash = self.known.hash(part.id, key);
                let item = self.known.find(hash, part.id, key);
                if item.is_none() {
                    missing.push((number, hash));
                }
                item
            });
            if let Some(item) = item {
                row.extend_from_slice(self.known.entries(item));
            }
            part.last = item;
        }
        Some(!missing.is_empty())
    }

    /// Works out what the missing parts come to: by itself if it is to be remembered, else all at once.
    fn learn(
        &mut self,
        record: &impl Record,
        kind: u32,
        options: &Options,
        batch: &mut Batch,
    ) -> Option<Surprise> {
        let Buffers { key, row, missing, learnt, .. } = &mut self.buffers;
        let kind = &mut self.kinds[kind as usize];
        let shape = &self.shapes[kind.shape.0 as usize];
        let given = Given { record, shape, options };
        let mut others = Vec::new();
        for &(number, hash) in &*missing {
            let part = &kind.parts[number];
            if !self.known.comes_again(hash) {
                others.extend_from_slice(&part.fields);
                continue;
            }
            learnt.clear();
            if !kind.add(&given, &part.fields, batch, learnt)? {
                kind.is_whole = true;
                return Some(Surprise::None);
            }
            if let Some(column) = kind.wanted.keep(learnt) {
                return Some(Surprise::Telling(column));
            }
            row.extend_from_slice(learnt);
            let key = key_of(record, &part.varying, key);
            self.columns.add(learnt, batch);
            self.known.add(hash, part.id, key, learnt);
        }
        if others.is_empty() {
            return Some(Surprise::None);
        }
        learnt.clear();
        kind.is_whole |= !kind.add(&given, &others, batch, learnt)?;
        if let Some(column) = kind.wanted.keep(learnt) {
            return Some(Surprise::Telling(column));
        }
        row.extend_from_slice(learnt);
        Some(Surprise::None)
    }
}

/// What was learnt of a value that was not expected.
enum Surprise {
    None,
    /// It says something of this column, by which it was told what kind of event this is.
    Telling(ColumnId),
}

/// What tells the values of these fields from others.
fn key_of<'k>(record: &'k impl Record, fields: &[u16], buffer: &'k mut Vec<u8>) -> Key<'k> {
    if let [field] = fields {
        return record.raw(*field);
    }
    buffer.clear();
    for field in fields {
        push(record.raw(*field), buffer);
    }
    (0, buffer)
}

fn push((tag, bytes): Key<'_>, key: &mut Vec<u8>) {
    let [a, b, c, d] = (bytes.len() as u32).to_le_bytes();
    key.extend_from_slice(&[tag, a, b, c, d]);
    key.extend_from_slice(bytes);
}

/// Holds the entries that parts of a record have come to, and its times, to those of the whole, as far as they are wanted;
/// and what tells which are to what the kind says.
///
/// # Panics
/// If they are not the same.
fn compare(
    record: &impl Record,
    options: &Options,
    (parts, time): (&[Entry], Option<Time>),
    kind: &Kind,
    batch: &mut Batch,
) {
    let wanted = &kind.wanted;
    let (mut whole, mut parts) = (Vec::new(), parts.to_vec());
    let _ = record.event(&|_| true, &mut |event| {
        let of_whole = batch.record(&mut whole, |batch| normalize(event, options, batch));
        let tells = |entry: &&Entry| wanted.is_told_by(entry.column());
        let told: BTreeSet<&Entry> = whole.iter().filter(tells).collect();
        assert!(
            told == kind.base.iter().filter(tells).collect(),
            "an event is of more kinds than one: {event:?}"
        );
        whole.retain(|entry| wanted.has(entry.column()));
        whole.sort_unstable();
        parts.retain(|entry| wanted.has(entry.column()));
        parts.sort_unstable();
        assert!(
            (&whole, of_whole) == (&parts, time),
            "an event is not the sum of its parts: {event:?}"
        );
    });
}
