//! `dragnet rules check`, `fmt` and `codes`: what authors of rules see.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;
use tempfile::tempdir;

use crate::support::{dragnet, example, run};

/// A rule that loads and is doubtful in two ways: a duplicate item and a severity of another band.
const DOUBTFUL: &str = r#"[rule]
author = ["Example"]
description = "Finds a thing."
language = "eql"
name = "Thing, 100%: odd"
risk_score = 73
rule_id = "thing"
severity = "low"
tags = ["Example"]
type = "eql"
query = 'process where process.name:("é.exe","b.exe","É.exe","B.EXE")'
"#;

#[test]
fn warnings_are_shown_counted_denied_and_allowed() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.toml");
    fs::write(&path, DOUBTFUL).unwrap();
    let plain = dragnet("rules check", &[&path]);
    assert_eq!(plain.status, 0, "{}", plain.err);
    assert!(plain.out.contains("warnings  2"), "{}", plain.out);
    assert!(
        plain.out.contains("warning[LINT0203]: the list has \"b.exe\" already"),
        "{}",
        plain.out
    );
    assert!(plain.out.contains("a.toml:11:62") && !plain.out.contains("note["), "{}", plain.out);
    let verbose = dragnet("rules check --verbose", &[&path]);
    assert!(verbose.out.contains("note[LINT0404]"), "{}", verbose.out);

    let strict = dragnet("rules check --strict", &[&path]);
    assert_eq!(strict.status, 2);
    assert!(
        strict.out.contains("error[LINT0401]") && strict.out.contains("loaded  1  eql"),
        "{}",
        strict.out
    );
    assert_eq!(dragnet("rules check --deny LINT0203", &[&path]).status, 2);
    assert_eq!(dragnet("rules check --deny LINT0404", &[&path]).status, 2);
    let allowed = dragnet("rules check --strict --allow lint0203,LINT0401", &[&path]);
    assert_eq!((allowed.status, allowed.out.contains("warnings")), (0, false), "{}", allowed.out);
    let unknown = dragnet("rules check --allow LINT9999", &[&path]);
    assert!(unknown.status == 2 && unknown.err.contains("no such code"), "{}", unknown.err);
}

#[test]
fn many_warnings_are_told_by_code() {
    let dir = tempdir().unwrap();
    for at in 0..21 {
        let text = DOUBTFUL.replace("Thing", &format!("Thing {at}"));
        fs::write(
            dir.path().join(format!("{at}.toml")),
            text.replace("\"thing\"", &format!("\"{at}\"")),
        )
        .unwrap();
    }
    let run = dragnet("rules check", &[dir.path()]);
    assert!(run.out.contains("  21  LINT0203  a value that a list has twice\n"), "{}", run.out);
    assert!(!run.out.contains("warning["), "{}", run.out);
    let verbose = dragnet("rules check --verbose", &[dir.path()]);
    assert_eq!(verbose.out.matches("warning[LINT0203]").count(), 21);
}

#[test]
fn machines_read_reports() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a, b.toml");
    fs::write(&path, DOUBTFUL).unwrap();
    let broken = DOUBTFUL.replace("where", "were").replace("\"thing\"", "\"other\"");
    fs::write(dir.path().join("broken.toml"), broken).unwrap();

    let json: Json =
        serde_json::from_str(&dragnet("rules check --format json", &[dir.path()]).out).unwrap();
    assert_eq!(json["warnings"][1]["code"], "LINT0203");
    assert_eq!(json["notes"][0]["line"], 1);

    let run = dragnet("rules check --format sarif", &[dir.path()]);
    assert_eq!(run.status, 2);
    let sarif: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let (rules, results) =
        (&sarif["runs"][0]["tool"]["driver"]["rules"], &sarif["runs"][0]["results"]);
    assert_eq!(results.as_array().unwrap().len(), 3);
    for result in results.as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
    }
    assert_eq!(
        (&results[0]["level"], &results[0]["ruleId"]),
        (&Json::from("error"), &Json::from("EQL0101"))
    );
    let place = &results[2]["locations"][0]["physicalLocation"];
    assert_eq!(
        place["region"],
        serde_json::json!({"startLine": 11, "startColumn": 62, "endLine": 11, "endColumn": 69})
    );
    assert!(place["artifactLocation"]["uri"].as_str().unwrap().ends_with("/a%2C%20b.toml"));

    let run = dragnet("rules check --format github", &[dir.path()]);
    let lines: Vec<_> = run.out.lines().collect();
    assert!(
        lines[0].starts_with("::error file=") && lines[0].contains("title=EQL0101%3A "),
        "{}",
        run.out
    );
    let expected = "a%2C b.toml,line=11,col=62,endColumn=68,title=LINT0203%3A Thing%2C 100%25%3A odd::the list has \"b.exe\" already";
    assert!(run.out.contains(expected), "{}", run.out);
    // What stands behind the annotations is no command.
    assert!(lines.iter().any(|line| line.starts_with("failed")), "{}", run.out);
}

#[test]
fn codes_are_listed_and_explained() {
    let list = dragnet("rules codes", &[]);
    for code in ["RULE0001  error  ", "LINT0203  warning", "LINT0206  note   ", "EQL0101   error  "]
    {
        assert!(list.out.contains(code), "{code}: {}", list.out);
    }
    let one = dragnet("rules codes lint0203", &[]);
    assert!(
        one.out.starts_with("LINT0203 (warning): a value that a list has twice\n\n"),
        "{}",
        one.out
    );
    assert!(one.out.contains("\n    process.name : (\"cmd.exe\", \"CMD.EXE\")"), "{}", one.out);
    assert_eq!(dragnet("rules codes NOPE", &[]).status, 2);
}

#[test]
fn files_are_formatted() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("a.toml");
    fs::write(&path, DOUBTFUL).unwrap();
    fs::write(dir.path().join("own.ndjson"), "{}").unwrap();
    let check = dragnet("rules fmt --check", &[dir.path()]);
    assert_eq!((check.status, check.out.trim_end()), (1, path.to_str().unwrap()), "{}", check.err);
    let diff = dragnet("rules fmt --diff", &[dir.path()]);
    assert_eq!(diff.status, 1);
    assert!(
        diff.out.contains("\n-query = 'process where process.name:(")
            && diff.out.contains("\n+query = 'process where process.name : ("),
        "{}",
        diff.out
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), DOUBTFUL);

    let write = dragnet("rules fmt", &[dir.path()]);
    assert_eq!((write.status, write.err.as_str()), (0, "1 formatted, 1 left as they are\n"));
    let query = r#"'process where process.name : ("é.exe", "b.exe", "É.exe", "B.EXE")'"#;
    let at = DOUBTFUL.find("query = ").unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}query = {query}\n", &DOUBTFUL[..at]));
    assert_eq!(dragnet("rules fmt --check", &[dir.path()]).status, 0);

    let broken = DOUBTFUL.replace("where", "were");
    fs::write(&path, &broken).unwrap();
    let run = dragnet("rules fmt", &[dir.path()]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("line 11: the query is not valid EQL"), "{}", run.err);
    assert_eq!(fs::read_to_string(&path).unwrap(), broken);
    assert_eq!(dragnet("rules fmt", &[Path::new("/no/such")]).status, 2);
}

#[test]
fn standard_input_is_formatted() {
    let query = run("rules fmt -", &[], "any  where a==1");
    assert_eq!((query.status, query.out.as_str()), (0, "any where a == 1\n"));
    let kql = run("rules fmt --language kuery -", &[], "a:1  AND b:(x or y)\n");
    assert_eq!((kql.status, kql.out.as_str()), (0, "a: 1 and b: (x or y)\n"));
    let file = run("rules fmt -", &[], DOUBTFUL);
    assert!(
        file.status == 0
            && file.out.contains("process.name : (")
            && file.out.starts_with("[rule]\n")
    );
    assert_eq!(run("rules fmt --check -", &[], "any  where a==1").status, 1);
    assert_eq!(run("rules fmt --check -", &[], "any where a == 1\n").status, 0);
    let broken = run("rules fmt -", &[], "any were a");
    assert!(broken.status == 2 && broken.out.is_empty() && broken.err.contains("EQL0101"));
}

#[test]
fn the_example_is_well_kept() {
    let rules = example("rules");
    assert_eq!(dragnet("rules check --strict", &[&rules]).status, 0);
    let formatted = dragnet("rules fmt --check", &[&rules]);
    assert_eq!((formatted.status, formatted.out.as_str()), (0, ""));
}

#[test]
fn every_rule_of_elastic_can_be_formatted() {
    let Some(rules) = dragnet_test_support::corpora("elastic-rules/rules") else { return };
    let run = dragnet("rules fmt --check", &[&rules]);
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(!run.err.contains("error") && !run.err.contains("failed"), "{}", run.err);
}
