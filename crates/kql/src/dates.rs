//! Dates as bounds: which time a text stands for, and which it could stand for at most.

use dragnet_event::Time;

/// A date as a query writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Date {
    /// The times from the first to the last that the text can mean.
    Span(Time, Time),
    /// Computed from the present, and not after it (`now-30d`).
    Past,
    /// Computed otherwise (`now+1d`, `2024-01-01||/M`).
    Computed,
}

/// Reads a date; `format` is that of the mapping. `None`: the text is none.
///
/// Elasticsearch: where hours, minutes, seconds or fractions are missing, an upper bound is taken to be as late as
/// they can make it. A missing month or day is always the first.
pub(crate) fn read(text: &str, format: Option<&str>) -> Option<Date> {
    let text = text.trim();
    if let Some(offset) = text.strip_prefix("now") {
        return Some(computed(offset));
    }
    if text.contains("||") {
        return Some(Date::Computed);
    }
    let start = format.and_then(|f| Time::parse_format(text, f)).or_else(|| Time::parse(text))?;
    Some(Date::Span(start, Time(start.0.saturating_add(slack(text) - 1))))
}

/// Whether a text looks like a date on its own, so that a field of any type may be compared with it as one.
pub(crate) fn looks_like_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_day = bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-';
    text.starts_with("now") && read(text, None) != Some(Date::Computed)
        || is_day && Time::parse(text).is_some()
}

/// Of `now`, an offset and a rounding: whether it lies in the past. Rounding can only go back.
fn computed(offset: &str) -> Date {
    let is_unit = |c: char| matches!(c, 'y' | 'M' | 'w' | 'd' | 'h' | 'H' | 'm' | 's');
    let digits =
        offset.strip_prefix('-').map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    let rest = match digits {
        Some(rest) => match rest.strip_prefix(is_unit) {
            Some(rest) => rest,
            None => return Date::Computed,
        },
        None => offset,
    };
    let is_rounding = rest.strip_prefix('/').and_then(|rest| rest.strip_prefix(is_unit));
    if rest.is_empty() || is_rounding == Some("") { Date::Past } else { Date::Computed }
}

/// How many ticks the parts of a time that a text leaves out can make up.
fn slack(text: &str) -> i64 {
    const TICKS_PER_MS: i64 = 10_000;
    const SECOND: i64 = 1_000 * TICKS_PER_MS;
    let bytes = text.as_bytes();
    let is_date = bytes.get(4).is_none_or(|b| *b == b'-') && text.len() != 13;
    if !is_date {
        // Milliseconds, or a form of the mapping's own.
        return TICKS_PER_MS;
    }
    let Some((_, clock)) = text.split_once(['T', ' ']) else { return 86_400 * SECOND };
    let clock = clock.trim_end_matches(['Z', 'z']);
    let clock = clock.split(['+', '-']).next().unwrap_or(clock);
    match (clock.matches(':').count(), clock.contains(['.', ','])) {
        (_, true) => TICKS_PER_MS,
        (0, _) => 3_600 * SECOND,
        (1, _) => 60 * SECOND,
        (_, _) => SECOND,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn span(text: &str, from: &str, to: &str) {
        let Some(Date::Span(start, end)) = read(text, None) else { panic!("{text}") };
        assert_eq!(
            (start.to_string(), end.to_string()),
            (from.to_owned(), to.to_owned()),
            "{text}"
        );
    }

    #[test]
    fn spans() {
        span("2024-05-06", "2024-05-06T00:00:00.000Z", "2024-05-06T23:59:59.9999999Z");
        span("2024-05", "2024-05-01T00:00:00.000Z", "2024-05-01T23:59:59.9999999Z");
        span("2024", "2024-01-01T00:00:00.000Z", "2024-01-01T23:59:59.9999999Z");
        span("2024-05-06T07:08", "2024-05-06T07:08:00.000Z", "2024-05-06T07:08:59.9999999Z");
        span("2024-05-06T07:08:09Z", "2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09.9999999Z");
        span("2024-05-06T07:08:09.5Z", "2024-05-06T07:08:09.500Z", "2024-05-06T07:08:09.5009999Z");
        span("2024-05-06T02:00-05:00", "2024-05-06T07:00:00.000Z", "2024-05-06T07:00:59.9999999Z");
        span("1714979289000", "2024-05-06T07:08:09.000Z", "2024-05-06T07:08:09.0009999Z");
    }

    #[test]
    fn computed_dates() {
        for past in ["now", "now-30d", "now-30d/d", "now/h"] {
            assert_eq!(read(past, None), Some(Date::Past), "{past}");
        }
        for other in ["now+1d", "now-1x", "nowhere", "2024-01-01||/M"] {
            assert_eq!(read(other, None), Some(Date::Computed), "{other}");
        }
        assert_eq!(read("tomorrow", None), None);
        assert!(looks_like_date("now-1d") && looks_like_date("2024-05-06T07:08:09Z"));
        assert!(!looks_like_date("nowhere") && !looks_like_date("2024") && !looks_like_date("a-b"));
    }
}
