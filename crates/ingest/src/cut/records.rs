//! Records that are found by their structure: event XML, and JSON in any layout.

use std::collections::VecDeque;
use std::ops::Range;

use crate::buffers::Bytes;
use crate::cut::{BLOCK, Content, Cut, Fault, MAX_RECORD, Piece, Stream, line_ends};
use crate::problem::{Place, Reason};

/// Finds records in a text.
pub(crate) trait Split: Send {
    /// The next record at or after `from`.
    fn next(&mut self, buf: &[u8], from: usize) -> Step;

    /// Where the next record starts after `from`, found without knowing the structure there:
    /// after a record that has no end.
    fn resync(&self, buf: &[u8], from: usize) -> Option<usize>;

    /// Adds a record to others, or the records that are in it.
    fn add(&self, buf: &[u8], record: Range<usize>, records: &mut Vec<Range<usize>>) {
        let _ = buf;
        records.push(record);
    }

    /// How the records are to be read.
    fn content(&self, first_line: u64, records: Vec<Range<usize>>) -> Content;
}

/// What stands next in a text.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Step {
    /// A record, whole or broken.
    Record(Range<usize>),
    /// Something that is no record and does not belong there.
    Stray(Range<usize>),
    /// The start of something, at this place, or the end of the text.
    More(usize),
}

/// How many records without an end are tolerated in one stream. Each costs a search to the end of the text.
const MAX_OPEN_ENDS: u32 = 64;

/// Cuts between records.
pub(crate) struct Records<S> {
    stream: Stream,
    split: S,
    line: u64,
    open_ends: u32,
    /// In the middle of a record that is too large.
    lost: bool,
    stray: VecDeque<Fault>,
    /// Texts between records that are named, and those that are only counted.
    strays_named: usize,
    strays_more: u32,
    block: usize,
    max: usize,
}

impl<S: Split> Records<S> {
    pub(crate) fn new(stream: Stream, split: S) -> Records<S> {
        Records {
            stream,
            split,
            line: 1,
            open_ends: 0,
            lost: false,
            stray: VecDeque::new(),
            strays_named: 0,
            strays_more: 0,
            block: BLOCK,
            max: MAX_RECORD,
        }
    }

    fn take(&mut self, len: usize) -> Bytes {
        let data = self.stream.take(len);
        self.line += line_ends(&data);
        data
    }

    fn line_at(&self, at: usize) -> Place {
        Place::Line(self.line + line_ends(&self.stream.buf[..at]))
    }

    /// Drops what is at hand up to the next record.
    fn find_again(&mut self) {
        while self.lost {
            self.stream.fill(self.block);
            let len = self.stream.buf.len();
            let found = self.split.resync(&self.stream.buf, 0);
            self.lost = found.is_none() && len > 0;
            // What starts near the end may be recognised when more is there.
            let keep = if self.stream.ended { 0 } else { (4 << 10).min(len / 2) };
            self.take(found.unwrap_or(len - keep));
        }
    }

    /// The records that are at hand.
    fn scan(&mut self) -> (Vec<Range<usize>>, usize) {
        let mut records = Vec::new();
        let mut at = 0;
        loop {
            match self.split.next(&self.stream.buf, at) {
                Step::Record(range) => {
                    at = range.end;
                    self.split.add(&self.stream.buf, range, &mut records);
                }
                Step::Stray(range) => {
                    at = range.end;
                    if self.strays_named < crate::MAX_NAMED {
                        self.strays_named += 1;
                        let place = Some(self.line_at(range.start));
                        self.stray.push_back((place, Reason::StrayText));
                    } else {
                        self.strays_more = self.strays_more.saturating_add(1);
                    }
                }
                Step::More(from) => return (records, from),
            }
        }
    }

    /// With a record at hand that has no end, and never will have: where it ends all the same.
    fn force_end(&mut self) -> Option<usize> {
        self.open_ends += 1;
        if self.open_ends > MAX_OPEN_ENDS {
            return None;
        }
        self.split.resync(&self.stream.buf, 1)
    }

    fn piece(&mut self, records: Vec<Range<usize>>, len: usize) -> Piece {
        let first_line = self.line;
        Piece { content: self.split.content(first_line, records), data: self.take(len) }
    }
}

impl<S: Split> Cut for Records<S> {
    fn next(&mut self) -> Option<Result<Piece, Fault>> {
        if let Some(fault) = self.stray.pop_front() {
            return Some(Err(fault));
        }
        self.find_again();
        let mut want = self.block;
        loop {
            self.stream.fill(want);
            let (records, end) = self.scan();
            if !records.is_empty() {
                return Some(Ok(self.piece(records, end)));
            }
            self.take(end);
            if let Some(fault) = self.stray.pop_front() {
                return Some(Err(fault));
            }
            let len = self.stream.buf.len();
            if self.stream.ended && self.stream.buf.trim_ascii().is_empty() {
                self.take(len);
                if let Some(fault) = self.stream.take_fault() {
                    return Some(Err(fault));
                }
                let more = std::mem::take(&mut self.strays_more);
                return (more > 0).then_some(Err((None, Reason::More(more))));
            }
            if len > self.max {
                if let Some(end) = self.force_end() {
                    let record = vec![Range { start: 0, end }];
                    return Some(Ok(self.piece(record, end)));
                }
                let place = self.line_at(0);
                self.take(len);
                self.lost = true;
                return Some(Err((Some(place), Reason::RecordTooLarge { limit: self.max })));
            }
            if self.stream.ended {
                let end = self.force_end().unwrap_or(len);
                return Some(Ok(self.piece(vec![Range { start: 0, end }], end)));
            }
            want = (len * 2).max(self.block);
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Cuts with blocks and records of at most these sizes; a piece's records are shown in
    /// brackets after the line at which they start, faults as `!`.
    pub(crate) fn cut<S: Split>(text: &str, split: S, block: usize, max: usize) -> Vec<String> {
        let stream = Stream::new(Box::new(std::io::Cursor::new(text.to_owned().into_bytes())));
        let mut cut = Records { block, max, ..Records::new(stream, split) };
        let mut out = Vec::new();
        while let Some(piece) = cut.next() {
            match piece {
                Ok(Piece { data, content }) => {
                    let (Content::Json { first_line, records }
                    | Content::Xml { first_line, records }
                    | Content::Csv { first_line, records, .. }) = content
                    else {
                        unreachable!()
                    };
                    for range in records {
                        let line = first_line + line_ends(&data[..range.start]);
                        out.push(format!("{line}[{}]", std::str::from_utf8(&data[range]).unwrap()));
                    }
                }
                Err((Some(Place::Line(line)), Reason::StrayText)) => out.push(format!("{line}?")),
                Err((Some(Place::Line(line)), _)) => out.push(format!("{line}!")),
                Err(_) => out.push("!".into()),
            }
        }
        out
    }
}
