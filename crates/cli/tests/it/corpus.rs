//! All of Elastic's EQL rules over the whole event corpus, against the draft expectations that came with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use dragnet_test_support::corpora;
use serde_json::Value as Json;

use crate::support::dragnet;

/// Draft expectations that do not hold: file, rule, and the clause with the
/// event's value that decides against it.
const DISAGREEMENTS: &[(&str, &str, &str)] = &[(
    "evtx-to-mitre-attack/TA0006-Credential Access/T1003-Credential dumping/ID4688-IFM created.evtx",
    "Potential Credential Access via Windows Utilities",
    "process.args : \"cr*fu*\" saw ntdsutil.exe 'ac i ntds' 'ifm' 'create full c:\\hacker' q q: Windows does \
     not group by single quotes, so that no argument is `create full …`",
)];

/// Alerts by file and rule.
type Counts = BTreeMap<(String, String), u64>;

#[test]
fn every_expected_hit_is_found() {
    let (Some(rules), Some(events)) = (corpora("elastic-rules"), corpora("events")) else { return };
    let manifest: Json =
        serde_json::from_str(&fs::read_to_string(events.join("MANIFEST.json")).unwrap()).unwrap();
    let run = dragnet(
        "hunt --no-cap --rules",
        &[
            &rules.join("rules"),
            std::path::Path::new("--rules"),
            &rules.join("rules_building_block"),
            &events,
        ],
    );
    assert_ne!(run.status, 0, "{}", run.err);
    assert!(run.err.contains("1,748 loaded"), "{}", run.err);
    assert!(!run.err.contains("panicked"), "{}", run.err);
    let found = counts(&run.lines(), &events.display().to_string());

    let (mut checked, mut missing) = (0, Vec::new());
    let mut unused: BTreeSet<_> = DISAGREEMENTS.iter().map(|(f, r, _)| (*f, *r)).collect();
    for file in manifest.as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        for (rule, count) in file["draft_rule_hits"].as_object().unwrap() {
            let key = (path.to_owned(), rule.clone());
            let got = found.get(&key).copied().unwrap_or(0);
            if unused.remove(&(path, rule.as_str())) {
                continue;
            }
            if got >= count.as_u64().unwrap() {
                checked += 1;
            } else {
                missing.push(format!("{path}: {rule}: expected {count}, found {got}"));
            }
        }
    }
    println!(
        "{checked} draft expectations hold; {} do not, see DISAGREEMENTS",
        DISAGREEMENTS.len()
    );
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(unused.is_empty(), "disagreements that do not occur: {unused:?}");
    assert!(checked > 0);
}

fn counts(alerts: &[Json], root: &str) -> Counts {
    let mut counts = Counts::new();
    for alert in alerts {
        if alert.get("kibana.alert.group.id").is_none() {
            let path = alert["log"]["file"]["path"].as_str().unwrap();
            let path = path.strip_prefix(root).unwrap_or(path).trim_start_matches('/').to_owned();
            let rule = alert["kibana.alert.rule.name"].as_str().unwrap().to_owned();
            *counts.entry((path, rule)).or_default() += 1;
        }
    }
    counts
}

#[test]
fn any_number_of_threads_gives_the_same_alerts() {
    let (Some(rules), Some(events)) = (corpora("elastic-rules/rules"), corpora("events")) else {
        return;
    };
    let run =
        |threads| dragnet(&format!("hunt --threads {threads} --rules"), &[&rules, &events]).out;
    let one = run(1);
    assert!(!one.is_empty());
    for threads in [2, 8] {
        assert!(run(threads) == one, "{threads} threads give other alerts than one");
    }
}
