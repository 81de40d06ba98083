//! The grammar, what a sink is given, and agreement with `serde_json`.

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
    fn wants_objects(&self, path: &str) -> bool {
        path.ends_with("object")
    }
    fn put_object_json(&mut self, path: &str, json: &str) {
        self.0.push(format!("{path}={json}"));
    }
}

fn log(text: &str) -> Result<Vec<String>, Fault> {
    let mut log = Log::default();
    Reader::new().put(text, &mut log).map(|()| log.0)
}

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    assert_eq!(log(text).unwrap(), expected, "{text}");
}

#[track_caller]
fn check_error(text: &str, error: JsonError, at: usize) {
    assert_eq!(log(text), Err((error, at)), "{text}");
    assert!(serde_json::from_str::<serde_json::Value>(text).is_err(), "{text}");
}

#[test]
fn whole_objects() {
    check(
        r#"{"a": {"object": [{"b": {"object": {}}}, 1, [{"c": "\\u \ud83d\ude00 \ud800\t"}]]}}"#,
        &[
            "a.object.b.object={}",
            r#"a.object={"b": {"object": {}}}"#,
            "a.object=Long(1)",
            "a.object.c=Str(\"\\\\u 😀 \u{fffd}\\t\")",
            r#"a.object={"c": "\\u \ud83d\ude00 \ufffd\t"}"#,
        ],
    );
    // Past the shape's bounds paths are spelt out.
    let long = "x".repeat(600);
    let text = format!(r#"{{"{long}": {{"object": {{"y": 1}}}}, "object": {{}}}}"#);
    let expected = [
        format!("{long}.object.y=Long(1)"),
        format!(r#"{long}.object={{"y": 1}}"#),
        "object={}".to_owned(),
    ];
    assert_eq!(log(&text).unwrap(), expected);
}

#[test]
fn values() {
    check(
        r#" {"a.b": 1, "c": {"d": [true, null, []], "e": -1.5e1}, "f": [{"g": "x\n"}, {"g": "é"}],
           "h": 18446744073709551615, "i": {}, "j": 9223372036854775807, "k": -0, "l": false} "#,
        &[
            "a.b=Long(1)",
            "c.d=Bool(true)",
            "c.d=null",
            "c.e=Double(-15.0)",
            r#"f.g=Str("x\n")"#,
            r#"f.g=Str("é")"#,
            "h=Double(1.8446744073709552e19)",
            "j=Long(9223372036854775807)",
            "k=Long(0)",
            "l=Bool(false)",
        ],
    );
    check("{}", &[]);
}

#[test]
fn strings() {
    let text = r#"{"k\u0065y": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00 end", "pad": "0123456789abcdef\"0123456789abcdefx"}"#;
    let expected = [
        format!("key={:?}", Scalar::Str("\"\\/\u{8}\u{c}\n\r\té😀 end")),
        format!("pad={:?}", Scalar::Str("0123456789abcdef\"0123456789abcdefx")),
    ];
    assert_eq!(log(text).unwrap(), expected);
    let halves =
        r#"{"a": "\ud800", "b": "\udc00\ud800x", "c": "\ud800\u0041", "d": "\ud800\ud83d\ude00"}"#;
    let expected = ["a:\u{fffd}", "b:\u{fffd}\u{fffd}x", "c:\u{fffd}A", "d:\u{fffd}😀"];
    let expected = expected.map(|e| format!("{}={:?}", &e[..1], Scalar::Str(&e[2..])));
    assert_eq!(log(halves).unwrap(), expected);
}

#[test]
fn special_bytes() {
    for len in 0..40 {
        for byte in 0..=255u8 {
            let mut bytes = vec![b'a'; 40];
            bytes[len] = byte;
            bytes[39] = b'"';
            let is_special = byte < 0x20 || byte == b'"' || byte == b'\\';
            assert_eq!(special(&bytes), if is_special { len } else { 39 }, "{byte} at {len}");
        }
    }
    assert_eq!(special("é\u{ff}x".as_bytes()), 5);
}

#[test]
fn errors() {
    check_error("", JsonError::Truncated, 0);
    check_error("{", JsonError::Truncated, 1);
    check_error("{\"a", JsonError::Truncated, 3);
    check_error("{\"a\"", JsonError::Truncated, 4);
    check_error("{\"a\":tr", JsonError::Truncated, 5);
    check_error("{\"a\":trust}", JsonError::NoValue, 5);
    check_error("{\"a\":}", JsonError::NoValue, 5);
    check_error("{\"a\":[1,]}", JsonError::NoValue, 8);
    check_error("{\"a\" 1}", JsonError::NoColon, 5);
    check_error("{a:1}", JsonError::NoKey, 1);
    check_error("{\"a\":1,}", JsonError::NoKey, 7);
    check_error("{\"a\":1 \"b\":2}", JsonError::NoComma, 7);
    check_error("{\"a\":1}}", JsonError::Trailing, 7);
    for number in ["01", "-", "1.", ".5", "+1", "1e", "1e+", "0x1", "1e400", "--1"] {
        let text = format!("{{\"a\":{number}}}");
        assert!(log(&text).is_err(), "{text}");
    }
    for string in ["\u{1}", "\n", "\\x", "\\u12", "\\u12g4", "\\", "\\u+123"] {
        let text = format!("{{\"a\":\"{string}\"}}");
        assert!(log(&text).is_err(), "{text}");
    }
}

#[test]
fn depth_is_bounded_alike_for_matching_and_showing() {
    let objects = |n: usize| format!("{}{}", "{\"a\":".repeat(n - 1) + "{", "}".repeat(n));
    let arrays = |n: usize| format!("{{\"a\":{}{}}}", "[".repeat(n - 1), "]".repeat(n - 1));
    for make in [&objects as &dyn Fn(usize) -> String, &arrays] {
        for (depth, readable) in [(127, true), (128, false), (100_000, false)] {
            let text = make(depth);
            assert_eq!(log(&text).is_ok(), readable, "{depth}");
            let shown = serde_json::from_str::<serde_json::Value>(&text);
            assert_eq!(shown.is_ok(), readable, "{depth}");
        }
    }
}

#[test]
fn paths_that_have_no_room_in_the_shape() {
    let mut reader = Reader::new();
    for round in 0..3 {
        let member = |n: u32| format!("\"k{n}\":{{\"a\":{{\"b\":[{n}]}},\"c\":1}}");
        let members: Vec<_> = (0..500).map(member).collect();
        let mut log = Log::default();
        reader.put(&format!("{{{}}}", members.join(",")), &mut log).unwrap();
        let values = |n: u32| [format!("k{n}.a.b=Long({n})"), format!("k{n}.c=Long(1)")];
        let expected: Vec<_> = (0..500).flat_map(values).collect();
        assert_eq!(log.0, expected, "{round}");
    }
}

/// On random texts that are nearly JSON, it accepts what `serde_json` accepts, and gives the values
/// that its tree has.
#[test]
fn it_agrees_with_serde_json() {
    const PIECES: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"b.c\"",
        "\"\\u00e9\\n\"",
        "1",
        "-2.5",
        "0",
        "true",
        "null",
        " ",
        "\"x",
        "\\",
        "2.",
        "false",
        "\"\"",
        "{\"k\":",
        "[1,",
        "é",
    ];
    let mut random = 1u64;
    let mut next = |below: usize| {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        (random % below as u64) as usize
    };
    let (mut valid, mut reader) = (0, Reader::new());
    for _ in 0..200_000 {
        let mut text = String::from("{\"k\":");
        (0..next(7)).for_each(|_| text.push_str(PIECES[next(PIECES.len())]));
        text.push_str(["}", "]}", "}}", ""][next(4)]);
        let mut log = Log::default();
        let ours = reader.put(&text, &mut log);
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(serde_json::Value::Object(tree)) => {
                valid += 1;
                let mut expected = Log::default();
                dragnet_event::flatten(&tree, &mut expected);
                // Of two equal keys a tree keeps one.
                if text.matches("\"k\"").count() + text.matches("\"a\":").count() < 3 {
                    log.0.sort();
                    expected.0.sort();
                    assert_eq!(log.0, expected.0, "{text}");
                }
                assert!(ours.is_ok(), "{text}");
            }
            _ => assert!(ours.is_err(), "{text}"),
        }
    }
    assert!(valid > 1000, "{valid}");
}
