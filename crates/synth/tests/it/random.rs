//! Random conditions and sequences: whatever the generator claims the evaluator, the matcher and the
//! correlators must confirm.

use std::sync::Arc;

use dragnet_engine::reference;
use dragnet_plan::{Condition, Key, Leaf, Query, Sample, Sequence, Stage};
use dragnet_synth::{Case, Evaluator};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::conditions::{self, event, field, values};
use crate::reference::Reference;
use crate::support::{Log, synth};

/// Random queries of one proof: many small ones make one log, which is matched once.
const QUERIES: usize = 40;

/// A condition without what no events are made for: fields of several paths, and objects.
fn condition() -> impl Strategy<Value = Condition> {
    conditions::condition().prop_filter("fields of one path", |condition| {
        let mut is_plain = true;
        condition.for_each_leaf(&mut |leaf| {
            is_plain &= !matches!(leaf, Leaf::Nested { .. });
            leaf.for_each_field(&mut |field| is_plain &= !field.is_pattern());
        });
        is_plain
    })
}

/// A condition that is a part of a rule rather than all of a rule: some alternatives, some scripts.
fn stage(keys: usize) -> impl Strategy<Value = Stage> {
    let key = (prop::sample::select(vec!["a", "b", "k", "d.ip"]), prop::bool::weighted(0.1));
    let keys = prop::collection::vec(key, keys);
    (condition(), keys, prop::bool::weighted(0.2)).prop_map(|(condition, keys, missing)| Stage {
        condition,
        keys: keys
            .into_iter()
            .map(|(name, optional)| Key { field: Some(field(name)), optional })
            .collect(),
        missing,
        span: 0..0,
    })
}

fn sequence() -> impl Strategy<Value = Query> {
    let stages = |keys| prop::collection::vec(stage(keys), 2..5);
    let until = |keys| prop::option::weighted(0.3, stage(keys));
    let span = prop::sample::select(vec![0, 1, 5, 5000, 3_600_000]);
    (0_usize..3).prop_flat_map(move |keys| (stages(keys), until(keys), span.clone())).prop_map(
        |(mut stages, mut until, span)| {
            // At least one event must be there.
            let last = stages.len() - 1;
            stages[last].missing &= stages[..last].iter().any(|stage| !stage.missing);
            if let Some(until) = &mut until {
                until.missing = false;
            }
            Query::Sequence(Sequence { stages, maxspan_ms: Some(span), until, pipes: Vec::new() })
        },
    )
}

fn sample() -> impl Strategy<Value = Query> {
    (0_usize..3).prop_flat_map(|keys| prop::collection::vec(stage(keys), 2..4)).prop_map(
        |mut stages| {
            for stage in &mut stages {
                stage.missing = false;
            }
            Query::Sample(Sample { stages, pipes: Vec::new() })
        },
    )
}

fn query() -> impl Strategy<Value = Query> {
    let alone = condition().prop_map(|condition| Query::Event { condition, pipes: Vec::new() });
    prop_oneof![2 => alone, 2 => sequence(), 1 => sample()]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    #[test]
    fn what_is_found_holds(condition in condition()) {
        if let Ok(event) = synth("random").event(&condition) {
            prop_assert!(Reference.holds(&condition, &event), "{condition}: {event:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(40) })]

    /// By way of text, ingest, matcher and correlators.
    #[test]
    fn cases_are_what_they_claim(queries in prop::collection::vec(query(), QUERIES)) {
        let mut log = Log::default();
        let mut expected: Vec<(usize, bool, &Query, String)> = Vec::new();
        for (number, query) in queries.iter().enumerate() {
            let Ok(Case { positive, negatives, .. }) = synth("random").case(query) else { continue };
            expected.push((log.add(number, &positive), true, query, format!("{positive:?}")));
            for negative in negatives {
                let set = log.add(number, &negative.events);
                expected.push((set, false, query, format!("{negative:?}")));
            }
        }
        let findings = log.findings(queries.iter().cloned().map(Arc::new).collect());
        for (set, found, query, what) in expected {
            prop_assert_eq!(findings[set] > 0, found, "{:#?}\n{}", query, what);
        }
    }
}

/// Where a random event satisfies a random condition, the generator finds one nearly always.
#[test]
fn what_can_be_satisfied_is_found() {
    const LEAST_PERCENT: usize = 98;
    let (mut found, mut missed) = (0, Vec::new());
    let mut runner = TestRunner::deterministic();
    for _ in 0..2000 {
        let pair: (Condition, _) = (condition(), values()).new_tree(&mut runner).unwrap().current();
        if !reference::holds(&pair.0, &event(&pair.1)) {
            continue;
        }
        match synth("random").event(&pair.0) {
            Ok(_) => found += 1,
            Err(error) => missed.push(format!("{}: {error}; {:?}", pair.0, pair.1)),
        }
    }
    println!("{found} found, {} missed", missed.len());
    assert!(missed.len() * LEAST_PERCENT <= found * (100 - LEAST_PERCENT), "{missed:#?}");
    assert!(found > 500);
}
