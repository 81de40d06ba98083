//! The language as its reference describes it: one file per topic in `spec/`, each with events, queries and what they
//! must give, and queries that must be refused.

use std::fs;
use std::path::Path;

use dragnet_event::{Document, DynamicFields, Schema};
use dragnet_plan::Snippet;
use serde_json::Value as Json;

use crate::eql_suite::{Case, Suite, answer};

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

fn topics() -> Vec<Topic> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/spec");
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

#[test]
fn queries_give_what_the_reference_says() {
    let (mut run, mut failures) = (0, Vec::new());
    for topic in topics() {
        let tiebreaker = match topic.text("tiebreaker") {
            None => None,
            Some("seq") => Some("seq"),
            Some("id") => Some("id"),
            Some(other) => panic!("{}: tiebreaker {other}", topic.name),
        };
        let suite = Suite { file: "", indices: &[], id_field: "id", tiebreaker };
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
    assert!(
        failures.is_empty(),
        "{} of {run} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    println!("{run} queries give what the reference says");
    assert!(run > 700, "{run}");
}

#[test]
fn what_the_reference_refuses_is_refused() {
    let (mut run, mut failures) = (0, Vec::new());
    for topic in topics() {
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
    assert!(
        failures.is_empty(),
        "{} of {run} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    assert!(run > 200, "{run}");
}
