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
        &[],
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
    assert!(read.threat.is_empty() && read.index.is_empty() && read.note().is_none());
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
    assert!(warned(&json!({"note": 1}), &["RULE0107"]).note().is_none());
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
fn what_alerts_say() {
    let alerting = |changes: &Json, codes: &[&str]| warned(changes, codes).alerting;
    let duration = json!({"value": 2, "unit": "h"});
    let full = json!({"group_by": ["a", "b"], "duration": duration, "missing_fields_strategy": "doNotSuppress"});
    let suppression = alerting(&json!({ "alert_suppression": full }), &[]).suppression.unwrap();
    assert_eq!(suppression.group_by, ["a", "b"]);
    assert_eq!(suppression.duration_ms, Some(7_200_000));
    assert!(!suppression.suppress_missing);
    let short =
        alerting(&json!({"alert_suppression": {"group_by": ["a"]}}), &[]).suppression.unwrap();
    assert!(short.suppress_missing && short.duration_ms.is_none());
    alerting(&json!({"alert_suppression": {}}), &[]);
    alerting(&json!({"alert_suppression": {"group_by": 3}}), &["RULE0107"]);
    let days = json!({"group_by": ["a"], "duration": {"value": 2, "unit": "d"}});
    alerting(&json!({ "alert_suppression": days }), &["RULE0107"]);

    let severities = json!([{"field": "a", "value": "x", "severity": "critical"}, {"field": "a"}]);
    let read = alerting(&json!({ "severity_mapping": severities }), &["RULE0107"]);
    assert_eq!(read.severity_mapping.len(), 1);
    let scores =
        json!([{"field": "a", "value": ""}, {"field": "a", "value": "x", "risk_score": 99}]);
    let read = alerting(&json!({ "risk_score_mapping": scores }), &[]);
    assert_eq!(read.risk_score_mapping[0].risk_score, None);
    assert_eq!(read.risk_score_mapping[1].risk_score, Some(99));
    let read = alerting(&json!({"rule_name_override": "message"}), &[]);
    assert_eq!(read.name_override.as_deref(), Some("message"));
}

/// Changes that make a rule of another type.
fn typed(rule_type: &str, key: &str, value: &Json) -> Json {
    json!({"type": rule_type, "language": "kuery", "query": "a:b", key: value})
}

#[test]
fn thresholds() {
    let of = |value: &Json| typed("threshold", "threshold", value);
    let spec = |value: &Json| warned(&of(value), &[]).kind.threshold.unwrap();
    let read = spec(
        &json!({"field": ["a", "b"], "value": 5, "cardinality": [{"field": "c", "value": 2}]}),
    );
    assert_eq!((read.fields, read.value), (vec!["a".to_owned(), "b".to_owned()], 5));
    assert_eq!(read.cardinality, Some(("c".to_owned(), 2)));
    assert!(spec(&json!({"field": [], "value": 1, "cardinality": []})).fields.is_empty());
    assert!(spec(&json!({"field": [""], "value": 1})).fields.is_empty());
    for wrong in [
        json!(3),
        json!({"field": ["a"]}),
        json!({"field": ["a"], "value": 0}),
        json!({"field": ["a", "b", "c", "d", "e", "f"], "value": 1}),
        json!({"field": ["a"], "value": 1, "cardinality": [{"field": "c"}]}),
    ] {
        broken(&of(&wrong), &["RULE0018"]);
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
fn new_terms_of_both_forms() {
    let api = json!({"type": "new_terms", "language": "kuery", "query": "a:b",
        "new_terms_fields": ["a"], "history_window_start": "now-7d"});
    let toml = typed(
        "new_terms",
        "new_terms",
        &json!({"field": "new_terms_fields", "value": ["a"],
        "history_window_start": [{"field": "history_window_start", "value": "now-7d"}]}),
    );
    for changes in [&api, &toml] {
        let read = warned(changes, &[]).kind.new_terms.unwrap();
        assert_eq!((read.fields, read.history_ms), (vec!["a".to_owned()], -7 * 86_400_000));
    }
    let of = |fields: &Json, start: &str| {
        json!({"type": "new_terms", "language": "kuery", "query": "a:b",
            "new_terms_fields": fields, "history_window_start": start})
    };
    broken(&of(&json!([]), "now-7d"), &["RULE0018"]);
    broken(&of(&json!(["a", "b", "c", "d"]), "now-7d"), &["RULE0018"]);
    broken(&of(&json!(["a"]), "now-1m"), &["RULE0018"]);
    broken(&of(&json!(["a"]), "last week"), &["RULE0018"]);
}

#[test]
fn indicator_mappings() {
    let of = |value: &Json| typed("threat_match", "threat_mapping", value);
    let entry =
        |field: &str| json!({"field": field, "type": "mapping", "value": "threat.indicator.ip"});
    let mapping = json!([{"entries": [entry("source.ip")]}, {"entries": [entry("a"), entry("b")]}]);
    let read = warned(&of(&mapping), &[]).kind.threat_match.unwrap();
    assert_eq!(read.mapping.iter().map(Vec::len).collect::<Vec<_>>(), [1, 2]);
    assert_eq!((&*read.indicator_path, &*read.query), ("threat.indicator", "*:*"));
    broken(&of(&json!([])), &["RULE0018"]);
    broken(&of(&json!([{"entries": []}])), &["RULE0018"]);
    broken(&of(&json!([{"entries": [{"field": "a"}]}])), &["RULE0018"]);
}

#[test]
fn types_that_cannot_run_need_no_query() {
    let read = warned(&json!({"type": "machine_learning", "language": null, "query": null}), &[]);
    assert!(read.rule_type.unsupported().is_some());
    assert_eq!(RuleType::Eql.unsupported(), None);
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
    assert!(!one.detects_like(&rule(&json!({"filters": [{"meta": {}}]})).0));
    assert!(one.detects_like(&rule(&json!({"enabled": false, "severity": "high"})).0));
    let query = |language: &str| {
        rule(&json!({"type": "query", "language": language, "query": "a:b OR c:d"})).0
    };
    assert!(!query("kuery").detects_like(&query("lucene")));
}
