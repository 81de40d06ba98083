//! The typed form of a rule, and the diagnostics of everything that leads to it.
//!
//! A language (EQL, KQL, Lucene's) lowers its text to a [`Query`]; the engine runs queries and knows no
//! language. The key decision is the split between a [`Condition`], which is two-valued (every
//! [`Leaf`] is true or false of an event, a missing field makes it false, and `not` is applied
//! outside), and an [`Expr`], which has values and is three-valued (null). That split is how
//! Elasticsearch runs EQL: leaves on plain fields go to its index, everything else to scripts
//! whose null counts as false. Making it part of the types keeps the two logics from mixing.
//! The price is that comparisons, lists and patterns stand in both, once over a field and once over
//! an expression; what they mean for one value is shared ([`eval::compare`], [`eval::equals`]).
//!
//! Scalar semantics ([`pattern`], [`functions`], [`Expr::eval`]) live here and not in the engine, since the
//! language folds constants with them and the engine runs them: one meaning, in one place.
#![deny(missing_docs)]

mod arithmetic;
mod condition;
mod diagnostic;
mod display;
pub mod eval;
pub mod front;
pub mod functions;
mod indicator;
mod network;
pub mod pattern;
mod query;
mod schedule;
pub mod text;
mod version;
mod weight;

pub use condition::{ArithmeticOp, CompareOp, Condition, Expr, Leaf, Literal, Number};
pub use diagnostic::{Diagnostic, Severity, Snippet};
pub use functions::Function;
pub use indicator::{Alternative, Indicator, MappedField};
pub use network::{Network, NetworkError};
pub use query::{
    Cardinality, IndicatorMatch, Key, NewTerms, Pipe, Query, Sample, Sequence, Stage, Threshold,
};
pub use schedule::{Schedule, Timing};
