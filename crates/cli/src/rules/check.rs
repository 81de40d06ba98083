//! `dragnet rules check`: which rules load, what is wrong with the others, and what is doubtful.

use std::io::{self, Write};

use dragnet_rules::{LintOptions, Loader, Problem, Report, TextOptions};

use crate::rules::args::{CheckArgs, CheckFormat};
use crate::rules::{github, sarif};
use crate::{ExitStatus, Terminal};

/// More warnings than this are told by their codes and numbers, unless all are asked for.
const MOST_SHOWN: usize = 20;

pub(crate) fn run(args: &CheckArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let fields = dragnet_ecs::fields::all().map(|field| field.name).collect();
    let mut loader = Loader::with_lints(LintOptions { fields });
    for path in &args.paths {
        loader.path(path);
    }
    let mut report = loader.finish().report;
    report.apply(&args.policy());
    let mut out = io::stdout().lock();
    match args.format {
        CheckFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
        CheckFormat::Sarif => {
            serde_json::to_writer_pretty(&mut out, &sarif::log(&told(&report, args.verbose)))?;
            writeln!(out)?;
        }
        CheckFormat::Github => {
            write!(out, "{}", github::annotations(&report.failed, "error"))?;
            write!(out, "{}", github::annotations(&report.denied, "error"))?;
            write!(out, "{}", github::annotations(&report.warnings, "warning"))?;
            if args.verbose {
                write!(out, "{}", github::annotations(&report.notes, "notice"))?;
            }
            write!(out, "{}", report.summary_text())?;
        }
        CheckFormat::Text => {
            let options = TextOptions {
                color: terminal.out.is_colored(),
                warnings: args.verbose || report.warnings.len() <= MOST_SHOWN,
                notes: args.verbose,
                list: args.verbose,
            };
            write!(out, "{}", report.to_text(options))?;
        }
    }
    let sound = report.failed.is_empty() && report.denied.is_empty();
    Ok(if sound { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// The problems that a list of them has, the worst first.
fn told(report: &Report, notes: bool) -> Vec<&Problem> {
    let notes = report.notes.iter().filter(|_| notes);
    report.failed.iter().chain(&report.denied).chain(&report.warnings).chain(notes).collect()
}
