//! The directory of a zip archive, read member by member.
//!
//! Only the structure is read here (with zip64 and data before the archive); what a member holds
//! is a [`Section`] of the input that the caller decompresses. A library would read the whole
//! directory into memory first and keep one of two members of the same name; this needs one
//! member's header at a time and skips none.

use std::io::{self, BufReader, Read};

use crate::input::{Input, Section};

/// What is wrong with a zip archive's structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ZipError {
    /// There is no end-of-directory record: the file is cut short, or not a zip archive.
    #[error("the zip archive has no directory; it may be cut short")]
    NoDirectory,
    /// An entry of the directory, and with it where the next one starts, cannot be read.
    #[error("the zip archive's directory is damaged; it may have more members")]
    BadEntry,
    /// There is no member where the directory says.
    #[error("the archive's member is not where the archive's directory says")]
    NoMember,
}

/// Deflate; 0 is stored.
pub(crate) const DEFLATED: u16 = 8;

const END: &[u8] = b"PK\x05\x06";
const END_LEN: u64 = 22;
const END64: &[u8] = b"PK\x06\x06";
const END64_LEN: usize = 56;
const LOCATOR64: &[u8] = b"PK\x06\x07";
const LOCATOR64_LEN: u64 = 20;
const ENTRY: &[u8] = b"PK\x01\x02";
const ENTRY_LEN: usize = 46;
const LOCAL: &[u8] = b"PK\x03\x04";
const LOCAL_LEN: usize = 30;

/// A walk over a zip archive's members.
#[derive(Debug)]
pub(crate) struct Zip {
    input: Input,
    directory: BufReader<Section>,
    left: u64,
    /// Bytes before the archive proper; offsets in the archive do not count them.
    before: u64,
}

/// One member.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) encrypted: bool,
    pub(crate) method: u16,
    pub(crate) crc32: u32,
    /// The offset of its local header, and the size of its compressed data.
    at: u64,
    size: u64,
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from(u32_at(bytes, at)) | u64::from(u32_at(bytes, at + 4)) << 32
}

/// Where the directory is.
#[derive(Clone, Copy)]
struct Directory {
    start: u64,
    size: u64,
    before: u64,
}

impl Zip {
    /// Finds the directory. Outer errors are the operating system's.
    pub(crate) fn open(input: Input) -> io::Result<Result<Zip, ZipError>> {
        let Some(found) = find_directory(&input)? else { return Ok(Err(ZipError::NoDirectory)) };
        let section = Section::new(input.clone(), found.start, found.start + found.size);
        let directory = BufReader::new(section);
        Ok(Ok(Zip { input, directory, left: found.size, before: found.before }))
    }

    /// The next member that is not a folder.
    pub(crate) fn next(&mut self) -> io::Result<Option<Result<Member, ZipError>>> {
        while self.left > 0 {
            match self.entry()? {
                Some(member) if member.name.ends_with('/') => {}
                Some(member) => return Ok(Some(Ok(member))),
                None => {
                    self.left = 0;
                    return Ok(Some(Err(ZipError::BadEntry)));
                }
            }
        }
        Ok(None)
    }

    fn entry(&mut self) -> io::Result<Option<Member>> {
        let Some(head) = take(&mut self.directory, ENTRY_LEN)? else { return Ok(None) };
        let lens = [28, 30, 32].map(|at| usize::from(u16_at(&head, at)));
        let tail = lens.iter().sum::<usize>();
        let Some(left) = self.left.checked_sub((ENTRY_LEN + tail) as u64) else { return Ok(None) };
        let Some(tail) = take(&mut self.directory, tail)? else { return Ok(None) };
        self.left = left;
        if !head.starts_with(ENTRY) {
            return Ok(None);
        }
        let name = String::from_utf8_lossy(&tail[..lens[0]]).into_owned();
        let (mut size, mut at) = (u64::from(u32_at(&head, 20)), u64::from(u32_at(&head, 42)));
        // In the zip64 part stand, in this order, those that do not fit in 32 bits.
        let mut wide = zip64(&tail[lens[0]..lens[0] + lens[1]]).unwrap_or_default();
        let mut unpacked = u64::from(u32_at(&head, 24));
        for value in [&mut unpacked, &mut size, &mut at] {
            if *value == u64::from(u32::MAX) && wide.len() >= 8 {
                *value = u64_at(wide, 0);
                wide = &wide[8..];
            }
        }
        Ok(Some(Member {
            name,
            encrypted: u16_at(&head, 8) & 1 != 0,
            method: u16_at(&head, 10),
            crc32: u32_at(&head, 16),
            at,
            size,
        }))
    }

    /// The member's compressed bytes.
    pub(crate) fn data(&self, member: &Member) -> io::Result<Result<Section, ZipError>> {
        let Some(start) = self.before.checked_add(member.at) else {
            return Ok(Err(ZipError::NoMember));
        };
        let mut reader = Section::new(self.input.clone(), start, u64::MAX);
        let header = take(&mut reader, LOCAL_LEN)?.filter(|h| h.starts_with(LOCAL));
        let Some(header) = header else { return Ok(Err(ZipError::NoMember)) };
        let skip =
            LOCAL_LEN as u64 + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        let start = start.saturating_add(skip);
        Ok(Ok(Section::new(self.input.clone(), start, start.saturating_add(member.size))))
    }
}

/// Reads exactly so many bytes; `None` if there are fewer.
fn take(reader: &mut impl Read, len: usize) -> io::Result<Option<Vec<u8>>> {
    let mut buf = Vec::with_capacity(len);
    reader.take(len as u64).read_to_end(&mut buf)?;
    Ok((buf.len() == len).then_some(buf))
}

/// The content of the extra field 1.
fn zip64(mut extra: &[u8]) -> Option<&[u8]> {
    loop {
        let (id, len) = (extra.get(..2)?, extra.get(2..4)?);
        let len = usize::from(u16_at(len, 0));
        let content = extra.get(4..4 + len)?;
        if id == [1, 0] {
            return Some(content);
        }
        extra = &extra[4 + len..];
    }
}

fn find_directory(input: &Input) -> io::Result<Option<Directory>> {
    let len = input.len()?;
    // The end record is the last thing in the file but for a comment of at most 65,535 bytes.
    let tail_start = len.saturating_sub(END_LEN + u64::from(u16::MAX));
    let mut tail = Vec::new();
    Section::new(input.clone(), tail_start, len).read_to_end(&mut tail)?;
    for at in memchr::memmem::rfind_iter(&tail, END) {
        let Some(end) = tail[at..].first_chunk::<{ END_LEN as usize }>() else { continue };
        let end_at = tail_start + at as u64;
        let (size, offset) = (u64::from(u32_at(end, 12)), u64::from(u32_at(end, 16)));
        let narrow = Directory { start: 0, size, before: offset };
        // Both say where the directory was when nothing stood before the archive; where it is
        // follows from its size: it ends where its end record starts.
        let (directory, end) = directory64(input, end_at)?.unwrap_or((narrow, end_at));
        let found = place(directory, end);
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Completes a directory of which `before` is the offset that the end record, which is at `end`,
/// gives it.
fn place(directory: Directory, end: u64) -> Option<Directory> {
    let start = end.checked_sub(directory.size)?;
    let before = start.checked_sub(directory.before)?;
    Some(Directory { start, size: directory.size, before })
}

/// The zip64 end record whose locator stands before `end`, as in [`place`], and where it is.
fn directory64(input: &Input, end: u64) -> io::Result<Option<(Directory, u64)>> {
    let Some(at) = end.checked_sub(LOCATOR64_LEN) else { return Ok(None) };
    let locator = take(&mut Section::new(input.clone(), at, end), LOCATOR64_LEN as usize)?;
    let Some(locator) = locator.filter(|l| l.starts_with(LOCATOR64)) else { return Ok(None) };
    // The locator's offset does not count what stands before the archive, so look right before
    // the locator too.
    for start in [at.saturating_sub(END64_LEN as u64), u64_at(&locator, 8)] {
        let record = take(&mut Section::new(input.clone(), start, end), END64_LEN)?;
        if let Some(record) = record.filter(|r| r.starts_with(END64)) {
            let (size, before) = (u64_at(&record, 40), u64_at(&record, 48));
            return Ok(Some((Directory { start: 0, size, before }, start)));
        }
    }
    Ok(None)
}
