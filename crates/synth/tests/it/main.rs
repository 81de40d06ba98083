//! The generator from outside: what it makes is held against the reference evaluator, the matcher and
//! the correlators.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test may talk and panic")]

mod own;
mod random;
mod rules;
mod support;
