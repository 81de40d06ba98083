//! What the front ends of the languages share: places in a text, bounded lists of diagnostics, tables of their
//! codes, "did you mean", and constants brought to the type of a field.

mod codes;
mod conform;
mod sink;
mod span;
mod suggest;

pub use codes::Entry;
pub use conform::{Conformed, conform};
pub use sink::{Sink, clip};
pub use span::Span;
pub use suggest::nearest;
