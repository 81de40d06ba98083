//! Integration tests of the EQL crate.

mod corpora;
mod golden;
mod hostile;
mod lowering;
mod round_trip;
mod show;
