//! `dragnet hunt`: rules over logs.

use std::fs::File;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, bail};
use dragnet_event::Schema;
use dragnet_ingest::{Source, discover};

use crate::args::{Format, HuntArgs};
use crate::output::AlertWriter;
use crate::pursuit::{Pursuit, rule_set};
use crate::scan::Scan;
use crate::style::Style;
use crate::summary::Summary;
use crate::{ExitStatus, Terminal, rules};

pub(crate) fn run(args: &HuntArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let start = Instant::now();
    let options = args.input.options()?;
    let (loaded, disabled, mut problems) = rules::load_armed(&args.rules, &options, terminal)?;
    let rule_set = rule_set(&loaded.rules, args.run.clock);
    let load_time = start.elapsed();
    let (sources, more) = discover(&args.input.paths);
    problems.extend(more);
    // Opened before the work, so that a path that cannot be written costs no hours.
    let mut writer = writer(args, &sources, terminal)?;
    let time_field = Schema::open().field("@timestamp");
    let (before, more) = discover(&args.run.history);
    problems.extend(more);
    let scan = Scan::new(&sources, &args.input, &options, &time_field, threads(args.threads));
    let history = scan.history(&before);
    let pursuit = Pursuit {
        rules: &loaded.rules,
        rule_set: &rule_set,
        clock: args.run.clock,
        scans: &[scan],
        history: &[history],
        time_field: &time_field,
        evaluator: args.run.evaluator,
        capped: !args.run.no_cap,
        visible: !args.quiet,
    };
    let mut catch = pursuit.run(&mut |alert| writer.write(alert));
    let doubts = catch.doubts();
    let written = catch.written.and_then(|()| writer.finish());
    problems.append(&mut catch.outcome.problems);
    let summary = Summary {
        files: sources.len(),
        outcome: &catch.outcome,
        problems: &problems,
        changed: catch.changed,
        report: &loaded.report,
        disabled,
        counts: &catch.counts,
        cuts: &catch.cuts,
        doubts: &doubts,
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
