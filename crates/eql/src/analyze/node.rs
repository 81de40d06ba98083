//! The analysed form of an expression: fields are looked up, types are known, constants folded.

use dragnet_event::Field;
use dragnet_plan::pattern::{RegexPattern, Wildcard};
use dragnet_plan::{ArithmeticOp, CompareOp, Expr, Function, Literal};

use super::types::{Ty, literal};
use crate::ast::Span;
use dragnet_plan::front::{Conformed, conform};

/// An analysed expression.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) ty: Ty,
    pub(super) span: Span,
}

/// What it is.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Literal(Literal),
    Field(Field),
    Negate(Box<Node>),
    Arithmetic {
        op: ArithmeticOp,
        left: Box<Node>,
        right: Box<Node>,
    },
    Call {
        function: Function,
        args: Vec<Node>,
    },
    /// The left side is not constant, the right one is, and not null.
    Compare {
        op: CompareOp,
        left: Box<Node>,
        right: Literal,
        right_span: Span,
    },
    /// `x == null`, or `x != null` if negated. Not the same as `not (x == null)`: of several values one
    /// that is not null satisfies the former.
    IsNull {
        operand: Box<Node>,
        negated: bool,
    },
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    OneOf {
        operand: Box<Node>,
        values: Vec<(Literal, Span)>,
        fold: bool,
    },
    Like {
        operand: Box<Node>,
        patterns: Vec<Wildcard>,
    },
    Regex {
        operand: Box<Node>,
        patterns: Vec<RegexPattern>,
    },
}

impl Node {
    /// A constant.
    pub(super) fn literal(literal: Literal, span: Span) -> Node {
        Node { ty: Ty::of_literal(&literal), kind: Kind::Literal(literal), span }
    }

    /// What stands for an expression that was reported: nothing more will be said of it.
    pub(super) fn bad(span: Span) -> Node {
        Node { kind: Kind::Literal(Literal::Null), ty: Ty::Any, span }
    }

    /// True, false, or null.
    pub(super) fn boolean(kind: Kind, span: Span) -> Node {
        Node { kind, ty: Ty::Bool, span }
    }

    pub(super) fn as_literal(&self) -> Option<&Literal> {
        match &self.kind {
            Kind::Literal(literal) => Some(literal),
            _ => None,
        }
    }

    pub(super) fn as_field(&self) -> Option<&Field> {
        match &self.kind {
            Kind::Field(field) => Some(field),
            _ => None,
        }
    }

    pub(super) fn is_null(&self) -> bool {
        self.as_literal() == Some(&Literal::Null)
    }

    /// The constant that this node comes to; its operands must be constants.
    pub(super) fn folded(self) -> Node {
        let span = self.span;
        let was = self.ty;
        let value = self.into_expr().eval(&|_| None);
        let node = Node::literal(literal(value), span);
        // An error in an operand stays an error.
        if was == Ty::Any { Node { ty: Ty::Any, ..node } } else { node }
    }

    /// As a value of the plan, three-valued.
    pub(super) fn into_expr(self) -> Expr {
        let boxed = |node: Box<Node>| Box::new(node.into_expr());
        let all = |nodes: Vec<Node>| nodes.into_iter().map(Node::into_truth).collect();
        match self.kind {
            Kind::Literal(literal) => Expr::Literal(literal),
            Kind::Field(field) => Expr::Field(field),
            Kind::Negate(operand) => Expr::Negate(boxed(operand)),
            Kind::Arithmetic { op, left, right } => {
                Expr::Arithmetic { op, left: boxed(left), right: boxed(right) }
            }
            Kind::Call { function, args } => {
                Expr::Call { function, args: args.into_iter().map(Node::into_expr).collect() }
            }
            Kind::Compare { op, left, right, .. } => {
                let right = Box::new(Expr::Literal(conformed(&left, right)));
                Expr::Compare { op, left: boxed(left), right }
            }
            Kind::IsNull { operand, negated } => {
                let test = Expr::IsNull(boxed(operand));
                if negated { Expr::Not(Box::new(test)) } else { test }
            }
            Kind::And(parts) => Expr::And(all(parts)),
            Kind::Or(parts) => Expr::Or(all(parts)),
            Kind::Not(operand) => Expr::Not(Box::new(operand.into_truth())),
            Kind::OneOf { operand, values, fold } => {
                let values =
                    values.into_iter().map(|(value, _)| conformed(&operand, value)).collect();
                Expr::OneOf { expr: boxed(operand), values, fold }
            }
            Kind::Like { operand, patterns } => Expr::Like { expr: boxed(operand), patterns },
            Kind::Regex { operand, patterns } => Expr::Regex { expr: boxed(operand), patterns },
        }
    }

    /// As a truth value of the plan: a bare field is compared with `true`, since its values may be the
    /// text "true".
    pub(super) fn into_truth(self) -> Expr {
        match self.into_expr() {
            field @ Expr::Field(_) => Expr::Compare {
                op: CompareOp::Eq,
                left: Box::new(field),
                right: Box::new(Expr::Literal(Literal::Bool(true))),
            },
            other => other,
        }
    }
}

/// A constant in the form that the values of the operand have, if the operand is a field.
fn conformed(operand: &Node, literal: Literal) -> Literal {
    let Some(field) = operand.as_field() else { return literal };
    match conform(field, CompareOp::Eq, &literal) {
        Conformed::Literal(literal) => literal,
        Conformed::Network(_) | Conformed::Never => literal,
    }
}
