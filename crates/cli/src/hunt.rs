//! `dragnet hunt`: rules over logs.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use dragnet_detect::{Alert, alerts};
use dragnet_engine::{Finding, RuleSet, correlate};
use dragnet_event::{EventRef, Schema, Time};
use dragnet_ingest::{Options, discover};
use dragnet_rules::LoadedRule;

use crate::args::{Format, HuntArgs, InputArgs};
use crate::output::write_alerts;
use crate::progress::Progress;
use crate::scan::{Outcome, Scan, ShownEvent};
use crate::style::Style;
use crate::summary::Summary;
use crate::{ExitStatus, Terminal, rules};

pub(crate) fn run(args: &HuntArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let start = Instant::now();
    let loaded = rules::load(&args.rules, terminal)?;
    let queries = loaded.rules.iter().map(|rule| Arc::new(rule.query.clone())).collect();
    let rule_set = RuleSet::new(queries, None);
    let load_time = start.elapsed();

    let (sources, mut problems) = discover(&args.input.paths);
    let options = Options { flavor: args.input.flavor.into(), ..Options::default() };
    let time_field = Schema::open().field("@timestamp");
    let scan = Scan {
        sources: &sources,
        options: &options,
        time_field: &time_field,
        from: args.input.from,
        to: args.input.to,
        threads: threads(&args.input),
    };
    let progress = Progress::new(&sources, !args.quiet);
    let mut outcome = scan.run(&rule_set, &progress);
    let hits = std::mem::take(&mut outcome.hits);
    let findings = correlate::all(hits, rule_set.queries(), 1);
    scan.fetch(events_of(&findings), &mut outcome.events);
    progress.finish();

    let alerts = make_alerts(&loaded.rules, &findings, &outcome);
    problems.append(&mut outcome.problems);
    let summary = Summary {
        files: sources.len(),
        events: outcome.event_count,
        problems: &problems,
        skipped: &outcome.skipped,
        report: &loaded.report,
        alerts: &alerts,
        load_time,
        time: start.elapsed(),
    };
    let format = args.format.unwrap_or(default_format(args, terminal));
    write(args, &alerts, format, terminal)?;
    summary.print(args.quiet, terminal.err)?;
    Ok(status(args, &summary))
}

/// The number of threads that were asked for, or one per core.
pub(crate) fn threads(input: &InputArgs) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    input.threads.map_or_else(cores, usize::from)
}

/// The events of findings.
pub(crate) fn events_of(findings: &[Finding]) -> impl Iterator<Item = EventRef> + '_ {
    findings.iter().flat_map(|finding| finding.events.iter().flatten().map(|e| e.event))
}

/// The alerts of all findings, by time, then by rule, then by event; the parts of a sequence stay
/// together.
fn make_alerts(rules: &[LoadedRule], findings: &[Finding], outcome: &Outcome) -> Vec<Alert> {
    let mut ordered: Vec<&Finding> = findings.iter().collect();
    let key = |finding: &Finding| {
        let last = finding.last();
        let time = last.and_then(|position| position.time).unwrap_or(Time(i64::MAX));
        let rule = &rules[finding.query as usize].rule;
        (time, rule.name.clone(), rule.rule_id.clone(), last.map(|position| position.event))
    };
    ordered.sort_by_cached_key(|finding| key(finding));
    ordered
        .into_iter()
        .flat_map(|finding| {
            let rule = &rules[finding.query as usize];
            let shown: Vec<&ShownEvent> = finding
                .events
                .iter()
                .flatten()
                .filter_map(|position| outcome.events.get(&position.event))
                .collect();
            let events: Vec<_> = shown.iter().map(|e| (&e.document, &e.identity)).collect();
            let mut alerts = alerts(&rule.rule, &rule.query, finding, &events);
            for (i, alert) in alerts.iter_mut().enumerate() {
                // The parts of a sequence come in the order of its events, then the whole, which
                // is from a file if all its events are.
                let path = shown.get(i).or(shown.last()).map(|event| &event.path);
                let common = i < shown.len() || shown.iter().all(|event| Some(&event.path) == path);
                if let Some(path) = path.filter(|_| common) {
                    alert.document.set("log.file.path", path.as_str().into());
                }
            }
            alerts
        })
        .collect()
}

fn default_format(args: &HuntArgs, terminal: Terminal) -> Format {
    if args.output.is_none() && terminal.interactive { Format::Table } else { Format::Ndjson }
}

fn write(
    args: &HuntArgs,
    alerts: &[Alert],
    format: Format,
    terminal: Terminal,
) -> anyhow::Result<()> {
    let Some(path) = &args.output else {
        let mut out = BufWriter::new(io::stdout().lock());
        write_alerts(alerts, format, terminal.out, terminal.width, &mut out)?;
        return Ok(out.flush()?);
    };
    let shown = path.display();
    let file = File::create(path).with_context(|| format!("cannot write {shown}"))?;
    let mut out = BufWriter::new(file);
    write_alerts(alerts, format, Style::plain(), None, &mut out)
        .and_then(|()| out.flush())
        .with_context(|| format!("cannot write {shown}"))
}

fn status(args: &HuntArgs, summary: &Summary<'_>) -> ExitStatus {
    let rules_failed = args.strict && !summary.report.failed.is_empty();
    if !summary.problems.is_empty() || rules_failed {
        ExitStatus::Error
    } else if summary.alerts.is_empty() || args.exit_zero {
        ExitStatus::Nothing
    } else {
        ExitStatus::Found
    }
}
