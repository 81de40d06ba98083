//! `dragnet rules readiness`: which rules can fire on some telemetry, and what the others lack.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io::{self, BufWriter, Write};
use std::sync::Arc;

use dragnet_engine::RuleSet;
use dragnet_engine::readiness::{Lack, Telemetry};
use dragnet_event::{Batch, Schema};
use dragnet_ingest::discover;
use dragnet_rules::{LoadedRule, Report};
use serde_json::json;

use crate::args::{ReadinessArgs, ReportFormat};
use crate::output::{cut, pad};
use crate::scan::Window;
use crate::style::clean;
use crate::summary::{print_problems, thousands};
use crate::walk::each_block;
use crate::{ExitStatus, Terminal, rules};

/// Lines of what would unlock most rules, unless `--verbose`.
const SHOWN: usize = 20;

pub(crate) fn run(args: &ReadinessArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let loaded = rules::load(&args.rules, terminal)?;
    let queries = loaded.rules.iter().map(|rule| Arc::new(rule.query.clone())).collect();
    let rule_set = RuleSet::new(queries, None);
    let mut telemetry = Telemetry::new(rule_set.fields());
    let (sources, mut problems) = discover(&args.input.paths);
    let options = args.input.options()?;
    let mut batch = Batch::new(telemetry.fields(), &Schema::open().field("@timestamp"));
    let done = each_block(&sources, options.form, &mut problems, |block, problems| {
        batch.clear();
        let (from, to) = (args.input.from, args.input.to);
        let mut window = Window { batch: &mut batch, memory: None, from, to, timeless: 0 };
        block.read(&options, &mut window, problems);
        telemetry.add(&batch);
        Ok::<(), Infallible>(())
    });
    let Ok(()) = done;

    let verdicts =
        loaded.rules.iter().map(|rule| Verdict { rule, lacks: telemetry.lacks(&rule.query) });
    let account =
        Account { verdicts: verdicts.collect(), telemetry: &telemetry, report: &loaded.report };
    let mut out = BufWriter::new(io::stdout().lock());
    match args.format {
        ReportFormat::Json => account.json(&mut out)?,
        ReportFormat::Text => account.text(args.verbose, terminal, &mut out)?,
    }
    out.flush()?;
    print_problems(&problems, terminal.err, &mut io::stderr().lock())?;
    let is_whole = problems.is_empty() && loaded.report.failed.is_empty();
    Ok(if is_whole { ExitStatus::Nothing } else { ExitStatus::Error })
}

/// A rule and what it lacks; nothing if it can fire.
struct Verdict<'a> {
    rule: &'a LoadedRule,
    lacks: Vec<Lack>,
}

struct Account<'a> {
    verdicts: Vec<Verdict<'a>>,
    telemetry: &'a Telemetry,
    report: &'a Report,
}

impl Account<'_> {
    /// What rules lack first of all, with the rules, most rules first. What else they lack would probably
    /// come with it: a source brings its fields.
    fn unlocks(&self) -> Vec<(String, Vec<&Verdict<'_>>)> {
        let mut by_lack: BTreeMap<String, Vec<&Verdict<'_>>> = BTreeMap::new();
        for verdict in &self.verdicts {
            if let Some(first) = verdict.lacks.first() {
                let rest = verdict.lacks.iter().skip(1).filter(|lack| lack.rank() == first.rank());
                let name: Vec<String> =
                    std::iter::once(first).chain(rest).map(ToString::to_string).collect();
                by_lack.entry(name.join(" and ")).or_default().push(verdict);
            }
        }
        let mut unlocks: Vec<_> = by_lack.into_iter().collect();
        unlocks.sort_by_key(|(_, verdicts)| std::cmp::Reverse(verdicts.len()));
        unlocks
    }

    fn json(&self, out: &mut impl Write) -> io::Result<()> {
        let rule = |verdict: &Verdict<'_>| json!({"rule": verdict.rule.rule.name, "rule_id": verdict.rule.rule.rule_id});
        let lack = |lack: &Lack| json!({"field": lack.field, "test": lack.test});
        let (ready, not_ready): (Vec<_>, Vec<_>) =
            self.verdicts.iter().partition(|verdict| verdict.lacks.is_empty());
        let ready: Vec<_> = ready.into_iter().map(rule).collect();
        let not_ready = not_ready.into_iter().map(|verdict| {
            let mut json = rule(verdict);
            json["lacks"] = verdict.lacks.iter().map(lack).collect();
            json
        });
        let unlocks = self
            .unlocks()
            .into_iter()
            .map(|(lack, verdicts)| json!({"lack": lack, "rules": verdicts.len()}));
        let kinds =
            self.telemetry.kinds().map(|(kind, events)| json!({"kind": kind, "events": events}));
        let json = json!({
            "ready": ready,
            "not_ready": not_ready.collect::<Vec<_>>(),
            "unlocks": unlocks.collect::<Vec<_>>(),
            "kinds": kinds.collect::<Vec<_>>(),
            "unsupported": self.report.unsupported.len(),
            "failed": self.report.failed.len(),
        });
        serde_json::to_writer_pretty(&mut *out, &json)?;
        writeln!(out)
    }

    fn text(&self, verbose: bool, terminal: Terminal, out: &mut impl Write) -> io::Result<()> {
        let style = terminal.out;
        let ready = self.verdicts.iter().filter(|verdict| verdict.lacks.is_empty());
        let count = ready.clone().count();
        let events: u64 = self.telemetry.kinds().map(|(_, events)| events).sum();
        let others = self.verdicts.len() - count;
        writeln!(
            out,
            "{} of {} rules can fire on telemetry like these {} events; {} cannot",
            thousands(count as u64),
            thousands(self.verdicts.len() as u64),
            thousands(events),
            thousands(others as u64),
        )?;
        let unsupported = self.report.unsupported.len();
        if unsupported > 0 {
            let text =
                format!("{} more are of types not supported yet", thousands(unsupported as u64));
            writeln!(out, "{}", style.dim(&text))?;
        }
        let unlocks = self.unlocks();
        if !unlocks.is_empty() {
            writeln!(out, "\n{}", style.bold("RULES  LACKING"))?;
        }
        let shown = if verbose { unlocks.len() } else { SHOWN };
        for (lack, verdicts) in unlocks.iter().take(shown) {
            let left = terminal.width.map_or(usize::MAX, |width| width.saturating_sub(7).max(20));
            writeln!(out, "{:>5}  {}", verdicts.len(), cut(&clean(lack), left))?;
            for verdict in verdicts.iter().filter(|_| verbose) {
                let rest: Vec<String> = verdict.lacks.iter().map(ToString::to_string).collect();
                let name = pad(&clean(&verdict.rule.rule.name), 60);
                writeln!(out, "       {name}  {}", style.dim(&clean(&rest.join(", "))))?;
            }
        }
        if unlocks.len() > shown {
            let more = unlocks.len() - shown;
            writeln!(
                out,
                "       {}",
                style.dim(&format!("and {more} more (--verbose lists all, with the rules)"))
            )?;
        }
        if verbose {
            writeln!(out, "\n{}", style.bold("CAN FIRE"))?;
            for verdict in ready {
                writeln!(out, "       {}", clean(&verdict.rule.rule.name))?;
            }
        }
        Ok(())
    }
}
