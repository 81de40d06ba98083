//! From findings to alerts: which are raised, and in what order.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use dragnet_detect::{
    Alert, Case, EventIdentity, Raised, RulePart, Selection, Terms, alerts, depth_of, groups,
    identify_alert, mark, select,
};
use dragnet_engine::Finding;
use dragnet_event::{Document, EventRef, Time};
use dragnet_rules::LoadedRule;

use crate::scan::ShownEvent;

/// The source numbers of alerts that are read as events, after all files: one for each round.
pub(crate) const FIRST_ALERT_SOURCE: u32 = u32::MAX - 16;

/// How many alerts there may be, and how many findings' events in memory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Whether executions raise no more than `max_signals`.
    pub(crate) capped: bool,
    /// Findings whose events are fetched at a time.
    pub(crate) at_once: usize,
}

/// Findings whose events are fetched at a time, if their blocks are found by their places. A document of an event takes
/// about 10 KB, and memory that is used for the first time takes longer to get than reading a block again.
pub(crate) const FEW: usize = 512;
/// The same where everything before a block is read again.
pub(crate) const MANY: usize = 4096;

/// Makes the events of these addresses known, if they can be read; events of files that are not wanted may be
/// forgotten.
pub(crate) type Fetch<'a> = dyn FnMut(Vec<EventRef>, &mut Events) + 'a;

/// Documents of events by their addresses.
pub(crate) type Events = BTreeMap<EventRef, ShownEvent>;

/// The findings of one round and what became of them.
pub(crate) struct Round<'a> {
    pub(crate) rules: &'a [LoadedRule],
    /// By rule: its findings.
    findings: Vec<Range<usize>>,
    all: Vec<Finding>,
    /// Parallel to `findings`.
    selections: Vec<Selection>,
    at_once: usize,
}

/// What executions have left out.
#[derive(Debug, Default)]
pub(crate) struct Cuts {
    /// By rule name: executions that were cut, and findings that were left out.
    pub(crate) rules: BTreeMap<String, (u64, u64)>,
    /// Findings that other alerts stand for.
    pub(crate) suppressed: u64,
    /// Alerts that were there already: of events that stand in the logs more than once.
    pub(crate) repeated: u64,
}

impl<'a> Round<'a> {
    /// Chooses among findings, which come by query. `fetch` is asked for the events of findings that are chosen by
    /// their values, before that is done.
    pub(crate) fn new(
        rules: &'a [LoadedRule],
        findings: Vec<Finding>,
        bounds: Bounds,
        events: &mut Events,
        fetch: &mut Fetch<'_>,
    ) -> Round<'a> {
        let Bounds { capped, at_once } = bounds;
        let all = findings;
        let by_rule: Vec<Range<usize>> = (0..rules.len() as u32)
            .map(|rule| {
                let first = all.partition_point(|finding| finding.query < rule);
                first..all.partition_point(|finding| finding.query <= rule)
            })
            .collect();
        let terms = suppressing_terms(rules, &by_rule, &all, at_once, events, fetch);
        let mut terms = terms.into_iter();
        let selections = by_rule
            .iter()
            .zip(rules)
            .map(|(range, rule)| {
                let suppresses = rule.rule.alerting.suppression.is_some();
                let count = if suppresses { range.len() } else { 0 };
                let groups = terms.by_ref().take(count).collect();
                let cap = capped.then_some(rule.rule.max_signals);
                select(&rule.rule, &all[range.clone()], cap, groups)
            })
            .collect();
        Round { rules, findings: by_rule, all, selections, at_once }
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
    /// sequence stay together. Those that are about alerts come after them. `fetch` is asked for the events of some
    /// findings at a time, so that memory does not grow with the number of alerts; alerts that are read as events
    /// are known. Findings whose alert `is_there` already (by its id, and how many alerts come with it) are left out.
    pub(crate) fn each(
        &self,
        events: &mut Events,
        fetch: &mut Fetch<'_>,
        is_there: &dyn Fn(&str, usize) -> bool,
        each: &mut dyn FnMut(Alert<'a>),
    ) {
        let mut ordered: Vec<_> = self.raised().collect();
        let alerts = |finding: &Finding| {
            let of = events_of(std::slice::from_ref(finding));
            let of = of.filter(|event| event.source >= FIRST_ALERT_SOURCE);
            of.filter_map(|event| events.get(&event)).map(|e| depth_of(&e.document)).max()
        };
        ordered.sort_by_cached_key(|(rule, finding, _)| {
            let depth = alerts(finding);
            let last = finding.last();
            let time = last.and_then(|position| position.time).unwrap_or(Time(i64::MAX));
            let rule = &self.rules[*rule].rule;
            let last = last.map(|position| position.event);
            (depth, time, &*rule.name, &*rule.rule_id, last)
        });
        let mut parts: Vec<Option<Arc<RulePart<'a>>>> = vec![None; self.rules.len()];
        for some in ordered.chunks(self.at_once) {
            let of = |finding| events_of(std::slice::from_ref(finding));
            fetch(some.iter().flat_map(|(_, finding, _)| of(finding)).collect(), events);
            for (number, finding, raised) in some {
                let rule = &self.rules[*number];
                let part =
                    parts[*number].get_or_insert_with(|| Arc::new(RulePart::new(&rule.rule)));
                alerts_of(rule, part, finding, raised, events, is_there)
                    .into_iter()
                    .for_each(&mut *each);
            }
        }
    }
}

/// For each finding of a rule that suppresses, in their order, what it is suppressed by. Its events are not kept.
fn suppressing_terms(
    rules: &[LoadedRule],
    by_rule: &[Range<usize>],
    all: &[Finding],
    at_once: usize,
    events: &mut Events,
    fetch: &mut Fetch<'_>,
) -> Vec<Vec<Terms>> {
    let mut suppressed = Vec::new();
    for (range, rule) in by_rule.iter().zip(rules) {
        if let Some(suppression) = &rule.rule.alerting.suppression {
            let of = |finding| (finding, &*rule.rule, &*suppression.group_by);
            suppressed.extend(all[range.clone()].iter().map(of));
        }
    }
    let mut terms = Vec::with_capacity(suppressed.len());
    for some in suppressed.chunks(at_once) {
        let findings = some.iter().map(|(finding, ..)| std::slice::from_ref(*finding));
        fetch(findings.flat_map(events_of).collect(), events);
        terms.extend(some.iter().map(|(finding, rule, group_by)| {
            let shown = shown(finding, events).unwrap_or_default();
            groups(rule, finding, &parts(&shown), group_by)
        }));
    }
    terms
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
    is_there: &dyn Fn(&str, usize) -> bool,
) -> Vec<Alert<'r>> {
    let Some(shown) = shown(finding, events) else { return Vec::new() };
    let case = Case {
        rule: part,
        query: &rule.query,
        finding,
        events: &parts(&shown),
        execution: raised.execution,
    };
    if identify_alert(&case).is_none_or(|(id, count)| is_there(&id, count)) {
        return Vec::new();
    }
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
