//! Matching and correlating: rules and events in, findings out.
//!
//! - The [reference evaluator](mod@reference) defines what a condition means: row by row, one rule at a time,
//!   written for clarity. Everything faster is held to it by property tests.
//! - A [`RuleSet`] is many queries compiled together: equal leaves of different rules become one
//!   *predicate*, and the fields that any of them reads become the columns of a batch.
//! - A [`Matcher`] runs a rule set over a [`dragnet_event::Batch`] and gives [`Hit`]s: which event satisfies which
//!   stage of which rule. It decides a predicate once per distinct value, never once per row, and has
//!   no memory of events.
//! - [`Relevance`] says which columns matter to an event of which some values are known, before the others are read.
//! - [`Costs`] are what a metered matcher notes: where its time went, by a clock that the caller brings.
//! - [`correlate`] turns hits, in event-time order, into [`Finding`]s: sequences, samples, thresholds, new terms
//!   and indicator matches.
//! - [`readiness`] says which rules can fire on events like these at all.
//! - [`explain`] says of one event why a condition holds or does not.
//!
//! The engine has no clock and does no I/O: time is data, and what must wait waits for a
//! watermark that the caller moves.
#![deny(missing_docs)]

mod bitmap;
mod column_index;
pub mod correlate;
mod cost;
pub mod explain;
mod fragments;
mod hit;
mod hits;
mod keys;
mod matcher;
pub mod readiness;
pub mod reference;
mod relevance;
mod row_sets;
mod rule_set;
mod stage_eval;
mod word_index;

pub use cost::{ClauseCost, Costs, FieldCost, QueryCost};
pub use hit::{Counted, Evidence, Finding, Hit, JoinKey, Matched, Position, StageNumber};
pub use hits::Hits;
pub use matcher::Matcher;
pub use relevance::Relevance;
pub use rule_set::RuleSet;
