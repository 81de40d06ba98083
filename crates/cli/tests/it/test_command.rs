//! `dragnet test`: rules of every type with their cases, and what failures say.

mod files;

use std::fs;
use std::path::PathBuf;

use serde_json::Value as Json;
use tempfile::{TempDir, tempdir};

use crate::support::{Run, dragnet, example};

/// A directory of files.
struct Desk(TempDir);

impl Desk {
    fn new(files: &[(&str, &str)]) -> Desk {
        let desk = Desk(tempdir().unwrap());
        for (name, text) in files {
            desk.put(name, text);
        }
        desk
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn test(&self, words: &str) -> Run {
        dragnet(&format!("test {words}"), &[self.0.path()])
    }
}

/// A rule of KQL or EQL, with more lines.
fn rule(kind: &str, query: &str, more: &str) -> String {
    let language = if kind == "eql" { "eql" } else { "kuery" };
    format!(
        "[rule]\nname = \"The Rule\"\nrule_id = \"the-rule\"\nrisk_score = 21\nseverity = \"low\"\n\
         type = \"{kind}\"\nlanguage = \"{language}\"\ndescription = \"d\"\nfrom = \"now-9m\"\n\
         query = '''{query}'''\n{more}\n"
    )
}

/// Runs the cases of one rule; all of them must pass.
#[track_caller]
fn passes(rule: &str, cases: &str, more: &[(&str, &str)]) {
    let desk = Desk::new(more);
    desk.put("a.toml", rule);
    desk.put("a.test.yml", cases);
    let run = desk.test("");
    assert_eq!(run.status, 0, "{}\n{}", run.out, run.err);
    assert!(run.out.contains("passed") && !run.out.contains("without a test"), "{}", run.out);
}

const EQL: &str = "process where process.name : \"a*\" and user.name == \"u\"";

#[test]
fn the_examples_pass_and_decide_every_clause() {
    let run = dragnet("test --coverage", &[&example("")]);
    assert_eq!(run.status, 0, "{}\n{}", run.out, run.err);
    assert!(run.out.contains("4 test files, 31 cases: 31 passed\n"), "{}", run.out);
    assert!(!run.out.contains("never"), "{}", run.out);
}

#[test]
fn thresholds_count_within_executions() {
    let rule = rule(
        "threshold",
        "event.action: fail",
        "[rule.threshold]\nfield = [\"user.name\"]\nvalue = 10\n[[rule.threshold.cardinality]]\nfield = \"source.ip\"\nvalue = 3",
    );
    let cases = "
defaults: {event.action: fail, user.name: anna}
cases:
  - name: ten failures from ten places
    events: [{repeat: 10, every: 1s, of: {source.ip: '192.0.2.{n}'}}]
    alerts: [{user.name: anna, kibana.alert.threshold_result.count: 10}]
  - name: nine are too few
    events: [{repeat: 9, of: {source.ip: '192.0.2.{n}'}}]
    alerts: 0
  - name: from one place only
    events: [{repeat: 10, of: {source.ip: 192.0.2.1}}]
    alerts: 0
  - name: ten in as many hours
    events: [{repeat: 10, every: 1h, of: {source.ip: '192.0.2.{n}'}}]
    alerts: 0
";
    passes(&rule, cases, &[]);
}

#[test]
fn new_terms_know_their_history() {
    let rule = rule(
        "new_terms",
        "event.category: process",
        "new_terms_fields = [\"user.name\"]\nhistory_window_start = \"now-7d\"",
    );
    let cases = "
defaults: {event.category: process}
cases:
  - name: seen three days ago
    history: [{user.name: anna, '@timestamp': -3d}]
    events: [{user.name: anna}, {user.name: bert, '@timestamp': +1m}]
    alerts: [{user.name: bert, kibana.alert.new_terms: bert}]
  - name: the same from a file
    history: {file: before.ndjson}
    events: [{user.name: anna}]
    alerts: 0
  - name: forgotten after a week
    history: [{user.name: anna, '@timestamp': -8d}]
    events: [{user.name: anna}]
    alerts: 1
";
    let before = "{\"@timestamp\":\"2024-01-13T12:00:00Z\",\"event\":{\"category\":\"process\"},\"user\":{\"name\":\"anna\"}}\n";
    passes(&rule, cases, &[("before.ndjson", before)]);
}

#[test]
fn indicators_are_inline_or_from_a_file() {
    let rule = rule(
        "threat_match",
        "destination.ip: *",
        "threat_index = [\"*\"]\nthreat_query = \"threat.indicator.ip: *\"\nthreat_language = \"kuery\"\n\
         [[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"destination.ip\"\n\
         type = \"mapping\"\nvalue = \"threat.indicator.ip\"",
    );
    let cases = "
indicators: [{threat.indicator.ip: 203.0.113.9}]
cases:
  - name: known to be bad
    events: [{destination.ip: 203.0.113.9}, {destination.ip: 203.0.113.10}]
    alerts: [{destination.ip: 203.0.113.9}]
  - name: others
    indicators: {file: bad.ndjson}
    events: [{destination.ip: 203.0.113.9}, {destination.ip: 203.0.113.10}]
    alerts: [{destination.ip: 203.0.113.10}]
";
    let bad = "{\"threat\":{\"indicator\":{\"ip\":\"203.0.113.10\"}}}\n";
    passes(&rule, cases, &[("bad.ndjson", bad)]);
}

#[test]
fn suppression_caps_overrides_and_late_events() {
    // Executions that do not overlap: the next one would find what the cap cuts.
    let rule = rule(
        "query",
        "event.action: a",
        "interval = \"9m\"\nmax_signals = 3\ntimestamp_override = \"event.ingested\"\n\
         [[rule.severity_mapping]]\nfield = \"event.severity\"\nvalue = \"9\"\noperator = \"equals\"\nseverity = \"critical\"\n\
         [rule.alert_suppression]\ngroup_by = [\"host.name\"]\nduration = {value = 1, unit = \"h\"}",
    );
    let cases = "
defaults: {event.action: a}
cases:
  - name: one alert for an hour of the same host
    events:
      - {repeat: 4, every: 10m, of: {host.name: h, n: '{n}'}}
      - {'@timestamp': +3h, host.name: h}
    alerts:
      - {kibana.alert.suppression.docs_count: 3}
      - {kibana.alert.suppression.docs_count: 0}
  - name: no more than max_signals in one execution
    events: [{repeat: 5, of: {host.name: 'h{n}'}}]
    alerts: 3
  - name: what is ingested later belongs to a later execution
    events:
      - {repeat: 3, of: {host.name: 'h{n}'}}
      - {repeat: 2, of: {host.name: 'late{n}', event.ingested: +1h}}
    alerts: 5
  - name: by the time of the event it is the same execution
    clock: event
    events:
      - {repeat: 3, of: {host.name: 'h{n}'}}
      - {repeat: 2, of: {host.name: 'late{n}', event.ingested: +1h}}
    alerts: 3
  - name: severity follows the event
    events: [{event.severity: 9}]
    alerts: [{kibana.alert.severity: critical, kibana.alert.rule.severity: low}]
";
    passes(&rule, cases, &[]);
}

#[test]
fn exceptions_and_value_lists() {
    let rule = rule(
        "eql",
        EQL,
        "[[rule.exceptions_list]]\nid = \"x\"\nlist_id = \"fine\"\nnamespace_type = \"single\"\ntype = \"detection\"",
    );
    let cases = "
defaults: {event.category: process, user.name: u}
exceptions: lists/exceptions.ndjson
value_lists: [lists/good.txt]
cases:
  - name: listed
    events: [{process.name: a1}, {process.name: a2}]
    alerts: [{process.name: a2}]
  - name: without the exceptions
    exceptions: []
    events: [{process.name: a1}, {process.name: a2}]
    alerts: 2
";
    let exceptions = concat!(
        "{\"list_id\":\"fine\",\"type\":\"detection\",\"name\":\"n\"}\n",
        "{\"list_id\":\"fine\",\"item_id\":\"i\",\"type\":\"simple\",\"name\":\"n\",\"entries\":[{\"field\":\"process.name\",",
        "\"operator\":\"included\",\"type\":\"list\",\"list\":{\"id\":\"good.txt\",\"type\":\"keyword\"}}]}\n"
    );
    let files = [("lists/exceptions.ndjson", exceptions), ("lists/good.txt", "a1\n")];
    passes(&rule, cases, &files);
}

#[test]
fn events_are_merged_and_placed_in_time() {
    let cases = "
start: 2024-05-14T08:00:00Z
defaults: {event.category: process, user: {name: u, domain: d}, process.name: a}
cases:
  - name: nested and dotted are the same, null takes away
    events:
      - {user: {domain: null}, process: {pid: 7}, '@timestamp': +90s}
      - {user.name: null}
      - {user: other}
    alerts:
      - process: {pid: '7', name: a}
        user.domain: null
        '@timestamp': 2024-05-14T08:01:30.000Z
  - name: without a time
    events: [{'@timestamp': null}]
    alerts: [{kibana.alert.original_time: null}]
  - name: documents are taken as they are, or completed
    events: [{winlog.channel: Security, _id: seven}]
    alerts: [{host.os.type: windows, kibana.alert.ancestors: [{depth: 0, id: seven, index: logs-system.security-default, type: event}]}]
  - name: as they are
    complete: false
    events: [{winlog.channel: Security}]
    alerts: [{host.os.type: null}]
";
    passes(&rule("eql", EQL, ""), cases, &[]);
}

const FAILING: &str = "cases:
  - name: too many   # a comment
    events: [{event.category: process, process.name: a, user.name: x}]
    alerts: 1  # one, surely
  - name: good
    events: [{event.category: file}]
    alerts: 0
  - name: another field
    events: [{event.category: process, process.name: a, user.name: u}]
    alerts: [{user.name: v}]
";

#[test]
fn failures_say_what_and_why() {
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, "")), ("a.test.yml", FAILING)]);
    let run = desk.test("");
    assert_eq!(run.status, 1, "{}", run.err);
    for part in [
        "1 of 3 cases passed",
        "a.test.yml:2",
        "expected 1 alert, found 0",
        "✗ user.name == \"u\"  saw \"x\"",
        "- user.name: \"v\"\n        + user.name: \"u\"",
        "1 test file, 3 cases: 1 passed, 2 failed",
    ] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let run = desk.test("--filter GOOD");
    assert_eq!(run.status, 0, "{}", run.out);
    assert_eq!(desk.test("--filter nothing").status, 2);
}

#[test]
fn what_a_correlation_lacks_is_said() {
    let threshold = rule(
        "threshold",
        "a: 1",
        "[rule.threshold]\nfield = [\"user.name\"]\nvalue = 3\n[[rule.threshold.cardinality]]\nfield = \"b\"\nvalue = 2",
    );
    let cases = "
defaults: {a: 1}
cases:
  - {name: spread, events: [{repeat: 3, of: {user.name: 'u{n}'}}], alerts: 1}
  - {name: nobody, events: [{repeat: 3, of: {}}], alerts: 1}
  - {name: one b, events: [{repeat: 3, of: {user.name: u, b: 1}}], alerts: 1}
  - {name: unread, file: nowhere.evtx, alerts: 0}
  - {name: damaged, file: bad.ndjson, alerts: 0}
";
    let desk = Desk::new(&[("a.toml", &threshold), ("a.test.yml", cases)]);
    desk.put("bad.ndjson", "{\"a\":1}\nnope\n");
    let run = desk.test("");
    assert_eq!(run.status, 2);
    for part in [
        "✗ u1: 1 of 3 events, 0 of 2 different b",
        "3 matching events lack user.name, so no alert",
        "✗ u: 3 events, 1 of 2 different b",
        "nowhere.evtx: No such file",
        "bad.ndjson:2: not valid JSON",
        "0 passed, 3 failed, 2 errors",
    ] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let new_terms = rule(
        "new_terms",
        "a: 1",
        "new_terms_fields = [\"user.name\"]\nhistory_window_start = \"now-7d\"",
    );
    let cases = "cases: [{name: n, history: [{a: 1, user.name: u, '@timestamp': -1d}], events: [{a: 1, user.name: u}], alerts: 1}]";
    let desk = Desk::new(&[("a.toml", &new_terms), ("a.test.yml", cases)]);
    let run = desk.test("");
    assert!(run.out.contains("last seen 1d before"), "{}", run.out);
}

#[test]
fn formats_for_machines() {
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, "")), ("a.test.yml", FAILING)]);
    desk.put("b.test.yml", "case: []\n");
    desk.put("c.toml", &rule("eql", EQL, "").replace("the-rule", "other").replace("a*", "b*"));
    let run = desk.test("--format json");
    let json: Json = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&json["passed"], &json["failed"]), (&1.into(), &2.into()));
    assert_eq!(json["files"][0]["cases"][0]["status"], "failed");
    assert_eq!(json["files"][0]["cases"][0]["found"], 0);
    assert!(json["files"][0]["cases"][0]["why"].as_str().unwrap().contains("saw"));
    let clauses = &json["files"][0]["coverage"][0]["clauses"];
    assert_eq!(clauses[2]["text"], "user.name == \"u\"");
    assert_eq!((&clauses[2]["held"], &clauses[2]["failed"]), (&true.into(), &true.into()));
    assert_eq!((&clauses[0]["held"], &clauses[0]["failed"]), (&true.into(), &false.into()));
    assert_eq!(json["files"][1]["errors"][0]["code"], "TEST0003");
    assert_eq!(json["rules_without_tests"].as_array().unwrap().len(), 1);
    assert_eq!(run.status, 2);

    let run = desk.test("--format junit");
    assert!(run.out.starts_with("<?xml"), "{}", run.out);
    assert!(
        run.out.contains("<testsuites name=\"dragnet\" tests=\"5\" failures=\"2\" errors=\"2\">"),
        "{}",
        run.out
    );
    assert!(run.out.contains("user.name == &quot;u&quot;"), "{}", run.out);
    assert_eq!(run.out.matches("<testcase").count(), 5);

    let run = desk.test("--format github");
    let annotations: Vec<&str> =
        run.out.lines().filter(|l| l.starts_with("::error file=")).collect();
    assert_eq!(annotations.len(), 4, "{}", run.out);
    assert!(
        run.out.contains(",line=2,title=too many::expected 1 alert, found 0%0A"),
        "{}",
        run.out
    );
}

#[test]
fn update_changes_numbers_and_nothing_else() {
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, "")), ("a.test.yml", FAILING)]);
    let run = desk.test("--update");
    assert_eq!(run.status, 1, "the fields are still not as expected: {}", run.out);
    assert!(run.out.contains("1 failed, 1 updated"), "{}", run.out);
    let text = fs::read_to_string(desk.path("a.test.yml")).unwrap();
    assert_eq!(text, FAILING.replace("alerts: 1  #", "alerts: 0  #"));
    // Places are bytes, whatever the file begins with and however its lines end.
    let odd = format!("\u{feff}{}", FAILING.replace("too many", "tóo many").replace('\n', "\r\n"));
    desk.put("odd.test.yml", &format!("{odd}rule: a.toml\r\n"));
    desk.test("--update --filter many");
    let text = fs::read_to_string(desk.path("odd.test.yml")).unwrap();
    assert_eq!(text, odd.replace("alerts: 1  #", "alerts: 0  #") + "rule: a.toml\r\n");
    let run = desk.test("--update --filter many");
    assert_eq!((run.status, run.out.contains("2 passed")), (0, true), "{}", run.out);
}

#[test]
fn coverage_names_what_was_not_decided() {
    let cases = "cases: [{name: n, events: [{event.category: process, process.name: a, user.name: u}], alerts: 1}]";
    let desk = Desk::new(&[("a.toml", &rule("eql", EQL, "")), ("a.test.yaml", cases)]);
    let run = desk.test("--coverage");
    assert_eq!(run.status, 0, "{}", run.out);
    assert!(run.out.contains("The Rule: 0 of 3 clauses decided both ways"), "{}", run.out);
    assert!(run.out.contains("user.name == \"u\"  never kept an event out"), "{}", run.out);

    // Of two alternatives that both hold, neither decides; nor does what is tested of another category's event.
    let query = "process where process.name == \"a\" or not user.name == \"u\"";
    let cases = "cases:
  - {name: both, events: [{event.category: process, process.name: a, user.name: v}], alerts: 1}
  - {name: other, events: [{event.category: file, process.name: b, user.name: u}], alerts: 0}
";
    let desk = Desk::new(&[("a.toml", &rule("eql", query, "")), ("a.test.yaml", cases)]);
    let run = desk.test("--coverage");
    for clause in ["process.name == \"a\"", "user.name == \"u\""] {
        assert!(run.out.contains(&format!("{clause}  never decided anything")), "{}", run.out);
    }
    let more = "  - {name: neither, events: [{event.category: process, user.name: u}], alerts: 0}
  - {name: first, events: [{event.category: process, process.name: a, user.name: u}], alerts: 1}
  - {name: second, events: [{event.category: process, user.name: v}], alerts: 1}
  - {name: category, events: [{event.category: file, process.name: a, user.name: u}], alerts: 0}
";
    desk.put("a.test.yaml", &format!("{cases}{more}"));
    let run = desk.test("--coverage");
    assert!(run.out.contains("3 of 3 clauses decided both ways"), "{}", run.out);
}
