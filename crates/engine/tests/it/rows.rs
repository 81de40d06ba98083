//! Row by row, a rule set gives the hits that the matcher gives: with their keys, times and tiebreakers.

use std::sync::Arc;

use dragnet_engine::reference::RowMatcher;
use dragnet_engine::{Hit, Matcher, RuleSet};
use dragnet_event::{Batch, EventRef, FieldSink, Time};
use dragnet_plan::{Condition, Key, Query, Sample, Sequence, Stage};
use proptest::prelude::*;

use crate::support::{FIELDS, Values, append, condition, event, field, values};

/// An event and, in milliseconds, its time. That is put as text, as all readers do: a field of no type that has a date
/// for a value would equal a text that is the same time, which the matcher does not know of.
type Timed = (Option<i64>, Values);

/// Puts an event's time, and gives it.
fn put_time(time: Option<i64>, sink: &mut dyn FieldSink) -> Option<Time> {
    let time = time.map(Time::from_millis)?;
    sink.put_str("@timestamp", &time.to_string());
    Some(time)
}

fn stage(condition: &Condition, keys: &[Key]) -> Stage {
    Stage { condition: condition.clone(), keys: keys.to_vec(), missing: false, span: 0..0 }
}

/// An event query, a sequence with `until` and a sample of the same conditions.
fn queries([a, b]: &[Condition; 2], keys: &[Key]) -> Vec<Arc<Query>> {
    let stages = || vec![stage(a, keys), stage(b, keys)];
    let (until, pipes) = (Some(stage(b, keys)), Vec::new());
    let sequence = Sequence { stages: stages(), maxspan_ms: None, until, pipes };
    let sample = Sample { stages: stages(), pipes: Vec::new() };
    let event = Query::Event { condition: a.clone(), pipes: Vec::new() };
    [event, Query::Sequence(sequence), Query::Sample(sample)].map(Arc::new).to_vec()
}

/// In one order.
fn sorted(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by_cached_key(|hit| format!("{hit:?}"));
    hits
}

fn matched(rules: &RuleSet, events: &[Timed]) -> Vec<Hit> {
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
    for (index, (time, values)) in (0..).zip(events) {
        put_time(*time, &mut batch);
        append(&mut batch, index, None, values);
    }
    let mut hits = Vec::new();
    Matcher::new(rules).run(&batch, &mut |hit| hits.push(hit));
    sorted(hits)
}

fn by_row(rules: &RuleSet, events: &[Timed]) -> Vec<Hit> {
    let mut matcher = RowMatcher::new(rules);
    let mut hits = Vec::new();
    for (index, (time, values)) in (0..).zip(events) {
        let at = EventRef { source: 0, block: 0, index };
        let mut event = event(values);
        let time = put_time(*time, &mut event);
        matcher.run(&event, time, at, &mut |hit| hits.push(hit));
    }
    sorted(hits)
}

fn key() -> impl Strategy<Value = Key> {
    let field = prop::sample::select(FIELDS.to_vec()).prop_map(|name| Some(field(name)));
    (prop_oneof![9 => field, 1 => Just(None)], any::<bool>())
        .prop_map(|(field, optional)| Key { optional: optional || field.is_none(), field })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn rows_are_batches(
        conditions in [condition(), condition()],
        keys in prop::collection::vec(key(), 0..3),
        events in prop::collection::vec((prop::option::of(0i64..100), values()), 0..20),
        has_tiebreaker in any::<bool>(),
    ) {
        let tiebreaker = has_tiebreaker.then(|| field("c"));
        let rules = RuleSet::new(queries(&conditions, &keys), tiebreaker.as_ref());
        prop_assert_eq!(matched(&rules, &events), by_row(&rules, &events));
    }
}
