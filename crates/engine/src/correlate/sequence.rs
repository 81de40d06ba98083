//! Sequences: events in order, one state machine per key.
//!
//! The positive stages (those without `!`) alone make the state machine: per key, at most one
//! partial sequence waits before each stage. An event extends the partial that waits before its stage
//! and thereby uses it up, whether or not the extension succeeds; an event of the first stage always
//! begins anew. Stages that must be missing are checked on each completed candidate, against
//! the events of theirs that were seen. All of this is Elasticsearch's behaviour, not a choice.

use std::collections::{BTreeMap, VecDeque};

use dragnet_event::Time;
use dragnet_plan::Sequence;
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::trace::{Ended, Trace};
use super::{Collector, FOREVER, pairs};
use crate::hit::{Hit, JoinKey, Position, StageNumber};

/// The state of one sequence query.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct SequenceCorrelator {
    /// The query's; not part of the state.
    #[serde(skip)]
    shape: Shape,
    #[serde(with = "pairs")]
    keys: HashMap<JoinKey, KeyState>,
    /// Candidates that a later event may still forbid, by the last time at which it may come.
    #[serde(with = "pairs")]
    pending: BTreeMap<(Time, u64), Pending>,
    next_pending: u64,
    /// The number of keys at which the next sweep for expired ones is due.
    sweep_at: usize,
    #[serde(skip)]
    pub(super) trace: Option<Trace>,
}

/// What a stage number means.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Role {
    /// The n-th positive stage.
    Positive(usize),
    /// Must be missing before the n-th positive stage (after the last, if there is no n-th).
    Missing(usize),
    Until,
}

#[derive(Debug, Default)]
struct Shape {
    /// By stage number.
    roles: Vec<Role>,
    positives: usize,
    maxspan_ms: Option<i64>,
}

impl Shape {
    fn new(sequence: &Sequence) -> Shape {
        let mut positives = 0;
        let mut roles: Vec<Role> = sequence
            .stages
            .iter()
            .map(|stage| {
                if stage.missing {
                    return Role::Missing(positives);
                }
                positives += 1;
                Role::Positive(positives - 1)
            })
            .collect();
        roles.push(Role::Until);
        Shape { roles, positives, maxspan_ms: sequence.maxspan_ms }
    }

    fn must_miss(&self, gap: usize) -> bool {
        self.roles.contains(&Role::Missing(gap))
    }

    /// The end of the time in which a sequence that began then must be complete; inclusive.
    fn deadline(&self, first: Time) -> Time {
        self.maxspan_ms.map_or(FOREVER, |span| first.plus_millis(span))
    }

    /// The earliest time that a sequence with its last event at `last` can reach back to.
    fn horizon(&self, last: Time) -> Time {
        self.maxspan_ms.map_or(Time(i64::MIN), |span| last.plus_millis(-span))
    }

    /// All stages, `None` where an event must be missing.
    fn spread(&self, events: &[Position]) -> Vec<Option<Position>> {
        let of = |role: &Role| match role {
            Role::Positive(n) => Some(events[*n].clone()),
            _ => None,
        };
        self.roles.iter().filter(|role| **role != Role::Until).map(of).collect()
    }
}

/// What is known of one key.
#[derive(Debug, Default, Serialize, Deserialize)]
struct KeyState {
    /// By the number of events that a partial has: those that wait before that positive stage.
    partials: Vec<Option<Vec<Position>>>,
    /// The latest `until` event.
    until: Option<Position>,
    /// Events of stages that must be missing, in order, with the stage.
    forbidden: VecDeque<(Position, StageNumber)>,
    /// The candidates of this key in [`SequenceCorrelator::pending`].
    pending: Vec<(Time, u64)>,
}

/// A completed candidate that must not be followed by certain events.
#[derive(Debug, Serialize, Deserialize)]
struct Pending {
    key: JoinKey,
    events: Vec<Position>,
    /// If the query forbids an event before the sequence as well as one after it: the latest
    /// event before it. Only both together, within maxspan of each other, undo the candidate.
    leading: Option<Position>,
}

fn time(position: &Position) -> Time {
    position.time.unwrap_or(Time(i64::MIN))
}

impl SequenceCorrelator {
    pub(super) fn new(sequence: &Sequence) -> SequenceCorrelator {
        SequenceCorrelator {
            shape: Shape::new(sequence),
            keys: HashMap::new(),
            pending: BTreeMap::new(),
            next_pending: 0,
            sweep_at: 1024,
            trace: None,
        }
    }

    /// Gives a state that was read back what it is the state of.
    pub(super) fn set_shape(&mut self, sequence: &Sequence) {
        self.shape = Shape::new(sequence);
    }

    pub(super) fn push(&mut self, hit: Hit, found: &mut Collector<'_>) {
        let now = time(&hit.position);
        self.release(now, found);
        self.sweep(now);
        match self.shape.roles[usize::from(hit.stage)] {
            Role::Positive(n) => self.extend(n, hit, found),
            Role::Missing(gap) => self.forbid(gap, hit),
            Role::Until => {
                // Without a partial there is nothing that it could end.
                if let Some(state) = self.keys.get_mut(&hit.key) {
                    state.until = Some(hit.position);
                }
            }
        }
    }

    /// All events up to and including `watermark` have been pushed.
    pub(super) fn advance(&mut self, watermark: Time, found: &mut Collector<'_>) {
        if watermark == FOREVER {
            while let Some((_, pending)) = self.pending.pop_first() {
                self.complete(pending.key, &pending.events, found);
            }
        } else {
            self.release(Time(watermark.0 + 1), found);
        }
    }

    /// What each key came to; partials that still wait count as such.
    pub(super) fn into_trace(mut self) -> Option<Trace> {
        let mut trace = self.trace.take()?;
        let mut keys: Vec<_> = self.keys.into_iter().collect();
        keys.sort_by(|a, b| a.0.cmp(&b.0));
        for (key, state) in keys {
            for partial in state.partials.iter().flatten() {
                let until = state.until.as_ref().filter(|until| partial.last() <= Some(until));
                let ended = until.map_or(Ended::Waiting, |until| Ended::Until(until.clone()));
                trace.record(&key, partial, ended);
            }
        }
        Some(trace)
    }

    /// Gives out the candidates whose time to be forbidden is over before `now`.
    fn release(&mut self, now: Time, found: &mut Collector<'_>) {
        while let Some(entry) = self.pending.first_entry() {
            if entry.key().0 >= now {
                break;
            }
            let (id, pending) = entry.remove_entry();
            if let Some(state) = self.keys.get_mut(&pending.key) {
                state.pending.retain(|other| *other != id);
            }
            self.complete(pending.key, &pending.events, found);
        }
    }

    fn complete(&mut self, key: JoinKey, events: &[Position], found: &mut Collector<'_>) {
        if let Some(trace) = &mut self.trace {
            trace.record(&key, events, Ended::Complete);
        }
        found.give(key, self.shape.spread(events));
    }

    /// An event of the n-th positive stage.
    fn extend(&mut self, n: usize, hit: Hit, found: &mut Collector<'_>) {
        let positives = self.shape.positives;
        let state = self.keys.entry_ref(&hit.key).or_default();
        state.partials.resize(positives, None);
        let mut events = if n == 0 {
            Vec::with_capacity(positives)
        } else {
            let Some(partial) = state.partials[n].take() else { return };
            let first = partial.first().map_or(Time(i64::MIN), time);
            let ended = if time(&hit.position) > self.shape.deadline(first) {
                let span_ms = time(&hit.position).millis().saturating_sub(first.millis());
                Some(Ended::TooLate { event: hit.position.clone(), span_ms })
            } else {
                let until = state.until.as_ref();
                until
                    .filter(|until| partial.last() <= Some(until) && **until < hit.position)
                    .map(|until| Ended::Until(until.clone()))
            };
            if let Some(ended) = ended {
                if let Some(trace) = &mut self.trace {
                    trace.record(&hit.key, &partial, ended);
                }
                return;
            }
            partial
        };
        events.push(hit.position);
        if events.len() == positives {
            return self.candidate(hit.key, events, found);
        }
        let waiting = events.len();
        if let (Some(trace), Some(old)) = (&mut self.trace, &state.partials[waiting])
            && let Some(newer) = events.last()
        {
            trace.record(&hit.key, old, Ended::Replaced(newer.clone()));
        }
        state.partials[waiting] = Some(events);
    }

    /// All positive stages have their event: checks those that must be missing.
    fn candidate(&mut self, key: JoinKey, events: Vec<Position>, found: &mut Collector<'_>) {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        let (leads, trails) = (self.shape.must_miss(0), self.shape.must_miss(self.shape.positives));
        let mut leading = None;
        let mut undone = None;
        if let Some(state) = self.keys.get(&key) {
            let horizon = self.shape.horizon(time(last));
            for (event, stage) in &state.forbidden {
                let Role::Missing(gap) = self.shape.roles[usize::from(*stage)] else { continue };
                if gap == 0 && event < first && time(event) >= horizon {
                    leading = Some(event.clone());
                    if !trails {
                        undone = Some((*stage, event.clone()));
                    }
                } else if (1..events.len()).contains(&gap)
                    && events[gap - 1] < *event
                    && *event < events[gap]
                {
                    undone = Some((*stage, event.clone()));
                }
            }
        }
        if let Some((stage, event)) = undone {
            if let Some(trace) = &mut self.trace {
                trace.record(&key, &events, Ended::Present { stage, event });
            }
        } else if trails && (!leads || leading.is_some()) {
            let id = (self.shape.deadline(time(first)), self.next_pending);
            self.next_pending += 1;
            self.keys.entry_ref(&key).or_default().pending.push(id);
            self.pending.insert(id, Pending { key, events, leading });
        } else {
            self.complete(key, &events, found);
        }
    }

    /// An event of a stage that must be missing before the `gap`-th positive stage.
    fn forbid(&mut self, gap: usize, hit: Hit) {
        let horizon = self.shape.horizon(time(&hit.position));
        let state = self.keys.entry_ref(&hit.key).or_default();
        if gap < self.shape.positives {
            while state.forbidden.front().is_some_and(|(old, _)| time(old) < horizon) {
                state.forbidden.pop_front();
            }
            state.forbidden.push_back((hit.position, hit.stage));
            return;
        }
        // After the last stage: it undoes the candidates that wait for just that. Those whose time
        // is over were given out before.
        let undone = |pending: &Pending| {
            let follows = pending.events.last() < Some(&hit.position);
            follows && pending.leading.as_ref().is_none_or(|leading| time(leading) >= horizon)
        };
        let mut kept = Vec::new();
        for id in state.pending.drain(..) {
            match self.pending.get(&id) {
                Some(pending) if undone(pending) => {
                    if let Some(trace) = &mut self.trace {
                        let ended =
                            Ended::Present { stage: hit.stage, event: hit.position.clone() };
                        trace.record(&hit.key, &pending.events, ended);
                    }
                    self.pending.remove(&id);
                }
                Some(_) => kept.push(id),
                None => {}
            }
        }
        state.pending = kept;
    }

    /// Forgets keys that can come to nothing any more, each time their number has doubled.
    fn sweep(&mut self, now: Time) {
        if self.keys.len() < self.sweep_at || self.trace.is_some() {
            return;
        }
        let horizon = self.shape.horizon(now);
        self.keys.retain(|_, state| {
            while state.forbidden.front().is_some_and(|(old, _)| time(old) < horizon) {
                state.forbidden.pop_front();
            }
            for partial in &mut state.partials {
                if partial.as_ref().is_some_and(|p| p.first().is_some_and(|f| time(f) < horizon)) {
                    *partial = None;
                }
            }
            !state.forbidden.is_empty()
                || !state.pending.is_empty()
                || state.partials.iter().any(Option::is_some)
        });
        self.sweep_at = (self.keys.len() * 2).max(1024);
    }
}
