//! What could not be read, where, and why.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

use evtx::err::{ChunkError, EvtxError};

use crate::json::JsonError;
use crate::xml::XmlError;
use crate::zip::ZipError;

/// Something that could not be read. Whatever was readable around it has been used.
#[derive(Debug)]
pub struct Problem {
    /// The file, and the member within it if it is an archive (`logs.zip:Security.evtx`).
    pub path: Arc<str>,
    /// Where in it; `None` if all of it is meant.
    pub place: Option<Place>,
    /// Why.
    pub reason: Reason,
}

/// A place in a file, or in an archive's member as it is when unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A line, from 1.
    Line(u64),
    /// An offset in bytes, from 0.
    Byte(u64),
    /// An event record of an EVTX file.
    Record {
        /// The offset in bytes, from 0, of the chunk that holds it.
        chunk: u64,
        /// The record's number, as its header has it, where that could be read.
        id: Option<u64>,
    },
}

/// How much is lost with a [`Problem`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// One record.
    Record,
    /// An unknown number of records of a file of which others were, or may have been, read.
    Part,
    /// A whole file or archive member.
    Source,
}

/// Why something could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Reason {
    /// The operating system says so.
    #[error("{0}")]
    Io(io::Error),
    /// Compressed data is damaged or cut short.
    #[error("the compressed data is damaged: {0}")]
    Compression(io::Error),
    /// The content is in none of the formats that are read.
    #[error("not a format that Dragnet reads (it starts with {})", Start(.0))]
    UnknownFormat(Vec<u8>),
    /// The content is in a format that is known, but not read.
    #[error("{0} is not read by Dragnet; unpack or convert it first")]
    Unsupported(&'static str),
    /// It is a device, a socket or a pipe within a directory.
    #[error("not a regular file")]
    NotAFile,
    /// An archive's structure is damaged.
    #[error(transparent)]
    Archive(#[from] ZipError),
    /// An archive's member is encrypted.
    #[error("the archive's member is encrypted")]
    Encrypted,
    /// An archive's member is compressed by a method that is not read.
    #[error("the archive's member is compressed by method {0}, which is not read")]
    Method(u16),
    /// An archive's member does not have the checksum that the archive gives it.
    #[error("the archive's member is damaged: its checksum is wrong")]
    Checksum,
    /// Archives are nested too deeply.
    #[error("archives are nested deeper than {limit} levels")]
    Nested {
        /// The permitted number of levels.
        limit: usize,
    },
    /// Unpacking was stopped.
    #[error("unpacked data is larger than {limit} bytes; the rest is left out")]
    TooLarge {
        /// The permitted number of bytes.
        limit: u64,
    },
    /// One line or record is too large.
    #[error("the record is larger than {limit} bytes")]
    RecordTooLarge {
        /// The permitted number of bytes.
        limit: usize,
    },
    /// An EVTX chunk is damaged; records that could be found in it were read all the same.
    #[error("the chunk is damaged: {}", Chain(.0))]
    Chunk(ChunkError),
    /// An EVTX chunk's header is damaged and showed no records; these were found without it. Some
    /// may be of an earlier time, which Windows would no longer show.
    #[error("the chunk's header is damaged; its records were found without it")]
    HiddenRecords,
    /// An EVTX chunk's header is damaged, and there are records where it says that there are none: perhaps
    /// hidden by whoever changed it, perhaps of an earlier time.
    #[error("the chunk's header is damaged; {more} records beyond those it tells of are left out")]
    RecordsBeyond {
        /// How many.
        more: u32,
    },
    /// An EVTX file ends within its header.
    #[error("the file ends within its header: it is cut short")]
    ShortHeader,
    /// An EVTX file has fewer chunks than its header announces; those that are there were read.
    #[error(
        "the file is cut short: {have} of the {need} chunks that its header announces are there"
    )]
    MissingChunks {
        /// Chunks that are there, in whole or in part.
        have: usize,
        /// Chunks that the header announces.
        need: usize,
    },
    /// An EVTX chunk is cut short; its first records were read.
    #[error("the chunk is cut short: {have} of {need} bytes are there")]
    ShortChunk {
        /// Bytes that are there.
        have: usize,
        /// Bytes that the chunk says it has.
        need: usize,
    },
    /// An EVTX record is damaged.
    #[error("the record is damaged: {}", Chain(.0))]
    Record(EvtxError),
    /// The XML is not that of an event.
    #[error("{0}")]
    Xml(#[from] XmlError),
    /// There is text between two events, where none belongs.
    #[error("text that belongs to no event")]
    StrayText,
    /// The JSON is not well-formed.
    #[error("not valid JSON: {error} (column {column})")]
    Json {
        /// What is wrong.
        error: JsonError,
        /// The column in bytes, from 1, in the line at which it shows.
        column: usize,
    },
    /// So many more records of the same block, or texts between records, could not be read: only the first
    /// [`MAX_NAMED`](crate::MAX_NAMED) are named.
    #[error("{0} more records near here cannot be read")]
    More(u32),
    /// A reader panicked over a block, which is a bug; what it had read before is kept.
    #[error("a fault of the reader, which should be reported: {0}")]
    Panicked(String),
    /// A line is none of an audit log.
    #[error("not a record of the Linux audit system (`type=… msg=audit(…): …`)")]
    NotAudit,
    /// A line has no header of syslog.
    #[error("not a line of syslog")]
    NotSyslog,
    /// A record of a CSV has too few fields to be an event.
    #[error("the record has {have} fields, and an event's number stands in the {need}th")]
    ShortRecord {
        /// Fields that are there.
        have: usize,
        /// Fields that are needed.
        need: usize,
    },
    /// The first line of a CSV does not say where an event's number stands.
    #[error("the CSV has no column with the number of the event")]
    NoColumn,
    /// The JSON is well-formed, but not an object.
    #[error("not a JSON object")]
    NotAnObject,
}

impl Problem {
    /// How many places it stands for: one, or as many as [`Reason::More`] says.
    pub fn count(&self) -> u64 {
        match self.reason {
            Reason::More(more) => u64::from(more),
            _ => 1,
        }
    }

    /// How much is lost.
    pub fn severity(&self) -> Severity {
        match self.reason {
            Reason::Xml(_)
            | Reason::Json { .. }
            | Reason::NotAnObject
            | Reason::NotAudit
            | Reason::NotSyslog
            | Reason::ShortRecord { .. }
            | Reason::Record(_)
            | Reason::More(_)
            | Reason::RecordTooLarge { .. } => Severity::Record,
            Reason::Chunk(_)
            | Reason::HiddenRecords
            | Reason::RecordsBeyond { .. }
            | Reason::ShortChunk { .. }
            | Reason::MissingChunks { .. }
            | Reason::StrayText
            | Reason::Panicked(_)
            | Reason::Checksum
            | Reason::Compression(_)
            | Reason::TooLarge { .. } => Severity::Part,
            Reason::Io(_) if self.place.is_some() => Severity::Part,
            _ => Severity::Source,
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match self.place {
            None => {}
            Some(Place::Line(line)) => write!(f, ":{line}")?,
            Some(Place::Byte(at)) => write!(f, " at byte {at}")?,
            Some(Place::Record { chunk, id: None }) => write!(f, ", chunk at byte {chunk}")?,
            Some(Place::Record { chunk, id: Some(id) }) => {
                write!(f, ", record {id} of the chunk at byte {chunk}")?;
            }
        }
        write!(f, ": {}", self.reason)
    }
}

impl Error for Problem {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.reason)
    }
}

/// Shows an error with its causes on one line.
struct Chain<'a, E>(&'a E);

impl<E: Error> fmt::Display for Chain<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

/// Shows the start of a file: as text where it is text, else as bytes.
struct Start<'a>(&'a [u8]);

impl fmt::Display for Start<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let printable = |b: &u8| matches!(b, b' '..=b'~' | b'\t' | b'\r' | b'\n');
        match std::str::from_utf8(self.0) {
            Ok(text) if self.0.iter().all(printable) => write!(f, "{text:?}"),
            _ => {
                f.write_str("the bytes")?;
                self.0.iter().try_for_each(|byte| write!(f, " {byte:02x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(place: Option<Place>, reason: Reason, expected: &str) {
        assert_eq!(Problem { path: "a".into(), place, reason }.to_string(), expected);
    }

    #[test]
    fn messages() {
        check(Some(Place::Line(3)), Reason::NotAnObject, "a:3: not a JSON object");
        check(
            None,
            Reason::UnknownFormat(b"hello\n".to_vec()),
            r#"a: not a format that Dragnet reads (it starts with "hello\n")"#,
        );
        check(
            None,
            Reason::UnknownFormat(vec![0, 255]),
            "a: not a format that Dragnet reads (it starts with the bytes 00 ff)",
        );
        check(
            Some(Place::Record { chunk: 4096, id: Some(7) }),
            Reason::Record(EvtxError::FailedToCreateRecordModel("x")),
            "a, record 7 of the chunk at byte 4096: the record is damaged: \
             Failed to create record model, reason: x",
        );
    }
}
