//! Queries: conditions, how events combine, and pipes.

use std::sync::Arc;

use dragnet_event::Field;

use crate::condition::Condition;
use crate::indicator::{Alternative, Indicator};
use crate::schedule::Schedule;

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
    /// So many events of a group within one execution.
    Threshold(Threshold),
    /// The first event for a long time that has these values.
    NewTerms(NewTerms),
    /// Events with values that are known to be bad.
    IndicatorMatch(IndicatorMatch),
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

/// Counts the events of a group: a finding for each group that has enough within one execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Threshold {
    /// Which events count.
    pub condition: Condition,
    /// The fields whose values make a group; without any, all events are one group. An event that
    /// lacks one of them does not count, one with several values counts in several groups.
    pub fields: Vec<Field>,
    /// How many events it takes, at least 1.
    pub value: u64,
    /// How many distinct values of another field it takes besides.
    pub cardinality: Option<Cardinality>,
    /// When it is counted.
    pub schedule: Schedule,
}

/// A number of distinct values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cardinality {
    /// The field; events that lack it add no value.
    pub field: Field,
    /// How many distinct values it takes, at least 1.
    pub value: u64,
}

/// Finds combinations of values that were not seen within a history before.
#[derive(Debug, Clone, PartialEq)]
pub struct NewTerms {
    /// Which events count.
    pub condition: Condition,
    /// The fields whose values make a combination, one to three. An event that lacks one takes no part,
    /// one with arrays takes part with each combination.
    pub fields: Vec<Field>,
    /// The beginning of the history, in milliseconds from an execution, before that of its
    /// look-back; the history ends where the look-back begins.
    pub history_ms: i64,
    /// When it is looked at.
    pub schedule: Schedule,
}

/// Finds events that have values of indicators.
#[derive(Debug, Clone, PartialEq)]
pub struct IndicatorMatch {
    /// Which events count; that some indicator has a value of theirs is part of it.
    pub condition: Condition,
    /// The fields of events that any alternative names, each once.
    pub fields: Vec<Field>,
    /// One of them must hold.
    pub alternatives: Vec<Alternative>,
    /// The indicators; alternatives number them.
    pub indicators: Arc<[Indicator]>,
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

impl Key {
    fn of(field: &Field, optional: bool) -> Key {
        Key { field: Some(field.clone()), optional }
    }
}

impl Query {
    /// The condition of a query that has only one stage, and the fields whose values its correlation needs,
    /// as join keys; `None` for sequences and samples.
    pub fn only_stage(&self) -> Option<(&Condition, Vec<Key>)> {
        Some(match self {
            Query::Event { condition, .. } => (condition, Vec::new()),
            Query::Threshold(threshold) => {
                let group = threshold.fields.iter().map(|field| Key::of(field, false));
                let counted = threshold.cardinality.iter().map(|c| Key::of(&c.field, true));
                (&threshold.condition, group.chain(counted).collect())
            }
            Query::NewTerms(terms) => {
                (&terms.condition, terms.fields.iter().map(|f| Key::of(f, false)).collect())
            }
            Query::IndicatorMatch(matching) => {
                (&matching.condition, matching.fields.iter().map(|f| Key::of(f, true)).collect())
            }
            Query::Sequence(_) | Query::Sample(_) => return None,
        })
    }

    /// The stages in order; an event query's condition counts as one. `until` comes last.
    pub fn conditions(&self) -> Vec<&Condition> {
        match self {
            Query::Sequence(s) => {
                s.stages.iter().chain(s.until.as_ref()).map(|stage| &stage.condition).collect()
            }
            Query::Sample(s) => s.stages.iter().map(|stage| &stage.condition).collect(),
            Query::Event { condition, .. }
            | Query::Threshold(Threshold { condition, .. })
            | Query::NewTerms(NewTerms { condition, .. })
            | Query::IndicatorMatch(IndicatorMatch { condition, .. }) => vec![condition],
        }
    }

    /// The same, to be changed: what is added to one (exceptions, filters) must hold besides it.
    pub fn conditions_mut(&mut self) -> Vec<&mut Condition> {
        match self {
            Query::Event { condition, .. }
            | Query::Threshold(Threshold { condition, .. })
            | Query::NewTerms(NewTerms { condition, .. })
            | Query::IndicatorMatch(IndicatorMatch { condition, .. }) => vec![condition],
            Query::Sequence(s) => {
                let stages = s.stages.iter_mut().chain(s.until.as_mut());
                stages.map(|stage| &mut stage.condition).collect()
            }
            Query::Sample(s) => s.stages.iter_mut().map(|stage| &mut stage.condition).collect(),
        }
    }

    /// The pipes.
    pub fn pipes(&self) -> &[Pipe] {
        match self {
            Query::Event { pipes, .. } => pipes,
            Query::Sequence(s) => &s.pipes,
            Query::Sample(s) => &s.pipes,
            Query::Threshold(_) | Query::NewTerms(_) | Query::IndicatorMatch(_) => &[],
        }
    }
}
