//! Every KQL and Lucene query of Elastic's rules compiles. The texts are read where they are and are not part of
//! this project.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dragnet_event::Schema;
use dragnet_kql::{Options, compile, compile_lucene, parse, print};
use dragnet_plan::{Severity, Snippet};
use dragnet_test_support::corpora;

fn rule_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            rule_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            found.push(path);
        }
    }
}

#[test]
fn every_query_compiles() {
    let Some(folder) = corpora("elastic-rules") else { return };
    let mut files = Vec::new();
    rule_files(&folder, &mut files);
    let schema = Schema::open();
    let options = Options::new(&schema);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut failures = Vec::new();
    for path in files {
        let text = std::fs::read_to_string(&path).expect("a rule");
        let Ok(document) = text.parse::<toml::Table>() else { continue };
        let Some(rule) = document.get("rule").and_then(toml::Value::as_table) else { continue };
        for (query, language) in [("query", "language"), ("threat_query", "threat_language")] {
            let get = |key| rule.get(key).and_then(toml::Value::as_str);
            let (Some(query), Some(language)) = (get(query), get(language)) else { continue };
            let (plan, diagnostics) = match language {
                "kuery" => compile(query, &options),
                "lucene" => compile_lucene(query, &options),
                _ => continue,
            };
            *counts.entry(language.to_owned()).or_default() += 1;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let snippet = Snippet { text: query, origin: &name, first_line: 1 };
            for diagnostic in &diagnostics {
                *counts.entry(diagnostic.code.to_owned()).or_default() += 1;
                if diagnostic.severity == Severity::Error {
                    failures.push(diagnostic.render(snippet, false));
                }
            }
            assert_eq!(plan.is_none(), diagnostics.iter().any(|d| d.severity == Severity::Error));
            if language == "kuery" {
                let (tree, _) = parse(query);
                let tree = tree.expect("it compiles");
                let printed = print(&tree);
                assert_eq!(parse(&printed).0, Some(tree), "{name}: {printed}");
            }
        }
    }
    println!("{counts:?}");
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
}
