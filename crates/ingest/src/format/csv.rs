//! CSV of the Event Viewer ("Save All Events As…") and of PowerShell (`Get-WinEvent | Export-Csv`).
//!
//! Neither has the event's data, only the message that Windows makes of them; what can be had back from it is
//! ([`crate::message`]). The Event Viewer says neither the channel nor the computer: the channel is that in which the
//! provider's events are, if they are in one.

use std::borrow::Cow;

use dragnet_ecs::{Rendering, WinEvent};

use super::text::guid;
use crate::cut::csv::{Dialect, fields, first_record};
use crate::dates;
use crate::message;
use crate::problem::Reason;
use crate::system::Field;

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    /// A part of the event as it stands.
    Part(Field),
    Time,
    Message,
    /// The name of the level; in the Event Viewer's Security log it is that of the keywords.
    LevelName,
    TaskName,
    OpcodeName,
    KeywordNames,
}

/// Columns by their names.
const COLUMNS: &[(&str, Column)] = &[
    ("ActivityId", Column::Part(Field::ActivityId)),
    ("Channel", Column::Part(Field::Channel)),
    ("Computer", Column::Part(Field::Computer)),
    ("Date and Time", Column::Time),
    ("Event ID", Column::Part(Field::EventId)),
    ("EventID", Column::Part(Field::EventId)),
    ("Id", Column::Part(Field::EventId)),
    ("Keywords", Column::KeywordNames),
    ("KeywordsDisplayNames", Column::KeywordNames),
    ("Level", Column::LevelName),
    ("LevelDisplayName", Column::LevelName),
    ("LogName", Column::Part(Field::Channel)),
    ("MachineName", Column::Part(Field::Computer)),
    ("Message", Column::Message),
    ("Opcode", Column::Part(Field::Opcode)),
    ("OpcodeDisplayName", Column::OpcodeName),
    ("ProcessId", Column::Part(Field::ProcessId)),
    ("ProviderId", Column::Part(Field::ProviderGuid)),
    ("ProviderName", Column::Part(Field::ProviderName)),
    ("Qualifiers", Column::Part(Field::Qualifiers)),
    ("RecordId", Column::Part(Field::RecordId)),
    ("RelatedActivityId", Column::Part(Field::RelatedActivityId)),
    ("Source", Column::Part(Field::ProviderName)),
    ("Task", Column::Part(Field::Task)),
    ("Task Category", Column::TaskName),
    ("TaskDisplayName", Column::TaskName),
    ("ThreadId", Column::Part(Field::ThreadId)),
    ("TimeCreated", Column::Time),
    ("TimeGenerated", Column::Time),
    ("UserId", Column::Part(Field::UserId)),
    ("Version", Column::Part(Field::Version)),
];

/// The Event Viewer's columns, in any language; that of the message has no name.
const VIEWER: [Column; 6] = [
    Column::LevelName,
    Column::Time,
    Column::Part(Field::ProviderName),
    Column::Part(Field::EventId),
    Column::TaskName,
    Column::Message,
];

/// The channels of providers that write to one only.
#[rustfmt::skip]
const CHANNELS: &[(&str, &str)] = &[
    ("Microsoft-Windows-Security-Auditing", "Security"),
    ("Microsoft-Windows-Sysmon", "Microsoft-Windows-Sysmon/Operational"),
    ("Microsoft-Windows-PowerShell", "Microsoft-Windows-PowerShell/Operational"),
    ("PowerShell", "Windows PowerShell"),
    ("Microsoft-Windows-Windows Defender", "Microsoft-Windows-Windows Defender/Operational"),
    ("Microsoft-Windows-TaskScheduler", "Microsoft-Windows-TaskScheduler/Operational"),
    ("Microsoft-Windows-WMI-Activity", "Microsoft-Windows-WMI-Activity/Operational"),
    ("Microsoft-Windows-TerminalServices-LocalSessionManager", "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational"),
    ("Service Control Manager", "System"),
    ("Microsoft-Windows-Kernel-General", "System"),
    ("Microsoft-Windows-Kernel-Power", "System"),
];

/// What the columns of a CSV are.
#[derive(Debug)]
pub(crate) struct Header {
    dialect: Dialect,
    columns: Vec<Option<Column>>,
    id: Option<usize>,
    time: Option<usize>,
}

impl Header {
    /// Reads the line of columns.
    pub(crate) fn read(line: &str, dialect: Dialect) -> Header {
        let names = fields(line, dialect.separator);
        let find = |name: &Cow<'_, str>| {
            let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            let known = COLUMNS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            known.map(|(_, column)| *column)
        };
        let mut columns: Vec<_> = names.iter().map(find).collect();
        let has = |columns: &[Option<Column>], wanted| columns.contains(&Some(wanted));
        // The Event Viewer's, in a language that is not in the table: the places are the same.
        let is_viewer = names.len() == VIEWER.len() - 1 && !has(&columns, Column::Message);
        if is_viewer {
            columns = VIEWER.map(Some).to_vec();
        }
        // PowerShell has the level's number beside its name.
        if names.iter().any(|name| name.eq_ignore_ascii_case("LevelDisplayName")) {
            let level = names.iter().position(|name| name.eq_ignore_ascii_case("Level"));
            if let Some(slot) = level.and_then(|at| columns.get_mut(at)) {
                *slot = Some(Column::Part(Field::Level));
            }
        }
        if names.iter().any(|name| name.eq_ignore_ascii_case("KeywordsDisplayNames")) {
            let bits = names.iter().position(|name| name.eq_ignore_ascii_case("Keywords"));
            if let Some(slot) = bits.and_then(|at| columns.get_mut(at)) {
                *slot = Some(Column::Part(Field::Keywords));
            }
        }
        let at = |wanted| columns.iter().position(|column| *column == Some(wanted));
        let (id, time) = (at(Column::Part(Field::EventId)), at(Column::Time));
        Header { dialect, columns, id, time }
    }

    /// Whether events can be read by these columns.
    fn is_events(&self) -> bool {
        let has = |field| self.columns.contains(&Some(Column::Part(field)));
        self.id.is_some()
            && self.time.is_some()
            && (has(Field::ProviderName) || has(Field::Channel))
    }

    /// Whether a line may be the first of a record: the event's number and time are where they should be.
    pub(crate) fn is_start(&self, line: &str) -> bool {
        let fields = fields(line, self.dialect.separator);
        let field = |at: Option<usize>| at.and_then(|at| fields.get(at));
        let is_number = |text: &Cow<'_, str>| text.trim().parse::<u32>().is_ok();
        field(self.id).is_some_and(is_number)
            && field(self.time)
                .is_some_and(|text| dates::parse(text, self.dialect.day_first).is_some())
    }
}

/// How a text is written, if it is a CSV of events.
pub(crate) fn sniff(text: &str) -> Option<Dialect> {
    [b',', b';', b'\t'].into_iter().find_map(|separator| {
        let dialect = Dialect { separator, day_first: None };
        let (line, rest) = first_record(text, separator)?;
        let header = Header::read(line, dialect);
        let (record, _) = first_record(rest, separator).unwrap_or(("", ""));
        let named = fields(line, separator).len() != VIEWER.len() - 1
            || line.to_ascii_lowercase().contains("event id");
        // Columns in another language are told by what stands in them.
        let is_log = header.is_events() && (named || header.is_start(record));
        is_log.then(|| Dialect { day_first: day_first(rest, &header), ..dialect })
    })
}

/// A dialect for what is said to be a CSV of events.
pub(crate) fn dialect(text: &str) -> Dialect {
    sniff(text).unwrap_or(Dialect { separator: b',', day_first: None })
}

/// Whether dates with slashes start with the day: what the first date tells that can be meant in one way only.
fn day_first(mut text: &str, header: &Header) -> Option<bool> {
    while let Some((record, rest)) = first_record(text, header.dialect.separator) {
        let fields = fields(record, header.dialect.separator);
        if let Some(day_first) = fields.get(header.time?).and_then(|date| dates::evidence(date)) {
            return Some(day_first);
        }
        text = rest;
    }
    None
}

/// Calls `each` with the event of a record.
pub(crate) fn with_event<T>(
    header: &Header,
    record: &str,
    each: impl FnOnce(&WinEvent<'_>) -> T,
) -> Result<T, Reason> {
    let values = fields(record, header.dialect.separator);
    let Some(id) = header.id else { return Err(Reason::NoColumn) };
    if values.get(id).is_none_or(|id| id.trim().is_empty()) {
        return Err(Reason::ShortRecord { have: values.len(), need: id + 1 });
    }
    let mut event = WinEvent::default();
    let mut rendering = Rendering::default();
    for (column, value) in header.columns.iter().zip(&values) {
        let value: &str = value;
        let text = || Some(Cow::Borrowed(value)).filter(|text| !text.is_empty());
        match column {
            Some(Column::Part(Field::EventId)) => event.event_id = Cow::Borrowed(value.trim()),
            Some(Column::Part(Field::ProviderGuid)) => event.provider_guid = text().map(guid),
            Some(Column::Part(Field::Keywords)) => event.keywords = keyword_bits(value),
            Some(Column::Part(field)) => field.set(&mut event, Cow::Borrowed(value)),
            Some(Column::Time) => {
                let time = dates::parse(value, header.dialect.day_first);
                event.time_created = time.map(|time| Cow::Owned(time.to_string()));
            }
            Some(Column::Message) => rendering.message = text(),
            Some(Column::LevelName) if outcome(value).is_some() => event.keywords = outcome(value),
            Some(Column::LevelName) => rendering.level = text(),
            Some(Column::TaskName) => rendering.task = text().filter(|text| text != "None"),
            Some(Column::OpcodeName) => rendering.opcode = text(),
            Some(Column::KeywordNames) => {
                event.keywords = event.keywords.or_else(|| outcome(value));
            }
            None => {}
        }
    }
    if event.channel.is_empty() {
        let provider = event.provider_name.as_deref().unwrap_or_default();
        event.channel = Cow::Borrowed(channel(provider, &event.event_id));
    }
    let said = rendering.message.clone();
    if let Some(said) = &said {
        message::restore(said, &mut event);
    }
    event.rendering = Some(rendering);
    Ok(each(&event))
}

/// The channel of a provider's events.
fn channel(provider: &str, id: &str) -> &'static str {
    // The service for event logs tells of each log being cleared in another.
    if provider == "Microsoft-Windows-Eventlog" {
        return if id == "104" { "System" } else { "Security" };
    }
    let known = CHANNELS.iter().find(|(known, _)| known.eq_ignore_ascii_case(provider));
    known.map_or("", |(_, channel)| channel)
}

/// Keywords, which PowerShell writes as a signed number.
fn keyword_bits(text: &str) -> Option<Cow<'_, str>> {
    let bits = text.trim().parse::<i64>().ok()?;
    Some(Cow::Owned(format!("0x{:x}", bits.cast_unsigned())))
}

/// The keywords that say how an audit ended, by their name.
fn outcome(name: &str) -> Option<Cow<'static, str>> {
    let name = name.to_ascii_lowercase();
    match () {
        () if name.contains("audit success") => Some("0x8020000000000000".into()),
        () if name.contains("audit failure") => Some("0x8010000000000000".into()),
        () => None,
    }
}
