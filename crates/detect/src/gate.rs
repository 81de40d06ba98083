//! Which findings become alerts: logical executions, their caps, and suppression.
//!
//! A finding belongs to the first execution of its rule that covers it and has not raised its most yet. Kibana's rules
//! find the same again in the next, overlapping execution, and drop it for its id; here it is raised once.

use std::collections::BTreeMap;

use dragnet_engine::{Evidence, Finding};
use dragnet_event::Time;
use dragnet_rules::Rule;
use serde::{Deserialize, Serialize};

/// The execution of a rule that a finding belongs to; `None` if its events have no time.
pub fn execution_of(rule: &Rule, finding: &Finding) -> Option<Time> {
    match &finding.evidence {
        Evidence::Threshold(counted) => Some(counted.execution),
        Evidence::NewTerms { execution } => Some(*execution),
        Evidence::Events | Evidence::Indicators(_) => {
            finding.window_time().map(|time| rule.schedule().first_execution(time))
        }
    }
}

/// The values by which alerts are suppressed: the fields, each with its values, empty where an event lacks it.
pub type Terms = Vec<(String, Vec<String>)>;

/// A finding that becomes an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Raised {
    /// The finding's number among those of its rule, as they were given.
    pub finding: usize,
    /// The execution that it belongs to.
    pub execution: Option<Time>,
    /// What was suppressed for it, if the rule suppresses.
    pub suppressed: Option<Suppressed>,
}

/// The findings that one alert stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Suppressed {
    /// What they agree in.
    pub terms: Terms,
    /// The time of the first.
    pub start: Option<Time>,
    /// The time of the last.
    pub end: Option<Time>,
    /// How many there are besides the first.
    pub count: u64,
}

/// Findings of one execution that were left out because it had raised its most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// The execution.
    pub execution: Time,
    /// How many.
    pub count: u64,
}

/// What became of the findings of one rule.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Selection {
    /// The alerts, in the order of their executions.
    pub raised: Vec<Raised>,
    /// What was cut, in the order of executions.
    pub cuts: Vec<Cut>,
    /// Findings that other alerts stand for.
    pub suppressed: u64,
}

/// What a rule has raised so far, as far as later findings have to know.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Gate {
    execution: Option<Time>,
    /// Alerts that this execution has raised.
    raised: u32,
    /// By terms: the execution of the alert that stands for them, and its number.
    groups: BTreeMap<Terms, (Time, u64)>,
    /// The number of groups at which the next sweep for those whose time is over is due.
    sweep_at: usize,
    /// Alerts in all.
    alerts: u64,
}

/// What becomes of one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It becomes the alert of this number.
    Raise(u64),
    /// The alert of this number stands for it.
    Suppress(u64),
    /// The execution has raised its most.
    Cut,
}

impl Gate {
    /// Judges the next finding; they come in the order of executions. `terms` are what it is suppressed by, `None` if
    /// by nothing; `cap` is the most that one execution raises.
    pub fn admit(
        &mut self,
        rule: &Rule,
        execution: Option<Time>,
        terms: Option<&Terms>,
        cap: Option<u32>,
    ) -> Verdict {
        if self.execution != execution {
            self.execution = execution;
            self.raised = 0;
        }
        let suppression = rule.alerting.suppression.as_ref();
        let group = suppression.zip(terms).zip(execution);
        if let Some(((suppression, terms), execution)) = group {
            // Kibana: the alert's own time is that of its execution, and the duration counts from there.
            let reach = suppression.duration_ms.unwrap_or(0);
            let open = |first: &Time| execution <= first.plus_millis(reach);
            match self.groups.get(terms) {
                Some((first, alert)) if open(first) => return Verdict::Suppress(*alert),
                _ => {}
            }
        }
        // What has no time belongs to no execution, and no execution's cap counts it.
        if execution.is_some() && cap.is_some_and(|cap| self.raised >= cap) {
            return Verdict::Cut;
        }
        let number = self.alerts;
        self.alerts += 1;
        self.raised += 1;
        if let Some(((suppression, terms), execution)) = group {
            if self.groups.len() >= self.sweep_at {
                let reach = suppression.duration_ms.unwrap_or(0);
                self.groups.retain(|_, (first, _)| execution <= first.plus_millis(reach));
                self.sweep_at = (self.groups.len() * 2).max(64);
            }
            self.groups.insert(terms.clone(), (execution, number));
        }
        Verdict::Raise(number)
    }
}

/// A finding that waits for its verdict.
struct Candidate {
    finding: usize,
    /// The first execution that covers it.
    first: Option<Time>,
    /// What it is suppressed by; `None` if the rule does not suppress it.
    terms: Option<Terms>,
}

/// Chooses among all findings of one rule. If the rule suppresses, `groups` has for each of them the values that it is
/// suppressed by, and with each of several a finding is judged by itself; `cap` is the most alerts of one execution,
/// `None` for no cap.
///
/// Kibana: what an execution has cut, the next one finds if its look-back still reaches it, and it is lost
/// otherwise. That is not so for thresholds, whose groups each execution counts anew.
pub fn select(
    rule: &Rule,
    findings: &[Finding],
    cap: Option<u32>,
    mut groups: Vec<Vec<Terms>>,
) -> Selection {
    let suppression = rule.alerting.suppression.as_ref();
    let mut order: Vec<(Option<Time>, usize)> =
        findings.iter().enumerate().map(|(n, finding)| (execution_of(rule, finding), n)).collect();
    order.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| findings[a.1].order(&findings[b.1])));
    let candidates = order.into_iter().flat_map(|(first, finding)| {
        let terms: Vec<Option<Terms>> = match suppression {
            None => vec![None],
            Some(suppression) => {
                let groups = groups.get_mut(finding).map(std::mem::take).unwrap_or_default();
                let of = |terms: Terms| {
                    let complete = terms.iter().all(|(_, values)| !values.is_empty());
                    (suppression.suppress_missing || complete).then_some(terms)
                };
                let mut groups: Vec<Option<Terms>> = groups.into_iter().map(of).collect();
                // Lacking one of the fields it is in no group, however many values it has of the others.
                if groups.iter().all(Option::is_none) {
                    groups.truncate(1);
                }
                groups
            }
        };
        terms.into_iter().map(move |terms| Candidate { finding, first, terms })
    });
    let mut fresh = candidates.peekable();
    let (gate, selection) = (Gate::default(), Selection::default());
    let mut selector = Selector { rule, findings, cap, gate, selection };
    let mut waiting: Vec<Candidate> = Vec::new();
    let mut execution = None;
    while let Some(next) = match (execution, waiting.is_empty()) {
        (Some(last), false) => Some(Some(selector.after(last))),
        _ => fresh.peek().map(|candidate| candidate.first),
    } {
        execution = next;
        while let Some(more) = fresh.next_if(|candidate| candidate.first <= next) {
            waiting.push(more);
        }
        waiting = selector.run(next, waiting);
    }
    selector.selection
}

/// The choice as far as it is made.
struct Selector<'a> {
    rule: &'a Rule,
    findings: &'a [Finding],
    cap: Option<u32>,
    gate: Gate,
    selection: Selection,
}

impl Selector<'_> {
    /// The next execution.
    fn after(&self, execution: Time) -> Time {
        execution.plus_millis(self.rule.schedule().interval_ms.max(1))
    }

    /// One execution. Gives those that it has cut and the next one finds again.
    fn run(&mut self, execution: Option<Time>, candidates: Vec<Candidate>) -> Vec<Candidate> {
        let mut cut: Vec<Candidate> =
            candidates.into_iter().filter_map(|one| self.judge(execution, one)).collect();
        let Some(execution) = execution.filter(|_| !cut.is_empty()) else { return Vec::new() };
        let (next, schedule) = (self.after(execution), self.rule.schedule());
        let before = cut.len();
        cut.retain(|one| {
            let finding = &self.findings[one.finding];
            let counted = matches!(finding.evidence, Evidence::Threshold(_));
            let time = finding.window_time();
            next > execution && !counted && time.is_some_and(|time| schedule.covers(next, time))
        });
        let lost = (before - cut.len()) as u64;
        if lost > 0 {
            self.selection.cuts.push(Cut { execution, count: lost });
        }
        cut
    }

    /// Judges one; gives it back if it is cut.
    fn judge(&mut self, execution: Option<Time>, candidate: Candidate) -> Option<Candidate> {
        let time = self.findings[candidate.finding].last().and_then(|last| last.time);
        match self.gate.admit(self.rule, execution, candidate.terms.as_ref(), self.cap) {
            Verdict::Raise(_) => {
                let suppressed = candidate.terms.map(|terms| Suppressed {
                    terms,
                    start: time,
                    end: time,
                    count: 0,
                });
                let finding = candidate.finding;
                self.selection.raised.push(Raised { finding, execution, suppressed });
                None
            }
            Verdict::Suppress(alert) => {
                self.selection.suppressed += 1;
                let raised = &mut self.selection.raised;
                let alert = usize::try_from(alert).ok().and_then(|n| raised.get_mut(n));
                if let Some(suppressed) = alert.and_then(|alert| alert.suppressed.as_mut()) {
                    suppressed.count += 1;
                    suppressed.start = suppressed.start.min(time);
                    suppressed.end = suppressed.end.max(time);
                }
                None
            }
            Verdict::Cut => Some(candidate),
        }
    }
}
