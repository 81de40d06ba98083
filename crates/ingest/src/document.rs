//! JSON documents, and what may be wrapped around them.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::sync::LazyLock;

use aho_corasick::packed::Searcher;
use dragnet_event::{Document, FieldSink, Scalar};
use memchr::memmem::Finder;
use serde_json::Value as Json;

use crate::cut::json::{Scan, scan_value};
use crate::cut::line_ends;
use crate::format::{self, Form, Members, Object};
use crate::json::Reader;
use crate::problem::Reason;

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
    /// A Windows event in the form of another tool.
    Foreign(Form, Object),
    /// The same in the form [`Form::Flat`].
    Flat(Members<'a>),
}

/// Why a record could not be read, and in which of its lines (from 0) that shows.
pub(crate) type Fault = (u64, Reason);

/// Which of the keys that tell a record from a plain document occur in a text: what occurs nowhere in a
/// block need not be looked for in its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks(u16);

/// A key that is looked for, with its quotation marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Source,
    Xml,
    /// What Logstash puts into everything that goes through it.
    Logstash,
    /// Where journald has what a program says, which for Sysmon for Linux is an event's XML.
    Journal,
    /// Where Logstash has what a shipper sent.
    Message,
    Category,
    /// What pipelines set when they are done.
    Ingested,
    // What no record of one of the forms of `format` is without.
    EventId,
    EventIdCamel,
    EventIdSnake,
    EventIdAttributes,
}

const MARKS: [(Mark, &[u8]); 11] = [
    (Mark::Source, b"\"_source\""),
    (Mark::Xml, b"\"xml\""),
    (Mark::Logstash, b"\"@version\""),
    (Mark::Journal, b"\"MESSAGE\""),
    (Mark::Message, b"\"message\""),
    (Mark::Category, b"\"category\""),
    (Mark::Ingested, b"\"ingested\""),
    (Mark::EventId, b"\"EventID\""),
    (Mark::EventIdCamel, b"\"EventId\""),
    (Mark::EventIdSnake, b"\"event_id\""),
    (Mark::EventIdAttributes, b"\"EventID_attributes\""),
];

/// Those that nearly every record of some block has: where they are, the first is soon found.
const COMMON: [Mark; 5] =
    [Mark::Message, Mark::Category, Mark::Ingested, Mark::EventId, Mark::EventIdSnake];

/// Each key alone.
static FINDERS: LazyLock<[Finder<'static>; MARKS.len()]> =
    LazyLock::new(|| MARKS.map(|(_, key)| Finder::new(key)));

/// Finds all keys but the common ones in one pass, and their marks by number; `None` where the processor cannot.
static OTHERS: LazyLock<(Option<Searcher>, Vec<Mark>)> = LazyLock::new(|| {
    let others = MARKS.iter().filter(|(mark, _)| !COMMON.contains(mark));
    let (marks, keys): (Vec<Mark>, Vec<&[u8]>) = others.copied().unzip();
    (Searcher::new(keys), marks)
});

impl Marks {
    /// Those that occur in a text.
    pub(crate) fn of(data: &[u8]) -> Marks {
        let mut all = Marks(0);
        COMMON.into_iter().filter(|mark| mark.is_in(data)).for_each(|mark| all.add(mark));
        let (searcher, others) = &*OTHERS;
        match searcher {
            Some(searcher) => {
                let found = searcher.find_iter(data).map(|found| found.pattern().as_usize());
                found.for_each(|number| all.add(others[number]));
            }
            None => others.iter().filter(|mark| mark.is_in(data)).for_each(|mark| all.add(*mark)),
        }
        all
    }

    fn add(&mut self, mark: Mark) {
        self.0 |= 1 << mark as u16;
    }

    /// Whether any record in the text may be other than plain.
    fn may_be_wrapped(self) -> bool {
        let alone = [Mark::Category, Mark::Ingested, Mark::Message];
        let alone = alone.into_iter().fold(0, |all, mark| all | 1 << mark as u16);
        self.0 & !alone != 0
    }

    /// Whether one record of the text mentions a key.
    fn occurs(self, mark: Mark, record: &str) -> bool {
        self.0 & (1 << mark as u16) != 0 && mark.is_in(record.as_bytes())
    }
}

impl Mark {
    fn is_in(self, text: &[u8]) -> bool {
        FINDERS[self as usize].find(text).is_some()
    }
}

/// The [`Marks`] of a block, looked for when they are asked for: it takes a while.
#[derive(Debug)]
pub(crate) struct BlockMarks<'b> {
    data: &'b [u8],
    all: OnceCell<Marks>,
    may_be_flat: OnceCell<bool>,
}

impl<'b> BlockMarks<'b> {
    pub(crate) fn new(data: &'b [u8]) -> BlockMarks<'b> {
        BlockMarks { data, all: OnceCell::new(), may_be_flat: OnceCell::new() }
    }

    pub(crate) fn all(&self) -> Marks {
        *self.all.get_or_init(|| Marks::of(self.data))
    }

    /// Whether any record may be [`Form::Flat`].
    pub(crate) fn may_be_flat(&self) -> bool {
        *self.may_be_flat.get_or_init(|| Mark::EventId.is_in(self.data))
    }
}

/// A record that is known to be of a form, unless it cannot be.
pub(crate) fn as_form(text: &str, form: Form) -> Record<'_> {
    let text = text.trim_ascii();
    if form == Form::Flat {
        return Members::parse(text).map_or(Record::Plain(text), Record::Flat);
    }
    match serde_json::from_str(text) {
        Ok(Json::Object(object)) if form != Form::Document => Record::Foreign(form, object),
        _ => Record::Plain(text),
    }
}

/// Tells what a record is. This looks at the keys of the outermost object only if it may matter.
pub(crate) fn unwrap(text: &str, marks: Marks) -> Record<'_> {
    let text = text.trim_ascii();
    if !marks.may_be_wrapped() {
        return Record::Plain(text);
    }
    let mentions = |mark| marks.occurs(mark, text);
    if mentions(Mark::Source) {
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
    if mentions(Mark::Xml)
        && let Some(xml) = member(text, "xml").and_then(string)
        && xml.trim_ascii_start().starts_with('<')
        && xml.contains("<Event")
    {
        return Record::Event(xml);
    }
    if mentions(Mark::Journal)
        && let Some(xml) = member(text, "MESSAGE").and_then(string)
        && xml.starts_with("<Event>")
    {
        return Record::Event(xml);
    }
    if mentions(Mark::Message)
        && mentions(Mark::Logstash)
        && let Some(message) = member(text, "message").and_then(string)
        && let Some(record) = message_record(message)
    {
        return record;
    }
    // A document that has a category, or says when it was ingested, has been through a pipeline: it is not worth a
    // closer look.
    let has_id = mentions(Mark::EventId);
    if has_id && let Some(members) = Members::parse(text).filter(format::is_flat) {
        return Record::Flat(members);
    }
    let is_done = !has_id && (mentions(Mark::Category) || mentions(Mark::Ingested));
    let others = [Mark::EventIdCamel, Mark::EventIdSnake, Mark::EventIdAttributes];
    if !is_done
        && (has_id || others.into_iter().any(mentions))
        && let Some((form, object)) = foreign(text)
    {
        return Record::Foreign(form, object);
    }
    Record::Plain(text)
}

/// What a shipper has put into `message` as it came.
fn message_record(message: Cow<'_, str>) -> Option<Record<'_>> {
    let text = message.trim_ascii_start();
    if text.starts_with('<') && text.contains("<Event") {
        return Some(Record::Event(message));
    }
    let (form, object) = text.starts_with('{').then(|| foreign(text))??;
    Some(Record::Foreign(form, object))
}

fn foreign(text: &str) -> Option<(Form, Object)> {
    let Ok(Json::Object(object)) = serde_json::from_str(text) else { return None };
    Some((format::detect(&object)?, object))
}

/// The text of a JSON string.
pub(crate) fn string(json: &str) -> Option<Cow<'_, str>> {
    let plain = json.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', plain.as_bytes()).is_none() {
        return Some(Cow::Borrowed(plain));
    }
    serde_json::from_str(json).ok().map(Cow::Owned)
}

/// The JSON that stands under a key of the outermost object, if the object is whole.
pub(crate) fn member<'a>(text: &'a str, wanted: &str) -> Option<&'a str> {
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
pub(crate) fn put<S: FieldSink>(
    text: &str,
    reader: &mut Reader,
    sink: &mut S,
) -> Result<(), Fault> {
    let result = if text.starts_with('{') {
        reader.put(text, sink)
    } else {
        // Any other value would be put at a path without a name.
        reader.put(text, &mut Nobody)
    };
    let (error, at) = match result {
        Ok(()) if text.starts_with('{') => return Ok(()),
        Ok(()) => return Err((0, Reason::NotAnObject)),
        Err(fault) => fault,
    };
    let before = &text.as_bytes()[..at];
    let line_start = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    Err((line_ends(before), Reason::Json { error, column: at - line_start + 1 }))
}

/// Wants nothing.
struct Nobody;

impl FieldSink for Nobody {
    fn wants(&self, _: &str) -> bool {
        false
    }
    fn put(&mut self, _: &str, _: Scalar<'_>) {}
}

/// A document for people, in the shape that it has.
pub(crate) fn render(text: &str) -> Result<Document, Fault> {
    if let Ok(Json::Object(object)) = serde_json::from_str(text) {
        return Ok(Document(object));
    }
    // The two parsers may differ over what is valid; what was matched must be shown.
    let mut document = Document::new();
    put(text, &mut Reader::new(), &mut document)?;
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_error(text: &str, expected: &str) {
        let fault = put(text, &mut Reader::new(), &mut Document::new()).unwrap_err();
        assert_eq!(format!("{}: {}", fault.0, fault.1), expected, "{text}");
    }

    #[test]
    fn errors() {
        check_error("[1]", "0: not a JSON object");
        check_error("\"x\"", "0: not a JSON object");
        check_error("nonsense", "0: not valid JSON: a value is expected (column 1)");
        check_error("{\"é\"}", "0: not valid JSON: a colon is expected (column 6)");
        check_error("{\n\n \"a\":}", "2: not valid JSON: a value is expected (column 6)");
    }

    fn unwrap_alone(text: &str) -> Record<'_> {
        unwrap(text, Marks::of(text.as_bytes()))
    }

    #[test]
    fn a_mark_is_at_its_number() {
        assert!(MARKS.iter().enumerate().all(|(number, (mark, _))| *mark as usize == number));
    }

    #[test]
    fn all_marks_are_found() {
        assert_eq!(Marks::of(b"{\"source\": \"_source\\\", xml\"}"), Marks(0));
        for (number, (_, key)) in MARKS.iter().enumerate() {
            let text = [b"{\"x\": {", *key, b": 1}, \"EventIDs\": 1}"].concat();
            assert_eq!(Marks::of(&text), Marks(1 << number));
        }
        let all = MARKS.map(|(_, key)| key).join(&b", "[..]);
        assert_eq!(Marks::of(&all), Marks((1 << MARKS.len()) - 1));
    }

    #[test]
    fn wrappers() {
        let hit = r#"{"_index": "i", "_id": "a\tb", "_score": null, "_source": {"a": {"_id": 1}}, "sort": [1]}"#;
        let expected = Record::Hit {
            source: r#"{"a": {"_id": 1}}"#,
            meta: vec![("_index", "i".into()), ("_id", "a\tb".into())],
        };
        assert_eq!(unwrap_alone(hit), expected);
        for plain in [
            r#"{"a": {"_source": {}}}"#,
            r#"{"_source": "text"}"#,
            r#"{"_source": {"a": 1}"#,
            r#"{"_source": {"a": 1},"#,
            r#"{"_source" {"a": 1}}"#,
            r#"{"xml": "<other/>"}"#,
            r#"{"a": {"xml": "<Event/>"}}"#,
            r#"["_source"]"#,
            r#"{"@version": "1", "message": "{\"a\": 1}"}"#,
            r#"{"winlog": {"event_id": 1}, "event": {"category": ["process"]}}"#,
            "\"xml\"",
        ] {
            assert_eq!(unwrap_alone(plain), Record::Plain(plain));
        }
        let flat = r#"{"EventID": 1, "Channel": "Security"}"#;
        assert!(matches!(unwrap_alone(flat), Record::Flat(_)));
        let wrapped = r#"{"@version": "1", "message": "{\"EventID\": 1, \"Channel\": \"c\"}"}"#;
        assert!(matches!(unwrap_alone(wrapped), Record::Foreign(Form::Flat, _)));
        let wrapped = r#"{"@version": "1", "message": "<Event/>"}"#;
        assert_eq!(unwrap_alone(wrapped), Record::Event("<Event/>".into()));
        let event = r#"{"expected": true, "xml": "<Event a=\"1\"></Event>"}"#;
        assert_eq!(unwrap_alone(event), Record::Event("<Event a=\"1\"></Event>".into()));
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
