//! Running the command and reading what it says.

use std::path::{Path, PathBuf};

use assert_cmd::Command;
use serde_json::Value as Json;

/// What a run came to.
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    /// Standard output as JSON lines.
    pub(crate) fn lines(&self) -> Vec<Json> {
        self.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The names of the rules of the alerts, members of sequences left out.
    pub(crate) fn rules(&self) -> Vec<String> {
        let whole = |alert: &&Json| alert.get("kibana.alert.group.index").is_none();
        let name = |alert: &Json| alert["kibana.alert.rule.name"].as_str().unwrap().to_owned();
        self.lines().iter().filter(whole).map(name).collect()
    }
}

/// Runs `dragnet` with words split at white space, then paths as they are.
pub(crate) fn dragnet(words: &str, paths: &[&Path]) -> Run {
    run(words, paths, "")
}

/// The same with text on standard input.
pub(crate) fn run(words: &str, paths: &[&Path], input: &str) -> Run {
    let mut command = Command::cargo_bin("dragnet").unwrap();
    let output = command
        .args(words.split_whitespace())
        .args(paths)
        .env_remove("NO_COLOR")
        .env_remove("CLICOLOR_FORCE")
        .write_stdin(input)
        .output()
        .unwrap();
    Run {
        status: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// The project's own example.
pub(crate) fn example(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/wmi-persistence").join(below)
}
