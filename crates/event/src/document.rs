//! Documents: events as JSON trees, for people and for the reference evaluator.

use serde_json::{Map, Value as Json};

use crate::sink::FieldSink;
use crate::value::{Scalar, Value};

/// An event as a JSON object. Do not count on the order of its keys.
///
/// As a [`FieldSink`] it wants everything; dotted paths become nested objects. A value put to a
/// path that already holds an object, or below a path that already holds a value, is kept under
/// its dotted key at the innermost object that can hold it, so that nothing is lost.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document(pub Map<String, Json>);

impl Document {
    /// An empty document.
    pub fn new() -> Document {
        Document::default()
    }

    /// The value at a dotted path: through nested objects, keys with dots in them, or both.
    pub fn get(&self, path: &str) -> Option<&Json> {
        lookup(&self.0, path)
    }

    /// The text at a dotted path, if there is a text or an array that starts with one.
    pub fn get_str(&self, path: &str) -> Option<&str> {
        match self.get(path)? {
            Json::Array(items) => items.first()?.as_str(),
            json => json.as_str(),
        }
    }

    /// All values at a dotted path, those within arrays of objects too: what a column of that field
    /// would hold.
    pub fn values(&self, path: &str) -> Vec<Value> {
        let mut found = Values { path, values: Vec::new() };
        self.flatten_into(&mut found);
        found.values
    }

    /// Puts any JSON at a dotted path, replacing what is there.
    pub fn set(&mut self, path: &str, json: Json) {
        *slot(&mut self.0, path) = json;
    }

    /// Feeds every value to a sink, see [`flatten`].
    pub fn flatten_into(&self, sink: &mut dyn FieldSink) {
        flatten(&self.0, sink);
    }
}

/// Keeps the values of one field.
struct Values<'a> {
    path: &'a str,
    values: Vec<Value>,
}

impl FieldSink for Values<'_> {
    fn wants(&self, path: &str) -> bool {
        self.path == path
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        if self.path == path {
            self.values.push(value.to_value());
        }
    }
}

impl FieldSink for Document {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        add(slot(&mut self.0, path), scalar_json(value));
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        add_item(slot(&mut self.0, path), object_json(path, members));
    }

    fn mark_array(&mut self, path: &str) {
        to_array(slot(&mut self.0, path));
    }
}

/// Adds a value to those of a field.
pub(crate) fn add(field: &mut Json, json: Json) {
    match field {
        Json::Array(items) => items.push(json),
        empty @ Json::Null => *empty = json,
        one => {
            let first = one.take();
            *one = Json::Array(vec![first, json]);
        }
    }
}

/// The same for a field that is an array also if it has one value only.
pub(crate) fn add_item(field: &mut Json, json: Json) {
    to_array(field);
    if let Json::Array(items) = field {
        items.push(json);
    }
}

/// Makes an array of a field's value.
pub(crate) fn to_array(field: &mut Json) {
    match field {
        Json::Array(_) => {}
        empty @ Json::Null => *empty = Json::Array(Vec::new()),
        one => {
            let first = one.take();
            *one = Json::Array(vec![first]);
        }
    }
}

/// The object of these members at `path`, their names in order.
pub(crate) fn object_json(path: &str, members: &[(&str, Scalar<'_>)]) -> Json {
    let member = |(name, value): &(&str, Scalar<'_>)| {
        (member_name(path, name).to_owned(), scalar_json(*value))
    };
    let mut object: Map<String, Json> = members.iter().map(member).collect();
    object.sort_keys();
    Json::Object(object)
}

fn lookup<'a>(object: &'a Map<String, Json>, path: &str) -> Option<&'a Json> {
    if let Some(json) = object.get(path) {
        return Some(json);
    }
    path.match_indices('.').find_map(|(dot, _)| {
        let inner = object.get(&path[..dot])?.as_object()?;
        lookup(inner, &path[dot + 1..])
    })
}

/// A member's name within the object at `path`.
fn member_name<'a>(path: &str, member: &'a str) -> &'a str {
    member.strip_prefix(path).and_then(|rest| rest.strip_prefix('.')).unwrap_or(member)
}

/// A scalar as JSON. Dates become RFC 3339 text; numbers that JSON cannot hold become text.
pub(crate) fn scalar_json(value: Scalar<'_>) -> Json {
    match value {
        Scalar::Bool(b) => Json::Bool(b),
        Scalar::Long(n) => Json::from(n),
        Scalar::Double(n) => {
            serde_json::Number::from_f64(n).map_or_else(|| Json::from(n.to_string()), Json::Number)
        }
        Scalar::Date(_) | Scalar::Str(_) => Json::from(value.text().into_owned()),
    }
}

/// Objects that a dotted path is spread over, at most; what is left of the path is one key. Trees are walked and dropped
/// level by level, so that a hostile path must not make many.
pub(crate) const MAX_LEVELS: usize = 32;

/// The place for a dotted path, made if there is none (as `null`). Most are below objects that are there.
fn slot<'a>(object: &'a mut Map<String, Json>, path: &str) -> &'a mut Json {
    slot_within(object, path, MAX_LEVELS)
}

fn slot_within<'a>(object: &'a mut Map<String, Json>, path: &str, levels: usize) -> &'a mut Json {
    let Some((head, tail)) = path.split_once('.').filter(|_| levels > 0) else {
        return match object.get(path) {
            // An object stands here: a value beside it goes under a key that cannot be a path.
            Some(Json::Object(_)) => object.entry(format!("{path}.")).or_insert(Json::Null),
            _ => object.entry(path).or_insert(Json::Null),
        };
    };
    // Entries want keys of their own, also where there is one already; so the object is looked up again.
    match object.get(head) {
        Some(Json::Object(_)) => {}
        Some(_) => return object.entry(path).or_insert(Json::Null),
        None => {
            object.insert(head.to_owned(), Json::Object(Map::new()));
        }
    }
    match &mut object[head] {
        Json::Object(child) => slot_within(child, tail, levels - 1),
        other => other,
    }
}

/// [`flatten`] under a path: as if the object stood there.
pub fn flatten_at(object: &Map<String, Json>, path: &str, sink: &mut dyn FieldSink) {
    flatten_object(object, &mut path.to_owned(), sink, 0);
}

/// Feeds every value of a JSON object to a sink under its dotted path.
///
/// Objects nest, dotted keys are paths too, arrays of objects are flattened (as Elasticsearch
/// does), `null` and empty arrays give nothing.
pub fn flatten(object: &Map<String, Json>, sink: &mut dyn FieldSink) {
    let mut path = String::new();
    flatten_object(object, &mut path, sink, 0);
}

/// Objects nested deeper than this are not read (Elasticsearch's own default is 20).
const MAX_DEPTH: usize = 64;

fn flatten_object(
    object: &Map<String, Json>,
    path: &mut String,
    sink: &mut dyn FieldSink,
    depth: usize,
) {
    let len = path.len();
    if sink.wants_objects(path)
        && let Ok(text) = serde_json::to_string(object)
    {
        sink.put_object_json(path, &text);
    }
    for (key, json) in object {
        if len > 0 {
            path.push('.');
        }
        path.push_str(key);
        flatten_json(json, path, sink, depth);
        path.truncate(len);
    }
}

fn flatten_json(json: &Json, path: &mut String, sink: &mut dyn FieldSink, depth: usize) {
    match json {
        Json::Null => sink.put_null(path),
        Json::Bool(b) => sink.put(path, Scalar::Bool(*b)),
        Json::Number(n) => sink.put(
            path,
            n.as_i64().map_or_else(|| Scalar::Double(n.as_f64().unwrap_or(f64::NAN)), Scalar::Long),
        ),
        Json::String(s) => sink.put(path, Scalar::Str(s)),
        Json::Array(items) if depth < MAX_DEPTH => {
            for item in items {
                flatten_json(item, path, sink, depth + 1);
            }
        }
        Json::Object(child) if depth < MAX_DEPTH => flatten_object(child, path, sink, depth + 1),
        Json::Array(_) | Json::Object(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn puts_nest() {
        let mut doc = Document::new();
        doc.put_str("process.name", "cmd.exe");
        doc.put_str("process.args", "a");
        doc.put_str("process.args", "b");
        doc.put_str("event.category", "process");
        doc.mark_array("event.category");
        let expected = json!({
            "process": {"name": "cmd.exe", "args": ["a", "b"]}, "event": {"category": ["process"]}
        });
        assert_eq!(Json::Object(doc.0), expected);
    }

    #[test]
    fn objects_keep_their_members_together() {
        let mut doc = Document::new();
        let ty = ("dns.answers.type", Scalar::Str("SRV"));
        doc.put_object("dns.answers", &[ty]);
        doc.put_object("dns.answers", &[ty, ("dns.answers.data", Scalar::Str("a"))]);
        let expected = json!({"dns": {"answers": [{"type": "SRV"}, {"type": "SRV", "data": "a"}]}});
        assert_eq!(Json::Object(doc.0), expected);
    }

    #[test]
    fn get_follows_objects_and_dotted_keys() {
        let json = json!({"a.b": {"c.d": 1}, "a": {"e": {"f": 2}}, "g.h.i": 3});
        let doc = Document(json.as_object().unwrap().clone());
        let get = |path| doc.get(path).and_then(Json::as_i64);
        assert_eq!((get("a.b.c.d"), get("a.e.f"), get("g.h.i")), (Some(1), Some(2), Some(3)));
        assert_eq!((get("a.e.x"), get("a."), get("")), (None, None, None));
    }

    #[test]
    fn conflicting_paths_lose_nothing() {
        let mut doc = Document::new();
        doc.put_str("a", "1");
        doc.put_str("a.b", "2");
        doc.put_str("c.d", "3");
        doc.put_str("c", "4");
        assert_eq!(Json::Object(doc.0), json!({"a": "1", "a.b": "2", "c": {"d": "3"}, "c.": "4"}));
    }

    #[test]
    fn flatten_reads_dotted_keys_and_arrays_of_objects() {
        struct Log(Vec<String>);
        impl FieldSink for Log {
            fn wants(&self, _: &str) -> bool {
                true
            }
            fn put(&mut self, path: &str, value: Scalar<'_>) {
                self.0.push(format!("{path}={}", value.text()));
            }
        }
        let json = json!({
            "a.b": 1, "c": {"d": [true, null, []]}, "e": [{"f": "x"}, {"f": 1.5}], "g": null
        });
        let mut log = Log(Vec::new());
        flatten(json.as_object().unwrap(), &mut log);
        assert_eq!(log.0, ["a.b=1", "c.d=true", "e.f=x", "e.f=1.5"]);
    }
}
