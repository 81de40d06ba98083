//! What those who write and keep rules can ask for.
#![allow(clippy::doc_markdown, reason = "these comments are help texts, which have no markup")]

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};
use dragnet_rules::{Policy, RuleSeverity, RuleType};

use crate::args::{InputArgs, Language, ReportFormat, RuleArgs};

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The form of the report
    #[arg(long, value_enum, default_value_t = CheckFormat::Text)]
    pub(crate) format: CheckFormat,
    /// Also name every rule that is not supported yet, and show every warning and note
    #[arg(long, short)]
    pub(crate) verbose: bool,
    /// Make every warning an error: exit status 2
    #[arg(long)]
    pub(crate) strict: bool,
    /// Make the warnings or notes of a code errors; may be given several times
    #[arg(long, value_name = "CODE", value_parser = known_code, value_delimiter = ',')]
    pub(crate) deny: Vec<String>,
    /// Leave the warnings or notes of a code out, also if another option makes them errors; may be given several times
    #[arg(long, value_name = "CODE", value_parser = known_code, value_delimiter = ',')]
    pub(crate) allow: Vec<String>,
    /// Rule files or directories
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

impl CheckArgs {
    /// What is to become of warnings and notes.
    pub(crate) fn policy(&self) -> Policy {
        Policy { strict: self.strict, deny: self.deny.clone(), allow: self.allow.clone() }
    }
}

/// The form of the report about rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of a GitHub workflow
    Github,
}

#[derive(Debug, Args)]
pub(crate) struct FmtArgs {
    /// Write nothing; list the files that would change, and exit with 1 if there are any
    #[arg(long)]
    pub(crate) check: bool,
    /// Write nothing; show what would change, and exit with 1 if anything would
    #[arg(long)]
    pub(crate) diff: bool,
    /// The language of a bare query from standard input
    #[arg(long, value_enum, default_value_t = Language::Eql)]
    pub(crate) language: Language,
    /// Rule files or directories; `-` reads a rule file or a bare query from standard input and writes it to
    /// standard output
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CodesArgs {
    /// Codes to explain, such as LINT0203; without any, all are listed
    #[arg(value_name = "CODE", value_parser = known_code)]
    pub(crate) codes: Vec<String>,
}

/// A code that reports can have, in capitals.
fn known_code(text: &str) -> Result<String, String> {
    let code = text.to_ascii_uppercase();
    if dragnet_rules::codes().any(|known| known.code == code) {
        Ok(code)
    } else {
        Err("there is no such code; `dragnet rules codes` lists them".to_owned())
    }
}

#[derive(Debug, Args)]
pub(crate) struct ShowArgs {
    /// Choose among the rules of these files or directories; may be given several times
    #[arg(long, value_name = "PATH")]
    pub(crate) rules: Vec<PathBuf>,
    /// The form of the page
    #[arg(long, value_enum, default_value_t = ShowFormat::Text)]
    pub(crate) format: ShowFormat,
    /// Rule files; with --rules, the ids or names of rules
    #[arg(required = true, value_name = "RULE")]
    pub(crate) chosen: Vec<String>,
}

/// The form in which a rule is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShowFormat {
    /// For terminals
    Text,
    /// A page in the order of Elastic's documentation; read as a rule, it lacks what such pages do not say: exceptions,
    /// suppression, and what thresholds, new terms and indicator matches compare
    Markdown,
    /// A page for browsers, complete in itself
    Html,
    /// A JSON array of objects with the rule's keys and where it stands
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// The form of the list
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub(crate) format: ListFormat,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Rule files or directories
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// The form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormat {
    /// A table, with counts at its end
    Text,
    /// A JSON array of objects
    Json,
    /// Comma-separated values with a header line
    Csv,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArgs {
    /// The form to convert to
    #[arg(long, value_enum, value_name = "FORM")]
    pub(crate) to: Form,
    /// Write to this file instead of standard output (`-`); for several rules as TOML, to a directory, one file each
    #[arg(long, short, value_name = "FILE|DIR")]
    pub(crate) output: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Rule files or directories: TOML, Kibana's exports, documentation pages
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// The form of rule files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// One rule per file, as in elastic/detection-rules
    Toml,
    /// One rule per line, as Kibana exports and imports them
    Ndjson,
}

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The form of the comparison
    #[arg(long, value_enum, default_value_t = DiffFormat::Text)]
    pub(crate) format: DiffFormat,
    /// Only what decides which events are found; leave out words, records and what alerts are like
    #[arg(long)]
    pub(crate) detection_only: bool,
    /// The old rules: a file or a directory
    pub(crate) old: PathBuf,
    /// The new rules
    pub(crate) new: PathBuf,
}

/// The form of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DiffFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(crate) struct CoverageArgs {
    /// The form of the matrix
    #[arg(long, value_enum, default_value_t = CoverageFormat::Text)]
    pub(crate) format: CoverageFormat,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
    /// Rule files or directories
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
}

/// The form of a coverage matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CoverageFormat {
    /// For people
    Text,
    /// One JSON object
    Json,
    /// A layer for the ATT&CK Navigator, version 4.5
    Navigator,
}

/// Say where the time of matching goes on some logs: by rule, by clause, by field.
///
/// Matching is metered on one thread, on purpose: threads that wait for each other would be metered with it. What is
/// decided once per distinct value serves all rules that test the field, and is counted by field; what conditions do
/// with the events of a batch is counted by rule and clause. A rule of which some part holds of no event in a batch is
/// not evaluated there, and that look is not metered. Clauses are listed in the order in which they are looked at, each
/// with the events that those before it have left; of equal costly tests (regular expressions, words) the first that
/// asks pays. Taking the time takes time itself: the shares say more than the times. What becomes of hits afterwards
/// (sequences, thresholds) is not metered.
#[derive(Debug, Args)]
#[command(after_long_help = COST_COLUMNS)]
pub(crate) struct CostArgs {
    #[command(flatten)]
    pub(crate) rules: RuleArgs,
    /// Show only the rule with this id or name, with its clauses, and the fields that it tests; may be given several
    /// times
    ///
    /// The times of fields are those of all rules' tests of them, also of rules that are not shown.
    #[arg(long, value_name = "ID")]
    pub(crate) rule: Vec<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    pub(crate) format: ReportFormat,
    /// List every rule with its clauses, and every field; clauses whole, which are cut to the terminal otherwise
    #[arg(long, short)]
    pub(crate) verbose: bool,
    #[command(flatten)]
    pub(crate) input: InputArgs,
}

/// What the columns of `rules cost` mean. Each line fits a narrow terminal, since their order must stay.
const COST_COLUMNS: &str = "\
Columns, of rules and their clauses:
  SHARE      part of the time that the conditions and hits of all rules took
  TIME       of a rule: for the conditions of its stages and for making its
             hits, which has a line of its own below the clauses; of a clause:
             with that of its parts
  BATCHES    batches (of some 8,000 events, or 16 MiB) in which it was
             evaluated; of a sequence, those of its stages added up, as are
             the next two
  ROWS IN    events that it was asked about: by a stage, those of the rarest
             of its simple tests (all, if it has none); by a clause, those
             that the clauses before it have left (below `any of`: those of
             which none before it holds)
  ROWS LEFT  those of them that satisfy it
  HITS       what goes to the correlation: an event without the join key is no
             hit, one with several keys is several
Columns, of fields:
  TIME       for deciding which tests the new values satisfy, and which events
             have them
  VALUES     distinct values that were decided
  IN ROWS    values that events have; an event may have several

In JSON, a rule's nanoseconds are those of its stages (clauses of depth 0) and
its hit_nanoseconds; stages count from 1.";

/// Which rules. Of one option's values one must hold; of several options all.
#[derive(Debug, Default, Args)]
#[command(
    next_help_heading = "Which rules (of an option's values one must hold, of several options all)"
)]
pub(crate) struct FilterArgs {
    /// Of this type
    #[arg(long = "type", value_name = "TYPE", value_parser = types())]
    pub(crate) types: Vec<String>,
    /// Of this severity
    #[arg(long, value_name = "SEVERITY", value_parser = severities())]
    pub(crate) severity: Vec<String>,
    /// Mapped to this ATT&CK tactic: TA0003, persistence
    #[arg(long, value_name = "TACTIC")]
    pub(crate) tactic: Vec<String>,
    /// Mapped to this ATT&CK technique, or to a sub-technique of it: T1546, T1546.003, or the name
    #[arg(long, value_name = "TECHNIQUE")]
    pub(crate) technique: Vec<String>,
    /// With this tag, whole (`Use Case: Threat Detection`) or what is behind its colon
    #[arg(long, value_name = "TAG")]
    pub(crate) tag: Vec<String>,
    /// For this data source, as tags name it: `Sysmon`, `Elastic Defend`
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: Vec<String>,
    /// For this operating system, as tags name it: windows, linux, macos
    #[arg(long, value_name = "OS")]
    pub(crate) os: Vec<String>,
    /// Reading this index, or an index pattern like this: `logs-windows.sysmon_operational-default`, `winlogbeat-*`
    #[arg(long, value_name = "INDEX")]
    pub(crate) index: Vec<String>,
    /// Switched on
    #[arg(long, conflicts_with = "disabled")]
    pub(crate) enabled: bool,
    /// Switched off
    #[arg(long)]
    pub(crate) disabled: bool,
    /// With all of these words in name, description, tags, guide or query
    #[arg(long, value_name = "WORDS")]
    pub(crate) text: Vec<String>,
    /// Also rules that their authors have withdrawn; they are left out otherwise
    #[arg(long)]
    pub(crate) deprecated: bool,
}

fn types() -> PossibleValuesParser {
    PossibleValuesParser::new(RuleType::all().map(RuleType::name))
}

fn severities() -> PossibleValuesParser {
    PossibleValuesParser::new(RuleSeverity::all().map(RuleSeverity::name))
}
