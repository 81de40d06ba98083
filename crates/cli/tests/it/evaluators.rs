//! The matcher gives the alerts that the reference evaluator gives, to the byte.
//!
//! The reference goes another way from the log on: an event is put together as a document, and each rule is asked
//! about it by itself. Only what follows (correlating, choosing, writing) is common to both.

use std::path::{Path, PathBuf};

use dragnet_test_support::corpora;

use crate::support::{Run, dragnet, example};

/// Hunts with both evaluators, and with the matcher on several numbers of threads.
fn check(words: &str, rules: &[PathBuf], paths: &[&Path]) -> Run {
    let mut all = Vec::new();
    for rules in rules {
        all.extend([Path::new("--rules"), rules]);
    }
    all.extend(paths);
    let hunt = |more: &str| dragnet(&format!("hunt --format ndjson {words} {more}"), &all);
    // How many events there were, what could not be read, what was cut: everything but how long it took.
    let talk = |run: &Run| -> Vec<String> {
        let lines = run.err.lines().filter(|line| !line.starts_with("time "));
        lines.map(str::to_owned).collect()
    };
    let reference = hunt("--evaluator reference --threads 2");
    assert!(!reference.out.is_empty(), "{words}: {}", reference.err);
    for threads in [1, 2, 8] {
        let run = hunt(&format!("--threads {threads}"));
        assert_eq!(run.status, reference.status, "{words}, {threads} threads: {}", run.err);
        assert_eq!(talk(&run), talk(&reference), "{words}, {threads} threads");
        if run.out != reference.out {
            let (lines, wanted) = (run.out.lines(), reference.out.lines());
            let differs = lines.zip(wanted).find(|(line, wanted)| line != wanted);
            let (own, wanted) = (run.out.lines().count(), reference.out.lines().count());
            panic!("{words}, {threads} threads: {own} alerts for {wanted}; first: {differs:?}");
        }
    }
    reference
}

#[test]
fn over_the_examples() {
    check("", &[example("rules")], &[&example("logs")]);
    check("--no-cap --no-complete --clock rule", &[example("rules")], &[&example("logs")]);
}

#[test]
fn over_the_event_corpus() {
    let (Some(rules), Some(events)) = (corpora("elastic-rules"), corpora("events")) else { return };
    let rules = ["rules", "rules_building_block"].map(|folder| rules.join(folder));
    check("--no-cap", &rules, &[&events]);
    // Caps choose among the same hits by the same code; some of the corpus is enough to see that, and the reference
    // takes its time.
    let capped = check("", &rules, &[&events.join("evtx-to-mitre-attack")]);
    assert!(capped.err.contains("had raised the rule's most"), "{}", capped.err);
}
