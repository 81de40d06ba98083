//! Integration tests of the KQL crate.
#![allow(clippy::print_stdout, reason = "tests say what they count")]

mod corpus;
mod layout;
