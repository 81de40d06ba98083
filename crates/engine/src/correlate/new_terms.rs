//! New terms: combinations of values that were not seen within a history before.
//!
//! An execution T looks at the events in (T + from, T] and asks of each combination whether the history
//! (T + history, T + from] has it. Of one combination only the time of its latest event has to be
//! remembered: an event is new if there is an execution that covers it and whose history begins
//! after the event before it.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use dragnet_event::Time;
use dragnet_plan::{NewTerms, Schedule};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::trace::TermsTrace;
use super::{Collector, pairs};
use crate::hit::{Evidence, Hit, JoinKey};

/// Most combinations that one query remembers; of more, those not seen for longest are forgotten.
const MAX_TERMS: usize = 1 << 20;

/// The state of one new-terms query.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct NewTermsCorrelator {
    /// What is asked; not part of the state.
    #[serde(skip)]
    terms: Option<Terms>,
    /// By combination: the time of its latest event.
    #[serde(with = "pairs")]
    seen: HashMap<JoinKey, Time>,
    /// The number of combinations at which the next sweep for expired ones is due.
    sweep_at: usize,
    /// Combinations that were forgotten before their time.
    forgotten: u64,
    /// What became of every combination, if an account is kept; not part of the state.
    #[serde(skip)]
    pub(super) trace: Option<BTreeMap<JoinKey, TermsTrace>>,
}

#[derive(Debug, Clone, Copy)]
struct Terms {
    history_ms: i64,
    schedule: Schedule,
}

impl NewTermsCorrelator {
    pub(super) fn new(query: &NewTerms) -> NewTermsCorrelator {
        let (terms, seen, trace) = (None, HashMap::new(), None);
        let mut empty = NewTermsCorrelator { terms, seen, sweep_at: 1024, forgotten: 0, trace };
        empty.set_terms(query);
        empty
    }

    /// Gives a state that was read back what it is the state of.
    pub(super) fn set_terms(&mut self, query: &NewTerms) {
        self.terms = Some(Terms { history_ms: query.history_ms, schedule: query.schedule });
    }

    /// How many combinations were forgotten for want of room; such a one may be found once too often.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    pub(super) fn push(&mut self, hit: Hit, found: &mut Collector<'_>) {
        let Some(terms) = self.terms else { return };
        let time = hit.position.window_time();
        self.sweep(terms, time);
        let before = self.seen.get(&hit.key).copied();
        self.seen.insert(hit.key.clone(), before.map_or(time, |before| before.max(time)));
        let schedule = terms.schedule;
        let mut execution = schedule.first_execution(time);
        if let Some(before) = before {
            // The first execution whose history begins at or after the event before: histories do
            // not hold their first moment.
            let forgets = before.plus_millis(terms.history_ms.saturating_neg());
            execution = execution.max(schedule.at_or_after(forgets));
        }
        let is_new = schedule.covers(execution, time);
        if let Some(trace) = &mut self.trace {
            trace.entry(hit.key.clone()).or_default().record(&hit.position, before, is_new);
        }
        if is_new {
            let evidence = Evidence::NewTerms { execution };
            found.give_with(hit.key, vec![Some(hit.position)], evidence);
        }
    }

    /// Forgets combinations that no history can have any more, each time their number has doubled.
    fn sweep(&mut self, terms: Terms, now: Time) {
        if self.seen.len() < self.sweep_at {
            return;
        }
        let horizon = now.plus_millis(terms.history_ms);
        self.seen.retain(|_, last| *last >= horizon);
        if self.seen.len() >= MAX_TERMS {
            let mut times: Vec<Time> = self.seen.values().copied().collect();
            times.sort_unstable_by_key(|time| Reverse(*time));
            let oldest = times[MAX_TERMS / 2];
            let before = self.seen.len();
            self.seen.retain(|_, last| *last > oldest);
            self.forgotten += (before - self.seen.len()) as u64;
        }
        self.sweep_at = (self.seen.len() * 2).clamp(1024, MAX_TERMS);
    }
}
