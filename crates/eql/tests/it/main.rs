//! Integration tests of the EQL crate.
#![allow(clippy::print_stdout, reason = "tests say what they count and what they skip")]

mod corpora;
mod format;
mod golden;
mod hostile;
mod lowering;
mod round_trip;
mod show;
