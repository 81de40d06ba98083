//! Indicators into rules: which documents are indicators of a rule, and the query with them.

use std::sync::Arc;

use dragnet_engine::reference::{Event, holds};
use dragnet_event::{Document, Field};
use dragnet_plan::pattern::Wildcard;
use dragnet_plan::{Alternative, Condition, Indicator, IndicatorMatch, Leaf, Literal, Query};
use dragnet_rules::{IndicatorFeed, LoadedRule};

/// A document that may be an indicator.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// The index that it says it is from. One that says nothing is taken to be from whatever index a rule
    /// reads.
    pub index: Option<String>,
    /// The document.
    pub document: Document,
}

/// Gives an indicator-match rule its indicators; other rules stay as they are. Gives how many there are.
pub fn arm(rule: &mut LoadedRule, candidates: &[Candidate]) -> usize {
    let (Some(feed), Query::IndicatorMatch(matching)) = (&rule.feed, &mut rule.query) else {
        return 0;
    };
    let indicators = indicators_of(feed, candidates);
    let entries = feed.mapping.iter().cloned();
    matching.alternatives = entries.map(|e| Alternative::new(e, &indicators)).collect();
    matching.fields = Vec::new();
    for entry in feed.mapping.iter().flatten() {
        if !matching.fields.contains(&entry.field) {
            matching.fields.push(entry.field.clone());
        }
    }
    let base = std::mem::replace(&mut matching.condition, Condition::Const(false));
    matching.condition = Condition::All(vec![base, has_some_value(matching)]);
    let count = indicators.len();
    matching.indicators = indicators.into();
    count
}

fn indicators_of(feed: &IndicatorFeed, candidates: &[Candidate]) -> Vec<Indicator> {
    let patterns: Vec<Wildcard> = feed.index.iter().map(|p| Wildcard::new(p, false)).collect();
    let is_read = |candidate: &&Candidate| {
        let index = candidate.index.as_deref();
        patterns.is_empty() || index.is_none_or(|i| patterns.iter().any(|p| p.is_match(i)))
    };
    let satisfies = |candidate: &&Candidate| {
        let mut event = Event::default();
        candidate.document.flatten_into(&mut event);
        holds(&feed.condition, &event)
    };
    let own = candidates.iter().filter(is_read).filter(satisfies);
    own.map(|candidate| Indicator {
        id: candidate.id.clone(),
        index: candidate.index.clone().unwrap_or_default(),
        document: candidate.document.clone(),
    })
    .collect()
}

/// That an event has some indicator's value in every field of an alternative. Whether they are of the same
/// indicator is left to the correlator.
fn has_some_value(matching: &IndicatorMatch) -> Condition {
    let one_of = |field: &Field, values: Vec<&str>| {
        if values.is_empty() {
            return Condition::Const(false);
        }
        let values = values.into_iter().map(|value| Literal::Str(Arc::from(value))).collect();
        Condition::Leaf(Leaf::OneOf { field: field.clone(), values, fold: false })
    };
    let alternative = |alternative: &Alternative| {
        let entries = alternative.entries().iter().enumerate();
        Condition::All(entries.map(|(n, e)| one_of(&e.field, alternative.values_of(n))).collect())
    };
    Condition::Any(matching.alternatives.iter().map(alternative).collect())
}
