//! What queries mean: their plans as [`show`](crate::show) writes them.

use dragnet_eql::{Options, compile};
use dragnet_event::Schema;
use dragnet_plan::Severity;

use crate::show;

const MAPPING: &str = r#"{"properties": {
    "@timestamp": {"type": "date"},
    "day": {"type": "date", "format": "dd-MM-yyyy"},
    "event": {"properties": {"category": {"type": "keyword"}}},
    "user": {"type": "keyword"},
    "host": {"type": "text", "fields": {"raw": {"type": "keyword"}}},
    "pid": {"type": "long"},
    "ratio": {"type": "float"},
    "elevated": {"type": "boolean"},
    "ip": {"type": "ip"},
    "version": {"type": "version"}
}}"#;

#[track_caller]
fn plan(query: &str, schema: &Schema) -> String {
    let (plan, diagnostics) = compile(query, &Options::new(schema));
    let errors: Vec<_> = diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
    assert!(errors.is_empty(), "{query}: {errors:#?}");
    show::query(&plan.expect("no errors, so a plan"))
}

/// Under the open schema; `query` is a whole query.
#[track_caller]
fn check(query: &str, expected: &str) {
    assert_eq!(plan(query, &Schema::open()), expected, "{query}");
}

/// Under the open schema; `condition` is that of `any where`.
#[track_caller]
fn check_any(condition: &str, expected: &str) {
    check(&format!("any where {condition}"), expected);
}

/// Under the closed schema.
#[track_caller]
fn check_closed(condition: &str, expected: &str) {
    let schema = Schema::closed([MAPPING]).expect("a mapping");
    assert_eq!(plan(&format!("any where {condition}"), &schema), expected, "{condition}");
}

#[test]
fn caseless_fields() {
    check_any(r#"a.caseless == "X.EXE""#, r#"a.caseless == "x.exe""#);
    check_any(r#"a.caseless in ("X", "y")"#, r#"a.caseless in ("x", "y")"#);
    check_any(r#"a.caseless like "X*""#, r#"a.caseless like "x*""#);
}

#[test]
fn categories() {
    check("process where true", r#"event.category == "process""#);
    check("any where true", "true");
    check(r#""my category" where true"#, r#"event.category == "my category""#);
    check(r#""""a\b""" where true"#, r#"event.category == "a\\b""#);
    check(r#""any" where true"#, r#"event.category == "any""#);
    check("process where x == 1", r#"event.category == "process" and x == 1"#);
    check(
        "process where x == 1 and y == 2",
        r#"event.category == "process" and x == 1 and y == 2"#,
    );
    check(
        "process where x == 1 or y == 2",
        r#"event.category == "process" and (x == 1 or y == 2)"#,
    );
    check("process where false", "false");
    let schema = Schema::open();
    let options = Options { category_field: "kind", ..Options::new(&schema) };
    let (found, _) = compile("process where true", &options);
    assert_eq!(found.map(|query| show::query(&query)).as_deref(), Some(r#"kind == "process""#));
}

#[test]
fn negation_is_outside_of_tests() {
    check_any("x != 1", "not x == 1");
    check_any("not x == 1", "not x == 1");
    check_any("not x != 1", "x == 1");
    check_any("not not x == 1", "x == 1");
    check_any("not (x > -1)", "not x > -1");
    check_any("not x > 1 and y == 2", "not x > 1 and y == 2");
    check_any("x not in (1, 2)", "not x in (1, 2)");
    check_any("not x in (1, 2)", "not x in (1, 2)");
    check_any(r#"not x : "a*""#, r#"not x like~ "a*""#);
    check_any("not (a == 1 or b == 2)", "not (a == 1 or b == 2)");
    check_any("not (a == 1 and not b == 2)", "not (a == 1 and not b == 2)");
}

#[test]
fn rows_are_flat_and_simple() {
    check_any("a == 1 and (b == 2 and c == 3)", "a == 1 and b == 2 and c == 3");
    check_any("a == 1 or (b == 2 or c == 3) or d == 4", "a == 1 or b == 2 or c == 3 or d == 4");
    check_any(
        "a == 1 and b == 2 or c == 3 and d == 4",
        "(a == 1 and b == 2) or (c == 3 and d == 4)",
    );
    check_any("a == 1 and true", "a == 1");
    check_any("a == 1 and false", "false");
    check_any("a == 1 or true", "true");
    check_any("false or a == 1 or false", "a == 1");
    check_any("not (a == 1 and false)", "true");
}

#[test]
fn comparisons_of_fields() {
    check_any(r#"x == "a*""#, r#"x == "a*""#);
    check_any("5 < x", "x > 5");
    check_any("5 >= x", "x <= 5");
    check_any("-1 < x", "x > -1");
    check_any("null != x", "x exists");
    check_any("x == 4.5", "x == 4.5");
    check_any("x == 9223372036854775807", "x == 9223372036854775807");
    check_any("x == -9223372036854775808", "x == -9223372036854775808");
    check_any("x == 1 + 2 * 3", "x == 7");
    check_any("x == -(1 - 3)", "x == 2");
    check_any("+x == 1", "x == 1");
    check_any(r#"x == concat("a", 1, true)"#, r#"x == "a1true""#);
    check_any("add(0, 1) == x", "x == 1");
    check_any("`my field`.x == 1", "my field.x == 1");
    check_any("`a``b` == 1", "a`b == 1");
    check_any("?x == 1", "x == 1");
    check_any("?`a b`.c == 1", "a b.c == 1");
    check_any("@timestamp > 0", "@timestamp > date(1970-01-01T00:00:00.000Z)");
}

#[test]
fn booleans() {
    check_any("x", "x == true");
    check_any("not x", "not x == true");
    check_any("x == false", "x == false");
    check_any("x != true", "not x == true");
    check_any("a and not b", "a == true and not b == true");
    check_closed("elevated", "elevated == true");
    // A test compared with true or false is the test, or its opposite.
    check_any(r#"startsWith(x, "a") == true"#, r#"script(startsWith(x, "a"))"#);
    check_any(r#"true == startsWith(x, "a")"#, r#"script(startsWith(x, "a"))"#);
    check_any(r#"startsWith(x, "a") == false"#, r#"not script(startsWith(x, "a"))"#);
    check_any(r#"startsWith(x, "a") != true"#, r#"not script(startsWith(x, "a"))"#);
    check_any(r#"startsWith(x, "a") != false"#, r#"script(startsWith(x, "a"))"#);
    check_any(r#"cidrMatch(ip, "10.0.0.0/8") == true"#, "ip within 10.0.0.0/8");
    check_any(r#"cidrMatch(ip, "10.0.0.0/8") == false"#, "not ip within 10.0.0.0/8");
    check_any("(x == 1) == false", "not x == 1");
    check_any("(x == 1 or y == 2) == true", "x == 1 or y == 2");
}

#[test]
fn text_operators() {
    check_any(r#"x : "a""#, r#"x like~ "a""#);
    check_any(r#"x : ("a", "b*")"#, r#"x like~ "a", "b*""#);
    check_any(r#"x like "a?""#, r#"x like "a?""#);
    check_any(r#"x like~ ("a", "b")"#, r#"x like~ "a", "b""#);
    check_any(r#"x in~ ("a*", "b")"#, r#"x in~ ("a*", "b")"#);
    check_any(r#"x regex "a.*""#, "x regex Lucene:a.*");
    check_any(r#"x regex~ ("a", "b")"#, "x regex~ Lucene:a, Lucene:b");
    check_any(r#"substring(x, 5) regex "a.*""#, "script((substring(x, 5) regex Java:a.*))");
    check_any(r#"string(x) : "1*""#, r#"script((string(x) like~ "1*"))"#);
    check_any(r#"string(x) in~ ("1")"#, r#"script((string(x) in~ ("1")))"#);
    check_any(r#"x : """C:\Users\*""""#, r#"x like~ "C:\\Users\\*""#);
    check_any(r#""abc" : "A*""#, "true");
    check_any(r#""abc" like "A*""#, "false");
}

#[test]
fn scripts() {
    check_any("length(x) > 5", "script((length(x) > 5))");
    check_any("5 < length(x)", "script((length(x) > 5))");
    check_any("length(x) != 5", "script((length(x) != 5))");
    check_any("not length(x) == 5", "not script((length(x) == 5))");
    check_any("length(x) not in (1, 2)", "not script((length(x) in (1, 2)))");
    check_any("x / 2 == 41", "script(((x / 2) == 41))");
    check_any("-x + 100 == 18", "script((((-x) + 100) == 18))");
    check_any("1 + x * 2 == 5", "script(((1 + (x * 2)) == 5))");
    check_any("1 - 2 - x == 5", "script(((-1 - x) == 5))");
    check_any(r#"STARTSWITH~(x, "A")"#, r#"script(startsWith~(x, "A"))"#);
    check_any(r#"startsWith("abc", x)"#, r#"script(startsWith("abc", x))"#);
    check_any("indexOf(x, \"a\", null) == 1", r#"script((indexOf(x, "a", null) == 1))"#);
    check_any(
        r#"string(cidrMatch(ip, "10.0.0.0/8")) : "true""#,
        r#"script((string(cidrMatch(ip, "10.0.0.0/8")) like~ "true"))"#,
    );
}

#[test]
fn networks() {
    check_any(r#"cidrMatch(a, "10.6.48.157/8", "fe80::/10")"#, "a within 10.6.48.157/8, fe80::/10");
    check_any(r#"source.ip == "10.0.0.0/8""#, "source.ip within 10.0.0.0/8");
    check_any(r#"source.ip != "10.0.0.0/8""#, "not source.ip within 10.0.0.0/8");
    check_any(r#"source.ip == "0:0:0:0:0:0:0:1""#, r#"source.ip == "::1""#);
    check_any(r#"source.ip == "::ffff:1.2.3.4""#, r#"source.ip == "1.2.3.4""#);
    check_any(
        r#"source.ip in ("::1", "10.0.0.0/8")"#,
        r#"source.ip in ("::1") or source.ip within 10.0.0.0/8"#,
    );
    check_any(r#"source.address == "10.0.0.0/8""#, r#"source.address == "10.0.0.0/8""#);
}

#[test]
fn null_tests() {
    check_any("x == null", "not x exists");
    check_any("x != null", "x exists");
    check_any("null == x", "not x exists");
    check_any("not x == null", "x exists");
    check_any("null == null", "true");
    check_any("null != null", "false");
    check_any("length(x) == null", "script((length(x) is null))");
    check_any("length(x) != null", "script((not (length(x) is null)))");
    check_any("not length(x) == null", "not script((length(x) is null))");
    // Inside of a value a comparison can be null.
    check_any("null == (x > -1)", "script(((x > -1) is null))");
    check_any("null == (x and not y)", "script((((x == true) and (not (y == true))) is null))");
    check_any("(x == null) == null", "script(((x is null) is null))");
    check_any("concat(x, null) == null", "true");
    check_any("concat(x, null) != null", "false");
}

#[test]
fn constants_fold() {
    check_any("7 / 3 == 2", "true");
    check_any("7 / 3.0 > 2.33 and 7 / 3.0 < 2.34", "true");
    check_any("-7 % 3 == -1", "true");
    check_any(r#""Foo" < "foo""#, "true");
    check_any(r#""Foo" == "foo""#, "false");
    check_any("1 in (1, 2)", "true");
    check_any(r#"length("abc") == 3"#, "true");
    check_any(r#"startsWith~("explorer.exeaAAAA", "EXPLORER.exe")"#, "true");
    check_any(r#"number("0x32", 16) == 50"#, "true");
    check_any("1 == 1 and 2 > 1", "true");
}

#[test]
fn constant_nulls_are_neither_true_nor_false() {
    check_any("null", "false");
    check_any("not null", "false");
    check_any("null and x == 1", "false");
    check_any("null or x == 1", "x == 1");
    // False where x is not 1; otherwise null, which does not hold.
    check_any("not (null and x == 1)", "not x == 1");
    check_any("not (null or x == 1)", "false");
    check_any("null < 1", "false");
    check_any("not null < 1", "false");
    check_any("x == 1 or not null : \"a\"", "x == 1");
    check_any("null in (1, 2)", "false");
    check_any("not null in (1, 2)", "false");
    check_any("null == 1", "false");
    check_any("null != 1", "true");
    check_any("x in (null)", "false");
    check_any("not x in (null)", "false");
    check_any("x in (1, null)", "x in (1)");
    check_any("x not in (1, null)", "not x in (1)");
    check_any("x : (null, \"a\")", r#"x like~ "a""#);
    check_any("x > null", "false");
    check_any("1 + null == 1", "false");
    check_any("not 1 + null == 1", "false");
}

#[test]
fn optional_fields_that_the_schema_lacks_are_null() {
    check_closed(r#"?nope == "a""#, "false");
    check_closed(r#"?nope != "a""#, "true");
    check_closed("?nope == ?nope2", "true");
    check_closed("?nope != ?nope2", "false");
    check_closed("?nope == user", "not user exists");
    check_closed("user != ?nope", "user exists");
    check_closed("?nope", "false");
    check_closed("not ?nope", "false");
    check_closed("?nope == null", "true");
    check_closed("?nope != null", "false");
    check_closed(r#"?nope : "a""#, "false");
    check_closed(r#"not ?nope : "a""#, "false");
    check_closed("?nope in (1, 2)", "false");
    check_closed("?nope not in (1, 2)", "false");
    check_closed("?nope > 1", "false");
    check_closed("not ?nope > 1", "false");
    check_closed("length(?nope) > 1", "false");
    check_closed("not length(?nope) > 1", "false");
    check_closed(r#"not (?nope : "a" and pid == 1)"#, "not pid == 1");
    check_closed(r#"not (?nope : "a" or pid == 1)"#, "false");
    check_closed(r#"not (user == "b" and not ?nope : "a")"#, r#"not user == "b""#);
    // What the schema has is an ordinary field.
    check_closed(r#"not ?user : "a""#, r#"not user like~ "a""#);
    check_closed("?user == null", "not user exists");
    // Under the open schema every field may be missing, and none is null.
    check_any(r#"?nope != "a""#, r#"not nope == "a""#);
    check_any(r#"not ?nope : "a""#, r#"not nope like~ "a""#);
}

#[test]
fn constants_take_the_type_of_the_field() {
    check_closed(r#"pid == "5""#, "pid == 5");
    check_closed(r#"pid == "4.5""#, "pid == 4.5");
    check_closed("pid < 4.5", "pid < 4.5");
    check_closed(r#"pid == "abc""#, "false");
    check_closed(r#"pid != "abc""#, "true");
    check_closed("pid == true", "false");
    check_closed("user == 21", r#"user == "21""#);
    check_closed("user == 2.5", r#"user == "2.5""#);
    check_closed("user == true", r#"user == "true""#);
    check_closed("host == 1", r#"host == "1""#);
    check_closed("elevated == 123", "false");
    check_closed("elevated != 123", "true");
    check_closed(r#"elevated == "true""#, "elevated == true");
    check_closed(
        r#"@timestamp >= "2024-01-31T10:00:00Z""#,
        "@timestamp >= date(2024-01-31T10:00:00.000Z)",
    );
    check_closed("@timestamp == 1500", "@timestamp == date(1970-01-01T00:00:01.500Z)");
    check_closed(r#"day == "31-01-2024""#, "day == date(2024-01-31T00:00:00.000Z)");
    check_closed(
        r#"@timestamp in ("2024-01-31", 0)"#,
        "@timestamp in (date(2024-01-31T00:00:00.000Z), date(1970-01-01T00:00:00.000Z))",
    );
    check_closed("ip == 0", "false");
    check_closed(r#"ip == "10.0.0.0/8""#, "ip within 10.0.0.0/8");
    check_closed(r#"ip != "not an address""#, "true");
    check_closed(r#"version > "1.2.10""#, r#"version > "1.2.10""#);
    check_closed("version == 1.5", r#"version == "1.5""#);
    check_closed("pid in (1, 2.5)", "pid in (1, 2.5)");
    check_closed(
        r#"null == (day > "31-01-2024")"#,
        "script(((day > date(2024-01-31T00:00:00.000Z)) is null))",
    );
    // Under the open schema constants stay as they are.
    check_any(r#"code == "5""#, r#"code == "5""#);
    check_any("code == 5", "code == 5");
}

#[test]
fn sequences() {
    check(
        "sequence by host.id with maxspan=30s
           [process where true] by process.pid
           ![file where x == 1] by ?process.pid
           [any where true] by a with runs=2
         until [any where y == 2] by b
         | head 2+3 | tail 1",
        r#"sequence 30000ms
[event.category == "process"] by host.id, process.pid
![event.category == "file" and x == 1] by host.id, ?process.pid
[true] by host.id, a
[true] by host.id, a
until
[y == 2] by host.id, b
| head 5
| tail 1"#,
    );
    check("sequence [any where true] with runs=2", "sequence\n[true]\n[true]");
    check(
        "sequence with maxspan=2d [any where true] [any where x]",
        "sequence 172800000ms\n[true]\n[x == true]",
    );
    check(
        "sequence with maxspan = 5 ms [any where true] [any where x]",
        "sequence 5ms\n[true]\n[x == true]",
    );
    check(
        "sequence by a, ?b [any where true] [any where x]",
        "sequence\n[true] by a, ?b\n[x == true] by a, ?b",
    );
    check(
        "sample by a [any where true] [any where x] by b | head 1".replace(" by b", "").as_str(),
        "sample\n[true] by a\n[x == true] by a\n| head 1",
    );
    check(
        "sample [any where true] by a [any where x] by b",
        "sample\n[true] by a\n[x == true] by b",
    );
}

#[test]
fn keys_of_a_closed_schema() {
    let schema = Schema::closed([MAPPING]).expect("a mapping");
    let found = plan("sample by ?nope, ?user [any where true] [any where ?nope == null]", &schema);
    assert_eq!(found, "sample\n[true] by ?-, ?user\n[true] by ?-, ?user");
    // Text with an exact sub-field joins with keywords, whole numbers with fractions.
    plan("sequence [any where true] by host, pid [any where true] by user, ratio", &schema);
}

#[test]
fn stages_know_where_they_stand() {
    let text = "sequence [any where true] by a [file where x] by b with runs=2";
    let (query, _) = compile(text, &Options::new(&Schema::open()));
    let Some(dragnet_plan::Query::Sequence(sequence)) = query else { panic!("a sequence") };
    let spans: Vec<_> = sequence.stages.iter().map(|stage| &text[stage.span.clone()]).collect();
    let repeated = "[file where x] by b with runs=2";
    assert_eq!(spans, ["[any where true] by a", repeated, repeated]);
}

#[test]
fn comments_and_white_space() {
    check(
        "process // a comment\r\n where\t/* a /* nested */ one */ x/**/==/***/1",
        r#"event.category == "process" and x == 1"#,
    );
    check("any where x == 10 / 5", "x == 2");
}
