//! From findings to written alerts: which are raised, in what order, and what reads them in turn.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use dragnet_detect::{
    ALERTS_INDEX, Alert, Case, EventIdentity, Raised, RulePart, Selection, alerts, mark, select,
    terms,
};
use dragnet_engine::{Finding, Hit, Matcher, RuleSet, correlate};
use dragnet_event::{Batch, Document, EventRef, Field, Time};
use dragnet_rules::LoadedRule;

use crate::output::AlertWriter;
use crate::scan::ShownEvent;
use crate::summary::Counts;

/// Documents of events by their addresses.
pub(crate) type Events = BTreeMap<EventRef, ShownEvent>;

/// Makes the events of these addresses known, if they can be read; others may be forgotten.
pub(crate) type Fetch<'f> = &'f mut dyn FnMut(Vec<EventRef>, &mut Events);

/// Findings whose events are in memory at once. A document of an event takes about 10 KB.
const AT_ONCE: usize = 4096;

/// The findings of one round and what became of them.
pub(crate) struct Round<'a> {
    pub(crate) rules: &'a [LoadedRule],
    /// By rule: its findings.
    findings: Vec<Range<usize>>,
    all: Vec<Finding>,
    /// Parallel to `findings`.
    selections: Vec<Selection>,
}

/// What executions have left out.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// By rule name: executions that were cut, and findings that were left out.
    pub(crate) rules: BTreeMap<String, (u64, u64)>,
    /// Findings that other alerts stand for.
    pub(crate) suppressed: u64,
}

impl<'a> Round<'a> {
    /// Chooses among findings, which come by query. `fetch` is asked for the events of findings that are chosen by
    /// their values, before that is done.
    pub(crate) fn new(
        rules: &'a [LoadedRule],
        findings: Vec<Finding>,
        capped: bool,
        events: &mut Events,
        fetch: Fetch<'_>,
    ) -> Round<'a> {
        let all = findings;
        let by_rule: Vec<Range<usize>> = (0..rules.len() as u32)
            .map(|rule| {
                let first = all.partition_point(|finding| finding.query < rule);
                first..all.partition_point(|finding| finding.query <= rule)
            })
            .collect();
        let suppresses = |rule: &LoadedRule| rule.rule.alerting.suppression.is_some();
        let wanted: Vec<EventRef> = by_rule
            .iter()
            .zip(rules)
            .filter(|(_, rule)| suppresses(rule))
            .flat_map(|(range, _)| events_of(&all[range.clone()]))
            .collect();
        fetch(wanted, events);
        let selections = by_rule
            .iter()
            .zip(rules)
            .map(|(range, LoadedRule { rule, .. })| {
                let of = |finding: &Finding, group_by: &[String]| {
                    let shown = shown(finding, events).unwrap_or_default();
                    terms(rule, finding, &parts(&shown), group_by)
                };
                select(rule, &all[range.clone()], capped.then_some(rule.max_signals), &of)
            })
            .collect();
        Round { rules, findings: by_rule, all, selections }
    }

    /// What is raised: the rule's number, the finding, and what is said of it.
    fn raised(&self) -> impl Iterator<Item = (usize, &Finding, &Raised)> {
        let rules = self.findings.iter().zip(&self.selections).enumerate();
        rules
            .flat_map(|(rule, (range, selection))| {
                let of = |raised| (rule, range, raised);
                selection.raised.iter().map(of).collect::<Vec<_>>()
            })
            .map(|(rule, range, raised)| (rule, &self.all[range.start + raised.finding], raised))
    }

    /// Adds up what was left out.
    pub(crate) fn count_cuts(&self, cuts: &mut Cuts) {
        for (rule, selection) in self.rules.iter().zip(&self.selections) {
            cuts.suppressed += selection.suppressed;
            if !selection.cuts.is_empty() {
                let counts = cuts.rules.entry(rule.rule.name.clone()).or_default();
                counts.0 += selection.cuts.len() as u64;
                counts.1 += selection.cuts.iter().map(|cut| cut.count).sum::<u64>();
            }
        }
    }

    /// Makes the alerts, one finding after the other: by time, then by rule, then by event; the parts of a
    /// sequence stay together. `fetch` is asked for the events of some findings at a time, so that memory does not
    /// grow with the number of alerts.
    pub(crate) fn each(
        &self,
        events: &mut Events,
        fetch: Fetch<'_>,
        each: &mut dyn FnMut(Alert<'a>),
    ) {
        let mut ordered: Vec<_> = self.raised().collect();
        ordered.sort_by_cached_key(|(rule, finding, _)| {
            let last = finding.last();
            let time = last.and_then(|position| position.time).unwrap_or(Time(i64::MAX));
            let rule = &self.rules[*rule].rule;
            (time, &*rule.name, &*rule.rule_id, last.map(|position| position.event))
        });
        let mut parts: Vec<Option<Arc<RulePart<'a>>>> = vec![None; self.rules.len()];
        for some in ordered.chunks(AT_ONCE) {
            let of = |finding| events_of(std::slice::from_ref(finding));
            fetch(some.iter().flat_map(|(_, finding, _)| of(finding)).collect(), events);
            for (number, finding, raised) in some {
                let rule = &self.rules[*number];
                let part =
                    parts[*number].get_or_insert_with(|| Arc::new(RulePart::new(&rule.rule)));
                for alert in alerts_of(rule, part, finding, raised, events) {
                    each(alert);
                }
            }
        }
    }
}

/// The events of findings.
pub(crate) fn events_of(findings: &[Finding]) -> impl Iterator<Item = EventRef> + '_ {
    findings.iter().flat_map(|finding| finding.events.iter().flatten().map(|e| e.event))
}

/// The documents of a finding's events; `None` if one could not be read again.
fn shown<'e>(finding: &Finding, events: &'e Events) -> Option<Vec<&'e ShownEvent>> {
    finding.events.iter().flatten().map(|position| events.get(&position.event)).collect()
}

fn parts<'e>(shown: &[&'e ShownEvent]) -> Vec<(&'e Document, &'e EventIdentity)> {
    shown.iter().map(|event| (&event.document, &event.identity)).collect()
}

/// The alerts of one finding; none if an event of it could not be read again.
fn alerts_of<'r>(
    rule: &'r LoadedRule,
    part: &Arc<RulePart<'r>>,
    finding: &Finding,
    raised: &Raised,
    events: &Events,
) -> Vec<Alert<'r>> {
    let Some(shown) = shown(finding, events) else { return Vec::new() };
    let case = Case {
        rule: part,
        query: &rule.query,
        finding,
        events: &parts(&shown),
        execution: raised.execution,
    };
    let mut alerts = alerts(&case);
    for (i, alert) in alerts.iter_mut().enumerate() {
        if let Some(suppressed) = &raised.suppressed {
            mark(alert, suppressed);
        }
        // The parts of a sequence come in the order of its events, then the whole, which is from a
        // file if all its events are.
        let path = shown.get(i).or(shown.last()).map(|event| &event.path);
        let common = i < shown.len() || shown.iter().all(|event| Some(&event.path) == path);
        if let Some(path) = path.filter(|path| common && !path.is_empty()) {
            alert.own.set("log.file.path", path.as_str().into());
        }
    }
    alerts
}

/// Alerts of alerts of alerts: a rule that answers to others, which answer to others. A rule does not answer to
/// itself, so the chain ends by itself long before this.
const MAX_ROUNDS: u32 = 8;
/// The source number of alerts that are read as events, after all files.
const FIRST_ALERT_SOURCE: u32 = u32::MAX - MAX_ROUNDS;

/// Writes the alerts of a round, and of the rules that read alerts, what they say of those: each after the alerts
/// that it is about. Goes on counting if they cannot be written.
pub(crate) struct Cascade<'a, 'w> {
    pub(crate) rules: &'a [LoadedRule],
    pub(crate) writer: &'a mut AlertWriter<'w>,
    pub(crate) counts: Counts,
    pub(crate) cuts: Cuts,
    pub(crate) capped: bool,
    pub(crate) time_field: &'a Field,
}

impl Cascade<'_, '_> {
    /// Writes everything.
    ///
    /// # Errors
    /// The first failure to write.
    pub(crate) fn run(
        &mut self,
        first: &Round<'_>,
        events: &mut Events,
        fetch: Fetch<'_>,
    ) -> io::Result<()> {
        let readers: Vec<LoadedRule> =
            self.rules.iter().filter(|rule| rule.rule.reads_alerts()).cloned().collect();
        let queries = readers.iter().map(|rule| Arc::new(rule.query.clone())).collect();
        let rule_set = RuleSet::new(queries, None);
        let mut written = Ok(());
        let mut known = self.write(first, events, fetch, &rule_set, 0, &mut written);
        for round in 1..MAX_ROUNDS {
            let Some((hits, alerts)) = known.take() else { break };
            let findings = correlate::all(hits, rule_set.queries(), 1);
            if findings.is_empty() {
                break;
            }
            let mut shown = Events::new();
            let fetch: Fetch<'_> = &mut |wanted, shown| {
                let alert = |event| Some((event, shown_alert(alerts.get(&event)?)));
                *shown = wanted.into_iter().filter_map(alert).collect();
            };
            let next = Round::new(&readers, findings, self.capped, &mut shown, fetch);
            known = self.write(&next, &mut shown, fetch, &rule_set, round, &mut written);
        }
        written
    }

    /// Writes one round. Gives the hits that rules have on its alerts, and those alerts.
    fn write<'r>(
        &mut self,
        round: &Round<'r>,
        events: &mut Events,
        fetch: Fetch<'_>,
        readers: &RuleSet,
        number: u32,
        written: &mut io::Result<()>,
    ) -> Option<(Vec<Hit>, BTreeMap<EventRef, Alert<'r>>)> {
        round.count_cuts(&mut self.cuts);
        let mut batch = Batch::new(readers.fields(), self.time_field);
        let mut matcher = Matcher::new(readers);
        let (mut hits, mut alerts) = (Vec::new(), BTreeMap::new());
        let reads = !readers.queries().is_empty();
        let mut index = 0;
        round.each(events, fetch, &mut |alert| {
            self.counts.add(&alert);
            if written.is_ok() {
                *written = self.writer.write(&alert);
            }
            if !reads {
                return;
            }
            alert.flatten_into(&mut batch);
            let event = EventRef { source: FIRST_ALERT_SOURCE + number, block: 0, index };
            index += 1;
            batch.end_row(event);
            let before = hits.len();
            matcher.run(&batch, &mut |hit| hits.push(hit));
            batch.clear();
            if hits.len() > before {
                alerts.insert(event, alert);
            }
        });
        (!hits.is_empty()).then_some((hits, alerts))
    }
}

/// An alert as an event.
fn shown_alert(alert: &Alert<'_>) -> ShownEvent {
    let identity = EventIdentity { index: ALERTS_INDEX.to_owned(), id: alert.id.clone() };
    ShownEvent { document: alert.document(), path: String::new(), identity }
}
