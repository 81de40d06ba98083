//! What an event overrides of its rule: severity, risk score and name of the alert.

use std::sync::Arc;

use dragnet_event::Document;
use dragnet_rules::{RiskScoreMapping, RuleSeverity};
use serde_json::Value as Json;

use crate::part::RulePart;

/// What alerts of this event have of the rule. Kibana: single events override, the members of
/// sequences do not.
pub(crate) fn apply<'r>(part: &Arc<RulePart<'r>>, event: &Document) -> Arc<RulePart<'r>> {
    let alerting = &part.rule.alerting;
    let mut changes: Vec<(&'static str, Json)> = Vec::new();
    let has = |field: &str, value: &str| event.values(field).iter().any(|v| v.text() == value);
    let severities = alerting.severity_mapping.iter();
    let worst: Option<RuleSeverity> = severities
        .filter(|mapping| has(&mapping.field, &mapping.value))
        .map(|mapping| mapping.severity)
        .max();
    if let Some(severity) = worst {
        changes.push(("kibana.alert.severity", severity.name().into()));
    }
    let mut scores = alerting.risk_score_mapping.iter();
    let score = |mapping: &RiskScoreMapping| {
        let applies = match &*mapping.value {
            "" => !event.values(&mapping.field).is_empty(),
            value => has(&mapping.field, value),
        };
        let given = mapping.risk_score.map(Json::from);
        applies.then(|| given.or_else(|| score_in(event, &mapping.field)))?
    };
    if let Some(score) = scores.find_map(score) {
        changes.push(("kibana.alert.risk_score", score));
    }
    let name = alerting.name_override.as_deref().and_then(|field| event.get_str(field));
    if let Some(name) = name.filter(|name| !name.is_empty()) {
        changes.push(("kibana.alert.rule.name", name.into()));
    }
    if changes.is_empty() { part.clone() } else { Arc::new(part.with(changes)) }
}

/// A field's value as a risk score: a number from 0 to 100. Kibana: of several the highest; those that are no
/// score do not count.
fn score_in(event: &Document, field: &str) -> Option<Json> {
    let number = |text: &str| text.parse::<f64>().ok().filter(|n| (0.0..=100.0).contains(n));
    let values = event.values(field);
    let highest = values.iter().filter_map(|v| number(&v.text())).max_by(f64::total_cmp)?;
    let whole = highest as u64;
    Some(if whole as f64 == highest { whole.into() } else { highest.into() })
}
