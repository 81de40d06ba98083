//! Dragnet: EQL text to syntax tree to plan.
#![deny(missing_docs)]

use dragnet_event::Schema;
use dragnet_plan::{Condition, Diagnostic, Query};

/// What a text is compiled against.
pub struct Options<'a> {
    /// The fields there are.
    pub schema: &'a Schema,
    /// The field that `process where` tests.
    pub category_field: &'a str,
}

/// Temporary: accepts everything, save for a text with the character `§`.
pub fn compile(text: &str, options: &Options<'_>) -> (Option<Query>, Vec<Diagnostic>) {
    let _ = (options.schema.is_closed(), options.category_field);
    if text.trim().is_empty() {
        return (None, vec![Diagnostic::error("EQL0001", 0..0, "the query is empty")]);
    }
    match text.find('§') {
        Some(at) => {
            (None, vec![Diagnostic::error("EQL0001", at..at + '§'.len_utf8(), "unexpected `§`")])
        }
        None => {
            (Some(Query::Event { condition: Condition::Const(true), pipes: vec![] }), Vec::new())
        }
    }
}
