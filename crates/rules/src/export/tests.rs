use serde_json::{Map, Value as Json, json};

use super::*;
use crate::document::{Contents, Format};
use crate::read::{Reading, read_rule};

fn rule(fields: &Json, extra: &Json) -> Rule {
    let (Json::Object(fields), Json::Object(extra)) = (fields.clone(), extra.clone()) else {
        panic!("not objects")
    };
    match read_rule(fields, extra) {
        Reading::Rule(rule, _) => *rule,
        Reading::Broken(issues) => panic!("{issues:?}"),
    }
}

fn base(more: &Json) -> Json {
    let mut fields = json!({
        "name": "One", "rule_id": "r-1", "type": "eql", "language": "eql", "severity": "low",
        "risk_score": 21, "query": "any where true\n",
    });
    let (Json::Object(all), Json::Object(more)) = (&mut fields, more.clone()) else { panic!() };
    all.extend(more);
    fields
}

/// The rule that a text holds.
fn read_back(format: Format, text: &str) -> Rule {
    let contents = Contents::read("x", format, text.as_bytes());
    assert!(contents.problems.is_empty(), "{:?}\n{text}", contents.problems);
    let entry = contents.entries.into_iter().next().unwrap_or_else(|| panic!("no rule:\n{text}"));
    rule(&Json::Object(entry.fields), &Json::Object(entry.extra))
}

/// A rule goes to both forms, and comes back from both as it was.
#[track_caller]
fn round(fields: &Json, extra: &Json) -> String {
    let before = rule(fields, extra);
    let text = to_toml(&before).unwrap();
    assert_eq!(read_back(Format::Toml, &text), before, "{text}");
    let line = Json::Object(to_api(&before)).to_string();
    let exported = read_back(Format::Json, &line);
    assert!(exported.extra.is_empty());
    let again = to_toml(&exported).unwrap();
    assert_eq!(read_back(Format::Toml, &again), before, "{line}");
    text
}

#[test]
fn there_and_back() {
    let text = round(
        &base(&json!({
            "tags": ["a", "b"], "note": "## Title\n\n\"quoted\" C:\\path\n", "max_signals": 5,
            "threat": [{"framework": "MITRE ATT&CK", "tactic": {"id": "TA1", "name": "n", "reference": "r"},
                "technique": [{"id": "T1", "name": "x", "reference": "y",
                    "subtechnique": [{"id": "T1.1", "name": "x", "reference": "y"}]}]}],
            "filters": [{"meta": {"negate": true}, "query": {"wildcard": {"a.b": {"value": "?:\\\\x*"}}}}],
            "threshold": {"field": ["a"], "value": 3, "cardinality": [{"field": "b", "value": 2}]},
        })),
        &json!({"metadata": {"integration": ["a"], "maturity": "production"},
            "transform": {"osquery": [{"label": "l", "query": "select *\nfrom x"}]}}),
    );
    assert!(
        text.starts_with("[metadata]\nintegration = [\"a\"]\nmaturity = \"production\"\n"),
        "{text}"
    );
    assert!(text.contains("note = '''\n## Title\n\n\"quoted\" C:\\path\n'''\n"), "{text}");
    assert!(text.contains("\nquery = '''\nany where true\n'''\n"), "{text}");
    assert!(text.contains("[[rule.threat.technique.subtechnique]]"), "{text}");
    assert!(text.contains("[rule.filters.query.wildcard.\"a.b\"]"), "{text}");
}

#[test]
fn new_terms_are_named_differently() {
    let toml = json!({"field": "new_terms_fields", "value": ["host.id"],
        "history_window_start": [{"field": "history_window_start", "value": "now-7d"}]});
    let fields = base(&json!({"type": "new_terms", "language": "kuery", "new_terms": toml}));
    let text = round(&fields, &json!({}));
    assert!(text.contains("[[rule.new_terms.history_window_start]]"), "{text}");
    let api = to_api(&rule(&fields, &json!({})));
    assert_eq!(api["new_terms_fields"], json!(["host.id"]));
    assert_eq!(api["history_window_start"], "now-7d");
    assert!(!api.contains_key("new_terms"));
    // A table of another form stays as it is.
    let odd = base(&json!({"new_terms": {"field": "x", "value": []}}));
    round(&odd, &json!({}));
    assert!(to_api(&rule(&odd, &json!({}))).contains_key("new_terms"));
}

#[test]
fn tables_are_kept_under_meta() {
    let extra = json!({"metadata": {"a": 1}, "transform": {}});
    let api = to_api(&rule(&base(&json!({"meta": {"from": "1m"}})), &extra));
    assert_eq!(api["meta"], json!({"from": "1m", "toml": extra}));
    round(&base(&json!({"meta": {"from": "1m"}})), &extra);
    // What only looks like ours stays.
    let foreign = base(&json!({"meta": {"toml": {"rule": {"x": 1}}}}));
    let before = rule(&foreign, &json!({}));
    let text = to_toml(&before).unwrap();
    assert_eq!(read_back(Format::Toml, &text), before, "{text}");
}

#[test]
fn texts_of_all_kinds() {
    for text in [
        "",
        "plain",
        "it's",
        "\"",
        "\\",
        "a\"b'c\\",
        "line\n",
        "\nline",
        "'''\n",
        "\n'",
        "\"\"\"\n\"\"\"\"",
        "\r\n",
        "tab\tbell\u{7}\n",
        "\u{7f}",
        "é\u{1f600}\n\\u0041",
        "x\\\n  y",
        "ends\n\"",
        "\u{85}\n",
    ] {
        round(
            &base(
                &json!({"note": text, "tags": [text, text], "meta2": {"k": [text, {"a": text}, 1]}}),
            ),
            &json!({}),
        );
        round(&base(&json!({text: 1, "deep": {text: {text: []}}})), &json!({}));
    }
}

#[test]
fn numbers_and_nothing() {
    let odd = json!({"a": 1.5, "b": -3, "c": 1e30, "d": u64::MAX, "e": {}, "f": [[], [1, [2]]], "g": [{}], "h": [{}, 1]});
    round(&base(&odd), &json!({"loose": 1}));
    let nulls =
        rule(&base(&json!({"timeline_id": null, "x": {"alias": null, "b": 1}})), &json!({}));
    let back = read_back(Format::Toml, &to_toml(&nulls).unwrap());
    assert!(!back.fields.contains_key("timeline_id"));
    assert_eq!(back.fields["x"], json!({"b": 1}));
}

#[test]
fn too_deep_is_said() {
    let mut deep = json!(1);
    for _ in 0..70 {
        deep = json!([deep]);
    }
    assert_eq!(to_toml(&rule(&base(&json!({"deep": deep})), &json!({}))), None);
}

#[test]
fn the_summary_counts_what_goes_along() {
    let one = |json: Json| json.as_object().cloned().unwrap_or_else(Map::new);
    let attachments = [
        one(json!({"list_id": "l", "name": "n", "type": "detection"})),
        one(json!({"list_id": "l", "item_id": "i", "entries": []})),
        one(json!({"id": "c", "type": "action", "attributes": {}})),
    ];
    let summary = export_summary(2, &attachments);
    assert_eq!(
        (&summary["exported_count"], &summary["exported_rules_count"]),
        (&json!(5), &json!(2))
    );
    assert_eq!(summary["exported_exception_list_item_count"], 1);
    let contents = Contents::read("x", Format::Json, summary.to_string().as_bytes());
    assert!(contents.entries.is_empty() && contents.problems.is_empty());
}
