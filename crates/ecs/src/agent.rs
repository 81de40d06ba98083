//! Stage 1: Winlogbeat's own form of an event. Stage 2 starts from the same parts.

use std::borrow::Cow;

use dragnet_event::{FieldSink, Time};

use crate::meta;
use crate::out::{Out, Seen};
use crate::publisher;
use crate::time_text;
use crate::win_event::{Data, WinEvent};

/// The whole of stage 1.
pub(crate) fn agent(event: &WinEvent<'_>, sink: &mut dyn FieldSink) {
    let mut out = Out::new(sink);
    if let Some(time) = time_created(event) {
        out.text("@timestamp", time_text::trimmed(time).as_str());
    }
    let record_id = event.record_id.as_deref().and_then(|id| number::<u64>(Some(id)));
    if let Some(id) = record_id.filter(|id| *id != 0) {
        match i64::try_from(id) {
            Ok(id) => out.long("winlog.record_id", id),
            Err(_) => out.text("winlog.record_id", event.record_id.as_deref().unwrap_or_default()),
        }
    }
    out.text_if("event.action", task(event));
    head(event, &mut out);
    message(event, &mut out);
    all_data(event, &mut out);
}

/// `TimeCreated`, if it can be read.
pub(crate) fn time_created(event: &WinEvent<'_>) -> Option<Time> {
    Time::parse(event.time_created.as_deref()?)
}

/// `winlog.record_id` as pipelines leave it.
pub(crate) fn record_id_text(event: &WinEvent<'_>, out: &mut Out<'_>) {
    let id =
        event.record_id.as_deref().filter(|id| number::<u64>(Some(id)).is_some_and(|n| n != 0));
    out.text_if("winlog.record_id", id);
}

/// What stands in `System`, but for the time, the record id and the action.
pub(crate) fn head(event: &WinEvent<'_>, out: &mut Out<'_>) {
    out.text("event.kind", "event");
    out.text("event.code", &event.event_id);
    out.text("winlog.event_id", &event.event_id);
    let provider = filled(event.provider_name.as_ref());
    out.text_if("event.provider", provider);
    out.text_if("winlog.provider_name", provider);
    out.text_if("winlog.provider_guid", filled(event.provider_guid.as_ref()));
    let computer = filled(event.computer.as_ref());
    out.text_if("host.name", computer);
    out.text_if("winlog.computer_name", computer);
    out.text_if("winlog.channel", Some(&*event.channel).filter(|c| !c.is_empty()));
    // Sysmon for Linux knows no event log: its events come from a file.
    if provider != Some(crate::sysmon::LINUX_PROVIDER) {
        out.text("winlog.api", "wineventlog");
    }
    out.text_if("winlog.task", task(event));
    out.text_if("winlog.activity_id", filled(event.activity_id.as_ref()));
    out.text_if("winlog.related_activity_id", filled(event.related_activity_id.as_ref()));
    level(event, out);
    opcode(event, out);
    keywords(event, out);
    numbers(event, out);
    user(event, out);
}

/// The rendered message.
pub(crate) fn message(event: &WinEvent<'_>, out: &mut Out<'_>) {
    if let Some(message) = rendered_message(event) {
        out.text("message", &clean(message));
    }
}

/// The rendered message as it came; empty is none.
pub(crate) fn rendered_message<'e>(event: &'e WinEvent<'_>) -> Option<&'e str> {
    filled(event.rendering.as_ref()?.message.as_ref())
}

/// `event_data` and `user_data`, all of it.
pub(crate) fn all_data(event: &WinEvent<'_>, out: &mut Out<'_>) {
    event_data(event, out);
    user_data(event, out);
}

/// `event_data`, all of it.
pub(crate) fn event_data(event: &WinEvent<'_>, out: &mut Out<'_>) {
    pairs("winlog.event_data.", &event.event_data, out);
}

/// `user_data`, with the name of its element.
pub(crate) fn user_data(event: &WinEvent<'_>, out: &mut Out<'_>) {
    pairs("winlog.user_data.", &event.user_data, out);
    user_data_name(event, out);
}

/// The name of the element that `user_data` stand in, if there are any.
pub(crate) fn user_data_name(event: &WinEvent<'_>, out: &mut Out<'_>) {
    if event.user_data.iter().any(|data| !data.value.is_empty()) {
        out.text_if("winlog.user_data.xml_name", filled(event.user_data_name.as_ref()));
    }
}

/// The rendered task, else what is known of the publisher's names.
pub(crate) fn task<'e>(event: &'e WinEvent<'_>) -> Option<&'e str> {
    let rendered = event.rendering.as_ref().and_then(|r| filled(r.task.as_ref()));
    rendered.or_else(|| {
        let task = number_or_zero(event.task.as_deref())?;
        let own = filled(event.provider_name.as_ref()).and_then(|p| publisher::task(p, task));
        own.or_else(|| meta::task(task))
    })
}

/// The process that wrote the event.
pub(crate) fn process_id(event: &WinEvent<'_>) -> Option<u32> {
    number(event.process_id.as_deref()).filter(|pid| *pid != 0)
}

fn level(event: &WinEvent<'_>, out: &mut Out<'_>) {
    match event.rendering.as_ref().and_then(|r| filled(r.level.as_ref())) {
        Some(level) => out.lower("log.level", level),
        None => {
            out.text_if("log.level", number_or_zero(event.level.as_deref()).and_then(meta::level));
        }
    }
}

fn opcode(event: &WinEvent<'_>, out: &mut Out<'_>) {
    let rendered = event.rendering.as_ref().and_then(|r| filled(r.opcode.as_ref()));
    // Classic events hold no opcode; Windows gives 0 for them.
    let opcode = rendered.or_else(|| {
        let opcode = number_or_zero(event.opcode.as_deref())?;
        let own = filled(event.provider_name.as_ref()).and_then(|p| publisher::opcode(p, opcode));
        own.or_else(|| meta::opcode(opcode))
    });
    out.text_if("winlog.opcode", opcode);
}

fn keywords(event: &WinEvent<'_>, out: &mut Out<'_>) {
    const PATH: &str = "winlog.keywords";
    let bits = event.keywords.as_deref().and_then(keyword_bits).unwrap_or(0);
    if bits & meta::AUDIT_FAILURE != 0 {
        out.text("event.outcome", "failure");
    } else if bits & meta::AUDIT_SUCCESS != 0 {
        out.text("event.outcome", "success");
    }
    let rendered = event.rendering.as_ref().map_or(&[][..], |r| &r.keywords);
    if rendered.is_empty() {
        for (bit, name) in meta::KEYWORDS {
            if bits & bit != 0 {
                out.text(PATH, name);
                out.sink.mark_array(PATH);
            }
        }
    } else {
        for name in rendered {
            out.text(PATH, name);
        }
        out.sink.mark_array(PATH);
    }
}

/// Hexadecimal with `0x`, or decimal.
fn keyword_bits(text: &str) -> Option<u64> {
    let text = text.trim();
    match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// The numbers, where they are not zero.
fn numbers(event: &WinEvent<'_>, out: &mut Out<'_>) {
    let version = number::<u8>(event.version.as_deref()).map(u32::from);
    for (path, value) in [
        ("winlog.version", version),
        ("winlog.process.pid", number(event.process_id.as_deref())),
        ("winlog.process.thread.id", number(event.thread_id.as_deref())),
    ] {
        if let Some(value) = value.filter(|n| *n != 0) {
            out.long(path, i64::from(value));
        }
    }
}

fn user(event: &WinEvent<'_>, out: &mut Out<'_>) {
    let Some(sid) = filled(event.user_id.as_ref()) else { return };
    out.text("winlog.user.identifier", sid);
    if let Some(account) = meta::well_known_account(sid) {
        out.text("winlog.user.name", account.name);
        out.text_if("winlog.user.domain", Some(account.domain).filter(|d| !d.is_empty()));
        out.text("winlog.user.type", "Well Known Group");
    }
}

/// Named values, as the agent keeps them.
fn pairs(prefix: &str, data: &[Data<'_>], out: &mut Out<'_>) {
    each_datum(data, |name, value| put_datum(prefix, name, value, out));
}

/// What a datum goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatumName<'d> {
    /// Its place, from 1, where it has no name.
    Param(usize),
    Name(&'d str),
}

/// Gives each datum that the agent ships: the first of each name, and none that are empty.
pub(crate) fn each_datum<'d>(data: &'d [Data<'_>], mut each: impl FnMut(DatumName<'d>, &'d str)) {
    if data.is_empty() {
        return;
    }
    let mut seen = Seen::default();
    for (i, datum) in data.iter().enumerate() {
        if datum.value.is_empty() {
            continue;
        }
        if is_unnamed(&datum.name) {
            each(DatumName::Param(i + 1), &datum.value);
        } else if seen.insert(&datum.name) {
            each(DatumName::Name(&datum.name), &datum.value);
        }
    }
}

/// Puts a datum under its name.
pub(crate) fn put_datum(prefix: &str, name: DatumName<'_>, value: &str, out: &mut Out<'_>) {
    match name {
        DatumName::Param(n) => out.under_numbered(prefix, "param", n, &clean(value)),
        DatumName::Name(name) => out.under(prefix, name, &clean(value)),
    }
}

/// Whether a datum goes by its number: it has no name, or only that of its element.
pub(crate) fn is_unnamed(name: &str) -> bool {
    name.is_empty() || name == "Data"
}

/// The event's data, every value [`clean`]; copied only if one of them is not.
pub(crate) fn clean_data<'e>(event: &'e WinEvent<'_>) -> Cow<'e, [Data<'e>]> {
    let data: &'e [Data<'e>] = &event.event_data;
    if data.iter().all(|datum| is_clean(&datum.value)) {
        return Cow::Borrowed(data);
    }
    let clean = |datum: &'e Data<'e>| Data {
        name: Cow::Borrowed(&*datum.name),
        value: clean(&datum.value),
    };
    Cow::Owned(data.iter().map(clean).collect())
}

/// Whether [`clean`] would change the text.
fn is_clean(text: &str) -> bool {
    !text.as_bytes().contains(&b'\r') && !text.ends_with('\n')
}

/// Text with Unix line ends, and none at its end, as Winlogbeat cleans every value.
pub(crate) fn clean(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len());
    for (number, part) in text.split('\r').enumerate() {
        if number > 0 && !part.starts_with('\n') {
            cleaned.push('\r');
        }
        cleaned.push_str(part);
    }
    cleaned.truncate(cleaned.trim_end_matches('\n').len());
    Cow::Owned(cleaned)
}

fn filled<'a>(text: Option<&'a Cow<'_, str>>) -> Option<&'a str> {
    text.map(|t| &**t).filter(|t| !t.is_empty())
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> Option<T> {
    let text = text?;
    text.parse().or_else(|_| text.trim().parse()).ok()
}

/// An absent number is zero; one that cannot be read is none.
fn number_or_zero<T: std::str::FromStr + Default>(text: Option<&str>) -> Option<T> {
    match text {
        None => Some(T::default()),
        some => number(some),
    }
}
