//! What happened, in one line.

use std::fmt::Write;

use dragnet_engine::Counted;
use dragnet_event::Document;
use dragnet_plan::Threshold;

/// The details that are named if the event has them, in order: the words and the field.
const DETAILS: &[(&str, &str)] = &[
    ("with process", "process.name"),
    ("with parent process", "process.parent.name"),
    ("with file", "file.name"),
    ("with registry value", "registry.path"),
    ("with library", "dll.name"),
    ("with question", "dns.question.name"),
    ("with service", "winlog.event_data.ServiceName"),
    ("with consumer", "winlog.event_data.Consumer"),
    ("with operation", "process.Ext.api.name"),
];

/// One line about an event: `process event with process cmd.exe, with parent process explorer.exe, by
/// mira on ATLAS-07`.
pub(crate) fn describe(event: &Document) -> String {
    let category = event.get_str("event.category").unwrap_or("event");
    let mut text = if category == "event" { String::new() } else { format!("{category} ") };
    text.push_str("event");
    let mut details = Vec::new();
    if event.get_str("event.category").is_none()
        && let Some(code) = event.get_str("event.code")
    {
        details.push(format!("with code {code}"));
    }
    for (words, field) in DETAILS {
        if let Some(value) = event.get_str(field) {
            details.push(format!("{words} {}", shorten(value.trim())));
        }
    }
    for (word, end) in [("source", "source"), ("destination", "destination")] {
        if let Some(address) = event.get_str(&format!("{end}.ip")) {
            let mut detail = format!("{word} {address}");
            if let Some(port) = event.get(&format!("{end}.port")) {
                let _ =
                    write!(detail, ":{}", port.as_str().map_or(port.to_string(), str::to_owned));
            }
            details.push(detail);
        }
    }
    if !details.is_empty() {
        text.push(' ');
        text.push_str(&details.join(", "));
    }
    if let Some(user) = event.get_str("user.name") {
        let _ = write!(text, " by {user}");
    }
    if let Some(host) = event.get_str("host.name") {
        let _ = write!(text, " on {host}");
    }
    text
}

/// One line about the events of a sequence or sample: what each was about, and what all have in common.
pub(crate) fn describe_group<'e>(
    common: &Document,
    events: impl ExactSizeIterator<Item = &'e Document>,
) -> String {
    let mut text = format!("{} events: ", events.len());
    for (i, event) in events.enumerate() {
        if i > 0 {
            text.push_str(" → ");
        }
        let kind = event.get_str("event.category").or(event.get_str("event.code"));
        text.push_str(kind.unwrap_or("event"));
        let subject = DETAILS.iter().find_map(|(_, field)| event.get_str(field));
        if let Some(subject) = subject {
            let _ = write!(text, " {}", shorten(without_quotes(subject.trim())));
        }
    }
    for (word, field) in [(" by ", "user.name"), (" on ", "host.name")] {
        if let Some(value) = common.get_str(field) {
            text.push_str(word);
            text.push_str(value);
        }
    }
    text
}

/// One line about a group that has enough events: `12 events with host.name ATLAS-07, and 4 values of
/// user.name`.
pub(crate) fn describe_count(
    threshold: &Threshold,
    values: &[String],
    counted: &Counted,
) -> String {
    let plural = |n: u64| if n == 1 { "" } else { "s" };
    let mut text = format!("{} event{}", counted.count, plural(counted.count));
    let group = threshold.fields.iter().zip(values);
    let group: Vec<String> =
        group.map(|(field, value)| format!("{} {}", field.name(), shorten(value))).collect();
    if !group.is_empty() {
        let _ = write!(text, " with {}", group.join(", "));
    }
    if let (Some(cardinality), Some(n)) = (&threshold.cardinality, counted.cardinality) {
        let _ = write!(text, ", and {n} value{} of {}", plural(n), cardinality.field.name());
    }
    text
}

/// A text without the quotation marks around it, or the one that it has kept of a command line.
fn without_quotes(text: &str) -> &str {
    let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    let rest = || text.strip_suffix('"').filter(|rest| !rest.contains('"'));
    inner.or_else(rest).unwrap_or(text)
}

/// Kibana's form of the line: with the severity and the rule.
pub(crate) fn reason(what: &str, severity: &str, rule: &str) -> String {
    format!("{what} created {severity} alert {rule}.")
}

/// A value for a line of text: control characters as spaces, at most 120 characters.
fn shorten(value: &str) -> String {
    let mut text: String =
        value.chars().map(|c| if c.is_control() { ' ' } else { c }).take(120).collect();
    if value.chars().nth(120).is_some() {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn check(event: &serde_json::Value, expected: &str) {
        assert_eq!(describe(&Document(event.as_object().unwrap().clone())), expected);
    }

    #[test]
    fn quotes() {
        assert_eq!(without_quotes("tide.ps1\""), "tide.ps1");
        assert_eq!(without_quotes("\"a.Name=\\\"b\\\"\""), "a.Name=\\\"b\\\"");
        assert_eq!(without_quotes("say \"hi\""), "say \"hi\"");
        assert_eq!(without_quotes("\""), "");
    }

    #[test]
    fn lines() {
        check(
            &json!({
                "event": {"category": ["process"]}, "user": {"name": "mira"},
                "process": {"name": "cmd.exe", "parent": {"name": "explorer.exe"}},
                "host": {"name": "ATLAS-07"}
            }),
            "process event with process cmd.exe, with parent process explorer.exe by mira on ATLAS-07",
        );
        check(
            &json!({"event": {"category": "network"}, "destination": {"ip": "203.0.113.4", "port": 443}}),
            "network event destination 203.0.113.4:443",
        );
        check(&json!({"event": {"code": "7045"}}), "event with code 7045");
        check(&json!({}), "event");
    }
}
