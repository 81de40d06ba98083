//! Analysed expressions to the plan's conditions: from three-valued logic to two-valued.
//!
//! A test of the event is two-valued: where its field is missing it is false, and `not` makes that
//! true. A constant null is neither true nor false, and `not` leaves it so; at the end it does not
//! hold. [`Truth`] carries both apart: when something is definitely true, and when definitely
//! false.

use dragnet_event::Field;
use dragnet_plan::{CompareOp, Condition, Function, Leaf, Literal, Network};

use super::Analyzer;
use super::node::{Kind, Node};
use super::types::Ty;
use crate::ast::Span;
use dragnet_plan::front::{Conformed, conform};

/// When an expression is true, and when it is false.
#[derive(Debug, Clone)]
pub(super) struct Truth {
    yes: Condition,
    /// `None`: exactly when it is not true.
    no: Option<Condition>,
}

impl Truth {
    fn two_valued(yes: Condition) -> Truth {
        Truth { yes, no: None }
    }

    /// Null is never true and never false.
    fn null() -> Truth {
        Truth { yes: Condition::Const(false), no: Some(Condition::Const(false)) }
    }

    /// The condition that it is true.
    pub(super) fn holds(self) -> Condition {
        self.yes
    }

    fn negated(self) -> Truth {
        match self.no {
            None => Truth::two_valued(not(self.yes)),
            Some(no) => Truth { yes: no, no: Some(self.yes) },
        }
    }

    /// `and` is true if all are and false if one is; `or` the other way round.
    fn row(
        parts: Vec<Truth>,
        joined: fn(Vec<Condition>) -> Condition,
        dual: fn(Vec<Condition>) -> Condition,
    ) -> Truth {
        let no = parts.iter().any(|part| part.no.is_some()).then(|| {
            let opposite = |part: &Truth| part.no.clone().unwrap_or_else(|| not(part.yes.clone()));
            dual(parts.iter().map(opposite).collect())
        });
        Truth { yes: joined(parts.into_iter().map(|part| part.yes).collect()), no }
    }
}

/// All of them: without what is always so, flat, and as simple as can be.
pub(super) fn all(parts: Vec<Condition>) -> Condition {
    row(parts, true)
}

/// Any of them.
fn any(parts: Vec<Condition>) -> Condition {
    row(parts, false)
}

/// `neutral` is the constant that changes nothing; its opposite decides.
fn row(parts: Vec<Condition>, neutral: bool) -> Condition {
    let mut kept = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Condition::Const(value) if value == neutral => {}
            Condition::Const(decided) => return Condition::Const(decided),
            Condition::All(inner) if neutral => kept.extend(inner),
            Condition::Any(inner) if !neutral => kept.extend(inner),
            other => kept.push(other),
        }
    }
    match (kept.pop(), kept.is_empty()) {
        (None, _) => Condition::Const(neutral),
        (Some(only), true) => only,
        (Some(last), false) => {
            kept.push(last);
            if neutral { Condition::All(kept) } else { Condition::Any(kept) }
        }
    }
}

fn not(condition: Condition) -> Condition {
    match condition {
        Condition::Const(value) => Condition::Const(!value),
        Condition::Not(inner) => *inner,
        other => Condition::Not(Box::new(other)),
    }
}

fn leaf(leaf: Leaf) -> Truth {
    Truth::two_valued(Condition::Leaf(leaf))
}

impl Analyzer<'_> {
    /// The condition of an analysed expression that is true or false.
    pub(super) fn lower(&mut self, node: Node) -> Truth {
        let span = node.span;
        match node.kind {
            Kind::Literal(Literal::Bool(value)) => Truth::two_valued(Condition::Const(value)),
            Kind::Literal(_) => Truth::null(),
            Kind::Field(field) => {
                self.lower_compare(field, CompareOp::Eq, &Literal::Bool(true), span)
            }
            Kind::Not(operand) => self.lower(*operand).negated(),
            Kind::And(parts) => Truth::row(self.lower_all(parts), all, any),
            Kind::Or(parts) => Truth::row(self.lower_all(parts), any, all),
            Kind::Compare { op, left, right, right_span } => match left.kind {
                Kind::Field(field) if op == CompareOp::Ne => {
                    self.lower_compare(field, CompareOp::Eq, &right, right_span).negated()
                }
                Kind::Field(field) => self.lower_compare(field, op, &right, right_span),
                kind => {
                    let left = Box::new(Node { kind, ..*left });
                    script(Node::boolean(Kind::Compare { op, left, right, right_span }, span))
                }
            },
            Kind::IsNull { operand, negated } => match operand.kind {
                Kind::Field(field) if negated => leaf(Leaf::Exists(field)),
                Kind::Field(field) => leaf(Leaf::Exists(field)).negated(),
                kind => {
                    let operand = Box::new(Node { kind, ..*operand });
                    script(Node::boolean(Kind::IsNull { operand, negated }, span))
                }
            },
            Kind::OneOf { operand, values, fold } => match operand.kind {
                Kind::Field(field) => self.lower_one_of(field, &values, fold),
                kind => {
                    let operand = Box::new(Node { kind, ..*operand });
                    script(Node::boolean(Kind::OneOf { operand, values, fold }, span))
                }
            },
            Kind::Like { operand, patterns } => match operand.kind {
                Kind::Field(field) => leaf(Leaf::Like { field, patterns }),
                kind => {
                    let operand = Box::new(Node { kind, ..*operand });
                    script(Node::boolean(Kind::Like { operand, patterns }, span))
                }
            },
            Kind::Regex { operand, patterns } => match operand.kind {
                Kind::Field(field) => leaf(Leaf::Regex { field, patterns }),
                kind => {
                    let operand = Box::new(Node { kind, ..*operand });
                    script(Node::boolean(Kind::Regex { operand, patterns }, span))
                }
            },
            Kind::Call { function, args } => lower_call(function, args, span),
            kind @ (Kind::Negate(_) | Kind::Arithmetic { .. }) => {
                script(Node { kind, ty: Ty::Number, span })
            }
        }
    }

    fn lower_all(&mut self, parts: Vec<Node>) -> Vec<Truth> {
        parts.into_iter().map(|part| self.lower(part)).collect()
    }

    /// A comparison of a field with a constant; not `!=`.
    fn lower_compare(
        &mut self,
        field: Field,
        op: CompareOp,
        literal: &Literal,
        span: Span,
    ) -> Truth {
        match conform(&field, op, literal) {
            Conformed::Literal(value) => leaf(Leaf::Compare { field, op, value }),
            Conformed::Network(network) => leaf(Leaf::Cidr { field, networks: vec![network] }),
            Conformed::Never => {
                self.mismatch(&field, literal, span);
                Truth::two_valued(Condition::Const(false))
            }
        }
    }

    fn lower_one_of(&mut self, field: Field, values: &[(Literal, Span)], fold: bool) -> Truth {
        let mut kept = Vec::with_capacity(values.len());
        let mut networks = Vec::new();
        for (literal, span) in values {
            match conform(&field, CompareOp::Eq, literal) {
                Conformed::Literal(value) => kept.push(value),
                Conformed::Network(network) => networks.push(network),
                Conformed::Never => self.mismatch(&field, literal, *span),
            }
        }
        let mut parts = Vec::new();
        if !kept.is_empty() {
            let field = field.clone();
            parts.push(Condition::Leaf(Leaf::OneOf { field, values: kept, fold }));
        }
        if !networks.is_empty() {
            parts.push(Condition::Leaf(Leaf::Cidr { field, networks }));
        }
        Truth::two_valued(any(parts))
    }

    /// Warns of a constant that the field can never have.
    fn mismatch(&mut self, field: &Field, literal: &Literal, span: Span) {
        let due = Ty::of_field(field.ty()).describe();
        self.never_true(
            span,
            format!(
                "`{}` is never {}",
                field.name(),
                dragnet_plan::front::clip(&literal.to_string())
            ),
            format!("not {due}"),
        );
    }
}

/// A test that the engine evaluates as an expression; null counts as false.
fn script(node: Node) -> Truth {
    leaf(Leaf::Script(node.into_expr()))
}

/// A call that is true or false.
fn lower_call(function: Function, args: Vec<Node>, span: Span) -> Truth {
    if function == Function::CidrMatch
        && let Some(field) = args.first().and_then(Node::as_field).cloned()
    {
        let networks: Vec<_> = args
            .iter()
            .skip(1)
            .filter_map(|arg| match arg.as_literal() {
                Some(Literal::Str(text)) => Network::parse(text).ok(),
                _ => None,
            })
            .collect();
        if !networks.is_empty() {
            return leaf(Leaf::Cidr { field, networks });
        }
        return Truth::null();
    }
    script(Node::boolean(Kind::Call { function, args }, span))
}
