//! Every lint: a rule that it fires on and one that it does not.

use std::collections::BTreeSet;

use dragnet_plan::Severity;
use dragnet_rules::{
    Format, LINTS, LintOptions, Loader, Policy, Report, RuleSet, TextOptions, codes,
};

/// A rule that no warning is due to. `$QUERY` is its query.
const GOOD: &str = r#"[rule]
author = ["Example"]
description = "Finds a thing."
false_positives = ["None known."]
from = "now-9m"
language = "eql"
name = "Thing"
note = "Look at it."
references = ["https://example.org/thing"]
risk_score = 47
rule_id = "thing"
severity = "medium"
tags = ["Domain: Endpoint"]
type = "eql"
query = '''
$QUERY
'''
[[rule.threat]]
framework = "MITRE ATT&CK"
[rule.threat.tactic]
id = "TA0003"
name = "Persistence"
reference = "https://attack.mitre.org/tactics/TA0003/"
[[rule.threat.technique]]
id = "T1546"
name = "Event Triggered Execution"
reference = "https://attack.mitre.org/techniques/T1546/"
[[rule.threat.technique.subtechnique]]
id = "T1546.003"
name = "Windows Management Instrumentation Event Subscription"
reference = "https://attack.mitre.org/techniques/T1546/003/"
"#;

const FIELDS: &[&str] = &[
    "@timestamp",
    "dns.answers.name",
    "dns.answers.type",
    "event.action",
    "host.id",
    "process.args",
    "process.command_line",
    "process.name",
    "process.parent.name",
    "process.pid",
    "source.ip",
    "user.id",
    "user.name",
];

fn load(rules: &[String]) -> RuleSet {
    let mut loader = Loader::with_lints(LintOptions { fields: FIELDS.to_vec() });
    for (at, rule) in rules.iter().enumerate() {
        loader.text(&format!("rule{at}.toml"), Format::Toml, rule.as_bytes());
    }
    let set = loader.finish();
    assert_eq!(set.report.failed.len(), 0, "{}", set.report.to_text(TextOptions::default()));
    set
}

fn good() -> String {
    GOOD.replace("$QUERY", "process where process.name : \"a.exe\"")
}

/// The findings of rules as `code line: the text that it is about`, told apart by code.
fn found(rules: &[String]) -> Vec<(String, String)> {
    let report = load(rules).report;
    let all = report.warnings.iter().chain(&report.notes);
    all.map(|problem| (problem.code.to_owned(), problem.reason.clone())).collect()
}

/// The codes of a good rule with one thing changed.
#[track_caller]
fn changed(from: &str, to: &str, expected: &[&str]) {
    let good = good();
    assert!(good.contains(from), "{from}");
    let found = found(&[good.replacen(from, to, 1)]);
    let codes: Vec<_> = found.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, expected, "{to}: {found:?}");
}

/// The codes of a query, and the places they are about.
#[track_caller]
fn query(query: &str, expected: &[(&str, &str)]) {
    places(&GOOD.replace("$QUERY", query), expected);
}

/// The codes of a rule.
fn codes_of(rule: &str) -> Vec<String> {
    found(&[rule.to_owned()]).into_iter().map(|(code, _)| code).collect()
}

/// The codes of a rule, and the places they are about.
#[track_caller]
fn places(text: &str, expected: &[(&str, &str)]) {
    let report = load(&[text.to_owned()]).report;
    let all: Vec<_> = report.warnings.iter().chain(&report.notes).collect();
    let found: Vec<_> = all
        .iter()
        .map(|problem| {
            let line = text.lines().nth(problem.line - 1).unwrap();
            let (_, end) = problem.end();
            let width = end.saturating_sub(problem.column);
            let shown: String = line.chars().skip(problem.column - 1).take(width).collect();
            (problem.code, shown)
        })
        .collect();
    let found: Vec<_> = found.iter().map(|(code, shown)| (*code, shown.as_str())).collect();
    assert_eq!(found, expected, "{text}: {:?}", all.iter().map(|p| &p.reason).collect::<Vec<_>>());
}

#[test]
fn a_good_rule_is_left_in_peace() {
    changed("Thing", "Thing", &[]);
}

#[test]
fn schedules() {
    changed("now-9m", "now-4m", &["LINT0101"]);
    changed("from = \"now-9m\"", "from = \"now-9m\"\ninterval = \"10m\"", &["LINT0101"]);
    changed("now-9m", "now-5m", &["LINT0103"]);
    changed("from = \"now-9m\"", "from = \"now-5m\"\ntimestamp_override = \"event.ingested\"", &[]);
    changed("from", "max_signals = 1001\nfrom", &["LINT0104"]);
    changed("from", "max_signals = 1000\nfrom", &[]);
    query("sequence by host.id with maxspan=4m [any where user.id : \"a\"] [any where true]", &[]);
    query(
        "sequence by host.id with maxspan=5m [any where user.id : \"a\"] [any where true]",
        &[("LINT0102", "5m")],
    );
}

#[test]
fn what_never_or_always_holds() {
    query(
        r#"any where user.id : "a" and not user.id : ("a", "b")"#,
        &[("LINT0201", "user.id : (\"a\", \"b\")")],
    );
    query(
        r#"any where user.id == "cmd" and user.id != "cmd""#,
        &[("LINT0201", "user.id != \"cmd\"")],
    );
    query(r#"any where user.id == "cmd" and user.id == null"#, &[("LINT0201", "user.id == null")]);
    query("any where user.id == null and not user.id == null", &[("LINT0201", "user.id == null")]);
    query(
        "any where process.pid > 9 and not process.pid >= 3",
        &[("LINT0201", "process.pid >= 3")],
    );
    query(
        r#"any where user.id == "cmd" and (process.pid == 1 or user.id != "cmd")"#,
        &[("LINT0201", "user.id != \"cmd\"")],
    );
    query("any where process.pid == 1 and 1 > 2", &[("LINT0201", "1 > 2")]);
    query("any where process.pid == 1 and not true", &[("LINT0201", "true")]);
    query("any where process.pid == 1 or 1 < 2", &[("LINT0202", "1 < 2")]);
    query(
        r#"any where not user.id : "cmd" or user.id : "c*""#,
        &[("LINT0202", "user.id : \"c*\"")],
    );
    query(
        "any where length(user.id) > 2 or not length(user.id) > 2",
        &[("LINT0202", "length(user.id) > 2")],
    );
    query(
        r#"any where not (user.id : "x" and user.id == null)"#,
        &[("LINT0202", "user.id == null")],
    );
    // A field may have several values, and may be missing.
    for fine in [
        "any where true",
        r#"any where user.id : "a" and user.id : "b""#,
        r#"any where user.id == "a" and user.id != "b""#,
        r#"any where user.id != "a" or user.id != "b""#,
        "any where process.pid > 5 and process.pid < 3",
        "any where process.pid < 5 or process.pid > 3",
        r#"any where user.id : "c*" and not user.id : "cmd""#,
        r#"any where user.id == "CMD" and not user.id like "c*""#,
        r#"any where not (user.id : "a" and process.pid == 1) and user.id : "a""#,
        r#"process where event.action == "file""#,
    ] {
        query(fine, &[]);
    }
}

#[test]
fn what_adds_nothing() {
    query(
        r#"any where user.id : "cmd.exe" and user.id : "*md.exe""#,
        &[("LINT0210", "user.id : \"*md.exe\""), ("LINT0206", "\"*md.exe\"")],
    );
    query(
        r#"any where user.id : "cmd.exe" or user.id : ("cmd.exe", "x")"#,
        &[("LINT0210", "user.id : \"cmd.exe\"")],
    );
    query(
        r#"any where user.id != "a" and not user.id in ("a", "b")"#,
        &[("LINT0210", "user.id != \"a\"")],
    );
    query(r#"any where user.id : "a" and user.id != null"#, &[("LINT0210", "user.id != null")]);
    query(r#"any where process.pid > 5 and (user.id : "a" or process.pid > 6)"#, &[]);
}

#[test]
fn lists() {
    query(r#"any where user.id : ("cmd", "x", "CMD")"#, &[("LINT0203", "\"CMD\"")]);
    query(r#"any where user.id in ("cmd", "x", "cmd")"#, &[("LINT0203", "\"cmd\"")]);
    query(r#"any where user.id in ("cmd", "x", "CMD")"#, &[]);
    query(
        r#"any where user.id : ("cmd", "c*", "c?d")"#,
        &[("LINT0204", "\"cmd\""), ("LINT0204", "\"c?d\"")],
    );
    query(r#"any where user.id like ("Cmd", "c*")"#, &[]);
    query(r#"any where source.ip : ("10.0.0.1", "10.*")"#, &[("EQL0503", "source.ip")]);
    query("any where process.pid in (1, 2, 1)", &[("LINT0203", "1")]);
}

/// A good rule of another type: the lines of the table `[rule]` that say so, and its query.
fn of_type(lines: &str, query: &str) -> String {
    GOOD.replace("$QUERY", query)
        .replacen("language = \"eql\"\n", "", 1)
        .replacen("type = \"eql\"\n", lines, 1)
        .replacen("now-9m", "now-10m", 1)
}

/// The codes of a KQL query, and the places they are about.
#[track_caller]
fn kql(query: &str, expected: &[(&str, &str)]) {
    places(&of_type("type = \"query\"\n", query), expected);
}

#[test]
fn kql_lists() {
    kql("user.id: (a or \"a\" or A)", &[("LINT0203", "\"a\"")]);
    kql("user.id: (a and b and a)", &[("LINT0203", "a")]);
    kql("user.id: (cmd or c* or cmd*)", &[("LINT0204", "cmd"), ("LINT0204", "cmd*")]);
    kql("user.id: (Cmd or c* or \"*\" or ?x)", &[]);
    kql("user.id: (cmd or *)", &[("LINT0204", "cmd")]);
    kql("not user.id: (not (a or b or a))", &[("LINT0203", "a")]);
    kql("source.ip: (10.0.0.1 or 10.0.0.1)", &[("LINT0203", "10.0.0.1")]);
    // A phrase is not its words, and a pattern sees single words.
    kql("message: (a b or \"a b\" or a*)", &[]);
    kql("message: (\"a b\" or \"a b\")", &[("LINT0203", "\"a b\"")]);
    kql("user.id: (a or *x or *y)", &[("LINT0206", "*x")]);
    kql("user.id: *", &[]);
}

#[test]
fn kql_rows() {
    kql("user.id: a and not user.id: (a or b)", &[("LINT0201", "user.id: (a or b)")]);
    kql("user.id: a and not (user.name: x or user.id: a*)", &[("LINT0201", "user.id: a*")]);
    kql("user.id: a and (process.pid: 1 or not user.id: *)", &[("LINT0201", "user.id: *")]);
    kql("user.id: a or not user.id: a", &[("LINT0202", "user.id: a")]);
    kql("not user.id: a or user.id: a*", &[("LINT0202", "user.id: a*")]);
    kql("process.pid >= 5 and not process.pid >=5", &[("LINT0201", "process.pid >=5")]);
    kql("user.id: a and process.pid: 1 and user.id:\"a\"", &[("LINT0210", "user.id:\"a\"")]);
    kql("user.id: a or user.id: (b or a)", &[("LINT0210", "user.id: a")]);
    kql("not user.id: a and not user.id: (a or b)", &[("LINT0210", "user.id: a")]);
    for fine in [
        "user.id: a and user.id: b",
        "not user.id: a or not user.id: b",
        "user.id: a* and not user.id: ab",
        "user.id: a and not (user.id: a and process.pid: 1)",
        "user.id: a and not user.id: A",
        "user.id: a and not user.name: a",
        "process.pid > 5 and process.pid < 3",
        "dns.answers: { type: A and name: x } or dns.answers: { type: B }",
    ] {
        kql(fine, &[]);
    }
    kql("dns.answers: { type: A and not type: A }", &[("LINT0201", "type: A")]);
}

#[test]
fn kql_fields() {
    kql("process.comand_line: a", &[("LINT0205", "process.comand_line")]);
    kql("dns.answers: { nmae: a or name: b }", &[("LINT0205", "nmae")]);
    kql("process.vendor_thing >= 1", &[("LINT0211", "process.vendor_thing")]);
    kql("process.name.caseless: a or process.nam*: b or winlog.thing: c or free", &[]);
}

#[test]
fn thresholds() {
    let rule = |threshold: &str| {
        let lines = format!("type = \"threshold\"\nthreshold = {threshold}\n");
        codes_of(&of_type(&lines, "user.id: a"))
    };
    let none: [&str; 0] = [];
    assert_eq!(rule("{field = [], value = 1}"), ["LINT0501"]);
    assert_eq!(rule("{field = [], value = 2}"), none);
    assert_eq!(rule("{field = [\"host.id\"], value = 1}"), none);
    assert_eq!(rule("{field = [\"hots.id\"], value = 5}"), ["LINT0205"]);
    assert_eq!(rule("{field = [\"host.id\", \"host.id\"], value = 5}"), ["LINT0410"]);
    let cardinality = |field: &str, value: u8| {
        rule(&format!(
            "{{field = [\"host.id\"], value = 5, cardinality = [{{field = \"{field}\", value = {value}}}]}}"
        ))
    };
    assert_eq!(cardinality("host.id", 2), ["LINT0502"]);
    assert_eq!(cardinality("user.id", 1), ["LINT0501"]);
    assert_eq!(cardinality("user.id", 2), none);
    assert_eq!(cardinality("user.names", 2), ["LINT0205"]);
}

#[test]
fn new_terms() {
    let rule = |terms: &str, history: &str| {
        let lines = format!(
            "type = \"new_terms\"\nnew_terms_fields = [{terms}]\nhistory_window_start = \"{history}\"\n"
        );
        codes_of(&of_type(&lines, "user.id: a"))
    };
    let none: [&str; 0] = [];
    assert_eq!(rule("\"user.id\"", "now-7d"), none);
    assert_eq!(rule("\"user.id\"", "now-20m"), none);
    assert_eq!(rule("\"user.id\"", "now-19m"), ["LINT0503"]);
    assert_eq!(rule("\"usr.name\"", "now-7d"), none, "too short to be a slip");
    assert_eq!(rule("\"user.nmae\"", "now-7d"), ["LINT0205"]);
    assert_eq!(rule("\"user.id\", \"user.id\"", "now-7d"), ["LINT0410"]);
}

#[test]
fn indicators() {
    let rule = |field: &str, value: &str, query: &str| {
        let lines = format!(
            "type = \"threat_match\"\nthreat_index = [\"ti-*\"]\nthreat_query = '{query}'\n"
        );
        let mapping = format!(
            "[[rule.threat_mapping]]\n[[rule.threat_mapping.entries]]\nfield = \"{field}\"\ntype = \"mapping\"\nvalue = \"{value}\"\n"
        );
        codes_of(&format!("{}\n{mapping}", of_type(&lines, "user.id: a")))
    };
    let (none, recent): ([&str; 0], _) = ([], "@timestamp >= \"now-30d/d\"");
    assert_eq!(rule("source.ip", "threat.indicator.ip", recent), none);
    assert_eq!(rule("sorce.ip", "threat.indicator.ip", recent), ["LINT0205"]);
    assert_eq!(rule("source.ip", "own.ip", recent), ["LINT0504"]);
    assert_eq!(rule("source.ip", "threat.indicator.ip", "*:*"), ["LINT0505"]);
}

#[test]
fn fields() {
    query("any where process.comand_line : \"a\"", &[("LINT0205", "process.comand_line")]);
    query("any where proces.name : \"a\"", &[("LINT0205", "proces.name")]);
    query("any where ?process.nmae : \"a\"", &[("LINT0205", "?process.nmae")]);
    query("any where process.vendor_thing : \"a\"", &[("LINT0211", "process.vendor_thing")]);
    query("any where ?process.vendor_thing : \"a\"", &[]);
    for foreign in ["winlog.event_id", "aws.thing.name", "process.Ext.age", "own"] {
        query(&format!("any where {foreign} : \"a\""), &[]);
    }
    query(
        "sequence by process.prent.name with maxspan=1m [any where user.id : \"a\"] [any where true]",
        &[("LINT0205", "process.prent.name")],
    );
}

#[test]
fn patterns_and_sequences() {
    query("any where user.id : (\"a\", \"*x\", \"?y\")", &[("LINT0206", "\"*x\"")]);
    query("any where user.id : \"*\"", &[]);
    query("any where user.id regex \"cmd\"", &[("LINT0209", "\"cmd\"")]);
    query("any where user.id regex (\"cmd\", \"x.*\")", &[]);
    query(
        "sequence with maxspan=1m [any where user.id : \"a\"] [any where true]",
        &[("LINT0207", "sequence")],
    );
    query(
        "sequence with maxspan=1m [any where user.id : \"a\"] by user.id [any where true] by user.id",
        &[],
    );
    query(
        "sequence by host.id [any where user.id : \"a\"] [any where true]",
        &[("LINT0208", "sequence")],
    );
}

#[test]
fn attack() {
    changed("T1546.003\"", "T1546.999\"", &["LINT0306", "LINT0301"]);
    changed("\"TA0003\"", "\"TA0999\"", &["LINT0306", "LINT0301"]);
    changed("\"Persistence\"", "\"Impact\"", &["LINT0302"]);
    changed("\"Event Triggered Execution\"", "\"Event\"", &["LINT0302"]);
    changed(
        "id = \"TA0003\"\nname = \"Persistence\"\nreference = \"https://attack.mitre.org/tactics/TA0003/\"",
        "id = \"TA0040\"",
        &["LINT0303", "LINT0303"],
    );
    changed(
        "id = \"T1546.003\"\nname = \"Windows Management Instrumentation Event Subscription\"\nreference = \"https://attack.mitre.org/techniques/T1546/003/\"",
        "id = \"T1547.001\"",
        &["LINT0304"],
    );
    changed(
        "id = \"T1546.003\"\nname = \"Windows Management Instrumentation Event Subscription\"\nreference = \"https://attack.mitre.org/techniques/T1546/003/\"",
        "id = \"T1060\"",
        &["LINT0304", "LINT0305"],
    );
    changed("techniques/T1546/003/", "techniques/T1546/002/", &["LINT0306"]);
    let at = good().find("[[rule.threat]]").unwrap();
    assert_eq!(found(&[good()[..at].to_owned()])[0].0, "LINT0307");
    changed("MITRE ATT&CK\"", "Own\"", &[]);
    changed(
        "id = \"T1546.003\"",
        "id = \"T1546.001\"\nname=\"Change Default File Association\"\n[[rule.threat.technique.subtechnique]]\nid = \"T1546.003\"",
        &[],
    );
}

#[test]
fn findings_in_mappings_have_their_own_places() {
    let text = good().replacen("/T1546/003/", "/T1546/002/", 1);
    let report = load(std::slice::from_ref(&text)).report;
    let line = text.lines().position(|line| line.contains("T1546/002")).unwrap() + 1;
    assert_eq!((report.warnings[0].line, report.warnings[0].column), (line, 13));
}

#[test]
fn documents() {
    changed("risk_score = 47", "risk_score = 73", &["LINT0401"]);
    changed("false_positives", "false_positive", &["LINT0402", "LINT0405"]);
    changed("description = \"Finds a thing.\"\n", "", &["LINT0403"]);
    changed("note = \"Look at it.\"\n", "", &["LINT0404"]);
    changed("references = [\"https://example.org/thing\"]\n", "", &["LINT0406"]);
    changed("tags = [\"Domain: Endpoint\"]\n", "", &["LINT0407"]);
    changed("from", "building_block_type = \"on\"\nfrom", &["LINT0408"]);
    changed("from", "building_block_type = \"default\"\nfrom", &[]);
    changed("tags = [", "tags = [\"Domain: Endpoint\", ", &["LINT0410"]);
    changed("\"Thing\"", "\"Thing \"", &["LINT0411"]);
    let loud = good().replacen("risk_score = 47", "risk_score = 73", 1).replacen(
        "\"medium\"",
        "\"high\"",
        1,
    );
    let loud = loud.replacen("from", "building_block_type = \"default\"\nfrom", 1);
    assert_eq!(found(&[loud])[0].0, "LINT0408");
    let second = good().replacen("rule_id = \"thing\"", "rule_id = \"other\"", 1);
    let found = found(&[good(), second.replacen("a.exe", "b.exe", 1)]);
    assert_eq!(
        found[0],
        ("LINT0409".into(), "another rule of rule0.toml:1 is called `Thing`, too".into())
    );
}

#[test]
fn policies() {
    let text =
        good().replacen("risk_score = 47", "risk_score = 73", 1).replacen("note =", "setup =", 1);
    let apply = |policy: &Policy| {
        let mut report = load(std::slice::from_ref(&text)).report;
        report.apply(policy);
        let codes = |list: &[_]| Report::counts(list).into_keys().collect::<Vec<_>>();
        (codes(&report.warnings), codes(&report.notes), codes(&report.denied))
    };
    let of = |codes: &[&str]| codes.iter().map(|code| (*code).to_owned()).collect::<Vec<_>>();
    let (warning, note) = ("LINT0401", "LINT0404");
    assert_eq!(apply(&Policy::default()), (vec![warning], vec![note], vec![]));
    let strict = Policy { strict: true, ..Policy::default() };
    assert_eq!(apply(&strict), (vec![], vec![note], vec![warning]));
    let deny = Policy { deny: of(&[note]), ..Policy::default() };
    assert_eq!(apply(&deny), (vec![warning], vec![], vec![note]));
    let allow = Policy { allow: of(&[warning]), deny: of(&[warning]), strict: true };
    assert_eq!(apply(&allow), (vec![], vec![note], vec![]));
}

#[test]
fn every_lint_is_tested_here_and_every_code_is_listed() {
    let here = include_str!("lints.rs");
    for info in LINTS {
        assert!(here.contains(&format!("\"{}\"", info.code)), "{}", info.code);
    }
    let all: Vec<_> = codes().map(|code| code.code).collect();
    assert_eq!(all.iter().collect::<BTreeSet<_>>().len(), all.len());
    let of_each = ["RULE0001", "LINT0101", "EQL0401", "KQL0401", "LUC0401"];
    assert!(of_each.iter().all(|code| all.contains(code)));
    let warnings = codes().filter(|code| code.severity == Severity::Warning);
    let warnings: Vec<_> = warnings.map(|code| code.code).collect();
    assert!(["EQL0501", "KQL0501", "LUC0501"].iter().all(|code| warnings.contains(code)));
    assert!(of_each[2..].iter().all(|code| !warnings.contains(code)));
}

#[test]
fn hunting_does_not_pay_for_lints() {
    let mut loader = Loader::new();
    let text = good().replacen("risk_score = 47", "risk_score = 73", 1);
    loader.text("a.toml", Format::Toml, text.as_bytes());
    assert!(loader.finish().report.warnings.is_empty());
}
