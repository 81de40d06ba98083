//! What a rule says of its alerts: suppression, and what events override.

use serde_json::{Map, Value as Json};

use crate::catalogue as code;
use crate::read::{Issue, string_list, whole_number};
use crate::rule::RuleSeverity;

/// How a rule's alerts differ from what the rule says by itself.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Alerting {
    /// Which alerts are one.
    pub suppression: Option<Suppression>,
    /// Severities by values of the event; of those that hold, the worst counts.
    pub severity_mapping: Vec<SeverityMapping>,
    /// Risk scores by values of the event; the first that holds counts.
    pub risk_score_mapping: Vec<RiskScoreMapping>,
    /// The event's field whose value is the alert's name.
    pub name_override: Option<String>,
}

/// `alert_suppression`: alerts that agree in some fields become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The fields, one to three; none for threshold rules, whose groups they are.
    pub group_by: Vec<String>,
    /// For how many milliseconds since its first alert a group is one; `None`: within one execution.
    pub duration_ms: Option<i64>,
    /// Alerts whose events lack a field: those that lack the same are one too, or each is for itself.
    pub suppress_missing: bool,
}

/// An entry of `severity_mapping`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeverityMapping {
    /// The event's field.
    pub field: String,
    /// The value that it must have. Kibana's form writes empty ones where nothing was filled in.
    pub value: String,
    /// The alert's severity then.
    pub severity: RuleSeverity,
}

/// An entry of `risk_score_mapping`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RiskScoreMapping {
    /// The event's field.
    pub field: String,
    /// The value that it must have; empty: any.
    pub value: String,
    /// The alert's risk score then; `None`: the field's value, if that is a number from 0 to 100.
    pub risk_score: Option<u8>,
}

impl Alerting {
    /// Reads the keys; an entry that makes no sense is left out with a warning.
    pub(crate) fn read(fields: &Map<String, Json>, issues: &mut Vec<Issue>) -> Alerting {
        let mut reader = Reader { fields, issues };
        Alerting {
            suppression: reader.suppression(),
            severity_mapping: reader.entries("severity_mapping", |entry| {
                let severity = entry.get("severity").and_then(Json::as_str);
                Some(SeverityMapping {
                    field: field_of(entry)?,
                    value: value_of(entry),
                    severity: severity.and_then(RuleSeverity::parse)?,
                })
            }),
            risk_score_mapping: reader.entries("risk_score_mapping", |entry| {
                let score = entry.get("risk_score").filter(|score| !score.is_null());
                let risk_score = match score {
                    None => None,
                    Some(score) => Some(score_of(score)?),
                };
                Some(RiskScoreMapping {
                    field: field_of(entry)?,
                    value: value_of(entry),
                    risk_score,
                })
            }),
            name_override: fields
                .get("rule_name_override")
                .and_then(Json::as_str)
                .filter(|field| !field.is_empty())
                .map(str::to_owned),
        }
    }
}

struct Reader<'a> {
    fields: &'a Map<String, Json>,
    issues: &'a mut Vec<Issue>,
}

impl Reader<'_> {
    fn ignored(&mut self, key: &'static str, what: &str) {
        let message = format!("{what}; it is ignored");
        self.issues.push(Issue { code: code::IGNORED_VALUE, key: Some(key), message });
    }

    fn suppression(&mut self) -> Option<Suppression> {
        const KEY: &str = "alert_suppression";
        let value = self.fields.get(KEY).filter(|value| !value.is_null())?;
        if value.as_object().is_some_and(Map::is_empty) {
            return None;
        }
        let group_by = value.get("group_by").map_or(Some(Vec::new()), string_list);
        let duration = value.get("duration").filter(|duration| !duration.is_null());
        let duration_ms = duration.and_then(duration_ms);
        if duration.is_some() && duration_ms.is_none() {
            self.ignored(KEY, "`duration` needs a `value` and a `unit` of s, m or h");
            return None;
        }
        let strategy = value.get("missing_fields_strategy").and_then(Json::as_str);
        match group_by {
            Some(group_by) if !group_by.is_empty() || duration_ms.is_some() => Some(Suppression {
                group_by,
                duration_ms,
                suppress_missing: strategy != Some("doNotSuppress"),
            }),
            _ => {
                self.ignored(KEY, "`alert_suppression` needs `group_by`, a list of fields");
                None
            }
        }
    }

    fn entries<T>(&mut self, key: &'static str, read: impl Fn(&Json) -> Option<T>) -> Vec<T> {
        let entries = match self.fields.get(key) {
            None | Some(Json::Null) => return Vec::new(),
            Some(Json::Array(entries)) => entries,
            Some(_) => {
                self.ignored(key, &format!("`{key}` should be a list of tables"));
                return Vec::new();
            }
        };
        let mut all = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            match read(entry) {
                Some(one) => all.push(one),
                None => self.ignored(key, &format!("entry {} of `{key}` makes no sense", at + 1)),
            }
        }
        all
    }
}

fn field_of(entry: &Json) -> Option<String> {
    entry.get("field")?.as_str().filter(|field| !field.is_empty()).map(str::to_owned)
}

/// The value an entry asks for. Kibana: an entry of a risk score may have an empty value, for whatever the field
/// holds.
fn value_of(entry: &Json) -> String {
    match entry.get("value") {
        Some(Json::String(text)) => text.clone(),
        None | Some(Json::Null) => String::new(),
        Some(other) => other.to_string(),
    }
}

fn score_of(value: &Json) -> Option<u8> {
    let score = whole_number(value).or_else(|| value.as_str()?.parse().ok())?;
    u8::try_from(score).ok().filter(|score| *score <= 100)
}

fn duration_ms(duration: &Json) -> Option<i64> {
    let value = duration.get("value").and_then(whole_number).filter(|n| *n > 0)?;
    let unit = match duration.get("unit")?.as_str()? {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    i64::try_from(value).ok()?.checked_mul(unit)
}
