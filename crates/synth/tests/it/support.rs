//! The way of events from text to findings.

use std::sync::Arc;

use dragnet_engine::correlate::{Correlator, FOREVER, sort};
use dragnet_engine::{Hit, Matcher, RuleSet};
use dragnet_event::{Batch, Document, Schema, Time};
use dragnet_ingest::{Options, Source};
use dragnet_plan::Query;
use dragnet_synth::Synth;

use crate::reference::Reference;

/// A generator whose cases have this name.
pub(crate) fn synth(name: &str) -> Synth<'_> {
    Synth { evaluator: &Reference, start: Time::parse("2024-05-14T08:00:00Z").unwrap(), name }
}

/// Sets of events, each for one query.
#[derive(Default)]
pub(crate) struct Log {
    text: String,
    /// By event: the set that it is of.
    sets: Vec<usize>,
    /// By set: its query's number.
    queries: Vec<u32>,
}

impl Log {
    /// Adds a set; gives its number.
    pub(crate) fn add(&mut self, query: usize, events: &[Document]) -> usize {
        let set = self.queries.len();
        self.queries.push(query as u32);
        for event in events {
            self.text.push_str(&serde_json::to_string(&event.0).unwrap());
            self.text.push('\n');
            self.sets.push(set);
        }
        set
    }

    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    /// By set: how often its query finds something in it. All events are read and matched together, as
    /// documents that are taken as they are; each set is correlated by itself.
    pub(crate) fn findings(&self, queries: Vec<Arc<Query>>) -> Vec<usize> {
        let rules = RuleSet::new(queries, None);
        let mut batch = Batch::new(rules.fields(), &Schema::open().field("@timestamp"));
        let source = Source::from_bytes("sets.ndjson", self.text.clone().into_bytes());
        let (mut problems, mut firsts) = (Vec::new(), vec![0]);
        for block in source.open(0).unwrap() {
            let count = block.unwrap().read(&Options::default(), &mut batch, &mut problems);
            firsts.push(firsts.last().unwrap() + count.events as usize);
        }
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(batch.len(), self.sets.len());
        let mut hits: Vec<Vec<Hit>> = vec![Vec::new(); self.queries.len()];
        let mut matcher = Matcher::new(&rules);
        matcher.run(&batch, &mut |hit| {
            let event = hit.position.event;
            let set = self.sets[firsts[event.block as usize] + event.index as usize];
            if self.queries[set] == hit.query {
                hits[set].push(hit);
            }
        });
        let findings = |(mut hits, number): (Vec<Hit>, &u32)| {
            sort(&mut hits, rules.queries());
            let query = &rules.queries()[*number as usize];
            let mut correlator = Correlator::new(*number, query, 1);
            let mut found = Vec::new();
            for hit in hits {
                correlator.push(hit, &mut found);
            }
            correlator.advance(FOREVER, &mut found);
            found.len()
        };
        hits.into_iter().zip(&self.queries).map(findings).collect()
    }
}
