//! Times as text, without an allocation.

use dragnet_event::Time;

/// A time as text, on the stack.
pub(crate) struct TimeText {
    bytes: [u8; Self::LONGEST],
    len: usize,
}

impl TimeText {
    /// `-29227-01-01T00:00:00.0000000Z` and more than that.
    const LONGEST: usize = 40;

    fn new() -> TimeText {
        TimeText { bytes: [0; Self::LONGEST], len: 0 }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Only ASCII is ever pushed.
        std::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }

    /// Pushes a byte; texts here are never longer than there is room for.
    fn push(&mut self, byte: u8) {
        if let Some(slot) = self.bytes.get_mut(self.len) {
            *slot = byte;
            self.len += 1;
        }
    }

    /// Pushes the last `WIDTH` digits of a number.
    fn digits<const WIDTH: usize>(&mut self, mut number: u64) {
        let mut digits = [0; WIDTH];
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        for digit in digits {
            self.push(digit);
        }
    }

    /// Pushes a date and a time of day to the second; gives the ticks within it.
    fn push_seconds(&mut self, time: Time) -> u64 {
        let (year, month, day, hour, minute, second, ticks) = time.civil();
        if year < 0 {
            self.push(b'-');
        }
        match year.unsigned_abs() {
            year @ 0..10_000 => self.digits::<4>(year),
            year => self.digits::<5>(year),
        }
        for (before, number) in
            [(b'-', month), (b'-', day), (b'T', hour), (b':', minute), (b':', second)]
        {
            self.push(before);
            self.digits::<2>(number.unsigned_abs());
        }
        ticks.unsigned_abs()
    }
}

/// RFC 3339 as Go's `RFC3339Nano` prints it, which is how Winlogbeat ships `@timestamp`: as many
/// fraction digits as are not zero at the end, none if all are.
pub(crate) fn trimmed(time: Time) -> TimeText {
    let mut text = TimeText::new();
    let ticks = text.push_seconds(time);
    if ticks != 0 {
        text.push(b'.');
        text.digits::<7>(ticks);
        while text.len > 0 && text.bytes[text.len - 1] == b'0' {
            text.len -= 1;
        }
    }
    text.push(b'Z');
    text
}

/// RFC 3339 with milliseconds, always three digits: how an ingest pipeline prints a date.
pub(crate) fn millis(time: Time) -> TimeText {
    let mut text = TimeText::new();
    let ticks = text.push_seconds(time);
    text.push(b'.');
    text.digits::<3>(ticks / 10_000);
    text.push(b'Z');
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
        check("0001-02-03T04:05:06.0010Z", "0001-02-03T04:05:06.001Z", "0001-02-03T04:05:06.001Z");
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
