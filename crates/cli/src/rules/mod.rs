//! `dragnet rules`: rule files.

use crate::args::RulesCommand;
use crate::{ExitStatus, Terminal, readiness};

pub(crate) mod args;
mod check;
mod codes;
mod convert;
mod cost;
mod coverage;
mod diff;
mod fmt;
pub(crate) mod github;
mod list;
mod load;
mod sarif;
mod select;
mod show;

pub(crate) use load::{arm, candidates, load, load_armed, load_excepted};

/// Runs one of the commands.
pub(crate) fn run(command: RulesCommand, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    match command {
        RulesCommand::Check(args) => check::run(&args, terminal),
        RulesCommand::Fmt(args) => fmt::run(&args, terminal),
        RulesCommand::Codes(args) => codes::run(&args, terminal),
        RulesCommand::Show(args) => show::run(&args, terminal),
        RulesCommand::List(args) => list::run(&args, terminal),
        RulesCommand::Convert(args) => convert::run(&args, terminal),
        RulesCommand::Diff(args) => diff::run(&args, terminal),
        RulesCommand::Coverage(args) => coverage::run(&args, terminal),
        RulesCommand::Cost(args) => cost::run(&args, terminal),
        RulesCommand::Readiness(args) => readiness::run(&args, terminal),
    }
}
