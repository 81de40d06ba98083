//! Ids of events and alerts: hashes of what they are, so that reading again gives the same ones.

use dragnet_event::Document;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

/// Where an event is stored, or would be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventIdentity {
    /// The index: the event's own if it came with one, else the data stream that its dataset names.
    pub index: String,
    /// The id: the event's own if it came with one, else a hash of the event's content.
    pub id: String,
}

/// The identity of an event. Top-level `_index` and `_id` are taken out of the document, since they are
/// not part of it.
pub fn identify(document: &mut Document) -> EventIdentity {
    let mut take = |key: &str| match document.0.remove(key) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    };
    let (id, index) = (take("_id"), take("_index"));
    EventIdentity {
        id: id.unwrap_or_else(|| content_hash(document)),
        index: index.unwrap_or_else(|| data_stream(document)),
    }
}

/// A hash of everything in the document, whatever the order of its keys.
fn content_hash(document: &Document) -> String {
    let mut content = Vec::with_capacity(4 << 10);
    put_object(&document.0, &mut content);
    hex(&Sha256::digest(&content)[..20])
}

/// Writes what is hashed of JSON, keys in alphabetical order. Every part says what it is and how long, so
/// that no two values run together. Documents are at most some dozens of levels deep: their readers see to it.
fn put_object(object: &Map<String, Json>, out: &mut Vec<u8>) {
    put_text('{', &object.len().to_string(), out);
    let put = |(key, value): (&String, &Json)| {
        put_text(':', key, out);
        put_json(value, out);
    };
    if object.keys().is_sorted() {
        object.iter().for_each(put);
    } else {
        let mut members: Vec<_> = object.iter().collect();
        members.sort_unstable_by_key(|(key, _)| *key);
        members.into_iter().for_each(put);
    }
}

fn put_json(json: &Json, out: &mut Vec<u8>) {
    match json {
        Json::Object(object) => put_object(object, out),
        Json::Array(items) => {
            put_text('[', &items.len().to_string(), out);
            for item in items {
                put_json(item, out);
            }
        }
        Json::String(text) => put_text('"', text, out),
        other => put_text('=', &other.to_string(), out),
    }
}

fn put_text(kind: char, text: &str, out: &mut Vec<u8>) {
    out.push(kind as u8);
    out.extend_from_slice(&(text.len() as u64).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn data_stream(document: &Document) -> String {
    let part = |path| document.get_str(path);
    match part("data_stream.dataset") {
        Some(dataset) => format!(
            "{}-{dataset}-{}",
            part("data_stream.type").unwrap_or("logs"),
            part("data_stream.namespace").unwrap_or("default")
        ),
        None if part("agent.type") == Some("winlogbeat") || document.get("winlog").is_some() => {
            "winlogbeat".to_owned()
        }
        None => "logs".to_owned(),
    }
}

/// A hash over parts; the lengths go in too, so that no two lists of parts run together.
pub(crate) fn hash<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_le_bytes());
        hasher.update(part);
    }
    hex(&hasher.finalize())
}

fn hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(n.into(), 16).unwrap_or_default();
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn document(json: &Json) -> Document {
        Document(json.as_object().unwrap().clone())
    }

    #[test]
    fn given_ids_are_kept_and_others_follow_the_content() {
        let mut given = document(&json!({"_id": "x", "_index": "i", "a": 1}));
        assert_eq!(identify(&mut given), EventIdentity { index: "i".into(), id: "x".into() });
        assert!(given.get("_id").is_none());

        let id = |json| identify(&mut document(&json)).id;
        assert_eq!(id(json!({"a": 1, "b": 2})), id(json!({"b": 2, "a": 1})));
        assert_ne!(id(json!({"a": 1})), id(json!({"a": 2})));
    }

    #[test]
    fn the_index_is_the_data_stream() {
        let index = |json| identify(&mut document(&json)).index;
        let stream = json!({"data_stream": {"dataset": "windows.sysmon_operational"}});
        assert_eq!(index(stream), "logs-windows.sysmon_operational-default");
        assert_eq!(index(json!({"winlog": {"channel": "System"}})), "winlogbeat");
    }
}
