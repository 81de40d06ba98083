//! Elasticsearch's own EQL queries with their expected results, through the library and through
//! `dragnet query`.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use assert_cmd::Command;
use dragnet_engine::{Matcher, RuleSet, correlate};
use dragnet_event::{Batch, Document, DynamicFields, EventRef, Schema};
use dragnet_plan::Pipe;
use dragnet_test_support::corpora;
use serde_json::Value as Json;

/// A query file: its name, the indices that it runs on, the field that names an event, and the one that breaks
/// ties.
pub(crate) struct Suite {
    pub(crate) file: &'static str,
    pub(crate) indices: &'static [&'static str],
    pub(crate) id_field: &'static str,
    pub(crate) tiebreaker: Option<&'static str>,
}

const SUITES: &[Suite] = &[
    Suite {
        file: "test_queries.toml",
        indices: &["endgame-140"],
        id_field: "serial_event_id",
        tiebreaker: Some("serial_event_id"),
    },
    Suite {
        file: "additional_test_queries.toml",
        indices: &["endgame-140"],
        id_field: "serial_event_id",
        tiebreaker: Some("serial_event_id"),
    },
    Suite {
        file: "test_missing_events.toml",
        indices: &["missing-events"],
        id_field: "sequence",
        tiebreaker: Some("sequence"),
    },
    Suite {
        file: "test_sample.toml",
        indices: &["sample1", "sample2", "sample3"],
        id_field: "id",
        tiebreaker: None,
    },
];

/// One query with what it must give.
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) query: String,
    /// Any of these; `-1` is an event that must be missing.
    pub(crate) expected: Vec<Vec<i64>>,
    pub(crate) join_keys: Option<Vec<String>>,
    pub(crate) size: usize,
    /// The first results are given, not the last.
    pub(crate) from_head: bool,
    pub(crate) samples_per_key: usize,
}

/// What a query gave.
#[derive(Debug, PartialEq)]
pub(crate) struct Answer {
    pub(crate) ids: Vec<i64>,
    pub(crate) join_keys: Vec<String>,
}

fn cases(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let queries = table["queries"].as_array().unwrap();
    let ids = |value: &toml::Value| -> Vec<i64> {
        value.as_array().unwrap().iter().map(|id| id.as_integer().unwrap()).collect()
    };
    let number = |query: &toml::Value, key: &str, default| {
        query.get(key).map_or(default, |n| n.as_integer().unwrap() as usize)
    };
    queries
        .iter()
        .map(|query| {
            let expected = &query["expected_event_ids"];
            let lists = expected.as_array().unwrap();
            let several = lists.first().is_some_and(toml::Value::is_array);
            Case {
                name: query.get("name").map_or("?", |n| n.as_str().unwrap()).to_owned(),
                query: query["query"].as_str().unwrap().to_owned(),
                expected: if several {
                    lists.iter().map(ids).collect()
                } else {
                    vec![ids(expected)]
                },
                join_keys: query.get("join_keys").map(|keys| {
                    let keys = keys.as_array().unwrap().iter();
                    keys.map(|key| key.as_str().unwrap().to_owned()).collect()
                }),
                size: number(query, "size", 50),
                from_head: false,
                samples_per_key: number(query, "max_samples_per_key", 1),
            }
        })
        .collect()
}

/// The files of a suite's indices: mappings and data.
fn files(root: &Path, suite: &Suite, ending: &str) -> Vec<PathBuf> {
    suite.indices.iter().map(|index| root.join(format!("data/{index}.{ending}"))).collect()
}

#[track_caller]
fn compare(suite: &Suite, case: &Case, answer: &Answer, failures: &mut Vec<String>) {
    let keys_differ = case.join_keys.as_ref().is_some_and(|keys| *keys != answer.join_keys);
    if !case.expected.contains(&answer.ids) || keys_differ {
        failures.push(format!(
            "{} {}\n{}\nexpected {:?} {:?}\ngot      {:?} {:?}",
            suite.file,
            case.name,
            case.query,
            case.expected,
            case.join_keys,
            answer.ids,
            answer.join_keys
        ));
    }
}

#[track_caller]
fn report(run: usize, failures: &[String]) {
    assert!(
        failures.is_empty(),
        "{} of {run} failed:\n\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    println!("{run} queries give what is expected");
    assert!(run >= 245, "the suite has 245 queries, and only {run} were run");
}

#[test]
fn through_the_library() {
    let Some(root) = corpora("eql-suite") else { return };
    let (mut run, mut failures) = (0, Vec::new());
    for suite in SUITES {
        let mappings =
            files(&root, suite, "mapping").into_iter().map(|p| fs::read_to_string(p).unwrap());
        let mappings: Vec<String> = mappings.collect();
        let schema = Schema::closed(mappings.iter().map(String::as_str)).unwrap();
        let mut events = Vec::new();
        for path in files(&root, suite, "data") {
            let json: Json = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
            let documents = json.as_array().unwrap().iter();
            events.extend(documents.map(|d| Document(d.as_object().unwrap().clone())));
        }
        let mut dynamic = DynamicFields::default();
        for event in &events {
            event.flatten_into(&mut dynamic);
        }
        let schema = schema.with_dynamic(&dynamic);
        for case in cases(&root.join(suite.file)) {
            run += 1;
            match answer(suite, &case, &schema, &events) {
                Ok(answer) => compare(suite, &case, &answer, &mut failures),
                Err(error) => failures.push(format!("{} {}\n{error}", suite.file, case.name)),
            }
        }
    }
    report(run, &failures);
}

pub(crate) fn answer(
    suite: &Suite,
    case: &Case,
    schema: &Schema,
    events: &[Document],
) -> Result<Answer, String> {
    let options = dragnet_eql::Options { schema, category_field: "event.category" };
    let (query, diagnostics) = dragnet_eql::compile(&case.query, &options);
    let query = query.ok_or_else(|| format!("{diagnostics:?}"))?;
    let tiebreaker = suite.tiebreaker.map(|name| schema.field(name));
    let rules = RuleSet::new(vec![Arc::new(query)], tiebreaker.as_ref());
    let mut batch = Batch::new(rules.fields(), &schema.field("@timestamp"));
    for (index, event) in events.iter().enumerate() {
        event.flatten_into(&mut batch);
        batch.end_row(EventRef { source: 0, block: 0, index: index as u32 });
    }
    let mut hits = Vec::new();
    Matcher::new(&rules).run(&batch, &mut |hit| hits.push(hit));
    let mut findings = correlate::all(hits, rules.queries(), case.samples_per_key);
    for pipe in rules.queries()[0].pipes() {
        match pipe {
            Pipe::Head(n) => findings.truncate(*n as usize),
            Pipe::Tail(n) => drop(findings.drain(..findings.len().saturating_sub(*n as usize))),
        }
    }
    if case.from_head || matches!(*rules.queries()[0], dragnet_plan::Query::Sample(_)) {
        findings.truncate(case.size);
    } else {
        findings.drain(..findings.len().saturating_sub(case.size));
    }
    let id = |event: &Option<dragnet_engine::Position>| {
        event.as_ref().map_or(-1, |position| {
            events[position.event.index as usize].get(suite.id_field).unwrap().as_i64().unwrap()
        })
    };
    let key = |value: &Option<dragnet_event::Value>| match value {
        None => "null".to_owned(),
        Some(dragnet_event::Value::Date(time)) => time.millis().to_string(),
        Some(value) => value.text().into_owned(),
    };
    Ok(Answer {
        ids: findings.iter().flat_map(|f| f.events.iter().map(id)).collect(),
        join_keys: findings.iter().flat_map(|f| f.key.values().iter().map(key)).collect(),
    })
}

#[test]
fn through_the_command() {
    let Some(root) = corpora("eql-suite") else { return };
    let (mut run, mut failures) = (0, Vec::new());
    for suite in SUITES {
        // Data files are JSON arrays; their ending does not matter.
        for case in cases(&root.join(suite.file)) {
            run += 1;
            // As the suite's own harness does, from either end: results must not depend on it.
            let end = if run % 2 == 0 { "head" } else { "tail" };
            let mut command = Command::cargo_bin("dragnet").unwrap();
            command.args(["query", "--language", "eql", "--result-position", end]);
            command.args(["--size", &case.size.to_string()]);
            command.args(["--max-samples-per-key", &case.samples_per_key.to_string()]);
            for mapping in files(&root, suite, "mapping") {
                command.arg("--schema").arg(mapping);
            }
            if let Some(tiebreaker) = suite.tiebreaker {
                command.args(["--tiebreaker-field", tiebreaker]);
            }
            command.arg(&case.query).args(files(&root, suite, "data"));
            let output = command.output().unwrap();
            match serde_json::from_slice::<Json>(&output.stdout) {
                Ok(json) => compare(suite, &case, &read_answer(suite, &json), &mut failures),
                Err(_) => failures.push(format!(
                    "{} {}: {}",
                    suite.file,
                    case.name,
                    String::from_utf8_lossy(&output.stderr)
                )),
            }
        }
    }
    report(run, &failures);
}

/// Reads what Elasticsearch would have answered.
pub(crate) fn read_answer(suite: &Suite, json: &Json) -> Answer {
    let hits = &json["hits"];
    let id = |event: &Json| match event["missing"].as_bool() {
        Some(true) => -1,
        _ => event["_source"][suite.id_field].as_i64().unwrap(),
    };
    let list = |json: &Json| json.as_array().cloned().unwrap_or_default();
    let sequences = list(&hits["sequences"]);
    let of_sequences = sequences.iter().flat_map(|sequence| list(&sequence["events"]));
    let text = |key: Json| key.as_str().map_or(key.to_string(), str::to_owned);
    Answer {
        ids: list(&hits["events"]).into_iter().chain(of_sequences).map(|e| id(&e)).collect(),
        join_keys: sequences.iter().flat_map(|s| list(&s["join_keys"])).map(text).collect(),
    }
}
