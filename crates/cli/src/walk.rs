//! One pass over all blocks, in order, on one thread: for commands that need nothing faster.

use dragnet_event::{Document, DocumentBuilder, EventRef, FieldSink, Scalar};
use dragnet_ingest::{Block, EventSink, Form, Problem, Source};

use crate::scan::is_no_log;

/// Calls `each` with every block of the sources, texts being taken for the form that is given. What cannot be
/// opened or cut is added to `problems`; what is no log beside logs is passed over.
///
/// # Errors
/// The first error of `each`, which ends the pass.
pub(crate) fn each_block<E>(
    sources: &[Source],
    form: Option<Form>,
    problems: &mut Vec<Problem>,
    each: impl FnMut(&Block, &mut Vec<Problem>) -> Result<(), E>,
) -> Result<(), E> {
    each_block_from(0, sources, form, problems, each)
}

/// The same, the first source having this number.
///
/// # Errors
/// The first error of `each`, which ends the pass.
pub(crate) fn each_block_from<E>(
    first: u32,
    sources: &[Source],
    form: Option<Form>,
    problems: &mut Vec<Problem>,
    mut each: impl FnMut(&Block, &mut Vec<Problem>) -> Result<(), E>,
) -> Result<(), E> {
    for (number, source) in sources.iter().enumerate() {
        let blocks = match source.open_as(first + number as u32, form) {
            Ok(blocks) => blocks,
            Err(problem) if is_no_log(source, &problem) => continue,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for block in blocks {
            match block {
                Ok(block) => each(&block, problems)?,
                Err(problem) if is_no_log(source, &problem) => {}
                Err(problem) => problems.push(problem),
            }
        }
    }
    Ok(())
}

/// Puts each event together as a document, and hands it over as soon as it is complete.
pub(crate) struct Documents<F> {
    builder: DocumentBuilder,
    each: F,
}

impl<F: FnMut(Document)> Documents<F> {
    pub(crate) fn new(each: F) -> Documents<F> {
        Documents { builder: DocumentBuilder::new(), each }
    }
}

impl<F> FieldSink for Documents<F> {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        self.builder.put(path, value);
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        self.builder.put_object(path, members);
    }

    fn mark_array(&mut self, path: &str) {
        self.builder.mark_array(path);
    }
}

impl<F: FnMut(Document)> EventSink for Documents<F> {
    fn end_event(&mut self, _event: EventRef) {
        (self.each)(self.builder.finish());
    }

    fn abandon_event(&mut self) {
        self.builder.clear();
    }
}
