//! Events as an agent ships them, before an ingest pipeline: Winlogbeat 6 in its own fields, later ones and
//! Elastic Agent in `winlog.*`.
//!
//! A document that has been through a pipeline has an `event.category`; one that has not is given what the
//! pipeline would have made of it.

use std::borrow::Cow;

use dragnet_ecs::{Data, Rendering, WinEvent};
use dragnet_event::Document;
use serde_json::Value as Json;

use super::Object;
use super::text::{datum, fill, member, text};
use crate::system::Field;

/// Whether this is an event of a channel that has a pipeline, and has not been through it.
pub(super) fn is_raw(object: &Object) -> bool {
    let Some(winlog) = object.get("winlog").and_then(Json::as_object) else { return false };
    let event = object.get("event").and_then(Json::as_object);
    let has = |key| event.is_some_and(|event| event.contains_key(key));
    let has_data = winlog.contains_key("event_data") || winlog.contains_key("user_data");
    // Without data there is nothing to make fields of, but those of the dataset.
    (has_data || !has("dataset") && !object.contains_key("data_stream"))
        && winlog.contains_key("channel")
        && !has("category")
        && !object.contains_key("event.category")
        && !["process", "user", "powershell", "registry"]
            .iter()
            .any(|key| object.contains_key(*key))
}

/// A task, opcode or level that the agent could not name. Left out, it would be 0, which has a name.
const UNKNOWN: Option<Cow<'static, str>> = Some(Cow::Borrowed("unknown"));

/// Where parts of `System` stand in `winlog`.
const WINLOG: &[(&str, Field)] = &[
    ("provider_name", Field::ProviderName),
    ("provider_guid", Field::ProviderGuid),
    ("event_id", Field::EventId),
    ("version", Field::Version),
    ("record_id", Field::RecordId),
    ("activity_id", Field::ActivityId),
    ("related_activity_id", Field::RelatedActivityId),
    ("channel", Field::Channel),
    ("computer_name", Field::Computer),
];

/// And where they stood in Winlogbeat 6.
const WINLOGBEAT_6: &[(&str, Field)] = &[
    ("source_name", Field::ProviderName),
    ("provider_guid", Field::ProviderGuid),
    ("event_id", Field::EventId),
    ("version", Field::Version),
    ("record_number", Field::RecordId),
    ("activity_id", Field::ActivityId),
    ("related_activity_id", Field::RelatedActivityId),
    ("process_id", Field::ProcessId),
    ("thread_id", Field::ThreadId),
    ("log_name", Field::Channel),
    ("computer_name", Field::Computer),
];

pub(super) fn event(object: &Object) -> WinEvent<'_> {
    let at = |path: &[&str]| -> Option<&Json> {
        let (first, rest) = path.split_first()?;
        rest.iter().try_fold(object.get(*first)?, |json, key| json.get(key))
    };
    let mut event = raw();
    let Some(winlog) = object.get("winlog").and_then(Json::as_object) else { return event };
    fill(&mut event, winlog, WINLOG);
    event.time_created = member(winlog, "time_created").or_else(|| member(object, "@timestamp"));
    event.process_id = at(&["winlog", "process", "pid"]).and_then(text);
    event.thread_id = at(&["winlog", "process", "thread", "id"]).and_then(text);
    event.user_id = at(&["winlog", "user", "identifier"]).and_then(text);
    event.keywords = keywords(winlog.get("keywords"));
    event.event_data = data(winlog.get("event_data"));
    event.user_data = data(winlog.get("user_data"));
    if let Some(name) = event.user_data.iter().position(|datum| datum.name == "xml_name") {
        event.user_data_name = Some(event.user_data.remove(name).value);
    }
    event.rendering = Some(Rendering {
        message: member(object, "message"),
        level: at(&["log", "level"]).and_then(text),
        task: at(&["winlog", "task"]).or(at(&["event", "action"])).and_then(text),
        opcode: member(winlog, "opcode"),
        keywords: names(winlog.get("keywords")),
    });
    event
}

pub(super) fn winlogbeat6(object: &Object) -> WinEvent<'_> {
    let mut event = raw();
    fill(&mut event, object, WINLOGBEAT_6);
    event.time_created = member(object, "@timestamp");
    event.user_id = object.get("user").and_then(|user| text(user.get("identifier")?));
    event.keywords = keywords(object.get("keywords"));
    event.event_data = data(object.get("event_data"));
    event.user_data = data(object.get("user_data"));
    event.rendering = Some(Rendering {
        message: member(object, "message"),
        level: member(object, "level"),
        task: member(object, "task"),
        opcode: member(object, "opcode"),
        keywords: names(object.get("keywords")),
    });
    event
}

fn raw<'a>() -> WinEvent<'a> {
    WinEvent { task: UNKNOWN, opcode: UNKNOWN, level: UNKNOWN, ..WinEvent::default() }
}

fn data(json: Option<&Json>) -> Vec<Data<'_>> {
    let members = json.and_then(Json::as_object).into_iter().flatten();
    members.filter_map(|(name, json)| datum(name, json)).collect()
}

fn names(json: Option<&Json>) -> Vec<Cow<'_, str>> {
    match json {
        Some(Json::Array(items)) => items.iter().filter_map(text).collect(),
        Some(json) => text(json).into_iter().collect(),
        None => Vec::new(),
    }
}

/// The bits that tell the outcome, from the keywords' names.
fn keywords(json: Option<&Json>) -> Option<Cow<'static, str>> {
    let names = names(json);
    let has = |name: &str| names.iter().any(|one| one.eq_ignore_ascii_case(name));
    if has("Audit Success") {
        Some("0x8020000000000000".into())
    } else if has("Audit Failure") {
        Some("0x8010000000000000".into())
    } else {
        None
    }
}

/// Adds what the document says besides the event itself (`agent`, `host`, `tags`…), where the pipeline sets
/// nothing.
pub(super) fn keep_the_rest(object: &Object, document: &mut Document) {
    for (key, json) in object {
        if key != "winlog" {
            merge(document.0.entry(key).or_insert(Json::Null), json);
        }
    }
}

fn merge(into: &mut Json, from: &Json) {
    match (into, from) {
        (into @ Json::Null, from) => *into = from.clone(),
        (Json::Object(into), Json::Object(from)) => {
            for (key, json) in from {
                merge(into.entry(key).or_insert(Json::Null), json);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_document_of_winlogbeat_without_its_pipeline() {
        let record = json!({
            "@timestamp": "2024-03-02T10:00:00.123Z", "message": "m", "log": {"level": "information"},
            "event": {"code": "1", "kind": "event", "action": "Process Create"}, "agent": {"type": "winlogbeat"},
            "winlog": {
                "channel": "Microsoft-Windows-Sysmon/Operational", "event_id": "1", "record_id": 7,
                "provider_name": "Microsoft-Windows-Sysmon", "computer_name": "ATLAS-07",
                "process": {"pid": 4, "thread": {"id": 8}}, "user": {"identifier": "S-1-5-18"},
                "event_data": {"Image": "C:\\a.exe"}, "keywords": ["Audit Failure"]
            }
        });
        let object = record.as_object().unwrap();
        assert!(is_raw(object));
        let event = event(object);
        assert_eq!((&*event.event_id, event.data("Image")), ("1", Some("C:\\a.exe")));
        assert_eq!(event.keywords.as_deref(), Some("0x8010000000000000"));
        assert_eq!(
            (event.process_id.as_deref(), event.thread_id.as_deref()),
            (Some("4"), Some("8"))
        );
        let mut document = Document::new();
        document.set("event.code", "1".into());
        keep_the_rest(object, &mut document);
        assert_eq!(document.get_str("agent.type"), Some("winlogbeat"));
        assert_eq!(document.get_str("event.action"), Some("Process Create"));
        assert!(document.get("winlog").is_none());
    }

    #[test]
    fn a_document_that_went_through_its_pipeline() {
        for done in [json!({"event": {"category": ["process"]}}), json!({"process": {"pid": 1}})] {
            let mut record = json!({"winlog": {"channel": "c", "event_data": {"a": "b"}}});
            assert!(is_raw(record.as_object().unwrap()));
            record.as_object_mut().unwrap().extend(done.as_object().unwrap().clone());
            assert!(!is_raw(record.as_object().unwrap()));
        }
    }

    #[test]
    fn winlogbeat_6() {
        let record = json!({
            "@timestamp": "2024-03-02T10:00:00.123Z", "log_name": "Security", "event_id": 4624,
            "source_name": "Microsoft-Windows-Security-Auditing", "computer_name": "ATLAS-07",
            "record_number": "12", "keywords": ["Audit Success"], "level": "Information", "thread_id": 8,
            "event_data": {"LogonType": "3"}, "user": {"identifier": "S-1-5-18"}, "beat": {"version": "6.8"}
        });
        let event = winlogbeat6(record.as_object().unwrap());
        assert_eq!((&*event.event_id, &*event.channel), ("4624", "Security"));
        assert_eq!(event.data("LogonType"), Some("3"));
        assert_eq!(event.keywords.as_deref(), Some("0x8020000000000000"));
    }
}
