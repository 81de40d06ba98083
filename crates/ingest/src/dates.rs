//! Times as people write them: what the Event Viewer and PowerShell put into a CSV.
//!
//! They have no zone and are taken as UTC unless there is one. Where it is not clear which number is the day, the file's
//! other dates tell; failing that, a date with `AM` or `PM` starts with the month, as in the United States, and any other
//! with the day.

use dragnet_event::Time;

/// Ticks in a second.
const TICKS: i64 = 10_000_000;

/// Reads a time. `day_first` is what the file's other dates tell of those with slashes.
pub(crate) fn parse(text: &str, day_first: Option<bool>) -> Option<Time> {
    let text = text.trim();
    let (numbers, separator) = date(text)?;
    if numbers[0] > 31 {
        return year_first(text, numbers, separator);
    }
    let is_12_hours = half(text).is_some();
    let is_day_first = match separator {
        '.' | '-' => true,
        _ => evidence(text).or(day_first).unwrap_or(!is_12_hours),
    };
    let [a, b, year] = numbers;
    let (day, month) = if is_day_first { (a, b) } else { (b, a) };
    civil(year, month, day, text)
}

/// RFC 3339 and its like, and the same with `AM` or `PM`.
fn year_first(text: &str, [year, month, day]: [i64; 3], separator: char) -> Option<Time> {
    if separator == '-' && half(text).is_none() {
        return Time::parse(text);
    }
    civil(year, month, day, text)
}

/// Whether a date that is written with slashes starts with its day, if it cannot be meant otherwise.
pub(crate) fn evidence(text: &str) -> Option<bool> {
    match date(text.trim())? {
        ([13..=31, 1..=12, _], '/') => Some(true),
        ([1..=12, 13..=31, _], '/') => Some(false),
        _ => None,
    }
}

/// The three numbers of the date, and what stands between them.
fn date(text: &str) -> Option<([i64; 3], char)> {
    let len = text.find([' ', ',', 'T', '\u{a0}', '\u{202f}']).unwrap_or(text.len());
    let date = &text[..len];
    let separator = date.chars().find(|c| matches!(c, '/' | '.' | '-'))?;
    let mut parts = date.split(separator);
    let mut next = || {
        let part = parts.next()?;
        let is_number = (1..=4).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if is_number { part.parse().ok() } else { None }
    };
    let numbers = [next()?, next()?, next()?];
    parts.next().is_none().then_some((numbers, separator))
}

/// Whether the time of day is one of the afternoon (`PM`) or the morning (`AM`), where it says so.
fn half(text: &str) -> Option<bool> {
    let end = text.get(text.len().checked_sub(2)?..)?;
    [("AM", false), ("PM", true)]
        .into_iter()
        .find(|(name, _)| end.eq_ignore_ascii_case(name))
        .map(|(_, is_afternoon)| is_afternoon)
}

fn civil(year: i64, month: i64, day: i64, text: &str) -> Option<Time> {
    let year = if year < 100 { year + 2000 } else { year };
    let start = text.find([' ', ',', 'T', '\u{a0}', '\u{202f}']).unwrap_or(text.len());
    let clock = text[start..].trim_matches(|c: char| !c.is_ascii_digit());
    let mut seconds = 0;
    let mut ticks = 0;
    if !clock.is_empty() {
        let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
        let mut parts = clock.split(':');
        let mut next = |limit: i64| {
            let part = parts.next()?.parse::<u32>().ok()?;
            Some(i64::from(part)).filter(|number| *number < limit)
        };
        let mut hour = next(24)?;
        if let Some(is_afternoon) = half(text) {
            hour = hour % 12 + if is_afternoon { 12 } else { 0 };
        }
        seconds = hour * 3600 + next(60)? * 60 + next(60).unwrap_or(0);
        let digits = fraction.get(..fraction.len().min(7))?;
        if !digits.is_empty() {
            ticks = digits.parse::<u32>().ok()?.into();
            ticks *= 10_i64.pow(7 - digits.len() as u32);
        }
    }
    Time::from_civil(year, month, day, seconds, ticks.min(TICKS - 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, day_first: Option<bool>, expected: &str) {
        let found = parse(text, day_first).map(|time| time.to_string()).unwrap_or_default();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn forms() {
        check("1/31/2024 3:04:05 PM", None, "2024-01-31T15:04:05.000Z");
        check("1/2/2024 12:04:05 AM", None, "2024-01-02T00:04:05.000Z");
        check("1/2/2024 12:04:05 PM", None, "2024-01-02T12:04:05.000Z");
        check("1/2/2024 3:04 PM", None, "2024-01-02T15:04:00.000Z");
        check("31.01.2024 15:04:05", None, "2024-01-31T15:04:05.000Z");
        check("31/01/2024 15:04:05", None, "2024-01-31T15:04:05.000Z");
        check("31/01/2024 3:04:05 pm", None, "2024-01-31T15:04:05.000Z");
        check("02/01/2024 15:04:05", None, "2024-01-02T15:04:05.000Z");
        check("02/01/2024 15:04:05", Some(false), "2024-02-01T15:04:05.000Z");
        check("2/1/2024 3:04:05 AM", Some(true), "2024-01-02T03:04:05.000Z");
        check("2024-01-31 15:04:05", None, "2024-01-31T15:04:05.000Z");
        check("2024-01-31T15:04:05.1234567+01:00", None, "2024-01-31T14:04:05.1234567Z");
        check("2024/01/31 15:04:05.250", None, "2024-01-31T15:04:05.250Z");
        check("2024-01-31 3:04:05 PM", None, "2024-01-31T15:04:05.000Z");
        check("1/31/2024\u{202f}3:04:05\u{202f}PM", None, "2024-01-31T15:04:05.000Z");
        for none in [
            "",
            "x",
            "32/32/2024 1:00:00",
            "1/31/2024 25:00:00",
            "1/2",
            "1/2/3/4",
            "29/02/2023 1:00:00",
        ] {
            check(none, None, "");
        }
    }

    #[test]
    fn which_number_is_the_day() {
        assert_eq!(evidence("31/01/2024 1:00:00"), Some(true));
        assert_eq!(evidence("1/31/2024 1:00:00 AM"), Some(false));
        assert_eq!(evidence("1/2/2024"), None);
        assert_eq!(evidence("31.01.2024"), None);
    }
}
