//! Tests of the files by which other tools run dragnet: `action.yml` and `.pre-commit-hooks.yaml`.

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use serde_json::Value;

use crate::args::Cli;

/// The top of the sources.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn yaml(name: &str) -> Value {
    let text = std::fs::read_to_string(root().join(name)).expect("the file is there");
    serde_saphyr::from_str(&text).expect("the file is YAML")
}

/// Holds a command line to what dragnet accepts.
#[track_caller]
fn accepts(words: &[String]) {
    let line = std::iter::once("dragnet".to_owned()).chain(words.iter().cloned());
    let result = Cli::command().try_get_matches_from(line);
    assert!(result.is_ok(), "{words:?}: {}", result.unwrap_err());
}

/// Words of a shell script's line, without quotes.
fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(|word| word.trim_matches('"').to_owned()).collect()
}

/// The lines of a script that run dragnet, with all the options that the script may add.
fn command_lines(script: &str) -> Vec<Vec<String>> {
    let added: Vec<String> = script
        .split("options+=(")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .flat_map(words)
        .map(|word| if word.starts_with('$') { "LINT0203".to_owned() } else { word })
        .collect();
    let lines = script.lines().filter_map(|line| line.trim().strip_prefix("\"$DRAGNET\" "));
    let expand = |word: String| match word.as_str() {
        "${options[@]}" => added.clone(),
        "${paths[@]}" => vec!["a".to_owned(), "b".to_owned()],
        _ => vec![word],
    };
    lines.map(|line| words(line).into_iter().flat_map(expand).collect()).collect()
}

#[test]
fn the_action_runs_commands_that_there_are() {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().unwrap();
    let scripts: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let lines: Vec<_> = scripts.iter().flat_map(|script| command_lines(script)).collect();
    assert_eq!(
        lines[0].join(" "),
        "rules check --format github --strict --deny LINT0203 --allow LINT0203 -- a b"
    );
    assert_eq!(lines[1].join(" "), "test --format github -- a b");
    assert_eq!(lines.len(), 2);
    for line in &lines {
        accepts(line);
    }
    for step in steps.iter().filter(|step| step["run"].is_string()) {
        assert!(step["shell"].is_string(), "GitHub: a step of an action names its shell: {step}");
    }
}

#[test]
fn every_input_of_the_action_is_described_and_read() {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].to_string();
    for (name, input) in action["inputs"].as_object().unwrap() {
        assert!(input["description"].is_string() && input["default"].is_string(), "{name}");
        assert!(steps.contains(&format!("inputs.{name}")), "{name} is read by no step");
    }
    let read = steps.split("inputs.").skip(1).map(|rest| {
        rest.split(|c: char| !c.is_ascii_lowercase() && c != '-').next().unwrap_or_default()
    });
    for name in read {
        assert!(action["inputs"][name].is_object(), "there is no input `{name}`");
    }
}

#[test]
fn hooks_run_commands_that_there_are() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().unwrap();
    let ids: Vec<_> = hooks.iter().filter_map(|hook| hook["id"].as_str()).collect();
    assert_eq!(ids, ["dragnet-rules-check", "dragnet-rules-fmt", "dragnet-test"]);
    for hook in hooks {
        let mut line = words(hook["entry"].as_str().unwrap());
        let program = line.remove(0);
        assert!(root().join(&program).is_file(), "{program}");
        let args = hook["args"].as_array().into_iter().flatten();
        line.extend(args.filter_map(|arg| arg.as_str().map(str::to_owned)));
        if hook["pass_filenames"] != false {
            line.push("rules/a.toml".to_owned());
        }
        accepts(&line);
    }
    // What the script builds is a package with a program of this name.
    let script = std::fs::read_to_string(root().join(".ci/hook")).unwrap();
    let name = env!("CARGO_PKG_NAME");
    assert!(script.contains(&format!("--package {name} ")), "{script}");
    assert!(script.contains(&format!("release/{name}\"")), "{script}");
}

#[test]
fn a_flag_that_there_is_not_is_found() {
    let unknown =
        Cli::command().try_get_matches_from(["dragnet", "rules", "check", "--no-such", "a"]);
    assert!(unknown.is_err());
    assert_eq!(
        command_lines("x=1\n  \"$DRAGNET\" rules check \"${options[@]}\" \"${paths[@]}\"\n"),
        [["rules", "check", "a", "b"]]
    );
}
