//! Raw events to ECS. Windows events come in the two stages that Elastic's shippers have.
//!
//! 1. **agent** ([`agent`]): what Winlogbeat or Elastic Agent sends: `winlog.*`, `event.code`,
//!    `host.name`, every `event_data` value as text.
//! 2. **ecs** ([`normalize`]): what the ingest pipeline of the channel makes of that:
//!    `process.*`, `registry.*`, `event.category`…, and the dataset fields that rules test.
//!
//! Normalisers read a [`WinEvent`] and push values into a [`dragnet_event::FieldSink`]; they never
//! build a document of their own, so that an event which no rule is interested in costs only the
//! few values that rules look at. What is costly to compute (command-line splitting, DNS answers,
//! hashes, the community id) is asked for first ([`FieldSink::wants`]).
//!
//! The price: a pipeline's steps that rename, copy and remove fields one after the other are
//! written here as a single pass, and the places where their order shows (a rename that does not
//! happen because its target is taken) have to be written out. The golden tests in `tests/it` hold
//! the result to Elastic's own.
//!
//! Events of the Linux audit system ([`audit()`]) have one stage; nobody keeps what Auditbeat makes of them on its way.
//!
//! A channel that has a pipeline of its own is one file and one line of the table in `channel.rs`.
#![deny(missing_docs)]

mod agent;
mod applocker;
mod args;
mod audit;
mod channel;
mod community_id;
mod convert;
mod defender;
mod domain;
pub mod fields;
mod meta;
mod out;
mod parts;
mod powershell;
mod publisher;
mod security;
mod sysmon;
mod time_text;
mod win_event;

use dragnet_event::FieldSink;

pub use audit::{AuditEvent, AuditRecord};
pub use parts::{Direct, Part, Parts};
pub use win_event::{Data, Rendering, WinEvent};

/// Whose documents [`normalize`] gives, where Elastic's two shippers differ.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Flavor {
    /// Elastic Agent's integrations, `logs-*`: dataset fields are set (`event.dataset` and
    /// `data_stream.dataset`, always equal, `event.module` its first part), `host.os.type` is
    /// `windows`, `event.ingested` is the event's own time, since a hunt has no other.
    #[default]
    Logs,
    /// Winlogbeat's modules, `winlogbeat-*`: no dataset, no `host.os.type`, `event.module` is the
    /// module's name (`sysmon`, `powershell`, `security`).
    Winlogbeat,
}

/// Stage 1: the form in which an agent ships an event, before any ingest pipeline.
///
/// Numbers are `winlog.record_id`, `winlog.version`, `winlog.process.pid` and
/// `winlog.process.thread.id`; everything else is text. Zero and empty values are left out, as
/// Winlogbeat leaves them out. Of several data of one name the first that is not empty counts;
/// the n-th datum, if it has no name, is `param<n>` (from 1, empty ones counted).
///
/// What stands only in Windows' publisher metadata (messages, task names, most opcodes) is there if
/// the event carries its [`Rendering`], else only as far as Windows' common tables, or the one of
/// few publishers in `publisher.rs`, have it.
pub fn agent(event: &WinEvent<'_>, sink: &mut dyn FieldSink) {
    agent::agent(event, sink);
}

/// Stage 2: the event in ECS, as the ingest pipeline of its channel gives it.
///
/// Sysmon, Security, PowerShell, Windows Defender and `AppLocker` have their whole pipelines; events of other
/// channels keep the agent's form (with `winlog.record_id` as text, as all pipelines make it) and get
/// the fields of their dataset.
pub fn normalize(event: &WinEvent<'_>, flavor: Flavor, sink: &mut dyn FieldSink) {
    channel::normalize(event, flavor, sink);
}

/// An event of the Linux audit system in ECS, as Auditbeat and the integration Auditd Manager give it.
pub fn audit(event: &AuditEvent<'_>, flavor: Flavor, sink: &mut dyn FieldSink) {
    audit::normalize(event, flavor, &mut out::Out::new(sink));
}

/// The dataset (`data_stream.dataset`) that Elastic Agent gives events of this channel; by its provider, if
/// only that is known.
pub fn dataset(channel: &str, provider: &str) -> &'static str {
    channel::dataset(channel, provider)
}
