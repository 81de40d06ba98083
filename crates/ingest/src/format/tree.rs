//! The event's XML as a tree of objects, as `evtx_dump`, Chainsaw and others write it.
//!
//! Attributes stand in `#attributes`, in a sibling `<element>_attributes`, or under their names with `@`; the
//! text of an element that has attributes stands in `#text`.

use std::borrow::Cow;

use dragnet_ecs::{Data, WinEvent};
use serde_json::Value as Json;

use super::Object;
use super::text::{datum, guid, is_guid, text};
use crate::system::Field;

/// Deeper data are not looked at.
const MAX_DEPTH: usize = 32;

pub(super) fn event(object: &Object) -> WinEvent<'_> {
    let mut event = WinEvent::default();
    let Some(Json::Object(root)) = object.get("Event") else { return event };
    if let Some(Json::Object(elements)) = root.get("System") {
        for (name, json) in elements {
            match name.strip_suffix("_attributes") {
                Some(element) => attributes(element, json, &mut event),
                None => element(name, json, &mut event),
            }
        }
    }
    if let Some(json) = root.get("EventData") {
        leaves(json, 0, &mut event.event_data);
    }
    if let Some(Json::Object(user_data)) = root.get("UserData") {
        for (name, json) in user_data.iter().filter(|(name, _)| is_element(name)) {
            event.user_data_name.get_or_insert(Cow::Borrowed(name));
            leaves(json, 0, &mut event.user_data);
        }
    }
    event
}

/// Whether a key names an element, and no attribute or text.
fn is_element(key: &str) -> bool {
    !key.starts_with(['#', '@']) && !key.ends_with("_attributes")
}

/// One child of `System`: its text, its attributes, or an object of both.
fn element<'a>(name: &str, json: &'a Json, event: &mut WinEvent<'a>) {
    let Json::Object(parts) = json else {
        if let (Some(field), Some(text)) = (Field::find(name, ""), text(json)) {
            field.set(event, text);
        }
        return;
    };
    for (key, json) in parts {
        match key.as_str() {
            "#attributes" => attributes(name, json, event),
            "#text" => element(name, json, event),
            key => attribute(name, key.trim_start_matches('@'), json, event),
        }
    }
}

fn attributes<'a>(element: &str, json: &'a Json, event: &mut WinEvent<'a>) {
    for (name, json) in json.as_object().into_iter().flatten() {
        attribute(element, name.trim_start_matches('@'), json, event);
    }
}

fn attribute<'a>(element: &str, name: &str, json: &'a Json, event: &mut WinEvent<'a>) {
    if let (Some(field), Some(text)) = (Field::find(element, name), text(json)) {
        field.set(event, guid(text));
    }
}

/// The innermost values below `EventData`, named as in XML.
fn leaves<'a>(json: &'a Json, depth: usize, out: &mut Vec<Data<'a>>) {
    let Json::Object(members) = json else {
        return unnamed(json, out);
    };
    for (name, json) in members {
        match (name.as_str(), json) {
            ("#attributes", _) => {}
            (name, _) if name.starts_with('@') || name.ends_with("_attributes") => {}
            // Data without a name.
            ("#text", json) => unnamed(json, out),
            ("Data", Json::Array(items)) => items.iter().for_each(|item| one_datum(item, out)),
            ("Data", json) => one_datum(json, out),
            (_, Json::Object(parts)) if depth < MAX_DEPTH => match parts.get("#text") {
                Some(json) => out.extend(datum(name, json)),
                None => leaves(json, depth + 1, out),
            },
            (name, json) => out.extend(datum(name, json).map(restore)),
        }
    }
}

/// `Data` as it stands: a text, or an object that holds its name and text.
fn one_datum<'a>(json: &'a Json, out: &mut Vec<Data<'a>>) {
    let Json::Object(parts) = json else {
        return unnamed(json, out);
    };
    let attributes = parts.get("#attributes").and_then(Json::as_object).unwrap_or(parts);
    let name = attributes.get("Name").or_else(|| attributes.get("@Name")).and_then(Json::as_str);
    match (name, parts.get("#text")) {
        (Some(name), Some(json)) => out.extend(datum(name, json)),
        (Some(name), None) => {
            out.push(Data { name: Cow::Borrowed(name), value: Cow::Borrowed("") });
        }
        (None, Some(json)) => unnamed(json, out),
        (None, None) => {}
    }
}

fn unnamed<'a>(json: &'a Json, out: &mut Vec<Data<'a>>) {
    match json {
        Json::Array(items) => {
            out.extend(items.iter().filter_map(|item| datum("", item)));
        }
        json => out.extend(datum("", json)),
    }
}

/// Older tools write GUIDs without braces and in capitals; a text that looks like one is in small letters.
fn restore(datum: Data<'_>) -> Data<'_> {
    let is_old = is_guid(&datum.value)
        && datum.value.bytes().any(|b| b.is_ascii_uppercase())
        && !datum.value.bytes().any(|b| b.is_ascii_lowercase());
    if is_old { Data { value: guid(datum.value), ..datum } } else { datum }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn data<'e>(event: &'e WinEvent<'_>) -> Vec<(&'e str, &'e str)> {
        event.event_data.iter().map(|d| (&*d.name, &*d.value)).collect()
    }

    #[test]
    fn evtx_dump() {
        let record = json!({"Event": {
            "#attributes": {"xmlns": "http://x"},
            "System": {
                "Provider": {"#attributes": {"Name": "P", "Guid": "5770385F-C22A-43E0-BF4C-06F5698FFBD9"}},
                "EventID": {"#text": 7045, "#attributes": {"Qualifiers": 16384}},
                "Version": 0, "Level": 4, "Keywords": "0x8080000000000000",
                "TimeCreated": {"#attributes": {"SystemTime": "2024-03-02T10:00:00.1234567Z"}},
                "EventRecordID": 5, "Correlation": null, "Channel": "System", "Computer": "A",
                "Execution": {"#attributes": {"ProcessID": 4, "ThreadID": 8}},
                "Security": {"#attributes": {"UserID": "S-1-5-18"}}
            },
            "EventData": {"ServiceName": "x", "Nothing": null, "Flag": true,
                "Guid": "5770385F-C22A-43E0-BF4C-06F5698FFBD9"}
        }});
        let event = event(record.as_object().unwrap());
        assert_eq!((&*event.event_id, event.qualifiers.as_deref()), ("7045", Some("16384")));
        assert_eq!(event.provider_guid.as_deref(), Some("{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"));
        assert_eq!(event.time_created.as_deref(), Some("2024-03-02T10:00:00.1234567Z"));
        assert_eq!(event.process_id.as_deref(), Some("4"));
        let guid = "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}";
        assert_eq!(data(&event), [("ServiceName", "x"), ("Flag", "true"), ("Guid", guid)]);
    }

    #[test]
    fn other_ways_to_write_attributes_and_data() {
        let record = json!({"Event": {
            "System": {
                "Provider_attributes": {"Name": "P"}, "EventID": 1, "EventID_attributes": {"Qualifiers": 0},
                "TimeCreated": {"@SystemTime": "2024-03-02T10:00:00Z"}, "Channel": "C"
            },
            "EventData": {"Data": [{"@Name": "A", "#text": "1"}, {"#attributes": {"Name": "B"}}, "plain"]}
        }});
        let parsed = event(record.as_object().unwrap());
        assert_eq!(parsed.provider_name.as_deref(), Some("P"));
        assert_eq!(parsed.time_created.as_deref(), Some("2024-03-02T10:00:00Z"));
        assert_eq!(data(&parsed), [("A", "1"), ("B", ""), ("", "plain")]);

        let unnamed =
            json!({"Event": {"System": {}, "EventData": {"Data": {"#text": ["a", "b"]}}}});
        assert_eq!(data(&event(unnamed.as_object().unwrap())), [("", "a"), ("", "b")]);
    }

    #[test]
    fn user_data() {
        let record = json!({"Event": {"System": {}, "UserData": {
            "LogFileCleared": {"#attributes": {"xmlns": "x"}, "SubjectUserName": "mira", "Deep": {"Er": 1}}
        }}});
        let event = event(record.as_object().unwrap());
        assert_eq!(event.user_data_name.as_deref(), Some("LogFileCleared"));
        let data: Vec<_> = event.user_data.iter().map(|d| (&*d.name, &*d.value)).collect();
        assert_eq!(data, [("SubjectUserName", "mira"), ("Er", "1")]);
    }
}
