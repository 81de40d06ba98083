//! `dragnet backtest`: what a change of rules would have meant for logs that are there.
//!
//! Both versions hunt through the same logs, one after the other; alerts are then held to each other by the events that
//! they are about, since their own ids say nothing where two versions differ. Of a threshold these are the group's values
//! and the execution: which event comes last is chance.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};
use std::path::PathBuf;

use dragnet_detect::{Alert, AlertKind};
use dragnet_event::{Schema, Time};
use dragnet_ingest::{Options, Problem, Source, discover};
use dragnet_rules::LoadedRule;
use serde_json::{Value as Json, json};

use crate::args::{BacktestArgs, ReportFormat, RuleArgs};
use crate::hunt::threads;
use crate::output::{cut, pad};
use crate::pursuit::{Pursuit, rule_set};
use crate::scan::Scan;
use crate::style::{Style, clean};
use crate::summary::{print_problems, thousands};
use crate::{ExitStatus, Terminal, rules};

/// Hosts and users that are named.
const TOP: usize = 5;
/// Alerts of each kind that are named, unless all are asked for.
const NAMED: usize = 10;
/// The longest bar.
const BAR: usize = 32;
/// Most days that are shown although nothing happened on them.
const MAX_DAYS: i64 = 400;
/// Milliseconds of a day.
const DAY_MS: i64 = 86_400_000;

pub(crate) fn run(args: &BacktestArgs, terminal: Terminal) -> anyhow::Result<ExitStatus> {
    let options = args.input.options()?;
    let (sources, mut problems) = discover(&args.input.paths);
    let (history, more) = discover(&args.run.history);
    problems.extend(more);
    let ground = Ground { args, options: &options, sources: &sources, history: &history };
    let new = ground.hunt(&args.rule, terminal, &mut problems, true)?;
    let old = if args.against.is_empty() {
        None
    } else {
        // What cannot be read has been named the first time.
        Some(ground.hunt(&args.against, terminal, &mut Vec::new(), false)?)
    };
    let losses = new.losses + old.as_ref().map_or(0, |old| old.losses);
    let failed = new.failed + old.as_ref().map_or(0, |old| old.failed);
    let comparison = Comparison::new(&new, old.as_ref());
    let mut out = io::stdout().lock();
    match args.format {
        ReportFormat::Text => comparison.text(args, terminal.out, &mut out)?,
        ReportFormat::Json => {
            serde_json::to_writer_pretty(&mut out, &comparison.json())?;
            writeln!(out)?;
        }
    }
    out.flush()?;
    let mut err = io::stderr().lock();
    if losses > 0 {
        let what = "events were not looked at as a whole; alerts may be missing";
        writeln!(err, "{} {losses} {what}", terminal.err.red("lost:"))?;
    }
    print_problems(&problems, terminal.err, &mut err)?;
    let differs = !comparison.gained.is_empty() || !comparison.lost.is_empty();
    Ok(match (problems.is_empty() && losses == 0 && failed == 0, differs) {
        (false, _) => ExitStatus::Error,
        (true, true) => ExitStatus::Found,
        (true, false) => ExitStatus::Nothing,
    })
}

/// What both versions hunt through.
struct Ground<'a> {
    args: &'a BacktestArgs,
    options: &'a Options,
    sources: &'a [Source],
    history: &'a [Source],
}

/// An alert, as far as it is compared and shown.
#[derive(Debug, Clone)]
struct Seen {
    rule_id: String,
    rule: String,
    /// What it is about.
    about: Vec<String>,
    time: Option<Time>,
    severity: String,
    host: Option<String>,
    user: Option<String>,
    summary: String,
}

/// The alerts of one version.
struct Version {
    rules: Vec<(String, String)>,
    alerts: Vec<Seen>,
    events: u64,
    /// Events that could not be read again, or were not looked at as a whole.
    losses: u64,
    /// Findings that `max_signals` left out.
    cut: u64,
    /// Rules that could not be loaded, which has been said.
    failed: usize,
}

impl Ground<'_> {
    fn hunt(
        &self,
        paths: &[PathBuf],
        terminal: Terminal,
        problems: &mut Vec<Problem>,
        visible: bool,
    ) -> anyhow::Result<Version> {
        let rule_args =
            RuleArgs { rules: paths.to_vec(), run_disabled: false, arms: self.args.arms.clone() };
        let (set, disabled, more) = rules::load_armed(&rule_args, self.options, terminal)?;
        problems.extend(more);
        if disabled > 0 {
            let what = "rules are switched off (`enabled`) and were not run";
            writeln!(io::stderr(), "{} {disabled} {what}", terminal.err.red("warning:"))?;
        }
        let compiled = rule_set(&set.rules, self.args.run.clock);
        let time_field = Schema::open().field("@timestamp");
        let scan = Scan::new(
            self.sources,
            &self.args.input,
            self.options,
            &time_field,
            threads(self.args.threads),
        );
        let history = scan.history(self.history);
        let pursuit = Pursuit {
            rules: &set.rules,
            rule_set: &compiled,
            clock: self.args.run.clock,
            scans: &[scan],
            history: &[history],
            time_field: &time_field,
            evaluator: self.args.run.evaluator,
            capped: !self.args.run.no_cap,
            visible: visible && !self.args.quiet,
        };
        let mut alerts = Vec::new();
        let catch = pursuit.run(&mut |alert| {
            if alert.kind != AlertKind::BuildingBlock {
                alerts.push(Seen::of(alert));
            }
            Ok(())
        });
        for doubt in catch.doubts() {
            writeln!(io::stderr(), "{} {doubt}", terminal.err.red("warning:"))?;
        }
        problems.extend(catch.outcome.problems);
        let name = |rule: &LoadedRule| (rule.rule.rule_id.clone(), rule.rule.name.clone());
        Ok(Version {
            rules: set.rules.iter().map(name).collect(),
            alerts,
            events: catch.outcome.event_count,
            losses: catch.changed as u64 + catch.outcome.overflows,
            cut: catch.cuts.rules.values().map(|(_, count)| count).sum(),
            failed: set.report.failed.len(),
        })
    }
}

impl Seen {
    fn of(alert: &Alert<'_>) -> Seen {
        let text = |key: &str| alert.get_str(key).map(str::to_owned);
        Seen {
            rule_id: text("kibana.alert.rule.rule_id").unwrap_or_default(),
            rule: text("kibana.alert.rule.name").unwrap_or_default(),
            about: about(alert),
            time: alert.time,
            severity: text("kibana.alert.severity").unwrap_or_default(),
            host: text("host.name"),
            user: text("user.name"),
            summary: alert.summary.clone(),
        }
    }
}

/// What an alert is about, whatever the rule is called: the events that it goes back to, and the values that are new;
/// or the group that was counted, and the execution.
fn about(alert: &Alert<'_>) -> Vec<String> {
    if let Some(result) = alert.get("kibana.alert.threshold_result") {
        let execution = alert.get_str("kibana.alert.rule.execution.timestamp");
        let execution = execution.unwrap_or_default().to_owned();
        return vec![result["terms"].to_string(), execution];
    }
    let ancestors = alert.get("kibana.alert.ancestors").and_then(Json::as_array);
    let events = ancestors.into_iter().flatten().filter(|a| a["type"] == "event");
    let text = |json: &Json| json.as_str().unwrap_or_default().to_owned();
    let mut about: Vec<String> =
        events.map(|a| format!("{}/{}", text(&a["index"]), text(&a["id"]))).collect();
    about.sort_unstable();
    about.dedup();
    about.extend(alert.get("kibana.alert.new_terms").map(Json::to_string));
    about
}

/// Two versions held to each other.
struct Comparison<'a> {
    new: &'a Version,
    old: Option<&'a Version>,
    gained: Vec<&'a Seen>,
    lost: Vec<&'a Seen>,
    kept: u64,
    /// Those of the kept ones that have another severity now.
    regraded: u64,
    /// By number of days since 1970; those without a time first.
    days: BTreeMap<Option<i64>, Day>,
}

/// The alerts of one calendar day, in UTC.
#[derive(Debug, Clone, Copy, Default)]
struct Day {
    new: u64,
    old: u64,
}

impl<'a> Comparison<'a> {
    fn new(new: &'a Version, old: Option<&'a Version>) -> Comparison<'a> {
        // One rule on each side is one rule in two versions, whatever it is called.
        let alone = old.is_some_and(|old| old.rules.len() == 1 && new.rules.len() == 1);
        let key = |seen: &'a Seen| (if alone { "" } else { &*seen.rule_id }, &*seen.about);
        let mut left: HashMap<(&str, &[String]), Vec<&Seen>> = HashMap::new();
        for seen in old.iter().flat_map(|old| old.alerts.iter().rev()) {
            left.entry(key(seen)).or_default().push(seen);
        }
        let (mut gained, mut kept, mut regraded) = (Vec::new(), 0, 0);
        for seen in &new.alerts {
            match left.get_mut(&key(seen)).and_then(Vec::pop) {
                Some(before) => {
                    kept += 1;
                    regraded += u64::from(before.severity != seen.severity);
                }
                None => gained.push(seen),
            }
        }
        // What is left was not found again; those of equal keys are alike, and which of them stay does not matter.
        let mut lost = Vec::new();
        for seen in old.iter().flat_map(|old| &old.alerts) {
            if left.get_mut(&key(seen)).and_then(Vec::pop).is_some() {
                lost.push(seen);
            }
        }
        let mut days: BTreeMap<Option<i64>, Day> = BTreeMap::new();
        for seen in &new.alerts {
            days.entry(seen.day()).or_default().new += 1;
        }
        for seen in old.iter().flat_map(|old| &old.alerts) {
            days.entry(seen.day()).or_default().old += 1;
        }
        // Days between without an alert are shown, unless years lie between.
        let begin = days.keys().flatten().next().copied();
        let end = days.keys().next_back().copied().flatten();
        if let (Some(begin), Some(end)) = (begin, end)
            && end - begin < MAX_DAYS
        {
            for day in begin..end {
                days.entry(Some(day)).or_default();
            }
        }
        Comparison { new, old, gained, lost, kept, regraded, days }
    }

    fn text(&self, args: &BacktestArgs, style: Style, out: &mut dyn Write) -> io::Result<()> {
        let named = if args.verbose { usize::MAX } else { NAMED };
        let events = thousands(self.new.events);
        writeln!(out, "{} {events}", style.bold("events  "))?;
        let count = thousands(self.new.alerts.len() as u64);
        let rules = self.new.rules.len();
        writeln!(out, "{} {count} alerts of {rules} rules", style.bold("new     "))?;
        if let Some(old) = self.old {
            let count = thousands(old.alerts.len() as u64);
            let rules = old.rules.len();
            writeln!(out, "{} {count} alerts of {rules} rules", style.bold("old     "))?;
            let regraded = match self.regraded {
                0 => String::new(),
                count => format!(" ({} of them with another severity)", thousands(count)),
            };
            writeln!(
                out,
                "{} {} gained, {} lost, {} kept{regraded}",
                style.bold("changes "),
                thousands(self.gained.len() as u64),
                thousands(self.lost.len() as u64),
                thousands(self.kept),
            )?;
        }
        for (version, what) in [(Some(self.new), "new"), (self.old, "old")] {
            if let Some(cut) = version.map(|version| version.cut).filter(|cut| *cut > 0) {
                let what = format!("of the {what} version are left out by max_signals (--no-cap)");
                writeln!(out, "{} {} more {what}", style.red("cut     "), thousands(cut))?;
            }
        }
        self.noise(style, out)?;
        if self.old.is_some() {
            list("GAINED", '+', &self.gained, named, style, out)?;
            list("LOST", '-', &self.lost, named, style, out)?;
        }
        let whose = if self.old.is_some() { " GAINED" } else { "" };
        top(&format!("HOSTS{whose}"), &self.gained, |seen| seen.host.as_deref(), style, out)?;
        top(&format!("USERS{whose}"), &self.gained, |seen| seen.user.as_deref(), style, out)
    }

    /// How many alerts there are each day.
    fn noise(&self, style: Style, out: &mut dyn Write) -> io::Result<()> {
        if self.days.is_empty() {
            return Ok(());
        }
        let most = self.days.values().map(|day| day.new.max(day.old)).max().unwrap_or(0).max(1);
        let title = if self.old.is_some() {
            "DAY (UTC)        NEW      OLD"
        } else {
            "DAY (UTC)     ALERTS"
        };
        writeln!(out, "\n{}", style.bold(title))?;
        for (day, Day { new, old }) in &self.days {
            let day = pad(&day.map_or("no time".to_owned(), date), 10);
            let length = (*new as usize * BAR).div_ceil(most as usize);
            let bar = "█".repeat(length);
            if self.old.is_some() {
                writeln!(out, "{day} {:>9} {:>8}  {bar}", thousands(*new), thousands(*old))?;
            } else {
                writeln!(out, "{day} {:>9}  {bar}", thousands(*new))?;
            }
        }
        Ok(())
    }

    fn json(&self) -> Json {
        let all = |alerts: &[&Seen]| alerts.iter().map(|seen| seen.json()).collect::<Vec<_>>();
        let version = |version: &Version| {
            let rules = version.rules.iter().map(|(id, name)| json!({"rule_id": id, "name": name}));
            json!({
                "rules": rules.collect::<Vec<_>>(), "alerts": version.alerts.len(),
                "cut": version.cut,
            })
        };
        let days = self.days.iter().map(|(day, count)| {
            let mut json = json!({"day": day.map(date), "new": count.new});
            if self.old.is_some() {
                json["old"] = count.old.into();
            }
            json
        });
        let days: Vec<Json> = days.collect();
        let ranked = |of: fn(&Seen) -> Option<&str>| {
            let all = rank(&self.gained, of).into_iter();
            all.map(|(name, count)| json!({"name": name, "alerts": count})).collect::<Vec<_>>()
        };
        let mut json = json!({
            "events": self.new.events, "new": version(self.new), "days": days,
            "hosts": ranked(|seen| seen.host.as_deref()),
            "users": ranked(|seen| seen.user.as_deref()),
        });
        match self.old {
            None => json["alerts"] = all(&self.gained).into(),
            Some(old) => {
                json["old"] = version(old);
                json["kept"] = self.kept.into();
                json["kept_with_another_severity"] = self.regraded.into();
                json["gained"] = all(&self.gained).into();
                json["lost"] = all(&self.lost).into();
            }
        }
        json
    }
}

impl Seen {
    /// The calendar day, in UTC.
    fn day(&self) -> Option<i64> {
        Some(self.time?.millis().div_euclid(DAY_MS))
    }

    fn json(&self) -> Json {
        json!({
            "time": self.time.map(|time| time.to_string()), "rule_id": self.rule_id,
            "rule": self.rule, "severity": self.severity, "host": self.host, "user": self.user,
            "summary": self.summary, "about": self.about,
        })
    }
}

/// The date of a day.
fn date(day: i64) -> String {
    let (year, month, day, ..) = Time::from_millis(day.saturating_mul(DAY_MS)).civil();
    format!("{year:04}-{month:02}-{day:02}")
}

fn list(
    title: &str,
    mark: char,
    alerts: &[&Seen],
    most: usize,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    if alerts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.bold(title))?;
    for seen in alerts.iter().take(most) {
        let time = seen.time.map_or("no time".to_owned(), |time| time.to_string());
        let severity = style.severity(&seen.severity, &pad(&seen.severity, 8));
        let (rule, what) = (cut(&clean(&seen.rule), 48), cut(&clean(&seen.summary), 120));
        writeln!(out, "{mark} {}  {severity}  {rule}: {what}", style.dim(&time))?;
    }
    if alerts.len() > most {
        let more = thousands((alerts.len() - most) as u64);
        writeln!(out, "{}", style.dim(&format!("  and {more} more (--verbose lists all)")))?;
    }
    Ok(())
}

/// Names by how many alerts have them, most first.
fn rank<'a>(alerts: &[&'a Seen], of: impl Fn(&'a Seen) -> Option<&'a str>) -> Vec<(&'a str, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for name in alerts.iter().filter_map(|seen| of(seen)) {
        *counts.entry(name).or_default() += 1;
    }
    let mut ranked: Vec<_> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    ranked.truncate(TOP);
    ranked
}

fn top<'a>(
    title: &str,
    alerts: &[&'a Seen],
    of: impl Fn(&'a Seen) -> Option<&'a str>,
    style: Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    let ranked = rank(alerts, of);
    if ranked.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{}", style.bold(title))?;
    for (name, count) in ranked {
        writeln!(out, "{:>9}  {}", thousands(count), cut(&clean(name), 80))?;
    }
    Ok(())
}
