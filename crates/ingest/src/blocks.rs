//! Blocks: a source cut into pieces that can be read on any thread.

use std::sync::Arc;

use crate::block::Block;
use crate::cut::{Chunks, Cut, is_evtx};
use crate::format::Form;
use crate::input::Input;
use crate::problem::{Problem, Reason};
use crate::unpack::{Limits, Opened, bytes_read, open_input, open_member};
use crate::zip::Zip;

/// The blocks of a source, in order. Cutting them is sequential and cheap; reading them is neither.
///
/// After an error there may be more: the other members of an archive, the rest of a file.
pub struct Blocks {
    source: u32,
    next_number: u32,
    input: Input,
    /// Whether a block can be read without those before it.
    has_places: bool,
    limits: Limits,
    archives: Vec<Archive>,
    current: Option<(Arc<str>, Box<dyn Cut>)>,
}

struct Archive {
    path: Arc<str>,
    zip: Zip,
}

impl std::fmt::Debug for Blocks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Blocks { source, next_number, .. } = self;
        f.debug_struct("Blocks").field("source", source).field("next", next_number).finish()
    }
}

impl Blocks {
    pub(crate) fn open(
        input: &Input,
        path: Arc<str>,
        source: u32,
        form: Option<Form>,
    ) -> Result<Blocks, Reason> {
        let limits = Limits::new(input.len().map_err(Reason::Io)?, form);
        let opened = open_input(input, &limits)?;
        let has_places = is_evtx(input);
        let (input, archives) = (input.clone(), Vec::new());
        let mut blocks =
            Blocks { source, next_number: 0, input, has_places, limits, archives, current: None };
        blocks.enter(opened, path);
        Ok(blocks)
    }

    /// Goes on with the block of this number, which was at this place ([`Block::place`]) when the source was read
    /// before. Where that cannot be done without reading what comes before it, nothing happens.
    pub fn skip_to(&mut self, number: u32, place: u64) {
        if let Some((_, cut)) = &mut self.current
            && self.has_places
            && number > self.next_number
        {
            *cut = Box::new(Chunks::at(&self.input, place));
            self.next_number = number;
        }
    }

    /// How many bytes of the source were read so far, of [`Source::bytes`](crate::Source::bytes).
    /// Of an archive, what its directory takes is not counted.
    pub fn bytes_read(&self) -> u64 {
        bytes_read(&self.limits)
    }

    fn enter(&mut self, opened: Opened, path: Arc<str>) {
        match opened {
            Opened::Empty => {}
            Opened::Records(cut) => self.current = Some((path, cut)),
            Opened::Archive(zip) => self.archives.push(Archive { path, zip }),
        }
    }

    /// Opens the next member of the innermost archive; `Ok(false)` if there is none in any.
    fn next_member(&mut self) -> Result<bool, Problem> {
        let level = self.archives.len();
        let Some(archive) = self.archives.last_mut() else { return Ok(false) };
        let problem =
            |path: &Arc<str>, reason| Problem { path: Arc::clone(path), place: None, reason };
        let member = match archive.zip.next() {
            Ok(Some(Ok(member))) => member,
            Ok(Some(Err(error))) => return Err(problem(&archive.path, error.into())),
            Ok(None) => {
                self.archives.pop();
                return Ok(true);
            }
            Err(error) => {
                let problem = problem(&archive.path, Reason::Io(error));
                self.archives.pop();
                return Err(problem);
            }
        };
        let path: Arc<str> = format!("{}:{}", archive.path, member.name).into();
        let opened = open_member(&archive.zip, &member, level, &self.limits)
            .map_err(|reason| problem(&path, reason))?;
        self.enter(opened, path);
        Ok(true)
    }
}

impl Iterator for Blocks {
    type Item = Result<Block, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some((path, cut)) = &mut self.current {
                match cut.next() {
                    Some(Ok(piece)) => {
                        let number = self.next_number;
                        self.next_number += 1;
                        let path = Arc::clone(path);
                        let place = piece.offset().filter(|_| self.has_places);
                        let source = self.source;
                        return Some(Ok(Block { source, number, place, path, piece }));
                    }
                    Some(Err((place, reason))) => {
                        let path = Arc::clone(path);
                        return Some(Err(Problem { path, place, reason }));
                    }
                    None => self.current = None,
                }
            }
            match self.next_member() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(problem) => return Some(Err(problem)),
            }
        }
    }
}
