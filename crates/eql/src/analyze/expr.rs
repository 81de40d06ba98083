//! Expressions: constants, arithmetic, comparisons, lists and logic.

use dragnet_plan::{ArithmeticOp, CompareOp, Diagnostic, Literal, Number};

use super::Analyzer;
use super::field::constant_slip;
use super::node::{Kind, Node};
use super::types::Ty;
use crate::ast::{Expr, ExprKind, Span};
use crate::codes;

impl Analyzer<'_> {
    /// An expression of any type.
    pub(super) fn expr(&mut self, expr: &Expr) -> Node {
        let span = expr.span;
        match &expr.kind {
            ExprKind::Null => Node::literal(Literal::Null, span),
            ExprKind::Bool(value) => Node::literal(Literal::Bool(*value), span),
            ExprKind::Int(value) => match i64::try_from(*value) {
                Ok(value) => Node::literal(Literal::Long(value), span),
                Err(_) => self.too_large(*value, span),
            },
            ExprKind::Double(value) => Node::literal(Literal::Double(Number(*value)), span),
            ExprKind::Str(text) => Node::literal(Literal::Str(text.as_str().into()), span),
            ExprKind::Field(name) => self.field_node(name),
            ExprKind::Call { .. } => self.call(expr),
            ExprKind::Unary { negative, operand } => self.sign(*negative, operand, span),
            ExprKind::Arithmetic { op, left, right } => self.arithmetic(*op, left, right, span),
            ExprKind::Compare { op, left, right } => self.comparison(*op, left, right, span),
            ExprKind::In { .. } => self.membership(expr),
            ExprKind::Match { operand, op, patterns } => {
                self.matching(operand, *op, patterns, span)
            }
            ExprKind::Not(operand) => {
                let operand = self.condition(operand);
                negated(operand, span)
            }
            ExprKind::And(parts) => {
                let parts = parts.iter().map(|part| self.condition(part)).collect();
                folded_row(Kind::And, parts, span)
            }
            ExprKind::Or(parts) => {
                let parts = parts.iter().map(|part| self.condition(part)).collect();
                folded_row(Kind::Or, parts, span)
            }
        }
    }

    /// An expression that must be true or false (or null).
    pub(super) fn condition(&mut self, expr: &Expr) -> Node {
        let node = self.expr(expr);
        if matches!(node.ty, Ty::Bool | Ty::Null | Ty::Any) {
            return node;
        }
        if node.as_field().is_some() && !self.is_closed() {
            self.never_true(
                node.span,
                format!("`{}` is neither true nor false", self.source(node.span)),
                format!("by its name it is {}", node.ty.describe()),
            );
            return Node::literal(Literal::Bool(false), node.span);
        }
        let diagnostic = Diagnostic::error(
            codes::NOT_BOOLEAN,
            node.span.range(),
            format!("a condition must be true or false, but this is {}", node.ty.describe()),
        );
        self.report(match node.as_field() {
            Some(_) => diagnostic.help(format!(
                "compare it, as in `{0} == …`, or write `{0} != null` to ask whether it is there",
                self.source(node.span)
            )),
            None => diagnostic,
        });
        Node::bad(node.span)
    }

    /// Warns of a test that no event satisfies.
    pub(super) fn never_true(&mut self, span: Span, message: String, label: String) {
        self.report(Diagnostic::warning(codes::NEVER_TRUE, span.range(), message).label(label));
    }

    fn too_large(&mut self, value: u64, span: Span) -> Node {
        self.report(
            Diagnostic::error(
                codes::NUMBER_RANGE,
                span.range(),
                format!("the number {value} is too large"),
            )
            .help("whole numbers end at 9223372036854775807"),
        );
        Node::bad(span)
    }

    fn sign(&mut self, negative: bool, operand: &Expr, span: Span) -> Node {
        // The least whole number is one less than the greatest: only with its sign can it be read.
        if let (true, ExprKind::Int(value)) = (negative, &operand.kind)
            && let Some(value) = 0_i64.checked_sub_unsigned(*value)
        {
            return Node::literal(Literal::Long(value), span);
        }
        let operand = self.expr(operand);
        if !self.is_numeric(&operand, if negative { "-" } else { "+" }) {
            return Node::bad(span);
        }
        if !negative {
            return Node { span, ..operand };
        }
        let (ty, constant) = (operand.ty, operand.as_literal().is_some());
        let node = Node { kind: Kind::Negate(Box::new(operand)), ty, span };
        if constant { node.folded() } else { node }
    }

    /// Whether arithmetic can be done on a value; if not, it is reported.
    fn is_numeric(&mut self, node: &Node, symbol: &str) -> bool {
        if node.ty.is_number() || matches!(node.ty, Ty::Any | Ty::Null) {
            return true;
        }
        let message = format!("`{symbol}` works on numbers, but this is {}", node.ty.describe());
        if node.as_field().is_some() && !self.is_closed() {
            self.never_true(node.span, message, "the result is null".to_owned());
            return true;
        }
        self.report(Diagnostic::error(codes::NOT_NUMBER, node.span.range(), message));
        false
    }

    fn arithmetic(&mut self, op: ArithmeticOp, left: &Expr, right: &Expr, span: Span) -> Node {
        let (left, right) = (self.expr(left), self.expr(right));
        let numeric = self.is_numeric(&left, op.symbol()) & self.is_numeric(&right, op.symbol());
        if !numeric {
            return Node::bad(span);
        }
        if matches!(op, ArithmeticOp::Divide | ArithmeticOp::Modulo) {
            self.check_divisor(&right);
        }
        if left.is_null() || right.is_null() {
            return null_of(&[&left, &right], span);
        }
        let constant = left.as_literal().is_some() && right.as_literal().is_some();
        let ty = left.ty.arithmetic(right.ty);
        let kind = Kind::Arithmetic { op, left: Box::new(left), right: Box::new(right) };
        let node = Node { kind, ty, span };
        if constant { node.folded() } else { node }
    }

    /// Reports a divisor that is always zero.
    pub(super) fn check_divisor(&mut self, divisor: &Node) {
        let zero = match divisor.as_literal() {
            Some(Literal::Long(n)) => *n == 0,
            Some(Literal::Double(n)) => n.0 == 0.0,
            _ => false,
        };
        if zero {
            self.report(
                Diagnostic::error(
                    codes::DIVISION_BY_ZERO,
                    divisor.span.range(),
                    "this divides by zero",
                )
                .label("always zero"),
            );
        }
    }

    fn comparison(&mut self, op: CompareOp, left: &Expr, right: &Expr, span: Span) -> Node {
        let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
        let (left_node, right_node) = (self.expr(left), self.expr(right));
        // A null that is written (or an optional field that is not there) makes it a null test; one that
        // constants come to does not.
        if equality && (is_written_null(right, &right_node) || is_written_null(left, &left_node)) {
            let null_right = is_written_null(right, &right_node);
            let operand = if null_right { left_node } else { right_node };
            return is_null(operand, op == CompareOp::Ne, span);
        }
        if left_node.is_null() || right_node.is_null() {
            return null_of(&[&left_node, &right_node], span);
        }
        match (left_node.as_literal().cloned(), right_node.as_literal().cloned()) {
            (None, None) => {
                self.field_comparison(&right_node, op.symbol());
                Node::bad(span)
            }
            (Some(_), Some(right)) => {
                let right_span = right_node.span;
                let left = Box::new(left_node);
                Node::boolean(Kind::Compare { op, left, right, right_span }, span).folded()
            }
            (None, Some(constant)) => self.test(op, left_node, constant, right_node.span, span),
            (Some(constant), None) => {
                self.test(op.flipped(), right_node, constant, left_node.span, span)
            }
        }
    }

    /// A comparison of something with a constant, neither of them null.
    fn test(
        &mut self,
        op: CompareOp,
        operand: Node,
        constant: Literal,
        constant_span: Span,
        span: Span,
    ) -> Node {
        // Elasticsearch: `test == true` is the test itself, `test == false` its opposite.
        if let (CompareOp::Eq | CompareOp::Ne, Literal::Bool(value)) = (op, &constant)
            && operand.ty == Ty::Bool
            && operand.as_field().is_none()
        {
            let same = *value == (op == CompareOp::Eq);
            return if same { Node { span, ..operand } } else { negated(operand, span) };
        }
        self.check_wildcard(op, &constant, constant_span);
        if operand.as_field().is_none() {
            self.check_computed(&operand, &constant, constant_span);
        }
        let kind = Kind::Compare {
            op,
            left: Box::new(operand),
            right: constant,
            right_span: constant_span,
        };
        Node::boolean(kind, span)
    }

    /// Warns of a `*` where it is no wildcard.
    fn check_wildcard(&mut self, op: CompareOp, constant: &Literal, span: Span) {
        let (CompareOp::Eq | CompareOp::Ne, Literal::Str(text)) = (op, constant) else { return };
        if !has_wildcard(text) {
            return;
        }
        let help = if op == CompareOp::Eq {
            "write `:` or `like` for a pattern"
        } else {
            "write `not … : …` or `not … like …` for a pattern"
        };
        self.report(
            Diagnostic::warning(
                codes::WILDCARD_IN_EQUALITY,
                span.range(),
                format!("`{}` compares exactly; `*` is an ordinary character here", op.symbol()),
            )
            .help(help),
        );
    }

    /// Warns if a computed value can never compare with the constant.
    fn check_computed(&mut self, operand: &Node, constant: &Literal, span: Span) {
        let never = match (operand.ty, constant) {
            (ty, Literal::Str(text)) if ty.is_number() => text.trim().parse::<f64>().is_err(),
            (ty, Literal::Bool(_)) => ty.is_number(),
            (Ty::Bool, Literal::Long(_) | Literal::Double(_)) => true,
            (Ty::Bool, Literal::Str(text)) => !matches!(&**text, "true" | "false"),
            _ => false,
        };
        if never {
            self.never_true(
                span,
                "this comparison is never true".to_owned(),
                format!("the other side is {}", operand.ty.describe()),
            );
        }
    }

    /// Reports a comparison that has no constant.
    fn field_comparison(&mut self, offender: &Node, symbol: &str) {
        let diagnostic = Diagnostic::error(
            codes::FIELD_COMPARISON,
            offender.span.range(),
            format!("`{symbol}` needs a constant"),
        )
        .label("depends on the event");
        let help = match offender.as_field() {
            Some(field) => match constant_slip(field.name()) {
                Some(constant) => format!("did you mean `{constant}`?"),
                None => format!(
                    "fields cannot be compared with one another; if text is meant, write `\"{}\"`",
                    dragnet_plan::front::clip(field.name())
                ),
            },
            None => "fields cannot be compared with one another".to_owned(),
        };
        self.report(diagnostic.help(help));
    }

    fn membership(&mut self, expr: &Expr) -> Node {
        let ExprKind::In { operand, negated: not, insensitive, values } = &expr.kind else {
            return Node::bad(expr.span);
        };
        let span = expr.span;
        let operand = self.expr(operand);
        let values = self.list_values(&operand, values, *insensitive);
        let node = if operand.is_null() || values.is_empty() {
            null_of(&[&operand], span)
        } else {
            let constant = operand.as_literal().is_some();
            let kind = Kind::OneOf { operand: Box::new(operand), values, fold: *insensitive };
            let node = Node::boolean(kind, span);
            if constant { node.folded() } else { node }
        };
        if *not { negated(node, span) } else { node }
    }

    /// The constants of a list. Nulls in it match nothing and are left out, as in Elasticsearch.
    fn list_values(
        &mut self,
        operand: &Node,
        values: &[Expr],
        insensitive: bool,
    ) -> Vec<(Literal, Span)> {
        let symbol = if insensitive { "in~" } else { "in" };
        let guessed = operand.as_field().is_some() && !self.is_closed();
        let mut kept = Vec::with_capacity(values.len());
        let mut first: Option<Ty> = None;
        let (mut mixed, mut wildcard) = (false, false);
        for value in values {
            let node = self.expr(value);
            let Some(literal) = node.as_literal() else {
                self.field_comparison(&node, symbol);
                continue;
            };
            if !node.ty.suits_list_of(operand.ty) && !guessed {
                self.list_type(&node, operand);
                continue;
            }
            let expected = *first.get_or_insert(node.ty);
            if !mixed && !node.ty.suits_list_of(expected) {
                mixed = true;
                self.mixed_list(&node, expected);
            }
            if let Literal::Str(text) = literal
                && !wildcard
                && has_wildcard(text)
            {
                wildcard = true;
                self.report(
                    Diagnostic::warning(
                        codes::WILDCARD_IN_EQUALITY,
                        node.span.range(),
                        format!("`{symbol}` compares exactly; `*` is an ordinary character here"),
                    )
                    .help("write `: (…)`, `like (…)` or `like~ (…)` for patterns"),
                );
            }
            if *literal != Literal::Null {
                kept.push((literal.clone(), node.span));
            }
        }
        kept
    }

    fn list_type(&mut self, value: &Node, operand: &Node) {
        let message = format!(
            "this is {}, but the values are compared with {}",
            value.ty.describe(),
            operand.ty.describe()
        );
        self.report(
            Diagnostic::error(codes::LIST_TYPE, value.span.range(), message)
                .label(format!("not {}", operand.ty.describe())),
        );
    }

    fn mixed_list(&mut self, value: &Node, first: Ty) {
        let message = format!(
            "the list mixes types: this is {}, the first value is {}",
            value.ty.describe(),
            first.describe()
        );
        self.report(Diagnostic::warning(codes::MIXED_LIST, value.span.range(), message));
    }
}

/// Whether text looks like a pattern. `*` alone is a value of its own in many kinds of telemetry,
/// and Windows names a local share `\\*\ADMIN$`.
fn has_wildcard(text: &str) -> bool {
    text != "*" && text.strip_prefix(r"\\*\").unwrap_or(text).contains('*')
}

/// Whether an expression is `null` as it stands, or an optional field that the schema does not have.
fn is_written_null(expr: &Expr, node: &Node) -> bool {
    let written = match &expr.kind {
        ExprKind::Null => true,
        ExprKind::Field(name) => name.optional,
        _ => false,
    };
    written && node.is_null()
}

/// `operand == null`, or `!= null`.
fn is_null(operand: Node, not: bool, span: Span) -> Node {
    let constant = operand.as_literal().is_some();
    let kind = Kind::IsNull { operand: Box::new(operand), negated: not };
    let node = Node::boolean(kind, span);
    if constant { node.folded() } else { node }
}

/// Null, because an operand is; silent if the operand is an error.
pub(super) fn null_of(operands: &[&Node], span: Span) -> Node {
    let known = operands.iter().all(|node| node.ty != Ty::Any || node.as_literal().is_none());
    if known { Node::literal(Literal::Null, span) } else { Node::bad(span) }
}

/// `not operand`
fn negated(operand: Node, span: Span) -> Node {
    let constant = operand.as_literal().is_some();
    let node = Node::boolean(Kind::Not(Box::new(operand)), span);
    if constant { node.folded() } else { node }
}

/// A row of `and` or `or`, folded if all parts are constants.
fn folded_row(make: fn(Vec<Node>) -> Kind, parts: Vec<Node>, span: Span) -> Node {
    let constant = parts.iter().all(|part| part.as_literal().is_some());
    let node = Node::boolean(make(parts), span);
    if constant { node.folded() } else { node }
}
