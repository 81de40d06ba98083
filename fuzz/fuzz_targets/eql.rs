//! Any bytes as a query: no panic, and what parses prints to what parses to the same.

#![no_main]

use std::sync::LazyLock;

use dragnet_event::Schema;
use libfuzzer_sys::fuzz_target;

static CLOSED: LazyLock<Schema> = LazyLock::new(|| {
    let mapping = r#"{"properties": {
        "event": {"properties": {"category": {"type": "keyword"}}},
        "a": {"type": "keyword"}, "b": {"type": "long"}, "c": {"type": "ip"},
        "d": {"type": "date"}, "e": {"type": "boolean"}, "f": {"type": "text"},
        "g": {"type": "version"}, "h": {"type": "double"}, "i": {"type": "nested"}
    }}"#;
    Schema::closed([mapping]).unwrap_or_default()
});

fuzz_target!(|data: &[u8]| {
    let open = Schema::open();
    for schema in [&open, &*CLOSED] {
        let options = dragnet_eql::Options { schema, category_field: "event.category" };
        let (query, diagnostics) = dragnet_eql::compile_bytes(data, &options);
        let is_error =
            |d: &dragnet_plan::Diagnostic| d.severity == dragnet_plan::Severity::Error;
        assert_eq!(query.is_none(), diagnostics.iter().any(is_error));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let (Some(query), _) = dragnet_eql::parse(text) {
        let printed = dragnet_eql::print(&query);
        let (again, diagnostics) = dragnet_eql::parse(&printed);
        let again = again.unwrap_or_else(|| panic!("{printed}\n{diagnostics:?}"));
        assert_eq!(dragnet_eql::print(&again), printed);
    }
});
