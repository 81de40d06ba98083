//! Records of an EVTX chunk, read without their XML.
//!
//! A record is a template and the values that go into it. What the n-th value of a template means
//! is worked out once per chunk ([`template`]); then reading a record is writing each of its values as
//! text, once.
//!
//! What a record means is defined by its XML. Only the shapes are known here in which Windows writes nearly
//! everything; any other, and whatever looks damaged, is declined (`None`, all through these modules) and read
//! by way of the XML. A test holds the two ways to each other.

mod cursor;
mod split;
mod template;
#[cfg(test)]
mod tests;
mod value;

use std::borrow::Cow;

use dragnet_ecs::{Data, WinEvent};

use crate::block::{Options, Remembering};

use cursor::Cursor;
use split::LocalShape;
use template::{Context, Node, Op, Source, Span, Target};
use value::Value;

/// The place of a chunk's first record, and the size of a record's header.
const FIRST: usize = 512;
const HEADER: usize = 24;
/// A record's text beyond this is left to the XML, which has bounds of its own: values are at most some
/// kilobytes, but a hostile template may repeat them.
const MAX_TEXT: usize = 1 << 20;
const MAX_PARTS: usize = 1 << 14;
/// The last FILETIME at which a record may have been written: the end of the year 9998.
const MAX_TIME: u64 = 2_650_152_384_000_000_000;

/// A record that is whole as far as its header tells.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Record {
    /// Its number within the log.
    pub(crate) id: u64,
    /// Where its `BinXML` is.
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The records of a chunk, in order.
///
/// Ends early where the next record's header is damaged; [`Records::is_complete`] tells.
pub(crate) struct Records<'d> {
    at: Cursor<'d>,
    last_id: u64,
    is_complete: bool,
}

impl<'d> Records<'d> {
    /// `None` if the chunk's header is cut short.
    pub(crate) fn new(data: &'d [u8]) -> Option<Records<'d>> {
        let last_id = Cursor::new(data, 32).u64()?;
        let free_space = Cursor::new(data, 48).u32()? as usize;
        let live = &data[..free_space.min(data.len())];
        Some(Records { at: Cursor::new(live, FIRST), last_id, is_complete: false })
    }

    /// Whether there are no more records, and none was damaged.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        if self.is_complete || self.at.peek().is_none() {
            self.is_complete = true;
            return None;
        }
        let mut at = self.at;
        if at.u32()?.to_le_bytes() != *b"**\0\0" {
            return None;
        }
        let size = at.u32()? as usize;
        let id = at.u64()?;
        let time = at.u64()?;
        let start = at.place();
        // The size stands once more at the end.
        let len = size.checked_sub(HEADER + 4)?;
        at.skip(len + 4)?;
        if time > MAX_TIME {
            return None;
        }
        self.is_complete = id == self.last_id;
        self.at = at;
        Some(Record { id, start, end: start + len })
    }
}

/// Reads the records of one chunk.
pub(crate) struct Reader<'d> {
    data: &'d [u8],
    /// The names and texts of all templates.
    names: String,
    templates: Vec<Template>,
    shapes: Vec<LocalShape>,
    /// Those of the template that is being read.
    nodes: Vec<Node>,
    // What follows is of the record that is being read.
    values: Vec<Value<'d>>,
    text: Vec<u8>,
    parts: Vec<Part>,
}

struct Template {
    place: usize,
    context: Context,
    /// `None`: it is declined.
    ops: Option<Vec<Op>>,
}

/// A text of a record and what it is.
#[derive(Clone, Copy)]
struct Part {
    target: Target,
    text: PartText,
}

#[derive(Clone, Copy)]
enum PartText {
    /// In [`Reader::names`].
    Fixed(Span),
    /// In [`Reader::text`].
    Written { start: usize, end: usize },
}

impl<'d> Reader<'d> {
    pub(crate) fn new(data: &'d [u8]) -> Reader<'d> {
        Reader {
            data,
            names: String::new(),
            templates: Vec::new(),
            shapes: Vec::new(),
            nodes: Vec::new(),
            values: Vec::new(),
            text: Vec::new(),
            parts: Vec::new(),
        }
    }

    /// The event of the record whose `BinXML` is there. `None`: it must be read by way of its XML.
    pub(crate) fn event(&mut self, start: usize, end: usize) -> Option<WinEvent<'_>> {
        self.values.clear();
        self.text.clear();
        self.parts.clear();
        self.instance(Context::Record, start, end)?;
        self.assemble()
    }

    /// Reads one use of a template: writes the texts of its values.
    fn instance(&mut self, context: Context, start: usize, end: usize) -> Option<()> {
        let first = self.values.len();
        let definition = self.values_of(start, end)?;
        let template = self.template(definition, context)?;
        let mut composed = 0;
        for i in 0.. {
            let Some(op) = self.templates[template].ops.as_ref()?.get(i).copied() else { break };
            if let Some(slot) = op.depends
                && self.values.get(first + usize::from(slot))?.is_null()
            {
                continue;
            }
            let value = match op.source {
                Source::Slot(slot) => Some(*self.values.get(first + usize::from(slot))?),
                Source::Nothing | Source::Text(_) => None,
            };
            composed += usize::from(value.is_some_and(|value| value.is_composed()));
            match (op.target, value) {
                (Target::Inner(context), Some(value)) if value.is_composed() => {
                    let range = value.binxml()?;
                    self.instance(context, range.start, range.end)?;
                }
                // Text between the elements there.
                (Target::Inner(_), _) => {}
                (Target::Data(_) | Target::UserData(_), Some(value)) => {
                    self.data(op.target, value)?;
                }
                (target, Some(value)) => self.write(target, value)?,
                (target, None) => {
                    let text = PartText::Fixed(op.source.span());
                    self.parts.push(Part { target, text });
                }
            }
        }
        // Of all that is composed, it must be known what became of it.
        let all = self.values[first..].iter().filter(|value| value.is_composed());
        if all.count() != composed {
            return None;
        }
        self.values.truncate(first);
        Some(())
    }

    /// A datum: of an array, as many as it has strings.
    fn data(&mut self, target: Target, value: Value<'d>) -> Option<()> {
        let Some(strings) = value.strings() else { return self.write(target, value) };
        let first = self.parts.len();
        for string in strings {
            self.write(target, string)?;
        }
        if self.parts.len() == first {
            self.parts.push(Part { target, text: PartText::Fixed(Span::EMPTY) });
        }
        Some(())
    }

    fn write(&mut self, target: Target, value: Value<'d>) -> Option<()> {
        let start = self.text.len();
        value.write(&mut self.text)?;
        let end = self.text.len();
        self.parts.push(Part { target, text: PartText::Written { start, end } });
        (end <= MAX_TEXT && self.parts.len() <= MAX_PARTS).then_some(())
    }

    /// Appends the values of a use of a template to those that are there, and gives the place of its
    /// definition.
    fn values_of(&mut self, start: usize, end: usize) -> Option<usize> {
        let mut at = Cursor::new(self.data.get(..end)?, start);
        if at.peek()? == 0x0f {
            at.skip(4)?;
        }
        if at.u8()? != 0x0c {
            return None;
        }
        at.skip(1 + 4)?;
        let definition = at.u32()? as usize;
        if at.place() == definition {
            at.skip(DEFINITION_HEADER - 4)?;
            let len = at.u32()? as usize;
            at.skip(len)?;
        }
        let count = at.u32()? as usize;
        let descriptors = at.bytes(count.checked_mul(4)?)?;
        for [low, high, ty, _] in descriptors.as_chunks::<4>().0 {
            let place = at.place();
            let bytes = at.bytes(u16::from_le_bytes([*low, *high]).into())?;
            self.values.push(Value::new(*ty, bytes, place)?);
        }
        matches!(at.peek(), None | Some(0)).then_some(definition)
    }

    /// The number of the template whose definition stands at this place.
    fn template(&mut self, place: usize, context: Context) -> Option<usize> {
        let known = self.templates.iter().position(|t| (t.place, t.context) == (place, context));
        if known.is_some() {
            return known;
        }
        let ops = self.compile(place, context);
        self.templates.push(Template { place, context, ops });
        Some(self.templates.len() - 1)
    }

    fn compile(&mut self, place: usize, context: Context) -> Option<Vec<Op>> {
        let mut at = Cursor::new(self.data, place);
        at.skip(DEFINITION_HEADER - 4)?;
        let len = at.u32()? as usize;
        let end = at.place().checked_add(len)?;
        // Names may stand anywhere in the chunk.
        template::parse(at, end, &mut self.names, &mut self.nodes)?;
        template::compile(&self.nodes, &self.names, context)
    }

    fn assemble(&self) -> Option<WinEvent<'_>> {
        let text = std::str::from_utf8(&self.text).ok()?;
        let mut event = WinEvent::default();
        event.event_data.reserve_exact(self.parts.len());
        for part in &self.parts {
            let value = Cow::Borrowed(match part.text {
                PartText::Fixed(span) => span.of(&self.names),
                PartText::Written { start, end } => text.get(start..end)?,
            });
            let data =
                |name: Span, value| Data { name: Cow::Borrowed(name.of(&self.names)), value };
            match part.target {
                Target::System(field) => field.set(&mut event, value),
                Target::Data(name) => event.event_data.push(data(name, value)),
                Target::UserData(name) => event.user_data.push(data(name, value)),
                Target::UserDataName => {
                    event.user_data_name.get_or_insert(value);
                }
                Target::Inner(_) => {}
            }
        }
        Some(event)
    }
}

/// A chunk's reader, whatever chunk it is of.
pub(crate) trait Direct {
    /// The event of the record there, see [`Reader::event`].
    fn event(&mut self, start: usize, end: usize) -> Option<WinEvent<'_>>;

    /// Puts the values of the record there, as far as they are remembered without being read. `None`: nothing was put,
    /// it must be read as an event.
    fn put(
        &mut self,
        start: usize,
        end: usize,
        options: &Options,
        to: &mut Remembering<'_>,
    ) -> Option<()>;
}

impl Direct for Reader<'_> {
    fn event(&mut self, start: usize, end: usize) -> Option<WinEvent<'_>> {
        Reader::event(self, start, end)
    }

    fn put(
        &mut self,
        start: usize,
        end: usize,
        options: &Options,
        to: &mut Remembering<'_>,
    ) -> Option<()> {
        let (record, shape) = self.split(start, end, to.memory)?;
        to.memory.put(&record, shape, options, to.batch)
    }
}

/// What stands before a definition's `BinXML`: the place of another one, a GUID, and its size.
const DEFINITION_HEADER: usize = 4 + 16 + 4;
