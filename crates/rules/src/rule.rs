//! The rule document, typed where Dragnet reads it.

use dragnet_event::{Field, Schema};
use dragnet_plan::{Schedule, Timing};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use crate::alerting::Alerting;
use crate::compare::{Change, Effect, compare};
use crate::kind::Kind;

/// A rule as its author wrote it: typed fields, and everything that was read.
///
/// Names and defaults are those of Kibana's rule API (snake case); what TOML files of
/// `elastic/detection-rules` call differently is in `extra`. A text that is absent is `None`, a list
/// that is absent is empty.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The stable id, the same in every installation. If the document has no `rule_id`, its `id`;
    /// if it has neither, an id derived from name and query, so that the same rule has the same
    /// id at every load.
    pub rule_id: String,
    /// The id that one Kibana gave the rule.
    pub id: Option<String>,
    /// The name, not empty.
    pub name: String,
    /// What the rule finds; empty if absent.
    pub description: String,
    /// The type.
    pub rule_type: RuleType,
    /// `eql`, `kuery`, `lucene` or `esql`, as written.
    pub language: Option<String>,
    /// The query; empty for types that have none.
    pub query: String,
    /// Index patterns the rule reads. Dragnet runs every rule on every event; the patterns are kept
    /// for alerts.
    pub index: Vec<String>,
    /// The severity; if absent, that of the risk score's band.
    pub severity: RuleSeverity,
    /// 0 to 100; if absent, that of the severity (21, 47, 73, 99).
    pub risk_score: u8,
    /// Milliseconds between executions. Default 5 minutes.
    pub interval_ms: i64,
    /// Beginning of the time an execution covers, in milliseconds from the execution, not positive.
    /// Default −6 minutes.
    pub from_ms: i64,
    /// End of the time an execution covers, in milliseconds from the execution. Default 0.
    pub to_ms: i64,
    /// Most alerts of one execution, at least 1. Default 100.
    pub max_signals: u32,
    /// The field by which an execution chooses its events, in place of `@timestamp`.
    pub timestamp_override: Option<String>,
    /// Whether `@timestamp` stands in where an event lacks that field. Default true.
    pub window_fallback: bool,
    /// The field that `process where` of an EQL query tests, in place of `event.category`.
    pub event_category_override: Option<String>,
    /// The field that orders events of the same time.
    pub tiebreaker_field: Option<String>,
    /// The field that orders events of a sequence, in place of `@timestamp`.
    pub timestamp_field: Option<String>,
    /// Set (`default`) if the rule's alerts are building blocks, hidden by default.
    pub building_block_type: Option<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// ATT&CK mappings.
    pub threat: Vec<Threat>,
    /// Links.
    pub references: Vec<String>,
    /// Authors.
    pub author: Vec<String>,
    /// The licence the rule is under.
    pub license: Option<String>,
    /// The version; TOML files have none.
    pub version: Option<u64>,
    /// Known causes of false alarms.
    pub false_positives: Vec<String>,
    /// Fields that an analyst should look at first (`investigation_fields.field_names`).
    pub investigation_fields: Vec<String>,
    /// Whether the rule is switched on. Default true. A disabled rule is loaded like any other; its
    /// driver decides.
    pub enabled: bool,
    /// What its type asks for besides the query.
    pub kind: Kind,
    /// How its alerts differ from what it says by itself.
    pub alerting: Alerting,
    /// The rule as read, every key, typed above or not: TOML's `[rule]` table, or the JSON object.
    /// TOML dates are texts; numbers that JSON has no form for are texts.
    pub fields: Map<String, Json>,
    /// The other tables of a TOML file (`metadata`, `transform`), as read; empty for JSON.
    pub extra: Map<String, Json>,
}

/// Whether a pattern of indices is one of alerts.
fn is_of_alerts(pattern: &str) -> bool {
    const ALERTS: [&str; 3] = [".alerts-security.", ".siem-signals-", ".internal.alerts-security."];
    ALERTS.iter().any(|alerts| pattern.starts_with(alerts))
}

impl Rule {
    /// When it runs, and which events each execution covers.
    pub fn schedule(&self) -> Schedule {
        let Rule { interval_ms, from_ms, to_ms, .. } = *self;
        Schedule { interval_ms, from_ms, to_ms }
    }

    /// By which fields its events have a time and an order.
    pub fn timing(&self) -> Timing {
        let date = |name: &String| Field::date(name.as_str());
        Timing {
            timestamp: self.timestamp_field.as_ref().map(date),
            tiebreaker: self.tiebreaker_field.as_deref().map(|name| Schema::open().field(name)),
            window: self.timestamp_override.as_ref().map(date),
            strict_window: !self.window_fallback,
        }
    }

    /// The investigation guide, Markdown. (It is long, and not kept a second time.)
    pub fn note(&self) -> Option<&str> {
        self.text("note")
    }

    /// What has to be set up, Markdown.
    pub fn setup(&self) -> Option<&str> {
        self.text("setup")
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.fields.get(key).and_then(Json::as_str).filter(|text| !text.is_empty())
    }

    /// Whether it reads the alerts of other rules: one of its index patterns is of theirs.
    pub fn reads_alerts(&self) -> bool {
        self.index.iter().any(|pattern| is_of_alerts(pattern))
    }

    /// Whether it reads nothing else.
    pub fn reads_only_alerts(&self) -> bool {
        let mut read = self.index.iter().filter(|pattern| !pattern.starts_with('-'));
        self.reads_alerts() && read.all(|pattern| is_of_alerts(pattern))
    }

    /// Whether the other rule finds the same things in the same events, be it written in another form. Descriptions,
    /// versions and identities do not count, nor whether it is switched on.
    pub fn detects_like(&self, other: &Rule) -> bool {
        let differs =
            |change: &Change| change.effect == Effect::Detection && change.key != "enabled";
        !compare(self, other).iter().any(differs)
    }
}

/// The types of Elastic's rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleType {
    /// An EQL query.
    Eql,
    /// A KQL or Lucene query.
    Query,
    /// A KQL or Lucene query that is kept elsewhere in Kibana; it may be in the rule besides.
    SavedQuery,
    /// More than so many events of a query per group.
    Threshold,
    /// The first time a value is seen.
    NewTerms,
    /// Values found in a set of indicators.
    ThreatMatch,
    /// An ES|QL query.
    Esql,
    /// The anomalies of a machine-learning job.
    MachineLearning,
}

/// The types with their names and, where they cannot be run yet, why not.
const TYPES: &[(RuleType, &str, Option<&str>)] = &[
    (RuleType::Eql, "eql", None),
    (RuleType::Query, "query", None),
    (RuleType::SavedQuery, "saved_query", None),
    (RuleType::Threshold, "threshold", None),
    (RuleType::NewTerms, "new_terms", None),
    (RuleType::ThreatMatch, "threat_match", None),
    (RuleType::Esql, "esql", Some("ES|QL rules are not supported yet")),
    (
        RuleType::MachineLearning,
        "machine_learning",
        Some("machine-learning rules are not supported yet"),
    ),
];

impl RuleType {
    /// All types.
    pub fn all() -> impl Iterator<Item = RuleType> {
        TYPES.iter().map(|(rule_type, ..)| *rule_type)
    }

    /// The type of this name.
    pub fn parse(name: &str) -> Option<RuleType> {
        TYPES.iter().find(|(_, n, _)| *n == name).map(|(rule_type, ..)| *rule_type)
    }

    /// The name, as in the rule's `type`.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What is missing to run a rule of this type; `None` if it can be run.
    pub fn unsupported(self) -> Option<&'static str> {
        self.row().2
    }

    fn row(self) -> &'static (RuleType, &'static str, Option<&'static str>) {
        // The table has a row for every type, in their order; a test holds it to that.
        &TYPES[self as usize]
    }
}

/// How bad it is if the rule finds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleSeverity {
    /// Risk scores 0 to 21.
    Low,
    /// Risk scores 22 to 47.
    Medium,
    /// Risk scores 48 to 73.
    High,
    /// Risk scores 74 to 100.
    Critical,
}

/// The severities with their names and the highest risk score of each.
const SEVERITIES: &[(RuleSeverity, &str, u8, u8)] = &[
    (RuleSeverity::Low, "low", 21, 21),
    (RuleSeverity::Medium, "medium", 47, 47),
    (RuleSeverity::High, "high", 73, 73),
    (RuleSeverity::Critical, "critical", 100, 99),
];

impl RuleSeverity {
    /// All severities, the mildest first.
    pub fn all() -> impl Iterator<Item = RuleSeverity> {
        SEVERITIES.iter().map(|(severity, ..)| *severity)
    }

    /// The severity of this name.
    pub fn parse(name: &str) -> Option<RuleSeverity> {
        SEVERITIES.iter().find(|(_, n, ..)| *n == name).map(|(severity, ..)| *severity)
    }

    /// The name: `low`, `medium`, `high` or `critical`.
    pub fn name(self) -> &'static str {
        SEVERITIES[self as usize].1
    }

    /// The severity of the band that a risk score lies in.
    pub fn of_risk_score(score: u8) -> RuleSeverity {
        let row = SEVERITIES.iter().find(|(_, _, highest, _)| score <= *highest);
        row.map_or(RuleSeverity::Critical, |(severity, ..)| *severity)
    }

    /// The risk score that Elastic's rules of this severity have.
    pub fn usual_risk_score(self) -> u8 {
        SEVERITIES[self as usize].3
    }
}

/// One ATT&CK mapping: a tactic and techniques of it. Serialised as Kibana writes it into alerts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Threat {
    /// `MITRE ATT&CK`.
    pub framework: String,
    /// The tactic.
    pub tactic: Tactic,
    /// Techniques of the tactic.
    pub technique: Vec<Technique>,
}

/// An ATT&CK tactic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tactic {
    /// `TA0003`.
    pub id: String,
    /// `Persistence`.
    pub name: String,
    /// Link to the tactic's page.
    pub reference: String,
}

/// An ATT&CK technique.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Technique {
    /// `T1546`.
    pub id: String,
    /// `Event Triggered Execution`.
    pub name: String,
    /// Link to the technique's page.
    pub reference: String,
    /// Sub-techniques.
    pub subtechnique: Vec<Subtechnique>,
}

/// An ATT&CK sub-technique.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Subtechnique {
    /// `T1546.003`.
    pub id: String,
    /// `Windows Management Instrumentation Event Subscription`.
    pub name: String,
    /// Link to the sub-technique's page.
    pub reference: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_the_order_of_their_types() {
        for (at, (rule_type, name, _)) in TYPES.iter().enumerate() {
            assert_eq!(*rule_type as usize, at);
            assert_eq!(RuleType::parse(name), Some(*rule_type));
            assert_eq!(rule_type.name(), *name);
        }
        for (at, (severity, name, ..)) in SEVERITIES.iter().enumerate() {
            assert_eq!(*severity as usize, at);
            assert_eq!(RuleSeverity::parse(name), Some(*severity));
            assert_eq!(RuleSeverity::of_risk_score(severity.usual_risk_score()), *severity);
        }
        assert_eq!(RuleType::parse("Eql"), None);
    }

    #[test]
    fn bands() {
        let names = [0, 21, 22, 47, 48, 73, 74, 100].map(|s| RuleSeverity::of_risk_score(s).name());
        assert_eq!(
            names,
            ["low", "low", "medium", "medium", "high", "high", "critical", "critical"]
        );
    }
}
