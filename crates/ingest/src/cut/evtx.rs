//! EVTX: a chunk per piece.

use std::io::Read;

use memchr::memmem;

use crate::cut::{Content, Cut, Fault, Piece, Stream};
use crate::input::{Input, Section};
use crate::problem::{Place, Reason};

/// The size of a chunk.
const CHUNK: usize = 64 << 10;

static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// How the file's header starts.
const MAGIC: &[u8] = b"ElfFile\0";
/// How a chunk starts.
const CHUNK_MAGIC: &[u8] = b"ElfChnk\0";
/// Where it has the number of chunks.
const COUNT: usize = 42;
/// Where it has its version's larger part, and its own size; and what these are.
const VERSION: [u8; 4] = [3, 0, 0, 0x10];
const VERSION_AT: usize = 38;
/// The size of a header.
const HEADER: usize = 4 << 10;

/// Whether a file's header starts here; the magic bytes alone may stand in an event.
fn is_header(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
        && bytes.get(VERSION_AT..VERSION_AT + VERSION.len()) == Some(&VERSION[..])
}

/// Whether this is an EVTX file itself, not a packed one, say.
pub(crate) fn is_evtx(input: &Input) -> bool {
    let mut magic = Vec::with_capacity(MAGIC.len());
    let mut head = Section::new(input.clone(), 0, MAGIC.len() as u64);
    head.read_to_end(&mut magic).is_ok() && magic == MAGIC
}

/// Where the next header is in these bytes.
fn find_header(bytes: &[u8]) -> Option<usize> {
    // Between two chunks as far apart as chunks are, a file can start nowhere but just before the second, after files
    // without chunks perhaps.
    let (chunk, next) = bytes.split_at(CHUNK.min(bytes.len()));
    if chunk.starts_with(CHUNK_MAGIC) && next.starts_with(CHUNK_MAGIC) {
        return (HEADER..CHUNK).step_by(HEADER).find(|at| is_header(&chunk[*at..]));
    }
    memmem::find_iter(bytes, MAGIC).find(|at| is_header(&bytes[*at..]))
}

/// Cuts an EVTX file. The file's header says how many chunks there are, and says too few where the log was
/// not closed, so there are as many chunks as there are bytes for; if there are fewer than it says, the file
/// was cut short. Files that were put one behind the other are read one after the other, wherever the next header
/// stands; a chunk that it stands in is cut short. Chunks that hold only zeros have never been written and give nothing.
pub(crate) struct Chunks {
    stream: Stream,
    header: usize,
    /// Chunks so far, and how many the header announces.
    count: usize,
    announced: usize,
}

impl Chunks {
    /// Chunks that start after `header` bytes.
    pub(crate) fn new(stream: Stream, header: u64) -> Chunks {
        Chunks { stream, header: header as usize, count: 0, announced: 0 }
    }

    /// Chunks of a file from a place on where there was one.
    pub(crate) fn at(input: &Input, place: u64) -> Chunks {
        let rest = Section::new(input.clone(), place, u64::MAX);
        let mut stream = Stream::new(Box::new(rest));
        stream.offset = place;
        Chunks::new(stream, 0)
    }

    fn skip_header(&mut self) -> Result<(), Fault> {
        let need = std::mem::take(&mut self.header);
        self.stream.fill(need);
        let have = need.min(self.stream.buf.len());
        let header = self.stream.take(have);
        if have < need {
            return Err((Some(Place::Byte(have as u64)), Reason::ShortHeader));
        }
        // A damaged header announces nothing.
        if let (true, Some(&[low, high])) =
            (header.starts_with(MAGIC), header.get(COUNT..COUNT + 2))
        {
            self.announced = u16::from_le_bytes([low, high]).into();
        }
        if have < need {
            Err((Some(Place::Byte(have as u64)), Reason::ShortHeader))
        } else {
            Ok(())
        }
    }

    /// What is missing at the end of the stream, once.
    fn end(&mut self) -> Option<Fault> {
        if let Some(fault) = self.stream.take_fault() {
            self.announced = 0;
            return Some(fault);
        }
        self.missing()
    }

    /// What is missing of the file that ends here, once.
    fn missing(&mut self) -> Option<Fault> {
        let announced = std::mem::take(&mut self.announced);
        let missing = self.count < announced;
        missing.then(|| {
            let reason = Reason::MissingChunks { have: self.count, need: announced };
            (Some(Place::Byte(self.stream.offset)), reason)
        })
    }
}

impl Cut for Chunks {
    fn next(&mut self) -> Option<Result<Piece, Fault>> {
        loop {
            if self.header > 0
                && let Err(fault) = self.skip_header()
            {
                return Some(Err(fault));
            }
            self.stream.fill(CHUNK + HEADER);
            let len = CHUNK.min(self.stream.buf.len());
            let header = find_header(&self.stream.buf);
            if header == Some(0) {
                // The next file.
                if let Some(fault) = self.missing() {
                    return Some(Err(fault));
                }
                (self.header, self.count) = (HEADER, 0);
                continue;
            }
            let len = header.map_or(len, |header| len.min(header));
            if len == 0 {
                return self.end().map(Err);
            }
            let offset = self.stream.offset;
            let data = self.stream.take(len);
            self.count += 1;
            if *data != ZEROS[..len] {
                return Some(Ok(Piece { content: Content::Chunk { offset }, data }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file that announces so many chunks, and has these, each of one byte.
    fn file(announced: u8, chunks: &[u8]) -> Vec<u8> {
        let mut file = MAGIC.to_vec();
        file.resize(HEADER, 0);
        file[VERSION_AT..VERSION_AT + VERSION.len()].copy_from_slice(&VERSION);
        file[COUNT] = announced;
        for byte in chunks {
            file.resize(file.len() + CHUNK, *byte);
        }
        file
    }

    #[track_caller]
    fn check(bytes: Vec<u8>, expected: &[&str]) {
        let stream = Stream::new(Box::new(std::io::Cursor::new(bytes)));
        let mut chunks = Chunks::new(stream, HEADER as u64);
        let pieces = std::iter::from_fn(|| chunks.next()).map(|piece| match piece {
            Ok(Piece { data, .. }) => format!("{} {}", data[0] as char, data.len()),
            Err((_, reason)) => reason.to_string(),
        });
        assert_eq!(pieces.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn files_behind_each_other() {
        let (first, second) = (file(2, b"ab"), file(1, b"c"));
        check([&*first, &*second].concat(), &["a 65536", "b 65536", "c 65536"]);
        let short = "the file is cut short: 1 of the 2 chunks that its header announces are there";
        check([&first[..HEADER + CHUNK], &*second].concat(), &["a 65536", short, "c 65536"]);
        let cut = [&first[..first.len() - 60_000], &*second].concat();
        check(cut, &["a 65536", "b 5536", "c 65536"]);
        check(
            [&*first, &second[..100]].concat(),
            &["a 65536", "b 65536", "the file ends within its header: it is cut short"],
        );
        // Cut so that chunks stand where they would stand anyway.
        let [first, second] = [&first, &second].map(|file| {
            let mut file = file.clone();
            for chunk in file[HEADER..].chunks_mut(CHUNK) {
                chunk[..CHUNK_MAGIC.len()].copy_from_slice(CHUNK_MAGIC);
            }
            file
        });
        let cut = [&first[..first.len() - HEADER], &*second].concat();
        check(cut, &["E 65536", "E 61440", "E 65536"]);
        check(first.clone(), &["E 65536", "E 65536"]);
        let mut lost = second[..HEADER].to_vec();
        lost[COUNT] = 3;
        let cut = [&first[..first.len() - 2 * HEADER], &lost, &*second].concat();
        let missing =
            "the file is cut short: 0 of the 3 chunks that its header announces are there";
        check(cut, &["E 65536", "E 57344", missing, "E 65536"]);
        // The magic bytes alone are no header.
        let mut one = file(1, b"a");
        one[HEADER + 100..HEADER + 108].copy_from_slice(MAGIC);
        check(one, &["a 65536"]);
    }

    #[test]
    fn chunks_from_a_place_on() {
        let bytes = file(3, b"abc");
        let place = (HEADER + CHUNK) as u64;
        let read = |bytes: &[u8]| {
            let mut chunks = Chunks::at(&Input::Memory(bytes.into()), place);
            let pieces = std::iter::from_fn(|| chunks.next()).map(|piece| {
                let piece = piece.unwrap_or_else(|(_, reason)| panic!("{reason}"));
                let Content::Chunk { offset } = piece.content else { panic!("no chunk") };
                (offset, piece.data[0])
            });
            pieces.collect::<Vec<_>>()
        };
        assert_eq!(read(&bytes), [(place, b'b'), (place + CHUNK as u64, b'c')]);
        // Less than there was: nothing, and no complaint, since the events are missed.
        assert_eq!(read(&bytes[..HEADER + CHUNK]), []);
        let is_evtx = |bytes: &[u8]| is_evtx(&Input::Memory(bytes.into()));
        assert!(is_evtx(&bytes) && !is_evtx(&bytes[1..]) && !is_evtx(b"Elf"));
    }
}
