//! Flat records: `NXLog`'s `to_json`, directly or by way of Logstash, and exports in its manner.
//!
//! What `NXLog` says of the event and the event's own data stand side by side, and some names are
//! used for both. `host` is then the collector.

use std::borrow::Cow;

use dragnet_ecs::{Data, Rendering, WinEvent};

use super::members::{Member, Members};
use super::text::{best_time, guid};
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

/// By first byte: a bit for each length of a name in [`NO_DATA`]. Nearly all data are told by that.
static NO_DATA_LENGTHS: [u32; 128] = {
    let mut lengths = [0; 128];
    let mut at = 0;
    while at < NO_DATA.len() {
        let name = NO_DATA[at].as_bytes();
        lengths[name[0] as usize] |= 1 << name.len();
        at += 1;
    }
    lengths
};

/// False for most names that are not in [`NO_DATA`].
fn may_be_no_data(name: &str) -> bool {
    let lengths = name.bytes().next().and_then(|first| NO_DATA_LENGTHS.get(usize::from(first)));
    lengths.is_some_and(|lengths| name.len() < 32 && lengths & (1 << name.len()) != 0)
}

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

/// Where the time stands, in the order in which it is looked for.
pub(super) const TIMES: [&str; 3] = ["TimeCreated", "@timestamp", "EventTime"];

/// Members that say by being there what others mean.
pub(super) const TELLING: [&str; 4] =
    ["AccountType", "ExecutionProcessID", "SeverityValue", "SourceModuleType"];

/// What becomes of a member, as far as its name and those of the others tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// It tells what kind of event it is.
    Kind,
    Time,
    /// It becomes this field and nothing else.
    Only(&'static str),
    Account,
    Process,
    Computer,
    Message,
    Datum,
    Nothing,
}

/// What becomes of the members of a record with these names, as [`event`] has it; `None` if its form is another.
pub(super) fn uses(names: &[&str]) -> Option<Vec<Use>> {
    let has = |name: &str| names.contains(&name);
    let is_other = has("TenantId") || has("xml") || has("MESSAGE");
    let is_wrapped = has("message") && has("@version");
    if is_other || is_wrapped || !has("EventID") || !(has("Channel") || has("SourceName")) {
        return None;
    }
    let is_nxlog = has("SourceModuleType") || has("SeverityValue");
    let has_own_id = has("ExecutionProcessID");
    let has_account = is_nxlog && has("AccountType");
    let of_name = |name: &&str| match *name {
        "RecordNumber" => Use::Only("winlog.record_id"),
        "ThreadID" => Use::Only("winlog.process.thread.id"),
        "ActivityID" => Use::Only("winlog.activity_id"),
        "RelatedActivityID" => Use::Only("winlog.related_activity_id"),
        "Hostname" | "Computer" => Use::Computer,
        "UserID" => Use::Account,
        "ExecutionProcessID" => Use::Process,
        "ProcessID" if !has_own_id => Use::Process,
        "Message" => Use::Message,
        name if TIMES.contains(&name) => Use::Time,
        "AccountName" | "AccountType" | "Domain" if has_account => Use::Nothing,
        "Severity" | "SeverityValue" if is_nxlog => Use::Nothing,
        // Whether an event's type is a datum hangs on its value.
        "EventType" | "SourceName" | "EventID" | "Version" | "Level" | "Task" | "OpcodeValue"
        | "Channel" | "ProviderGuid" | "Keywords" | "Category" | "Opcode" => Use::Kind,
        name if NO_DATA.binary_search(&name).is_ok() => Use::Nothing,
        _ => Use::Datum,
    };
    Some(names.iter().map(of_name).collect())
}

pub(super) fn event<'a>(members: &'a Members<'_>) -> WinEvent<'a> {
    let mut event = WinEvent::default();
    let text = |key: &str| members.get(key).and_then(Member::text);
    for (key, field) in SYSTEM {
        if let Some(value) = text(key) {
            field.set(&mut event, value);
        }
    }
    if event.computer.is_none() {
        event.computer = members.text("Computer");
    }
    for (key, field) in [
        ("ProviderGuid", Field::ProviderGuid),
        ("ActivityID", Field::ActivityId),
        ("RelatedActivityID", Field::RelatedActivityId),
    ] {
        if let Some(value) = text(key) {
            field.set(&mut event, guid(value));
        }
    }
    event.keywords = members.get("Keywords").and_then(Member::keywords);
    event.time_created = best_time(TIMES.iter().filter_map(|key| members.text(key)));
    let is_nxlog = members.has("SourceModuleType") || members.has("SeverityValue");
    let level = is_nxlog.then(|| nxlog_type(members)).flatten();
    if event.level.is_none() {
        event.level = level.map(Into::into);
    }
    // With `ExecutionProcessID`, `ProcessID` is a datum.
    let has_own_id = members.has("ExecutionProcessID");
    event.process_id = members.text(if has_own_id { "ExecutionProcessID" } else { "ProcessID" });

    // Whose event it is, where `NXLog` has looked up its `UserID`.
    let has_account = is_nxlog && members.has("AccountType");

    event.event_data.reserve(members.len());
    for (name, value) in members.iter() {
        let is_data = match name {
            "ProcessID" => has_own_id,
            "EventType" => level.is_none(),
            "AccountName" | "AccountType" | "Domain" => !has_account,
            "Severity" | "SeverityValue" => !is_nxlog,
            name => !may_be_no_data(name) || NO_DATA.binary_search(&name).is_err(),
        };
        if let Some(value) = value.text().filter(|_| is_data) {
            event.event_data.push(Data { name: Cow::Borrowed(name), value });
        }
    }
    event.rendering = Some(Rendering {
        message: members.text("Message"),
        task: members.text("Category"),
        opcode: members.text("Opcode"),
        ..Rendering::default()
    });
    event
}

fn nxlog_type(members: &Members<'_>) -> Option<&'static str> {
    let name = members.get("EventType").and_then(Member::as_str)?;
    EVENT_TYPES.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_is_sorted() {
        assert!(NO_DATA.is_sorted());
        assert!(NO_DATA.iter().all(|name| may_be_no_data(name)));
        assert!(!may_be_no_data("Image") && !may_be_no_data("") && !may_be_no_data("é"));
        assert!(!may_be_no_data(&"h".repeat(36)));
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
        let members = Members::of(record.as_object().unwrap());
        let event = event(&members);
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
        let members = Members::of(record.as_object().unwrap());
        let event = event(&members);
        assert_eq!(event.data("EventType"), Some("SetValue"));
        assert_eq!(event.data("Severity"), Some("mine"));
        assert_eq!((event.process_id.as_deref(), event.level.as_deref()), (Some("5"), None));
    }
}
