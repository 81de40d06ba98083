//! The rule that the project began from, in all its forms, on the labelled cases.

use std::fs;
use std::path::{Path, PathBuf};

use dragnet_test_support::corpora;
use serde_json::Value as Json;
use tempfile::{TempDir, tempdir};

use crate::support::dragnet;

const RULE: &str = "rules/windows/persistence_sysmon_wmi_event_subscription.toml";

/// The two documentation pages of the rule, in their forms.
fn pages() -> Option<Vec<PathBuf>> {
    let seeds = corpora("")?.parent()?.join("seeds");
    let mut pages: Vec<PathBuf> =
        fs::read_dir(seeds).ok()?.map(|entry| entry.unwrap().path()).collect();
    pages.sort();
    Some(pages)
}

/// The rule's present form, each documentation page, and a rule for the query of each.
fn rules(directory: &TempDir) -> Option<Vec<PathBuf>> {
    let present = corpora("elastic-rules")?.join(RULE);
    let pages = pages()?;
    let mut rules = vec![present];
    rules.extend(pages.iter().cloned());
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
    assert_eq!(rules.len(), 5);
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
    assert!(checked >= 5 * (3 * 7 + 1));
}

/// What both pages say, in every form in which a rule is shown.
const FACTS: &[&str] = &[
    "Suspicious WMI Event Subscription Created",
    "Detects the creation of a WMI Event Subscription. Attackers can abuse this mechanism for",
    "eql",
    "winlogbeat-*",
    "logs-windows.sysmon_operational-*",
    "logs-endpoint.events.api-*",
    "medium",
    "47",
    "5m",
    "now-9m",
    "100",
    "Use Case: Threat Detection",
    "Tactic: Persistence",
    "Data Source: Elastic Defend",
    "Elastic License v2",
    "IWbemServices::PutInstance",
];

#[test]
fn pages_are_shown_with_all_their_facts() {
    let Some(pages) = pages() else { return };
    for page in &pages {
        let text = fs::read_to_string(page).unwrap();
        let mut facts = FACTS.to_vec();
        // One has the guide, the other links and the mapping.
        let own: &[&str] = if text.contains("Possible investigation steps") {
            &[
                "307",
                "Possible investigation steps",
                "Response and remediation",
                "Resources: Investigation Guide",
            ]
        } else {
            &[
                "306",
                "TA0003",
                "T1546.003",
                "https://medium.com/threatpunter/",
                "Event Triggered Execution",
            ]
        };
        facts.extend(own);
        for form in ["text", "markdown", "html", "json"] {
            let run = dragnet(&format!("rules show --format {form}"), &[page]);
            assert_eq!(run.status, 0, "{}", run.err);
            // Markdown escapes asterisks; text breaks lines.
            let out = run.out.replace("\\*", "*");
            let out = out.split_whitespace().collect::<Vec<_>>().join(" ");
            for fact in &facts {
                assert!(out.contains(fact), "{form} of {}: {fact}", page.display());
            }
        }
    }
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
