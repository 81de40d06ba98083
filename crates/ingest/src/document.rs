//! JSON documents: values to the sink as they are parsed, without a tree between.

use std::borrow::Cow;
use std::fmt;

use dragnet_event::{Document, FieldSink, Scalar};
use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value as Json;

use crate::cut::json::{Scan, scan_value};
use crate::problem::Reason;

/// How deep objects and arrays may be nested: what `serde_json`, which renders documents, allows.
const MAX_DEPTH: u32 = 127;

/// One JSON record: a document, or what it wraps.
#[derive(Debug, PartialEq)]
pub(crate) enum Record<'a> {
    /// A document as it stands.
    Plain(&'a str),
    /// A document as Elasticsearch returns it: `{"_index": …, "_id": …, "_source": {…}}`. The
    /// document itself, and the metadata fields that are kept.
    Hit { source: &'a str, meta: Vec<(&'static str, Cow<'a, str>)> },
    /// The text of a Windows event's XML: `{"xml": "<Event …"}`.
    Event(Cow<'a, str>),
}

/// Why a record could not be read, and in which of its lines (from 0) that shows.
pub(crate) type Fault = (u64, Reason);

/// Tells what a record is. This looks at the keys of the outermost object only if it may matter.
pub(crate) fn unwrap(text: &str) -> Record<'_> {
    let text = text.trim_ascii();
    let bytes = text.as_bytes();
    let mentions = |key: &[u8]| memmem::find(bytes, key).is_some();
    if mentions(b"\"_source\"") {
        let source = member(text, "_source").filter(|json| json.starts_with('{'));
        if let Some(source) = source {
            let meta = |key| {
                let json = member(text, key).filter(|json| json.starts_with('"'))?;
                Some((key, string(json)?))
            };
            return Record::Hit {
                source,
                meta: ["_index", "_id"].into_iter().filter_map(meta).collect(),
            };
        }
    }
    if mentions(b"\"xml\"")
        && let Some(xml) = member(text, "xml").and_then(string)
        && xml.trim_ascii_start().starts_with('<')
        && xml.contains("<Event")
    {
        return Record::Event(xml);
    }
    Record::Plain(text)
}

/// The text of a JSON string.
fn string(json: &str) -> Option<Cow<'_, str>> {
    let plain = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', plain.as_bytes()).is_none() {
        return Some(Cow::Borrowed(plain));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

/// The JSON that stands under a key of the outermost object, if the object is whole.
fn member<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
    let bytes = text.as_bytes();
    let space = |at: usize| at + bytes[at..].iter().take_while(|b| b.is_ascii_whitespace()).count();
    let mut at = space(1);
    let mut found = None;
    while *bytes.get(at)? == b'"' {
        let Scan::End(key_end) = scan_value(bytes, at, None) else { return None };
        let key = &text[at + 1..key_end - 1];
        at = space(key_end);
        if bytes.get(at) != Some(&b':') {
            return None;
        }
        at = space(at + 1);
        let end = match bytes.get(at)? {
            b'{' | b'[' | b'"' => match scan_value(bytes, at, None) {
                Scan::End(end) => end,
                _ => return None,
            },
            _ => at + bytes[at..].iter().position(|b| matches!(b, b',' | b'}'))?,
        };
        if key == wanted {
            found = Some(&text[at..end]);
        }
        at = space(end);
        if bytes.get(at) == Some(&b',') {
            at = space(at + 1);
        }
    }
    (bytes[at] == b'}' && at + 1 == bytes.len()).then_some(found?)
}

/// Puts a document's values to the sink. After an error some may have been put.
pub(crate) fn put<S: FieldSink>(text: &str, path: &mut String, sink: &mut S) -> Result<(), Fault> {
    path.clear();
    if !text.starts_with('{') {
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => (0, Reason::NotAnObject),
            Err(error) => json_fault(error.line(), error.column(), &error.to_string()),
        });
    }
    let mut json = sonic_rs::Deserializer::from_str(text);
    let walk = Walk { sink, path, depth: 0 };
    walk.deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| json_fault(error.line(), error.column(), &error.to_string()))
}

fn json_fault(line: usize, column: usize, message: &str) -> Fault {
    // Both libraries add the place; one adds an excerpt too.
    let message = message.lines().next().unwrap_or_default();
    let message = message.rsplit_once(" at line ").map_or(message, |(message, _)| message);
    (line.saturating_sub(1) as u64, Reason::Json { message: message.to_lowercase(), column })
}

/// A document for people, in the shape that it has.
pub(crate) fn render(text: &str) -> Result<Document, Fault> {
    if let Ok(Json::Object(object)) = serde_json::from_str(text) {
        return Ok(Document(object));
    }
    // The two parsers may differ over what is valid; what was matched must be shown.
    let mut document = Document::new();
    put(text, &mut String::new(), &mut document)?;
    Ok(document)
}

/// Walks over one value. Objects nest, dotted keys are paths too, arrays of objects are flattened
/// (as Elasticsearch does).
struct Walk<'w, S> {
    sink: &'w mut S,
    path: &'w mut String,
    depth: u32,
}

impl<S> Walk<'_, S> {
    fn inner(&mut self) -> Walk<'_, S> {
        Walk { sink: self.sink, path: self.path, depth: self.depth + 1 }
    }

    fn check_depth<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth < MAX_DEPTH {
            return Ok(());
        }
        Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")))
    }
}

impl<'de, S: FieldSink> DeserializeSeed<'de> for Walk<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de, S: FieldSink> Visitor<'de> for Walk<'_, S> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.sink.put_null(self.path);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.sink.put(self.path, Scalar::Bool(value));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.sink.put(self.path, Scalar::Long(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        let value = i64::try_from(value).map_or(Scalar::Double(value as f64), Scalar::Long);
        self.sink.put(self.path, value);
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.sink.put(self.path, Scalar::Double(value));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.sink.put(self.path, Scalar::Str(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.check_depth()?;
        while items.next_element_seed(self.inner())?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.check_depth()?;
        let len = self.path.len();
        while members.next_key_seed(Key(self.path))?.is_some() {
            members.next_value_seed(self.inner())?;
            self.path.truncate(len);
        }
        Ok(())
    }
}

/// Adds a key to the path.
struct Key<'w>(&'w mut String);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        if !self.0.is_empty() {
            self.0.push('.');
        }
        self.0.push_str(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Log(Vec<String>);

    impl FieldSink for Log {
        fn wants(&self, _: &str) -> bool {
            true
        }
        fn put(&mut self, path: &str, value: Scalar<'_>) {
            self.0.push(format!("{path}={value:?}"));
        }
        fn put_null(&mut self, path: &str) {
            self.0.push(format!("{path}=null"));
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let mut log = Log::default();
        put(text, &mut String::new(), &mut log).unwrap();
        assert_eq!(log.0, expected, "{text}");
    }

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let mut log = Log::default();
        let (line, reason) = put(text, &mut String::new(), &mut log).unwrap_err();
        assert_eq!(format!("{line}: {reason}"), expected, "{text}");
    }

    #[test]
    fn values() {
        check(
            r#"{"a.b": 1, "c": {"d": [true, null, []], "e": -1.5}, "f": [{"g": "x\n"}, {"g": "é"}],
               "h": 18446744073709551615, "i": {}, "j": 9223372036854775807}"#,
            &[
                "a.b=Long(1)",
                "c.d=Bool(true)",
                "c.d=null",
                "c.e=Double(-1.5)",
                r#"f.g=Str("x\n")"#,
                r#"f.g=Str("é")"#,
                "h=Double(1.8446744073709552e19)",
                "j=Long(9223372036854775807)",
            ],
        );
        check("{}", &[]);
    }

    #[test]
    fn errors() {
        check_error("[1]", "0: not a JSON object");
        check_error("\"x\"", "0: not a JSON object");
        check_error("nonsense", "0: not valid JSON: expected ident (column 2)");
        let has_column = |text| {
            let (line, reason) = put(text, &mut String::new(), &mut Log::default()).unwrap_err();
            (line, matches!(reason, Reason::Json { .. }))
        };
        for text in ["{", "{\"a\"}", "{\"a\":1}}", "{\"a\":1} x", "{\"a\":01}", "{\"a\":\"\u{1}\"}"]
        {
            assert_eq!(has_column(text), (0, true), "{text}");
        }
        assert_eq!(has_column("{\n\"a\":}"), (1, true));
    }

    #[test]
    fn depth_is_bounded_alike_for_matching_and_showing() {
        let nested =
            |depth: usize| format!("{}{}", "{\"a\":".repeat(depth - 1) + "{", "}".repeat(depth));
        let arrays =
            |depth: usize| format!("{{\"a\":{}{}}}", "[".repeat(depth - 1), "]".repeat(depth - 1));
        for make in [&nested as &dyn Fn(usize) -> String, &arrays] {
            for (depth, readable) in [(127, true), (128, false), (100_000, false)] {
                let text = make(depth);
                let put = put(&text, &mut String::new(), &mut Log::default());
                assert_eq!(put.is_ok(), readable, "{depth}");
                assert_eq!(serde_json::from_str::<Json>(&text).is_ok(), readable, "{depth}");
            }
        }
    }

    #[test]
    fn wrappers() {
        let hit = r#"{"_index": "i", "_id": "a\tb", "_score": null, "_source": {"a": {"_id": 1}}, "sort": [1]}"#;
        let expected = Record::Hit {
            source: r#"{"a": {"_id": 1}}"#,
            meta: vec![("_index", "i".into()), ("_id", "a\tb".into())],
        };
        assert_eq!(unwrap(hit), expected);
        for plain in [
            r#"{"a": {"_source": {}}}"#,
            r#"{"_source": "text"}"#,
            r#"{"_source": {"a": 1}"#,
            r#"{"_source": {"a": 1},"#,
            r#"{"_source" {"a": 1}}"#,
            r#"{"xml": "<other/>"}"#,
            r#"{"a": {"xml": "<Event/>"}}"#,
            r#"["_source"]"#,
            "\"xml\"",
        ] {
            assert_eq!(unwrap(plain), Record::Plain(plain));
        }
        let event = r#"{"expected": true, "xml": "<Event a=\"1\"></Event>"}"#;
        assert_eq!(unwrap(event), Record::Event("<Event a=\"1\"></Event>".into()));
    }

    #[test]
    fn rendering_keeps_the_shape() {
        let text = r#"{"b.c": [1], "a": [{"x": 1}, {"x": 2}]}"#;
        assert_eq!(
            Json::Object(render(text).unwrap().0),
            serde_json::from_str::<Json>(text).unwrap()
        );
    }
}
