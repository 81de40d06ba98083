//! From bytes to records: what a file is, and what is packed in it.

use std::io::{self, BufReader, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use encoding_rs::{CoderResult, Decoder, Encoding, UTF_8};
use flate2::bufread::{DeflateDecoder, MultiGzDecoder};

use crate::cut::csv::CsvRecords;
use crate::cut::json::JsonValues;
use crate::cut::xml::Events;
use crate::cut::{Chunks, Cut, LineKind, Lines, Records, Stream, reason};
use crate::format::Form;
use crate::input::{Capped, Input, Section, fill};
use crate::problem::Reason;
use crate::sniff::{Format, HEAD, Text, sniff};
use crate::zip::{DEFLATED, Member, Zip};

/// A member that is larger than this when unpacked is read up to here, in bytes.
const MAX_MEMBER: u64 = 8 << 30;
/// An archive within an archive is copied to a temporary file, if it is not larger than this.
const MAX_INNER_ARCHIVE: u64 = 2 << 30;
/// Deflate cannot shrink data further than to this part. What an archive unpacks to beyond that is
/// the same data twice, put there to exhaust whoever unpacks it.
const MAX_RATIO: u64 = 1032;
/// How deep archives (and compressed files) may be nested.
const MAX_LEVELS: usize = 4;

type Reader = Box<dyn Read + Send>;

/// The limits that hold for one source, and what is known of it.
#[derive(Debug, Clone)]
pub(crate) struct Limits {
    member: u64,
    inner_archive: u64,
    /// Bytes that may still be unpacked, over all members.
    total: Arc<AtomicU64>,
    /// The form of all texts, where it is given.
    form: Option<Form>,
    /// Bytes that were read of the source itself.
    pub(crate) read: Arc<AtomicU64>,
}

impl Limits {
    pub(crate) fn new(source_bytes: u64, form: Option<Form>) -> Limits {
        let total = source_bytes.saturating_mul(MAX_RATIO).saturating_add(64 << 20);
        Limits {
            member: MAX_MEMBER,
            inner_archive: MAX_INNER_ARCHIVE,
            total: Arc::new(AtomicU64::new(total)),
            form,
            read: Arc::default(),
        }
    }
}

/// What a file or member turned out to be.
pub(crate) enum Opened {
    Empty,
    Records(Box<dyn Cut>),
    Archive(Zip),
}

/// Opens a source.
pub(crate) fn open_input(input: &Input, limits: &Limits) -> Result<Opened, Reason> {
    let len = input.len().map_err(Reason::Io)?;
    let section = Section::new(input.clone(), 0, len).counted(&limits.read);
    open(Box::new(section), Some(input), 0, limits)
}

/// Opens a member of an archive; `level` is how many archives it is in.
pub(crate) fn open_member(
    zip: &Zip,
    member: &Member,
    level: usize,
    limits: &Limits,
) -> Result<Opened, Reason> {
    if member.encrypted {
        return Err(Reason::Encrypted);
    }
    let section = zip.data(member).map_err(Reason::Io)??;
    // Members of an inner archive are read from a copy, which is not progress.
    let section = if level == 1 { section.counted(&limits.read) } else { section };
    let reader = match member.method {
        0 => open_checked(section, member, limits),
        DEFLATED => open_checked(DeflateDecoder::new(buffered(section)), member, limits),
        other => return Err(Reason::Method(other)),
    };
    open(reader, None, level, limits)
}

fn open_checked(reader: impl Read + Send + 'static, member: &Member, limits: &Limits) -> Reader {
    let checked = Checked { reader, hasher: crc32fast::Hasher::new(), crc32: member.crc32 };
    Box::new(Capped::new(checked, limits.member, &limits.total))
}

fn buffered<R: Read>(reader: R) -> BufReader<R> {
    BufReader::with_capacity(128 << 10, reader)
}

/// Tells what a stream is and opens it. `input` is the same bytes, if they can be read at any place.
fn open(
    mut reader: Reader,
    input: Option<&Input>,
    mut level: usize,
    limits: &Limits,
) -> Result<Opened, Reason> {
    let mut unpacked = input.is_none();
    loop {
        let mut head = Vec::new();
        let filled = fill(&mut *reader, &mut head, HEAD);
        let format = sniff(&head, limits.form);
        let more = matches!(filled, Ok(true));
        if let Err(error) = filled {
            if head.is_empty() {
                return Err(reason(error));
            }
            // What was readable is used; then the error comes again.
            reader = Box::new(Cursor::new(head).chain(Failed(Some(error))));
        } else if matches!(format, Format::Unknown) {
            head.truncate(32);
            return Err(Reason::UnknownFormat(head));
        } else {
            reader = Box::new(Cursor::new(head).chain(reader));
        }
        return match format {
            Format::Empty if more => Ok(Opened::Records(text_cut(Text::Lines, UTF_8, reader))),
            Format::Empty => Ok(Opened::Empty),
            Format::Evtx(header) => {
                Ok(Opened::Records(Box::new(Chunks::new(Stream::new(reader), header))))
            }
            Format::Text(text, encoding) => Ok(Opened::Records(text_cut(text, encoding, reader))),
            Format::Unsupported(name) => Err(Reason::Unsupported(name)),
            Format::Unknown => Err(Reason::UnknownFormat(Vec::new())),
            Format::Gzip | Format::Zip if level == MAX_LEVELS => {
                Err(Reason::Nested { limit: MAX_LEVELS })
            }
            Format::Gzip => {
                level += 1;
                unpacked = true;
                let decoder = MultiGzDecoder::new(buffered(reader));
                reader = Box::new(Capped::new(decoder, limits.member, &limits.total));
                continue;
            }
            Format::Zip => {
                let whole = match input.filter(|_| !unpacked) {
                    Some(input) => input.clone(),
                    None => spool(reader, limits)?,
                };
                Ok(Opened::Archive(Zip::open(whole).map_err(Reason::Io)??))
            }
        };
    }
}

fn spool(reader: Reader, limits: &Limits) -> Result<Input, Reason> {
    match Input::spool(reader, limits.inner_archive).map_err(reason)? {
        (input, false) => Ok(input),
        (_, true) => Err(Reason::TooLarge { limit: limits.inner_archive }),
    }
}

fn text_cut(text: Text, encoding: &'static Encoding, reader: Reader) -> Box<dyn Cut> {
    // Invalid UTF-8 is left as it is: whoever reads a record replaces it in that record.
    let reader: Reader = if encoding == UTF_8 {
        Box::new(SkipBom { reader, start: true })
    } else {
        Box::new(Decoded::new(reader, encoding))
    };
    let reader: Reader = match text {
        // The last record has a line end, too: without one it would not be seen to end.
        Text::Csv(_) => Box::new(reader.chain(&b"\n"[..])),
        _ => reader,
    };
    let stream = Stream::new(reader);
    match text {
        Text::Xml => Box::new(Records::new(stream, Events)),
        Text::Lines => Box::new(Lines::new(stream, LineKind::Json)),
        Text::Syslog => Box::new(Lines::new(stream, LineKind::Syslog)),
        Text::Audit => Box::new(Lines::new(stream, LineKind::Audit)),
        Text::Csv(dialect) => Box::new(Records::new(stream, CsvRecords::new(dialect))),
        Text::Json => Box::new(Records::new(stream, JsonValues::default())),
    }
}

/// An error that has happened already.
struct Failed(Option<io::Error>);

impl Read for Failed {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.take().map_or(Ok(0), Err)
    }
}

/// What a wrong checksum is within an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("the checksum is wrong")]
pub(crate) struct BadChecksum;

/// Fails at the end if the checksum of what was read is not the one expected.
struct Checked<R> {
    reader: R,
    hasher: crc32fast::Hasher,
    crc32: u32,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buf)?;
        self.hasher.update(&buf[..count]);
        if count == 0 && !buf.is_empty() && self.hasher.clone().finalize() != self.crc32 {
            return Err(io::Error::other(BadChecksum));
        }
        Ok(count)
    }
}

/// Leaves out the byte-order mark of UTF-8.
struct SkipBom {
    reader: Reader,
    start: bool,
}

impl Read for SkipBom {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.start && buf.len() >= 3 {
            self.start = false;
            let mut first = Vec::with_capacity(3);
            fill(&mut *self.reader, &mut first, 3)?;
            if first != b"\xef\xbb\xbf" {
                buf[..first.len()].copy_from_slice(&first);
                return Ok(first.len());
            }
        }
        self.reader.read(buf)
    }
}

/// Turns UTF-16 into UTF-8, without its byte-order mark.
struct Decoded {
    reader: Reader,
    decoder: Decoder,
    raw: Vec<u8>,
    text: Vec<u8>,
    /// How much of `text` has been given away.
    given: usize,
    ended: bool,
}

impl Decoded {
    fn new(reader: Reader, encoding: &'static Encoding) -> Decoded {
        Decoded {
            reader,
            decoder: encoding.new_decoder_with_bom_removal(),
            raw: vec![0; 64 << 10],
            text: Vec::new(),
            given: 0,
            ended: false,
        }
    }

    fn decode_more(&mut self) -> io::Result<()> {
        let count = self.reader.read(&mut self.raw)?;
        self.ended = count == 0;
        let raw = &self.raw[..count];
        let most = self.decoder.max_utf8_buffer_length(count).unwrap_or(4 * count + 16);
        self.text.resize(most, 0);
        let (result, _, written, _) = self.decoder.decode_to_utf8(raw, &mut self.text, self.ended);
        debug_assert_eq!(result, CoderResult::InputEmpty, "the buffer is as large as it must be");
        self.text.truncate(written);
        self.given = 0;
        Ok(())
    }
}

impl Read for Decoded {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        while self.given == self.text.len() && !self.ended {
            self.decode_more()?;
        }
        let count = (&self.text[self.given..]).read(buf)?;
        self.given += count;
        Ok(count)
    }
}

/// How many bytes of the source were read.
pub(crate) fn bytes_read(limits: &Limits) -> u64 {
    limits.read.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut reader: impl Read) -> String {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    /// Gives one byte at a time.
    struct Slow(Vec<u8>);

    impl Read for Slow {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Ok(0);
            }
            buf[0] = self.0.remove(0);
            Ok(1)
        }
    }

    #[test]
    fn byte_order_marks_and_utf16() {
        let boxed = |bytes: &[u8]| Box::new(Slow(bytes.to_vec()));
        let utf8 = |bytes: &[u8]| read(SkipBom { reader: boxed(bytes), start: true });
        assert_eq!(utf8(b"\xef\xbb\xbfab"), "ab");
        assert_eq!(utf8(b"ab"), "ab");
        assert_eq!(utf8(b""), "");
        let text = "<é\u{1f600}>";
        let bytes: Vec<u8> = "\u{feff}"
            .encode_utf16()
            .chain(text.encode_utf16())
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(read(Decoded::new(boxed(&bytes), encoding_rs::UTF_16LE)), text);
        assert_eq!(
            read(Decoded::new(boxed(&bytes[..bytes.len() - 1]), encoding_rs::UTF_16LE)),
            "<é\u{1f600}\u{fffd}"
        );
    }
}
