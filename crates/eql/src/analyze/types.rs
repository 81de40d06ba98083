//! The types of expressions.

use dragnet_event::{FieldType, Value};
use dragnet_plan::functions::ArgumentKind;
use dragnet_plan::{Literal, Number};

/// What kind of values an expression has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ty {
    /// Not known: a field of the open schema, or what an error was already told about.
    Any,
    /// Always null.
    Null,
    Bool,
    /// Whole numbers.
    Long,
    /// Numbers with a fraction.
    Double,
    /// Numbers; whether whole is not known.
    Number,
    Text,
    Date,
    Ip,
    Version,
}

impl Ty {
    /// The type of a field's values. Fields that cannot be used are reported where they are named.
    pub(super) fn of_field(ty: FieldType) -> Ty {
        match ty {
            FieldType::Keyword | FieldType::Caseless => Ty::Text,
            FieldType::Long => Ty::Long,
            FieldType::Double => Ty::Double,
            FieldType::Boolean => Ty::Bool,
            FieldType::Date => Ty::Date,
            FieldType::Ip => Ty::Ip,
            FieldType::Version => Ty::Version,
            FieldType::Any | FieldType::Text | FieldType::Object | FieldType::Unsupported => {
                Ty::Any
            }
        }
    }

    /// The type of a constant.
    pub(super) fn of_literal(literal: &Literal) -> Ty {
        match literal {
            Literal::Null => Ty::Null,
            Literal::Bool(_) => Ty::Bool,
            Literal::Long(_) => Ty::Long,
            Literal::Double(_) => Ty::Double,
            Literal::Date(_) => Ty::Date,
            Literal::Str(_) => Ty::Text,
        }
    }

    /// As messages name it.
    pub(super) const fn describe(self) -> &'static str {
        match self {
            Ty::Any => "anything",
            Ty::Null => "null",
            Ty::Bool => "true or false",
            Ty::Long => "a whole number",
            Ty::Double => "a number with a fraction",
            Ty::Number => "a number",
            Ty::Text => "text",
            Ty::Date => "a date",
            Ty::Ip => "an address",
            Ty::Version => "a version",
        }
    }

    pub(super) const fn is_number(self) -> bool {
        matches!(self, Ty::Long | Ty::Double | Ty::Number)
    }

    /// Whether values of the type may be of the other one: both unknown or null are compatible
    /// with everything.
    const fn is_open(self) -> bool {
        matches!(self, Ty::Any | Ty::Null)
    }

    /// Whether a value of this type can stand in an `in` list for a field of the other one.
    /// (Elasticsearch: same type, both text, or both numbers. It rejects text for addresses, dates
    /// and versions, which `==` takes; here `in` takes it too.)
    pub(super) fn suits_list_of(self, field: Ty) -> bool {
        self.is_open()
            || field.is_open()
            || self == field
            || (self.is_number() && field.is_number())
            || (self == Ty::Text && matches!(field, Ty::Date | Ty::Ip | Ty::Version))
            || (self.is_number() && field == Ty::Date)
    }

    /// Whether keys of the two types can be joined (Elasticsearch: same type, or both numbers).
    pub(super) fn joins(self, other: Ty) -> bool {
        self.is_open()
            || other.is_open()
            || self == other
            || (self.is_number() && other.is_number())
    }

    /// Whether a function takes a value of this type for a parameter of that kind.
    pub(super) fn suits(self, kind: ArgumentKind) -> bool {
        self.is_open()
            || match kind {
                ArgumentKind::Any => true,
                ArgumentKind::Text | ArgumentKind::NetworkConstant => self == Ty::Text,
                ArgumentKind::Number => self.is_number(),
                ArgumentKind::Integer => matches!(self, Ty::Long | Ty::Number),
                ArgumentKind::Boolean => self == Ty::Bool,
                ArgumentKind::Ip => self == Ty::Ip,
            }
    }

    /// The type of arithmetic on two numbers.
    pub(super) fn arithmetic(self, other: Ty) -> Ty {
        match (self, other) {
            (Ty::Double, _) | (_, Ty::Double) => Ty::Double,
            (Ty::Long, Ty::Long) => Ty::Long,
            _ => Ty::Number,
        }
    }
}

/// What a parameter must be, as messages say it.
pub(super) const fn describe_kind(kind: ArgumentKind) -> &'static str {
    match kind {
        ArgumentKind::Any => "anything",
        ArgumentKind::Text => "text",
        ArgumentKind::Number => "a number",
        ArgumentKind::Integer => "a whole number",
        ArgumentKind::Boolean => "true or false",
        ArgumentKind::Ip => "an address",
        ArgumentKind::NetworkConstant => "a block of addresses, in quotes",
    }
}

/// A value as a constant; `None` is null.
pub(super) fn literal(value: Option<Value>) -> Literal {
    match value {
        None => Literal::Null,
        Some(Value::Bool(b)) => Literal::Bool(b),
        Some(Value::Long(n)) => Literal::Long(n),
        Some(Value::Double(n)) => Literal::Double(Number(n)),
        Some(Value::Date(t)) => Literal::Date(t),
        Some(Value::Str(s)) => Literal::Str(s.into()),
    }
}
