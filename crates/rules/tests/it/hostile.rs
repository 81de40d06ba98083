//! Texts that nobody would write: nothing panics, and nothing is lost without being named.

use dragnet_rules::{Format, Loader, Report};
use proptest::prelude::*;

fn load(format: Format, bytes: &[u8]) -> Report {
    let mut loader = Loader::new();
    loader.text("x", format, bytes);
    let report = loader.finish().report;
    for problem in report.failed.iter().chain(&report.warnings) {
        assert!(problem.line >= 1 && problem.column >= 1);
        assert!(!problem.render(false).is_empty());
    }
    let _ = serde_json::to_string(&report).unwrap();
    report
}

/// How many documents a report accounts for.
fn accounted(report: &Report) -> usize {
    report.loaded
        + report.failed.len()
        + report.unsupported.len()
        + report.skipped.len()
        + report.deprecated.len()
}

#[test]
fn bombs() {
    let deep = |open: &str, close: &str, n| open.repeat(n) + &close.repeat(n);
    load(Format::Json, deep("[", "]", 1_000_000).as_bytes());
    load(Format::Json, deep("{\"a\":", "}", 1_000_000).as_bytes());
    load(Format::Json, format!("{{\"rule_id\":{}}}", deep("[", "]", 10_000)).as_bytes());
    load(Format::Toml, format!("[rule]\nx = {}", deep("[", "]", 100_000)).as_bytes());
    load(Format::Toml, format!("[rule]\nx = {}1", "{a = ".repeat(100_000)).as_bytes());
    load(Format::Toml, format!("[rule]\n{}x = 1", "a.".repeat(100_000)).as_bytes());
    load(Format::Toml, format!("[{}rule]", "a.".repeat(100_000)).as_bytes());
    load(Format::Toml, "[[rule.a]]\n".repeat(20_000).as_bytes());
    load(Format::Toml, "\"".repeat(100_000).as_bytes());
}

#[test]
fn many_broken_rules_on_one_line_are_named_fast() {
    let rules = vec![r#"{"type":"eql","name":"x"}"#; 20_000].join(",");
    let report = load_only(&format!("[{rules}]"));
    assert_eq!(report.failed.len(), 20_000);
    assert_eq!(report.failed[1].column, 28);
    // A line of half a megabyte is not shown whole.
    let shown = report.failed[9999].render(false);
    assert!(shown.len() < 2000, "{}", shown.len());
}

fn load_only(text: &str) -> Report {
    let mut loader = Loader::new();
    loader.text("x", Format::Json, text.as_bytes());
    loader.finish().report
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        for format in [Format::Toml, Format::Json] {
            prop_assert!(accounted(&load(format, &bytes)) > 0);
        }
    }

    #[test]
    fn any_text(text in ".*") {
        for format in [Format::Toml, Format::Json] {
            prop_assert!(accounted(&load(format, text.as_bytes())) > 0);
        }
    }

    /// Texts made of the pieces that rule files are made of.
    #[test]
    fn any_pieces(pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)) {
        let text = pieces.concat();
        for format in [Format::Toml, Format::Json] {
            prop_assert!(accounted(&load(format, text.as_bytes())) > 0);
        }
    }

    /// A rule with any one byte replaced is loaded, or named with a place within the file.
    #[test]
    fn one_byte_changed(at in 0..TOML.len(), byte in any::<u8>()) {
        let mut bytes = TOML.as_bytes().to_vec();
        bytes[at] = byte;
        prop_assert!(accounted(&load(Format::Toml, &bytes)) > 0);
    }
}

const TOML: &str = "[metadata]\nmaturity = \"production\"\n[rule]\nname = \"a\"\ntype = \"eql\"\n\
    language = \"eql\"\nrisk_score = 21\nseverity = \"low\"\nquery = \"\"\"\nany where \\\n  x == \\\"é\\u00e9\\\"\n\"\"\"\n\
    [[rule.threat]]\nframework = \"MITRE ATT&CK\"\n[rule.threat.tactic]\nid = \"TA0001\"\n";

const PIECES: &[&str] = &[
    "[rule]\n",
    "[[rule]]\n",
    "[metadata]\n",
    "maturity = 'deprecated'\n",
    "name = 'x'\n",
    "type = 'eql'\n",
    "language = \"eql\"\n",
    "query = '''\n",
    "'''\n",
    "query = \"\"\"",
    "\"\"\"\n",
    "any where true",
    "\\",
    "\n",
    "\\u00e9",
    "[[rule.threat]]\n",
    "[rule.threat.tactic]\n",
    "interval = '5m'\n",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\"rule_id\"",
    "\"name\"",
    "\"type\"",
    "\"eql\"",
    "\"query\"",
    "\"any where\\n true\"",
    "1",
    "null",
    "{\"exported_count\":1}\n",
    " ",
    "\r\n",
    "\u{feff}",
];
