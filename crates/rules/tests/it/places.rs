//! A diagnostic inside a query is at the line and column of the file.

use dragnet_rules::{Format, Loader, Problem};

/// Loads a text whose query holds the one character that no query may hold, and checks that the
/// failure is where that character stands in the file.
#[track_caller]
fn check(format: Format, text: &str) -> Problem {
    let at = text.find('§').or_else(|| text.find("\\u00a7")).expect("a marked text");
    let line = text[..at].matches('\n').count() + 1;
    let column = text[..at].rsplit('\n').next().unwrap().chars().count() + 1;
    let mut loader = Loader::new();
    loader.text("dir/r.toml", format, text.as_bytes());
    let report = loader.finish().report;
    let [failure] = &report.failed[..] else { panic!("{:?}", report.failed) };
    assert!(failure.code.starts_with("EQL"), "{failure:?}");
    assert_eq!((failure.line, failure.column), (line, column), "{text}\n{}", failure.render(false));
    failure.clone()
}

fn toml(query: &str) -> String {
    format!(
        "[metadata]\nmaturity = \"production\"\n\n[rule]\nname = \"One\"\nrule_id = \"1\"\nrisk_score = 21\n\
         severity = \"low\"\ntype = \"eql\"\nlanguage = \"eql\"\nquery = {query}\nnote = '''after'''\n"
    )
}

#[track_caller]
fn check_toml(query: &str) {
    let failure = check(Format::Toml, &toml(query));
    let shown = failure.render(false);
    assert!(shown.contains(&format!("dir/r.toml:{}:{}", failure.line, failure.column)), "{shown}");
    assert_eq!(failure.rule.as_deref(), Some("One"));
    check(Format::Toml, &toml(query).replace('\n', "\r\n"));
}

#[test]
fn literal_strings() {
    check_toml("'''\nprocess where\n  process.name == § and true\n'''");
    check_toml("'''process where § and\n  true'''");
    check_toml("'''process where\n§'''");
    check_toml("'process where §'");
    check_toml("'''\nprocess where process.name == \"é\" and § or true\n'''");
}

#[test]
fn basic_strings() {
    check_toml("\"\"\"\nprocess where\n  process.name == § and true\n\"\"\"");
    check_toml("\"process where process.name == \\\"a\\\" and §\"");
    check_toml("\"\"\"\nprocess where process.name == \"\\\\\\\\x\\\\\\\\\" and\\\n     §\"\"\"");
    check_toml("\"process where\\n\\t§\"");
    check_toml("\"process \\u0077here \\U00000061 == §\"");
    check_toml("\"process where \\u00a7\"");
}

#[test]
fn json_strings() {
    let rule = |query: &str| {
        format!(
            "{{\"rule_id\":\"1\",\"name\":\"One\",\"type\":\"eql\",\"language\":\"eql\",\"severity\":\"low\",\
             \"risk_score\":21,\"query\":{query},\"tags\":[]}}"
        )
    };
    let query = r#""process where\n  process.name == \"é\" and §""#;
    let failure = check(Format::Json, &format!("{{\"exported_count\":1}}\n{}\n", rule(query)));
    let shown = failure.render(false);
    // The query is shown as it is meant, with the place of the file before its own.
    let place = format!("dir/r.toml:2:{}, query:2:", failure.column);
    assert!(shown.contains(&place), "{shown}");
    assert!(shown.contains("process.name == \"é\" and §"), "{shown}");
    check(Format::Json, &rule(r#""process where a == \"\ud83d\ude00\" and \u00a7""#));
    check(Format::Json, &rule(query).replace(",\"", ",\n  \""));
    check(
        Format::Json,
        &format!("[\n{},\n{}]", rule("\"any where true\""), rule(query).replace("\"1\"", "\"2\"")),
    );
}

#[test]
fn a_byte_order_mark_does_not_count() {
    let text = toml("'process where §'");
    let mut loader = Loader::new();
    loader.text("r.toml", Format::Toml, format!("\u{feff}{text}").as_bytes());
    assert_eq!(loader.finish().report.failed[0].line, 11);
}

#[test]
fn rule_problems_are_at_the_value() {
    #[track_caller]
    fn check(text: &str, code: &str, place: (usize, usize)) {
        let mut loader = Loader::new();
        let format = Format::sniff(text.as_bytes());
        loader.text("r", format, text.as_bytes());
        let report = loader.finish().report;
        let found: Vec<_> = report.failed.iter().chain(&report.warnings).collect();
        let places: Vec<_> = found.iter().map(|p| (p.code, (p.line, p.column))).collect();
        assert_eq!(places, [(code, place)], "{text}");
    }
    let text = toml("'any where true'");
    check(&text.replace("\"low\"", "\"bad\""), "RULE0102", (8, 12));
    check(&text.replace("type = \"eql\"", "type = \"eqll\""), "RULE0009", (9, 8));
    check(&text.replace("name = \"One\"", ""), "RULE0007", (4, 1));
    check(&text.replace("[rule]", "[rule]\ninterval = '1 hour'"), "RULE0104", (5, 12));
    let json = "{\"rule_id\":\"1\",\"name\":\"One\",\"type\":\"eql\",\"language\":\"eql\",\"severity\":\"low\",\n\"risk_score\":210,\"query\":\"any where true\"}";
    check(json, "RULE0103", (2, 14));
}

#[test]
fn several_errors_of_a_rule_are_one_failure() {
    let mut loader = Loader::new();
    loader.text("r.toml", Format::Toml, b"[rule]\ntype = 'eqll'\nseverity = 'low'\n");
    let report = loader.finish().report;
    assert_eq!(report.failed.len(), 1);
    let failure = &report.failed[0];
    let codes: Vec<_> = failure.further.iter().map(|further| further.code).collect();
    assert_eq!((failure.code, codes), ("RULE0007", vec!["RULE0009", "RULE0010"]));
    let json = serde_json::to_value(failure).unwrap();
    assert_eq!(json["further"][0]["line"], 2);
    let shown = failure.render(false);
    assert_eq!(shown.matches("error[").count(), 3, "{shown}");
}
