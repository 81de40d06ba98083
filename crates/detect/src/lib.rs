//! Findings to alerts.
//!
//! An alert is a document: the event's own fields, and top-level dotted `kibana.alert.*` keys as Kibana
//! writes them, so that whatever reads Kibana's alerts reads these. Everything in it follows
//! from the rule and the events: the same finding gives the same alert with the same id, whenever and
//! wherever it is made. What Kibana takes from a clock (`@timestamp` of the alert) is therefore the
//! event's own time.
//!
//! A sequence gives one alert for the whole (the shell) and one building block for each event.
#![deny(missing_docs)]

mod alert;
mod identity;
mod reason;

pub use alert::{Alert, AlertKind, RulePart, alerts};
pub use identity::{EventIdentity, identify};
