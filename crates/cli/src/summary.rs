//! The closing account of a hunt, on standard error.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use dragnet_detect::{Alert, AlertKind};
use dragnet_ingest::{Form, Problem};
use dragnet_rules::Report;
pub(crate) use dragnet_rules::thousands;

use crate::args::HuntArgs;
use crate::output::is_shown;
use crate::raise::Cuts;
use crate::scan::Outcome;
use crate::style::{Style, clean};

/// Problems that are named one by one; of more, only the number is told, unless all are asked for.
const NAMED_PROBLEMS: usize = 20;

/// Rules with cut executions that are named one by one.
const NAMED_CUTS: usize = 10;

/// The severities, worst first.
const SEVERITIES: [&str; 4] = ["critical", "high", "medium", "low"];

/// Alerts by kind and severity.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    /// Those that tables show, by the order of [`SEVERITIES`].
    shown: [u64; 4],
    /// Those of building-block rules.
    hidden: u64,
}

impl Counts {
    /// Counts an alert; members of a sequence do not count by themselves.
    pub(crate) fn add(&mut self, alert: &Alert<'_>) {
        if alert.kind == AlertKind::BuildingBlock {
            return;
        }
        if !is_shown(alert) {
            self.hidden += 1;
            return;
        }
        let severity = alert.get_str("kibana.alert.severity");
        let place = SEVERITIES.iter().position(|name| Some(*name) == severity);
        self.shown[place.unwrap_or(SEVERITIES.len() - 1)] += 1;
    }

    /// All that count.
    pub(crate) fn all(&self) -> u64 {
        self.hidden + self.shown.iter().sum::<u64>()
    }

    fn text(&self, style: Style) -> String {
        let mut text = thousands(self.shown.iter().sum::<u64>());
        let parts: Vec<String> = SEVERITIES
            .iter()
            .zip(self.shown)
            .filter(|(_, count)| *count > 0)
            .map(|(name, count)| style.severity(name, &format!("{} {name}", thousands(count))))
            .collect();
        if !parts.is_empty() {
            let _ = write!(text, " ({})", parts.join(", "));
        }
        if self.hidden > 0 {
            let more = thousands(self.hidden);
            let _ = write!(text, ", and {more} of building-block rules, which tables leave out");
        }
        text
    }
}

/// Everything that the account tells.
pub(crate) struct Summary<'a> {
    pub(crate) files: usize,
    pub(crate) outcome: &'a Outcome,
    pub(crate) problems: &'a [Problem],
    /// Events that could not be read a second time, for their alerts.
    pub(crate) changed: usize,
    pub(crate) report: &'a Report,
    /// Rules that are switched off.
    pub(crate) disabled: usize,
    pub(crate) counts: &'a Counts,
    /// What was not raised.
    pub(crate) cuts: &'a Cuts,
    /// What else makes the alerts doubtful.
    pub(crate) doubts: &'a [String],
    /// How long the rules took to load.
    pub(crate) load_time: Duration,
    /// How long everything took.
    pub(crate) time: Duration,
}

impl Summary<'_> {
    /// Whether anything was lost.
    pub(crate) fn has_losses(&self) -> bool {
        !self.problems.is_empty() || self.changed > 0 || self.outcome.overflows > 0
    }

    /// Prints it; only what was lost if `--quiet`.
    pub(crate) fn print(&self, args: &HuntArgs, style: Style) -> io::Result<()> {
        let mut err = io::stderr().lock();
        if args.verbose {
            for warning in &self.report.warnings {
                write!(err, "{}", warning.render(style.is_colored()))?;
            }
        }
        if !args.verbose {
            self.name_exceptions(style, &mut err)?;
        }
        let named = if args.verbose { usize::MAX } else { NAMED_PROBLEMS };
        name_problems(self.problems, named, style, &mut err)?;
        if self.changed > 0 {
            let what = "events could not be read again; their files have changed, and their alerts are left out";
            writeln!(err, "{} {} {what}", style.red("lost:"), self.changed)?;
        }
        if self.outcome.overflows > 0 {
            let what = "times an event had more combinations of values than are looked at; alerts may be missing";
            writeln!(err, "{} {} {what}", style.red("lost:"), self.outcome.overflows)?;
        }
        self.print_cuts(args.verbose, style, &mut err)?;
        for doubt in self.doubts {
            writeln!(err, "{} {doubt}", style.red("warning:"))?;
        }
        if self.outcome.event_count == 0 && self.problems.is_empty() {
            writeln!(err, "{} no events were found in what was named", style.red("warning:"))?;
        }
        if args.quiet {
            return Ok(());
        }
        let mut line = |name: &str, text: String| {
            writeln!(err, "{} {text}", style.bold(&format!("{name:<8}")))
        };
        line("files", self.files(args, style))?;
        line("events", self.events(style))?;
        line("rules", self.rules(style))?;
        let mut alerts = self.counts.text(style);
        if self.cuts.suppressed > 0 {
            let _ = write!(alerts, "; {} more suppressed", thousands(self.cuts.suppressed));
        }
        if self.cuts.repeated > 0 {
            let repeated = thousands(self.cuts.repeated);
            let _ =
                write!(alerts, "; {repeated} more of events that stand in the logs more than once");
        }
        line("alerts", alerts)?;
        let seconds = self.time.as_secs_f64();
        let reading = (self.time.saturating_sub(self.load_time)).as_secs_f64().max(1e-6);
        let loading = self.load_time.as_secs_f64();
        let rate = thousands((self.outcome.event_count as f64 / reading) as u64);
        line("time", format!("{seconds:.2} s ({loading:.2} s loading rules), {rate} events/s"))
    }

    /// Exceptions that do not apply: alerts that should not be there are no less wrong than those that are missing.
    fn name_exceptions(&self, style: Style, err: &mut impl Write) -> io::Result<()> {
        let all = self.report.warnings.iter().filter(|warning| warning.is_about_exceptions());
        let all: Vec<_> = all.collect();
        for warning in all.iter().take(NAMED_PROBLEMS) {
            let rule = clean(warning.rule.as_deref().unwrap_or_default());
            writeln!(err, "{} {rule}: {}", style.red("warning:"), clean(&warning.reason))?;
        }
        let more = all.len().saturating_sub(NAMED_PROBLEMS) as u64;
        if more > 0 {
            let more = thousands(more);
            writeln!(
                err,
                "{} {more} more exceptions (--verbose names them)",
                style.red("warning:")
            )?;
        }
        Ok(())
    }

    /// Which rules found more than an execution of theirs raises.
    fn print_cuts(&self, verbose: bool, style: Style, err: &mut impl Write) -> io::Result<()> {
        let named = if verbose { usize::MAX } else { NAMED_CUTS };
        for (rule, (executions, left_out)) in self.cuts.rules.iter().take(named) {
            writeln!(
                err,
                "{} {}: {} more in {} that had raised the rule's most (max_signals; --no-cap raises all)",
                style.red("cut:"),
                clean(rule),
                thousands(*left_out),
                counted(*executions, "execution"),
            )?;
        }
        let more = self.cuts.rules.len().saturating_sub(named);
        if more > 0 {
            let more = thousands(more as u64);
            writeln!(err, "{} {more} more rules (--verbose names them)", style.red("cut:"))?;
        }
        Ok(())
    }

    fn files(&self, args: &HuntArgs, style: Style) -> String {
        let read = self.files.saturating_sub(self.outcome.skipped.len()) as u64;
        let skipped = match self.outcome.skipped.as_slice() {
            [] => String::new(),
            [only] => format!(", {} skipped: it is no log", clean(only)),
            all if args.verbose => {
                let all: Vec<String> = all.iter().map(|path| clean(path)).collect();
                format!(", skipped as no logs: {}", all.join(", "))
            }
            [first, rest @ ..] => format!(
                ", {} and {} more skipped: they are no logs (--verbose names them)",
                clean(first),
                rest.len()
            ),
        };
        format!("{}{}", thousands(read), style.dim(&skipped))
    }

    fn events(&self, style: Style) -> String {
        let mut text = thousands(self.outcome.event_count);
        let forms = Form::ALL.iter().zip(self.outcome.forms).filter(|(_, count)| *count > 0);
        let forms: Vec<_> = forms.map(|(form, count)| (form.name(), thousands(count))).collect();
        match forms.as_slice() {
            [] => {}
            [(name, _)] => text += &style.dim(&format!(" ({name})")),
            many => {
                let many: Vec<String> =
                    many.iter().map(|(name, count)| format!("{count} {name}")).collect();
                text += &style.dim(&format!(" ({})", many.join(", ")));
            }
        }
        let lost: u64 = self.problems.iter().map(Problem::count).sum();
        if lost > 0 {
            let places = if lost == 1 { "place" } else { "places" };
            let what = format!("{} {places} could not be read", thousands(lost));
            let _ = write!(text, ", {}", style.red(&what));
        }
        if self.outcome.timeless > 0 {
            let count = thousands(self.outcome.timeless);
            let _ = write!(
                text,
                ", {count} without a time that can be read: sequences cannot use them"
            );
        }
        text
    }

    fn rules(&self, style: Style) -> String {
        let report = self.report;
        let mut text = format!("{} loaded", thousands(report.loaded as u64));
        let mut add = |count: usize, what: &str| {
            if count > 0 {
                let _ = write!(text, ", {} {what}", thousands(count as u64));
            }
        };
        add(self.disabled, "of them switched off and not run (--run-disabled runs them)");
        add(report.unsupported.len(), "not supported yet");
        add(report.deprecated.len(), "deprecated");
        add(report.skipped.len(), "skipped");
        let doubtful: BTreeSet<_> =
            report.warnings.iter().map(|warning| (&warning.path, &warning.rule)).collect();
        add(doubtful.len(), "with warnings");
        let failed = report.failed.len();
        if failed > 0 {
            let _ = write!(text, ", {}", style.red(&format!("{failed} failed")));
        }
        if failed + report.unsupported.len() + report.warnings.len() + report.skipped.len() > 0 {
            text += &style.dim(" (`dragnet rules check --verbose` says which, and why)");
        }
        text
    }
}

/// Names what could not be read, the first of it.
pub(crate) fn print_problems(
    problems: &[Problem],
    style: Style,
    err: &mut impl Write,
) -> io::Result<()> {
    name_problems(problems, NAMED_PROBLEMS, style, err)
}

fn name_problems(
    problems: &[Problem],
    named: usize,
    style: Style,
    err: &mut impl Write,
) -> io::Result<()> {
    for problem in problems.iter().take(named) {
        writeln!(err, "{} {}", style.red("unreadable:"), clean(&problem.to_string()))?;
    }
    let more: u64 = problems.iter().skip(named).map(Problem::count).sum();
    if more > 0 {
        writeln!(err, "{} {} more", style.red("unreadable:"), thousands(more))?;
    }
    Ok(())
}

/// `1 event`, `3,000 events`.
pub(crate) fn counted(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", thousands(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(counted(0, "event"), "0 events");
        assert_eq!(counted(1, "event"), "1 event");
        assert_eq!(counted(1_234_567, "event"), "1,234,567 events");
    }
}
