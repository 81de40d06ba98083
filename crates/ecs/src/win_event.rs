//! The raw form of a Windows event: what stands in its XML, as text.

use std::borrow::Cow;

/// One Windows event as its XML says it. All values are text, as in the XML; `None` or empty where the
/// element or attribute is absent. Nothing is interpreted yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WinEvent<'a> {
    /// `Provider/@Name`.
    pub provider_name: Option<Cow<'a, str>>,
    /// `Provider/@Guid`, with braces if the XML has them.
    pub provider_guid: Option<Cow<'a, str>>,
    /// `Provider/@EventSourceName`.
    pub event_source_name: Option<Cow<'a, str>>,
    /// `EventID`.
    pub event_id: Cow<'a, str>,
    /// `EventID/@Qualifiers`.
    pub qualifiers: Option<Cow<'a, str>>,
    /// `Version`.
    pub version: Option<Cow<'a, str>>,
    /// `Level`, a number.
    pub level: Option<Cow<'a, str>>,
    /// `Task`, a number.
    pub task: Option<Cow<'a, str>>,
    /// `Opcode`, a number.
    pub opcode: Option<Cow<'a, str>>,
    /// `Keywords`, hexadecimal with `0x`.
    pub keywords: Option<Cow<'a, str>>,
    /// `TimeCreated/@SystemTime`, RFC 3339.
    pub time_created: Option<Cow<'a, str>>,
    /// `EventRecordID`.
    pub record_id: Option<Cow<'a, str>>,
    /// `Correlation/@ActivityID`.
    pub activity_id: Option<Cow<'a, str>>,
    /// `Correlation/@RelatedActivityID`.
    pub related_activity_id: Option<Cow<'a, str>>,
    /// `Execution/@ProcessID`.
    pub process_id: Option<Cow<'a, str>>,
    /// `Execution/@ThreadID`.
    pub thread_id: Option<Cow<'a, str>>,
    /// `Channel`.
    pub channel: Cow<'a, str>,
    /// `Computer`.
    pub computer: Option<Cow<'a, str>>,
    /// `Security/@UserID`, a SID.
    pub user_id: Option<Cow<'a, str>>,
    /// The children of `EventData`, in order.
    pub event_data: Vec<Data<'a>>,
    /// The name of the single element below `UserData`, if there is one.
    pub user_data_name: Option<Cow<'a, str>>,
    /// The leaves below that element, in order, named by their element.
    pub user_data: Vec<Data<'a>>,
    /// `RenderingInfo`, which forwarded and exported events carry.
    pub rendering: Option<Rendering<'a>>,
}

/// One named value of `EventData` or `UserData`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Data<'a> {
    /// `Data/@Name`, or the element's name; empty for unnamed `Data`.
    pub name: Cow<'a, str>,
    /// The text, entities decoded, white space kept.
    pub value: Cow<'a, str>,
}

/// The texts that Windows' publisher metadata gives, as far as the event carries them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rendering<'a> {
    /// The rendered message.
    pub message: Option<Cow<'a, str>>,
    /// The level's name.
    pub level: Option<Cow<'a, str>>,
    /// The task's name.
    pub task: Option<Cow<'a, str>>,
    /// The opcode's name.
    pub opcode: Option<Cow<'a, str>>,
    /// The keywords' names.
    pub keywords: Vec<Cow<'a, str>>,
}

/// Makes another event of the same values, each by way of `$cow`.
macro_rules! convert {
    ($event:expr, $cow:expr) => {{
        let (event, cow) = ($event, $cow);
        let data = |data: &'a [Data<'_>]| {
            let one = |one: &'a Data<'_>| Data { name: cow(&one.name), value: cow(&one.value) };
            data.iter().map(one).collect()
        };
        WinEvent {
            event_id: cow(&event.event_id),
            channel: cow(&event.channel),
            event_data: data(&event.event_data),
            user_data: data(&event.user_data),
            rendering: event.rendering.as_ref().map(|rendering| Rendering {
                message: rendering.message.as_ref().map(cow),
                level: rendering.level.as_ref().map(cow),
                task: rendering.task.as_ref().map(cow),
                opcode: rendering.opcode.as_ref().map(cow),
                keywords: rendering.keywords.iter().map(cow).collect(),
            }),
            provider_name: event.provider_name.as_ref().map(cow),
            provider_guid: event.provider_guid.as_ref().map(cow),
            event_source_name: event.event_source_name.as_ref().map(cow),
            qualifiers: event.qualifiers.as_ref().map(cow),
            version: event.version.as_ref().map(cow),
            level: event.level.as_ref().map(cow),
            task: event.task.as_ref().map(cow),
            opcode: event.opcode.as_ref().map(cow),
            keywords: event.keywords.as_ref().map(cow),
            time_created: event.time_created.as_ref().map(cow),
            record_id: event.record_id.as_ref().map(cow),
            activity_id: event.activity_id.as_ref().map(cow),
            related_activity_id: event.related_activity_id.as_ref().map(cow),
            process_id: event.process_id.as_ref().map(cow),
            thread_id: event.thread_id.as_ref().map(cow),
            computer: event.computer.as_ref().map(cow),
            user_id: event.user_id.as_ref().map(cow),
            user_data_name: event.user_data_name.as_ref().map(cow),
        }
    }};
}

impl WinEvent<'_> {
    /// The same event, for as long as this one is there.
    pub fn borrowed<'a>(&'a self) -> WinEvent<'a> {
        convert!(self, |text: &'a Cow<'_, str>| Cow::Borrowed(&**text))
    }

    /// The same event, with texts of its own.
    pub fn owned<'a>(&'a self) -> WinEvent<'static> {
        convert!(self, |text: &'a Cow<'_, str>| Cow::Owned((**text).to_owned()))
    }

    /// The first `EventData` value of this name.
    pub fn data(&self, name: &str) -> Option<&str> {
        self.event_data.iter().find(|d| d.name == name).map(|d| &*d.value)
    }
}
