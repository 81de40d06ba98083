//! `dragnet rules show`: a rule as a page.

mod guide;
mod html;
mod markdown;
mod text;
mod words;

use std::io::{self, Write};

use anyhow::bail;
use dragnet_rules::{Document, Rule, Shelf, documents};
use serde_json::{Map, Value as Json, json};

use super::args::{ShowArgs, ShowFormat};
use crate::{ExitStatus, Terminal};

/// A rule, and what was read beside it.
struct Sheet<'a> {
    document: &'a Document,
    attachments: &'a [Map<String, Json>],
}

impl Sheet<'_> {
    fn rule(&self) -> &Rule {
        &self.document.rule
    }
}

pub(crate) fn run(args: &ShowArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let by_file = args.rules.is_empty();
    let shelf = if by_file { documents(&args.chosen) } else { documents(&args.rules) };
    let Shelf { documents, failed, attachments, .. } = shelf;
    let mut err = io::stderr().lock();
    for failure in &failed {
        write!(err, "{}", failure.render(terminal.err.is_colored()))?;
    }
    let documents = if by_file { documents } else { choose(&documents, &args.chosen)? };
    if documents.is_empty() {
        bail!("there is no rule to show");
    }
    for warning in documents.iter().flat_map(|document| &document.warnings) {
        write!(err, "{}", warning.render(terminal.err.is_colored()))?;
    }
    let attachments = attachments.as_slice();
    let sheets: Vec<Sheet<'_>> =
        documents.iter().map(|document| Sheet { document, attachments }).collect();
    let mut out = io::stdout().lock();
    match args.format {
        ShowFormat::Json => {
            let rules: Vec<Json> = sheets.iter().map(as_json).collect();
            serde_json::to_writer_pretty(&mut out, &rules)?;
            writeln!(out)?;
        }
        ShowFormat::Text => {
            let pages = sheets.iter().map(|one| text::page(one, terminal));
            write!(out, "{}", pages.collect::<Vec<_>>().join("\n\n"))?;
        }
        ShowFormat::Markdown => {
            let pages = sheets.iter().map(markdown::page);
            write!(out, "{}", pages.collect::<Vec<_>>().join("\n"))?;
        }
        ShowFormat::Html => out.write_all(html::page(&sheets).as_bytes())?,
    }
    Ok(if failed.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// The documents with these ids or names, in the order in which they are asked for.
///
/// # Errors
/// If there is none for one of them.
fn choose(documents: &[Document], chosen: &[String]) -> anyhow::Result<Vec<Document>> {
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

/// The rule's keys as they were read, with the id that may be derived, and where the rule stands; of what was read
/// beside it, the exception lists that it names and their items.
fn as_json(sheet: &Sheet<'_>) -> Json {
    let Document { rule, origin, .. } = sheet.document;
    let mut fields = rule.fields.clone();
    fields.insert("rule_id".to_owned(), Json::from(rule.rule_id.as_str()));
    let mut one = json!({"path": origin.path, "line": origin.line, "rule": fields});
    if !rule.extra.is_empty() {
        one["extra"] = Json::Object(rule.extra.clone());
    }
    let lists = rule.fields.get("exceptions_list").and_then(Json::as_array);
    let named: Vec<&Json> =
        lists.into_iter().flatten().filter_map(|list| list.get("list_id")).collect();
    let is_named =
        |part: &&Map<String, Json>| part.get("list_id").is_some_and(|id| named.contains(&id));
    let exceptions: Vec<Json> =
        sheet.attachments.iter().filter(is_named).cloned().map(Json::Object).collect();
    if !exceptions.is_empty() {
        one["exceptions"] = Json::Array(exceptions);
    }
    one
}

/// Facts with a label each, and lines of text: all but the severity, tags and references, which forms show in
/// ways of their own. There are none without lines.
fn facts(sheet: &Sheet<'_>) -> Vec<(&'static str, Vec<String>)> {
    let rule = sheet.rule();
    let (from, to) = (written(rule, "from", "now-6m"), written(rule, "to", "now"));
    let interval = written(rule, "interval", "5m");
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let no = |is: bool, word: &str| if is { String::new() } else { word.to_owned() };
    let one = [
        ("Type", kind(rule)),
        ("Id", rule.rule_id.clone()),
        ("Version", rule.version.map(|version| version.to_string()).unwrap_or_default()),
        ("Deprecated", no(!sheet.document.withdrawn, "yes; it is not run")),
        ("Enabled", no(rule.enabled, "no")),
        ("Indices", rule.index.join(", ")),
        ("Runs", format!("every {interval}, over {from} to {to}")),
        ("Alerts per run", format!("{} at most", rule.max_signals)),
        ("Authors", rule.author.join(", ")),
        ("Licence", text(&rule.license)),
        ("Time of events", text(&rule.timestamp_override)),
        ("Category field", text(&rule.event_category_override)),
        ("Look at", rule.investigation_fields.join(", ")),
    ];
    let one = one.into_iter().filter(|(_, value)| !value.trim().is_empty());
    let mut facts: Vec<_> = one.map(|(label, value)| (label, vec![value])).collect();
    facts.extend(words::parts(rule, sheet.attachments));
    facts
}

/// The type, the language, and why the rule does not run if it does not.
fn kind(rule: &Rule) -> String {
    let name = rule.rule_type.name();
    let language = rule.language.as_deref().filter(|language| *language != name);
    let language = language.map(|language| format!(" ({language})")).unwrap_or_default();
    let reason = rule.rule_type.unsupported().map(|reason| format!("; {reason}"));
    format!("{name}{language}{}", reason.unwrap_or_default())
}

/// A length of time, in the largest unit that divides it.
fn periods(ms: i64) -> String {
    const UNITS: [(i64, &str); 4] =
        [(86_400_000, "day"), (3_600_000, "hour"), (60_000, "minute"), (1_000, "second")];
    let (size, name) =
        UNITS.into_iter().find(|(size, _)| ms % size == 0).unwrap_or((1, "millisecond"));
    let count = ms / size;
    if count == 1 { format!("1 {name}") } else { format!("{count} {name}s") }
}

/// A value as people write it: texts bare, lists with commas, tables as `key: value`.
pub(super) fn brief(value: &Json) -> String {
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
        check(&json!([{"name": "a"}, {"name": "b"}]), "{name: a}, {name: b}");
        check(&json!([]), "");
        check(&json!(null), "");
    }

    #[test]
    fn lengths_of_time() {
        let words = [86_400_000 * 14, 3_600_000, 90_000, 1_500].map(periods);
        assert_eq!(words, ["14 days", "1 hour", "90 seconds", "1500 milliseconds"]);
    }
}
