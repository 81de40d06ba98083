//! Cases: a set of events that a query must find, and sets that it must not.

use dragnet_event::{Document, Time, Value};
use dragnet_plan::{Condition, Query, Sample, Sequence, Stage};

use crate::breaks::{clauses, describe};
use crate::event::Event;
use crate::keys::{Joined, is, is_alike, keeping};
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
        }
    }
}

/// Events with their times, in order.
type Timed<'a> = Vec<(Time, &'a Event)>;

/// What is being made.
struct Making<'a, 's> {
    synth: &'a Synth<'s>,
    case: Case,
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
        }
        Ok(making.case)
    }
}

impl Making<'_, '_> {
    fn documents(&self, set: &str, events: &Timed<'_>) -> Vec<Document> {
        let document = |(at, (time, event)): (usize, &(Time, &Event))| {
            event.document(&format!("{}-{set}-{at}", self.synth.name), *time)
        };
        events.iter().enumerate().map(document).collect()
    }

    fn negative(&mut self, defect: Defect, events: &Timed<'_>) {
        let set = format!("n{}", self.case.negatives.len());
        let events = self.documents(&set, events);
        self.case.negatives.push(Negative { defect, events });
    }

    fn unbroken(&mut self, defect: Defect, reason: impl ToString) {
        self.case.unbroken.push(Unbroken { defect, reason: reason.to_string() });
    }

    /// Adds what an attempt came to: the events, or why there are none.
    fn attempt(&mut self, defect: Defect, events: Result<Timed<'_>, Unsatisfiable>) {
        match events {
            Ok(events) => self.negative(defect, &events),
            Err(reason) => self.unbroken(defect, reason),
        }
    }

    /// One event; each clause broken once.
    fn event(&mut self, condition: &Condition) -> Result<(), Unsatisfiable> {
        let (synth, start) = (self.synth, self.synth.start);
        let whole = synth.event(condition)?;
        self.case.positive = self.documents("p", &vec![(start, &whole)]);
        for (defect, broken) in synth.broken(0, condition, &[], &whole) {
            let events = broken.as_ref().map(|event| vec![(start, event)]);
            self.attempt(defect, events.map_err(Clone::clone));
        }
        Ok(())
    }

    fn sequence(&mut self, sequence: &Sequence) -> Result<(), Unsatisfiable> {
        let stages: Vec<(usize, &Stage)> =
            sequence.stages.iter().enumerate().filter(|(_, stage)| !stage.missing).collect();
        let positives: Vec<&Stage> = stages.iter().map(|(_, stage)| *stage).collect();
        let joined =
            self.synth.join(&positives, sequence.until.as_ref().map(|until| &until.condition))?;
        let whole = Line::new(self.synth.start, sequence.maxspan_ms, &joined.events);
        self.case.positive = self.documents("p", &whole.with(None));
        for (at, (number, stage)) in stages.iter().enumerate() {
            // Of equal stages in a row the last is broken.
            if positives.get(at + 1).is_some_and(|next| is_alike(next, stage)) {
                continue;
            }
            let keep = keeping(stage, &joined.keys);
            let broken = self.synth.broken(*number, &stage.condition, &keep, &joined.events[at]);
            for (defect, broken) in broken {
                let events = broken.as_ref().map(|event| whole.with(Some((at, event))));
                self.attempt(defect, events.map_err(Clone::clone));
            }
        }
        self.keys(&positives, &joined, &whole);
        self.order(&positives, &whole);
        self.too_late(sequence.maxspan_ms, &whole);
        self.until(sequence.until.as_ref(), &positives, &joined, &whole);
        self.present(sequence, &positives, &joined, &whole);
        Ok(())
    }

    /// Each key differs once.
    fn keys(&mut self, stages: &[&Stage], joined: &Joined, whole: &Line<'_>) {
        // A single event has no other to differ from.
        let keys = 0..if stages.len() > 1 { joined.keys.len() } else { 0 };
        for key in keys {
            let mut failure = None;
            let found = (0..stages.len()).rev().find_map(|at| {
                let event = self.synth.with_other_key(stages[at], &joined.keys, key);
                let event = event.map_err(|error| failure.get_or_insert(error).clone()).ok()?;
                let apart = (0..stages.len()).any(|other| {
                    other != at
                        && are_apart(stages, (at, &event), (other, &whole.events[other]), key)
                });
                apart.then_some((at, event))
            });
            let events = found.as_ref().map(|(at, event)| whole.with(Some((*at, event))));
            self.attempt(Defect::Key { key }, events.ok_or(failure.unwrap_or_default()));
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
            None => self.unbroken(Defect::Order, "each two neighbours can stand for each other"),
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
            self.attempt(Defect::Present { stage: *number }, events);
        }
    }

    fn sample(&mut self, sample: &Sample) -> Result<(), Unsatisfiable> {
        let stages: Vec<&Stage> = sample.stages.iter().collect();
        let joined = self.synth.join(&stages, None)?;
        let whole = Line::new(self.synth.start, None, &joined.events);
        self.case.positive = self.documents("p", &whole.with(None));
        for (at, stage) in stages.iter().enumerate() {
            let keep = keeping(stage, &joined.keys);
            for (defect, broken) in
                self.synth.broken(at, &stage.condition, &keep, &joined.events[at])
            {
                let events = broken.as_ref().map(|event| whole.with(Some((at, event))));
                match events {
                    Ok(events) if self.can_be_assigned(&stages, &events) => {
                        self.unbroken(defect, "the events satisfy the stages in another order");
                    }
                    events => self.attempt(defect, events.map_err(Clone::clone)),
                }
            }
        }
        self.keys(&stages, &joined, &whole);
        Ok(())
    }

    /// Whether each stage can have an event of its own, in any order.
    fn can_be_assigned(&self, stages: &[&Stage], events: &Timed<'_>) -> bool {
        let Some((stage, rest)) = stages.split_first() else { return true };
        (0..events.len()).any(|at| {
            let mut left = events.clone();
            let (_, event) = left.remove(at);
            self.synth.evaluator.holds(&stage.condition, event) && self.can_be_assigned(rest, &left)
        })
    }
}

/// Whether two events, each with its stage's number, have no value of a key in common.
fn are_apart(
    stages: &[&Stage],
    (at, one): (usize, &Event),
    (other_at, other): (usize, &Event),
    key: usize,
) -> bool {
    let values = |at: usize, event: &Event| -> Option<Vec<String>> {
        let field = stages[at].keys[key].field.as_ref()?;
        Some(event.values(field.path()).iter().map(|value| value.text().into_owned()).collect())
    };
    let (one, other) = (values(at, one), values(other_at, other));
    let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
    one.is_empty() != other.is_empty() || !one.iter().any(|value| other.contains(value))
}

impl Synth<'_> {
    /// A stage's event with each clause broken in turn.
    fn broken(
        &self,
        stage: usize,
        condition: &Condition,
        keep: &[Condition],
        whole: &Event,
    ) -> Vec<(Defect, Result<Event, Unsatisfiable>)> {
        let clauses: Vec<Goal<'_>> = clauses(condition);
        let defect = |clause| Defect::Clause { stage, clause: describe(clause) };
        let each = clauses.iter().enumerate();
        each.map(|(at, clause)| (defect(*clause), self.without(&clauses, at, keep, whole)))
            .collect()
    }

    /// An event of a stage that has these keys but for one.
    fn with_other_key(
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
