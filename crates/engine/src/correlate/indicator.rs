//! Indicator matches: which indicators have values of an event.

use std::collections::BTreeSet;
use std::sync::Arc;

use dragnet_plan::{Alternative, IndicatorMatch, Query};
use serde::{Deserialize, Serialize};

use super::Collector;
use crate::hit::{Evidence, Hit, JoinKey, Matched, Position};

/// The state of one indicator-match query: the event whose hits are coming. An event with arrays
/// gives several hits, one after the other.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct IndicatorCorrelator {
    /// The query; not part of the state.
    #[serde(skip)]
    query: Option<Arc<Query>>,
    event: Option<(Position, Vec<JoinKey>)>,
}

impl IndicatorCorrelator {
    pub(super) fn new(query: &Arc<Query>) -> IndicatorCorrelator {
        IndicatorCorrelator { query: Some(query.clone()), event: None }
    }

    /// Gives a state that was read back what it is the state of.
    pub(super) fn set_query(&mut self, query: &Arc<Query>) {
        self.query = Some(query.clone());
    }

    pub(super) fn push(&mut self, hit: Hit, found: &mut Collector<'_>) {
        match &mut self.event {
            Some((position, keys)) if position.event == hit.position.event => keys.push(hit.key),
            _ => {
                self.flush(found);
                self.event = Some((hit.position, vec![hit.key]));
            }
        }
    }

    /// Gives the finding of the event, if it is one.
    pub(super) fn flush(&mut self, found: &mut Collector<'_>) {
        let Some((position, keys)) = self.event.take() else { return };
        let Some(Query::IndicatorMatch(query)) = self.query.as_deref() else { return };
        let mut matched = BTreeSet::new();
        for key in &keys {
            for alternative in &query.alternatives {
                matches_of(query, alternative, key, &mut matched);
            }
        }
        if !matched.is_empty() {
            let evidence = Evidence::Indicators(matched.into_iter().collect());
            found.give_with(JoinKey::none(), vec![Some(position)], evidence);
        }
    }
}

/// The indicators that have the values of one alternative's fields.
fn matches_of(
    query: &IndicatorMatch,
    alternative: &Alternative,
    key: &JoinKey,
    matched: &mut BTreeSet<Matched>,
) {
    let value = |entry: &dragnet_plan::MappedField| {
        let place = query.fields.iter().position(|field| *field == entry.field)?;
        Some(key.values().get(place)?.as_ref()?.text().into_owned())
    };
    let values: Option<Vec<String>> = alternative.entries().iter().map(value).collect();
    let Some(values) = values else { return };
    for &indicator in alternative.holders(&values) {
        for (entry, value) in alternative.entries().iter().zip(&values) {
            let (field, path) = (entry.field.name().to_owned(), entry.path.clone());
            matched.insert(Matched { indicator, field, path, value: value.clone() });
        }
    }
}
