//! Thresholds: how many events of a group there are within one execution's window.
//!
//! A count can only come to suffice when events have entered the window since the execution before, so
//! a group is counted at the first execution that covers an event, and at no other: what a
//! rule that polls would count again and again is counted once.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use dragnet_event::Time;
use dragnet_plan::{Schedule, Threshold};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::trace::GroupTrace;
use super::{Collector, FOREVER, pairs};
use crate::hit::{Counted, Evidence, Hit, JoinKey, Position};

/// The state of one threshold query.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ThresholdCorrelator {
    /// What is counted; not part of the state.
    #[serde(skip)]
    terms: Option<Terms>,
    #[serde(with = "pairs")]
    groups: HashMap<JoinKey, Group>,
    /// The executions at which groups are to be counted.
    due: BTreeSet<(Time, JoinKey)>,
    /// The number of groups at which the next sweep for expired ones is due.
    sweep_at: usize,
    /// What became of every group, if an account is kept; not part of the state.
    #[serde(skip)]
    pub(super) trace: Option<BTreeMap<JoinKey, GroupTrace>>,
}

#[derive(Debug, Clone, Copy)]
struct Terms {
    /// How many values of a hit's key are the group's.
    group: usize,
    value: u64,
    cardinality: Option<u64>,
    schedule: Schedule,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Group {
    /// The events of the current window and later ones, by window time.
    events: VecDeque<Counting>,
    /// The latest event that a finding has counted. Kibana: what has been counted for an alert is
    /// not counted for another one of the same group.
    counted_to: Option<Time>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Counting {
    event: Position,
    /// The event's values of the field whose distinct values count.
    values: Vec<String>,
}

impl ThresholdCorrelator {
    pub(super) fn new(threshold: &Threshold) -> ThresholdCorrelator {
        let (groups, due) = (HashMap::new(), BTreeSet::new());
        let (terms, trace) = (None, None);
        let mut empty = ThresholdCorrelator { terms, groups, due, sweep_at: 1024, trace };
        empty.set_terms(threshold);
        empty
    }

    /// Gives a state that was read back what it is the state of.
    pub(super) fn set_terms(&mut self, threshold: &Threshold) {
        self.terms = Some(Terms {
            group: threshold.fields.len(),
            value: threshold.value,
            cardinality: threshold.cardinality.as_ref().map(|counted| counted.value),
            schedule: threshold.schedule,
        });
    }

    pub(super) fn push(&mut self, hit: Hit, found: &mut Collector<'_>) {
        let Some(terms) = self.terms else { return };
        let time = hit.position.window_time();
        self.count_due(
            terms,
            |execution| execution.plus_millis(terms.schedule.to_ms) < time,
            found,
        );
        self.sweep(terms, time);
        let (group, counted) = hit.key.values().split_at(terms.group.min(hit.key.values().len()));
        let key = JoinKey::new(group.to_vec());
        let values = counted.iter().flatten().map(|value| value.text().into_owned());
        let execution = terms.schedule.first_execution(time);
        if !terms.schedule.covers(execution, time) {
            return;
        }
        let events = &mut self.groups.entry_ref(&key).or_default().events;
        match events.back_mut() {
            // The same event again, with another value of the field that is counted.
            Some(last) if last.event.event == hit.position.event => last.values.extend(values),
            _ => {
                events.push_back(Counting { event: hit.position, values: values.collect() });
                self.due.insert((execution, key));
            }
        }
    }

    /// All events up to and including `watermark` have been pushed.
    pub(super) fn advance(&mut self, watermark: Time, found: &mut Collector<'_>) {
        let Some(terms) = self.terms else { return };
        // An execution with a delayed window is over only when its window is.
        let over = |execution: Time| execution.plus_millis(terms.schedule.to_ms) <= watermark;
        self.count_due(terms, |execution| watermark == FOREVER || over(execution), found);
    }

    /// Forgets groups whose events no execution counts any more, each time their number has doubled.
    fn sweep(&mut self, terms: Terms, now: Time) {
        if self.groups.len() < self.sweep_at {
            return;
        }
        let start = terms.schedule.window_start(terms.schedule.first_execution(now));
        self.groups.retain(|_, group| {
            group.events.back().is_some_and(|last| last.event.window_time() > start)
        });
        self.sweep_at = (self.groups.len() * 2).max(1024);
    }

    /// Counts the groups of the executions that are over, in their order.
    fn count_due(&mut self, terms: Terms, over: impl Fn(Time) -> bool, found: &mut Collector<'_>) {
        while let Some((execution, key)) = self.due.pop_first() {
            if !over(execution) {
                self.due.insert((execution, key));
                return;
            }
            let Some(group) = self.groups.get_mut(&key) else { continue };
            let Some((counted, last)) = group.count(terms, execution) else { continue };
            let enough = terms.is_enough(&counted);
            if let Some(trace) = &mut self.trace {
                let first = || GroupTrace { fullest: counted.clone(), findings: 0 };
                trace.entry(key.clone()).or_insert_with(first).record(&counted, enough);
            }
            if enough {
                group.counted_to = group.latest(terms, execution);
                found.give_with(key.clone(), vec![Some(last)], Evidence::Threshold(counted));
            }
        }
    }
}

impl Terms {
    fn is_enough(self, counted: &Counted) -> bool {
        counted.count >= self.value && counted.cardinality >= self.cardinality
    }
}

impl Group {
    /// What an execution counts, and its last event; `None` if that is nothing.
    fn count(&mut self, terms: Terms, execution: Time) -> Option<(Counted, Position)> {
        let start = terms.schedule.window_start(execution);
        while self.events.front().is_some_and(|first| first.event.window_time() <= start) {
            self.events.pop_front();
        }
        let after = self.counted_to;
        let counted: Vec<&Counting> = self
            .events
            .iter()
            .filter(|one| terms.schedule.covers(execution, one.event.window_time()))
            .filter(|one| after.is_none_or(|after| one.event.window_time() > after))
            .collect();
        let last = counted.iter().max_by(|a, b| a.event.cmp(&b.event))?.event.clone();
        let cardinality = terms.cardinality.map(|_| {
            counted.iter().flat_map(|one| &one.values).collect::<BTreeSet<_>>().len() as u64
        });
        let count = counted.len() as u64;
        let from = after.unwrap_or(start).max(start);
        Some((Counted { count, cardinality, from, execution }, last))
    }

    /// The time of the latest event that an execution covers.
    fn latest(&self, terms: Terms, execution: Time) -> Option<Time> {
        let times = self.events.iter().map(|one| one.event.window_time());
        times.filter(|time| terms.schedule.covers(execution, *time)).max()
    }
}
