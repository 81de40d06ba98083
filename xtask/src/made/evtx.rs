//! Writing EVTX, as far as it takes to be read: chunks whose records are a template and its values.
//!
//! A template stands in a chunk where it is first used; records after that refer to it, as Windows writes them.

use super::{Event, KINDS, Random};

const CHUNK: usize = 64 << 10;
const CHUNK_HEADER: usize = 512;
const FILE_HEADER: usize = 4 << 10;
/// The first of May 2024 in Windows' 100-nanosecond ticks.
const FIRST_OF_MAY: u64 = 133_589_952_000_000_000;

/// Types of values.
const STRING: u8 = 0x01;
const U16: u8 = 0x06;
const U32: u8 = 0x08;
const U64: u8 = 0x0a;
const FILETIME: u8 = 0x11;

/// A file of these events.
pub(super) fn file(events: &[Event]) -> Vec<u8> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let mut random = Random(2);
    for event in events {
        let mut chunk = chunks.pop().unwrap_or_else(Chunk::new);
        if chunk.data.len() + chunk.size_of(event) > CHUNK {
            chunks.push(chunk);
            chunk = Chunk::new();
        }
        chunk.record(event, &mut random);
        chunks.push(chunk);
    }
    let mut file = vec![0; FILE_HEADER];
    file[..8].copy_from_slice(b"ElfFile\0");
    file[16..24].copy_from_slice(&(chunks.len().saturating_sub(1) as u64).to_le_bytes());
    file[24..32].copy_from_slice(&(events.len() as u64 + 1).to_le_bytes());
    file[32..36].copy_from_slice(&128u32.to_le_bytes());
    file[36..40].copy_from_slice(&[1, 0, 3, 0]);
    file[40..42].copy_from_slice(&(FILE_HEADER as u16).to_le_bytes());
    file[42..44].copy_from_slice(&(chunks.len() as u16).to_le_bytes());
    file.extend(chunks.into_iter().flat_map(Chunk::finish));
    file
}

struct Chunk {
    data: Vec<u8>,
    /// By kind of event: where its template stands.
    templates: Vec<Option<usize>>,
    /// The first record's number and the last one's, and where that begins.
    records: Option<(u64, u64, usize)>,
}

impl Chunk {
    fn new() -> Chunk {
        let mut data = b"ElfChnk\0".to_vec();
        data.resize(CHUNK_HEADER, 0);
        Chunk { data, templates: vec![None; KINDS.len()], records: None }
    }

    fn finish(mut self) -> Vec<u8> {
        let (first, last, start) = self.records.unwrap_or_default();
        for (at, number) in [(8, first), (16, last), (24, first), (32, last)] {
            self.data[at..at + 8].copy_from_slice(&number.to_le_bytes());
        }
        for (at, number) in [(40, 128), (44, start), (48, self.data.len())] {
            self.data[at..at + 4].copy_from_slice(&(number as u32).to_le_bytes());
        }
        // Of the header but for what is between the two parts, the sum itself among it.
        let sum = crc32(self.data[..120].iter().chain(&self.data[128..CHUNK_HEADER]));
        self.data[124..128].copy_from_slice(&sum.to_le_bytes());
        self.data.resize(CHUNK, 0);
        self.data
    }

    /// More bytes than an event takes.
    fn size_of(&self, event: &Event) -> usize {
        let texts: usize = event.values.iter().map(|value| 2 * value.len() + 4).sum();
        let names: usize = event.kind.data.iter().map(|name| 2 * name.len() + 64).sum();
        let template = if self.templates[event.number].is_some() { 0 } else { 2048 + names };
        256 + texts + template
    }

    fn u16(&mut self, number: usize) {
        self.data.extend_from_slice(&(number as u16).to_le_bytes());
    }

    fn u32(&mut self, number: usize) {
        self.data.extend_from_slice(&(number as u32).to_le_bytes());
    }

    /// Writes a size in front of what is written behind it.
    fn sized(&mut self, write: impl FnOnce(&mut Chunk)) {
        let at = self.data.len();
        self.u32(0);
        write(self);
        let len = (self.data.len() - at - 4) as u32;
        self.data[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }

    fn record(&mut self, event: &Event, random: &mut Random) {
        let start = self.data.len();
        let first = self.records.map_or(event.record, |(first, ..)| first);
        self.records = Some((first, event.record, start));
        let time = FIRST_OF_MAY + event.second * 10_000_000;
        self.data.extend_from_slice(b"**\0\0");
        self.u32(0);
        self.data.extend_from_slice(&event.record.to_le_bytes());
        self.data.extend_from_slice(&time.to_le_bytes());
        self.instance(event, time, random);
        let size = self.data.len() - start + 4;
        self.u32(size);
        self.data[start + 4..start + 8].copy_from_slice(&(size as u32).to_le_bytes());
    }

    /// A template, where it is first used, and the values of a record.
    fn instance(&mut self, event: &Event, time: u64, random: &mut Random) {
        self.data.extend_from_slice(&[0x0f, 1, 1, 0, 0x0c, 1]);
        self.u32(event.number + 1);
        if let Some(place) = self.templates[event.number] {
            self.u32(place);
        } else {
            let place = self.data.len() + 4;
            self.u32(place);
            self.templates[event.number] = Some(place);
            self.u32(0);
            self.data.extend_from_slice(&[event.number as u8 + 1; 16]);
            self.sized(|chunk| {
                chunk.data.extend_from_slice(&[0x0f, 1, 1, 0]);
                chunk.template(event);
                chunk.data.push(0);
            });
        }
        let process = (random.below(9000) as u32).to_le_bytes();
        let mut values: Vec<(u8, Vec<u8>)> = vec![
            (U16, event.kind.id.to_le_bytes().to_vec()),
            (FILETIME, time.to_le_bytes().to_vec()),
            (U64, event.record.to_le_bytes().to_vec()),
            (U32, process.to_vec()),
            (STRING, units(event.computer)),
        ];
        values.extend(event.values.iter().map(|value| (STRING, units(value))));
        self.u32(values.len());
        for (ty, bytes) in &values {
            self.u16(bytes.len());
            self.data.extend_from_slice(&[*ty, 0]);
        }
        self.data.extend(values.into_iter().flat_map(|(_, bytes)| bytes));
        self.data.push(0);
    }

    fn template(&mut self, event: &Event) {
        let kind = event.kind;
        self.element("Event", &[], |chunk| {
            chunk.element("System", &[], |chunk| {
                chunk.element("Provider", &[("Name", Content::Text(kind.provider))], |_| {});
                chunk.element("EventID", &[], |chunk| chunk.content(Content::Slot(0, U16)));
                let time = [("SystemTime", Content::Slot(1, FILETIME))];
                chunk.element("TimeCreated", &time, |_| {});
                let record = Content::Slot(2, U64);
                chunk.element("EventRecordID", &[], |chunk| chunk.content(record));
                let process = [("ProcessID", Content::Slot(3, U32))];
                chunk.element("Execution", &process, |_| {});
                let channel = Content::Text(kind.channel);
                chunk.element("Channel", &[], |chunk| chunk.content(channel));
                chunk.element("Computer", &[], |chunk| chunk.content(Content::Slot(4, STRING)));
            });
            chunk.element("EventData", &[], |chunk| {
                for (slot, name) in (5..).zip(kind.data) {
                    let name = [("Name", Content::Text(name))];
                    chunk.element("Data", &name, |chunk| {
                        chunk.content(Content::Slot(slot, STRING));
                    });
                }
            });
        });
    }

    fn element(
        &mut self,
        name: &str,
        attributes: &[(&str, Content<'_>)],
        inside: impl FnOnce(&mut Chunk),
    ) {
        self.data.push(if attributes.is_empty() { 0x01 } else { 0x41 });
        self.u16(0xffff);
        self.sized(|chunk| {
            chunk.name(name);
            if !attributes.is_empty() {
                chunk.sized(|chunk| {
                    for (name, content) in attributes {
                        chunk.data.push(0x06);
                        chunk.name(name);
                        chunk.content(*content);
                    }
                });
            }
            chunk.data.push(0x02);
            inside(chunk);
            chunk.data.push(0x04);
        });
    }

    fn name(&mut self, name: &str) {
        self.u32(self.data.len() + 4);
        self.data.extend_from_slice(&[0; 6]);
        self.u16(name.len());
        self.data.extend(units(name));
        self.u16(0);
    }

    fn content(&mut self, content: Content<'_>) {
        match content {
            Content::Text(text) => {
                self.data.extend_from_slice(&[0x05, STRING]);
                let units = units(text);
                self.u16(units.len() / 2);
                self.data.extend(units);
            }
            Content::Slot(number, ty) => {
                self.data.push(0x0e);
                self.u16(number);
                self.data.push(ty);
            }
        }
    }
}

/// What stands in an element or attribute of a template.
#[derive(Clone, Copy)]
enum Content<'a> {
    Text(&'a str),
    /// The number of a value, and its type.
    Slot(usize, u8),
}

/// The checksum of zip files and of much else, bit by bit.
fn crc32<'b>(bytes: impl Iterator<Item = &'b u8>) -> u32 {
    let bit = |sum: u32, _| if sum & 1 == 1 { sum >> 1 ^ 0xedb8_8320 } else { sum >> 1 };
    !bytes.fold(!0, |sum, byte| (0..8).fold(sum ^ u32::from(*byte), bit))
}

fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::made::events;

    #[test]
    fn chunks_are_whole() {
        let events = events(300);
        let file = file(&events);
        let chunks: Vec<&[u8]> = file[FILE_HEADER..].chunks(CHUNK).collect();
        assert!(chunks.len() > 2);
        let (mut records, mut next) = (0, 1);
        for chunk in chunks {
            let number = |at: usize| u64::from_le_bytes(*chunk[at..].first_chunk().unwrap());
            assert_eq!((chunk.len(), &chunk[..8], number(8)), (CHUNK, &b"ElfChnk\0"[..], next));
            let (mut at, end) = (CHUNK_HEADER, (number(48) & 0xffff_ffff) as usize);
            while at < end {
                let size = u32::from_le_bytes(*chunk[at + 4..].first_chunk().unwrap());
                assert_eq!((&chunk[at..at + 4], number(at + 8)), (&b"**\0\0"[..], next));
                at += size as usize;
                assert_eq!(chunk[at - 4..at], size.to_le_bytes());
                (records, next) = (records + 1, next + 1);
            }
            assert_eq!(at, end);
        }
        assert_eq!(records, events.len());
        assert_eq!(crc32(b"123456789".iter()), 0xcbf4_3926);
    }
}
