//! The generator from outside: what it makes is held against the reference evaluator, the matcher and
//! the correlators.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may talk and panic")]

#[path = "../../../engine/tests/it/support.rs"]
#[expect(dead_code, reason = "the engine's own tests use all of it")]
mod conditions;
mod own;
mod random;
mod reference;
mod rules;
mod support;
