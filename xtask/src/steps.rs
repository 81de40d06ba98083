//! `cargo xtask test`: the steps, one after the other, each with its time.
//!
//! A failing step does not end the run: what is wrong with the format should not hide what is wrong
//! with the tests. The failures are listed at the end.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use crate::{arrows, tidy};

/// What a check that is not a command found.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    /// What must be mended.
    pub(crate) errors: Vec<String>,
    /// What should be looked at.
    pub(crate) notes: Vec<String>,
}

/// One step.
enum Step {
    /// A cargo command, and variables of its environment.
    Cargo(&'static [&'static str], &'static [(&'static str, &'static str)]),
    /// A check of our own.
    Check(fn(&Path) -> Findings),
}

const NEXTEST: Step =
    Step::Cargo(&["nextest", "run", "--workspace", "--locked", "--no-fail-fast"], &[]);
const CARGO_TEST: Step = Step::Cargo(
    &["test", "--workspace", "--locked", "--lib", "--bins", "--tests", "--no-fail-fast"],
    &[],
);
const DENY_DOC_WARNINGS: &[(&str, &str)] = &[("RUSTDOCFLAGS", "-D warnings")];

/// The steps in order, the quick ones first.
fn steps() -> [(&'static str, Step); 8] {
    [
        ("format", Step::Cargo(&["fmt", "--all", "--check"], &[])),
        ("tidy", Step::Check(tidy::check)),
        ("arrows", Step::Check(arrows::check)),
        (
            "lints",
            Step::Cargo(
                &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
                &[],
            ),
        ),
        ("tests", if has_nextest() { NEXTEST } else { CARGO_TEST }),
        (
            "examples",
            Step::Cargo(
                &["run", "--quiet", "--locked", "-p", "dragnet", "--", "test", "examples"],
                &[],
            ),
        ),
        ("doc tests", Step::Cargo(&["test", "--workspace", "--locked", "--doc"], &[])),
        ("docs", Step::Cargo(&["doc", "--workspace", "--locked", "--no-deps"], DENY_DOC_WARNINGS)),
    ]
}

/// Runs every step, then says which failed.
pub(crate) fn test(root: &Path) -> ExitCode {
    let mut failed = Vec::new();
    let begin = Instant::now();
    for (name, step) in steps() {
        println!("==> {name}: {}", describe(&step));
        let started = Instant::now();
        let passed = match step {
            Step::Cargo(arguments, variables) => cargo(root, arguments, variables),
            Step::Check(check) => print(&check(root)),
        };
        let seconds = started.elapsed().as_secs_f64();
        println!("    {name}: {} in {seconds:.1} s\n", if passed { "passed" } else { "FAILED" });
        if !passed {
            failed.push(name);
        }
    }
    // Test runners keep what passing tests say to themselves.
    let corpora = std::env::var_os("DRAGNET_CORPORA").map(PathBuf::from);
    let corpora = corpora.unwrap_or_else(|| root.join("../shared/corpora"));
    if !corpora.exists() {
        println!(
            "skipped: the tests that need {} had nothing to do: it is not here\n",
            corpora.display()
        );
    }
    let seconds = begin.elapsed().as_secs_f64();
    if failed.is_empty() {
        println!("all steps passed in {seconds:.1} s");
        ExitCode::SUCCESS
    } else {
        println!("failed after {seconds:.1} s: {}", failed.join(", "));
        ExitCode::FAILURE
    }
}

/// Runs one check of our own.
pub(crate) fn show(findings: &Findings) -> ExitCode {
    if print(findings) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn describe(step: &Step) -> String {
    match step {
        Step::Cargo(arguments, variables) => {
            let set: Vec<_> =
                variables.iter().map(|(name, value)| format!("{name}='{value}' ")).collect();
            format!("{}cargo {}", set.concat(), arguments.join(" "))
        }
        Step::Check(_) => "our own check".to_owned(),
    }
}

/// Prints notes and errors; true if there are no errors.
fn print(findings: &Findings) -> bool {
    for note in &findings.notes {
        println!("note: {note}");
    }
    for error in &findings.errors {
        println!("error: {error}");
    }
    findings.errors.is_empty()
}

fn cargo(root: &Path, arguments: &[&str], variables: &[(&str, &str)]) -> bool {
    let mut command = cargo_command(root);
    command.args(arguments).envs(variables.iter().copied());
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            println!("cargo could not be started: {error}");
            false
        }
    }
}

fn has_nextest() -> bool {
    let output = cargo_command(Path::new(".")).args(["nextest", "--version"]).output();
    output.is_ok_and(|output| output.status.success())
}

/// The cargo that runs this; it tells its children where it is.
pub(crate) fn cargo_command(directory: &Path) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory);
    command
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} failed"))) }
}
