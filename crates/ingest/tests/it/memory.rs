//! What is remembered of values changes nothing: not what events come to, and not what cannot be read.

use std::collections::BTreeSet;

use dragnet_event::{Batch, EventRef, Field, FieldSink, Scalar, Schema, Time};
use dragnet_ingest::{EventSink, Memory, Options, Remembering, Source, discover};

use crate::support::corpora;

/// A batch, with or without a memory; events are kept by what they came to.
struct Rows {
    batch: Batch,
    memory: Option<Memory>,
    events: Vec<(EventRef, Option<Time>)>,
}

impl FieldSink for Rows {
    fn wants(&self, path: &str) -> bool {
        self.batch.wants(path)
    }
    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.batch.put(path, value);
    }
}

impl EventSink for Rows {
    fn end_event(&mut self, event: EventRef) {
        self.events.push((event, self.batch.pending_time()));
        self.batch.end_row(event);
    }
    fn abandon_event(&mut self) {
        self.batch.abandon_row();
    }
    fn remembering(&mut self) -> Option<Remembering<'_>> {
        Some(Remembering { batch: &mut self.batch, memory: self.memory.as_mut()? })
    }
}

/// Collects paths.
#[derive(Default)]
struct Paths(BTreeSet<String>);

impl FieldSink for Paths {
    fn wants(&self, _: &str) -> bool {
        true
    }
    fn put(&mut self, path: &str, _: Scalar<'_>) {
        self.0.insert(path.to_owned());
    }
}

impl EventSink for Paths {
    fn end_event(&mut self, _: EventRef) {}
    fn abandon_event(&mut self) {}
}

/// So many blocks of a source are read.
const BLOCKS: usize = 4;

/// Every event, with the values of all its columns, and every problem.
type Told = (Vec<String>, Vec<String>);

fn tell(source: &Source, options: &Options, columns: &[Field], memory: Option<Memory>) -> Told {
    let batch = Batch::new(columns, &Schema::open().field("@timestamp"));
    let mut rows = Rows { batch, memory, events: Vec::new() };
    let mut problems = Vec::new();
    // Twice, so that all is known that can be.
    for _ in 0..2 {
        for block in source.open_as(0, options.form).into_iter().flatten().flatten().take(BLOCKS) {
            block.read(options, &mut rows, &mut problems);
        }
    }
    let told = (0..).zip(&rows.events).map(|(row, (event, time))| {
        let columns =
            rows.batch.columns().iter().filter(|column| !column.row_codes(row).is_empty());
        let values = columns.map(|column| {
            let mut values: Vec<String> =
                column.row_values(row).map(|value| format!("{value:?}")).collect();
            values.sort_unstable();
            format!("{}: {values:?}", column.field().path())
        });
        format!("{event:?} {time:?} {:?}", values.collect::<Vec<_>>())
    });
    (told.collect(), problems.iter().map(ToString::to_string).collect())
}

/// Holds the two ways of reading to each other; gives the number of events.
fn check(source: &Source, all: bool) -> usize {
    let options = Options { complete: true, ..Options::default() };
    let mut paths = Paths::default();
    for block in source.open(0).into_iter().flatten().flatten().take(BLOCKS) {
        block.read(&options, &mut paths, &mut Vec::new());
    }
    let paths = paths.0.iter().enumerate().filter(|(number, _)| all || number % 3 > 0);
    let columns: Vec<Field> = paths.map(|(_, path)| Schema::open().field(path)).collect();
    let (known, problems) = tell(source, &options, &columns, Some(Memory::default()));
    let (read, expected) = tell(source, &options, &columns, None);
    assert_eq!(problems, expected, "{}", source.path());
    assert_eq!(known.len(), read.len(), "{}", source.path());
    for (known, read) in known.iter().zip(&read) {
        assert_eq!(known, read, "{}", source.path());
    }
    read.len()
}

#[test]
fn flat_records() {
    let lines: Vec<String> = (0..40)
        .map(|n| {
            let (port, user, record) = (1024 + n % 3, ["ann", "bob"][n % 2], n);
            let common = format!(
                r#""EventTime":"2024-03-02 10:00:0{}","Hostname":"WS{}","RecordNumber":{record},"Keywords":-9223372036854775808"#,
                n % 10,
                n % 4
            );
            match n % 5 {
                0 => format!(
                    r#"{{{common},"EventID":3,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","SourceIp":"10.1.2.3","SourcePort":"{port}","DestinationIp":"10.1.2.4","DestinationPort":443,"Protocol":"tcp","Image":"C:\\Tools\\{user}.exe","SourceModuleType":"im_msvistalog","AccountName":"SYSTEM","AccountType":"User","Domain":"NT AUTHORITY"}}"#
                ),
                1 => format!(
                    r#"{{{common},"EventID":4688,"SourceName":"Microsoft-Windows-Security-Auditing","Channel":"Security","SubjectUserName":"{user}","NewProcessName":"C:\\Windows\\System32\\cmd.exe","CommandLine":"cmd \"/c\"","ProcessId":"0x{port:x}","Message":"A new process\r\n\tof {record}","ExecutionProcessID":4,"ProcessID":"7"}}"#
                ),
                2 if n % 4 < 2 => format!(
                    r#"{{{common},"EventID":13,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","EventType":"SetValue","TargetObject":"HKLM\\Run\\{user}","Details":"{record}"}}"#
                ),
                2 => format!(r#"{{{common},"EventID":7045,"SourceName":"Service Control Manager","Channel":"System","ServiceName":"{user}","Extra":null,"On":true}}"#),
                3 => format!(r#"{{{common},"EventID":1,"Channel":"other","Nested":{{"a":1}},"Escaped":"\u00e9{user}"}}"#),
                _ => format!(r#"{{{common},"EventID":25,"SourceName":"Microsoft-Windows-Sysmon","Channel":"Microsoft-Windows-Sysmon/Operational","Type":"Image is replaced","Message":"{}","User":"A\\{user}"}}"#, ["", "text"][n % 2]),
            }
        })
        .chain(["{\"EventID\":1,\"Channel\":\"open".to_owned()])
        .collect();
    let source = Source::from_bytes("lines", lines.join("\n").into_bytes());
    assert_eq!((check(&source, true), check(&source, false)), (80, 80));
}

#[test]
fn corpus() {
    let Some(corpora) = corpora() else { return };
    let (sources, _) = discover(&[corpora.join("events"), corpora.join("bench")]);
    let mut events = 0;
    for (number, source) in sources.iter().enumerate() {
        events += check(source, number % 2 == 0);
    }
    assert!(events > 5_000, "{events}");
}
