//! Which warnings and notes count how much.

use std::collections::BTreeMap;

use dragnet_plan::Severity;

use crate::problem::Problem;
use crate::report::Report;
use crate::{catalogue, lint};

/// What is to become of warnings and notes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Policy {
    /// Every warning is an error.
    pub strict: bool,
    /// Codes whose warnings and notes are errors.
    pub deny: Vec<String>,
    /// Codes whose warnings and notes are not told; stronger than the others.
    pub allow: Vec<String>,
}

impl Policy {
    fn denies(&self, problem: &Problem) -> bool {
        (self.strict && problem.severity() == Severity::Warning)
            || self.deny.iter().any(|code| code == problem.code)
    }
}

impl Report {
    /// Takes in what a lint has found.
    pub(crate) fn warn(&mut self, problems: Vec<Problem>) {
        let (notes, warnings): (Vec<_>, Vec<_>) =
            problems.into_iter().partition(|problem| problem.severity() == Severity::Note);
        self.notes.extend(notes);
        self.warnings.extend(warnings);
    }

    /// Drops what is allowed, and moves what is denied to [`Report::denied`].
    pub fn apply(&mut self, policy: &Policy) {
        for list in [&mut self.warnings, &mut self.notes] {
            list.retain(|problem| !policy.allow.iter().any(|code| code == problem.code));
            let (denied, kept) =
                std::mem::take(list).into_iter().partition(|problem| policy.denies(problem));
            *list = kept;
            let denied: Vec<Problem> = denied;
            self.denied.extend(denied.into_iter().map(Problem::into_error));
        }
    }

    /// How often each code occurs among some problems, ascending by code.
    pub fn counts(problems: &[Problem]) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for problem in problems {
            *counts.entry(problem.code).or_default() += 1;
        }
        counts
    }
}

/// A code that reports can have, of rule documents, lints or a query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub title: &'static str,
    /// Why it matters and what to do, Markdown; may be empty.
    pub explanation: &'static str,
}

/// All codes that reports can have, by group.
pub fn codes() -> impl Iterator<Item = Code> {
    let rules = catalogue::CATALOGUE.iter().map(|info| Code {
        code: info.code,
        severity: info.severity,
        title: info.title,
        explanation: info.help,
    });
    let lints = lint::LINTS.iter().map(|info| Code {
        code: info.code,
        severity: info.severity,
        title: info.title,
        explanation: info.explanation,
    });
    let languages =
        [dragnet_eql::codes::ALL, dragnet_kql::codes::ALL, dragnet_kql::codes::lucene::ALL];
    let languages = languages.into_iter().flatten().map(|entry| Code {
        code: entry.code,
        severity: language_severity(entry.code),
        title: entry.title,
        explanation: entry.explanation,
    });
    rules.chain(lints).chain(languages)
}

/// Of the codes of query languages, those of the group 05 (`EQL0501`) are warnings.
fn language_severity(code: &str) -> Severity {
    if code.get(3..5) == Some("05") { Severity::Warning } else { Severity::Error }
}
