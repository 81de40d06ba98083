//! `cargo xtask bench`: how long a hunt takes beside merely printing the same file.
//!
//! All real EVTX files below a folder become one file: their readable chunks, repeated to a size, behind one
//! header, so that tools which take a single file can be timed on it. JSON lines are measured against merely
//! parsing them ([`json_lines`]). Every figure is the median of some runs, taken in turns, and
//! every ratio is of one such session; nothing here is an assertion.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use crate::json_lines;
use crate::steps::cargo_command;

/// The version of the crate `evtx` whose tool is the measure: the one that Dragnet reads with.
const EVTX_VERSION: &str = "0.15.1";
/// The rule for the runs with a single one: the rule that the project began from.
const ONE_RULE: &str = "rules/windows/persistence_sysmon_wmi_event_subscription.toml";
const CHUNK: usize = 64 << 10;
const HEADER: usize = 4 << 10;

/// What is measured, and how often.
#[derive(Debug)]
struct Plan {
    events: PathBuf,
    archives: PathBuf,
    rules: PathBuf,
    megabytes: usize,
    runs: usize,
}

/// A command that is timed.
struct Contender {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<String>,
    times: Vec<Duration>,
}

/// Runs the benchmark. Arguments: `--corpora DIR`, `--megabytes N`, `--runs N`.
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
            _ => return Err(io::Error::other(format!("bench knows no {word}"))),
        }
    }
    let plan = Plan {
        events: corpora.join("events"),
        archives: corpora.join("bench"),
        rules: corpora.join("elastic-rules"),
        megabytes,
        runs: runs.max(1),
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
    let chunks = chunks(&plan.events)?;
    let once = folder.join("once.evtx");
    glue(&chunks, 0, &once)?;
    let repeated = folder.join("repeated.evtx");
    glue(&chunks, plan.megabytes << 20, &repeated)?;
    let empty = folder.join("empty.evtx");
    File::create(&empty)?;

    let dragnet = root.join("target/release/dragnet");
    let events = count_events(&dump, &once)?;
    println!(
        "\n{} chunks with {events} events, from the EVTX files below {}",
        chunks.len(),
        plan.events.display()
    );
    println!("{}; medians of {} runs taken in turns\n", machine(), plan.runs);
    println!("| file | threads | what | median s | events/s | × the first | net of start-up |");
    println!("|---|--:|---|--:|--:|--:|--:|");
    let mut alerts = 0;
    for (name, file) in [("once", &once), ("repeated", &repeated)] {
        let size = fs::metadata(file)?.len() >> 20;
        let events =
            events as f64 * fs::metadata(file)?.len() as f64 / fs::metadata(&once)?.len() as f64;
        for threads in ["1", "2"] {
            let words = ["-t", threads, "-o", "jsonl"].map(str::to_owned).to_vec();
            let printing = contender("evtx_dump -o jsonl", &dump, words, file);
            let mut contenders = contenders(plan, printing, &dragnet, file, &empty, threads);
            measure(&mut contenders, plan.runs)?;
            report(&contenders, &format!("{name}, {size} MB"), threads, events);
            alerts = count_alerts(&contenders)?;
        }
    }
    bench_lines(root, plan, &dragnet, &empty)?;
    print_notes(plan, alerts);
    Ok(())
}

/// Hunting JSON lines beside parsing them.
fn bench_lines(root: &Path, plan: &Plan, dragnet: &Path, empty: &Path) -> io::Result<()> {
    let (lines, count) = json_lines::unpack(&plan.archives, &root.join("target/bench"))?;
    let size = fs::metadata(&lines)?.len() >> 20;
    let parser = root.join("target/release/xtask");
    for threads in ["1", "2"] {
        let words = vec!["parse-json".to_owned(), threads.into()];
        let parsing = contender("parse with sonic-rs", &parser, words, &lines);
        let mut contenders = contenders(plan, parsing, dragnet, &lines, empty, threads);
        measure(&mut contenders, plan.runs)?;
        report(&contenders, &format!("JSON lines, {size} MB"), threads, count as f64);
    }
    Ok(())
}

fn print_notes(plan: &Plan, alerts: usize) {
    println!(
        "
`once` has every value as often as the corpus has it; `repeated` has the same chunks again and again,
which favours whoever remembers values. Start-up is hunting an empty file with the same rules.
`repeated` gives {alerts} alerts with all rules, far more than a log in peace; a hunt writes them all.
JSON lines are those of NXLog in the archives below {}. Parsing them is splitting the file at line feeds
and going over each object's members with `sonic_rs::to_object_iter`, which checks the syntax of every value
and decodes none; its time is that of a process, which reads the whole file first.",
        plan.archives.display()
    );
}

/// A command whose last argument is a file.
fn contender(
    name: &'static str,
    program: &Path,
    mut arguments: Vec<String>,
    file: &Path,
) -> Contender {
    arguments.push(file.display().to_string());
    Contender { name, program: program.to_path_buf(), arguments, times: Vec::new() }
}

/// The commands to time, the measure first. Those named `start-up` are subtracted from the next.
fn contenders(
    plan: &Plan,
    measure: Contender,
    dragnet: &Path,
    file: &Path,
    empty: &Path,
    threads: &str,
) -> Vec<Contender> {
    let hunt = |name, rules: &[PathBuf], file: &Path| {
        let mut words =
            vec!["hunt".to_owned(), "--quiet".into(), "--threads".into(), threads.into()];
        for rules in rules {
            words.extend(["--rules".to_owned(), rules.display().to_string()]);
        }
        contender(name, dragnet, words, file)
    };
    let one = [plan.rules.join(ONE_RULE)];
    let all = [plan.rules.join("rules"), plan.rules.join("rules_building_block")];
    let mut contenders = vec![measure];
    // It prints in the order of reading, on one thread.
    if threads == "1" {
        contenders.push(contender("normalize", dragnet, vec!["normalize".into()], file));
    }
    contenders.extend([
        hunt("start-up, 1 rule", &one, empty),
        hunt("hunt, 1 rule", &one, file),
        hunt("start-up, all EQL rules", &all, empty),
        hunt("hunt, all EQL rules", &all, file),
    ]);
    contenders
}

/// How many alerts the last contender, a hunt, gives: writing them is much of what it does.
fn count_alerts(contenders: &[Contender]) -> io::Result<usize> {
    let Some(hunt) = contenders.last() else { return Ok(0) };
    let output = Command::new(&hunt.program).args(&hunt.arguments).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().count())
}

fn measure(contenders: &mut [Contender], runs: usize) -> io::Result<()> {
    for _ in 0..runs {
        for contender in &mut *contenders {
            let start = Instant::now();
            Command::new(&contender.program)
                .args(&contender.arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status()?;
            contender.times.push(start.elapsed());
        }
    }
    Ok(())
}

fn report(contenders: &[Contender], file: &str, threads: &str, events: f64) {
    let floor = contenders.first().map_or(1.0, median);
    let mut start_up = 0.0;
    for contender in contenders {
        let time = median(contender);
        if contender.name.starts_with("start-up") {
            println!("| {file} | {threads} | {} | {time:.3} | | | |", contender.name);
            start_up = time;
            continue;
        }
        let net = time - start_up;
        println!(
            "| {file} | {threads} | {} | {time:.3} | {:.0} | {:.2} | {:.2} |",
            contender.name,
            events / time,
            time / floor,
            net / floor
        );
    }
}

fn median(contender: &Contender) -> f64 {
    let mut times = contender.times.clone();
    times.sort();
    times.get(times.len() / 2).map_or(f64::NAN, Duration::as_secs_f64)
}

/// The chunks of all EVTX files below a folder, by path; damaged and empty ones are left out.
fn chunks(folder: &Path) -> io::Result<Vec<Vec<u8>>> {
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
    Ok(chunks)
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

/// Writes the chunks behind a header, once or as often as it takes to reach a size in bytes.
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
