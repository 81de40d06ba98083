//! What became of the groups of a threshold and the terms of a new-terms rule.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use dragnet_engine::JoinKey;
use dragnet_engine::correlate::{GroupTrace, TermsTrace};
use dragnet_event::{Field, Time};
use dragnet_plan::{NewTerms, Schedule, Threshold};

use super::keys::key_text;
use crate::style::Style;
use crate::summary::{counted, thousands};

/// Shows at most so many keys.
pub(super) struct Shown {
    pub(super) limit: usize,
    pub(super) style: Style,
}

impl Shown {
    fn mark(&self, holds: bool) -> String {
        if holds { self.style.green("✓") } else { self.style.red("✗") }
    }

    fn left_out(&self, total: usize, what: &str, text: &mut String) {
        if let Some(more @ 1..) = total.checked_sub(self.limit) {
            let more =
                self.style.dim(&format!("… and {} {what} (--limit)", thousands(more as u64)));
            let _ = writeln!(text, "{more}");
        }
    }

    /// Shows how full each group of a threshold got; gives whether one was full.
    pub(super) fn groups(
        &self,
        threshold: &Threshold,
        groups: &BTreeMap<JoinKey, GroupTrace>,
        text: &mut String,
    ) -> bool {
        let of = match &*names(&threshold.fields) {
            "" => String::new(),
            names => format!(" of one {names}"),
        };
        let cardinality = threshold.cardinality.as_ref();
        let besides = cardinality.map_or(String::new(), |counted| {
            format!(", with {} different {}", thousands(counted.value), counted.field)
        });
        let value = counted(threshold.value, "event");
        let when = every(&threshold.schedule);
        let _ = writeln!(text, "an alert takes {value}{of}{besides}; {when}\n");
        let mut order: Vec<_> = groups.iter().collect();
        order.sort_by_key(|(_, trace)| {
            Reverse((trace.findings > 0, trace.fullest.count, trace.fullest.cardinality))
        });
        for (key, trace) in order.iter().take(self.limit) {
            let full = &trace.fullest;
            let mut parts = vec![so_many(full.count, threshold.value, "event")];
            if let (Some(seen), Some(counted)) = (full.cardinality, cardinality) {
                parts.push(so_many(seen, counted.value, &format!("different {}", counted.field)));
            }
            let name = match &*key_text(key) {
                "" => "all events".to_owned(),
                name => name.to_owned(),
            };
            let more = match trace.findings {
                0 | 1 => String::new(),
                n => format!("; and enough in {} more executions", thousands(n - 1)),
            };
            let _ = writeln!(
                text,
                "{} {}: {} in the execution of {}{more}",
                self.mark(trace.findings > 0),
                self.style.bold(&name),
                parts.join(", "),
                full.execution,
            );
        }
        self.left_out(order.len(), "groups with fewer events", text);
        order.iter().any(|(_, trace)| trace.findings > 0)
    }

    /// Shows which combinations were new; gives whether one was. `own` says how many events of the logs in question had
    /// each, and `sources` how many of the sources are those logs: the others are the history.
    pub(super) fn terms(
        &self,
        query: &NewTerms,
        terms: &BTreeMap<JoinKey, TermsTrace>,
        own: &BTreeMap<JoinKey, u64>,
        sources: u32,
        text: &mut String,
    ) -> bool {
        let history = span(query.history_ms.saturating_neg());
        let fields = match &*query.fields {
            [one] => format!("a value of {one}"),
            many => format!("a combination of {}", names(many)),
        };
        let when = every(&query.schedule);
        let _ = writeln!(
            text,
            "an alert takes {fields} that was not seen in the {history} before; {when}\n"
        );
        let is_own = |trace: &TermsTrace| {
            trace.new.iter().filter(|(event, _)| event.event.source < sources).count()
        };
        let mut order: Vec<_> =
            own.iter().filter_map(|(key, count)| Some((key, *count, terms.get(key)?))).collect();
        order.sort_by_key(|(_, count, trace)| (Reverse(is_own(trace).min(1)), *count));
        for (key, events, trace) in order.iter().take(self.limit) {
            let mut new = trace.new.iter().filter(|(event, _)| event.event.source < sources);
            let what = match (new.next(), &trace.longest_gap) {
                (Some((event, before)), _) => {
                    let before = match before {
                        None => "never seen before".to_owned(),
                        Some(before) => last_seen(*before, event.window_time()),
                    };
                    let more = match new.count() {
                        0 => String::new(),
                        1 => ", and once more later".to_owned(),
                        n => format!(", and {n} times more later"),
                    };
                    format!("new at {}, {before}{more}", event.window_time())
                }
                (None, Some((from, event))) => {
                    format!(
                        "known at {}, {}",
                        event.window_time(),
                        last_seen(*from, event.window_time())
                    )
                }
                (None, None) => "in no execution's window".to_owned(),
            };
            let _ = writeln!(
                text,
                "{} {}: {what} ({})",
                self.mark(is_own(trace) > 0),
                self.style.bold(&key_text(key)),
                counted(*events, "event"),
            );
        }
        self.left_out(order.len(), "more combinations", text);
        order.iter().any(|(_, _, trace)| is_own(trace) > 0)
    }
}

fn last_seen(before: Time, at: Time) -> String {
    let ms = at.0.saturating_sub(before.0) / Time::from_millis(1).0.max(1);
    format!("last seen {} before, at {before}", span(ms))
}

fn names(fields: &[Field]) -> String {
    fields.iter().map(Field::name).collect::<Vec<_>>().join(", ")
}

/// How many there were, against how many there had to be.
fn so_many(seen: u64, wanted: u64, what: &str) -> String {
    let plural = if what != "event" || seen.max(wanted) == 1 { "" } else { "s" };
    if seen < wanted {
        format!("{} of {} {what}{plural}", thousands(seen), thousands(wanted))
    } else {
        format!("{} {what}{plural}", thousands(seen))
    }
}

fn every(schedule: &Schedule) -> String {
    let back = span(schedule.from_ms.saturating_neg());
    format!("executions are every {} and look {back} back", span(schedule.interval_ms))
}

/// A length of time in its largest units: `7d`, `1h 30m`, `250ms`.
fn span(ms: i64) -> String {
    const UNITS: [(i64, &str); 5] =
        [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let mut rest = ms;
    let mut parts = Vec::new();
    for (size, unit) in UNITS {
        if rest / size != 0 {
            parts.push(format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    parts.truncate(2);
    if parts.is_empty() { "0s".to_owned() } else { parts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn spans() {
        let spans = [0, 250, 1_000, 90_000, 540_000, 5_400_000, 604_800_000, 90_061_001];
        let shown = ["0s", "250ms", "1s", "1m 30s", "9m", "1h 30m", "7d", "1d 1h"];
        assert_eq!(spans.map(span), shown);
    }
}
