//! The detection engine as its reference describes it, seen from outside: one file per topic in `spec_alerts/`, each with
//! rules, events and the alerts that `dragnet hunt` must give.
//!
//! A case takes what it does not say itself from its topic, and the rule's plainest fields from [`plain_rule`]. In
//! events and expected alerts `"t": "00:01:00"` is a time of the first of May 2024. An expected alert says some of the
//! fields of one; `null` means that the field is not there.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json, json};
use tempfile::{TempDir, tempdir};
use toml::Value as Toml;

use crate::support::{Run, dragnet};

/// What a case may say; of these a topic may say all but the last four.
const KEYS: [&str; 12] = [
    "rule",
    "rules",
    "lines",
    "events",
    "indicators",
    "history",
    "value_lists",
    "args",
    "name",
    "alerts",
    "said",
    "note",
];

fn plain_rule() -> Map<String, Json> {
    let rule = json!({
        "rule_id": "r1", "name": "R", "description": "Says what it is for.", "risk_score": 21, "severity": "low",
        "type": "query", "language": "kuery", "query": "id: *", "index": ["logs-*"], "interval": "5m", "from": "now-5m",
        "max_signals": 100, "enabled": true, "version": 1, "author": ["us"], "license": "Apache-2.0"
    });
    rule.as_object().unwrap().clone()
}

fn object(text: &str) -> Map<String, Json> {
    match serde_json::from_str(text) {
        Ok(Json::Object(map)) => map,
        other => panic!("{text}: {other:?}"),
    }
}

/// An event or expected alert, its short time spelt out.
fn timed(text: &str) -> Map<String, Json> {
    let mut map = object(text);
    for (short, field) in [("t", "@timestamp"), ("ingested", "event.ingested")] {
        if let Some(time) = map.remove(short) {
            map.insert(field.to_owned(), json!(format!("2024-05-01T{}Z", time.as_str().unwrap())));
        }
    }
    map
}

struct Case<'a> {
    topic: &'a Toml,
    own: &'a Toml,
}

impl<'a> Case<'a> {
    fn get(&self, key: &str) -> Option<&'a Toml> {
        self.own.get(key).or_else(|| self.topic.get(key))
    }

    fn name(&self) -> &'a str {
        self.own["name"].as_str().unwrap()
    }

    fn list(&self, key: &str) -> impl Iterator<Item = &'a str> {
        let list = self.get(key).map_or(&[][..], |list| list.as_array().unwrap());
        list.iter().map(|text| text.as_str().unwrap())
    }

    /// The rules: the case's `rules`, or one, of the topic's and the case's `rule`.
    fn rules(&self) -> Vec<Map<String, Json>> {
        let with = |texts: &[&str]| {
            let mut rule = plain_rule();
            for text in texts {
                rule.extend(object(text));
            }
            rule.retain(|_, value| !value.is_null());
            rule
        };
        let text = |from: &'a Toml| from.get("rule").map(|rule| rule.as_str().unwrap());
        if let Some(rules) = self.own.get("rules") {
            let shared = text(self.topic).unwrap_or("{}");
            let rules = rules.as_array().unwrap().iter();
            return rules.map(|rule| with(&[shared, rule.as_str().unwrap()])).collect();
        }
        let texts: Vec<&str> = [text(self.topic), text(self.own)].into_iter().flatten().collect();
        vec![with(&texts)]
    }

    /// Runs the case over its events, in the order that `shuffle` gives them.
    fn run(&self, shuffle: impl Fn(&mut Vec<String>)) -> Run {
        let place = Place::new();
        let rules = self.rules().into_iter().map(|rule| Json::Object(rule).to_string());
        let rules: Vec<String> = rules.chain(self.list("lines").map(str::to_owned)).collect();
        let rules = place.write("rules.ndjson", &rules);
        let mut events = self.documents("events");
        shuffle(&mut events);
        let events = place.write("events.ndjson", &events);
        let mut paths = vec![PathBuf::from("--rules"), rules];
        for (key, option) in [("indicators", "--indicators"), ("history", "--history")] {
            if self.get(key).is_some() {
                let file = place.write(&format!("{key}.ndjson"), &self.documents(key));
                paths.extend([PathBuf::from(option), file]);
            }
        }
        if let Some(lists) = self.get("value_lists") {
            for (id, text) in lists.as_table().unwrap() {
                let file =
                    place.write(&format!("lists/{id}"), &[text.as_str().unwrap().to_owned()]);
                paths.extend([PathBuf::from("--value-lists"), file]);
            }
        }
        paths.push(events);
        let args = self.get("args").map_or("", |args| args.as_str().unwrap());
        let words = format!("hunt --format ndjson --input-format documents --threads 1 {args}");
        dragnet(&words, &paths.iter().map(PathBuf::as_path).collect::<Vec<_>>())
    }

    fn documents(&self, key: &str) -> Vec<String> {
        self.list(key).map(|text| Json::Object(timed(text)).to_string()).collect()
    }

    /// What is wrong with a run, if anything is.
    fn judge(&self, run: &Run) -> Result<(), String> {
        let mut alerts: Vec<Option<Json>> = run.lines().into_iter().map(Some).collect();
        let whole = alerts.clone();
        let said_all = self.list("said").all(|text| run.err.contains(text));
        let mut wanted = self.list("alerts").map(timed);
        let found_all = wanted.all(|wanted| {
            let fits = |alert: &&mut Option<Json>| {
                alert
                    .as_ref()
                    .is_some_and(|alert| wanted.iter().all(|(path, value)| has(alert, path, value)))
            };
            alerts.iter_mut().find(fits).map(Option::take).is_some()
        });
        if found_all && alerts.iter().all(Option::is_none) && said_all {
            return Ok(());
        }
        let shown = whole.iter().flatten().map(|alert| self.excerpt(alert));
        let wanted: Vec<&str> = self.list("alerts").chain(self.list("said")).collect();
        Err(format!(
            "{}\nwanted\n  {}\ngot\n{}{}",
            self.name(),
            wanted.join("\n  "),
            shown.collect::<String>(),
            run.err
        ))
    }

    /// Of an alert, the fields that any expected one names.
    fn excerpt(&self, alert: &Json) -> String {
        let mut named: Vec<String> = self
            .list("alerts")
            .flat_map(|text| timed(text).into_iter().map(|(key, _)| key))
            .collect();
        named.extend(["@timestamp", "id", "kibana.alert.rule.name"].map(str::to_owned));
        named.sort();
        named.dedup();
        let shown: Vec<String> = named
            .iter()
            .filter_map(|path| Some(format!("{path}={}", values(alert, path)?)))
            .collect();
        format!("  {}\n", shown.join(" "))
    }
}

/// The value at a path of names with dots, however the document nests them; that of each element of an array.
fn values(json: &Json, path: &str) -> Option<Json> {
    if path.is_empty() {
        return Some(json.clone());
    }
    match json {
        Json::Object(map) => map.iter().find_map(|(key, below)| {
            let rest = path.strip_prefix(key.as_str())?;
            match rest.strip_prefix('.') {
                Some(rest) => values(below, rest),
                None => rest.is_empty().then(|| below.clone()),
            }
        }),
        Json::Array(list) => {
            let found: Vec<Json> =
                list.iter().filter_map(|element| values(element, path)).collect();
            (!found.is_empty()).then_some(Json::Array(found))
        }
        _ => None,
    }
}

fn has(alert: &Json, path: &str, wanted: &Json) -> bool {
    let found = values(alert, path);
    match (wanted, &found) {
        (Json::Null, found) => found.is_none(),
        (_, None) => false,
        // Times may be written with or without milliseconds.
        (Json::String(wanted), Some(Json::String(found))) if wanted.starts_with("2024-05-01T") => {
            wanted == found || wanted.replace('Z', ".000Z") == *found
        }
        (Json::Number(wanted), Some(Json::Number(found))) => wanted.as_f64() == found.as_f64(),
        (wanted, Some(found)) => wanted == found,
    }
}

struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempdir().unwrap())
    }

    fn write(&self, name: &str, lines: &[String]) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect();
        fs::write(&path, text).unwrap();
        path
    }
}

fn topics() -> Vec<(String, Toml)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/spec_alerts");
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    let read = |path: PathBuf| {
        let table: toml::Table = fs::read_to_string(&path)
            .unwrap()
            .parse()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (name(&path), Toml::Table(table))
    };
    paths.into_iter().map(read).collect()
}

fn cases(topic: &Toml) -> impl Iterator<Item = Case<'_>> {
    topic["cases"].as_array().unwrap().iter().map(move |own| Case { topic, own })
}

#[test]
fn alerts_are_what_the_reference_says() {
    let (mut run, mut failures) = (0, Vec::new());
    for (name, topic) in topics() {
        for case in cases(&topic) {
            run += 1;
            if let Err(wrong) = case.judge(&case.run(|_| ())) {
                failures.push(format!("{name}: {wrong}"));
            }
        }
    }
    assert!(failures.is_empty(), "{} of {run} failed:\n\n{}", failures.len(), failures.join("\n"));
    println!("{run} hunts give what the reference says");
}

/// rules-and-engine.md §4.4: a rule that says nothing raises at most 100 in one execution.
#[test]
fn the_cap_is_100_by_default() {
    let event = |n: u32| Toml::from(format!(r#"{{"id": {n}, "t": "00:01:00.{n:03}"}}"#));
    let events: Vec<Toml> = (1..=103).map(event).collect();
    let topic = Toml::Table(toml::Table::new());
    let own = toml::toml! {
        name = "103 events"
        rule = "{\"max_signals\": null}"
    };
    let mut own = Toml::Table(own);
    own.as_table_mut().unwrap().insert("events".to_owned(), Toml::Array(events));
    let run = Case { topic: &topic, own: &own }.run(|_| ());
    let ids: Vec<u64> = run.lines().iter().map(|alert| alert["id"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=100).collect::<Vec<_>>());
    assert!(run.err.contains("cut: R: 3 more in 1 execution"), "{}", run.err);
}

/// design.md §5: late events are evaluated with their neighbours in event-time order, whatever order they arrived in.
#[test]
fn events_in_any_order_give_the_same_alerts() {
    let alerts = |run: &Run| {
        let mut alerts = run.lines();
        for alert in &mut alerts {
            // The file is another each time.
            alert.as_object_mut().unwrap().remove("log");
        }
        alerts
    };
    let (mut alike, mut failures) = (0, Vec::new());
    for (name, topic) in topics() {
        for (number, case) in cases(&topic).enumerate() {
            let in_order = case.run(|_| ());
            let shuffled = case.run(|events| {
                events.reverse();
                let steps = (number % 3).min(events.len());
                events.rotate_left(steps);
            });
            alike += 1;
            if alerts(&in_order) != alerts(&shuffled) {
                let outputs = format!("{}\n{}", in_order.out, shuffled.out);
                failures.push(format!("{name}: {}\n{outputs}", case.name()));
            }
        }
    }
    assert!(failures.is_empty(), "{} differ:\n\n{}", failures.len(), failures.join("\n"));
    println!("{alike} hunts give the same whatever the order of events");
}

/// A slip in a table would pass for a fault of the engine, or hide one.
#[test]
fn the_tables_of_alerts_are_well_formed() {
    for (name, topic) in topics() {
        let mut seen = HashSet::new();
        for case in cases(&topic) {
            assert!(seen.insert(case.name()), "{name}: {} stands there twice", case.name());
            let table = case.own.as_table().unwrap();
            assert!(table.contains_key("alerts"), "{name}: {}", case.name());
            assert!(table.keys().all(|key| KEYS.contains(&key.as_str())), "{name}: {table:?}");
        }
        let shared = topic.as_table().unwrap().keys();
        let mut shared = shared.filter(|key| *key != "cases");
        assert!(shared.all(|key| KEYS[..8].contains(&key.as_str())), "{name}");
    }
}
