//! Texts that ask for much, or have a slip in every word, are answered all the same.

use dragnet_event::Schema;
use dragnet_kql::{Options, compile, compile_lucene};

/// The codes of the errors, each once.
fn errors(text: &str, lucene: bool) -> Vec<&'static str> {
    let schema = Schema::open();
    let options = Options::new(&schema);
    let (query, found) =
        if lucene { compile_lucene(text, &options) } else { compile(text, &options) };
    assert_eq!(query.is_none(), !found.is_empty());
    let mut codes: Vec<_> = found.into_iter().map(|diagnostic| diagnostic.code).collect();
    codes.dedup();
    codes
}

#[test]
fn a_slip_in_every_word() {
    // A look ahead from each of them to the end of the text would take minutes.
    assert_eq!(errors(&"\\a".repeat(60_000), false), ["KQL0004"]);
    assert_eq!(errors(&"[a b ".repeat(60_000), true), ["LUC0104"]);
}

#[test]
fn values_without_a_field_are_many_tests() {
    assert_eq!(errors("a or a", false), [""; 0]);
    assert_eq!(errors(&("a or ".repeat(10_000) + "a"), false), ["KQL0006"]);
    assert_eq!(errors(&("a OR ".repeat(10_000) + "a"), true), ["LUC0006"]);
    // With a field each is one.
    assert_eq!(errors(&format!("a: ({}a)", "a or ".repeat(10_000)), false), [""; 0]);
}
