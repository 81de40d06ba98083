//! The matcher gives what the reference evaluator gives, however the events are cut into batches.

use std::sync::Arc;

use dragnet_engine::{Matcher, RuleSet, reference};
use dragnet_event::Batch;
use dragnet_plan::{Condition, Query};
use proptest::prelude::*;

use crate::support::{Values, append, condition, event, field, values};

/// The hits as pairs of query and event, by way of batches of `size` events.
fn matched(conditions: &[Condition], events: &[Values], size: usize) -> Vec<(u32, u32)> {
    let queries = conditions
        .iter()
        .map(|condition| Arc::new(Query::Event { condition: condition.clone(), pipes: vec![] }))
        .collect();
    let rules = RuleSet::new(queries, None);
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
    let mut matcher = Matcher::new(&rules);
    let mut hits = Vec::new();
    for (chunk, part) in events.chunks(size).enumerate() {
        batch.clear();
        for (i, values) in part.iter().enumerate() {
            append(&mut batch, (chunk * size + i) as u32, None, values);
        }
        matcher.run(&batch, &mut |hit| hits.push((hit.query, hit.position.event.index)));
    }
    hits.sort_unstable();
    hits
}

/// The same by the definition.
fn expected(conditions: &[Condition], events: &[Values]) -> Vec<(u32, u32)> {
    let mut hits = Vec::new();
    for (query, condition) in conditions.iter().enumerate() {
        for (index, values) in events.iter().enumerate() {
            if reference::holds(condition, &event(values)) {
                hits.push((query as u32, index as u32));
            }
        }
    }
    hits
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn matcher_is_reference(
        conditions in prop::collection::vec(condition(), 1..6),
        events in prop::collection::vec(values(), 0..40),
    ) {
        let want = expected(&conditions, &events);
        prop_assert_eq!(matched(&conditions, &events, 1000), want);
    }

    #[test]
    fn one_batch_is_many_batches(
        conditions in prop::collection::vec(condition(), 1..6),
        events in prop::collection::vec(values(), 0..40),
        size in 1usize..9,
    ) {
        prop_assert_eq!(matched(&conditions, &events, size), matched(&conditions, &events, 1000));
    }
}
