//! Correlators: hits in order, findings out.
//!
//! A correlator sees the hits of one query in the order of [`sort`]: by position, and within one
//! event the later stages first. It keeps state per join key and lets go of it as time passes. A
//! caller that knows that no earlier event will come says so with [`Correlator::advance`]; what had to
//! wait (a sequence that must *not* be followed by something) is given out then.

mod sample;
mod sequence;
mod trace;

use std::sync::Arc;

use dragnet_event::Time;
use dragnet_plan::Query;

use crate::hit::{Finding, Hit};
use sample::SampleCorrelator;
use sequence::SequenceCorrelator;
pub use trace::{Ended, Trace};

/// The state of one query.
#[derive(Debug)]
pub struct Correlator {
    query: u32,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// Every hit is a finding.
    Event,
    Sequence(SequenceCorrelator),
    Sample(SampleCorrelator),
}

impl Correlator {
    /// The empty state of a query that has this number in its rule set. `samples_per_key` is how many
    /// samples are given for one key (Elasticsearch: `max_samples_per_key`, 1 by default).
    pub fn new(number: u32, query: &Query, samples_per_key: usize) -> Correlator {
        let kind = match query {
            Query::Event { .. } => Kind::Event,
            Query::Sequence(sequence) => Kind::Sequence(SequenceCorrelator::new(sequence)),
            Query::Sample(sample) => Kind::Sample(SampleCorrelator::new(sample, samples_per_key)),
        };
        Correlator { query: number, kind }
    }

    /// The same, and keeps account of how far each key got, for [`Correlator::into_trace`].
    pub fn traced(number: u32, query: &Query) -> Correlator {
        let mut correlator = Correlator::new(number, query, 1);
        if let Kind::Sequence(sequence) = &mut correlator.kind {
            sequence.trace = Some(Trace::default());
        }
        correlator
    }

    /// Takes the next hit, in the order of [`sort`].
    pub fn push(&mut self, hit: Hit, found: &mut Vec<Finding>) {
        let mut collector = Collector { query: self.query, found };
        match &mut self.kind {
            Kind::Event => collector.give(hit.key, vec![Some(hit.position)]),
            Kind::Sequence(sequence) => sequence.push(hit, &mut collector),
            Kind::Sample(sample) => sample.push(hit),
        }
    }

    /// Says that all events up to and including this time have been pushed; [`FOREVER`] says that
    /// there are no more at all.
    pub fn advance(&mut self, watermark: Time, found: &mut Vec<Finding>) {
        let mut collector = Collector { query: self.query, found };
        match &mut self.kind {
            Kind::Sequence(sequence) => sequence.advance(watermark, &mut collector),
            Kind::Sample(sample) if watermark == FOREVER => sample.finish(&mut collector),
            Kind::Event | Kind::Sample(_) => {}
        }
    }

    /// How far each key of a sequence got; `None` unless the state was made by
    /// [`Correlator::traced`] for a sequence.
    pub fn into_trace(self) -> Option<Trace> {
        match self.kind {
            Kind::Sequence(sequence) => sequence.into_trace(),
            _ => None,
        }
    }
}

/// The watermark after the last event of all.
pub const FOREVER: Time = Time(i64::MAX);

/// Where the findings of one query go.
struct Collector<'a> {
    query: u32,
    found: &'a mut Vec<Finding>,
}

impl Collector<'_> {
    fn give(&mut self, key: crate::JoinKey, events: Vec<Option<crate::Position>>) {
        self.found.push(Finding { query: self.query, key, events });
    }
}

/// Brings hits into the order in which correlators take them: by query, then by position, and
/// the stages of one event from last to first, so that no event fills two stages of one sequence;
/// `until` comes after them, since it does not stop a sequence that completes with its own event.
pub fn sort(hits: &mut [Hit], queries: &[Arc<Query>]) {
    let rank = |hit: &Hit| match &*queries[hit.query as usize] {
        Query::Sequence(s) if usize::from(hit.stage) >= s.stages.len() => u16::MAX,
        _ => u16::MAX - 1 - hit.stage,
    };
    hits.sort_by(|a, b| {
        a.query
            .cmp(&b.query)
            .then_with(|| a.position.cmp(&b.position))
            .then_with(|| rank(a).cmp(&rank(b)))
            .then_with(|| a.key.cmp(&b.key))
    });
}

/// Correlates all hits there are: sorts them and gives the findings, by query, then in
/// the order in which they are shown ([`Finding::order`]; samples by key).
pub fn all(mut hits: Vec<Hit>, queries: &[Arc<Query>], samples_per_key: usize) -> Vec<Finding> {
    sort(&mut hits, queries);
    let mut found = Vec::new();
    let mut hits = hits.into_iter().peekable();
    for (number, query) in queries.iter().enumerate() {
        let number = number as u32;
        let mut correlator = Correlator::new(number, query, samples_per_key);
        let start = found.len();
        while let Some(hit) = hits.next_if(|hit| hit.query == number) {
            correlator.push(hit, &mut found);
        }
        correlator.advance(FOREVER, &mut found);
        if !matches!(**query, Query::Sample(_)) {
            found[start..].sort_by(Finding::order);
        }
    }
    found
}
