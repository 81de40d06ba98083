//! Running a command and watching what it takes.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// A command that is measured.
#[derive(Debug, Clone)]
pub(crate) struct Contender {
    pub(crate) name: String,
    pub(crate) program: PathBuf,
    pub(crate) arguments: Vec<String>,
    pub(crate) runs: Vec<Run>,
}

/// What one run took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Run {
    pub(crate) seconds: f64,
    /// Of all threads, in the program and in the system for it; zero where the system does not tell.
    pub(crate) cpu: f64,
    pub(crate) peak_mb: f64,
}

impl Contender {
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stderr(Stdio::null());
        command
    }

    /// Runs it once.
    pub(crate) fn run(&mut self) -> io::Result<()> {
        let run = watch(self.command().stdout(Stdio::null()))?;
        self.runs.push(run);
        Ok(())
    }

    /// The median time.
    pub(crate) fn seconds(&self) -> f64 {
        self.median(|run| run.seconds)
    }

    /// The median CPU time.
    pub(crate) fn cpu(&self) -> f64 {
        self.median(|run| run.cpu)
    }

    /// The median of the most memory.
    pub(crate) fn peak_mb(&self) -> f64 {
        self.median(|run| run.peak_mb)
    }

    /// The median of one of the figures.
    fn median(&self, of: fn(&Run) -> f64) -> f64 {
        let mut figures: Vec<f64> = self.runs.iter().map(of).collect();
        figures.sort_by(f64::total_cmp);
        figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
    }
}

/// Ticks in a second of `/proc/*/stat`: what every Linux tells its programs.
const TICKS: f64 = 100.0;

/// Runs a command. What it takes is read from `/proc`, where a process stands until it is waited for.
fn watch(command: &mut Command) -> io::Result<Run> {
    let begun = Instant::now();
    let mut child = command.spawn()?;
    let folder = PathBuf::from("/proc").join(child.id().to_string());
    let mut run = Run::default();
    while let Ok(status) = fs::read_to_string(folder.join("status")) {
        let line = |name: &str| status.lines().find_map(|line| line.strip_prefix(name));
        if line("State:").is_some_and(|state| state.trim_start().starts_with('Z')) {
            break;
        }
        let peak = line("VmHWM:").and_then(|peak| peak.trim().strip_suffix(" kB")?.parse().ok());
        run.peak_mb = peak.map_or(run.peak_mb, |kb: f64| kb / 1024.0);
        thread::sleep(Duration::from_millis(2));
    }
    run.seconds = begun.elapsed().as_secs_f64();
    let stat = fs::read_to_string(folder.join("stat")).unwrap_or_default();
    // The name, in parentheses, may hold anything; the times are the 12th and 13th words after it.
    let words = stat.rsplit_once(')').map_or("", |(_, words)| words);
    let times = words.split_whitespace().skip(11).take(2);
    run.cpu = times.filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS;
    child.wait()?;
    if run.cpu == 0.0 {
        // Nothing was told, perhaps not even that it runs.
        run.seconds = begun.elapsed().as_secs_f64();
    }
    Ok(run)
}
