//! Whole files through the public interface.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests are tests")]

mod archives;
mod corpora;
mod csv;
mod discovery;
mod forms;
mod hostile;
mod linux;
mod memory;
mod support;
mod text;
