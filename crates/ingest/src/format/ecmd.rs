//! `EvtxECmd`'s JSON: columns for people, and the event's data as JSON within a text.

use std::borrow::Cow;

use dragnet_ecs::{Data, Rendering, WinEvent};
use serde_json::Value as Json;

use super::text::{fill, keywords, member, time};
use super::{Object, tree};
use crate::system::Field;

const SYSTEM: &[(&str, Field)] = &[
    ("Provider", Field::ProviderName),
    ("EventId", Field::EventId),
    ("EventRecordId", Field::RecordId),
    ("ProcessId", Field::ProcessId),
    ("ThreadId", Field::ThreadId),
    ("Channel", Field::Channel),
    ("Computer", Field::Computer),
    ("UserId", Field::UserId),
];

/// Levels by the names that it gives them.
const LEVELS: &[(&str, &str)] = &[
    ("LogAlways", "0"),
    ("Critical", "1"),
    ("Error", "2"),
    ("Warning", "3"),
    ("Info", "4"),
    ("Verbose", "5"),
];

/// Keywords by the names that it gives them.
const KEYWORDS: &[(&str, &str)] = &[
    ("Audit success", "0x8020000000000000"),
    ("Audit failure", "0x8010000000000000"),
    ("Classic", "0x80000000000000"),
];

pub(super) fn event(object: &Object) -> WinEvent<'_> {
    let mut event = WinEvent::default();
    fill(&mut event, object, SYSTEM);
    event.time_created = time(object, &["TimeCreated"]);
    let level = member(object, "Level");
    event.level = level.map(|name| named(LEVELS, &name).map_or(name, Cow::Borrowed));
    event.keywords = match object.get("Keywords") {
        Some(Json::String(name)) if named(KEYWORDS, name).is_some() => {
            named(KEYWORDS, name).map(Cow::Borrowed)
        }
        json => json.and_then(keywords).filter(|text| text.starts_with("0x")),
    };
    if let Some(Json::String(payload)) = object.get("Payload")
        && let Ok(payload @ Json::Object(_)) = serde_json::from_str::<Json>(payload)
    {
        let whole = Object::from_iter([("Event".to_owned(), payload)]);
        let read = tree::event(&whole);
        event.event_data = read.event_data.into_iter().map(owned).collect();
        event.user_data = read.user_data.into_iter().map(owned).collect();
        event.user_data_name = read.user_data_name.map(|name| Cow::Owned(name.into_owned()));
    }
    event.rendering =
        Some(Rendering { message: member(object, "Message"), ..Rendering::default() });
    event
}

fn named(table: &[(&'static str, &'static str)], name: &str) -> Option<&'static str> {
    table.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
}

fn owned(datum: Data<'_>) -> Data<'static> {
    Data { name: Cow::Owned(datum.name.into_owned()), value: Cow::Owned(datum.value.into_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_and_payload() {
        let record = json!({
            "PayloadData1": "Target: A\\mira", "MapDescription": "Successful logon", "Computer": "ATLAS-07",
            "Payload": r##"{"EventData":{"Data":[{"@Name":"LogonType","#text":"3"},{"@Name":"Empty"}]}}"##,
            "Channel": "Security", "Provider": "Microsoft-Windows-Security-Auditing", "EventId": 4624,
            "EventRecordId": "12", "ProcessId": 700, "ThreadId": 8, "Level": "LogAlways",
            "Keywords": "Audit success", "TimeCreated": "2024-03-02T10:00:00.1234567+00:00",
        });
        let event = event(record.as_object().unwrap());
        assert_eq!((&*event.event_id, event.data("LogonType")), ("4624", Some("3")));
        assert_eq!(event.data("Empty"), Some(""));
        assert_eq!(event.keywords.as_deref(), Some("0x8020000000000000"));
        assert_eq!((event.level.as_deref(), event.process_id.as_deref()), (Some("0"), Some("700")));
    }
}
