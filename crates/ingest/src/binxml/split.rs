//! A record as its values, for whoever remembers what values come to ([`crate::memory`]).
//!
//! Only the usual form is split: a template, and at most one within it, neither with arrays. All else is declined, and
//! read as [`super::Reader::event`] reads it.

use std::borrow::Cow;

use dragnet_ecs::{Data, WinEvent};
use dragnet_event::Time;

use super::Reader;
use super::template::{Context, Op, Source, Span, Target};
use super::value::Value;
use crate::memory::{
    Declined, MAX_FIELDS, MAX_SHAPE_KEY, Memory, Record, Role, ShapeField, ShapeId,
};
use crate::system::Field;

/// The fields of records with one template, or one within another.
pub(super) struct LocalShape {
    outer: usize,
    inner: Option<usize>,
    /// The number of values of the outer template; those of the inner one follow.
    outer_len: usize,
    ops: Vec<Op>,
    /// How many values there must be for them.
    need: usize,
    id: ShapeId,
    /// The round of the memory that the id is of.
    round: u32,
}

/// A record's values, and what they are.
pub(crate) struct Split<'r, 'd> {
    ops: &'r [Op],
    names: &'r str,
    values: &'r [Value<'d>],
}

impl<'d> Reader<'d> {
    /// The record whose `BinXML` is there. `None`: it is none of the usual form, or must be read by way of its XML.
    pub(crate) fn split(
        &mut self,
        start: usize,
        end: usize,
        memory: &mut Memory,
    ) -> Option<(Split<'_, 'd>, ShapeId)> {
        self.values.clear();
        let definition = self.values_of(start, end)?;
        let outer = self.template(definition, Context::Record)?;
        let outer_len = self.values.len();
        let (slot, inner) = self.inner(outer)?.unzip();
        let shape = match self.shape(outer, inner, outer_len, memory.round()) {
            Some(shape) => shape,
            None => self.make_shape(outer, slot.zip(inner), outer_len, memory)?,
        };
        let shape = &self.shapes[shape];
        if self.values.len() < shape.need {
            return None;
        }
        let split = Split { ops: &shape.ops, names: &self.names, values: &self.values };
        Some((split, shape.id))
    }

    /// Appends the values of the template within this one; gives the slot that it stands in, and its number.
    #[expect(clippy::option_option, reason = "the outer one declines, as everywhere here")]
    fn inner(&mut self, outer: usize) -> Option<Option<(u16, usize)>> {
        let mut composed = (0..).zip(&self.values).filter(|(_, value)| value.is_composed());
        let Some((slot, value)) = composed.next() else { return Some(None) };
        if composed.next().is_some() {
            return None;
        }
        let mut ops = self.templates[outer].ops.as_ref()?.iter();
        let context = ops.find_map(|op| match op.target {
            Target::Inner(context) if op.source == Source::Slot(slot) => Some(context),
            _ => None,
        })?;
        let (range, first) = (value.binxml()?, self.values.len());
        let definition = self.values_of(range.start, range.end)?;
        let inner = self.template(definition, context)?;
        let is_plain = self.values[first..].iter().all(|value| !value.is_composed());
        is_plain.then_some(Some((slot, inner)))
    }

    fn shape(
        &self,
        outer: usize,
        inner: Option<usize>,
        outer_len: usize,
        round: u32,
    ) -> Option<usize> {
        let wanted = (outer, inner, outer_len, round);
        let is_it = |s: &LocalShape| (s.outer, s.inner, s.outer_len, s.round) == wanted;
        self.shapes.iter().position(is_it)
    }

    fn make_shape(
        &mut self,
        outer: usize,
        inner: Option<(u16, usize)>,
        outer_len: usize,
        memory: &mut Memory,
    ) -> Option<usize> {
        let ops = |template: usize| self.templates[template].ops.as_deref();
        let mut all = Vec::new();
        for op in ops(outer)? {
            if slots(op).any(|slot| usize::from(slot) >= outer_len) {
                return None;
            }
            match (op.target, inner) {
                // The inner one's stand in its place.
                (Target::Inner(_), Some((slot, inner))) if op.source == Source::Slot(slot) => {
                    if op.depends.is_some() {
                        return None;
                    }
                    for op in ops(inner)? {
                        all.push(moved(op, outer_len)?);
                    }
                }
                (Target::Inner(_), _) => {}
                _ => all.push(*op),
            }
        }
        if all.len() > MAX_FIELDS {
            return None;
        }
        let need = all.iter().flat_map(slots).map(|slot| usize::from(slot) + 1).max().unwrap_or(0);
        let inner = inner.map(|(_, inner)| inner);
        let key = key(&all, &self.names)?;
        let fields = || Some(all.iter().map(|op| field(op, &self.names)).collect());
        let id = memory.shape(&key, fields)?;
        let round = memory.round();
        self.shapes.push(LocalShape { outer, inner, outer_len, ops: all, need, id, round });
        Some(self.shapes.len() - 1)
    }
}

/// The values that a step looks at.
fn slots(op: &Op) -> impl Iterator<Item = u16> + use<> {
    let source = match op.source {
        Source::Slot(slot) => Some(slot),
        Source::Nothing | Source::Text(_) => None,
    };
    source.into_iter().chain(op.depends)
}

/// A step of the inner template, whose values follow those of the outer one.
fn moved(op: &Op, outer_len: usize) -> Option<Op> {
    let moved = |slot: u16| u16::try_from(usize::from(slot) + outer_len).ok();
    let source = match op.source {
        Source::Slot(slot) => Source::Slot(moved(slot)?),
        fixed => fixed,
    };
    let depends = match op.depends {
        Some(slot) => Some(moved(slot)?),
        None => None,
    };
    Some(Op { source, depends, ..*op })
}

/// What tells these steps from any others; `None` if it is too long to be kept.
fn key(ops: &[Op], names: &str) -> Option<Vec<u8>> {
    let mut key = Vec::with_capacity(ops.len() * 24);
    let text = |tag: u8, span: Span, key: &mut Vec<u8>| {
        let text = span.of(names);
        key.push(tag);
        key.extend_from_slice(&(text.len() as u32).to_le_bytes());
        key.extend_from_slice(text.as_bytes());
    };
    for op in ops {
        match op.target {
            Target::System(field) => key.extend_from_slice(&[0, field as u8]),
            Target::Data(name) => text(1, name, &mut key),
            Target::UserData(name) => text(2, name, &mut key),
            Target::UserDataName => key.push(3),
            Target::Inner(_) => key.push(4),
        }
        match op.source {
            Source::Nothing => key.push(0),
            Source::Text(span) => text(1, span, &mut key),
            Source::Slot(slot) => key.extend_from_slice(&[2, slot as u8, (slot >> 8) as u8]),
        }
        let depends = op.depends.map_or(u32::MAX, u32::from);
        key.extend_from_slice(&depends.to_le_bytes());
        // One name may stand in many places.
        if key.len() > MAX_SHAPE_KEY {
            return None;
        }
    }
    Some(key)
}

fn field(op: &Op, names: &str) -> ShapeField {
    let role = match op.target {
        Target::System(field) => role(field),
        Target::Data(name) => Role::Datum(name.of(names).into()),
        Target::UserData(_) | Target::UserDataName | Target::Inner(_) => Role::UserData,
    };
    // What may be left out is not the same in all records.
    let is_fixed = !matches!(op.source, Source::Slot(_)) && op.depends.is_none();
    ShapeField { role, is_fixed }
}

/// What a part of `System` is.
fn role(field: Field) -> Role {
    match field {
        Field::ProviderName
        | Field::ProviderGuid
        | Field::EventSourceName
        | Field::EventId
        | Field::Qualifiers
        | Field::Version
        | Field::Level
        | Field::Task
        | Field::Opcode
        | Field::Keywords
        | Field::Channel => Role::Kind,
        Field::TimeCreated => Role::Created,
        Field::RecordId => Role::Only("winlog.record_id"),
        Field::ActivityId => Role::Only("winlog.activity_id"),
        Field::RelatedActivityId => Role::Only("winlog.related_activity_id"),
        Field::ThreadId => Role::Only("winlog.process.thread.id"),
        Field::ProcessId => Role::Process,
        Field::UserId => Role::Account,
        Field::Computer => Role::Computer,
    }
}

impl<'d> Split<'_, 'd> {
    /// The value of a field: `None` if it is the template's own text. `Err`: the field is left out, since the value that
    /// it depends on is null.
    fn value(&self, op: &Op) -> Result<Option<Value<'d>>, Absent> {
        if let Some(slot) = op.depends
            && self.values[usize::from(slot)].is_null()
        {
            return Err(Absent);
        }
        match op.source {
            // That there are enough values has been seen to.
            Source::Slot(slot) => Ok(Some(self.values[usize::from(slot)])),
            Source::Nothing | Source::Text(_) => Ok(None),
        }
    }
}

/// A field is left out.
struct Absent;

impl Record for Split<'_, '_> {
    fn raw(&self, field: u16) -> (u8, &[u8]) {
        match self.value(&self.ops[usize::from(field)]) {
            Ok(Some(value)) => value.raw(),
            // No types of values.
            Ok(None) => (0xfe, &[]),
            Err(Absent) => (0xff, &[]),
        }
    }

    fn text(&self, field: u16, text: &mut Vec<u8>) -> Option<()> {
        let op = &self.ops[usize::from(field)];
        match self.value(op) {
            Ok(Some(value)) => value.write(text)?,
            Ok(None) => text.extend_from_slice(op.source.span().of(self.names).as_bytes()),
            Err(Absent) => {}
        }
        Some(())
    }

    fn is_absent(&self, field: u16) -> bool {
        self.value(&self.ops[usize::from(field)]).is_err()
    }

    fn time(&self, field: u16) -> Result<Option<Time>, Declined> {
        if let Ok(Some(value)) = self.value(&self.ops[usize::from(field)])
            && let Some(time) = value.time()
        {
            return Ok(Some(time));
        }
        let mut text = Vec::new();
        self.text(field, &mut text).ok_or(Declined)?;
        Ok(str::from_utf8(&text).ok().and_then(Time::parse))
    }

    fn event(
        &self,
        fields: &dyn Fn(u16) -> bool,
        each: &mut dyn FnMut(&WinEvent<'_>),
    ) -> Option<()> {
        let mut written = Vec::new();
        let mut ends = Vec::with_capacity(self.ops.len());
        for field in 0..self.ops.len() as u16 {
            if fields(field) {
                self.text(field, &mut written)?;
            }
            ends.push(written.len());
        }
        let text = str::from_utf8(&written).ok()?;
        let mut event = WinEvent::default();
        event.event_data.reserve_exact(self.ops.len());
        let mut start = 0;
        for (number, (op, end)) in self.ops.iter().zip(ends).enumerate() {
            let value = Cow::Borrowed(text.get(start..end)?);
            start = end;
            // One that is left out is not there at all, also where it keeps the place of others.
            if self.value(op).is_err() {
                continue;
            }
            let name = |name: Span| Cow::Borrowed(name.of(self.names));
            match op.target {
                Target::Data(span) => event.event_data.push(Data { name: name(span), value }),
                Target::UserData(span) => event.user_data.push(Data { name: name(span), value }),
                _ if !fields(number as u16) => {}
                Target::System(field) => field.set(&mut event, value),
                Target::UserDataName => {
                    event.user_data_name.get_or_insert(value);
                }
                Target::Inner(_) => {}
            }
        }
        each(&event);
        Some(())
    }
}
