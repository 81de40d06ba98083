//! One pass over all blocks, in order, on one thread: for commands that need nothing faster.

use dragnet_ingest::{Block, Form, Problem, Source};

use crate::scan::is_no_log;

/// Calls `each` with every block of the sources, texts being taken for the form that is given. What cannot be opened or cut is added to `problems`; what is
/// no log beside logs is passed over.
///
/// # Errors
/// The first error of `each`, which ends the pass.
pub(crate) fn each_block<E>(
    sources: &[Source],
    form: Option<Form>,
    problems: &mut Vec<Problem>,
    mut each: impl FnMut(&Block, &mut Vec<Problem>) -> Result<(), E>,
) -> Result<(), E> {
    for (number, source) in sources.iter().enumerate() {
        let blocks = match source.open_as(number as u32, form) {
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
