//! Dragnet: EQL text to syntax tree to plan.
#![deny(missing_docs)]
