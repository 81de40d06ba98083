//! `dragnet hunt`: rules over logs.

use std::cell::OnceCell;
use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use dragnet_detect::{Alert, RulePart, alerts};
use dragnet_engine::{Finding, RuleSet, correlate};
use dragnet_event::{EventRef, Schema, Time};
use dragnet_ingest::{Source, discover};
use dragnet_plan::Query;
use dragnet_rules::LoadedRule;

use crate::args::{Format, HuntArgs};
use crate::output::AlertWriter;
use crate::progress::Progress;
use crate::scan::{Outcome, Scan, ShownEvent};
use crate::style::Style;
use crate::summary::{Counts, Summary};
use crate::{ExitStatus, Terminal, rules};

pub(crate) fn run(args: &HuntArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let start = Instant::now();
    let mut loaded = rules::load(&args.rules, terminal)?;
    let all = loaded.rules.len();
    loaded.rules.retain(|rule| rule.rule.enabled);
    let disabled = all - loaded.rules.len();
    let queries = loaded.rules.iter().map(|rule| Arc::new(rule.query.clone())).collect();
    let rule_set = RuleSet::new(queries, None);
    let load_time = start.elapsed();
    let options = args.input.options()?;
    let (sources, mut problems) = discover(&args.input.paths);
    // Opened before the work, so that a path that cannot be written costs no hours.
    let writer = writer(args, &sources, terminal)?;
    let time_field = Schema::open().field("@timestamp");
    let scan = Scan {
        sources: &sources,
        options: &options,
        time_field: &time_field,
        from: args.input.from,
        to: args.input.to,
        threads: threads(args.threads),
        keep_events: true,
    };
    let progress = Progress::new(&sources, !args.quiet);
    let mut outcome = scan.run(&rule_set, &progress);
    let hits = std::mem::take(&mut outcome.hits);
    let findings = correlate::all(hits, rule_set.queries(), 1);
    let changed = scan.fetch(events_of(&findings), &mut outcome.events);
    progress.finish();

    let (counts, written) = write_alerts(&loaded.rules, &findings, &outcome, writer);
    problems.append(&mut outcome.problems);
    let summary = Summary {
        files: sources.len(),
        outcome: &outcome,
        problems: &problems,
        changed,
        report: &loaded.report,
        disabled,
        counts: &counts,
        load_time,
        time: start.elapsed(),
    };
    summary.print(args, terminal.err)?;
    match written {
        // Whoever read the alerts (`head`, a pager) has seen enough; that is no error.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(anyhow::Error::new(error).context("cannot write the alerts"))
        }
        _ => Ok(status(args, &summary)),
    }
}

/// The number of threads that were asked for, or one per core.
pub(crate) fn threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(cores, usize::from)
}

/// The events of findings.
pub(crate) fn events_of(findings: &[Finding]) -> impl Iterator<Item = EventRef> + '_ {
    findings.iter().flat_map(|finding| finding.events.iter().flatten().map(|e| e.event))
}

/// Makes and writes the alerts of all findings, one finding after the other: by time, then by rule, then by
/// event; the parts of a sequence stay together. Goes on counting if they cannot be written.
fn write_alerts(
    rules: &[LoadedRule],
    findings: &[Finding],
    outcome: &Outcome,
    mut writer: AlertWriter<'_>,
) -> (Counts, io::Result<()>) {
    let mut ordered: Vec<&Finding> = findings.iter().collect();
    let key = |finding: &Finding| {
        let last = finding.last();
        let time = last.and_then(|position| position.time).unwrap_or(Time(i64::MAX));
        let rule = &rules[finding.query as usize].rule;
        (time, rule.name.clone(), rule.rule_id.clone(), last.map(|position| position.event))
    };
    ordered.sort_by_cached_key(|finding| key(finding));
    let parts: Vec<OnceCell<RulePart<'_>>> = rules.iter().map(|_| OnceCell::new()).collect();
    let mut counts = Counts::default();
    let mut written = Ok(());
    for finding in ordered {
        let number = finding.query as usize;
        let rule = &rules[number];
        let part = parts[number].get_or_init(|| RulePart::new(&rule.rule));
        for alert in alerts_of(part, &rule.query, finding, outcome) {
            counts.add(&alert);
            if written.is_ok() {
                written = writer.write(&alert);
            }
        }
    }
    let written = written.and_then(|()| writer.finish());
    (counts, written)
}

/// The alerts of one finding; none if an event of it could not be read again.
fn alerts_of<'r>(
    rule: &'r RulePart<'r>,
    query: &Query,
    finding: &Finding,
    outcome: &Outcome,
) -> Vec<Alert<'r>> {
    let positions = finding.events.iter().flatten();
    let shown: Option<Vec<&ShownEvent>> =
        positions.map(|position| outcome.events.get(&position.event)).collect();
    let Some(shown) = shown else { return Vec::new() };
    let events: Vec<_> = shown.iter().map(|e| (&e.document, &e.identity)).collect();
    let mut alerts = alerts(rule, query, finding, &events);
    for (i, alert) in alerts.iter_mut().enumerate() {
        // The parts of a sequence come in the order of its events, then the whole, which is from a
        // file if all its events are.
        let path = shown.get(i).or(shown.last()).map(|event| &event.path);
        let common = i < shown.len() || shown.iter().all(|event| Some(&event.path) == path);
        if let Some(path) = path.filter(|_| common) {
            alert.own.set("log.file.path", path.as_str().into());
        }
    }
    alerts
}

/// Where alerts go, and in which form: by default a table on a terminal and NDJSON elsewhere.
fn writer(
    args: &HuntArgs,
    sources: &[Source],
    terminal: Terminal,
) -> anyhow::Result<AlertWriter<'static>> {
    let format = |table| args.format.unwrap_or(if table { Format::Table } else { Format::Ndjson });
    let Some(path) = args.output.as_ref().filter(|path| path.as_os_str() != "-") else {
        let out = Box::new(BufWriter::new(io::stdout()));
        let format = format(terminal.interactive);
        return Ok(AlertWriter::new(out, format, terminal.out, terminal.width));
    };
    refuse_input(path, sources, &args.rules)?;
    let file = File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
    let out = Box::new(BufWriter::new(file));
    Ok(AlertWriter::new(out, format(false), Style::plain(), None))
}

/// Writing over what is read would lose it.
fn refuse_input(output: &Path, sources: &[Source], rules: &[PathBuf]) -> anyhow::Result<()> {
    /// What rule files in folders are called.
    const RULES: &[&str] = &["toml", "json", "ndjson"];
    let Ok(output) = output.canonicalize() else { return Ok(()) };
    if !output.is_file() {
        return Ok(());
    }
    let extension = output.extension().and_then(|extension| extension.to_str());
    let is_rule_file = extension.is_some_and(|extension| RULES.contains(&extension));
    let is_it = |path: &Path| path.canonicalize().is_ok_and(|path| path == output);
    let holds_it = |path: &Path| path.canonicalize().is_ok_and(|path| output.starts_with(path));
    if sources.iter().any(|source| is_it(Path::new(source.path()))) {
        bail!("{} is one of the logs; the alerts would overwrite it", output.display());
    }
    if rules.iter().any(|path| is_it(path) || is_rule_file && holds_it(path)) {
        bail!("{} is among the rules; the alerts would overwrite it", output.display());
    }
    Ok(())
}

fn status(args: &HuntArgs, summary: &Summary<'_>) -> ExitStatus {
    let rules_failed = args.strict && !summary.report.failed.is_empty();
    if summary.has_losses() || rules_failed {
        ExitStatus::Error
    } else if summary.counts.all() == 0 || args.exit_zero {
        ExitStatus::Nothing
    } else {
        ExitStatus::Found
    }
}
