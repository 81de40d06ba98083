//! Samples: one distinct event per stage, all of one key, in any order.

use std::collections::BTreeMap;

use dragnet_plan::Sample;
use serde::{Deserialize, Serialize};

use super::{Collector, pairs};
use crate::hit::{Hit, JoinKey, Position};

/// The state of one sample query. For each key and stage it keeps only as many events as any of the wanted
/// combinations can need.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SampleCorrelator {
    stages: usize,
    samples_per_key: usize,
    #[serde(with = "pairs")]
    keys: BTreeMap<JoinKey, Vec<Vec<Position>>>,
}

impl SampleCorrelator {
    pub(super) fn new(sample: &Sample, samples_per_key: usize) -> SampleCorrelator {
        SampleCorrelator { stages: sample.stages.len(), samples_per_key, keys: BTreeMap::new() }
    }

    pub(super) fn push(&mut self, hit: Hit) {
        let stages = self.stages;
        let by_stage = self.keys.entry(hit.key).or_insert_with(|| vec![Vec::new(); stages]);
        let events = &mut by_stage[usize::from(hit.stage)];
        // The earlier stages can take at most `stages - 1` of them, and each further combination
        // needs at most one more. Hits come by time, and the order that counts is that of reading.
        let keep = self.samples_per_key.saturating_add(self.stages - 1);
        let at = events.partition_point(|kept| kept.event < hit.position.event);
        if at < keep {
            events.insert(at, hit.position);
            events.truncate(keep);
        }
    }

    /// Gives the samples, by key ascending (null first), events in the order of reading.
    pub(super) fn finish(&mut self, found: &mut Collector<'_>) {
        for (key, by_stage) in std::mem::take(&mut self.keys) {
            let mut left = self.samples_per_key;
            let mut chosen = Vec::with_capacity(self.stages);
            combine(&by_stage, &mut chosen, &mut left, &mut |events| {
                found.give(key.clone(), events.iter().map(|e| Some((*e).clone())).collect());
            });
        }
    }
}

/// Gives up to `left` choices of one event per stage, none of them twice in one choice; stages are
/// few, so the recursion is shallow.
fn combine<'a>(
    by_stage: &'a [Vec<Position>],
    chosen: &mut Vec<&'a Position>,
    left: &mut usize,
    give: &mut dyn FnMut(&[&'a Position]),
) {
    let Some(events) = by_stage.get(chosen.len()) else {
        give(chosen);
        *left -= 1;
        return;
    };
    for event in events {
        if *left == 0 {
            return;
        }
        if chosen.iter().all(|other| other.event != event.event) {
            chosen.push(event);
            combine(by_stage, chosen, left, give);
            chosen.pop();
        }
    }
}
