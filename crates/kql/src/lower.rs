//! KQL's tree to a condition.
//!
//! Kibana makes an Elasticsearch query of it: `and` is `filter`, `or` is `should`, `not` is `must_not`, so that
//! `not field: value` holds where the field is missing.

use dragnet_event::Schema;
use dragnet_plan::front::{Sink, clip};
use dragnet_plan::pattern::WildcardPart;
use dragnet_plan::{CompareOp, Condition, Diagnostic};

use crate::ask::{Ask, Asker};
use crate::ast::{Expr, ExprKind, Literal, Query, RangeOp, Values, ValuesKind};
use crate::codes;
use crate::fold::{all, any, not};

/// Makes the condition; it is of no use if errors were reported.
pub(crate) fn lower(query: &Query, schema: &Schema, sink: Sink) -> (Condition, Sink) {
    let mut lowering = Lowering(Asker::new(schema, &codes::SHARED, sink));
    let condition = match &query.expr {
        None => Condition::Const(true),
        Some(expr) => lowering.expr(expr),
    };
    (condition, lowering.0.sink)
}

struct Lowering<'a>(Asker<'a>);

impl Lowering<'_> {
    fn expr(&mut self, expr: &Expr) -> Condition {
        match &expr.kind {
            ExprKind::Or(parts) => any(parts.iter().map(|part| self.expr(part)).collect()),
            ExprKind::And(parts) => all(parts.iter().map(|part| self.expr(part)).collect()),
            ExprKind::Not(inner) => not(self.expr(inner)),
            ExprKind::Nested { field, inner } => {
                let outer = self.0.enter(&name(field), field.span);
                let condition = self.expr(inner);
                self.0.leave(outer, condition)
            }
            ExprKind::Range { field, op, value } => {
                let op = match op {
                    RangeOp::Lt => CompareOp::Lt,
                    RangeOp::Le => CompareOp::Le,
                    RangeOp::Gt => CompareOp::Gt,
                    RangeOp::Ge => CompareOp::Ge,
                };
                let text = value.text().unwrap_or_default();
                self.0.field(&name(field), field.span, &Ask::Range(&[(op, text)]), value.span)
            }
            ExprKind::Is { field, values } => self.values(field, values),
            ExprKind::Free(value) if value.is_star() => Condition::Const(true),
            ExprKind::Free(value) => self.ask(None, value),
        }
    }

    fn values(&mut self, field: &Literal, values: &Values) -> Condition {
        match &values.kind {
            ValuesKind::Or(parts) => any(parts.iter().map(|p| self.values(field, p)).collect()),
            ValuesKind::And(parts) => all(parts.iter().map(|p| self.values(field, p)).collect()),
            ValuesKind::Not(inner) => not(self.values(field, inner)),
            // Kibana: `*: *` is everything.
            ValuesKind::One(value)
                if value.is_star() && field.is_star() && self.0.prefix.is_empty() =>
            {
                Condition::Const(true)
            }
            ValuesKind::One(value) => self.ask(Some(field), value),
        }
    }

    /// One value of a field, or of any.
    fn ask(&mut self, field: Option<&Literal>, value: &Literal) -> Condition {
        self.check(value);
        let ask = match value.text() {
            _ if value.is_star() => Ask::Exists,
            Some("null") if !value.quoted => {
                let name = field.map_or("field".to_owned(), name);
                self.0.report(
                    Diagnostic::error(
                        codes::NULL_VALUE,
                        value.span.range(),
                        "a field is never null",
                    )
                    .help(format!("write `not {}: *`, or `\"null\"` for the text", clip(&name))),
                );
                return Condition::Const(false);
            }
            Some(text) => Ask::Is { text, phrase: value.quoted, slop: 0 },
            None => Ask::Like { parts: &value.parts, by_word: true },
        };
        match field {
            Some(field) => self.0.field(&name(field), field.span, &ask, value.span),
            None => self.0.any_field(value.span, &ask),
        }
    }

    /// Warns of what is probably not meant.
    fn check(&mut self, value: &Literal) {
        let inner = |text: &str| Some(text.strip_prefix('\'')?.strip_suffix('\'')?.to_owned());
        if let Some(inner) = value.text().filter(|_| !value.quoted).and_then(inner) {
            self.0.report(
                Diagnostic::warning(
                    codes::SINGLE_QUOTES,
                    value.span.range(),
                    "single quotes are part of the value",
                )
                .help(format!("write `\"{}\"`", clip(&inner))),
            );
        }
        let has_mark =
            |part: &WildcardPart| matches!(part, WildcardPart::Text(text) if text.contains('?'));
        // In an address on the web it has a meaning of its own.
        let is_address = |part: &WildcardPart| matches!(part, WildcardPart::Text(text) if text.starts_with('/') || text.contains("://"));
        let is_address = value.parts.iter().any(is_address);
        if value.text().is_none() && !is_address && value.parts.iter().any(has_mark) {
            self.0.report(
                Diagnostic::warning(
                    codes::QUESTION_MARK,
                    value.span.range(),
                    "a question mark is no wildcard",
                )
                .help("write `*`, or leave it if the character is meant"),
            );
        }
    }
}

/// The name of a field, with its wildcards; those in quotes are none.
fn name(field: &Literal) -> String {
    let part = |part: &WildcardPart| match part {
        WildcardPart::Text(text) => text.clone(),
        WildcardPart::One => "?".to_owned(),
        WildcardPart::Run => "*".to_owned(),
    };
    field.parts.iter().map(part).collect()
}
