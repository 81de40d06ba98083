//! Events made for each of Elastic's rules, all in one log: the command finds every rule's own.

use std::collections::BTreeSet;
use std::fs;

use dragnet_detect::{Candidate, arm};
use dragnet_event::Time;
use dragnet_plan::Query;
use dragnet_rules::LoadedRule;
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
    let mut set = dragnet_rules::load(&folders);
    set.rules.retain(|rule| rule.rule.enabled);
    let mut indicators = String::new();
    let (mut log, mut expected) = (String::new(), BTreeSet::new());
    let mut start = Time::parse("2024-05-14T08:00:00Z").unwrap();
    for rule in &mut set.rules {
        let name = rule.rule.rule_id.clone();
        let synth = Synth { evaluator: &Reference, start, name: &name };
        // Sequences reach over hours, and what is new over two weeks: so far apart, none meets another's events.
        start = start.plus_millis(15 * DAY_MS);
        indicators += &give_indicator(&synth, rule);
        let Ok(case) = synth.case(&rule.query) else { continue };
        expected.insert(rule.rule.rule_id.clone());
        for event in case.positive {
            log.push_str(&serde_json::to_string(&event.0).unwrap());
            log.push('\n');
        }
    }
    assert!(expected.len() >= 1700, "only {} rules have events", expected.len());
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("events.ndjson");
    fs::write(&path, log).unwrap();
    let known = directory.path().join("indicators.ndjson");
    fs::write(&known, indicators).unwrap();
    let rules = "--rules".as_ref();
    let run = dragnet(
        "hunt --no-complete --no-cap --quiet --indicators",
        &[&known, rules, &folders[0], rules, &folders[1], &path],
    );
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

/// Gives an indicator-match rule an indicator that an event of its query can agree with; the indicator as a line.
fn give_indicator(synth: &Synth<'_>, rule: &mut LoadedRule) -> String {
    let (Some(feed), Query::IndicatorMatch(matching)) = (&rule.feed, &rule.query) else {
        return String::new();
    };
    let mut made = feed
        .mapping
        .iter()
        .filter_map(|mapping| synth.indicator(&matching.condition, &feed.condition, mapping).ok());
    let Some(document) = made.next() else { return String::new() };
    let line = serde_json::to_string(&document.0).unwrap() + "\n";
    let candidate = Candidate { id: "i".into(), index: None, document };
    arm(rule, &[candidate]);
    line
}
