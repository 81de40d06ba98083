//! Whole files: any bytes, from what they are to the events in them.
//!
//! Seed it with small EVTX files, archives and texts.
#![no_main]

use dragnet_event::{EventRef, FieldSink, Scalar};
use dragnet_ingest::{EventSink, Options, Source};
use libfuzzer_sys::fuzz_target;

/// Wants everything and keeps the places.
#[derive(Default)]
struct Places(Vec<u32>);

impl FieldSink for Places {
    fn wants(&self, _: &str) -> bool {
        true
    }
    fn put(&mut self, _: &str, _: Scalar<'_>) {}
}

impl EventSink for Places {
    fn end_event(&mut self, event: EventRef) {
        self.0.push(event.index);
    }
    fn abandon_event(&mut self) {}
}

fuzz_target!(|bytes: &[u8]| {
    let options = Options::default();
    let Ok(blocks) = Source::from_bytes("fuzz", bytes).open(0) else { return };
    for block in blocks.flatten() {
        let mut places = Places::default();
        let mut problems = Vec::new();
        let count = block.read(&options, &mut places, &mut problems);
        assert_eq!(count.events as usize, places.0.len());
        // Every event is found again, and only once.
        let rendered = block.render(&options, &places.0);
        assert!(rendered.iter().map(|(index, _)| *index).eq(places.0));
    }
});
