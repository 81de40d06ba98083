//! `dragnet test`: rule tests.
//!
//! Tests stand in YAML beside the rule. A case writes events down, or names a log, and says what the rule is to make of
//! them; it goes the way of a hunt ([`crate::pursuit`]), executions, caps, suppression and overrides included. The key
//! decision is that there is no second way: what a test shows is what a hunt does. Its price is that a case costs a
//! small hunt, about a millisecond. Rules that are switched off are tested all the same.

mod case;
mod codes;
mod compare;
mod coverage;
mod discover;
mod events;
mod report;
mod spec;
mod update;
mod yaml;

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;
use dragnet_plan::{Diagnostic, Snippet};
use dragnet_rules::{LoadedRule, Loader, ValueLists};

use crate::args::TestArgs;
use crate::style::Style;
use crate::{ExitStatus, Terminal};
use case::Runner;
use coverage::Coverage;
use discover::Discovered;
use report::{CaseResult, Fault, FileResult, Report, Status};
use spec::{Case, Expected, Suite};

pub(crate) fn run(args: &TestArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let found = discover::discover(&args.paths);
    let mut report = Report::default();
    let mut seen = Seen::default();
    for path in &found.tests {
        let result = Tester::new(path, args, terminal.err).run(&mut seen);
        report.files.push(result);
    }
    untested(&found, &seen, &mut report);
    report.faults.extend(found.faults);
    let cases = report.files.iter().map(|file| file.cases.len()).sum::<usize>();
    let is_sound = report.faults.is_empty() && report.files.iter().all(|f| f.faults.is_empty());
    let mut err = io::stderr().lock();
    for fault in report.all_faults() {
        err.write_all(fault.shown.as_bytes())?;
    }
    if cases == 0 && is_sound {
        match &args.filter {
            Some(filter) if !found.tests.is_empty() => bail!("no case has `{filter}` in its name"),
            _ => bail!("no tests were found; they stand in `*.test.yml` beside their rules"),
        }
    }
    report::write(&report, args, terminal, &mut io::stdout().lock())?;
    Ok(report.status())
}

/// What test files have named.
#[derive(Default)]
struct Seen {
    /// Rules by their ids.
    rules: HashSet<String>,
    /// Logs, by their canonical paths.
    logs: HashSet<PathBuf>,
}

/// Counts the rules that are there and that no test has named. Those that cannot be loaded are faults, unless a test
/// takes the file for a log.
fn untested(found: &Discovered, seen: &Seen, report: &mut Report) {
    let set = dragnet_rules::load(&found.rules);
    for LoadedRule { rule, origin, .. } in &set.rules {
        if !seen.rules.contains(&rule.rule_id) {
            report.untested.push((rule.name.clone(), origin.path.clone()));
        }
    }
    let canonical = |path: &str| fs::canonicalize(path).unwrap_or_else(|_| path.into());
    let named: HashSet<(PathBuf, usize)> =
        report.all_faults().map(|fault| (canonical(&fault.path), fault.line)).collect();
    for failure in &set.report.failed {
        let place = (canonical(&failure.path), failure.line);
        if !seen.logs.contains(&place.0) && !named.contains(&place) {
            report.faults.push(Fault::of_rule(failure));
        }
    }
}

/// Runs one test file.
struct Tester<'a> {
    path: &'a Path,
    /// The path, as messages name it.
    name: String,
    args: &'a TestArgs,
    err: Style,
    result: FileResult,
}

/// The rules of a file with the exceptions that some cases share.
struct Loaded {
    exceptions: Vec<PathBuf>,
    value_lists: Vec<PathBuf>,
    rules: Vec<LoadedRule>,
}

impl<'a> Tester<'a> {
    fn new(path: &'a Path, args: &'a TestArgs, err: Style) -> Tester<'a> {
        let name = path.display().to_string();
        let result = FileResult::new(&name);
        Tester { path, name, args, err, result }
    }

    fn run(mut self, seen: &mut Seen) -> FileResult {
        let Some(text) = self.text() else { return self.result };
        let read = yaml::parse(&text).map_err(|error| vec![error]);
        let suite = match read.and_then(|root| spec::read(self.path, &root)) {
            Ok(suite) => suite,
            Err(errors) => {
                for error in &errors {
                    self.fault(&text, error);
                }
                return self.result;
            }
        };
        let Some(paths) = self.rule_paths(&suite, &text) else { return self.result };
        self.result.rules = paths.iter().map(|path| path.display().to_string()).collect();
        let mut loaded: Vec<Loaded> = Vec::new();
        let Some(rules) = self.load(&paths, &[], &[], &mut loaded) else { return self.result };
        seen.rules.extend(rules.iter().map(|rule| rule.rule.rule_id.clone()));
        let mut coverage = Coverage::new(rules);
        for case in &suite.cases {
            if !self.is_wanted(case) {
                continue;
            }
            let rules = self.load(&paths, &case.exceptions, &case.value_lists, &mut loaded);
            let Some(rules) = rules else { continue };
            self.case(case, rules, &text, &mut coverage, seen);
        }
        if self.args.update {
            self.update(&text, &suite);
        }
        self.result.coverage = coverage.rules;
        self.result
    }

    fn is_wanted(&self, case: &Case) -> bool {
        let filter = self.args.filter.as_ref();
        filter.is_none_or(|filter| case.name.to_lowercase().contains(&filter.to_lowercase()))
    }

    /// The text of the file.
    fn text(&mut self) -> Option<Arc<str>> {
        let mut text = String::new();
        let read = File::open(self.path)
            .and_then(|file| file.take(yaml::MAX_BYTES + 1).read_to_string(&mut text));
        let message = match read {
            Err(error) => format!("cannot be read: {error}"),
            Ok(_) if text.len() as u64 > yaml::MAX_BYTES => {
                format!("is larger than {} MiB", yaml::MAX_BYTES >> 20)
            }
            Ok(_) => return Some(text.into()),
        };
        self.result.faults.push(Fault::of_file(&self.name, &message, self.err));
        None
    }

    /// Notes something that is wrong with the file.
    fn fault(&mut self, text: &str, diagnostic: &Diagnostic) {
        let snippet = Snippet { text, origin: &self.name, first_line: 1 };
        let (line, column) = diagnostic.position(snippet);
        self.result.faults.push(Fault {
            path: self.name.clone(),
            line,
            column,
            code: diagnostic.code,
            message: diagnostic.message.clone(),
            shown: diagnostic.render(snippet, self.err.is_colored()),
        });
    }

    /// The rules that the file is about: those it names, or those of the file beside it.
    fn rule_paths(&mut self, suite: &Suite, text: &str) -> Option<Vec<PathBuf>> {
        if suite.rules.is_empty() {
            let beside = discover::rule_beside(self.path);
            if beside.is_none() {
                let message = "no rule stands beside the test file, and it names none";
                let error = Diagnostic::error(codes::MISSING, 0..0, message)
                    .help("`rule: PATH` names one, relative to the test file");
                self.fault(text, &error);
            }
            return beside.map(|path| vec![path]);
        }
        let mut is_sound = true;
        for (path, span) in &suite.rules {
            if let Err(error) = fs::metadata(path) {
                let message = format!("{}: {error}", path.display());
                self.fault(text, &Diagnostic::error(codes::BAD_VALUE, span.clone(), message));
                is_sound = false;
            }
        }
        is_sound.then(|| suite.rules.iter().map(|(path, _)| path.clone()).collect())
    }

    /// The rules, loaded with these exceptions; what keeps one from loading is noted, once.
    fn load<'l>(
        &mut self,
        paths: &[PathBuf],
        exceptions: &[PathBuf],
        value_lists: &[PathBuf],
        loaded: &'l mut Vec<Loaded>,
    ) -> Option<&'l [LoadedRule]> {
        let known =
            loaded.iter().position(|l| l.exceptions == exceptions && l.value_lists == value_lists);
        let place = known.unwrap_or(loaded.len());
        if known.is_none() {
            let rules = self.load_now(paths, exceptions, value_lists);
            let (exceptions, value_lists) = (exceptions.to_vec(), value_lists.to_vec());
            loaded.push(Loaded { exceptions, value_lists, rules });
        }
        Some(loaded[place].rules.as_slice()).filter(|rules| !rules.is_empty())
    }

    fn load_now(
        &mut self,
        paths: &[PathBuf],
        exceptions: &[PathBuf],
        value_lists: &[PathBuf],
    ) -> Vec<LoadedRule> {
        let mut lists = ValueLists::default();
        for path in value_lists {
            if let Err(why) = lists.read(path) {
                self.result.faults.push(Fault::of_file(&self.name, &why, self.err));
                return Vec::new();
            }
        }
        let mut loader = Loader::new();
        loader.value_lists(lists);
        for path in paths.iter().chain(exceptions) {
            loader.path(path);
        }
        let set = loader.finish();
        let report = &set.report;
        self.result.faults.extend(report.failed.iter().map(Fault::of_rule));
        for rule in &report.unsupported {
            let message = format!("the rule `{}` cannot be run: {}", rule.rule, rule.reason);
            self.result.faults.push(Fault::of_file(&rule.path, &message, self.err));
        }
        if set.rules.is_empty() && self.result.faults.is_empty() {
            let message = "there is no rule in what it is about";
            self.result.faults.push(Fault::of_file(&self.name, message, self.err));
        }
        if report.failed.is_empty() && report.unsupported.is_empty() {
            set.rules
        } else {
            Vec::new()
        }
    }

    fn case(
        &mut self,
        case: &Case,
        rules: &[LoadedRule],
        text: &str,
        coverage: &mut Coverage,
        seen: &mut Seen,
    ) {
        let mut runner = Runner::new(case, rules, &self.name);
        seen.logs.extend(runner.files().filter_map(|path| fs::canonicalize(path).ok()));
        let outcome = runner.run();
        let differences = compare::compare(&case.expected, &outcome.found);
        let status = match (outcome.problems.is_empty(), differences.is_empty()) {
            (false, _) => Status::Error,
            (true, true) => Status::Passed,
            (true, false) => Status::Failed,
        };
        if self.args.needs_coverage() {
            runner.cover(coverage);
        }
        let found = outcome.found.len() as u64;
        let is_silent = status == Status::Failed && found == 0 && case.expected.count() > 0;
        let at = Diagnostic::error(codes::MISSING, case.span.clone(), "");
        let (line, _) = at.position(Snippet { text, origin: "", first_line: 1 });
        self.result.cases.push(CaseResult {
            name: case.name.clone(),
            line,
            status,
            expected: case.expected.count(),
            found,
            details: if status == Status::Error { outcome.problems } else { differences },
            why: if is_silent { runner.why() } else { String::new() },
        });
    }

    /// Writes the numbers of alerts that were found in place of those that were expected.
    fn update(&mut self, text: &str, suite: &Suite) {
        let mut changes = Vec::new();
        for result in self.result.cases.iter_mut().filter(|r| r.status == Status::Failed) {
            let Some(case) = suite.cases.iter().find(|case| case.name == result.name) else {
                continue;
            };
            match case.expected {
                Expected::Count(_) => {
                    changes.push((case.expected_span.clone(), result.found.to_string()));
                    result.status = Status::Updated;
                }
                Expected::Alerts(_) => {
                    let note =
                        "the expected fields are for you to change: only numbers are updated";
                    result.details.push(note.to_owned());
                }
            }
        }
        if changes.is_empty() {
            return;
        }
        if let Err(error) = update::write(self.path, text, &mut changes) {
            let message = format!("cannot be updated: {error}");
            self.result.faults.push(Fault::of_file(&self.name, &message, self.err));
        }
    }
}
