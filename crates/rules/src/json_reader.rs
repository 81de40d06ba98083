//! Kibana's export: one JSON object per line; also a single rule and a list of rules.
//!
//! The text is first read as a stream of JSON values, which covers one object over many lines, a
//! list, and one object per line alike. Only if that fails and its lines are values of their own
//! is the text taken line by line, so that one broken line costs no more than itself.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::value::RawValue;
use serde_json::{Map, Value as Json};

use crate::catalogue as code;
use crate::document::{Attachment, Contents, Entry, Format, MAX_BROKEN_LINES, Spans};
use crate::literal::{StringMap, Syntax};
use crate::problem::{Place, Problem, Shown, coded};
use crate::report::Skipped;
use crate::rule::RuleType;

/// Reads a text of JSON. Values that are not rules are counted as skipped, by kind.
pub(crate) fn read(path: &str, text: &Arc<str>) -> Contents {
    let mut reader = Reader {
        path,
        place: Place::START,
        skipped: BTreeMap::new(),
        contents: Contents::new(path, text.clone(), Format::Json),
    };
    match stream(text) {
        Ok(values) => values.into_iter().for_each(|value| reader.value(value)),
        Err(_) if lines_are_objects(text) => reader.lines(text),
        Err((offset, message)) => reader.broken(offset, &message),
    }
    reader.finish()
}

/// The values that the text consists of, or where it is not JSON and why.
fn stream(text: &str) -> Result<Vec<&RawValue>, (usize, String)> {
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        values.push(value.map_err(|error| place_of(text, &error))?);
    }
    Ok(values)
}

/// Whether a text that is not JSON as a whole is meant to be one object per line: its first line is a value, or more
/// than half of its lines are objects. So one broken line, the first among them, costs no other.
fn lines_are_objects(text: &str) -> bool {
    let is_value = |line: &str| serde_json::from_str::<&RawValue>(line).is_ok();
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    if lines.peek().is_some_and(|first| is_value(first)) {
        return true;
    }
    let is_object = |line: &str| line.starts_with('{') && line.ends_with('}') && is_value(line);
    let (objects, all) = lines
        .fold((0, 0), |(objects, all), line| (objects + usize::from(is_object(line)), all + 1));
    objects * 2 >= all && objects > 0
}

/// The byte of the text that an error is about, and its message without the place.
fn place_of(text: &str, error: &serde_json::Error) -> (usize, String) {
    let lines = text.split_inclusive('\n');
    let before: usize = lines.take(error.line().saturating_sub(1)).map(str::len).sum();
    let offset = text.floor_char_boundary(before + error.column().saturating_sub(1));
    let message = error.to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(head, _)| head);
    (offset, message.to_owned())
}

/// What a JSON object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Rule,
    SavedObject,
    ExceptionList,
    ExceptionItem,
    Connector,
    Summary,
    Other,
}

impl Kind {
    /// Tells kinds apart by the keys that only one of them has.
    pub(crate) fn of(fields: &Map<String, Json>) -> Kind {
        let has = |key: &str| fields.contains_key(key);
        let text = |key: &str| fields.get(key).and_then(Json::as_str);
        if has("attributes") && has("type") {
            // Saved objects: rules are of the type `alert`, connectors of the type `action`.
            return if text("type") == Some("alert") { Kind::SavedObject } else { Kind::Connector };
        }
        if has("exported_count") || has("exported_rules_count") {
            return Kind::Summary;
        }
        if has("item_id") && has("list_id") {
            return Kind::ExceptionItem;
        }
        if has("list_id") && !has("rule_id") && !has("query") {
            return Kind::ExceptionList;
        }
        let known_type = text("type").and_then(RuleType::parse).is_some();
        let rule_keys = ["rule_id", "query", "risk_score"];
        if known_type || rule_keys.iter().any(|key| has(key)) || (has("name") && has("type")) {
            return Kind::Rule;
        }
        Kind::Other
    }

    /// What is said of objects that are left out.
    fn reason(self) -> &'static str {
        match self {
            Kind::Connector => "a connector or another saved object, not a rule",
            Kind::Summary => "the export's summary",
            Kind::Rule
            | Kind::SavedObject
            | Kind::ExceptionList
            | Kind::ExceptionItem
            | Kind::Other => "not a rule",
        }
    }
}

struct Reader<'a> {
    path: &'a str,
    /// The last place that was looked up; the text is read once from there to the next.
    place: Place,
    skipped: BTreeMap<Kind, (usize, usize)>,
    contents: Contents,
}

impl Reader<'_> {
    fn lines(&mut self, text: &str) {
        let mut offset = 0;
        for line in text.split_inclusive('\n') {
            if self.contents.problems.len() >= MAX_BROKEN_LINES {
                let message =
                    format!("{MAX_BROKEN_LINES} lines are broken; the file is not read further");
                self.problem(offset, code::TOO_MANY_BROKEN, offset..offset, &message);
                return;
            }
            // Without its line feed, so that an end too early is told of this line and not the next.
            match stream(line.trim_end()) {
                Ok(values) => values.into_iter().for_each(|value| self.value(value)),
                Err((at, message)) => self.broken(offset + at, &message),
            }
            offset += line.len();
        }
    }

    /// A value of the text: a rule, a list of rules, or something else.
    fn value(&mut self, value: &RawValue) {
        if value.get().starts_with('[') {
            match serde_json::from_str::<Vec<&RawValue>>(value.get()) {
                Ok(items) => items.into_iter().for_each(|item| self.object(item)),
                Err(error) => self.broken_within(value, &error),
            }
        } else {
            self.object(value);
        }
    }

    fn object(&mut self, value: &RawValue) {
        let start = self.offset(value);
        let fields = match serde_json::from_str::<Json>(value.get()) {
            Ok(Json::Object(fields)) => fields,
            Ok(_) => return self.skip(start, Kind::Other),
            Err(error) => return self.broken_within(value, &error),
        };
        match Kind::of(&fields) {
            Kind::Rule => self.entry(value, start, fields),
            Kind::SavedObject => {
                let message = "a rule as Kibana's saved object, which is another form than that of exported rules";
                self.problem(start, code::SAVED_OBJECT, start..start, message);
            }
            kind => {
                let is_exception = matches!(kind, Kind::ExceptionList | Kind::ExceptionItem);
                if !is_exception {
                    self.skip(start, kind);
                }
                if is_exception || kind == Kind::Connector {
                    let line = self.at(start).line;
                    self.contents.attachments.push(Attachment { fields, is_exception, line });
                }
            }
        }
    }

    fn entry(&mut self, value: &RawValue, start: usize, fields: Map<String, Json>) {
        // The same text was read into an object before, so this succeeds.
        let raw: BTreeMap<String, &RawValue> =
            serde_json::from_str(value.get()).unwrap_or_default();
        let spans: Spans = raw
            .iter()
            .map(|(key, value)| {
                let start = self.offset(value);
                (key.clone(), start..start + value.get().len())
            })
            .collect();
        let query = raw.get("query").filter(|query| query.get().starts_with('"'));
        let query = query.map(|q| StringMap::new(q.get(), self.offset(q), Syntax::Json));
        let start = self.at(start);
        let (extra, doubts) = (Map::new(), Vec::new());
        self.contents.entries.push(Entry {
            fields,
            extra,
            start,
            spans: spans.into(),
            query,
            doubts,
        });
    }

    /// Where a value stands in the text. It was borrowed from it.
    fn offset(&self, value: &RawValue) -> usize {
        value.get().as_ptr().addr().saturating_sub(self.contents.text.as_ptr().addr())
    }

    fn at(&mut self, offset: usize) -> Place {
        self.place = self.place.advance(&self.contents.text, offset);
        self.place
    }

    fn skip(&mut self, offset: usize, kind: Kind) {
        let line = self.at(offset).line;
        self.skipped.entry(kind).or_insert((line, 0)).1 += 1;
    }

    fn broken_within(&mut self, value: &RawValue, error: &serde_json::Error) {
        let (at, message) = place_of(value.get(), error);
        self.broken(self.offset(value) + at, &message);
    }

    fn broken(&mut self, offset: usize, message: &str) {
        let end = self.contents.text[offset..].chars().next().map_or(0, char::len_utf8);
        let message = format!("not valid JSON: {message}");
        self.problem(offset, code::BAD_JSON, offset..offset + end, &message);
    }

    fn problem(&mut self, offset: usize, code: &'static str, span: Range<usize>, message: &str) {
        let place = self.at(offset);
        let shown = Shown::File(self.contents.text.clone());
        self.contents.problems.push(Problem::new(
            self.path,
            place,
            coded(code, span, message),
            shown,
        ));
    }

    fn finish(mut self) -> Contents {
        for (kind, (line, count)) in self.skipped {
            let reason = match count {
                1 => kind.reason().to_owned(),
                _ => format!("{} ({count} of them)", kind.reason()),
            };
            self.contents.skipped.push(Skipped {
                path: self.path.to_owned(),
                line,
                rule: None,
                reason,
            });
        }
        self.contents
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Contents {
        read("r.ndjson", &Arc::from(text))
    }

    /// Lines of the rules, lines and columns of the problems, lines of what is skipped.
    #[track_caller]
    fn check(text: &str, rules: &[usize], problems: &[(usize, usize)], skipped: &[usize]) {
        let contents = read_text(text);
        let lines: Vec<_> = contents.entries.iter().map(|entry| entry.start.line).collect();
        assert_eq!(lines, rules, "{text}");
        let places: Vec<_> = contents.problems.iter().map(|p| (p.line, p.column)).collect();
        assert_eq!(places, problems, "{text}: {:?}", contents.problems);
        let lines: Vec<_> = contents.skipped.iter().map(|s| s.line).collect();
        assert_eq!(lines, skipped, "{text}: {:?}", contents.skipped);
    }

    #[test]
    fn forms() {
        check("", &[], &[], &[]);
        check("{\"rule_id\":\"a\"}\n{\"rule_id\":\"b\"}\n", &[1, 2], &[], &[]);
        check("{\"rule_id\":\"a\"}\r\n\r\n{\"rule_id\":\"b\"}", &[1, 3], &[], &[]);
        check("{\n \"rule_id\": \"a\"\n}\n", &[1], &[], &[]);
        check("[\n {\"rule_id\":\"a\"},\n {\"rule_id\":\"b\"}\n]", &[2, 3], &[], &[]);
        check("[]", &[], &[], &[]);
        check("[1, {\"rule_id\":\"a\"}]", &[1], &[], &[1]);
        check("3", &[], &[], &[1]);
    }

    #[test]
    fn a_broken_line_costs_only_itself() {
        check(
            "{\"rule_id\":\"a\"}\n{\"rule_id\":}\n{\"rule_id\":\"c\"}\n",
            &[1, 3],
            &[(2, 12)],
            &[],
        );
        check("{\"rule_id\":\"a\"}\nxyz\n", &[1], &[(2, 1)], &[]);
        check(
            "{bad\n{\"rule_id\":\"a\"}\n{\n{\"rule_id\":\"b\"}\n",
            &[2, 4],
            &[(1, 2), (3, 1)],
            &[],
        );
        check("{\"rule_id\":\"é\", \"a\": x}\n", &[], &[(1, 22)], &[]);
        check("{\n \"rule_id\": \"a\",\n}\n", &[], &[(3, 1)], &[]);
        check("{\"rule_id\":\"a\"}\n{\"rule_id\":\"b\"", &[1], &[(2, 14)], &[]);
        check("{\"a\":1}\n{\"rule_id\":\"b\",\n{\"a\":1}\n", &[], &[(2, 15)], &[1]);
        let deep = format!(
            "{{\"rule_id\":{}{}}}\n{{\"rule_id\":\"b\"}}",
            "[".repeat(200),
            "]".repeat(200)
        );
        let contents = read_text(&deep);
        assert_eq!((contents.problems.len(), contents.entries.len()), (1, 1));
    }

    #[test]
    fn a_file_of_broken_lines_is_given_up() {
        let text = format!("{{}}\n{}", "x\n".repeat(1000));
        let contents = read_text(&text);
        assert_eq!(contents.problems.len(), MAX_BROKEN_LINES + 1);
        assert_eq!(contents.problems.last().unwrap().code, "RULE0017");
    }

    #[test]
    fn what_else_an_export_holds() {
        let text = concat!(
            "{\"id\":\"1\",\"rule_id\":\"a\",\"name\":\"A\",\"type\":\"eql\",\"exceptions_list\":[]}\n",
            "{\"list_id\":\"l\",\"name\":\"mine\",\"type\":\"detection\",\"namespace_type\":\"single\"}\n",
            "{\"list_id\":\"l\",\"item_id\":\"i\",\"entries\":[],\"name\":\"x\",\"type\":\"simple\"}\n",
            "{\"list_id\":\"l\",\"item_id\":\"j\",\"entries\":[],\"name\":\"y\",\"type\":\"simple\"}\n",
            "{\"id\":\"c\",\"type\":\"action\",\"attributes\":{\"name\":\"mail\"},\"references\":[]}\n",
            "{\"id\":\"c\",\"type\":\"alert\",\"attributes\":{\"name\":\"A\"},\"references\":[]}\n",
            "{\"exported_count\":4,\"exported_rules_count\":1,\"missing_rules\":[]}\n",
        );
        check(text, &[1], &[(6, 1)], &[5, 7]);
        let contents = read_text(text);
        let lines: Vec<usize> = contents.attachments.iter().map(|part| part.line).collect();
        assert_eq!(lines, [2, 3, 4, 5]);
        assert_eq!(contents.attachments.iter().filter(|part| part.is_exception).count(), 3);
    }

    #[test]
    fn what_is_taken_for_a_rule() {
        #[track_caller]
        fn is_rule(text: &str, expected: bool) {
            assert_eq!(!read_text(text).entries.is_empty(), expected, "{text}");
        }
        is_rule(r#"{"name":"x","type":"eqll"}"#, true);
        is_rule(r#"{"type":"eql"}"#, true);
        is_rule(r#"{"name":"x","query":"any where true"}"#, true);
        is_rule(r#"{"name":"x"}"#, false);
        is_rule(r#"{"@timestamp":"2024","event":{"code":"1"}}"#, false);
    }
}
