//! Queries written for these tests: what is made for them, and what cannot be.

use std::collections::BTreeSet;
use std::sync::Arc;

use dragnet_eql::{Options, compile};
use dragnet_event::Schema;
use dragnet_plan::Query;

use crate::support::{Log, synth};

fn query(text: &str) -> Query {
    let options = Options { schema: &Schema::open(), category_field: "event.category" };
    let (query, diagnostics) = compile(text, &options);
    query.unwrap_or_else(|| panic!("{diagnostics:?}"))
}

/// Makes the case of a query, and holds it to the engine. `kinds`: the kinds of its defects, by alphabet.
#[track_caller]
fn check(text: &str, kinds: &[&str], unbroken: usize) {
    check_query(text, query(text), kinds, unbroken);
}

#[track_caller]
fn check_query(text: &str, query: Query, kinds: &[&str], unbroken: usize) {
    let case = synth("own").case(&query).unwrap();
    let mut log = Log::default();
    let positive = log.add(0, &case.positive);
    let negatives: Vec<usize> = case.negatives.iter().map(|n| log.add(0, &n.events)).collect();
    let findings = log.findings(vec![Arc::new(query)]);
    assert!(findings[positive] > 0, "{text}: nothing in {:?}", case.positive);
    for (at, negative) in negatives.iter().zip(&case.negatives) {
        assert_eq!(findings[*at], negative.defect.findings(), "{text}: {negative:?}");
    }
    let made: BTreeSet<&str> = case.negatives.iter().map(|n| n.defect.kind()).collect();
    assert_eq!(made.into_iter().collect::<Vec<_>>(), kinds, "{text}");
    assert_eq!(case.unbroken.len(), unbroken, "{text}: {:?}", case.unbroken);
}

const CLAUSE: &str = "clause broken";
const KEY: &str = "key differs";
const LATE: &str = "too late";
const ORDER: &str = "order swapped";
const PRESENT: &str = "missing event present";
const UNTIL: &str = "until between";

#[test]
fn events() {
    for text in [
        r#"process where process.name : ("crane*.exe", "winch?.exe") and not process.args : "--dry""#,
        r#"any where quay.path : "*\\berth\\*" and quay.path : "*.log" and quay.path regex~ "[c-z]:.+""#,
        r#"any where quay.tags : "a*" and quay.tags : "b" and not quay.tags : "ab*""#,
        r"any where quay.depth > 7 and quay.depth <= 8.5 and quay.open == true",
        r#"any where cidrMatch(source.ip, "192.168.7.0/24", "fe80::/10") and source.ip != "192.168.7.7""#,
        r#"any where length(ship.name) > 200 and startsWith~(ship.name, "dora")"#,
        r#"any where endsWith(concat(ship.name, ".", ship.port), substring(ship.flag, 1))"#,
        r"any where ship.crew * 2 + 1 == 15 or number(ship.id, 16) == 255",
        r#"any where ship.mast == null and stringContains(ship.route, ship.port) and ship.port : "b*""#,
        r#"any where not startsWith~(ship.name, ship.port) and ship.name : "dor*" and ship.port : "dor*""#,
        r#"any where between(ship.log, "<", ">") == "moored" and indexOf(ship.log, "<") == 0"#,
        r"any where (a == 1 or b == 2) and (a != 1 or c == 3) and (b != 2 or c == 4) and not c == 3",
    ] {
        check(text, &[CLAUSE], 0);
    }
}

#[test]
fn sequences() {
    let stages = r#"[any where a == 1 and b : "x*"] [any where a == 2]"#;
    check(&format!("sequence {stages}"), &[CLAUSE, ORDER], 0);
    check(&format!("sequence by ship with maxspan=1s {stages}"), &[CLAUSE, KEY, ORDER, LATE], 0);
    check(
        &format!("sequence by ship with maxspan=1s {stages} until [any where c == 3]"),
        &[CLAUSE, KEY, ORDER, LATE, UNTIL],
        0,
    );
    check(
        r#"sequence with maxspan=1m [any where a == 1] by ship.id [any where a == 2 and fleet.id : "f*"] by fleet.id"#,
        &[CLAUSE, KEY, ORDER, LATE],
        0,
    );
    check(
        r"sequence by ship with maxspan=1m [any where a == 1] ![any where a == 2] [any where a == 3]",
        &[CLAUSE, KEY, PRESENT, ORDER, LATE],
        0,
    );
    check(
        r"sequence by ship with maxspan=1m ![any where a == 1] [any where a == 2] [any where a == 3] ![any where a == 4]",
        &[CLAUSE, KEY, PRESENT, ORDER, LATE],
        0,
    );
    // Equal stages cannot be swapped.
    check(
        r"sequence by ship with maxspan=1m [any where a == 1] with runs=5",
        &[CLAUSE, KEY, LATE],
        1,
    );
}

#[test]
fn samples() {
    check("sample by ship [any where a == 1] [any where b == 2 and a != 1]", &[CLAUSE, KEY], 0);
    // With `a` broken the one event stands for the other.
    check("sample by ship [any where b == 2] [any where b == 2]", &[CLAUSE, KEY], 0);
}

#[test]
fn what_cannot_be_is_named() {
    #[track_caller]
    fn check(text: &str, reason: &str, clause: &str) {
        let error = synth("own").case(&query(text)).unwrap_err();
        assert!(error.reason.contains(reason), "{error}");
        assert!(error.clause.contains(clause), "{error}");
    }
    check(
        r#"any where ship.name == "Dora" and not ship.name : "d*""#,
        "no value of `ship.name`",
        r#"ship.name == "Dora" and not (ship.name : "d*")"#,
    );
    check(
        r#"sequence by ship [any where a == 1] [any where not ship : "*"]"#,
        "no value for join key 1",
        r#"not (ship : "*")"#,
    );
    check(
        r#"any where a == 1 and (b == 2 and b == null or c : "x" and c == null)"#,
        "no value of `",
        "not (",
    );
    check("any where length(concat(a, b)) < 0", "no values were found", "length");
}

#[test]
fn the_same_at_every_call() {
    let text = r#"sequence by ship with maxspan=1m [any where a : "x*"] [any where b > 7]"#;
    let make = || format!("{:?}", synth("own").case(&query(text)).unwrap());
    assert_eq!(make(), make());
}

/// The query of a rule of this type.
fn of_type(rule_type: &str, rest: &str) -> Query {
    let text = format!(
        "[rule]\nname = 'Quay'\nrule_id = 'quay'\nlanguage = 'kuery'\nseverity = 'low'\nrisk_score = 21\n\
         query = 'crane.load > 5 and quay.name: b*'\ntype = '{rule_type}'\n{rest}"
    );
    let mut loader = dragnet_rules::Loader::new();
    loader.text("quay.toml", dragnet_rules::Format::Toml, text.as_bytes());
    let set = loader.finish();
    set.rules.into_iter().next().unwrap_or_else(|| panic!("{:?}", set.report.failed)).query
}

#[test]
fn groups_and_new_values() {
    let threshold = "[rule.threshold]\nfield = ['quay.name', 'ship.ip']\nvalue = 4\n";
    let query = of_type("threshold", threshold);
    check_query(threshold, query, &[CLAUSE, KEY, "one event too few"], 0);
    let counted = "[rule.threshold]\nfield = []\nvalue = 1\n\
                   [[rule.threshold.cardinality]]\nfield = 'quay.name'\nvalue = 30\n";
    check_query(counted, of_type("threshold", counted), &[CLAUSE, "too few values"], 0);
    let new = "[rule.new_terms]\nfield = 'new_terms_fields'\nvalue = ['quay.name', 'crane.load']\n\
               [[rule.new_terms.history_window_start]]\nfield = 'history_window_start'\nvalue = 'now-7d'\n";
    check_query(new, of_type("new_terms", new), &[CLAUSE, "known before"], 0);
}
