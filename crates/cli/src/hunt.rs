//! `dragnet hunt`: rules over logs.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail};
use dragnet_engine::{Hit, RuleSet, correlate};
use dragnet_event::Schema;
use dragnet_ingest::{Problem, Source, discover};
use dragnet_plan::Query;
use dragnet_rules::LoadedRule;

use crate::args::{Clock, Format, HuntArgs};
use crate::output::AlertWriter;
use crate::progress::Progress;
use crate::raise::{Cascade, Cuts, Fetch, Round, events_of};
use crate::scan::Scan;
use crate::style::Style;
use crate::summary::{Counts, Summary};
use crate::{ExitStatus, Terminal, rules};

pub(crate) fn run(args: &HuntArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let start = Instant::now();
    let options = args.input.options()?;
    let (loaded, disabled, mut problems) = rules::load_armed(&args.rules, &options, terminal)?;
    let rule_set = rule_set(&loaded.rules, args.clock);
    let load_time = start.elapsed();
    let (sources, more) = discover(&args.input.paths);
    problems.extend(more);
    // Opened before the work, so that a path that cannot be written costs no hours.
    let mut writer = writer(args, &sources, terminal)?;
    let time_field = Schema::open().field("@timestamp");
    let scan = Scan {
        sources: &sources,
        options: &options,
        time_field: &time_field,
        from: args.input.from,
        to: args.input.to,
        threads: threads(args.threads),
        keep_events: false,
    };
    let progress = Progress::new(&sources, !args.quiet);
    let mut outcome = scan.run(&rule_set, &progress);
    let mut hits = std::mem::take(&mut outcome.hits);
    let own_sources = sources.len() as u32;
    hits.extend(history(args, &scan, &rule_set, &mut problems));
    let mut correlated = correlate::run(hits, rule_set.queries(), 1);
    correlated
        .findings
        .retain(|finding| events_of(std::slice::from_ref(finding)).all(|e| e.source < own_sources));
    let mut changed = 0;
    let mut events = std::mem::take(&mut outcome.events);
    let fetch: Fetch<'_> = &mut |wanted, events| {
        events.clear();
        changed += scan.fetch(wanted, events);
    };
    let findings = correlated.findings;
    let round = Round::new(&loaded.rules, findings, !args.no_cap, &mut events, fetch);
    progress.finish();

    let mut cascade = Cascade {
        rules: &loaded.rules,
        writer: &mut writer,
        counts: Counts::default(),
        cuts: Cuts::default(),
        capped: !args.no_cap,
        time_field: &time_field,
    };
    let written = cascade.run(&round, &mut events, fetch);
    let (counts, cuts) = (cascade.counts, cascade.cuts);
    let written = written.and_then(|()| writer.finish());
    problems.append(&mut outcome.problems);
    let summary = Summary {
        files: sources.len(),
        outcome: &outcome,
        problems: &problems,
        changed,
        report: &loaded.report,
        disabled,
        counts: &counts,
        cuts: &cuts,
        forgotten: correlated.forgotten,
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

/// The hits of new-terms rules in logs from before, numbered after the sources of the hunt.
fn history(
    args: &HuntArgs,
    scan: &Scan<'_>,
    rules: &RuleSet,
    problems: &mut Vec<Problem>,
) -> Vec<Hit> {
    let (sources, more) = discover(&args.history);
    problems.extend(more);
    if sources.is_empty() {
        return Vec::new();
    }
    let progress = Progress::new(&sources, !args.quiet);
    let before = Scan { sources: &sources, from: None, to: None, keep_events: false, ..*scan };
    let mut outcome = before.run(rules, &progress);
    progress.finish();
    problems.append(&mut outcome.problems);
    let is_new_terms =
        |hit: &Hit| matches!(*rules.queries()[hit.query as usize], Query::NewTerms(_));
    outcome.hits.retain(is_new_terms);
    for hit in &mut outcome.hits {
        hit.position.event.source += scan.sources.len() as u32;
    }
    outcome.hits
}

/// The number of threads that were asked for, or one per core.
pub(crate) fn threads(asked: Option<u16>) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    asked.map_or_else(cores, usize::from)
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
    refuse_input(path, sources, &args.rules.rules)?;
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
