//! The functions of the languages, as one table.
//!
//! What they mean is what Elasticsearch's code does, where its documentation differs. Positions and
//! lengths count UTF-16 code units, as Java's strings do: a character beyond U+FFFF counts twice.

mod apply;
mod table;

use dragnet_event::Value;

pub use table::SIGNATURES;

/// A function. Those with a `~` form have it as a flag: `true` ignores case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// `add(a, b)`
    Add,
    /// `subtract(a, b)`
    Subtract,
    /// `multiply(a, b)`
    Multiply,
    /// `divide(a, b)`
    Divide,
    /// `modulo(a, b)`
    Modulo,
    /// `between(source, left, right[, greedy])`
    Between(bool),
    /// `cidrMatch(address, block…)`
    CidrMatch,
    /// `concat(value…)`
    Concat,
    /// `endsWith(source, part)`
    EndsWith(bool),
    /// `indexOf(source, part[, start])`
    IndexOf(bool),
    /// `length(text)`
    Length,
    /// `number(text[, base])`
    Number,
    /// `startsWith(source, part)`
    StartsWith(bool),
    /// `string(value)`
    ToString,
    /// `stringContains(source, part)`
    StringContains(bool),
    /// `substring(source, start[, end])`
    Substring,
}

/// What an argument must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArgumentKind {
    /// Anything.
    Any,
    /// Text.
    Text,
    /// A number, whole or not.
    Number,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Boolean,
    /// An address.
    Ip,
    /// A text constant that is an address block.
    NetworkConstant,
}

/// What a function gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnKind {
    /// Text.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A function's description: everything that analysis, help texts and documentation need.
#[derive(Debug, Clone, Copy)]
pub struct Signature {
    /// The name as documentation writes it, without `~`: `startsWith`.
    pub name: &'static str,
    /// The function, and its `~` form if there is one.
    pub function: Function,
    /// The `~` form.
    pub insensitive: Option<Function>,
    /// The required parameters.
    pub required: &'static [(&'static str, ArgumentKind)],
    /// The optional parameters.
    pub optional: &'static [(&'static str, ArgumentKind)],
    /// The kind of further arguments, if any number may follow.
    pub variadic: Option<ArgumentKind>,
    /// What it gives.
    pub returns: ReturnKind,
    /// What it does, in a sentence or two, with its null rules.
    pub summary: &'static str,
}

/// Finds a function; names ignore case. `None` if there is none of that name.
pub fn find(name: &str) -> Option<&'static Signature> {
    SIGNATURES.iter().find(|s| s.name.eq_ignore_ascii_case(name))
}

impl Function {
    /// The description.
    pub fn signature(self) -> &'static Signature {
        &SIGNATURES[table::row(self)]
    }

    /// Applies the function; `None` is null, and so is an argument that is not given.
    ///
    /// Where text is due, a number, a boolean or a date counts as its canonical text: without a
    /// mapping a field that Elasticsearch would hold as text may come as any of them. Other
    /// arguments of a kind that the function does not take give null.
    pub fn apply(self, args: &[Option<Value>]) -> Option<Value> {
        apply::apply(self, args)
    }
}
