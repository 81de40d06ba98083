//! Sequences and samples: pinned behaviour, and a state machine written another way.

use std::sync::Arc;

use dragnet_engine::{Hits, Matcher, RuleSet, correlate};
use dragnet_event::{Batch, Value};
use dragnet_plan::{CompareOp, Condition, Key, Leaf, Literal, Query, Sequence, Stage};
use proptest::prelude::*;

use crate::support::{append, field};

/// An event: time in milliseconds, kind (what stages ask for), key (`""`: none).
type Event = (i64, &'static str, &'static str);

/// A stage that takes events of this kind; `!` in front: must be missing.
fn stage(text: &str) -> Stage {
    let missing = text.starts_with('!');
    let value = Literal::Str(text.trim_start_matches('!').into());
    Stage {
        condition: Condition::Leaf(Leaf::Compare {
            field: field("kind"),
            op: CompareOp::Eq,
            value,
        }),
        keys: vec![Key { field: Some(field("key")), optional: false }],
        missing,
        span: 0..0,
    }
}

fn sequence(stages: &str, until: Option<&str>, maxspan_ms: Option<i64>) -> Sequence {
    let stages = stages.split(' ').map(stage).collect();
    Sequence { stages, maxspan_ms, until: until.map(stage), pipes: vec![] }
}

/// Runs a sequence; gives each finding as the indices of its events, `-1` for missing ones.
fn run(sequence: Sequence, events: &[Event], batch_size: usize) -> Vec<Vec<i64>> {
    let queries = vec![Arc::new(Query::Sequence(sequence))];
    let rules = RuleSet::new(queries.clone(), None);
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
    let mut matcher = Matcher::new(&rules);
    let mut hits = Vec::new();
    let numbered: Vec<(usize, &Event)> = events.iter().enumerate().collect();
    for part in numbered.chunks(batch_size) {
        batch.clear();
        for (index, (time, kind, key)) in part {
            let mut values = vec![("kind", Value::Str((*kind).into()))];
            if !key.is_empty() {
                values.push(("key", Value::Str((*key).into())));
            }
            append(&mut batch, *index as u32, Some(*time), &values);
        }
        matcher.run(&batch, &mut |hit| hits.push(hit));
    }
    let index = |event: &Option<dragnet_engine::Position>| {
        event.as_ref().map_or(-1, |position| i64::from(position.event.index))
    };
    // What is dropped must not matter.
    let mut hits = Hits::pack(hits);
    correlate::drop_hopeless(&mut hits, &queries);
    correlate::run(&hits, &queries, 1)
        .findings
        .iter()
        .map(|finding| finding.events.iter().map(index).collect())
        .collect()
}

#[track_caller]
fn check(sequence: Sequence, events: &[Event], expected: &[&[i64]]) {
    assert_eq!(run(sequence, events, 1000), expected);
}

#[test]
fn hits_of_which_nothing_comes_are_dropped() {
    let dropped = |stages: &str, kinds: &[&'static str]| {
        let query = Arc::new(Query::Sequence(sequence(stages, None, Some(1000))));
        let rules = RuleSet::new(vec![query], None);
        let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
        for (index, kind) in (0..).zip(kinds) {
            let values = vec![("kind", Value::Str((*kind).into())), ("key", Value::Str(K.into()))];
            append(&mut batch, index, Some(i64::from(index)), &values);
        }
        let mut hits = Vec::new();
        Matcher::new(&rules).run(&batch, &mut |hit| hits.push(hit));
        let before = hits.len();
        let mut hits = Hits::pack(hits);
        correlate::drop_hopeless(&mut hits, rules.queries());
        before - hits.len()
    };
    assert_eq!(dropped("a b", &["b", "b", "b"]), 3);
    assert_eq!(dropped("a b", &["a", "a"]), 2);
    // In whatever order: the order is that of times.
    assert_eq!(dropped("a b", &["b", "a"]), 0);
    assert_eq!(dropped("a !b", &["a"]), 0);
    assert_eq!(dropped("a !b", &["b", "b"]), 2);
}

const K: &str = "k";

#[test]
fn one_event_never_fills_two_stages_but_may_end_one_sequence_and_begin_another() {
    let events = [(1, "a", K), (2, "a", K), (3, "a", K)];
    check(sequence("a a", None, None), &events, &[&[0, 1], &[1, 2]]);
}

#[test]
fn a_newer_first_event_replaces_the_waiting_one() {
    check(sequence("a b", None, None), &[(1, "a", K), (2, "a", K), (3, "b", K)], &[&[1, 2]]);
}

#[test]
fn maxspan_is_inclusive_and_a_dropped_partial_revives_nothing() {
    let events = [(0, "a", K), (1000, "b", K)];
    check(sequence("a b", None, Some(1000)), &events, &[&[0, 1]]);
    check(sequence("a b", None, Some(999)), &events, &[]);
    let events = [(0, "a", K), (2000, "b", K), (2000, "b", K)];
    check(sequence("a b", None, Some(1000)), &events, &[]);
}

#[test]
fn events_without_the_key_take_no_part() {
    check(sequence("a b", None, None), &[(1, "a", ""), (2, "b", "")], &[]);
    check(sequence("a b", None, None), &[(1, "a", "p"), (2, "b", "q")], &[]);
}

#[test]
fn until_ends_what_waits_but_not_what_its_own_event_completes() {
    let events = [(1, "a", K), (2, "u", K), (3, "b", K)];
    check(sequence("a b", Some("u"), None), &events, &[]);
    check(sequence("a b", Some("b"), None), &[(1, "a", K), (2, "b", K)], &[&[0, 1]]);
    // An until that is the event of an earlier stage ends the partial that it has just begun.
    check(sequence("a b", Some("a"), None), &[(1, "a", K), (2, "b", K)], &[]);
    let events = [(1, "u", K), (2, "a", K), (3, "b", K)];
    check(sequence("a b", Some("u"), None), &events, &[&[1, 2]]);
}

#[test]
fn a_missing_event_in_between() {
    let events = [(1, "a", K), (2, "m", K), (3, "b", K)];
    check(sequence("a !m b", None, Some(1000)), &events, &[]);
    let events = [(1, "m", K), (2, "a", K), (3, "b", K), (4, "m", K)];
    check(sequence("a !m b", None, Some(1000)), &events, &[&[1, -1, 2]]);
    let events = [(1, "a", K), (2, "m", "other"), (3, "b", K)];
    check(sequence("a !m b", None, Some(1000)), &events, &[&[0, -1, 2]]);
}

#[test]
fn a_missing_event_at_the_end_waits_for_maxspan() {
    let after = |ms| [(0, "a", K), (10, "b", K), (ms, "m", K)];
    check(sequence("a b !m", None, Some(1000)), &after(1000), &[]);
    check(sequence("a b !m", None, Some(1000)), &after(1001), &[&[0, 1, -1]]);
}

#[test]
fn a_missing_event_at_the_start_looks_back_by_maxspan_from_the_last() {
    let before = |ms| [(ms, "m", K), (2000, "a", K), (2010, "b", K)];
    check(sequence("!m a b", None, Some(1000)), &before(1010), &[]);
    check(sequence("!m a b", None, Some(1000)), &before(1009), &[&[-1, 1, 2]]);
}

#[test]
fn of_missing_events_at_both_ends_one_alone_is_tolerated() {
    let only_before = [(0, "m", K), (100, "a", K)];
    check(sequence("!m a !m", None, Some(1000)), &only_before, &[&[-1, 1, -1]]);
    let only_after = [(0, "a", K), (100, "m", K)];
    check(sequence("!m a !m", None, Some(1000)), &only_after, &[&[-1, 0, -1]]);
    let both = |ms| [(0, "m", K), (100, "a", K), (ms, "m", K)];
    check(sequence("!m a !m", None, Some(1000)), &both(1000), &[]);
    check(sequence("!m a !m", None, Some(1000)), &both(1001), &[&[-1, 1, -1]]);
}

#[test]
fn findings_are_ordered_by_completion() {
    let events = [(1, "a", "p"), (2, "a", "q"), (3, "b", "q"), (4, "b", "p")];
    check(sequence("a b", None, None), &events, &[&[1, 2], &[0, 3]]);
}

/// The state machine of the specification once more, for one key, no missing stages, over a list.
fn naive(
    stages: &[&str],
    until: Option<&str>,
    maxspan: Option<i64>,
    events: &[Event],
) -> Vec<Vec<i64>> {
    let mut order: Vec<usize> = (0..events.len()).collect();
    order.sort_by_key(|i| (events[*i].0, *i));
    let mut waiting: Vec<Option<Vec<usize>>> = vec![None; stages.len()];
    let mut found = Vec::new();
    for (place, &i) in order.iter().enumerate() {
        for n in (0..stages.len()).rev().filter(|n| stages[*n] == events[i].1) {
            let mut partial = match n {
                0 => vec![],
                _ => match waiting[n].take() {
                    Some(partial) => partial,
                    None => continue,
                },
            };
            if let (Some(&first), Some(&last)) = (partial.first(), partial.last()) {
                let late = maxspan.is_some_and(|span| events[i].0 - events[first].0 > span);
                let since = order.iter().position(|o| *o == last).unwrap();
                let ended = order[since..place].iter().any(|o| Some(events[*o].1) == until);
                if late || ended {
                    continue;
                }
            }
            partial.push(i);
            if partial.len() == stages.len() {
                found.push(partial.iter().map(|i| *i as i64).collect());
            } else {
                waiting[n + 1] = Some(partial);
            }
        }
    }
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

    #[test]
    fn correlator_is_the_state_machine_whatever_the_order_of_reading(
        stages in prop::collection::vec(prop::sample::select(vec!["a", "b"]), 2..4),
        until in prop::option::of(prop::sample::select(vec!["a", "u"])),
        maxspan in prop::option::of(0i64..12),
        kinds in prop::collection::vec(prop::sample::select(vec!["a", "b", "u"]), 0..25),
        rotation in 0usize..25,
        batch_size in 1usize..30,
    ) {
        // Distinct times: among equal ones the order of reading counts, and it is what changes.
        let mut events: Vec<Event> =
            kinds.iter().enumerate().map(|(i, kind)| (i as i64 * 2, *kind, K)).collect();
        let count = events.len().max(1);
        events.rotate_left(rotation % count);
        let want = naive(&stages, until, maxspan, &events);
        let got = run(sequence(&stages.join(" "), until, maxspan), &events, batch_size);
        prop_assert_eq!(got, want);
    }
}
