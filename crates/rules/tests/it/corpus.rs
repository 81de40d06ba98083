//! All of Elastic's rules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use dragnet_event::Schema;
use dragnet_rules::{CATEGORY_FIELD, Language, RuleSet, compile_query, format_query, load};

/// The test material, or `None`, said aloud.
#[expect(clippy::disallowed_methods, reason = "tests find their material by the environment")]
fn corpora() -> Option<PathBuf> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let named = std::env::var("DRAGNET_CORPORA").ok().map(PathBuf::from);
    let found = named.or_else(|| {
        workspace.map(|above| above.join("../shared/corpora")).find(|path| path.is_dir())
    });
    if found.is_none() {
        println!("skipped: ../shared/corpora is not here");
    }
    found
}

fn elastic_rules() -> Option<RuleSet> {
    Some(load([corpora()?.join("elastic-rules")]))
}

#[test]
fn every_rule_is_accounted_for() {
    let Some(set) = elastic_rules() else { return };
    let report = &set.report;
    let failures: String = report.failed.iter().map(|failure| failure.render(false)).collect();
    assert_eq!(report.failed.len(), 0, "{failures}");
    assert_eq!((report.loaded, set.rules.len()), (1748, 1748));
    // The material's own figures (1,040 and 126) count two live rules as deprecated, a `query` and a
    // `new_terms` one, because their file names have `_deprecated_` in them.
    let mut types = BTreeMap::<_, usize>::new();
    for rule in &report.unsupported {
        *types.entry(rule.rule_type).or_default() += 1;
    }
    let expected = [("esql", 208), ("machine_learning", 106)];
    assert_eq!(types, BTreeMap::from(expected));
    assert_eq!(report.unsupported.len(), 314);
    assert_eq!(report.deprecated.len(), 124);
    assert!(report.deprecated.iter().all(|deprecated| deprecated.rule.is_some()));
    assert!(report.skipped.is_empty(), "{:?}", report.skipped);
}

#[test]
fn loaded_rules_are_what_the_files_say() {
    let Some(set) = elastic_rules() else { return };
    let warnings = || set.rules.iter().flat_map(|loaded| &loaded.warnings);
    let own: Vec<_> = warnings().filter(|warning| warning.code.starts_with("RULE")).collect();
    assert!(own.is_empty(), "{own:?}");
    assert_eq!(warnings().count(), set.report.warnings.len());
    for loaded in &set.rules {
        let (rule, path) = (&loaded.rule, &loaded.origin.path);
        assert!(rule.rule_type.unsupported().is_none(), "{path}");
        assert_eq!(rule.fields["rule_id"], rule.rule_id.as_str(), "{path}");
        assert_eq!(rule.fields["query"], rule.query.as_str(), "{path}");
        assert_eq!(rule.extra["metadata"]["maturity"], "production", "{path}");
        assert!(rule.from_ms < 0 && rule.interval_ms > 0, "{path}");
        let text = std::fs::read_to_string(path).unwrap();
        assert_eq!(text.lines().nth(loaded.origin.line - 1), Some("[rule]"), "{path}");
    }
    let override_of_type = |rule: &&dragnet_rules::LoadedRule| {
        rule.rule.event_category_override.as_deref() == Some("event.type")
    };
    assert_eq!(set.rules.iter().filter(override_of_type).count(), 13);
    let building_blocks = set.rules.iter().filter(|rule| rule.rule.building_block_type.is_some());
    assert_eq!(building_blocks.count(), 124);
}

#[test]
fn the_order_is_that_of_the_paths() {
    let Some(set) = elastic_rules() else { return };
    let paths: Vec<_> = set.rules.iter().map(|rule| Path::new(&rule.origin.path)).collect();
    assert!(paths.is_sorted());
}

#[test]
fn every_kql_query_can_be_laid_out() {
    let Some(set) = elastic_rules() else { return };
    let schema = Schema::open();
    let plan =
        |text: &str| compile_query(Language::Kuery, text, &schema, CATEGORY_FIELD).0.unwrap();
    let mut count = 0;
    for loaded in &set.rules {
        let (rule, path) = (&loaded.rule, &loaded.origin.path);
        if Language::of(rule) != Language::Kuery {
            continue;
        }
        count += 1;
        let text = format_query(Language::Kuery, &rule.query).unwrap();
        assert_eq!(plan(&text), plan(&rule.query), "{path}: {text}");
        assert_eq!(format_query(Language::Kuery, &text).as_deref(), Ok(text.as_str()), "{path}");
        for line in text.lines() {
            assert_eq!(line.trim_end(), line, "{path}: {text}");
            assert!(line.chars().count() <= 100 || !can_be_broken(line), "{path}: {line}");
        }
    }
    assert_eq!(count, 728);
}

/// Whether a line has more than one value or test: an operator before its end, outside quotes.
fn can_be_broken(line: &str) -> bool {
    let outside: Vec<_> = line.split('"').step_by(2).collect();
    let outside = outside.join("x");
    let words: Vec<_> = outside.split_whitespace().collect();
    words.iter().rev().skip(1).any(|word| matches!(*word, "and" | "or"))
}
