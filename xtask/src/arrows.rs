//! Which crate may use which.
//!
//! The table is the design's; a crate that is not in it cannot be added without a decision. Only what
//! a crate is built from counts: its tests may use what they like.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::Value as Json;

use crate::steps::{Findings, cargo_command};

/// Crates by their folders, and the crates each may use. Every row uses only rows above it.
const ARROWS: &[(&str, &[&str])] = &[
    ("test-support", &[]),
    ("event", &[]),
    ("plan", &["event"]),
    ("eql", &["event", "plan"]),
    ("kql", &["event", "plan"]),
    ("engine", &["event", "plan"]),
    ("synth", &["event", "plan"]),
    ("ecs", &["event"]),
    ("ingest", &["event", "ecs"]),
    ("attack", &[]),
    ("rules", &["event", "plan", "eql", "kql", "attack"]),
    ("detect", &["event", "plan", "engine", "rules"]),
    ("store", &["event"]),
    ("ui", &[]),
    (
        "cli",
        &["attack", "event", "plan", "eql", "kql", "engine", "ecs", "ingest", "rules", "detect"],
    ),
    (
        "server",
        &[
            "event", "plan", "eql", "kql", "engine", "ecs", "ingest", "rules", "detect", "store",
            "ui",
        ],
    ),
];

/// Packages that the command line may not be built from, by the first part of their names: with
/// them, a newcomer's first `cargo run` would take minutes.
const NOT_UNDER_CLI: &[&str] = &[
    "arrow",
    "axum",
    "datafusion",
    "hyper",
    "parquet",
    "reqwest",
    "sqlx",
    "tokio",
    "tower",
    "warp",
];

/// Checks the manifests against the table, and the command line's whole tree against the list.
pub(crate) fn check(root: &Path) -> Findings {
    let mut findings = Findings::default();
    match read_dependencies(root) {
        Ok(crates) => findings.errors.extend(wrong_arrows(&crates)),
        Err(error) => findings.errors.push(error),
    }
    match command_line_tree(root) {
        Ok(packages) => findings.errors.extend(too_heavy(&packages)),
        Err(error) => findings.errors.push(error),
    }
    findings
}

/// A crate's folder and the folders of the crates that it is built from.
type Uses = (String, Vec<String>);

fn read_dependencies(root: &Path) -> Result<Vec<Uses>, String> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1", "--offline"];
    let json: Json = serde_json::from_str(&run(root, &arguments)?)
        .map_err(|error| format!("`cargo metadata` gave no JSON: {error}"))?;
    let packages = json["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut crates = Vec::new();
    for package in packages {
        let manifest = Path::new(package["manifest_path"].as_str().unwrap_or_default());
        let directory = manifest.parent().unwrap_or(manifest);
        if directory.parent() != Some(&root.join("crates")) {
            continue;
        }
        let dependencies =
            package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let built_from = dependencies.iter().filter(|dependency| dependency["kind"] != "dev");
        let paths = built_from.filter_map(|dependency| dependency["path"].as_str());
        crates.push((folder(directory), paths.map(|path| folder(Path::new(path))).collect()));
    }
    if crates.is_empty() {
        return Err("`cargo metadata` names no crates".to_owned());
    }
    Ok(crates)
}

fn folder(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn wrong_arrows(crates: &[Uses]) -> Vec<String> {
    let mut errors = Vec::new();
    for (name, uses) in crates {
        let Some((_, allowed)) = ARROWS.iter().find(|(row, _)| row == name) else {
            errors.push(format!(
                "crates/{name} is not in the table of crate arrows (xtask/src/arrows.rs)"
            ));
            continue;
        };
        for used in uses.iter().filter(|used| !allowed.contains(&used.as_str())) {
            errors.push(format!(
                "crates/{name} uses crates/{used}; it may use: {}",
                allowed.join(", ")
            ));
        }
    }
    errors
}

/// Every package that the command line is built from, on every platform.
fn command_line_tree(root: &Path) -> Result<BTreeSet<String>, String> {
    // For this platform only: packages of others may never have been fetched.
    let arguments =
        ["tree", "-p", "dragnet", "-e", "normal,build", "--prefix", "none", "--offline"];
    let text = run(root, &arguments)?;
    let names = text.lines().filter_map(|line| line.split_whitespace().next());
    let packages: BTreeSet<String> = names.map(str::to_owned).collect();
    if !packages.contains("dragnet") {
        return Err("`cargo tree` does not name the command line".to_owned());
    }
    Ok(packages)
}

fn too_heavy(packages: &BTreeSet<String>) -> Vec<String> {
    let first = |name: &str| name.split(['-', '_']).next().unwrap_or_default().to_owned();
    let heavy = packages.iter().filter(|name| NOT_UNDER_CLI.contains(&first(name).as_str()));
    heavy
        .map(|name| {
            format!(
                "the command line is built from `{name}`; see `cargo tree -p dragnet -i {name}`"
            )
        })
        .collect()
}

fn run(root: &Path, arguments: &[&str]) -> Result<String, String> {
    let output = cargo_command(root).args(arguments).output();
    let output = output.map_err(|error| format!("cargo could not be started: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("`cargo {}` failed: {}", arguments.join(" "), said.trim()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_workspace_keeps_to_the_table() {
        let findings = check(crate::root());
        assert!(findings.errors.is_empty(), "{}", findings.errors.join("\n"));
    }

    #[test]
    fn the_table_has_no_circles() {
        for (at, (name, uses)) in ARROWS.iter().enumerate() {
            for used in *uses {
                let above = ARROWS[..at].iter().any(|(row, _)| row == used);
                assert!(above, "{name} uses {used}, which is not above it");
            }
        }
    }

    #[test]
    fn the_command_line_stays_light_by_the_table_too() {
        let (_, uses) = ARROWS.iter().find(|(name, _)| *name == "cli").unwrap();
        for heavy in ["store", "server", "ui"] {
            assert!(!uses.contains(&heavy), "{heavy}");
        }
    }

    #[test]
    fn wrong_arrows_are_named() {
        #[track_caller]
        fn check(name: &str, uses: &[&str], errors: usize) {
            let uses = uses.iter().map(|used| (*used).to_owned()).collect();
            let found = wrong_arrows(&[(name.to_owned(), uses)]);
            assert_eq!(found.len(), errors, "{found:?}");
        }
        check("engine", &["event", "plan"], 0);
        check("engine", &["eql"], 1);
        check("event", &["plan", "eql"], 2);
        check("cli", &["server", "detect"], 1);
        check("detect", &["test-support"], 1);
        check("novelty", &[], 1);
    }

    #[test]
    fn heavy_packages_are_named() {
        #[track_caller]
        fn check(name: &str, expected: bool) {
            let found = too_heavy(&[name.to_owned()].into());
            assert_eq!(!found.is_empty(), expected, "{name}");
        }
        check("tokio", true);
        check("tokio-util", true);
        check("arrow-array", true);
        check("datafusion_common", true);
        check("arrowhead", false);
        check("dragnet-rules", false);
    }
}
