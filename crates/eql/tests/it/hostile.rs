//! Input that is made to hurt: nothing may panic, overflow the stack or take long.

use dragnet_eql::{MAX_QUERY_BYTES, Options, codes, compile, compile_bytes};
use dragnet_event::Schema;
use dragnet_plan::{Diagnostic, Snippet};

fn compile_open(text: &str) -> (Option<dragnet_plan::Query>, Vec<Diagnostic>) {
    compile(text, &Options::new(&Schema::open()))
}

/// The codes of a text, which must be an error.
#[track_caller]
fn codes_of(text: &str) -> Vec<&'static str> {
    let (plan, diagnostics) = compile_open(text);
    assert!(plan.is_none());
    diagnostics.into_iter().map(|d| d.code).collect()
}

/// `start`, then as many of `unit` as fit into so many bytes.
fn filled(start: &str, unit: &str, bytes: usize) -> String {
    let count = (bytes - start.len()) / unit.len();
    format!("{start}{}", unit.repeat(count))
}

#[test]
fn ten_megabytes_are_too_long() {
    for unit in ["(", "not ", "- ", "any where a == 1 or "] {
        assert_eq!(codes_of(&unit.repeat(10_000_000 / unit.len())), [codes::TOO_LONG]);
    }
    let bytes = vec![b'('; 10_000_000];
    let (plan, diagnostics) = compile_bytes(&bytes, &Options::new(&Schema::open()));
    assert!(plan.is_none());
    assert_eq!(diagnostics[0].code, codes::TOO_LONG);
}

#[test]
fn nesting_is_bounded() {
    let units = [
        "(",
        "not ",
        "- ",
        "+",
        "-",
        "f(",
        "f((",
        "a in (",
        "1 + (",
        "1 == (",
        "a and (",
        "a or (",
        "a or b and not 1 == 2 + 3 * -(",
        "not (",
        "-(",
        "null == (",
        "f~(1, ",
    ];
    for unit in units {
        let found = codes_of(&filled("any where ", unit, MAX_QUERY_BYTES));
        assert!(found.contains(&codes::TOO_DEEP), "{unit}: {found:?}");
    }
    for chain in ["1 + ", "1 - ", "2 * "] {
        let found = codes_of(&filled("any where ", chain, MAX_QUERY_BYTES));
        assert!(found.contains(&codes::TOO_DEEP), "{chain}: {found:?}");
    }
}

#[test]
fn what_is_within_the_bounds_fits_a_small_stack() {
    // Half of what the threads of tests and of servers have; optimised builds need far less.
    let small = std::thread::Builder::new().stack_size(1024 * 1024);
    let thread = small.spawn(|| {
        let nested = |open: &str, middle: &str, close: &str, n: usize| {
            format!("any where {}{middle}{}", open.repeat(n), close.repeat(n))
        };
        for (open, close, most) in [
            ("(", ")", 199),
            ("not ", "", 98),
            ("not (", ")", 98),
            ("a == 1 or (b == 2 and (", "))", 48),
            ("null == (1 == (", "))", 48),
            ("length(string(", "))", 49),
            ("a or b and not 1 == 2 + 3 * -(", ")", 12),
        ] {
            for n in [most, most + 1, 1_000] {
                let text = nested(open, "a", close, n);
                let (plan, diagnostics) = compile_open(&text);
                drop(plan);
                let deep = diagnostics.iter().any(|d| d.code == codes::TOO_DEEP);
                assert_eq!(deep, n == 1_000 || (deep && n > most), "{open} {n}: {diagnostics:?}");
            }
        }
    });
    thread.expect("a thread").join().expect("no overflow");
}

#[test]
fn long_input_of_every_kind_is_answered() {
    let starts =
        ["", "any where ", "any where a in (", "any where a : (", "sequence by ", "sequence "];
    let units = [
        "a",
        "1",
        "a.",
        ".",
        "\"",
        "\"\"\"",
        "`",
        "``",
        "'",
        "'a'",
        "?\"a\"",
        "?",
        "\\",
        "/*",
        "*/",
        "//\n",
        "“",
        "“a",
        "\u{a0}",
        "\0",
        "é",
        "[",
        "]",
        "![",
        "!",
        "a[",
        "a[0]",
        "| head 1 ",
        "|",
        ", ",
        "\"a\", ",
        "\"\\u{zz}\",",
        "a = ",
        "a == 1 or ",
        "a == b and ",
        "?a == ?b and ",
        "AND ",
        "child of [",
        "[any where true] ",
        "[any where true] by a ",
        "by a ",
        "with maxspan=1s ",
        "x(1) or ",
        "\"a*\": \"b\" or ",
        "a is null or ",
    ];
    for start in starts {
        for unit in units {
            // Shorter than it might be: an unoptimised build reads 1 MiB in a second.
            let text = filled(start, unit, MAX_QUERY_BYTES / 16);
            let (plan, diagnostics) = compile_open(&text);
            assert_eq!(
                plan.is_none(),
                diagnostics.iter().any(|d| d.severity == dragnet_plan::Severity::Error)
            );
            assert!(diagnostics.len() <= 70, "{start}{unit}: {}", diagnostics.len());
        }
    }
}

#[test]
fn a_large_closed_schema_does_not_make_it_slow() {
    let fields: Vec<_> =
        (0..3_000).map(|n| format!(r#""field_number_{n}": {{"type": "keyword"}}"#)).collect();
    let mapping = format!(r#"{{"properties": {{{}}}}}"#, fields.join(", "));
    let schema = Schema::closed([mapping.as_str()]).expect("a mapping");
    let known: Vec<_> = (0..20_000).map(|n| format!("?nope_{n} == null")).collect();
    let (plan, _) = compile(&format!("any where {}", known.join(" and ")), &Options::new(&schema));
    assert!(plan.is_some());
    let unknown: Vec<_> = (0..20_000).map(|n| format!("nope_{n} == null")).collect();
    let (plan, found) =
        compile(&format!("any where {}", unknown.join(" and ")), &Options::new(&schema));
    assert!(plan.is_none());
    assert!(found.len() <= 20);
}

#[test]
fn what_runs_write_out_is_bounded() {
    let term = "[any where true] with runs=100 ";
    assert!(compile_open(&format!("sequence {}", term.repeat(10))).0.is_some());
    assert_eq!(codes_of(&format!("sequence {}", term.repeat(11))), [codes::TOO_LARGE]);
    let list = vec!["1"; 20_000].join(",");
    let heavy = format!("sequence [any where a in ({list})] with runs=100");
    assert_eq!(codes_of(&heavy), [codes::TOO_LARGE]);
}

#[test]
fn the_number_of_regular_expressions_is_bounded() {
    let regexes = |n: usize| {
        let list: Vec<_> = (0..n).map(|n| format!("\"a{n}.*\"")).collect();
        format!("any where x regex ({})", list.join(", "))
    };
    assert!(compile_open(&regexes(100)).0.is_some());
    assert_eq!(codes_of(&regexes(101)), [codes::TOO_LARGE]);
}

#[test]
fn a_long_list_is_no_problem() {
    let list: Vec<_> = (0..50_000).map(|n| format!("\"value {n}\"")).collect();
    for operator in ["in", "in~", ":", "like"] {
        let (plan, found) = compile_open(&format!("any where x {operator} ({})", list.join(",")));
        assert!(plan.is_some(), "{found:?}");
    }
    let row: Vec<_> = (0..50_000).map(|n| format!("x == {n}")).collect();
    assert!(compile_open(&format!("any where {}", row.join(" or "))).0.is_some());
}

#[test]
fn errors_are_not_told_without_end() {
    let (_, diagnostics) = compile_open(&filled("any where ", "a = 1 or ", MAX_QUERY_BYTES));
    assert_eq!(diagnostics.len(), 20);
}

#[test]
fn zeros_are_ordinary_in_strings_and_nowhere_else() {
    assert!(compile_open("any where a == \"\0\"").0.is_some());
    assert!(compile_open("any where `a\0` == 1").0.is_some());
    assert_eq!(codes_of("any where a\0 == 1"), [codes::UNEXPECTED_CHARACTER]);
}

#[test]
fn what_is_not_utf8_is_named_by_its_place() {
    let bytes = b"any where a == \"\xc3\xa4\" or b == \"\xc3\" and \xff";
    let (plan, diagnostics) = compile_bytes(bytes, &Options::new(&Schema::open()));
    assert!(plan.is_none());
    let [diagnostic] = diagnostics.as_slice() else { panic!("{diagnostics:?}") };
    assert_eq!((diagnostic.code, diagnostic.span.clone()), (codes::NOT_UTF8, 29..29));
    assert!(diagnostic.message.contains("0xc3"), "{}", diagnostic.message);
    // It can be shown on the text as far as it is one.
    let text = String::from_utf8_lossy(bytes);
    let shown = diagnostic.render(Snippet { text: &text, origin: "x", first_line: 1 }, false);
    assert!(shown.contains("x:1:29"), "{shown}");
}
