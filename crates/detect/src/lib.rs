//! Findings to alerts.
//!
//! An alert is a document: the event's own fields, and top-level dotted `kibana.alert.*` keys as Kibana
//! writes them, so that whatever reads Kibana's alerts reads these. Everything in it follows
//! from the rule and the events: the same finding gives the same alert with the same id, whenever and
//! wherever it is made. What Kibana takes from a clock (`@timestamp` of the alert) is therefore the
//! event's own time.
//!
//! Which findings become alerts is decided first ([`select`]: executions, their caps, suppression), so that no
//! document is built for what is left out.
//!
//! A sequence gives one alert for the whole (the shell) and one building block for each event.
#![deny(missing_docs)]

mod alert;
mod gate;
mod identity;
mod indicators;
mod overrides;
mod part;
mod reason;
mod suppress;

pub use alert::{
    ALERTS_INDEX, Alert, AlertKind, Case, alerts, depth_of, goes_back_to, identify_alert,
};
pub use gate::{Cut, Gate, Raised, Selection, Suppressed, Terms, Verdict, execution_of, select};
pub use identity::{EventIdentity, identify};
pub use indicators::{Candidate, arm};
pub use part::RulePart;
pub use suppress::{groups, mark};
