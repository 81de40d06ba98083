//! Lucene's query strings, as Elasticsearch's `query_string` reads them.
//!
//! The grammar is that of Lucene's classic parser, odd as it is: `AND`, `OR` and `NOT` are no operators with a
//! precedence but marks on clauses, each of which is required, prohibited or optional in the end. Words beside each
//! other without an operator are analysed as one text.

mod clauses;
mod lexer;
mod parser;

use dragnet_event::Schema;
use dragnet_plan::Condition;
use dragnet_plan::front::Sink;

/// Makes the condition; it is of no use if errors were reported.
pub(crate) fn compile(text: &str, schema: &Schema) -> (Condition, Sink) {
    parser::compile(text, schema)
}
