//! Reads bytes as a file, and holds what reading, with and without a memory, and rendering say against each other.

use dragnet_event::{Batch, Field, Schema};
use dragnet_ingest::{Form, Memory, Options, Problem, Remembering, Source};

#[allow(dead_code, reason = "not every target uses both")]
pub fn check(bytes: Vec<u8>) {
    check_as(bytes, None);
}

/// The same for a form that is given.
#[allow(dead_code, reason = "not every target uses both")]
pub fn check_as(bytes: Vec<u8>, form: Option<Form>) {
    let source = Source::from_bytes("fuzz", bytes);
    let Ok(blocks) = source.open_as(0, form) else { return };
    let fields = ["event.code", "process.name", "process.args", "winlog.event_data.a", "a"];
    let fields: Vec<Field> = fields.into_iter().map(Field::any).collect();
    let new = || Batch::new(&fields, &Schema::open().field("@timestamp"));
    let mut batch = new();
    let (mut known, mut memory) = (new(), Memory::default());
    let options = Options { form, ..Options::default() };
    for block in blocks.flatten() {
        batch.clear();
        let mut problems = Vec::new();
        let count = block.read(&options, &mut batch, &mut problems);
        assert_eq!(count.events as usize, batch.len());
        let indices: Vec<u32> =
            (0..batch.len() as u32).map(|row| batch.event_ref(row).index).collect();
        assert_eq!(block.render(&options, &indices).len(), indices.len());
        // The second time, whatever can be known is.
        for _ in 0..2 {
            known.clear();
            let mut others = Vec::new();
            let mut sink = Remembering { batch: &mut known, memory: &mut memory };
            assert_eq!(block.read(&options, &mut sink, &mut others), count);
            assert_eq!(messages(&others), messages(&problems));
            assert_eq!(rows(&known), rows(&batch));
        }
    }
}

fn messages(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// Every event's time, and its values by column.
fn rows(batch: &Batch) -> Vec<String> {
    let row = |row: u32| {
        let columns = batch.columns().iter().map(|column| {
            let mut values: Vec<String> =
                column.row_values(row).map(|value| format!("{value:?}")).collect();
            values.sort_unstable();
            values
        });
        format!("{:?} {:?}", batch.time(row), columns.collect::<Vec<_>>())
    };
    (0..batch.len() as u32).map(row).collect()
}
