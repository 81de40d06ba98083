//! Reading a record directly and by way of its XML gives the same event.

use std::path::Path;
use std::sync::Arc;

use evtx::{EvtxChunk, EvtxChunkHeader, ParserSettings};

use super::template::Context;
use super::{HEADER, Reader, Records};
use crate::memory::{Memory, Record};
use crate::xml::parse_event;

const CHUNK: usize = 64 << 10;

/// How many records of a chunk there are, how many of them are read directly, and how many of those value by value.
#[derive(Debug, Default)]
struct Count {
    all: usize,
    direct: usize,
    split: usize,
}

/// Holds the ways of reading against each other.
fn check(data: &[u8], name: &str, count: &mut Count) {
    let Ok(header) = EvtxChunkHeader::from_bytes(data) else { return };
    let settings = Arc::new(ParserSettings::default().indent(false));
    let Ok(mut chunk) = EvtxChunk::new(data, &header, settings) else { return };
    let mut reader = Reader::new(data);
    let (mut splitter, mut memory) = (Reader::new(data), Memory::default());
    let mut records = Records::new(data).unwrap();
    for record in chunk.iter() {
        let own = records.next();
        let Ok(record) = record else { continue };
        let start = record.binxml_offset as usize;
        let end = start + record.binxml_size as usize;
        if let Some(own) = own {
            assert_eq!((own.id, own.start, own.end), (record.event_record_id, start, end));
        }
        count.all += 1;
        let event = reader.event(start, end);
        let whole = event.as_ref().map(|event| format!("{event:?}"));
        if let Some((split, _)) = splitter.split(start, end, &mut memory) {
            let mut own = None;
            let read = split.event(&|_| true, &mut |event| own = Some(format!("{event:?}")));
            if read.is_some() {
                count.split += 1;
                assert_eq!(own, whole, "{name} at {start}");
            }
        }
        let Some(event) = event else { continue };
        count.direct += 1;
        let xml = record.into_xml().unwrap_or_else(|error| panic!("{name} at {start}: {error}"));
        assert_eq!(Ok(event), parse_event(&xml.data), "{name} at {start}: {}", xml.data);
    }
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

fn units(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

/// Writes a chunk of one record with a template that nobody would write, but that is a template.
struct Writer {
    data: Vec<u8>,
    random: Random,
    /// The values of the template that is being written: their types and bytes.
    values: Vec<(u8, Vec<u8>)>,
}

/// Types of values that are read directly.
const USUAL: &[u8] = &[
    0x00, 0x01, 0x01, 0x01, 0x06, 0x07, 0x08, 0x0a, 0x0d, 0x0e, 0x0f, 0x11, 0x13, 0x14, 0x15, 0x81,
];
/// Types of values that are left to the XML.
const RARE: &[u8] = &[0x02, 0x0b, 0x12];

/// Marks a value that is to become what stands below `UserData`, instead of below `Event`.
const OF_USER_DATA: &[u8] = &[0xff];

const TEXTS: &[&str] = &["", "a", "Name", "two words", "é <&> \"'", "line\r\nbreak\t", "😀"];

impl Writer {
    fn chunk(seed: u64) -> Vec<u8> {
        let mut data = b"ElfChnk\0".to_vec();
        data.resize(512, 0);
        let mut writer = Writer { data, random: Random(seed), values: Vec::new() };
        writer.record();
        let mut data = writer.data;
        data[32..40].copy_from_slice(&7_u64.to_le_bytes());
        let free = data.len() as u32;
        data[48..52].copy_from_slice(&free.to_le_bytes());
        data.resize(CHUNK, 0);
        data
    }

    fn u16(&mut self, number: usize) {
        self.data.extend_from_slice(&(number as u16).to_le_bytes());
    }

    fn u32(&mut self, number: usize) {
        self.data.extend_from_slice(&(number as u32).to_le_bytes());
    }

    /// Writes a size in front of what is written behind it.
    fn sized(&mut self, write: impl FnOnce(&mut Writer)) {
        let at = self.data.len();
        self.u32(0);
        write(self);
        let len = (self.data.len() - at - 4) as u32;
        self.data[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }

    fn record(&mut self) {
        let start = self.data.len();
        self.data.extend_from_slice(b"**\0\0");
        self.u32(0);
        self.data.extend_from_slice(&7_u64.to_le_bytes());
        self.data.extend_from_slice(&133_551_792_001_234_567_u64.to_le_bytes());
        assert_eq!(self.data.len(), start + HEADER);
        self.instance(Context::Record);
        let size = self.data.len() - start + 4;
        self.u32(size);
        self.data[start + 4..start + 8].copy_from_slice(&(size as u32).to_le_bytes());
    }

    /// A template where it is first used, and its values.
    fn instance(&mut self, context: Context) {
        let outer = std::mem::take(&mut self.values);
        self.data.extend_from_slice(&[0x0f, 1, 1, 0, 0x0c, 1]);
        self.u32(1);
        self.u32(self.data.len() + 4);
        self.data.extend_from_slice(&[0; 20]);
        self.sized(|writer| {
            writer.data.extend_from_slice(&[0x0f, 1, 1, 0]);
            match context {
                Context::Record => writer.event(),
                Context::Event => writer.section(),
                Context::UserData => writer.policy(),
            }
            writer.data.push(0);
        });
        let slots = std::mem::take(&mut self.values);
        self.u32(slots.len());
        let descriptors = self.data.len();
        self.data.resize(descriptors + 4 * slots.len(), 0);
        for (i, (ty, bytes)) in slots.into_iter().enumerate() {
            let start = self.data.len();
            if ty != 0x21 || context != Context::Record {
                self.data.extend_from_slice(&bytes);
            } else if self.random.below(4) > 0 {
                let is_policy = bytes == OF_USER_DATA;
                self.instance(if is_policy { Context::UserData } else { Context::Event });
            }
            let len = (self.data.len() - start) as u16;
            let [low, high] = len.to_le_bytes();
            let at = descriptors + 4 * i;
            self.data[at..at + 4].copy_from_slice(&[low, high, ty, 0]);
        }
        self.data.push(0);
        self.values = outer;
    }

    fn event(&mut self) {
        self.element("Event", &["xmlns"], |writer| {
            writer.element("System", &[], Writer::system);
            for _ in 0..writer.random.below(3) {
                match writer.random.below(3) {
                    0 => _ = writer.slot(&[0x21, 0x21, 0x00, 0x01]),
                    _ => writer.section(),
                }
            }
        });
    }

    fn system(&mut self) {
        const ATTRIBUTES: &[(&str, &[&str])] = &[
            ("Provider", &["Name", "Guid"]),
            ("EventID", &["Qualifiers"]),
            ("Correlation", &["ActivityID"]),
            ("Security", &["UserID"]),
            ("Execution", &["ProcessID", "ThreadID", "Other"]),
            ("TimeCreated", &["SystemTime"]),
        ];
        for (name, attributes) in ATTRIBUTES {
            if !self.random.one_in(5) {
                self.element(name, attributes, Writer::text);
            }
        }
        for name in ["Version", "Opcode", "Keywords", "Channel", "Computer", "Unknown", "Version"] {
            if self.random.one_in(2) {
                self.element(name, &[], Writer::text);
            }
        }
    }

    /// An element below `Event`.
    fn section(&mut self) {
        match self.random.below(7) {
            0 => self.element("UserData", &[], |writer| match writer.random.below(3) {
                0 => {
                    let id = writer.slot(&[0x21, 0x21, 0x00, 0x01]);
                    if let (0x21, bytes) = &mut writer.values[id] {
                        OF_USER_DATA.clone_into(bytes);
                    }
                }
                _ => writer.policy(),
            }),
            1 => self.element("DebugData", &[], Writer::data),
            2 => self.element("RenderingInfo", &[], Writer::data),
            _ => self.element("EventData", &[], Writer::data),
        }
    }

    /// The element below `UserData`.
    fn policy(&mut self) {
        self.element("u:Policy", &["xmlns"], Writer::data);
    }

    fn data(&mut self) {
        for _ in 0..self.random.below(6) {
            match self.random.below(8) {
                0 => self.element("Binary", &[], Writer::text),
                1 => self.element("Data", &[], Writer::text),
                2 if self.data.len() < 8000 => self.element("n:Group", &[], Writer::data),
                3 => self.text(),
                _ => self.element("Data", &["Name"], Writer::text),
            }
        }
    }

    fn element(&mut self, name: &str, attributes: &[&str], content: impl FnOnce(&mut Writer)) {
        self.data.push(if attributes.is_empty() { 0x01 } else { 0x41 });
        let depends = if self.random.one_in(6) && !self.values.is_empty() {
            self.random.below(self.values.len())
        } else {
            0xffff
        };
        self.u16(depends);
        self.sized(|writer| {
            writer.name(name);
            if !attributes.is_empty() {
                writer.sized(|writer| {
                    for attribute in attributes {
                        writer.data.push(0x06);
                        writer.name(attribute);
                        writer.text();
                    }
                });
            }
            if writer.random.one_in(8) {
                writer.data.push(0x03);
                return;
            }
            writer.data.push(0x02);
            content(writer);
            writer.data.push(0x04);
        });
    }

    fn name(&mut self, name: &str) {
        self.u32(self.data.len() + 4);
        self.data.extend_from_slice(&[0; 6]);
        self.u16(name.len());
        self.data.extend(units(name));
        self.u16(0);
    }

    fn text_value(&mut self) -> &'static str {
        if self.random.one_in(100) { "bell\u{7}" } else { self.random.of(TEXTS) }
    }

    /// Nothing, a text, a value, or (rarely) both.
    fn text(&mut self) {
        let which = self.random.below(12);
        if matches!(which, 0..3) || self.random.one_in(50) {
            let text = self.text_value();
            self.data.extend_from_slice(&[0x05, 0x01]);
            let text = units(text);
            self.u16(text.len() / 2);
            self.data.extend(text);
        }
        if matches!(which, 3..10) {
            let types = if self.random.one_in(20) { RARE } else { USUAL };
            _ = self.slot(types);
        }
    }

    /// Stands for a new value of one of these types, or for one that is there.
    fn slot(&mut self, types: &[u8]) -> usize {
        let ty = self.random.of(types);
        let id = if !self.values.is_empty() && self.random.one_in(50) {
            self.random.below(self.values.len())
        } else {
            let bytes = self.bytes(ty);
            self.values.push((ty, bytes));
            self.values.len() - 1
        };
        self.data.push(self.random.of(&[0x0d, 0x0e]));
        self.u16(id);
        self.data.push(ty);
        id
    }

    fn bytes(&mut self, ty: u8) -> Vec<u8> {
        let len = match ty {
            0x01 => return units(self.text_value()),
            0x02 => return b"ansi".to_vec(),
            0x06 => 2,
            0x07 | 0x08 | 0x0b | 0x14 => 4,
            0x0a | 0x15 => 8,
            0x0d => return vec![self.random.below(3) as u8, 0, 0, 0],
            0x0e => self.random.below(70),
            0x0f => 16,
            0x11 => {
                return (self.random.below(1 << 31) as u64 * 200_000_000).to_le_bytes().to_vec();
            }
            0x12 => return vec![0xe8, 7, 5, 0, 0, 0, 6, 0, 7, 0, 8, 0, 9, 0, 10, 0],
            0x13 => return vec![1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0],
            0x81 => {
                let count = self.random.below(4);
                let strings = (0..count).map(|_| units(self.text_value()));
                return strings
                    .flat_map(|mut text| {
                        text.extend([0, 0]);
                        text
                    })
                    .collect();
            }
            _ => 0,
        };
        (0..len).map(|_| self.random.of(&[0, 1, 0x7f, 0x80, 0xff])).collect()
    }
}

#[test]
fn templates_nobody_would_write() {
    let mut count = Count::default();
    for seed in 0..20_000 {
        check(&Writer::chunk(seed), &format!("seed {seed}"), &mut count);
    }
    // The shapes that are declined are frequent among these; those that are read must be, too.
    assert!(count.direct > 2_000 && count.direct < count.all, "{count:?}");
    assert!(count.split > 1_000 && count.split < count.direct, "{count:?}");
}

#[test]
fn damaged_chunks() {
    let mut random = Random(1);
    let mut count = Count::default();
    for seed in 0..500 {
        let whole = Writer::chunk(seed);
        let end = u32::from_le_bytes(*whole[48..].first_chunk().unwrap()) as usize;
        for _ in 0..20 {
            let mut data = whole.clone();
            for _ in 0..=random.below(3) {
                let at = 536 + random.below(end - 536);
                data[at] = random.of(&[0, 1, 2, 3, 4, 5, 6, 0x0d, 0x41, 0x80, 0xff]);
            }
            check(&data, &format!("seed {seed}"), &mut count);
        }
    }
    assert!(count.direct > 0 && count.split > 0, "{count:?}");
}

#[test]
fn real_logs() {
    let Some(folder) = dragnet_test_support::corpora("events") else { return };
    let mut count = Count::default();
    let mut folders = vec![folder];
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "evtx") {
                check_file(&path, &mut count);
            }
        }
    }
    // What Windows writes is read directly, but for shapes that are rare.
    assert!(count.all > 5_000 && count.direct * 20 > count.all * 19, "{count:?}");
    // Classic events are arrays of strings.
    assert!(count.split * 10 > count.all * 9, "{count:?}");
}

fn check_file(path: &Path, count: &mut Count) {
    let data = std::fs::read(path).unwrap();
    for chunk in data.get(4096..).unwrap_or_default().chunks(CHUNK) {
        check(chunk, &path.display().to_string(), count);
    }
}
