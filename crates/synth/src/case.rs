//! Cases: a set of events that a query must find, and sets that it must not.

use std::fmt::Display;

use dragnet_event::{Document, Time, Value};
use dragnet_plan::{Condition, Query, Sample, Sequence, Stage};

use crate::breaks::{clauses, describe, with_broken};
use crate::event::Event;
use crate::keys::{Joined, belong_together, is, is_alike, keeping};
use crate::solve::Goal;
use crate::{Synth, Unsatisfiable};

/// Events for one query.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// Events that make a finding, in order.
    pub positive: Vec<Document>,
    /// Sets of events that make none.
    pub negatives: Vec<Negative>,
    /// Defects for which no events were found.
    pub unbroken: Vec<Unbroken>,
}

/// Events that lack one thing.
#[derive(Debug, Clone)]
pub struct Negative {
    /// What is wrong with them.
    pub defect: Defect,
    /// The events, in order.
    pub events: Vec<Document>,
}

/// A defect that could not be made.
#[derive(Debug, Clone)]
pub struct Unbroken {
    /// The defect.
    pub defect: Defect,
    /// Why there are no such events.
    pub reason: String,
}

/// What is wrong with a set of events. Stages are counted from 0, missing ones too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Defect {
    /// One clause of a stage does not hold.
    Clause {
        /// The stage.
        stage: usize,
        /// The clause, cut off where it is long.
        clause: String,
    },
    /// The event of a stage has another value in one join key.
    Key {
        /// The key, counted from 0.
        key: usize,
    },
    /// Two events come in the wrong order.
    Order,
    /// The last event comes one millisecond after `maxspan`.
    TooLate,
    /// An event of `until` comes before the last one.
    Until,
    /// There is an event that must be missing.
    Present {
        /// The stage.
        stage: usize,
    },
    /// There is one event too few.
    Count,
    /// The field whose values are counted has one value in all events.
    Cardinality,
    /// What is to be new was there before.
    Known,
}

impl Defect {
    /// The kind, in a word or two.
    pub const fn kind(&self) -> &'static str {
        match self {
            Defect::Clause { .. } => "clause broken",
            Defect::Key { .. } => "key differs",
            Defect::Order => "order swapped",
            Defect::TooLate => "too late",
            Defect::Until => "until between",
            Defect::Present { .. } => "missing event present",
            Defect::Count => "one event too few",
            Defect::Cardinality => "too few values",
            Defect::Known => "known before",
        }
    }

    /// How many findings its events make all the same: what is known before was new when it came.
    pub const fn findings(&self) -> usize {
        match self {
            Defect::Known => 1,
            _ => 0,
        }
    }
}

/// Why one event more is not enough.
const SEVERAL_KEYS: &str = "the events have several keys in common";

/// Events with their times, in order.
pub(crate) type Timed<'a> = Vec<(Time, &'a Event)>;

/// What is being made.
pub(crate) struct Making<'a, 's> {
    pub(crate) synth: &'a Synth<'s>,
    pub(crate) case: Case,
}

impl Synth<'_> {
    /// Events that a query must find, and sets that it must not, each with one defect.
    ///
    /// # Errors
    /// If no events were found that satisfy the query.
    pub fn case(&self, query: &Query) -> Result<Case, Unsatisfiable> {
        let mut making = Making { synth: self, case: Case::default() };
        match query {
            Query::Event { condition, .. } => making.event(condition)?,
            Query::Sequence(sequence) => making.sequence(sequence)?,
            Query::Sample(sample) => making.sample(sample)?,
            Query::Threshold(threshold) => making.threshold(threshold)?,
            Query::NewTerms(new_terms) => making.new_terms(new_terms)?,
            // That some indicator has the event's values is part of the condition.
            Query::IndicatorMatch(matching) => making.event(&matching.condition)?,
        }
        Ok(making.case)
    }
}

impl Making<'_, '_> {
    pub(crate) fn documents(&self, set: &str, events: &Timed<'_>) -> Vec<Document> {
        let document = |(at, (time, event)): (usize, &(Time, &Event))| {
            event.document(&format!("{}-{set}-{at}", self.synth.name), *time)
        };
        events.iter().enumerate().map(document).collect()
    }

    pub(crate) fn negative(&mut self, defect: Defect, events: &Timed<'_>) {
        let set = format!("n{}", self.case.negatives.len());
        let events = self.documents(&set, events);
        self.case.negatives.push(Negative { defect, events });
    }

    pub(crate) fn unbroken(&mut self, defect: Defect, reason: &dyn Display) {
        self.case.unbroken.push(Unbroken { defect, reason: reason.to_string() });
    }

    /// Adds what an attempt came to: the events, or why there are none.
    pub(crate) fn attempt(&mut self, defect: Defect, events: Result<Timed<'_>, Unsatisfiable>) {
        match events {
            Ok(events) => self.negative(defect, &events),
            Err(reason) => self.unbroken(defect, &reason),
        }
    }

    /// One event; each clause broken once.
    fn event(&mut self, condition: &Condition) -> Result<(), Unsatisfiable> {
        let (synth, start) = (self.synth, self.synth.start);
        let whole = synth.event(condition)?;
        self.case.positive = self.documents("p", &vec![(start, &whole)]);
        let clauses = clauses(condition);
        for (broken, clause) in clauses.iter().enumerate() {
            let event = synth.without(&clauses, broken, &[], &whole);
            let events = event.as_ref().map(|event| vec![(start, event)]);
            let defect = Defect::Clause { stage: 0, clause: describe(*clause) };
            self.attempt(defect, events.map_err(Clone::clone));
        }
        Ok(())
    }

    fn sequence(&mut self, sequence: &Sequence) -> Result<(), Unsatisfiable> {
        let stages: Vec<(usize, &Stage)> =
            sequence.stages.iter().enumerate().filter(|(_, stage)| !stage.missing).collect();
        let positives: Vec<&Stage> = stages.iter().map(|(_, stage)| *stage).collect();
        let until = sequence.until.as_ref().map(|until| &until.condition);
        let joined = self.synth.join(&positives, until)?;
        let whole = Line::new(self.synth.start, sequence.maxspan_ms, &joined.events);
        self.case.positive = self.documents("p", &whole.with(None));
        for (at, (number, stage)) in stages.iter().enumerate() {
            // Of equal stages in a row the last is broken.
            if positives.get(at + 1).is_some_and(|next| is_alike(next, stage)) {
                continue;
            }
            let broken = self.synth.broken(*number, &positives, at, &joined, until);
            for (defect, broken) in broken {
                let events = broken.as_ref().map(|events| whole.all(events));
                self.attempt(defect, events.map_err(Clone::clone));
            }
        }
        // With as many events as stages, each can only be the one of its place.
        self.keys(&positives, &joined, &whole, &|events| belong_together(&positives, events));
        self.order(&positives, &whole);
        self.too_late(sequence.maxspan_ms, &whole);
        self.until(sequence.until.as_ref(), &positives, &joined, &whole);
        self.present(sequence, &positives, &joined, &whole);
        Ok(())
    }

    /// Each key differs once. `is_found` says of events whether they are a finding all the same.
    fn keys(
        &mut self,
        stages: &[&Stage],
        joined: &Joined,
        whole: &Line<'_>,
        is_found: &dyn Fn(&[&Event]) -> bool,
    ) {
        // A single event has no other to differ from.
        let keys = 0..if stages.len() > 1 { joined.keys.len() } else { 0 };
        for key in keys {
            let mut failure = None;
            let found = (0..stages.len()).rev().find_map(|at| {
                let event = self.synth.with_other_key(stages[at], &joined.keys, key);
                let event = event.map_err(|error| failure.get_or_insert(error).clone()).ok()?;
                let mut events: Vec<&Event> = joined.events.iter().collect();
                events[at] = &event;
                (!is_found(&events)).then_some((at, event))
            });
            let events = found.as_ref().map(|(at, event)| whole.with(Some((*at, event))));
            let reason = || Unsatisfiable {
                reason: "the events belong together by another value".into(),
                clause: format!("join key {}", key + 1),
            };
            self.attempt(Defect::Key { key }, events.ok_or_else(|| failure.unwrap_or_else(reason)));
        }
    }

    /// Two neighbours that cannot stand for each other change places.
    fn order(&mut self, stages: &[&Stage], whole: &Line<'_>) {
        let holds = |stage: &Stage, event| self.synth.evaluator.holds(&stage.condition, event);
        let pair = (1..stages.len()).find(|at| {
            let (one, other) = (&whole.events[at - 1], &whole.events[*at]);
            !(holds(stages[at - 1], other) && holds(stages[*at], one))
        });
        match pair {
            Some(at) => {
                let mut events = whole.with(None);
                (events[at - 1].1, events[at].1) = (events[at].1, events[at - 1].1);
                self.negative(Defect::Order, &events);
            }
            None if stages.len() < 2 => {}
            None => self.unbroken(Defect::Order, &"each two neighbours can stand for each other"),
        }
    }

    fn too_late(&mut self, maxspan_ms: Option<i64>, whole: &Line<'_>) {
        let mut events = whole.with(None);
        let (Some(span), [(first, _), .., (last, _)]) = (maxspan_ms, &mut events[..]) else {
            return;
        };
        *last = first.plus_millis(span.saturating_add(1));
        self.negative(Defect::TooLate, &events);
    }

    /// An event of `until` that does not itself complete the sequence.
    fn until(
        &mut self,
        until: Option<&Stage>,
        stages: &[&Stage],
        joined: &Joined,
        whole: &Line<'_>,
    ) {
        let (Some(until), [_, .., last]) = (until, stages) else { return };
        if !joined.is_alone(stages) {
            return self.unbroken(Defect::Until, &SEVERAL_KEYS);
        }
        let event = self.synth.with_key(until, &joined.keys, &[&last.condition]);
        let before_last = whole.events.len() - 1;
        let events = event.as_ref().map(|event| whole.between(&[(before_last, event)]));
        self.attempt(Defect::Until, events.map_err(Clone::clone));
    }

    /// Each event that must be missing is there once.
    /// It must not be one of the others, or it could begin a sequence of its own.
    fn present(
        &mut self,
        sequence: &Sequence,
        stages: &[&Stage],
        joined: &Joined,
        whole: &Line<'_>,
    ) {
        let others: Vec<&Condition> = stages.iter().map(|stage| &stage.condition).collect();
        let last_gap = whole.events.len();
        let mut gap = 0;
        let mut made = Vec::new();
        for (number, stage) in sequence.stages.iter().enumerate() {
            if stage.missing {
                made.push((number, gap, self.synth.with_key(stage, &joined.keys, &others)));
            } else {
                gap += 1;
            }
        }
        let has = |wanted| made.iter().any(|(_, gap, _)| *gap == wanted);
        // Elasticsearch: if there must be none before and none after, only both together count.
        let at_both_ends = has(0) && has(last_gap);
        let is_end = |gap: usize| at_both_ends && (gap == 0 || gap == last_gap);
        for (number, gap, _) in &made {
            let together: Result<Vec<(usize, &Event)>, Unsatisfiable> = made
                .iter()
                .filter(|(other, at, _)| other == number || (is_end(*gap) && is_end(*at)))
                .map(|(_, at, event)| Ok((*at, event.as_ref().map_err(Clone::clone)?)))
                .collect();
            let events = together.map(|inserted| whole.between(&inserted));
            let defect = Defect::Present { stage: *number };
            if joined.is_alone(stages) {
                self.attempt(defect, events);
            } else {
                self.unbroken(defect, &SEVERAL_KEYS);
            }
        }
    }

    fn sample(&mut self, sample: &Sample) -> Result<(), Unsatisfiable> {
        let stages: Vec<&Stage> = sample.stages.iter().collect();
        let joined = self.synth.join(&stages, None)?;
        let whole = Line::new(self.synth.start, None, &joined.events);
        self.case.positive = self.documents("p", &whole.with(None));
        for at in 0..stages.len() {
            for (defect, broken) in self.synth.broken(at, &stages, at, &joined, None) {
                match broken {
                    Ok(events)
                        if self.synth.is_sample(&stages, &events.iter().collect::<Vec<_>>()) =>
                    {
                        self.unbroken(defect, &"the events satisfy the stages in another order");
                    }
                    Ok(events) => self.negative(defect, &whole.all(&events)),
                    Err(error) => self.unbroken(defect, &error),
                }
            }
        }
        let synth = self.synth;
        self.keys(&stages, &joined, &whole, &|events| synth.is_sample(&stages, events));
        Ok(())
    }
}

impl Synth<'_> {
    /// Whether each stage can have an event of its own, in any order, so that they belong together.
    fn is_sample(&self, stages: &[&Stage], events: &[&Event]) -> bool {
        // There are at most five stages: 120 orders.
        let mut orders: Vec<Vec<&Event>> = vec![Vec::new()];
        for stage in stages {
            let fits = |event: &&Event| self.evaluator.holds(&stage.condition, event);
            let fitting: Vec<&Event> = events.iter().copied().filter(fits).collect();
            let longer = orders.iter().flat_map(|order| {
                let is_free = |event: &&Event| !order.iter().any(|own| std::ptr::eq(*own, *event));
                let free = fitting.iter().copied().filter(is_free);
                free.map(|event| [order.as_slice(), &[event]].concat())
            });
            orders = longer.collect();
        }
        orders.iter().any(|order| belong_together(stages, order))
    }

    /// Events of all stages, with each clause of one stage broken in turn; `number` is the stage's in
    /// the query.
    fn broken(
        &self,
        number: usize,
        stages: &[&Stage],
        at: usize,
        joined: &Joined,
        until: Option<&Condition>,
    ) -> Vec<(Defect, Result<Vec<Event>, Unsatisfiable>)> {
        let clauses: Vec<Goal<'_>> = clauses(&stages[at].condition);
        let keep = keeping(stages[at], &joined.keys);
        let broken = |broken: usize| {
            let event = match self.without(&clauses, broken, &keep, &joined.events[at]) {
                Ok(event) => event,
                Err(error) => {
                    // Perhaps the keys are in the way: all events anew, with whatever keys.
                    let other =
                        Stage { condition: with_broken(&clauses, broken), ..stages[at].clone() };
                    let mut stages = stages.to_vec();
                    stages[at] = &other;
                    return self
                        .join(&stages, until)
                        .map(|joined| joined.events)
                        .map_err(|_| error);
                }
            };
            let mut events = joined.events.clone();
            events[at] = event;
            Ok(events)
        };
        let defect = |clause| Defect::Clause { stage: number, clause: describe(clause) };
        let each = clauses.iter().enumerate();
        each.map(|(at, clause)| (defect(*clause), broken(at))).collect()
    }

    /// An event of a stage that has these keys but for one.
    pub(crate) fn with_other_key(
        &self,
        stage: &Stage,
        keys: &[Option<Value>],
        key: usize,
    ) -> Result<Event, Unsatisfiable> {
        let impossible = || Unsatisfiable {
            reason: "the key cannot be another".into(),
            clause: format!("key {}", key + 1),
        };
        let field = stage.keys[key].field.as_ref().ok_or_else(impossible)?;
        let mut goals_of: Vec<Condition> = Vec::new();
        for (at, own) in stage.keys.iter().enumerate() {
            let Some(other) = own.field.as_ref().filter(|_| at != key) else { continue };
            // The same field may stand in two keys; then both differ.
            if other != field {
                goals_of.push(is(other, keys[at].as_ref()));
            }
        }
        let same = is(field, keys[key].as_ref());
        let mut failure = None;
        for other in 1..3 {
            let differs = is(field, Some(&self.key_value(field, key, other)));
            let mut goals: Vec<Goal<'_>> = goals_of.iter().map(|goal| (goal, true)).collect();
            goals.push((&same, false));
            // The second time anything that differs will do.
            if other == 1 {
                goals.push((&differs, true));
            }
            goals.push((&stage.condition, true));
            match self.solve(&goals) {
                Ok(event) => return Ok(event),
                Err(error) => failure = Some(error),
            }
        }
        Err(failure.unwrap_or_else(impossible))
    }
}

/// Events at equal distances in time.
struct Line<'a> {
    start: Time,
    /// Ticks of [`Time`] between two events.
    step: i64,
    events: &'a [Event],
}

/// Ticks in a second and in a millisecond.
const SECOND: i64 = 10_000_000;
const MILLISECOND: i64 = 10_000;

impl<'a> Line<'a> {
    /// Within `maxspan`, with room before, between and after the events.
    fn new(start: Time, maxspan_ms: Option<i64>, events: &'a [Event]) -> Line<'a> {
        let room = maxspan_ms.map_or(i64::MAX, |ms| ms.saturating_mul(MILLISECOND));
        let step = (room / (events.len() as i64 + 1)).clamp(0, SECOND);
        // Whole milliseconds, halves too, where there are enough of them.
        let step = if step >= 2 * MILLISECOND { step - step % (2 * MILLISECOND) } else { step };
        Line { start, step, events }
    }

    fn time(&self, at: usize) -> Time {
        Time(self.start.0.saturating_add(self.step.saturating_mul(at as i64)))
    }

    /// Other events in place of these.
    fn all(&self, events: &'a [Event]) -> Timed<'a> {
        events.iter().enumerate().map(|(at, event)| (self.time(at), event)).collect()
    }

    /// All events, one of them replaced.
    fn with(&self, other: Option<(usize, &'a Event)>) -> Timed<'a> {
        let event = |at| other.filter(|(place, _)| *place == at).map(|(_, event)| event);
        let own = self.events.iter().enumerate();
        own.map(|(at, own)| (self.time(at), event(at).unwrap_or(own))).collect()
    }

    /// All events, and others half a step before the event of a place; the place after the last is
    /// after the last.
    fn between(&self, others: &[(usize, &'a Event)]) -> Timed<'a> {
        let mut events = Timed::new();
        for at in 0..=self.events.len() {
            let time = Time(self.time(at).0.saturating_sub(self.step / 2));
            let inserted = others.iter().filter(|(place, _)| *place == at);
            events.extend(inserted.map(|(_, event)| (time, *event)));
            events.extend(self.events.get(at).map(|event| (self.time(at), event)));
        }
        events
    }
}
