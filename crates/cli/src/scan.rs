//! The pipeline: sources, blocks, batches, hits; on any number of threads, with one outcome.
//!
//! Workers take blocks from one place, one at a time, so that a single large file keeps all of them
//! busy and no more is in memory than they work on. Every event has an address (source, block,
//! index); whatever depends on order is sorted by it at the end.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use dragnet_detect::{EventIdentity, identify};
use dragnet_engine::{Hits, Matcher, RuleSet};
use dragnet_event::{Batch, Document, EventRef, Field, FieldSink, Handle, Scalar, Time};
use dragnet_ingest::{
    Block, Blocks, EventSink, Form, Memory, Options, Problem, Reason, Remembering, Source,
};

use crate::args::{Evaluator, InputArgs};
use crate::by_row::ByRow;
use crate::interest::OfRules;
use crate::progress::Progress;

/// Events in a batch, about: a block is never split.
const BATCH_EVENTS: usize = 8192;
/// Bytes of blocks that go into one batch, about.
const BATCH_BYTES: usize = 16 << 20;

/// Events that are worth a thread when they are read again.
const EVENTS_PER_THREAD: usize = 64;

/// What to read, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    /// The sources; their order gives them their numbers.
    pub(crate) sources: &'a [Source],
    /// The number of the first source.
    pub(crate) first: u32,
    /// How records are read and normalised.
    pub(crate) options: &'a Options,
    /// The field that an event's time is in.
    pub(crate) time_field: &'a Field,
    /// Events before this time are left out.
    pub(crate) from: Option<Time>,
    /// Events at or after this time are left out.
    pub(crate) to: Option<Time>,
    /// How many threads work.
    pub(crate) threads: usize,
}

impl<'a> Scan<'a> {
    /// All events of these sources in the time that was asked for.
    pub(crate) fn new(
        sources: &'a [Source],
        input: &InputArgs,
        options: &'a Options,
        time_field: &'a Field,
        threads: usize,
    ) -> Scan<'a> {
        Scan { sources, first: 0, options, time_field, from: input.from, to: input.to, threads }
    }

    /// The same of logs from before, of any time; their sources are numbered behind these.
    pub(crate) fn history(&self, sources: &'a [Source]) -> Scan<'a> {
        let first = self.first + self.sources.len() as u32;
        Scan { sources, first, from: None, to: None, ..*self }
    }
}

/// An event that is shown.
#[derive(Debug, Clone)]
pub(crate) struct ShownEvent {
    pub(crate) document: Document,
    /// The file that it is from; of an archive, the member.
    pub(crate) path: String,
    pub(crate) identity: EventIdentity,
}

/// Places of blocks, by source and number.
pub(crate) type Places = BTreeMap<(u32, u32), u64>;

/// What a scan came to.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// All hits.
    pub(crate) hits: Hits,
    /// The events that were fetched to be shown.
    pub(crate) events: BTreeMap<EventRef, ShownEvent>,
    /// Where blocks are, by source and number, if that helps to read them again.
    pub(crate) places: Places,
    /// Whether there are blocks without a place.
    pub(crate) placeless: bool,
    /// What could not be read, ordered by source.
    pub(crate) problems: Vec<Problem>,
    /// Files found in folders that are no logs.
    pub(crate) skipped: Vec<String>,
    /// Events that were read, those outside `from` and `to` included.
    pub(crate) event_count: u64,
    /// The same by form, in the order of [`Form::ALL`].
    pub(crate) forms: [u64; Form::ALL.len()],
    /// Events without a time that can be read: sequences cannot use them, nor can `from` and `to`.
    pub(crate) timeless: u64,
    /// Times that an event had too many values for all their combinations to be looked at.
    pub(crate) overflows: u64,
}

impl Outcome {
    /// Adds what another scan, or another thread, has found.
    pub(crate) fn add(&mut self, more: Outcome) {
        self.hits.append(more.hits);
        self.events.extend(more.events);
        self.places.extend(more.places);
        self.placeless |= more.placeless;
        self.problems.extend(more.problems);
        self.skipped.extend(more.skipped);
        self.event_count += more.event_count;
        for (all, more) in self.forms.iter_mut().zip(more.forms) {
            *all += more;
        }
        self.timeless += more.timeless;
        self.overflows += more.overflows;
    }
}

/// Hands out blocks, source by source.
struct Feed<'a> {
    sources: std::iter::Enumerate<std::slice::Iter<'a, Source>>,
    current: Option<(usize, Blocks)>,
    /// The number of the first source.
    first: u32,
    form: Option<Form>,
    /// Bytes of the sources that are done.
    done: u64,
    /// How many have been handed out.
    handed: u64,
}

/// What [`Feed::next`] gives.
struct Fed {
    source: usize,
    /// The place in the order of what is handed out.
    number: u64,
    /// Bytes read of all sources.
    read: u64,
    block: Result<Block, Problem>,
}

impl Feed<'_> {
    fn next(&mut self) -> Option<Fed> {
        let (source, read, block) = self.advance()?;
        self.handed += 1;
        Some(Fed { source, number: self.handed, read, block })
    }

    fn advance(&mut self) -> Option<(usize, u64, Result<Block, Problem>)> {
        loop {
            if let Some((number, blocks)) = &mut self.current {
                let block = blocks.next();
                let read = self.done + blocks.bytes_read();
                if let Some(block) = block {
                    return Some((*number, read, block));
                }
                self.done = read;
                self.current = None;
            }
            let (number, source) = self.sources.next()?;
            match source.open_as(self.first + number as u32, self.form) {
                Ok(blocks) => self.current = Some((number, blocks)),
                Err(problem) => return Some((number, self.done, Err(problem))),
            }
        }
    }
}

/// A batch that takes only events of a time that is wanted.
pub(crate) struct Window<'a> {
    pub(crate) batch: &'a mut Batch,
    /// The batch's own, if it is filled often enough for one.
    pub(crate) memory: Option<&'a mut Memory>,
    pub(crate) from: Option<Time>,
    pub(crate) to: Option<Time>,
    /// Events without a time so far.
    pub(crate) timeless: u64,
}

impl FieldSink for Window<'_> {
    fn wants(&self, path: &str) -> bool {
        self.batch.wants(path)
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.batch.put(path, value);
    }

    fn resolve(&self, path: &str) -> Handle {
        self.batch.resolve(path)
    }

    fn put_at(&mut self, handle: Handle, path: &str, value: Scalar<'_>) {
        self.batch.put_at(handle, path, value);
    }

    fn put_null(&mut self, path: &str) {
        self.batch.put_null(path);
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        self.batch.put_object(path, members);
    }

    fn wants_objects(&self, path: &str) -> bool {
        self.batch.wants_objects(path)
    }

    fn put_object_json(&mut self, path: &str, json: &str) {
        self.batch.put_object_json(path, json);
    }
}

impl EventSink for Window<'_> {
    fn end_event(&mut self, event: EventRef) {
        self.timeless += u64::from(self.batch.pending_time().is_none());
        if is_within(self.batch.pending_time(), self.from, self.to) {
            self.batch.end_row(event);
        } else {
            self.batch.abandon_row();
        }
    }

    fn abandon_event(&mut self) {
        self.batch.abandon_row();
    }

    fn remembering(&mut self) -> Option<Remembering<'_>> {
        Some(Remembering { batch: self.batch, memory: self.memory.as_deref_mut()? })
    }
}

/// Whether an event of this time is looked at; one without a time is, unless times are asked for.
pub(crate) fn is_within(time: Option<Time>, from: Option<Time>, to: Option<Time>) -> bool {
    match time {
        Some(time) => from.is_none_or(|from| time >= from) && to.is_none_or(|to| time < to),
        None => from.is_none() && to.is_none(),
    }
}

/// Whether a problem is none: something that was found beside logs, in a folder or an archive, is in no format that
/// is read and does not look as if it should be. A damaged `Security.evtx` is a loss, a `README.md` is not; and what was
/// named is meant.
pub(crate) fn is_no_log(source: &Source, problem: &Problem) -> bool {
    const LOGS: &[&str] = &[".evtx", ".xml", ".json", ".ndjson", ".jsonl", ".log"];
    let is_found = source.is_from_folder() || *problem.path != *source.path();
    let path = problem.path.to_ascii_lowercase();
    // What archives made on a Mac hold besides each file, under its name.
    let is_shadow = path.contains("__macosx/");
    is_found
        && matches!(problem.reason, Reason::UnknownFormat(_))
        && (is_shadow || !LOGS.iter().any(|end| path.ends_with(end)))
}

/// Whether a batch of events that were read from so many bytes is to be matched.
pub(crate) fn is_full(batch: &Batch, read_bytes: usize) -> bool {
    batch.len() >= BATCH_EVENTS || read_bytes >= BATCH_BYTES
}

/// Matches the batch and empties it; gives the hits.
fn flush(matcher: &mut Matcher<'_>, batch: &mut Batch) -> Hits {
    let mut hits = Vec::new();
    matcher.run(batch, &mut |hit| hits.push(hit));
    batch.clear();
    Hits::pack(hits)
}

/// What one worker has found; problems with the place of their block in the order of reading.
#[derive(Default)]
struct Found {
    outcome: Outcome,
    problems: Vec<(u64, Problem)>,
}

impl Scan<'_> {
    /// Reads everything and matches it.
    pub(crate) fn run(
        &self,
        rules: &RuleSet,
        evaluator: Evaluator,
        progress: &Progress,
    ) -> Outcome {
        let sources = self.sources.iter().enumerate();
        let form = self.options.form;
        let first = self.first;
        let feed = Feed { sources, current: None, first, form, done: 0, handed: 0 };
        let feed = Mutex::new(feed);
        let event_count = AtomicU64::new(0);
        let interest = OfRules::new(rules);
        let found: Vec<Found> = std::thread::scope(|scope| {
            let work = || self.work(rules, &interest, evaluator, &feed, &event_count, progress);
            let others: Vec<_> = (1..self.threads).map(|_| scope.spawn(work)).collect();
            let mut found = vec![work()];
            for other in others {
                match other.join() {
                    Ok(more) => found.push(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
            found
        });
        let mut outcome = Outcome::default();
        let mut problems = Vec::new();
        for one in found {
            outcome.add(one.outcome);
            problems.extend(one.problems);
        }
        outcome.event_count = event_count.into_inner();
        outcome.skipped.sort_unstable();
        problems.sort_by_key(|(number, _)| *number);
        outcome.problems = problems.into_iter().map(|(_, problem)| problem).collect();
        outcome
    }

    fn work(
        &self,
        rules: &RuleSet,
        interest: &Arc<OfRules>,
        evaluator: Evaluator,
        feed: &Mutex<Feed<'_>>,
        event_count: &AtomicU64,
        progress: &Progress,
    ) -> Found {
        let mut found = Found::default();
        let mut batch = Batch::new(rules.fields(), self.time_field);
        let mut memory = Memory::new(interest.clone());
        let mut matcher = Matcher::new(rules);
        let mut by_row = (evaluator == Evaluator::Reference).then(|| ByRow::new(rules));
        let mut read_bytes = 0;
        loop {
            let next = feed.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some(Fed { source, number, read, block }) = next else { break };
            match block {
                Ok(block) => {
                    let mut problems = Vec::new();
                    let (from, to) = (self.from, self.to);
                    let (batch, memory) = (&mut batch, Some(&mut memory));
                    let mut window = Window { batch, memory, from, to, timeless: 0 };
                    let read_count = match &mut by_row {
                        None => block.read(self.options, &mut window, &mut problems),
                        Some(by_row) => {
                            let count = by_row.read(self, &block, &mut problems);
                            found.outcome.hits.append(Hits::pack(by_row.take()));
                            count
                        }
                    };
                    let count = u64::from(read_count.events);
                    for (all, more) in found.outcome.forms.iter_mut().zip(read_count.forms) {
                        *all += u64::from(more);
                    }
                    found.outcome.timeless += window.timeless;
                    let id = (block.source(), block.number());
                    match block.place() {
                        Some(place) => _ = found.outcome.places.insert(id, place),
                        None => found.outcome.placeless = true,
                    }
                    found.problems.extend(problems.into_iter().map(|p| (number, p)));
                    let total = event_count.fetch_add(count, Ordering::Relaxed) + count;
                    progress.advance(source, read, total);
                    read_bytes += block.bytes();
                }
                Err(problem) if is_no_log(&self.sources[source], &problem) => {
                    found.outcome.skipped.push(problem.path.to_string());
                }
                Err(problem) => found.problems.push((number, problem)),
            }
            if is_full(&batch, read_bytes) {
                found.outcome.hits.append(flush(&mut matcher, &mut batch));
                read_bytes = 0;
            }
        }
        found.outcome.hits.append(flush(&mut matcher, &mut batch));
        found.outcome.overflows = matcher.overflows();
        if let Some(by_row) = by_row {
            found.outcome.timeless += by_row.timeless;
            found.outcome.overflows += by_row.overflows();
        }
        found
    }

    /// The events of one block.
    fn render(&self, block: &Block, events: &[EventRef]) -> Vec<(EventRef, ShownEvent)> {
        let indices: Vec<u32> = events.iter().map(|event| event.index).collect();
        let rendered = block.render(self.options, &indices);
        rendered
            .into_iter()
            .map(|(index, mut document)| {
                let event = EventRef { source: block.source(), block: block.number(), index };
                let identity = identify(&mut document);
                (event, ShownEvent { document, identity, path: block.path().to_owned() })
            })
            .collect()
    }

    /// Reads again what is needed to show these events and is not known yet; those of other sources are left
    /// alone. Gives the number of events that could not be read again: the file has changed.
    pub(crate) fn fetch(
        &self,
        mut wanted: Vec<EventRef>,
        places: &Places,
        known: &mut BTreeMap<EventRef, ShownEvent>,
    ) -> usize {
        let own = self.first..self.first + self.sources.len() as u32;
        wanted.retain(|event| own.contains(&event.source) && !known.contains_key(event));
        let mut missing = wanted;
        missing.sort_unstable();
        missing.dedup();
        let jobs = Mutex::new(missing.chunk_by(|a, b| a.source == b.source).flat_map(|wanted| {
            let number = wanted[0].source;
            let source = &self.sources[(number - self.first) as usize];
            let mut blocks = source.open_as(number, self.options.form).ok();
            let parts = wanted.chunk_by(|a, b| a.block == b.block);
            parts.map_while(move |part| {
                let blocks = blocks.as_mut()?;
                let block = part[0].block;
                if let Some(place) = places.get(&(number, block)) {
                    blocks.skip_to(block, *place);
                }
                blocks
                    .filter_map(Result::ok)
                    .find(|one| one.number() == block)
                    .map(|one| (one, part))
            })
        }));
        let work = || {
            let mut rendered = Vec::new();
            loop {
                let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).next();
                let Some((block, part)) = job else { break rendered };
                rendered.extend(self.render(&block, part));
            }
        };
        std::thread::scope(|scope| {
            // A thread for a handful of events would cost more than it brings.
            let others = self.threads.min(missing.len() / EVENTS_PER_THREAD).saturating_sub(1);
            let others: Vec<_> = (0..others).map(|_| scope.spawn(work)).collect();
            known.extend(work());
            for other in others {
                match other.join() {
                    Ok(more) => known.extend(more),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        missing.iter().filter(|event| !known.contains_key(event)).count()
    }
}
