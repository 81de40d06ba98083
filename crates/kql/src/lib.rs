//! KQL, the query language of Kibana, and Lucene's query strings: text to [plan](dragnet_plan::Query).
//!
//! [`compile`] and [`compile_lucene`] give a query and diagnostics for any text. KQL can also be had as a tree
//! ([`parse`], [`ast`]), and printed from one ([`print()`]).
//!
//! The key decision is that both languages mean what Elasticsearch makes of them: an index query. So they share
//! what a field is asked and how (`ask`), and everything that depends on the mapping is decided here: whether a
//! field is searched by its words, what a multi-field reads, which time a date can mean. Where there is no mapping,
//! one table (`fields`) has what Elastic's say of fields that rules use.
//!
//! The price is that table: a field of words that it does not have is searched as a whole.
//!
//! Any text at all is answered by a query or by at least one error, in time and memory proportional to its length: the
//! length is bounded ([`MAX_QUERY_BYTES`]), and so are the height of trees and the numbers of tests, diagnostics and
//! regular expressions.
#![deny(missing_docs)]

mod ask;
pub mod ast;
pub mod codes;
mod dates;
mod fields;
mod fold;
mod lexer;
mod lower;
mod lucene;
mod parser;
mod print;

use dragnet_event::Schema;
use dragnet_plan::front::{Sink, Span};
use dragnet_plan::{Condition, Diagnostic, Query};

use ask::{Ask, Asker};
pub use fields::is_searched_by_words;
pub use print::print;

/// The most bytes of a query.
pub const MAX_QUERY_BYTES: usize = 1 << 20;

/// What a query is compiled against.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Which fields exist and what they hold.
    pub schema: &'a Schema,
}

impl<'a> Options<'a> {
    /// With a schema.
    pub fn new(schema: &'a Schema) -> Options<'a> {
        Options { schema }
    }
}

/// Reads the syntax of a KQL query.
///
/// The tree is `None` if and only if there is a diagnostic of error severity. Diagnostics stand in the order of
/// the text.
pub fn parse(text: &str) -> (Option<ast::Query>, Vec<Diagnostic>) {
    let (query, sink) = read(text);
    let errors = sink.has_errors();
    (query.filter(|_| !errors), sink.finish())
}

/// The tree, which is there after soft errors too, and what was found.
fn read(text: &str) -> (Option<ast::Query>, Sink) {
    match too_long(text, codes::TOO_LONG) {
        Some(sink) => (None, sink),
        None => parser::parse(text),
    }
}

/// Compiles a KQL query; an empty one is satisfied by every event.
///
/// The plan is `None` if and only if there is a diagnostic of error severity. Diagnostics stand in the order of
/// the text, and their spans are bytes of it. Never panics.
///
/// # Examples
///
/// ```
/// use dragnet_event::Schema;
/// use dragnet_kql::{Options, compile};
///
/// let schema = Schema::open();
/// let (query, diagnostics) = compile("event.code: 1 and not user.name: (root or svc*)", &Options::new(&schema));
/// assert!(query.is_some() && diagnostics.is_empty());
/// ```
pub fn compile(text: &str, options: &Options<'_>) -> (Option<Query>, Vec<Diagnostic>) {
    let (query, sink) = read(text);
    match query {
        None => (None, sink.finish()),
        Some(query) => finish(lower::lower(&query, options.schema, sink)),
    }
}

/// Compiles a query string of Lucene's, as Elasticsearch's `query_string` reads it.
///
/// As [`compile`] otherwise.
pub fn compile_lucene(text: &str, options: &Options<'_>) -> (Option<Query>, Vec<Diagnostic>) {
    match too_long(text, codes::lucene::TOO_LONG) {
        Some(sink) => (None, sink.finish()),
        None => finish(lucene::compile(text, options.schema)),
    }
}

/// That a field has a value (Elasticsearch: an `exists` query); of an object, that a field below it has.
pub fn exists(field: &str, schema: &Schema) -> Condition {
    ask_field(field, &Ask::Exists, schema)
}

/// That a field of words has these (Elasticsearch: `match_phrase`, or `match`, which any of them satisfies); `None` if
/// the field is not one of words.
pub fn words(field: &str, text: &str, phrase: bool, schema: &Schema) -> Option<Condition> {
    let asker = Asker::new(schema, &codes::SHARED, Sink::default());
    let ask = Ask::Is { text, phrase, slop: 0 };
    asker.has_words(field).then(|| ask_field(field, &ask, schema))
}

fn ask_field(field: &str, ask: &Ask<'_>, schema: &Schema) -> Condition {
    let nowhere = Span::default();
    Asker::new(schema, &codes::SHARED, Sink::default()).field(field, nowhere, ask, nowhere)
}

fn too_long(text: &str, code: &'static str) -> Option<Sink> {
    let length = text.len();
    (length > MAX_QUERY_BYTES).then(|| {
        let mut sink = Sink::default();
        let message = format!("the query has {length} bytes, {MAX_QUERY_BYTES} are the most");
        sink.push(Diagnostic::error(code, 0..0, message));
        sink
    })
}

fn finish((condition, sink): (Condition, Sink)) -> (Option<Query>, Vec<Diagnostic>) {
    let errors = sink.has_errors();
    let query = (!errors).then_some(Query::Event { condition, pipes: Vec::new() });
    (query, sink.finish())
}
