//! Tests of the scalar semantics, from the outside.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should stop")]

mod eval;
mod functions;
mod hostile;
mod regex;
mod wildcard;
