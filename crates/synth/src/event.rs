//! An event in the making.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dragnet_event::{Document, Field, FieldSink, Scalar, Time, Value};

/// The values of fields, by their paths; what is not there is missing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Event(BTreeMap<String, Vec<Value>>);

impl Event {
    /// The values of the field at this path; for a pattern, those that were [set](Event::set) by it.
    pub fn values(&self, path: &str) -> &[Value] {
        self.0.get(&*concrete(path)).map(Vec::as_slice).unwrap_or_default()
    }

    /// The values of all paths that a field has, of which there are several if its path is a pattern.
    pub fn values_of<'e>(&'e self, field: &'e Field) -> impl Iterator<Item = &'e Value> {
        let of_pattern = self.0.iter().filter(|(path, _)| field.is_pattern() && field.covers(path));
        let own = self.0.get(field.path()).into_iter();
        own.chain(of_pattern.map(|(_, values)| values)).flatten()
    }

    /// Replaces the values of the field at this path, or of one that the pattern takes in; none: it is missing.
    pub fn set(&mut self, path: &str, values: Vec<Value>) {
        let path = concrete(path);
        if values.is_empty() {
            self.0.remove(&*path);
        } else {
            self.0.insert(path.into_owned(), values);
        }
    }

    /// The first value of a field.
    pub(crate) fn first(&self, field: &Field) -> Option<Value> {
        self.values(field.path()).first().cloned()
    }

    /// The event as a document with this id and, unless it has one, this time.
    pub fn document(&self, id: &str, time: Time) -> Document {
        let mut document = Document::new();
        document.put_str("_id", id);
        if self.values("@timestamp").is_empty() {
            document.put("@timestamp", Scalar::Date(time));
        }
        // Shorter paths first: what stands below a path that has a value itself gets a dotted key, and
        // that can be read again; the other way round it could not.
        let mut fields: Vec<_> = self.0.iter().collect();
        fields.sort_by_key(|(path, _)| path.len());
        for (path, values) in fields {
            for value in values {
                document.put(path, value.as_scalar());
            }
        }
        document
    }
}

/// A path that a pattern takes in.
fn concrete(path: &str) -> Cow<'_, str> {
    if path.contains('*') { path.replace('*', "any").into() } else { path.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_have_an_id_and_a_time() {
        let mut event = Event::default();
        event.set("ship.name", vec![Value::Str("Dora".into())]);
        event.set("ship", vec![Value::Long(1), Value::Long(2)]);
        let document = event.document("a-1", Time::from_millis(0));
        assert_eq!(document.get_str("_id"), Some("a-1"));
        assert_eq!(document.get_str("@timestamp"), Some("1970-01-01T00:00:00.000Z"));
        assert_eq!(document.get_str("ship.name"), Some("Dora"));
        assert_eq!(document.get("ship").and_then(|ship| ship.as_array()).map(Vec::len), Some(2));
    }
}
