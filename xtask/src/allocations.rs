//! `cargo xtask allocations`: how often hunting asks for memory, by form of events.
//!
//! On the made corpus, and on the benchmark's where that is. The counting is done by a benchmark of the command line
//! (`crates/cli/benches/allocations.rs`), which has an allocator of its own.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::bench::{corpora, json_lines, one_evtx, rule_folders};
use crate::made;
use crate::steps::{cargo_command, succeed};

/// Counts.
pub(crate) fn run(root: &Path) -> ExitCode {
    match count(root) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn count(root: &Path) -> io::Result<()> {
    succeed(cargo_command(root).args(["build", "--release", "--locked", "--package", "dragnet"]))?;
    let dragnet = root.join("target/release/dragnet");
    let folder = root.join("target/bench/made");
    let made = made::write(&folder)?;
    let ecs = normalized(&dragnet, &made.evtx, &folder.join("events.ecs.ndjson"))?;
    println!("made events:");
    bench(root, &[made.rules], &[made.evtx, made.lines, ecs])?;
    let corpora = corpora(root);
    if !corpora.exists() {
        println!("\nskipped: {} is not here", corpora.display());
        return Ok(());
    }
    let folder = root.join("target/bench");
    let evtx = folder.join("once.evtx");
    one_evtx(&corpora, &evtx)?;
    let (lines, _) = json_lines::unpack(&corpora.join("bench"), &folder)?;
    let ecs = normalized(&dragnet, &evtx, &folder.join("once.ecs.ndjson"))?;
    println!("\nreal events:");
    bench(root, &rule_folders(&corpora), &[evtx, lines, ecs])
}

fn normalized(dragnet: &Path, file: &Path, to: &Path) -> io::Result<PathBuf> {
    // Its status says that some records are damaged, if they are.
    Command::new(dragnet).arg("normalize").arg(file).stdout(File::create(to)?).status()?;
    Ok(to.to_path_buf())
}

fn bench(root: &Path, rules: &[PathBuf], files: &[PathBuf]) -> io::Result<()> {
    let mut command = cargo_command(root);
    command.args([
        "bench",
        "--quiet",
        "--locked",
        "--package",
        "dragnet",
        "--bench",
        "allocations",
    ]);
    command.arg("--");
    for rules in rules {
        command.arg("--rules").arg(rules);
    }
    succeed(command.args(files))
}
