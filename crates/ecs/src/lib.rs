//! Raw Windows events to ECS, in the two stages that Elastic's shippers have.
//!
//! 1. **agent** ([`agent`]): what Winlogbeat or Elastic Agent sends: `winlog.*`, `event.code`,
//!    `host.name`, every `event_data` value as text.
//! 2. **ecs** ([`normalize`]): what the ingest pipeline of the channel makes of that:
//!    `process.*`, `registry.*`, `event.category`…, and the dataset fields that rules test.
//!
//! Normalisers read a [`WinEvent`] and push values into a [`dragnet_event::FieldSink`]; they never
//! build a document of their own, so that an event which no rule is interested in costs only the
//! few values that rules look at.
#![deny(missing_docs)]

mod win_event;

use dragnet_event::FieldSink;

pub use win_event::{Data, Rendering, WinEvent};

/// Placeholder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Flavor {
    /// Placeholder.
    #[default]
    Logs,
    /// Placeholder.
    Winlogbeat,
}

/// Placeholder.
pub fn agent(event: &WinEvent<'_>, sink: &mut dyn FieldSink) {
    sink.put_str("event.code", &event.event_id);
    sink.put_str("winlog.channel", &event.channel);
    if let Some(computer) = &event.computer {
        sink.put_str("winlog.computer_name", computer);
    }
    for data in &event.event_data {
        if !data.value.is_empty() {
            let path = format!("winlog.event_data.{}", data.name);
            if sink.wants(&path) {
                sink.put_str(&path, &data.value);
            }
        }
    }
}

/// Placeholder.
pub fn normalize(event: &WinEvent<'_>, flavor: Flavor, sink: &mut dyn FieldSink) {
    let _ = flavor;
    agent(event, sink);
}
