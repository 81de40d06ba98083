//! What an event is: values, fields, schemas, time, and columnar batches.
//!
//! Everything above this crate talks about events in these terms. The key decision is that an
//! event on its way to the matcher is **not** a document: readers and normalisers push the values
//! of the fields that somebody asked for into a [`FieldSink`], and the sink decides what becomes
//! of them: a [`Batch`] (columns of dictionary-encoded values, for matching) or a
//! [`Document`] (a JSON tree, for people). A document is built only for events that are shown.
//! The price is that normalisers are written once against the sink and cannot look back at what
//! they have already emitted; they look at the raw record instead.
//!
//! This crate knows nothing of rules, files or clocks.
#![deny(missing_docs)]

mod batch;
mod column;
mod document;
mod document_builder;
mod field;
mod routes;
mod schema;
mod sink;
mod time;
mod value;

pub use batch::{Batch, ColumnId, Entry, EventRef};
pub use column::{Column, Dictionary};
pub use document::{Document, flatten, flatten_at};
pub use document_builder::DocumentBuilder;
pub use field::{Field, FieldSpec, FieldType, path_matches};
pub use schema::{DynamicFields, MappingError, Resolution, Schema, coerce};
pub use sink::{FieldSink, Handle};
pub use time::Time;
pub use value::{Scalar, Value, lowercase};
