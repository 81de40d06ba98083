//! Running a case: the way of a hunt, over events that are written down.

use std::convert::Infallible;
use std::path::PathBuf;
use std::sync::Arc;

use dragnet_detect::AlertKind;
use dragnet_engine::RuleSet;
use dragnet_event::{Batch, Field, Schema};
use dragnet_ingest::{Form, Options, Problem, Source, discover};
use dragnet_rules::LoadedRule;

use super::compare::Found;
use super::coverage::Coverage;
use super::events::Gathering;
use super::spec::Case;
use crate::args::Evaluator;
use crate::explain::Study;
use crate::pursuit::{Pursuit, rule_set};
use crate::rules::candidates as candidates_in;
use crate::scan::Scan;
use crate::style::Style;
use crate::walk::each_block_from;

/// What came of a case.
pub(super) struct Outcome {
    pub(super) found: Vec<Found>,
    /// What could not be read.
    pub(super) problems: Vec<String>,
}

/// A case that is ready to run.
pub(super) struct Runner<'a> {
    rules: Vec<LoadedRule>,
    rule_set: RuleSet,
    case: &'a Case,
    events: Input,
    history: Input,
    time_field: Field,
    problems: Vec<String>,
}

/// Documents and files; the two are read in different ways.
struct Input {
    documents: Vec<Source>,
    files: Vec<Source>,
    document_options: Options,
    file_options: Options,
}

impl Input {
    fn new(gathering: &Gathering, name: &str, complete: bool, problems: &mut Vec<String>) -> Input {
        let file_options = Options { complete, ..Options::default() };
        let document_options = Options { form: Some(Form::Document), ..file_options.clone() };
        let documents = match gathering.lines.as_str() {
            "" => Vec::new(),
            lines => vec![Source::from_bytes(name, lines.as_bytes())],
        };
        let (files, more) = discover(&gathering.files);
        problems.extend(more.iter().map(problem_text));
        Input { documents, files, document_options, file_options }
    }

    fn len(&self) -> u32 {
        (self.documents.len() + self.files.len()) as u32
    }

    fn scans<'a>(&'a self, first: u32, time_field: &'a Field) -> Vec<Scan<'a>> {
        let scan = |sources: &'a [Source], first, options| Scan {
            sources,
            first,
            options,
            time_field,
            from: None,
            to: None,
            threads: 1,
        };
        let after = first + self.documents.len() as u32;
        let all = [
            scan(&self.documents, first, &self.document_options),
            scan(&self.files, after, &self.file_options),
        ];
        all.into_iter().filter(|scan| !scan.sources.is_empty()).collect()
    }
}

impl<'a> Runner<'a> {
    /// Prepares a case; `path` is what its events are said to be from.
    pub(super) fn new(case: &'a Case, rules: &[LoadedRule], path: &str) -> Runner<'a> {
        let mut problems = Vec::new();
        let mut input =
            |gathering: &Gathering| Input::new(gathering, path, case.complete, &mut problems);
        let (events, history) = (input(&case.events), input(&case.history));
        let indicators = input(&case.indicators);
        let mut rules = rules.to_vec();
        let mut known = Vec::new();
        for (sources, options) in [
            (&indicators.documents, &indicators.document_options),
            (&indicators.files, &indicators.file_options),
        ] {
            let (more, unread) = candidates_in(sources, options);
            known.extend(more);
            problems.extend(unread.iter().map(problem_text));
        }
        for rule in rules.iter_mut().filter(|rule| rule.feed.is_some()) {
            dragnet_detect::arm(rule, &known);
        }
        let rule_set = rule_set(&rules, case.clock);
        let time_field = Schema::open().field("@timestamp");
        Runner { rules, rule_set, case, events, history, time_field, problems }
    }

    /// Runs it.
    pub(super) fn run(&mut self) -> Outcome {
        let scans = self.events.scans(0, &self.time_field);
        let history = self.history.scans(self.events.len(), &self.time_field);
        let pursuit = Pursuit {
            rules: &self.rules,
            rule_set: &self.rule_set,
            clock: self.case.clock,
            scans: &scans,
            history: &history,
            time_field: &self.time_field,
            evaluator: Evaluator::Matcher,
            capped: true,
            visible: false,
        };
        let mut found = Vec::new();
        let catch = pursuit.run(&mut |alert| {
            // The members of a sequence belong to its alert.
            if alert.kind != AlertKind::BuildingBlock {
                let (document, summary) = (alert.document(), alert.summary.clone());
                found.push(Found { document, summary });
            }
            Ok(())
        });
        let mut problems = std::mem::take(&mut self.problems);
        problems.extend(catch.outcome.problems.iter().map(problem_text));
        if catch.changed > 0 {
            problems.push(format!("{} events could not be read again", catch.changed));
        }
        if catch.outcome.overflows > 0 {
            problems
                .push("events were not looked at as a whole: they have too many values".to_owned());
        }
        problems.extend(catch.doubts());
        if catch.outcome.event_count == 0 && problems.is_empty() {
            problems.push("there are no events".to_owned());
        }
        Outcome { found, problems }
    }

    /// Says of each rule why it has found nothing.
    pub(super) fn why(&self) -> String {
        let mut text = String::new();
        let scans = self.events.scans(0, &self.time_field);
        for rule in &self.rules {
            let alone = rule_set(std::slice::from_ref(rule), self.case.clock);
            let query = Arc::new(rule.query.clone());
            let mut study = Study::new(&query, None, 1);
            study.read(&alone, &scans);
            if self.rules.len() > 1 {
                text.push_str(&rule.rule.name);
                text.push('\n');
            }
            study.remember(&alone, &self.history.scans(self.events.len(), &self.time_field));
            study.show(&alone, Style::plain(), &mut text);
        }
        text
    }

    /// Adds what the events decide about the clauses of the rules.
    pub(super) fn cover(&self, coverage: &mut Coverage) {
        let mut batch = Batch::new(self.rule_set.fields(), &self.time_field);
        for scan in self.events.scans(0, &self.time_field) {
            let mut unread: Vec<Problem> = Vec::new();
            let (first, form) = (scan.first, scan.options.form);
            let done = each_block_from(first, scan.sources, form, &mut unread, |block, unread| {
                batch.clear();
                block.read(scan.options, &mut batch, unread);
                for rule in &self.rules {
                    coverage.add(rule, &batch);
                }
                Ok::<(), Infallible>(())
            });
            let Ok(()) = done;
        }
    }

    /// The files that were read.
    pub(super) fn files(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let all = self.events.files.iter().chain(&self.history.files);
        all.map(|source| PathBuf::from(source.path()))
    }
}

fn problem_text(problem: &Problem) -> String {
    problem.to_string()
}
