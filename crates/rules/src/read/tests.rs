use serde_json::json;

use super::*;
use crate::compile::Language;

fn base() -> Json {
    json!({
        "rule_id": "r-1", "name": "One", "type": "eql", "language": "eql",
        "query": "any where true", "severity": "high", "risk_score": 73,
    })
}

/// The base rule with keys set, or taken away by null.
fn with(changes: &Json) -> Map<String, Json> {
    let Json::Object(mut fields) = base() else { unreachable!() };
    let Json::Object(changes) = changes else { panic!("not an object") };
    fields.extend(changes.clone());
    fields.retain(|_, value| !value.is_null());
    fields
}

#[track_caller]
fn rule(changes: &Json) -> (Rule, Vec<&'static str>) {
    match read_rule(with(changes), Map::new()) {
        Reading::Rule(rule, issues) => (*rule, issues.iter().map(|issue| issue.code).collect()),
        Reading::Broken(issues) => panic!("{issues:?}"),
    }
}

/// The codes with which a rule is refused.
#[track_caller]
fn broken(changes: &Json, expected: &[&str]) {
    match read_rule(with(changes), Map::new()) {
        Reading::Broken(issues) => {
            let codes: Vec<_> = issues.iter().filter(|i| i.is_error()).map(|i| i.code).collect();
            assert_eq!(codes, expected, "{changes}");
        }
        Reading::Rule(..) => panic!("accepted: {changes}"),
    }
}

#[track_caller]
fn warned(changes: &Json, expected: &[&str]) -> Rule {
    let (rule, codes) = rule(changes);
    assert_eq!(codes, expected, "{changes}");
    rule
}

#[test]
fn a_complete_rule() {
    let read = warned(
        &json!({
            "id": "x", "description": "d", "index": ["a-*", "b-*"], "interval": "10m",
            "from": "now-19m", "to": "now-1m", "max_signals": 7, "version": 3, "enabled": false,
            "timestamp_override": "event.ingested", "event_category_override": "event.type",
            "tiebreaker_field": "event.sequence", "timestamp_field": "event.created",
            "building_block_type": "default", "tags": ["t"], "references": ["https://example.org"],
            "note": "n", "setup": "s", "author": ["A"], "license": "MIT", "false_positives": ["f"],
            "investigation_fields": {"field_names": ["user.name"]}, "something_new": {"a": [1]},
            "threat": [{"framework": "MITRE ATT&CK",
                "tactic": {"id": "TA1", "name": "n", "reference": "r"},
                "technique": [{"id": "T1", "subtechnique": [{"id": "T1.1"}]}]}],
        }),
        &["RULE0109", "RULE0109"],
    );
    assert_eq!((read.rule_id.as_str(), read.id.as_deref()), ("r-1", Some("x")));
    assert_eq!((read.interval_ms, read.from_ms, read.to_ms), (600_000, -1_140_000, -60_000));
    assert_eq!((read.max_signals, read.version, read.enabled), (7, Some(3), false));
    assert_eq!(read.event_category_override.as_deref(), Some("event.type"));
    assert_eq!(read.investigation_fields, ["user.name"]);
    assert_eq!(read.threat[0].tactic.id, "TA1");
    assert_eq!(read.threat[0].technique[0].subtechnique[0].id, "T1.1");
    assert_eq!(read.fields["something_new"], json!({"a": [1]}));
}

#[test]
fn defaults() {
    let read = warned(&json!({}), &[]);
    assert_eq!((read.interval_ms, read.from_ms, read.to_ms), (300_000, -360_000, 0));
    assert_eq!((read.max_signals, read.enabled, read.version), (100, true, None));
    assert!(read.threat.is_empty() && read.index.is_empty() && read.note.is_none());
}

#[test]
fn what_a_rule_cannot_do_without() {
    broken(&json!({"name": null}), &["RULE0007"]);
    broken(&json!({"name": "  "}), &["RULE0007"]);
    broken(&json!({"name": 7}), &["RULE0013"]);
    broken(&json!({"type": null}), &["RULE0008"]);
    broken(&json!({"type": "eqll"}), &["RULE0009"]);
    broken(&json!({"type": ["eql"]}), &["RULE0013"]);
    broken(&json!({"query": null}), &["RULE0010"]);
    broken(&json!({"query": "\n"}), &["RULE0010"]);
    broken(&json!({"query": ["a"]}), &["RULE0013"]);
    broken(&json!({"language": "kuery"}), &["RULE0011"]);
    broken(&json!({"type": "query", "language": "eql"}), &["RULE0011"]);
    broken(&json!({"type": "query", "language": "kuery", "query": null}), &["RULE0010"]);
    broken(&json!({"name": null, "query": null}), &["RULE0007", "RULE0010"]);
    broken(
        &json!({"name": null, "type": null, "query": null}),
        &["RULE0007", "RULE0008", "RULE0010"],
    );
}

#[test]
fn the_rest_is_lenient() {
    assert_eq!(warned(&json!({"severity": null}), &["RULE0102"]).severity, RuleSeverity::High);
    assert_eq!(warned(&json!({"severity": "High"}), &["RULE0102"]).severity, RuleSeverity::High);
    assert_eq!(warned(&json!({"risk_score": null}), &["RULE0103"]).risk_score, 73);
    assert_eq!(warned(&json!({"risk_score": 101}), &["RULE0103"]).risk_score, 73);
    assert_eq!(warned(&json!({"risk_score": 47.0}), &[]).risk_score, 47);
    assert_eq!(warned(&json!({"risk_score": 47.5}), &["RULE0103"]).risk_score, 73);
    let read = warned(&json!({"severity": null, "risk_score": -1}), &["RULE0102", "RULE0103"]);
    assert_eq!((read.severity, read.risk_score), (RuleSeverity::Low, 21));
    assert_eq!(warned(&json!({"interval": "5 minutes"}), &["RULE0104"]).interval_ms, 300_000);
    assert_eq!(warned(&json!({"interval": 5}), &["RULE0104"]).interval_ms, 300_000);
    assert_eq!(warned(&json!({"from": "yesterday"}), &["RULE0105"]).from_ms, -360_000);
    assert_eq!(warned(&json!({"from": "now", "to": "now-5m"}), &["RULE0105"]).from_ms, -360_000);
    assert_eq!(warned(&json!({"from": "now+1m", "to": "now+2m"}), &["RULE0105"]).to_ms, 0);
    assert_eq!(warned(&json!({"max_signals": 0}), &["RULE0106"]).max_signals, 100);
    assert_eq!(warned(&json!({"tags": "one"}), &[]).tags, ["one"]);
    assert!(warned(&json!({"tags": [1]}), &["RULE0107"]).tags.is_empty());
    assert!(warned(&json!({"note": 1}), &["RULE0107"]).note.is_none());
    assert!(warned(&json!({"enabled": "no"}), &["RULE0107"]).enabled);
    assert!(
        warned(&json!({"investigation_fields": 1}), &["RULE0107"]).investigation_fields.is_empty()
    );
    assert_eq!(warned(&json!({"investigation_fields": ["a"]}), &[]).investigation_fields, ["a"]);
    warned(&json!({"language": null}), &["RULE0108"]);
    let threat = &json!({"threat": [{"framework": 1}, {"framework": "MITRE ATT&CK"}]});
    assert_eq!(warned(threat, &["RULE0110"]).threat.len(), 1);
}

#[test]
fn features_that_are_not_applied_are_named() {
    warned(&json!({"alert_suppression": {"group_by": ["a"]}}), &["RULE0109"]);
    warned(&json!({"alert_suppression": {}}), &[]);
    warned(&json!({"exceptions_list": []}), &[]);
    warned(&json!({"exceptions_list": [{"list_id": "endpoint_list"}]}), &[]);
    let own = &json!({"exceptions_list": [{"list_id": "endpoint_list"}, {"list_id": "mine"}]});
    warned(own, &["RULE0109"]);
    warned(&json!({"severity_mapping": [{"field": "a"}]}), &["RULE0109"]);
    warned(&json!({"risk_score_mapping": [{"field": "a"}]}), &["RULE0109"]);
    warned(&json!({"rule_name_override": "message"}), &["RULE0109"]);
    assert!(has_filters(&with(&json!({"filters": [{"meta": {}}]}))));
    assert!(!has_filters(&with(&json!({"filters": []}))));
    assert!(!has_filters(&with(&json!({}))));
}

#[test]
fn types_that_cannot_run_yet_need_no_query() {
    for name in ["machine_learning", "saved_query", "threshold"] {
        let read = warned(&json!({"type": name, "language": null, "query": null}), &[]);
        assert!(read.query.is_empty(), "{name}");
    }
}

#[test]
fn languages_of_query_rules() {
    for (written, expected) in [
        (json!("kuery"), Language::Kuery),
        (json!("lucene"), Language::Lucene),
        (json!(null), Language::Kuery),
    ] {
        let read = warned(&json!({"type": "query", "language": written, "query": "a: b"}), &[]);
        assert_eq!(Language::of(&read), expected);
    }
    assert_eq!(Language::of(&rule(&json!({})).0), Language::Eql);
}

#[test]
fn ids() {
    let read = |changes: &Json| warned(changes, &["RULE0101"]).rule_id;
    assert_eq!(read(&json!({"rule_id": null, "id": "kept"})), "kept");
    let derived = read(&json!({"rule_id": null}));
    assert_eq!(derived, read(&json!({"rule_id": null, "severity": "high"})));
    assert_ne!(derived, read(&json!({"rule_id": null, "query": "any where false"})));
    assert_ne!(derived, read(&json!({"rule_id": null, "name": "Two"})));
    let parts: Vec<_> = derived.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{derived}");
    assert_eq!(&derived[14..15], "8", "{derived}");
    assert!("89ab".contains(&derived[19..20]), "{derived}");
}

#[test]
fn detecting_alike() {
    let one = rule(&json!({})).0;
    assert!(one.detects_like(&rule(&json!({"version": 9, "name": "Other", "note": "x"})).0));
    assert!(!one.detects_like(&rule(&json!({"query": "any where false"})).0));
    assert!(!one.detects_like(&rule(&json!({"index": ["x"]})).0));
    assert!(!one.detects_like(&rule(&json!({"max_signals": 5})).0));
}
