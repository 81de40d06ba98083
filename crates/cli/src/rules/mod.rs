//! `dragnet rules`: rule files.

use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::bail;
use dragnet_rules::{Report, RuleSet};

use crate::args::RulesCommand;
use crate::{ExitStatus, Terminal, readiness};

pub(crate) mod args;
mod check;
mod codes;
mod fmt;
mod github;
mod sarif;
mod show;

/// Runs one of the commands.
pub(crate) fn run(command: RulesCommand, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    match command {
        RulesCommand::Check(args) => check::run(&args, terminal),
        RulesCommand::Fmt(args) => fmt::run(&args, terminal),
        RulesCommand::Codes(args) => codes::run(&args, terminal),
        RulesCommand::Show(args) => show::run(&args, terminal),
        RulesCommand::Readiness(args) => readiness::run(&args, terminal),
    }
}

/// Loads rules for running them; names those that failed.
///
/// # Errors
/// If no rule at all could be loaded.
pub(crate) fn load(paths: &[PathBuf], terminal: Terminal) -> anyhow::Result<RuleSet> {
    let set = dragnet_rules::load(paths);
    let mut err = io::stderr().lock();
    for failure in &set.report.failed {
        write!(err, "{}", failure.render(terminal.err.is_colored()))?;
    }
    if set.rules.is_empty() {
        bail!("no rule could be loaded from {}{}", paths_text(paths), why_none(&set.report));
    }
    Ok(set)
}

/// What became of rules instead of being loaded.
fn why_none(report: &Report) -> String {
    let mut types: Vec<&str> = report.unsupported.iter().map(|rule| rule.rule_type).collect();
    types.sort_unstable();
    types.dedup();
    let parts = [
        (report.failed.len(), "failed".to_owned()),
        (report.unsupported.len(), format!("of a type not supported yet ({})", types.join(", "))),
        (report.deprecated.len(), "deprecated, which are not run".to_owned()),
        (report.skipped.len(), "files without a rule".to_owned()),
    ];
    let parts: Vec<String> = parts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if parts.is_empty() { String::new() } else { format!(": {}", parts.join(", ")) }
}

fn paths_text(paths: &[PathBuf]) -> String {
    paths.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().join(", ")
}
