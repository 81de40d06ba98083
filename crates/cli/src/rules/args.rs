//! What authors of rules can ask for.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use dragnet_rules::Policy;

use crate::args::Language;

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
