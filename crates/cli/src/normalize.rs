//! `dragnet normalize`: events as ECS documents.

use std::io::{self, BufWriter, Write};

use dragnet_event::{Document, Time};
use dragnet_ingest::{Options, Stage, discover};

use crate::args::{self, InputArgs, NormalizeArgs};
use crate::summary::print_problems;
use crate::{ExitStatus, Terminal};

pub(crate) fn run(args: &NormalizeArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let stage = match args.stage {
        args::Stage::Agent => Stage::Agent,
        args::Stage::Ecs => Stage::Ecs,
    };
    let options = Options { flavor: args.input.flavor.into(), stage };
    let (sources, mut problems) = discover(&args.input.paths);
    let mut out = BufWriter::new(io::stdout().lock());
    for (number, source) in sources.iter().enumerate() {
        let blocks = match source.open(number as u32) {
            Ok(blocks) => blocks,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for block in blocks {
            let block = match block {
                Ok(block) => block,
                Err(problem) => {
                    problems.push(problem);
                    continue;
                }
            };
            let mut document = Document::new();
            let mut written = Ok(());
            block.read(&options, &mut document, &mut problems, |document, _| {
                let document = std::mem::take(document);
                if written.is_ok() && is_wanted(&document, &args.input) {
                    written = serde_json::to_writer(&mut out, &document.0)
                        .map_err(io::Error::from)
                        .and_then(|()| out.write_all(b"\n"));
                }
            });
            written?;
        }
    }
    out.flush()?;
    print_problems(&problems, terminal.err, &mut io::stderr().lock())?;
    Ok(if problems.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}

fn is_wanted(document: &Document, input: &InputArgs) -> bool {
    if input.from.is_none() && input.to.is_none() {
        return true;
    }
    let time = document.get_str("@timestamp").and_then(Time::parse);
    time.is_some_and(|time| {
        input.from.is_none_or(|from| time >= from) && input.to.is_none_or(|to| time < to)
    })
}
