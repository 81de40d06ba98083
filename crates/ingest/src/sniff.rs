//! What a file is, by its first bytes.

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use memchr::memmem;

use crate::audit;
use crate::cut::csv::Dialect;
use crate::cut::json::{Scan, is_search_answer, scan_value};
use crate::format::{Form, csv};
use crate::syslog;

/// How many bytes of a file are looked at.
pub(crate) const HEAD: usize = 64 << 10;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Format {
    /// Nothing, or only white space.
    Empty,
    /// EVTX; its chunks start at this offset.
    Evtx(u64),
    /// Text that holds records.
    Text(Text, &'static Encoding),
    Gzip,
    Zip,
    /// A format that is known by this name, but not read.
    Unsupported(&'static str),
    Unknown,
}

/// How records stand in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    /// Windows event XML.
    Xml,
    /// One JSON value per line.
    Lines,
    /// JSON in any layout: an array, or values one after the other.
    Json,
    /// CSV of Windows events.
    Csv(Dialect),
    /// Syslog with events of Sysmon for Linux.
    Syslog,
    /// A log of the Linux audit daemon.
    Audit,
}

/// How many lines may stand before the first of an audit log that is whole.
const FIRST_LINES: usize = 20;

const EVTX_HEADER: usize = 4096;

/// Formats that are not read: the bytes at the start, and a name.
const UNSUPPORTED: &[(&[u8], &str)] = &[
    (b"LfLe", "a Windows log of the time before Vista (.evt)"),
    (b"\x30\x00\x00\x00LfLe", "a Windows log of the time before Vista (.evt)"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"SQLite format 3\x00", "an SQLite database"),
];

/// Tells the format from the first bytes of a file: [`HEAD`] of them, or all there are. A form that is given is taken
/// for granted in a text.
pub(crate) fn sniff(head: &[u8], form: Option<Form>) -> Format {
    let chunk = b"ElfChnk\x00";
    if head.starts_with(b"ElfFile\x00")
        || head.get(EVTX_HEADER..).is_some_and(|h| h.starts_with(chunk))
    {
        return Format::Evtx(EVTX_HEADER as u64);
    }
    if head.starts_with(chunk) {
        return Format::Evtx(0);
    }
    match head {
        [0x1f, 0x8b, ..] => return Format::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Format::Zip,
        _ => {}
    }
    // Its header has zeros, which no text has.
    if head.get(257..).is_some_and(|h| h.starts_with(b"ustar")) && head[..257].contains(&0) {
        return Format::Unsupported("a tar archive");
    }
    if let Some((_, name)) = UNSUPPORTED.iter().find(|(magic, _)| head.starts_with(magic)) {
        return Format::Unsupported(name);
    }
    let encoding = match head {
        [0xff, 0xfe, ..] | [b'<' | b'{' | b'[', 0, ..] => UTF_16LE,
        [0xfe, 0xff, ..] | [0, b'<' | b'{' | b'[', ..] => UTF_16BE,
        _ => UTF_8,
    };
    let text = encoding.decode(head).0;
    let forced = match form {
        _ if text.trim_ascii().is_empty() => None,
        Some(Form::Csv) => Some(Text::Csv(csv::dialect(&text))),
        Some(Form::Syslog) => Some(Text::Syslog),
        Some(Form::Audit) => Some(Text::Audit),
        _ => None,
    };
    match forced.map_or_else(|| sniff_text(&text), Ok) {
        Ok(text) => Format::Text(text, encoding),
        Err(format) => format,
    }
}

fn sniff_text(text: &str) -> Result<Text, Format> {
    let text = text.trim_ascii_start();
    match text.as_bytes().first() {
        None => Err(Format::Empty),
        // Before XML, as a line may start with a priority: `<14>`.
        Some(byte) if !matches!(byte, b'{' | b'[') && syslog::is_log(text) => Ok(Text::Syslog),
        Some(b'<') if has_event_tag(text.as_bytes()) => Ok(Text::Xml),
        Some(b'<') => Err(Format::Unknown),
        Some(b'[') => Ok(Text::Json),
        // On one line, it is still one value with many records.
        Some(b'{') if is_search_answer(text.as_bytes()) => Ok(Text::Json),
        Some(b'{') => Ok(if has_record_per_line(text) { Text::Lines } else { Text::Json }),
        Some(_) if text.lines().take(FIRST_LINES).any(audit::is_line) => Ok(Text::Audit),
        Some(_) if csv::sniff(text).is_some() => Ok(Text::Csv(csv::dialect(text))),
        // JSON lines after some that are broken.
        Some(_) if text.lines().skip(1).any(|line| is_object(line.trim_ascii_end())) => {
            Ok(Text::Lines)
        }
        Some(_) => Err(Format::Unknown),
    }
}

/// Whether there is a tag `Event` or `Events`, with a prefix or without.
fn has_event_tag(text: &[u8]) -> bool {
    memmem::find_iter(text, b"Event").any(|at| {
        let before = at.checked_sub(1).map(|i| text[i]);
        let after = text.get(at + 5..).unwrap_or_default();
        let after = after.strip_prefix(b"s").unwrap_or(after).first();
        matches!(before, Some(b'<' | b':'))
            && after.is_none_or(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'))
    })
}

/// Whether a text that starts with `{` has one value per line: its first line is one, or (the first
/// being broken) the second starts one at once, which it does not in an object that is laid out
/// over several lines.
fn has_record_per_line(text: &str) -> bool {
    let Some((first, rest)) = text.split_once('\n') else {
        // One line, or the start of one. Several values on it are not one per line.
        return !matches!(scan_value(text.as_bytes(), 0, None), Scan::End(end)
            if !text[end..].trim_ascii().is_empty());
    };
    is_object(first.trim_ascii_end()) || rest.starts_with('{')
}

/// Whether this is one object, as far as brackets and quotes tell, and nothing more.
fn is_object(line: &str) -> bool {
    line.starts_with('{')
        && matches!(scan_value(line.as_bytes(), 0, None), Scan::End(end) if end == line.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(head: impl AsRef<[u8]>, expected: Format) {
        assert_eq!(
            sniff(head.as_ref(), None),
            expected,
            "{:?}",
            head.as_ref().escape_ascii().to_string()
        );
    }

    fn utf8(text: Text) -> Format {
        Format::Text(text, UTF_8)
    }

    #[test]
    fn formats() {
        check("", Format::Empty);
        check("\u{feff} \r\n", Format::Empty);
        check(b"ElfFile\0rest", Format::Evtx(4096));
        check(b"ElfChnk\0rest", Format::Evtx(0));
        check([vec![0; 4096], b"ElfChnk\0".to_vec()].concat(), Format::Evtx(4096));
        check([0x1f, 0x8b, 8], Format::Gzip);
        check(b"PK\x03\x04", Format::Zip);
        check(b"7z\xbc\xaf\x27\x1c", Format::Unsupported("a 7-Zip archive"));
        check("hello", Format::Unknown);
        check(format!("{{\"a\":\"{}ustar\"}}", "x".repeat(251)), utf8(Text::Lines));
        check(
            [&[b'x', 0], &*vec![b'x'; 255], b"ustar"].concat(),
            Format::Unsupported("a tar archive"),
        );
        check("<html><body>Event</body></html>", Format::Unknown);
        check("\u{feff}<?xml version='1.0'?><Events>", utf8(Text::Xml));
        check("<x:Event\n", utf8(Text::Xml));
        check("<EventList>", Format::Unknown);
        check([b'<', 0, b'E', 0, b'v', 0, b'e', 0, b'n', 0, b't', 0, b'>', 0], {
            Format::Text(Text::Xml, UTF_16LE)
        });
        check([0xfe, 0xff, 0, b'{', 0, b'}'], Format::Text(Text::Lines, UTF_16BE));
    }

    #[test]
    fn logs_of_lines() {
        let audit = "type=SYSCALL msg=audit(1700000000.123:456): arch=c000003e syscall=59";
        check(audit, utf8(Text::Audit));
        check(format!("yscall=1 exit=0\n{audit}"), utf8(Text::Audit));
        check(format!("node=web1 {audit}"), utf8(Text::Audit));
        check("type=SYSCALL msg=audit(never)", Format::Unknown);
        let event = "<Event><System><Provider Name=\"Linux-Sysmon\"/></System></Event>";
        for header in
            ["Oct 13 20:45:50 web1 sysmon: ", "<14>1 2024-03-02T10:00:00Z web1 sysmon - - - "]
        {
            check(format!("{header}{event}\n"), utf8(Text::Syslog));
        }
        check(event, utf8(Text::Xml));
        check("Oct 13 20:45:50 web1 cron: x\n", Format::Unknown);
    }

    #[test]
    fn csv_of_events() {
        let csv = |separator, day_first| Text::Csv(Dialect { separator, day_first });
        check("Level,Date and Time,Source,Event ID,Task Category\n", utf8(csv(b',', None)));
        check(
            "\u{feff}Keywords\tDate and Time\tSource\tEvent ID\tTask Category\r\nx\t1/31/2024 1:00:00 AM\tp\t1\tt\tm\r\n",
            utf8(csv(b'\t', Some(false))),
        );
        check("#TYPE x\n\"Message\";\"Id\";\"LogName\";\"TimeCreated\"\n", utf8(csv(b';', None)));
        check(
            "Ebene,Datum,Quelle,Ereignis,Aufgabe\nx,31.01.2024 1:00:00,p,7,t,m\n",
            utf8(csv(b',', None)),
        );
        check("a,b,c,d,e\n1,2,3,4,5\n", Format::Unknown);
        check("Id,Name\n1,x\n", Format::Unknown);
        let wide: Vec<u8> =
            "Id,TimeCreated,LogName\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        check([vec![0xff, 0xfe], wide].concat(), Format::Text(csv(b',', None), UTF_16LE));
    }

    #[test]
    fn json_layouts() {
        check(" [1]", utf8(Text::Json));
        check("{\"a\":1}\r\n{\"a\":2}\n", utf8(Text::Lines));
        check("{\"a\":1}", utf8(Text::Lines));
        check("{\"a\":\"long", utf8(Text::Lines));
        check("{\"a\":1}{\"a\":2}", utf8(Text::Json));
        check("{\n  \"a\": 1\n}\n", utf8(Text::Json));
        check("{ \"a\": 1,\n \"b\": 2 }", utf8(Text::Json));
        check("{\"a\": broken\n{\"a\":1}\n", utf8(Text::Lines));
        check("broken\n{\"a\":1}\n", utf8(Text::Lines));
        check("int main()\n{\n  return 0;\n}\n", Format::Unknown);
    }
}
