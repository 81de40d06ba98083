//! Where the parts of an event's `System` section go, whichever way it is read.

use std::borrow::Cow;

use dragnet_ecs::WinEvent;

/// A part of `System` that is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    ProviderName,
    ProviderGuid,
    EventSourceName,
    EventId,
    Qualifiers,
    Version,
    Level,
    Task,
    Opcode,
    Keywords,
    TimeCreated,
    RecordId,
    ActivityId,
    RelatedActivityId,
    ProcessId,
    ThreadId,
    Channel,
    Computer,
    UserId,
}

impl Field {
    /// The field that stands in an element's attribute, or in its text if `attribute` is empty.
    pub(crate) fn find(element: &str, attribute: &str) -> Option<Field> {
        Some(match (element, attribute) {
            ("Provider", "Name") => Field::ProviderName,
            ("Provider", "Guid") => Field::ProviderGuid,
            ("Provider", "EventSourceName") => Field::EventSourceName,
            ("EventID", "") => Field::EventId,
            ("EventID", "Qualifiers") => Field::Qualifiers,
            ("Version", "") => Field::Version,
            ("Level", "") => Field::Level,
            ("Task", "") => Field::Task,
            ("Opcode", "") => Field::Opcode,
            ("Keywords", "") => Field::Keywords,
            ("TimeCreated", "SystemTime") => Field::TimeCreated,
            ("EventRecordID", "") => Field::RecordId,
            ("Correlation", "ActivityID") => Field::ActivityId,
            ("Correlation", "RelatedActivityID") => Field::RelatedActivityId,
            ("Execution", "ProcessID") => Field::ProcessId,
            ("Execution", "ThreadID") => Field::ThreadId,
            ("Channel", "") => Field::Channel,
            ("Computer", "") => Field::Computer,
            // Sysmon for Linux spells it `UserId`.
            ("Security", "UserID" | "UserId") => Field::UserId,
            _ => return None,
        })
    }

    /// Sets the field; an empty value counts as absent.
    pub(crate) fn set<'a>(self, event: &mut WinEvent<'a>, value: Cow<'a, str>) {
        let slot = match self {
            Field::EventId => return event.event_id = value,
            Field::Channel => return event.channel = value,
            Field::ProviderName => &mut event.provider_name,
            Field::ProviderGuid => &mut event.provider_guid,
            Field::EventSourceName => &mut event.event_source_name,
            Field::Qualifiers => &mut event.qualifiers,
            Field::Version => &mut event.version,
            Field::Level => &mut event.level,
            Field::Task => &mut event.task,
            Field::Opcode => &mut event.opcode,
            Field::Keywords => &mut event.keywords,
            Field::TimeCreated => &mut event.time_created,
            Field::RecordId => &mut event.record_id,
            Field::ActivityId => &mut event.activity_id,
            Field::RelatedActivityId => &mut event.related_activity_id,
            Field::ProcessId => &mut event.process_id,
            Field::ThreadId => &mut event.thread_id,
            Field::Computer => &mut event.computer,
            Field::UserId => &mut event.user_id,
        };
        *slot = Some(value).filter(|text| !text.is_empty());
    }
}
