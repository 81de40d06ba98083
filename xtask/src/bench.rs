//! `cargo xtask bench`: how long a hunt takes beside merely printing the same file.
//!
//! All real EVTX files below a folder become one file: their readable chunks, repeated to a size, behind one
//! header, so that tools which take a single file can be timed on it. JSON lines are measured against merely
//! parsing them ([`json_lines`]). Every figure is the median of some runs, taken in turns, and
//! every ratio is of one such session; nothing here is an assertion. With `--curves yes` it is also measured how
//! a hunt scales ([`curves`]); with `--out FILE` what is printed is kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use crate::steps::cargo_command;
use crate::watch::Contender;
use crate::{curves, json_lines};

/// The version of the crate `evtx` whose tool is the measure: the one that Dragnet reads with.
const EVTX_VERSION: &str = "0.15.1";
/// The rule for the runs with a single one: the rule that the project began from.
const ONE_RULE: &str = "rules/windows/persistence_sysmon_wmi_event_subscription.toml";
const CHUNK: usize = 64 << 10;
const HEADER: usize = 4 << 10;

/// What is measured, and how often.
#[derive(Debug)]
pub(crate) struct Plan {
    dragnet: PathBuf,
    events: PathBuf,
    archives: PathBuf,
    pub(crate) rules: PathBuf,
    megabytes: usize,
    pub(crate) runs: usize,
    curves: bool,
    out: Option<PathBuf>,
}

impl Plan {
    /// The folders of all rules.
    pub(crate) fn all_rules(&self) -> [PathBuf; 2] {
        [self.rules.join("rules"), self.rules.join("rules_building_block")]
    }
}

/// What is printed, line by line, and kept.
#[derive(Debug, Default)]
pub(crate) struct Report(String);

impl Report {
    pub(crate) fn line(&mut self, line: &str) {
        println!("{line}");
        self.0.push_str(line);
        self.0.push('\n');
    }
}

/// Runs the benchmark. Arguments: `--corpora DIR`, `--megabytes N`, `--runs N`, `--curves yes`, `--out FILE`.
pub(crate) fn bench(root: &Path, arguments: &[String]) -> ExitCode {
    match plan(root, arguments).and_then(|plan| run(root, &plan)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn plan(root: &Path, arguments: &[String]) -> io::Result<Plan> {
    let mut corpora = root.join("../shared/corpora");
    let (mut megabytes, mut runs) = (200, 5);
    let (mut curves, mut out) = (false, None);
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let value =
            words.next().ok_or_else(|| io::Error::other(format!("{word} needs a value")))?;
        let number =
            || value.parse().map_err(|_| io::Error::other(format!("{value} is no number")));
        match word.as_str() {
            "--corpora" => corpora = PathBuf::from(value),
            "--megabytes" => megabytes = number()?,
            "--runs" => runs = number()?,
            "--curves" => curves = value == "yes",
            "--out" => out = Some(PathBuf::from(value)),
            _ => return Err(io::Error::other(format!("bench knows no {word}"))),
        }
    }
    let plan = Plan {
        dragnet: root.join("target/release/dragnet"),
        events: corpora.join("events"),
        archives: corpora.join("bench"),
        rules: corpora.join("elastic-rules"),
        megabytes,
        runs: runs.max(1),
        curves,
        out,
    };
    for path in [&plan.events, &plan.archives, &plan.rules] {
        if !path.exists() {
            return Err(io::Error::other(format!("{} is not here; see --corpora", path.display())));
        }
    }
    Ok(plan)
}

fn run(root: &Path, plan: &Plan) -> io::Result<()> {
    let folder = root.join("target/bench");
    fs::create_dir_all(&folder)?;
    let packages = ["--package", "dragnet", "--package", "xtask"];
    succeed(cargo_command(root).args(["build", "--release"]).args(packages))?;
    let tools = folder.join("tools");
    let dump = tools.join("bin/evtx_dump");
    if !dump.exists() {
        let mut install = cargo_command(root);
        install.args(["install", "evtx", "--version", EVTX_VERSION, "--locked", "--root"]);
        succeed(install.arg(&tools))?;
    }
    let chunks = Chunks::below(&plan.events)?;
    let once = folder.join("once.evtx");
    chunks.glue_to(0, &once)?;
    let repeated = folder.join("repeated.evtx");
    chunks.glue_to(plan.megabytes << 20, &repeated)?;
    let empty = folder.join("empty.evtx");
    File::create(&empty)?;

    let events = count_events(&dump, &once)?;
    let mut report = Report::default();
    report.line(&format!(
        "\n{} chunks with {events} events, from the EVTX files below `{}`; commit {}",
        chunks.0.len(),
        name_of(&plan.events),
        commit(root)
    ));
    report.line(&format!("{}; medians of {} runs taken in turns\n", machine(), plan.runs));
    report.line(HEAD);
    report.line("|---|--:|---|--:|--:|--:|--:|--:|--:|--:|");
    let mut alerts = 0;
    for (name, file) in [("once", &once), ("repeated", &repeated)] {
        let size = fs::metadata(file)?.len() >> 20;
        let events =
            events as f64 * fs::metadata(file)?.len() as f64 / fs::metadata(&once)?.len() as f64;
        for threads in ["1", "2"] {
            let words = ["-t", threads, "-o", "jsonl"].map(str::to_owned).to_vec();
            let printing = contender("evtx_dump -o jsonl", &dump, words, file);
            let mut contenders = contenders(plan, printing, file, &empty, threads);
            measure(&mut contenders, plan.runs)?;
            table(&contenders, &format!("{name}, {size} MB"), threads, events, &mut report);
            alerts = count_alerts(&contenders)?;
        }
    }
    bench_lines(root, plan, &empty, &mut report)?;
    notes(plan, alerts, &mut report);
    if plan.curves {
        curves::rules(plan, &repeated, &empty, &mut report)?;
        curves::memory(plan, &chunks, &folder, &mut report)?;
    }
    plan.out.as_ref().map_or(Ok(()), |out| fs::write(out, report.0.trim_start()))
}

const HEAD: &str = "| file | threads | what | median s | CPU s | peak MB | events/s | × the first \
                    | CPU × the first | CPU × net of start-up |";

/// Hunting JSON lines beside parsing them.
fn bench_lines(root: &Path, plan: &Plan, empty: &Path, report: &mut Report) -> io::Result<()> {
    let (lines, count) = json_lines::unpack(&plan.archives, &root.join("target/bench"))?;
    let size = fs::metadata(&lines)?.len() >> 20;
    let parser = root.join("target/release/xtask");
    for threads in ["1", "2"] {
        let words = vec!["parse-json".to_owned(), threads.into()];
        let parsing = contender("parse with sonic-rs", &parser, words, &lines);
        let mut contenders = contenders(plan, parsing, &lines, empty, threads);
        measure(&mut contenders, plan.runs)?;
        table(&contenders, &format!("JSON lines, {size} MB"), threads, count as f64, report);
    }
    Ok(())
}

fn notes(plan: &Plan, alerts: usize, report: &mut Report) {
    report.line(&format!(
        "
`once` has every value as often as the corpus has it; `repeated` has the same chunks again and again,
which favours whoever remembers values. Start-up is hunting an empty file with the same rules.
`repeated` gives {alerts} alerts with all rules: of events that are the same, the alert is made each time and written once.
JSON lines are those of NXLog in the archives below `{}`. Parsing them is splitting the file at line feeds
and going over each object's members with `sonic_rs::to_object_iter`, which checks the syntax of every value
and decodes none; its time is that of a process, which reads the whole file first. CPU times are of all threads,
in steps of 10 ms; they hold on a machine that does something else besides, where the others do not.",
        name_of(&plan.archives)
    ));
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

fn commit(root: &Path) -> String {
    let words = ["rev-parse", "--short", "HEAD"];
    let output = Command::new("git").current_dir(root).args(words).output();
    output.map_or("unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().into())
}

/// A command whose last argument is a file.
fn contender(name: &str, program: &Path, mut arguments: Vec<String>, file: &Path) -> Contender {
    arguments.push(file.display().to_string());
    Contender { name: name.to_owned(), program: program.to_path_buf(), arguments, runs: Vec::new() }
}

/// Hunting a file.
pub(crate) fn hunt(
    name: &str,
    plan: &Plan,
    rules: &[PathBuf],
    file: &Path,
    threads: &str,
) -> Contender {
    let mut words = ["hunt", "--quiet", "--threads", threads].map(str::to_owned).to_vec();
    for rules in rules {
        words.extend(["--rules".to_owned(), rules.display().to_string()]);
    }
    contender(name, &plan.dragnet, words, file)
}

/// The commands to time, the measure first. Those named `start-up` are subtracted from the next.
fn contenders(
    plan: &Plan,
    measure: Contender,
    file: &Path,
    empty: &Path,
    threads: &str,
) -> Vec<Contender> {
    let hunt = |name, rules: &[PathBuf], file: &Path| hunt(name, plan, rules, file, threads);
    let one = [plan.rules.join(ONE_RULE)];
    let all = plan.all_rules();
    let mut contenders = vec![measure];
    // It prints in the order of reading, on one thread.
    if threads == "1" {
        contenders.push(contender("normalize", &plan.dragnet, vec!["normalize".into()], file));
    }
    contenders.extend([
        hunt("start-up, 1 rule", &one, empty),
        hunt("hunt, 1 rule", &one, file),
        hunt("start-up, all rules", &all, empty),
        hunt("hunt, all rules", &all, file),
    ]);
    contenders
}

/// How many alerts the last contender, a hunt, gives: writing them is much of what it does.
fn count_alerts(contenders: &[Contender]) -> io::Result<usize> {
    let Some(hunt) = contenders.last() else { return Ok(0) };
    let output = hunt.command().output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

fn measure(contenders: &mut [Contender], runs: usize) -> io::Result<()> {
    for _ in 0..runs {
        contenders.iter_mut().try_for_each(Contender::run)?;
    }
    Ok(())
}

fn table(contenders: &[Contender], file: &str, threads: &str, events: f64, report: &mut Report) {
    let Some(floor) = contenders.first() else { return };
    let (floor_time, floor_cpu) = (floor.median(|run| run.seconds), floor.median(|run| run.cpu));
    let mut start_up = 0.0;
    for contender in contenders {
        let name = &contender.name;
        let (time, cpu) = (contender.median(|run| run.seconds), contender.median(|run| run.cpu));
        let peak = contender.median(|run| run.peak_mb);
        let head = format!("| {file} | {threads} | {name} | {time:.3} | {cpu:.2} | {peak:.0} |");
        if name.starts_with("start-up") {
            report.line(&format!("{head} | | | |"));
            start_up = cpu;
            continue;
        }
        report.line(&format!(
            "{head} {:.0} | {:.2} | {:.2} | {:.2} |",
            events / time,
            time / floor_time,
            cpu / floor_cpu,
            (cpu - start_up) / floor_cpu
        ));
    }
}

/// The chunks of all EVTX files below a folder, by path; damaged and empty ones are left out.
pub(crate) struct Chunks(Vec<Vec<u8>>);

impl Chunks {
    fn below(folder: &Path) -> io::Result<Chunks> {
        let mut files = Vec::new();
        collect(folder, &mut files)?;
        files.sort();
        let mut chunks = Vec::new();
        for file in files {
            let bytes = fs::read(&file)?;
            if bytes.starts_with(b"ElfFile\0") {
                let whole = bytes.get(HEADER..).unwrap_or_default().chunks_exact(CHUNK);
                chunks.extend(whole.filter(|chunk| is_sound(chunk)).map(<[u8]>::to_vec));
            }
        }
        Ok(Chunks(chunks))
    }

    /// Writes the chunks behind a header, once or as often as it takes to reach a size in bytes.
    pub(crate) fn glue_to(&self, bytes: usize, path: &Path) -> io::Result<()> {
        glue(&self.0, bytes, path)
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("evtx")) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a chunk begins as one, and says that its records lie within it.
fn is_sound(chunk: &[u8]) -> bool {
    let free = chunk.get(48..52).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    chunk.starts_with(b"ElfChnk\0") && (513..=CHUNK as u32).contains(&free)
}

fn glue(chunks: &[Vec<u8>], bytes: usize, path: &Path) -> io::Result<()> {
    let once = chunks.len() * CHUNK;
    let times = bytes.div_ceil(once.max(1)).max(1);
    let mut header = vec![0; HEADER];
    header[..8].copy_from_slice(b"ElfFile\0");
    let last = (chunks.len() * times) as u64 - 1;
    header[16..24].copy_from_slice(&last.to_le_bytes());
    header[32..36].copy_from_slice(&128u32.to_le_bytes());
    header[36..38].copy_from_slice(&1u16.to_le_bytes());
    header[38..40].copy_from_slice(&3u16.to_le_bytes());
    header[40..42].copy_from_slice(&(HEADER as u16).to_le_bytes());
    header[42..44].copy_from_slice(&(((last + 1) & 0xffff) as u16).to_le_bytes());
    let mut file = io::BufWriter::new(File::create(path)?);
    file.write_all(&header)?;
    for _ in 0..times {
        for chunk in chunks {
            file.write_all(chunk)?;
        }
    }
    file.flush()
}

/// The number of events that the measure prints.
fn count_events(dump: &Path, file: &Path) -> io::Result<usize> {
    let output = Command::new(dump).args(["-t", "1", "-o", "jsonl"]).arg(file).output()?;
    Ok(output.stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count())
}

fn machine() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, {}", model.unwrap_or("of a kind that is not told"))
}

fn succeed(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?} failed"))) }
}
