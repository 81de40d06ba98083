//! From paths to events: readers for EVTX, Windows event XML, JSON, CSV, logs of Linux and archives of these.
//!
//! Reading is split in two. [`discover`] finds [`Source`]s; a source's [`Blocks`] cut it into
//! [`Block`]s of whole records, which is sequential (a compressed file has only one order) and
//! cheap (records are found by their structure, not parsed). [`Block::read`] is the
//! rest: it parses each record, has Windows events normalised by `dragnet-ecs`, and puts the values
//! into an [`EventSink`]. Blocks share nothing, so they are read on as many threads as there are.
//!
//! The key decision is that an event is not kept. It goes into the sink value by value and is
//! addressed by source, block and index; whoever wants to see it has it rendered from its block
//! ([`Block::render`], [`render`]), parsed a second time. Few events are ever shown, so that
//! costs less than a document for each; the price is that a source must be readable twice, for which
//! streams are copied to a temporary file.
//!
//! What a file is shows in its content, never its name. Whatever cannot be read is a [`Problem`] that
//! says where and why, and what is readable around it is used. Sizes, nesting and memory are bounded:
//! a block is a chunk or about a mebibyte, a record at most 64 MiB.
#![deny(missing_docs)]

mod audit;
mod binxml;
mod block;
mod blocks;
mod buffers;
mod chunk;
mod complete;
mod cut;
mod dates;
mod document;
mod find;
mod format;
mod input;
mod json;
mod memory;
mod message;
mod near;
mod problem;
mod record;
mod shape;
mod sniff;
mod source;
mod syslog;
mod system;
mod unpack;
mod xml;
mod zip;

pub use block::{Block, EventSink, MAX_NAMED, Options, ReadCount, Remembering, Stage};
pub use blocks::Blocks;
pub use find::render;
pub use format::Form;
pub use json::JsonError;
pub use memory::{Interest, Memory};
pub use problem::{Place, Problem, Reason, Severity};
pub use source::{Source, discover};
pub use xml::{XmlError, parse_event};
pub use zip::ZipError;
