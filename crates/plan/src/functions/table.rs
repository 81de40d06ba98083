//! What is known about each function.

use super::ArgumentKind::{Any, Boolean, Integer, Ip, NetworkConstant, Number, Text};
use super::{ArgumentKind, Function, ReturnKind, Signature};

/// Two numbers.
const OPERANDS: &[(&str, ArgumentKind)] = &[("left", Number), ("right", Number)];
/// A text and what is looked for in it.
const SOURCE_PART: &[(&str, ArgumentKind)] = &[("source", Text), ("part", Text)];

/// All functions, by name.
pub static SIGNATURES: &[Signature] = &[
    Signature {
        name: "add",
        function: Function::Add,
        insensitive: None,
        required: OPERANDS,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The sum, like `+`. Null if either number is, or if two whole numbers add up to \
                  more than 64 bits hold.",
    },
    Signature {
        name: "between",
        function: Function::Between(false),
        insensitive: Some(Function::Between(true)),
        required: &[("source", Text), ("left", Text), ("right", Text)],
        optional: &[("greedy", Boolean)],
        variadic: None,
        returns: ReturnKind::Text,
        summary: "The text after the first `left` and before the first `right` that follows, or the \
                  last one if `greedy`. Empty text if either is not there; the whole source if \
                  either is empty. Null if any text is null.",
    },
    Signature {
        name: "cidrMatch",
        function: Function::CidrMatch,
        insensitive: None,
        required: &[("address", Ip), ("block", NetworkConstant)],
        optional: &[],
        variadic: Some(NetworkConstant),
        returns: ReturnKind::Boolean,
        summary: "Whether the address lies in one of the blocks, IPv4 or IPv6. Null if the address \
                  is null; false if it is no address.",
    },
    Signature {
        name: "concat",
        function: Function::Concat,
        insensitive: None,
        required: &[("value", Any)],
        optional: &[],
        variadic: Some(Any),
        returns: ReturnKind::Text,
        summary: "The values as text, one after the other. Null if any of them is.",
    },
    Signature {
        name: "divide",
        function: Function::Divide,
        insensitive: None,
        required: OPERANDS,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The quotient, like `/`; of two whole numbers the whole part of it. Null if either \
                  number is, or if a whole number is divided by zero.",
    },
    Signature {
        name: "endsWith",
        function: Function::EndsWith(false),
        insensitive: Some(Function::EndsWith(true)),
        required: SOURCE_PART,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Boolean,
        summary: "Whether the source ends with the part. Null if either is.",
    },
    Signature {
        name: "indexOf",
        function: Function::IndexOf(false),
        insensitive: Some(Function::IndexOf(true)),
        required: SOURCE_PART,
        optional: &[("start", Integer)],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "Where the part first stands in the source at or after `start`, counted from 0. \
                  Null if it is not there, or if either text is null; a null or negative `start` \
                  is 0.",
    },
    Signature {
        name: "length",
        function: Function::Length,
        insensitive: None,
        required: &[("text", Text)],
        optional: &[],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The number of characters. Null if the text is.",
    },
    Signature {
        name: "modulo",
        function: Function::Modulo,
        insensitive: None,
        required: OPERANDS,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The remainder, like `%`, with the sign of the left number. Null if either number \
                  is, or if a whole number is divided by zero.",
    },
    Signature {
        name: "multiply",
        function: Function::Multiply,
        insensitive: None,
        required: OPERANDS,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The product, like `*`. Null if either number is, or if the product of two whole \
                  numbers does not fit 64 bits.",
    },
    Signature {
        name: "number",
        function: Function::Number,
        insensitive: None,
        required: &[("text", Text)],
        optional: &[("base", Integer)],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The number that the text is, whole or not; in another base, 2 to 36, a whole one. \
                  Without a base, `0x` means 16. Null if the text is, or is no such number.",
    },
    Signature {
        name: "startsWith",
        function: Function::StartsWith(false),
        insensitive: Some(Function::StartsWith(true)),
        required: SOURCE_PART,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Boolean,
        summary: "Whether the source starts with the part. Null if either is.",
    },
    Signature {
        name: "string",
        function: Function::ToString,
        insensitive: None,
        required: &[("value", Any)],
        optional: &[],
        variadic: None,
        returns: ReturnKind::Text,
        summary: "The value as text. Null if it is.",
    },
    Signature {
        name: "stringContains",
        function: Function::StringContains(false),
        insensitive: Some(Function::StringContains(true)),
        required: SOURCE_PART,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Boolean,
        summary: "Whether the part stands anywhere in the source; never if either is empty. Null if \
                  either is.",
    },
    Signature {
        name: "substring",
        function: Function::Substring,
        insensitive: None,
        required: &[("source", Text), ("start", Integer)],
        optional: &[("end", Integer)],
        variadic: None,
        returns: ReturnKind::Text,
        summary: "The characters from `start`, counted from 0, to before `end` or to the end. \
                  Negative places count from the end; places outside are moved inside. Null if the \
                  source is; the whole source if `start` is null.",
    },
    Signature {
        name: "subtract",
        function: Function::Subtract,
        insensitive: None,
        required: OPERANDS,
        optional: &[],
        variadic: None,
        returns: ReturnKind::Number,
        summary: "The difference, like `-`. Null if either number is, or if that of two whole \
                  numbers does not fit 64 bits.",
    },
];

/// The row of [`SIGNATURES`] that describes a function.
pub(super) const fn row(function: Function) -> usize {
    match function {
        Function::Add => 0,
        Function::Between(_) => 1,
        Function::CidrMatch => 2,
        Function::Concat => 3,
        Function::Divide => 4,
        Function::EndsWith(_) => 5,
        Function::IndexOf(_) => 6,
        Function::Length => 7,
        Function::Modulo => 8,
        Function::Multiply => 9,
        Function::Number => 10,
        Function::StartsWith(_) => 11,
        Function::ToString => 12,
        Function::StringContains(_) => 13,
        Function::Substring => 14,
        Function::Subtract => 15,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_described_by_its_row() {
        for (at, signature) in SIGNATURES.iter().enumerate() {
            assert_eq!(row(signature.function), at, "{}", signature.name);
            assert_eq!(signature.function.signature().name, signature.name);
            if let Some(insensitive) = signature.insensitive {
                assert_eq!(row(insensitive), at, "{}~", signature.name);
                assert_ne!(insensitive, signature.function);
            }
        }
        // `row` is exhaustive; its largest value is that of the last row.
        assert_eq!(row(Function::Subtract) + 1, SIGNATURES.len());
    }

    #[test]
    fn names_are_sorted_and_found_in_any_case() {
        assert!(SIGNATURES.is_sorted_by_key(|s| s.name.to_ascii_lowercase()));
        assert_eq!(super::super::find("CIDRMATCH").map(|s| s.name), Some("cidrMatch"));
        assert!(super::super::find("arrayContains").is_none());
    }
}
