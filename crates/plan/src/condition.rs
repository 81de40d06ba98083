//! Conditions over one event, and the expressions inside them.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use dragnet_event::{Field, Scalar, Time};

use crate::functions::Function;
use crate::network::Network;
use crate::pattern::{Fuzzy, RegexPattern, Wildcard};
use crate::text::{Analyzer, WordTest};

/// A condition over one event: true or false, never null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Condition {
    /// Always so.
    Const(bool),
    /// A test of the event.
    Leaf(Leaf),
    /// The opposite: true where the leaves inside are false, be it because a field is missing.
    Not(Box<Condition>),
    /// All hold; empty: true.
    All(Vec<Condition>),
    /// At least one holds; empty: false.
    Any(Vec<Condition>),
}

/// A test of one event. On a field with several values it holds if it holds for any of them; on a
/// missing field it is false (Elasticsearch: a term, range or wildcard query on a missing field
/// does not match).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Leaf {
    /// The field has a value (`f != null`).
    Exists(Field),
    /// A value compares so with a constant. `Ne` does not occur: it is [`Condition::Not`] of `Eq`.
    Compare {
        /// The field.
        field: Field,
        /// `Eq`, `Lt`, `Le`, `Gt` or `Ge`.
        op: CompareOp,
        /// The constant, not null.
        value: Literal,
    },
    /// A value equals one of several constants (`in`, `in~`). Never empty.
    OneOf {
        /// The field.
        field: Field,
        /// The constants, not null.
        values: Vec<Literal>,
        /// Whether the case of ASCII letters is ignored.
        fold: bool,
    },
    /// The text of a value matches one of several wildcard patterns (`:`, `like`, `like~`). Never
    /// empty.
    Like {
        /// The field.
        field: Field,
        /// The patterns; each knows whether it ignores case.
        patterns: Vec<Wildcard>,
    },
    /// The text of a value matches one of several regular expressions, from end to end. Never empty.
    Regex {
        /// The field.
        field: Field,
        /// The expressions.
        patterns: Vec<RegexPattern>,
    },
    /// The text of a value is near another one.
    Fuzzy {
        /// The field.
        field: Field,
        /// The other one, and how near.
        fuzzy: Fuzzy,
    },
    /// The words of a value satisfy a test (Elasticsearch: a query on a `text` field).
    Words {
        /// The field.
        field: Field,
        /// How values are cut into words.
        analyzer: Analyzer,
        /// The test.
        test: WordTest,
    },
    /// One object satisfies a condition by itself (Elasticsearch: a `nested` query).
    Nested {
        /// The field that has the objects, of type [`dragnet_event::FieldType::Object`].
        field: Field,
        /// The condition; its fields have their full paths, but their values are those of one object.
        condition: Box<Condition>,
    },
    /// A value is an address within one of several networks. Never empty.
    Cidr {
        /// The field.
        field: Field,
        /// The networks.
        networks: Vec<Network>,
    },
    /// An expression is `true` for some choice of one value per field (Elasticsearch: a script;
    /// null and everything but `true` count as false).
    Script(Expr),
}

/// An expression over one event; its value may be null.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expr {
    /// The value of a field; null if it is missing.
    Field(Field),
    /// A constant.
    Literal(Literal),
    /// `-x`.
    Negate(Box<Expr>),
    /// `a + b` and so on. Null if either side is.
    Arithmetic {
        /// The operator.
        op: ArithmeticOp,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// A function call.
    Call {
        /// The function.
        function: Function,
        /// The arguments, as many as the function takes.
        args: Vec<Expr>,
    },
    /// `a == b` and so on. Null if either side is.
    Compare {
        /// The operator.
        op: CompareOp,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `x == null`: never null itself.
    IsNull(Box<Expr>),
    /// Three-valued `and`.
    And(Vec<Expr>),
    /// Three-valued `or`.
    Or(Vec<Expr>),
    /// Three-valued `not`.
    Not(Box<Expr>),
    /// `x in (…)`, `x in~ (…)`. Null if `x` is.
    OneOf {
        /// The left side.
        expr: Box<Expr>,
        /// The constants.
        values: Vec<Literal>,
        /// Whether the case of ASCII letters is ignored.
        fold: bool,
    },
    /// `x : …`, `x like …`. Null if `x` is.
    Like {
        /// The left side.
        expr: Box<Expr>,
        /// The patterns.
        patterns: Vec<Wildcard>,
    },
    /// `x regex …`. Null if `x` is.
    Regex {
        /// The left side.
        expr: Box<Expr>,
        /// The expressions.
        patterns: Vec<RegexPattern>,
    },
}

/// A comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl CompareOp {
    /// As rules write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }

    /// The operator that means the same with the sides exchanged.
    pub const fn flipped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            same => same,
        }
    }

    /// Whether an ordering of left against right satisfies it.
    pub const fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            CompareOp::Eq => order.is_eq(),
            CompareOp::Ne => order.is_ne(),
            CompareOp::Lt => order.is_lt(),
            CompareOp::Le => order.is_le(),
            CompareOp::Gt => order.is_gt(),
            CompareOp::Ge => order.is_ge(),
        }
    }
}

/// An arithmetic operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`: of two whole numbers the whole quotient, rounded towards zero.
    Divide,
    /// `%`: the remainder, with the sign of the left side.
    Modulo,
}

impl ArithmeticOp {
    /// As rules write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Subtract => "-",
            ArithmeticOp::Multiply => "*",
            ArithmeticOp::Divide => "/",
            ArithmeticOp::Modulo => "%",
        }
    }
}

/// A double that can be compared and hashed: by its bits.
#[derive(Debug, Clone, Copy)]
pub struct Number(pub f64);

impl PartialEq for Number {
    fn eq(&self, other: &Number) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Number {}

impl std::hash::Hash for Number {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

/// A constant of a rule.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Literal {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Long(i64),
    /// A number with a fraction or an exponent.
    Double(Number),
    /// A date; the language makes it from text or a number where the field is a date.
    Date(Time),
    /// Text.
    Str(Arc<str>),
}

impl Literal {
    /// The value, `None` for null.
    pub fn as_scalar(&self) -> Option<Scalar<'_>> {
        match self {
            Literal::Null => None,
            Literal::Bool(b) => Some(Scalar::Bool(*b)),
            Literal::Long(n) => Some(Scalar::Long(*n)),
            Literal::Double(n) => Some(Scalar::Double(n.0)),
            Literal::Date(t) => Some(Scalar::Date(*t)),
            Literal::Str(s) => Some(Scalar::Str(s)),
        }
    }
}

impl fmt::Display for Literal {
    /// As a rule would write it; text in double quotes with escapes, dates as quoted RFC 3339.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_scalar() {
            None => f.write_str("null"),
            Some(Scalar::Str(s)) => write_quoted(f, s),
            Some(date @ Scalar::Date(_)) => write!(f, "\"{}\"", date.text()),
            Some(other) => f.write_str(&other.text()),
        }
    }
}

/// Writes text as an EQL string literal.
fn write_quoted(f: &mut fmt::Formatter<'_>, s: &str) -> fmt::Result {
    f.write_str("\"")?;
    for c in s.chars() {
        match c {
            '"' => f.write_str("\\\"")?,
            '\\' => f.write_str("\\\\")?,
            '\n' => f.write_str("\\n")?,
            '\r' => f.write_str("\\r")?,
            '\t' => f.write_str("\\t")?,
            // EQL has no escape for zero.
            c if c.is_control() && c != '\0' => write!(f, "\\u{{{:02x}}}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_str("\"")
}

impl Condition {
    /// Calls `visit` for every leaf, from left to right.
    pub fn for_each_leaf<'a>(&'a self, visit: &mut dyn FnMut(&'a Leaf)) {
        match self {
            Condition::Const(_) => {}
            Condition::Leaf(leaf) => visit(leaf),
            Condition::Not(inner) => inner.for_each_leaf(visit),
            Condition::All(parts) | Condition::Any(parts) => {
                for part in parts {
                    part.for_each_leaf(visit);
                }
            }
        }
    }
}

impl Leaf {
    /// Calls `visit` for every field that is read from the event, repeated ones too. Of a nested condition that is
    /// the field with the objects.
    pub fn for_each_field<'a>(&'a self, visit: &mut dyn FnMut(&'a Field)) {
        match self {
            Leaf::Exists(field)
            | Leaf::Compare { field, .. }
            | Leaf::OneOf { field, .. }
            | Leaf::Like { field, .. }
            | Leaf::Regex { field, .. }
            | Leaf::Fuzzy { field, .. }
            | Leaf::Words { field, .. }
            | Leaf::Nested { field, .. }
            | Leaf::Cidr { field, .. } => visit(field),
            Leaf::Script(expr) => expr.for_each_field(visit),
        }
    }
}

impl Expr {
    /// Calls `visit` for every field that is read, repeated ones too.
    pub fn for_each_field<'a>(&'a self, visit: &mut dyn FnMut(&'a Field)) {
        match self {
            Expr::Field(field) => visit(field),
            Expr::Literal(_) => {}
            Expr::Negate(e) | Expr::IsNull(e) | Expr::Not(e) => e.for_each_field(visit),
            Expr::Arithmetic { left, right, .. } | Expr::Compare { left, right, .. } => {
                left.for_each_field(visit);
                right.for_each_field(visit);
            }
            Expr::Call { args, .. } | Expr::And(args) | Expr::Or(args) => {
                for arg in args {
                    arg.for_each_field(visit);
                }
            }
            Expr::OneOf { expr, .. } | Expr::Like { expr, .. } | Expr::Regex { expr, .. } => {
                expr.for_each_field(visit);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_print_as_rules_write_them() {
        let show = |l: Literal| l.to_string();
        assert_eq!(show(Literal::Str("a\"b\\c\n".into())), r#""a\"b\\c\n""#);
        assert_eq!(show(Literal::Double(Number(1.5))), "1.5");
        assert_eq!(show(Literal::Null), "null");
    }
}
