//! What a rule says besides its query, in words: what it counts, compares, groups, leaves out.

use dragnet_rules::{Rule, filter_condition};
use serde_json::{Map, Value as Json};

use super::{brief, periods};

/// Parts of a rule: a title, and lines of words.
pub(super) type Parts = Vec<(&'static str, Vec<String>)>;

/// All such parts that a rule has. `attachments` is what was read beside it.
pub(super) fn parts(rule: &Rule, attachments: &[Map<String, Json>]) -> Parts {
    let mut parts: Parts = Vec::new();
    let mut add = |title, lines: Vec<String>| {
        if !lines.is_empty() {
            parts.push((title, lines));
        }
    };
    add("Threshold", threshold(rule));
    add("New terms", new_terms(rule));
    add("Indicators", indicators(rule));
    add("Machine learning", machine_learning(rule));
    add("Data view", text(rule, "data_view_id"));
    add("Filters", filters(rule));
    add("Suppression", suppression(rule));
    add("Exceptions", exceptions(rule, attachments));
    add("Alerts", alerts(rule));
    add("Required fields", required_fields(rule));
    add("Integrations", integrations(rule));
    parts
}

fn text(rule: &Rule, key: &str) -> Vec<String> {
    let value = rule.fields.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    value.into_iter().map(str::to_owned).collect()
}

/// Names with commas, the last with `and`.
fn joined<T: AsRef<str>>(names: &[T], word: &str) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [all @ .., last] => format!("{} {word} {last}", all.join(", ")),
    }
}

fn threshold(rule: &Rule) -> Vec<String> {
    let Some(spec) = &rule.kind.threshold else { return Vec::new() };
    let events = if spec.value == 1 { "event" } else { "events" };
    let group = match spec.fields.as_slice() {
        [] => String::new(),
        fields => format!(" with the same {}", joined(fields, "and")),
    };
    let cardinality = spec.cardinality.as_ref().map_or_else(String::new, |(field, value)| {
        format!(" and at least {value} different values of {field}")
    });
    vec![format!("at least {} {events}{group}{cardinality}", spec.value)]
}

fn new_terms(rule: &Rule) -> Vec<String> {
    let Some(spec) = &rule.kind.new_terms else { return Vec::new() };
    let fields = joined(&spec.fields, "and");
    let what = if spec.fields.len() == 1 { "a value" } else { "a combination of values" };
    vec![format!(
        "{what} of {fields} that was not seen in the {} before",
        periods(-spec.history_ms)
    )]
}

fn indicators(rule: &Rule) -> Vec<String> {
    let Some(spec) = &rule.kind.threat_match else { return Vec::new() };
    let mut lines: Vec<String> = Vec::new();
    for (at, entries) in spec.mapping.iter().enumerate() {
        let pairs: Vec<String> =
            entries.iter().map(|(field, path)| format!("{field} equals {path}")).collect();
        let or = if at == 0 { "" } else { "or " };
        lines.push(format!("{or}{}", joined(&pairs, "and")));
    }
    if !spec.index.is_empty() {
        lines.push(format!("of indicators in {}", spec.index.join(", ")));
    }
    lines.push(format!(
        "that satisfy {}",
        spec.query.split_whitespace().collect::<Vec<_>>().join(" ")
    ));
    lines
}

fn machine_learning(rule: &Rule) -> Vec<String> {
    let Some(job) = rule.fields.get("machine_learning_job_id").map(brief) else {
        return Vec::new();
    };
    let score = rule.fields.get("anomaly_threshold").map(brief);
    let score = score.map(|score| format!(" with a score of at least {score}")).unwrap_or_default();
    vec![format!("anomalies{score} of {job}")]
}

fn filters(rule: &Rule) -> Vec<String> {
    match filter_condition(rule) {
        Ok(None) => Vec::new(),
        Ok(Some(condition)) => vec![condition.to_string()],
        // What is not understood is shown as it is written.
        Err(_) => rule.fields.get("filters").map(brief).into_iter().collect(),
    }
}

fn suppression(rule: &Rule) -> Vec<String> {
    let Some(spec) = &rule.alerting.suppression else { return Vec::new() };
    let group = match spec.group_by.as_slice() {
        [] => "alerts of the same group".to_owned(),
        fields => format!("alerts with the same {}", joined(fields, "and")),
    };
    let time = match spec.duration_ms {
        None => "within one run".to_owned(),
        Some(ms) => format!("for {} from the first", periods(ms)),
    };
    let missing = match (spec.group_by.as_slice(), spec.suppress_missing) {
        ([], _) => "",
        (_, true) => "; a missing field counts as a value",
        (_, false) => "; those that lack a field stay apart",
    };
    vec![format!("{group} are one, {time}{missing}")]
}

/// The lists that a rule names, and what is excepted by those that were read with it.
fn exceptions(rule: &Rule, attachments: &[Map<String, Json>]) -> Vec<String> {
    let lists = rule.fields.get("exceptions_list").and_then(Json::as_array);
    let mut lines = Vec::new();
    for list in lists.into_iter().flatten() {
        let text = |key: &str| list.get(key).and_then(Json::as_str);
        let Some(id) = text("list_id").or(text("id")) else { continue };
        let of_list = |one: &&Map<String, Json>| one.get("list_id") == Some(&Json::from(id));
        let of_list = || attachments.iter().filter(of_list);
        let items: Vec<_> = of_list().filter(|one| one.contains_key("item_id")).collect();
        let head = of_list().find(|one| !one.contains_key("item_id"));
        let name = head.and_then(|head| head.get("name")?.as_str());
        let name = name.filter(|name| *name != id).map(|name| format!(" ({name})"));
        let name = name.unwrap_or_default();
        if items.is_empty() {
            let what = if head.is_some() { "is empty" } else { "was not read with the rule" };
            lines.push(format!("list {id}{name} {what}"));
            continue;
        }
        lines.push(format!("list {id}{name}: not found is what satisfies one of"));
        lines.extend(items.into_iter().map(item));
    }
    lines
}

fn item(item: &Map<String, Json>) -> String {
    let text = |key: &str| item.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let entries = item.get("entries").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
    let entries: Vec<String> = entries.iter().map(|one| entry(one, "")).collect();
    let name = text("name").or(text("item_id")).unwrap_or("(without a name)");
    let until = text("expire_time").map(|time| format!(", until {time}")).unwrap_or_default();
    format!("· {name}: {}{until}", entries.join(" and "))
}

fn entry(entry: &Json, parent: &str) -> String {
    let text = |key: &str| entry.get(key).and_then(Json::as_str);
    let field = format!("{parent}{}", text("field").unwrap_or("?"));
    let value = || entry.get("value").map(quoted).unwrap_or_default();
    let is = text("operator") != Some("excluded");
    let no = |yes: &'static str, no: &'static str| if is { yes } else { no };
    match text("type").unwrap_or("match") {
        "match" => format!("{field} {} {}", no("is", "is not"), value()),
        "match_any" => format!("{field} {} {}", no("is one of", "is none of"), value()),
        "wildcard" => format!("{field} {} {}", no("is like", "is not like"), value()),
        "exists" => format!("{field} {}", no("exists", "does not exist")),
        "list" => {
            let id = entry.get("list").and_then(|list| list.get("id")?.as_str()).unwrap_or("?");
            format!("{field} {} {id}", no("is in the value list", "is not in the value list"))
        }
        "nested" => {
            let parent = format!("{field}.");
            let inner = entry.get("entries").and_then(Json::as_array);
            // Kibana: there is nothing nested in what is nested.
            let inner: Vec<String> =
                inner.into_iter().flatten().map(|one| self::nested(one, &parent)).collect();
            format!("({})", inner.join(" and "))
        }
        _ => brief(entry),
    }
}

fn nested(one: &Json, parent: &str) -> String {
    match one.get("type").and_then(Json::as_str) {
        Some("nested") => brief(one),
        _ => entry(one, parent),
    }
}

fn quoted(value: &Json) -> String {
    match value {
        Json::Array(items) => items.iter().map(quoted).collect::<Vec<_>>().join(", "),
        Json::String(text) => format!("\"{text}\""),
        other => other.to_string(),
    }
}

/// What events change about the rule's alerts.
fn alerts(rule: &Rule) -> Vec<String> {
    let alerting = &rule.alerting;
    let mut lines: Vec<String> = Vec::new();
    if let Some(field) = &alerting.name_override {
        lines.push(format!("their name is the value of {field}"));
    }
    let has = |field: &str, value: &str| match value {
        "" => format!("where there is {field}"),
        value => format!("where {field} is {value}"),
    };
    for one in &alerting.severity_mapping {
        lines.push(format!("severity {} {}", one.severity.name(), has(&one.field, &one.value)));
    }
    for one in &alerting.risk_score_mapping {
        let score = one.risk_score.map_or_else(
            || format!("the risk score is the value of {}", one.field),
            |score| format!("risk score {score} {}", has(&one.field, &one.value)),
        );
        lines.push(score);
    }
    if rule.building_block_type.is_some() {
        lines.push("they are building blocks for other rules, hidden by default".to_owned());
    }
    lines
}

fn required_fields(rule: &Rule) -> Vec<String> {
    let fields = rule.fields.get("required_fields").and_then(Json::as_array);
    let field = |one: &Json| {
        let name = one.get("name")?.as_str()?;
        let kind = one.get("type").and_then(Json::as_str);
        Some(kind.map_or_else(|| name.to_owned(), |kind| format!("{name} ({kind})")))
    };
    let fields: Vec<String> = fields.into_iter().flatten().filter_map(field).collect();
    if fields.is_empty() { fields } else { vec![fields.join(", ")] }
}

fn integrations(rule: &Rule) -> Vec<String> {
    let related = rule.fields.get("related_integrations").and_then(Json::as_array);
    let one = |entry: &Json| {
        let text = |key: &str| entry.get(key).and_then(Json::as_str).filter(|t| !t.is_empty());
        let words = [text("package"), text("integration"), text("version")];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    };
    let mut names: Vec<String> = related.into_iter().flatten().map(one).collect();
    if names.is_empty() {
        // Elastic's TOML has the packages among what is said of the file.
        let packages = rule.extra.get("metadata").and_then(|metadata| metadata.get("integration"));
        names.extend(packages.map(brief).filter(|names| !names.is_empty()));
    }
    if names.is_empty() { names } else { vec![names.join(", ")] }
}

#[cfg(test)]
mod tests {
    use dragnet_rules::{Reading, read_rule};
    use serde_json::json;

    use super::*;

    /// The parts of a rule with these keys besides the usual ones, each title with its lines.
    fn said(more: &Json, attachments: &[Json]) -> String {
        let mut fields = json!({
            "name": "One", "rule_id": "r", "type": "query", "language": "kuery", "severity": "low",
            "risk_score": 21, "query": "a:b",
        });
        let (Json::Object(all), Json::Object(more)) = (&mut fields, more.clone()) else { panic!() };
        all.extend(more);
        let attachments: Vec<_> =
            attachments.iter().map(|one| one.as_object().unwrap().clone()).collect();
        match read_rule(all.clone(), Map::new()) {
            Reading::Rule(rule, _) => parts(&rule, &attachments)
                .iter()
                .map(|(title, lines)| format!("{title}: {}", lines.join(" | ")))
                .collect::<Vec<_>>()
                .join("\n"),
            Reading::Broken(issues) => panic!("{issues:?}"),
        }
    }

    #[test]
    fn kinds() {
        #[track_caller]
        fn check(more: &Json, expected: &str) {
            assert_eq!(said(more, &[]), expected);
        }
        check(&json!({}), "");
        check(
            &json!({"type": "threshold", "threshold": {"field": ["host.id", "user.name"], "value": 5,
                "cardinality": [{"field": "source.ip", "value": 2}]}}),
            "Threshold: at least 5 events with the same host.id and user.name and at least 2 different values of source.ip",
        );
        check(
            &json!({"type": "new_terms", "new_terms_fields": ["host.id"], "history_window_start": "now-14d"}),
            "New terms: a value of host.id that was not seen in the 14 days before",
        );
        check(
            &json!({"type": "threat_match", "threat_index": ["ti-*"], "threat_query": "a : *",
                "threat_mapping": [
                    {"entries": [{"field": "a", "type": "mapping", "value": "x"}, {"field": "b", "type": "mapping", "value": "y"}]},
                    {"entries": [{"field": "c", "type": "mapping", "value": "z"}]}]}),
            "Indicators: a equals x and b equals y | or c equals z | of indicators in ti-* | that satisfy a : *",
        );
        check(
            &json!({"type": "machine_learning", "machine_learning_job_id": ["cranes"], "anomaly_threshold": 50}),
            "Machine learning: anomalies with a score of at least 50 of cranes",
        );
    }

    #[test]
    fn alerts_and_filters() {
        #[track_caller]
        fn check(more: &Json, expected: &str) {
            assert_eq!(said(more, &[]), expected);
        }
        check(
            &json!({"alert_suppression": {"group_by": ["host.id"], "duration": {"value": 5, "unit": "h"},
                "missing_fields_strategy": "doNotSuppress"}}),
            "Suppression: alerts with the same host.id are one, for 5 hours from the first; those that lack a field stay apart",
        );
        check(
            &json!({"filters": [{"meta": {"negate": true}, "query": {"match_phrase": {"a": "x"}}}]}),
            r#"Filters: not a in ("x")"#,
        );
        check(
            &json!({"filters": [{"meta": {"disabled": true}, "query": {"match_phrase": {"a": "x"}}}]}),
            "",
        );
        check(
            &json!({"severity_mapping": [{"field": "a", "operator": "equals", "value": "1", "severity": "high"}],
                "rule_name_override": "message"}),
            "Alerts: their name is the value of message | severity high where a is 1",
        );
    }

    #[test]
    fn exception_lists() {
        let rule = json!({"exceptions_list": [
            {"id": "1", "list_id": "ours", "type": "detection", "namespace_type": "single"},
            {"id": "2", "list_id": "theirs", "type": "detection", "namespace_type": "single"}]});
        let list = json!({"list_id": "ours", "name": "Cranes", "type": "detection"});
        let item = json!({"list_id": "ours", "item_id": "i", "name": "yard", "entries": [
            {"field": "a", "type": "match", "operator": "excluded", "value": "x"},
            {"field": "b", "type": "match_any", "operator": "included", "value": ["1", "2"]},
            {"field": "c", "type": "nested", "entries": [
                {"field": "d", "type": "exists", "operator": "included"}]}]});
        assert_eq!(
            said(&rule, &[list.clone(), item]),
            "Exceptions: list ours (Cranes): not found is what satisfies one of | \
             · yard: a is not \"x\" and b is one of \"1\", \"2\" and (c.d exists) | \
             list theirs was not read with the rule"
        );
        assert!(said(&rule, &[list]).contains("list ours (Cranes) is empty"));
    }
}
