//! Kinds of events, and the parts that they fall into.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use dragnet_ecs::{Data, Direct, Part, Parts, WinEvent};
use dragnet_event::{Batch, Entry};

use super::interest::WantedColumns;
use super::{Record, Role, Shape, ShapeField, ShapeId};
use crate::block::Options;
use crate::record::normalize;

/// Events of one shape, of which all that tells what they are is the same.
#[derive(Debug)]
pub(super) struct Kind {
    pub(super) shape: ShapeId,
    pub(super) key: Box<[u8]>,
    pub(super) hash: u64,
    pub(super) channel: Parts,
    /// What every event of the kind has.
    pub(super) base: Vec<Entry>,
    /// The same, as far as it matters.
    pub(super) wanted_base: Vec<Entry>,
    pub(super) wanted: WantedColumns,
    /// By field: whether it is the same in all events of the kind.
    constant: Vec<bool>,
    /// What is the same in all events of the kind, if its data have names: others are told by their places.
    prototype: Option<WinEvent<'static>>,
    pub(super) parts: Vec<PartOfKind>,
    /// When it was written, and its provider's own time.
    pub(super) created: Option<u16>,
    pub(super) time: Option<u16>,
    /// Of its times, no more is looked at than the time of the event.
    pub(super) is_only_time: bool,
    /// Its events are more, or less, than the sum of their parts.
    pub(super) is_whole: bool,
}

/// Values that have to be seen together, and that some column may be interested in.
#[derive(Debug)]
pub(super) struct PartOfKind {
    /// Its number among the parts of all kinds.
    pub(super) id: u32,
    pub(super) fields: Vec<u16>,
    /// Those of them that are not the same in all records of the shape.
    pub(super) varying: Vec<u16>,
    /// It is not looked up.
    pub(super) direct: Option<&'static Direct>,
    /// The number of what it came to last.
    pub(super) last: Option<u32>,
}

/// What the fields of one part have in common.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Together<'s> {
    Number(u8),
    Name(&'s str),
    Field(u16),
    Computer,
    UserData,
}

/// What becomes of the process that wrote an event, where no pipeline makes more of it.
const PROCESS_ID: &str = "winlog.process.pid";

impl Kind {
    /// The kind of a record. `key` is that of its fields, with its hash; parts are numbered from `first_part`.
    pub(super) fn new(
        record: &impl Record,
        id: ShapeId,
        shape: &Shape,
        (key, hash): (&[u8], u64),
        options: &Options,
        batch: &mut Batch,
        first_part: u32,
    ) -> Option<Kind> {
        let mut constant: Vec<bool> = shape.fields.iter().map(ShapeField::is_of_kind).collect();
        let mut channel = None;
        record.event(&|field| constant[usize::from(field)], &mut |event| {
            let provider = event.provider_name.as_deref();
            channel = Some(Parts::of(&event.channel, provider, options.flavor));
        })?;
        let mut kind = Kind {
            shape: id,
            key: key.into(),
            hash,
            channel: channel?,
            base: Vec::new(),
            wanted_base: Vec::new(),
            wanted: WantedColumns::default(),
            constant: Vec::new(),
            prototype: None,
            parts: Vec::new(),
            created: None,
            time: None,
            is_only_time: batch.is_only_time("@timestamp")
                && !Parts::OTHER_TIMES.iter().any(|path| batch.has_path(path)),
            is_whole: false,
        };
        let mut parts = Vec::new();
        for fields in kind.group(shape, batch).into_values() {
            let is_varying = |field: &u16| !shape.fields[usize::from(*field)].is_fixed;
            let varying: Vec<u16> = fields.iter().copied().filter(is_varying).collect();
            if varying.is_empty() {
                for field in fields {
                    constant[usize::from(field)] = true;
                }
                continue;
            }
            let direct = kind.direct(&fields, shape);
            if direct.is_none_or(|direct| batch.has_path(direct.path)) {
                let id = first_part + parts.len() as u32;
                parts.push(PartOfKind { id, fields, varying, direct, last: None });
            }
        }
        (kind.constant, kind.parts) = (constant, parts);
        let mut base = Vec::new();
        let given = Given { record, shape, options };
        let has_time = kind.entries(&given, &[], batch, &mut base)?;
        kind.prototype = kind.make_prototype(&given);
        (kind.base, kind.is_whole) = (base, kind.is_whole || has_time);
        Some(kind)
    }

    /// The field that a part becomes, if it is not looked up.
    fn direct(&self, fields: &[u16], shape: &Shape) -> Option<&'static Direct> {
        let [field] = fields else { return None };
        match &shape.fields[usize::from(*field)].role {
            Role::Datum(name) => self.channel.direct(name),
            Role::Message => Some(Parts::MESSAGE),
            _ => None,
        }
    }

    /// Leaves out what does not matter to its events.
    pub(super) fn want(&mut self, wanted: WantedColumns, shape: &Shape, batch: &Batch) {
        self.wanted_base.clone_from(&self.base);
        self.wanted_base.retain(|entry| wanted.has(entry.column()));
        let channel = &self.channel;
        let matters = |part: &PartOfKind| {
            if let Some(direct) = part.direct {
                return wanted.has_path(direct.path, batch);
            }
            match &shape.fields[usize::from(part.fields[0])].role {
                Role::Only(path) => wanted.has_path(path, batch),
                Role::Datum(name) if channel.datum(name) == Part::Kept => {
                    wanted.has_path(&kept_path(name), batch)
                }
                _ => true,
            }
        };
        self.parts.retain(|part| !wanted.is_empty() && matters(part));
        self.wanted = wanted;
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        let fields = |part: &PartOfKind| (part.fields.len() + part.varying.len()) * 2;
        let parts = self.parts.iter().map(|part| fields(part) + size_of::<PartOfKind>());
        let base = size_of_val(&*self.base) * 2 + self.constant.len() + self.key.len();
        let data = self.prototype.iter().flat_map(|event| &event.event_data);
        let data = data.map(|datum| size_of_val(datum) + datum.name.len() + datum.value.len());
        // What else the prototype says is in the key, or a few fixed texts.
        let prototype = self.key.len() + data.sum::<usize>();
        size_of::<Kind>() + base + parts.sum::<usize>() + prototype
    }

    /// The fields of each part, without those that no column is interested in.
    fn group<'s>(&mut self, shape: &'s Shape, batch: &Batch) -> BTreeMap<Together<'s>, Vec<u16>> {
        let mut parts: BTreeMap<Together<'s>, Vec<u16>> = BTreeMap::new();
        let (mut has_data, mut has_user_data) = (false, false);
        for (number, field) in (0..).zip(&shape.fields) {
            let part = match &field.role {
                _ if field.is_of_kind() => continue,
                Role::Kind | Role::Nothing => continue,
                Role::Created => {
                    self.is_whole |= self.created.replace(number).is_some();
                    continue;
                }
                Role::Only(path) if !batch.has_path(path) => continue,
                Role::Only(_) => Together::Field(number),
                Role::Computer => Together::Computer,
                Role::Message => match self.channel.message() {
                    Part::Kept if !batch.has_path(Parts::MESSAGE.path) => continue,
                    part => together(part, "", number),
                },
                Role::Process | Role::Account => match self.channel.author() {
                    Part::Alone if field.role == Role::Process && !batch.has_path(PROCESS_ID) => {
                        continue;
                    }
                    part => together(part, "", number),
                },
                Role::UserData => {
                    has_user_data = true;
                    Together::UserData
                }
                Role::Datum(name) => match self.channel.datum(name) {
                    Part::Kept if !batch.has_path(&kept_path(name)) => continue,
                    Part::Time => {
                        self.is_whole |= field.is_fixed || self.time.replace(number).is_some();
                        continue;
                    }
                    part => {
                        has_data = true;
                        together(part, name, number)
                    }
                },
            };
            parts.entry(part).or_default().push(number);
        }
        // Hardly any event has both, and some pipelines look at both.
        self.is_whole |= has_data && has_user_data;
        parts
    }

    /// The event of what is the same in all events of the kind.
    fn make_prototype(&self, given: &Given<'_, impl Record>) -> Option<WinEvent<'static>> {
        let mut varying = HashSet::new();
        for (field, constant) in given.shape.fields.iter().zip(&self.constant) {
            let Role::Datum(name) = &field.role else { continue };
            if is_nameless(name) {
                return None;
            }
            if !constant {
                varying.insert(&**name);
            }
        }
        let mut prototype = None;
        given.record.event(&|field| self.constant[usize::from(field)], &mut |event| {
            let mut event = event.owned();
            event.event_data.retain(|datum| !varying.contains(&*datum.name));
            prototype = Some(event);
        })?;
        prototype
    }

    /// Appends what these fields add to the kind's own entries. `false`: that cannot be said.
    pub(super) fn add(
        &self,
        given: &Given<'_, impl Record>,
        fields: &[u16],
        batch: &mut Batch,
        entries: &mut Vec<Entry>,
    ) -> Option<bool> {
        let mut all = Vec::new();
        let has_time = match self.data_entries(given, fields, batch, &mut all)? {
            Some(has_time) => has_time,
            None => self.entries(given, fields, batch, &mut all)?,
        };
        // Normalisers put what is the kind's in the same order whatever else there is.
        let mut base = self.base.iter().peekable();
        entries.extend(all.into_iter().filter(|entry| base.next_if_eq(&entry).is_none()));
        Some(!has_time && base.peek().is_none())
    }

    /// Appends the entries of an event of the kind with these fields; gives whether it has a time.
    fn entries(
        &self,
        given: &Given<'_, impl Record>,
        fields: &[u16],
        batch: &mut Batch,
        entries: &mut Vec<Entry>,
    ) -> Option<bool> {
        let mut has_time = false;
        given.record.event(
            &|field| self.constant[usize::from(field)] || fields.contains(&field),
            &mut |event| {
                let put = |batch: &mut Batch| normalize(event, given.options, batch);
                has_time = batch.record(entries, put).is_some();
            },
        )?;
        Some(has_time)
    }

    /// The same for named data, without making the rest of the event again. `Some(None)`: not all of them are.
    #[expect(clippy::option_option, reason = "the outer one declines, as everywhere here")]
    fn data_entries(
        &self,
        given: &Given<'_, impl Record>,
        fields: &[u16],
        batch: &mut Batch,
        entries: &mut Vec<Entry>,
    ) -> Option<Option<bool>> {
        let Some(prototype) = &self.prototype else { return Some(None) };
        let mut written = Vec::new();
        let mut data = Vec::with_capacity(fields.len());
        for field in fields {
            let Role::Datum(name) = &given.shape.fields[usize::from(*field)].role else {
                return Some(None);
            };
            if given.record.is_absent(*field) {
                continue;
            }
            given.record.text(*field, &mut written)?;
            data.push((&**name, written.len()));
        }
        let text = str::from_utf8(&written).ok()?;
        let mut event = prototype.borrowed();
        let mut start = 0;
        for (name, end) in data {
            let value = Cow::Borrowed(text.get(start..end)?);
            event.event_data.push(Data { name: Cow::Borrowed(name), value });
            start = end;
        }
        let put = |batch: &mut Batch| normalize(&event, given.options, batch);
        Some(Some(batch.record(entries, put).is_some()))
    }
}

/// A record, and how it is read.
pub(super) struct Given<'a, R> {
    pub(super) record: &'a R,
    pub(super) shape: &'a Shape,
    pub(super) options: &'a Options,
}

/// Where a datum is that stays where it is.
fn kept_path(name: &str) -> String {
    format!("winlog.event_data.{name}")
}

/// Whether a datum is told by its place.
fn is_nameless(name: &str) -> bool {
    name.is_empty() || name == "Data"
}

fn together(part: Part, name: &str, number: u16) -> Together<'_> {
    match part {
        Part::With(number) => Together::Number(number),
        // By its place.
        _ if is_nameless(name) => Together::Field(number),
        _ => Together::Name(name),
    }
}
