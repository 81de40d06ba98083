//! What alerts have of their rule.

use dragnet_rules::{Rule, RuleType};
use serde_json::{Map, Value as Json, json};

/// What all alerts of a rule have in common. It is most of an alert, so it is made once and written
/// as it is.
#[derive(Debug, Clone)]
pub struct RulePart<'r> {
    pub(crate) rule: &'r Rule,
    pub(crate) fields: Map<String, Json>,
    /// The fields as a JSON object.
    pub(crate) json: String,
}

impl<'r> RulePart<'r> {
    /// For the alerts of this rule.
    pub fn new(rule: &'r Rule) -> RulePart<'r> {
        let severity = rule.severity.name();
        let (category, type_id) = kibana_type(rule.rule_type);
        let fixed = [
            ("kibana.alert.risk_score", rule.risk_score.into()),
            ("kibana.alert.rule.category", category.into()),
            ("kibana.alert.rule.consumer", "siem".into()),
            ("kibana.alert.rule.name", rule.name.clone().into()),
            ("kibana.alert.rule.producer", "siem".into()),
            ("kibana.alert.rule.risk_score", rule.risk_score.into()),
            ("kibana.alert.rule.rule_id", rule.rule_id.clone().into()),
            ("kibana.alert.rule.rule_type_id", type_id.into()),
            ("kibana.alert.rule.severity", severity.into()),
            ("kibana.alert.rule.type", rule.rule_type.name().into()),
            ("kibana.alert.rule.uuid", rule.id.as_ref().unwrap_or(&rule.rule_id).clone().into()),
            ("kibana.alert.severity", severity.into()),
            ("kibana.alert.status", "active".into()),
            ("kibana.alert.workflow_status", "open".into()),
            ("kibana.alert.workflow_tags", Json::Array(Vec::new())),
            ("kibana.space_ids", json!(["default"])),
        ];
        let mut fields: Map<String, Json> =
            fixed.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        for (from, to) in RULE_KEYS {
            if let Some(value) = rule.fields.get(*from) {
                fields.insert(format!("kibana.alert.rule.{to}"), value.clone());
            }
        }
        let json = Json::Object(fields.clone()).to_string();
        RulePart { rule, fields, json }
    }

    /// The same with other values of some keys: what an event overrides.
    pub(crate) fn with(
        &self,
        changes: impl IntoIterator<Item = (&'static str, Json)>,
    ) -> RulePart<'r> {
        let mut fields = self.fields.clone();
        fields.extend(changes.into_iter().map(|(key, value)| (key.to_owned(), value)));
        let json = Json::Object(fields.clone()).to_string();
        RulePart { rule: self.rule, fields, json }
    }
}

/// What Kibana calls a type of rules in alerts: the category and the type's id.
fn kibana_type(rule_type: RuleType) -> (&'static str, &'static str) {
    match rule_type {
        RuleType::Eql => ("Event Correlation Rule", "siem.eqlRule"),
        RuleType::Query => ("Custom Query Rule", "siem.queryRule"),
        RuleType::SavedQuery => ("Saved Query Rule", "siem.savedQueryRule"),
        RuleType::Threshold => ("Threshold Rule", "siem.thresholdRule"),
        RuleType::NewTerms => ("New Terms Rule", "siem.newTermsRule"),
        RuleType::ThreatMatch => ("Indicator Match Rule", "siem.indicatorRule"),
        RuleType::Esql => ("ES|QL Rule", "siem.esqlRule"),
        RuleType::MachineLearning => ("Machine Learning Rule", "siem.mlRule"),
    }
}

/// The rule's keys that alerts repeat: the key of the rule, and the one after `kibana.alert.rule.`.
/// Absent ones stay absent.
const RULE_KEYS: &[(&str, &str)] = &[
    ("author", "author"),
    ("building_block_type", "building_block_type"),
    ("description", "description"),
    ("enabled", "enabled"),
    ("exceptions_list", "exceptions_list"),
    ("false_positives", "false_positives"),
    ("from", "from"),
    ("index", "indices"),
    ("interval", "interval"),
    ("license", "license"),
    ("max_signals", "max_signals"),
    ("note", "note"),
    ("references", "references"),
    ("risk_score_mapping", "risk_score_mapping"),
    ("rule_name_override", "rule_name_override"),
    ("setup", "setup"),
    ("severity_mapping", "severity_mapping"),
    ("tags", "tags"),
    ("threat", "threat"),
    ("timeline_id", "timeline_id"),
    ("timeline_title", "timeline_title"),
    ("timestamp_override", "timestamp_override"),
    ("to", "to"),
    ("version", "version"),
];
