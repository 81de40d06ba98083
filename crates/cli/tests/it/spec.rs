//! The languages as their references describe them: one file per topic, in `spec/` for EQL and in `spec_kql/` for KQL
//! and Lucene, each with events, queries and what they must give, and queries that must be refused.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use dragnet_event::{Document, DynamicFields, Schema};
use dragnet_plan::Snippet;
use serde_json::Value as Json;
use tempfile::{TempDir, tempdir};

use crate::eql_suite::{Case, Suite, answer, read_answer};

const KQL_AND_LUCENE: &str = "spec_kql";

/// One file.
struct Topic {
    name: String,
    table: toml::Table,
}

impl Topic {
    fn text(&self, key: &str) -> Option<&str> {
        self.table.get(key).map(|value| value.as_str().unwrap())
    }

    fn list(&self, key: &str) -> &[toml::Value] {
        self.table.get(key).map_or(&[], |value| value.as_array().unwrap())
    }

    /// As `dragnet query --language` names it.
    fn language(&self) -> &str {
        self.text("language").unwrap_or("eql")
    }

    fn suite(&self) -> Suite {
        let tiebreaker = match self.text("tiebreaker") {
            None => None,
            Some("seq") => Some("seq"),
            Some("id") => Some("id"),
            Some(other) => panic!("{}: tiebreaker {other}", self.name),
        };
        Suite { file: "", indices: &[], id_field: "id", tiebreaker }
    }

    fn events(&self) -> Vec<Document> {
        let parse = |event: &toml::Value| -> Json {
            serde_json::from_str(event.as_str().unwrap()).unwrap()
        };
        let documents = self.list("events").iter().map(parse);
        documents.map(|json| Document(json.as_object().unwrap().clone())).collect()
    }

    /// Open, or the mapping and, as in Elasticsearch, what the events hold besides.
    fn schema(&self, events: &[Document]) -> Schema {
        let Some(mapping) = self.text("mapping") else { return Schema::open() };
        let mut dynamic = DynamicFields::default();
        for event in events {
            event.flatten_into(&mut dynamic);
        }
        Schema::closed([mapping]).unwrap().with_dynamic(&dynamic)
    }
}

fn topics(folder: &str) -> Vec<Topic> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it").join(folder);
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let read = |path: &std::path::PathBuf| Topic {
        name: path.file_stem().unwrap().to_string_lossy().into_owned(),
        table: fs::read_to_string(path).unwrap().parse().unwrap(),
    };
    paths.iter().map(read).collect()
}

fn case(table: &toml::Value) -> Case {
    let number = |key: &str, default| {
        table.get(key).map_or(default, |n: &toml::Value| n.as_integer().unwrap() as usize)
    };
    let ids = table["ids"].as_array().unwrap().iter().map(|id| id.as_integer().unwrap());
    let keys = table.get("join_keys").map(|keys| keys.as_array().unwrap().iter());
    Case {
        name: table["name"].as_str().unwrap().to_owned(),
        query: table["query"].as_str().unwrap().to_owned(),
        expected: vec![ids.collect()],
        join_keys: keys.map(|keys| keys.map(|key| key.as_str().unwrap().to_owned()).collect()),
        size: number("size", 50),
        from_head: table.get("result_position").is_some_and(|end| end.as_str() == Some("head")),
        samples_per_key: number("max_samples_per_key", 1),
    }
}

/// `least` holds the number of queries, so that none is lost with a file.
#[track_caller]
fn report(run: usize, least: usize, failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} of {run} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    println!("{run} queries give what their reference says");
    assert!(run > least, "{run}");
}

#[test]
fn queries_give_what_the_reference_says() {
    let (mut run, mut failures) = (0, Vec::new());
    for topic in topics("spec") {
        let suite = topic.suite();
        let events = topic.events();
        let schema = topic.schema(&events);
        for case in topic.list("cases").iter().map(case) {
            run += 1;
            let got = answer(&suite, &case, &schema, &events);
            let fits = got.as_ref().is_ok_and(|got| {
                let keys = case.join_keys.as_ref();
                case.expected.contains(&got.ids) && keys.is_none_or(|keys| *keys == got.join_keys)
            });
            if !fits {
                let (expected, keys) = (&case.expected[0], &case.join_keys);
                failures.push(format!(
                    "{}: {}\n{}\nexpected {expected:?} {keys:?}\ngot      {got:?}",
                    topic.name, case.name, case.query
                ));
            }
        }
    }
    report(run, 700, &failures);
}

#[test]
fn what_the_reference_refuses_is_refused() {
    let (mut run, mut failures) = (0, Vec::new());
    for topic in topics("spec") {
        let schema = topic.schema(&topic.events());
        let options = dragnet_eql::Options { schema: &schema, category_field: "event.category" };
        for rejected in topic.list("rejected") {
            run += 1;
            let query = rejected["query"].as_str().unwrap();
            let (plan, diagnostics) = dragnet_eql::compile(query, &options);
            let snippet = Snippet { text: query, origin: "query", first_line: 1 };
            let said: String = diagnostics.iter().map(|d| d.render(snippet, false)).collect();
            let said = said.to_lowercase();
            let wanted = rejected.get("contains").map_or("", |text| text.as_str().unwrap());
            if plan.is_some() || !said.contains(&wanted.to_lowercase()) {
                failures.push(format!("{}: {query}\nwanted {wanted:?}\nsaid {said}", topic.name));
            }
        }
    }
    report(run, 200, &failures);
}

/// A topic's events in a file, for `dragnet query`.
struct Log(TempDir);

impl Log {
    fn new(topic: &Topic) -> Log {
        let directory = tempdir().unwrap();
        let events = topic.list("events").iter().map(|event| event.as_str().unwrap());
        let lines: String = events.flat_map(|event| [event, "\n"]).collect();
        fs::write(directory.path().join("events.ndjson"), lines).unwrap();
        Log(directory)
    }

    /// Asks under the open schema, of events as they are: nothing is filled in, so that what is missing is missing.
    fn query(&self, topic: &Topic, query: &str) -> std::process::Output {
        let mut command = Command::cargo_bin("dragnet").unwrap();
        command.args(["query", "--no-complete", "--input-format", "documents", "--size", "1000"]);
        command.args(["--language", topic.language(), "--", query]);
        command.arg(self.0.path().join("events.ndjson")).output().unwrap()
    }
}

#[test]
fn kql_and_lucene_give_what_their_references_say() {
    let (mut run, mut failures) = (0, Vec::new());
    for topic in topics(KQL_AND_LUCENE) {
        let log = Log::new(&topic);
        for case in topic.list("cases").iter().map(case) {
            run += 1;
            let output = log.query(&topic, &case.query);
            let got = match serde_json::from_slice(&output.stdout) {
                Ok(json) => Ok(read_answer(&topic.suite(), &json).ids),
                Err(_) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            };
            if got.as_ref() != Ok(&case.expected[0]) {
                failures.push(format!(
                    "{}: {}\n{}\nexpected {:?}\ngot      {got:?}",
                    topic.name, case.name, case.query, case.expected[0]
                ));
            }
        }
    }
    report(run, 350, &failures);
}

#[test]
fn what_is_no_kql_or_lucene_is_refused() {
    let (mut run, mut failures) = (0, Vec::new());
    for topic in topics(KQL_AND_LUCENE) {
        let log = Log::new(&topic);
        for rejected in topic.list("rejected") {
            run += 1;
            let query = rejected["query"].as_str().unwrap();
            let output = log.query(&topic, query);
            let said = String::from_utf8_lossy(&output.stderr);
            // The status alone would not tell: a language that is not known ends with the same.
            let is_about_the_query = said.contains("--> query:");
            if output.status.code() != Some(2) || !output.stdout.is_empty() || !is_about_the_query {
                failures.push(format!("{}: {query}\nsaid {said}", topic.name));
            }
        }
    }
    report(run, 50, &failures);
}

/// The tables say what they mean to: a slip in one of them would pass for a fault of the language, or hide one.
#[test]
fn the_tables_of_kql_and_lucene_are_well_formed() {
    for topic in topics(KQL_AND_LUCENE) {
        assert!(["kuery", "lucene"].contains(&topic.language()), "{}", topic.name);
        let number = |event: &Document| event.get("id").unwrap().as_i64().unwrap();
        let events: Vec<i64> = topic.events().iter().map(number).collect();
        assert!(events.is_sorted_by(|a, b| a < b), "{}: {events:?}", topic.name);
        let mut seen = HashSet::new();
        for case in topic.list("cases").iter().map(case) {
            let ids = &case.expected[0];
            let place = format!("{}: {}", topic.name, case.name);
            assert!(ids.is_sorted_by(|a, b| a < b), "{place}: {ids:?}");
            assert!(ids.iter().all(|id| events.contains(id)), "{place}: {ids:?}");
            assert!(seen.insert(case.name), "{place}: the name is not the only one");
            assert!(seen.insert(case.query), "{place}: the query is not the only one");
        }
        for entry in topic.list("cases").iter().chain(topic.list("rejected")) {
            let known = ["name", "query", "ids", "note"];
            let table = entry.as_table().unwrap();
            assert!(table.keys().all(|key| known.contains(&key.as_str())), "{table:?}");
        }
    }
}
