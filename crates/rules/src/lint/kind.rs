//! Lints of what a rule's type asks for besides the query: thresholds, new terms, indicator mappings.

use std::collections::HashSet;

use super::document::duration;
use super::fields::Known;
use super::{Finding, table as lint};
use crate::kind::{NewTermsSpec, ThreatMatchSpec, ThresholdSpec};
use crate::rule::Rule;

/// Checks what there is.
pub(super) fn check(rule: &Rule, fields: &mut Known, out: &mut Vec<Finding>) {
    if let Some(spec) = &rule.kind.threshold {
        threshold(spec, fields, out);
    }
    if let Some(spec) = &rule.kind.new_terms {
        new_terms(rule, spec, fields, out);
    }
    if let Some(spec) = &rule.kind.threat_match {
        threat_match(rule, spec, fields, out);
    }
}

fn threshold(spec: &ThresholdSpec, fields: &mut Known, out: &mut Vec<Finding>) {
    let cardinality = spec.cardinality.as_ref();
    let limits = spec.value > 1 || cardinality.is_some_and(|(_, value)| *value > 1);
    if spec.fields.is_empty() && !limits {
        let message =
            "any single event reaches this threshold, and all events of a run are one alert";
        out.push(Finding::at(lint::IDLE_THRESHOLD, "threshold", message.to_owned()));
    }
    repeated(&spec.fields, "threshold.field", out);
    if let Some((field, value)) = cardinality {
        if spec.fields.contains(field) && *value > 1 {
            let message =
                format!("the events of a group have one value of `{field}` and never {value}");
            out.push(Finding::at(lint::GROUPED_CARDINALITY, "threshold", message));
        } else if *value == 1 {
            let message = format!("any event with `{field}` reaches this cardinality");
            out.push(Finding::at(lint::IDLE_THRESHOLD, "threshold", message));
        }
    }
    fields.at_key(&spec.fields, "threshold.field", out);
    fields.at_key(cardinality.map(|(field, _)| field), "threshold.cardinality", out);
}

fn new_terms(rule: &Rule, spec: &NewTermsSpec, fields: &mut Known, out: &mut Vec<Finding>) {
    let flat = rule.fields.contains_key("new_terms_fields");
    let key = if flat { "new_terms_fields" } else { "new_terms" };
    repeated(&spec.fields, key, out);
    fields.at_key(&spec.fields, key, out);
    // What a run looks at is new if the time before, since the start of the history, does not have it.
    let history = rule.from_ms.saturating_sub(spec.history_ms);
    let window = rule.to_ms.saturating_sub(rule.from_ms).max(rule.interval_ms);
    if history < window {
        let flat = rule.fields.contains_key("history_window_start");
        let message = format!(
            "each run looks at {} and has {} of history to compare with",
            duration(window),
            duration(history)
        );
        let key = if flat { "history_window_start" } else { "new_terms" };
        out.push(Finding::at(lint::SHORT_HISTORY, key, message));
    }
}

fn threat_match(rule: &Rule, spec: &ThreatMatchSpec, fields: &mut Known, out: &mut Vec<Finding>) {
    let pairs: Vec<_> = spec.mapping.iter().flatten().collect();
    let mut seen = HashSet::new();
    let mut own: Vec<_> = pairs.iter().map(|(field, _)| field).collect();
    own.retain(|field| seen.insert(*field));
    fields.at_key(own, "threat_mapping", out);
    let within = format!("{}.", spec.indicator_path);
    let mut told = HashSet::new();
    for (_, path) in pairs {
        if !path.starts_with(&within) && told.insert(path) {
            let message = format!("`{path}` is not below `{}`", spec.indicator_path);
            out.push(Finding::at(lint::NOT_AN_INDICATOR, "threat_mapping", message));
        }
    }
    let is_limited = spec.query.contains("@timestamp")
        || spec.query.contains("event.ingested")
        || rule.fields.contains_key("threat_filters");
    if !is_limited {
        let key = if rule.fields.contains_key("threat_query") { "threat_query" } else { "type" };
        let message = "indicators of any age count: `threat_query` does not ask for their time";
        out.push(Finding::at(lint::OLD_INDICATORS, key, message.to_owned()));
    }
}

/// Fields that a list has twice.
fn repeated(list: &[String], key: &str, out: &mut Vec<Finding>) {
    let mut seen = HashSet::new();
    for field in list.iter().filter(|field| !seen.insert(field.as_str())) {
        let message = format!("the list of fields has `{field}` twice");
        out.push(Finding::at(lint::REPEATED_ENTRY, key, message));
    }
}
