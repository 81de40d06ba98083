//! `dragnet rules`: rule files.

use crate::args::RulesCommand;
use crate::{ExitStatus, Terminal, readiness};

mod check;
mod load;
mod show;

pub(crate) use load::{arm, candidates, load, load_armed, load_excepted};

/// Runs one of the commands.
pub(crate) fn run(command: RulesCommand, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    match command {
        RulesCommand::Check(args) => check::run(&args, terminal),
        RulesCommand::Show(args) => show::run(&args, terminal),
        RulesCommand::Readiness(args) => readiness::run(&args, terminal),
    }
}
