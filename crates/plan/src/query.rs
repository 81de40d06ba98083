//! Queries: conditions, how events combine, and pipes.

use dragnet_event::Field;

use crate::condition::Condition;

/// A compiled query: stages and a correlation.
#[derive(Debug, Clone, PartialEq)]
pub enum Query {
    /// Every event that satisfies the condition is a finding.
    Event {
        /// The condition, the category included.
        condition: Condition,
        /// `head` and `tail`, applied in order.
        pipes: Vec<Pipe>,
    },
    /// Events in order.
    Sequence(Sequence),
    /// Events in any order.
    Sample(Sample),
}

/// A pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pipe {
    /// The first so many findings.
    Head(u64),
    /// The last so many findings.
    Tail(u64),
}

/// An ordered combination of events.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// The terms, `runs` already written out: a term `with runs=3` stands here three times. At
    /// least two, at least one of them not missing.
    pub stages: Vec<Stage>,
    /// Most milliseconds between the first and the last event, inclusive. Always there if a stage
    /// is `missing`.
    pub maxspan_ms: Option<i64>,
    /// The event that ends partial sequences of its key.
    pub until: Option<Stage>,
    /// `head` and `tail`, applied in order.
    pub pipes: Vec<Pipe>,
}

/// An unordered combination of events: one distinct event per stage, all of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The terms, two to five.
    pub stages: Vec<Stage>,
    /// `head` and `tail`, applied in order.
    pub pipes: Vec<Pipe>,
}

/// One term of a sequence or a sample.
#[derive(Debug, Clone, PartialEq)]
pub struct Stage {
    /// The condition, the category included.
    pub condition: Condition,
    /// The join keys: the query's own first, then the term's. Equally many in all stages.
    pub keys: Vec<Key>,
    /// The term is written with `!`: there must be no such event.
    pub missing: bool,
    /// Where the term stands in the query's text, in bytes.
    pub span: std::ops::Range<usize>,
}

/// One join key of a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The field; `None` for an optional field that the schema does not have: always null.
    pub field: Option<Field>,
    /// The key is written with `?`: null is a value like any other. Otherwise an event that lacks the
    /// field does not take part.
    pub optional: bool,
}

impl Query {
    /// The stages in order; an event query's condition counts as one. `until` comes last.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Query::Event { condition, .. } => vec![condition],
            Query::Sequence(s) => {
                s.stages.iter().chain(s.until.as_ref()).map(|stage| &stage.condition).collect()
            }
            Query::Sample(s) => s.stages.iter().map(|stage| &stage.condition).collect(),
        }
    }

    /// The pipes.
    pub fn pipes(&self) -> &[Pipe] {
        match self {
            Query::Event { pipes, .. } => pipes,
            Query::Sequence(s) => &s.pipes,
            Query::Sample(s) => &s.pipes,
        }
    }
}
