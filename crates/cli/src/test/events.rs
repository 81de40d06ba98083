//! Events of test files: mappings merged with what all have in common, times counted from the start of the case.

use std::path::PathBuf;
use std::rc::Rc;

use dragnet_event::Time;
use dragnet_plan::Diagnostic;
use dragnet_rules::parse_relative;
use serde_json::{Map, Value as Json};

use super::codes::{BAD_VALUE, TOO_MUCH};
use super::spec::Reader;
use super::yaml::{Key, Node, What};

/// Most events that stand in one list, repetitions included.
const MAX_EVENTS: usize = 100_000;
/// Most bytes of all events of a file, as JSON.
const MAX_BYTES: usize = 128 << 20;
/// Most parts of a dotted path.
const MAX_PARTS: usize = 32;
/// The fields that may be written as distances from the start of the case.
const TIMES: &[&str] =
    &["@timestamp", "event.ingested", "event.created", "event.start", "event.end"];

/// Events, or indicators.
#[derive(Debug, Clone, Default)]
pub(super) struct Gathering {
    /// Documents as JSON, one a line.
    pub(super) lines: String,
    /// The number of documents.
    count: usize,
    /// Files that are read as a hunt would read them, after the documents.
    pub(super) files: Vec<PathBuf>,
}

impl Gathering {
    pub(super) fn add_files(&mut self, files: Vec<PathBuf>) {
        self.files.extend(files);
    }
}

/// What events of one list have in common.
pub(super) struct Source<'a> {
    /// When the case begins; `None` for what has no time of its own.
    pub(super) start: Option<Time>,
    /// The time of events that say none.
    pub(super) time: &'static str,
    /// What each event has unless it says otherwise.
    pub(super) defaults: Option<&'a Rc<Map<String, Json>>>,
}

impl Reader {
    /// One element of a list of events: an event, an event that is repeated, or a file.
    pub(super) fn element(
        &mut self,
        node: &Node,
        key: &str,
        source: &Source<'_>,
        gathering: &mut Gathering,
    ) {
        let What::Map(members) = &node.what else {
            return self.wrong(node, key, "an event: a mapping of fields");
        };
        let has = |wanted: &str| members.iter().any(|(key, _)| key.text == wanted);
        // ECS has an object `file`: what is a text, or a list, is a path.
        if let [(key, value)] = members.as_slice()
            && key.text == "file"
            && !matches!(value.what, What::Map(_))
        {
            let files = self.paths(value, "file");
            return gathering.add_files(files);
        }
        if has("repeat") {
            return self.repetition(node, source, gathering);
        }
        self.event(node, source, gathering, None, 0);
    }

    /// `{repeat: 20, every: 1s, of: {…}}`.
    fn repetition(&mut self, node: &Node, source: &Source<'_>, gathering: &mut Gathering) {
        let members = self.members(node, &["repeat", "every", "of"], "a repetition");
        let get = |key: &str| members.iter().find(|(found, _)| found.text == key).map(|(_, n)| n);
        let (Some(repeat), Some(of)) = (get("repeat"), get("of")) else {
            return self.wrong(node, "a repetition", "`{repeat: 20, every: 1s, of: {…}}`");
        };
        let Some(count) = repeat.as_count().filter(|count| *count > 0) else {
            return self.wrong(repeat, "repeat", "a number from 1 upwards");
        };
        let every = match get("every") {
            None => Some(0),
            Some(every) => every.as_text().and_then(|text| distance(&format!("+{text}"))),
        };
        let Some(every) = every.filter(|every| *every >= 0) else {
            let every = get("every").unwrap_or(node);
            return self.wrong(every, "every", "a length of time such as 30s or 5m");
        };
        let errors = self.errors.len();
        for number in 0..count {
            self.event(of, source, gathering, Some(number + 1), every);
            if self.errors.len() > errors {
                break;
            }
        }
    }

    /// Adds one event. One of a repetition has a number, from 1, and lies so many milliseconds times what is before it
    /// later than the first.
    fn event(
        &mut self,
        node: &Node,
        source: &Source<'_>,
        gathering: &mut Gathering,
        number: Option<u64>,
        every: i64,
    ) {
        let mut document = source.defaults.map(|defaults| (**defaults).clone()).unwrap_or_default();
        let What::Map(members) = &node.what else {
            return self.wrong(node, "an event", "a mapping of fields");
        };
        // What says that it has no time is not given one.
        let is_timeless =
            members.iter().any(|(key, node)| key.text == "@timestamp" && node.is_null());
        self.merge(node, "an event", &mut document);
        if let Some(number) = number {
            document.values_mut().for_each(|json| fill_in(json, number));
        }
        if let Some(start) = source.start {
            let before = number.map_or(0, |number| number.saturating_sub(1));
            let delay = every.saturating_mul(i64::try_from(before).unwrap_or(i64::MAX));
            if !document.contains_key("@timestamp") && !is_timeless {
                document.insert("@timestamp".into(), source.time.into());
            }
            for path in TIMES {
                if let Err(message) = settle(&mut document, path, start, delay) {
                    let message = format!("`{path}` {message}");
                    self.errors.push(Diagnostic::error(BAD_VALUE, node.span.clone(), message));
                }
            }
        }
        let line = Json::Object(document).to_string();
        gathering.count += 1;
        self.bytes += line.len();
        if gathering.count > MAX_EVENTS || self.bytes > MAX_BYTES {
            let message = format!("more than {MAX_EVENTS} events, or 128 MiB of them in the file");
            return self.errors.push(Diagnostic::error(TOO_MUCH, node.span.clone(), message));
        }
        gathering.lines.push_str(&line);
        gathering.lines.push('\n');
    }

    /// Merges the fields of a mapping into a document. Dotted keys are paths; `null` takes a field away.
    pub(super) fn merge(&mut self, node: &Node, key: &str, document: &mut Map<String, Json>) {
        let What::Map(members) = &node.what else {
            return self.wrong(node, key, "a mapping of fields");
        };
        self.merge_at("", members, document);
    }

    fn merge_at(
        &mut self,
        prefix: &str,
        members: &[(Key, Node)],
        document: &mut Map<String, Json>,
    ) {
        for (key, value) in members {
            let path = format!("{prefix}{}", key.text);
            if path.split('.').count() > MAX_PARTS || path.split('.').any(str::is_empty) {
                let message = "no path of a field: it has an empty part, or too many";
                self.errors.push(Diagnostic::error(BAD_VALUE, key.span.clone(), message));
                continue;
            }
            match &value.what {
                What::Map(inner) if !inner.is_empty() => {
                    self.merge_at(&format!("{path}."), inner, document);
                }
                _ => match value.json() {
                    Ok(json) => put(document, &path, json),
                    Err(error) => self.errors.push(error),
                },
            }
        }
    }
}

/// Puts a value at a path, in place of whatever else is in its way; `null` takes away what is there.
fn put(document: &mut Map<String, Json>, path: &str, json: Json) {
    match path.split_once('.') {
        None if json.is_null() => {
            document.remove(path);
        }
        None => {
            document.insert(path.to_owned(), json);
        }
        Some((head, _)) if json.is_null() && !document.contains_key(head) => {}
        Some((head, tail)) => {
            let slot = document.entry(head).or_insert(Json::Null);
            if !slot.is_object() {
                *slot = Json::Object(Map::new());
            }
            if let Json::Object(inner) = slot {
                put(inner, tail, json);
            }
        }
    }
}

/// Puts a number in place of `{n}` in texts.
fn fill_in(json: &mut Json, number: u64) {
    match json {
        Json::String(text) if text.contains("{n}") => {
            *text = text.replace("{n}", &number.to_string());
        }
        Json::Array(items) => items.iter_mut().for_each(|item| fill_in(item, number)),
        Json::Object(object) => object.values_mut().for_each(|value| fill_in(value, number)),
        _ => {}
    }
}

/// Makes a time of a distance from the start; every time is moved by the delay.
fn settle(
    document: &mut Map<String, Json>,
    path: &str,
    start: Time,
    delay: i64,
) -> Result<(), String> {
    let mut slot = None;
    match path.split_once('.') {
        None => slot = document.get_mut(path),
        Some((parent, name)) => {
            if let Some(Json::Object(object)) = document.get_mut(parent) {
                slot = object.get_mut(name);
            }
        }
    }
    let Some(slot) = slot else { return Ok(()) };
    let wanted = "is to be a time, or a distance from the start such as +5m or -3d";
    let text = slot.as_str().ok_or_else(|| wanted.to_owned())?;
    let time = if text.starts_with(['+', '-']) {
        distance(text).map(|ms| start.plus_millis(ms))
    } else {
        Time::parse(text)
    };
    let time = time.ok_or_else(|| format!("{wanted}; this is `{text}`"))?.plus_millis(delay);
    // Later years have five digits, which nothing reads.
    let year = time.civil().0;
    if !(0..=9999).contains(&year) {
        return Err(format!("comes to the year {year}"));
    }
    *slot = time.to_string().into();
    Ok(())
}

/// A distance (`+5m`, `-3d`, `+1h+30m`, `+250ms`) in milliseconds.
fn distance(text: &str) -> Option<i64> {
    if let Some(number) = text.strip_suffix("ms") {
        let digits = number.strip_prefix(['+', '-'])?;
        return digits.bytes().all(|b| b.is_ascii_digit()).then(|| number.parse().ok())?;
    }
    parse_relative(&format!("now{text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn distances() {
        for (text, expected) in [
            ("+0s", Some(0)),
            ("+5m", Some(300_000)),
            ("-3d", Some(-259_200_000)),
            ("+1h+30m", Some(5_400_000)),
            ("+250ms", Some(250)),
            ("-250ms", Some(-250)),
            ("5m", None),
            ("+", None),
            ("+ms", None),
            ("+5", None),
            ("+99999999999999999999d", None),
            ("+9223372036854775807d", None),
        ] {
            assert_eq!(distance(text), expected, "{text}");
        }
    }

    #[test]
    fn paths_replace_what_is_in_their_way() {
        let mut document = Map::new();
        put(&mut document, "a", json!(1));
        put(&mut document, "a.b", json!(2));
        put(&mut document, "a.c.d", json!(3));
        put(&mut document, "a.b", Json::Null);
        put(&mut document, "x.y", Json::Null);
        assert_eq!(Json::Object(document), json!({"a": {"c": {"d": 3}}}));
    }
}
