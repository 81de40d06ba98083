//! gzip and zip, whole and damaged.

use std::io::{Cursor, Write};

use dragnet_ingest::{Reason, Severity, Source};
use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use crate::support::{event_xml, read, read_bytes};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zip(members: &[(&str, &[u8], CompressionMethod)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes, method) in members {
        let options = SimpleFileOptions::default().compression_method(*method);
        if name.ends_with('/') {
            writer.add_directory(*name, options).unwrap();
        } else {
            writer.start_file(*name, options).unwrap();
            writer.write_all(bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

const STORED: CompressionMethod = CompressionMethod::Stored;
const DEFLATED: CompressionMethod = CompressionMethod::Deflated;

/// Where `needle` is, for the `n`-th time from 0.
fn nth(bytes: &[u8], needle: &[u8], n: usize) -> usize {
    memchr::memmem::find_iter(bytes, needle).nth(n).unwrap()
}

#[test]
fn gzip_of_several_members() {
    let bytes = [gzip(b"{\"a\":\"1\"}\n{\"a\":"), gzip(b"\"2\"}\n")].concat();
    let read = read_bytes(bytes);
    assert_eq!(read.texts("a"), ["1", "2"]);
    assert!(read.problems.is_empty());
}

#[test]
fn gzip_that_is_cut_short_gives_what_is_there() {
    let line = |n: u32| format!("{{\"a\":\"{}\"}}\n", n * 7919 % 50_000);
    let text: String = (0..50_000).map(line).collect();
    let bytes = gzip(text.as_bytes());
    let read = read_bytes(&bytes[..bytes.len() / 2]);
    assert!(read.events.len() > 10_000 && read.events.len() < 40_000, "{}", read.events.len());
    let part = read.problems.iter().find(|p| matches!(p.reason, Reason::Compression(_))).unwrap();
    assert_eq!(part.severity(), Severity::Part);
    // The last line ends in its middle, or happens not to.
    assert!(read.problems.len() <= 2, "{:?}", read.messages());
}

#[test]
fn zip_members_of_all_kinds() {
    let inner = zip(&[("deep.json", b"{\"a\":\"4\"}", DEFLATED)]);
    let event = event_xml(5, "x");
    let bytes = zip(&[
        ("folder/", b"", STORED),
        ("folder/one.json", b"{\"a\":\"1\"}\n{\"a\":\"2\"}\n", DEFLATED),
        ("two", b"[{\"a\":\"3\"}]", STORED),
        ("empty", b"", STORED),
        ("inner.zip", &inner, STORED),
        ("more.gz", &gzip(event.as_bytes()), STORED),
        ("notes.txt", b"hello", DEFLATED),
    ]);
    let read = read(&Source::from_bytes("logs.zip", bytes.clone()));
    assert_eq!(read.texts("a"), ["1", "2", "3", "4", "-"]);
    assert_eq!(read.texts("event.code")[4], "5");
    assert_eq!(
        read.messages(),
        ["logs.zip:notes.txt: not a format that Dragnet reads (it starts with \"hello\")"]
    );
    let source = Source::from_bytes("logs.zip", bytes.clone());
    let paths: Vec<_> =
        source.open(0).unwrap().flatten().map(|block| block.path().to_owned()).collect();
    assert_eq!(
        paths,
        [
            "logs.zip:folder/one.json",
            "logs.zip:two",
            "logs.zip:inner.zip:deep.json",
            "logs.zip:more.gz"
        ]
    );
    // Bytes before an archive, and a comment behind it, do not matter; nor that it is within gzip.
    assert_eq!(read_bytes(gzip(&bytes)).texts("a"), ["1", "2", "3", "4", "-"]);
}

#[test]
fn zip64() {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().large_file(true);
    writer.start_file("a.json", options).unwrap();
    writer.write_all(b"{\"a\":\"1\"}\n").unwrap();
    let bytes = writer.finish().unwrap().into_inner();
    assert_eq!(read_bytes(bytes).texts("a"), ["1"]);
}

#[test]
fn members_of_one_name_are_all_read() {
    let mut bytes =
        zip(&[("a.json", b"{\"a\":\"1\"}", STORED), ("b.json", b"{\"a\":\"2\"}", STORED)]);
    for n in [1, 0] {
        let at = nth(&bytes, b"b.json", n);
        bytes[at] = b'a';
    }
    assert_eq!(read_bytes(bytes).texts("a"), ["1", "2"]);
}

#[test]
fn damaged_members_are_named_and_the_others_read() {
    let good =
        zip(&[("a.json", b"{\"a\":\"1\"}\n", STORED), ("b.json", b"{\"a\":\"2\"}\n", STORED)]);
    let damage = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        let read = read_bytes(bytes);
        (read.texts("a").join(","), read.messages().join(","))
    };
    // The content: it is used, and named.
    let content = damage(&|bytes| {
        let at = nth(bytes, b"\"1\"", 0);
        bytes[at + 1] = b'9';
    });
    let message = "test:a.json at byte 10: the archive's member is damaged: its checksum is wrong";
    assert_eq!(content, ("9,2".into(), message.into()));
    let encrypted = damage(&|bytes| {
        let at = nth(bytes, b"PK\x01\x02", 0);
        bytes[at + 8] |= 1;
    });
    assert_eq!(encrypted, ("2".into(), "test:a.json: the archive's member is encrypted".into()));
    let method = damage(&|bytes| {
        let at = nth(bytes, b"PK\x01\x02", 0);
        bytes[at + 10] = 93;
    });
    let message = "test:a.json: the archive's member is compressed by method 93, which is not read";
    assert_eq!(method, ("2".into(), message.into()));
    let place = damage(&|bytes| {
        let at = nth(bytes, b"PK\x03\x04", 0);
        bytes[at + 2] = 0x55;
        bytes[0] = b'P';
    });
    // Without its first signature it is not taken for a zip archive at all.
    assert!(place.1.contains("not a format"), "{}", place.1);
    let place = damage(&|bytes| {
        let at = nth(bytes, b"PK\x03\x04", 1);
        bytes[at + 2] = 0x55;
    });
    let message = "test:b.json: the archive's member is not where the archive's directory says";
    assert_eq!(place, ("1".into(), message.into()));
    let entry = damage(&|bytes| {
        let at = nth(bytes, b"PK\x01\x02", 1);
        bytes[at] = 0;
    });
    let message = "test: the zip archive's directory is damaged; it may have more members";
    assert_eq!(entry, ("1".into(), message.into()));
    let cut = damage(&|bytes| bytes.truncate(bytes.len() - 30));
    let message = "test: the zip archive has no directory; it may be cut short";
    assert_eq!(cut, (String::new(), message.into()));
}

#[test]
fn nesting_and_bombs_are_bounded() {
    let mut bytes = b"{\"a\":\"1\"}\n".to_vec();
    for _ in 0..4 {
        bytes = gzip(&bytes);
    }
    assert_eq!(read_bytes(bytes.clone()).texts("a"), ["1"]);
    let read = read_bytes(gzip(&bytes));
    assert_eq!(read.messages(), ["test: archives are nested deeper than 4 levels"]);

    // The same data, claimed by many members: more comes out than such an archive can hold.
    let line = format!("{{\"a\":\"1\",\"b\":\"{}\"}}\n", "x".repeat(4 << 20)).into_bytes();
    let bytes = zip(&[("a", &line, DEFLATED)]);
    let entry = nth(&bytes, b"PK\x01\x02", 0);
    let end = nth(&bytes, b"PK\x05\x06", 0);
    let mut bomb = bytes[..entry].to_vec();
    for _ in 0..100 {
        bomb.extend_from_slice(&bytes[entry..end]);
    }
    let mut tail = bytes[end..].to_vec();
    let size = ((end - entry) * 100) as u32;
    tail[12..16].copy_from_slice(&size.to_le_bytes());
    bomb.extend_from_slice(&tail);
    let read = read_bytes(bomb);
    assert!(read.events.len() > 10 && read.events.len() < 40, "{}", read.events.len());
    assert!(read.problems.iter().any(|p| matches!(p.reason, Reason::TooLarge { .. })));
}
