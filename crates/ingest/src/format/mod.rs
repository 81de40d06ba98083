//! Windows events in the JSON and CSV of other tools: which tool's it is, and the raw event it tells of.
//!
//! A form is told for each record by the keys of its outermost object, since one file may hold
//! several. Each gives a [`WinEvent`], as EVTX does, so that the same event has the same fields
//! whichever way it came. What a tool has thrown away is missing; what it has added of its own (when it
//! received the event, from which host) is left out.

mod agent;
pub(crate) mod csv;
mod ecmd;
mod flat;
mod flat_record;
mod members;
mod security_event;
mod text;
mod tree;

use dragnet_ecs::WinEvent;
use dragnet_event::{Document, FieldSink};
use serde_json::{Map, Value as Json};

pub(crate) use flat_record::FlatReader;
pub(crate) use members::Members;

use crate::block::{Options, Stage};
use crate::record;

/// The outermost object of a record.
pub(crate) type Object = Map<String, Json>;

/// The form of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// A record of an EVTX file.
    Evtx,
    /// A Windows event's XML, by itself or within JSON.
    Xml,
    /// An ECS document, or any other that is taken as it is.
    Document,
    /// Fields of the system and of the event's data side by side, as `NXLog` writes them.
    Flat,
    /// The event's XML as a tree of objects: `evtx_dump`, Chainsaw, Hayabusa.
    Tree,
    /// `EvtxECmd`.
    Ecmd,
    /// Azure Monitor's table `SecurityEvent`.
    SecurityEvent,
    /// Winlogbeat 6, which knew no ECS.
    Winlogbeat6,
    /// What an agent ships, before any ingest pipeline.
    Agent,
    /// CSV of the Event Viewer or of PowerShell.
    Csv,
    /// Sysmon for Linux in syslog or journald's JSON, with the lines of other programs.
    Syslog,
    /// The Linux audit daemon.
    Audit,
}

impl Form {
    /// All forms, in an order of their own.
    pub const ALL: [Form; 12] = [
        Form::Evtx,
        Form::Xml,
        Form::Document,
        Form::Flat,
        Form::Tree,
        Form::Ecmd,
        Form::SecurityEvent,
        Form::Winlogbeat6,
        Form::Agent,
        Form::Csv,
        Form::Syslog,
        Form::Audit,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Form::Evtx => "EVTX",
            Form::Xml => "event XML",
            Form::Document => "documents",
            Form::Flat => "NXLog JSON",
            Form::Tree => "event JSON (evtx_dump)",
            Form::Ecmd => "EvtxECmd JSON",
            Form::SecurityEvent => "Azure SecurityEvent",
            Form::Winlogbeat6 => "Winlogbeat 6 JSON",
            Form::Agent => "agent JSON without its pipeline",
            Form::Csv => "event CSV",
            Form::Syslog => "syslog (Sysmon for Linux)",
            Form::Audit => "auditd",
        }
    }
}

/// The form of a record that is no document.
pub(crate) fn detect(object: &Object) -> Option<Form> {
    by_keys(&|key| object.contains_key(key), &|key| object.get(key).and_then(Json::as_object))
        .or_else(|| agent::is_raw(object).then_some(Form::Agent))
}

/// Whether a record of these members is [`Form::Flat`].
pub(crate) fn is_flat(members: &Members<'_>) -> bool {
    let object = |key: &str| members.get(key).and_then(members::Member::as_object);
    by_keys(&|key| members.has(key), &object) == Some(Form::Flat)
}

/// The forms that the keys of a record tell.
fn by_keys<'o>(
    has: &dyn Fn(&str) -> bool,
    object: &dyn Fn(&str) -> Option<&'o Object>,
) -> Option<Form> {
    let event = object("Event").and_then(|event| event.get("System"));
    if event.is_some_and(Json::is_object) {
        Some(Form::Tree)
    } else if has("EventID") && has("Channel") && has("TenantId") {
        Some(Form::SecurityEvent)
    } else if has("EventID") && (has("Channel") || has("SourceName")) && object("winlog").is_none()
    {
        Some(Form::Flat)
    } else if has("EventId") && has("Channel") && has("Provider") {
        Some(Form::Ecmd)
    } else if has("event_id") && has("log_name") && has("source_name") {
        Some(Form::Winlogbeat6)
    } else {
        None
    }
}

/// Puts the event of a flat record to the sink.
pub(crate) fn put_flat(members: &Members<'_>, options: &Options, sink: &mut dyn FieldSink) {
    record::normalize(&flat::event(members), options, sink);
}

/// Puts the event to the sink.
pub(crate) fn put(form: Form, object: &Object, options: &Options, sink: &mut dyn FieldSink) {
    let put = |event: &WinEvent<'_>, sink: &mut dyn FieldSink| {
        record::normalize(event, options, sink);
    };
    match form {
        Form::Flat => put_flat(&Members::of(object), options, sink),
        Form::Tree => put(&tree::event(object), sink),
        Form::Ecmd => put(&ecmd::event(object), sink),
        Form::SecurityEvent => {
            let xml = security_event::data_xml(object);
            put(&security_event::event(object, xml.as_deref()), sink);
        }
        Form::Winlogbeat6 => put(&agent::winlogbeat6(object), sink),
        Form::Agent
        | Form::Evtx
        | Form::Xml
        | Form::Document
        | Form::Csv
        | Form::Syslog
        | Form::Audit => {
            render(form, object, options).flatten_into(sink);
        }
    }
}

/// The event as a document.
pub(crate) fn render(form: Form, object: &Object, options: &Options) -> Document {
    let mut document = Document::new();
    match form {
        // They are what they are to be.
        Form::Evtx | Form::Xml | Form::Document | Form::Csv | Form::Syslog | Form::Audit => {
            return Document(object.clone());
        }
        Form::Agent if options.stage == Stage::Agent => return Document(object.clone()),
        Form::Agent => {
            let event = agent::event(object);
            record::pipeline(&event, options, &mut document);
            agent::keep_the_rest(object, &mut document);
            // The agent that shipped it may know the host's id.
            if document.get("host.id").is_none() {
                record::put_host_id(&event, options, &mut document);
            }
        }
        _ => put(form, object, options, &mut document),
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_agents_own_host_id_goes_before_the_name() {
        let options = Options { complete: true, ..Options::default() };
        let mut record = serde_json::json!({
            "winlog": {"channel": "Security", "computer_name": "WS7", "event_id": "4624"}
        });
        let host_id = |record: &Json, options: &Options| {
            let document = render(Form::Agent, record.as_object().unwrap(), options);
            document.get_str("host.id").map(str::to_owned)
        };
        assert_eq!(host_id(&record, &options).as_deref(), Some("ws7"));
        let winlogbeat = Options { flavor: dragnet_ecs::Flavor::Winlogbeat, ..options.clone() };
        assert_eq!(host_id(&record, &winlogbeat), None);
        assert_eq!(host_id(&record, &Options::default()), None);
        record["host"] = serde_json::json!({"id": "0f3a"});
        assert_eq!(host_id(&record, &options).as_deref(), Some("0f3a"));
    }

    #[test]
    fn a_form_is_at_its_number() {
        assert!(Form::ALL.iter().enumerate().all(|(number, form)| *form as usize == number));
    }
}
