//! Finding events again.

use dragnet_event::{Document, EventRef};

use crate::block::Options;
use crate::source::Source;

/// The documents of these events, in their order. An event's source is its number in `sources`.
///
/// Each source is opened once and read up to the last block that is needed; only the blocks that hold
/// events are parsed. An event that is not there any more, the file having been changed, is left out.
pub fn render(
    sources: &[Source],
    options: &Options,
    events: &[EventRef],
) -> Vec<(EventRef, Document)> {
    let mut wanted = events.to_vec();
    wanted.sort_unstable();
    wanted.dedup();
    let mut found = Vec::with_capacity(wanted.len());
    for events in wanted.chunk_by(|a, b| a.source == b.source) {
        let number = events[0].source;
        let Some(blocks) =
            sources.get(number as usize).and_then(|s| s.open_as(number, options.form).ok())
        else {
            continue;
        };
        let mut groups = events.chunk_by(|a, b| a.block == b.block);
        let mut next = groups.next();
        for block in blocks.flatten() {
            let Some(group) = next else { break };
            if block.number() != group[0].block {
                continue;
            }
            let indices: Vec<u32> = group.iter().map(|event| event.index).collect();
            for (index, document) in block.render(options, &indices) {
                found.push((EventRef { index, ..group[0] }, document));
            }
            next = groups.next();
        }
    }
    found
}
