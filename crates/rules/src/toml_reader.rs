//! Elastic's TOML: one rule per file.
//!
//! The file is read into a tree with the span of every value, not through serde: serde would lose
//! where the query stands, and keys that no type names.

use std::sync::{Arc, OnceLock};

use serde_json::{Map, Number, Value as Json};
use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use crate::catalogue as code;
use crate::document::{Contents, Entry, Format, Spans};
use crate::literal::{StringMap, Syntax};
use crate::problem::{Place, Problem, Shown, coded};

/// Reads a TOML file. A file without a `[rule]` table has no entries.
pub(crate) fn read(path: &str, text: &Arc<str>) -> Contents {
    let mut contents = Contents::new(path, text.clone(), Format::Toml);
    match DeTable::parse(text) {
        Ok(table) => contents.entries.extend(entry(text, table.get_ref())),
        Err(error) => {
            let span = error.span().unwrap_or_default();
            let place = Place::START.advance(text, span.start);
            let message = format!("not valid TOML: {}", first_line(error.message()));
            let diagnostic = coded(code::BAD_TOML, span, message);
            contents.problems.push(Problem::new(
                path,
                place,
                diagnostic,
                Shown::File(text.clone()),
            ));
        }
    }
    contents
}

fn first_line(message: &str) -> &str {
    message.lines().next().unwrap_or(message)
}

fn entry(text: &str, document: &DeTable<'_>) -> Option<Entry> {
    let (key, value) = document.get_key_value("rule")?;
    let rule = value.get_ref().as_table()?;
    let mut extra = object(document);
    extra.remove("rule");
    let query = rule.get("query").filter(|query| query.get_ref().is_str());
    // A table's span is its header; a table made by dotted keys alone has that of its first key.
    let start = value.span().start.min(key.span().start);
    Some(Entry {
        fields: object(rule),
        extra,
        start: Place::START.advance(text, start),
        spans: OnceLock::new(),
        doubts: Vec::new(),
        query: query.map(|query| {
            let span = query.span();
            StringMap::new(text.get(span.clone()).unwrap_or_default(), span.start, Syntax::Toml)
        }),
    })
}

/// Where the values of the rule's keys stand in a file that was read before; of `threat` also what is within it.
pub(crate) fn spans(text: &str) -> Spans {
    let table = DeTable::parse(text);
    let rule = table.as_ref().ok().and_then(|table| table.get_ref().get("rule"));
    let Some(rule) = rule.and_then(|rule| rule.get_ref().as_table()) else { return Spans::new() };
    let mut spans: Spans =
        rule.iter().map(|(key, value)| (key.get_ref().to_string(), value.span())).collect();
    if let Some(threat) = rule.get("threat") {
        inner_spans("threat", threat, &mut spans);
    }
    spans
}

/// Where the values within a value stand, by keys and positions joined by dots. The parser bounds the
/// depth.
fn inner_spans(path: &str, value: &Spanned<DeValue<'_>>, spans: &mut Spans) {
    let mut add = |step: &str, inner: &Spanned<DeValue<'_>>| {
        let path = format!("{path}.{step}");
        inner_spans(&path, inner, spans);
        spans.insert(path, inner.span());
    };
    match value.get_ref() {
        DeValue::Array(items) => {
            items.iter().enumerate().for_each(|(at, item)| add(&at.to_string(), item));
        }
        DeValue::Table(table) => table.iter().for_each(|(key, inner)| add(key.get_ref(), inner)),
        _ => {}
    }
}

fn object(table: &DeTable<'_>) -> Map<String, Json> {
    table.iter().map(|(key, value)| (key.get_ref().to_string(), json(value))).collect()
}

/// The value as JSON. The parser bounds the depth (80 per key and value), thus the recursion.
fn json(value: &Spanned<DeValue<'_>>) -> Json {
    match value.get_ref() {
        DeValue::String(text) => Json::String(text.to_string()),
        DeValue::Integer(integer) => number(integer),
        DeValue::Float(float) => {
            let number = float.as_str().parse().ok().and_then(Number::from_f64);
            number.map_or_else(|| Json::String(float.as_str().to_owned()), Json::Number)
        }
        DeValue::Boolean(flag) => Json::Bool(*flag),
        DeValue::Datetime(time) => Json::String(time.to_string()),
        DeValue::Array(items) => Json::Array(items.iter().map(json).collect()),
        DeValue::Table(table) => Json::Object(object(table)),
    }
}

fn number(integer: &DeInteger<'_>) -> Json {
    let (digits, radix) = (integer.as_str(), integer.radix());
    i64::from_str_radix(digits, radix)
        .map(Json::from)
        .or_else(|_| u64::from_str_radix(digits, radix).map(Json::from))
        .unwrap_or_else(|_| Json::String(integer.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Contents {
        read("r.toml", &Arc::from(text))
    }

    #[test]
    fn everything_is_kept() {
        let contents = read_text(
            "[metadata]\nmaturity = 'deprecated'\n[rule]\nname = 'One'\nbig = 18446744073709551615\n\
             huge = 0x1ffffffffffffffffff\nhalf = 0.5\nnone = nan\nwhen = 2024-01-31\nflag = true\n\
             [[rule.threat]]\nframework = 'MITRE ATT&CK'\n[rule.threshold]\nfield = ['a']\n[transform]\nx = 1\n",
        );
        let entry = &contents.entries[0];
        let expected = serde_json::json!({
            "name": "One", "big": 18_446_744_073_709_551_615_u64, "half": 0.5,
            "huge": "0x1ffffffffffffffffff", "none": "nan", "when": "2024-01-31", "flag": true,
            "threat": [{"framework": "MITRE ATT&CK"}], "threshold": {"field": ["a"]},
        });
        assert_eq!(Json::Object(entry.fields.clone()), expected);
        assert_eq!(entry.extra["transform"], serde_json::json!({"x": 1}));
        assert!(!entry.extra.contains_key("rule"));
        assert!(entry.is_deprecated());
        assert_eq!(entry.start.line, 3);
        assert_eq!(entry.label().as_deref(), Some("One"));
    }

    #[test]
    fn bad_toml_has_a_place() {
        #[track_caller]
        fn check(text: &str, expected: (usize, usize)) {
            let contents = read_text(text);
            let problem = &contents.problems[0];
            assert_eq!((problem.line, problem.column), expected, "{text}: {}", problem.reason);
            assert_eq!(problem.code, "RULE0004");
            assert!(contents.entries.is_empty());
        }
        check("[rule]\nname = \n", (2, 8));
        check("[rule]\nname = 'a'\nname = 'b'\n", (3, 1));
        check("[rule\n", (1, 6));
        check("[rule]\nnote = '''never ends\n", (3, 1));
    }

    #[test]
    fn files_without_a_rule() {
        for text in ["", "[tool]\nx = 1", "rule = 3", "[[rule]]\nname = 'a'"] {
            let contents = read_text(text);
            assert!(contents.entries.is_empty() && contents.problems.is_empty(), "{text}");
        }
        assert_eq!(read_text("rule.name = 'a'").entries[0].start.line, 1);
    }
}
