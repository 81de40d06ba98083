//! The `dragnet` command.
fn main() {}
