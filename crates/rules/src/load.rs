//! From files and texts to a set of compiled rules.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use dragnet_event::Schema;
use dragnet_plan::{Condition, Diagnostic, Query};

use crate::catalogue as code;
use crate::compile::{self, Compiled, IndicatorFeed, NotCompiled};
use crate::document::{Attachment, Contents, Entry, Format, Spans, is_withdrawn};
use crate::exception::{ExceptionItem, ExceptionLists, ListId, lists_of};
use crate::lint::{self, Finding, LintOptions, Linter};
use crate::problem::{Problem, Shown, coded};
use crate::read::{Issue, Reading, read_rule};
use crate::report::{Deprecated, Report, Skipped, Unsupported};
use crate::rule::Rule;
use crate::toml_reader;
use crate::value_list::ValueLists;

/// The field that `process where` of an EQL query tests, unless the rule names another.
pub const CATEGORY_FIELD: &str = "event.category";

/// Rules that are ready to run, and what became of the others.
#[derive(Debug, Default)]
pub struct RuleSet {
    /// The rules, in the order in which they were met. No two have the same id.
    pub rules: Vec<LoadedRule>,
    /// What became of every rule document.
    pub report: Report,
}

/// A rule that is ready to run.
#[derive(Debug, Clone)]
pub struct LoadedRule {
    /// The document.
    pub rule: Arc<Rule>,
    /// Its query, compiled; filters and exceptions are part of it.
    pub query: Query,
    /// Where its indicators come from, if it is an indicator-match rule. Its query has none yet and so
    /// finds nothing.
    pub feed: Option<IndicatorFeed>,
    /// What is doubtful about it; also in the report.
    pub warnings: Vec<Problem>,
    /// Where it was read from.
    pub origin: Origin,
}

/// Where a rule was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, as it was named or found.
    pub path: String,
    /// Line on which the rule begins, from 1: that of `[rule]` in TOML.
    pub line: usize,
}

/// Collects rules from files, directories and texts.
///
/// # Examples
///
/// ```
/// use dragnet_rules::{Format, Loader};
///
/// let text = r#"
/// [rule]
/// name = "Shell"
/// rule_id = "8d2c7c5e-0000-4000-8000-000000000001"
/// type = "eql"
/// language = "eql"
/// severity = "low"
/// risk_score = 21
/// query = 'process where process.name : "cmd.exe"'
/// "#;
/// let mut loader = Loader::new();
/// loader.text("shell.toml", Format::Toml, text.as_bytes());
/// let set = loader.finish();
/// assert_eq!(set.report.loaded, 1);
/// assert_eq!(set.rules[0].rule.name, "Shell");
/// ```
#[derive(Debug)]
pub struct Loader {
    pub(crate) schema: Schema,
    set: RuleSet,
    /// The ids that are taken, and by whom.
    ids: HashMap<String, Holder>,
    exceptions: ExceptionLists,
    value_lists: ValueLists,
    /// Directories that were read, by their canonical paths.
    pub(crate) directories: HashSet<PathBuf>,
    /// What looks for doubtful things in rules that load.
    linter: Option<Linter>,
}

/// The rule that has an id. Rules that are not supported have theirs too, so that the same one
/// met twice is counted once.
#[derive(Debug)]
struct Holder {
    rule: Arc<Rule>,
    origin: Origin,
    /// Whether the rule is loaded.
    runs: bool,
}

impl Default for Loader {
    fn default() -> Loader {
        Loader::new()
    }
}

impl Loader {
    /// A loader that compiles queries for telemetry: every field exists and may be missing.
    pub fn new() -> Loader {
        Loader {
            schema: Schema::open(),
            set: RuleSet::default(),
            ids: HashMap::new(),
            exceptions: ExceptionLists::default(),
            value_lists: ValueLists::default(),
            directories: HashSet::new(),
            linter: None,
        }
    }

    /// One that also says what is doubtful about rules, by the lints of [`LINTS`](crate::LINTS).
    pub fn with_lints(options: LintOptions) -> Loader {
        Loader { linter: Some(Linter::new(options)), ..Loader::new() }
    }

    /// Takes the rules of a text that is named by the caller. The name stands for a path in
    /// reports.
    pub fn text(&mut self, name: &str, format: Format, bytes: &[u8]) {
        let contents = Contents::read(name, format, bytes).or_no_rule();
        self.take(Draft::new(contents, &self.schema));
    }

    /// Takes value lists, which exceptions may name.
    pub fn value_lists(&mut self, lists: ValueLists) {
        self.value_lists = lists;
    }

    /// The rules, with the exceptions that they name, and the report.
    pub fn finish(mut self) -> RuleSet {
        let mut rules = std::mem::take(&mut self.set.rules);
        for rule in &mut rules {
            self.except(rule);
        }
        self.set.report.exceptions = self.exceptions.count();
        RuleSet { rules, ..self.set }
    }

    /// Adds the exceptions of the lists that a rule names to its query. What cannot be applied is a warning and
    /// not an error: the rule then finds too much, and that can be seen.
    fn except(&mut self, rule: &mut LoadedRule) {
        let mut excepted = Vec::new();
        let mut doubts = Vec::new();
        for list in lists_of(&rule.rule.fields) {
            let Some(items) = self.exceptions.get(&list) else {
                let nothing = "is not among what was loaded; nothing is excepted by it";
                let space = if list.agnostic { "agnostic" } else { "single" };
                doubts.push(format!("the exception list `{}` ({space}) {nothing}", list.id));
                continue;
            };
            for item in items {
                match item.condition(&self.schema, &self.value_lists, &mut doubts) {
                    Ok(condition) => excepted.push(Condition::Not(Box::new(condition))),
                    Err(doubt) => doubts.push(doubt),
                }
            }
        }
        compile::require(&mut rule.query, &Condition::All(excepted));
        for doubt in doubts {
            let mut problem = Problem::of_file(&rule.origin.path, code::EXCEPTIONS, doubt);
            problem.line = rule.origin.line;
            let problem = problem.of_rule(Some(rule.rule.name.clone()));
            rule.warnings.push(problem.clone());
            self.set.report.warnings.push(problem);
        }
    }

    /// Takes what a file holds.
    pub(crate) fn take(&mut self, draft: Draft) {
        let Contents { path, text, format, entries, problems, skipped, attachments } =
            draft.contents;
        let path = path.as_str();
        let report = &mut self.set.report;
        let failures_before = report.failed.len();
        if is_withdrawn(path) && !problems.is_empty() {
            report.deprecated.push(Deprecated { path: path.to_owned(), rule: None });
        } else {
            report.failed.extend(problems);
        }
        report.skipped.extend(skipped);
        for list in attachments.into_iter().filter(|attachment| attachment.is_exception) {
            self.exception(path, &list);
        }
        for (entry, (label, drafted)) in entries.iter().zip(draft.rules) {
            let site = Site { path, text: &text, format, entry, label };
            match drafted {
                Drafted::Withdrawn => {
                    let deprecated = Deprecated { path: path.to_owned(), rule: site.label };
                    self.set.report.deprecated.push(deprecated);
                }
                Drafted::Broken(issues) => {
                    self.set.report.failed.extend(site.failure(&issues));
                }
                Drafted::Rule(rule, issues, compiled) => self.rule(&site, rule, &issues, compiled),
            }
        }
        let failures = &mut self.set.report.failed[failures_before..];
        failures.sort_by_key(|failure| (failure.line, failure.column));
    }

    /// Takes an exception list, or an item of one.
    fn exception(&mut self, path: &str, part: &Attachment) {
        if !part.fields.contains_key("item_id") {
            if let Some(list) = ListId::read(&part.fields) {
                self.exceptions.add_list(list);
            }
            return;
        }
        match ExceptionItem::read(&part.fields) {
            Ok(item) => self.exceptions.add(item),
            Err(why) => {
                let mut problem = Problem::of_file(path, code::BAD_EXCEPTION, why);
                problem.line = part.line;
                self.set.report.failed.push(problem);
            }
        }
    }

    /// Takes a rule that is complete: loads it, or names what keeps it from running.
    fn rule(
        &mut self,
        site: &Site<'_>,
        rule: Arc<Rule>,
        issues: &[Issue],
        compiled: Result<Box<Compiled>, NotCompiled>,
    ) {
        let reason = match &compiled {
            Err(NotCompiled::Unsupported(reason)) => Some(*reason),
            _ => None,
        };
        if !self.admit(site, &rule, reason.is_none()) {
            return;
        }
        let doubtful = self.lint(site, &rule);
        if let Some(reason) = reason {
            self.set.report.warn(doubtful);
            self.set.report.unsupported.push(Unsupported {
                path: site.path.to_owned(),
                rule: rule.name.clone(),
                rule_type: rule.rule_type.name(),
                reason: reason.to_owned(),
            });
            self.hold(site, rule, false);
            return;
        }
        let text = || Arc::from(rule.query.as_str());
        let Compiled { query, feed, doubts } = match compiled {
            Ok(compiled) => *compiled,
            Err(NotCompiled::Query(errors)) => {
                let text = text();
                return self.fail(errors.into_iter().map(|d| site.diagnostic(&text, d)).collect());
            }
            Err(NotCompiled::Key(issue)) => return self.fail(vec![site.issue(&issue)]),
            Err(NotCompiled::Unsupported(_)) => return,
        };
        let mut warnings = site.warnings(issues);
        if !doubts.is_empty() {
            let text = text();
            warnings.extend(doubts.into_iter().map(|doubt| site.diagnostic(&text, doubt)));
        }
        self.set.report.warnings.extend(warnings.iter().cloned());
        self.set.report.warn(doubtful);
        self.set.report.loaded += 1;
        *self.set.report.loaded_by_type.entry(rule.rule_type).or_default() += 1;
        self.hold(site, rule.clone(), true);
        self.set.rules.push(LoadedRule { rule, query, feed, warnings, origin: site.origin() });
    }

    /// What is doubtful about a rule, in the order of the file.
    fn lint(&mut self, site: &Site<'_>, rule: &Rule) -> Vec<Problem> {
        let Some(linter) = &mut self.linter else { return Vec::new() };
        let origin = || format!("{}:{}", site.path, site.entry.start.line);
        let findings = linter.check(rule, origin);
        let text: Arc<str> = Arc::from(rule.query.as_str());
        let mut problems: Vec<_> =
            findings.iter().map(|finding| site.finding(&text, finding)).collect();
        problems.sort_by_key(|problem| (problem.line, problem.column));
        problems
    }

    /// Reports the errors of one rule as one failure.
    fn fail(&mut self, problems: Vec<Problem>) {
        self.set.report.failed.extend(as_one(problems));
    }

    /// Whether no other rule has the id. The same rule once more is skipped; a different one with
    /// the same id is a failure, since the two would share their alerts' ids.
    fn admit(&mut self, site: &Site<'_>, rule: &Rule, runs: bool) -> bool {
        let Some(holder) = self.ids.get(&rule.rule_id) else { return true };
        let at = format!("{}:{}", holder.origin.path, holder.origin.line);
        if holder.rule.detects_like(rule) {
            self.set.report.skipped.push(Skipped {
                path: site.path.to_owned(),
                line: site.entry.start.line,
                rule: Some(rule.name.clone()),
                reason: format!("the same rule as that of {at}"),
            });
            return false;
        }
        if !(holder.runs && runs) {
            return true;
        }
        let message = format!(
            "`rule_id` `{}` is that of the rule `{}` in {at}",
            rule.rule_id, holder.rule.name
        );
        let issue = Issue { code: code::DUPLICATE_ID, key: Some("rule_id"), message };
        self.fail(vec![site.issue(&issue)]);
        false
    }

    fn hold(&mut self, site: &Site<'_>, rule: Arc<Rule>, runs: bool) {
        let origin = site.origin();
        self.ids.insert(rule.rule_id.clone(), Holder { rule, origin, runs });
    }
}

/// What a file holds, as far as it can be known without the other files: all that takes time.
#[derive(Debug)]
pub(crate) struct Draft {
    contents: Contents,
    /// What became of each of its entries, and what that is called.
    rules: Vec<(Option<String>, Drafted)>,
}

#[derive(Debug)]
enum Drafted {
    /// Its authors have withdrawn it.
    Withdrawn,
    Broken(Vec<Issue>),
    Rule(Arc<Rule>, Vec<Issue>, Result<Box<Compiled>, NotCompiled>),
}

impl Draft {
    /// Reads and compiles the rules of a file.
    pub(crate) fn new(mut contents: Contents, schema: &Schema) -> Draft {
        let withdrawn = is_withdrawn(&contents.path);
        let draft = |entry: &mut Entry| {
            if withdrawn || entry.is_deprecated() {
                return Drafted::Withdrawn;
            }
            let fields = std::mem::take(&mut entry.fields);
            let extra = std::mem::take(&mut entry.extra);
            match read_rule(fields, extra) {
                Reading::Broken(issues) => Drafted::Broken(issues),
                Reading::Rule(rule, issues) => {
                    let compiled = compile::rule(&rule, schema).map(Box::new);
                    Drafted::Rule(Arc::from(rule), issues, compiled)
                }
            }
        };
        let entries = contents.entries.iter_mut();
        let rules = entries.map(|entry| (entry.label(), draft(entry))).collect();
        Draft { contents, rules }
    }
}

/// The errors of one rule as one problem.
fn as_one(problems: impl IntoIterator<Item = Problem>) -> Option<Problem> {
    problems.into_iter().reduce(|mut first, other| {
        first.add(other);
        first
    })
}

/// Where a rule document stands; turns what is wrong with it into problems with places.
pub(crate) struct Site<'a> {
    pub(crate) path: &'a str,
    pub(crate) text: &'a Arc<str>,
    pub(crate) format: Format,
    pub(crate) entry: &'a Entry,
    pub(crate) label: Option<String>,
}

impl Site<'_> {
    pub(crate) fn origin(&self) -> Origin {
        Origin { path: self.path.to_owned(), line: self.entry.start.line }
    }

    /// What is doubtful about a rule that was read.
    pub(crate) fn warnings(&self, issues: &[Issue]) -> Vec<Problem> {
        let issues = issues.iter().map(|issue| self.issue(issue));
        issues.chain(self.entry.doubts.iter().map(|doubt| self.doubt(doubt))).collect()
    }

    /// The errors of a rule that could not be read.
    pub(crate) fn failure(&self, issues: &[Issue]) -> Option<Problem> {
        let errors = issues.iter().filter(|issue| issue.is_error());
        as_one(errors.map(|issue| self.issue(issue)))
    }

    /// A problem at the value of a key, or where the rule begins.
    fn issue(&self, issue: &Issue) -> Problem {
        let span = self.span_of(issue.key);
        self.at_file(coded(issue.code, span, &issue.message))
    }

    /// What a lint has found, at its place.
    fn finding(&self, query: &Arc<str>, finding: &Finding) -> Problem {
        let diagnostic = |span| {
            let mut diagnostic = Diagnostic::warning(finding.code, span, finding.message.clone());
            diagnostic.help.clone_from(&finding.help);
            if let Some(info) = lint::find(finding.code) {
                diagnostic.severity = info.severity;
            }
            diagnostic
        };
        match &finding.place {
            lint::Place::Rule => self.at_file(diagnostic(self.span_of(None))),
            lint::Place::Key(key) => self.at_file(diagnostic(self.span_of(Some(key)))),
            lint::Place::Query(span) => self.diagnostic(query, diagnostic(span.clone())),
        }
    }

    /// Where the value of a key stands, or of the nearest key around it; without one, where the rule
    /// begins.
    fn span_of(&self, key: Option<&str>) -> std::ops::Range<usize> {
        let start = self.entry.start.offset;
        let mut key = key;
        while let Some(path) = key {
            if let Some(span) = self.spans().get(path) {
                return span.clone();
            }
            key = path.rsplit_once('.').map(|(around, _)| around);
        }
        // What is missing is told of the line with `[rule]`, or the object's first brace.
        let head = match self.format {
            Format::Toml | Format::Page => {
                self.text[start..].lines().next().map_or(0, |line| line.trim_end().len())
            }
            Format::Json => 1,
        };
        start..start + head
    }

    fn spans(&self) -> &Spans {
        self.entry.spans.get_or_init(|| toml_reader::spans(self.text))
    }

    /// A part of the file that could not be read.
    fn doubt(&self, (span, message): &(Range<usize>, String)) -> Problem {
        self.at_file(coded(code::UNREAD_PART, span.clone(), message))
    }

    /// A problem within the query. The file's text is shown where the query stands in it as it
    /// is meant; in JSON it does not, all of it being on one line.
    fn diagnostic(&self, query: &Arc<str>, diagnostic: Diagnostic) -> Problem {
        let Some(map) = &self.entry.query else { return self.at_file(diagnostic) };
        let span = map.to_source(&diagnostic.span);
        if self.format != Format::Json {
            return self.at_file(Diagnostic { span, ..diagnostic });
        }
        let place = self.entry.start.advance(self.text, span.start);
        let origin = format!("{}:{}:{}, query", self.path, place.line, place.column);
        let shown = Shown::Decoded(query.clone(), origin);
        Problem::new(self.path, place, diagnostic, shown).of_rule(self.label.clone())
    }

    fn at_file(&self, diagnostic: Diagnostic) -> Problem {
        let place = self.entry.start.advance(self.text, diagnostic.span.start);
        let shown = Shown::File(self.text.clone());
        Problem::new(self.path, place, diagnostic, shown).of_rule(self.label.clone())
    }
}
