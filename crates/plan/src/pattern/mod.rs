//! Text patterns: wildcards and regular expressions, as Elasticsearch reads them.
//!
//! Both are compiled once, where the rule is read, and matched against every distinct value of a
//! field; both match a whole text. Regular expressions of either dialect are read into one small
//! form; what an ordinary engine can run is handed to one, complement and intersection are run by
//! an automaton of our own.

mod automaton;
mod example;
mod fuzzy;
mod java;
mod lucene;
mod node;
mod regex;
mod wildcard;

pub use fuzzy::Fuzzy;
pub use regex::{Dialect, RegexError, RegexPattern};
pub use wildcard::{Wildcard, WildcardPart};
