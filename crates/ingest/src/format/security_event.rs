//! Azure Monitor's table `SecurityEvent`: columns, and the event's data as XML in one of them.

use dragnet_ecs::WinEvent;
use serde_json::Value as Json;

use super::Object;
use super::text::{datum, fill, keywords, time};
use crate::system::Field;
use crate::xml::parse_event;

const SYSTEM: &[(&str, Field)] = &[
    ("EventSourceName", Field::ProviderName),
    ("EventID", Field::EventId),
    ("Level", Field::Level),
    ("EventRecordId", Field::RecordId),
    ("Channel", Field::Channel),
    ("Computer", Field::Computer),
];

/// Columns that are no data of the event, where it has them as columns.
const NO_DATA: &[&str] = &[
    "Account",
    "AccountType",
    "Activity",
    "Channel",
    "Computer",
    "EventData",
    "EventID",
    "EventLevelName",
    "EventOriginId",
    "EventRecordId",
    "EventSourceName",
    "Keywords",
    "Level",
    "MG",
    "ManagementGroupName",
    "Opcode",
    "SourceComputerId",
    "SourceSystem",
    "Task",
    "TenantId",
    "TimeCollected",
    "TimeGenerated",
    "Type",
    "_ResourceId",
];

/// The XML of an event that has only these data.
pub(super) fn data_xml(object: &Object) -> Option<String> {
    let data = object.get("EventData")?.as_str()?;
    data.trim_start().starts_with("<EventData").then(|| format!("<Event><System/>{data}</Event>"))
}

/// `xml` is what [`data_xml`] gave.
pub(super) fn event<'a>(object: &'a Object, xml: Option<&'a str>) -> WinEvent<'a> {
    let read = xml.and_then(|xml| parse_event(xml).ok());
    let has_data = read.is_some();
    let mut event = read.unwrap_or_default();
    fill(&mut event, object, SYSTEM);
    // `Task` counts the table's own tasks.
    event.time_created = time(object, &["TimeCreated", "TimeGenerated"]);
    // Without the column nobody knows whether the audit was of a success.
    event.keywords = object.get("Keywords").and_then(keywords);
    if !has_data {
        let columns = object.iter().filter(|(name, json)| {
            NO_DATA.binary_search(&name.as_str()).is_err() && **json != Json::String(String::new())
        });
        event.event_data.extend(columns.filter_map(|(name, json)| datum(name, json)));
    }
    event
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
    fn data_as_xml_and_as_columns() {
        let mut record = json!({
            "TenantId": "t", "TimeGenerated": "2024-03-02T10:00:00.21Z", "Computer": "ATLAS-07",
            "EventSourceName": "Microsoft-Windows-Security-Auditing", "Channel": "Security", "EventID": 4688,
            "Task": 1, "Level": "0", "Type": "SecurityEvent", "SubjectUserName": "", "ProcessId": "0x4",
            "EventData": "<EventData xmlns=\"x\">\r\n <Data Name=\"CommandLine\">a &amp; b</Data></EventData>",
        });
        let xml = data_xml(record.as_object().unwrap());
        let parsed = event(record.as_object().unwrap(), xml.as_deref());
        assert_eq!((&*parsed.event_id, parsed.data("CommandLine")), ("4688", Some("a & b")));
        assert_eq!(parsed.event_data.len(), 1);
        assert_eq!((parsed.task, parsed.keywords), (None, None));

        record["EventData"] = json!("");
        let xml = data_xml(record.as_object().unwrap());
        let parsed = event(record.as_object().unwrap(), xml.as_deref());
        assert_eq!(parsed.data("ProcessId"), Some("0x4"));
        assert_eq!(parsed.event_data.len(), 1);
    }
}
