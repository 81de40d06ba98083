//! Rule files: whatever the bytes, the readers do not panic, every problem can be shown, what was read is
//! accounted for, and a rule that was read can be written in both forms and read again.
#![no_main]

use dragnet_rules::{Format, Loader, Rule, RuleSet, compare, to_api, to_toml};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Toml, Format::Json, Format::Page] {
        let set = load(format, bytes);
        let report = &set.report;
        for problem in report.failed.iter().chain(&report.warnings) {
            assert!(problem.line >= 1 && problem.column >= 1);
            assert!(!problem.render(false).is_empty());
        }
        assert_eq!(report.loaded, set.rules.len());
        let named = report.failed.len() + report.unsupported.len() + report.skipped.len();
        assert!(report.loaded + named + report.deprecated.len() > 0);
        for rule in &set.rules {
            there_and_back(&rule.rule);
        }
    }
});

fn load(format: Format, bytes: &[u8]) -> RuleSet {
    let mut loader = Loader::new();
    loader.text("fuzz", format, bytes);
    loader.finish()
}

fn there_and_back(rule: &Rule) {
    let line = serde_json::Value::Object(to_api(rule)).to_string();
    let toml = to_toml(rule);
    for (format, text) in [(Format::Json, Some(line)), (Format::Toml, toml)] {
        let Some(text) = text else { continue };
        let set = load(format, text.as_bytes());
        let [again] = set.rules.as_slice() else {
            panic!("{text}\n{:?}", set.report);
        };
        let changes = compare(rule, &again.rule);
        assert!(changes.is_empty(), "{text}\n{changes:?}");
    }
}
