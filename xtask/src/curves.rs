//! How a hunt scales: with the number of rules, and its memory with the size of what it reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::bench::{Chunks, Plan, Report, hunt};
use crate::watch::Contender;

/// How many rules.
const RULES: &[usize] = &[1, 10, 100];
/// Megabytes of events.
const SIZES: &[usize] = &[10, 100, 500, 2000];

/// Time against the number of rules: some of those for Windows, evenly spread, then all that there are.
pub(crate) fn rules(plan: &Plan, file: &Path, empty: &Path, report: &mut Report) -> io::Result<()> {
    let folders = plan.all_rules();
    let mut files = Vec::new();
    for entry in fs::read_dir(plan.rules.join("rules/windows"))? {
        files.push(entry?.path());
    }
    files.sort();
    let some = |count: usize| -> Vec<PathBuf> {
        files.iter().step_by((files.len() / count).max(1)).take(count).cloned().collect()
    };
    let mut sets: Vec<(String, Vec<PathBuf>)> =
        RULES.iter().map(|count| (count.to_string(), some(*count))).collect();
    sets.push(("all".to_owned(), folders.to_vec()));
    report.line("\n| rules | start-up CPU s | hunt CPU s | net | × one rule |");
    report.line("|--:|--:|--:|--:|--:|");
    let mut first = None;
    for (name, rules) in &sets {
        let mut pair =
            [hunt("start-up", plan, rules, empty, "1"), hunt("hunt", plan, rules, file, "1")];
        for _ in 0..plan.runs {
            pair.iter_mut().try_for_each(Contender::run)?;
        }
        let [before, all] = pair.map(|contender| contender.median(|run| run.cpu));
        let net = all - before;
        let one = *first.get_or_insert(net);
        report.line(&format!("| {name} | {before:.2} | {all:.2} | {net:.2} | {:.2} |", net / one));
    }
    Ok(())
}

/// Peak memory against size, with all rules and two threads.
pub(crate) fn memory(
    plan: &Plan,
    chunks: &Chunks,
    folder: &Path,
    report: &mut Report,
) -> io::Result<()> {
    report.line("\n| EVTX, MB | peak MB | CPU s |");
    report.line("|--:|--:|--:|");
    let file = folder.join("sized.evtx");
    for size in SIZES {
        chunks.glue_to(size << 20, &file)?;
        let mut hunt = hunt("hunt", plan, &plan.all_rules(), &file, "2");
        hunt.run()?;
        let (peak, cpu) = (hunt.median(|run| run.peak_mb), hunt.median(|run| run.cpu));
        report.line(&format!("| {size} | {peak:.0} | {cpu:.2} |"));
    }
    fs::remove_file(&file)
}
