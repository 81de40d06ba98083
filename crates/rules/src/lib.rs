//! Dragnet: rule documents in and out, and the load report.
#![deny(missing_docs)]
