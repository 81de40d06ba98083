//! Integration tests of the KQL crate.
#![allow(clippy::print_stdout, reason = "tests say what they count")]

mod bounds;
mod corpus;
mod layout;
