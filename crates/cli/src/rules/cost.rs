//! `dragnet rules cost`: where the time of matching goes, by rule and by clause.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::HashSet;
use std::convert::Infallible;
use std::io::{self, BufWriter, Write};
use std::time::Instant;

use anyhow::bail;
use dragnet_engine::{ClauseCost, Costs, FieldCost, Matcher, QueryCost, RuleSet};
use dragnet_event::{Batch, Field, Schema};
use dragnet_ingest::{Memory, Problem, discover};
use dragnet_plan::front::nearest;
use dragnet_rules::LoadedRule;
use serde_json::{Value as Json, json};

use super::args::CostArgs;
use crate::args::{Clock, ReportFormat};
use crate::interest::OfRules;
use crate::output::cut;
use crate::pursuit::rule_set;
use crate::scan::{Window, is_full};
use crate::style::clean;
use crate::summary::{counted, print_problems, thousands};
use crate::walk::each_block;
use crate::{ExitStatus, Terminal};

/// Rules and fields that are listed, unless `--verbose`.
const SHOWN: usize = 20;

/// The widest that a clause is where there is no terminal to say how wide, unless `--verbose`.
const CLAUSE: usize = 100;

pub(crate) fn run(args: &CostArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let options = args.input.options()?;
    let (loaded, _, mut problems) = super::load_armed(&args.rules, &options, terminal)?;
    check_names(&args.rule, &loaded.rules)?;
    let rule_set = rule_set(&loaded.rules, Clock::Event);
    let (events, costs) = measure(args, &options, &rule_set, &mut problems);
    let queries = costs.queries(&rule_set);
    let all: u64 = queries.iter().map(|query| query.ticks).sum();
    let mut rules: Vec<_> = loaded.rules.iter().zip(queries).collect();
    rules.retain(|(rule, _)| {
        args.rule.is_empty() || args.rule.iter().any(|wanted| is_called(rule, wanted))
    });
    rules.sort_by_key(|(_, cost)| Reverse(cost.ticks));
    let mut fields = costs.fields(&rule_set);
    fields.sort_by_key(|field| Reverse(field.ticks));
    let shared = fields.iter().map(|field| field.ticks).sum();
    if !args.rule.is_empty() {
        let tested = tested_fields(rules.iter().map(|(rule, _)| *rule));
        fields.retain(|cost| tested.contains(&cost.field));
    }
    let account = Account { events, shared, all, rules, fields };
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

fn is_called(rule: &LoadedRule, wanted: &str) -> bool {
    rule.rule.rule_id == wanted || rule.rule.name == wanted
}

/// Sees to it that every rule that is asked for is there.
fn check_names(asked: &[String], rules: &[LoadedRule]) -> anyhow::Result<()> {
    for wanted in asked {
        if rules.iter().any(|rule| is_called(rule, wanted)) {
            continue;
        }
        let known = rules.iter().flat_map(|rule| [&*rule.rule.rule_id, &*rule.rule.name]);
        let help = nearest(wanted, known)
            .map_or(String::new(), |near| format!("; did you mean `{}`?", clean(near)));
        bail!("no rule that was loaded has the id or the name `{}`{help}", clean(wanted));
    }
    Ok(())
}

/// The fields that the conditions of rules test.
fn tested_fields<'a>(rules: impl Iterator<Item = &'a LoadedRule>) -> HashSet<&'a Field> {
    let mut fields = HashSet::new();
    for condition in rules.flat_map(|rule| rule.query.conditions()) {
        condition.for_each_leaf(&mut |leaf| {
            leaf.for_each_field(&mut |field| {
                fields.insert(field);
            });
        });
    }
    fields
}

/// Matches all logs, in batches as a hunt's, of which only what matters is filled; gives the number of events, and what
/// they cost in nanoseconds.
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
    let mut memory = Memory::new(OfRules::new(rules));
    let mut events = 0;
    let mut read_bytes = 0;
    let mut flush = |batch: &mut Batch| {
        events += batch.len() as u64;
        matcher.run(batch, &mut |_| ());
        batch.clear();
    };
    let done = each_block(&sources, options.form, problems, |block, problems| {
        let (from, to) = (args.input.from, args.input.to);
        let memory = Some(&mut memory);
        let mut window = Window { batch: &mut batch, memory, from, to, timeless: 0 };
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
    /// The time for what serves all rules: for all fields, those that are not shown too.
    shared: u64,
    /// The time of all rules, those that are not shown too.
    all: u64,
    /// The costliest first.
    rules: Vec<(&'a LoadedRule, QueryCost)>,
    /// The costliest first.
    fields: Vec<FieldCost>,
}

impl Account<'_> {
    fn share(&self, cost: &QueryCost) -> f64 {
        if self.all == 0 { 0.0 } else { cost.ticks as f64 / self.all as f64 }
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let rules = self.rules.iter().map(|(rule, cost)| {
            json!({
                "rule": rule.rule.name, "rule_id": rule.rule.rule_id, "share": self.share(cost),
                "nanoseconds": cost.ticks, "hit_nanoseconds": cost.hit_ticks, "hits": cost.hits,
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
            "nanoseconds": {"fields": self.shared, "rules": self.all},
            "rules": rules.collect::<Vec<_>>(),
            "fields": fields.collect::<Vec<_>>(),
        });
        serde_json::to_writer_pretty(&mut *out, &json)?;
        writeln!(out)
    }

    fn text(&self, args: &CostArgs, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
        if self.events == 0 {
            return writeln!(out, "no events were read, so there is nothing to tell");
        }
        writeln!(
            out,
            "{}: {} for the values of fields, which serve all rules, {} for the conditions and hits of rules",
            counted(self.events, "event"),
            duration(self.shared),
            duration(self.all),
        )?;
        self.rules_text(args, terminal, out)?;
        self.fields_text(args, terminal, out)
    }

    fn rules_text(
        &self,
        args: &CostArgs,
        terminal: Terminal,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let with_clauses = args.verbose || !args.rule.is_empty();
        let shown = if with_clauses { self.rules.len() } else { SHOWN };
        let head = cells(["SHARE", "TIME", "BATCHES", "ROWS IN", "ROWS LEFT", "HITS"]);
        writeln!(out, "\n{}", terminal.out.bold(&format!("{head}  RULE")))?;
        for (rule, cost) in self.rules.iter().take(shown) {
            let share = format!("{:.1}%", self.share(cost) * 100.0);
            let rows = [
                sum(cost, |stage| stage.batches),
                sum(cost, |stage| stage.rows_in),
                sum(cost, |stage| stage.rows_out),
            ];
            let [batches, rows_in, rows_out] = rows.map(thousands);
            let (time, hits) = (duration(cost.ticks), thousands(cost.hits));
            let line = cells([&share, &time, &batches, &rows_in, &rows_out, &hits]);
            let room = room(terminal).unwrap_or(usize::MAX);
            writeln!(out, "{line}  {}", cut(&clean(&rule.rule.name), room))?;
            if with_clauses {
                clauses_text(cost, args.verbose, terminal, out)?;
            }
        }
        more(shown, self.rules.len(), terminal, out)
    }

    fn fields_text(
        &self,
        args: &CostArgs,
        terminal: Terminal,
        out: &mut impl Write,
    ) -> io::Result<()> {
        if self.fields.is_empty() {
            return Ok(());
        }
        let shown = if args.verbose { self.fields.len() } else { SHOWN };
        let title = format!("{:>10}  {:>9}  {:>10}  FIELD", "TIME", "VALUES", "IN ROWS");
        writeln!(out, "\n{}", terminal.out.bold(&title))?;
        for field in self.fields.iter().take(shown) {
            let (values, rows) = (thousands(field.values), thousands(field.rows));
            let name = clean(field.field.name());
            writeln!(out, "{:>10}  {values:>9}  {rows:>10}  {name}", duration(field.ticks))?;
        }
        more(shown, self.fields.len(), terminal, out)
    }
}

/// What the clauses of a rule have cost, and what of its time is no clause's.
fn clauses_text(
    cost: &QueryCost,
    whole: bool,
    terminal: Terminal,
    out: &mut impl Write,
) -> io::Result<()> {
    let room = if whole { usize::MAX } else { room(terminal).unwrap_or(CLAUSE) };
    let mut line = |cells: &str, text: &str| {
        writeln!(out, "{}", terminal.out.dim(&format!("{cells}  {}", cut(text, room))))
    };
    for clause in &cost.clauses {
        let rows = [clause.batches, clause.rows_in, clause.rows_out];
        let [batches, rows_in, rows_out] = rows.map(thousands);
        let cells = cells(["", &duration(clause.ticks), &batches, &rows_in, &rows_out, ""]);
        line(&cells, &clause_text(cost, clause))?;
    }
    let cells = cells(["", &duration(cost.hit_ticks), "", "", "", &thousands(cost.hits)]);
    line(&cells, "  making hits: their times and join keys")
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
        "stage": u32::from(clause.stage) + 1, "depth": clause.depth, "clause": clause.text,
        "nanoseconds": clause.ticks, "batches": clause.batches, "rows_in": clause.rows_in,
        "rows_out": clause.rows_out,
    })
}

/// What a clause says, as deep as it stands; the first of a stage with the stage's number, if there are several.
fn clause_text(cost: &QueryCost, clause: &ClauseCost) -> String {
    let indent = "  ".repeat(clause.depth + 1);
    let text = clean(&clause.text);
    if clause.depth == 0 && cost.stages().nth(1).is_some() {
        format!("{indent}stage {}: {text}", u32::from(clause.stage) + 1)
    } else {
        format!("{indent}{text}")
    }
}

/// The columns before the last one.
fn cells([share, time, batches, rows_in, rows_out, hits]: [&str; 6]) -> String {
    format!("{share:>6}  {time:>10}  {batches:>7}  {rows_in:>10}  {rows_out:>10}  {hits:>10}")
}

/// The room that a terminal has for what stands behind [`cells`].
fn room(terminal: Terminal) -> Option<usize> {
    let used = cells([""; 6]).len() + 2;
    terminal.width.map(|width| width.saturating_sub(used).max(20))
}

/// Nanoseconds in the largest unit of which there is one, whole but for milliseconds and seconds.
fn duration(nanoseconds: u64) -> String {
    let hundredths = |unit: u64| {
        format!("{}.{:02}", thousands(nanoseconds / unit), nanoseconds % unit / (unit / 100))
    };
    match nanoseconds {
        0 => "0 µs".to_owned(),
        1..1_000 => format!("{nanoseconds} ns"),
        1_000..1_000_000 => format!("{} µs", nanoseconds / 1_000),
        1_000_000..1_000_000_000 => format!("{} ms", hundredths(1_000_000)),
        _ => format!("{} s", hundredths(1_000_000_000)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_that_shows_something() {
        let cases = [
            (0, "0 µs"),
            (7, "7 ns"),
            (999, "999 ns"),
            (12_345, "12 µs"),
            (999_999, "999 µs"),
            (1_000_000, "1.00 ms"),
            (12_345_678, "12.34 ms"),
            (999_999_999, "999.99 ms"),
            (61_050_000_000, "61.05 s"),
            (1_234_000_000_000, "1,234.00 s"),
        ];
        for (nanoseconds, expected) in cases {
            assert_eq!(duration(nanoseconds), expected);
        }
    }

    #[test]
    fn columns_stand_below_their_titles() {
        let ends = |cells: [&str; 6]| super::cells(cells).chars().count();
        let head = ends(["SHARE", "TIME", "BATCHES", "ROWS IN", "ROWS LEFT", "HITS"]);
        assert_eq!(head, ends(["100.0%", "999.99 ms", "12", "1,234,567", "0", "7"]));
        assert_eq!(head, ends(["", "12 µs", "", "", "", ""]));
    }
}
