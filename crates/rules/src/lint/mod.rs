//! Lints: what is doubtful about a rule that loads.
//!
//! Every lint is a row of [`LINTS`] and reports warnings or notes, never errors: the rule runs. They are for
//! authors, so that hunting does not pay for them; a [`Loader`](crate::Loader) has to be told
//! ([`Loader::with_lints`](crate::Loader::with_lints)).
//!
//! A lint that fires on rules that are well kept teaches people to ignore all of them. So a finding
//! says what is certain; what is a matter of taste or of data is a note.

mod document;
mod facts;
mod fields;
mod kind;
mod kql;
mod query;
mod table;
mod threat;

use std::collections::HashMap;
use std::ops::Range;

pub(crate) use table::find;
pub use table::{LINTS, LintInfo};

use crate::compile::Language;
use crate::rule::Rule;

/// What lints are told of the world outside the rules.
#[derive(Debug, Clone, Default)]
pub struct LintOptions {
    /// The fields of the Elastic Common Schema, in any order. Empty: fields are not judged.
    pub fields: Vec<&'static str>,
}

/// Something doubtful, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: &'static str,
    pub(crate) place: Place,
    pub(crate) message: String,
    pub(crate) help: Option<String>,
}

/// Where a finding is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// The rule as a whole.
    Rule,
    /// The value of a key; keys and positions within it are joined by dots: `threat.0.tactic.id`.
    Key(String),
    /// Bytes of the query.
    Query(Range<usize>),
}

impl Finding {
    fn new(code: &'static str, place: Place, message: String) -> Finding {
        Finding { code, place, message, help: None }
    }

    fn of_rule(code: &'static str, message: String) -> Finding {
        Finding::new(code, Place::Rule, message)
    }

    fn at(code: &'static str, key: &str, message: String) -> Finding {
        Finding::new(code, Place::Key(key.to_owned()), message)
    }

    fn in_query(code: &'static str, span: Range<usize>, message: String) -> Finding {
        Finding::new(code, Place::Query(span), message)
    }
}

/// Checks rules one after the other.
#[derive(Debug)]
pub(crate) struct Linter {
    fields: fields::Known,
    /// The names that were met, and where.
    names: HashMap<String, String>,
}

impl Linter {
    pub(crate) fn new(options: LintOptions) -> Linter {
        Linter { fields: fields::Known::new(options.fields), names: HashMap::new() }
    }

    /// What is doubtful about a rule that stands at `origin`.
    pub(crate) fn check(&mut self, rule: &Rule, origin: impl FnOnce() -> String) -> Vec<Finding> {
        let mut out = Vec::new();
        if let Some(first) = self.names.get(&rule.name) {
            let message = format!("another rule of {first} is called `{}`, too", rule.name);
            out.push(Finding::at(table::DUPLICATE_NAME, "name", message));
        } else {
            self.names.insert(rule.name.clone(), origin());
        }
        document::check(rule, &mut out);
        threat::check(rule, &mut out);
        match Language::of(rule) {
            _ if rule.rule_type.unsupported().is_some() => {}
            Language::Eql => {
                if let (Some(tree), _) = dragnet_eql::parse(&rule.query) {
                    query::check(rule, &tree, &mut out);
                    self.fields.in_query(&fields::of_eql(&tree), &mut out);
                }
            }
            Language::Kuery => {
                if let (Some(tree), _) = dragnet_kql::parse(&rule.query) {
                    kql::check(&rule.query, &tree, &mut out);
                    self.fields.in_query(&kql::fields_of(&tree), &mut out);
                }
            }
            Language::Lucene => {}
        }
        kind::check(rule, &mut self.fields, &mut out);
        out
    }
}

/// The text of a part of a query, as much of it as a message can hold.
fn excerpt(query: &str, span: Range<usize>) -> String {
    let text = query.get(span).unwrap_or_default();
    let line = text.lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None if line.len() < text.len() => format!("{line}…"),
        None => line.to_owned(),
    }
}
