//! Rules' documentation pages on disk.

use std::fs;

use dragnet_rules::load;
use dragnet_test_support::corpora;

const PAGE: &str = "# Crane\n\nFinds cranes.\n\n**Rule type**: eql\n\n**Severity**: low\n\n**Risk score**: 21\n\n\
## Rule query\n\n```js\nany where true\n```\n";

#[test]
fn in_a_directory_only_pages_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let files = [
        ("README.md", &b"# Rules\n\nWords about rules."[..]),
        ("latin.txt", b"caf\xE9"),
        ("crane.md", PAGE.as_bytes()),
        ("notes.txt", b"Severity: low"),
    ];
    for (name, bytes) in files {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    let report = load([dir.path()]).report;
    assert_eq!(report.loaded, 1);
    assert!(report.failed.is_empty() && report.skipped.is_empty(), "{report:?}");

    let named = load([dir.path().join("README.md"), dir.path().join("crane.md")]);
    assert_eq!(named.rules[0].rule.name, "Crane");
    assert_eq!(named.report.failed.len(), 1);
    assert!(named.report.failed[0].reason.contains("not the documentation page"));
}

/// What both pages of the rule that the project began from say, whatever their form.
#[test]
fn the_seed_pages_are_rules() {
    let Some(seeds) = corpora("").and_then(|path| Some(path.parent()?.join("seeds"))) else {
        return;
    };
    let Ok(entries) = fs::read_dir(&seeds) else { return };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let sets: Vec<_> = paths.iter().map(|path| load([path])).collect();
    assert_eq!(sets.len(), 2);
    for set in &sets {
        assert_eq!(set.report.loaded, 1, "{:?}", set.report);
        let rule = &set.rules[0].rule;
        assert_eq!(rule.name, "Suspicious WMI Event Subscription Created");
        assert!(
            rule.description.starts_with("Detects") && rule.description.ends_with("privileges.")
        );
        assert_eq!(rule.index.len(), 3);
        assert_eq!(rule.index[1], "logs-windows.sysmon_operational-*");
        assert_eq!((rule.severity.name(), rule.risk_score), ("medium", 47));
        assert_eq!((rule.interval_ms, rule.from_ms, rule.max_signals), (300_000, -540_000, 100));
        assert_eq!(rule.tags[3], "Tactic: Persistence");
        assert_eq!(rule.author, ["Elastic"]);
        assert_eq!(rule.license.as_deref(), Some("Elastic License v2"));
        assert!(rule.query.starts_with("any where\n (\n") && rule.query.ends_with("\n )"));
    }
    let [markdown, bare] = [&sets[0], &sets[1]].map(|set| &set.rules[0].rule);
    assert_eq!(markdown.query, bare.query);
    assert_eq!((markdown.version, bare.version), (Some(306), Some(307)));
    assert_eq!((markdown.tags.len(), bare.tags.len()), (6, 7));
    assert_eq!((markdown.references.len(), bare.references.len()), (2, 0));
    assert!(markdown.references[1].starts_with("https://medium.com/"), "{:?}", markdown.references);
    let threat = &markdown.threat[0];
    assert_eq!((threat.framework.as_str(), threat.tactic.id.as_str()), ("MITRE ATT&CK", "TA0003"));
    assert_eq!(threat.technique[0].subtechnique[0].id, "T1546.003");
    assert!(bare.threat.is_empty() && markdown.note().is_none());
    let note = bare.note().unwrap();
    assert!(note.starts_with("## Triage and analysis") && note.ends_with("within the network."));
    // What the bare text has lost is told, with its line.
    let doubts = sets[1].report.warnings.iter().filter(|warning| warning.code == "RULE0112");
    let lines: Vec<usize> = doubts.map(|doubt| doubt.line).collect();
    assert_eq!(lines, [27, 88]);
    assert!(sets[0].report.warnings.iter().all(|warning| warning.code == "RULE0101"));
}
