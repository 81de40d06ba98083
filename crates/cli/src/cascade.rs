//! Rules that read alerts: those of the files, and those of the run, their own among them.
//!
//! They are all run together on everything there is to read, again and again until their alerts stay as they are: a rule
//! over alerts of a rule over alerts is then run on all of them at once, and counts and joins what belongs together.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io;

use dragnet_detect::{ALERTS_INDEX, Alert, EventIdentity, goes_back_to};
use dragnet_engine::{Hit, Hits, Matcher, RuleSet, correlate};
use dragnet_event::{Batch, Document, EventRef, Field};
use dragnet_rules::LoadedRule;

use crate::args::{Clock, Evaluator};
use crate::by_row::ByRow;
use crate::pursuit::rule_set;
use crate::raise::{Bounds, Cuts, Events, FIRST_ALERT_SOURCE, Fetch, Round, events_of};
use crate::scan::ShownEvent;
use crate::summary::Counts;

/// How often rules are run on each other's alerts. A rule does not answer to itself, so that it ends by itself long
/// before this, unless two rules ask for the absence of each other's alerts.
const MAX_ROUNDS: u32 = 8;

/// Takes an alert.
pub(crate) type Each<'a> = dyn FnMut(&Alert<'_>) -> io::Result<()> + 'a;

/// The rules that read alerts, and what they have found in the files.
pub(crate) struct Readers {
    rules: Vec<LoadedRule>,
    set: RuleSet,
    hits: Vec<Hit>,
    /// The number of the files; sources between these and the alerts are of the history.
    own_sources: u32,
}

impl Readers {
    /// Those among all rules; takes their hits away.
    pub(crate) fn new(
        all: &[LoadedRule],
        clock: Clock,
        own_sources: u32,
        hits: &mut Hits,
    ) -> Readers {
        let readers = all.iter().enumerate().filter(|(_, rule)| rule.rule.reads_alerts());
        let (numbers, rules): (Vec<u32>, Vec<LoadedRule>) =
            readers.map(|(number, rule)| (number as u32, rule.clone())).unzip();
        let of = |(query, number): (u32, u32)| {
            hits.of(number).into_iter().map(move |hit| Hit { query, ..hit })
        };
        let taken = (0..).zip(numbers.iter().copied()).flat_map(of).collect();
        if !numbers.is_empty() {
            hits.retain(|query| !numbers.contains(&query));
        }
        let set = rule_set(&rules, clock);
        Readers { rules, set, hits: taken, own_sources }
    }

    /// What they find in these alerts besides the files.
    fn round(
        &self,
        alerts: &[Hit],
        bounds: Bounds,
        events: &mut Events,
        fetch: &mut Fetch<'_>,
    ) -> (Round<'_>, u64) {
        let hits = self.hits.iter().chain(alerts).cloned().collect();
        let mut correlated = correlate::run(&Hits::pack(hits), self.set.queries(), 1);
        correlated.findings.retain(|finding| {
            let shown = |e: EventRef| e.source < self.own_sources || e.source >= FIRST_ALERT_SOURCE;
            events_of(std::slice::from_ref(finding)).all(shown)
        });
        let round = Round::new(&self.rules, correlated.findings, bounds, events, fetch);
        (round, correlated.forgotten)
    }
}

/// Writes the alerts of a round, and of the rules that read alerts, what they say of those: each after the alerts
/// that it is about. Goes on counting if they cannot be written.
pub(crate) struct Cascade<'a> {
    /// Takes each alert.
    each: &'a mut Each<'a>,
    pub(crate) counts: Counts,
    pub(crate) cuts: Cuts,
    bounds: Bounds,
    time_field: &'a Field,
    evaluator: Evaluator,
    /// Combinations of values that new-terms rules over alerts have forgotten for want of room.
    pub(crate) forgotten: u64,
    /// Whether rules over alerts still changed their minds when the last round was over.
    pub(crate) unsettled: bool,
    /// The ids of the alerts so far.
    ids: HashSet<String>,
}

impl<'a> Cascade<'a> {
    /// Nothing yet.
    pub(crate) fn new(
        each: &'a mut Each<'a>,
        bounds: Bounds,
        time_field: &'a Field,
        evaluator: Evaluator,
    ) -> Cascade<'a> {
        let (counts, cuts) = (Counts::default(), Cuts::default());
        let (forgotten, unsettled, ids) = (0, false, HashSet::new());
        Cascade { each, counts, cuts, bounds, time_field, evaluator, forgotten, unsettled, ids }
    }

    /// Writes everything.
    ///
    /// # Errors
    /// The first failure to write.
    // `cargo xtask instructions` counts it.
    #[inline(never)]
    pub(crate) fn run(
        &mut self,
        first: &Round<'_>,
        readers: &Readers,
        events: &mut Events,
        fetch: &mut Fetch<'_>,
    ) -> io::Result<()> {
        let mut matched = Matched::new(readers, self.evaluator, self.time_field, 0);
        let written = self.write(first, events, fetch, &mut matched);
        if readers.rules.is_empty() {
            return written;
        }
        let Matched { hits: plain, documents, .. } = matched;
        events.extend(documents);
        let mut alerts = plain.clone();
        let mut before = Vec::new();
        for number in 1..=MAX_ROUNDS {
            let (round, forgotten) = readers.round(&alerts, self.bounds, events, fetch);
            let mut matched = Matched::new(readers, self.evaluator, self.time_field, number);
            let mut all = Vec::new();
            round.each(events, fetch, &|_, _| false, &mut |alert| {
                matched.add(&alert);
                all.push(alert.document());
            });
            if all == before || number == MAX_ROUNDS {
                self.forgotten = forgotten;
                self.unsettled = all != before;
                let mut unread = Matched::new(readers, self.evaluator, self.time_field, number);
                return written.and(self.write(&round, events, fetch, &mut unread));
            }
            before = all;
            drop(round);
            alerts = [plain.as_slice(), &matched.hits].concat();
            events.extend(matched.documents);
        }
        written
    }

    /// Writes the alerts of one round, and shows them to the rules that read alerts.
    fn write(
        &mut self,
        round: &Round<'_>,
        events: &mut Events,
        fetch: &mut Fetch<'_>,
        matched: &mut Matched<'_>,
    ) -> io::Result<()> {
        round.count_cuts(&mut self.cuts);
        let mut written = Ok(());
        let ids = RefCell::new(std::mem::take(&mut self.ids));
        let repeated = Cell::new(0);
        // Kibana: an alert whose id is there already is not written again.
        let is_there = |id: &str, count: usize| {
            let is_there = ids.borrow().contains(id);
            repeated.set(repeated.get() + if is_there { count as u64 } else { 0 });
            is_there
        };
        round.each(events, fetch, &is_there, &mut |alert| {
            if !ids.borrow_mut().insert(alert.id.clone()) {
                repeated.set(repeated.get() + 1);
                return;
            }
            self.counts.add(&alert);
            if written.is_ok() {
                written = (self.each)(&alert);
            }
            if !matched.readers.rules.is_empty() {
                matched.add(&alert);
            }
        });
        self.ids = ids.into_inner();
        self.cuts.repeated += repeated.into_inner();
        written
    }
}

/// What the rules that read alerts have found in those of one round.
struct Matched<'a> {
    readers: &'a Readers,
    batch: Batch,
    matcher: Matcher<'a>,
    /// In place of the two, if it is asked for.
    by_row: Option<ByRow<'a>>,
    time_field: &'a Field,
    hits: Vec<Hit>,
    documents: Events,
    /// The next alert.
    next: EventRef,
}

impl<'a> Matched<'a> {
    fn new(
        readers: &'a Readers,
        evaluator: Evaluator,
        time_field: &'a Field,
        round: u32,
    ) -> Matched<'a> {
        Matched {
            readers,
            by_row: (evaluator == Evaluator::Reference).then(|| ByRow::new(&readers.set)),
            time_field,
            batch: Batch::new(readers.set.fields(), time_field),
            matcher: Matcher::new(&readers.set),
            hits: Vec::new(),
            documents: Events::new(),
            next: EventRef { source: FIRST_ALERT_SOURCE + round, block: 0, index: 0 },
        }
    }

    fn add(&mut self, alert: &Alert<'_>) {
        let event = self.next;
        self.next.index += 1;
        let Matched { readers, hits, .. } = self;
        let before = hits.len();
        // Few alerts are worth the copy.
        let mut document: Option<Document> = None;
        let mut take = |hit: Hit| {
            let alert = document.get_or_insert_with(|| alert.document());
            // Kibana: a rule does not answer to itself.
            if !goes_back_to(alert, &readers.rules[hit.query as usize].rule.rule_id) {
                hits.push(hit);
            }
        };
        if let Some(by_row) = &mut self.by_row {
            by_row.document(&alert.document(), self.time_field, event);
            by_row.take().into_iter().for_each(take);
        } else {
            alert.flatten_into(&mut self.batch);
            self.batch.end_row(event);
            self.matcher.run(&self.batch, &mut take);
            self.batch.clear();
        }
        if let Some(document) = document.filter(|_| hits.len() > before) {
            let identity = EventIdentity { index: ALERTS_INDEX.to_owned(), id: alert.id.clone() };
            let path = String::new();
            self.documents.insert(event, ShownEvent { document, path, identity });
        }
    }
}
