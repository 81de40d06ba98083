//! Dragnet: matcher, correlators, reference evaluator and explain.
#![deny(missing_docs)]
