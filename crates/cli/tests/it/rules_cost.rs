//! What matching costs, by rule, clause and field: `rules cost`.

use serde_json::{Value as Json, json};
use tempfile::TempDir;

use crate::support::{Run, dragnet, run};

const RULE: &str = r#"
[rule]
rule_id = "one-of-two"
name = "One of two"
type = "eql"
language = "eql"
risk_score = 1
severity = "low"
description = "d"
query = 'process where process.name : ("a", "b") and not process.args : "x*"'
"#;

const SEQUENCE: &str = r#"
[rule]
rule_id = "first-then-second"
name = "First, then second"
type = "eql"
language = "eql"
risk_score = 1
severity = "low"
description = "d"
query = 'sequence by user.name [process where process.name == "a"] [file where true]'
"#;

const LOGS: &str = r#"
{"@timestamp": "2024-05-14T08:00:00Z", "event": {"category": "process"}, "user": {"name": "u"}, "process": {"name": "a", "args": ["x1", "y"]}}
{"@timestamp": "2024-05-14T08:00:01Z", "event": {"category": "process"}, "user": {"name": "u"}, "process": {"name": "B", "args": ["y"]}}
{"@timestamp": "2024-05-14T08:00:02Z", "event": {"category": "process"}, "process": {"name": "c", "args": ["y"]}}
"#;

/// The two rules, in files.
fn rules() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.toml"), RULE).unwrap();
    std::fs::write(folder.path().join("two.toml"), SEQUENCE).unwrap();
    folder
}

/// What the logs cost, with more words.
fn cost(words: &str, logs: &str) -> Run {
    let folder = rules();
    run(&format!("rules cost {words} --rules"), &[folder.path(), "-".as_ref()], logs)
}

fn json_of(run: &Run) -> Json {
    assert_eq!(run.status, 0, "{}", run.err);
    serde_json::from_str(&run.out).unwrap()
}

fn rule_of<'a>(json: &'a Json, id: &str) -> &'a Json {
    let rules = json["rules"].as_array().unwrap();
    rules.iter().find(|rule| rule["rule_id"] == id).unwrap()
}

fn names_of_fields(json: &Json) -> Vec<&str> {
    let fields = json["fields"].as_array().unwrap().iter();
    let mut names: Vec<_> = fields.map(|field| field["field"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn what_rules_cost_by_clause_and_field() {
    let json = json_of(&cost("--format json", LOGS));
    assert_eq!(json["events"], 3);
    let counts =
        |one: &Json| ["batches", "rows_in", "rows_out"].map(|key| one[key].as_u64().unwrap());

    let rule = rule_of(&json, "one-of-two");
    assert_eq!((counts(rule), &rule["hits"]), ([1, 2, 1], &json!(1)));
    let clauses: Vec<_> = rule["clauses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|clause| {
            (clause["depth"].as_u64().unwrap(), clause["clause"].as_str().unwrap(), counts(clause))
        })
        .collect();
    assert_eq!(
        clauses,
        [
            // The two processes whose name the rule tests are what it begins with.
            (0, "all of", [1, 2, 1]),
            (1, r#"event.category == "process""#, [1, 2, 2]),
            (1, r#"process.name : ("a", "b")"#, [1, 2, 2]),
            (1, r#"not process.args : "x*""#, [1, 2, 1]),
        ]
    );

    let rule = rule_of(&json, "first-then-second");
    // There is no file event, so the second stage is not looked at. The first has a hit with its key.
    assert_eq!((counts(rule), &rule["hits"]), ([1, 1, 1], &json!(1)));
    let rules = json["rules"].as_array().unwrap();
    let shares: f64 = rules.iter().map(|rule| rule["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6, "{shares}");
    let fields = json["fields"].as_array().unwrap();
    let args = fields.iter().find(|field| field["field"] == "process.args").unwrap();
    assert_eq!((&args["values"], &args["rows"]), (&json!(2), &json!(4)));
}

#[test]
fn stages_and_hits_are_all_of_a_rules_time() {
    let json = json_of(&cost("--format json", LOGS));
    for rule in json["rules"].as_array().unwrap() {
        let clauses = rule["clauses"].as_array().unwrap();
        let stages = clauses.iter().filter(|clause| clause["depth"] == 0);
        let of_stages: u64 = stages.map(|stage| stage["nanoseconds"].as_u64().unwrap()).sum();
        let of_hits = rule["hit_nanoseconds"].as_u64().unwrap();
        assert_eq!(rule["nanoseconds"], of_stages + of_hits, "{rule}");
    }
    let clauses = rule_of(&json, "first-then-second")["clauses"].as_array().unwrap();
    let mut stages: Vec<_> = clauses.iter().map(|one| one["stage"].as_u64().unwrap()).collect();
    stages.dedup();
    assert_eq!(stages, [1, 2], "counted from one, as in text");
    let run = cost("--verbose", LOGS);
    assert!(run.out.contains("  stage 1: ") && run.out.contains("  stage 2: "), "{}", run.out);
    assert_eq!(run.out.matches("  making hits: ").count(), 2, "{}", run.out);
}

#[test]
fn one_rule_with_its_clauses_and_fields() {
    let run = cost("--rule one-of-two", LOGS);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.starts_with("3 events: "), "{}", run.out);
    assert!(run.out.contains("  One of two\n"), "{}", run.out);
    assert!(run.out.contains(r#"    not process.args : "x*""#), "{}", run.out);
    assert!(!run.out.contains("First, then second"), "{}", run.out);
    let json = json_of(&cost("--format json --rule one-of-two", LOGS));
    assert_eq!(names_of_fields(&json), ["event.category", "process.args", "process.name"]);
    // The key of a sequence is read, but not tested.
    let json = json_of(&cost("--format json --rule first-then-second", LOGS));
    assert_eq!(names_of_fields(&json), ["event.category", "process.name"]);

    let one = LOGS.lines().nth(1).unwrap();
    let run = cost("", one);
    assert!(run.out.starts_with("1 event: "), "{}", run.out);
}

#[test]
fn times_have_units() {
    let run = cost("--verbose", LOGS);
    for title in ["RULE", "FIELD"] {
        let head = run.out.lines().position(|line| line.ends_with(title)).unwrap();
        let mut lines = run.out.lines().skip(head);
        let end = lines.next().unwrap().find("TIME").unwrap() + "TIME".len();
        for line in lines.take_while(|line| !line.is_empty()) {
            let time: String = line.chars().take(end).collect();
            assert!(["ns", "µs", "ms", " s"].iter().any(|unit| time.ends_with(unit)), "{line}");
        }
    }
}

#[test]
fn without_events_there_is_nothing_to_tell() {
    let run = cost("", "");
    assert_eq!((run.status, &*run.out), (0, "no events were read, so there is nothing to tell\n"));
    let run = cost("", "{\n");
    assert_eq!((run.status, run.out.lines().count()), (2, 1), "{}", run.err);
    assert!(run.err.contains("unreadable:"), "{}", run.err);
    assert_eq!(json_of(&cost("--format json", ""))["events"], 0);
}

#[test]
fn a_name_that_is_none_gets_the_nearest() {
    let cases = [
        ("no-such", "`no-such`\n"),
        ("one-of-tow", "`one-of-tow`; did you mean `one-of-two`?"),
        ("first-than-second", "did you mean `first-then-second`?"),
    ];
    for (asked, expected) in cases {
        let run = cost(&format!("--rule {asked}"), LOGS);
        assert_eq!(run.status, 2);
        assert!(run.err.contains(expected), "{}", run.err);
    }
}

#[test]
fn long_clauses_are_cut_unless_all_is_asked_for() {
    let names: Vec<String> = (0..100).map(|n| format!("\"name-{n}\"")).collect();
    let long = RULE.replace(r#"("a", "b")"#, &format!("({}, \"b\")", names.join(", ")));
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("long.toml"), long).unwrap();
    let last = "\"name-99\"";
    let cases = [
        ("--rule one-of-two", false),
        ("--verbose", true),
        ("--rule one-of-two --verbose", true),
        ("--format json", true),
    ];
    for (words, whole) in cases {
        let words = format!("rules cost {words} --rules");
        let run = run(&words, &[folder.path(), "-".as_ref()], LOGS);
        let text = run.out.replace("\\\"", "\"");
        assert_eq!(text.contains(last), whole, "{words}: {}", run.out);
        let widest = run.out.lines().map(|line| line.chars().count()).max().unwrap();
        assert_eq!(widest > 200, whole, "{words}: {}", run.out);
    }
}

#[test]
fn the_help_explains_every_column() {
    let help = dragnet("rules cost --help", &[]).out;
    for column in ["SHARE", "TIME", "BATCHES", "ROWS IN", "ROWS LEFT", "HITS", "VALUES", "IN ROWS"]
    {
        assert!(help.contains(&format!("\n  {column} ")), "{column}: {help}");
    }
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("metered on one thread, on purpose"), "{help}");
}
