//! EVTX: a chunk per piece.

use crate::cut::{Content, Cut, Fault, Piece, Stream};
use crate::problem::{Place, Reason};

/// The size of a chunk.
const CHUNK: usize = 64 << 10;

static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// How the file's header starts.
const MAGIC: &[u8] = b"ElfFile\0";
/// Where it has the number of chunks.
const COUNT: usize = 42;

/// Cuts an EVTX file. The file's header says how many chunks there are, and says too few where the log was
/// not closed, so there are as many chunks as there are bytes for; if there are fewer than it says, the file
/// was cut short. Chunks that hold only zeros have never been written and give nothing.
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

    /// What is missing at the end, once.
    fn end(&mut self) -> Option<Fault> {
        if let Some(fault) = self.stream.take_fault() {
            self.announced = 0;
            return Some(fault);
        }
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
        if self.header > 0
            && let Err(fault) = self.skip_header()
        {
            return Some(Err(fault));
        }
        loop {
            self.stream.fill(CHUNK);
            let len = CHUNK.min(self.stream.buf.len());
            if len == 0 {
                return self.end().map(Err);
            }
            let offset = self.stream.offset;
            let data = self.stream.take(len);
            self.count += 1;
            if data != ZEROS[..len] {
                return Some(Ok(Piece { content: Content::Chunk { offset }, data }));
            }
        }
    }
}
