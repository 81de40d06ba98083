//! Durations (`5m`) and times relative to now (`now-9m`).

const SECOND: i64 = 1000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The units of Elasticsearch's date maths. Months and years are calendar units there; here, where
/// the result is a fixed length, a month is 30 days and a year 365.
const UNITS: &[(char, i64)] = &[
    ('s', SECOND),
    ('m', MINUTE),
    ('h', HOUR),
    ('H', HOUR),
    ('d', DAY),
    ('w', 7 * DAY),
    ('M', 30 * DAY),
    ('y', 365 * DAY),
];

/// Reads a rule's `interval` (`5m`, `1h`) into milliseconds: a positive whole number and `s`, `m`,
/// `h` or `d`, as Kibana accepts it. `None` for anything else.
pub fn parse_duration(text: &str) -> Option<i64> {
    let text = text.trim();
    let unit = text.chars().next_back().filter(|unit| "smhd".contains(*unit))?;
    let (ms, rest) = amount(text)?;
    (ms > 0 && rest.is_empty() && text.ends_with(unit)).then_some(ms)
}

/// Reads a rule's `from` or `to` (`now-9m`, `now-1h+5m`, `now`) into milliseconds from now: negative
/// in the past. Rounding (`now/d`) and absolute times have no fixed distance from now and give
/// `None`.
pub fn parse_relative(text: &str) -> Option<i64> {
    let mut rest = text.trim().strip_prefix("now")?;
    let mut offset = 0_i64;
    while !rest.is_empty() {
        let (sign, term) = match rest.strip_prefix('-') {
            Some(term) => (-1, term),
            None => (1, rest.strip_prefix('+')?),
        };
        let (ms, after) = amount(term)?;
        offset = offset.checked_add(sign * ms)?;
        rest = after;
    }
    Some(offset)
}

/// A whole number and a unit at the start of the text, in milliseconds, and what follows.
fn amount(text: &str) -> Option<(i64, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let count: i64 = text[..digits].parse().ok()?;
    let unit = text[digits..].chars().next()?;
    let (_, length) = UNITS.iter().find(|(letter, _)| *letter == unit)?;
    Some((count.checked_mul(*length)?, &text[digits + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        #[track_caller]
        fn check(text: &str, expected: Option<i64>) {
            assert_eq!(parse_duration(text), expected, "{text}");
        }
        check("5m", Some(300_000));
        check("1h", Some(3_600_000));
        check("30s", Some(30_000));
        check("2d", Some(172_800_000));
        check(" 5m ", Some(300_000));
        for wrong in ["", "5", "m", "0m", "-5m", "+5m", "5 m", "5mm", "5M", "1.5h", "5é", "now-5m"]
        {
            check(wrong, None);
        }
        check("99999999999999999999m", None);
        check("9223372036854775807d", None);
    }

    #[test]
    fn relative_times() {
        #[track_caller]
        fn check(text: &str, expected: Option<i64>) {
            assert_eq!(parse_relative(text), expected, "{text}");
        }
        check("now", Some(0));
        check("now-9m", Some(-540_000));
        check("now-7205m", Some(-432_300_000));
        check("now-1h+5m", Some(-3_300_000));
        check("now-30d", Some(-2_592_000_000));
        for wrong in ["", "9m", "now-", "now-9", "now9m", "now-9m/d", "now/d", "2024-01-01", "now€"]
        {
            check(wrong, None);
        }
        check("now-9223372036854775807s", None);
    }
}
