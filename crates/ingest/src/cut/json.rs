//! JSON in any layout: an array of values, or values one after the other.

use std::ops::Range;

use memchr::{memchr, memmem};

use crate::cut::Content;
use crate::cut::records::{Split, Step};
use crate::document::member;
use crate::json::special;

/// Finds values by brackets and quotes. Whether they are JSON shows when they are read.
#[derive(Debug, Default)]
pub(crate) struct JsonValues {
    in_array: bool,
    learned: bool,
    /// How far values are indented, if what is in them is indented further: then a line that is
    /// indented just so and opens an object is the next value, even if this one has no end.
    column: Option<usize>,
}

/// Where a value ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scan {
    /// Here (exclusive).
    End(usize),
    /// Nowhere in this text.
    More,
    /// It is broken at this place: a line ends in a string, or another value starts.
    Broken(usize),
}

/// What matters outside of strings.
const MATTERS: [bool; 256] = {
    let mut table = [false; 256];
    let (mut i, bytes) = (0, b"\"{}[]\n");
    while i < bytes.len() {
        table[bytes[i] as usize] = true;
        i += 1;
    }
    table
};

/// Finds the end of the array, object or string that starts at `from`.
pub(crate) fn scan_value(bytes: &[u8], from: usize, column: Option<usize>) -> Scan {
    let mut depth = 0usize;
    let mut at = from;
    let next = |at| bytes.get(at..)?.iter().position(|byte| MATTERS[usize::from(*byte)]);
    while let Some(found) = next(at) {
        at += found;
        match bytes[at] {
            b'"' => match string_end(bytes, at + 1) {
                Scan::End(end) => {
                    at = end;
                    if depth == 0 {
                        return Scan::End(end);
                    }
                    continue;
                }
                other => return other,
            },
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Scan::End(at + 1);
                }
            }
            b'\n' if column.is_some_and(|column| opens_at(bytes, at + 1, column)) => {
                return Scan::Broken(at + 1);
            }
            _ => {}
        }
        at += 1;
    }
    Scan::More
}

fn string_end(bytes: &[u8], mut at: usize) -> Scan {
    loop {
        at += special(bytes.get(at..).unwrap_or_default());
        match bytes.get(at) {
            Some(b'"') => return Scan::End(at + 1),
            Some(b'\\') => at += 2,
            Some(b'\n') => return Scan::Broken(at),
            Some(_) => at += 1,
            None => return Scan::More,
        }
    }
}

/// The number of spaces and tabs at this place.
fn indent(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|b| matches!(b, b' ' | b'\t')).count()
}

fn opens_at(bytes: &[u8], at: usize, column: usize) -> bool {
    indent(bytes, at) == column && bytes.get(at + column) == Some(&b'{')
}

impl JsonValues {
    /// Learns the layout from the first object that goes over several lines; it starts at `start`
    /// and ends before `end`, as far as it is at hand.
    fn learn_layout(&mut self, buf: &[u8], start: usize, end: usize) {
        let Some(next) = memchr(b'\n', &buf[start..end]).map(|len| start + len + 1) else { return };
        let line = memchr::memrchr(b'\n', &buf[..start]).map_or(0, |end| end + 1);
        let column = indent(buf, line);
        let next_column = indent(buf, next);
        if next + next_column == buf.len() {
            return;
        }
        self.learned = true;
        if line + column == start && next_column > column {
            self.column = Some(column);
        }
    }
}

impl Split for JsonValues {
    fn next(&mut self, buf: &[u8], mut at: usize) -> Step {
        // Where the line starts, if the value is the first thing on it: its indentation is needed.
        let mut line = Some(at);
        loop {
            match buf.get(at) {
                None => return Step::More(line.unwrap_or(at)),
                Some(b' ' | b'\t' | b'\r') => {}
                Some(b'\n') => line = Some(at + 1),
                Some(b',' | 0x1e) => line = None,
                Some(b'[') if !self.in_array => (self.in_array, line) = (true, None),
                Some(b']') => (self.in_array, line) = (false, None),
                Some(_) => break,
            }
            at += 1;
        }
        let more = Step::More(line.unwrap_or(at));
        if !matches!(buf[at], b'{' | b'[' | b'"') {
            // A number or word, or no JSON at all.
            let stop = |b: &u8| matches!(b, b',' | b'\n' | b']' | b'{');
            return match buf[at..].iter().position(stop) {
                Some(len) => Step::Record(at..at + len.max(1)),
                None => more,
            };
        }
        let mut scan = scan_value(buf, at, self.column);
        if !self.learned && buf[at] == b'{' {
            let end = if let Scan::End(end) = scan { end } else { buf.len() };
            self.learn_layout(buf, at, end);
            if self.column.is_some() {
                scan = scan_value(buf, at, self.column);
            }
        }
        match scan {
            Scan::End(end) => Step::Record(at..end),
            Scan::More => more,
            // A broken value goes on to where the next one starts.
            Scan::Broken(broken) => match self.resync(buf, broken) {
                Some(end) => Step::Record(at..end),
                None => more,
            },
        }
    }

    /// A line that opens an object.
    fn resync(&self, buf: &[u8], from: usize) -> Option<usize> {
        // A line may have started right before.
        let mut at = from.saturating_sub(1);
        while let Some(end) = buf.get(at..).and_then(|rest| memchr(b'\n', rest)) {
            at += end + 1;
            let column = self.column.unwrap_or_else(|| indent(buf, at));
            if opens_at(buf, at, column) {
                return Some(at + column);
            }
        }
        None
    }

    fn add(&self, buf: &[u8], record: Range<usize>, records: &mut Vec<Range<usize>>) {
        match hits(buf, &record) {
            Some(hits) => records.extend(hits),
            None => records.push(record),
        }
    }

    fn content(&self, first_line: u64, records: Vec<Range<usize>>) -> Content {
        Content::Json { first_line, records }
    }
}

/// Whether a text starts like the answer of Elasticsearch to a search.
pub(crate) fn is_search_answer(text: &[u8]) -> bool {
    /// `took`, `timed_out` and `_shards` stand before the hits.
    const START: usize = 400;
    let start = &text[..text.len().min(START)];
    [&b"\"took\""[..], b"\"hits\""].iter().all(|key| memmem::find(start, key).is_some())
}

/// The hits of a search's answer: the elements of its `hits.hits`.
fn hits(buf: &[u8], record: &Range<usize>) -> Option<Vec<Range<usize>>> {
    let bytes = buf.get(record.clone())?;
    if !is_search_answer(bytes) {
        return None;
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let array = member(member(text, "hits")?, "hits")?;
    let start = record.start + (array.as_ptr() as usize - text.as_ptr() as usize);
    let end = start + array.len();
    let mut at = start + 1;
    let mut found = Vec::new();
    while let Some(open) = memchr(b'{', buf.get(at..end)?) {
        let Scan::End(after) = scan_value(buf, at + open, None) else { return None };
        found.push(at + open..after);
        at = after;
    }
    array.starts_with('[').then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cut::records::tests::cut;

    /// Checks with every size of block.
    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        for block in [4, 7, 16, 64, 1024] {
            assert_eq!(cut(text, JsonValues::default(), block, 1024), expected, "{block}: {text}");
        }
    }

    #[test]
    fn arrays_and_sequences() {
        check("", &[]);
        check(" [ ] ", &[]);
        check(r#"[{"a":"]}\"{"},{"b":[{}]}]"#, &[r#"1[{"a":"]}\"{"}]"#, r#"1[{"b":[{}]}]"#]);
        check("{\n \"a\": 1\n}\n{\n}{}", &["1[{\n \"a\": 1\n}]", "4[{\n}]", "5[{}]"]);
        check("[1, \"x,y\", [2], {}]", &["1[1]", "1[\"x,y\"]", "1[[2]]", "1[{}]"]);
        check("[{}]\n[{}]", &["1[{}]", "2[{}]"]);
    }

    #[test]
    fn what_is_broken_costs_one_record() {
        check(
            "[\n {\n  \"a\": \"x\n },\n {\n  \"b\": 1\n }\n]",
            &["2[{\n  \"a\": \"x\n },\n ]", "5[{\n  \"b\": 1\n }]"],
        );
        check("{\n  \"a\": {\n{\n  \"b\": 1\n}\n", &["1[{\n  \"a\": {\n]", "3[{\n  \"b\": 1\n}]"]);
        check("{}\n{\"a\": [\n{\"b\": 1}\n", &["1[{}]", "2[{\"a\": [\n]", "3[{\"b\": 1}]"]);
        check("[{\"a\": 1}, {\"b\": ", &["1[{\"a\": 1}]", "1[{\"b\": ]"]);
        check("{} rubbish\n{}", &["1[{}]", "1[rubbish]", "2[{}]"]);
    }

    #[test]
    fn large_values_are_passed_over() {
        let large = format!("[\n{{\"a\": \"{}\"}},\n{{\"b\": 1}}\n]", "x".repeat(500));
        assert_eq!(cut(&large, JsonValues::default(), 16, 64), ["2!", "3[{\"b\": 1}]"]);
    }
}
