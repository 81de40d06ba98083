//! Flat records: `NXLog`'s `to_json`, directly or by way of Logstash, and exports in its manner.
//!
//! What `NXLog` says of the event and the event's own data stand side by side, and some names are
//! used for both. `host` is then the collector.

use dragnet_ecs::{Rendering, WinEvent};
use serde_json::Value as Json;

use super::Object;
use super::text::{datum, fill, guid, keywords, member, text, time};
use crate::system::Field;

/// What is no datum, wherever it stands: what Logstash and collectors add, and what is read below.
const NO_DATA: &[&str] = &[
    "@timestamp",
    "@version",
    "ActivityID",
    "Category",
    "Channel",
    "Computer",
    "ERROR_EVT_UNRESOLVED",
    "EventID",
    "EventReceivedTime",
    "EventTime",
    "ExecutionProcessID",
    "Hostname",
    "Keywords",
    "Level",
    "Message",
    "Opcode",
    "OpcodeValue",
    "ProviderGuid",
    "RecordNumber",
    "RelatedActivityID",
    "SourceModuleName",
    "SourceModuleType",
    "SourceName",
    "Task",
    "ThreadID",
    "TimeCreated",
    "UserID",
    "Version",
    "host",
    "port",
    "tags",
    "type",
];

/// Where parts of `System` stand.
const SYSTEM: &[(&str, Field)] = &[
    ("SourceName", Field::ProviderName),
    ("EventID", Field::EventId),
    ("Version", Field::Version),
    ("Level", Field::Level),
    ("Task", Field::Task),
    ("OpcodeValue", Field::Opcode),
    ("RecordNumber", Field::RecordId),
    ("ThreadID", Field::ThreadId),
    ("Channel", Field::Channel),
    ("Hostname", Field::Computer),
    ("UserID", Field::UserId),
];

/// `EventType` of `NXLog`, and the level it stands for. Sysmon's registry events have a datum of the same name.
const EVENT_TYPES: &[(&str, &str)] = &[
    ("AUDIT_FAILURE", "0"),
    ("AUDIT_SUCCESS", "0"),
    ("CRITICAL", "1"),
    ("DEBUG", "5"),
    ("ERROR", "2"),
    ("INFO", "4"),
    ("VERBOSE", "5"),
    ("WARNING", "3"),
];

pub(super) fn event(object: &Object) -> WinEvent<'_> {
    let mut event = WinEvent::default();
    fill(&mut event, object, SYSTEM);
    if event.computer.is_none() {
        event.computer = member(object, "Computer");
    }
    for (key, field) in [
        ("ProviderGuid", Field::ProviderGuid),
        ("ActivityID", Field::ActivityId),
        ("RelatedActivityID", Field::RelatedActivityId),
    ] {
        if let Some(value) = object.get(key).and_then(text) {
            field.set(&mut event, guid(value));
        }
    }
    event.keywords = object.get("Keywords").and_then(keywords);
    event.time_created = time(object, &["TimeCreated", "@timestamp", "EventTime"]);
    let is_nxlog = object.contains_key("SourceModuleType") || object.contains_key("SeverityValue");
    let level = is_nxlog.then(|| nxlog_type(object)).flatten();
    if event.level.is_none() {
        event.level = level.map(Into::into);
    }
    // With `ExecutionProcessID`, `ProcessID` is a datum.
    let has_own_id = object.contains_key("ExecutionProcessID");
    let process_id = if has_own_id { "ExecutionProcessID" } else { "ProcessID" };
    event.process_id = member(object, process_id);

    // Whose event it is, where `NXLog` has looked up its `UserID`.
    let has_account = is_nxlog && object.contains_key("AccountType");

    event.event_data.reserve(object.len());
    for (name, json) in object {
        let is_data = match name.as_str() {
            "ProcessID" => has_own_id,
            "EventType" => level.is_none(),
            "AccountName" | "AccountType" | "Domain" => !has_account,
            "Severity" | "SeverityValue" => !is_nxlog,
            name => NO_DATA.binary_search(&name).is_err(),
        };
        if is_data {
            event.event_data.extend(datum(name, json));
        }
    }
    event.rendering = Some(Rendering {
        message: member(object, "Message"),
        task: member(object, "Category"),
        opcode: member(object, "Opcode"),
        ..Rendering::default()
    });
    event
}

fn nxlog_type(object: &Object) -> Option<&'static str> {
    let name = object.get("EventType").and_then(Json::as_str)?;
    EVENT_TYPES.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_is_sorted() {
        assert!(NO_DATA.is_sorted());
    }

    #[test]
    fn nxlog_through_logstash() {
        let record = json!({
            "@timestamp": "2024-03-02T10:00:01.500Z", "@version": "1", "host": "collector", "port": 5140,
            "EventTime": "2024-03-02 11:00:00", "EventReceivedTime": "2024-03-02 11:00:01",
            "Hostname": "ATLAS-07", "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 13,
            "SourceName": "Microsoft-Windows-Sysmon", "Keywords": -9_223_372_036_854_775_808_i64,
            "ProviderGuid": "{5770385F-C22A-43E0-BF4C-06F5698FFBD9}", "EventType": "INFO",
            "SeverityValue": 2, "Severity": "INFO", "ExecutionProcessID": 2100, "ThreadID": 7,
            "ProcessID": "4", "OpcodeValue": 0, "RecordNumber": 99, "Task": 13, "Version": 2,
            "UserID": "S-1-5-18", "Domain": "NT AUTHORITY", "AccountName": "SYSTEM", "AccountType": "User",
            "SourceModuleType": "im_msvistalog", "Image": "C:\\a.exe", "Empty": null, "Message": "text",
        });
        let event = event(record.as_object().unwrap());
        assert_eq!(event.event_id, "13");
        assert_eq!(event.computer.as_deref(), Some("ATLAS-07"));
        assert_eq!(event.keywords.as_deref(), Some("0x8000000000000000"));
        assert_eq!(event.provider_guid.as_deref(), Some("{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"));
        assert_eq!(event.time_created.as_deref(), Some("2024-03-02T10:00:01.500Z"));
        assert_eq!(
            (event.level.as_deref(), event.process_id.as_deref()),
            (Some("4"), Some("2100"))
        );
        let mut data: Vec<_> = event.event_data.iter().map(|d| (&*d.name, &*d.value)).collect();
        data.sort_unstable();
        assert_eq!(data, [("Image", "C:\\a.exe"), ("ProcessID", "4")]);
        assert_eq!(event.rendering.unwrap().message.as_deref(), Some("text"));
    }

    #[test]
    fn an_event_type_of_the_event_itself() {
        let record = json!({
            "Channel": "Microsoft-Windows-Sysmon/Operational", "EventID": 13, "EventType": "SetValue",
            "ProcessID": 5, "TimeCreated": "2024-03-02T10:00:00Z", "Severity": "mine",
        });
        let event = event(record.as_object().unwrap());
        assert_eq!(event.data("EventType"), Some("SetValue"));
        assert_eq!(event.data("Severity"), Some("mine"));
        assert_eq!((event.process_id.as_deref(), event.level.as_deref()), (Some("5"), None));
    }
}
