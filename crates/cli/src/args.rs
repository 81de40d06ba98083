//! The command line: every command and flag, with its help.
#![allow(clippy::doc_markdown, reason = "these comments are help texts, which have no markup")]

mod input;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::rules::args::{
    CheckArgs, CodesArgs, ConvertArgs, CostArgs, CoverageArgs, DiffArgs, FmtArgs, ListArgs,
    ShowArgs,
};
pub(crate) use input::InputArgs;

/// Runs Elastic detection rules on log files, without an Elastic stack.
///
/// Results go to standard output, everything else to standard error. Exit status: 0 nothing was found,
/// 1 something was found, 2 something went wrong (a file or a record that could not be read, or, with
/// --strict, a rule; the rest was still done).
#[derive(Debug, Parser)]
#[command(name = "dragnet", version, propagate_version = true)]
pub(crate) struct Cli {
    /// When to use colours; `auto` obeys `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, global = true, value_enum, default_value_t = When::Auto, value_name = "WHEN")]
    pub(crate) color: When,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

// A command without a comment here is described where its arguments are, at more length: a comment here would stand in
// for all of that.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Hunt through log files with detection rules
    Hunt(HuntArgs),
    /// Run one query over log files: EQL, KQL or Lucene's
    Query(QueryArgs),
    /// Print events as ECS documents, one JSON object per line
    Normalize(NormalizeArgs),
    /// List the fields that logs have: their types, those in ECS, how often they occur, and examples
    Fields(FieldsArgs),
    /// Work with rule files
    #[command(subcommand)]
    Rules(RulesCommand),
    /// Say why a rule matches an event, or why it does not
    Explain(ExplainArgs),
    Test(TestArgs),
    Backtest(BacktestArgs),
    /// Print the completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of dragnet, or of one of its commands
    Man {
        /// The command, such as `hunt` or `rules check`
        command: Vec<String>,
    },
}

#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct HuntArgs {
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The form of the alerts; a table on a terminal, NDJSON otherwise
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write the alerts to this file instead of standard output (`-`)
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 2 also if a rule failed to load
    #[arg(long)]
    pub(crate) strict: bool,
    /// Exit with 0 also if there are alerts
    #[arg(long)]
    pub(crate) exit_zero: bool,
    /// Number of threads that read and match; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
    /// Name every record that could not be read, and show the rules' warnings
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// No progress bar and no summary
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// Where rules come from, and what they need besides.
#[derive(Debug, Args)]
pub(crate) struct RuleArgs {
    /// Rule files or directories (Elastic TOML, Kibana NDJSON, documentation pages); may be given several times
    ///
    /// Exception lists and their items, as Kibana exports them with rules, are read from the same files.
    #[arg(long, required = true, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// Also run rules that are switched off (`enabled = false`)
    #[arg(long)]
    pub(crate) run_disabled: bool,
    #[command(flatten)]
    pub(crate) arms: ArmArgs,
}

/// How rules run.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// Logs from before, which only tell new-terms rules what is known; they raise no alerts
    #[arg(long, value_name = "PATH")]
    pub(crate) history: Vec<PathBuf>,
    /// Raise every alert, however many one execution of a rule gives (its `max_signals` is the most otherwise)
    #[arg(long)]
    pub(crate) no_cap: bool,
    /// By which time a rule's executions choose events
    #[arg(long, value_enum, default_value_t = Clock::Event, value_name = "CLOCK")]
    pub(crate) clock: Clock,
    /// What decides which events satisfy which rules; both come to the same alerts
    #[arg(long, value_enum, default_value_t = Evaluator::Matcher, value_name = "EVALUATOR")]
    pub(crate) evaluator: Evaluator,
}

/// What rules need besides themselves.
#[derive(Debug, Clone, Args)]
pub(crate) struct ArmArgs {
    /// Value lists that exceptions name: files of one value a line (lines that begin with `# ` are comments), or
    /// directories of them; the id of a list is its file's name
    #[arg(long, value_name = "PATH")]
    pub(crate) value_lists: Vec<PathBuf>,
    /// Indicators for indicator-match rules: ECS documents with `threat.indicator.*`, in any form that logs have
    #[arg(long, value_name = "PATH")]
    pub(crate) indicators: Vec<PathBuf>,
}

/// By which time executions choose events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Clock {
    /// The event's own time: what a rule would have found had events come in at once
    Event,
    /// As each rule says (`timestamp_override`, mostly event.ingested)
    Rule,
}

/// What decides which events satisfy which rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Evaluator {
    /// All rules together, on columns of values
    Matcher,
    /// Rule by rule, event by event, as the meaning of rules is written down: many times slower, to check the other by
    Reference,
}

/// The form of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One line per alert, for people
    Table,
    /// One JSON document per line
    Ndjson,
    /// One JSON array
    Json,
    /// Comma-separated values with a header line
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// The query language
    #[arg(long, value_enum, default_value_t = Language::Eql)]
    pub(crate) language: Language,
    /// An Elasticsearch mapping; makes the schema closed. May be given several times
    #[arg(long, value_name = "FILE")]
    pub(crate) schema: Vec<PathBuf>,
    /// The field that an event's category is in
    #[arg(long, value_name = "FIELD", default_value = "event.category")]
    pub(crate) event_category_field: String,
    /// The field that an event's time is in
    #[arg(long, value_name = "FIELD", default_value = "@timestamp")]
    pub(crate) timestamp_field: String,
    /// The field that orders events of the same time
    #[arg(long, value_name = "FIELD")]
    pub(crate) tiebreaker_field: Option<String>,
    /// How many results are given at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(crate) size: usize,
    /// Which results are given if there are more: the first or the last
    #[arg(long, value_enum, default_value_t = ResultPosition::Tail)]
    pub(crate) result_position: ResultPosition,
    /// How many samples are given for one key
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) max_samples_per_key: usize,
    /// Number of threads that read and match; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
    /// The query
    pub(crate) query: String,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// A query language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// EQL, the Event Query Language of Elasticsearch
    Eql,
    /// KQL, the query language of Kibana
    #[value(alias = "kql")]
    Kuery,
    /// Lucene's query strings
    Lucene,
}

impl From<Language> for dragnet_rules::Language {
    fn from(language: Language) -> dragnet_rules::Language {
        match language {
            Language::Eql => dragnet_rules::Language::Eql,
            Language::Kuery => dragnet_rules::Language::Kuery,
            Language::Lucene => dragnet_rules::Language::Lucene,
        }
    }
}

/// Which end of too many results is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ResultPosition {
    Head,
    Tail,
}

#[derive(Debug, Args)]
pub(crate) struct NormalizeArgs {
    /// How far: the form that the agent sends, or ECS as the ingest pipeline makes it
    #[arg(long, value_enum, default_value_t = Stage::Ecs)]
    pub(crate) stage: Stage,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// How far events are normalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    Agent,
    Ecs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Load rules and report what cannot run, and why, and what is doubtful; exit status 2 if any failed
    Check(CheckArgs),
    /// Lay out the EQL and KQL queries of TOML rule files; nothing else in the files changes
    Fmt(FmtArgs),
    /// List the codes of reports, or explain some
    Codes(CodesArgs),
    /// Show rules whole: what they find, when they run, their query, guide and ATT&CK mapping
    Show(ShowArgs),
    /// List rules, all or those that are asked for
    List(ListArgs),
    /// Convert rules between Elastic's TOML and Kibana's exports; documentation pages become either
    Convert(ConvertArgs),
    /// Say what differs between two sets of rules, by meaning; exit status 1 if anything does
    Diff(DiffArgs),
    /// Show which techniques of MITRE ATT&CK rules are mapped to
    Coverage(CoverageArgs),
    Cost(CostArgs),
    /// Say which rules can fire on telemetry like some sample logs, and what the others lack
    Readiness(ReadinessArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ReadinessArgs {
    /// Rule files or directories; may be given several times
    #[arg(long, required = true, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// List every rule
    #[arg(long, short)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

#[derive(Debug, Args)]
pub(crate) struct FieldsArgs {
    /// The form of the list
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    Text,
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The file of the rule; if it holds several, name one with --rule-id
    #[arg(long, value_name = "FILE")]
    pub(crate) rule: PathBuf,
    /// The rule's id or name, if the file holds several
    #[arg(long, value_name = "ID")]
    pub(crate) rule_id: Option<String>,
    /// Only the event with this id, as alerts have it in `_id` of `kibana.alert.ancestors`
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Explain at most this many events, the nearest to a match first
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = at_least_one)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) arms: ArmArgs,
    /// Logs from before, which only tell a new-terms rule what is known
    #[arg(long, value_name = "PATH")]
    pub(crate) history: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// Run the tests that stand beside rules.
///
/// Exit status: 0 all passed, 1 some failed, 2 something could not be run (a test file or a rule is not valid, an event
/// cannot be read, there are no tests).
#[derive(Debug, Args)]
pub(crate) struct TestArgs {
    /// Test files (*.test.yml, *.test.yaml), rule files that have one beside them, or directories of both
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The form of the results
    #[arg(long, value_enum, default_value_t = TestFormat::Text)]
    pub(crate) format: TestFormat,
    /// Only cases with this in their name, case aside
    #[arg(long, value_name = "NAME")]
    pub(crate) filter: Option<String>,
    /// Where another number of alerts is found than was expected, write the new one into the test file
    #[arg(long)]
    pub(crate) update: bool,
    /// Name the clauses of the rules that no test has decided both ways
    #[arg(long)]
    pub(crate) coverage: bool,
}

/// Say what a changed rule would have found in logs, and no longer found.
///
/// Alerts of the two versions are held to each other by the events that they are about. Exit status: 0 the versions
/// find the same, 1 they differ (without --against: there are alerts), 2 something could not be read.
#[derive(Debug, Args)]
pub(crate) struct BacktestArgs {
    /// The new version: a rule file, or a directory of them; may be given several times
    #[arg(long, required = true, value_name = "NEW")]
    pub(crate) rule: Vec<PathBuf>,
    /// The old version; without it, the new one's alerts are counted and nothing is compared
    ///
    /// Rules of several files belong together by their rule_id; one rule on each side always does.
    #[arg(long, value_name = "OLD")]
    pub(crate) against: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) arms: ArmArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// Number of threads that read and match; all cores by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    pub(crate) threads: Option<u16>,
    /// Name every alert that was gained or lost
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// No progress bar
    #[arg(long, short)]
    pub(crate) quiet: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// The form of test results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TestFormat {
    /// A line for each file, and what failed
    Text,
    /// The XML of JUnit
    Junit,
    /// Annotations of GitHub Actions
    Github,
    /// One JSON document
    Json,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "expected a number from 1 upwards".to_owned())
}
