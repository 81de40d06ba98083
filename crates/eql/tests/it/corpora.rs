//! Every query of Elastic's tests and rules compiles. The texts are read where they are and are not
//! part of this project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dragnet_eql::{FORMAT_WIDTH, Options, compile, format, parse, print};
use dragnet_event::Schema;
use dragnet_plan::{Diagnostic, Query, Severity, Snippet};
use serde_json::{Map, Value as Json, json};

/// The folder of the test material; says aloud when it is not there.
fn corpora() -> Option<PathBuf> {
    let folder = match std::env::var_os("DRAGNET_CORPORA") {
        Some(folder) => PathBuf::from(folder),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .ancestors()
            .map(|above| above.join("../shared/corpora"))
            .find(|folder| folder.is_dir())
            .unwrap_or_default(),
    };
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: ../shared/corpora is not here");
    None
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Compiles, and holds printing to its promise on the way.
#[track_caller]
fn compiles(name: &str, query: &str, schema: &Schema) -> Vec<Diagnostic> {
    let (plan, diagnostics) = compile(query, &Options::new(schema));
    let shown = || render(name, query, &diagnostics);
    assert!(plan.is_some(), "{}", shown());
    let (tree, _) = parse(query);
    let tree = tree.expect("it compiles");
    let printed = print(&tree);
    assert_eq!(parse(&printed).0, Some(tree), "{name}: {printed}");
    formats(name, query, schema, plan);
    diagnostics
}

/// The formatted query has the same plan, and formatting it again changes nothing.
#[track_caller]
fn formats(name: &str, query: &str, schema: &Schema, plan: Option<Query>) {
    let formatted = format(query).unwrap_or_else(|e| panic!("{name}: {e}\n{query}"));
    assert_eq!(format(&formatted).as_deref(), Ok(formatted.as_str()), "{name}: {formatted}");
    let again = compile(&formatted, &Options::new(schema)).0;
    assert_eq!(again.map(without_places), plan.map(without_places), "{name}: {formatted}");
    for line in formatted.lines() {
        assert_eq!(line.trim_end(), line, "{name}: {formatted}");
        // Only one text or comment alone can be wider.
        let wide = line.chars().count() > FORMAT_WIDTH;
        assert!(!wide || !line.contains("\", \"") || line.contains("/*"), "{name}: {line}");
    }
}

/// A plan without the places of its stages in the text.
fn without_places(mut plan: Query) -> Query {
    let stages: Vec<_> = match &mut plan {
        Query::Sequence(s) => s.stages.iter_mut().chain(s.until.as_mut()).collect(),
        Query::Sample(s) => s.stages.iter_mut().collect(),
        _ => Vec::new(),
    };
    for stage in stages {
        stage.span = 0..0;
    }
    plan
}

fn render(name: &str, query: &str, diagnostics: &[Diagnostic]) -> String {
    let snippet = Snippet { text: query, origin: name, first_line: 1 };
    diagnostics.iter().map(|d| d.render(snippet, false)).collect()
}

/// The schema of an index: its mapping, and what Elasticsearch adds to it when documents hold fields
/// that it lacks.
fn index_schema(data: &Path, indices: &[&str]) -> Schema {
    let mut texts = Vec::new();
    for index in indices {
        let mapping = read(&data.join(format!("{index}.mapping")));
        let known = Schema::closed([mapping.as_str()]).expect("a mapping");
        let documents: Vec<Json> =
            serde_json::from_str(&read(&data.join(format!("{index}.data")))).expect("documents");
        let mut dynamic = Map::new();
        for (key, value) in documents.iter().filter_map(Json::as_object).flatten() {
            let value = value.as_array().and_then(|values| values.first()).unwrap_or(value);
            let ty = match value {
                _ if known.get(key).is_some() => continue,
                Json::String(_) => {
                    json!({"type": "text", "fields": {"keyword": {"type": "keyword"}}})
                }
                Json::Number(n) if n.is_f64() => json!({"type": "float"}),
                Json::Number(_) => json!({"type": "long"}),
                Json::Bool(_) => json!({"type": "boolean"}),
                _ => continue,
            };
            dynamic.insert(key.clone(), ty);
        }
        texts.push(json!({ "properties": dynamic }).to_string());
        texts.push(mapping);
    }
    Schema::closed(texts.iter().map(String::as_str)).expect("a schema")
}

#[test]
fn every_query_of_the_suite_compiles_under_its_mapping() {
    let Some(corpora) = corpora() else { return };
    let suite = corpora.join("eql-suite");
    let data = suite.join("data");
    let files: [(&str, &[&str]); 4] = [
        ("test_queries", &["endgame-140"]),
        ("additional_test_queries", &["endgame-140"]),
        ("test_missing_events", &["missing-events"]),
        ("test_sample", &["sample1", "sample2", "sample3"]),
    ];
    for (file, indices) in files {
        let schema = index_schema(&data, indices);
        let text = read(&suite.join(format!("{file}.toml")));
        let table: toml::Table = text.parse().expect("TOML");
        let queries = table["queries"].as_array().expect("queries");
        let mut warnings = 0;
        for query in queries {
            let name = query["name"].as_str().expect("a name");
            let text = query["query"].as_str().expect("a query");
            let found = compiles(name, text, &schema);
            warnings += found.len();
            print!("{}", render(name, text, &found));
        }
        println!("{file}: {} queries compile, {warnings} warnings", queries.len());
        assert!(queries.len() >= 20, "{file} is not what it was");
    }
}

/// All rule files below a folder, but for the deprecated ones.
fn rule_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            if !path.ends_with("_deprecated") {
                rule_files(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn every_eql_rule_compiles_under_the_open_schema() {
    let Some(corpora) = corpora() else { return };
    let mut files = Vec::new();
    for folder in ["rules", "rules_building_block"] {
        rule_files(&corpora.join("elastic-rules").join(folder), &mut files);
    }
    files.sort();
    let schema = Schema::open();
    let (mut rules, mut warned) = (0, 0);
    let mut codes = BTreeMap::<&str, usize>::new();
    for file in &files {
        let table: toml::Table = read(file).parse().expect("TOML");
        let rule = &table["rule"];
        if rule.get("language").and_then(toml::Value::as_str) != Some("eql") {
            continue;
        }
        rules += 1;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        let query = rule["query"].as_str().expect("a query");
        let found = compiles(&name, query, &schema);
        assert!(found.iter().all(|d| d.severity == Severity::Warning));
        warned += usize::from(!found.is_empty());
        for diagnostic in &found {
            *codes.entry(diagnostic.code).or_default() += 1;
        }
        print!("{}", render(&name, query, &found));
    }
    println!("{rules} EQL rules compile, {warned} with warnings: {codes:?}");
    assert!(rules >= 1_000, "found only {rules} EQL rules");
}
