//! `cargo xtask instructions`: what a hunt through the made corpus ([`crate::made`]) costs, in instructions.
//!
//! Callgrind counts them, so that a machine that is busy with something else does not matter. The figures are kept
//! in `docs/benchmarks/instructions.tsv` and show in a review when they change. They are those of one compiler and
//! one kind of processor (libraries choose their code by it), and hash tables begin with other seeds in each run:
//! what differs by less than [`NOISE`] is the same.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::made::{self, Made};
use crate::steps::{cargo_command, succeed};

/// Where the figures are kept.
const KEPT: &str = "docs/benchmarks/instructions.tsv";
/// The change in percent that is none.
const NOISE: f64 = 2.5;
const HEAD: &str = "form\tpart\tthousands of instructions\tper event";

/// The parts of a hunt: the functions that do one, with all that they call. Of an indented part the cost is in that of
/// the part above it.
#[rustfmt::skip]
const PARTS: &[(&str, &[&str])] = &[
    ("load rules", &["dragnet::rules::load::load_armed", "dragnet::rules::load_armed", "dragnet::pursuit::rule_set"]),
    ("read", &["dragnet_ingest::block::Block::read"]),
    ("  normalise", &["dragnet_ecs::normalize"]),
    ("match", &["dragnet_engine::matcher::Matcher::run"]),
    ("correlate", &["dragnet_engine::correlate::drop_hopeless", "dragnet_engine::correlate::run"]),
    ("raise", &["dragnet::raise::Round::new", "dragnet::cascade::Cascade::run"]),
];

/// Counts, compares with what is kept, and with `--write yes` keeps what was counted.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> ExitCode {
    let write = match arguments {
        [] => false,
        ["--write", "yes"] => true,
        _ => {
            println!("error: instructions takes nothing but --write yes");
            return ExitCode::from(2);
        }
    };
    match count(root).and_then(|table| show(&root.join(KEPT), &table, write)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// By form and part: thousands of instructions.
type Table = Vec<(String, String, u64)>;

fn count(root: &Path) -> io::Result<Table> {
    let valgrind = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    if !valgrind.is_ok_and(|status| status.success()) {
        return Err(io::Error::other("valgrind is not here, and callgrind is part of it"));
    }
    succeed(cargo_command(root).args(["build", "--release", "--locked", "--package", "dragnet"]))?;
    let dragnet = root.join("target/release/dragnet");
    let folder = root.join("target/bench/made");
    let made = made::write(&folder)?;
    let ecs = folder.join("events.ecs.ndjson");
    let documents = Command::new(&dragnet).arg("normalize").arg(&made.evtx).output()?;
    fs::write(&ecs, documents.stdout)?;
    let empty = folder.join("empty.evtx");
    fs::write(&empty, "")?;
    let mut table = Table::new();
    for (form, file) in [
        ("no events", &empty),
        ("EVTX", &made.evtx),
        ("NXLog lines", &made.lines),
        ("ECS lines", &ecs),
    ] {
        let profile = profile(&dragnet, &made, file, &folder.join("callgrind.out"))?;
        for (part, functions) in PARTS {
            let cost: u64 = functions.iter().filter_map(|name| profile.inclusive.get(*name)).sum();
            table.push((form.to_owned(), (*part).to_owned(), cost / 1000));
        }
        table.push((form.to_owned(), "all".to_owned(), profile.total / 1000));
    }
    Ok(table)
}

/// What callgrind counted.
#[derive(Debug, Default, PartialEq)]
struct Profile {
    total: u64,
    /// By function: its instructions and those of whatever it calls. Too much for what calls itself.
    inclusive: BTreeMap<String, u64>,
}

fn profile(dragnet: &Path, made: &Made, file: &Path, out: &PathBuf) -> io::Result<Profile> {
    let mut command = Command::new("valgrind");
    command.args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]);
    command.arg(format!("--callgrind-out-file={}", out.display())).arg(dragnet);
    command.args(["hunt", "--quiet", "--exit-zero", "--threads", "1", "--rules"]);
    let status = command.arg(&made.rules).arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    let status = status.status()?;
    if !status.success() {
        return Err(io::Error::other(format!("{command:?} failed: {status}")));
    }
    let profile = read(&fs::read_to_string(out)?);
    fs::remove_file(out)?;
    Ok(profile)
}

/// Reads callgrind's output: `cfn=` names what is called, `calls=` follows, and then a line with the place of the call
/// and all that it cost.
fn read(text: &str) -> Profile {
    let mut profile = Profile::default();
    let mut called = None;
    let mut is_call = false;
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("cfn=") {
            called = Some(name);
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if is_call {
            is_call = false;
            let cost = line.split_whitespace().nth(1).and_then(|cost| cost.parse::<u64>().ok());
            if let (Some(name), Some(cost)) = (called, cost) {
                *profile.inclusive.entry(name.to_owned()).or_insert(0) += cost;
            }
        } else if let Some(total) = line.strip_prefix("totals:") {
            profile.total = total.trim().parse().unwrap_or_default();
        }
    }
    profile
}

/// Prints the table beside the one that is kept.
fn show(kept_at: &Path, table: &Table, write: bool) -> io::Result<()> {
    let kept = fs::read_to_string(kept_at).unwrap_or_default();
    let before: BTreeMap<(&str, &str), u64> = kept
        .lines()
        .filter_map(|line| {
            let mut cells = line.split('\t');
            Some(((cells.next()?, cells.next()?), cells.next()?.parse().ok()?))
        })
        .collect();
    let mut text = format!("{HEAD}\n");
    println!("| form | part | thousands of instructions | per event | change |");
    println!("|---|---|--:|--:|--:|");
    for (form, part, cost) in table {
        let is_loading = form == "no events" || part == "load rules";
        let per_event = if is_loading {
            String::new()
        } else {
            (cost * 1000 / made::EVENTS as u64).to_string()
        };
        let _ = writeln!(text, "{form}\t{part}\t{cost}\t{per_event}");
        let change = change(before.get(&(form, part)).copied(), *cost);
        let part = part.replacen("  ", "… ", 1);
        println!("| {form} | {part} | {cost} | {per_event} | {change} |");
    }
    for (_, part, _) in
        table.iter().filter(|(form, part, cost)| form == "EVTX" && *cost == 0 && part != "all")
    {
        println!(
            "note: nothing was counted for {:?}: its functions have other names in this build, or were inlined",
            part.trim()
        );
    }
    if write {
        fs::write(kept_at, text)?;
        println!("written to {KEPT}");
    } else if kept.is_empty() {
        println!("no figures are kept yet: --write yes");
    }
    Ok(())
}

fn change(before: Option<u64>, now: u64) -> String {
    match before {
        None => "new".to_owned(),
        Some(0) => String::new(),
        Some(before) => {
            let percent = (now as f64 / before as f64 - 1.0) * 100.0;
            if percent.abs() < NOISE { "=".to_owned() } else { format!("{percent:+.1} %") }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_callgrind_writes() {
        let text = "events: Ir\n\nfn=main\n5 10\ncfi=lib.rs\ncfn=a::b\ncalls=2 7\n5 300\n6 1\ncfn=c\ncalls=1 9\n6 20\n\
                    \nfn=c\n9 4\ncfn=a::b\ncalls=1 7\n9 16\n\ntotals: 331\n";
        let inclusive = [("a::b".to_owned(), 316), ("c".to_owned(), 20)].into();
        assert_eq!(read(text), Profile { total: 331, inclusive });
    }

    #[test]
    fn small_changes_are_none() {
        let shown = [(None, 5), (Some(1000), 1005), (Some(1000), 1100), (Some(1000), 900)];
        let shown = shown.map(|(before, now)| change(before, now));
        assert_eq!(shown, ["new", "=", "+10.0 %", "-10.0 %"]);
    }
}
