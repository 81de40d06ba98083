//! What logs hold, and what rules can do with it: `fields`, `rules readiness`, other tools' forms.

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
