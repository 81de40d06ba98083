//! Layout of queries: what goes on which line, and that nothing but white space changes.

use dragnet_eql::{FormatError, format};
use proptest::prelude::*;

/// The text formatted, which must be what formatting it again gives.
#[track_caller]
fn check(text: &str, expected: &str) {
    let formatted = format(text).expect("the text is a query");
    assert_eq!(formatted, expected, "\n{formatted}\n--- expected\n{expected}\n");
    assert_eq!(format(&formatted).as_deref(), Ok(expected), "again");
}

#[test]
fn what_fits_stays_on_one_line() {
    check(
        "process   where\n process.name=='x'".replace('\'', "\"").as_str(),
        "process where process.name == \"x\"",
    );
    check("any where true|head   5", "any where true\n| head 5");
    check("any where - 1 <a-1 and -a*-2>+3", "any where -1 < a - 1 and -a * -2 > +3");
    check("any where ?a . `b c`: (\"x\",\"y\")", "any where ?a.`b c` : (\"x\", \"y\")");
    check(
        "any where cidrmatch ( a ,\"10.0.0.0/8\")and not(b in~(1,2))or length( c )>1",
        "any where cidrmatch(a, \"10.0.0.0/8\") and not (b in~ (1, 2)) or length(c) > 1",
    );
}

#[test]
fn one_condition_per_line() {
    check(
        "process where host.os.type == \"windows\" and event.type == \"start\" and (process.name : \
         \"cmd.exe\" or process.args : \"/c\") and user.id != \"S-1-5-18\"",
        r#"process where
  host.os.type == "windows" and
  event.type == "start" and
  (process.name : "cmd.exe" or process.args : "/c") and
  user.id != "S-1-5-18""#,
    );
    check(
        "process where aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1 and bbbbbbbbbbbbbbbbbbbbbbbbbb == 2 or \
         aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1 and bbbbbbbbbbbbbb == 3",
        "process where
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1 and bbbbbbbbbbbbbbbbbbbbbbbbbb == 2 or
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1 and
    bbbbbbbbbbbbbb == 3",
    );
    check(
        "process where not (aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1 or \
         bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb == 2)",
        "process where not (
  aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa == 1 or
  bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb == 2
)",
    );
}

#[test]
fn long_lists() {
    let names: Vec<_> = (10..30).map(|n| format!("\"tool{n}.exe\"")).collect();
    check(
        &format!("process where a == 1 and process.name : ({})", names.join(",")),
        r#"process where
  a == 1 and
  process.name : (
    "tool10.exe", "tool11.exe", "tool12.exe", "tool13.exe", "tool14.exe", "tool15.exe",
    "tool16.exe", "tool17.exe", "tool18.exe", "tool19.exe", "tool20.exe", "tool21.exe",
    "tool22.exe", "tool23.exe", "tool24.exe", "tool25.exe", "tool26.exe", "tool27.exe",
    "tool28.exe", "tool29.exe"
  )"#,
    );
    check(
        r#"file where file.path : ("C:\\Some\\Folder\\With\\A\\Long\\Name\\*", "C:\\Another\\Folder\\With\\A\\Name\\*.exe")"#,
        r#"file where file.path : (
  "C:\\Some\\Folder\\With\\A\\Long\\Name\\*",
  "C:\\Another\\Folder\\With\\A\\Name\\*.exe"
)"#,
    );
}

#[test]
fn sequences() {
    check(
        "sequence by host.id,user.id with maxspan = 1m [process where true] by a [network where \
         destination.port == 443 and destination.ip != \"10.1.1.1\" and process.name : \"rundll32.exe\"] by b with \
         runs=2 until [process where event.type==\"end\"] by a | tail 3",
        r#"sequence by host.id, user.id with maxspan=1m
  [process where true] by a
  [network where
    destination.port == 443 and
    destination.ip != "10.1.1.1" and
    process.name : "rundll32.exe"
  ] by b with runs=2
until
  [process where event.type == "end"] by a
| tail 3"#,
    );
    check(
        "sample by a [any where true]![any where false]".replace('!', "").as_str(),
        "sample by a\n  [any where true]\n  [any where false]",
    );
    check(
        "sequence by a with maxspan=1s [any where true]\n\n // none of these\n![any where b]",
        "sequence by a with maxspan=1s\n  [any where true]\n\n  // none of these\n  ![any where b]",
    );
}

#[test]
fn comments_stay_with_what_they_are_about() {
    check(
        r#"// head
process where a == 1 // first
  and b == 2 and /* inline */ c == 3

  // about d
  and d : ("x", // the x
   "y")
  /* two
     lines */
  and e == /* odd */ 5 // last
// end"#,
        r#"// head
process where
  a == 1 and // first
  b == 2 and /* inline */
  c == 3 and

  // about d
  d : (
    "x", // the x
    "y"
  ) and
  /* two
     lines */
  e == /* odd */ 5 // last
// end"#,
    );
    check("any where // why\n true", "any where // why\n  true");
    check(
        "sequence [any where a] // one\n [any where b // two\n] /* three */",
        "sequence\n  [any where a] // one\n  [any where b // two\n  ] /* three */",
    );
    check("any where a ==\n// the answer\n42", "any where a ==\n  // the answer\n  42");
    check("any where (\n // what\n a or b)", "any where (\n  // what\n  a or b\n)");
    check("any where a // x\r\n and b", "any where\n  a and // x\n  b");
}

#[test]
fn what_is_not_valid_is_left_alone() {
    for text in ["", "process", "process where", "process where (a", "any where a = 1", "/*"] {
        assert!(matches!(format(text), Err(FormatError::Invalid(d)) if !d.is_empty()), "{text}");
    }
}

/// Valid conditions with comments and line feeds anywhere between tokens.
fn texts() -> impl Strategy<Value = String> {
    let gap = prop_oneof![
        6 => Just(" ".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("\n\n".to_owned()),
        1 => Just(" // line\n".to_owned()),
        1 => Just("\n\n  // own line\n".to_owned()),
        1 => Just(" /* block */ ".to_owned()),
        1 => Just("\n/* block */\n".to_owned()),
        1 => Just(" /* two\n lines */ ".to_owned()),
    ];
    let leaf = prop_oneof![
        Just("a == 1".to_owned()),
        Just("? b . c : ( \"x\" , \"a longer item of a list\" , \"yet another one\" )".to_owned()),
        Just("not length ( d ) > - 1".to_owned()),
        Just("`e f` in~ ( 1 , 2 )".to_owned()),
        Just(
            "some.quite.long.name.for.a.field like \"\"\"raw_\\_text_of_some_length\"\"\""
                .to_owned()
        ),
    ];
    let condition = leaf.prop_recursive(4, 24, 4, |inner| {
        (proptest::collection::vec(inner, 1..4), prop_oneof![Just("and"), Just("or")], 0..4)
            .prop_map(|(parts, word, form)| {
                let row = parts.join(&format!(" {word} "));
                match form {
                    0 => row,
                    1 => format!("not ( {row} )"),
                    _ => format!("( {row} )"),
                }
            })
    });
    let query = (condition.clone(), condition, 0..3).prop_map(|(a, b, form)| match form {
        0 => format!("process where {a} | head 3"),
        1 => format!("any where {a}"),
        _ => format!(
            "sequence by x , y with maxspan = 5m [ any where {a} ] by z ![ \"file\" where {b} ] by z [ any where c ] by z \
             until [ any where {b} ] by z"
        ),
    });
    (query, proptest::collection::vec(gap, 40)).prop_map(|(query, gaps)| {
        let mut in_text = false;
        let mut gaps = gaps.iter().cycle();
        // Blanks between tokens are outside of double quotes and backticks.
        query
            .chars()
            .map(|c| {
                in_text ^= c == '"' || c == '`';
                match (c, in_text) {
                    (' ', false) => gaps.next().cloned().unwrap_or_default(),
                    _ => c.to_string(),
                }
            })
            .collect()
    })
}

proptest! {
    #[test]
    fn whatever_the_text(text in texts()) {
        let formatted = format(&text);
        prop_assert!(formatted.is_ok(), "{text}\n{formatted:?}");
        let formatted = formatted.unwrap();
        prop_assert_eq!(format(&formatted), Ok(formatted.clone()), "{}\n---\n{}", text, formatted);
        prop_assert!(formatted.lines().all(|line| line.trim_end() == line), "{}", formatted);
    }
}
