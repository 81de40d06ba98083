//! The rule that the project began from, in all its forms, on the labelled cases.

use std::fs;
use std::path::{Path, PathBuf};

use dragnet_test_support::corpora;
use serde_json::Value as Json;
use tempfile::{TempDir, tempdir};

use crate::support::dragnet;

const RULE: &str = "rules/windows/persistence_sysmon_wmi_event_subscription.toml";

/// The rule's present form, and a rule for the query of each documentation page.
fn rules(directory: &TempDir) -> Option<Vec<PathBuf>> {
    let present = corpora("elastic-rules")?.join(RULE);
    let seeds = corpora("")?.parent()?.join("seeds");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(seeds).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    let mut rules = vec![present];
    for (number, page) in pages.iter().enumerate() {
        let text = fs::read_to_string(page).unwrap();
        let start = text.find("any where").unwrap();
        let end = start + text[start..].find("\n )").unwrap() + 3;
        let query = &text[start..end];
        assert!(query.contains("event.dataset =="), "the older form tests event.dataset");
        let path = directory.path().join(format!("page{number}.toml"));
        let rule = format!(
            "[rule]\nname = \"page {number}\"\nrule_id = \"{number}\"\ntype = \"eql\"\nlanguage = \"eql\"\n\
             severity = \"medium\"\nrisk_score = 47\nquery = '''\n{query}\n'''\n"
        );
        fs::write(&path, rule).unwrap();
        rules.push(path);
    }
    assert_eq!(rules.len(), 3);
    Some(rules)
}

#[track_caller]
fn check(rule: &Path, log: &Path, expected: bool) {
    let run = dragnet("hunt --quiet --rules", &[rule, log]);
    let what = format!("{} on {}\n{}", rule.display(), log.display(), run.err);
    assert_eq!(run.rules().len(), usize::from(expected), "{what}");
    assert_eq!(run.status, i32::from(expected), "{what}");
}

#[test]
fn labelled_cases() {
    let directory = tempdir().unwrap();
    let Some(rules) = rules(&directory) else { return };
    let Some(root) = corpora("events/synthetic") else { return };
    let read = |name| -> Json {
        serde_json::from_str(&fs::read_to_string(root.join(name)).unwrap()).unwrap()
    };
    let label = |case: &Json| case["seed_rule_matches"].as_bool().unwrap();
    let mut checked = 0;
    for (number, case) in
        read("sysmon21_seed_rule_cases.json").as_array().unwrap().iter().enumerate()
    {
        let xml = directory.path().join(format!("{number}.xml"));
        fs::write(&xml, case["xml"].as_str().unwrap()).unwrap();
        // As JSON: the document that holds the XML, and the ECS document made from it.
        let wrapped = directory.path().join(format!("{number}.wrapped.json"));
        fs::write(&wrapped, case.to_string()).unwrap();
        let ecs = directory.path().join(format!("{number}.ecs.ndjson"));
        fs::write(&ecs, dragnet("normalize", &[&xml]).out).unwrap();
        for rule in &rules {
            for log in [&xml, &wrapped, &ecs] {
                check(rule, log, label(case));
                checked += 1;
            }
        }
    }
    let case = read("endpoint_api_putinstance.json");
    let event = directory.path().join("endpoint.json");
    fs::write(&event, case["event"].to_string()).unwrap();
    for rule in &rules {
        check(rule, &event, label(&case));
        checked += 1;
    }
    println!("{checked} labelled checks of the seed rule");
    assert!(checked >= 3 * (3 * 7 + 1));
}

#[test]
fn it_stays_silent_on_a_relative_path_and_explain_shows_why() {
    let Some(rule) = corpora("elastic-rules").map(|root| root.join(RULE)) else { return };
    let Some(events) = corpora("events/evtx-attack-samples") else { return };
    let log = find(&events, "sysmon_20_21_1_CommandLineEventConsumer.evtx").unwrap();
    check(&rule, &log, false);
    let run = dragnet("explain --rule", &[&rule, &log]);
    assert_eq!(run.status, 0, "{}", run.err);
    let why = run.out.lines().find(|line| line.contains("✗ winlog.event_data.Consumer")).unwrap();
    assert!(why.contains(r#"saw " \"CommandLineEventConsumer.Name="#), "{why}");
    assert!(run.out.contains("✓ winlog.event_data.Operation : \"Created\"  saw \"Created\""));
}

fn find(directory: &Path, name: &str) -> Option<PathBuf> {
    fs::read_dir(directory).unwrap().find_map(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            find(&path, name)
        } else {
            (path.file_name().unwrap() == name).then_some(path)
        }
    })
}
