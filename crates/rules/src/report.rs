//! What became of every rule: loaded, not supported, failed, deprecated, skipped.
//!
//! No rule is lost in silence: every rule document that was met is in exactly one of these groups,
//! and everything that was met and is no rule is among the skipped.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::policy::codes;
use crate::problem::Problem;
use crate::rule::RuleType;

/// The load report. Its JSON form begins with `loaded`, `unsupported` and `failed`.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// Rules that will run.
    pub loaded: usize,
    /// Rules that are sound and of a kind that cannot run yet.
    pub unsupported: Vec<Unsupported>,
    /// Rules, or files of rules, that are broken.
    pub failed: Vec<Problem>,
    /// What is doubtful about rules that will run.
    pub warnings: Vec<Problem>,
    /// What could be better, if lints were asked for.
    pub notes: Vec<Problem>,
    /// Warnings and notes that a policy has made errors.
    pub denied: Vec<Problem>,
    /// What was met and is no rule, or a rule that was already there.
    pub skipped: Vec<Skipped>,
    /// Rules that their authors have withdrawn. They do not run.
    pub deprecated: Vec<Deprecated>,
    /// Exceptions that were met, those for the endpoint agent left out.
    pub exceptions: usize,
    /// The loaded rules by type.
    #[serde(skip)]
    pub loaded_by_type: BTreeMap<RuleType, usize>,
}

/// A rule of a kind that cannot run yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unsupported {
    /// The file.
    pub path: String,
    /// The rule's name.
    pub rule: String,
    /// The rule's type.
    #[serde(rename = "type")]
    pub rule_type: &'static str,
    /// What is missing.
    pub reason: String,
}

/// Something that is no rule, or a rule that was already there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The file.
    pub path: String,
    /// Line of the file, from 1.
    pub line: usize,
    /// The rule's name, if it is a rule.
    pub rule: Option<String>,
    /// Why it was skipped.
    pub reason: String,
}

/// A rule that its authors have withdrawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deprecated {
    /// The file.
    pub path: String,
    /// The rule's name, if the file could be read.
    pub rule: Option<String>,
}

/// How much of a report is told as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct TextOptions {
    /// Terminal colours.
    pub color: bool,
    /// Show every warning, and not only how often each code occurs.
    pub warnings: bool,
    /// Show every note, and not only their number.
    pub notes: bool,
    /// Name every rule that is not supported or deprecated and everything skipped, and not only
    /// their numbers.
    pub list: bool,
}

impl Report {
    /// Whether every rule that was met runs, or is one that need not.
    pub fn is_clean(&self) -> bool {
        self.failed.is_empty() && self.unsupported.is_empty()
    }

    /// The report for people: numbers by group and type, then what the options ask for, then every
    /// failure with the lines of the file it is about. Ends with a line feed.
    pub fn to_text(&self, options: TextOptions) -> String {
        let paint = Paint(options.color);
        let mut out = String::new();
        self.summary(&mut out, paint);
        if options.list {
            self.lists(&mut out, paint);
        }
        if options.notes {
            show(&mut out, &self.notes, options.color);
        }
        if options.warnings {
            show(&mut out, &self.warnings, options.color);
        } else {
            self.warnings_by_code(&mut out, paint);
        }
        show(&mut out, &self.denied, options.color);
        show(&mut out, &self.failed, options.color);
        out
    }

    /// The numbers by group and type alone.
    pub fn summary_text(&self) -> String {
        let mut out = String::new();
        self.summary(&mut out, Paint(false));
        out
    }

    /// How often each code occurs among the warnings.
    fn warnings_by_code(&self, out: &mut String, paint: Paint) {
        let counts = Report::counts(&self.warnings);
        if counts.is_empty() {
            return;
        }
        let _ = writeln!(out, "\n{}", paint.with(BOLD, "warnings by code"));
        let width = counts.values().map(|count| thousands(*count).len()).max().unwrap_or(0);
        for code in codes() {
            if let Some(count) = counts.get(code.code) {
                let _ =
                    writeln!(out, "  {:>width$}  {}  {}", thousands(*count), code.code, code.title);
            }
        }
        out.push_str("  --verbose shows them; `dragnet rules codes CODE` explains one\n");
    }

    fn summary(&self, out: &mut String, paint: Paint) {
        let mut rows: Vec<[String; 4]> = Vec::new();
        let mut row = |group: &str, count: usize, rule_type: &str, remark: &str| {
            rows.push([group.into(), thousands(count), rule_type.into(), remark.into()]);
        };
        let mut first = "loaded";
        for (rule_type, count) in &self.loaded_by_type {
            row(first, *count, rule_type.name(), "");
            first = "";
        }
        if self.loaded_by_type.is_empty() {
            row("loaded", self.loaded, "", "");
        }
        let mut first = "not supported";
        for ((rule_type, reason), count) in self.unsupported_by_reason() {
            row(first, count, rule_type, reason);
            first = "";
        }
        let rest = [
            ("deprecated", self.deprecated.len(), "not run"),
            ("skipped", self.skipped.len(), "no rules, or rules met before"),
            ("notes", self.notes.len(), "shown with --verbose"),
            ("warnings", self.warnings.len(), ""),
            ("denied", self.denied.len(), "warnings that count as errors"),
        ];
        for (group, count, remark) in rest {
            if count > 0 {
                row(group, count, "", remark);
            }
        }
        row("failed", self.failed.len(), "", "");
        let width = |at: usize| rows.iter().map(|row| row[at].len()).max().unwrap_or(0);
        let widths = [width(0), width(1), width(2)];
        for [group, count, rule_type, remark] in &rows {
            let color = match group.as_str() {
                "denied" => RED,
                "failed" if !self.failed.is_empty() => RED,
                "warnings" => YELLOW,
                _ => BOLD,
            };
            let group = paint.with(color, &format!("{group:<0$}", widths[0]));
            let line =
                format!("{group}  {count:>0$}  {rule_type:<1$}  {remark}", widths[1], widths[2]);
            let _ = writeln!(out, "{}", line.trim_end());
        }
    }

    /// Numbers by type and reason, the most frequent first.
    fn unsupported_by_reason(&self) -> Vec<((&str, &str), usize)> {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for rule in &self.unsupported {
            *counts.entry((rule.rule_type, &rule.reason)).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        counts
    }

    fn lists(&self, out: &mut String, paint: Paint) {
        let unnamed = "(no name)";
        let mut group = |title: &str, lines: Vec<(String, &str, &str)>| {
            if lines.is_empty() {
                return;
            }
            let _ = writeln!(out, "\n{}", paint.with(BOLD, title));
            for (place, name, remark) in lines {
                let _ = match remark {
                    "" => writeln!(out, "  {place}: {name}"),
                    _ => writeln!(out, "  {place}: {name}: {remark}"),
                };
            }
        };
        let unsupported = self.unsupported.iter();
        group(
            "not supported",
            unsupported.map(|r| (r.path.clone(), r.rule.as_str(), r.reason.as_str())).collect(),
        );
        let deprecated = self.deprecated.iter();
        group(
            "deprecated",
            deprecated
                .map(|r| (r.path.clone(), r.rule.as_deref().unwrap_or(unnamed), ""))
                .collect(),
        );
        let skipped = self.skipped.iter().map(|s| match &s.rule {
            Some(rule) => (format!("{}:{}", s.path, s.line), rule.as_str(), s.reason.as_str()),
            None => (format!("{}:{}", s.path, s.line), s.reason.as_str(), ""),
        });
        group("skipped", skipped.collect());
    }
}

/// Problems, each with the lines of the file that it is about.
fn show(out: &mut String, problems: &[Problem], color: bool) {
    for problem in problems {
        let _ = write!(out, "\n{}", problem.render(color));
    }
}

const BOLD: &str = "1";
const RED: &str = "1;31";
const YELLOW: &str = "1;33";

/// Terminal colours, or none.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn with(self, color: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{color}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// A whole number with commas between thousands: `1234` as `1,234`.
pub fn thousands(number: impl std::fmt::Display) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unsupported(rule: &str, rule_type: RuleType) -> Unsupported {
        Unsupported {
            path: format!("rules/{rule}.toml"),
            rule: rule.into(),
            rule_type: rule_type.name(),
            reason: rule_type.unsupported().unwrap().into(),
        }
    }

    fn sample() -> Report {
        Report {
            loaded: 1020,
            unsupported: vec![
                unsupported("a", RuleType::Esql),
                unsupported("b", RuleType::MachineLearning),
                unsupported("c", RuleType::MachineLearning),
            ],
            failed: vec![Problem::of_file("rules/d.toml", "RULE0003", "the file is too large")],
            skipped: vec![Skipped {
                path: "x.toml".into(),
                line: 1,
                rule: None,
                reason: "no `[rule]` table".into(),
            }],
            deprecated: vec![Deprecated { path: "e.toml".into(), rule: Some("E".into()) }],
            loaded_by_type: [(RuleType::Eql, 1020)].into(),
            ..Report::default()
        }
    }

    #[test]
    fn text() {
        let text = sample().to_text(TextOptions::default());
        let expected = "\
loaded         1,020  eql
not supported      2  machine_learning  machine-learning rules are not supported yet
                   1  esql              ES|QL rules are not supported yet
deprecated         1                    not run
skipped            1                    no rules, or rules met before
failed             1

error[RULE0003]: the file is too large
";
        assert!(text.starts_with(expected), "{text}");
        assert!(text.contains("rules/d.toml:1:1"), "{text}");
        assert!(!text.contains("rules/b.toml"), "{text}");
        assert!(!text.contains('\u{1b}'));
    }

    #[test]
    fn lists_and_colours() {
        let options = TextOptions { color: true, warnings: true, notes: true, list: true };
        let text = sample().to_text(options);
        assert!(
            text.contains("rules/b.toml: b: machine-learning rules are not supported yet"),
            "{text}"
        );
        assert!(text.contains("e.toml: E\n"), "{text}");
        assert!(text.contains("x.toml:1: no `[rule]` table"), "{text}");
        assert!(text.contains('\u{1b}'));
    }

    #[test]
    fn json() {
        let json = serde_json::to_value(sample()).unwrap();
        assert_eq!(json["loaded"], 1020);
        assert_eq!(
            json["unsupported"][0],
            serde_json::json!({"path": "rules/a.toml", "rule": "a", "type": "esql",
                "reason": "ES|QL rules are not supported yet"})
        );
        assert_eq!(
            json["failed"][0],
            serde_json::json!({"path": "rules/d.toml", "line": 1, "column": 1, "rule": null,
                "code": "RULE0003", "reason": "the file is too large"})
        );
        assert!(json.get("loaded_by_type").is_none());
    }

    #[test]
    fn numbers() {
        for (number, shown) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), shown);
        }
    }
}
