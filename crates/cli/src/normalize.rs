//! `dragnet normalize`: events as ECS documents.

use std::io::{self, BufWriter, Write};

use dragnet_event::{Document, EventRef, FieldSink, Scalar, Time};
use dragnet_ingest::{EventSink, Options, Stage, discover};

use crate::args::{self, NormalizeArgs};
use crate::scan::is_within;
use crate::summary::print_problems;
use crate::walk::each_block;
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
    let out = BufWriter::new(io::stdout().lock());
    let (from, to) = (args.input.from, args.input.to);
    let mut printer = Printer { document: Document::new(), out, from, to, written: Ok(()) };
    each_block(&sources, options.form, &mut problems, |block, problems| {
        block.read(&options, &mut printer, problems);
        std::mem::replace(&mut printer.written, Ok(()))
    })?;
    let mut out = printer.out;
    out.flush()?;
    print_problems(&problems, terminal.err, &mut io::stderr().lock())?;
    Ok(if problems.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// Prints each event as soon as it is complete.
struct Printer<W> {
    document: Document,
    out: W,
    from: Option<Time>,
    to: Option<Time>,
    /// The first failure to write; nothing is written after it.
    written: io::Result<()>,
}

impl<W> FieldSink for Printer<W> {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.document.put(path, value);
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        self.document.put_object(path, members);
    }

    fn mark_array(&mut self, path: &str) {
        self.document.mark_array(path);
    }
}

impl<W: Write> EventSink for Printer<W> {
    fn end_event(&mut self, _event: EventRef) {
        let document = std::mem::take(&mut self.document);
        let time = document.get_str("@timestamp").and_then(Time::parse);
        if self.written.is_ok() && is_within(time, self.from, self.to) {
            self.written = serde_json::to_writer(&mut self.out, &document.0)
                .map_err(io::Error::from)
                .and_then(|()| self.out.write_all(b"\n"));
        }
    }

    fn abandon_event(&mut self) {
        self.document = Document::new();
    }
}
