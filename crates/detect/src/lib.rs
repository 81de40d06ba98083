//! Dragnet: findings to alert documents.
#![deny(missing_docs)]
