//! All of Elastic's rules that can be loaded: each must find the events made for it, and must not
//! find those that lack one thing.

use std::collections::BTreeMap;
use std::sync::Arc;

use dragnet_detect::{Candidate, arm};
use dragnet_plan::Query;
use dragnet_rules::LoadedRule;
use dragnet_synth::Case;
use dragnet_test_support::corpora;

use crate::support::{Log, synth};

/// Of a hundred rules so many at least must have events, and of a hundred defects so many at least.
const LEAST_PERCENT: usize = 98;

#[test]
fn every_rule_finds_what_is_made_for_it() {
    let Some(root) = corpora("elastic-rules") else { return };
    let mut set = dragnet_rules::load([root.join("rules"), root.join("rules_building_block")]);
    let (mut log, mut cases, mut without) = (Log::default(), Vec::new(), Vec::new());
    for (number, rule) in set.rules.iter_mut().enumerate() {
        give_indicator(rule);
        match synth(&rule.rule.rule_id).case(&rule.query) {
            Ok(case) => {
                let positive = log.add(number, &case.positive);
                let negatives = case.negatives.iter().map(|n| log.add(number, &n.events));
                cases.push((number, positive, negatives.collect::<Vec<_>>(), case));
            }
            Err(error) => without.push((rule.rule.name.clone(), error)),
        }
    }
    let queries: Vec<Arc<Query>> = set.rules.iter().map(|r| Arc::new(r.query.clone())).collect();
    let findings = log.findings(queries);
    let name = |number: &usize| &set.rules[*number].rule.name;
    let mut wrong = Vec::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, positive, negatives, case) in &cases {
        if findings[*positive] == 0 {
            wrong.push(format!("{}: finds nothing in {:?}", name(number), case.positive));
        }
        for (at, negative) in negatives.iter().zip(&case.negatives) {
            *kinds.entry(negative.defect.kind()).or_default() += 1;
            if findings[*at] > negative.defect.findings() {
                let (defect, events) = (&negative.defect, &negative.events);
                wrong.push(format!("{}: {defect:?} found in {events:?}", name(number)));
            }
        }
    }
    println!("{} rules, {} with events; {} events", set.rules.len(), cases.len(), log.len());
    for (kind, count) in &kinds {
        println!("{count} sets without a finding: {kind}");
    }
    print_unbroken(&cases, &|number| name(&number));
    for (rule, error) in &without {
        println!("no events: {rule}: {error}");
    }
    assert!(wrong.is_empty(), "{} sets are wrong:\n{}", wrong.len(), wrong.join("\n"));
    let enough = |made: usize, all: usize| made * 100 >= all * LEAST_PERCENT;
    assert!(enough(cases.len(), set.rules.len()), "no events for {} rules", without.len());
    let negatives = cases.iter().map(|case| case.2.len()).sum::<usize>();
    let unbroken = cases.iter().map(|case| case.3.unbroken.len()).sum::<usize>();
    println!("{negatives} sets with one defect, {unbroken} defects without a set");
    assert!(enough(negatives, negatives + unbroken), "{unbroken} defects without a set");
    assert!(cases.len() >= 1000, "only {} rules have events", cases.len());
}

/// Gives an indicator-match rule an indicator that an event of its query can agree with.
fn give_indicator(rule: &mut LoadedRule) {
    let (Some(feed), Query::IndicatorMatch(matching)) = (&rule.feed, &rule.query) else { return };
    let synth = synth(&rule.rule.rule_id);
    let candidates: Vec<Candidate> = feed
        .mapping
        .iter()
        .filter_map(|mapping| synth.indicator(&matching.condition, &feed.condition, mapping).ok())
        .map(|document| Candidate { id: "i".into(), index: None, document })
        .collect();
    arm(rule, &candidates);
}

/// The defects that no events were found for.
fn print_unbroken<'a>(
    cases: &[(usize, usize, Vec<usize>, Case)],
    name: &dyn Fn(usize) -> &'a String,
) {
    for (number, _, _, case) in cases {
        for unbroken in &case.unbroken {
            let (defect, reason) = (&unbroken.defect, &unbroken.reason);
            println!("not broken: {}: {defect:?}: {reason}", name(*number));
        }
    }
}
