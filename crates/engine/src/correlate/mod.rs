//! Correlators: hits in order, findings out.
//!
//! A correlator sees the hits of one query in the order of [`sort`]: by position, and within one
//! event the later stages first. It keeps state per join key and lets go of it as time passes. A
//! caller that knows that no earlier event will come says so with [`Correlator::advance`]; what had to
//! wait (a sequence that must *not* be followed by something) is given out then.

mod indicator;
mod new_terms;
mod pairs;
mod sample;
mod sequence;
mod threshold;
mod trace;

use std::collections::BTreeMap;
use std::sync::Arc;

use dragnet_event::Time;
use dragnet_plan::Query;
use serde::{Deserialize, Serialize};

use crate::hit::{Evidence, Finding, Hit, JoinKey};
use crate::hits::Hits;
use indicator::IndicatorCorrelator;
use new_terms::NewTermsCorrelator;
use sample::SampleCorrelator;
use sequence::SequenceCorrelator;
use threshold::ThresholdCorrelator;
pub use trace::{Ended, GroupTrace, TermsTrace, Trace};

/// The state of one query. It can be written and read back: a run that is cut anywhere and goes on
/// from what was written gives what it would have given in one piece.
#[derive(Debug, Serialize, Deserialize)]
pub struct Correlator {
    query: u32,
    kind: Kind,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    /// Every hit is a finding.
    Event,
    Sequence(SequenceCorrelator),
    Sample(SampleCorrelator),
    Threshold(ThresholdCorrelator),
    NewTerms(NewTermsCorrelator),
    IndicatorMatch(IndicatorCorrelator),
}

impl Correlator {
    /// The empty state of a query that has this number in its rule set. `samples_per_key` is how many
    /// samples are given for one key (Elasticsearch: `max_samples_per_key`, 1 by default).
    pub fn new(number: u32, query: &Arc<Query>, samples_per_key: usize) -> Correlator {
        let kind = match &**query {
            Query::Event { .. } => Kind::Event,
            Query::Sequence(sequence) => Kind::Sequence(SequenceCorrelator::new(sequence)),
            Query::Sample(sample) => Kind::Sample(SampleCorrelator::new(sample, samples_per_key)),
            Query::Threshold(threshold) => Kind::Threshold(ThresholdCorrelator::new(threshold)),
            Query::NewTerms(terms) => Kind::NewTerms(NewTermsCorrelator::new(terms)),
            Query::IndicatorMatch(_) => Kind::IndicatorMatch(IndicatorCorrelator::new(query)),
        };
        Correlator { query: number, kind }
    }

    /// Makes a state that was read back that of a query again, which has this number now. What is
    /// written of a state does not hold the query. `None` if it is the state of a query of another kind.
    pub fn resume(mut self, number: u32, query: &Arc<Query>) -> Option<Correlator> {
        self.query = number;
        match (&mut self.kind, &**query) {
            (Kind::Event, Query::Event { .. }) | (Kind::Sample(_), Query::Sample(_)) => {}
            (Kind::Sequence(state), Query::Sequence(sequence)) => state.set_shape(sequence),
            (Kind::Threshold(state), Query::Threshold(threshold)) => state.set_terms(threshold),
            (Kind::NewTerms(state), Query::NewTerms(terms)) => state.set_terms(terms),
            (Kind::IndicatorMatch(state), Query::IndicatorMatch(_)) => state.set_query(query),
            _ => return None,
        }
        Some(self)
    }

    /// The same, and keeps account of what became of each key, for [`Correlator::into_account`].
    pub fn traced(number: u32, query: &Arc<Query>) -> Correlator {
        let mut correlator = Correlator::new(number, query, 1);
        match &mut correlator.kind {
            Kind::Sequence(sequence) => sequence.trace = Some(Trace::default()),
            Kind::Threshold(threshold) => threshold.trace = Some(BTreeMap::new()),
            Kind::NewTerms(terms) => terms.trace = Some(BTreeMap::new()),
            Kind::Event | Kind::Sample(_) | Kind::IndicatorMatch(_) => {}
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
            Kind::Threshold(threshold) => threshold.push(hit, &mut collector),
            Kind::NewTerms(terms) => terms.push(hit, &mut collector),
            Kind::IndicatorMatch(matching) => matching.push(hit, &mut collector),
        }
    }

    /// Says that all events up to and including this time have been pushed; [`FOREVER`] says that
    /// there are no more at all.
    pub fn advance(&mut self, watermark: Time, found: &mut Vec<Finding>) {
        let mut collector = Collector { query: self.query, found };
        match &mut self.kind {
            Kind::Sequence(sequence) => sequence.advance(watermark, &mut collector),
            Kind::Sample(sample) if watermark == FOREVER => sample.finish(&mut collector),
            Kind::Threshold(threshold) => threshold.advance(watermark, &mut collector),
            Kind::IndicatorMatch(matching) => matching.flush(&mut collector),
            Kind::Event | Kind::Sample(_) | Kind::NewTerms(_) => {}
        }
    }

    /// Combinations of values that were forgotten for want of room; such a one may be found once too often.
    pub fn forgotten(&self) -> u64 {
        match &self.kind {
            Kind::NewTerms(terms) => terms.forgotten(),
            _ => 0,
        }
    }

    /// What became of each key; `None` unless the state was made by [`Correlator::traced`] for a query that has such
    /// an account.
    pub fn into_account(self) -> Option<Account> {
        match self.kind {
            Kind::Sequence(sequence) => sequence.into_trace().map(Account::Sequence),
            Kind::Threshold(threshold) => threshold.trace.map(Account::Threshold),
            Kind::NewTerms(terms) => terms.trace.map(Account::NewTerms),
            Kind::Event | Kind::Sample(_) | Kind::IndicatorMatch(_) => None,
        }
    }
}

/// What became of the keys of a query, for explanations.
#[derive(Debug)]
pub enum Account {
    /// How far each key of a sequence got.
    Sequence(Trace),
    /// How full each group of a threshold got.
    Threshold(BTreeMap<JoinKey, GroupTrace>),
    /// Which combinations of a new-terms query were new.
    NewTerms(BTreeMap<JoinKey, TermsTrace>),
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
        self.give_with(key, events, Evidence::Events);
    }

    fn give_with(
        &mut self,
        key: crate::JoinKey,
        events: Vec<Option<crate::Position>>,
        evidence: Evidence,
    ) {
        self.found.push(Finding { query: self.query, key, events, evidence });
    }
}

/// Brings hits into the order in which correlators take them: by query, then (where executions count
/// events) by the time by which executions choose them, then by position, and the stages of one event from last to first, so that no event fills two stages of one sequence;
/// `until` comes after them, since it does not stop a sequence that completes with its own event.
pub fn sort(hits: &mut [Hit], queries: &[Arc<Query>]) {
    let rank = |hit: &Hit| match &*queries[hit.query as usize] {
        Query::Sequence(s) if usize::from(hit.stage) >= s.stages.len() => u16::MAX,
        _ => u16::MAX - 1 - hit.stage,
    };
    let window = |hit: &Hit| match &*queries[hit.query as usize] {
        Query::Threshold(_) | Query::NewTerms(_) => hit.position.window,
        _ => None,
    };
    // Hits that this finds equal are the same hit twice, so the order is complete; a stable sort would need memory.
    hits.sort_unstable_by(|a, b| {
        a.query
            .cmp(&b.query)
            .then_with(|| window(a).cmp(&window(b)))
            .then_with(|| a.position.cmp(&b.position))
            .then_with(|| rank(a).cmp(&rank(b)))
            .then_with(|| a.key.cmp(&b.key))
    });
}

/// Drops the hits of sequences and samples of which some stage that must be there has none: nothing comes of
/// them. The hits must be all that there ever will be. (A stage that nearly every event satisfies may have more
/// hits than all other queries together.)
pub fn drop_hopeless(hits: &mut Hits, queries: &[Arc<Query>]) {
    let is_hopeless = |(number, query): (usize, &Arc<Query>)| {
        let stages = match &**query {
            Query::Sequence(sequence) => &*sequence.stages,
            Query::Sample(sample) => &*sample.stages,
            _ => return false,
        };
        let seen = hits.stages_of(number as u32);
        let mut stages = stages.iter().enumerate();
        stages.any(|(number, stage)| !stage.missing && !seen.contains(number))
    };
    let hopeless: Vec<bool> = queries.iter().enumerate().map(is_hopeless).collect();
    hits.retain(|query| !hopeless[query as usize]);
}

/// What all hits came to.
#[derive(Debug, Default)]
pub struct Correlated {
    /// The findings, by query, then in the order in which they are shown ([`Finding::order`]; samples by key).
    pub findings: Vec<Finding>,
    /// Combinations of values that new-terms queries forgot for want of room, see [`Correlator::forgotten`].
    pub forgotten: u64,
}

/// Correlates all hits that there ever will be: sorts those of each query, and gives all findings. `samples_per_key` as
/// for [`Correlator::new`].
pub fn run(hits: &Hits, queries: &[Arc<Query>], samples_per_key: usize) -> Correlated {
    let mut correlated = Correlated::default();
    let found = &mut correlated.findings;
    for (number, query) in queries.iter().enumerate() {
        let number = number as u32;
        let mut hits = hits.of(number);
        sort(&mut hits, queries);
        let mut correlator = Correlator::new(number, query, samples_per_key);
        let start = found.len();
        for hit in hits {
            correlator.push(hit, found);
        }
        correlator.advance(FOREVER, found);
        correlated.forgotten += correlator.forgotten();
        if !matches!(**query, Query::Sample(_)) {
            found[start..].sort_by(Finding::order);
        }
    }
    correlated
}

/// The findings of [`run`].
pub fn all(hits: Vec<Hit>, queries: &[Arc<Query>], samples_per_key: usize) -> Vec<Finding> {
    run(&Hits::pack(hits), queries, samples_per_key).findings
}
