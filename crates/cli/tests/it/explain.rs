//! What `dragnet explain` says of rules whose alerts depend on more than one event.

use std::fs;

use serde_json::{Value as Json, json};
use tempfile::tempdir;

use crate::support::dragnet;

const EVENTS: &[&str] = &[
    r#"{"_id": "e1", "@timestamp": "2024-05-01T00:01:00Z", "act": "fail", "user": "ann", "host": "a", "ip": "10.0.0.1", "path": "/x"}"#,
    r#"{"_id": "e2", "@timestamp": "2024-05-01T00:02:00Z", "act": "fail", "user": "bob", "host": "a", "ip": "10.0.0.2", "path": "/x"}"#,
    r#"{"_id": "e3", "@timestamp": "2024-05-01T00:03:00Z", "act": "fail", "user": "ann", "host": "a", "ip": "10.0.0.9"}"#,
    r#"{"_id": "e4", "@timestamp": "2024-05-01T00:04:00Z", "act": "fail", "user": "ann", "host": "b"}"#,
    r#"{"_id": "e5", "@timestamp": "2024-05-01T00:34:00Z", "act": "fail", "user": "ann"}"#,
    r#"{"_id": "e6", "@timestamp": "2024-05-01T03:04:00Z", "act": "pass", "user": "ann", "host": "b"}"#,
];

const INDICATORS: &[&str] = &[
    r#"{"_id": "i1", "threat": {"indicator": {"ip": "10.0.0.1", "path": "/x"}}}"#,
    r#"{"_id": "i2", "threat": {"indicator": {"ip": "10.0.0.2", "path": "/z"}}}"#,
    r#"{"_id": "i3", "threat": {"indicator": {"ip": "10.0.0.3", "path": "/x"}}}"#,
];

/// Explains a rule with these keys besides the usual ones; gives the status and what was said.
fn explained(keys: &Json, args: &str) -> (i32, String) {
    let place = tempdir().unwrap();
    let write = |name: &str, lines: &[&str]| {
        let path = place.path().join(name);
        fs::write(&path, lines.join("\n")).unwrap();
        path
    };
    let mut rule = json!({
        "rule_id": "r", "name": "Counted", "description": "d", "risk_score": 21, "severity": "low",
        "language": "kuery", "query": "act: fail", "index": ["logs-*"], "from": "now-9m",
    });
    let keys = keys.as_object().unwrap().clone();
    rule.as_object_mut().unwrap().extend(keys);
    let rule = write("rule.ndjson", &[&rule.to_string()]);
    let events = write("events.ndjson", EVENTS);
    let indicators = write("indicators.ndjson", INDICATORS);
    let history = write("history.ndjson", &[&EVENTS[0].replace("05-01", "04-28")]);
    let args = args.replace("INDICATORS", &format!("--indicators {}", indicators.display()));
    let args = args.replace("HISTORY", &format!("--history {}", history.display()));
    let words = format!("explain --no-complete --input-format documents {args} --rule");
    let run = dragnet(&words, &[&rule, &events]);
    (run.status, run.out)
}

#[track_caller]
fn check(keys: &Json, args: &str, status: i32, said: &[&str], unsaid: &[&str]) {
    let (got, out) = explained(keys, args);
    assert_eq!(got, status, "{out}");
    for text in said {
        assert!(out.contains(text), "{text:?} is not in\n{out}");
    }
    for text in unsaid {
        assert!(!out.contains(text), "{text:?} is in\n{out}");
    }
}

#[test]
fn thresholds_say_how_full_each_group_was() {
    let threshold =
        json!({"field": ["host"], "value": 3, "cardinality": [{"field": "user", "value": 2}]});
    let keys = json!({"type": "threshold", "threshold": threshold});
    let said = [
        "6 events, 5 match",
        "an alert takes 3 events of one host, with 2 different user; executions are every 5m and look 9m back",
        "✓ a: 3 events, 2 different user in the execution of 2024-05-01T00:05:00",
        "✗ b: 1 of 3 events, 1 of 2 different user in the execution of 2024-05-01T00:05:00",
        "✗ 1 matching event lacks host",
    ];
    check(&keys, "", 1, &said, &[]);
    // Of one event: its own tests, and its group alone.
    let said = ["✓ act == \"fail\"", "✗ b: 1 of 3 events"];
    check(&keys, "--id e4", 1, &said, &["✓ a:"]);
    check(&keys, "--limit 1", 1, &["✓ a: ", "… and 1 groups with fewer events"], &["✗ b"]);

    let keys = json!({"type": "threshold", "threshold": {"field": [], "value": 6}});
    check(&keys, "", 0, &["✗ all events: 4 of 6 events"], &["lacks"]);
    let keys =
        json!({"type": "threshold", "query": "act: none", "threshold": {"field": [], "value": 1}});
    check(&keys, "--limit 1", 0, &["6 events, 0 match", "✗ act == \"none\"  saw \"fail\""], &[]);
}

#[test]
fn new_terms_say_when_a_value_was_last_seen() {
    let keys = json!({
        "type": "new_terms", "new_terms_fields": ["user", "host"], "history_window_start": "now-7d"
    });
    let said = [
        "an alert takes a combination of user, host that was not seen in the 7d before",
        "✓ ann, a: new at 2024-05-01T00:01:00.000Z, never seen before (2 events)",
        "✓ bob, a: new at 2024-05-01T00:02:00.000Z, never seen before (1 event)",
        "✗ 1 matching event lacks host",
    ];
    check(&keys, "", 1, &said, &[]);
    let known = "✗ ann, a: known at 2024-05-01T00:01:00.000Z, last seen 3d before, at 2024-04-28T00:01:00.000Z (2 events)";
    check(&keys, "HISTORY", 1, &[known, "✓ bob, a: new"], &[]);
    check(&keys, "HISTORY --id e1", 1, &[known], &["bob"]);

    // What was seen before the history is new again, and that is said.
    let keys = json!({
        "type": "new_terms", "new_terms_fields": ["user"], "history_window_start": "now-15m"
    });
    let again = "✓ ann: new at 2024-05-01T00:01:00.000Z, last seen 3d before, at 2024-04-28T00:01:00.000Z, and once more later (4 events)";
    check(&keys, "HISTORY", 1, &[again], &[]);
}

#[test]
fn indicator_matches_say_which_indicators_come_near() {
    let entries = |pairs: &[(&str, &str)]| {
        let entry = |(field, value): &(&str, &str)| json!({"field": field, "type": "mapping", "value": format!("threat.indicator.{value}")});
        json!({ "entries": pairs.iter().map(entry).collect::<Vec<_>>() })
    };
    let keys = |mapping: Json| {
        json!({
            "type": "threat_match", "threat_query": "*:*", "threat_index": ["ti"], "threat_language": "kuery",
            "threat_mapping": mapping,
        })
    };
    let both = keys(json!([entries(&[("ip", "ip"), ("path", "path")])]));
    let said = [
        "✓ an indicator matches, of 3 indicators",
        "✓ all of these 2: indicator i1",
        "✓ path = threat.indicator.path  saw /x: 2 indicators have it",
    ];
    check(&both, "INDICATORS --id e1", 1, &said, &[]);
    // The values are of different indicators: a match needs one that has both.
    let said = [
        "does not match",
        "✗ no indicator matches, of 3 indicators",
        "✗ all of these 2 by one indicator; the nearest has 1: indicator i1, i2, i3",
        "✓ ip = threat.indicator.ip  saw 10.0.0.2: 1 indicator has it",
    ];
    check(&both, "INDICATORS --id e2", 0, &said, &[]);
    let said = [
        "✗ none of these 2 holds of any indicator",
        "✗ ip = threat.indicator.ip  saw 10.0.0.9: no indicator has it",
        "✗ path = threat.indicator.path  saw nothing: the field is missing",
    ];
    check(&both, "INDICATORS --id e3", 0, &said, &[]);

    let either = keys(json!([entries(&[("ip", "ip")]), entries(&[("path", "path")])]));
    let said = ["6 events, 2 match", "✓ path = threat.indicator.path  saw /x: indicator i1, i3"];
    check(&either, "INDICATORS", 1, &said, &[]);
    check(&either, "", 0, &["6 events, 0 match", "no indicator matches, of 0 indicators"], &[]);
}

#[test]
fn what_keeps_a_match_from_being_an_alert_is_said() {
    let keys = json!({
        "type": "query", "enabled": false, "query": "host: * and not user: *",
        "alert_suppression": {"group_by": ["user", "host"]},
        "exceptions_list": [{"list_id": "far", "type": "detection", "namespace_type": "single"}],
    });
    let said = [
        "the rule is switched off: a hunt does not run it",
        "the rule suppresses: matches that agree in user, host may be one alert",
        "the exception list `far` (single) is not among what was loaded",
        // KQL's `host: *` is one test to whoever has written it.
        "✓ host != null  saw \"a\"",
        "✗ user == null  saw \"ann\"",
    ];
    check(&keys, "--id e1", 0, &said, &["host.*"]);
    let keys = json!({"type": "query", "index": [".alerts-security.*"]});
    check(&keys, "--id e1", 0, &["the rule reads alerts of other rules and nothing else"], &[]);
}
