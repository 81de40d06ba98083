//! Scalar values of event fields.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use crate::time::Time;

/// One value of a field, owned. JSON `null` and empty arrays are not values: the field is missing.
///
/// Serialised with a tag for the kind, so that reading it back gives the same value; doubles by their bits,
/// since JSON has no NaN.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A number with a fraction, or one outside the range of [`Value::Long`].
    Double(#[serde(with = "bits")] f64),
    /// A date, where the schema says that the field is one.
    Date(Time),
    /// Any text; IP addresses and versions are text too.
    Str(Box<str>),
}

/// A double as the whole number that has its bits.
mod bits {
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(super) fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(number.to_bits())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}

/// One value of a field, borrowed: the form in which readers hand values over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scalar<'a> {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A number with a fraction, or one outside the range of [`Scalar::Long`].
    Double(f64),
    /// A date, where the schema says that the field is one.
    Date(Time),
    /// Any text.
    Str(&'a str),
}

impl Value {
    /// The same value, borrowed.
    pub fn as_scalar(&self) -> Scalar<'_> {
        match self {
            Value::Bool(b) => Scalar::Bool(*b),
            Value::Long(n) => Scalar::Long(*n),
            Value::Double(n) => Scalar::Double(*n),
            Value::Date(t) => Scalar::Date(*t),
            Value::Str(s) => Scalar::Str(s),
        }
    }

    /// The canonical text, see [`Scalar::text`].
    pub fn text(&self) -> Cow<'_, str> {
        self.as_scalar().text()
    }
}

impl<'a> Scalar<'a> {
    /// The same value, owned.
    pub fn to_value(self) -> Value {
        match self {
            Scalar::Bool(b) => Value::Bool(b),
            Scalar::Long(n) => Value::Long(n),
            Scalar::Double(n) => Value::Double(n),
            Scalar::Date(t) => Value::Date(t),
            Scalar::Str(s) => Value::Str(s.into()),
        }
    }

    /// The canonical text: what a string operator sees, and what a join key is compared by.
    ///
    /// Numbers as Elasticsearch's `string()` prints them (`42`, `42.5`, `4.0`), booleans
    /// `true`/`false`, dates as RFC 3339 in UTC.
    pub fn text(self) -> Cow<'a, str> {
        match self {
            Scalar::Bool(true) => "true".into(),
            Scalar::Bool(false) => "false".into(),
            Scalar::Long(n) => n.to_string().into(),
            Scalar::Double(n) => double_text(n).into(),
            Scalar::Date(t) => t.to_string().into(),
            Scalar::Str(s) => s.into(),
        }
    }

    /// The value as a number, if it is one.
    pub fn as_number(self) -> Option<f64> {
        match self {
            Scalar::Long(n) => Some(n as f64),
            Scalar::Double(n) => Some(n),
            _ => None,
        }
    }
}

/// Text in lower case, character by character (Elasticsearch: Lucene's lower-case filter).
pub fn lowercase(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| lower(c) != c) {
        return text.into();
    }
    text.chars().map(lower).collect::<String>().into()
}

/// One character for one: only `İ` has a lower case of two, and Lucene takes the first of them.
fn lower(c: char) -> char {
    if c.is_ascii() { c.to_ascii_lowercase() } else { c.to_lowercase().next().unwrap_or(c) }
}

/// Prints a double as Java does for ordinary magnitudes: always with a fraction.
fn double_text(n: f64) -> String {
    if n.is_finite() && n == n.trunc() && n.abs() < 1e7 { format!("{n:.1}") } else { n.to_string() }
}

/// Orders two numbers by value. Whole numbers are compared exactly, mixed ones as doubles.
/// `None` if either is not a number, or is NaN.
pub(crate) fn compare_numbers(a: Scalar<'_>, b: Scalar<'_>) -> Option<Ordering> {
    match (a, b) {
        (Scalar::Long(a), Scalar::Long(b)) => Some(a.cmp(&b)),
        _ => a.as_number()?.partial_cmp(&b.as_number()?),
    }
}

impl Scalar<'_> {
    /// Orders two values of the same kind: numbers by value (whole and fractional mixed), dates
    /// by time, booleans `false < true`, text by code units, case-sensitively.
    /// `None` where the kinds differ.
    pub fn compare(self, other: Scalar<'_>) -> Option<Ordering> {
        match (self, other) {
            (Scalar::Str(a), Scalar::Str(b)) => Some(a.encode_utf16().cmp(b.encode_utf16())),
            (Scalar::Date(a), Scalar::Date(b)) => Some(a.cmp(&b)),
            (Scalar::Bool(a), Scalar::Bool(b)) => Some(a.cmp(&b)),
            (a, b) => compare_numbers(a, b),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_text() {
        let text = |s: Scalar<'_>| s.text().into_owned();
        assert_eq!(text(Scalar::Long(-5)), "-5");
        assert_eq!(text(Scalar::Double(42.5)), "42.5");
        assert_eq!(text(Scalar::Double(4.0)), "4.0");
        assert_eq!(text(Scalar::Bool(true)), "true");
    }

    #[test]
    fn order() {
        assert_eq!(Scalar::Long(2).compare(Scalar::Double(2.5)), Some(Ordering::Less));
        assert_eq!(Scalar::Str("Foo").compare(Scalar::Str("foo")), Some(Ordering::Less));
        assert_eq!(Scalar::Str("1").compare(Scalar::Long(1)), None);
        // Code units, not code points: an astral character sorts before U+FFFF.
        assert_eq!(Scalar::Str("\u{10000}").compare(Scalar::Str("\u{ffff}")), Some(Ordering::Less));
    }
}
