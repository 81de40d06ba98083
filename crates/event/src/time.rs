//! Points in time.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A point in time: 100-nanosecond ticks since 1970-01-01T00:00:00Z, the resolution of Windows.
///
/// The range (about ±29,000 years) covers every FILETIME, which nanoseconds in 64 bits would not.
/// Times order events; nothing below the command line ever asks a clock for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Time(pub i64);

/// Ticks in a millisecond.
const TICKS_PER_MS: i64 = 10_000;
/// Ticks in a second.
const TICKS_PER_SECOND: i64 = 10_000_000;
/// Seconds in a day.
const DAY: i64 = 86_400;

impl Time {
    /// The start of the year 1. From here to [`Time::YEAR_10_000`] years are written with four digits.
    pub const YEAR_1: Time = Time(-719_162 * DAY * TICKS_PER_SECOND);
    /// The start of the year 10,000.
    pub const YEAR_10_000: Time = Time(2_932_897 * DAY * TICKS_PER_SECOND);

    /// From milliseconds since 1970, saturating.
    pub const fn from_millis(ms: i64) -> Time {
        Time(ms.saturating_mul(TICKS_PER_MS))
    }

    /// Milliseconds since 1970, rounded down.
    pub const fn millis(self) -> i64 {
        self.0.div_euclid(TICKS_PER_MS)
    }

    /// This time plus a duration in milliseconds, saturating.
    pub const fn plus_millis(self, ms: i64) -> Time {
        Time(self.0.saturating_add(ms.saturating_mul(TICKS_PER_MS)))
    }

    /// Reads the forms that logs use.
    ///
    /// - RFC 3339 and its relatives: `2024-01-31T10:00:00.1234567Z`, with `+02:00` or `+0200`, with
    ///   a space for `T`, without an offset (taken as UTC), to the minute, or a bare date;
    /// - milliseconds since 1970 as digits, with or without a fraction (`1504126051000`,
    ///   `"1504126051000.5"`). A bare number of four digits is a year, as in Elasticsearch's
    ///   `strict_date_optional_time||epoch_millis`.
    pub fn parse(text: &str) -> Option<Time> {
        let text = text.trim();
        parse_iso(text.as_bytes()).or_else(|| parse_epoch_millis(text))
    }

    /// Reads a date in one of the `format`s of an Elasticsearch mapping, separated by `||`:
    /// named formats mean [`Time::parse`], anything else is a pattern of `yyyy MM dd HH mm ss SSS`.
    pub fn parse_format(text: &str, format: &str) -> Option<Time> {
        format.split("||").find_map(|one| {
            let is_pattern = one.contains("yy") || one.contains("uu") || one.contains("dd");
            if is_pattern { parse_pattern(text, one) } else { Time::parse(text) }
        })
    }

    /// From a civil date and time in UTC. `None` if a part is out of range.
    pub fn from_civil(year: i64, month: i64, day: i64, seconds: i64, ticks: i64) -> Option<Time> {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        let days_in_month = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 if leap => 29,
            2 => 28,
            _ => return None,
        };
        if !(1..=days_in_month).contains(&day) || !(-9999..=9999).contains(&year) {
            return None;
        }
        let days = days_from_civil(year, month, day);
        Some(Time((days * DAY + seconds) * TICKS_PER_SECOND + ticks))
    }

    /// Year, month, day, hour, minute, second and ticks within the second, in UTC.
    pub fn civil(self) -> (i64, i64, i64, i64, i64, i64, i64) {
        let seconds = self.0.div_euclid(TICKS_PER_SECOND);
        let ticks = self.0.rem_euclid(TICKS_PER_SECOND);
        let (y, m, d) = civil_from_days(seconds.div_euclid(DAY));
        let s = seconds.rem_euclid(DAY);
        (y, m, d, s / 3600, s / 60 % 60, s % 60, ticks)
    }
}

impl fmt::Display for Time {
    /// RFC 3339 in UTC: milliseconds (`2024-01-31T10:00:00.123Z`), or all seven digits where
    /// there are more.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (y, mo, d, h, mi, s, ticks) = self.civil();
        write!(f, "{y:04}-{mo:02}-{d:02}T{h:02}:{mi:02}:{s:02}.")?;
        if ticks % TICKS_PER_MS == 0 {
            write!(f, "{:03}Z", ticks / TICKS_PER_MS)
        } else {
            write!(f, "{ticks:07}Z")
        }
    }
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar (Hinnant's algorithm).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + (yoe * 365 + yoe / 4 - yoe / 100 + doy) - 719_468
}

/// The inverse of [`days_from_civil`].
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    (yoe + era * 400 + i64::from(month <= 2), month, day)
}

/// A cursor over the bytes of a date.
struct Digits<'a>(&'a [u8]);

impl Digits<'_> {
    fn number(&mut self, width: usize) -> Option<i64> {
        let (head, tail) = self.0.split_at_checked(width)?;
        if !head.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = tail;
        Some(head.iter().fold(0, |n, d| n * 10 + i64::from(d - b'0')))
    }

    fn eat(&mut self, any_of: &[u8]) -> bool {
        let hit = self.0.first().is_some_and(|b| any_of.contains(b));
        if hit {
            self.0 = &self.0[1..];
        }
        hit
    }

    /// Digits after a decimal separator, as ticks: more than seven are cut.
    fn fraction(&mut self) -> Option<i64> {
        let len = self.0.iter().take_while(|b| b.is_ascii_digit()).count();
        if len == 0 {
            return None;
        }
        let mut ticks = 0;
        for i in 0..7 {
            ticks = ticks * 10 + if i < len { i64::from(self.0[i] - b'0') } else { 0 };
        }
        self.0 = &self.0[len..];
        Some(ticks)
    }
}

fn parse_iso(text: &[u8]) -> Option<Time> {
    let mut d = Digits(text);
    let year = d.number(4)?;
    let month = if d.eat(b"-") { d.number(2)? } else { 1 };
    let day = if text.len() > 7 { d.eat(b"-").then(|| d.number(2))?? } else { 1 };
    let (mut seconds, mut ticks) = (0, 0);
    if d.eat(b"T ") {
        let hour = d.number(2)?;
        let minute = if d.eat(b":") { d.number(2)? } else { 0 };
        let second = if d.eat(b":") { d.number(2)? } else { 0 };
        if hour > 23 || minute > 59 || second > 60 {
            return None;
        }
        if d.eat(b".,") {
            ticks = d.fraction()?;
        }
        seconds = hour * 3600 + minute * 60 + second;
        if !d.eat(b"Zz") && !d.0.is_empty() {
            let sign = if d.eat(b"+") { -1 } else { d.eat(b"-").then_some(1)? };
            let hours = d.number(2)?;
            d.eat(b":");
            let minutes = if d.0.is_empty() { 0 } else { d.number(2)? };
            seconds += sign * (hours * 3600 + minutes * 60);
        }
    }
    if !d.0.is_empty() {
        return None;
    }
    Time::from_civil(year, month, day, seconds, ticks)
}

fn parse_epoch_millis(text: &str) -> Option<Time> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let ms: i64 = whole.parse().ok()?;
    if !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let mut ticks = 0;
    for i in 0..4 {
        ticks = ticks * 10 + fraction.as_bytes().get(i).map_or(0, |d| i64::from(d - b'0'));
    }
    let ticks = if whole.starts_with('-') { -ticks } else { ticks };
    Some(Time(ms.checked_mul(TICKS_PER_MS)?.checked_add(ticks)?))
}

/// Reads `text` by a pattern of the letters `y u M d H m s S`; other characters stand for themselves.
fn parse_pattern(text: &str, pattern: &str) -> Option<Time> {
    let (mut year, mut month, mut day, mut seconds, mut ticks) = (1970, 1, 1, 0, 0);
    let mut d = Digits(text.trim().as_bytes());
    let mut rest = pattern.as_bytes();
    while let Some(&letter) = rest.first() {
        let width = rest.iter().take_while(|b| **b == letter).count();
        rest = &rest[width..];
        match letter {
            b'y' | b'u' => year = d.number(width)?,
            b'M' => month = d.number(width)?,
            b'd' => day = d.number(width)?,
            b'H' => seconds += d.number(width)? * 3600,
            b'm' => seconds += d.number(width)? * 60,
            b's' => seconds += d.number(width)?,
            b'S' => ticks = d.fraction()?,
            b'\'' => {}
            other => {
                for _ in 0..width {
                    d.eat(&[other]).then_some(())?;
                }
            }
        }
    }
    d.0.is_empty().then_some(())?;
    Time::from_civil(year, month, day, seconds, ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let shown = Time::parse(text).map_or("none".to_owned(), |t| t.to_string());
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn forms() {
        check("2019-03-18T16:57:37.933324Z", "2019-03-18T16:57:37.9333240Z");
        check("2019-03-18 16:57:37.933", "2019-03-18T16:57:37.933Z");
        check("2019-03-18T16:57:37+02:00", "2019-03-18T14:57:37.000Z");
        check("2019-03-18T16:57:37-0030", "2019-03-18T17:27:37.000Z");
        check("2019-03-18", "2019-03-18T00:00:00.000Z");
        check("2019-03", "2019-03-01T00:00:00.000Z");
        check("1504126051000", "2017-08-30T20:47:31.000Z");
        check("11", "1970-01-01T00:00:00.011Z");
        check("-11644473600000", "1601-01-01T00:00:00.000Z");
        check("1504126051000.25", "2017-08-30T20:47:31.0002500Z");
        check("2020-02-29", "2020-02-29T00:00:00.000Z");
        check("2019-02-29", "none");
        check("2019-03-18T25:00:00Z", "none");
        check("yesterday", "none");
        check("", "none");
        check("é019-03-18", "none");
    }

    #[test]
    fn mapping_formats() {
        let shown = |text, format| Time::parse_format(text, format).map(|t| t.to_string());
        assert_eq!(shown("17-12-2022", "dd-MM-yyyy").unwrap(), "2022-12-17T00:00:00.000Z");
        assert_eq!(
            shown("2022-12-17", "dd-MM-yyyy||yyyy-MM-dd").unwrap(),
            "2022-12-17T00:00:00.000Z"
        );
        assert_eq!(shown("12", "strict_date||epoch_millis").unwrap(), "1970-01-01T00:00:00.012Z");
        assert_eq!(shown("17.12.2022", "dd-MM-yyyy"), None);
    }

    #[test]
    fn civil_round_trip() {
        assert_eq!(Time::YEAR_1.civil(), (1, 1, 1, 0, 0, 0, 0));
        assert_eq!(Time::YEAR_10_000.civil(), (10_000, 1, 1, 0, 0, 0, 0));
        for days in (-200_000..200_000).step_by(997) {
            let (y, m, d) = civil_from_days(days);
            assert_eq!(days_from_civil(y, m, d), days);
        }
    }
}
