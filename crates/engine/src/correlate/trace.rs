//! How far the keys of a sequence got, for explanations.

use std::collections::BTreeMap;

use crate::hit::{JoinKey, Position, StageNumber};

/// Why a partial sequence came to an end.
#[derive(Debug, Clone, PartialEq)]
pub enum Ended {
    /// No event for the next stage ever came.
    Waiting,
    /// The next event came too late; the time from the first event to it, in milliseconds.
    TooLate {
        /// The event.
        event: Position,
        /// From the first event to this one, in milliseconds.
        span_ms: i64,
    },
    /// An `until` event came first.
    Until(Position),
    /// A newer event for the same stage took its place.
    Replaced(Position),
    /// All events were there, but so was one that must be missing.
    Present {
        /// The stage that must be missing.
        stage: StageNumber,
        /// The event.
        event: Position,
    },
    /// It is a finding.
    Complete,
}

/// The furthest that each key got. Of equally far attempts the last is kept.
#[derive(Debug, Default)]
pub struct Trace {
    keys: BTreeMap<JoinKey, (Vec<Position>, Ended)>,
}

impl Trace {
    /// Each key, in order, with the events of its furthest attempt and why that ended.
    pub fn keys(&self) -> impl Iterator<Item = (&JoinKey, &[Position], &Ended)> {
        self.keys.iter().map(|(key, (events, ended))| (key, events.as_slice(), ended))
    }

    pub(super) fn record(&mut self, key: &JoinKey, events: &[Position], ended: Ended) {
        let better = self.keys.get(key).is_none_or(|(kept, before)| {
            let rank = |events: usize, ended: &Ended| (events, *ended == Ended::Complete);
            rank(events.len(), &ended) >= rank(kept.len(), before)
        });
        if better {
            self.keys.insert(key.clone(), (events.to_vec(), ended));
        }
    }
}
