//! `dragnet fields`: which fields logs have, what is in them, and what they are in ECS.

use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Write};

use dragnet_ecs::fields::{VERSION, lookup};
use dragnet_event::{EventRef, FieldSink, Scalar, Time};
use dragnet_ingest::{EventSink, discover};
use serde_json::json;

use crate::args::{FieldsArgs, ReportFormat};
use crate::output::{cut, pad};
use crate::scan::is_within;
use crate::style::clean;
use crate::summary::{print_problems, thousands};
use crate::walk::each_block;
use crate::{ExitStatus, Terminal};

/// Distinct values of a field that are counted; beyond, there are "more".
const MAX_DISTINCT: usize = 10_000;
/// Fields that are kept. Hostile documents may have any number.
const MAX_FIELDS: usize = 100_000;
/// Examples of a field, and how long one may be.
const EXAMPLES: usize = 3;
const MAX_EXAMPLE: usize = 60;

pub(crate) fn run(args: &FieldsArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let (sources, mut problems) = discover(&args.input.paths);
    let options = args.input.options()?;
    let mut seen = Seen { from: args.input.from, to: args.input.to, ..Seen::default() };
    let done = each_block(&sources, &mut problems, |block, problems| {
        block.read(&options, &mut seen, problems);
        Ok::<(), Infallible>(())
    });
    let Ok(()) = done;
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        ReportFormat::Json => seen.json(&mut out)?,
        ReportFormat::Text => seen.table(terminal, &mut out)?,
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    if seen.left_out > 0 {
        writeln!(err, "only the first {} fields are listed", thousands(MAX_FIELDS as u64))?;
    }
    print_problems(&problems, terminal.err, &mut err)?;
    Ok(if problems.is_empty() { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// The column of ECS types: room for the longest, `match_only_text`.
const ECS_WIDTH: usize = 15;

/// A field's type in ECS, with `[]` where documents are to hold an array; `-` for a field that is not ECS.
fn ecs_type(path: &str) -> String {
    match lookup(path) {
        Some(field) if field.array => format!("{}[]", field.ty),
        Some(field) => field.ty.to_owned(),
        None => "-".to_owned(),
    }
}

/// What is known of one field.
#[derive(Default)]
struct Stat {
    events: u64,
    /// The last event that was counted, from 1.
    last: u64,
    types: [bool; TYPES.len()],
    distinct: HashSet<u64>,
    examples: Vec<String>,
}

/// Types of values, by their place in [`Stat::types`].
const TYPES: [&str; 5] = ["text", "number", "boolean", "date", "null"];

/// All fields so far.
#[derive(Default)]
struct Seen {
    fields: BTreeMap<String, Stat>,
    events: u64,
    left_out: u64,
    hasher: RandomState,
    from: Option<Time>,
    to: Option<Time>,
    /// The values of the event that is being read.
    pending: Vec<(String, usize, String)>,
}

impl FieldSink for Seen {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        let ty = match value {
            Scalar::Str(_) => 0,
            Scalar::Long(_) | Scalar::Double(_) => 1,
            Scalar::Bool(_) => 2,
            Scalar::Date(_) => 3,
        };
        self.pending.push((path.to_owned(), ty, value.text().into_owned()));
    }

    fn put_null(&mut self, path: &str) {
        self.pending.push((path.to_owned(), 4, "null".to_owned()));
    }
}

impl EventSink for Seen {
    fn end_event(&mut self, _event: EventRef) {
        let pending = std::mem::take(&mut self.pending);
        let time = pending.iter().find(|(path, ..)| path == "@timestamp");
        if !is_within(time.and_then(|(_, _, text)| Time::parse(text)), self.from, self.to) {
            return;
        }
        self.events += 1;
        for (path, ty, text) in pending {
            self.add(path, ty, text);
        }
    }

    fn abandon_event(&mut self) {
        self.pending.clear();
    }
}

impl Seen {
    fn add(&mut self, path: String, ty: usize, text: String) {
        if self.fields.len() >= MAX_FIELDS && !self.fields.contains_key(&path) {
            self.left_out += 1;
            return;
        }
        let stat = self.fields.entry(path).or_default();
        if stat.last != self.events {
            stat.last = self.events;
            stat.events += 1;
        }
        stat.types[ty] = true;
        let hash = self.hasher.hash_one(&text);
        if stat.distinct.len() <= MAX_DISTINCT
            && stat.distinct.insert(hash)
            && stat.examples.len() < EXAMPLES
        {
            stat.examples.push(text);
        }
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let fields = self.fields.iter().map(|(path, stat)| {
            let ecs = lookup(path).map(|ecs| json!({"type": ecs.ty, "array": ecs.array}));
            json!({
                "field": path, "types": stat.types(), "ecs": ecs, "events": stat.events,
                "distinct": stat.distinct.len().min(MAX_DISTINCT), "more": stat.has_more(),
                "examples": stat.examples,
            })
        });
        let fields: Vec<_> = fields.collect();
        serde_json::to_writer_pretty(
            &mut *out,
            &json!({"events": self.events, "ecs_version": VERSION, "fields": fields}),
        )?;
        writeln!(out)
    }

    fn table(&self, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
        let widest = self.fields.keys().map(String::len).max().unwrap_or(0).clamp(5, 60);
        let head = format!(
            "{}  TYPE     {}  EVENTS     DISTINCT  EXAMPLES",
            pad("FIELD", widest),
            pad("ECS TYPE", ECS_WIDTH)
        );
        writeln!(out, "{}", terminal.out.bold(&head))?;
        for (path, stat) in &self.fields {
            let distinct = thousands(stat.distinct.len().min(MAX_DISTINCT) as u64);
            let distinct = if stat.has_more() { distinct + "+" } else { distinct };
            let examples: Vec<String> =
                stat.examples.iter().map(|text| cut(&clean(text), MAX_EXAMPLE)).collect();
            writeln!(
                out,
                "{}  {}  {}  {:>9}  {:>9}  {}",
                pad(&clean(path), widest),
                pad(&stat.types().join(","), 7),
                pad(&ecs_type(path), ECS_WIDTH),
                thousands(stat.events),
                distinct,
                examples.join(" · "),
            )?;
        }
        let in_ecs = self.fields.keys().filter(|path| lookup(path).is_some()).count();
        writeln!(
            out,
            "{} fields in {} events, {} of them in ECS {VERSION}",
            thousands(self.fields.len() as u64),
            thousands(self.events),
            thousands(in_ecs as u64),
        )
    }
}

impl Stat {
    fn types(&self) -> Vec<&'static str> {
        TYPES.iter().zip(self.types).filter(|(_, is)| *is).map(|(name, _)| *name).collect()
    }

    fn has_more(&self) -> bool {
        self.distinct.len() > MAX_DISTINCT
    }
}
