//! One pass over all blocks, in order, on one thread: for commands that need nothing faster.

use dragnet_ingest::{Block, Problem, Source};

use crate::scan::is_beside_logs;

/// Calls `each` with every block of the sources. What cannot be opened or cut is added to `problems`; files of
/// folders that are no logs are passed over.
///
/// # Errors
/// The first error of `each`, which ends the pass.
pub(crate) fn each_block<E>(
    sources: &[Source],
    problems: &mut Vec<Problem>,
    mut each: impl FnMut(&Block, &mut Vec<Problem>) -> Result<(), E>,
) -> Result<(), E> {
    for (number, source) in sources.iter().enumerate() {
        let blocks = match source.open(number as u32) {
            Ok(blocks) => blocks,
            Err(problem) if source.is_from_folder() && is_beside_logs(&problem) => continue,
            Err(problem) => {
                problems.push(problem);
                continue;
            }
        };
        for block in blocks {
            match block {
                Ok(block) => each(&block, problems)?,
                Err(problem) => problems.push(problem),
            }
        }
    }
    Ok(())
}
