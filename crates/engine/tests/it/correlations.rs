//! Thresholds and new terms, held to a rule that polls; and states that are written and read back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dragnet_engine::correlate::{self, Correlator, FOREVER};
use dragnet_engine::{Evidence, Finding, Hit, JoinKey, Matcher, Position, RuleSet};
use dragnet_event::{Batch, EventRef, Time, Value};
use dragnet_plan::{
    Alternative, Cardinality, Condition, Indicator, IndicatorMatch, MappedField, NewTerms, Query,
    Sample, Schedule, Sequence, Stage, Threshold,
};
use proptest::prelude::*;

use crate::support::{append, field};

const MINUTE: i64 = 60_000;

/// An event: its minute, its group (`""`: none), the value that is counted (`""`: none).
type Event = (i64, &'static str, &'static str);

fn schedule(interval: i64, look_back: i64) -> Schedule {
    Schedule { interval_ms: interval * MINUTE, from_ms: -look_back * MINUTE, to_ms: 0 }
}

fn threshold(value: u64, cardinality: Option<u64>, schedule: Schedule) -> Query {
    let cardinality = cardinality.map(|value| Cardinality { field: field("value"), value });
    let (condition, fields) = (Condition::Const(true), vec![field("group")]);
    Query::Threshold(Threshold { condition, fields, value, cardinality, schedule })
}

fn new_terms(history: i64, schedule: Schedule) -> Query {
    let (condition, fields) = (Condition::Const(true), vec![field("group")]);
    Query::NewTerms(NewTerms { condition, fields, history_ms: -history * MINUTE, schedule })
}

/// The hits of a query, in the order in which correlators take them.
fn hits(query: &Arc<Query>, events: &[Event]) -> Vec<Hit> {
    let rules = RuleSet::new(vec![query.clone()], None);
    let mut batch = Batch::new(rules.fields(), &field("@timestamp"));
    for (index, (minute, group, value)) in events.iter().enumerate() {
        let pairs = [("group", group), ("value", value)];
        let values = pairs.into_iter().filter(|(_, text)| !text.is_empty());
        let values = values.map(|(path, text)| (path, Value::Str((*text).into()))).collect();
        append(&mut batch, index as u32, Some(minute * MINUTE), &values);
    }
    let mut hits = Vec::new();
    Matcher::new(&rules).run(&batch, &mut |hit| hits.push(hit));
    correlate::sort(&mut hits, rules.queries());
    hits
}

fn run(query: Query, events: &[Event]) -> Vec<Finding> {
    let query = Arc::new(query);
    correlate::all(hits(&query, events), &[query], 1)
}

fn minute(time: Time) -> i64 {
    time.millis() / MINUTE
}

/// A finding of a threshold: execution, group, count, distinct values.
type CountedAt = (i64, String, u64, Option<u64>);

fn counted(findings: &[Finding]) -> Vec<CountedAt> {
    let one = |finding: &Finding| {
        let Evidence::Threshold(counted) = &finding.evidence else { panic!("{finding:?}") };
        let group = finding.key.values().iter().flatten().map(|v| v.text().into_owned()).collect();
        (minute(counted.execution), group, counted.count, counted.cardinality)
    };
    let mut all: Vec<_> = findings.iter().map(one).collect();
    all.sort();
    all
}

#[track_caller]
fn check_counted(query: Query, events: &[Event], expected: &[(i64, &str, u64, Option<u64>)]) {
    let expected: Vec<CountedAt> =
        expected.iter().map(|(at, group, n, c)| (*at, (*group).to_owned(), *n, *c)).collect();
    assert_eq!(counted(&run(query, events)), expected);
}

#[test]
fn a_group_is_counted_within_the_window_of_an_execution() {
    let query = || threshold(3, None, schedule(5, 9));
    let events = [(1, "a", ""), (2, "a", ""), (3, "b", ""), (4, "a", "")];
    check_counted(query(), &events, &[(5, "a", 3, None)]);
    // Over two executions, by the overlap of their windows: (1, 10] holds the minutes 2, 7 and 10.
    let events = [(2, "a", ""), (7, "a", ""), (10, "a", "")];
    check_counted(query(), &events, &[(10, "a", 3, None)]);
    // The window does not hold its first moment.
    let events = [(1, "a", ""), (7, "a", ""), (10, "a", "")];
    check_counted(query(), &events, &[]);
}

#[test]
fn what_was_counted_for_an_alert_is_not_counted_again() {
    let query = || threshold(2, None, schedule(5, 9));
    let events = [(4, "a", ""), (5, "a", ""), (6, "a", "")];
    check_counted(query(), &events, &[(5, "a", 2, None)]);
    let events = [(4, "a", ""), (5, "a", ""), (6, "a", ""), (7, "a", "")];
    check_counted(query(), &events, &[(5, "a", 2, None), (10, "a", 2, None)]);
}

#[test]
fn distinct_values_are_counted_exactly() {
    let query = || threshold(3, Some(2), schedule(5, 5));
    check_counted(query(), &[(1, "a", "x"), (1, "a", "x"), (2, "a", "x")], &[]);
    let events = [(1, "a", "x"), (1, "a", ""), (2, "a", "y")];
    check_counted(query(), &events, &[(5, "a", 3, Some(2))]);
    check_counted(query(), &[(1, "", "x"), (1, "", "y"), (2, "", "z")], &[]);
}

#[test]
fn without_fields_all_events_are_one_group() {
    let (condition, fields) = (Condition::Const(true), vec![]);
    let schedule = schedule(5, 5);
    let all = Threshold { condition, fields, value: 2, cardinality: None, schedule };
    check_counted(Query::Threshold(all), &[(1, "a", ""), (2, "", "")], &[(5, "", 2, None)]);
}

/// A finding of new terms: execution, the event's number.
fn first_seen(findings: &[Finding]) -> Vec<(i64, u32)> {
    let one = |finding: &Finding| {
        let Evidence::NewTerms { execution } = finding.evidence else { panic!("{finding:?}") };
        (minute(execution), finding.last().unwrap().event.index)
    };
    let mut all: Vec<_> = findings.iter().map(one).collect();
    all.sort_unstable();
    all
}

#[test]
fn a_term_is_new_if_its_history_does_not_hold_it() {
    let query = || new_terms(60, schedule(5, 9));
    let events = [(1, "a", ""), (2, "a", ""), (3, "b", ""), (30, "a", ""), (200, "b", "")];
    assert_eq!(first_seen(&run(query(), &events)), [(5, 0), (5, 2), (200, 4)]);
    assert_eq!(first_seen(&run(query(), &[(1, "", "")])), []);
}

/// What a rule that polls would find: every execution looks at its whole window.
fn polled_counts(
    value: u64,
    distinct: Option<u64>,
    s: Schedule,
    events: &[Event],
) -> Vec<CountedAt> {
    let mut found = Vec::new();
    let mut counted_to: BTreeMap<&str, i64> = BTreeMap::new();
    let groups: BTreeSet<&str> = events.iter().map(|e| e.1).filter(|g| !g.is_empty()).collect();
    for execution in (0..200).step_by((s.interval_ms / MINUTE) as usize) {
        for group in &groups {
            let after = counted_to.get(group).copied();
            let within = |e: &&Event| {
                let from = execution + s.from_ms / MINUTE;
                e.1 == *group && e.0 > from && e.0 <= execution && after.is_none_or(|a| e.0 > a)
            };
            let window: Vec<&Event> = events.iter().filter(within).collect();
            let values: BTreeSet<&str> =
                window.iter().map(|e| e.2).filter(|v| !v.is_empty()).collect();
            let cardinality = distinct.map(|_| values.len() as u64);
            if window.len() as u64 >= value && cardinality >= distinct {
                found.push((execution, (*group).to_owned(), window.len() as u64, cardinality));
                counted_to.insert(group, window.iter().map(|e| e.0).max().unwrap());
            }
        }
    }
    found
}

/// The same of new terms: the first event of each term that the history lacks; found again, it is the same alert.
fn polled_terms(history: i64, s: Schedule, events: &[Event]) -> Vec<(i64, u32)> {
    let mut found: BTreeMap<u32, i64> = BTreeMap::new();
    let terms: BTreeSet<&str> = events.iter().map(|e| e.1).filter(|g| !g.is_empty()).collect();
    for execution in (0..400).step_by((s.interval_ms / MINUTE) as usize) {
        for term in &terms {
            let from = execution + s.from_ms / MINUTE;
            let own = || events.iter().enumerate().filter(|(_, e)| e.1 == *term);
            let known = own().any(|(_, e)| e.0 > execution - history && e.0 <= from);
            let first = own().filter(|(_, e)| e.0 > from && e.0 <= execution);
            if let (false, Some((number, _))) = (known, first.min_by_key(|(n, e)| (e.0, *n))) {
                found.entry(number as u32).or_insert(execution);
            }
        }
    }
    let mut all: Vec<_> = found.into_iter().map(|(event, execution)| (execution, event)).collect();
    all.sort_unstable();
    all
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let group = prop::sample::select(vec!["a", "b", ""]);
    let value = prop::sample::select(vec!["x", "y", "z", ""]);
    prop::collection::vec((0i64..100, group, value), 0..40)
}

/// Every kind of query that has a state, over the same fields.
fn stateful() -> impl Strategy<Value = Query> {
    let stage = |missing| Stage {
        condition: Condition::Const(true),
        keys: vec![dragnet_plan::Key { field: Some(field("group")), optional: false }],
        missing,
        span: 0..0,
    };
    let of_value = move |text: &'static str, missing| {
        let value = dragnet_plan::Literal::Str(text.into());
        let op = dragnet_plan::CompareOp::Eq;
        let leaf = dragnet_plan::Leaf::Compare { field: field("value"), op, value };
        Stage { condition: Condition::Leaf(leaf), ..stage(missing) }
    };
    let sequence = move |last_missing| {
        let stages = vec![of_value("x", false), of_value("y", false), of_value("z", last_missing)];
        let until = Some(of_value("z", false)).filter(|_| !last_missing);
        Query::Sequence(Sequence { stages, maxspan_ms: Some(20 * MINUTE), until, pipes: vec![] })
    };
    let sample = Query::Sample(Sample {
        stages: vec![of_value("x", false), of_value("y", false)],
        pipes: vec![],
    });
    prop_oneof![
        any::<bool>().prop_map(sequence),
        Just(sample),
        (1u64..4, prop::option::of(1u64..3)).prop_map(|(n, c)| threshold(n, c, schedule(5, 9))),
        Just(new_terms(30, schedule(5, 9))),
        Just(indicators()),
    ]
}

/// Looks for groups and values of two indicators.
fn indicators() -> Query {
    let indicator = |id: &str, group: &str, value: &str| {
        let mut document = dragnet_event::Document::new();
        document.set("threat.group", group.into());
        document.set("threat.value", value.into());
        Indicator { id: id.into(), index: "feed".into(), document }
    };
    let all: Arc<[Indicator]> = [indicator("1", "a", "x"), indicator("2", "b", "y")].into();
    let entry = |path: &str| MappedField { field: field(path), path: format!("threat.{path}") };
    let alternatives = vec![
        Alternative::new(vec![entry("group"), entry("value")], &all),
        Alternative::new(vec![entry("value")], &all[1..]),
    ];
    let (condition, fields) = (Condition::Const(true), vec![field("group"), field("value")]);
    Query::IndicatorMatch(IndicatorMatch { condition, fields, alternatives, indicators: all })
}

#[test]
fn all_entries_of_an_alternative_are_of_one_indicator() {
    let events = [(1, "a", "x"), (2, "b", "x"), (3, "a", "y"), (4, "", "x")];
    let found = run(indicators(), &events);
    let numbers: Vec<u32> = found.iter().map(|f| f.last().unwrap().event.index).collect();
    assert_eq!(numbers, [0, 2]);
    let Evidence::Indicators(matched) = &found[0].evidence else { panic!("{found:?}") };
    let fields: Vec<(&str, &str)> = matched.iter().map(|m| (&*m.field, &*m.value)).collect();
    assert_eq!(fields, [("group", "a"), ("value", "x")]);
}

/// Runs a correlator over hits, and after each of these numbers of hits writes its state and goes on from what
/// is read back.
fn run_in_parts(query: &Arc<Query>, hits: &[Hit], cuts: &BTreeSet<usize>) -> Vec<Finding> {
    let mut correlator = Correlator::new(0, query, 1);
    let mut found = Vec::new();
    for (n, hit) in hits.iter().enumerate() {
        if cuts.contains(&n) {
            let written = serde_json::to_string(&correlator).unwrap();
            let read: Correlator = serde_json::from_str(&written).unwrap();
            correlator = read.resume(0, query).unwrap();
        }
        correlator.push(hit.clone(), &mut found);
    }
    correlator.advance(FOREVER, &mut found);
    found
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn thresholds_are_those_of_a_rule_that_polls(
        events in events(), value in 1u64..5, distinct in prop::option::of(1u64..4),
        interval in 1i64..12, look_back in 1i64..30,
    ) {
        let s = schedule(interval, look_back);
        let got = counted(&run(threshold(value, distinct, s), &events));
        prop_assert_eq!(got, polled_counts(value, distinct, s, &events));
    }

    #[test]
    fn new_terms_are_those_of_a_rule_that_polls(
        events in events(), interval in 1i64..12, look_back in 1i64..20, more in 1i64..60,
    ) {
        // A rule looks at least as far back as its interval; else there are moments that it never sees.
        let s = schedule(interval, look_back.max(interval));
        let history = look_back.max(interval) + more;
        let got = first_seen(&run(new_terms(history, s), &events));
        prop_assert_eq!(got, polled_terms(history, s, &events));
    }

    #[test]
    fn the_order_of_reading_does_not_count(events in events(), query in stateful(), turn in 0usize..40) {
        // Samples choose by the order of reading, as Elasticsearch does. Of events at one time that order counts
        // too, so there are none.
        prop_assume!(!matches!(query, Query::Sample(_)));
        let mut events = events;
        events.iter_mut().enumerate().for_each(|(n, e)| e.0 = n as i64 * 3);
        let identity = |f: &Finding| {
            let times: Vec<_> = f.events.iter().map(|e| e.as_ref().map(|e| e.time)).collect();
            (times, f.key.clone(), f.evidence.clone())
        };
        let before: Vec<_> = run(query.clone(), &events).iter().map(identity).collect();
        let count = events.len().max(1);
        events.rotate_left(turn % count);
        let after: Vec<_> = run(query, &events).iter().map(identity).collect();
        prop_assert_eq!(before, after);
    }

    #[test]
    fn a_run_that_is_cut_goes_on_as_if_it_were_not(
        events in events(), query in stateful(), cuts in prop::collection::btree_set(0usize..40, 0..5),
    ) {
        let query = Arc::new(query);
        let hits = hits(&query, &events);
        let whole = run_in_parts(&query, &hits, &BTreeSet::new());
        prop_assert_eq!(run_in_parts(&query, &hits, &cuts), whole);
    }
}

#[test]
fn a_state_is_not_resumed_for_a_query_of_another_kind() {
    let query = Arc::new(threshold(1, None, schedule(5, 9)));
    let other = Arc::new(new_terms(30, schedule(5, 9)));
    assert!(Correlator::new(0, &query, 1).resume(0, &other).is_none());
    assert!(Correlator::new(0, &query, 1).resume(3, &query).is_some());
}

#[test]
fn groups_and_terms_whose_time_is_over_are_forgotten() {
    let position = |n: i64| {
        let time = Some(Time::from_millis(n * MINUTE));
        let event = EventRef { source: 0, block: 0, index: n as u32 };
        Position { time, window: time, tiebreak: None, event }
    };
    for query in [threshold(9, None, schedule(5, 9)), new_terms(30, schedule(5, 9))] {
        let query = Arc::new(query);
        let mut correlator = Correlator::new(0, &query, 1);
        let mut found = Vec::new();
        for n in 0..5000 {
            let key = JoinKey::new(vec![Some(Value::Long(n))]);
            let hit = Hit { query: 0, stage: 0, key, position: position(n) };
            correlator.push(hit, &mut found);
        }
        let size = serde_json::to_string(&correlator).unwrap().len();
        assert!(size < 400_000, "{size} bytes after 5,000 keys, one a minute");
    }
}
