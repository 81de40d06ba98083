//! `dragnet backtest`: two versions of rules over the same logs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value as Json, json};
use tempfile::{TempDir, tempdir};

use crate::support::{Run, dragnet, example};

/// Rules of a name and an id, and a log of processes over three days.
struct Desk(TempDir);

impl Desk {
    fn new() -> Desk {
        let desk = Desk(tempdir().unwrap());
        let event = |day: u32, name: &str, host: &str, user: &str| {
            let event = json!({
                "@timestamp": format!("2024-05-{day:02}T08:00:00Z"), "process": {"name": name},
                "event": {"category": "process"}, "host": {"name": host}, "user": {"name": user},
            });
            event.to_string()
        };
        let log = [
            event(1, "a", "keel", "jonas"),
            event(1, "b", "keel", "jonas"),
            event(1, "b", "atlas", "anna"),
            event(4, "b", "keel", "anna"),
            event(4, "c", "keel", "anna"),
        ];
        fs::write(desk.path("log.ndjson"), log.join("\n")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn rule(&self, file: &str, id: &str, severity: &str, query: &str) -> PathBuf {
        let path = self.path(file);
        let text = format!(
            "[rule]\nname = \"{id}\"\nrule_id = \"{id}\"\nrisk_score = 21\nseverity = \"{severity}\"\n\
             type = \"eql\"\nlanguage = \"eql\"\ndescription = \"d\"\nquery = '''{query}'''\n"
        );
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn compare(&self, more: &str, new: &Path, old: &Path) -> Run {
        let words = format!("backtest --rule {} --against {} {more}", new.display(), old.display());
        dragnet(&words, &[&self.path("log.ndjson")])
    }
}

const AB: &str = "process where process.name in (\"a\", \"b\")";
const BC: &str = "process where process.name in (\"b\", \"c\")";

#[test]
fn gained_lost_and_kept() {
    let desk = Desk::new();
    let (new, old) =
        (desk.rule("n.toml", "new", "high", BC), desk.rule("o.toml", "old", "low", AB));
    let run = desk.compare("", &new, &old);
    assert_eq!(run.status, 1, "{}", run.err);
    for part in [
        "1 gained, 1 lost, 3 kept (3 of them with another severity)",
        "2024-05-01         2        3  ██",
        "2024-05-02         0        0  \n",
        "2024-05-04         2        1  ██",
        "GAINED\n+ 2024-05-04T08:00:00.000Z",
        "LOST\n- 2024-05-01T08:00:00.000Z",
        "HOSTS GAINED\n        1  keel",
        "USERS GAINED\n        1  anna",
    ] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let json: Json = serde_json::from_str(&desk.compare("--format json", &new, &old).out).unwrap();
    assert_eq!((&json["kept"], &json["events"]), (&3.into(), &5.into()));
    assert_eq!(json["gained"].as_array().unwrap().len(), 1);
    assert_eq!(json["lost"][0]["user"], "jonas");
    assert_eq!(json["days"].as_array().unwrap().len(), 4);
    assert_eq!(json["days"][0], json!({"day": "2024-05-01", "new": 2, "old": 3}));
    assert_eq!(json["hosts"], json!([{"name": "keel", "alerts": 1}]));
}

#[test]
fn a_rule_against_itself_keeps_everything() {
    let desk = Desk::new();
    let new = desk.rule("n.toml", "new", "low", AB);
    let old = desk.rule("o.toml", "old", "low", AB);
    let run = desk.compare("", &new, &old);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("0 gained, 0 lost, 4 kept\n"), "{}", run.out);
    // All rules of the example, sequences among them.
    let rules = example("rules");
    let words = format!("backtest --rule {0} --against {0}", rules.display());
    let run = dragnet(&words, &[&example("logs")]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("0 gained, 0 lost, 5 kept\n"), "{}", run.out);
}

#[test]
fn of_several_rules_each_is_held_to_its_own() {
    let desk = Desk::new();
    desk.rule("new/1.toml", "one", "low", BC);
    desk.rule("new/2.toml", "two", "low", BC);
    desk.rule("old/1.toml", "one", "low", BC);
    desk.rule("old/3.toml", "three", "low", AB);
    let run = desk.compare("--verbose", &desk.path("new"), &desk.path("old"));
    assert!(run.out.contains("4 gained, 4 lost, 4 kept"), "{}", run.out);
    assert_eq!(run.out.matches("\n+ ").count(), 4, "{}", run.out);
}

#[test]
fn thresholds_are_held_to_each_other_by_their_groups() {
    let desk = Desk::new();
    let threshold = |file: &str, query: &str, value: u32| {
        let text = format!(
            "[rule]\nname = \"t\"\nrule_id = \"{file}\"\nrisk_score = 21\nseverity = \"low\"\n\
             type = \"threshold\"\nlanguage = \"kuery\"\ndescription = \"d\"\nquery = '''{query}'''\n\
             [rule.threshold]\nfield = [\"host.name\"]\nvalue = {value}\n"
        );
        fs::write(desk.path(file), text).unwrap();
        desk.path(file)
    };
    let old = threshold("o.toml", "process.name: *", 1);
    let new = threshold("n.toml", "process.name: (a or b or c)", 2);
    let run = desk.compare("", &new, &old);
    assert!(run.out.contains("0 gained, 1 lost, 2 kept"), "{}", run.out);
}

#[test]
fn without_an_old_version_it_counts() {
    let desk = Desk::new();
    let new = desk.rule("n.toml", "new", "low", AB);
    let words = format!("backtest --rule {}", new.display());
    let run = dragnet(&words, &[&desk.path("log.ndjson")]);
    assert_eq!(run.status, 1, "{}", run.err);
    assert!(run.out.contains("DAY (UTC)     ALERTS\n2024-05-01         3  ███"), "{}", run.out);
    assert!(run.out.contains("HOSTS\n        3  keel\n        1  atlas\n"), "{}", run.out);
    let nothing = desk.rule("z.toml", "zero", "low", "process where false");
    let words = format!("backtest --rule {}", nothing.display());
    assert_eq!(dragnet(&words, &[&desk.path("log.ndjson")]).status, 0);
}

#[test]
fn what_cannot_be_read_is_an_error() {
    let desk = Desk::new();
    let good = desk.rule("n.toml", "new", "low", AB);
    let bad = desk.rule("bad/b.toml", "bad", "low", "process wher");
    assert_eq!(desk.compare("", &good, &bad).status, 2);
    assert_eq!(desk.compare("", &good, &desk.path("nowhere")).status, 2);
    // Beside a good one, a broken rule is named, and the comparison is not trusted.
    desk.rule("bad/n.toml", "new", "low", AB);
    let run = desk.compare("", &good, &desk.path("bad"));
    assert_eq!(run.status, 2, "{}", run.err);
    assert!(run.err.contains("b.toml"), "{}", run.err);
    let words = format!("backtest --rule {}", good.display());
    assert_eq!(dragnet(&words, &[&desk.path("nowhere.evtx")]).status, 2);
}
