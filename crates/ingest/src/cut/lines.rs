//! Records that are lines: JSON, syslog, audit logs.

use memchr::{memchr, memrchr};

use crate::audit;
use crate::cut::{BLOCK, Content, Cut, Fault, MAX_RECORD, Piece, Stream, line_ends};
use crate::problem::{Place, Reason};

/// What is on each line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LineKind {
    /// A JSON value.
    Json,
    /// A line of syslog.
    Syslog,
    /// A record of the Linux audit system; several are an event.
    Audit,
}

/// Cuts at line ends, and an audit log between events.
pub(crate) struct Lines {
    stream: Stream,
    kind: LineKind,
    line: u64,
    block: usize,
    max: usize,
}

impl Lines {
    pub(crate) fn new(stream: Stream, kind: LineKind) -> Lines {
        Lines { stream, kind, line: 1, block: BLOCK, max: MAX_RECORD }
    }

    fn piece(&mut self, len: usize) -> Piece {
        let data = self.stream.take(len);
        let first_line = self.line;
        self.line += line_ends(&data);
        Piece { content: Content::Lines { first_line, kind: self.kind }, data }
    }

    /// Drops the rest of a line that is too large.
    fn drop_line(&mut self) -> Fault {
        let line = self.line;
        loop {
            if let Some(end) = memchr(b'\n', &self.stream.buf) {
                self.stream.take(end + 1);
                self.line += 1;
                break;
            }
            self.stream.take(self.stream.buf.len());
            self.stream.fill(self.block);
            if self.stream.buf.is_empty() {
                break;
            }
        }
        (Some(Place::Line(line)), Reason::RecordTooLarge { limit: self.max })
    }
}

impl Cut for Lines {
    fn next(&mut self) -> Option<Result<Piece, Fault>> {
        let mut searched = 0;
        let mut want = self.block;
        loop {
            self.stream.fill(want);
            let buf = &self.stream.buf;
            if let Some(end) = memrchr(b'\n', &buf[searched..]) {
                let end = searched + end + 1;
                match (self.kind, self.stream.ended) {
                    (LineKind::Audit, true) => return Some(Ok(self.piece(buf.len()))),
                    (LineKind::Audit, false) if end < audit::MAX_BLOCK => {
                        if let Some(len) = audit::cut(&buf[..end]) {
                            return Some(Ok(self.piece(len)));
                        }
                    }
                    _ => return Some(Ok(self.piece(end))),
                }
                want = buf.len() * 2;
                continue;
            }
            if buf.len() > self.max {
                return Some(Err(self.drop_line()));
            }
            if self.stream.ended {
                let len = buf.len();
                return match len {
                    0 => self.stream.take_fault().map(Err),
                    _ => Some(Ok(self.piece(len))),
                };
            }
            searched = buf.len();
            want = searched + self.block;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cuts with blocks of 8 and lines of at most 20 bytes.
    #[track_caller]
    fn check(text: &'static str, expected: &[&str]) {
        let stream = Stream::new(Box::new(text.as_bytes()));
        let mut lines = Lines { stream, kind: LineKind::Json, line: 1, block: 8, max: 20 };
        let pieces = std::iter::from_fn(|| lines.next()).map(|piece| match piece {
            Ok(Piece { content: Content::Lines { first_line, .. }, data }) => {
                format!("{first_line}:{}", str::from_utf8(&data).unwrap())
            }
            Ok(_) => unreachable!(),
            Err((Some(Place::Line(line)), _)) => format!("{line}!"),
            Err(_) => "!".into(),
        });
        assert_eq!(pieces.collect::<Vec<_>>(), expected, "{text}");
    }

    #[test]
    fn pieces() {
        check("", &[]);
        check("a\nb\nc\nd\ne", &["1:a\nb\nc\nd\n", "5:e"]);
        check("0123456789\nab\n", &["1:0123456789\nab\n"]);
        check("a\n012345678901234567890123456789012345\nb\nc", &["1:a\n", "2!", "3:b\n", "4:c"]);
        check("012345678901234567890123456789012345", &["1!"]);
    }
}
