//! Where a node stands in the text.

use std::hash::{Hash, Hasher};
use std::ops::Range;

/// A half-open range of bytes of the query's text.
///
/// Spans do not take part in comparisons: any two are equal, so that two trees are equal when they
/// mean the same, wherever their parts stand (`parse(print(tree)) == tree`).
#[derive(Debug, Clone, Copy, Default)]
pub struct Span {
    /// The first byte.
    pub start: u32,
    /// The byte after the last.
    pub end: u32,
}

impl Span {
    /// From offsets in bytes. Texts are shorter than 4 GiB: languages bound them.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    /// From the start of this one to the end of the other.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start, end: other.end.max(self.start) }
    }

    /// As diagnostics have it.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// The text at the span; empty if the span is not one of this text.
    pub fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }
}

impl PartialEq for Span {
    fn eq(&self, _: &Span) -> bool {
        true
    }
}

impl Eq for Span {}

impl Hash for Span {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
