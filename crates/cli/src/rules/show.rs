//! `dragnet rules show`: a rule as a page.

mod markdown;
mod text;

use std::io::{self, Write};

use anyhow::bail;
use dragnet_rules::{Document, Rule, Shelf, documents};
use serde_json::{Value as Json, json};

use crate::args::{ShowArgs, ShowFormat};
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &ShowArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let by_file = args.rules.is_empty();
    let shelf = if by_file { documents(&args.chosen) } else { documents(&args.rules) };
    let Shelf { documents, failed } = shelf;
    let mut err = io::stderr().lock();
    for failure in &failed {
        write!(err, "{}", failure.render(terminal.err.is_colored()))?;
    }
    let documents = if by_file { documents } else { choose(documents, &args.chosen)? };
    if documents.is_empty() {
        bail!("there is no rule to show");
    }
    for warning in documents.iter().flat_map(|document| &document.warnings) {
        write!(err, "{}", warning.render(terminal.err.is_colored()))?;
    }
    let mut out = io::stdout().lock();
    match args.format {
        ShowFormat::Json => {
            let rules: Vec<Json> = documents.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut out, &rules)?;
            writeln!(out)?;
        }
        ShowFormat::Text => {
            let pages = documents.iter().map(|one| text::page(one, terminal));
            write!(out, "{}", pages.collect::<Vec<_>>().join("\n\n"))?;
        }
        ShowFormat::Markdown => {
            let pages = documents.iter().map(|one| markdown::page(&one.rule));
            write!(out, "{}", pages.collect::<Vec<_>>().join("\n"))?;
        }
    }
    Ok(if failed.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// The documents with these ids or names, in the order in which they are asked for.
///
/// # Errors
/// If there is none for one of them.
fn choose(documents: Vec<Document>, chosen: &[String]) -> anyhow::Result<Vec<Document>> {
    let mut found = Vec::new();
    for wanted in chosen {
        let is_it = |document: &&Document| {
            let rule = &document.rule;
            rule.rule_id == *wanted
                || rule.id.as_ref() == Some(wanted)
                || rule.name.to_lowercase() == wanted.to_lowercase()
        };
        let before = found.len();
        found.extend(documents.iter().filter(is_it).cloned());
        if found.len() == before {
            bail!("no rule has the id or the name `{wanted}`");
        }
    }
    Ok(found)
}

/// The rule's keys as they were read, with the id that may be derived, and where the rule stands.
fn as_json(document: &Document) -> Json {
    let Document { rule, origin, .. } = document;
    let mut fields = rule.fields.clone();
    fields.insert("rule_id".to_owned(), Json::from(rule.rule_id.as_str()));
    let mut one = json!({"path": origin.path, "line": origin.line, "rule": fields});
    if !rule.extra.is_empty() {
        one["extra"] = Json::Object(rule.extra.clone());
    }
    one
}

/// Keys that some rules have beside those with a place of their own, and how they are headed.
const PARTS: &[(&str, &str)] = &[
    ("threshold", "Threshold"),
    ("new_terms", "New terms"),
    ("new_terms_fields", "New terms"),
    ("history_window_start", "History window"),
    ("threat_index", "Indicator indices"),
    ("threat_query", "Indicator query"),
    ("threat_mapping", "Indicator mapping"),
    ("machine_learning_job_id", "Machine learning job"),
    ("anomaly_threshold", "Anomaly threshold"),
    ("data_view_id", "Data view"),
    ("filters", "Filters"),
    ("alert_suppression", "Suppression"),
    ("exceptions_list", "Exceptions"),
    ("required_fields", "Required fields"),
    ("related_integrations", "Integrations"),
];

/// The title of each such key that the rule has, and its value on one line.
fn parts(rule: &Rule) -> Vec<(&'static str, String)> {
    let part = |(key, title): &(&str, &'static str)| {
        let value = rule.fields.get(*key).map(brief)?;
        (!value.is_empty()).then_some((*title, value))
    };
    PARTS.iter().filter_map(part).collect()
}

/// A value as people write it: texts bare, lists with commas, tables as `key: value`.
fn brief(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        Json::Array(items) => items.iter().map(nested).collect::<Vec<_>>().join(", "),
        Json::Object(keys) => {
            let pairs = keys.iter().map(|(key, value)| format!("{key}: {}", nested(value)));
            pairs.collect::<Vec<_>>().join("; ")
        }
        Json::Bool(_) | Json::Number(_) => value.to_string(),
    }
}

/// A value within another one; a table among other things gets braces.
fn nested(value: &Json) -> String {
    match value {
        Json::Object(_) => format!("{{{}}}", brief(value)),
        Json::Array(items) if items.len() != 1 => format!("[{}]", brief(value)),
        _ => brief(value),
    }
}

/// A key's text as it was written, else the default.
fn written<'r>(rule: &'r Rule, key: &str, default: &'r str) -> &'r str {
    rule.fields.get(key).and_then(Json::as_str).unwrap_or(default)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_on_one_line() {
        #[track_caller]
        fn check(value: &Json, expected: &str) {
            assert_eq!(brief(value), expected);
        }
        check(&json!("a"), "a");
        check(&json!(["a", "b"]), "a, b");
        check(&json!({"field": ["a", "b"], "value": 3}), "field: [a, b]; value: 3");
        check(&json!([{"name": "a", "ecs": true}]), "{ecs: true; name: a}");
        check(&json!([]), "");
        check(&json!(null), "");
    }
}
