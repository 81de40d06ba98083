//! Events made for each of Elastic's rules, all in one log: the command finds every rule's own.

use std::collections::BTreeSet;
use std::fs;

use dragnet_event::Time;
use dragnet_synth::Synth;
use dragnet_test_support::corpora;
use serde_json::Value as Json;

use crate::reference::Reference;
use crate::support::dragnet;

#[test]
fn every_rule_alerts_on_its_own_events() {
    const DAY_MS: i64 = 86_400_000;
    let Some(root) = corpora("elastic-rules") else { return };
    let folders = [root.join("rules"), root.join("rules_building_block")];
    let set = dragnet_rules::load(&folders);
    let (mut log, mut expected) = (String::new(), BTreeSet::new());
    let mut start = Time::parse("2024-05-14T08:00:00Z").unwrap();
    for rule in &set.rules {
        let synth = Synth { evaluator: &Reference, start, name: &rule.rule.rule_id };
        // A sequence may reach over hours: a day apart, none meets another's events.
        start = start.plus_millis(DAY_MS);
        let Ok(case) = synth.case(&rule.query) else { continue };
        expected.insert(rule.rule.rule_id.clone());
        for event in case.positive {
            log.push_str(&serde_json::to_string(&event.0).unwrap());
            log.push('\n');
        }
    }
    assert!(expected.len() >= 1000, "only {} rules have events", expected.len());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    fs::write(&path, log).unwrap();
    let rules = "--rules".as_ref();
    let run =
        dragnet("hunt --no-complete --quiet --rules", &[&folders[0], rules, &folders[1], &path]);
    assert_eq!(run.status, 1, "{}", run.err);
    let alerts = run.lines();
    // Rules find one another's events too; what counts are those that were made for them.
    let own = |alert: &&Json| {
        let rule = alert["kibana.alert.rule.rule_id"].as_str().unwrap();
        let mut sources = alert["kibana.alert.ancestors"].as_array().unwrap().iter();
        sources.any(|source| source["id"].as_str().unwrap().starts_with(&format!("{rule}-p-")))
    };
    let found = alerts.iter().filter(own);
    let found = found.map(|a| a["kibana.alert.rule.rule_id"].as_str().unwrap().to_owned());
    let found: BTreeSet<String> = found.collect();
    println!("{} alerts; {} rules alert on their own events", alerts.len(), found.len());
    let silent: Vec<&String> = expected.difference(&found).collect();
    assert!(silent.is_empty(), "{silent:?}");
}
