//! The normalisers, held to Elastic's own expected outputs and to events of our own.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "this is all test code")]

mod categories;
mod corpora;
mod events;
mod goldens;
mod hostile;
mod own;
mod permitted;
mod powershell;
mod real;
mod security;
mod security_data;
mod security_newer;
mod sysmon;
mod windows;
