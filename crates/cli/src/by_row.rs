//! Events one by one, for the reference evaluator: each is put together as a document first.
//!
//! What comes of it must be what comes of columns and the matcher; everything before (cutting files into blocks)
//! and after (correlating, choosing, writing) is the same code for both.

use dragnet_engine::reference::{Event, Fields, RowMatcher};
use dragnet_engine::{Hit, RuleSet};
use dragnet_event::{Document, EventRef, Field, FieldSink, Scalar, Time, Value};
use dragnet_ingest::{Block, EventSink, Problem, ReadCount};

use crate::scan::{Scan, is_within};

/// What the reference evaluator has found in blocks.
pub(crate) struct ByRow<'r> {
    matcher: RowMatcher<'r>,
    hits: Vec<Hit>,
    /// Events without a time.
    pub(crate) timeless: u64,
}

impl<'r> ByRow<'r> {
    pub(crate) fn new(rules: &'r RuleSet) -> ByRow<'r> {
        ByRow { matcher: RowMatcher::new(rules), hits: Vec::new(), timeless: 0 }
    }

    /// The hits since the last call.
    pub(crate) fn take(&mut self) -> Vec<Hit> {
        std::mem::take(&mut self.hits)
    }

    /// Finds the hits of a block's events.
    pub(crate) fn read(
        &mut self,
        scan: &Scan<'_>,
        block: &Block,
        problems: &mut Vec<Problem>,
    ) -> ReadCount {
        let mut places = Places::default();
        let count = block.read(scan.options, &mut places, problems);
        let indices: Vec<u32> = places.0.iter().map(|event| event.index).collect();
        for (index, document) in block.render(scan.options, &indices) {
            let event = EventRef { source: block.source(), block: block.number(), index };
            let (fields, time) = by_fields(&document, scan.time_field);
            self.timeless += u64::from(time.is_none());
            if is_within(time, scan.from, scan.to) {
                self.matcher.run(&fields, time, event, &mut |hit| self.hits.push(hit));
            }
        }
        count
    }

    /// Finds the hits of one document.
    pub(crate) fn document(&mut self, document: &Document, time_field: &Field, event: EventRef) {
        let (fields, time) = by_fields(document, time_field);
        self.matcher.run(&fields, time, event, &mut |hit| self.hits.push(hit));
    }

    pub(crate) fn overflows(&self) -> u64 {
        self.matcher.overflows()
    }
}

/// A document's values, and the event's time: the first that can be read.
fn by_fields(document: &Document, time_field: &Field) -> (Event, Option<Time>) {
    let mut event = Event::default();
    document.flatten_into(&mut event);
    let time = event.values(time_field).into_iter().find_map(|value| match value {
        Value::Date(time) => Some(time),
        _ => None,
    });
    (event, time)
}

/// Where the events of a block are that can be read.
#[derive(Default)]
struct Places(Vec<EventRef>);

impl FieldSink for Places {
    fn wants(&self, _path: &str) -> bool {
        false
    }

    fn put(&mut self, _path: &str, _value: Scalar<'_>) {}
}

impl EventSink for Places {
    fn end_event(&mut self, event: EventRef) {
        self.0.push(event);
    }

    fn abandon_event(&mut self) {}
}
