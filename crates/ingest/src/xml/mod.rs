//! Windows event XML: a scanner for the XML that Windows writes, and events from it.
//!
//! It is written by hand because nothing then is copied unless a text holds entities, and no tag
//! is looked at twice. The price is
//! that it is a reader for event XML, not a validating XML processor: namespaces are cut off, not
//! resolved, and a DTD's entities are unknown (they stay as they are written).

mod event;
mod scan;

pub use event::parse_event;
pub use scan::XmlError;
pub(crate) use scan::{TagEnd, local, skip_markup, tag_end};
