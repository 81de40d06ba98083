//! One record: its values into a sink, or the document that it is.

use std::borrow::Cow;

use dragnet_ecs::{AuditEvent, Flavor, WinEvent};
use dragnet_event::{Document, DocumentBuilder, FieldSink};

use crate::binxml::Direct;
use crate::block::{EventSink, Options, Stage};
use crate::complete::{Completing, Facts, complete, host_id};
use crate::cut::Fault;
use crate::document::{self, BlockMarks, Record};
use crate::format::csv::{self, Header};
use crate::format::{self, FlatReader, Form};
use crate::json::Reader;
use crate::problem::{Place, Reason};
use crate::syslog;
use crate::xml::parse_event;

/// One record, before it is parsed.
pub(crate) enum Given<'a> {
    /// A record of an EVTX chunk, and where it is in that.
    Binary { reader: &'a mut (dyn Direct + 'a), start: usize, end: usize },
    /// Any other.
    Raw(Raw<'a>),
}

/// The same, but for what stands in EVTX.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Raw<'a> {
    /// A Windows event's XML.
    Xml(&'a str),
    /// A record of a CSV.
    Csv { text: &'a str, header: &'a Header },
    /// A line of syslog.
    Syslog(&'a str),
    /// An event of the Linux audit system.
    Audit(&'a AuditEvent<'a>),
    /// A JSON value, and which keys of things that wrap a document or event occur around it.
    Json { text: &'a str, marks: &'a BlockMarks<'a> },
}

/// Why a record could not be read, and in which of its lines, from 0.
pub(crate) type RecordFault = (u64, Reason);

pub(crate) fn locate(place: Place, (line, reason): RecordFault) -> Fault {
    let place = match place {
        Place::Line(first) => Place::Line(first + line),
        other => other,
    };
    (Some(place), reason)
}

/// Puts a record of an EVTX chunk; `false` if it has to be read by way of its XML.
pub(crate) fn put_binary<S: EventSink>(
    reader: &mut dyn Direct,
    start: usize,
    end: usize,
    options: &Options,
    sink: &mut S,
) -> bool {
    if options.stage == Stage::Ecs
        && let Some(mut to) = sink.remembering()
        && reader.put(start, end, options, &mut to).is_some()
    {
        return true;
    }
    let Some(event) = reader.event(start, end) else { return false };
    normalize(&event, options, sink);
    true
}

/// Puts a flat record value by value; `None` if it has to be read first.
pub(crate) fn put_flat<S: EventSink>(
    text: &str,
    options: &Options,
    reader: &mut FlatReader,
    sink: &mut S,
) -> Option<()> {
    let is_allowed = matches!(options.form, None | Some(Form::Flat)) && options.stage == Stage::Ecs;
    let mut to = sink.remembering().filter(|_| is_allowed)?;
    reader.put(text, options, &mut to)
}

pub(crate) fn put<S: FieldSink>(
    raw: Raw<'_>,
    options: &Options,
    reader: &mut Readers,
    sink: &mut S,
) -> Result<Form, RecordFault> {
    let (text, marks) = match raw {
        Raw::Xml(xml) => return put_xml(xml, options, sink).map(|()| Form::Xml),
        Raw::Csv { text, header } => {
            let result = csv::with_event(header, text, |event| normalize(event, options, sink));
            return result.map(|()| Form::Csv).map_err(|reason| (0, reason));
        }
        Raw::Syslog(text) => return put_syslog(text, options, sink).map(|()| Form::Syslog),
        Raw::Audit(event) => {
            dragnet_ecs::audit(event, options.flavor, sink);
            return Ok(Form::Audit);
        }
        Raw::Json { text, marks } => (text, marks),
    };
    match look_into(text, marks, options) {
        Record::Event(xml) => {
            let is_linux = xml.contains(syslog::PROVIDER);
            let form = if is_linux { Form::Syslog } else { Form::Xml };
            put_xml(&xml, options, sink).map(|()| form)
        }
        Record::Foreign(form, object) => {
            format::put(form, &object, options, sink);
            Ok(form)
        }
        Record::Flat(members) => {
            format::put_flat(&members, options, sink);
            Ok(Form::Flat)
        }
        Record::Plain(text) => put_document(text, &[], options, reader, sink),
        Record::Hit { source, meta } => put_document(source, &meta, options, reader, sink),
    }
}

/// Puts a line of syslog.
fn put_syslog(text: &str, options: &Options, sink: &mut dyn FieldSink) -> Result<(), RecordFault> {
    match syslog::line(text) {
        Some(syslog::Line::Event(xml)) => put_xml(&xml, options, sink),
        Some(syslog::Line::Message(message)) => {
            syslog::put(&message, sink);
            Ok(())
        }
        None => Err((0, Reason::NotSyslog)),
    }
}

fn look_into<'a>(text: &'a str, marks: &BlockMarks<'_>, options: &Options) -> Record<'a> {
    match options.form {
        Some(form) => document::as_form(text, form),
        None => document::unwrap(text, marks.all()),
    }
}

fn put_document<S: FieldSink>(
    text: &str,
    meta: &[(&str, Cow<'_, str>)],
    options: &Options,
    reader: &mut Readers,
    sink: &mut S,
) -> Result<Form, RecordFault> {
    if !options.complete {
        for (key, value) in meta {
            sink.put_str(key, value);
        }
        return document::put(text, &mut reader.json, sink).map(|()| Form::Document);
    }
    let mut completing = Completing::new(sink, &mut reader.facts);
    for (key, value) in meta {
        completing.put_str(key, value);
    }
    document::put(text, &mut reader.json, &mut completing)?;
    completing.finish();
    Ok(Form::Document)
}

/// What reading one record leaves for the next: buffers, and the shape of documents.
pub(crate) struct Readers {
    json: Reader,
    pub(crate) flat: FlatReader,
    facts: Facts,
}

impl Readers {
    pub(crate) fn new() -> Readers {
        Readers { json: Reader::new(), flat: FlatReader::default(), facts: Facts::default() }
    }
}

fn put_xml(xml: &str, options: &Options, sink: &mut dyn FieldSink) -> Result<(), RecordFault> {
    let event = parse_event(xml).map_err(|error| (0, error.into()))?;
    normalize(&event, options, sink);
    Ok(())
}

pub(crate) fn normalize(event: &WinEvent<'_>, options: &Options, sink: &mut dyn FieldSink) {
    pipeline(event, options, sink);
    put_host_id(event, options, sink);
}

/// What the agent, or it and the ingest pipelines, make of an event.
pub(crate) fn pipeline(event: &WinEvent<'_>, options: &Options, sink: &mut dyn FieldSink) {
    match options.stage {
        Stage::Agent => dragnet_ecs::agent(event, sink),
        Stage::Ecs => dragnet_ecs::normalize(event, options.flavor, sink),
    }
}

/// Completes an event that says nothing of its host's id. Winlogbeat's form is left as its pipelines give it.
pub(crate) fn put_host_id(event: &WinEvent<'_>, options: &Options, sink: &mut dyn FieldSink) {
    if options.complete && options.stage == Stage::Ecs && options.flavor == Flavor::Logs {
        host_id(event.computer.as_deref(), sink);
    }
}

/// The document of a record, its keys in order. The builder is empty; if the record cannot be read, it may hold
/// something afterwards.
pub(crate) fn render(
    raw: Raw<'_>,
    options: &Options,
    builder: &mut DocumentBuilder,
) -> Result<Document, RecordFault> {
    let mut document = match raw {
        Raw::Xml(xml) => {
            put_xml(xml, options, builder)?;
            return Ok(builder.finish());
        }
        Raw::Csv { .. } | Raw::Syslog(_) | Raw::Audit(_) => {
            put(raw, options, &mut Readers::new(), builder)?;
            return Ok(builder.finish());
        }
        Raw::Json { text, marks } => match look_into(text, marks, options) {
            Record::Event(xml) => {
                put_xml(&xml, options, builder)?;
                return Ok(builder.finish());
            }
            Record::Flat(members) => {
                format::put_flat(&members, options, builder);
                return Ok(builder.finish());
            }
            Record::Foreign(form, object) => format::render(form, &object, options),
            Record::Plain(text) => render_document(text, &[], options)?,
            Record::Hit { source, meta } => render_document(source, &meta, options)?,
        },
    };
    sort(&mut document);
    Ok(document)
}

fn render_document(
    text: &str,
    meta: &[(&str, Cow<'_, str>)],
    options: &Options,
) -> Result<Document, RecordFault> {
    let mut document = document::render(text)?;
    for (key, value) in meta {
        document.set(key, value.as_ref().into());
    }
    if options.complete {
        complete(&mut document);
    }
    Ok(document)
}

/// Puts a document's keys in order: `serde_json` keeps them as they come when any crate in the build asks for that.
fn sort(document: &mut Document) {
    document.0.sort_keys();
    document.0.values_mut().for_each(serde_json::Value::sort_all_objects);
}
