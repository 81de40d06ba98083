//! EVTX: a chunk per piece.

use crate::cut::{Content, Cut, Fault, Piece, Stream};

/// The size of a chunk.
const CHUNK: usize = 64 << 10;

static ZEROS: [u8; CHUNK] = [0; CHUNK];

/// Cuts an EVTX file. The file's header says how many chunks there are, and is wrong where the log was
/// not closed, so it is passed over: there are as many chunks as there are bytes for. Chunks that
/// hold only zeros have never been written and give nothing.
pub(crate) struct Chunks {
    stream: Stream,
    header: usize,
}

impl Chunks {
    /// Chunks that start after `header` bytes.
    pub(crate) fn new(stream: Stream, header: u64) -> Chunks {
        Chunks { stream, header: header as usize }
    }
}

impl Cut for Chunks {
    fn next(&mut self) -> Option<Result<Piece, Fault>> {
        if self.header > 0 {
            self.stream.fill(self.header);
            self.stream.take(self.header.min(self.stream.buf.len()));
            self.header = 0;
        }
        loop {
            self.stream.fill(CHUNK);
            let len = CHUNK.min(self.stream.buf.len());
            if len == 0 {
                return self.stream.take_fault().map(Err);
            }
            let offset = self.stream.offset;
            let data = self.stream.take(len);
            if data != ZEROS[..len] {
                return Some(Ok(Piece { content: Content::Chunk { offset }, data }));
            }
        }
    }
}
