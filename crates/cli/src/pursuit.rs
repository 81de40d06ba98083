//! The whole way from rules and logs to alerts: what `hunt`, `test` and `backtest` have in common.

use std::io;
use std::sync::Arc;

use dragnet_engine::{RuleSet, correlate};
use dragnet_event::{EventRef, Field};
use dragnet_plan::Query;
use dragnet_rules::LoadedRule;

use crate::args::{Clock, Evaluator};
use crate::cascade::{Cascade, Each, Readers};
use crate::progress::Progress;
use crate::raise::{Bounds, Cuts, Events, FEW, FIRST_ALERT_SOURCE, MANY, Round, events_of};
use crate::scan::{Outcome, Scan};
use crate::summary::{Counts, counted};

/// Rules, and what they are run over. The sources of all scans, those of the history last, have numbers of their own
/// ([`Scan::first`]).
#[derive(Clone, Copy)]
pub(crate) struct Pursuit<'a> {
    pub(crate) rules: &'a [LoadedRule],
    /// The same rules, compiled together ([`rule_set`]).
    pub(crate) rule_set: &'a RuleSet,
    /// What is hunted through.
    pub(crate) scans: &'a [Scan<'a>],
    /// What is from before: it tells new-terms rules what is known, and raises no alerts.
    pub(crate) history: &'a [Scan<'a>],
    /// By which time executions choose events.
    pub(crate) clock: Clock,
    /// The field that an event's time is in.
    pub(crate) time_field: &'a Field,
    /// What finds the hits.
    pub(crate) evaluator: Evaluator,
    /// Whether executions raise no more than `max_signals`.
    pub(crate) capped: bool,
    /// Whether progress is shown.
    pub(crate) visible: bool,
}

/// What came of it, but for the alerts.
pub(crate) struct Catch {
    /// What all scans came to; its hits are used up.
    pub(crate) outcome: Outcome,
    pub(crate) counts: Counts,
    pub(crate) cuts: Cuts,
    /// Combinations of values that new-terms rules have forgotten for want of room.
    pub(crate) forgotten: u64,
    /// Whether rules over alerts came to no end: each other's alerts made them raise others in every round.
    pub(crate) unsettled: bool,
    /// Events that could not be read a second time, for their alerts.
    pub(crate) changed: usize,
    /// The first error of whoever took the alerts.
    pub(crate) written: io::Result<()>,
}

impl Pursuit<'_> {
    /// Reads, matches, correlates, chooses, and gives every alert, in their order.
    pub(crate) fn run<'e>(&'e self, each: &'e mut Each<'e>) -> Catch {
        let mut outcome = Outcome::default();
        for scan in self.scans {
            outcome.add(self.scan(scan));
        }
        let mut hits = std::mem::take(&mut outcome.hits);
        for scan in self.history {
            let mut before = self.scan(scan);
            let queries = self.rule_set.queries();
            before.hits.retain(|query| matches!(*queries[query as usize], Query::NewTerms(_)));
            hits.append(before.hits);
            outcome.problems.append(&mut before.problems);
            outcome.overflows += before.overflows;
        }
        let first_of_history = self.history.first().map_or(FIRST_ALERT_SOURCE, |scan| scan.first);
        let readers = Readers::new(self.rules, self.clock, first_of_history, &mut hits);
        // All that there will be: what comes from alerts is with the rules that read them.
        correlate::drop_hopeless(&mut hits, self.rule_set.queries());
        let mut correlated = correlate::run(&hits, self.rule_set.queries(), 1);
        drop(hits);
        correlated.findings.retain(|finding| {
            events_of(std::slice::from_ref(finding)).all(|event| event.source < first_of_history)
        });
        let mut changed = 0;
        let mut events = Events::new();
        let mut fetch = |wanted: Vec<EventRef>, events: &mut Events| {
            // Alerts that are read as events cannot be read again.
            events.retain(|event, _| event.source >= FIRST_ALERT_SOURCE);
            for scan in self.scans {
                changed += scan.fetch(wanted.clone(), &outcome.places, events);
            }
        };
        let findings = correlated.findings;
        let at_once = if outcome.placeless { MANY } else { FEW };
        let bounds = Bounds { capped: self.capped, at_once };
        let round = Round::new(self.rules, findings, bounds, &mut events, &mut fetch);
        let mut cascade = Cascade::new(each, bounds, self.time_field, self.evaluator);
        let written = cascade.run(&round, &readers, &mut events, &mut fetch);
        let Cascade { counts, cuts, forgotten, unsettled, .. } = cascade;
        let forgotten = correlated.forgotten + forgotten;
        Catch { outcome, counts, cuts, forgotten, unsettled, changed, written }
    }

    fn scan(&self, scan: &Scan<'_>) -> Outcome {
        let progress = Progress::new(scan.sources, self.visible);
        let outcome = scan.run(self.rule_set, self.evaluator, &progress);
        progress.finish();
        outcome
    }
}

impl Catch {
    /// What makes its alerts doubtful, in a sentence each, besides events that could not be read.
    pub(crate) fn doubts(&self) -> Vec<String> {
        let mut doubts = Vec::new();
        if self.forgotten > 0 {
            let what = "of values forgotten for want of room; new-terms rules may find them again";
            doubts.push(format!("{} {what}", counted(self.forgotten, "combination")));
        }
        if self.unsettled {
            doubts.push(
                "rules over alerts hang on the absence of each other's alerts and came to no end; \
                 those of the last round are given"
                    .to_owned(),
            );
        }
        doubts
    }
}

/// Compiles rules together; executions go by the clock that was asked for.
pub(crate) fn rule_set(rules: &[LoadedRule], clock: Clock) -> RuleSet {
    let timed = rules.iter().map(|rule| {
        let mut timing = rule.rule.timing();
        if clock == Clock::Event {
            timing.window = None;
            timing.strict_window = false;
        }
        (Arc::new(rule.query.clone()), timing)
    });
    RuleSet::timed(timed.collect())
}
