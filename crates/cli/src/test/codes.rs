//! What can be wrong with a test file.

/// No YAML, or more than one document.
pub(super) const NOT_YAML: &str = "TEST0001";
/// Beyond a bound.
pub(super) const TOO_MUCH: &str = "TEST0002";
/// A key that means nothing.
pub(super) const UNKNOWN_KEY: &str = "TEST0003";
/// A value of another type than its key takes.
pub(super) const WRONG_TYPE: &str = "TEST0004";
/// Something that has to be there is not.
pub(super) const MISSING: &str = "TEST0005";
/// A value that cannot be meant.
pub(super) const BAD_VALUE: &str = "TEST0006";
