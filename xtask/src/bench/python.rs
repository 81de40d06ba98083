//! Python's `eql` beside Dragnet, on the queries that both can run.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::Bench;
use super::table::Report;
use crate::steps::succeed;

/// What is installed from `PyPI`.
const PACKAGE: &str = "eql==1.0.1";
const SCRIPT: &str = include_str!("python_eql.py");

/// Runs Python's engine over the events of one file, and hunts in another with the same rules.
pub(crate) fn compare(
    bench: &Bench,
    documents: &Path,
    (ours, our_events): (&Path, usize),
    report: &mut Report,
) -> io::Result<()> {
    let Some(python) = python(&bench.folder) else {
        report.line(&format!(
            "\nskipped: Python with the package {PACKAGE} from PyPI could not be made here"
        ));
        return Ok(());
    };
    let script = bench.folder.join("python_eql.py");
    fs::write(&script, SCRIPT)?;
    let rules = bench.folder.join("eql.ndjson");
    fs::write(&rules, &bench.rules.eql)?;
    let output = Command::new(python).arg(script).arg(&rules).arg(documents).output()?;
    let said: Json = serde_json::from_slice(&output.stdout).map_err(|error| {
        let talk = String::from_utf8_lossy(&output.stderr).into_owned();
        io::Error::other(format!("Python's eql: {error}: {talk}"))
    })?;
    let ids = said["rule_ids"].as_array().map(Vec::as_slice).unwrap_or_default();
    let (events, seconds) = (&said["events"], said["seconds"].as_f64().unwrap_or_default());
    let files = bench.rules.files_of(&bench.dragnet, ids)?;
    let mut pair =
        [bench.hunt("start-up", &files, &bench.empty, 1), bench.hunt("hunt", &files, ours, 1)];
    bench.measure(&mut pair)?;
    let [before, all] = pair.map(|contender| contender.cpu());
    let pairs = |events: f64| events * files.len() as f64;
    let theirs = seconds * 1e9 / pairs(events.as_f64().unwrap_or_default());
    let own = (all - before) * 1e9 / pairs(our_events as f64);
    report.line(&format!(
        "
{} single-event EQL rules, of the {} that run, are run by {PACKAGE} of PyPI too, on ECS documents:

| what | events | CPU s, net of start-up | ns for an event and a rule | × |
|---|--:|--:|--:|--:|
| Python's eql, documents parsed before | {events} | {seconds:.2} | {theirs:.1} | {:.0} |
| hunt, reading JSON lines | {our_events} | {:.2} | {own:.2} | 1 |

RSigma is not here yet: it runs Sigma's rules, and Dragnet none so far.",
        files.len(),
        bench.rules.files.len(),
        theirs / own,
        all - before,
    ));
    Ok(())
}

/// A Python that has the package; `None` if there is none and none can be made.
fn python(folder: &Path) -> Option<PathBuf> {
    let place = folder.join("tools/python");
    let python = place.join("bin/python");
    let has_it = || {
        let mut ask = Command::new(&python);
        let ask = ask.args(["-c", "import eql"]).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    };
    if !has_it() {
        succeed(Command::new("python3").args(["-m", "venv"]).arg(&place)).ok()?;
        let mut install = Command::new(&python);
        succeed(install.args(["-m", "pip", "install", "--quiet", PACKAGE])).ok()?;
    }
    has_it().then_some(python)
}
