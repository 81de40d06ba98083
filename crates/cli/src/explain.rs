//! `dragnet explain`: why a rule matches, or does not.

mod accounts;
mod indicators;
mod keys;
mod report;
mod tree;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{bail, ensure};
use dragnet_detect::identify;
use dragnet_engine::explain::{Explanation, explain, nearness};
use dragnet_engine::reference::{Fields, Row};
use dragnet_engine::{Hit, Matcher, RuleSet};
use dragnet_event::{Batch, EventRef, Field, Schema, Time};
use dragnet_ingest::{Block, Options, Problem, discover};
use dragnet_plan::{Condition, Query};
use dragnet_rules::LoadedRule;

use crate::args::ExplainArgs;
use crate::scan::{Scan, Window};
use crate::style::clean;
use crate::summary::print_problems;
use crate::walk::each_block_from;
use crate::{ExitStatus, Terminal, rules};

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
