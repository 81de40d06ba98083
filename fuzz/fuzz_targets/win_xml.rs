//! The XML of one event, and of a file of events.
#![no_main]

use dragnet_event::Document;
use dragnet_ingest::{Options, Source, parse_event};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(event) = parse_event(text) {
        let mut document = Document::new();
        dragnet_ecs::normalize(&event, dragnet_ecs::Flavor::default(), &mut document);
    }
    // In whatever it stands, a good event after it is read.
    let good = "<Event><System><EventID>1</EventID></System></Event>";
    let file = format!("<Events>{good}{text}{good}</Events>");
    let mut document = Document::new();
    dragnet_ecs::agent(&parse_event(good).expect("it is one"), &mut document);
    let blocks = Source::from_bytes("fuzz", file.into_bytes()).open(0).expect("it is XML");
    let last = blocks.flatten().flat_map(|block| {
        block.render(
            &Options { stage: dragnet_ingest::Stage::Agent, ..Options::default() },
            &(0..10_000).collect::<Vec<_>>(),
        )
    });
    let last = last.last().expect("the first is good").1;
    // Unless it is in a comment or the like, which the text has opened.
    if !text.contains(['!', '?', '"', '\'']) {
        assert_eq!(last, document);
    }
});
