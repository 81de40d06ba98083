//! Cutting a stream of bytes into blocks of whole records, without reading the records.

pub(crate) mod csv;
mod evtx;
pub(crate) mod json;
mod lines;
mod records;
pub(crate) mod xml;

use std::io::{self, Read};
use std::ops::Range;
use std::sync::Arc;

pub(crate) use self::evtx::{Chunks, is_evtx};
pub(crate) use lines::{LineKind, Lines};
pub(crate) use records::Records;

use crate::buffers::{self, Bytes};
use crate::format::csv::Header;
use crate::input::{OverLimit, fill};
use crate::problem::{Place, Reason};
use crate::unpack::BadChecksum;

/// About how many bytes of text are one block.
pub(crate) const BLOCK: usize = 1 << 20;

/// A line or record larger than this is not read.
pub(crate) const MAX_RECORD: usize = 64 << 20;

/// Whole records of one stream, and where they were.
#[derive(Debug)]
pub(crate) struct Piece {
    pub(crate) content: Content,
    pub(crate) data: Bytes,
}

impl Piece {
    /// Where it started in its stream, if it is a chunk.
    pub(crate) fn offset(&self) -> Option<u64> {
        match self.content {
            Content::Chunk { offset } => Some(offset),
            _ => None,
        }
    }
}

/// How the records stand in a [`Piece`].
#[derive(Debug)]
pub(crate) enum Content {
    /// An EVTX chunk, which started at this offset.
    Chunk { offset: u64 },
    /// Records of one kind, one per line.
    Lines { first_line: u64, kind: LineKind },
    /// JSON values at these places.
    Json { first_line: u64, records: Vec<Range<usize>> },
    /// Event XML at these places.
    Xml { first_line: u64, records: Vec<Range<usize>> },
    /// Records of a CSV at these places.
    Csv { first_line: u64, records: Vec<Range<usize>>, header: Arc<Header> },
}

/// A [`Problem`](crate::Problem) without the file.
pub(crate) type Fault = (Option<Place>, Reason);

/// An iterator over pieces, in the order in which they stand in the stream.
pub(crate) trait Cut: Send {
    /// The next piece. After an error there may be more.
    fn next(&mut self) -> Option<Result<Piece, Fault>>;
}

/// A stream of which the next bytes are at hand. An error ends it, after what was read before.
pub(crate) struct Stream {
    reader: Box<dyn Read + Send>,
    pub(crate) buf: Vec<u8>,
    /// The offset of `buf` in the stream.
    pub(crate) offset: u64,
    /// Nothing comes after `buf`.
    pub(crate) ended: bool,
    error: Option<io::Error>,
}

impl Stream {
    pub(crate) fn new(reader: Box<dyn Read + Send>) -> Stream {
        Stream { reader, buf: buffers::get(), offset: 0, ended: false, error: None }
    }

    /// Reads until `want` bytes are at hand, or the stream ends.
    pub(crate) fn fill(&mut self, want: usize) {
        if !self.ended {
            match fill(&mut *self.reader, &mut self.buf, want) {
                Ok(more) => self.ended = !more,
                Err(error) => {
                    self.ended = true;
                    self.error = Some(error);
                }
            }
        }
    }

    /// Takes the first bytes. Whoever keeps them keeps no room for more: a thousand small files are held at a time.
    pub(crate) fn take(&mut self, len: usize) -> Bytes {
        let mut rest = buffers::get();
        rest.extend_from_slice(&self.buf[len..]);
        self.offset += len as u64;
        let mut taken = std::mem::replace(&mut self.buf, rest);
        taken.truncate(len);
        if taken.capacity() / 2 > len {
            let exact = taken.as_slice().to_vec();
            buffers::put(std::mem::replace(&mut taken, exact));
        }
        taken.into()
    }

    /// The error that ended the stream, once.
    pub(crate) fn take_fault(&mut self) -> Option<Fault> {
        let place = Place::Byte(self.offset + self.buf.len() as u64);
        self.error.take().map(|error| (Some(place), reason(error)))
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        buffers::put(std::mem::take(&mut self.buf));
    }
}

/// What an error of a stream means, which may be a file or a chain of decompressors.
pub(crate) fn reason(error: io::Error) -> Reason {
    if error.raw_os_error().is_some() {
        return Reason::Io(error);
    }
    let inner = error.get_ref();
    if let Some(over) = inner.and_then(|e| e.downcast_ref::<OverLimit>()) {
        return Reason::TooLarge { limit: over.limit };
    }
    if inner.and_then(|e| e.downcast_ref::<BadChecksum>()).is_some() {
        return Reason::Checksum;
    }
    match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => {
            Reason::Compression(error)
        }
        _ => Reason::Io(error),
    }
}

/// The number of line ends.
pub(crate) fn line_ends(bytes: &[u8]) -> u64 {
    memchr::memchr_iter(b'\n', bytes).count() as u64
}
