//! What the tests came to: as text, as annotations, as XML, as JSON.

use std::fmt::Write as _;
use std::io::{self, Write};

use dragnet_rules::Problem;
use serde_json::{Value as Json, json};

use super::coverage::RuleCoverage;
use crate::args::{TestArgs, TestFormat};
use crate::rules::github;
use crate::style::{Style, clean, markup};
use crate::summary::counted;
use crate::{ExitStatus, Terminal};

/// What became of a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Passed,
    Failed,
    /// It failed, and its expectation was changed.
    Updated,
    /// It could not be run.
    Error,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Passed => "passed",
            Status::Failed => "failed",
            Status::Updated => "updated",
            Status::Error => "error",
        }
    }
}

/// Something that kept tests from running.
#[derive(Debug, Clone)]
pub(super) struct Fault {
    pub(super) path: String,
    /// From 1; 1 if the file as a whole is meant.
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) code: &'static str,
    pub(super) message: String,
    /// For people, with a line feed at the end.
    pub(super) shown: String,
}

impl Fault {
    /// Of a file as a whole.
    pub(super) fn of_file(path: &str, message: &str, style: Style) -> Fault {
        let shown = format!("{} {}: {}\n", style.red("error:"), clean(path), clean(message));
        let (path, message) = (path.to_owned(), message.to_owned());
        Fault { path, line: 1, column: 1, code: "", message, shown }
    }

    /// Of a rule.
    pub(super) fn of_rule(problem: &Problem) -> Fault {
        Fault {
            path: problem.path.clone(),
            line: problem.line,
            column: problem.column,
            code: problem.code,
            message: problem.reason.clone(),
            shown: problem.render(false),
        }
    }
}

/// What came of one case.
#[derive(Debug)]
pub(super) struct CaseResult {
    pub(super) name: String,
    pub(super) line: usize,
    pub(super) status: Status,
    pub(super) expected: u64,
    pub(super) found: u64,
    /// What is different, or could not be read.
    pub(super) details: Vec<String>,
    /// Why nothing was found.
    pub(super) why: String,
}

/// What came of one test file.
#[derive(Debug)]
pub(super) struct FileResult {
    pub(super) path: String,
    pub(super) rules: Vec<String>,
    pub(super) faults: Vec<Fault>,
    pub(super) cases: Vec<CaseResult>,
    pub(super) coverage: Vec<RuleCoverage>,
}

impl FileResult {
    pub(super) fn new(path: &str) -> FileResult {
        FileResult {
            path: path.to_owned(),
            rules: Vec::new(),
            faults: Vec::new(),
            cases: Vec::new(),
            coverage: Vec::new(),
        }
    }

    fn count(&self, status: Status) -> usize {
        self.cases.iter().filter(|case| case.status == status).count()
    }
}

/// What came of everything.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) files: Vec<FileResult>,
    /// What belongs to no test file.
    pub(super) faults: Vec<Fault>,
    /// Rules without a test: their names and files.
    pub(super) untested: Vec<(String, String)>,
}

impl TestArgs {
    /// Whether clauses are to be looked at: that costs more than the tests.
    pub(super) fn needs_coverage(&self) -> bool {
        self.coverage || self.format == TestFormat::Json
    }
}

impl Report {
    pub(super) fn all_faults(&self) -> impl Iterator<Item = &Fault> {
        self.files.iter().flat_map(|file| &file.faults).chain(&self.faults)
    }

    fn count(&self, status: Status) -> usize {
        self.files.iter().map(|file| file.count(status)).sum()
    }

    pub(super) fn status(&self) -> ExitStatus {
        if self.all_faults().next().is_some() || self.count(Status::Error) > 0 {
            ExitStatus::Error
        } else if self.count(Status::Failed) > 0 {
            ExitStatus::Found
        } else {
            ExitStatus::Nothing
        }
    }

    fn summary(&self) -> String {
        let cases: usize = self.files.iter().map(|file| file.cases.len()).sum();
        let mut text = format!(
            "{}, {}: {} passed",
            counted(self.files.len() as u64, "test file"),
            counted(cases as u64, "case"),
            self.count(Status::Passed)
        );
        for status in [Status::Failed, Status::Updated] {
            let count = self.count(status);
            if count > 0 {
                let _ = write!(text, ", {count} {}", status.name());
            }
        }
        let errors = self.count(Status::Error) + self.all_faults().count();
        if errors > 0 {
            let _ = write!(text, ", {}", counted(errors as u64, "error"));
        }
        if !self.untested.is_empty() {
            let _ =
                write!(text, "; {} without a test", counted(self.untested.len() as u64, "rule"));
        }
        text
    }
}

/// Writes the report in the form that was asked for.
pub(super) fn write(
    report: &Report,
    args: &TestArgs,
    terminal: Terminal,
    out: &mut dyn Write,
) -> io::Result<()> {
    match args.format {
        TestFormat::Text => text(report, args, terminal.out, out),
        TestFormat::Junit => junit(report, out),
        TestFormat::Github => annotations(report, out),
        TestFormat::Json => {
            serde_json::to_writer_pretty(&mut *out, &json(report))?;
            writeln!(out)
        }
    }
}

fn text(report: &Report, args: &TestArgs, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for file in &report.files {
        let passed = file.count(Status::Passed);
        let path = clean(&file.path);
        let all = file.cases.len();
        if passed == all && file.faults.is_empty() {
            writeln!(
                out,
                "{}    {path}  {}",
                style.green("ok"),
                style.dim(&counted(all as u64, "case"))
            )?;
        } else {
            let mark = if file.faults.is_empty() { "FAIL " } else { "ERROR" };
            let rest = match all {
                0 => String::new(),
                _ => format!("  {passed} of {} passed", counted(all as u64, "case")),
            };
            writeln!(out, "{} {path}{}", style.red(mark), style.dim(&rest))?;
        }
        for case in file.cases.iter().filter(|case| case.status != Status::Passed) {
            let place = style.dim(&format!("{path}:{}", case.line));
            let mark =
                if case.status == Status::Updated { style.green("~") } else { style.red("✗") };
            writeln!(out, "  {mark} {}  {place}", style.bold(&clean(&case.name)))?;
            for line in &case.details {
                writeln!(out, "      {}", clean(line))?;
            }
            for line in case.why.lines() {
                writeln!(out, "      {}", style.dim(&format!("| {}", clean(line))))?;
            }
        }
        if args.coverage {
            coverage(file, style, out)?;
        }
    }
    if args.coverage && !report.untested.is_empty() {
        writeln!(out, "without a test:")?;
        for (name, path) in &report.untested {
            writeln!(out, "      {}  {}", clean(name), style.dim(&clean(path)))?;
        }
    }
    writeln!(out, "{}", report.summary())
}

fn coverage(file: &FileResult, style: Style, out: &mut dyn Write) -> io::Result<()> {
    for rule in &file.coverage {
        let lacking: Vec<_> = rule.clauses.iter().filter_map(|c| Some((c, c.lacks()?))).collect();
        let all = rule.clauses.len();
        let decided = all - lacking.len();
        let head = format!("{decided} of {} decided both ways", counted(all as u64, "clause"));
        writeln!(out, "      {}: {head}", clean(&rule.name))?;
        for (clause, lacks) in lacking {
            let stage =
                if rule.stages > 1 { format!("stage {}: ", clause.stage) } else { String::new() };
            let text = crate::output::cut(&clean(&clause.text), 120);
            writeln!(out, "        {stage}{text}  {}", style.dim(lacks))?;
        }
    }
    Ok(())
}

fn json(report: &Report) -> Json {
    let fault = |fault: &Fault| {
        json!({
            "path": fault.path, "line": fault.line, "column": fault.column, "code": fault.code,
            "message": fault.message,
        })
    };
    let case = |case: &CaseResult| {
        let mut json = json!({
            "name": case.name, "line": case.line, "status": case.status.name(),
            "expected": case.expected, "found": case.found, "details": case.details,
        });
        if !case.why.is_empty() {
            json["why"] = case.why.as_str().into();
        }
        json
    };
    let rule = |rule: &RuleCoverage| {
        let clauses = rule.clauses.iter().map(|clause| {
            json!({
                "stage": clause.stage, "text": clause.text, "held": clause.held,
                "failed": clause.failed,
            })
        });
        let clauses: Vec<Json> = clauses.collect();
        json!({"name": rule.name, "rule_id": rule.rule_id, "clauses": clauses})
    };
    let file = |file: &FileResult| {
        json!({
            "path": file.path, "rules": file.rules,
            "cases": file.cases.iter().map(case).collect::<Vec<_>>(),
            "errors": file.faults.iter().map(fault).collect::<Vec<_>>(),
            "coverage": file.coverage.iter().map(rule).collect::<Vec<_>>(),
        })
    };
    let untested = report.untested.iter().map(|(name, path)| json!({"name": name, "path": path}));
    let errors = report.count(Status::Error) + report.all_faults().count();
    json!({
        "passed": report.count(Status::Passed), "failed": report.count(Status::Failed),
        "updated": report.count(Status::Updated), "errors": errors,
        "files": report.files.iter().map(file).collect::<Vec<_>>(),
        "other_errors": report.faults.iter().map(fault).collect::<Vec<_>>(),
        "rules_without_tests": untested.collect::<Vec<_>>(),
    })
}

/// What is told of a case that has not passed.
fn body(case: &CaseResult) -> String {
    let mut text = case.details.join("\n");
    if !case.why.is_empty() {
        let _ = write!(text, "\n\n{}", case.why.trim_end());
    }
    text
}

fn junit(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let cases: usize = report.files.iter().map(|file| file.cases.len()).sum();
    let faults = report.all_faults().count();
    let errors = report.count(Status::Error) + faults;
    let failed = report.count(Status::Failed);
    writeln!(out, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
    writeln!(
        out,
        r#"<testsuites name="dragnet" tests="{}" failures="{failed}" errors="{errors}">"#,
        cases + faults
    )?;
    for file in &report.files {
        junit_suite(&file.path, &file.cases, &file.faults, out)?;
    }
    if !report.faults.is_empty() {
        junit_suite("rules", &[], &report.faults, out)?;
    }
    writeln!(out, "</testsuites>")
}

fn junit_suite(
    name: &str,
    cases: &[CaseResult],
    faults: &[Fault],
    out: &mut dyn Write,
) -> io::Result<()> {
    let count = |status| cases.iter().filter(|case| case.status == status).count();
    let name = markup(name);
    writeln!(
        out,
        r#"  <testsuite name="{name}" tests="{}" failures="{}" errors="{}">"#,
        cases.len() + faults.len(),
        count(Status::Failed),
        count(Status::Error) + faults.len(),
    )?;
    for case in cases {
        let title = markup(&case.name);
        let head = format!(
            r#"    <testcase name="{title}" classname="{name}" file="{name}" line="{}""#,
            case.line
        );
        let kind = match case.status {
            Status::Passed | Status::Updated => {
                writeln!(out, "{head}/>")?;
                continue;
            }
            Status::Failed => "failure",
            Status::Error => "error",
        };
        let message = markup(case.details.first().map_or("", String::as_str));
        writeln!(out, "{head}>")?;
        writeln!(out, r#"      <{kind} message="{message}">{}</{kind}>"#, markup(&body(case)))?;
        writeln!(out, "    </testcase>")?;
    }
    for fault in faults {
        let (path, message) = (markup(&fault.path), markup(&fault.message));
        let place = format!(r#"file="{path}" line="{}""#, fault.line);
        writeln!(out, r#"    <testcase name="can be run" classname="{path}" {place}>"#)?;
        let full = markup(&format!("{}:{}:{}: ", fault.path, fault.line, fault.column));
        writeln!(out, r#"      <error message="{message}">{full}{message}</error>"#)?;
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

fn annotations(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for fault in report.all_faults() {
        let (path, message) = (github::property(&fault.path), github::data(&fault.message));
        writeln!(out, "::error file={path},line={},col={}::{message}", fault.line, fault.column)?;
    }
    for file in &report.files {
        for case in &file.cases {
            if matches!(case.status, Status::Failed | Status::Error) {
                let (path, title) = (github::property(&file.path), github::property(&case.name));
                let data = github::data(&body(case));
                writeln!(out, "::error file={path},line={},title={title}::{data}", case.line)?;
            }
        }
    }
    writeln!(out, "{}", report.summary())
}
