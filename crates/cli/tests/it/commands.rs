//! The commands on the project's own example, and on bad input.

use std::fs;
use std::path::Path;

use tempfile::tempdir;

use crate::support::{dragnet, example, run};

const ALL: [&str; 5] = [
    "Office Program Starts a Shell",
    "From a Document to WMI Persistence",
    "WMI Subscription Bound to an Executing Consumer",
    "WMI Starts a Shell That Calls Out",
    "WMI Subscription Bound to an Executing Consumer",
];

fn hunt(more: &str) -> crate::support::Run {
    let rules = example("rules");
    dragnet(&format!("hunt {more} --rules"), &[&rules, &example("logs")])
}

#[test]
fn hunting_the_example_finds_its_story() {
    let run = hunt("");
    assert_eq!(run.rules(), ALL, "{}", run.err);
    assert_eq!(run.status, 1);
    assert!(run.err.contains("alerts   5 (1 critical, 2 high, 2 medium)"), "{}", run.err);
}

#[test]
fn alerts_are_what_kibana_would_write() {
    let lines = hunt("").lines();
    let binding = lines.iter().find(|a| a["kibana.alert.severity"] == "medium").unwrap();
    assert_eq!(binding["event"]["code"], "21");
    assert_eq!(binding["kibana.alert.original_event.kind"], "event");
    assert_eq!(binding["event"]["kind"], "signal");
    assert_eq!(binding["kibana.alert.original_time"], "2024-05-14T08:02:33.790Z");
    assert_eq!(binding["kibana.alert.rule.threat"][0]["technique"][0]["id"], "T1546");
    assert_eq!(binding["kibana.alert.depth"], 1);
    assert_eq!(binding["kibana.alert.workflow_status"], "open");
    assert!(binding["kibana.alert.rule.note"].as_str().unwrap().contains("What to look at"));
    let path = binding["log"]["file"]["path"].as_str().unwrap();
    assert!(path.ends_with("atlas-07-sysmon.xml"), "{path}");

    // A sequence: a building block for each event, then the whole.
    let group: Vec<_> = lines.iter().filter(|a| a["kibana.alert.severity"] == "critical").collect();
    assert_eq!(group.len(), 4);
    let (shell, blocks) = group.split_last().unwrap();
    for (index, block) in blocks.iter().enumerate() {
        assert_eq!(block["kibana.alert.group.index"], index);
        assert_eq!(block["kibana.alert.building_block_type"], "default");
        assert_eq!(block["kibana.alert.group.id"], shell["kibana.alert.uuid"]);
    }
    assert_eq!(shell["kibana.alert.ancestors"].as_array().unwrap().len(), 6);
    assert_eq!(shell["kibana.alert.depth"], 2);
    assert!(shell.get("kibana.alert.building_block_type").is_none());
    assert_eq!(shell["host"]["name"], "ATLAS-07.harbour.example");
    assert_eq!(shell["host"]["id"], "atlas-07.harbour.example", "what sequences join by");
    assert!(shell["process"].get("name").is_none(), "only what all events have in common");
}

#[test]
fn output_does_not_depend_on_threads_or_repetition() {
    let one = hunt("--threads 1").out;
    for threads in ["1", "2", "8"] {
        assert_eq!(hunt(&format!("--threads {threads}")).out, one);
    }
}

#[test]
fn formats() {
    let table = hunt("--format table").out;
    assert_eq!(table.lines().count(), 6, "{table}");
    assert!(table.starts_with("TIME (UTC)"), "{table}");
    assert!(!table.contains('\x1b'), "a pipe gets no colours");
    assert!(hunt("--format table --color always").out.contains('\x1b'));
    let array: Vec<serde_json::Value> = serde_json::from_str(&hunt("--format json").out).unwrap();
    assert_eq!(array.len(), hunt("--format ndjson").lines().len());
    let csv = hunt("--format csv").out;
    assert!(csv.starts_with("time,severity,risk_score,rule,"), "{csv}");
    assert_eq!(csv.lines().count(), array.len() + 1);
}

#[test]
fn times_select_events() {
    let run = hunt("--from 2024-05-14T08:20:00Z --to 2024-05-14T08:40:00Z");
    assert_eq!(run.rules(), ["WMI Starts a Shell That Calls Out"]);
    let run = hunt("--from 2025-01-01");
    assert_eq!((run.status, run.out.as_str()), (0, ""));
    assert_eq!(hunt("--from yesterday").status, 2);
}

#[test]
fn standard_input_and_output_files() {
    let directory = tempdir().unwrap();
    let file = directory.path().join("alerts.ndjson");
    let log = fs::read_to_string(example("logs/atlas-07-sysmon.xml")).unwrap();
    let words = format!("hunt --exit-zero --output {} --rules", file.display());
    let run = run(&words, &[&example("rules"), Path::new("-")], &log);
    assert_eq!((run.status, run.out.as_str()), (0, ""), "{}", run.err);
    let alerts = fs::read_to_string(file).unwrap();
    assert_eq!(alerts.lines().count(), 1 + 4 + 1 + 3, "{alerts}");
}

#[test]
fn what_cannot_be_read_is_named_and_the_rest_is_used() {
    let directory = tempdir().unwrap();
    let put = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
    put("a.ndjson", b"{\"event\":{\"code\":\"1\"}}\nnot json\n{\"event\":{\"code\":\"2\"}}\n");
    put("b.bin", &[0; 100]);
    put("empty.evtx", b"");
    let run = dragnet("hunt --rules", &[&example("rules"), directory.path()]);
    assert_eq!(run.status, 2, "{}", run.err);
    assert!(run.err.contains("a.ndjson:2: not valid JSON"), "{}", run.err);
    assert!(run.err.contains("b.bin skipped"), "{}", run.err);
    assert!(run.err.contains("events   2"), "{}", run.err);
    // Named by itself, a file that is no log is an error.
    let named = dragnet("hunt --rules", &[&example("rules"), &directory.path().join("b.bin")]);
    assert_eq!(named.status, 2);
    assert!(named.err.contains("not a format"), "{}", named.err);
    let gone = dragnet("hunt --rules", &[&example("rules"), Path::new("/no/such/file.evtx")]);
    assert_eq!(gone.status, 2);
    assert!(gone.err.contains("/no/such/file.evtx"), "{}", gone.err);
}

#[test]
fn a_rule_that_fails_is_shown_and_strict_makes_it_count() {
    let directory = tempdir().unwrap();
    let good = fs::read_to_string(example("rules/office_program_starts_a_shell.toml")).unwrap();
    let bad = good.replace("process where", "process whre").replace("1c02", "1c99");
    fs::write(directory.path().join("good.toml"), good).unwrap();
    fs::write(directory.path().join("bad.toml"), bad).unwrap();
    let logs = example("logs");
    let lenient = dragnet("hunt --rules", &[directory.path(), &logs]);
    assert_eq!(lenient.status, 1, "{}", lenient.err);
    assert!(lenient.err.contains("bad.toml:24:9"), "{}", lenient.err);
    assert!(lenient.err.contains("1 loaded"), "{}", lenient.err);
    assert_eq!(dragnet("hunt --strict --rules", &[directory.path(), &logs]).status, 2);

    let check = dragnet("rules check --format json", &[directory.path()]);
    assert_eq!(check.status, 2);
    let report: serde_json::Value = serde_json::from_str(&check.out).unwrap();
    assert_eq!(report["loaded"], 1);
    assert_eq!(report["failed"][0]["line"], 24);
    assert_eq!(report["failed"][0]["column"], 9);
    assert!(report["failed"][0]["code"].as_str().unwrap().starts_with("EQL"));
    assert_eq!(dragnet("rules check", &[&example("rules")]).status, 0);
}

/// The time may be any field, and a mapping may say how it is written.
#[test]
fn times_are_where_and_how_one_says() {
    let event = |n: u32| {
        format!(
            "{{\"EventTime\":\"2024-03-02 10:00:0{n}\",\"EventID\":4616,\"Hostname\":\"WS7\",\"Channel\":\"Security\",\
             \"SourceName\":\"Microsoft-Windows-Security-Auditing\",\"NewTime\":\"2024-03-0{n}T00:00:00Z\"}}\n"
        )
    };
    let directory = tempfile::tempdir().unwrap();
    let (log, mapping) = (directory.path().join("log.json"), directory.path().join("m.json"));
    fs::write(&log, (1..4).map(event).collect::<String>()).unwrap();
    let format = serde_json::json!({"type": "date", "format": "dd-MM-yyyy"});
    let mapped = serde_json::json!({"mappings": {"properties": {"@timestamp": format}}});
    fs::write(&mapping, mapped.to_string()).unwrap();
    let total = |options: &[&str], query: &str| {
        let mut command = assert_cmd::Command::cargo_bin("dragnet").unwrap();
        let output = command.arg("query").args(options).arg(query).arg(&log).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        json["hits"]["total"]["value"].clone()
    };
    let twice = |span| {
        let one = "[any where event.code == \"4616\"]";
        format!("sequence with maxspan={span} {one} {one}")
    };
    assert_eq!(total(&[], &twice("5s")), 2);
    let by_datum = ["--timestamp-field", "winlog.event_data.NewTime"];
    assert_eq!(total(&by_datum, &twice("5s")), 0);
    assert_eq!(total(&by_datum, &twice("1d")), 2);
    let mapping = ["--schema", mapping.to_str().unwrap(), "--from", "2024-01-01"];
    assert_eq!(total(&mapping, "any where true"), 0);
    assert_eq!(total(&mapping[2..], "any where true"), 3);
}

#[test]
fn queries_answer_as_elasticsearch_does() {
    let log = example("logs/atlas-07-sysmon.xml");
    let ask = |query: &str| {
        let mut command = assert_cmd::Command::cargo_bin("dragnet").unwrap();
        let output = command.args(["query", query]).arg(&log).output().unwrap();
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        (output.status.code().unwrap(), json, String::from_utf8(output.stderr).unwrap())
    };
    let (status, json, _) = ask("process where process.name : \"powershell.exe\"");
    assert_eq!(status, 1);
    assert_eq!(json["hits"]["total"]["value"], 3);
    assert_eq!(json["hits"]["events"][0]["_source"]["event"]["code"], "1");
    let query = "sequence by host.name with maxspan=1m [any where event.code == \"19\"] \
                 ![any where event.code == \"4\"] [any where event.code == \"21\"]";
    let (_, json, _) = ask(query);
    let sequence = &json["hits"]["sequences"][0];
    assert_eq!(sequence["join_keys"][0], "ATLAS-07.harbour.example");
    assert_eq!(sequence["events"][1]["missing"], true);
    let (status, _, err) = ask("process where process.name = \"x\"");
    assert_eq!(status, 2);
    assert!(err.contains("error[EQL"), "{err}");
    assert_eq!(ask("process where false").0, 0);
}

#[test]
fn normalize_prints_both_stages() {
    let log = example("logs/atlas-07-sysmon.xml");
    let ecs = dragnet("normalize", &[&log]);
    assert_eq!((ecs.status, ecs.lines().len()), (0, 12), "{}", ecs.err);
    assert_eq!(ecs.lines()[0]["process"]["name"], "WINWORD.EXE");
    let agent = dragnet("normalize --stage agent", &[&log]);
    assert_eq!(agent.lines()[0]["winlog"]["event_data"]["ProcessId"], "5120");
    assert!(agent.lines()[0].get("process").is_none());
}

#[test]
fn explain_says_why() {
    let log = example("logs/atlas-07-sysmon.xml");
    let rule = example("rules/binding_of_an_executing_consumer.toml");
    let run = dragnet("explain --limit 2 --rule", &[&rule, &log]);
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(run.out.contains("12 events, 1 match"), "{}", run.out);
    assert!(
        run.out.contains("✗ winlog.event_data.Operation : \"Created\"  saw \"Deleted\""),
        "{}",
        run.out
    );

    let rule = example("rules/document_to_wmi_persistence.toml");
    let run = dragnet("explain --rule", &[&rule, &log]);
    assert!(run.out.contains("ATLAS-07.harbour.example: complete"), "{}", run.out);
}

#[test]
fn manual_and_completions() {
    assert!(dragnet("man hunt", &[]).out.contains(".TH"));
    assert!(dragnet("completions bash", &[]).out.contains("dragnet"));
    assert_eq!(dragnet("man nothing", &[]).status, 2);
}

#[test]
fn alerts_never_overwrite_what_is_read() {
    let directory = tempdir().unwrap();
    let log = directory.path().join("log.ndjson");
    fs::copy(example("logs/keel-02-defend.ndjson"), &log).unwrap();
    let before = fs::read(&log).unwrap();
    let output = |path: &Path| format!("hunt -o {} --rules", path.display());
    let run = dragnet(&output(&log), &[&example("rules"), &log]);
    assert_eq!((run.status, fs::read(&log).unwrap()), (2, before));
    assert!(run.err.contains("is one of the logs"), "{}", run.err);

    let rule = directory.path().join("rule.toml");
    fs::write(&rule, "[rule]\nname = 'a'\ntype = 'eql'\nquery = 'any where true'\n").unwrap();
    let run = dragnet(&output(&rule), &[directory.path(), &log]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("is among the rules"), "{}", run.err);
    assert!(!fs::read(&rule).unwrap().is_empty());

    // What only lies beside rules may be written again.
    let alerts = directory.path().join("alerts.csv");
    fs::write(&alerts, "old").unwrap();
    let run = dragnet(&output(&alerts), &[directory.path(), &log]);
    assert_eq!(run.status, 1, "{}", run.err);
}

#[test]
fn what_cannot_be_meant_is_said() {
    let run = hunt("--from 2024-05-15 --to 2024-05-14");
    assert_eq!(run.status, 2);
    assert!(run.err.contains("no event is at or after"), "{}", run.err);

    let directory = tempdir().unwrap();
    let run = dragnet("hunt --format csv --rules", &[&example("rules"), directory.path()]);
    assert!(run.err.contains("no events were found"), "{}", run.err);
    assert!(run.out.starts_with("time,severity,"), "{}", run.out);
    assert_eq!(run.out.lines().count(), 1);

    let rule = directory.path().join("esql.toml");
    fs::write(&rule, "[rule]\nname = 'a'\ntype = 'esql'\nquery = 'FROM logs-*'\n").unwrap();
    let run = dragnet("hunt --rules", &[&rule, directory.path()]);
    assert!(run.err.contains("1 of a type not supported yet (esql)"), "{}", run.err);
}

#[test]
fn members_of_archives_that_are_no_logs_are_passed_over() {
    let directory = tempdir().unwrap();
    let path = directory.path().join("logs.zip");
    let mut zip = zip::ZipWriter::new(fs::File::create(&path).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for (name, data) in [
        ("readme.txt", &b"about these logs"[..]),
        ("__MACOSX/._log.json", b"\x00\x05\x16\x07 of a Mac"),
        ("log.json", &fs::read(example("logs/keel-02-defend.ndjson")).unwrap()),
    ] {
        zip.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut zip, data).unwrap();
    }
    zip.finish().unwrap();
    let run = dragnet("hunt --rules", &[&example("rules"), &path]);
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(!run.err.contains("unreadable"), "{}", run.err);
    assert_eq!(dragnet("normalize", &[&path]).status, 0);
}

#[test]
fn rules_that_undo_each_other_are_named() {
    let dir = tempdir().unwrap();
    let path = |name: &str| dir.path().join(name);
    let rule = |id: &str, more: serde_json::Value| {
        let mut rule = serde_json::json!({
            "rule_id": id, "name": id, "type": "eql", "language": "eql", "severity": "low",
            "risk_score": 21, "index": [".alerts-security.*"],
        });
        rule.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        format!("{rule}\n")
    };
    let unless = |id: &str, other: &str| {
        let query = format!(
            "sequence by k with maxspan=1m [any where kibana.alert.rule.rule_id == \"base\"] \
             ![any where kibana.alert.rule.rule_id == \"{other}\"]"
        );
        rule(id, serde_json::json!({ "query": query }))
    };
    let base = rule("base", serde_json::json!({"index": ["logs-*"], "query": "any where n == 1"}));
    let log = r#"{"@timestamp": "2024-05-14T08:00:00Z", "k": "a", "n": 1}"#;
    fs::write(path("log.ndjson"), format!("{log}\n")).unwrap();
    let hunt = |rules: &str| {
        fs::write(path("rules.ndjson"), rules).unwrap();
        dragnet("hunt --format ndjson --rules", &[&path("rules.ndjson"), &path("log.ndjson")])
    };
    let what = "came to no end";
    let alone = hunt(&(base.clone() + &unless("one", "two")));
    assert!(!alone.err.contains(what), "{}", alone.err);
    assert!(alone.out.contains("\"kibana.alert.rule.rule_id\":\"one\""), "{}", alone.out);
    let both = hunt(&(base + &unless("one", "two") + &unless("two", "one")));
    assert!(both.err.contains(what), "{}", both.err);
}

#[test]
fn help_says_what_exit_statuses_mean() {
    for command in ["test", "backtest"] {
        let help = dragnet(&format!("{command} --help"), &[]).out;
        assert!(help.contains("Exit status: 0"), "{command}: {help}");
    }
    let help = dragnet("hunt --help", &[]).out;
    let words = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("many times slower, to check the other by"), "{help}");
}
