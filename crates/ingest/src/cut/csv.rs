//! CSV: records of fields, some of them in quotes and then over several lines.
//!
//! Written by hand because the same look at quotes cuts a stream into records and a record into fields; a library would
//! have to be followed by a second one for the cut.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use memchr::{memchr, memchr2};

use crate::block::text;
use crate::cut::Content;
use crate::cut::records::{Split, Step};
use crate::format::csv::Header;

/// How a CSV is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Dialect {
    /// What stands between fields.
    pub(crate) separator: u8,
    /// Whether dates with slashes start with the day, where that shows.
    pub(crate) day_first: Option<bool>,
}

/// How much of a record may be looked at to tell that it is one, after one that is broken.
const MAX_START: usize = 1 << 10;

/// Where the field that starts at `at` ends: at a separator, a line end or the end of the text. `None`: in quotes that
/// are not closed.
fn field_end(bytes: &[u8], at: usize, separator: u8) -> Option<usize> {
    if bytes.get(at) != Some(&b'"') {
        let rest = bytes.get(at..).unwrap_or_default();
        return Some(at + memchr2(separator, b'\n', rest).unwrap_or(rest.len()));
    }
    let mut at = at + 1;
    loop {
        at += memchr(b'"', bytes.get(at..)?)? + 1;
        match bytes.get(at) {
            Some(b'"') => at += 1,
            None | Some(b'\n') => return Some(at),
            Some(next) if *next == separator => return Some(at),
            Some(b'\r') if matches!(bytes.get(at + 1), None | Some(b'\n')) => return Some(at + 1),
            // A quote that should have been doubled.
            Some(_) => {}
        }
    }
}

/// The end of the record that starts at `at`, behind its line end. `None`: it is not at hand.
fn record_end(bytes: &[u8], mut at: usize, separator: u8) -> Option<usize> {
    loop {
        at = field_end(bytes, at, separator)?;
        match bytes.get(at)? {
            b'\n' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// The fields of a record, without their quotes.
pub(crate) fn fields(record: &str, separator: u8) -> Vec<Cow<'_, str>> {
    let record = record.strip_suffix('\n').unwrap_or(record);
    let record = record.strip_suffix('\r').unwrap_or(record);
    let mut fields = Vec::new();
    let mut at = 0;
    loop {
        let end = field_end(record.as_bytes(), at, separator).unwrap_or(record.len());
        let raw = &record[at..end];
        fields.push(match raw.strip_prefix('"') {
            Some(inner) => {
                let inner = inner.trim_end_matches('\r');
                let inner = inner.strip_suffix('"').unwrap_or(inner);
                if inner.contains("\"\"") {
                    Cow::Owned(inner.replace("\"\"", "\""))
                } else {
                    Cow::Borrowed(inner)
                }
            }
            None => Cow::Borrowed(raw),
        });
        if end >= record.len() {
            return fields;
        }
        at = end + 1;
    }
}

/// The first record of a text that is not a line for PowerShell (`#TYPE …`), and what follows it.
pub(crate) fn first_record(text: &str, separator: u8) -> Option<(&str, &str)> {
    let mut rest = text.trim_start_matches(['\r', '\n']);
    if rest.starts_with('#') {
        rest = rest.split_once('\n')?.1;
    }
    let end = record_end(rest.as_bytes(), 0, separator).unwrap_or(rest.len());
    (!rest.is_empty()).then(|| rest.split_at(end))
}

/// Finds the records of a CSV; its first says what the columns are.
pub(crate) struct CsvRecords {
    dialect: Dialect,
    header: Option<Arc<Header>>,
}

impl CsvRecords {
    pub(crate) fn new(dialect: Dialect) -> CsvRecords {
        CsvRecords { dialect, header: None }
    }
}

impl Split for CsvRecords {
    fn next(&mut self, buf: &[u8], mut at: usize) -> Step {
        let separator = self.dialect.separator;
        loop {
            while matches!(buf.get(at), Some(b'\r' | b'\n')) {
                at += 1;
            }
            if at == buf.len() {
                return Step::More(at);
            }
            if self.header.is_some() {
                let end = record_end(buf, at, separator);
                return end.map_or(Step::More(at), |end| Step::Record(at..end));
            }
            let end = match buf[at] {
                b'#' => memchr(b'\n', &buf[at..]).map(|len| at + len + 1),
                _ => record_end(buf, at, separator),
            };
            let Some(end) = end else { return Step::More(at) };
            if buf[at] != b'#' {
                let header = Header::read(&text(&buf[at..end]), self.dialect);
                self.header = Some(Arc::new(header));
            }
            at = end;
        }
    }

    fn resync(&self, buf: &[u8], from: usize) -> Option<usize> {
        let header = self.header.as_ref()?;
        let mut at = from;
        loop {
            at += memchr(b'\n', buf.get(at..)?)? + 1;
            let line = &buf[at..buf.len().min(at + MAX_START)];
            let line = &line[..memchr(b'\n', line).unwrap_or(line.len())];
            if header.is_start(&text(line)) {
                return Some(at);
            }
        }
    }

    fn content(&self, first_line: u64, records: Vec<Range<usize>>) -> Content {
        // Without a line for columns there is no record, but what is broken is handed on.
        let none = || Arc::new(Header::read("", self.dialect));
        let header = self.header.clone().unwrap_or_else(none);
        Content::Csv { first_line, records, header }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cut::records::tests::cut;

    #[track_caller]
    fn check_fields(record: &str, expected: &[&str]) {
        assert_eq!(fields(record, b','), expected, "{record}");
    }

    #[test]
    fn fields_of_a_record() {
        check_fields("a,\"b,\"\"c\"\"\r\nd\",,e\r\n", &["a", "b,\"c\"\r\nd", "", "e"]);
        check_fields("", &[""]);
        check_fields("a,\n", &["a", ""]);
        check_fields("\"\",\"x\"\n", &["", "x"]);
        check_fields("a\"b,\"c \"d\" e\",f", &["a\"b", "c \"d\" e", "f"]);
        check_fields("\"never closed, it", &["never closed, it"]);
        assert_eq!(fields("a;b,c", b';'), ["a", "b,c"]);
    }

    #[test]
    fn records() {
        let csv = "#TYPE X\r\nId,TimeCreated,ProviderName,Message\r\n1,2024-01-01,p,\"a\nb\"\r\n\r\n2,2024-01-02,p,c\n";
        let dialect = Dialect { separator: b',', day_first: None };
        for block in [8, 16, 33, 64, 1024] {
            let found = cut(csv, CsvRecords::new(dialect), block, 4096);
            let expected = ["3[1,2024-01-01,p,\"a\nb\"\r\n]", "6[2,2024-01-02,p,c\n]"];
            assert_eq!(found, expected, "{block}");
        }
    }

    #[test]
    fn a_quote_that_is_not_closed_costs_one_record() {
        let csv = "Id,TimeCreated,ProviderName,Message\n1,2024-01-01,p,\"a\nb\n2,2024-01-02,p,c\n";
        let dialect = Dialect { separator: b',', day_first: None };
        let found = cut(csv, CsvRecords::new(dialect), 1024, 4096);
        assert_eq!(found, ["2[1,2024-01-01,p,\"a\nb\n]", "4[2,2024-01-02,p,c\n]"]);
    }
}
