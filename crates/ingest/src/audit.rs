//! Logs of the Linux audit daemon: lines, and which of them are one event.
//!
//! The records of an event share a time and a serial number. They are written one after the other, but those of several
//! processors may stand among each other. An event is what has one number with no more than [`SPREAD`] lines between one
//! of its records and the next; blocks are cut only where no event goes on ([`cut`]), so that events are the same
//! however a log is cut.

use std::borrow::Cow;
use std::collections::HashMap;

use dragnet_ecs::{AuditEvent, AuditRecord};
use dragnet_event::Time;

use crate::block::text;
use crate::chunk::Each;
use crate::problem::{Place, Reason};
use crate::record::{Given, Raw};

/// How many lines there may be between two records of one event.
const SPREAD: usize = 512;
/// A block in which no place is found at which no event goes on is cut all the same at this size, in bytes.
pub(crate) const MAX_BLOCK: usize = 8 << 20;

/// The parts of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Line<'a> {
    node: Option<&'a str>,
    kind: &'a str,
    /// What stands in the brackets: `seconds.milliseconds:serial`.
    stamp: &'a str,
    text: &'a str,
}

impl<'a> Line<'a> {
    fn record(&self) -> AuditRecord<'a> {
        AuditRecord { kind: self.kind, text: self.text }
    }
}

/// Types that are written as numbers where the program that writes them does not know their names, as the kernel does not.
const KINDS: &[(&str, &str)] = &[
    ("1130", "SERVICE_START"),
    ("1131", "SERVICE_STOP"),
    ("1300", "SYSCALL"),
    ("1302", "PATH"),
    ("1305", "CONFIG_CHANGE"),
    ("1306", "SOCKADDR"),
    ("1307", "CWD"),
    ("1309", "EXECVE"),
    ("1320", "EOE"),
    ("1325", "NETFILTER_CFG"),
    ("1326", "SECCOMP"),
    ("1327", "PROCTITLE"),
    ("1330", "KERN_MODULE"),
    ("1334", "BPF"),
    ("1400", "AVC"),
    ("1701", "ANOM_ABEND"),
];

/// Reads a line, whatever a collector has put before it: `node=h type=SYSCALL msg=audit(1.0:2): …`, or the kernel's own
/// `audit: type=1300 audit(1.0:2): …`.
fn line(line: &str) -> Option<Line<'_>> {
    const STAMP: &str = "audit(";
    let (before, rest) = line.split_once("msg=audit(").or_else(|| {
        let at = line.find(" audit(")?;
        Some((&line[..at], &line[at + 1 + STAMP.len()..]))
    })?;
    let (stamp, text) = rest.split_once(')')?;
    let is_stamp =
        stamp.len() < 64 && stamp.bytes().all(|b| matches!(b, b'0'..=b'9' | b'.' | b':'));
    let mut words = before.split_ascii_whitespace().rev();
    let kind = words.next()?.strip_prefix("type=").filter(|kind| !kind.is_empty() && is_stamp)?;
    let kind =
        kind.strip_prefix("UNKNOWN[").and_then(|kind| kind.strip_suffix(']')).unwrap_or(kind);
    let named = KINDS.iter().find(|(number, _)| *number == kind).map(|(_, name)| *name);
    Some(Line {
        node: words.find_map(|word| word.strip_prefix("node=")),
        kind: named.unwrap_or(kind),
        stamp,
        text: text.strip_prefix(':').unwrap_or(text),
    })
}

/// Whether this is a line of an audit log.
pub(crate) fn is_line(text: &str) -> bool {
    line(text).is_some_and(|line| stamp(line.stamp).is_some())
}

/// What `ausearch` writes between events.
fn is_separator(text: &str) -> bool {
    text == "----" || text.starts_with("time->")
}

/// The time and the serial number.
fn stamp(stamp: &str) -> Option<(Time, u64)> {
    let (time, serial) = stamp.split_once(':')?;
    let (seconds, fraction) = time.split_once('.').unwrap_or((time, "0"));
    let seconds: i64 = seconds.parse().ok()?;
    let millis: i64 = fraction.parse().ok().filter(|millis| *millis < 1000)?;
    Some((Time::from_millis(seconds.checked_mul(1000)?.checked_add(millis)?), serial.parse().ok()?))
}

/// What tells the lines of one event from others.
type Key<'a> = (Option<&'a str>, &'a str);

/// Tells which event each line belongs to.
#[derive(Default)]
struct Grouping<'a> {
    /// Per key: the event, and the number of its last line.
    open: HashMap<Key<'a>, (usize, usize)>,
}

impl<'a> Grouping<'a> {
    /// The event of a line, if it is one that has begun; else it is `new` from now on.
    fn find(&mut self, line: usize, key: Key<'a>, new: usize) -> Option<usize> {
        let (event, last) = self.open.entry(key).or_insert((new, line));
        if *event != new && line - *last <= SPREAD {
            *last = line;
            return Some(*event);
        }
        (*event, *last) = (new, line);
        None
    }
}

/// How many of these bytes, which end with a line, can be cut off such that no event goes on behind; `None`: more must
/// be at hand to tell.
pub(crate) fn cut(bytes: &[u8]) -> Option<usize> {
    let texts: Vec<Cow<'_, str>> = split(bytes).map(text).collect();
    let mut last_of: Vec<usize> = Vec::with_capacity(texts.len());
    let mut grouping = Grouping::default();
    for (number, text) in texts.iter().enumerate() {
        last_of.push(number);
        if let Some(line) = line(text)
            && let Some(first) = grouping.find(number, (line.node, line.stamp), number)
        {
            last_of[first] = number;
        }
    }
    // A record that is not at hand yet may belong to any of the last lines.
    let known = texts.len().saturating_sub(SPREAD + 1);
    let (mut reach, mut lines) = (0, 0);
    for (number, last) in last_of[..known].iter().enumerate() {
        reach = reach.max(*last);
        if reach == number {
            lines = number + 1;
        }
    }
    let len = split(bytes).take(lines).map(|line| line.len() + 1).sum();
    (lines > 0).then_some(len)
}

fn split(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let bytes = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    bytes.split(|byte| *byte == b'\n')
}

/// An event, or a line that is none, as numbers of lines.
struct Found<'a> {
    first: usize,
    lines: Vec<Line<'a>>,
}

/// Hands over the events of a block, in the order of their first lines.
pub(crate) fn read(
    data: &[u8],
    first_line: u64,
    wanted: &mut dyn FnMut(u32) -> bool,
    each: Each<'_>,
) {
    let texts: Vec<Cow<'_, str>> = split(data).map(text).collect();
    let mut found: Vec<Found<'_>> = Vec::new();
    let mut grouping = Grouping::default();
    for (number, text) in texts.iter().enumerate() {
        let text = text.trim_ascii();
        if text.is_empty() || is_separator(text) {
            continue;
        }
        let line = line(text);
        let key = line.as_ref().map(|line| (line.node, line.stamp));
        let known = key.and_then(|key| grouping.find(number, key, found.len()));
        match (known.and_then(|event| found.get_mut(event)), line) {
            (Some(event), line) => event.lines.extend(line),
            (None, line) => found.push(Found { first: number, lines: line.into_iter().collect() }),
        }
    }
    for (index, Found { first, lines }) in (0..).zip(&found) {
        // The end of an event of which nothing else is here.
        if !wanted(index)
            || lines.first().is_some_and(|line| line.kind == "EOE") && lines.len() == 1
        {
            continue;
        }
        let place = Place::Line(first_line + *first as u64);
        let stamped = lines.first().and_then(|line| Some((line, stamp(line.stamp)?)));
        let Some((line, (time, serial))) = stamped else {
            each(Err((Some(place), Reason::NotAudit)));
            continue;
        };
        let event = AuditEvent {
            node: line.node.map(Cow::Borrowed),
            time,
            serial,
            records: lines.iter().map(Line::record).collect(),
        };
        each(Ok((index, Given::Raw(Raw::Audit(&event)), place)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let check = |text, node, kind, rest| {
            let expected = Line { node, kind, stamp: "1700000000.123:456", text: rest };
            assert_eq!(line(text), Some(expected), "{text}");
        };
        check("type=SYSCALL msg=audit(1700000000.123:456): a=1", None, "SYSCALL", " a=1");
        check("node=h type=EOE msg=audit(1700000000.123:456): ", Some("h"), "EOE", " ");
        check(
            "Nov 14 22:13:20 h audispd: node=n type=CWD msg=audit(1700000000.123:456): x",
            Some("n"),
            "CWD",
            " x",
        );
        check("kernel: [1.2] audit: type=1400 audit(1700000000.123:456): x", None, "AVC", " x");
        check("type=UNKNOWN[1334] msg=audit(1700000000.123:456): x", None, "BPF", " x");
        for none in [
            "",
            "type=A msg=audit(x): y",
            "msg=audit(1.0:1): y",
            "type= msg=audit(1.0:1): y",
            "type=A msg=audit(1",
        ] {
            assert_eq!(line(none), None, "{none}");
        }
        assert_eq!(stamp("1700000000.123:456"), Some((Time::from_millis(1_700_000_000_123), 456)));
        for none in ["1.0", "1.1000:1", "x.0:1", "9223372036854775807.0:1"] {
            assert_eq!(stamp(none), None, "{none}");
        }
    }

    #[test]
    fn cuts_where_no_event_goes_on() {
        let line = |serial: usize| format!("type=A msg=audit(1.0:{serial}): x\n");
        // Two events among each other, then others that are whole.
        let mut log: String = [1, 2, 1, 2].map(line).concat();
        log.extend((10..12).map(line));
        let before = log.len();
        let tail: String = (20..=20 + SPREAD).map(line).collect();
        assert_eq!(cut((log.clone() + &tail).as_bytes()), Some(before));
        // One of the first comes back within the distance.
        let back = [&log, &*tail, &line(2)].concat();
        assert_eq!(cut(back.as_bytes()), Some(before + line(20).len()));
        assert_eq!(cut(log.as_bytes()), None);
    }
}
