//! What rules of some types say besides their query: thresholds, new terms, indicator mappings.
//!
//! Elastic's TOML files and Kibana's API write new terms differently; both are read. What is needed and is not
//! there, or makes no sense, is an error: a threshold rule without its threshold would find something else.

use serde_json::{Map, Value as Json};

use crate::catalogue as code;
use crate::period::parse_relative;
use crate::read::{Issue, string_list, whole_number};
use crate::rule::RuleType;

/// What a rule's type asks for besides the query.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Kind {
    /// Of a threshold rule.
    pub threshold: Option<ThresholdSpec>,
    /// Of a new-terms rule.
    pub new_terms: Option<NewTermsSpec>,
    /// Of an indicator-match rule.
    pub threat_match: Option<ThreatMatchSpec>,
}

/// `threshold`: how many events of a group it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThresholdSpec {
    /// The fields that make a group, at most five; none: all events are one group.
    pub fields: Vec<String>,
    /// How many events, at least 1.
    pub value: u64,
    /// How many distinct values of another field.
    pub cardinality: Option<(String, u64)>,
}

/// `new_terms`: of which fields, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTermsSpec {
    /// The fields, one to three.
    pub fields: Vec<String>,
    /// The beginning of the history, in milliseconds from the execution, negative.
    pub history_ms: i64,
}

/// `threat_*`: where indicators are, which count, and what must agree.
#[derive(Debug, Clone, PartialEq)]
pub struct ThreatMatchSpec {
    /// Patterns of the indices that indicators are taken from; none: from any.
    pub index: Vec<String>,
    /// The query that indicators must satisfy, and its language.
    pub query: String,
    /// `kuery` or `lucene`.
    pub language: String,
    /// Alternatives; of each all entries must agree: an event's field, an indicator's.
    pub mapping: Vec<Vec<(String, String)>>,
    /// Where a document holds its indicator. Default `threat.indicator`.
    pub indicator_path: String,
}

/// Kibana: at most five fields of a threshold, three of new terms.
const MAX_GROUP_FIELDS: usize = 5;
const MAX_TERM_FIELDS: usize = 3;

impl Kind {
    /// Reads what the type asks for; what is wrong goes to `issues`.
    pub(crate) fn read(
        rule_type: RuleType,
        from_ms: i64,
        fields: &Map<String, Json>,
        issues: &mut Vec<Issue>,
    ) -> Kind {
        let mut kind = Kind::default();
        let mut wrong = |key: &'static str, message: String| {
            let key = fields.contains_key(key).then_some(key);
            issues.push(Issue { code: code::KIND, key, message });
        };
        match rule_type {
            RuleType::Threshold => match threshold(fields) {
                Ok(spec) => kind.threshold = Some(spec),
                Err(message) => wrong("threshold", message),
            },
            RuleType::NewTerms => match new_terms(fields, from_ms) {
                Ok(spec) => kind.new_terms = Some(spec),
                Err(message) => {
                    let key = if fields.contains_key("new_terms") {
                        "new_terms"
                    } else {
                        "new_terms_fields"
                    };
                    wrong(key, message);
                }
            },
            RuleType::ThreatMatch => match threat_match(fields) {
                Ok(spec) => kind.threat_match = Some(spec),
                Err(message) => wrong("threat_mapping", message),
            },
            _ => {}
        }
        kind
    }
}

fn threshold(fields: &Map<String, Json>) -> Result<ThresholdSpec, String> {
    let Some(Json::Object(threshold)) = fields.get("threshold") else {
        return Err("a threshold rule needs `threshold`, a table with `field` and `value`".into());
    };
    let group = match threshold.get("field") {
        None | Some(Json::Null) => Vec::new(),
        Some(value) => string_list(value).ok_or("`threshold.field` must be a list of texts")?,
    };
    let group: Vec<String> = group.into_iter().filter(|field| !field.is_empty()).collect();
    if group.len() > MAX_GROUP_FIELDS {
        return Err(format!("`threshold.field` can have at most {MAX_GROUP_FIELDS} fields"));
    }
    let value = at_least_one(threshold.get("value"))
        .ok_or("`threshold.value` must be a whole number from 1 upwards")?;
    let cardinality = match threshold.get("cardinality") {
        None | Some(Json::Null) => None,
        Some(Json::Array(entries)) if entries.is_empty() => None,
        Some(Json::Array(entries)) if entries.len() == 1 => Some(cardinality(&entries[0])?),
        Some(entry @ Json::Object(_)) => Some(cardinality(entry)?),
        Some(_) => return Err("`threshold.cardinality` must have one entry".into()),
    };
    Ok(ThresholdSpec { fields: group, value, cardinality })
}

fn cardinality(entry: &Json) -> Result<(String, u64), String> {
    let field = entry.get("field").and_then(Json::as_str).filter(|field| !field.is_empty());
    let value = at_least_one(entry.get("value"));
    field.map(str::to_owned).zip(value).ok_or_else(|| {
        "`threshold.cardinality` needs a `field`, and a `value` from 1 upwards".to_owned()
    })
}

fn at_least_one(value: Option<&Json>) -> Option<u64> {
    value.and_then(whole_number).filter(|n| *n > 0)
}

fn new_terms(fields: &Map<String, Json>, from_ms: i64) -> Result<NewTermsSpec, String> {
    // TOML: new_terms = {field = "new_terms_fields", value = […], history_window_start = [{field, value}]}.
    let table = fields.get("new_terms");
    let terms = fields.get("new_terms_fields").or_else(|| table?.get("value"));
    let history = fields.get("history_window_start").or_else(|| {
        let starts = table?.get("history_window_start")?;
        let entry = starts.as_array().map_or(Some(starts), |starts| starts.first())?;
        Some(entry.get("value").unwrap_or(entry))
    });
    let terms = terms.and_then(string_list).filter(|terms| !terms.is_empty());
    let terms = terms.ok_or("a new-terms rule needs `new_terms_fields`, a list of fields")?;
    if terms.len() > MAX_TERM_FIELDS {
        return Err(format!("`new_terms_fields` can have at most {MAX_TERM_FIELDS} fields"));
    }
    let history_ms = history
        .and_then(Json::as_str)
        .and_then(parse_relative)
        .ok_or("a new-terms rule needs `history_window_start`, such as `now-7d`")?;
    if history_ms >= from_ms {
        return Err("`history_window_start` must be before `from`: there is no history else".into());
    }
    Ok(NewTermsSpec { fields: terms, history_ms })
}

fn threat_match(fields: &Map<String, Json>) -> Result<ThreatMatchSpec, String> {
    let text = |key: &str| fields.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
    let Some(Json::Array(alternatives)) = fields.get("threat_mapping") else {
        return Err("an indicator-match rule needs `threat_mapping`, a list of tables".into());
    };
    let mapping: Result<Vec<_>, String> = alternatives.iter().map(mapping_entries).collect();
    let mapping = mapping?;
    if mapping.is_empty() {
        return Err("`threat_mapping` is empty".into());
    }
    let language = text("threat_language").unwrap_or("kuery");
    if !matches!(language, "kuery" | "lucene") {
        return Err(format!("`threat_language` must be kuery or lucene, not `{language}`"));
    }
    Ok(ThreatMatchSpec {
        index: fields.get("threat_index").and_then(string_list).unwrap_or_default(),
        query: text("threat_query").unwrap_or("*:*").to_owned(),
        language: language.to_owned(),
        mapping,
        indicator_path: text("threat_indicator_path").unwrap_or("threat.indicator").to_owned(),
    })
}

fn mapping_entries(alternative: &Json) -> Result<Vec<(String, String)>, String> {
    let entries = alternative.get("entries").and_then(Json::as_array);
    let entries = entries.filter(|entries| !entries.is_empty());
    let entries = entries.ok_or("an entry of `threat_mapping` has no `entries`")?;
    let pair = |entry: &Json| {
        let text =
            |key: &str| entry.get(key).and_then(Json::as_str).filter(|text| !text.is_empty());
        if entry.get("negate").and_then(Json::as_bool) == Some(true) {
            return Err("entries of `threat_mapping` with `negate` are not supported".to_owned());
        }
        text("field")
            .zip(text("value"))
            .map(|(field, value)| (field.to_owned(), value.to_owned()))
            .ok_or_else(|| "`entries` of `threat_mapping` need a `field` and a `value`".to_owned())
    };
    entries.iter().map(pair).collect()
}
