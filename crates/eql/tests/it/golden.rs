//! What is said about queries that are wrong: `golden/*.in` are queries, `golden/*.out` the rendered
//! diagnostics. A query whose first line is `// closed` is compiled under [`CLOSED`], `// bare` under
//! [`BARE`], the others under the open schema.
//!
//! With `DRAGNET_BLESS` set in the environment the outputs are written instead of compared; read the
//! difference before it is committed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use dragnet_eql::{Options, codes, compile, parse};
use dragnet_event::Schema;
use dragnet_plan::{Severity, Snippet};

/// The closed schema of the golden queries.
const CLOSED: &str = r#"{"properties": {
    "@timestamp": {"type": "date"},
    "event": {"properties": {"category": {"type": "keyword"}, "severity": {"type": "integer"}}},
    "user": {"properties": {"name": {"type": "keyword"}, "email": {"type": "keyword", "normalizer": "lower"}}},
    "source": {"properties": {"ip": {"type": "ip"}, "port": {"type": "long"}, "geo": {"type": "geo_point"}}},
    "process": {"properties": {"name": {"type": "keyword"}, "pid": {"type": "long"}, "parent_pid": {"type": "integer"}}},
    "ratio": {"type": "float"},
    "elevated": {"type": "boolean"},
    "agent": {"properties": {"version": {"type": "version"}}},
    "message": {"type": "text", "fields": {"keyword": {"type": "keyword", "normalizer": "lower"}}},
    "log": {"properties": {"text": {"type": "match_only_text"}, "text.keyword": {"type": "keyword"}}},
    "related": {"type": "nested"}
}}"#;

/// A closed schema without a category.
const BARE: &str = r#"{"properties": {"user": {"type": "keyword"}}}"#;

/// Codes that need a text too large or too strange for a file; `hostile.rs` covers them.
const ELSEWHERE: &[&str] = &[codes::TOO_LONG, codes::NOT_UTF8, codes::TOO_LARGE];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden")
}

fn inputs() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder()).expect("the folder");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "in"));
    paths.sort();
    paths
}

fn render(path: &Path, codes: &mut BTreeSet<&'static str>) -> String {
    let text = std::fs::read_to_string(path).expect("the query");
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let schema = match text.lines().next() {
        Some("// closed") => Schema::closed([CLOSED]).expect("a mapping"),
        Some("// bare") => Schema::closed([BARE]).expect("a mapping"),
        _ => Schema::open(),
    };
    let (plan, diagnostics) = compile(text, &Options::new(&schema));
    let errors = diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(plan.is_none(), errors, "{}", path.display());
    assert!(!diagnostics.is_empty(), "{} has nothing wrong", path.display());
    let (tree, syntax) = parse(text);
    assert_eq!(tree.is_none(), syntax.iter().any(|d| d.severity == Severity::Error));
    codes.extend(diagnostics.iter().map(|d| d.code));
    for diagnostic in &diagnostics {
        let span = diagnostic.span.clone();
        assert!(text.get(span).is_some(), "{}: {diagnostic:?}", path.display());
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let snippet = Snippet { text, origin: &name, first_line: 1 };
    let rendered: Vec<_> = diagnostics.iter().map(|d| d.render(snippet, false)).collect();
    rendered.join("\n")
}

#[test]
fn diagnostics_are_as_reviewed() {
    let bless = std::env::var_os("DRAGNET_BLESS").is_some();
    let mut wrong = Vec::new();
    let mut codes = BTreeSet::new();
    for path in inputs() {
        let found = render(&path, &mut codes);
        let golden = path.with_extension("out");
        if bless {
            std::fs::write(&golden, found).expect("writing");
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != found {
            wrong.push(format!("{}:\n{found}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "not as in the .out files:\n{}", wrong.join("\n"));
    let all = codes::ALL.iter().map(|entry| entry.code);
    let missing: Vec<_> =
        all.filter(|code| !codes.contains(code) && !ELSEWHERE.contains(code)).collect();
    assert!(missing.is_empty(), "no golden query gives {missing:?}");
}

#[test]
fn every_output_has_an_input() {
    let inputs: BTreeSet<_> = inputs().into_iter().map(|path| path.with_extension("out")).collect();
    for entry in std::fs::read_dir(folder()).expect("the folder") {
        let path = entry.expect("an entry").path();
        let known = path.extension().is_some_and(|e| e == "in") || inputs.contains(&path);
        assert!(known, "{} has no input", path.display());
    }
}
