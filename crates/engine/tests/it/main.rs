//! The engine from outside: the matcher against the reference evaluator, the correlators against
//! the behaviour that `eql.md` and Elasticsearch's tests pin.

mod matcher;
mod sequence;
mod support;
