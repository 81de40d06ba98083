//! The command from outside.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may talk and panic")]

mod authoring;
mod backtest_command;
mod commands;
mod corpus;
mod eql_suite;
mod evaluators;
mod explain;
#[path = "../../../synth/tests/it/reference.rs"]
mod reference;
mod rule_sets;
mod rules_cost;
mod seed_rule;
mod show;
mod spec;
mod spec_alerts;
mod support;
mod synthetic;
mod telemetry;
mod test_command;
