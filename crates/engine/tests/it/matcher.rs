//! The matcher gives what the reference evaluator gives, however the events are cut into batches.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use dragnet_engine::{Costs, Matcher, RuleSet, reference};
use dragnet_event::Batch;
use dragnet_plan::{Condition, Query};
use proptest::prelude::*;

use crate::support::{Values, append, condition, event, field, values};

fn rule_set(conditions: &[Condition]) -> RuleSet {
    let queries = conditions
        .iter()
        .map(|condition| Arc::new(Query::Event { condition: condition.clone(), pipes: vec![] }))
        .collect();
    RuleSet::new(queries, None)
}

/// The hits as pairs of query and event, by way of batches of `size` events.
fn matched(conditions: &[Condition], events: &[Values], size: usize) -> Vec<(u32, u32)> {
    let rules = rule_set(conditions);
    hits(&rules, &mut Matcher::new(&rules), events, size)
}

fn hits(
    rules: &RuleSet,
    matcher: &mut Matcher<'_>,
    events: &[Values],
    size: usize,
) -> Vec<(u32, u32)> {
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
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
        // Rows of which there are many go another way than those of which there are few.
        copies in prop_oneof![9 => Just(1), 1 => Just(70)],
    ) {
        let events: Vec<Values> = std::iter::repeat_n(events, copies).flatten().collect();
        let want = expected(&conditions, &events);
        prop_assert_eq!(matched(&conditions, &events, 10_000), want);
    }

    #[test]
    fn costs_are_those_of_the_same_hits(
        conditions in prop::collection::vec(condition(), 1..6),
        events in prop::collection::vec(values(), 1..40),
        size in 1usize..50,
    ) {
        let rules = rule_set(&conditions);
        let ticks = Cell::new(0);
        let clock = move || {
            ticks.set(ticks.get() + 1);
            ticks.get()
        };
        let costs = RefCell::new(Costs::new(&rules, Box::new(clock)));
        let mut matcher = Matcher::metered(&rules, &costs);
        let want = expected(&conditions, &events);
        prop_assert_eq!(&hits(&rules, &mut matcher, &events, size), &want);
        for (query, cost) in (0..).zip(costs.borrow().queries(&rules)) {
            let hits = want.iter().filter(|hit| hit.0 == query).count() as u64;
            prop_assert_eq!(cost.hits, hits);
            let stage = cost.stages().next().expect("an event query has a stage");
            prop_assert_eq!(stage.rows_out, hits);
            prop_assert!(stage.rows_in <= events.len() as u64);
            prop_assert_eq!(stage.ticks + cost.hit_ticks, cost.ticks);
            prop_assert_eq!(cost.hit_ticks > 0, hits > 0);
            for clause in &cost.clauses {
                prop_assert!(clause.rows_out <= clause.rows_in, "{}", clause.text);
                prop_assert_eq!(clause.ticks > 0, clause.batches > 0);
            }
        }
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
