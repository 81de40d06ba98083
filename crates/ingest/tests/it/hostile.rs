//! Damage of every kind to small inputs: never a panic, never without an end.

use std::io::Write;

use dragnet_event::{FieldSink, Scalar};
use dragnet_ingest::{Source, parse_event};
use flate2::write::GzEncoder;

use crate::support::{Count, event_xml, read_bytes};

/// A small generator of numbers that do not look ordered (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

const PIECES: &[&str] = &[
    "<Event",
    "</Event>",
    "<System",
    "/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "&#x",
    ";",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "\\",
    "\n",
    "\r\n",
    "\u{feff}",
    "é",
    "ElfChnk\0",
    "PK\x05\x06",
    "\x1f",
];

fn damage(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len());
        match random.below(5) {
            0 => bytes.truncate(at),
            1 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            2 => {
                let end = (at + random.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            3 => {
                let end = (at + random.below(400)).min(bytes.len());
                let part = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, part);
            }
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
        }
    }
}

fn read(bytes: Vec<u8>) -> usize {
    let mut sink = Count::default();
    let mut problems = Vec::new();
    match Source::from_bytes("hostile", bytes).open(0) {
        Err(problem) => problems.push(problem),
        Ok(blocks) => {
            for block in blocks {
                match block {
                    Ok(block) => {
                        block.read(&crate::support::AGENT, &mut sink, &mut problems);
                    }
                    Err(problem) => problems.push(problem),
                }
            }
        }
    }
    assert!(problems.iter().all(|problem| !problem.to_string().is_empty()));
    sink.0
}

#[track_caller]
fn check(whole: &[u8], rounds: u64) {
    let expected = read(whole.to_vec());
    assert!(expected > 0);
    let mut kept = 0;
    for seed in 1..=rounds {
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let mut bytes = whole.to_vec();
        damage(&mut bytes, &mut random);
        kept += read(bytes);
    }
    assert!(kept > 0);
}

#[test]
fn damaged_text() {
    let events: String = (0..6).map(|id| event_xml(id, "a &amp; <![CDATA[<b>]]>")).collect();
    check(format!("<Events>{events}</Events>").as_bytes(), 3000);
    let lines = "{\"a\":{\"b\":[1,2.5,null,\"x\\n\"]}}\n".repeat(8);
    check(lines.as_bytes(), 3000);
    check(format!("[{}]", lines.trim_end().replace('\n', ",\n")).as_bytes(), 3000);
    check("{\n  \"a\": {\n    \"b\": [\n      1\n    ]\n  }\n}\n".repeat(5).as_bytes(), 3000);
}

#[test]
fn damaged_lines_and_csv() {
    let audit = "type=SYSCALL msg=audit(1700000000.123:7): arch=c000003e syscall=59 success=yes pid=1 auid=1 uid=0\n\
                 type=EXECVE msg=audit(1700000000.123:7): argc=2 a0=\"a\" a1=62206320\n\
                 type=SOCKADDR msg=audit(1700000000.123:7): saddr=020001BBC0A8010A\n\
                 type=USER_AUTH msg=audit(1700000000.200:8): pid=1 msg='op=x acct=\"y\" res=success'\n";
    check(audit.repeat(3).as_bytes(), 3000);
    let event =
        "<Event><System><Provider Name='Linux-Sysmon'/><EventID>1</EventID></System></Event>";
    let syslog = format!(
        "<14>Oct 13 20:45:50 h sysmon[1]: {event}\n<1>1 2024-01-01T00:00:00Z h a 1 - - b\n"
    );
    check(syslog.repeat(3).as_bytes(), 3000);
    let csv = "Level,Date and Time,Source,Event ID,Task Category\n\
               I,1/31/2024 3:04:05 PM,Microsoft-Windows-Sysmon,1,x,\"Process Create:\nImage: \"\"a\"\"\nUser: b\"\n\
               I,31.01.2024 15:04:05,Microsoft-Windows-Security-Auditing,4698,x,\"Subject:\n\tSecurity ID:\tSYSTEM\n\
               Task Information:\n\tTask Content:\t<x>\n</x>\"\n";
    check(csv.as_bytes(), 3000);
}

#[test]
fn damaged_archives() {
    let text = "{\"a\":1}\n".repeat(50);
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(text.as_bytes()).unwrap();
    check(&gzip.finish().unwrap(), 1000);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for name in ["a", "b", "c"] {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    check(&zip.finish().unwrap().into_inner(), 2000);
}

/// What takes quadratic time, or the stack, if one is not careful.
#[test]
fn shapes_that_are_costly() {
    for piece in [
        "[",
        "{",
        "{\"a\":",
        "[[{",
        "\"",
        "{\"a\":\"",
        "\\",
        "{\"a\":\"\n",
        "{\n{",
        "<Event>",
        "<Event",
        "<Event a='",
        "<Event><System/>",
        "<Event><System/><![CDATA[",
        "<Event><System/><!--",
        "</Event>",
        "<a:Event ",
        "<Event><System/><UserData><a>",
        "&",
        "<!",
        "<?",
        "type=A msg=audit(1.0:1): a=1\n",
        " auid=1",
        " a1[0]=\"x\"",
        " key=41",
        "\",\"",
        "\"\"",
        "\n\"",
        ",\n",
    ] {
        let csv = "Id,TimeCreated,LogName,Message\n1,2024-01-01,Security,\"";
        let audit = "type=SYSCALL msg=audit(1.0:1): ";
        let exec = "type=EXECVE msg=audit(1.0:1): ";
        for start in ["", "{}\n", "[", "<Event>", "<Event><System>", csv, audit, exec] {
            let mut text = String::from(start);
            text.push_str(&piece.repeat((512 << 10) / piece.len()));
            read(text.into_bytes());
        }
    }
}

#[test]
fn deep_nesting_is_an_error() {
    let text = format!("<Event><System/><EventData>{}", "<a>".repeat(1 << 20));
    assert!(parse_event(&text).is_err());
    let text = format!("<Event><System><x>{}", "<a>".repeat(1 << 20));
    assert!(parse_event(&text).is_err());
}

/// Names become paths; they are not to become trees that take the stack to walk.
#[test]
fn names_of_many_dots_make_no_deep_documents() {
    let name = "a.".repeat(50_000);
    let flat = "\"EventID\": 1, \"Channel\": \"C\", \"SourceName\": \"S\", \"Hostname\": \"h\"";
    for text in [format!("{{{flat}, \"{name}b\": \"x\"}}"), format!("{{\"{name}b\": \"x\"}}")] {
        let read = read_bytes(text.as_bytes());
        assert!(read.messages().is_empty());
        let (_, document) = &read.events[0];
        let mut paths = Paths(0);
        document.flatten_into(&mut paths);
        assert!(paths.0 > 100_000, "the name is there");
    }
}

/// The length of the longest path.
struct Paths(usize);

impl FieldSink for Paths {
    fn wants(&self, _: &str) -> bool {
        true
    }
    fn put(&mut self, path: &str, _: Scalar<'_>) {
        self.0 = self.0.max(path.len());
    }
}

#[test]
fn a_log_that_is_shorter_than_its_header_says() {
    let mut file = b"ElfFile\0".to_vec();
    file.resize(4096, 0);
    file[42] = 3;
    for (len, expected) in [
        (
            4096,
            "test at byte 4096: the file is cut short: 0 of the 3 chunks that its header announces are there",
        ),
        (3000, "test at byte 3000: the file ends within its header: it is cut short"),
    ] {
        let read = read_bytes(&file[..len]);
        assert_eq!(read.messages(), [expected]);
    }
    // A log that was not closed announces too few.
    file.resize(4096 + 5 * 65536, 0);
    assert!(read_bytes(&file[..]).messages().is_empty());
}
