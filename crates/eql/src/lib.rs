//! EQL, the Event Query Language of Elasticsearch: text to syntax tree to [plan](dragnet_plan::Query).
//!
//! Three steps, each of which can be had by itself: [`parse`] reads the text ([`ast`]); the
//! analysis looks up the fields in a schema, checks types and folds constants; the lowering
//! makes the two-valued conditions that the engine runs. [`compile`] is all of them.
//!
//! The key decision is that everything Elasticsearch decides at *planning* time is decided here, so
//! that the engine sees none of it: which tests are pushed down to an index (and so are false for a
//! missing field, and true under `not`) and which run as scripts; what `== null` means; what a
//! field that the schema does not have does to the condition around it. Constants obey
//! three-valued logic and the plan's conditions two-valued ones; the bridge between them is
//! in the lowering, in one place.
//!
//! The price is that a plan holds for one schema: the same text compiled under another one may be
//! another plan, or an error.
//!
//! Any text at all is answered by a query or by at least one error, in time and memory
//! proportional to its length: the length is bounded ([`MAX_QUERY_BYTES`]), and so are the height of
//! trees, the number of diagnostics and the size of what `with runs=` writes out.
#![deny(missing_docs)]

mod analyze;
pub mod ast;
pub mod codes;
mod format;
mod lexer;
mod parser;
mod print;
mod strings;
mod structure;

use dragnet_event::Schema;
use dragnet_plan::front::Sink;
use dragnet_plan::{Diagnostic, Query};

pub use format::{FormatError, WIDTH as FORMAT_WIDTH, format};
pub use print::print;

/// The most bytes of a query. The longest of Elastic's rules has a twentieth of it.
pub const MAX_QUERY_BYTES: usize = 1 << 20;

/// What a query is compiled against.
#[derive(Debug, Clone, Copy)]
pub struct Options<'a> {
    /// Which fields exist and what they hold.
    pub schema: &'a Schema,
    /// The field that holds an event's category. Elasticsearch: `event_category_field`.
    pub category_field: &'a str,
}

impl<'a> Options<'a> {
    /// With `event.category` as the category field.
    pub fn new(schema: &'a Schema) -> Options<'a> {
        Options { schema, category_field: "event.category" }
    }
}

/// Reads the syntax of a query.
///
/// The tree is `None` if and only if there is a diagnostic of error severity. Diagnostics stand in
/// the order of the text.
pub fn parse(text: &str) -> (Option<ast::Query>, Vec<Diagnostic>) {
    let (query, sink) = read(text);
    let errors = sink.has_errors();
    (query.filter(|_| !errors), sink.finish())
}

/// The tree, which is there after soft errors too, and what was found.
fn read(text: &str) -> (Option<ast::Query>, Sink) {
    if text.len() > MAX_QUERY_BYTES {
        let mut sink = Sink::default();
        let message = format!("the query has {} bytes, {MAX_QUERY_BYTES} are the most", text.len());
        sink.push(Diagnostic::error(codes::TOO_LONG, 0..0, message));
        return (None, sink);
    }
    let (query, mut sink) = parser::parse(text);
    if let Some(query) = &query {
        structure::check(query, &mut sink);
    }
    (query, sink)
}

/// Compiles a query.
///
/// The plan is `None` if and only if there is a diagnostic of error severity. Diagnostics stand in
/// the order of the text, and their spans are bytes of it. Never panics.
pub fn compile(text: &str, options: &Options<'_>) -> (Option<Query>, Vec<Diagnostic>) {
    let (query, mut sink) = read(text);
    let plan = query.and_then(|query| analyze::analyze(&query, text, options, &mut sink));
    let errors = sink.has_errors();
    (plan.filter(|_| !errors), sink.finish())
}

/// Compiles a query that is perhaps not text.
///
/// Bytes that are not UTF-8 are an error; its span is empty and stands before the first of them. The text
/// up to there is the same in [`String::from_utf8_lossy`], so that the diagnostic can be shown on that.
pub fn compile_bytes(bytes: &[u8], options: &Options<'_>) -> (Option<Query>, Vec<Diagnostic>) {
    match std::str::from_utf8(bytes) {
        Ok(text) => compile(text, options),
        Err(error) => {
            let at = error.valid_up_to();
            let value = bytes.get(at).copied().unwrap_or_default();
            let diagnostic = Diagnostic::error(
                codes::NOT_UTF8,
                at..at,
                format!("the query is not UTF-8 text: byte {value:#04x} at offset {at}"),
            )
            .help("save the file as UTF-8");
            (None, vec![diagnostic])
        }
    }
}
