//! Makes events from a rule's plan: some that it must find, others that it must not.
//!
//! A [`Synth`] looks for values of fields that satisfy a condition: it goes through the ways in which the
//! condition can hold, gathers for each what every field must and must not be, and chooses values
//! from the patterns and constants themselves. From such events it builds a [`Case`] for a whole
//! query: stages in order with equal join keys, and beside it sets of events that lack exactly one
//! thing each.
//!
//! The key decision is that the search only guesses: what a condition means is asked of an
//! [`Evaluator`], so that no meaning is written here a second time, and nothing is given out that
//! the evaluator did not confirm. The price is that "nothing found" is no proof that there is
//! nothing: effort is bounded, and [`Unsatisfiable`] says where it ended.
//!
//! The same query gives the same events at every call. Nothing here knows rules, files or clocks.
#![deny(missing_docs)]

mod breaks;
mod case;
mod event;
mod glob;
mod groups;
mod keys;
mod offers;
mod script;
mod solve;
mod store;

use dragnet_event::Time;
use dragnet_plan::{Condition, Leaf};

pub use case::{Case, Defect, Negative, Unbroken};
pub use event::Event;

/// What conditions mean.
pub trait Evaluator {
    /// Whether an event satisfies a condition.
    fn holds(&self, condition: &Condition, event: &Event) -> bool;
    /// Whether an event satisfies a leaf.
    fn leaf_holds(&self, leaf: &Leaf, event: &Event) -> bool;
}

/// Makes events.
#[derive(Clone, Copy)]
pub struct Synth<'a> {
    /// What conditions mean.
    pub evaluator: &'a dyn Evaluator,
    /// The time of the first event.
    pub start: Time,
    /// Part of every `_id` and of join keys: cases with different ones can stand in one log.
    pub name: &'a str,
}

impl std::fmt::Debug for Synth<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Synth").field("start", &self.start).field("name", &self.name).finish()
    }
}

/// Why no event was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsatisfiable {
    /// What stood in the way, furthest into the search.
    pub reason: String,
    /// The clause that could not be satisfied together with the others.
    pub clause: String,
}

impl std::fmt::Display for Unsatisfiable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.reason, self.clause)
    }
}

impl std::error::Error for Unsatisfiable {}
