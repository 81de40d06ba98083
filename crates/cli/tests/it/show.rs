//! `dragnet rules show`.

use std::fs;
use std::path::Path;

use dragnet_rules::{Rule, documents};
use dragnet_test_support::corpora;
use serde_json::Value as Json;
use tempfile::tempdir;

use crate::support::{dragnet, example};

const CONSUMER: &str = "rules/binding_of_an_executing_consumer.toml";

#[test]
fn a_rule_for_people() {
    let run = dragnet("rules show", &[&example(CONSUMER)]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
    assert!(
        run.out.starts_with("WMI Subscription Bound to an Executing Consumer\n"),
        "{}",
        run.out
    );
    for part in
        ["Severity              medium, risk score 47", "\nQuery\n", "T1546.003", "\nGuide\n"]
    {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    assert!(!run.out.contains('\u{1b}'));
    assert!(dragnet("--color always rules show", &[&example(CONSUMER)]).out.contains("\u{1b}[1m"));
}

#[test]
fn rules_are_chosen_by_name_and_id() {
    let rules = example("rules");
    let choose = |name: &str| {
        let words = [Path::new("--rules"), &rules, Path::new(name)];
        dragnet("rules show --format json", &words)
    };
    let by_name = choose("wmi subscription bound to an executing consumer");
    let rule = &serde_json::from_str::<Json>(&by_name.out).unwrap()[0];
    assert_eq!(rule["rule"]["name"], "WMI Subscription Bound to an Executing Consumer");
    assert_eq!(choose(rule["rule"]["rule_id"].as_str().unwrap()).out, by_name.out);
    let none = choose("no such rule");
    assert_eq!(none.status, 2);
    assert!(none.err.contains("no rule has the id or the name `no such rule`"), "{}", none.err);
}

#[test]
fn rules_of_other_types_are_shown_and_terminals_are_safe() {
    let dir = tempdir().unwrap();
    let path = dir.path().join("odd.toml");
    let rule = "[rule]\nname = \"Odd \\u001b[31m\"\nrule_id = \"o\"\ntype = \"machine_learning\"\nlanguage = \"kuery\"\n\
                severity = \"low\"\nrisk_score = 21\nanomaly_threshold = 50\n\
                machine_learning_job_id = [\"cranes\"]\n";
    fs::write(&path, rule).unwrap();
    let run = dragnet("rules show", &[&path]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("cranes") && run.out.contains("not supported yet"), "{}", run.out);
    assert!(!run.out.contains('\u{1b}'), "{}", run.out);
    let broken = dir.path().join("broken.toml");
    fs::write(&broken, "[rule]\nname = 'x'\n").unwrap();
    let run = dragnet("rules show", &[&path, &broken]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("RULE0008") && run.out.contains("machine_learning"), "{}", run.err);
}

/// What a page says of a rule, and what reading it must give again.
fn said(rule: &Rule) -> impl PartialEq + std::fmt::Debug {
    let one_line = |text: &String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    (
        (one_line(&rule.name), one_line(&rule.description), rule.rule_type, rule.index.clone()),
        (rule.severity, rule.risk_score, rule.interval_ms, rule.from_ms, rule.max_signals),
        rule.references.clone(),
        (rule.tags.clone(), rule.author.clone(), rule.license.clone(), rule.threat.clone()),
        rule.query.trim().to_owned(),
    )
}

#[test]
fn a_markdown_page_is_a_rule_again() {
    let mut paths = vec![example("rules")];
    paths.extend(corpora("elastic-rules"));
    let originals = documents(&paths).documents;
    let dir = tempdir().unwrap();
    let mut wrong = Vec::new();
    let (path, count) = (dir.path().join("page.md"), originals.len());
    let run =
        dragnet("rules show --format markdown", &paths.iter().map(|p| &**p).collect::<Vec<_>>());
    assert_eq!(run.status, 0);
    let mut rest = run.out.as_str();
    for (at, original) in originals.iter().enumerate() {
        // Pages are cut at the title of the next one.
        let next = originals.get(at + 1).map(|next| format!("\n\n# {}\n\n", next.rule.name.trim()));
        let end = next.and_then(|title| rest.find(&title)).unwrap_or(rest.len());
        let page = &rest[..end];
        rest = rest[end..].trim_start_matches('\n');
        fs::write(&path, page).unwrap();
        let shelf = documents([&path]);
        // Pages do not say what is counted, what is new, or what is compared with indicators.
        let kind = &original.rule.kind;
        if kind.threshold.is_some() || kind.new_terms.is_some() || kind.threat_match.is_some() {
            let codes: Vec<_> = shelf.failed.iter().map(|problem| problem.code).collect();
            if !codes.contains(&"RULE0018") {
                wrong.push(format!("{}\n{codes:?}", original.origin.path));
            }
            continue;
        }
        let again = shelf.documents.first().map(|document| said(&document.rule));
        if again.as_ref() != Some(&said(&original.rule)) {
            wrong.push(format!("{}\n{again:?}\n{:?}", original.origin.path, said(&original.rule)));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {count}:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(3)].join("\n")
    );
    assert!(count >= 4);
}
