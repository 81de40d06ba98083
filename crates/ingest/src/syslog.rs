//! Lines of syslog in which Sysmon for Linux writes its events, among those of other programs.
//!
//! A line is an event's XML behind a header (RFC 3164, RFC 5424, or rsyslog's with a whole date), or in the `MESSAGE` of
//! journald's JSON. The lines of other programs are events too, of little more than a message, as they are in Elastic's
//! integration `system.syslog`; where the header has no year they have no time.

use std::borrow::Cow;

use dragnet_event::{FieldSink, Scalar, Time};

use crate::document;

/// What a line is.
#[derive(Debug, PartialEq)]
pub(crate) enum Line<'a> {
    /// An event's XML.
    Event(Cow<'a, str>),
    /// What another program says.
    Message(Message<'a>),
}

/// A message and its header.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Message<'a> {
    time: Option<Time>,
    host: &'a str,
    program: &'a str,
    pid: Option<i64>,
    text: &'a str,
}

/// How the provider is named in the XML.
pub(crate) const PROVIDER: &str = "Linux-Sysmon";

/// Reads a line; `None` if it has no header that is known.
pub(crate) fn line(text: &str) -> Option<Line<'_>> {
    let text = text.trim_ascii();
    if text.starts_with('{') {
        let message = document::member(text, "MESSAGE").and_then(document::string)?;
        return message.contains("<Event").then_some(Line::Event(message));
    }
    if let Some(xml) = event_xml(text) {
        return Some(Line::Event(Cow::Borrowed(xml)));
    }
    message(text).map(Line::Message)
}

/// The XML in a line, if it is that of an event.
fn event_xml(text: &str) -> Option<&str> {
    let xml = &text[text.find("<Event")?..];
    (xml.starts_with("<Event>") || xml.starts_with("<Event ")).then_some(xml)
}

/// Whether some of a log's lines are events of Sysmon for Linux.
pub(crate) fn is_log(text: &str) -> bool {
    let mut lines = text.lines();
    lines.any(|line| {
        line.contains(PROVIDER) && !line.starts_with("<Event") && event_xml(line).is_some()
    })
}

fn message(text: &str) -> Option<Message<'_>> {
    let text = match text.strip_prefix('<') {
        Some(rest) => {
            let (priority, rest) = rest.split_once('>')?;
            priority.parse::<u16>().ok()?;
            rest
        }
        None => text,
    };
    if let Some(rest) = text.strip_prefix("1 ")
        && let Some(message) = rfc5424(rest)
    {
        return Some(message);
    }
    let (time, rest) = match text.split_once(' ') {
        Some((time, rest)) if time.contains('T') => (Some(Time::parse(time)?), rest),
        _ => (None, after_date(text)?),
    };
    let (host, rest) = rest.trim_start().split_once(' ')?;
    let rest = rest.trim_start();
    // A program's name ends with a colon, the number of its process in brackets before it.
    let Some((tag, said)) = rest.split_once(':').filter(|(tag, _)| !tag.contains(' ')) else {
        return Some(Message { time, host, text: rest, ..Message::default() });
    };
    let (program, pid) = match tag.split_once('[') {
        Some((program, pid)) => (program, pid.trim_end_matches(']').parse().ok()),
        None => (tag, None),
    };
    Some(Message { time, host, program, pid, text: said.trim_start() })
}

/// `time host program pid id data message`, a dash for what is not there.
fn rfc5424(text: &str) -> Option<Message<'_>> {
    let mut parts = text.splitn(6, ' ');
    let mut next = || parts.next().map(|part| if part == "-" { "" } else { part });
    let (time, host, program, pid, _) = (next()?, next()?, next()?, next()?, next()?);
    let rest = next().unwrap_or_default();
    let text = match rest.strip_prefix('[') {
        Some(data) => data.split_once("] ").map_or("", |(_, text)| text),
        None => rest.strip_prefix('-').unwrap_or(rest).trim_start(),
    };
    Some(Message { time: Time::parse(time), host, program, pid: pid.parse().ok(), text })
}

/// What follows `Oct 13 20:45:50`.
fn after_date(text: &str) -> Option<&str> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let rest = MONTHS.iter().find_map(|month| text.strip_prefix(month))?.trim_start();
    let (day, rest) = rest.split_once(' ')?;
    day.parse::<u8>().ok()?;
    let (time, rest) = rest.trim_start().split_once(' ')?;
    (time.len() >= 8 && time.bytes().filter(|byte| *byte == b':').count() == 2).then_some(rest)
}

/// Puts a message, in the manner of Elastic's integration `system.syslog`.
pub(crate) fn put(message: &Message<'_>, sink: &mut dyn FieldSink) {
    const DATASET: &str = "system.syslog";
    if let Some(time) = message.time {
        let time = time.to_string();
        sink.put_str("@timestamp", &time);
        sink.put_str("event.ingested", &time);
    }
    for (path, value) in [
        ("event.kind", "event"),
        ("event.module", "system"),
        ("event.dataset", DATASET),
        ("data_stream.dataset", DATASET),
        ("host.os.type", "linux"),
        ("host.name", message.host),
        ("host.hostname", message.host),
        ("process.name", message.program),
        ("message", message.text),
    ] {
        if !value.is_empty() {
            sink.put_str(path, value);
        }
    }
    if let Some(pid) = message.pid {
        sink.put("process.pid", Scalar::Long(pid));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers() {
        let check = |text, host, program, pid, said, has_time: bool| {
            let Some(Line::Message(message)) = line(text) else { panic!("{text}") };
            let found = (message.host, message.program, message.pid, message.text);
            assert_eq!(found, (host, program, pid, said), "{text}");
            assert_eq!(message.time.is_some(), has_time, "{text}");
        };
        check("Oct 13 20:45:50 web1 cron[12]: a: b", "web1", "cron", Some(12), "a: b", false);
        check("<34>Oct  3 20:45:50 web1 su: x", "web1", "su", None, "x", false);
        check("2024-03-02T10:00:00.5+01:00 web1 su: x", "web1", "su", None, "x", true);
        check(
            "<34>1 2024-03-02T10:00:00Z web1 su 7 - - hello you",
            "web1",
            "su",
            Some(7),
            "hello you",
            true,
        );
        check(
            "<34>1 2024-03-02T10:00:00Z web1 su - id [a b=\"c\"] hi",
            "web1",
            "su",
            None,
            "hi",
            true,
        );
        check("Oct 13 20:45:50 web1 no tag here", "web1", "", None, "no tag here", false);
        for none in
            ["", "x", "Oct 13", "<x>Oct 13 20:45:50 h a: b", "{\"MESSAGE\": \"x\"}", "{", "<34>1 2"]
        {
            assert_eq!(line(none), None, "{none}");
        }
    }

    #[test]
    fn events() {
        let event = "<Event><System/></Event>";
        for text in [
            format!("Oct 13 20:45:50 web1 sysmon: {event}"),
            format!("<14>1 2024-03-02T10:00:00Z web1 sysmon 7 - - {event}"),
            format!("{{\"_PID\": \"7\", \"MESSAGE\": \"{event}\"}}"),
        ] {
            assert_eq!(line(&text), Some(Line::Event(event.into())), "{text}");
        }
    }
}
