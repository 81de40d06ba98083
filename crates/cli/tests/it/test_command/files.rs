//! Which files are tests, and how strictly they are read.

use std::fs;
use std::path::Path;

use super::{Desk, EQL, rule};
use crate::support::dragnet;

/// Runs one file that is no test; standard error must say this, with the place.
#[track_caller]
fn is_refused(text: &str, parts: &[&str]) {
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, "")), ("a.test.yml", text)]);
    let run = desk.test("");
    assert_eq!(run.status, 2, "{text}: {}", run.out);
    for part in parts {
        assert!(run.err.contains(part), "{part}: {}", run.err);
    }
}

#[test]
fn files_are_read_strictly() {
    let case = |more: &str| format!("cases:\n  - name: n\n{more}");
    is_refused("case: []", &["TEST0003", "a.test.yml:1:1", "did you mean `cases`?"]);
    is_refused(
        &case("    evnts: []\n    alerts: 0\n"),
        &["a.test.yml:3:5", "`events`?", "TEST0005"],
    );
    is_refused(
        &case("    events: [{}]\n    alerts: many\n"),
        &["a.test.yml:4:13", "this is a text"],
    );
    is_refused(&case("    events: [{}]\n    alerts: -1\n"), &["how many alerts"]);
    is_refused(&case("    events: [{}]\n"), &["`alerts` is missing"]);
    is_refused(&case("    events: 5\n    alerts: 0\n"), &["a.test.yml:3:13", "a list of events"]);
    is_refused(
        &case("    events: [{'@timestamp': soon}]\n    alerts: 0\n"),
        &["TEST0006", "`soon`"],
    );
    is_refused(&case("    events: [{'@timestamp': +99999999d}]\n    alerts: 0\n"), &["the year"]);
    is_refused(&case("    events: [{a..b: 1}]\n    alerts: 0\n"), &["no path of a field"]);
    is_refused(&case("    events: [{a: 1e999}]\n    alerts: 0\n"), &["no number"]);
    is_refused(
        &case("    events: [{}]\n    alerts: 0\n    alerts: 1\n"),
        &["a.test.yml:5:5", "twice"],
    );
    is_refused(
        &case("    events: [{repeat: 99999999999, of: {}}]\n    alerts: 0\n"),
        &["TEST0002"],
    );
    is_refused(
        &case("    events: [{repeat: 2, every: -1s, of: {}}]\n    alerts: 0\n"),
        &["a length of time"],
    );
    is_refused(&case("    file: nowhere.ndjson\n    alerts: 0\n"), &[]);
    is_refused(&case("    exceptions: nowhere\n    events: [{}]\n    alerts: 0\n"), &["nowhere"]);
    is_refused(&case("    value_lists: nowhere\n    events: [{}]\n    alerts: 0\n"), &["nowhere"]);
    is_refused("rule: nowhere.toml\ncases: []\n", &["a.test.yml:1:7", "nowhere.toml"]);
    is_refused("start: [1]\ncases: []\n", &["a time such as"]);
    is_refused("cases: [\n", &["TEST0001"]);
    is_refused("\u{0}", &["TEST0001"]);
    let twice = "    events: [{}]\n    alerts: 0\n  - name: n\n    events: [{}]\n    alerts: 0\n";
    is_refused(&case(twice), &["another case is called `n`"]);
}

#[test]
fn hostile_files_end_soon() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for n in 1..20 {
        let row = vec![format!("*a{}", n - 1); 10].join(", ");
        bomb.extend([format!("a{n}: &a{n} [{row}]\n")]);
    }
    is_refused(&bomb, &["TEST0002"]);
    is_refused(&("[".repeat(50_000) + &"]".repeat(50_000)), &["TEST000"]);
    is_refused(&"- ".repeat(50_000), &["TEST000"]);
    is_refused(&" ".repeat(5 << 20), &["larger than 4 MiB"]);
    let dots = vec!["a"; 20_000].join(".");
    is_refused(
        &format!("cases: [{{name: n, events: [{{? {dots} : 1}}], alerts: 0}}]"),
        &["TEST000"],
    );
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, ""))]);
    fs::write(desk.path("a.test.yml"), b"cases: \xff\xfe").unwrap();
    assert_eq!(desk.test("").status, 2);
}

#[test]
fn no_tests_and_broken_rules_are_errors() {
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, ""))]);
    let run = desk.test("");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("no tests were found"), "{}", run.err);
    assert_eq!(dragnet("test", &[Path::new("nowhere")]).status, 2);

    let cases = "cases: [{name: n, events: [{}], alerts: 0}]";
    let desk = Desk::new(&[("a.toml", &rule("eql", "process wher x", "")), ("a.test.yml", cases)]);
    let run = desk.test("");
    assert_eq!(run.status, 2);
    assert_eq!(run.err.matches("error[").count(), 1, "told once: {}", run.err);
    assert!(run.err.contains("a.toml:10:"), "{}", run.err);

    let desk = Desk::new(&[("b.test.yml", cases)]);
    assert!(desk.test("").err.contains("no rule stands beside"));
}

#[test]
fn what_is_named_decides_what_runs() {
    let cases = "cases: [{name: n, events: [{}], alerts: 0}]";
    let files = [("a.toml", &*rule("eql", EQL, "")), ("a.test.yml", cases)];
    let desk = Desk::new(&files);
    desk.put("sub/elsewhere.test.yml", &format!("rule: ../a.toml\n{cases}"));
    desk.put("broken.test.yml.orig", "not: a test");
    let run = desk.test("");
    assert!(run.out.contains("2 test files, 2 cases: 2 passed\n"), "{}", run.out);
    for name in ["a.toml", "a.test.yml"] {
        let run = dragnet("test", &[&desk.path(name)]);
        assert!(run.out.contains("1 test file, 1 case: 1 passed\n"), "{}", run.out);
    }
    // Tests are no rules, wherever rules are loaded.
    let run = dragnet("rules check", &[desk.0.path()]);
    assert_eq!(run.status, 0, "{}", run.out);
    assert!(!run.out.contains("test.yml"), "{}", run.out);
}

#[cfg(unix)]
#[test]
fn links_that_go_round_are_read_once() {
    let cases = "cases: [{name: n, events: [{}], alerts: 0}]";
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, "")), ("a.test.yml", cases)]);
    std::os::unix::fs::symlink(desk.0.path(), desk.path("round")).unwrap();
    std::os::unix::fs::symlink(desk.path("a.test.yml"), desk.path("z.test.yml")).unwrap();
    let run = desk.test("");
    assert!(run.out.contains("1 test file, 1 case: 1 passed\n"), "{}\n{}", run.out, run.err);
}
