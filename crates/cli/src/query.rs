//! `dragnet query`: one query, answered in the shape of Elasticsearch's `_eql/search`.

use std::fs;
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use dragnet_engine::{Finding, JoinKey, RuleSet, correlate};
use dragnet_event::{DynamicFields, EventRef, FieldSink, Scalar, Schema, Value};
use dragnet_ingest::{EventSink, Options, Source, discover};
use dragnet_plan::{Pipe, Query, Severity, Snippet};
use serde_json::{Value as Json, json};

use crate::args::{Evaluator, QueryArgs, ResultPosition};
use crate::hunt::threads;
use crate::progress::Progress;
use crate::raise::events_of;
use crate::scan::{Outcome, Scan};
use crate::style::clean;
use crate::summary::print_problems;
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &QueryArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let start = Instant::now();
    let (sources, mut problems) = discover(&args.input.paths);
    let options = Options {
        complete: args.schema.is_empty() && !args.input.no_complete,
        ..args.input.options()?
    };
    let schema = schema(args, &sources, &options)?;
    let Some(query) = compile(args, &schema, terminal)? else { return Ok(ExitStatus::Error) };
    let query = Arc::new(query);
    let tiebreaker = args.tiebreaker_field.as_deref().map(|name| schema.field(name));
    let rules = RuleSet::new(vec![query.clone()], tiebreaker.as_ref());

    let time_field = schema.date_field(&args.timestamp_field);
    let scan = Scan::new(&sources, &args.input, &options, &time_field, threads(args.threads));
    let progress = Progress::new(&sources, true);
    let mut outcome = scan.run(&rules, Evaluator::Matcher, &progress);
    let hits = std::mem::take(&mut outcome.hits);
    let samples = args.max_samples_per_key;
    let mut findings = correlate::run(&hits, rules.queries(), samples).findings;
    let piped = limit(&mut findings, &query, args);
    let changed = scan.fetch(events_of(&findings).collect(), &outcome.places, &mut outcome.events);
    progress.finish();
    let mut err = io::stderr().lock();
    if piped > findings.len() {
        let end = if findings.is_empty() || is_from_head(&query, args) { "first" } else { "last" };
        writeln!(err, "the {end} {} of {piped} results are given (--size)", findings.len())?;
    }
    if changed > 0 {
        writeln!(err, "{changed} events could not be read again: their files have changed")?;
    }
    for path in &outcome.skipped {
        writeln!(err, "skipped: {} is no log", clean(path))?;
    }
    drop(err);

    problems.append(&mut outcome.problems);
    let answer = answer(&query, &findings, &outcome, start.elapsed().as_millis() as u64);
    let mut out = io::stdout().lock();
    serde_json::to_writer_pretty(&mut out, &answer)?;
    writeln!(out)?;
    print_problems(&problems, terminal.err, &mut io::stderr().lock())?;
    Ok(match (problems.is_empty(), findings.is_empty()) {
        (false, _) => ExitStatus::Error,
        (true, true) => ExitStatus::Nothing,
        (true, false) => ExitStatus::Found,
    })
}

/// The schema to compile under: open, or the mappings and, as in Elasticsearch, what the data holds
/// besides.
fn schema(args: &QueryArgs, sources: &[Source], options: &Options) -> anyhow::Result<Schema> {
    if args.schema.is_empty() {
        return Ok(Schema::open());
    }
    let read = |path: &PathBuf| {
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
    };
    let texts: Vec<String> = args.schema.iter().map(read).collect::<Result<_, _>>()?;
    let schema = Schema::closed(texts.iter().map(String::as_str))
        .map_err(|error| anyhow!(error).context("cannot use the mapping"))?;
    let mut survey = Survey::default();
    for source in sources {
        // What cannot be read is named when the query runs.
        for block in source.open_as(0, options.form).into_iter().flatten().flatten() {
            block.read(options, &mut survey, &mut Vec::new());
        }
    }
    Ok(schema.with_dynamic(&survey.0))
}

/// Looks at all events for the fields that they have.
#[derive(Default)]
struct Survey(DynamicFields);

impl FieldSink for Survey {
    fn wants(&self, path: &str) -> bool {
        self.0.wants(path)
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.0.put(path, value);
    }
}

impl EventSink for Survey {
    fn end_event(&mut self, _event: EventRef) {}

    fn abandon_event(&mut self) {}
}

/// The compiled query; `None` if it is not valid, which has then been said.
fn compile(args: &QueryArgs, schema: &Schema, terminal: Terminal) -> anyhow::Result<Option<Query>> {
    let language = args.language.into();
    let category_field = &args.event_category_field;
    let (query, diagnostics) =
        dragnet_rules::compile_query(language, &args.query, schema, category_field);
    let snippet = Snippet { text: &args.query, origin: "query", first_line: 1 };
    let mut err = io::stderr().lock();
    for diagnostic in &diagnostics {
        err.write_all(diagnostic.render(snippet, terminal.err.is_colored()).as_bytes())?;
    }
    Ok(query.filter(|_| diagnostics.iter().all(|d| d.severity != Severity::Error)))
}

/// Applies the pipes, then the size; gives the number before the size was applied. Elasticsearch: what is
/// given stays in ascending order; of too many results the last are given, or the first if so asked.
fn limit(findings: &mut Vec<Finding>, query: &Query, args: &QueryArgs) -> usize {
    let clamp = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    for pipe in query.pipes() {
        match pipe {
            Pipe::Head(n) => findings.truncate(clamp(*n)),
            Pipe::Tail(n) => keep_last(findings, clamp(*n)),
        }
    }
    let all = findings.len();
    if is_from_head(query, args) {
        findings.truncate(args.size);
    } else {
        keep_last(findings, args.size);
    }
    all
}

/// Samples have no time; they come by key, and the first are given.
fn is_from_head(query: &Query, args: &QueryArgs) -> bool {
    matches!(query, Query::Sample(_)) || args.result_position == ResultPosition::Head
}

fn keep_last(findings: &mut Vec<Finding>, n: usize) {
    findings.drain(..findings.len().saturating_sub(n));
}

/// The answer. Elasticsearch: `hits.total.value` is the number of what is given.
fn answer(query: &Query, findings: &[Finding], outcome: &Outcome, took: u64) -> Json {
    let total = json!({"value": findings.len(), "relation": "eq"});
    let mut hits = json!({"total": total});
    let event = |position: &Option<dragnet_engine::Position>| {
        let known = position.as_ref().and_then(|p| outcome.events.get(&p.event));
        match known {
            None => json!({"_index": "", "_id": "", "_source": {}, "missing": true}),
            Some(event) => json!({
                "_index": event.identity.index,
                "_id": event.identity.id,
                "_source": event.document.0,
            }),
        }
    };
    if matches!(query, Query::Event { .. }) {
        hits["events"] =
            findings.iter().map(|f| f.events.first().map_or(Json::Null, event)).collect();
    } else {
        hits["sequences"] = findings
            .iter()
            .map(|finding| {
                let events: Vec<Json> = finding.events.iter().map(event).collect();
                let mut sequence = json!({"events": events});
                if !finding.key.values().is_empty() {
                    sequence["join_keys"] = join_keys(&finding.key);
                }
                sequence
            })
            .collect();
    }
    json!({"is_partial": false, "is_running": false, "took": took, "timed_out": false, "hits": hits})
}

/// Join keys as JSON values; dates as milliseconds since 1970, as Elasticsearch gives them.
fn join_keys(key: &JoinKey) -> Json {
    let one = |value: &Option<Value>| match value {
        None => Json::Null,
        Some(Value::Bool(b)) => json!(b),
        Some(Value::Long(n)) => json!(n),
        Some(Value::Double(n)) => json!(n),
        Some(Value::Date(time)) => json!(time.millis()),
        Some(Value::Str(text)) => json!(text),
    };
    key.values().iter().map(one).collect()
}
