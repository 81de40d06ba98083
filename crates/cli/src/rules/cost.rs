//! `dragnet rules cost`: where the time of matching goes, by rule and by clause.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::convert::Infallible;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

use anyhow::bail;
use dragnet_engine::{ClauseCost, Costs, FieldCost, Matcher, QueryCost, RuleSet};
use dragnet_event::{Batch, Schema};
use dragnet_ingest::{Problem, discover};
use dragnet_rules::LoadedRule;
use serde_json::{Value as Json, json};

use super::args::CostArgs;
use crate::args::{Clock, ReportFormat};
use crate::output::cut;
use crate::pursuit::rule_set;
use crate::scan::{Window, is_full};
use crate::style::clean;
use crate::summary::{print_problems, thousands};
use crate::walk::each_block;
use crate::{ExitStatus, Terminal};

/// Rules and fields that are listed, unless `--verbose`.
const SHOWN: usize = 20;

pub(crate) fn run(args: &CostArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let options = args.input.options()?;
    let (loaded, _, mut problems) = super::load_armed(&args.rules, &options, terminal)?;
    let is_chosen = |rule: &LoadedRule| {
        let names = [&rule.rule.rule_id, &rule.rule.name];
        args.rule.is_empty() || args.rule.iter().any(|wanted| names.contains(&wanted))
    };
    if let Some(unknown) = args.rule.iter().find(|wanted| {
        !loaded.rules.iter().any(|rule| [&rule.rule.rule_id, &rule.rule.name].contains(wanted))
    }) {
        bail!("no rule that was loaded has the id or the name `{unknown}`");
    }
    let rule_set = rule_set(&loaded.rules, Clock::Event);
    let (events, costs) = measure(args, &options, &rule_set, &mut problems);
    let queries = costs.queries(&rule_set);
    let all: u64 = queries.iter().map(|query| query.ticks).sum();
    let mut rules: Vec<_> = loaded.rules.iter().zip(queries).collect();
    rules.retain(|(rule, _)| is_chosen(rule));
    rules.sort_by_key(|(_, cost)| Reverse(cost.ticks));
    let mut fields = costs.fields(&rule_set);
    fields.sort_by_key(|field| Reverse(field.ticks));
    let account = Account { events, all, rules, fields };
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        ReportFormat::Json => account.json(&mut out)?,
        ReportFormat::Text => account.text(args, terminal, &mut out)?,
    }
    out.flush()?;
    print_problems(&problems, terminal.err, &mut io::stderr().lock())?;
    let is_whole = problems.is_empty() && loaded.report.failed.is_empty();
    Ok(if is_whole { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// Matches all logs, in batches as a hunt's; gives the number of events, and what they cost in nanoseconds.
fn measure(
    args: &CostArgs,
    options: &dragnet_ingest::Options,
    rules: &RuleSet,
    problems: &mut Vec<Problem>,
) -> (u64, Costs) {
    let (sources, more) = discover(&args.input.paths);
    problems.extend(more);
    let start = Instant::now();
    let clock = move || u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let costs = RefCell::new(Costs::new(rules, Box::new(clock)));
    let mut matcher = Matcher::metered(rules, &costs);
    let mut batch = Batch::new(rules.fields(), &Schema::open().field("@timestamp"));
    let mut events = 0;
    let mut read_bytes = 0;
    let mut flush = |batch: &mut Batch| {
        events += batch.len() as u64;
        matcher.run(batch, &mut |_| ());
        batch.clear();
    };
    let done = each_block(&sources, options.form, problems, |block, problems| {
        let (from, to) = (args.input.from, args.input.to);
        let mut window = Window { batch: &mut batch, memory: None, from, to, timeless: 0 };
        block.read(options, &mut window, problems);
        read_bytes += block.bytes();
        if is_full(&batch, read_bytes) {
            flush(&mut batch);
            read_bytes = 0;
        }
        Ok::<(), Infallible>(())
    });
    let Ok(()) = done;
    flush(&mut batch);
    (events, costs.into_inner())
}

struct Account<'a> {
    events: u64,
    /// The time of all rules, those that are not shown too.
    all: u64,
    /// The costliest first.
    rules: Vec<(&'a LoadedRule, QueryCost)>,
    /// The costliest first.
    fields: Vec<FieldCost>,
}

impl Account<'_> {
    /// The time for what serves all rules.
    fn shared(&self) -> u64 {
        self.fields.iter().map(|field| field.ticks).sum()
    }

    fn share(&self, cost: &QueryCost) -> f64 {
        if self.all == 0 { 0.0 } else { cost.ticks as f64 / self.all as f64 }
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let rules = self.rules.iter().map(|(rule, cost)| {
            json!({
                "rule": rule.rule.name, "rule_id": rule.rule.rule_id, "share": self.share(cost),
                "nanoseconds": cost.ticks, "hits": cost.hits,
                "batches": sum(cost, |stage| stage.batches),
                "rows_in": sum(cost, |stage| stage.rows_in),
                "rows_out": sum(cost, |stage| stage.rows_out),
                "clauses": cost.clauses.iter().map(clause_json).collect::<Vec<_>>(),
            })
        });
        let fields = self.fields.iter().map(|field| {
            json!({
                "field": field.field.name(), "nanoseconds": field.ticks, "values": field.values,
                "rows": field.rows,
            })
        });
        let json = json!({
            "events": self.events,
            "nanoseconds": {"fields": self.shared(), "rules": self.all},
            "rules": rules.collect::<Vec<_>>(),
            "fields": fields.collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut *out, &json)?;
        writeln!(out)
    }

    fn text(&self, args: &CostArgs, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
        let style = terminal.out;
        writeln!(
            out,
            "{} events: {} ms for the values of fields, which serve all rules, {} ms for the conditions of rules",
            thousands(self.events),
            ms(self.shared()),
            ms(self.all),
        )?;
        let shown = if args.verbose || !args.rule.is_empty() { self.rules.len() } else { SHOWN };
        let with_clauses = args.verbose || !args.rule.is_empty();
        writeln!(out, "\n{}", style.bold(&format!("{}  RULE", head("SHARE", "HITS"))))?;
        for (rule, cost) in self.rules.iter().take(shown) {
            let [batches, rows_in, rows_out] = [
                sum(cost, |stage| stage.batches),
                sum(cost, |stage| stage.rows_in),
                sum(cost, |stage| stage.rows_out),
            ];
            let share = format!("{:.1}%", self.share(cost) * 100.0);
            let line = cells(&share, cost.ticks, batches, rows_in, rows_out, &thousands(cost.hits));
            let name = clean(&rule.rule.name);
            writeln!(out, "{line}  {}", cut(&name, left(terminal)))?;
            if with_clauses {
                for clause in &cost.clauses {
                    let text = clause_text(cost, clause);
                    let ClauseCost { batches, rows_in, rows_out, ticks, .. } = clause;
                    let line = cells("", *ticks, *batches, *rows_in, *rows_out, "");
                    writeln!(
                        out,
                        "{}",
                        style.dim(&format!("{line}  {}", cut(&text, left(terminal))))
                    )?;
                }
            }
        }
        more(shown, self.rules.len(), terminal, out)?;
        let shown = if args.verbose { self.fields.len() } else { SHOWN };
        let title = format!("{:>10}  {:>9}  {:>10}  FIELD", "TIME (ms)", "VALUES", "IN ROWS");
        writeln!(out, "\n{}", style.bold(&title))?;
        for field in self.fields.iter().take(shown) {
            let (values, rows) = (thousands(field.values), thousands(field.rows));
            let name = clean(field.field.name());
            writeln!(out, "{:>10}  {values:>9}  {rows:>10}  {name}", ms(field.ticks))?;
        }
        more(shown, self.fields.len(), terminal, out)
    }
}

/// Says how many more there are than are listed.
fn more(shown: usize, all: usize, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
    if all > shown {
        let more = format!("and {} more (--verbose lists all)", thousands((all - shown) as u64));
        writeln!(out, "{}", terminal.out.dim(&more))?;
    }
    Ok(())
}

/// Adds up what the stages of a query have.
fn sum(cost: &QueryCost, of: impl Fn(&ClauseCost) -> u64) -> u64 {
    cost.stages().map(of).sum()
}

fn clause_json(clause: &ClauseCost) -> Json {
    json!({
        "stage": clause.stage, "depth": clause.depth, "clause": clause.text,
        "nanoseconds": clause.ticks, "batches": clause.batches, "rows_in": clause.rows_in,
        "rows_out": clause.rows_out,
    })
}

/// What a clause says, as deep as it stands; the first of a stage with the stage's number, if there are several.
fn clause_text(cost: &QueryCost, clause: &ClauseCost) -> String {
    let indent = "  ".repeat(clause.depth + 1);
    let text = clean(&clause.text);
    if clause.depth == 0 && cost.stages().nth(1).is_some() {
        format!("{indent}stage {}: {text}", clause.stage + 1)
    } else {
        format!("{indent}{text}")
    }
}

/// The titles of the columns before the last one.
fn head(first: &str, last: &str) -> String {
    let (time, batches, rows_in, rows_out) = ("TIME (ms)", "BATCHES", "ROWS IN", "ROWS LEFT");
    format!("{first:>6}  {time:>10}  {batches:>7}  {rows_in:>10}  {rows_out:>10}  {last:>10}")
}

fn cells(first: &str, ticks: u64, batches: u64, rows_in: u64, rows_out: u64, last: &str) -> String {
    let [batches, rows_in, rows_out] = [batches, rows_in, rows_out].map(thousands);
    let time = ms(ticks);
    format!("{first:>6}  {time:>10}  {batches:>7}  {rows_in:>10}  {rows_out:>10}  {last:>10}")
}

/// The room for what stands behind [`cells`].
fn left(terminal: Terminal) -> usize {
    let used = head("", "").len() + 2;
    terminal.width.map_or(usize::MAX, |width| width.saturating_sub(used).max(20))
}

/// Nanoseconds as milliseconds.
fn ms(nanoseconds: u64) -> String {
    format!("{:.3}", nanoseconds as f64 / 1e6)
}
