//! Suppression: what alerts are one by, and what the one alert says of the others.

use dragnet_engine::{Evidence, Finding};
use dragnet_event::Document;
use dragnet_rules::Rule;
use serde_json::{Value as Json, json};

use crate::alert::{Alert, AlertKind, intersection};
use crate::gate::{Suppressed, Terms};
use crate::identity::{EventIdentity, hash};

/// The values by which a finding is suppressed: of a threshold its group, otherwise those of the fields
/// that the rule names; of a sequence what all its events have.
pub fn terms(
    rule: &Rule,
    finding: &Finding,
    events: &[(&Document, &EventIdentity)],
    group_by: &[String],
) -> Terms {
    let threshold = rule.kind.threshold.as_ref();
    if let (Evidence::Threshold(_), Some(threshold)) = (&finding.evidence, threshold) {
        let values = finding.key.values().iter();
        let values = values.map(|v| v.iter().map(|v| v.text().into_owned()).collect());
        return threshold.fields.iter().cloned().zip(values).collect();
    }
    let common;
    let document = if let [(document, _)] = events {
        *document
    } else {
        common = intersection(events);
        &common
    };
    let values = |field: &String| {
        let mut values: Vec<String> =
            document.values(field).iter().map(|value| value.text().into_owned()).collect();
        values.sort_unstable();
        values.dedup();
        (field.clone(), values)
    };
    group_by.iter().map(values).collect()
}

/// Says on an alert how many it stands for. Building blocks stand for themselves.
pub fn mark(alert: &mut Alert<'_>, suppressed: &Suppressed) {
    if alert.kind == AlertKind::BuildingBlock {
        return;
    }
    let value = |values: &[String]| match values {
        [] => Json::Null,
        [one] => one.as_str().into(),
        many => many.into(),
    };
    let terms: Vec<Json> = suppressed
        .terms
        .iter()
        .map(|(field, values)| json!({"field": field, "value": value(values)}))
        .collect();
    let parts = suppressed.terms.iter().flat_map(|(field, values)| {
        std::iter::once(field.as_str()).chain(values.iter().map(String::as_str))
    });
    let rule_id = alert.rule.rule.rule_id.as_str();
    let instance = hash(parts.chain([rule_id]));
    let own = &mut alert.own.0;
    own.insert("kibana.alert.instance.id".into(), instance.into());
    own.insert("kibana.alert.suppression.terms".into(), terms.into());
    own.insert("kibana.alert.suppression.docs_count".into(), suppressed.count.into());
    let times = [("start", suppressed.start), ("end", suppressed.end)];
    for (key, time) in times {
        if let Some(time) = time {
            own.insert(format!("kibana.alert.suppression.{key}"), time.to_string().into());
        }
    }
}
