//! Whole files through the public interface.
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod archives;
mod corpora;
mod discovery;
mod hostile;
mod support;
mod text;
