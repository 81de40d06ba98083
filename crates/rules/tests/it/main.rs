//! Rules from files: what is loaded, what is reported, and where.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "this is a test")]

mod corpus;
mod export;
mod files;
mod hostile;
mod lints;
mod pages;
mod places;
