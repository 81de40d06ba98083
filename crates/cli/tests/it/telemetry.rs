//! What logs hold, what rules can do with it, and what that costs: `fields`, `rules readiness`, `rules cost`, other
//! tools' forms.

use serde_json::{Value as Json, json};

use crate::support::{dragnet, example, run};

#[test]
fn fields_of_the_example() {
    let run = dragnet("fields", &[&example("logs")]);
    assert_eq!(run.status, 0, "{}", run.err);
    let line = run.out.lines().find(|line| line.starts_with("dns.question.name ")).unwrap();
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells[1..], ["text", "keyword", "1", "1", "berths.harbour-sync.example"]);
    let ecs_type = |name: &str| {
        let line = run.out.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap();
        line.split_whitespace().nth(2).map(str::to_owned)
    };
    assert_eq!(ecs_type("event.category").as_deref(), Some("keyword[]"));
    assert_eq!(ecs_type("data_stream.dataset").as_deref(), Some("constant_keyword"));
    assert_eq!(ecs_type("winlog.channel").as_deref(), Some("-"));
    assert!(run.out.contains(" of them in ECS 9."), "{}", run.out);
    assert!(run.out.trim_end().ends_with(", in 15 events"), "{}", run.out);

    let run = dragnet("fields --format json", &[&example("logs")]);
    let json: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["events"], 15);
    let fields = json["fields"].as_array().unwrap();
    let code = fields.iter().find(|field| field["field"] == "event.code").unwrap();
    assert_eq!((&code["types"], &code["events"]), (&json!(["text"]), &json!(12)));
    assert_eq!(code["ecs"], json!({"type": "keyword", "array": false}));
    let channel = fields.iter().find(|field| field["field"] == "winlog.channel").unwrap();
    assert_eq!(channel["ecs"], Json::Null);
}

#[test]
fn fields_of_one_value_of_every_type() {
    let lines =
        "{\"a\": 1, \"b\": [true, \"x\"]}\n{\"a\": 2.5, \"b\": null, \"c\": \"\\u001b[31m\"}\n";
    let run = run("fields -", &[], lines);
    let line = |name: &str| {
        let line = run.out.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(line("a "), "number - 2 2 1 · 2.5");
    assert_eq!(line("b "), "text,b… - 2 3 true · x · null");
    assert!(!run.out.contains('\u{1b}'), "{}", run.out);
}

#[test]
fn what_rules_cost_by_clause_and_field() {
    const RULES: &str = r#"
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
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("one.toml"), RULES).unwrap();
    std::fs::write(folder.path().join("two.toml"), SEQUENCE).unwrap();
    let paths = [folder.path(), "-".as_ref()];
    let run = crate::support::run("rules cost --format json --rules", &paths, LOGS);
    assert_eq!(run.status, 0, "{}", run.err);
    let json: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["events"], 3);
    let rules = json["rules"].as_array().unwrap();
    let by_id = |id: &str| rules.iter().find(|rule| rule["rule_id"] == id).unwrap();
    let counts =
        |one: &Json| ["batches", "rows_in", "rows_out"].map(|key| one[key].as_u64().unwrap());

    let rule = by_id("one-of-two");
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

    let rule = by_id("first-then-second");
    // There is no file event, so the second stage is not looked at. The first has a hit with its key.
    assert_eq!((counts(rule), &rule["hits"]), ([1, 1, 1], &json!(1)));
    let shares: f64 = rules.iter().map(|rule| rule["share"].as_f64().unwrap()).sum();
    assert!((shares - 1.0).abs() < 1e-6, "{shares}");
    let fields = json["fields"].as_array().unwrap();
    let args = fields.iter().find(|field| field["field"] == "process.args").unwrap();
    assert_eq!((&args["values"], &args["rows"]), (&json!(2), &json!(4)));

    let run = crate::support::run("rules cost --rule one-of-two --rules", &paths, LOGS);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.starts_with("3 events: "), "{}", run.out);
    assert!(run.out.contains("  One of two\n"), "{}", run.out);
    assert!(run.out.contains(r#"    not process.args : "x*""#), "{}", run.out);
    assert!(!run.out.contains("First, then second"), "{}", run.out);
    let run = crate::support::run("rules cost --verbose --rules", &paths, LOGS);
    assert!(run.out.contains("  stage 2: "), "{}", run.out);

    let run = crate::support::run("rules cost --rule no-such --rules", &paths, LOGS);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("`no-such`"), "{}", run.err);
}

#[test]
fn rules_that_can_fire_and_what_the_others_lack() {
    let rules = example("rules");
    let run = dragnet("rules readiness --rules", &[&rules, &example("logs")]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.starts_with("4 of 4 rules can fire on telemetry like these 15 events"));

    let other = "{\"@timestamp\": \"2024-05-14T08:00:00Z\", \"process\": {\"name\": \"a\"}}\n";
    let run = crate::support::run(
        "rules readiness --format json --rules",
        &[&rules, "-".as_ref()],
        other,
    );
    let json: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!(json["ready"], json!([]));
    assert_eq!(json["not_ready"].as_array().unwrap().len(), 4);
    assert!(
        json["not_ready"]
            .as_array()
            .unwrap()
            .iter()
            .all(|rule| rule["lacks"][0]["field"].is_string())
    );
    let count: u64 =
        json["unlocks"].as_array().unwrap().iter().map(|u| u["rules"].as_u64().unwrap()).sum();
    assert_eq!(count, 4);
}

const RULE: &str = r#"
[rule]
name = "Shell"
rule_id = "shell"
type = "eql"
language = "eql"
severity = "low"
risk_score = 21
query = 'process where host.os.type == "windows" and event.dataset == "windows.sysmon_operational" and process.name : "cmd.exe"'
"#;

#[test]
fn the_same_event_in_the_forms_of_other_tools() {
    let directory = tempfile::tempdir().unwrap();
    let rule = directory.path().join("rule.toml");
    std::fs::write(&rule, RULE).unwrap();
    let channel = "Microsoft-Windows-Sysmon/Operational";
    let image = "C:\\Windows\\System32\\cmd.exe";
    let forms = [
        (
            "flat",
            json!({
                "EventID": 1, "Channel": channel, "Image": image, "Hostname": "A", "UtcTime": "2024-05-14 08:00:00.000"
            }),
        ),
        (
            "tree",
            json!({"Event": {
                "System": {"EventID": 1, "Channel": channel, "Computer": "A"},
                "EventData": {"Image": image, "UtcTime": "2024-05-14 08:00:00.000"}
            }}),
        ),
        (
            "winlogbeat 6",
            json!({
                "@timestamp": "2024-05-14T08:00:00Z", "log_name": channel, "event_id": 1,
                "source_name": "Microsoft-Windows-Sysmon", "event_data": {"Image": image}
            }),
        ),
        (
            "agent",
            json!({
                "@timestamp": "2024-05-14T08:00:00Z", "event": {"code": "1"},
                "winlog": {"channel": channel, "event_id": "1", "event_data": {"Image": image}}
            }),
        ),
        (
            "winlogbeat with its pipeline",
            json!({
                "@timestamp": "2024-05-14T08:00:00Z", "event": {"code": "1", "category": ["process"], "module": "sysmon"},
                "winlog": {"channel": channel, "event_id": "1"}, "process": {"name": "cmd.exe"}
            }),
        ),
    ];
    for (form, record) in forms {
        let found = run("hunt --rules", &[&rule, "-".as_ref()], &record.to_string());
        assert_eq!(found.rules(), ["Shell"], "{form}: {}", found.err);
    }
    let taken = json!({
        "@timestamp": "2024-05-14T08:00:00Z", "event": {"category": ["process"]},
        "winlog": {"channel": channel}, "process": {"name": "cmd.exe"}
    });
    let found = run("hunt --no-complete --rules", &[&rule, "-".as_ref()], &taken.to_string());
    assert!(found.rules().is_empty(), "documents are taken as they are");
}
