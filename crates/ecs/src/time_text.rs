//! Times as text, without an allocation.

use std::fmt::Write as _;

use dragnet_event::Time;

/// A short text on the stack; what does not fit is cut off.
pub(crate) struct TimeText {
    bytes: [u8; 40],
    len: usize,
}

impl TimeText {
    fn new() -> TimeText {
        TimeText { bytes: [0; 40], len: 0 }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only whole texts are written, and only ASCII.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl std::fmt::Write for TimeText {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        let end = self.len + s.len();
        self.bytes.get_mut(self.len..end).ok_or(std::fmt::Error)?.copy_from_slice(s.as_bytes());
        self.len = end;
        Ok(())
    }
}

/// RFC 3339 as Go's `RFC3339Nano` prints it, which is how Winlogbeat ships `@timestamp`: as many
/// fraction digits as are not zero at the end, none if all are.
pub(crate) fn trimmed(time: Time) -> TimeText {
    let (y, mo, d, h, mi, s, ticks) = time.civil();
    let mut text = TimeText::new();
    let _ = write!(text, "{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}");
    if ticks != 0 {
        let _ = write!(text, ".{ticks:07}");
        while text.bytes[text.len - 1] == b'0' {
            text.len -= 1;
        }
    }
    let _ = text.write_str("Z");
    text
}

/// RFC 3339 with milliseconds, always three digits: how an ingest pipeline prints a date.
pub(crate) fn millis(time: Time) -> TimeText {
    let mut text = TimeText::new();
    let _ = write!(text, "{}", Time::from_millis(time.millis()));
    text
}

/// Reads Sysmon's `UtcTime`, exactly `yyyy-MM-dd HH:mm:ss.SSS`: the pipeline takes no other form.
pub(crate) fn parse_utc_time(text: &str) -> Option<Time> {
    const SHAPE: &[u8; 23] = b"0000-00-00 00:00:00.000";
    let fits = text.len() == SHAPE.len()
        && text
            .bytes()
            .zip(SHAPE)
            .all(|(b, s)| if *s == b'0' { b.is_ascii_digit() } else { b == *s });
    if fits { Time::parse(text) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_and_java_forms() {
        let check = |text: &str, go: &str, java: &str| {
            let time = Time::parse(text).unwrap();
            assert_eq!((trimmed(time).as_str(), millis(time).as_str()), (go, java));
        };
        check(
            "2019-03-18T16:57:37.933324000Z",
            "2019-03-18T16:57:37.933324Z",
            "2019-03-18T16:57:37.933Z",
        );
        check("2019-03-18T16:57:30Z", "2019-03-18T16:57:30Z", "2019-03-18T16:57:30.000Z");
        check(
            "1601-01-01T00:00:00.0000001Z",
            "1601-01-01T00:00:00.0000001Z",
            "1601-01-01T00:00:00.000Z",
        );
    }

    #[test]
    fn utc_time_is_strict() {
        assert!(parse_utc_time("2019-07-18 03:34:01.239").is_some());
        assert!(parse_utc_time("2019-07-18T03:34:01.239").is_none());
        assert!(parse_utc_time("2019-07-18 03:34:01").is_none());
        assert!(parse_utc_time("2019-13-18 03:34:01.239").is_none());
        assert!(parse_utc_time("é19-07-18 03:34:01.239").is_none());
    }
}
