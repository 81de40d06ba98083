//! The syntax tree: what a query says, before anything is known of its fields.
//!
//! Parentheses leave no node; `and` and `or` have all their operands in one node, so that a long
//! list of alternatives is wide and not deep. Every node knows its [`Span`], and spans do not take
//! part in comparisons.

pub use dragnet_plan::{ArithmeticOp, CompareOp};

pub use dragnet_plan::front::Span;

/// A query.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    /// What is searched for.
    pub body: Body,
    /// The pipes, in order.
    pub pipes: Vec<Pipe>,
}

/// What a query searches for.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// Single events.
    Event(EventFilter),
    /// Events in order.
    Sequence(Sequence),
    /// Events in any order.
    Sample(Sample),
}

/// `category where condition`.
#[derive(Debug, Clone, PartialEq)]
pub struct EventFilter {
    /// The category.
    pub category: Category,
    /// Where the category stands.
    pub category_span: Span,
    /// The condition.
    pub condition: Expr,
}

/// The category of an event filter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Category {
    /// `any`: every event, with or without a category.
    Any,
    /// The value of the category field.
    Named(String),
}

/// `sequence by … with maxspan=… [term]… until [term]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sequence {
    /// The keys of all terms.
    pub by: Vec<FieldName>,
    /// The most time from the first to the last event.
    pub maxspan: Option<Maxspan>,
    /// The terms.
    pub terms: Vec<Term>,
    /// The term that ends a sequence.
    pub until: Option<Term>,
    /// Where the word `sequence` stands.
    pub span: Span,
}

/// `sample by … [term]…`.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The keys of all terms.
    pub by: Vec<FieldName>,
    /// The terms.
    pub terms: Vec<Term>,
    /// Where the word `sample` stands.
    pub span: Span,
}

/// `maxspan=30s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Maxspan {
    /// How many units, at least one.
    pub amount: u64,
    /// The unit.
    pub unit: TimeUnit,
    /// Where it stands.
    pub span: Span,
}

/// A unit of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// `ms`
    Milliseconds,
    /// `s`
    Seconds,
    /// `m`
    Minutes,
    /// `h`
    Hours,
    /// `d`
    Days,
}

impl TimeUnit {
    /// As queries write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            TimeUnit::Milliseconds => "ms",
            TimeUnit::Seconds => "s",
            TimeUnit::Minutes => "m",
            TimeUnit::Hours => "h",
            TimeUnit::Days => "d",
        }
    }

    /// Its length in milliseconds.
    pub const fn millis(self) -> u64 {
        match self {
            TimeUnit::Milliseconds => 1,
            TimeUnit::Seconds => 1_000,
            TimeUnit::Minutes => 60_000,
            TimeUnit::Hours => 3_600_000,
            TimeUnit::Days => 86_400_000,
        }
    }
}

/// `[filter] by … with runs=…` or `![filter]`.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Written `![…]`: there must be no such event.
    pub missing: bool,
    /// What the event must be.
    pub filter: EventFilter,
    /// The term's own keys.
    pub by: Vec<FieldName>,
    /// How often the term stands here in a row, 1 to 100; `None`: not written.
    pub runs: Option<u32>,
    /// Where it stands.
    pub span: Span,
}

/// `| head 10`.
#[derive(Debug, Clone, PartialEq)]
pub struct Pipe {
    /// Which.
    pub kind: PipeKind,
    /// How many.
    pub argument: Expr,
    /// Where it stands.
    pub span: Span,
}

/// Which pipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PipeKind {
    /// The first so many.
    Head,
    /// The last so many.
    Tail,
}

impl PipeKind {
    /// As queries write it.
    pub const fn name(self) -> &'static str {
        match self {
            PipeKind::Head => "head",
            PipeKind::Tail => "tail",
        }
    }
}

/// The name of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldName {
    /// The dotted name, without backticks. Not empty.
    pub name: String,
    /// Written `?name`: the schema need not have it.
    pub optional: bool,
    /// Where it stands, the `?` included.
    pub span: Span,
}

/// An expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Where it stands.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A whole number; a sign before it is [`ExprKind::Unary`].
    Int(u64),
    /// A number with a fraction or an exponent: finite, not negative.
    Double(f64),
    /// Text.
    Str(String),
    /// A field.
    Field(FieldName),
    /// `name(…)`, `name~(…)`.
    Call {
        /// The name as written, without `~`.
        name: String,
        /// Whether it is written with `~`.
        insensitive: bool,
        /// The arguments.
        args: Vec<Expr>,
        /// Where the name stands, with `~`.
        name_span: Span,
    },
    /// `-x`, `+x`.
    Unary {
        /// Whether it is `-`.
        negative: bool,
        /// The operand.
        operand: Box<Expr>,
    },
    /// `a + b` and so on.
    Arithmetic {
        /// The operator.
        op: ArithmeticOp,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `a == b` and so on.
    Compare {
        /// The operator.
        op: CompareOp,
        /// The left side.
        left: Box<Expr>,
        /// The right side.
        right: Box<Expr>,
    },
    /// `x in (…)`, `x in~ (…)`, with `not` before the `in` or without.
    In {
        /// The left side.
        operand: Box<Expr>,
        /// Whether it is `not in`.
        negated: bool,
        /// Whether it is `in~`.
        insensitive: bool,
        /// The list, not empty.
        values: Vec<Expr>,
    },
    /// `x : "…"`, `x like ("…", "…")` and so on.
    Match {
        /// The left side.
        operand: Box<Expr>,
        /// The operator.
        op: MatchOp,
        /// The patterns, constants all; not empty.
        patterns: Vec<Expr>,
    },
    /// `not x`.
    Not(Box<Expr>),
    /// `a and b and …`, at least two.
    And(Vec<Expr>),
    /// `a or b or …`, at least two.
    Or(Vec<Expr>),
}

/// An operator that matches text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MatchOp {
    /// `:`, which is `like~`.
    Colon,
    /// `like`
    Like,
    /// `like~`
    LikeInsensitive,
    /// `regex`
    Regex,
    /// `regex~`
    RegexInsensitive,
}

impl MatchOp {
    /// As queries write it.
    pub const fn symbol(self) -> &'static str {
        match self {
            MatchOp::Colon => ":",
            MatchOp::Like => "like",
            MatchOp::LikeInsensitive => "like~",
            MatchOp::Regex => "regex",
            MatchOp::RegexInsensitive => "regex~",
        }
    }

    /// Whether the case of letters is ignored.
    pub const fn is_insensitive(self) -> bool {
        matches!(self, MatchOp::Colon | MatchOp::LikeInsensitive | MatchOp::RegexInsensitive)
    }

    /// Whether the patterns are regular expressions.
    pub const fn is_regex(self) -> bool {
        matches!(self, MatchOp::Regex | MatchOp::RegexInsensitive)
    }
}
