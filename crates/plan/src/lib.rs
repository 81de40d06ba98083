//! Dragnet: the typed form of a rule, its diagnostics, and the scalar semantics behind both.
#![deny(missing_docs)]
