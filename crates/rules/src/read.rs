//! From the keys of a rule document to a typed [`Rule`].
//!
//! What a rule cannot run without (name, type, query) is an error. Everything else is lenient: a
//! value that makes no sense is named in a warning and the default taken, since a rule that runs
//! with the wrong severity is worth more than one that does not run.

use dragnet_plan::Severity;
use serde_json::{Map, Value as Json};

use crate::alerting::Alerting;
use crate::catalogue as code;
use crate::kind::Kind;
use crate::period::{parse_duration, parse_relative};
use crate::rule::{Rule, RuleSeverity, RuleType, Threat};

/// A finding about a rule document, not tied to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// The stable code.
    pub code: &'static str,
    /// The key that it is about; `None` if it is about one that is not there.
    pub key: Option<&'static str>,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
}

impl Issue {
    /// Whether the rule is lost by it.
    pub fn is_error(&self) -> bool {
        code::explain(self.code).is_none_or(|info| info.severity == Severity::Error)
    }
}

/// What a rule document turned out to be.
#[derive(Debug, Clone)]
pub enum Reading {
    /// A rule; the issues are warnings.
    Rule(Box<Rule>, Vec<Issue>),
    /// A document that lacks what every rule needs; at least one of the issues is an error.
    Broken(Vec<Issue>),
}

const MINUTE: i64 = 60_000;
/// The defaults of Kibana's rule API.
const DEFAULT_INTERVAL: i64 = 5 * MINUTE;
const DEFAULT_FROM: i64 = -6 * MINUTE;
const DEFAULT_MAX_SIGNALS: u32 = 100;

/// Reads a rule from its keys, those of Kibana's rule API or of a TOML file's `[rule]` table;
/// `extra` is kept as it is.
pub fn read_rule(fields: Map<String, Json>, extra: Map<String, Json>) -> Reading {
    let mut reader = Reader { fields: &fields, issues: Vec::new() };
    let Some(rule) = reader.rule() else { return Reading::Broken(reader.issues) };
    let issues = reader.issues;
    if issues.iter().any(Issue::is_error) {
        return Reading::Broken(issues);
    }
    Reading::Rule(Box::new(Rule { fields, extra, ..rule }), issues)
}

struct Reader<'a> {
    fields: &'a Map<String, Json>,
    issues: Vec<Issue>,
}

impl<'a> Reader<'a> {
    /// The rule without what was read. `None` if there is an error; all of them are noted.
    fn rule(&mut self) -> Option<Rule> {
        let name = self.required("name", code::MISSING_NAME, "the rule has no `name`");
        let rule_type = self.rule_type();
        let language = self.language(rule_type);
        let query = self.query(rule_type);
        let (severity, risk_score) = self.severity();
        let (from_ms, to_ms) = self.look_back();
        let (name, rule_type, query) = (name?, rule_type?, query?);
        // Read where they are kept; here only whether they can be.
        self.text_ref("note");
        self.text_ref("setup");
        Some(Rule {
            rule_id: self.rule_id(&name, &query),
            id: self.text("id"),
            description: self.text("description").unwrap_or_default(),
            index: self.texts("index"),
            severity,
            risk_score,
            interval_ms: self.interval(),
            from_ms,
            to_ms,
            max_signals: self.max_signals(),
            timestamp_override: self.text("timestamp_override"),
            event_category_override: self.text("event_category_override"),
            tiebreaker_field: self.text("tiebreaker_field"),
            timestamp_field: self.text("timestamp_field"),
            building_block_type: self.text("building_block_type"),
            tags: self.texts("tags"),
            threat: self.threat(),
            references: self.texts("references"),
            author: self.texts("author"),
            license: self.text("license"),
            version: self.version(),
            false_positives: self.texts("false_positives"),
            investigation_fields: self.investigation_fields(),
            enabled: self.flag("enabled").unwrap_or(true),
            window_fallback: !self.flag("timestamp_override_fallback_disabled").unwrap_or(false),
            kind: Kind::read(rule_type, from_ms, self.fields, &mut self.issues),
            alerting: Alerting::read(self.fields, &mut self.issues),
            name,
            rule_type,
            language,
            query,
            fields: Map::new(),
            extra: Map::new(),
        })
    }

    fn issue(&mut self, code: &'static str, key: Option<&'static str>, message: impl Into<String>) {
        self.issues.push(Issue { code, key, message: message.into() });
    }

    /// The value of a key; null is as good as absent.
    fn value(&self, key: &str) -> Option<&'a Json> {
        self.fields.get(key).filter(|value| !value.is_null())
    }

    fn ignored(&mut self, key: &'static str, expected: &str) {
        let message = format!("`{key}` should be {expected}; it is ignored");
        self.issue(code::IGNORED_VALUE, Some(key), message);
    }

    /// An optional text; empty is as good as absent.
    fn text(&mut self, key: &'static str) -> Option<String> {
        self.text_ref(key).map(str::to_owned)
    }

    fn text_ref(&mut self, key: &'static str) -> Option<&'a str> {
        match self.value(key) {
            Some(Json::String(text)) => (!text.is_empty()).then_some(text.as_str()),
            Some(_) => {
                self.ignored(key, "a text");
                None
            }
            None => None,
        }
    }

    /// An optional list of texts; one text is as good as a list of it.
    fn texts(&mut self, key: &'static str) -> Vec<String> {
        match self.value(key).and_then(string_list) {
            Some(list) => list,
            None if self.value(key).is_some() => {
                self.ignored(key, "a list of texts");
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn flag(&mut self, key: &'static str) -> Option<bool> {
        let value = self.value(key)?;
        let flag = value.as_bool();
        if flag.is_none() {
            self.ignored(key, "true or false");
        }
        flag
    }

    /// A text that the rule cannot do without; noted as missing if it is blank.
    fn required(&mut self, key: &'static str, missing: &'static str, say: &str) -> Option<String> {
        match self.value(key) {
            Some(Json::String(text)) if !text.trim().is_empty() => return Some(text.clone()),
            Some(Json::String(_)) => self.issue(missing, Some(key), format!("`{key}` is empty")),
            Some(_) => self.issue(code::WRONG_TYPE, Some(key), format!("`{key}` must be a text")),
            None => self.issue(missing, None, say),
        }
        None
    }

    fn rule_type(&mut self) -> Option<RuleType> {
        let name = self.required("type", code::MISSING_TYPE, "the rule has no `type`")?;
        let rule_type = RuleType::parse(&name);
        if rule_type.is_none() {
            self.issue(code::UNKNOWN_TYPE, Some("type"), format!("unknown rule type `{name}`"));
        }
        rule_type
    }

    /// The language, which must be the type's own where the type has only one.
    fn language(&mut self, rule_type: Option<RuleType>) -> Option<String> {
        let language = self.text("language");
        let expected = match rule_type? {
            RuleType::Eql => "eql",
            RuleType::Esql => "esql",
            rule_type => return self.kibana_language(rule_type, language),
        };
        match language.as_deref() {
            Some(written) if written != expected => {
                let message =
                    format!("a rule of type `{expected}` cannot have the language `{written}`");
                self.issue(code::WRONG_LANGUAGE, Some("language"), message);
            }
            None if expected == "eql" => {
                self.issue(
                    code::NO_LANGUAGE,
                    None,
                    "the rule has no `language`; its type says `eql`",
                );
            }
            _ => {}
        }
        language
    }

    /// The language of a rule that is not of a language's own type: KQL unless it says otherwise.
    fn kibana_language(&mut self, rule_type: RuleType, language: Option<String>) -> Option<String> {
        let is_known = |written: &str| matches!(written, "kuery" | "lucene");
        if let Some(written) = language.as_deref().filter(|written| !is_known(written)) {
            let name = rule_type.name();
            let message = format!("a rule of type `{name}` cannot have the language `{written}`");
            self.issue(code::WRONG_LANGUAGE, Some("language"), message);
        }
        language
    }

    /// The query; without one, types other than EQL and `query` look at all events (Kibana: an empty query).
    fn query(&mut self, rule_type: Option<RuleType>) -> Option<String> {
        if rule_type.is_some_and(|t| !matches!(t, RuleType::Eql | RuleType::Query)) {
            let query = self.value("query").and_then(Json::as_str);
            return Some(query.unwrap_or_default().to_owned());
        }
        self.required("query", code::MISSING_QUERY, "the rule has no `query`")
    }

    fn rule_id(&mut self, name: &str, query: &str) -> String {
        if let Some(id) = self.text("rule_id") {
            return id;
        }
        if let Some(id) = self.text("id") {
            let message = "the rule has no `rule_id`; its `id` is taken";
            self.issue(code::NO_RULE_ID, None, message);
            return id;
        }
        let message = "the rule has no `rule_id`; one is derived from its name and query";
        self.issue(code::NO_RULE_ID, None, message);
        derived_id(name, query)
    }

    /// Severity and risk score; each stands in for the other.
    fn severity(&mut self) -> (RuleSeverity, u8) {
        let written = self.value("severity");
        let severity = written.and_then(Json::as_str).and_then(RuleSeverity::parse);
        let score_written = self.value("risk_score");
        let score = score_written
            .and_then(whole_number)
            .and_then(|n| u8::try_from(n).ok())
            .filter(|n| *n <= 100);
        let taken =
            severity.or(score.map(RuleSeverity::of_risk_score)).unwrap_or(RuleSeverity::Low);
        let taken_score = score.unwrap_or_else(|| taken.usual_risk_score());
        if severity.is_none() {
            let message = match written {
                Some(value) => format!(
                    "`severity` must be low, medium, high or critical, not {}; `{}` is used",
                    brief(value),
                    taken.name()
                ),
                None => format!("the rule has no `severity`; `{}` is used", taken.name()),
            };
            self.issue(code::SEVERITY, written.is_some().then_some("severity"), message);
        }
        if score.is_none() {
            let message = match score_written {
                Some(value) => format!(
                    "`risk_score` must be a whole number from 0 to 100, not {}; {taken_score} is used",
                    brief(value)
                ),
                None => format!("the rule has no `risk_score`; {taken_score} is used"),
            };
            self.issue(code::RISK_SCORE, score_written.is_some().then_some("risk_score"), message);
        }
        (taken, taken_score)
    }

    fn interval(&mut self) -> i64 {
        let Some(value) = self.value("interval") else { return DEFAULT_INTERVAL };
        if let Some(ms) = value.as_str().and_then(parse_duration) {
            return ms;
        }
        let message =
            format!("`interval` must be a duration such as `5m`, not {}; 5m is used", brief(value));
        self.issue(code::INTERVAL, Some("interval"), message);
        DEFAULT_INTERVAL
    }

    /// The window of an execution, relative to it.
    fn look_back(&mut self) -> (i64, i64) {
        let from = self.relative("from", DEFAULT_FROM, "now-6m");
        let to = self.relative("to", 0, "now");
        if from < to && from <= 0 {
            return (from, to);
        }
        self.issue(
            code::LOOK_BACK,
            Some("from"),
            "`from` must be before `to` and before now; now-6m to now is used",
        );
        (DEFAULT_FROM, 0)
    }

    fn relative(&mut self, key: &'static str, default: i64, shown: &str) -> i64 {
        let Some(value) = self.value(key) else { return default };
        if let Some(ms) = value.as_str().and_then(parse_relative) {
            return ms;
        }
        let message = format!(
            "`{key}` must be a time relative to now such as `now-9m`, not {}; {shown} is used",
            brief(value)
        );
        self.issue(code::LOOK_BACK, Some(key), message);
        default
    }

    fn max_signals(&mut self) -> u32 {
        let Some(value) = self.value("max_signals") else { return DEFAULT_MAX_SIGNALS };
        let written = whole_number(value).and_then(|n| u32::try_from(n).ok()).filter(|n| *n > 0);
        written.unwrap_or_else(|| {
            let message = format!(
                "`max_signals` must be a positive whole number, not {}; {DEFAULT_MAX_SIGNALS} is used",
                brief(value)
            );
            self.issue(code::MAX_SIGNALS, Some("max_signals"), message);
            DEFAULT_MAX_SIGNALS
        })
    }

    fn version(&mut self) -> Option<u64> {
        let value = self.value("version")?;
        let version = whole_number(value);
        if version.is_none() {
            self.ignored("version", "a whole number");
        }
        version
    }

    /// ATT&CK mappings. An entry of another form is left out of the typed list, with a warning.
    fn threat(&mut self) -> Vec<Threat> {
        let entries = match self.value("threat") {
            None => return Vec::new(),
            Some(Json::Array(entries)) => entries,
            Some(_) => {
                self.ignored("threat", "a list of tables");
                return Vec::new();
            }
        };
        let mut threats = Vec::with_capacity(entries.len());
        for (at, entry) in entries.iter().enumerate() {
            match Threat::deserialize_from(entry) {
                Ok(threat) => threats.push(threat),
                Err(error) => {
                    let message = format!("entry {} of `threat` is ignored: {error}", at + 1);
                    self.issues.push(Issue { code: code::THREAT, key: Some("threat"), message });
                }
            }
        }
        threats
    }

    /// `investigation_fields.field_names`; older exports have the bare list.
    fn investigation_fields(&mut self) -> Vec<String> {
        let Some(value) = self.value("investigation_fields") else { return Vec::new() };
        let names = value.get("field_names").unwrap_or(value);
        if let Some(list) = string_list(names) {
            return list;
        }
        self.ignored("investigation_fields", "a table with `field_names`, a list of texts");
        Vec::new()
    }
}

impl Threat {
    fn deserialize_from(value: &Json) -> Result<Threat, serde_json::Error> {
        serde::Deserialize::deserialize(value)
    }
}

/// A list of texts, or one text.
pub(crate) fn string_list(value: &Json) -> Option<Vec<String>> {
    match value {
        Json::String(text) => Some(vec![text.clone()]),
        Json::Array(items) => items.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// A whole number, be it written `47` or `47.0`.
pub(crate) fn whole_number(value: &Json) -> Option<u64> {
    value.as_u64().or_else(|| {
        let number = value.as_f64()?;
        (number.fract() == 0.0 && (0.0..=9e15).contains(&number)).then_some(number as u64)
    })
}

/// A value as it is shown within a message.
fn brief(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("`{}…`", &text[..at]),
        None => format!("`{text}`"),
    }
}

/// An id that depends on nothing but the rule: FNV-1a in 128 bits, in the form of a UUID.
fn derived_id(name: &str, query: &str) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in name.bytes().chain([0]).chain(query.bytes()) {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    // Version 8 (the maker's own), variant 1, as RFC 9562 wants it.
    hash = (hash & !(0xf << 76) & !(0b11 << 62)) | (0x8 << 76) | (0b10 << 62);
    let hex = format!("{hash:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests;
