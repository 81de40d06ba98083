//! How often memory is asked for while events are read, normalised and matched, on one thread.
//!
//! `cargo xtask allocations` makes events and runs this. The first half of a file is read to warm up; then it is counted
//! what the second half takes, whose values are partly new, and what the whole takes when it is read once more, and
//! again: what a value comes to is remembered when it comes for the second time.
//! Nothing is asserted.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark talks")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dragnet_engine::{Matcher, RuleSet};
use dragnet_event::{Batch, Schema};
use dragnet_ingest::{Block, Form, Memory, Options, Remembering, discover};

/// As in a hunt.
const BATCH_EVENTS: usize = 8192;

/// The system's allocator, which counts what it is asked for.
struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);

fn count(bytes: usize) {
    ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
    BYTES.fetch_add(bytes as u64, Ordering::Relaxed);
}

// SAFETY: every call goes to the system's allocator as it is, which keeps the promises of `GlobalAlloc`; counting
// touches two atomics and allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller has promised what this asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        count(layout.size());
        // SAFETY: the caller has promised what this asks for.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size);
        // SAFETY: the caller has promised what this asks for, and `block` is of this allocator, which is the system's.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller has promised what this asks for, and `block` is of this allocator, which is the system's.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often, and for how many bytes.
#[derive(Debug, Clone, Copy, Default)]
struct Asked {
    times: u64,
    bytes: u64,
}

impl Asked {
    fn add_of<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let before = (ALLOCATIONS.load(Ordering::Relaxed), BYTES.load(Ordering::Relaxed));
        let result = work();
        self.times += ALLOCATIONS.load(Ordering::Relaxed) - before.0;
        self.bytes += BYTES.load(Ordering::Relaxed) - before.1;
        result
    }

    /// Cells of the table.
    fn per(self, events: u64) -> String {
        let events = events.max(1) as f64;
        format!("{:.3} | {:.0}", self.times as f64 / events, self.bytes as f64 / events)
    }
}

/// What it took to read some blocks and to match their events.
#[derive(Debug, Default)]
struct Count {
    events: u64,
    hits: u64,
    reading: Asked,
    matching: Asked,
    /// By form.
    forms: [u64; Form::ALL.len()],
}

struct Hunt<'r> {
    options: Options,
    batch: Batch,
    memory: Memory,
    matcher: Matcher<'r>,
}

impl<'r> Hunt<'r> {
    fn new(rules: &'r RuleSet) -> Hunt<'r> {
        let batch = Batch::new(rules.fields(), &Schema::open().field("@timestamp"));
        let options = Options { complete: true, ..Options::default() };
        Hunt { options, batch, memory: Memory::default(), matcher: Matcher::new(rules) }
    }

    fn blocks(&mut self, blocks: &[Block]) -> Count {
        let mut count = Count::default();
        for block in blocks {
            let mut problems = Vec::new();
            let mut sink = Remembering { batch: &mut self.batch, memory: &mut self.memory };
            let read = count.reading.add_of(|| block.read(&self.options, &mut sink, &mut problems));
            count.events += u64::from(read.events);
            for (all, more) in count.forms.iter_mut().zip(read.forms) {
                *all += u64::from(more);
            }
            if self.batch.len() >= BATCH_EVENTS {
                self.flush(&mut count);
            }
        }
        self.flush(&mut count);
        count
    }

    fn flush(&mut self, count: &mut Count) {
        let mut hits = 0;
        count.matching.add_of(|| self.matcher.run(&self.batch, &mut |_| hits += 1));
        count.hits += hits;
        self.batch.clear();
    }
}

fn show(name: &str, what: &str, count: &Count) {
    let most = count.forms.iter().zip(Form::ALL).max_by_key(|(events, _)| **events);
    let form = most.map_or("none", |(_, form)| form.name());
    println!(
        "| {name} | {form} | {what} | {} | {} | {} | {} |",
        count.events,
        count.hits,
        count.reading.per(count.events),
        count.matching.per(count.events)
    );
}

fn measure(path: &Path, rules: &RuleSet) -> Result<(), String> {
    let (sources, problems) = discover(&[path.to_path_buf()]);
    if let Some(problem) = problems.first() {
        return Err(problem.to_string());
    }
    let mut blocks = Vec::new();
    for (number, source) in (0..).zip(&sources) {
        let opened = source.open(number).map_err(|problem| problem.to_string())?;
        // What is damaged is not what is measured.
        blocks.extend(opened.filter_map(Result::ok));
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut hunt = Hunt::new(rules);
    let (first, second) = blocks.split_at(blocks.len() / 2);
    hunt.blocks(first);
    show(&name, "second half", &hunt.blocks(second));
    show(&name, "all again", &hunt.blocks(&blocks));
    show(&name, "a third time", &hunt.blocks(&blocks));
    Ok(())
}

/// Arguments: `--rules PATH`, as often as need be, and files of events.
fn main() -> ExitCode {
    let (mut rules, mut files) = (Vec::<PathBuf>::new(), Vec::<PathBuf>::new());
    let mut words = std::env::args_os().skip(1);
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--rules") => rules.extend(words.next().map(PathBuf::from)),
            // What cargo says to every benchmark.
            Some("--bench") => {}
            _ => files.push(word.into()),
        }
    }
    let loaded = dragnet_rules::load(&rules);
    let queries = loaded.rules.iter();
    let queries = queries.map(|rule| (Arc::new(rule.query.clone()), rule.rule.timing())).collect();
    let rule_set = RuleSet::timed(queries);
    println!("{} rules; per event, allocations and their bytes\n", loaded.rules.len());
    println!("| file | form | read | events | hits | reading | bytes | matching | bytes |");
    println!("|---|---|---|--:|--:|--:|--:|--:|--:|");
    for file in &files {
        if let Err(error) = measure(file, &rule_set) {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
