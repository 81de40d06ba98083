//! Suppression: what alerts are one by, and what the one alert says of the others.

use dragnet_engine::{Evidence, Finding};
use dragnet_event::Document;
use dragnet_rules::{Rule, RuleType};
use serde_json::{Value as Json, json};

use crate::alert::{Alert, AlertKind, intersection};
use crate::gate::{Suppressed, Terms};
use crate::identity::{EventIdentity, hash};

/// Groups that one event can be in; one with more combinations of values is in a group of its own with all of them.
const MAX_GROUPS: usize = 1_000;

/// The values by which a finding is suppressed: of a threshold its group, otherwise those of the fields
/// that the rule names; of a sequence what all its events have.
///
/// Kibana: of a field with several values, query rules have a group for each value, sequences one for the same values
/// in the same order, and the other types one for the same values in any.
pub fn groups(
    rule: &Rule,
    finding: &Finding,
    events: &[(&Document, &EventIdentity)],
    group_by: &[String],
) -> Vec<Terms> {
    let threshold = rule.kind.threshold.as_ref();
    if let (Evidence::Threshold(_), Some(threshold)) = (&finding.evidence, threshold) {
        let values = finding.key.values().iter();
        let values = values.map(|v| v.iter().map(|v| v.text().into_owned()).collect());
        return vec![threshold.fields.iter().cloned().zip(values).collect()];
    }
    let [(document, _)] = events else {
        return vec![terms_of(&intersection(events), group_by)];
    };
    let mut terms = terms_of(document, group_by);
    for (_, values) in &mut terms {
        values.sort_unstable();
        values.dedup();
    }
    if is_query(rule) { one_of_each(&terms) } else { vec![terms] }
}

fn terms_of(document: &Document, group_by: &[String]) -> Terms {
    let texts = |field: &String| {
        let values = document.values(field);
        values.iter().map(|value| value.text().into_owned()).collect()
    };
    group_by.iter().map(|field| (field.clone(), texts(field))).collect()
}

/// Every choice of one value for each field; where there is none, that.
fn one_of_each(terms: &Terms) -> Vec<Terms> {
    let sizes = terms.iter().map(|(_, values)| values.len().max(1));
    if sizes.fold(1, usize::saturating_mul) > MAX_GROUPS {
        return vec![terms.clone()];
    }
    let mut all = vec![Terms::new()];
    for (field, values) in terms {
        let with = |before: &Terms, value: Option<&String>| {
            let term = (field.clone(), value.into_iter().cloned().collect());
            before.iter().cloned().chain([term]).collect()
        };
        let each = |before: &Terms| -> Vec<Terms> {
            if values.is_empty() {
                return vec![with(before, None)];
            }
            values.iter().map(|value| with(before, Some(value))).collect()
        };
        all = all.iter().flat_map(each).collect();
    }
    all
}

fn is_query(rule: &Rule) -> bool {
    matches!(rule.rule_type, RuleType::Query | RuleType::SavedQuery)
}

/// Says on an alert how many it stands for. Building blocks stand for themselves.
pub fn mark(alert: &mut Alert<'_>, suppressed: &Suppressed) {
    if alert.kind == AlertKind::BuildingBlock {
        return;
    }
    // Kibana: query and threshold rules, which group by single values, write just those.
    let rule = alert.rule.rule;
    let is_single = is_query(rule) || rule.rule_type == RuleType::Threshold;
    let value = |values: &[String]| match values {
        [] => Json::Null,
        [one] if is_single => one.as_str().into(),
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
    let rule_id = rule.rule_id.as_str();
    let instance = hash(parts.chain([rule_id]));
    if is_query(rule) {
        // One event can be the first of several groups; Kibana: the group is part of the alert's id.
        alert.id = hash([alert.id.as_str(), &instance]);
        alert.own.0.insert("kibana.alert.uuid".into(), alert.id.clone().into());
    }
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
