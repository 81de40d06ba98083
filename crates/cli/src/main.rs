//! The `dragnet` command: a thin shell around the commands, which turns their outcome into an exit status.

mod args;
mod backtest;
mod by_row;
mod cascade;
mod explain;
mod fields;
mod hunt;
mod interest;
mod normalize;
mod output;
mod progress;
mod pursuit;
mod query;
mod raise;
mod readiness;
mod rules;
mod scan;
mod style;
mod summary;
mod test;
mod walk;
#[cfg(test)]
mod workflows;

use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Context;
use clap::{CommandFactory, Parser};

use crate::args::{Cli, Command};
use crate::style::{ColorEnvironment, Style};

/// How a command ended, in the order of exit statuses 0, 1 and 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum ExitStatus {
    /// It ran, and found nothing.
    Nothing,
    /// It ran, and found something.
    Found,
    /// Something could not be read or used. The rest was still done.
    Error,
}

/// What a command has to work with: the streams' styles.
#[derive(Debug, Clone, Copy)]
struct Terminal {
    /// The style of standard output.
    out: Style,
    /// The style of standard error.
    err: Style,
    /// Whether standard output is a terminal.
    interactive: bool,
    /// Columns of the terminal, if standard output is one.
    width: Option<usize>,
}

/// Rules and alerts are many small pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let terminal = terminal(&cli);
    match run(cli, terminal) {
        Ok(status) => ExitCode::from(status as u8),
        Err(error) if is_broken_pipe(&error) => {
            // Whoever read the results (`head`, a pager) has seen enough; that is no error.
            ExitCode::SUCCESS
        }
        Err(error) => {
            let mut stderr = io::stderr().lock();
            // If standard error is closed there is nobody left to tell.
            let _ = writeln!(stderr, "{} {error:#}", terminal.err.red("error:"));
            ExitCode::from(ExitStatus::Error as u8)
        }
    }
}

/// The one place that looks at the environment.
#[allow(clippy::disallowed_methods)]
fn terminal(cli: &Cli) -> Terminal {
    let set = |name| std::env::var(name).is_ok_and(|value| !value.is_empty());
    let environment = ColorEnvironment {
        no_color: set("NO_COLOR"),
        force: std::env::var("CLICOLOR_FORCE").is_ok_and(|value| value != "0" && !value.is_empty()),
    };
    let interactive = io::stdout().is_terminal();
    Terminal {
        out: Style::of(cli.color, environment, &io::stdout()),
        err: Style::of(cli.color, environment, &io::stderr()),
        interactive,
        width: terminal_size::terminal_size()
            .filter(|_| interactive)
            .map(|(width, _)| usize::from(width.0)),
    }
}

fn run(cli: Cli, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    match cli.command {
        Command::Hunt(args) => hunt::run(&args, terminal),
        Command::Query(args) => query::run(&args, terminal),
        Command::Normalize(args) => normalize::run(&args, terminal),
        Command::Fields(args) => fields::run(&args, terminal),
        Command::Rules(command) => rules::run(command, terminal),
        Command::Explain(args) => explain::run(&args, terminal),
        Command::Test(args) => test::run(&args, terminal),
        Command::Backtest(args) => backtest::run(&args, terminal),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "dragnet", &mut script);
            io::stdout().write_all(&script)?;
            Ok(ExitStatus::Nothing)
        }
        Command::Man { command } => manual(&command),
    }
}

/// Prints the manual page of a command, named by its words.
fn manual(words: &[String]) -> anyhow::Result<ExitStatus> {
    let mut command = Cli::command();
    command.build();
    for word in words {
        let name = command.get_name().to_owned();
        let sub = command.find_subcommand(word);
        command = sub.with_context(|| format!("`{name}` has no command `{word}`"))?.clone();
    }
    clap_mangen::Man::new(command).render(&mut io::stdout())?;
    Ok(ExitStatus::Nothing)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let io = cause.downcast_ref::<io::Error>().map(io::Error::kind);
        let json =
            cause.downcast_ref::<serde_json::Error>().and_then(serde_json::Error::io_error_kind);
        io.or(json) == Some(io::ErrorKind::BrokenPipe)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
