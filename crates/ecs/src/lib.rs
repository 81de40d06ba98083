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

pub use win_event::{Data, Rendering, WinEvent};
