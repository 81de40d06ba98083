//! `dragnet explain`: why a rule matches, or does not.

mod accounts;
mod indicators;
mod keys;
mod tree;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{bail, ensure};
use dragnet_detect::identify;
use dragnet_engine::correlate::{self, Account, Correlator, FOREVER};
use dragnet_engine::explain::{Explanation, What, explain, nearness};
use dragnet_engine::reference::{Fields, Row};
use dragnet_engine::{Finding, Hit, JoinKey, Matcher, RuleSet};
use dragnet_event::{Batch, EventRef, Field, Schema, Time};
use dragnet_ingest::{Block, Options, Problem, discover};
use dragnet_plan::{Condition, Query, Stage};
use dragnet_rules::LoadedRule;

use crate::args::ExplainArgs;
use crate::scan::{Scan, Window};
use crate::style::{Style, clean};
use crate::summary::{counted, print_problems};
use crate::walk::each_block_from;
use crate::{ExitStatus, Terminal, rules};
use accounts::Shown;
use indicators::Comparison;
use keys::show_key;
use tree::{cut, show};

pub(crate) fn run(args: &ExplainArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let set = rules::load_excepted(std::slice::from_ref(&args.rule), &args.arms, terminal)?;
    let mut rule = choose(&set.rules, args)?.clone();
    let options = args.input.options()?;
    let (sources, mut problems) = discover(&args.input.paths);
    problems.extend(rules::arm(std::slice::from_mut(&mut rule), &args.arms, &options, terminal)?);
    let query = Arc::new(rule.query.clone());
    let rule_set = RuleSet::new(vec![query.clone()], None);
    let time_field = Schema::open().field("@timestamp");
    let scan = Scan::new(&sources, &args.input, &options, &time_field, 1);
    let (before, more) = discover(&args.history);
    problems.extend(more);
    let history = scan.history(&before);
    let mut study = Study::new(&query, args.id.as_deref(), args.limit);
    study.problems = problems;
    study.read(&rule_set, &[scan]);
    study.remember(&rule_set, &[history]);
    ensure!(
        args.id.is_none() || study.nearest.iter().any(|found| !found.is_empty()),
        "no event has the id {}",
        args.id.as_deref().unwrap_or_default()
    );
    let mut text = format!("{}\n", terminal.out.bold(&clean(&rule.rule.name)));
    for note in notes(&rule) {
        let _ = writeln!(text, "{}", terminal.out.dim(&note));
    }
    let found = study.show(&rule_set, terminal.out, &mut text);
    io::stdout().lock().write_all(text.as_bytes())?;
    print_problems(&study.problems, terminal.err, &mut io::stderr().lock())?;
    Ok(match (study.problems.is_empty(), found) {
        (false, _) => ExitStatus::Error,
        (true, false) => ExitStatus::Nothing,
        (true, true) => ExitStatus::Found,
    })
}

/// What keeps matches of the rule from being alerts, one line each.
fn notes(rule: &LoadedRule) -> Vec<String> {
    let LoadedRule { rule, warnings, .. } = rule;
    let mut notes = Vec::new();
    if !rule.enabled {
        notes.push("the rule is switched off: a hunt does not run it".to_owned());
    }
    if rule.reads_alerts() {
        let only = if rule.reads_only_alerts() { " and nothing else" } else { "" };
        notes.push(format!(
            "the rule reads alerts of other rules{only}; here it sees those in the logs"
        ));
    }
    if let Some(suppression) = &rule.alerting.suppression {
        let by = match suppression.group_by.join(", ") {
            fields if fields.is_empty() => "its fields".to_owned(),
            fields => clean(&fields),
        };
        notes.push(format!("the rule suppresses: matches that agree in {by} may be one alert"));
    }
    let exceptions = warnings.iter().filter(|warning| warning.is_about_exceptions());
    notes.extend(exceptions.map(|warning| clean(&warning.reason)));
    notes
}

fn choose<'a>(rules: &'a [LoadedRule], args: &ExplainArgs) -> anyhow::Result<&'a LoadedRule> {
    let wanted = |rule: &&LoadedRule| {
        let id = args.rule_id.as_deref();
        id.is_none_or(|id| rule.rule.rule_id == id || rule.rule.name == id)
    };
    let found: Vec<&LoadedRule> = rules.iter().filter(wanted).collect();
    match (found.as_slice(), &args.rule_id) {
        ([one], _) => Ok(one),
        ([], _) => bail!("no rule with that id or name in {}", args.rule.display()),
        ([first, ..], Some(_)) => Ok(first),
        (many, None) => {
            let names: Vec<&str> = many.iter().take(5).map(|rule| &*rule.rule.name).collect();
            bail!(
                "{} holds {} rules ({}…); name one with --rule-id",
                args.rule.display(),
                many.len(),
                names.join(", ")
            )
        }
    }
}

/// An event that was looked at closely.
struct Near {
    nearness: f64,
    event: EventRef,
    time: Option<Time>,
    path: String,
    id: String,
    explanation: Explanation,
    /// The texts of the values of the fields that the query looks at besides its condition.
    values: Vec<Vec<String>>,
}

/// What has been learnt of events with regard to one query.
pub(crate) struct Study<'a> {
    query: &'a Arc<Query>,
    /// The only event that is looked at.
    id: Option<&'a str>,
    /// Most events, groups and keys that are shown.
    limit: usize,
    /// The fields whose values events are grouped or looked up by.
    fields: &'a [Field],
    /// By stage.
    conditions: Vec<&'a Condition>,
    /// By stage: the events nearest to it, nearest first.
    nearest: Vec<Vec<Near>>,
    hits: Vec<Hit>,
    /// Hits in logs from before, whose sources are numbered from here on.
    history: Vec<Hit>,
    first_of_history: u32,
    events: u64,
    /// By stage: how many events satisfy it.
    satisfied: Vec<u64>,
    /// How many of those that satisfy the first lack a field of `fields`, by field.
    lacking: BTreeMap<String, u64>,
    problems: Vec<Problem>,
}

impl<'a> Study<'a> {
    pub(crate) fn new(query: &'a Arc<Query>, id: Option<&'a str>, limit: usize) -> Study<'a> {
        let conditions = query.conditions();
        let mut nearest = Vec::new();
        nearest.resize_with(conditions.len(), Vec::new);
        let fields = match &**query {
            Query::Threshold(threshold) => &*threshold.fields,
            Query::NewTerms(terms) => &*terms.fields,
            Query::IndicatorMatch(matching) => &*matching.fields,
            Query::Event { .. } | Query::Sequence(_) | Query::Sample(_) => &[],
        };
        Study {
            query,
            id,
            limit,
            fields,
            satisfied: vec![0; conditions.len()],
            conditions,
            nearest,
            hits: Vec::new(),
            history: Vec::new(),
            first_of_history: u32::MAX,
            events: 0,
            lacking: BTreeMap::new(),
            problems: Vec::new(),
        }
    }

    /// Looks at all events; `rules` has the query alone.
    pub(crate) fn read(&mut self, rules: &RuleSet, scans: &[Scan<'_>]) {
        let mut problems = std::mem::take(&mut self.problems);
        each_batch(rules, scans, &mut problems, &mut |block, scan, batch, matcher, problems| {
            self.block(block, scan, batch, matcher, problems);
        });
        self.problems = problems;
    }

    /// Takes note of logs from before, whose sources come after all others.
    pub(crate) fn remember(&mut self, rules: &RuleSet, history: &[Scan<'_>]) {
        let Some(first) = history.first() else { return };
        self.first_of_history = first.first;
        let mut hits = Vec::new();
        let mut problems = std::mem::take(&mut self.problems);
        each_batch(rules, history, &mut problems, &mut |block, scan, batch, matcher, problems| {
            let mut window =
                Window { batch, memory: None, from: scan.from, to: scan.to, timeless: 0 };
            block.read(scan.options, &mut window, problems);
            matcher.run(batch, &mut |hit| hits.push(hit));
        });
        (self.problems, self.history) = (problems, hits);
    }

    /// Shows what was learnt; gives whether the query finds anything.
    pub(crate) fn show(&mut self, rules: &RuleSet, style: Style, text: &mut String) -> bool {
        let query = self.query;
        match &**query {
            Query::Event { .. } => self.show_events(self.satisfied[0], style, text),
            Query::Sequence(sequence) => {
                let stages: Vec<&Stage> = sequence.stages.iter().chain(&sequence.until).collect();
                self.show_stages(&stages, style, text);
                self.show_keys(query, style, text)
            }
            Query::Sample(sample) => {
                self.show_stages(&sample.stages.iter().collect::<Vec<_>>(), style, text);
                !correlate::all(std::mem::take(&mut self.hits), rules.queries(), 1).is_empty()
            }
            Query::Threshold(_) | Query::NewTerms(_) => self.show_counted(query, style, text),
            Query::IndicatorMatch(_) => {
                let hits = std::mem::take(&mut self.hits);
                let found = correlate::all(hits, rules.queries(), 1).len();
                let shown = self.show_events(found as u64, style, text);
                if self.id.is_some() { shown } else { found > 0 }
            }
        }
    }

    fn block(
        &mut self,
        block: &Block,
        scan: &Scan<'_>,
        batch: &mut Batch,
        matcher: &mut Matcher<'_>,
        problems: &mut Vec<Problem>,
    ) {
        let options = scan.options;
        let (from, to) = (scan.from, scan.to);
        let mut window = Window { batch, memory: None, from, to, timeless: 0 };
        block.read(options, &mut window, problems);
        self.events += batch.len() as u64;
        matcher.run(batch, &mut |hit| self.hits.push(hit));
        let wanted = self.id;
        let by_id: Option<Vec<u32>> = wanted.map(|wanted| {
            let all: Vec<u32> =
                (0..batch.len() as u32).map(|row| batch.event_ref(row).index).collect();
            let rendered = block.render(options, &all).into_iter();
            let ids = rendered.map(|(index, mut document)| (index, identify(&mut document).id));
            ids.filter(|(_, id)| id == wanted).map(|(index, _)| index).collect()
        });
        for (stage, condition) in self.conditions.clone().into_iter().enumerate() {
            let mut fresh = Vec::new();
            for row in 0..batch.len() as u32 {
                let event = batch.event_ref(row);
                let nearness = nearness(condition, &Row { batch, row });
                if nearness >= 1.0 {
                    self.satisfied[stage] += 1;
                    self.note_lacking(&Row { batch, row });
                }
                if by_id.as_ref().is_some_and(|indices| !indices.contains(&event.index)) {
                    continue;
                }
                if self.is_near(stage, nearness) {
                    fresh.push((nearness, event, row));
                }
            }
            self.keep(stage, fresh, condition, block, options, batch);
        }
    }

    fn note_lacking(&mut self, event: &Row<'_>) {
        for field in self.fields.iter().filter(|field| event.values(field).is_empty()) {
            *self.lacking.entry(field.to_string()).or_default() += 1;
        }
    }

    fn is_near(&self, stage: usize, nearness: f64) -> bool {
        let kept = &self.nearest[stage];
        kept.len() < self.limit || kept.last().is_some_and(|last| nearness > last.nearness)
    }

    fn keep(
        &mut self,
        stage: usize,
        mut fresh: Vec<(f64, EventRef, u32)>,
        condition: &Condition,
        block: &Block,
        options: &Options,
        batch: &Batch,
    ) {
        fresh.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        fresh.truncate(self.limit);
        for (nearness, event, row) in fresh {
            let seen = Row { batch, row };
            let explanation = explain(condition, &seen);
            let texts = |field| seen.values(field).iter().map(|v| v.text().into_owned()).collect();
            let values = self.fields.iter().map(texts).collect();
            let rendered = block.render(options, &[event.index]).into_iter().next();
            let id =
                rendered.map(|(_, mut document)| identify(&mut document).id).unwrap_or_default();
            let time = batch.time(row);
            let path = block.path().to_owned();
            self.nearest[stage].push(Near { nearness, event, time, path, id, explanation, values });
        }
        let kept = &mut self.nearest[stage];
        kept.sort_by(|a, b| b.nearness.total_cmp(&a.nearness).then(a.event.cmp(&b.event)));
        kept.truncate(self.limit);
    }

    /// Shows the events nearest to the first condition; gives whether one satisfies it.
    fn show_events(&self, found: u64, style: Style, text: &mut String) -> bool {
        let kept = &self.nearest[0];
        let _ = writeln!(text, "{}, {found} match", counted(self.events, "event"));
        for near in kept {
            self.show_event(near, 0, style, text);
        }
        if self.id.is_none() && self.events as usize > kept.len() {
            let rest = self.events as usize - kept.len();
            let _ = writeln!(
                text,
                "\n{}",
                style.dim(&format!(
                    "{rest} events that are further from a match are left out (--limit)"
                ))
            );
        }
        kept.iter().any(|near| {
            let compared = self.compare(near);
            near.explanation.holds && compared.as_ref().is_none_or(Comparison::holds)
        })
    }

    /// An event's values beside those of all indicators, if the query looks for any.
    fn compare(&self, near: &Near) -> Option<Comparison<'a>> {
        match &**self.query {
            Query::IndicatorMatch(matching) => Some(Comparison::new(matching, &near.values)),
            _ => None,
        }
    }

    fn show_event(&self, near: &Near, indent: usize, style: Style, text: &mut String) {
        let pad = " ".repeat(indent);
        let time = near.time.map_or("no time".to_owned(), |time| time.to_string());
        let compared = self.compare(near);
        let agrees = compared.as_ref().is_none_or(Comparison::holds);
        let verdict = if near.explanation.holds && agrees {
            style.green("matches")
        } else {
            style.red("does not match")
        };
        let path = clean(&near.path);
        let id = clean(&near.id);
        let _ = writeln!(text, "\n{pad}{} {verdict}", style.bold(&time));
        let _ = writeln!(text, "{pad}{}", style.dim(&format!("{path}  id {id}")));
        match (&near.explanation.what, &compared) {
            // The rule's own condition; that there are such indicators is its other part.
            (What::All(parts), Some(compared)) if parts.len() == 2 => {
                show(&parts[0], indent + 2, style, text);
                compared.show(indent + 2, style, text);
            }
            _ => show(&near.explanation, indent + 2, style, text),
        }
    }

    /// Shows what became of the groups or terms of the events that match; gives whether one made an alert.
    fn show_counted(&mut self, query: &Arc<Query>, style: Style, text: &mut String) -> bool {
        let (events, matching) = (counted(self.events, "event"), self.satisfied[0]);
        if matching == 0 || self.id.is_some() {
            self.show_events(matching, style, text);
            text.push('\n');
        } else {
            let _ =
                writeln!(text, "{events}, {matching} match the query (--id shows how one does)");
        }
        let mut hits = std::mem::take(&mut self.hits);
        // Of one event that was asked for, only what it is part of is shown.
        let asked = self.id.and_then(|_| Some(self.nearest[0].first()?.event));
        let mut own: BTreeMap<JoinKey, u64> = BTreeMap::new();
        for hit in &hits {
            // Behind a group's values is that of which the distinct ones are counted.
            let key = hit.key.values().iter().take(self.fields.len()).cloned().collect();
            *own.entry(JoinKey::new(key)).or_default() += 1;
        }
        let of_asked = hits.iter().filter(|hit| Some(hit.position.event) == asked);
        let of_asked: Vec<JoinKey> = of_asked
            .map(|hit| hit.key.values().iter().take(self.fields.len()).cloned().collect())
            .map(JoinKey::new)
            .collect();
        own.retain(|key, _| asked.is_none() || of_asked.contains(key));
        hits.append(&mut self.history);
        let (found, account) = account_of(query, hits);
        let shown = Shown { limit: self.limit, style };
        let sources = self.first_of_history;
        match (&**query, account) {
            (Query::Threshold(threshold), Some(Account::Threshold(mut groups))) => {
                groups.retain(|key, _| own.contains_key(key));
                shown.groups(threshold, &groups, text);
            }
            (Query::NewTerms(query), Some(Account::NewTerms(terms))) => {
                shown.terms(query, &terms, &own, sources, text);
            }
            _ => {}
        }
        for (field, lacking) in &self.lacking {
            let events = counted(*lacking, "matching event");
            let without = if *lacking == 1 { "lacks" } else { "lack" };
            let _ = writeln!(text, "{} {events} {without} {field}, so no alert", style.red("✗"));
        }
        found
            .iter()
            .flat_map(|finding| finding.events.iter().flatten())
            .any(|e| e.event.source < sources)
    }

    /// Shows how many events each stage has, and for those with none the nearest event.
    fn show_stages(&self, stages: &[&Stage], style: Style, text: &mut String) {
        let _ = writeln!(text, "{} events", self.events);
        for (number, stage) in stages.iter().enumerate() {
            let count = self.hits.iter().filter(|hit| usize::from(hit.stage) == number).count();
            let mark = if count > 0 { style.green("✓") } else { style.red("✗") };
            let bang = if stage.missing { "! " } else { "" };
            let keys: Vec<&str> =
                stage.keys.iter().filter_map(|key| Some(key.field.as_ref()?.name())).collect();
            let by =
                if keys.is_empty() { String::new() } else { format!(" by {}", keys.join(", ")) };
            let what = cut(&stage.condition.to_string(), 100);
            let _ = writeln!(text, "{mark} {}. {bang}[{what}]{by}: {count} events", number + 1);
            let nothing = count == 0 && !stage.missing;
            let shown = usize::from(nothing || self.id.is_some());
            for near in self.nearest[number].iter().take(shown) {
                self.show_event(near, 4, style, text);
                text.push('\n');
            }
        }
    }

    /// Shows how far each key of a sequence got; gives whether one was completed.
    fn show_keys(&mut self, query: &Arc<Query>, style: Style, text: &mut String) -> bool {
        let (found, account) = account_of(query, std::mem::take(&mut self.hits));
        let Some(Account::Sequence(trace)) = account else { return false };
        let mut keys: Vec<_> = trace.keys().collect();
        keys.sort_by_key(|(_, events, _)| std::cmp::Reverse(events.len()));
        let total = keys.len();
        let _ = writeln!(
            text,
            "\n{total} keys reached the first stage, {} sequences were found",
            found.len()
        );
        for (key, events, ended) in keys.into_iter().take(self.limit) {
            show_key(key, events, ended, style, text);
        }
        if total > self.limit {
            let _ = writeln!(
                text,
                "{}",
                style
                    .dim(&format!("… and {} keys that got less far (--limit)", total - self.limit))
            );
        }
        !found.is_empty()
    }
}

/// What is done with a block whose events are to go into an empty batch.
type EachBatch<'e> =
    dyn FnMut(&Block, &Scan<'_>, &mut Batch, &mut Matcher<'_>, &mut Vec<Problem>) + 'e;

fn each_batch(
    rules: &RuleSet,
    scans: &[Scan<'_>],
    problems: &mut Vec<Problem>,
    each: &mut EachBatch<'_>,
) {
    let Some(any) = scans.first() else { return };
    let mut matcher = Matcher::new(rules);
    let mut batch = Batch::new(rules.fields(), any.time_field);
    for scan in scans {
        let (first, form) = (scan.first, scan.options.form);
        let done = each_block_from(first, scan.sources, form, problems, |block, problems| {
            batch.clear();
            each(block, scan, &mut batch, &mut matcher, problems);
            Ok::<(), Infallible>(())
        });
        let Ok(()) = done;
    }
}

/// What the hits of one query come to, and how.
fn account_of(query: &Arc<Query>, mut hits: Vec<Hit>) -> (Vec<Finding>, Option<Account>) {
    correlate::sort(&mut hits, std::slice::from_ref(query));
    let mut correlator = Correlator::traced(0, query);
    let mut found = Vec::new();
    for hit in hits {
        correlator.push(hit, &mut found);
    }
    correlator.advance(FOREVER, &mut found);
    (found, correlator.into_account())
}
