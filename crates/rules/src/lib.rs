//! Rule documents in, and the load report.
//!
//! Reads rules as Elastic publishes them (TOML, one rule per file; documentation pages) and as Kibana
//! exports them (JSON, one rule per line), compiles their queries, and says what became of every one of them: loaded,
//! not supported, failed, deprecated or skipped. Silence about a lost rule is the one mistake that
//! this crate exists to avoid; the [`Report`] is therefore not a log but a value, and it accounts for
//! every document that was met.
//!
//! Two decisions follow from that. A problem is named **in the file**: readers keep the span of every
//! value, and a diagnostic inside a query is carried back through TOML's and JSON's escapes to the
//! line and column that the author sees. And a rule is kept **as it was read**: the typed [`Rule`] is
//! a view, and all its keys stay beside it, so that alerts and later conversions lose nothing that
//! this version has no name for. The price is that every rule is in memory twice; two thousand rules
//! are some 40 MB at most.
//!
//! Exceptions and filters become part of a rule's query, so that nothing behind this crate knows of them.
//! Nothing here knows events or the engine.
#![deny(missing_docs)]

mod alerting;
mod catalogue;
mod compare;
mod compile;
mod document;
mod dsl;
mod exception;
mod export;
mod json_reader;
mod kind;
mod lint;
mod literal;
mod load;
mod page;
mod period;
mod policy;
mod problem;
mod read;
mod report;
mod rewrite;
mod rule;
mod shelf;
mod toml_reader;
mod value_list;
mod walk;

pub use alerting::{Alerting, RiskScoreMapping, SeverityMapping, Suppression};
pub use catalogue::{CATALOGUE, CodeInfo, explain};
pub use compare::{Change, DiffLine, Effect, Pair, SetDiff, compare, compare_sets, diff_lines};
pub use compile::{IndicatorFeed, Language, compile_query, filter_condition};
pub use document::Format;
pub use exception::{ExceptionItem, ExceptionLists, ListId};
pub use export::{export_summary, to_api, to_toml};
pub use kind::{Kind, NewTermsSpec, ThreatMatchSpec, ThresholdSpec};
pub use lint::{LINTS, LintInfo, LintOptions};
pub use load::{CATEGORY_FIELD, LoadedRule, Loader, Origin, RuleSet};
pub use period::{parse_duration, parse_relative};
pub use policy::{Code, Policy, codes};
pub use problem::{Further, Problem};
pub use read::{Issue, Reading, read_rule};
pub use report::{Deprecated, Report, Skipped, TextOptions, Unsupported, thousands};
pub use rewrite::{Formatted, format_file, format_query, format_toml};
pub use rule::{Rule, RuleSeverity, RuleType, Subtechnique, Tactic, Technique, Threat};
pub use shelf::{Document, Shelf, documents};
pub use value_list::ValueLists;
pub use walk::{MAX_JSON_BYTES, MAX_PAGE_BYTES, MAX_TOML_BYTES, load, rule_files};
