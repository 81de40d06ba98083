//! Rule files: whatever the bytes, the readers do not panic, every problem can be shown, and what was
//! read is accounted for.
#![no_main]

use dragnet_rules::{Format, Loader};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for format in [Format::Toml, Format::Json, Format::Page] {
        let mut loader = Loader::new();
        loader.text("fuzz", format, bytes);
        let set = loader.finish();
        let report = &set.report;
        for problem in report.failed.iter().chain(&report.warnings) {
            assert!(problem.line >= 1 && problem.column >= 1);
            assert!(!problem.render(false).is_empty());
        }
        assert_eq!(report.loaded, set.rules.len());
        let named = report.failed.len() + report.unsupported.len() + report.skipped.len();
        assert!(report.loaded + named + report.deprecated.len() > 0);
    }
});
