//! Tests of the scalar semantics, from the outside.

mod eval;
mod functions;
mod hostile;
mod regex;
mod wildcard;
