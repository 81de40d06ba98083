//! A sink that keeps documents, and reading a source to its end.

use std::io::Write as _;
use std::path::PathBuf;

use dragnet_event::{Document, EventRef, FieldSink, Scalar};
use dragnet_ingest::{EventSink, Options, Problem, Severity, Source, Stage};

/// Keeps every event as a document.
#[derive(Default)]
pub(crate) struct Collect {
    current: Document,
    pub(crate) events: Vec<(EventRef, Document)>,
}

impl FieldSink for Collect {
    fn wants(&self, _: &str) -> bool {
        true
    }
    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.current.put(path, value);
    }
    fn mark_array(&mut self, path: &str) {
        self.current.mark_array(path);
    }
}

impl EventSink for Collect {
    fn end_event(&mut self, event: EventRef) {
        self.events.push((event, std::mem::take(&mut self.current)));
    }
    fn abandon_event(&mut self) {
        self.current = Document::new();
    }
}

/// Wants nothing, counts.
#[derive(Default)]
pub(crate) struct Count(pub(crate) usize);

impl FieldSink for Count {
    fn wants(&self, _: &str) -> bool {
        false
    }
    fn put(&mut self, _: &str, _: Scalar<'_>) {}
}

impl EventSink for Count {
    fn end_event(&mut self, _: EventRef) {
        self.0 += 1;
    }
    fn abandon_event(&mut self) {}
}

pub(crate) const AGENT: Options =
    Options { complete: false, form: None, stage: Stage::Agent, flavor: dragnet_ecs::Flavor::Logs };

/// Everything a source gives.
pub(crate) struct Read {
    pub(crate) events: Vec<(EventRef, Document)>,
    pub(crate) problems: Vec<Problem>,
    pub(crate) blocks: usize,
}

impl Read {
    /// The texts at this path, `-` where an event has none.
    pub(crate) fn texts(&self, path: &str) -> Vec<&str> {
        self.events.iter().map(|(_, doc)| doc.get_str(path).unwrap_or("-")).collect()
    }

    pub(crate) fn messages(&self) -> Vec<String> {
        self.problems.iter().map(ToString::to_string).collect()
    }
}

/// Reads a source to its end, and checks what must hold for every source: counts are those of the
/// sink, and every event can be rendered.
pub(crate) fn read(source: &Source) -> Read {
    let mut sink = Collect::default();
    let mut problems = Vec::new();
    let mut blocks = 0;
    match source.open(7) {
        Err(problem) => problems.push(problem),
        Ok(iter) => {
            for block in iter {
                match block {
                    Err(problem) => problems.push(problem),
                    Ok(block) => {
                        let (before, named) = (sink.events.len(), problems.len());
                        let count = block.read(&AGENT, &mut sink, &mut problems);
                        assert_eq!(count.events as usize, sink.events.len() - before);
                        let failed = |p: &&Problem| p.severity() == Severity::Record;
                        assert_eq!(
                            count.failed as usize,
                            problems[named..].iter().filter(failed).count()
                        );
                        assert_eq!((block.source(), block.number() as usize), (7, blocks));
                        blocks += 1;
                        let indices: Vec<u32> =
                            sink.events[before..].iter().map(|(event, _)| event.index).collect();
                        let rendered = block.render(&AGENT, &indices);
                        let rendered: Vec<u32> =
                            rendered.into_iter().map(|(index, _)| index).collect();
                        assert_eq!(rendered, indices, "{}", block.path());
                    }
                }
            }
        }
    }
    Read { events: sink.events, problems, blocks }
}

pub(crate) fn read_bytes(bytes: impl Into<Vec<u8>>) -> Read {
    read(&Source::from_bytes("test", bytes.into()))
}

/// The test material, or `None` with a message.
pub(crate) fn corpora() -> Option<PathBuf> {
    let given = std::env::var_os("DRAGNET_CORPORA").map(PathBuf::from);
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let beside = root.ancestors().map(|folder| folder.join("../shared/corpora"));
    let found = given.into_iter().chain(beside).find(|path| path.is_dir());
    if found.is_none() {
        // Not through a macro, whose output the test harness would keep to itself.
        let mut stderr = std::io::stderr();
        writeln!(stderr, "skipped: ../shared/corpora is not here").unwrap();
    }
    found
}

/// An event as Windows exports it.
pub(crate) fn event_xml(id: u32, data: &str) -> String {
    format!(
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System>\
         <Provider Name='Test' Guid='{{00000000-0000-0000-0000-00000000000a}}'/>\
         <EventID>{id}</EventID><TimeCreated SystemTime='2024-05-06T07:08:09.123Z'/>\
         <EventRecordID>{id}</EventRecordID><Channel>Test/Operational</Channel>\
         <Computer>host1</Computer><Security/></System>\
         <EventData><Data Name='Value'>{data}</Data></EventData></Event>"
    )
}
