//! Completion: what rules ask of every document, and some shippers leave out.
//!
//! Rules test `event.dataset` or `data_stream.dataset`, `host.os.type`, and by `event.ingested` the time they look
//! back over. Documents from Winlogbeat have none of these, so that in Elastic such rules are silent on
//! them. Here a document gets what follows from the rest of it, and nothing that it says otherwise.
//!
//! Many sequences join by `host.id`, which no raw event has: in Elastic the agent on the host adds the machine's own
//! id. What tells hosts apart in a file is the name they log under, so that stands in for the id, in lower case,
//! since Windows writes one machine's name in several ways. Raw events get it, too ([`host_id`]).

use dragnet_event::{Document, FieldSink, Handle, Scalar, Time};
use serde_json::Value as Json;

/// A field that is filled in, or that tells what to fill in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fact {
    Timestamp,
    Index,
    Channel,
    Provider,
    Category,
    Module,
    Dataset,
    StreamDataset,
    Ingested,
    HostId,
    HostName,
    Computer,
    OsFamily,
    OsPlatform,
    OsType,
}

const FACTS: &[(&str, Fact)] = &[
    ("@timestamp", Fact::Timestamp),
    ("_index", Fact::Index),
    ("winlog.channel", Fact::Channel),
    ("winlog.provider_name", Fact::Provider),
    ("event.category", Fact::Category),
    ("event.module", Fact::Module),
    ("event.dataset", Fact::Dataset),
    ("data_stream.dataset", Fact::StreamDataset),
    ("event.ingested", Fact::Ingested),
    ("host.id", Fact::HostId),
    ("host.name", Fact::HostName),
    ("winlog.computer_name", Fact::Computer),
    ("host.os.family", Fact::OsFamily),
    ("host.os.platform", Fact::OsPlatform),
    ("host.os.type", Fact::OsType),
];

fn fact(path: &str) -> Option<usize> {
    // Nearly all paths are ruled out by their first letter and length.
    let may_be = matches!(path.as_bytes().first(), Some(b'@' | b'_' | b'w' | b'e' | b'd' | b'h'));
    may_be.then(|| FACTS.iter().position(|(known, _)| *known == path)).flatten()
}

/// What a document says of these fields: the first value of each.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    text: String,
    places: [Option<(usize, usize)>; FACTS.len()],
}

impl Facts {
    fn of(document: &Document) -> Facts {
        let mut facts = Facts::default();
        for (number, (path, _)) in FACTS.iter().enumerate() {
            match document.get(path) {
                Some(Json::Array(items)) => facts.add_json(number, items.first()),
                json => facts.add_json(number, json),
            }
        }
        facts
    }

    fn add_json(&mut self, number: usize, json: Option<&Json>) {
        match json {
            Some(Json::String(text)) => self.add(number, text),
            Some(Json::Number(number_text)) => self.add(number, &number_text.to_string()),
            _ => {}
        }
    }

    fn add(&mut self, number: usize, text: &str) {
        if self.places[number].is_none() {
            let start = self.text.len();
            self.text.push_str(text);
            self.places[number] = Some((start, self.text.len()));
        }
    }

    fn get(&self, fact: Fact) -> Option<&str> {
        let number = FACTS.iter().position(|(_, known)| *known == fact)?;
        let (start, end) = self.places[number]?;
        self.text.get(start..end).filter(|text| !text.is_empty())
    }

    fn clear(&mut self) {
        self.text.clear();
        self.places = [None; FACTS.len()];
    }

    /// Calls `put` with each field that is missing and its value.
    fn missing(&self, mut put: impl FnMut(&str, &str)) {
        use Fact::{
            Computer, Dataset, HostId, HostName, Ingested, OsType, StreamDataset, Timestamp,
        };
        if let Some(dataset) = self.dataset() {
            for (path, fact) in [("event.dataset", Dataset), ("data_stream.dataset", StreamDataset)]
            {
                if self.get(fact).is_none() {
                    put(path, &dataset);
                }
            }
        }
        if let (None, Some(os)) = (self.get(OsType), self.os()) {
            put("host.os.type", os);
        }
        let host = self.get(HostName).or_else(|| self.get(Computer));
        if let (None, Some(host)) = (self.get(HostId), host) {
            put(HOST_ID, &host.to_lowercase());
        }
        if let (None, Some(time)) = (self.get(Ingested), self.get(Timestamp)) {
            match time.parse::<i64>() {
                Ok(millis) => put("event.ingested", &Time::from_millis(millis).to_string()),
                Err(_) => put("event.ingested", time),
            }
        }
    }

    fn dataset(&self) -> Option<String> {
        let given = self.get(Fact::StreamDataset).or_else(|| self.get(Fact::Dataset));
        if let Some(given) = given {
            return Some(given.to_owned());
        }
        if let Some(channel) = self.get(Fact::Channel) {
            let provider = self.get(Fact::Provider).unwrap_or_default();
            return Some(dragnet_ecs::dataset(channel, provider).to_owned());
        }
        if let Some(dataset) = self.get(Fact::Index).and_then(stream_dataset) {
            return Some(dataset.to_owned());
        }
        let is_defend = self.get(Fact::Module) == Some("endpoint");
        let category = self.get(Fact::Category).filter(|_| is_defend)?;
        // A DNS event has two categories, `network` the first.
        Some(format!("endpoint.events.{category}"))
    }

    fn os(&self) -> Option<&'static str> {
        let named = self.get(Fact::OsFamily).or_else(|| self.get(Fact::OsPlatform));
        match named {
            Some("windows") => Some("windows"),
            Some("darwin" | "macos") => Some("macos"),
            Some(
                "linux" | "debian" | "redhat" | "fedora" | "suse" | "arch" | "alpine" | "ubuntu"
                | "centos",
            ) => Some("linux"),
            _ => self.get(Fact::Channel).map(|_| "windows"),
        }
    }
}

/// The dataset in the name of a data stream or of one of its backing indices
/// (`.ds-logs-windows.sysmon_operational-default-2024.03.02-000001`).
fn stream_dataset(index: &str) -> Option<&str> {
    let name = index.strip_prefix(".ds-").unwrap_or(index);
    let (dataset, _) = name.strip_prefix("logs-")?.split_once('-')?;
    (!dataset.is_empty() && !dataset.contains('*')).then_some(dataset)
}

/// A sink that sees the facts pass, and adds what is missing at the end.
pub(crate) struct Completing<'s, S: ?Sized> {
    sink: &'s mut S,
    facts: &'s mut Facts,
}

impl<'s, S: FieldSink + ?Sized> Completing<'s, S> {
    /// For one document; `facts` is a buffer.
    pub(crate) fn new(sink: &'s mut S, facts: &'s mut Facts) -> Completing<'s, S> {
        facts.clear();
        Completing { sink, facts }
    }

    /// Takes note of a value, if it is a fact's.
    fn see(&mut self, fact: Option<usize>, value: Scalar<'_>) {
        let Some(fact) = fact else { return };
        match value {
            Scalar::Str(text) => self.facts.add(fact, text),
            Scalar::Long(number) => self.facts.add(fact, &number.to_string()),
            Scalar::Bool(_) | Scalar::Double(_) | Scalar::Date(_) => {}
        }
    }

    /// Adds what is missing.
    pub(crate) fn finish(self) {
        self.facts.missing(|path, text| self.sink.put(path, Scalar::Str(text)));
    }
}

impl<S: FieldSink + ?Sized> FieldSink for Completing<'_, S> {
    fn wants(&self, path: &str) -> bool {
        fact(path).is_some() || self.sink.wants(path)
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.see(fact(path), value);
        self.sink.put(path, value);
    }

    fn resolve(&self, path: &str) -> Handle {
        let tag = fact(path).map_or(0, |number| number as u8 + 1);
        let mut handle = self.sink.resolve(path);
        handle.tag = tag;
        handle
    }

    fn put_at(&mut self, handle: Handle, path: &str, value: Scalar<'_>) {
        self.see(usize::from(handle.tag).checked_sub(1), value);
        self.sink.put_at(handle, path, value);
    }

    fn put_null(&mut self, path: &str) {
        self.sink.put_null(path);
    }

    fn mark_array(&mut self, path: &str) {
        self.sink.mark_array(path);
    }

    fn wants_objects(&self, path: &str) -> bool {
        self.sink.wants_objects(path)
    }

    fn put_object_json(&mut self, path: &str, json: &str) {
        self.sink.put_object_json(path, json);
    }
}

const HOST_ID: &str = "host.id";

/// Puts what stands in for the id of the host that a raw event is from: events of files never have one.
pub(crate) fn host_id(computer: Option<&str>, sink: &mut dyn FieldSink) {
    if let Some(computer) = computer.filter(|name| !name.is_empty() && sink.wants(HOST_ID)) {
        sink.put_str(HOST_ID, &computer.to_lowercase());
    }
}

/// Adds what is missing to a document.
pub(crate) fn complete(document: &mut Document) {
    Facts::of(document).missing(|path, text| document.set(path, text.into()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// By both ways.
    #[track_caller]
    fn check(document: &Json, added: &Json) {
        let Json::Object(object) = document.clone() else { panic!("an object") };
        let given = Document(object);
        let mut expected = given.clone();
        let mut facts = Facts::default();
        for (path, value) in added.as_object().unwrap() {
            expected.set(path, value.clone());
        }
        let mut completed = given.clone();
        complete(&mut completed);
        assert_eq!(completed, expected);

        let mut sink = Document::new();
        let mut completing = Completing::new(&mut sink, &mut facts);
        given.flatten_into(&mut completing);
        completing.finish();
        for (path, _) in FACTS {
            assert_eq!(sink.get(path).map(first), expected.get(path).map(first), "{path}");
        }
    }

    fn first(json: &Json) -> &Json {
        json.as_array().map_or(json, |items| &items[0])
    }

    #[test]
    fn winlogbeat() {
        check(
            &json!({
                "@timestamp": "2024-03-02T10:00:00Z", "event": {"module": "sysmon"},
                "winlog": {"channel": "Microsoft-Windows-Sysmon/Operational"}
            }),
            &json!({
                "event.dataset": "windows.sysmon_operational",
                "data_stream.dataset": "windows.sysmon_operational",
                "host.os.type": "windows", "event.ingested": "2024-03-02T10:00:00Z"
            }),
        );
    }

    #[test]
    fn a_host_without_an_id() {
        check(
            &json!({"host": {"name": "WS7.Example.ORG"}, "winlog": {"computer_name": "other"}}),
            &json!({"host.id": "ws7.example.org"}),
        );
        check(&json!({"host": {"name": ["Ä1", "B2"]}}), &json!({"host.id": "ä1"}));
        check(&json!({"winlog": {"computer_name": "WS7"}}), &json!({"host.id": "ws7"}));
        check(&json!({"host": {"name": "WS7", "id": "0f3a"}}), &json!({}));
        check(&json!({"host": {"name": ""}}), &json!({}));
    }

    #[test]
    fn what_is_said_stays() {
        check(
            &json!({
                "@timestamp": 1_709_373_600_000_i64, "event": {"dataset": "mine"}, "winlog": {"channel": "Security"},
                "host": {"os": {"type": "linux"}}
            }),
            &json!({"data_stream.dataset": "mine", "event.ingested": "2024-03-02T10:00:00.000Z"}),
        );
    }

    #[test]
    fn other_sources() {
        check(
            &json!({"event": {"module": "endpoint", "category": ["network", "dns"]}, "host": {"os": {"family": "debian"}}}),
            &json!({
                "event.dataset": "endpoint.events.network", "data_stream.dataset": "endpoint.events.network",
                "host.os.type": "linux"
            }),
        );
        check(
            &json!({"_index": ".ds-logs-system.security-default-2024.03.02-000001"}),
            &json!({"event.dataset": "system.security", "data_stream.dataset": "system.security"}),
        );
        check(&json!({"a": 1}), &json!({}));
    }
}
