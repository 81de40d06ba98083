//! When a rule runs, which events each of its executions covers, and by which fields.

use dragnet_event::{Field, Time};

/// The logical executions of a rule: they are at the whole multiples T of the interval, and one
/// covers the events whose time is in (T + from, T + to].
///
/// They are a matter of arithmetic and not of when anything really ran: the same events give the
/// same executions whenever they are read. Elasticsearch's rules run when a task gets its turn,
/// so that the windows of two installations differ; a late run of theirs loses what
/// aggregating rules would have found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Schedule {
    /// Milliseconds between executions, positive.
    pub interval_ms: i64,
    /// The beginning of what an execution covers, in milliseconds from it; negative, exclusive.
    pub from_ms: i64,
    /// The end, in milliseconds from it; inclusive, not before `from_ms`.
    pub to_ms: i64,
}

impl Schedule {
    /// The first execution that is not over before an event of this time: the one that a rule
    /// reads it in first. Where the look-back is shorter than the interval, events may lie between
    /// two executions ([`Schedule::covers`] says so); this is then the execution after them.
    pub fn first_execution(&self, event: Time) -> Time {
        let earliest = event.plus_millis(self.to_ms.saturating_neg());
        let interval = Time::from_millis(self.interval_ms.max(1)).0;
        let over = earliest.0.rem_euclid(interval);
        if over == 0 { earliest } else { Time(earliest.0.saturating_add(interval - over)) }
    }

    /// The first execution after a time that is not itself one, or the one at that time.
    pub fn at_or_after(&self, time: Time) -> Time {
        Schedule { to_ms: 0, ..*self }.first_execution(time)
    }

    /// The beginning of what an execution covers, exclusive.
    pub fn window_start(&self, execution: Time) -> Time {
        execution.plus_millis(self.from_ms)
    }

    /// Whether an execution covers an event of this time.
    pub fn covers(&self, execution: Time, event: Time) -> bool {
        self.window_start(execution) < event && event <= execution.plus_millis(self.to_ms)
    }
}

/// Which fields of an event tell a query its times and its place among events of the same time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timing {
    /// The date that orders events, in place of the event's own time.
    pub timestamp: Option<Field>,
    /// The field that orders events of the same time.
    pub tiebreaker: Option<Field>,
    /// The date by which executions choose events, in place of the event's time.
    pub window: Option<Field>,
    /// An event that lacks `window` is chosen by no execution. Otherwise its own time stands in
    /// (Kibana: unless `timestamp_override_fallback_disabled`).
    pub strict_window: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY_5_FROM_9: Schedule = Schedule { interval_ms: 300_000, from_ms: -540_000, to_ms: 0 };

    fn minutes(n: i64) -> Time {
        Time::from_millis(n * 60_000)
    }

    #[test]
    fn executions_are_aligned_and_inclusive_at_their_end() {
        let first = |time| EVERY_5_FROM_9.first_execution(time);
        assert_eq!(first(minutes(0)), minutes(0));
        assert_eq!(first(Time(1)), minutes(5));
        assert_eq!(first(minutes(5)), minutes(5));
        assert_eq!(first(minutes(-1)), minutes(0));
        assert!(EVERY_5_FROM_9.covers(minutes(10), minutes(10)));
        assert!(EVERY_5_FROM_9.covers(minutes(10), Time(minutes(1).0 + 1)));
        assert!(!EVERY_5_FROM_9.covers(minutes(10), minutes(1)));
    }

    #[test]
    fn a_delay_moves_the_windows() {
        let delayed = Schedule { to_ms: -60_000, ..EVERY_5_FROM_9 };
        assert_eq!(delayed.first_execution(minutes(4)), minutes(5));
        assert_eq!(delayed.first_execution(Time(minutes(4).0 + 1)), minutes(10));
    }

    #[test]
    fn nothing_overflows() {
        for time in [Time(i64::MIN), Time(i64::MAX)] {
            for from_ms in [i64::MIN, -1] {
                let schedule = Schedule { interval_ms: 1, from_ms, to_ms: i64::MIN + 1 };
                let _ = schedule.covers(schedule.first_execution(time), time);
            }
        }
    }
}
