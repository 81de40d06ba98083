//! The command from outside.

mod commands;
mod corpus;
mod eql_suite;
mod seed_rule;
mod support;
