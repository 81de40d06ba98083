//! Files and directories, good and bad.

use std::fs;
use std::path::Path;

use dragnet_rules::{Format, Loader, Report, RuleSet, load};
use tempfile::TempDir;

fn rule(id: &str, query: &str) -> String {
    format!(
        "[rule]\nname = 'Rule {id}'\nrule_id = '{id}'\ntype = 'eql'\nlanguage = 'eql'\nseverity = 'low'\n\
         risk_score = 21\nquery = '''\n{query}\n'''\n"
    )
}

/// A directory with these files.
fn tree(files: &[(&str, &[u8])]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    dir
}

fn ids(set: &RuleSet) -> Vec<&str> {
    set.rules.iter().map(|loaded| loaded.rule.rule_id.as_str()).collect()
}

fn codes(report: &Report) -> Vec<&str> {
    report.failed.iter().map(|failure| failure.code).collect()
}

#[test]
fn directories_are_read_in_the_order_of_their_paths() {
    let a = rule("a", "any where true");
    let dir = tree(&[
        ("z.toml", rule("z", "any where true").as_bytes()),
        ("sub/deep/a.toml", a.as_bytes()),
        ("sub/b.TOML", rule("b", "any where true").as_bytes()),
        ("README.md", b"[rule]"),
        ("rule.yml", b"x"),
        (".git/x.toml", b"[rule]"),
        ("pyproject.toml", b"[tool]\nx = 1"),
        ("c.json", br#"{"rule_id":"c","name":"C","type":"eql","language":"eql","severity":"low","risk_score":1,"query":"any where true"}"#),
        ("other.json", br#"{"compilerOptions":{}}"#),
        ("empty.ndjson", b""),
    ]);
    let set = load([dir.path()]);
    assert_eq!(ids(&set), ["c", "b", "a", "z"]);
    assert!(set.report.failed.is_empty(), "{:?}", set.report.failed);
    let skipped: Vec<_> = set
        .report
        .skipped
        .iter()
        .map(|s| Path::new(&s.path).file_name().unwrap().to_str().unwrap())
        .collect();
    assert_eq!(skipped, ["empty.ndjson", "other.json", "pyproject.toml"]);
    assert!(set.rules[1].origin.path.ends_with("sub/b.TOML"));
}

#[test]
fn many_files_keep_their_order() {
    // More than are read at once, and every third of them broken.
    let names: Vec<_> = (0..1200).map(|n| format!("{n:04}.toml")).collect();
    let query = |n: usize| if n.is_multiple_of(3) { "any where §" } else { "any where true" };
    let texts: Vec<_> = (0..1200).map(|n| rule(&n.to_string(), query(n))).collect();
    let pairs = names.iter().zip(&texts);
    let files: Vec<_> = pairs.map(|(name, text)| (name.as_str(), text.as_bytes())).collect();
    let set = load([tree(&files).path()]);
    let numbers: Vec<usize> = ids(&set).iter().map(|id| id.parse().unwrap()).collect();
    assert_eq!(numbers, (0..1200).filter(|n| n % 3 != 0).collect::<Vec<_>>());
    assert_eq!(set.report.failed.len(), 400);
    assert!(set.report.failed.iter().is_sorted_by_key(|failure| &failure.path));
}

#[test]
fn a_named_file_is_read_whatever_its_name() {
    let json = br#"{"rule_id":"j","name":"J","type":"eql","language":"eql","severity":"low","risk_score":1,"query":"any where true"}"#;
    let dir = tree(&[
        ("rule.txt", rule("t", "any where true").as_bytes()),
        ("export", json),
        ("none.toml", b"[tool]\nx = 1"),
        ("none.json", b"[]"),
    ]);
    let set = load(["rule.txt", "export", "none.toml", "none.json"].map(|n| dir.path().join(n)));
    assert_eq!(ids(&set), ["t", "j"]);
    assert_eq!(codes(&set.report), ["RULE0006", "RULE0006"]);
}

#[test]
fn what_cannot_be_read_is_named_and_not_fatal() {
    let good = rule("good", "any where true");
    let mut latin = good.replace("Rule good", "R\u{e9}gle").into_bytes();
    let at = latin.iter().position(|byte| *byte == 0xC3).unwrap();
    latin.remove(at);
    let big = format!("{good}# {}", "x".repeat(16 << 20));
    let dir = tree(&[
        ("a.toml", &latin),
        ("b.toml", b"\xFF\xFE[\0r\0"),
        ("c.toml", b"[rule"),
        ("d.toml", b"\xEF\xBB\xBF[rule]\r\nname = 'x'\r\n"),
        ("e.toml", big.as_bytes()),
        ("f.ndjson", b"{\"rule_id\":\"x\"}\n\xFF\n{\"type\":\"eql\"}\n"),
        ("z.toml", good.replace('\n', "\r\n").as_bytes()),
    ]);
    let set = load([dir.path().to_path_buf(), dir.path().join("missing.toml")]);
    assert_eq!(ids(&set), ["good"]);
    let expected = [
        "RULE0002", "RULE0002", "RULE0004", "RULE0008", "RULE0003", "RULE0007", "RULE0002",
        "RULE0007", "RULE0001",
    ];
    assert_eq!(codes(&set.report), expected);
    let place = |at: usize| (set.report.failed[at].line, set.report.failed[at].column);
    assert_eq!(place(0), (2, 10));
    assert_eq!(place(6), (2, 1));
    assert_eq!(place(7), (3, 1));
    assert!(set.report.failed.iter().all(|failure| !failure.path.is_empty()));
}

#[cfg(unix)]
#[test]
fn links_and_pipes() {
    use std::os::unix::fs::symlink;
    let dir = tree(&[("rules/a.toml", rule("a", "any where true").as_bytes())]);
    let at = |name: &str| dir.path().join(name);
    symlink(at("rules"), at("rules/loop")).unwrap();
    symlink(at("nowhere"), at("rules/broken.toml")).unwrap();
    symlink(at("nowhere"), at("rules/broken.txt")).unwrap();
    symlink(at("rules/a.toml"), at("rules/link.toml")).unwrap();
    symlink(at("rules"), at("second")).unwrap();
    let pipe = at("rules/pipe.toml");
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    let set = load([dir.path()]);
    assert_eq!(ids(&set), ["a"]);
    assert_eq!(codes(&set.report), ["RULE0001"]);
    let skipped: Vec<_> = set.report.skipped.iter().map(|s| s.reason.as_str()).collect();
    assert_eq!(skipped.len(), 4, "{skipped:?}");
    assert!(skipped[0].starts_with("the same rule as that of "), "{skipped:?}");
    assert_eq!(skipped[1], "the directory was read before");
    assert_eq!(skipped[2], "not a regular file");
    assert_eq!(skipped[3], "the directory was read before");
}

#[test]
fn directories_too_deep_are_named() {
    let deep = format!("{}r.toml", "d/".repeat(70));
    let dir = tree(&[(deep.as_str(), b"[rule]")]);
    let set = load([dir.path()]);
    assert_eq!(codes(&set.report), ["RULE0014"]);
}

#[test]
fn the_same_id_twice() {
    let dir = tree(&[
        ("a.toml", rule("1", "any where true").as_bytes()),
        ("b.toml", format!("{}note = 'more'\n", rule("1", "any where true")).as_bytes()),
        ("c.toml", rule("1", "any where false").as_bytes()),
        ("d.toml", rule("2", "any where false").as_bytes()),
    ]);
    let set = load([dir.path()]);
    assert_eq!(ids(&set), ["1", "2"]);
    let report = &set.report;
    assert_eq!(report.skipped.len(), 1);
    assert!(report.skipped[0].reason.ends_with("a.toml:1"), "{:?}", report.skipped);
    assert_eq!(codes(report), ["RULE0012"]);
    let failure = &report.failed[0];
    assert!(failure.path.ends_with("c.toml"));
    assert!(failure.reason.contains("a.toml:1"), "{}", failure.reason);
    assert_eq!((failure.line, failure.column), (3, 11));
}

#[test]
fn a_broken_rule_does_not_take_the_id() {
    let dir = tree(&[
        ("a.toml", rule("1", "any where §").as_bytes()),
        ("b.toml", rule("1", "any where true").as_bytes()),
    ]);
    let set = load([dir.path()]);
    assert_eq!((ids(&set), set.report.failed.len()), (vec!["1"], 1));
}

#[test]
fn rules_that_cannot_run_yet() {
    let of_type = |id, name| {
        rule(id, "FROM a").replace("type = 'eql'", &format!("type = '{name}'")).replace(
            "language = 'eql'",
            &format!("language = '{}'", if name == "esql" { "esql" } else { "kuery" }),
        )
    };
    let dir = tree(&[
        ("a.toml", of_type("1", "esql").as_bytes()),
        ("b.toml", of_type("2", "machine_learning").as_bytes()),
        ("c.toml", of_type("1", "esql").as_bytes()),
    ]);
    let report = load([dir.path()]).report;
    let found: Vec<_> =
        report.unsupported.iter().map(|u| (u.rule_type, u.reason.as_str())).collect();
    let expected = [
        ("esql", "ES|QL rules are not supported yet"),
        ("machine_learning", "machine-learning rules are not supported yet"),
    ];
    assert_eq!(found, expected);
    assert_eq!((report.loaded, report.failed.len(), report.skipped.len()), (0, 0, 1));
}

#[test]
fn deprecated_rules() {
    let old = format!("[metadata]\nmaturity = 'deprecated'\n{}", rule("1", "any where true"));
    let dir = tree(&[
        ("a.toml", old.as_bytes()),
        ("_deprecated/b.toml", rule("2", "any where true").as_bytes()),
        ("_deprecated/c.toml", b"[rule"),
        ("d.toml", rule("1", "any where true").as_bytes()),
    ]);
    let set = load([dir.path()]);
    assert_eq!(ids(&set), ["1"]);
    let names: Vec<_> = set.report.deprecated.iter().map(|d| d.rule.as_deref()).collect();
    assert_eq!(names, [Some("Rule 2"), None, Some("Rule 1")]);
    assert!(set.report.failed.is_empty());
}

#[test]
fn warnings_are_with_the_rule_and_in_the_report() {
    let text = rule("1", "any where true").replace("'low'", "'LOW'");
    let mut loader = Loader::new();
    loader.text("r.toml", Format::Toml, text.as_bytes());
    let set = loader.finish();
    assert_eq!(set.rules[0].warnings.len(), 1);
    assert_eq!(set.report.warnings[0].code, "RULE0102");
    let shown = set.report.warnings[0].render(false);
    assert!(shown.starts_with("warning[RULE0102]: "), "{shown}");
    assert!(shown.contains("r.toml:6:12"), "{shown}");
}
