//! How far a key of a sequence got.

use std::fmt::Write as _;

use dragnet_engine::correlate::Ended;
use dragnet_engine::{JoinKey, Position};
use dragnet_event::Value;

use crate::style::{Style, clean};

/// The values of a key.
pub(super) fn key_text(key: &JoinKey) -> String {
    let value = |value: &Option<Value>| match value {
        None => "null".to_owned(),
        Some(value) => value.text().into_owned(),
    };
    clean(&key.values().iter().map(value).collect::<Vec<_>>().join(", "))
}

/// Shows the events of the furthest attempt, and what came of it.
pub(super) fn show_key(
    key: &JoinKey,
    events: &[Position],
    ended: &Ended,
    style: Style,
    text: &mut String,
) {
    let name = if key.values().is_empty() { "(no key)".to_owned() } else { key_text(key) };
    let mark = if *ended == Ended::Complete { style.green("✓") } else { style.red("✗") };
    let time = |position: &Position| position.time.map_or("no time".to_owned(), |t| t.to_string());
    let next = events.len() + 1;
    let why = match ended {
        Ended::Complete => "complete".to_owned(),
        Ended::Waiting => format!("no event for stage {next} came"),
        Ended::TooLate { event, span_ms } => format!(
            "the event for stage {next} came too late: {} ms after the first, at {}",
            span_ms,
            time(event)
        ),
        Ended::Until(event) => format!("an `until` event came first, at {}", time(event)),
        Ended::Replaced(event) => {
            format!("a newer event for stage {} took its place, at {}", events.len(), time(event))
        }
        Ended::Present { stage, event } => format!(
            "an event of stage {}, which must be missing, came at {}",
            stage + 1,
            time(event)
        ),
    };
    let _ = writeln!(text, "{mark} {}: {why}", style.bold(&name));
    for (number, event) in events.iter().enumerate() {
        let _ = writeln!(
            text,
            "    {}",
            style.dim(&format!("event {} at {}", number + 1, time(event)))
        );
    }
}
