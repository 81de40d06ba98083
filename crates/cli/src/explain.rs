//! `dragnet explain`: why a rule matches, or does not.

use std::convert::Infallible;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::sync::Arc;

use anyhow::{bail, ensure};
use dragnet_detect::identify;
use dragnet_engine::correlate::{self, Correlator, Ended, FOREVER};
use dragnet_engine::explain::{Explanation, What, explain, nearness};
use dragnet_engine::reference::Row;
use dragnet_engine::{Hit, JoinKey, Matcher, Position, RuleSet};
use dragnet_event::{Batch, EventRef, Schema, Time, Value};
use dragnet_ingest::{Block, Options, Problem, discover};
use dragnet_plan::{Condition, Query, Stage};
use dragnet_rules::LoadedRule;

use crate::args::ExplainArgs;
use crate::scan::{Scan, Window};
use crate::style::{Style, clean};
use crate::summary::print_problems;
use crate::walk::each_block_from;
use crate::{ExitStatus, Terminal, rules};

pub(crate) fn run(args: &ExplainArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let set = rules::load(std::slice::from_ref(&args.rule), terminal)?;
    let rule = choose(&set.rules, args)?;
    let query = Arc::new(rule.query.clone());
    let rule_set = RuleSet::new(vec![query.clone()], None);
    let (sources, problems) = discover(&args.input.paths);
    let time_field = Schema::open().field("@timestamp");
    let scan = Scan {
        sources: &sources,
        first: 0,
        options: &args.input.options()?,
        time_field: &time_field,
        from: args.input.from,
        to: args.input.to,
        threads: 1,
        keep_events: false,
    };
    let mut study = Study::new(&query, args.id.as_deref(), args.limit);
    study.problems = problems;
    study.read(&rule_set, &[scan]);
    ensure!(
        args.id.is_none() || study.nearest.iter().any(|found| !found.is_empty()),
        "no event has the id {}",
        args.id.as_deref().unwrap_or_default()
    );
    let mut text = format!("{}\n", terminal.out.bold(&clean(&rule.rule.name)));
    let found = study.show(&rule_set, terminal.out, &mut text);
    io::stdout().lock().write_all(text.as_bytes())?;
    print_problems(&study.problems, terminal.err, &mut io::stderr().lock())?;
    Ok(match (study.problems.is_empty(), found) {
        (false, _) => ExitStatus::Error,
        (true, false) => ExitStatus::Nothing,
        (true, true) => ExitStatus::Found,
    })
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
}

/// What has been learnt of events with regard to one query.
pub(crate) struct Study<'a> {
    query: &'a Arc<Query>,
    /// The only event that is looked at.
    id: Option<&'a str>,
    /// Most events that are explained.
    limit: usize,
    /// By stage.
    conditions: Vec<&'a Condition>,
    /// By stage: the events nearest to it, nearest first.
    nearest: Vec<Vec<Near>>,
    hits: Vec<Hit>,
    events: u64,
    problems: Vec<Problem>,
}

impl<'a> Study<'a> {
    pub(crate) fn new(query: &'a Arc<Query>, id: Option<&'a str>, limit: usize) -> Study<'a> {
        let conditions = query.conditions();
        let mut nearest = Vec::new();
        nearest.resize_with(conditions.len(), Vec::new);
        let (hits, events, problems) = (Vec::new(), 0, Vec::new());
        Study { query, id, limit, conditions, nearest, hits, events, problems }
    }

    /// Looks at all events; `rules` has the query alone.
    pub(crate) fn read(&mut self, rules: &RuleSet, scans: &[Scan<'_>]) {
        let Some(any) = scans.first() else { return };
        let mut matcher = Matcher::new(rules);
        let mut batch = Batch::new(rules.fields(), any.time_field);
        let mut problems = std::mem::take(&mut self.problems);
        for scan in scans {
            let (first, form) = (scan.first, scan.options.form);
            let done =
                each_block_from(first, scan.sources, form, &mut problems, |block, problems| {
                    self.block(block, scan, &mut batch, &mut matcher, problems);
                    Ok::<(), Infallible>(())
                });
            let Ok(()) = done;
        }
        self.problems = problems;
    }

    /// How many events satisfy a stage.
    pub(crate) fn matched(&self) -> usize {
        self.hits.len()
    }

    /// Whether an event satisfies the condition of the first stage; it may lack what groups are made by.
    pub(crate) fn is_satisfied(&self) -> bool {
        self.nearest.first().is_some_and(|near| near.iter().any(|near| near.explanation.holds))
    }

    /// Shows what was learnt; gives whether the query finds anything.
    pub(crate) fn show(&mut self, rules: &RuleSet, style: Style, text: &mut String) -> bool {
        let query = self.query;
        match &**query {
            Query::Event { .. } => self.show_events(0, style, text),
            Query::Sequence(sequence) => {
                let stages: Vec<&Stage> = sequence.stages.iter().chain(&sequence.until).collect();
                self.show_stages(&stages, style, text);
                self.show_keys(query, style, text)
            }
            Query::Sample(sample) => {
                self.show_stages(&sample.stages.iter().collect::<Vec<_>>(), style, text);
                !correlate::all(std::mem::take(&mut self.hits), rules.queries(), 1).is_empty()
            }
            Query::Threshold(_) | Query::NewTerms(_) | Query::IndicatorMatch(_) => {
                self.show_events(0, style, text);
                !correlate::all(std::mem::take(&mut self.hits), rules.queries(), 1).is_empty()
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
        batch.clear();
        let (from, to) = (scan.from, scan.to);
        let mut window = Window { batch, from, to, timeless: 0 };
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
                if by_id.as_ref().is_some_and(|indices| !indices.contains(&event.index)) {
                    continue;
                }
                let nearness = nearness(condition, &Row { batch, row });
                if self.is_near(stage, nearness) {
                    fresh.push((nearness, event, row));
                }
            }
            self.keep(stage, fresh, condition, block, options, batch);
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
            let explanation = explain(condition, &Row { batch, row });
            let rendered = block.render(options, &[event.index]).into_iter().next();
            let id =
                rendered.map(|(_, mut document)| identify(&mut document).id).unwrap_or_default();
            let time = batch.time(row);
            let path = block.path().to_owned();
            self.nearest[stage].push(Near { nearness, event, time, path, id, explanation });
        }
        let kept = &mut self.nearest[stage];
        kept.sort_by(|a, b| b.nearness.total_cmp(&a.nearness).then(a.event.cmp(&b.event)));
        kept.truncate(self.limit);
    }

    /// Shows the events nearest to one condition; gives whether one satisfies it.
    fn show_events(&self, stage: usize, style: Style, text: &mut String) -> bool {
        let kept = &self.nearest[stage];
        let found = self.hits.iter().filter(|hit| usize::from(hit.stage) == stage).count();
        let _ = writeln!(text, "{} events, {found} match", self.events);
        for near in kept {
            Self::show_event(near, 0, style, text);
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
        kept.iter().any(|near| near.explanation.holds)
    }

    fn show_event(near: &Near, indent: usize, style: Style, text: &mut String) {
        let pad = " ".repeat(indent);
        let time = near.time.map_or("no time".to_owned(), |time| time.to_string());
        let verdict = if near.explanation.holds {
            style.green("matches")
        } else {
            style.red("does not match")
        };
        let path = clean(&near.path);
        let id = clean(&near.id);
        let _ = writeln!(text, "\n{pad}{} {verdict}", style.bold(&time));
        let _ = writeln!(text, "{pad}{}", style.dim(&format!("{path}  id {id}")));
        show(&near.explanation, indent + 2, style, text);
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
                Self::show_event(near, 4, style, text);
                text.push('\n');
            }
        }
    }

    /// Shows how far each key of a sequence got; gives whether one was completed.
    fn show_keys(&mut self, query: &Arc<Query>, style: Style, text: &mut String) -> bool {
        let mut hits = std::mem::take(&mut self.hits);
        correlate::sort(&mut hits, std::slice::from_ref(query));
        let mut correlator = Correlator::traced(0, query);
        let mut found = Vec::new();
        for hit in hits {
            correlator.push(hit, &mut found);
        }
        correlator.advance(FOREVER, &mut found);
        let Some(trace) = correlator.into_trace() else { return false };
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

fn show_key(key: &JoinKey, events: &[Position], ended: &Ended, style: Style, text: &mut String) {
    let values: Vec<String> = key
        .values()
        .iter()
        .map(|v| v.as_ref().map_or("null".into(), |v| v.text().into_owned()))
        .collect();
    let name = if values.is_empty() { "(no key)".to_owned() } else { clean(&values.join(", ")) };
    let mark = if *ended == Ended::Complete { style.green("✓") } else { style.red("✗") };
    let time = |position: &Position| position.time.map_or("no time".to_owned(), |t| t.to_string());
    let next = events.len() + 1;
    let why = match ended {
        Ended::Complete => "complete".to_owned(),
        Ended::Waiting => format!("no event for stage {next} came"),
        Ended::TooLate { event, span_ms } => format!(
            "the event for stage {next} came too late: {} ms after the first, at {}",
            span_ms,
            time(event)
        ),
        Ended::Until(event) => format!("an `until` event came first, at {}", time(event)),
        Ended::Replaced(event) => {
            format!("a newer event for stage {} took its place, at {}", events.len(), time(event))
        }
        Ended::Present { stage, event } => format!(
            "an event of stage {}, which must be missing, came at {}",
            stage + 1,
            time(event)
        ),
    };
    let _ = writeln!(text, "{mark} {}: {why}", style.bold(&name));
    for (number, event) in events.iter().enumerate() {
        let _ = writeln!(
            text,
            "    {}",
            style.dim(&format!("event {} at {}", number + 1, time(event)))
        );
    }
}

/// Longest text of a value or a test in a tree, in characters.
const MAX_TEXT: usize = 160;

/// Shows a condition as a tree.
fn show(explanation: &Explanation, indent: usize, style: Style, text: &mut String) {
    let pad = " ".repeat(indent);
    let mark = if explanation.holds { style.green("✓") } else { style.red("✗") };
    let group = |name: &str, parts: &[Explanation], text: &mut String| {
        let _ = writeln!(text, "{pad}{mark} {name}");
        for part in parts {
            show(part, indent + 2, style, text);
        }
    };
    match &explanation.what {
        What::All(parts) => group("all of", parts, text),
        What::Any(parts) => group("any of", parts, text),
        What::Not(inner) => group("not", std::slice::from_ref(&**inner), text),
        What::Const => {
            let _ = writeln!(text, "{pad}{mark} {}", explanation.holds);
        }
        What::Leaf { text: condition, saw } => {
            let _ = write!(text, "{pad}{mark} {}", cut(condition, MAX_TEXT));
            for (field, values) in saw {
                let name = if saw.len() > 1 { format!("{field} ") } else { String::new() };
                let _ =
                    write!(text, "  {}", style.dim(&format!("{name}saw {}", values_text(values))));
            }
            text.push('\n');
        }
    }
}

fn values_text(values: &[Value]) -> String {
    let one = |value: &Value| match value {
        Value::Str(text) => format!("{:?}", cut(text, MAX_TEXT)),
        other => other.text().into_owned(),
    };
    match values {
        [] => "nothing: the field is missing".to_owned(),
        [value] => one(value),
        many => format!("[{}]", many.iter().map(one).collect::<Vec<_>>().join(", ")),
    }
}

fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if text.chars().nth(most).is_some() {
        short.push('…');
    }
    clean(&short)
}
