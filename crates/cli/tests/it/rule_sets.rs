//! `dragnet rules list`, `convert`, `diff` and `coverage`, and pages for browsers.

use std::fs;
use std::path::{Path, PathBuf};

use dragnet_rules::{Document, documents};
use dragnet_test_support::corpora;
use serde_json::{Value as Json, json};
use tempfile::tempdir;

use crate::support::{Run, dragnet, example};

const CONSUMER: &str = "WMI Subscription Bound to an Executing Consumer";

fn json_of(run: &Run) -> Json {
    serde_json::from_str(&run.out).unwrap_or_else(|why| panic!("{why}: {}\n{}", run.out, run.err))
}

/// The names of the example's rules that are listed with these options.
fn names(options: &str) -> Vec<String> {
    let run = dragnet(&format!("rules list --format json {options}"), &[&example("rules")]);
    assert_eq!(run.status, 0, "{}", run.err);
    let rules = json_of(&run);
    rules.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_list_for_people_and_for_programs() {
    let rules = example("rules");
    let run = dragnet("rules list", &[&rules]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let lines: Vec<&str> = run.out.lines().collect();
    assert!(lines[0].starts_with("SEVERITY  RISK  TYPE              NAME"), "{}", run.out);
    let name = lines[0].find("NAME").unwrap();
    assert!(lines[1..5].iter().any(|line| line[name..].starts_with(CONSUMER)), "{}", run.out);
    assert!(run.out.contains("\n\n4 rules\n"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'));

    let run = dragnet("rules list --format csv", &[&rules]);
    let mut csv = csv::Reader::from_reader(run.out.as_bytes());
    assert_eq!(&csv.headers().unwrap()[4], "name");
    assert_eq!(csv.records().map(Result::unwrap).filter(|row| &row[4] == CONSUMER).count(), 1);
}

#[test]
fn filters() {
    assert_eq!(names("").len(), 4);
    assert_eq!(names("--type eql").len(), 4);
    assert_eq!(names("--type threshold"), [""; 0]);
    let high = names("--severity high");
    assert!(!high.is_empty() && high.len() < 4);
    assert_eq!(
        names("--severity critical --severity high --severity medium --severity low").len(),
        4
    );
    for one in [
        "--technique t1546.003 --text executing",
        "--technique T1546 --tactic persistence --text executing",
        "--tactic TA0003 --text executing",
    ] {
        assert_eq!(names(one), [CONSUMER], "{one}");
    }
    assert_eq!(names("--os windows").len(), names("--tag windows").len());
    assert_eq!(names("--os linux"), [""; 0]);
    assert!(!names("--index winlogbeat-8.0.0").is_empty());
    assert_eq!(names("--index filebeat-8.0.0"), [""; 0]);
    assert_eq!(names("--enabled").len(), 4);
    assert_eq!(names("--disabled"), [""; 0]);
    assert_eq!(dragnet("rules list --severity awful", &[&example("rules")]).status, 2);
    assert_eq!(dragnet("rules list", &[Path::new("no/such/place")]).status, 2);
}

/// Where a rule stands does not count, nor what is doubtful about it.
fn same(one: &Document, other: &Document) -> bool {
    one.rule == other.rule
}

/// Everything there is goes to Kibana's form and comes back as it was.
#[test]
fn there_and_back() {
    let mut paths = vec![example("rules")];
    paths.extend(corpora("elastic-rules"));
    let paths: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
    let dir = tempdir().unwrap();
    let (export, toml) = (dir.path().join("export.ndjson"), dir.path().join("toml"));
    let convert = |options: &str, to: &Path, from: &[&Path]| {
        let words = format!("rules convert --deprecated {options} --output");
        let run = dragnet(&words, &[&[to], from].concat());
        assert_eq!(run.status, 0, "{}", run.err);
    };
    convert("--to ndjson", &export, &paths);
    convert("--to toml", &toml, &[&export]);
    let mut before = documents(&paths).documents;
    let mut after = documents([&toml]).documents;
    let id = |one: &Document| (one.rule.rule_id.clone(), one.rule.name.clone());
    before.sort_by_key(id);
    after.sort_by_key(id);
    assert_eq!(before.len(), after.len());
    for (one, other) in before.iter().zip(&after) {
        assert!(same(one, other), "{}", one.origin.path);
    }
    println!("{} rules converted from TOML to Kibana's form and back", before.len());
    let diff = dragnet("rules diff", &[&export, &toml]);
    assert_eq!(diff.status, 0, "{}", diff.out);
    // Withdrawn rules stay withdrawn in Kibana's form, where nothing says so but what was kept of the TOML.
    let withdrawn = |all: &[Document]| all.iter().filter(|one| one.withdrawn).count();
    assert_eq!(withdrawn(&documents([&export]).documents), withdrawn(&before));
    // What is a rule of Kibana's is one of Elastic's too.
    let again = dir.path().join("again.ndjson");
    convert("--to ndjson", &again, &[&toml]);
    assert_eq!(documents([&again]).documents.len(), before.len());
}

/// An export of a rule with exceptions and a connector.
const EXPORT: &str = concat!(
    r#"{"id":"1","rule_id":"r-1","name":"Crane <b>","type":"eql","language":"eql","severity":"low","risk_score":21,"#,
    r#""query":"any where true","enabled":false,"tags":["OS: Linux"],"exceptions_list":[{"id":"9","list_id":"yard","#,
    r#""type":"detection","namespace_type":"single"}],"actions":[{"id":"c","group":"default","params":{}}]}"#,
    "\n",
    r#"{"list_id":"yard","name":"Yard","type":"detection","namespace_type":"single"}"#,
    "\n",
    r#"{"list_id":"yard","item_id":"i","name":"ours","type":"simple","entries":[{"field":"host.name","type":"match","#,
    r#""operator":"included","value":"crane-1"}]}"#,
    "\n",
    r#"{"id":"c","type":"action","attributes":{"name":"mail"},"references":[]}"#,
    "\n",
    r#"{"exported_count":4,"exported_rules_count":1,"missing_rules":[]}"#,
    "\n",
);

#[test]
fn exceptions_go_along() {
    let dir = tempdir().unwrap();
    let (export, toml) = (dir.path().join("export.ndjson"), dir.path().join("toml"));
    fs::write(&export, EXPORT).unwrap();
    let run = dragnet("rules convert --to toml --output", &[&toml, &export]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.err.contains("1 rule and 3 exceptions and connectors written"), "{}", run.err);
    assert!(toml.join("crane_b.toml").is_file());
    let run = dragnet("rules convert --to ndjson", &[&toml]);
    let lines = run.lines();
    assert_eq!(lines.len(), 5, "{}", run.out);
    assert_eq!(lines[2]["item_id"], "i");
    assert_eq!(lines[4]["exported_exception_list_item_count"], 1);
    assert_eq!(lines[0], serde_json::from_str::<Json>(EXPORT.lines().next().unwrap()).unwrap());
    // Where only some rules are asked for, what none of them names stays behind.
    let both = [export.as_path(), &example("rules")].map(Path::to_path_buf);
    let both = both.each_ref().map(PathBuf::as_path);
    let count = |options: &str| {
        dragnet(&format!("rules convert --to ndjson {options}"), &both).lines().len()
    };
    assert_eq!((count("--os linux"), count("--os windows")), (5, 5));
    // And they are shown.
    let run = dragnet("rules show", &[&export]);
    assert!(run.out.contains("· ours: host.name is \"crane-1\""), "{}", run.out);
    let json = json_of(&dragnet("rules show --format json", &[&export]));
    assert_eq!(json[0]["exceptions"].as_array().unwrap().len(), 2);
}

#[test]
fn what_conversion_refuses() {
    let dir = tempdir().unwrap();
    let run = dragnet("rules convert --to toml", &[&example("rules")]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("4 rules cannot be one TOML file"), "{}", run.err);
    let own = dir.path().join("own.toml");
    fs::copy(example("rules/binding_of_an_executing_consumer.toml"), &own).unwrap();
    let before = fs::read_to_string(&own).unwrap();
    for target in [own.as_path(), dir.path()] {
        let run = dragnet("rules convert --to toml --output", &[target, &own]);
        assert_eq!(run.status, 2, "{}", run.err);
        assert!(run.err.contains("is one of the files that rules are read from"), "{}", run.err);
    }
    assert_eq!(fs::read_to_string(&own).unwrap(), before);
    let run = dragnet("rules convert --to ndjson --type esql", &[&own]);
    assert_eq!((run.status, run.out.as_str()), (2, ""));
    assert!(run.err.contains("no rule is left to convert"), "{}", run.err);
    let run = dragnet("rules convert --to ndjson --output", &[dir.path(), &own]);
    assert!(run.err.contains("is a directory"), "{}", run.err);
}

/// A page, which is a rule like others.
const PAGE: &str = "# Crane\n\nFinds cranes.\n\n**Rule type**: eql\n\n**Severity**: low\n\n**Risk score**: 21\n\n\
**Runs every**: 10m\n\n**Tags**:\n\n* OS: Linux\n\n## Rule query\n\n```js\nprocess where process.name == \"crane\"\n```\n";

#[test]
fn a_page_is_converted() {
    let dir = tempdir().unwrap();
    let page = dir.path().join("crane.md");
    fs::write(&page, PAGE).unwrap();
    let toml = dragnet("rules convert --to toml", &[&page]);
    assert_eq!(toml.status, 0, "{}", toml.err);
    assert!(toml.err.contains("RULE0101"), "{}", toml.err);
    let path = dir.path().join("crane.toml");
    fs::write(&path, &toml.out).unwrap();
    let (one, other) = (documents([&page]), documents([&path]));
    assert_eq!(one.documents[0].rule.query, other.documents[0].rule.query.trim());
    assert_eq!(one.documents[0].rule.rule_id, other.documents[0].rule.rule_id);
    assert_eq!(other.documents[0].rule.interval_ms, 600_000);
    assert_eq!(dragnet("rules diff", &[&page, &path]).status, 0);
}

/// The same page as it is left when a browser's window is copied, and as `AsciiDoc`.
const BARE: &str = "Loading\n\nCrane\n\nFinds cranes.\n\nRule type: eql\n\nSeverity: low\n\nRisk score: 21\n\n\
Runs every: 10m\n\nTags:\n\n  • OS: Linux\n\nRule license: Apache-2.0\n\nRule query\n\nprocess where process.name == \"crane\"\n";
const ASCIIDOC: &str = "[[prebuilt-rule-crane]]\n=== Crane\n\nFinds cranes.\n\n*Rule type*: eql\n\n*Severity*: low\n\n\
*Risk score*: 21\n\n*Runs every*: 10m\n\n*Tags*: \n\n* OS: Linux\n\n==== Rule query\n\n\
[source, js]\n----------------------------------\nprocess where process.name == \"crane\"\n\
----------------------------------\n";

#[test]
fn pages_of_all_forms_hunt() {
    let dir = tempdir().unwrap();
    let log = dir.path().join("log.ndjson");
    let event = |name: &str| {
        json!({"@timestamp": "2026-01-02T03:04:05Z", "event": {"category": "process"},
            "host": {"name": "yard"}, "process": {"name": name}})
    };
    fs::write(&log, format!("{}\n{}\n", event("crane"), event("heron"))).unwrap();
    for (name, text) in [("a.md", PAGE), ("b.txt", BARE), ("c.asciidoc", ASCIIDOC)] {
        let page = dir.path().join(name);
        fs::write(&page, text).unwrap();
        let run = dragnet("hunt --quiet --rules", &[&page, &log]);
        assert_eq!((run.status, run.rules()), (1, vec!["Crane".to_owned()]), "{name}: {}", run.err);
        let rule = &json_of(&dragnet("rules list --format json", &[&page]))[0];
        assert_eq!(
            (&rule["severity"], &rule["tags"]),
            (&json!("low"), &json!(["OS: Linux"])),
            "{name}"
        );
    }
}

/// Two sets: a rule gone, one come, one that finds something else, one with other words.
fn two_sets(dir: &Path) -> (PathBuf, PathBuf) {
    let (old, new) = (dir.join("old"), dir.join("new"));
    fs::create_dir_all(&old).unwrap();
    fs::create_dir_all(&new).unwrap();
    let rule = |id: &str, query: &str, note: &str| {
        format!(
            "[metadata]\nupdated_date = \"{id}\"\n\n[rule]\nname = \"Rule {id}\"\nrule_id = \"{id}\"\ntype = \"eql\"\n\
             language = \"eql\"\nseverity = \"low\"\nrisk_score = 21\nnote = '''\n{note}\n'''\nquery = '''\n{query}\n'''\n"
        )
    };
    let write = |place: &Path, id: &str, query: &str, note: &str| {
        fs::write(place.join(format!("{id}.toml")), rule(id, query, note)).unwrap();
    };
    write(&old, "gone", "any where true", "");
    write(&old, "detects", "process where\n  process.name == \"a\" and\n  x == 1", "the guide");
    write(&new, "detects", "process where\n  process.name == \"b\" and\n  x == 1", "the new guide");
    write(&old, "words", "any where a == 1 and b == 2", "one\ntwo\nthree");
    write(&new, "words", "any where\n  b == 2 and a == 1", "one\n2\nthree");
    write(&old, "same", "any where true", "");
    write(&new, "same", "any where true", "");
    let dated =
        fs::read_to_string(new.join("words.toml")).unwrap().replace("\"words\"\n\n", "\"2\"\n\n");
    fs::write(new.join("words.toml"), dated).unwrap();
    let dated =
        fs::read_to_string(old.join("words.toml")).unwrap().replace("\"words\"\n\n", "\"1\"\n\n");
    fs::write(old.join("words.toml"), dated).unwrap();
    write(&new, "come", "any where true", "");
    (old, new)
}

#[test]
fn differences() {
    let dir = tempdir().unwrap();
    let (old, new) = two_sets(dir.path());
    let run = dragnet("rules diff", &[&old, &new]);
    assert_eq!((run.status, run.err.as_str()), (1, ""), "{}", run.err);
    for part in [
        "Added: 1 rule\n\n  + Rule come\n",
        "Removed: 1 rule\n\n  - Rule gone\n",
        "What is found changed: 1 rule\n\n  Rule detects\n",
        "    query\n        process where\n      -   process.name == \"a\" and\n      +   process.name == \"b\" and\n          x == 1\n",
        "    note: the guide → the new guide  (words)\n",
        "Words changed: 1 rule\n\n  Rule words\n",
        "    query  only its layout\n",
        "    note\n        one\n      - two\n      + 2\n        three\n",
        "    [metadata]  (records)\n      updated_date: 1 → 2\n",
        "1 added, 1 removed, 1 changed in what they find, 1 changed in words, 1 the same\n",
    ] {
        assert!(run.out.contains(part), "{part}\n--\n{}", run.out);
    }
    let coloured = dragnet("--color always rules diff", &[&old, &new]).out;
    assert!(coloured.contains("\u{1b}[31m-   process.name == \"a\" and\u{1b}[0m"), "{coloured}");

    let json = json_of(&dragnet("rules diff --format json --detection-only", &[&old, &new]));
    assert_eq!(json["changed"].as_array().unwrap().len(), 1);
    let change = &json["changed"][0]["changes"];
    assert_eq!(change.as_array().unwrap().len(), 1);
    assert_eq!((&change[0]["key"], &change[0]["effect"]), (&json!("query"), &json!("detection")));
    assert_eq!((&json["unchanged"], &json["added"][0]["rule_id"]), (&json!(2), &json!("come")));

    let words = |options: &str| {
        let words = format!("rules diff {options}");
        dragnet(&words, &[&old.join("words.toml"), &new.join("words.toml")]).status
    };
    assert_eq!((words(""), words("--detection-only")), (1, 0));
    assert_eq!(dragnet("rules diff", &[&old, &old]).status, 0);
    assert_eq!(dragnet("rules diff", &[&old, &dir.path().join("nowhere")]).status, 2);
}

#[test]
fn a_rule_that_was_withdrawn_is_removed() {
    let dir = tempdir().unwrap();
    let (old, new) = two_sets(dir.path());
    let gone = fs::read_to_string(old.join("gone.toml")).unwrap();
    let gone = gone.replace("[metadata]", "[metadata]\nmaturity = \"deprecated\"");
    fs::write(new.join("gone.toml"), gone).unwrap();
    let run = dragnet("rules diff", &[&old, &new]);
    assert!(run.out.contains("  - Rule gone  (deprecated)\n"), "{}", run.out);
    let run = dragnet("rules list", &[&new]);
    assert!(run.out.contains("1 deprecated rule is left out"), "{}", run.out);
    let run = dragnet("rules list --deprecated", &[&new]);
    assert!(run.out.contains("Rule gone (deprecated)"), "{}", run.out);
}

#[test]
fn coverage() {
    let rules = example("rules");
    let run = dragnet("rules coverage", &[&rules]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    let place = |text: &str| run.out.find(text).unwrap_or_else(|| panic!("{text}\n{}", run.out));
    assert!(place("TA0003  Persistence") < place("  T1546  Event Triggered Execution"));
    assert!(place("  T1546  Event Triggered Execution") < place("    .003  Windows Management"));
    assert!(
        run.out.contains("3 of 4 rules are mapped: to 1 tactic, 1 technique and 1 sub-technique"),
        "{}",
        run.out
    );

    let json = json_of(&dragnet("rules coverage --format json", &[&rules]));
    let tactics = json["tactics"].as_array().unwrap();
    // ATT&CK's order, not that of the ids.
    assert_eq!((tactics.len(), &tactics[0]["id"]), (14, &json!("TA0043")));
    assert_eq!((&tactics[11]["id"], &tactics[12]["id"]), (&json!("TA0011"), &json!("TA0010")));
    let persistence = tactics.iter().find(|one| one["id"] == "TA0003").unwrap();
    assert_eq!(persistence["techniques"][0]["subtechniques"][0]["id"], "T1546.003");

    let layer = json_of(&dragnet("rules coverage --format navigator", &[&rules]));
    assert_eq!(layer["versions"]["layer"], "4.5");
    assert_eq!(layer["domain"], "enterprise-attack");
    let entries = layer["techniques"].as_array().unwrap();
    let wmi = entries.iter().find(|one| one["techniqueID"] == "T1546.003").unwrap();
    assert_eq!(wmi["tactic"], "persistence");
    assert_eq!(wmi["score"], persistence["techniques"][0]["subtechniques"][0]["rules"]);
    assert!(wmi["comment"].as_str().unwrap().contains(CONSUMER));
}

#[test]
fn what_is_no_tactic_is_named() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("odd.toml");
    let rule = "[rule]\nname = \"Odd\"\nrule_id = \"o\"\ntype = \"eql\"\nlanguage = \"eql\"\nseverity = \"low\"\n\
                risk_score = 21\nquery = \"any where true\"\n[[rule.threat]]\nframework = \"F\"\n\
                tactic = { id = \"TA9\", name = \"Lifting\", reference = \"\" }\n";
    fs::write(&path, rule).unwrap();
    let run = dragnet("rules coverage", &[&path]);
    assert!(
        run.out.contains("TA9     Lifting") && run.out.contains("  no tactic of ATT&CK\n"),
        "{}",
        run.out
    );
    let run = dragnet("rules coverage --format navigator", &[&path]);
    assert_eq!(json_of(&run)["techniques"], json!([]));
    assert!(run.err.contains("`TA9` is no tactic of ATT&CK"), "{}", run.err);
}

#[test]
fn a_page_for_browsers() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("export.ndjson");
    let hostile = r#"{"rule_id":"r-2","name":"</title><script>alert(1)</script>","type":"eql","severity":"low","query":"any where x == \"<img onerror=1>\"","note":"[a](javascript:alert(1)) <svg onload=x>\n```\n</code><script>","references":["javascript:alert(2)","https://a.example/\"onclick=\"x"],"threat":[{"framework":"F","tactic":{"id":"TA0003\"><script>","name":"<b>","reference":"https://a.example/'>"},"technique":[]}],"tags":["<i>"]}"#;
    fs::write(&path, format!("{EXPORT}{hostile}\n")).unwrap();
    let run = dragnet("rules show --format html", &[&path]);
    assert_eq!(run.status, 0, "{}", run.err);
    let page = &run.out;
    assert!(page.starts_with("<!DOCTYPE html>\n") && page.trim_end().ends_with("</html>"));
    assert!(
        page.contains("<h1>Crane &lt;b&gt;</h1>") && page.contains("href=\"#rule-2\""),
        "{page}"
    );
    assert!(page.contains("host.name is &quot;crane-1&quot;"), "{page}");
    for forbidden in ["<script", "<img", "<svg", "<i>", "<b>", "href=\"javascript", "\"onclick"] {
        assert!(!page.contains(forbidden), "{forbidden}: {page}");
    }
    // Nothing is fetched: no sources, no imports.
    for forbidden in ["src=", "@import", "url(", "<link"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    let balance = |tag: &str| {
        let open =
            page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        (open, page.matches(&format!("</{tag}>")).count())
    };
    for tag in ["ul", "li", "div", "dl", "dd", "pre", "code", "article", "a", "span", "p"] {
        let (open, closed) = balance(tag);
        assert_eq!(open, closed, "{tag}");
    }
}
