//! Every rule of Elastic's goes to both forms and comes back as it was.

use std::fs;

use dragnet_rules::{
    Document, Shelf, compare, compare_sets, documents, export_summary, to_api, to_toml,
};
use dragnet_test_support::corpora;

/// Reads these texts as files of one directory.
fn shelf(files: &[(String, String)]) -> Shelf {
    let directory = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(directory.path().join(name), text).unwrap();
    }
    documents([directory.path()])
}

fn as_toml(documents: &[Document]) -> Shelf {
    let files = documents.iter().enumerate();
    let files: Vec<_> = files
        .map(|(n, document)| (format!("{n:05}.toml"), to_toml(&document.rule).unwrap()))
        .collect();
    shelf(&files)
}

fn as_export(documents: &[Document]) -> Shelf {
    let mut text = String::new();
    for document in documents {
        text += &serde_json::to_string(&to_api(&document.rule)).unwrap();
        text.push('\n');
    }
    text += &export_summary(documents.len(), &[]).to_string();
    shelf(&[("export.ndjson".to_owned(), text)])
}

#[test]
fn all_rules_go_there_and_back() {
    let Some(path) = corpora("elastic-rules") else { return };
    let before = documents([path]).documents;
    let exported = as_export(&before);
    let after = as_toml(&exported.documents);
    let straight = as_toml(&before);
    for shelf in [&exported, &after, &straight] {
        assert_eq!((shelf.failed.len(), shelf.documents.len()), (0, before.len()));
    }
    for (number, document) in before.iter().enumerate() {
        let rule = &document.rule;
        assert_eq!(&after.documents[number].rule, rule, "{}", document.origin.path);
        assert_eq!(&straight.documents[number].rule, rule, "{}", document.origin.path);
        let changes = compare(rule, &exported.documents[number].rule);
        assert!(changes.is_empty(), "{}: {changes:?}", document.origin.path);
    }
    let diff = compare_sets(&before, &after.documents);
    assert_eq!((diff.unchanged, diff.repeated.len()), (before.len(), 0));
    println!("{} rules went to Kibana's form and back to TOML unchanged", before.len());
}
