//! One line of JSON: it is read if and only if `serde_json` reads it, and gives the values of its tree.
#![no_main]

use dragnet_event::{EventRef, FieldSink, Scalar, flatten};
use dragnet_ingest::{EventSink, Options, Source};
use libfuzzer_sys::fuzz_target;

/// Keeps all values as text.
#[derive(Default)]
struct Log {
    values: Vec<String>,
    events: usize,
}

impl FieldSink for Log {
    fn wants(&self, _: &str) -> bool {
        true
    }
    fn put(&mut self, path: &str, value: Scalar<'_>) {
        // The two may round the last digits of a number differently.
        self.values.push(match value {
            Scalar::Double(n) => format!("{path} {n:.9e}"),
            other => format!("{path} {other:?}"),
        });
    }
    fn put_null(&mut self, path: &str) {
        self.values.push(format!("{path} null"));
    }
}

impl EventSink for Log {
    fn end_event(&mut self, _: EventRef) {
        self.events += 1;
    }
    fn abandon_event(&mut self) {
        self.values.clear();
    }
}

fuzz_target!(|text: &str| {
    // What wraps a document, halves of surrogate pairs, and `-0` are treated differently on purpose;
    // form feeds around a line are no matter.
    let odd = ['\n', '\r', '\u{c}', '\u{feff}'];
    let text: String = text.chars().filter(|c| !odd.contains(c)).collect();
    let special = ["_source", "xml", "\\ud", "\\uD", "-0"];
    if special.iter().any(|s| text.contains(s)) {
        return;
    }
    // The first line makes it JSON lines, whatever the second is.
    let file = format!("{{}}\n{text}\n");
    let mut log = Log::default();
    let mut problems = Vec::new();
    for block in Source::from_bytes("fuzz", file.into_bytes()).open(0).expect("it starts with {}") {
        block.expect("it is short").read(&Options::default(), &mut log, &mut problems);
    }
    match serde_json::from_str(&text) {
        Ok(serde_json::Value::Object(tree)) => {
            assert_eq!((log.events, problems.len()), (2, 0), "{problems:?}");
            let mut expected = Log::default();
            flatten(&tree, &mut expected);
            // Of two equal keys a tree keeps one; a deep tree is not flattened to its end.
            if log.values.len() == expected.values.len() {
                log.values.sort();
                expected.values.sort();
                assert_eq!(log.values, expected.values);
            }
        }
        _ if text.trim_ascii().is_empty() => assert_eq!((log.events, problems.len()), (1, 0)),
        _ => assert_eq!((log.events, problems.len()), (1, 1)),
    }
});
