//! The command from outside.

mod eql_suite;
