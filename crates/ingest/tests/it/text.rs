//! Event XML and JSON in their layouts and encodings.

use dragnet_event::{Batch, Field, Schema};
use dragnet_ingest::{MAX_NAMED, Options, Source};

use crate::support::{event_xml, read, read_bytes};

/// Checks the codes of the events and the messages of the problems.
#[track_caller]
fn check_xml(bytes: impl Into<Vec<u8>>, codes: &[&str], problems: &[&str]) {
    let read = read_bytes(bytes);
    assert_eq!(read.texts("event.code"), codes);
    assert_eq!(read.messages(), problems);
}

/// Checks the texts at `a` of the documents and how the messages of the problems start.
#[track_caller]
fn check_json(bytes: impl Into<Vec<u8>>, values: &[&str], problems: &[&str]) {
    let read = read_bytes(bytes);
    assert_eq!(read.texts("a"), values);
    let messages = read.messages();
    let as_expected = messages.iter().zip(problems).all(|(got, start)| got.starts_with(start));
    assert!(as_expected && messages.len() == problems.len(), "{messages:#?}");
}

fn utf16(text: &str, bytes: impl Fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(bytes).collect()
}

#[test]
fn event_files() {
    let (one, two) = (event_xml(1, "é"), event_xml(2, "b"));
    let all = format!("<?xml version='1.0'?>\r\n<Events>\r\n{one}\r\n{two}\r\n</Events>\r\n");
    check_xml(&*one, &["1"], &[]);
    check_xml(format!("{one}{two}"), &["1", "2"], &[]);
    check_xml(&*all, &["1", "2"], &[]);
    check_xml(format!("\u{feff}{all}"), &["1", "2"], &[]);
    let marked = format!("\u{feff}{all}");
    for encoded in [
        utf16(&marked, u16::to_le_bytes),
        utf16(&marked, u16::to_be_bytes),
        utf16(&all, u16::to_le_bytes),
        utf16(&all, u16::to_be_bytes),
    ] {
        let read = read_bytes(encoded);
        assert_eq!(read.texts("winlog.event_data.Value"), ["é", "b"]);
        assert!(read.problems.is_empty());
    }
    check_xml("<Events></Events>", &[], &[]);
}

#[test]
fn broken_events_are_named_and_the_others_read() {
    let (one, two) = (event_xml(1, "a"), event_xml(2, "b"));
    let cut = &one[..one.len() - 30];
    check_xml(
        format!("<Events>\n{one}\n{cut}\n{two}\n</Events>"),
        &["1", "2"],
        &["test:3: the XML ends in the middle of the event"],
    );
    check_xml(
        format!("{two}\n{cut}"),
        &["2"],
        &["test:2: the XML ends in the middle of the event"],
    );
    check_xml(
        format!("<Event>\n<a/></Event>{one}"),
        &["1"],
        &["test:1: the Event element has no System element"],
    );
    check_xml(
        format!("{one}\nstray\n{two}"),
        &["1", "2"],
        &["test:2: text that belongs to no event"],
    );
    let mut bytes = event_xml(1, "x?y").into_bytes();
    let at = bytes.iter().position(|b| *b == b'?').unwrap();
    bytes[at] = 0xff;
    assert_eq!(read_bytes(bytes).texts("winlog.event_data.Value"), ["x\u{fffd}y"]);
}

#[test]
fn many_blocks_of_events() {
    let mut text = String::from("<Events>\n");
    for id in 0..9000 {
        text.push_str(&event_xml(id, &"x".repeat(id as usize % 700)));
        text.push('\n');
    }
    text.push_str("</Events>");
    let read = read_bytes(text.into_bytes());
    assert!(read.problems.is_empty());
    assert!(read.blocks > 4);
    let expected: Vec<_> = (0..9000).map(|id| id.to_string()).collect();
    assert_eq!(read.texts("event.code"), expected);
}

#[test]
fn json_lines() {
    check_json("{\"a\":\"1\"}\n\n  \r\n{\"a\":\"2\"}\r\n{\"a\":\"3\"}", &["1", "2", "3"], &[]);
    check_json("\u{feff}{\"a\":\"1\"}\n", &["1"], &[]);
    check_json(utf16("\u{feff}{\"a\":\"é\"}\n{}\n", u16::to_le_bytes), &["é", "-"], &[]);
    check_json(
        "{\"a\":\"1\"}\n{\"a\":\n[]\n7\n{\"a\":\"2\"}x\n{\"a\":\"3\"}\n",
        &["1", "3"],
        &[
            "test:2: not valid JSON: ",
            "test:3: not a JSON object",
            "test:4: not a JSON object",
            "test:5: not valid JSON: ",
        ],
    );
    check_json(b"{\"a\":\"1\"}\n{\"a\":\"\xff\"}\n".to_vec(), &["1", "\u{fffd}"], &[]);
    check_json("", &[], &[]);
    check_json(" \n\n", &[], &[]);
    check_json("hello", &[], &["test: not a format that Dragnet reads (it starts with \"hello\")"]);
}

#[test]
fn json_arrays_and_sequences() {
    check_json("[{\"a\":\"1\"},{\"a\":\"2\"}]", &["1", "2"], &[]);
    check_json("[\n  {\n    \"a\": \"]\"\n  },\n  {\n    \"a\": \"2\"\n  }\n]\n", &["]", "2"], &[]);
    check_json("{\n  \"a\": \"1\"\n}\n{\n  \"a\": \"2\"\n}\n", &["1", "2"], &[]);
    check_json("{\"a\":\"1\"}{\"a\":\"2\"}", &["1", "2"], &[]);
    check_json(
        "[\n  {\n    \"a\": \"1\"\n  },\n  {\n    \"a\" \"2\"\n  },\n  3,\n  {\n    \"a\": \"4\"\n  }\n]",
        &["1", "4"],
        &["test:6: not valid JSON: ", "test:8: not a JSON object"],
    );
    check_json("[{\"a\":\"1\"},{\"a\":", &["1"], &["test:1: not valid JSON: "]);
}

#[test]
fn hits_are_unwrapped() {
    let read = read_bytes(
        "{\"_index\":\"i\",\"_id\":\"x\",\"_score\":1,\"_source\":{\"a\":\"1\",\"b\":{\"c\":2}}}\n",
    );
    assert_eq!(read.texts("a"), ["1"]);
    assert_eq!(read.texts("_id"), ["x"]);
    assert_eq!(read.texts("_score"), ["-"]);
}

#[test]
fn events_within_json() {
    let xml = serde_json::Value::from(event_xml(21, "v")).to_string();
    let read = read_bytes(format!("[{{\"label\": true, \"xml\": {xml}}}]"));
    assert_eq!(read.texts("event.code"), ["21"]);
    assert_eq!(read.texts("label"), ["-"]);
}

#[test]
fn a_broken_record_leaves_nothing_behind() {
    let source = Source::from_bytes(
        "test",
        b"{\"a\":\"1\"}\n{\"a\":\"2\",\"b\":\"lost\"\n{\"c\":\"3\"}\n".to_vec(),
    );
    let fields = ["a", "b", "c"].map(Field::any);
    let mut batch = Batch::new(&fields, &Schema::open().field("@timestamp"));
    let mut problems = Vec::new();
    for block in source.open(3).unwrap() {
        block.unwrap().read(&Options::default(), &mut batch, &mut problems);
    }
    assert_eq!(problems.len(), 1);
    assert_eq!(batch.len(), 2);
    assert_eq!(
        batch.columns().iter().map(|c| c.rows().to_vec()).collect::<Vec<_>>(),
        [vec![0], vec![], vec![1]]
    );
    assert_eq!((batch.event_ref(1).source, batch.event_ref(1).index), (3, 2));
}

#[test]
fn many_lines_and_problems() {
    let mut text = String::new();
    for line in 0..100_000 {
        text.push_str(if line % 10 == 0 { "{broken\n" } else { "{\"a\":\"1\",\"b\":[1,2,3]}\n" });
    }
    let source = Source::from_bytes("test", text.into_bytes());
    let mut sink = crate::support::Count::default();
    let (mut failed, mut named, mut blocks) = (0, 0, 0);
    for block in source.open(0).unwrap() {
        let mut problems = Vec::new();
        failed += block.unwrap().read(&Options::default(), &mut sink, &mut problems).failed;
        assert!(problems.len() <= MAX_NAMED + 1);
        named += problems.len();
        blocks += 1;
    }
    assert_eq!((sink.0, failed), (90_000, 10_000));
    assert!(blocks > 1 && named > MAX_NAMED);
}

#[test]
fn a_line_without_end_is_passed_over() {
    let mut text = b"{\"a\":\"1\"}\n{\"a\":\"".to_vec();
    text.resize(text.len() + (65 << 20), b'x');
    text.extend_from_slice(b"\"}\n{\"a\":\"3\"}\n");
    let read = read(&Source::from_bytes("test", text));
    assert_eq!(read.texts("a"), ["1", "3"]);
    assert_eq!(read.messages(), ["test:2: the record is larger than 67108864 bytes"]);
}

#[test]
fn the_answer_of_a_search() {
    let answer = |hits: &str| {
        format!(
            r#"{{"took": 3, "timed_out": false, "_shards": {{"total": 1}}, "hits": {{"total": {{"value": 2}}, "hits": [{hits}]}}}}"#
        )
    };
    let hits = r#"{"_index": "i", "_id": "a", "_source": {"a": "{[1"}}, {"_id": "b", "_source": {"a": "2"}}"#;
    for text in [answer(hits), answer(hits).replace(", ", ",\n  "), answer(hits) + "\n"] {
        let read = read_bytes(text);
        assert!(read.problems.is_empty(), "{:?}", read.messages());
        assert_eq!(read.texts("a"), ["{[1", "2"]);
        assert_eq!(read.texts("_id"), ["a", "b"]);
    }
    assert!(read_bytes(answer("")).events.is_empty());
    // Cut short, it is named.
    let cut = &answer(hits)[..150];
    assert_eq!((read_bytes(cut).events.len(), read_bytes(cut).problems.len()), (0, 1));
}
