//! How far the keys of a sequence got, how full the groups of a threshold, and which terms were known: for
//! explanations.

use std::collections::BTreeMap;

use dragnet_event::Time;

use crate::hit::{Counted, JoinKey, Position, StageNumber};

/// Why a partial sequence came to an end.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// No event for the next stage ever came.
    Waiting,
    /// The next event came too late; the time from the first event to it, in milliseconds.
    TooLate {
        /// The event.
        event: Position,
        /// From the first event to this one, in milliseconds.
        span_ms: i64,
    },
    /// An `until` event came first.
    Until(Position),
    /// A newer event for the same stage took its place.
    Replaced(Position),
    /// All events were there, but so was one that must be missing.
    Present {
        /// The stage that must be missing.
        stage: StageNumber,
        /// The event.
        event: Position,
    },
    /// It is a finding.
    Complete,
}

/// The furthest that each key got. Of equally far attempts the last is kept.
#[derive(Debug, Default)]
pub struct Trace {
    keys: BTreeMap<JoinKey, (Vec<Position>, Ended)>,
}

impl Trace {
    /// Each key, in order, with the events of its furthest attempt and why that ended.
    pub fn keys(&self) -> impl Iterator<Item = (&JoinKey, &[Position], &Ended)> {
        self.keys.iter().map(|(key, (events, ended))| (key, events.as_slice(), ended))
    }

    pub(super) fn record(&mut self, key: &JoinKey, events: &[Position], ended: Ended) {
        let better = self.keys.get(key).is_none_or(|(kept, before)| {
            let rank = |events: usize, ended: &Ended| (events, *ended == Ended::Complete);
            rank(events.len(), &ended) >= rank(kept.len(), before)
        });
        if better {
            self.keys.insert(key.clone(), (events.to_vec(), ended));
        }
    }
}

/// What became of one group of a threshold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupTrace {
    /// The execution that came nearest to a finding, or the first that was one, and what it counted.
    pub fullest: Counted,
    /// How many executions found enough.
    pub findings: u64,
}

impl GroupTrace {
    /// Notes what an execution has counted.
    pub(super) fn record(&mut self, counted: &Counted, enough: bool) {
        let rank = |counted: &Counted| (counted.count, counted.cardinality);
        let is_first = enough && self.findings == 0;
        if is_first || self.findings == 0 && rank(counted) > rank(&self.fullest) {
            self.fullest = counted.clone();
        }
        self.findings += u64::from(enough);
    }
}

/// What became of one combination of values of a new-terms query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TermsTrace {
    /// How many events had it.
    pub events: u64,
    /// The events to which it was new, the first of them; and when it had been seen before.
    pub new: Vec<(Position, Option<Time>)>,
    /// The longest time that it was not seen for and still known: from when, to which event.
    pub longest_gap: Option<(Time, Position)>,
}

impl TermsTrace {
    /// Events that are kept as those to which a combination was new.
    const MAX_NEW: usize = 16;

    /// Notes an event.
    pub(super) fn record(&mut self, event: &Position, before: Option<Time>, is_new: bool) {
        self.events += 1;
        if is_new && self.new.len() < Self::MAX_NEW {
            self.new.push((event.clone(), before));
        }
        let Some(before) = before.filter(|_| !is_new) else { return };
        let gap = |from: &Time, to: &Position| to.window_time().0.saturating_sub(from.0);
        let longest = self.longest_gap.as_ref().map(|(from, to)| gap(from, to));
        if longest.is_none_or(|longest| gap(&before, event) > longest) {
            self.longest_gap = Some((before, event.clone()));
        }
    }
}
