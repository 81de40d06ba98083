//! Rules for running: loaded, with value lists and indicators, those that failed named.

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::PathBuf;

use anyhow::{anyhow, bail};
use dragnet_detect::{Candidate, identify};
use dragnet_event::Document;
use dragnet_ingest::{Options, Problem, discover};
use dragnet_rules::{LoadedRule, Loader, Report, RuleSet, ValueLists};

use crate::Terminal;
use crate::args::{ArmArgs, RuleArgs};
use crate::walk::{Documents, each_block};

/// Loads rules for running them; names those that failed.
///
/// # Errors
/// If no rule at all could be loaded.
pub(crate) fn load(paths: &[PathBuf], terminal: Terminal) -> anyhow::Result<RuleSet> {
    load_with(paths, ValueLists::default(), terminal)
}

/// Loads rules as [`load`] does, with the value lists that their exceptions name.
///
/// # Errors
/// If no rule at all could be loaded, or a value list could not be read.
pub(crate) fn load_excepted(
    paths: &[PathBuf],
    args: &ArmArgs,
    terminal: Terminal,
) -> anyhow::Result<RuleSet> {
    let mut lists = ValueLists::default();
    for path in &args.value_lists {
        lists.read(path).map_err(|why| anyhow!("cannot read a value list: {why}"))?;
    }
    load_with(paths, lists, terminal)
}

/// Gives indicator-match rules their indicators. Gives what of those could not be read.
///
/// # Errors
/// If standard error cannot be written.
pub(crate) fn arm(
    rules: &mut [LoadedRule],
    args: &ArmArgs,
    options: &Options,
    terminal: Terminal,
) -> io::Result<Vec<Problem>> {
    let (candidates, problems) = indicators(&args.indicators, options);
    for rule in rules.iter_mut().filter(|rule| rule.feed.is_some()) {
        if dragnet_detect::arm(rule, &candidates) == 0 {
            let what = if args.indicators.is_empty() {
                "has no indicators to look for (--indicators gives it some)"
            } else {
                "finds none of its indicators among those given"
            };
            let name = &rule.rule.name;
            writeln!(io::stderr(), "{} {name} {what}", terminal.err.red("warning:"))?;
        }
    }
    Ok(problems)
}

/// Loads the rules that are switched on, with all that they need. Gives how many are not, and what of the indicators
/// could not be read.
///
/// # Errors
/// If no rule at all could be loaded, a value list could not be read, or standard error cannot be written.
pub(crate) fn load_armed(
    args: &RuleArgs,
    options: &Options,
    terminal: Terminal,
) -> anyhow::Result<(RuleSet, usize, Vec<Problem>)> {
    let mut loaded = load_excepted(&args.rules, &args.arms, terminal)?;
    let all = loaded.rules.len();
    loaded.rules.retain(|rule| args.run_disabled || rule.rule.enabled);
    let disabled = all - loaded.rules.len();
    let problems = arm(&mut loaded.rules, &args.arms, options, terminal)?;
    Ok((loaded, disabled, problems))
}

/// The documents of these files.
fn indicators(paths: &[PathBuf], options: &Options) -> (Vec<Candidate>, Vec<Problem>) {
    let (sources, mut problems) = discover(paths);
    let (candidates, more) = candidates(&sources, options);
    problems.extend(more);
    (candidates, problems)
}

/// The documents of these sources, each of which may be an indicator; and what could not be read.
pub(crate) fn candidates(
    sources: &[dragnet_ingest::Source],
    options: &Options,
) -> (Vec<Candidate>, Vec<Problem>) {
    let (mut candidates, mut problems) = (Vec::new(), Vec::new());
    let read = each_block(sources, options.form, &mut problems, |block, problems| {
        let mut each = Documents::new(|mut document: Document| {
            let index = document.get_str("_index").map(str::to_owned);
            let id = identify(&mut document).id;
            candidates.push(Candidate { id, index, document });
        });
        block.read(options, &mut each, problems);
        Ok::<(), Infallible>(())
    });
    let Ok(()) = read;
    (candidates, problems)
}

fn load_with(paths: &[PathBuf], lists: ValueLists, terminal: Terminal) -> anyhow::Result<RuleSet> {
    let mut loader = Loader::new();
    loader.value_lists(lists);
    for path in paths {
        loader.path(path);
    }
    let set = loader.finish();
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
