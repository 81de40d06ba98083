//! A report as SARIF 2.1.0, which code scanning services read.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Component, Path};

use dragnet_plan::Severity;
use dragnet_rules::Problem;
use serde_json::{Value as Json, json};

/// The log of one run.
pub(crate) fn log(problems: &[&Problem]) -> Json {
    let used: BTreeSet<&str> = problems
        .iter()
        .flat_map(|problem| {
            std::iter::once(problem.code).chain(problem.further.iter().map(|further| further.code))
        })
        .collect();
    // Only the codes that occur: the index of a result's rule is its position here.
    let rules: Vec<Json> = dragnet_rules::codes()
        .filter(|code| used.contains(code.code))
        .map(|code| {
            let explanation =
                if code.explanation.is_empty() { code.title } else { code.explanation };
            json!({
                "id": code.code,
                "shortDescription": { "text": code.title },
                "fullDescription": { "text": explanation },
                "help": { "text": explanation, "markdown": explanation },
                "defaultConfiguration": { "level": level(code.severity) },
            })
        })
        .collect();
    let index = |code: &str| rules.iter().position(|rule| rule["id"] == code);
    let results: Vec<Json> = problems.iter().flat_map(|problem| results(problem, &index)).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "dragnet",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

/// A problem, and each further error of the same rule.
fn results(problem: &Problem, index: &dyn Fn(&str) -> Option<usize>) -> Vec<Json> {
    let severity = level(problem.severity());
    let uri = uri(&problem.path);
    let result = |code: &str, message: String, region: Json| {
        json!({
            "ruleId": code,
            "ruleIndex": index(code),
            "level": severity,
            "message": { "text": message },
            "locations": [{ "physicalLocation": { "artifactLocation": uri, "region": region } }],
        })
    };
    let name = problem.rule.as_ref().map(|rule| format!(" (rule `{rule}`)")).unwrap_or_default();
    let help = problem.help().map(|help| format!(". {help}")).unwrap_or_default();
    let (end_line, end_column) = problem.end();
    let region = json!({
        "startLine": problem.line,
        "startColumn": problem.column,
        "endLine": end_line,
        "endColumn": end_column,
    });
    let message = format!("{}{name}{help}", problem.reason);
    let mut all = vec![result(problem.code, message, region)];
    all.extend(problem.further.iter().map(|further| {
        let region = json!({ "startLine": further.line, "startColumn": further.column });
        result(further.code, format!("{}{name}", further.reason), region)
    }));
    all
}

fn level(severity: Severity) -> &'static str {
    super::codes::word(severity)
}

/// Where a file is: relative to the root of the sources, or by its full path.
fn uri(path: &str) -> Json {
    let parts: Vec<String> = Path::new(path)
        .components()
        .filter(|part| !matches!(part, Component::CurDir))
        .map(|part| escaped(&part.as_os_str().to_string_lossy()))
        .collect();
    if Path::new(path).is_absolute() {
        let joined: Vec<_> = parts.iter().map(|part| part.trim_matches(['/', '\\'])).collect();
        return json!({ "uri": format!("file://{}", joined.join("/")) });
    }
    json!({ "uri": parts.join("/"), "uriBaseId": "%SRCROOT%" })
}

/// A part of a path as URIs write it (RFC 3986: what is not reserved stays).
fn escaped(part: &str) -> String {
    let mut out = String::new();
    for byte in part.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris() {
        let relative = |path: &str| uri(path)["uri"].as_str().map(str::to_owned);
        assert_eq!(relative("./rules/a b%.toml").as_deref(), Some("rules/a%20b%25.toml"));
        assert_eq!(relative("é.toml").as_deref(), Some("%C3%A9.toml"));
        assert_eq!(uri("rules/a.toml")["uriBaseId"], "%SRCROOT%");
        assert_eq!(uri("/x/a b.toml"), json!({ "uri": "file:///x/a%20b.toml" }));
    }
}
