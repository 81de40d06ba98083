//! The matcher gives what the reference evaluator gives, however the events are cut into batches.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use dragnet_engine::{Costs, Hit, Matcher, Relevance, RuleSet, reference};
use dragnet_event::{Batch, ColumnId, EventRef};
use dragnet_plan::{CompareOp, Condition, Leaf, Literal, Query};
use proptest::prelude::*;

use crate::support::{Values, append, condition, event, field, put, values};

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

/// The hits where only those columns are filled that matter to an event with its values of `a` and `b`; of `b`, more may
/// come later if `is_whole` is false.
fn narrowed(conditions: &[Condition], events: &[Values], is_whole: bool) -> Vec<(u32, u32)> {
    let rules = rule_set(conditions);
    let relevance = Relevance::new(&rules, &["a", "b"]);
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
    for (index, values) in (0..).zip(events) {
        let mut entries = Vec::new();
        batch.record(&mut entries, |batch| put(batch, values));
        let path = |column: ColumnId| rules.fields()[column.0 as usize].path();
        let mut facts = entries.clone();
        facts.retain(|entry| {
            path(entry.column()) == "a" || (is_whole && path(entry.column()) == "b")
        });
        let wanted = relevance.columns(&batch, &facts, &|column| is_whole || path(column) != "b");
        entries.retain(|entry| wanted[entry.column().0 as usize]);
        batch.replay(&entries);
        batch.end_row(EventRef { source: 0, block: 0, index });
    }
    let mut hits = Vec::new();
    let mut hit = |hit: Hit| hits.push((hit.query, hit.position.event.index));
    Matcher::new(&rules).run(&batch, &mut hit);
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
    fn what_does_not_matter_changes_no_hit(
        conditions in prop::collection::vec(condition(), 1..6),
        events in prop::collection::vec(values(), 0..40),
        is_whole in any::<bool>(),
    ) {
        prop_assert_eq!(narrowed(&conditions, &events, is_whole), expected(&conditions, &events));
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

/// A stage that cannot be satisfied wants nothing, and what it reads elsewhere is wanted for the others only.
#[test]
fn columns_matter_by_what_is_known() {
    let is = |path, value: &str| {
        let (field, value) = (field(path), Literal::Str(value.into()));
        Condition::Leaf(Leaf::Compare { field, op: CompareOp::Eq, value })
    };
    let either = Condition::Any(vec![is("a", "y"), is("b", "z")]);
    let rules = rule_set(&[
        Condition::All(vec![is("a", "x"), is("c", "1")]),
        Condition::All(vec![either, is("d", "1")]),
        Condition::All(vec![Condition::Not(Box::new(is("a", "x"))), is("e", "1")]),
    ]);
    let relevance = Relevance::new(&rules, &["a", "b"]);
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
    let mut wanted = |value: &str, is_whole: bool| {
        let mut facts = Vec::new();
        batch.record(&mut facts, |batch| dragnet_event::FieldSink::put_str(batch, "a", value));
        let wanted = relevance.columns(&batch, &facts, &|_| is_whole);
        let fields = rules.fields().iter().zip(wanted).filter(|(_, wanted)| *wanted);
        fields.map(|(field, _)| field.path().to_owned()).collect::<String>()
    };
    // Not (of `a`) is not looked into.
    assert_eq!(wanted("x", true), "ace");
    assert_eq!(wanted("y", true), "abde");
    assert_eq!(wanted("z", true), "ae");
    assert_eq!(wanted("z", false), "acbde");
}
