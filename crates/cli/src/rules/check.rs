//! `dragnet rules check`: which rules load, and what is wrong with the others.

use std::io::{self, Write};

use dragnet_rules::TextOptions;

use crate::args::{CheckArgs, ReportFormat};
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &CheckArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let report = dragnet_rules::load(&args.paths).report;
    let mut out = io::stdout().lock();
    match args.format {
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &report)?;
            writeln!(out)?;
        }
        ReportFormat::Text => {
            let color = terminal.out.is_colored();
            let options = TextOptions { color, warnings: args.verbose, list: args.verbose };
            write!(out, "{}", report.to_text(options))?;
        }
    }
    Ok(if report.failed.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}
