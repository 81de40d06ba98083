//! A report as annotations of a GitHub workflow.

use std::fmt::Write as _;

use dragnet_rules::Problem;

/// One workflow command per problem: `level` is `error`, `warning` or `notice`.
pub(crate) fn annotations(problems: &[Problem], level: &str) -> String {
    let mut out = String::new();
    for problem in problems {
        let (end_line, end_column) = problem.end();
        // GitHub: columns are ignored in annotations of several lines.
        let mut place = format!("file={},line={}", property(file(&problem.path)), problem.line);
        if end_line > problem.line {
            let _ = write!(place, ",endLine={end_line}");
        } else {
            let _ = write!(place, ",col={}", problem.column);
            if end_column > problem.column {
                let _ = write!(place, ",endColumn={}", end_column - 1);
            }
        }
        let mut lines = Vec::new();
        let help = problem.help().map(|help| format!("\n{help}")).unwrap_or_default();
        lines.push((place, problem.code, format!("{}{help}", problem.reason)));
        for further in &problem.further {
            let path = property(file(&problem.path));
            let place = format!("file={path},line={},col={}", further.line, further.column);
            lines.push((place, further.code, further.reason.clone()));
        }
        for (place, code, message) in lines {
            let rule = problem.rule.as_ref().map(|rule| format!(": {rule}")).unwrap_or_default();
            let title = property(&format!("{code}{rule}"));
            let _ = writeln!(out, "::{level} {place},title={title}::{}", data(&message));
        }
    }
    out
}

/// GitHub: names of files are those of the repository, which do not begin with `./`.
fn file(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

/// GitHub: what a message needs escaped.
pub(crate) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// GitHub: what a property needs escaped besides.
pub(crate) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_property_or_a_message_early() {
        assert_eq!(data("50% a\r\nb: c, d"), "50%25 a%0D%0Ab: c, d");
        assert_eq!(property("a:b,c%\n"), "a%3Ab%2Cc%25%0A");
        assert_eq!(
            (file("./rules/a.toml"), file(".rules/a.toml")),
            ("rules/a.toml", ".rules/a.toml")
        );
    }
}
