//! Reads bytes as a file, and holds what reading and rendering say against each other.

use dragnet_event::{Batch, Field, Schema};
use dragnet_ingest::{Form, Options, Source};

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
    let mut batch = Batch::new(&fields, &Schema::open().field("@timestamp"));
    let options = Options { form, ..Options::default() };
    let mut problems = Vec::new();
    for block in blocks.flatten() {
        batch.clear();
        let count = block.read(&options, &mut batch, &mut problems);
        assert_eq!(count.events as usize, batch.len());
        let indices: Vec<u32> =
            (0..batch.len() as u32).map(|row| batch.event_ref(row).index).collect();
        assert_eq!(block.render(&options, &indices).len(), indices.len());
    }
}
