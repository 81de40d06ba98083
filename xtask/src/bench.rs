//! `cargo xtask bench`: how long a hunt takes beside merely printing or parsing the same file.
//!
//! All real EVTX files below a folder become one file: their readable chunks, repeated to a size, behind one
//! header, so that tools which take a single file can be timed on it ([`chunks`]). JSON lines are measured against
//! merely parsing them ([`json_lines`]). Every figure is the median of some runs, taken in turns, and
//! every ratio is of one such session; nothing here is an assertion. With `--curves yes` it is also measured how
//! a hunt scales ([`curves`]), with `--python yes` how Python's `eql` does ([`python`]); with `--out FILE` what is
//! printed is kept, and beside it the curves as a plot ([`plot`]).

mod chunks;
mod curves;
pub(crate) mod json_lines;
mod plot;
mod python;
mod rule_sets;
mod table;
mod watch;

use std::fs::{self, File};
use std::io::{self, BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use crate::steps::{cargo_command, succeed};
use chunks::Chunks;
use rule_sets::RuleSets;
use table::{Report, Session};
use watch::Contender;

/// The version of the crate `evtx` whose tool is the measure: the one that Dragnet reads with.
const EVTX_VERSION: &str = "0.15.1";

/// What is measured, and how often.
#[derive(Debug)]
struct Plan {
    events: PathBuf,
    archives: PathBuf,
    corpora: PathBuf,
    megabytes: usize,
    runs: usize,
    curves: bool,
    python: bool,
    out: Option<PathBuf>,
}

/// The programs that take part, and the files that they read.
#[derive(Debug)]
struct Bench {
    dragnet: PathBuf,
    dump: PathBuf,
    parser: PathBuf,
    /// Where files are made.
    folder: PathBuf,
    empty: PathBuf,
    rules: RuleSets,
    runs: usize,
}

/// Runs the benchmark. Arguments: `--corpora DIR`, `--megabytes N`, `--runs N`, `--curves yes`, `--python yes`,
/// `--out FILE`.
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
    let mut corpora = corpora(root);
    let (mut megabytes, mut runs) = (200, 5);
    let (mut curves, mut python, mut out) = (false, false, None);
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
            "--python" => python = value == "yes",
            "--out" => out = Some(PathBuf::from(value)),
            _ => return Err(io::Error::other(format!("bench knows no {word}"))),
        }
    }
    let plan = Plan {
        events: corpora.join("events"),
        archives: corpora.join("bench"),
        corpora,
        megabytes,
        runs: runs.max(1),
        curves,
        python,
        out,
    };
    for path in [&plan.events, &plan.archives, &rule_folders(&plan.corpora)[0]] {
        if !path.exists() {
            return Err(io::Error::other(format!("{} is not here; see --corpora", path.display())));
        }
    }
    Ok(plan)
}

/// Where the corpora are, if nothing else is said.
pub(crate) fn corpora(root: &Path) -> PathBuf {
    root.join("../shared/corpora")
}

/// The folders of all rules.
pub(crate) fn rule_folders(corpora: &Path) -> [PathBuf; 2] {
    ["rules", "rules_building_block"].map(|name| corpora.join("elastic-rules").join(name))
}

/// Writes all EVTX events of the corpora into one file.
pub(crate) fn one_evtx(corpora: &Path, path: &Path) -> io::Result<()> {
    let chunks = Chunks::below(&corpora.join("events"))?;
    chunks.glue(chunks.len(), path)
}

/// Builds what takes part.
fn prepare(root: &Path, plan: &Plan) -> io::Result<Bench> {
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
    let empty = folder.join("empty.evtx");
    File::create(&empty)?;
    let release = root.join("target/release");
    let dragnet = release.join("dragnet");
    let rules = RuleSets::read(&dragnet, &rule_folders(&plan.corpora))?;
    let (parser, runs) = (release.join("xtask"), plan.runs);
    Ok(Bench { dragnet, dump, parser, folder, empty, rules, runs })
}

fn run(root: &Path, plan: &Plan) -> io::Result<()> {
    let bench = prepare(root, plan)?;
    let chunks = Chunks::below(&plan.events)?;
    let once = bench.folder.join("once.evtx");
    chunks.glue(chunks.len(), &once)?;
    let repeated = bench.folder.join("repeated.evtx");
    chunks.glue(chunks.len() * chunks.times_for(plan.megabytes << 20), &repeated)?;
    let (lines, line_count) = json_lines::unpack(&plan.archives, &bench.folder)?;

    let mut report = Report::default();
    let events = bench.count_printed(&once)?;
    report.line(&format!(
        "\n{} chunks with {events} events, from the EVTX files below `{}`; {}, commit {}",
        chunks.len(),
        name_of(&plan.events),
        today(),
        commit(root)
    ));
    report.line(&format!("{}; medians of {} runs taken in turns\n", machine(), plan.runs));
    report.line(table::HEAD);
    report.line(table::RULER);
    let repeated_count = bench.count_printed(&repeated)?;
    let mut alerts = 0;
    for (name, file, events) in [("once", &once, events), ("repeated", &repeated, repeated_count)] {
        for threads in [1, 2] {
            let session = Session { name, file, events, threads };
            let contenders = bench.evtx_contenders(file, threads);
            alerts = bench.session(&session, contenders, &mut report)?;
        }
    }
    let ecs_lines = bench.lines((&lines, line_count), (&repeated, repeated_count), &mut report)?;
    table::notes(&bench.rules, &name_of(&plan.archives), alerts, &mut report);
    let mut panels = Vec::new();
    if plan.curves {
        panels = curves::all(&bench, &chunks, (&repeated, repeated_count), &lines, &mut report)?;
    }
    if plan.python {
        let documents = bench.normalized(&once, "once.ecs.ndjson")?;
        python::compare(&bench, &documents, (&ecs_lines, repeated_count), &mut report)?;
    }
    let Some(out) = &plan.out else { return Ok(()) };
    if !panels.is_empty() {
        let title = format!("{}, commit {}; {}", today(), commit(root), machine());
        let image = out.with_extension("svg");
        fs::write(&image, plot::svg(&title, &panels))?;
        report.line(&format!("\n![The curves]({})", name_of(&image)));
    }
    fs::write(out, report.text())
}

impl Bench {
    /// Times contenders and adds them to the table; how many alerts the last one, a hunt, gives.
    fn session(
        &self,
        session: &Session<'_>,
        mut contenders: Vec<Contender>,
        report: &mut Report,
    ) -> io::Result<usize> {
        self.measure(&mut contenders)?;
        session.show(&contenders, report)?;
        let Some(hunt) = contenders.last() else { return Ok(0) };
        count_lines(&mut hunt.command())
    }

    /// The sessions over JSON lines: those of `NXLog`, the same as ECS, and the EVTX file's events as ECS, whose file is
    /// given.
    fn lines(
        &self,
        (lines, line_count): (&Path, usize),
        (evtx, evtx_count): (&Path, usize),
        report: &mut Report,
    ) -> io::Result<PathBuf> {
        let ecs = self.normalized(evtx, "repeated.ecs.ndjson")?;
        let ecs_of_lines = self.normalized(lines, "lines.ecs.ndjson")?;
        for (name, file, events) in [
            ("NXLog lines", lines, line_count),
            ("the same as ECS", &ecs_of_lines, line_count),
            ("`repeated` as ECS", &ecs, evtx_count),
        ] {
            for threads in [1, 2] {
                let session = Session { name, file, events, threads };
                self.session(&session, self.lines_contenders(file, threads), report)?;
            }
        }
        Ok(ecs)
    }

    fn measure(&self, contenders: &mut [Contender]) -> io::Result<()> {
        for _ in 0..self.runs {
            contenders.iter_mut().try_for_each(Contender::run)?;
        }
        Ok(())
    }

    /// The commands to time on EVTX, the measure first. Those named `start-up` are subtracted from the next.
    fn evtx_contenders(&self, file: &Path, threads: usize) -> Vec<Contender> {
        let mut contenders = vec![self.printing(file, threads)];
        contenders.extend(self.normalizing(file, threads));
        contenders.extend(self.hunts(file, threads));
        contenders
    }

    /// The same on JSON lines.
    fn lines_contenders(&self, file: &Path, threads: usize) -> Vec<Contender> {
        let parse = |name: &str, how: &str| {
            let words = vec!["parse-json".to_owned(), how.to_owned(), threads.to_string()];
            contender(name, &self.parser, words, file)
        };
        let mut contenders = vec![
            parse("sonic-rs, a `LazyValue` per member", "members"),
            parse("sonic-rs, a line as one `LazyValue`", "value"),
        ];
        contenders.extend(self.normalizing(file, threads));
        contenders.extend(self.hunts(file, threads));
        contenders
    }

    /// Printing an EVTX file: the measure.
    fn printing(&self, file: &Path, threads: usize) -> Contender {
        let threads = threads.to_string();
        let words = ["-t", &threads, "-o", "jsonl"].map(str::to_owned).to_vec();
        contender("evtx_dump -o jsonl", &self.dump, words, file)
    }

    /// It prints in the order of reading, on one thread.
    fn normalizing(&self, file: &Path, threads: usize) -> Option<Contender> {
        (threads == 1)
            .then(|| contender("normalize", &self.dragnet, vec!["normalize".into()], file))
    }

    fn hunts(&self, file: &Path, threads: usize) -> Vec<Contender> {
        let RuleSets { one, stateless, all, .. } = &self.rules;
        let sets = [
            ("1 rule".to_owned(), one),
            (format!("{} stateless rules", stateless.len()), stateless),
            ("all rules".to_owned(), all),
        ];
        let pair = |(name, rules): (String, &Vec<PathBuf>)| {
            [
                self.hunt(&format!("start-up, {name}"), rules, &self.empty, threads),
                self.hunt(&format!("hunt, {name}"), rules, file, threads),
            ]
        };
        sets.into_iter().flat_map(pair).collect()
    }

    /// Hunting a file.
    fn hunt(&self, name: &str, rules: &[PathBuf], file: &Path, threads: usize) -> Contender {
        let mut words: Vec<String> = ["hunt", "--quiet", "--threads"].map(str::to_owned).to_vec();
        words.push(threads.to_string());
        for rules in rules {
            words.extend(["--rules".to_owned(), rules.display().to_string()]);
        }
        contender(name, &self.dragnet, words, file)
    }

    /// The number of events that the measure prints.
    fn count_printed(&self, file: &Path) -> io::Result<usize> {
        count_lines(&mut self.printing(file, 1).command())
    }

    /// A file's events as ECS documents, in a file of this name.
    fn normalized(&self, file: &Path, name: &str) -> io::Result<PathBuf> {
        let path = self.folder.join(name);
        let mut command = contender("", &self.dragnet, vec!["normalize".into()], file).command();
        // Its status says that some records are damaged, if they are.
        command.stdout(File::create(&path)?).status()?;
        Ok(path)
    }
}

/// A command whose last argument is a file.
fn contender(name: &str, program: &Path, mut arguments: Vec<String>, file: &Path) -> Contender {
    arguments.push(file.display().to_string());
    Contender { name: name.to_owned(), program: program.to_path_buf(), arguments, runs: Vec::new() }
}

/// How many lines that are not empty a command prints.
fn count_lines(command: &mut Command) -> io::Result<usize> {
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let mut count = 0;
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).split(b'\n') {
            count += usize::from(!line?.is_empty());
        }
    }
    child.wait()?;
    Ok(count)
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// What a command prints, or that it is not known.
fn said(command: &mut Command) -> String {
    let output = command.output().ok().filter(|output| output.status.success());
    output.map_or("unknown".into(), |output| String::from_utf8_lossy(&output.stdout).trim().into())
}

fn commit(root: &Path) -> String {
    said(Command::new("git").current_dir(root).args(["rev-parse", "--short", "HEAD"]))
}

fn today() -> String {
    said(Command::new("date").args(["-u", "+%Y-%m-%d"]))
}

fn machine() -> String {
    let model = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = model.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} cores, {}", model.unwrap_or("of a kind that is not told"))
}
