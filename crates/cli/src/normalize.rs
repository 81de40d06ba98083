//! `dragnet normalize`: events as ECS documents.

use std::io::{self, BufWriter, Write};

use dragnet_event::{Document, Time};
use dragnet_ingest::{Options, Stage, discover};

use crate::args::{self, NormalizeArgs};
use crate::scan::is_within;
use crate::summary::print_problems;
use crate::walk::{Documents, each_block};
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &NormalizeArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let stage = match args.stage {
        args::Stage::Agent => Stage::Agent,
        args::Stage::Ecs => Stage::Ecs,
    };
    let options = Options {
        stage,
        complete: stage == Stage::Ecs && !args.input.no_complete,
        ..args.input.options()?
    };
    let (sources, mut problems) = discover(&args.input.paths);
    let mut out = BufWriter::new(io::stdout().lock());
    let (from, to) = (args.input.from, args.input.to);
    each_block(&sources, options.form, &mut problems, |block, problems| {
        // After the first failure to write nothing is written.
        let mut written = Ok(());
        let mut printer = Documents::new(|document: Document| {
            let time = document.get_str("@timestamp").and_then(Time::parse);
            if written.is_ok() && is_within(time, from, to) {
                written = serde_json::to_writer(&mut out, &document.0)
                    .map_err(io::Error::from)
                    .and_then(|()| out.write_all(b"\n"));
            }
        });
        block.read(&options, &mut printer, problems);
        written
    })?;
    out.flush()?;
    print_problems(&problems, terminal.err, &mut io::stderr().lock())?;
    Ok(if problems.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}
