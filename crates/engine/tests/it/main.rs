//! The engine from outside: the matcher against the reference evaluator, the correlators against
//! the behaviour that `eql.md` and Elasticsearch's tests pin.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod correlations;
mod matcher;
mod rows;
mod sequence;
mod support;
