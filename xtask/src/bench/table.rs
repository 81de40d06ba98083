//! The table of the benchmark.

use std::fs;
use std::io;
use std::path::Path;

use super::rule_sets::RuleSets;
use super::watch::Contender;

/// What is printed, line by line, and kept.
#[derive(Debug, Default)]
pub(crate) struct Report(String);

impl Report {
    pub(crate) fn line(&mut self, line: &str) {
        println!("{line}");
        self.0.push_str(line);
        self.0.push('\n');
    }

    pub(crate) fn text(&self) -> &str {
        self.0.trim_start()
    }
}

pub(crate) const HEAD: &str = "| file | threads | what | median s | CPU s | peak MB | events/s | × the first \
                               | × net | CPU × net | events/CPU-s, net |";
pub(crate) const RULER: &str = "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|";

/// CPU time comes in steps of 10 ms: below this no ratio is made of it.
const LEAST_CPU: f64 = 0.1;

/// Contenders that are measured together.
pub(crate) struct Session<'a> {
    pub(crate) name: &'a str,
    pub(crate) file: &'a Path,
    /// In the file.
    pub(crate) events: usize,
    pub(crate) threads: usize,
}

impl Session<'_> {
    /// Adds a line for each contender.
    pub(crate) fn show(&self, contenders: &[Contender], report: &mut Report) -> io::Result<()> {
        let Some(floor) = contenders.first() else { return Ok(()) };
        let (floor_time, floor_cpu) = (floor.seconds(), floor.cpu());
        let size = fs::metadata(self.file)?.len() >> 20;
        let events = self.events as f64;
        let (mut start_time, mut start_cpu) = (0.0, 0.0);
        for contender in contenders {
            let (time, cpu, peak) = (contender.seconds(), contender.cpu(), contender.peak_mb());
            let head = format!(
                "| {}, {size} MB | {} | {} | {time:.3} | {cpu:.2} | {peak:.0} |",
                self.name, self.threads, contender.name
            );
            if contender.name.starts_with("start-up") {
                report.line(&format!("{head} | | | | |"));
                (start_time, start_cpu) = (time, cpu);
                continue;
            }
            let (net_time, net_cpu) = (time - start_time, cpu - start_cpu);
            let ratio = |of: f64, to: f64, least: f64| {
                if of.min(to) < least { String::new() } else { format!("{:.2}", of / to) }
            };
            let pace = if net_cpu < LEAST_CPU { String::new() } else { pace(events / net_cpu) };
            report.line(&format!(
                "{head} {} | {} | {} | {} | {pace} |",
                self::pace(events / time),
                ratio(time, floor_time, 0.0),
                ratio(net_time, floor_time, 0.0),
                ratio(net_cpu, floor_cpu, LEAST_CPU),
            ));
        }
        Ok(())
    }
}

/// A number of events a second, no more exact than it is known.
pub(crate) fn pace(events: f64) -> String {
    format!("{:.0}", (events / 100.0).round() * 100.0)
}

/// What the table means.
pub(crate) fn notes(rules: &RuleSets, archives: &str, alerts: usize, report: &mut Report) {
    let (stateless, all) = (rules.stateless.len(), rules.files.len());
    report.line(&format!(
        "
`once` has every value as often as the corpus has it; `repeated` has the same chunks again and again,
which favours whoever remembers values. Start-up is hunting an empty file with the same rules; *net* is without it.
Of {all} rules that run, {stateless} are stateless: single-event EQL, queries in KQL and Lucene's language, and indicator
matches; the others are sequences, samples, thresholds and new terms.
NXLog's lines are those in the archives below `{archives}`; as ECS, events are what `dragnet normalize` prints of them.
The floor of lines is sonic-rs: `to_object_iter` gives one `LazyValue` for each member of a line's outermost object, besides
its key, and `from_slice` the whole line as one. Both check syntax and UTF-8 and decode nothing; the first is the measure,
since it is the faster one. Their time is that of a process, which reads the whole file first and splits it at line feeds.
The last hunt gives {alerts} alerts: of events that are the same, the alert is made each time and written once.
CPU times are of all threads, in steps of 10 ms; they hold on a machine that does something else besides, where the
others do not."
    ));
}
