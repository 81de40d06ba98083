//! The closing account of a hunt, on standard error.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::Duration;

use dragnet_detect::{Alert, AlertKind};
use dragnet_ingest::Problem;
use dragnet_rules::Report;
use serde_json::Value as Json;

use crate::output::is_shown;
use crate::style::Style;

/// Problems with single records that are named one by one; of more, only the number is told.
const NAMED_PROBLEMS: usize = 20;

/// Everything that the account tells.
pub(crate) struct Summary<'a> {
    pub(crate) files: usize,
    pub(crate) events: u64,
    pub(crate) problems: &'a [Problem],
    /// Files found in folders that are no logs.
    pub(crate) skipped: &'a [String],
    pub(crate) report: &'a Report,
    pub(crate) alerts: &'a [Alert],
    /// How long the rules took to load.
    pub(crate) load_time: Duration,
    /// How long everything took.
    pub(crate) time: Duration,
}

impl Summary<'_> {
    /// Prints it; only the problems if `quiet`.
    pub(crate) fn print(&self, quiet: bool, style: Style) -> io::Result<()> {
        let mut err = io::stderr().lock();
        print_problems(self.problems, style, &mut err)?;
        if quiet {
            return Ok(());
        }
        let mut line = |name: &str, text: String| {
            writeln!(err, "{} {text}", style.bold(&format!("{name:<8}")))
        };
        let skipped = match self.skipped {
            [] => String::new(),
            [only] => format!(", {only} skipped: it is no log"),
            [first, rest @ ..] => {
                format!(", {first} and {} more skipped: they are no logs", rest.len())
            }
        };
        let read = self.files.saturating_sub(self.skipped.len());
        line("files", format!("{}{}", thousands(read as u64), style.dim(&skipped)))?;
        let unread = match self.problems.len() {
            0 => String::new(),
            n => format!(", {}", style.red(&format!("{n} {} not be read", count_word(n, "place")))),
        };
        line("events", format!("{}{unread}", thousands(self.events)))?;
        line("rules", self.rules(style))?;
        line("alerts", self.alerts_by_severity(style))?;
        let seconds = self.time.as_secs_f64();
        let reading = (self.time.saturating_sub(self.load_time)).as_secs_f64().max(1e-6);
        line(
            "time",
            format!(
                "{seconds:.2} s ({:.2} s loading rules), {} events/s",
                self.load_time.as_secs_f64(),
                thousands((self.events as f64 / reading) as u64)
            ),
        )
    }

    fn rules(&self, style: Style) -> String {
        let report = self.report;
        let mut text = format!("{} loaded", thousands(report.loaded as u64));
        if !report.unsupported.is_empty() {
            let _ =
                write!(text, ", {} not supported yet", thousands(report.unsupported.len() as u64));
        }
        let failed = report.failed.len();
        if failed > 0 {
            let _ = write!(text, ", {}", style.red(&format!("{failed} failed")));
        }
        if failed > 0 || !report.unsupported.is_empty() {
            text += &style.dim(" (`dragnet rules check` says which, and why)");
        }
        text
    }

    fn alerts_by_severity(&self, style: Style) -> String {
        let findings = self.alerts.iter().filter(|alert| alert.kind != AlertKind::BuildingBlock);
        let (shown, hidden): (Vec<&Alert>, Vec<&Alert>) = findings.partition(|a| is_shown(a));
        let mut text = thousands(shown.len() as u64);
        let mut parts = Vec::new();
        for severity in ["critical", "high", "medium", "low"] {
            let is = |alert: &&&Alert| {
                let key = alert.document.0.get("kibana.alert.severity");
                key.and_then(Json::as_str) == Some(severity)
            };
            let count = shown.iter().filter(is).count();
            if count > 0 {
                parts.push(
                    style.severity(severity, &format!("{} {severity}", thousands(count as u64))),
                );
            }
        }
        if !parts.is_empty() {
            let _ = write!(text, " ({})", parts.join(", "));
        }
        if !hidden.is_empty() {
            let more = thousands(hidden.len() as u64);
            let _ = write!(text, ", and {more} of building-block rules, which tables leave out");
        }
        text
    }
}

/// Names what could not be read.
pub(crate) fn print_problems(
    problems: &[Problem],
    style: Style,
    err: &mut impl Write,
) -> io::Result<()> {
    for problem in problems.iter().take(NAMED_PROBLEMS) {
        writeln!(err, "{} {problem}", style.red("unreadable:"))?;
    }
    match problems.len().saturating_sub(NAMED_PROBLEMS) {
        0 => Ok(()),
        more => writeln!(err, "{} and {more} more", style.red("unreadable:")),
    }
}

fn count_word(count: usize, word: &str) -> String {
    if count == 1 { format!("{word} could") } else { format!("{word}s could") }
}

/// A number with commas between thousands.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(1_234_567), "1,234,567");
    }
}
