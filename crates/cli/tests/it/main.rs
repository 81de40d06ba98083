//! The command from outside.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod commands;
mod corpus;
mod eql_suite;
mod seed_rule;
mod spec;
mod support;
