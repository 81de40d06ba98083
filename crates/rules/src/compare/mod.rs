//! What changed between two rules, and between two sets of them.
//!
//! Rules are compared as Kibana's API has them, so that the form of the file does not count, and by
//! meaning: what is absent equals its default, lists that are sets have no order, durations equal if they are
//! equally long, and EQL queries equal if their plans do. Every difference says what it touches, since a
//! release of a rule set is mostly words, and the one changed condition must not drown in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;
use serde_json::{Map, Value as Json};

use crate::export::to_api;
use crate::period::{parse_duration, parse_relative};
use crate::rule::Rule;
use crate::shelf::Document;

mod lines;
mod query;

pub use lines::{DiffLine, diff_lines};

/// What a difference touches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Which events are found, and when.
    Detection,
    /// What the alerts are like: severity, mappings of fields, whether they are shown.
    Alerts,
    /// A key that this version does not know; it may touch anything.
    Unknown,
    /// What people read: name, guide, references, tags, and how the query is laid out.
    Words,
    /// Versions, dates and other records of keeping the rule.
    Records,
}

impl Effect {
    /// The effects, the weightiest first.
    pub const ALL: [Effect; 5] =
        [Effect::Detection, Effect::Alerts, Effect::Unknown, Effect::Words, Effect::Records];

    /// The name, as in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Detection => "detection",
            Effect::Alerts => "alerts",
            Effect::Unknown => "unknown",
            Effect::Words => "words",
            Effect::Records => "records",
        }
    }
}

/// How two values of a key are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    /// Text in which line feeds are blanks.
    Flowing,
    /// A list whose order does not matter.
    Set,
    Duration,
    Relative,
}

/// A key: what it touches, how it is compared, and, as JSON, the value that Kibana takes if it is absent.
type Row = (&'static str, Effect, Kind, &'static str);

/// The keys of Kibana's rule API, and the other tables of Elastic's TOML in brackets.
#[rustfmt::skip]
const KEYS: &[Row] = &[
    ("type", Effect::Detection, Kind::Plain, ""),
    ("language", Effect::Detection, Kind::Plain, ""),
    ("query", Effect::Detection, Kind::Plain, ""),
    ("filters", Effect::Detection, Kind::Plain, ""),
    ("index", Effect::Detection, Kind::Set, ""),
    ("data_view_id", Effect::Detection, Kind::Plain, ""),
    ("saved_id", Effect::Detection, Kind::Plain, ""),
    ("enabled", Effect::Detection, Kind::Plain, "true"),
    ("interval", Effect::Detection, Kind::Duration, "\"5m\""),
    ("from", Effect::Detection, Kind::Relative, "\"now-6m\""),
    ("to", Effect::Detection, Kind::Relative, "\"now\""),
    ("max_signals", Effect::Detection, Kind::Plain, "100"),
    ("timestamp_override", Effect::Detection, Kind::Plain, ""),
    ("timestamp_override_fallback_disabled", Effect::Detection, Kind::Plain, "false"),
    ("event_category_override", Effect::Detection, Kind::Plain, ""),
    ("tiebreaker_field", Effect::Detection, Kind::Plain, ""),
    ("timestamp_field", Effect::Detection, Kind::Plain, ""),
    ("exceptions_list", Effect::Detection, Kind::Set, ""),
    ("alert_suppression", Effect::Detection, Kind::Plain, ""),
    ("threshold", Effect::Detection, Kind::Plain, ""),
    ("new_terms", Effect::Detection, Kind::Plain, ""),
    ("new_terms_fields", Effect::Detection, Kind::Set, ""),
    ("history_window_start", Effect::Detection, Kind::Relative, ""),
    ("threat_index", Effect::Detection, Kind::Set, ""),
    ("threat_query", Effect::Detection, Kind::Plain, "\"*:*\""),
    ("threat_language", Effect::Detection, Kind::Plain, "\"kuery\""),
    ("threat_mapping", Effect::Detection, Kind::Set, ""),
    ("threat_filters", Effect::Detection, Kind::Plain, ""),
    ("threat_indicator_path", Effect::Detection, Kind::Plain, "\"threat.indicator\""),
    ("machine_learning_job_id", Effect::Detection, Kind::Set, ""),
    ("anomaly_threshold", Effect::Detection, Kind::Plain, ""),
    ("severity", Effect::Alerts, Kind::Plain, ""),
    ("risk_score", Effect::Alerts, Kind::Plain, ""),
    ("severity_mapping", Effect::Alerts, Kind::Plain, ""),
    ("risk_score_mapping", Effect::Alerts, Kind::Plain, ""),
    ("rule_name_override", Effect::Alerts, Kind::Plain, ""),
    ("building_block_type", Effect::Alerts, Kind::Plain, ""),
    ("rule_id", Effect::Alerts, Kind::Plain, ""),
    ("namespace", Effect::Alerts, Kind::Plain, ""),
    ("output_index", Effect::Alerts, Kind::Plain, ""),
    ("actions", Effect::Alerts, Kind::Plain, ""),
    ("throttle", Effect::Alerts, Kind::Plain, ""),
    ("response_actions", Effect::Alerts, Kind::Plain, ""),
    ("name", Effect::Words, Kind::Plain, ""),
    ("description", Effect::Words, Kind::Flowing, ""),
    ("threat", Effect::Words, Kind::Plain, ""),
    ("tags", Effect::Words, Kind::Set, ""),
    ("references", Effect::Words, Kind::Set, ""),
    ("false_positives", Effect::Words, Kind::Set, ""),
    ("note", Effect::Words, Kind::Plain, ""),
    ("setup", Effect::Words, Kind::Plain, ""),
    ("author", Effect::Words, Kind::Set, ""),
    ("license", Effect::Words, Kind::Plain, ""),
    ("investigation_fields", Effect::Words, Kind::Plain, ""),
    ("required_fields", Effect::Words, Kind::Set, ""),
    ("related_integrations", Effect::Words, Kind::Set, ""),
    ("timeline_id", Effect::Words, Kind::Plain, ""),
    ("timeline_title", Effect::Words, Kind::Plain, ""),
    ("[transform]", Effect::Words, Kind::Plain, ""),
    ("version", Effect::Records, Kind::Plain, ""),
    ("revision", Effect::Records, Kind::Plain, ""),
    ("id", Effect::Records, Kind::Plain, ""),
    ("immutable", Effect::Records, Kind::Plain, "false"),
    ("rule_source", Effect::Records, Kind::Plain, ""),
    ("created_at", Effect::Records, Kind::Plain, ""),
    ("created_by", Effect::Records, Kind::Plain, ""),
    ("updated_at", Effect::Records, Kind::Plain, ""),
    ("updated_by", Effect::Records, Kind::Plain, ""),
    ("execution_summary", Effect::Records, Kind::Plain, ""),
    ("concurrent_searches", Effect::Records, Kind::Plain, ""),
    ("items_per_search", Effect::Records, Kind::Plain, ""),
    ("outcome", Effect::Records, Kind::Plain, ""),
    ("alias_target_id", Effect::Records, Kind::Plain, ""),
    ("alias_purpose", Effect::Records, Kind::Plain, ""),
    ("meta", Effect::Records, Kind::Plain, ""),
    ("[metadata]", Effect::Records, Kind::Plain, ""),
];

/// The keys of rules: those of Kibana's rule API, and what exports and Elastic's TOML add.
pub(crate) fn rule_keys() -> impl Iterator<Item = &'static str> {
    KEYS.iter().map(|(key, ..)| *key).filter(|key| !key.starts_with('['))
}

fn row(key: &str) -> Row {
    KEYS.iter().find(|(name, ..)| *name == key).copied().unwrap_or((
        "",
        Effect::Unknown,
        Kind::Plain,
        "",
    ))
}

/// One difference between two rules.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The key, as in Kibana's API; the other tables of TOML files in brackets: `[metadata]`.
    pub key: String,
    /// What it touches.
    pub effect: Effect,
    /// The old value; `None` if it was absent.
    pub old: Option<Json>,
    /// The new value; `None` if it is absent.
    pub new: Option<Json>,
}

/// The differences between two rules, the weightiest first, then in the order of the keys' table.
pub fn compare(old: &Rule, new: &Rule) -> Vec<Change> {
    let (left, right) = (keys(old), keys(new));
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        let (before, after) = (left.get(name), right.get(name));
        let (_, mut effect, kind, default) = row(name);
        if meaning(before, kind, default) == meaning(after, kind, default) {
            continue;
        }
        if name == "query" && query::means_the_same(old, new) {
            if query::is_laid_out_alike(&old.query, &new.query) {
                continue;
            }
            effect = Effect::Words;
        }
        if name == "language" && implied_language(old) == implied_language(new) {
            continue;
        }
        let (old, new) = (before.cloned(), after.cloned());
        changes.push(Change { key: name.clone(), effect, old, new });
    }
    let place = |key: &str| KEYS.iter().position(|(name, ..)| *name == key);
    changes.sort_by_key(|change| (change.effect, place(&change.key).unwrap_or(usize::MAX)));
    changes
}

/// The language, which a rule need not name: its type has only one, or it is KQL.
fn implied_language(rule: &Rule) -> &str {
    use crate::rule::RuleType::{Eql, Esql};
    match rule.rule_type {
        Eql | Esql => rule.rule_type.name(),
        _ => rule.language.as_deref().unwrap_or("kuery"),
    }
}

/// The rule's keys as the API has them, the tables of TOML files with names of their own.
fn keys(rule: &Rule) -> Map<String, Json> {
    let mut fields = to_api(rule);
    let Some(Json::Object(mut meta)) = fields.remove("meta") else { return fields };
    if let Some(Json::Object(tables)) = meta.remove("toml") {
        fields.extend(tables.into_iter().map(|(name, table)| (format!("[{name}]"), table)));
    }
    if !meta.is_empty() {
        fields.insert("meta".to_owned(), Json::Object(meta));
    }
    fields
}

/// A value as it is compared: the default in place of nothing, texts without the space around their
/// lines' ends, sets in order, durations in milliseconds.
fn meaning(value: Option<&Json>, kind: Kind, default: &str) -> Json {
    let value = value.map(plain).unwrap_or_default();
    let is_default = || serde_json::from_str(default).unwrap_or_default();
    let value = if is_nothing(&value) { is_default() } else { value };
    let ms = match kind {
        Kind::Duration => value.as_str().and_then(parse_duration),
        Kind::Relative => value.as_str().and_then(parse_relative),
        Kind::Plain | Kind::Flowing | Kind::Set => None,
    };
    match (ms, kind, value) {
        (Some(ms), ..) => Json::from(ms),
        (None, Kind::Set, Json::Array(mut items)) => {
            items.sort_by_key(Json::to_string);
            Json::Array(items)
        }
        (None, Kind::Flowing, Json::String(text)) => {
            Json::from(text.split_whitespace().collect::<Vec<_>>().join(" "))
        }
        (None, Kind::Set, one @ Json::String(_)) => Json::Array(vec![one]),
        (None, _, value) => value,
    }
}

fn is_nothing(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(keys) => keys.is_empty(),
        Json::Bool(_) | Json::Number(_) => false,
    }
}

/// The value without nothings in tables, without space at the ends of lines and of texts; `47.0` as `47`.
fn plain(value: &Json) -> Json {
    match value {
        Json::String(text) => {
            let lines: Vec<&str> = text.trim().lines().map(str::trim_end).collect();
            Json::from(lines.join("\n"))
        }
        Json::Array(items) => items.iter().map(plain).collect(),
        Json::Object(keys) => {
            let filled = keys.iter().map(|(key, value)| (key.clone(), plain(value)));
            Json::Object(filled.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Json::Number(number) => match number.as_f64() {
            Some(whole) if number.is_f64() && whole.fract() == 0.0 && whole.abs() < 9e15 => {
                Json::from(whole as i64)
            }
            _ => value.clone(),
        },
        Json::Null | Json::Bool(_) => value.clone(),
    }
}

/// A rule that both sets have.
#[derive(Debug, Clone)]
pub struct Pair<'a> {
    /// The rule in the old set.
    pub old: &'a Document,
    /// The rule in the new set.
    pub new: &'a Document,
    /// What differs; never empty.
    pub changes: Vec<Change>,
}

impl Pair<'_> {
    /// The weightiest effect of the changes.
    pub fn effect(&self) -> Effect {
        self.changes.iter().map(|change| change.effect).min().unwrap_or(Effect::Records)
    }
}

/// The differences between two sets of rules.
#[derive(Debug, Clone, Default)]
pub struct SetDiff<'a> {
    /// Rules that only the new set has, by name.
    pub added: Vec<&'a Document>,
    /// Rules that only the old set has, by name.
    pub removed: Vec<&'a Document>,
    /// Rules that both have and that differ: the weightiest changes first, then by name.
    pub changed: Vec<Pair<'a>>,
    /// How many rules both have and are the same.
    pub unchanged: usize,
    /// Rules whose id was met before in the same set. They are not compared.
    pub repeated: Vec<&'a Document>,
}

/// Compares two sets of rules, rule by rule: those of the same `rule_id`, then, of the rest, those that are
/// alone in having their name. The latter is for documents without an id, whose derived one changes with
/// the query.
pub fn compare_sets<'a>(old: &'a [Document], new: &'a [Document]) -> SetDiff<'a> {
    let mut diff = SetDiff::default();
    let mut left = by_id(old, &mut diff.repeated);
    let mut right = by_id(new, &mut diff.repeated);
    let mut pairs: Vec<(&Document, &Document)> = Vec::new();
    let shared: Vec<&str> = left.keys().filter(|id| right.contains_key(*id)).copied().collect();
    for id in shared {
        pairs.extend(left.remove(id).zip(right.remove(id)));
    }
    let names = by_unique_name(right.values());
    let renamed: Vec<_> = by_unique_name(left.values())
        .into_iter()
        .filter_map(|(name, old)| Some((old, *names.get(name)?)))
        .collect();
    for (old, new) in renamed {
        left.remove(old.rule.rule_id.as_str());
        right.remove(new.rule.rule_id.as_str());
        pairs.push((old, new));
    }
    for (old, new) in pairs {
        match compare(&old.rule, &new.rule) {
            changes if changes.is_empty() => diff.unchanged += 1,
            changes => diff.changed.push(Pair { old, new, changes }),
        }
    }
    diff.removed = left.into_values().collect();
    diff.added = right.into_values().collect();
    let name = |document: &&Document| document.rule.name.clone();
    diff.removed.sort_by_key(name);
    diff.added.sort_by_key(name);
    diff.changed.sort_by_cached_key(|pair| (pair.effect(), pair.new.rule.name.clone()));
    diff
}

fn by_id<'a>(
    documents: &'a [Document],
    repeated: &mut Vec<&'a Document>,
) -> BTreeMap<&'a str, &'a Document> {
    let mut found = BTreeMap::new();
    for document in documents {
        let id = document.rule.rule_id.as_str();
        if found.contains_key(id) {
            repeated.push(document);
        } else {
            found.insert(id, document);
        }
    }
    found
}

fn by_unique_name<'a: 'b, 'b>(
    documents: impl Iterator<Item = &'b &'a Document> + Clone,
) -> BTreeMap<&'a str, &'a Document> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for document in documents.clone() {
        *counts.entry(document.rule.name.as_str()).or_default() += 1;
    }
    let pairs = documents.map(|document| (document.rule.name.as_str(), *document));
    pairs.filter(|(name, _)| counts.get(name) == Some(&1)).collect()
}

#[cfg(test)]
mod tests;
