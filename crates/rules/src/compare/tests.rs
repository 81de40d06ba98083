use serde_json::json;

use super::*;
use crate::load::Origin;
use crate::read::{Reading, read_rule};

fn rule(more: &Json) -> Rule {
    let mut fields = json!({
        "name": "One", "rule_id": "r-1", "type": "eql", "language": "eql", "severity": "low",
        "risk_score": 21, "query": "process where process.name == \"a\" and user.name == \"b\"",
    });
    let (Json::Object(all), Json::Object(more)) = (&mut fields, more.clone()) else { panic!() };
    all.extend(more);
    let mut extra = Map::new();
    if let Some(Json::Object(tables)) = all.remove("extra") {
        extra = tables;
    }
    all.retain(|_, value| !value.is_null());
    match read_rule(all.clone(), extra) {
        Reading::Rule(rule, _) => *rule,
        Reading::Broken(issues) => panic!("{issues:?}"),
    }
}

/// The keys that differ, and what they touch.
#[track_caller]
fn check(old: &Json, new: &Json, expected: &[(&str, Effect)]) {
    let changes = compare(&rule(old), &rule(new));
    let seen: Vec<_> = changes.iter().map(|c| (c.key.as_str(), c.effect)).collect();
    assert_eq!(seen, expected, "{old} {new}");
}

#[test]
fn what_means_the_same_is_no_difference() {
    check(&json!({}), &json!({}), &[]);
    check(
        &json!({}),
        &json!({"interval": "5m", "from": "now-360s", "to": "now", "max_signals": 100}),
        &[],
    );
    check(&json!({"interval": "60m"}), &json!({"interval": "1h"}), &[]);
    check(&json!({}), &json!({"enabled": true, "filters": [], "note": "", "language": null}), &[]);
    check(&json!({"index": ["a", "b"]}), &json!({"index": ["b", "a"]}), &[]);
    let query = |language: Json| json!({"type": "query", "query": "a: b", "language": language});
    check(&query(Json::Null), &query(json!("kuery")), &[]);
    check(&json!({"note": "a\r\nb  \n"}), &json!({"note": "a\nb"}), &[]);
    check(&json!({"description": "a\nb\n"}), &json!({"description": "a b"}), &[]);
    check(&json!({"risk_score": 21.0}), &json!({}), &[]);
    let toml = json!({"field": "new_terms_fields", "value": ["a"],
        "history_window_start": [{"field": "history_window_start", "value": "now-7d"}]});
    check(
        &json!({"new_terms": toml}),
        &json!({"new_terms_fields": ["a"], "history_window_start": "now-168h"}),
        &[],
    );
}

#[test]
fn differences_say_what_they_touch() {
    use Effect::{Alerts, Detection, Records, Unknown, Words};
    check(
        &json!({}),
        &json!({"from": "now-9m", "version": 2, "note": "x", "severity": "high"}),
        &[("from", Detection), ("severity", Alerts), ("note", Words), ("version", Records)],
    );
    check(&json!({}), &json!({"something": 1}), &[("something", Unknown)]);
    check(
        &json!({"exceptions_list": []}),
        &json!({"exceptions_list": [{"id": "a"}]}),
        &[("exceptions_list", Detection)],
    );
    check(
        &json!({"extra": {"metadata": {"a": 1}, "transform": {}}}),
        &json!({"extra": {"metadata": {"a": 2}}, "meta": {"b": 1}}),
        &[("meta", Records), ("[metadata]", Records)],
    );
}

#[test]
fn queries_are_compared_by_meaning() {
    let same = &[("query", Effect::Words)];
    let differs = &[("query", Effect::Detection)];
    let query = |text: &str| json!({"query": text});
    let base =
        query("process where process.name in (\"a\", \"b\") and not user.name : (\"x*\", \"y*\")");
    check(
        &base,
        &query(
            "process where process.name in (\"a\", \"b\") and not user.name : (\"x*\", \"y*\")\n",
        ),
        &[],
    );
    check(
        &base,
        &query(
            "process where\n  not user.name : (\"y*\", \"x*\") and process.name in (\"b\", \"a\")",
        ),
        same,
    );
    check(
        &base,
        &query(
            "/* why */ process where (process.name in (\"a\", \"b\")) and not user.name : (\"x*\", \"y*\")",
        ),
        same,
    );
    check(
        &base,
        &query("process where process.name in (\"a\", \"c\") and not user.name : (\"x*\", \"y*\")"),
        differs,
    );
    check(
        &base,
        &query(
            "process where process.name in~ (\"a\", \"b\") and not user.name : (\"x*\", \"y*\")",
        ),
        differs,
    );
    let sequence = query("sequence by host.id [any where a == 1] [any where b == 2]");
    check(
        &sequence,
        &query("sequence by host.id\n  [any where a == 1]\n  [any where b == 2]"),
        same,
    );
    check(&sequence, &query("sequence by host.id [any where b == 2] [any where a == 1]"), differs);
    // What does not compile is compared as text.
    check(&query("any where ("), &query("any  where ("), same);
    let kql = |text: &str| json!({"type": "query", "language": "kuery", "query": text});
    check(&kql("a: 1 and  b: \"x  y\""), &kql("a: 1\nand b: \"x  y\""), same);
    check(&kql("a: 1 and b: \"x  y\""), &kql("a: 1 and b: \"x y\""), differs);
}

fn document(more: &Json) -> Document {
    let origin = Origin { path: "x".into(), line: 1 };
    Document { rule: rule(more), origin, warnings: vec![], withdrawn: false }
}

#[test]
fn sets() {
    let one = |id: &str, name: &str, more: &str| {
        document(&json!({"rule_id": id, "name": name, "note": more}))
    };
    let old = [
        one("1", "kept", ""),
        one("2", "gone", ""),
        one("3", "changed", "a"),
        one("4", "no id", "a"),
        one("4", "twice", ""),
    ];
    let new = [
        one("1", "kept", ""),
        one("3", "changed", "b"),
        one("5", "no id", "a"),
        one("6", "new", ""),
    ];
    let diff = compare_sets(&old, &new);
    let names = |all: &[&Document]| all.iter().map(|d| d.rule.name.clone()).collect::<Vec<_>>();
    assert_eq!(
        (names(&diff.added), names(&diff.removed)),
        (vec!["new".to_owned()], vec!["gone".to_owned()])
    );
    assert_eq!(names(&diff.repeated), ["twice"]);
    let changed: Vec<_> =
        diff.changed.iter().map(|p| (p.new.rule.name.as_str(), p.effect())).collect();
    assert_eq!(changed, [("no id", Effect::Alerts), ("changed", Effect::Words)]);
    assert_eq!(diff.unchanged, 1);
}

#[test]
fn the_table_names_each_key_once() {
    for (at, (name, _, kind, default)) in KEYS.iter().enumerate() {
        assert!(KEYS[at + 1..].iter().all(|(other, ..)| other != name), "{name}");
        let parsed: Result<Json, _> = serde_json::from_str(default);
        assert!(default.is_empty() || parsed.is_ok(), "{name}");
        let as_duration = parsed.ok().and_then(|value| value.as_str().and_then(parse_duration));
        assert!(*kind != Kind::Duration || as_duration.is_some(), "{name}");
    }
}
