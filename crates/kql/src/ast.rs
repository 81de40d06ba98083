//! The syntax tree of KQL.

pub use dragnet_plan::front::Span;
use dragnet_plan::pattern::WildcardPart;

/// A query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// What is asked for; `None`: everything.
    pub expr: Option<Expr>,
}

/// An expression and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands, without parentheses around it.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// `a or b`, at least two.
    Or(Vec<Expr>),
    /// `a and b`, at least two.
    And(Vec<Expr>),
    /// `not a`.
    Not(Box<Expr>),
    /// `field:{ … }`.
    Nested {
        /// The field with the objects.
        field: Literal,
        /// What one of them must satisfy; its fields are named from there.
        inner: Box<Expr>,
    },
    /// `field >= value`.
    Range {
        /// The field.
        field: Literal,
        /// The operator.
        op: RangeOp,
        /// The bound.
        value: Literal,
    },
    /// `field : values`.
    Is {
        /// The field.
        field: Literal,
        /// What one of its values must be.
        values: Values,
    },
    /// A value without a field: any field may have it.
    Free(Literal),
}

/// What a field must be, and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// What it is.
    pub kind: ValuesKind,
    /// Where it stands, without parentheses around it.
    pub span: Span,
}

/// A value, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ValuesKind {
    /// One value.
    One(Literal),
    /// `(a or b)`, at least two.
    Or(Vec<Values>),
    /// `(a and b)`, at least two.
    And(Vec<Values>),
    /// `(not a)`.
    Not(Box<Values>),
}

/// A text: of a field's name or of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Literal {
    /// Text and wildcards; no two texts beside each other, none of them empty. In quotes there are no
    /// wildcards.
    pub parts: Vec<WildcardPart>,
    /// Whether it stands in quotes.
    pub quoted: bool,
    /// Where it stands, quotes included.
    pub span: Span,
}

impl Literal {
    /// The text, if there is no wildcard in it.
    pub fn text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [WildcardPart::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// Whether it is a single `*`.
    pub fn is_star(&self) -> bool {
        self.parts == [WildcardPart::Run]
    }
}

/// An operator of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RangeOp {
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
}

impl RangeOp {
    /// As queries write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            RangeOp::Lt => "<",
            RangeOp::Le => "<=",
            RangeOp::Gt => ">",
            RangeOp::Ge => ">=",
        }
    }
}
