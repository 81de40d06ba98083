//! Reading a block's records.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use dragnet_ecs::Flavor;
use dragnet_event::{Batch, Document, DocumentBuilder, EventRef, FieldSink, Handle, Scalar};

use crate::audit;
use crate::chunk::{self, Each};
use crate::cut::{Content, Fault, LineKind, Piece, line_ends};
use crate::document::BlockMarks;
use crate::format::Form;
use crate::memory::Memory;
use crate::problem::{Place, Problem, Reason, Severity};
use crate::record::{Given, Raw, Readers, locate, normalize, put, put_binary, put_flat, render};

/// How many problems of one block are named; then they are counted.
pub const MAX_NAMED: usize = 1000;

/// How events are to be normalised.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether documents that lack a dataset, `host.os.type`, `event.ingested` or `host.id` get what follows from the
    /// rest of them. Raw events in the form of [`Flavor::Logs`] have the first three in any case, and get the last.
    pub complete: bool,
    /// The form of all JSON records; by default each is looked at. For forms that are no JSON see
    /// [`Source::open_as`](crate::Source::open_as).
    pub form: Option<Form>,
    /// How far Windows events are taken.
    pub stage: Stage,
    /// Whose conventions the ECS form of Windows events follows.
    pub flavor: Flavor,
}

/// How far Windows events are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stage {
    /// What an agent sends: `winlog.*` and little else.
    Agent,
    /// What the ingest pipelines make of that: ECS.
    #[default]
    Ecs,
}

/// Takes events, one after the other: the values of one, then its end.
pub trait EventSink: FieldSink {
    /// The event whose values came since the last call is complete.
    fn end_event(&mut self, event: EventRef);

    /// The event whose values came since the last call turned out to be unreadable.
    fn abandon_event(&mut self);

    /// The batch that the values go into, if there is one, and what it has been told already: most values can then be
    /// put without being read.
    fn remembering(&mut self) -> Option<Remembering<'_>> {
        None
    }
}

/// A batch, and the memory of what values come to in it. It is a sink itself.
#[derive(Debug)]
pub struct Remembering<'a> {
    /// The batch.
    pub batch: &'a mut Batch,
    /// A memory that has never been used with another batch, nor with other [`Options`].
    pub memory: &'a mut Memory,
}

impl FieldSink for Remembering<'_> {
    fn wants(&self, path: &str) -> bool {
        self.batch.wants(path)
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.batch.put(path, value);
    }

    fn resolve(&self, path: &str) -> Handle {
        self.batch.resolve(path)
    }

    fn put_at(&mut self, handle: Handle, path: &str, value: Scalar<'_>) {
        self.batch.put_at(handle, path, value);
    }

    fn put_null(&mut self, path: &str) {
        self.batch.put_null(path);
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        self.batch.put_object(path, members);
    }

    fn wants_objects(&self, path: &str) -> bool {
        self.batch.wants_objects(path)
    }

    fn put_object_json(&mut self, path: &str, json: &str) {
        self.batch.put_object_json(path, json);
    }
}

impl EventSink for Remembering<'_> {
    fn end_event(&mut self, event: EventRef) {
        self.batch.end_row(event);
    }

    fn abandon_event(&mut self) {
        self.batch.abandon_row();
    }

    fn remembering(&mut self) -> Option<Remembering<'_>> {
        Some(Remembering { batch: self.batch, memory: self.memory })
    }
}

impl EventSink for Batch {
    fn end_event(&mut self, event: EventRef) {
        self.end_row(event);
    }

    fn abandon_event(&mut self) {
        self.abandon_row();
    }
}

/// What [`Block::read`] did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadCount {
    /// Events that went to the sink.
    pub events: u32,
    /// Records that could not be read.
    pub failed: u32,
    /// Events by their form, in the order of [`Form::ALL`].
    pub forms: [u32; Form::ALL.len()],
}

/// Some whole records of a source: an EVTX chunk, or about a mebibyte of text. It can be read on
/// any thread, and read again.
#[derive(Debug)]
pub struct Block {
    pub(crate) source: u32,
    pub(crate) number: u32,
    pub(crate) place: Option<u64>,
    pub(crate) path: Arc<str>,
    pub(crate) piece: Piece,
}

impl Block {
    /// The number of the source, as it was opened.
    pub fn source(&self) -> u32 {
        self.source
    }

    /// Where it is, for [`Blocks::skip_to`](crate::Blocks::skip_to); `None` where only reading everything before it
    /// leads to it.
    pub fn place(&self) -> Option<u64> {
        self.place
    }

    /// The block's number within its source, from 0.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The file, and the member within it if it is an archive.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The size in bytes (unpacked).
    pub fn bytes(&self) -> usize {
        self.piece.data.len()
    }

    /// Reads every record: puts its values to the sink and ends the event, with the place at which
    /// [`Block::render`] finds it again. A record that cannot be read is abandoned and
    /// named in `problems`; the others are read all the same.
    pub fn read<S: EventSink>(
        &self,
        options: &Options,
        sink: &mut S,
        problems: &mut Vec<Problem>,
    ) -> ReadCount {
        let mut count = ReadCount::default();
        let is_chunk = matches!(self.piece.content, Content::Chunk { .. });
        let mut report = Report { path: &self.path, problems, named: 0, more: 0, last: None };
        let mut reader = Readers::new();
        let panic = self.records(&mut |_| true, &mut |record| {
            let result = match record {
                Ok((index, Given::Binary { reader, start, end }, _)) => {
                    if !put_binary(reader, start, end, options, sink) {
                        return false;
                    }
                    Ok((index, Form::Evtx))
                }
                Ok((index, Given::Raw(Raw::Json { text, marks }), _))
                    if marks.may_be_flat()
                        && put_flat(text, options, &mut reader.flat, sink).is_some() =>
                {
                    Ok((index, Form::Flat))
                }
                Ok((index, Given::Raw(raw), place)) => put(raw, options, &mut reader, sink)
                    .map(|form| (index, form))
                    .map_err(|fault| locate(place, fault)),
                Err(fault) => Err(fault),
            };
            let at = |index| EventRef { source: self.source, block: self.number, index };
            match result.map(|(index, form)| (at(index), form)) {
                Ok((event, form)) => {
                    sink.end_event(event);
                    count.events += 1;
                    // What was written as XML to be read.
                    let form = if is_chunk { Form::Evtx } else { form };
                    count.forms[form as usize] += 1;
                }
                Err(fault) => {
                    sink.abandon_event();
                    count.failed += u32::from(report.add(fault) == Severity::Record);
                }
            }
            true
        });
        if let Err(message) = panic {
            sink.abandon_event();
            report.add((None, Reason::Panicked(message)));
        }
        report.finish();
        count
    }

    /// The documents of the events with these indices (ascending), in that order. An index of which
    /// there is no event, or none that can be read, is left out.
    pub fn render(&self, options: &Options, indices: &[u32]) -> Vec<(u32, Document)> {
        let mut documents = Vec::with_capacity(indices.len());
        let mut builder = DocumentBuilder::new();
        let mut wanted = |index| indices.binary_search(&index).is_ok();
        // A panic has been named when the block was read.
        let _ = self.records(&mut wanted, &mut |record| {
            let Ok((index, given, _)) = record else { return true };
            let document = match given {
                Given::Binary { reader, start, end } => {
                    let Some(event) = reader.event(start, end) else { return false };
                    normalize(&event, options, &mut builder);
                    Ok(builder.finish())
                }
                Given::Raw(raw) => render(raw, options, &mut builder),
            };
            if let Ok(document) = document {
                documents.push((index, document));
            }
            // What a record that could not be read has put.
            builder.clear();
            true
        });
        documents
    }

    /// Hands over the records whose numbers are wanted, and what is broken.
    ///
    /// Much of what reads them is not ours, and a hunt through a thousand files must not end at a hostile one:
    /// after a panic the rest of the block is given up, and the panic's message is the error.
    fn records(&self, wanted: &mut dyn FnMut(u32) -> bool, each: Each<'_>) -> Result<(), String> {
        let all = AssertUnwindSafe(|| self.all_records(wanted, each));
        catch_unwind(all).map_err(|panic| {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
            text.unwrap_or_else(|| "a panic without a message".to_owned())
        })
    }

    fn all_records(&self, wanted: &mut dyn FnMut(u32) -> bool, each: Each<'_>) {
        let data = &self.piece.data;
        match &self.piece.content {
            Content::Chunk { offset } => chunk::read(data, *offset, wanted, each),
            Content::Lines { first_line, kind: LineKind::Audit } => {
                audit::read(data, *first_line, wanted, each);
            }
            Content::Lines { first_line, kind } => lines(data, *first_line, *kind, wanted, each),
            Content::Json { first_line, records }
            | Content::Xml { first_line, records }
            | Content::Csv { first_line, records, .. } => {
                let marks = &BlockMarks::new(data);
                let (mut line, mut counted) = (*first_line, 0);
                for (number, range) in (0..).zip(records) {
                    line += line_ends(&data[counted..range.start]);
                    counted = range.start;
                    if wanted(number) {
                        let text = text(&data[range.clone()]);
                        let text = &*text;
                        let raw = match &self.piece.content {
                            Content::Xml { .. } => Raw::Xml(text),
                            Content::Csv { header, .. } => Raw::Csv { text, header },
                            _ => Raw::Json { text, marks },
                        };
                        each(Ok((number, Given::Raw(raw), Place::Line(line))));
                    }
                }
            }
        }
    }
}

fn lines(
    data: &[u8],
    first_line: u64,
    kind: LineKind,
    wanted: &mut dyn FnMut(u32) -> bool,
    each: Each<'_>,
) {
    let mut number = 0;
    // All at once is cheaper than line by line, and nearly always right.
    let valid = std::str::from_utf8(data).ok();
    let is_syslog = kind == LineKind::Syslog;
    let marks = &BlockMarks::new(data);
    let mut start = 0;
    for line in first_line.. {
        let len = memchr::memchr(b'\n', &data[start..]).unwrap_or(data.len() - start);
        let range = start..start + len;
        start += len + 1;
        let line_text = match valid {
            Some(text) => Cow::Borrowed(&text[range]),
            None => text(&data[range]),
        };
        let text = line_text.trim_ascii();
        if !text.is_empty() {
            if wanted(number) {
                let raw = if is_syslog { Raw::Syslog(text) } else { Raw::Json { text, marks } };
                each(Ok((number, Given::Raw(raw), Place::Line(line))));
            }
            number += 1;
        }
        if start >= data.len() {
            break;
        }
    }
}

/// A record's text; invalid UTF-8 in it is replaced. (What replaces it looks for it slowly.)
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// The problems of one block.
struct Report<'r> {
    path: &'r Arc<str>,
    problems: &'r mut Vec<Problem>,
    named: usize,
    more: u32,
    last: Option<Place>,
}

impl Report<'_> {
    fn add(&mut self, (place, reason): Fault) -> Severity {
        let problem = Problem { path: Arc::clone(self.path), place, reason };
        let severity = problem.severity();
        if self.named < MAX_NAMED {
            self.named += 1;
            self.last = place;
            self.problems.push(problem);
        } else {
            self.more += 1;
        }
        severity
    }

    fn finish(self) {
        if self.more > 0 {
            let reason = Reason::More(self.more);
            self.problems.push(Problem { path: Arc::clone(self.path), place: self.last, reason });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cut::Content;

    /// Panics over the second event.
    #[derive(Default)]
    struct Fragile {
        events: u32,
        abandoned: u32,
    }

    impl FieldSink for Fragile {
        fn wants(&self, _: &str) -> bool {
            true
        }
        fn put(&mut self, path: &str, _: dragnet_event::Scalar<'_>) {
            assert!(path != "b", "no b");
        }
    }

    impl EventSink for Fragile {
        fn end_event(&mut self, _: EventRef) {
            self.events += 1;
        }
        fn abandon_event(&mut self) {
            self.abandoned += 1;
        }
    }

    #[test]
    fn a_panic_costs_the_rest_of_a_block_and_is_named() {
        let data = b"{\"a\": 1}\n{\"b\": 1}\n{\"a\": 1}\n".to_vec();
        let piece = Piece {
            content: Content::Lines { first_line: 1, kind: LineKind::Json },
            data: data.into(),
        };
        let block = Block { source: 0, number: 0, place: None, path: "x".into(), piece };
        let (mut sink, mut problems) = (Fragile::default(), Vec::new());
        let count = block.read(&Options::default(), &mut sink, &mut problems);
        assert_eq!((count.events, sink.events, sink.abandoned), (1, 1, 1));
        let text = "x: a fault of the reader, which should be reported: no b";
        assert_eq!(problems[0].to_string(), text);
        assert_eq!(problems[0].severity(), Severity::Part);
    }
}
