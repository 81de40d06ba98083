//! Syntax tree to plan: fields, types, constants, and then the lowering.
//!
//! One walk makes [`Node`](node::Node)s of expressions, from the leaves up, and reports what is
//! wrong; a second one ([`lower`]) makes the plan's conditions of them.
//!
//! How much is wrong depends on the schema. Under a closed one, types are facts and a misuse is an
//! error, as in Elasticsearch. Under the open one the type of a field is unknown or a guess from its
//! name, so a misuse of a *field* is a warning at most; constants and functions have the types they
//! have, and misusing those stays an error.

mod call;
mod expr;
mod field;
mod lower;
mod node;
mod text;
mod types;

use std::collections::HashMap;

use dragnet_event::Field;
use dragnet_plan::{Condition, Diagnostic, Key, Literal, Pipe, Query, Sample, Sequence, Stage};

use crate::ast::{self, Body, Category, EventFilter, ExprKind, FieldName, PipeKind, Span, Term};
use crate::{Options, codes};
use dragnet_plan::front::Sink;
use lower::all;
use types::Ty;

/// The most constants of a plan, `runs` written out.
const MAX_WEIGHT: usize = 1_000_000;

/// Makes the plan of a query; `None` or a useless plan if errors were reported.
pub(crate) fn analyze(
    query: &ast::Query,
    text: &str,
    options: &Options<'_>,
    sink: &mut Sink,
) -> Option<Query> {
    let mut analyzer = Analyzer { text, options, sink, fields: HashMap::new(), regexes: 0 };
    let pipes = query.pipes.iter().filter_map(|pipe| analyzer.pipe(pipe)).collect();
    match &query.body {
        Body::Event(filter) => Some(Query::Event { condition: analyzer.filter(filter), pipes }),
        Body::Sequence(sequence) => {
            let head = analyzer.keys(&sequence.by);
            let maxspan_ms = sequence
                .maxspan
                .map(|span| i64::try_from(span.amount.saturating_mul(span.unit.millis())))
                .transpose()
                .ok()?;
            let stages = analyzer.stages(&head, &sequence.terms)?;
            let until = sequence.until.as_ref().map(|term| analyzer.stage(&head, term));
            let terms = sequence.terms.iter().chain(&sequence.until);
            analyzer.check_key_types(terms);
            Some(Query::Sequence(Sequence { stages, maxspan_ms, until, pipes }))
        }
        Body::Sample(sample) => {
            let head = analyzer.keys(&sample.by);
            let stages = analyzer.stages(&head, &sample.terms)?;
            analyzer.check_key_types(sample.terms.iter());
            Some(Query::Sample(Sample { stages, pipes }))
        }
    }
}

/// The state of the analysis.
struct Analyzer<'a> {
    text: &'a str,
    options: &'a Options<'a>,
    sink: &'a mut Sink,
    /// The fields that were looked up; `None`: the schema does not have it.
    fields: HashMap<String, Option<Field>>,
    /// How many regular expressions there are so far.
    regexes: usize,
}

impl Analyzer<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.sink.push(diagnostic);
    }

    /// Whether the types of fields are facts.
    fn is_closed(&self) -> bool {
        self.options.schema.is_closed()
    }

    /// The text at a span.
    fn source(&self, span: Span) -> String {
        dragnet_plan::front::clip(span.of(self.text))
    }

    /// The condition of an event filter, its category included.
    fn filter(&mut self, filter: &EventFilter) -> Condition {
        let category = match &filter.category {
            Category::Any => None,
            Category::Named(name) => self.category(name, filter.category_span),
        };
        let node = self.condition(&filter.condition);
        let condition = self.lower(node).holds();
        all(category.into_iter().chain([condition]).collect())
    }

    fn category(&mut self, name: &str, span: Span) -> Option<Condition> {
        let field = self.options.category_field;
        let Some(field) = self.options.schema.get(field) else {
            self.report(
                Diagnostic::error(
                    codes::NO_CATEGORY_FIELD,
                    span.range(),
                    format!("the schema has no field `{field}` to hold the category"),
                )
                .help("write `any where …` to search all events"),
            );
            return None;
        };
        let node =
            node::Node { ty: Ty::of_field(field.ty()), kind: node::Kind::Field(field), span };
        let comparison = node::Kind::Compare {
            op: ast::CompareOp::Eq,
            left: Box::new(node),
            right: Literal::Str(name.into()),
            right_span: span,
        };
        Some(self.lower(node::Node::boolean(comparison, span)).holds())
    }

    /// The stages of the terms, `runs` written out; `None` if that would be too much.
    fn stages(&mut self, head: &[Key], terms: &[Term]) -> Option<Vec<Stage>> {
        let mut stages = Vec::new();
        let mut weight = 0_usize;
        for term in terms {
            let stage = self.stage(head, term);
            let runs = term.runs.unwrap_or(1) as usize;
            weight = weight.saturating_add(stage.condition.weight().saturating_mul(runs));
            if weight > MAX_WEIGHT {
                self.report(
                    Diagnostic::error(
                        codes::TOO_LARGE,
                        term.span.range(),
                        format!("the query has more than {MAX_WEIGHT} constants"),
                    )
                    .label("counted with their `runs`"),
                );
                return None;
            }
            stages.extend(std::iter::repeat_n(stage, runs));
        }
        Some(stages)
    }

    fn stage(&mut self, head: &[Key], term: &Term) -> Stage {
        let condition = self.filter(&term.filter);
        let keys = head.iter().cloned().chain(self.keys(&term.by)).collect();
        Stage { condition, keys, missing: term.missing, span: term.span.range() }
    }

    fn keys(&mut self, names: &[FieldName]) -> Vec<Key> {
        names
            .iter()
            .map(|name| Key { field: self.usable_field(name), optional: name.optional })
            .collect()
    }

    /// Keys that are joined must be of comparable types. The keys of the head need no check: they are
    /// the same fields in all terms.
    fn check_key_types<'t>(&mut self, mut terms: impl Iterator<Item = &'t Term>) {
        let Some(first) = terms.next() else { return };
        let expected: Vec<_> = first.by.iter().map(|key| self.known_type(key)).collect();
        for term in terms {
            for ((key, model), expected) in term.by.iter().zip(&first.by).zip(&expected) {
                let found = self.known_type(key);
                if !found.joins(*expected) {
                    let message = format!(
                        "the keys `{}` and `{}` are of different types",
                        model.name, key.name
                    );
                    let label = format!(
                        "this is {}, but `{}` is {}",
                        found.describe(),
                        model.name,
                        expected.describe()
                    );
                    self.report(
                        Diagnostic::error(codes::KEY_TYPES, key.span.range(), message).label(label),
                    );
                }
            }
        }
    }

    fn known_type(&mut self, name: &FieldName) -> Ty {
        // Types under the open schema are guesses.
        if !self.is_closed() {
            return Ty::Any;
        }
        self.field(&name.name).map_or(Ty::Any, |field| Ty::of_field(field.ty()))
    }

    fn pipe(&mut self, pipe: &ast::Pipe) -> Option<Pipe> {
        let name = pipe.kind.name();
        let argument = &pipe.argument;
        let count = if reads_field(argument) {
            None
        } else {
            match self.expr(argument).as_literal() {
                Some(Literal::Long(count)) => u64::try_from(*count).ok().filter(|count| *count > 0),
                _ => None,
            }
        };
        let Some(count) = count else {
            self.report(
                Diagnostic::error(
                    codes::PIPE_ARGUMENT,
                    argument.span.range(),
                    format!("`{name}` takes a positive whole number"),
                )
                .help(format!("write `| {name} 10`")),
            );
            return None;
        };
        Some(match pipe.kind {
            PipeKind::Head => Pipe::Head(count),
            PipeKind::Tail => Pipe::Tail(count),
        })
    }
}

/// Whether an expression depends on the event.
fn reads_field(expr: &ast::Expr) -> bool {
    match &expr.kind {
        ExprKind::Field(_) => true,
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Double(_)
        | ExprKind::Str(_) => false,
        ExprKind::Call { args, .. } | ExprKind::And(args) | ExprKind::Or(args) => {
            args.iter().any(reads_field)
        }
        ExprKind::Unary { operand, .. }
        | ExprKind::Not(operand)
        | ExprKind::Match { operand, .. } => reads_field(operand),
        ExprKind::Arithmetic { left, right, .. } | ExprKind::Compare { left, right, .. } => {
            reads_field(left) || reads_field(right)
        }
        ExprKind::In { operand, values, .. } => {
            reads_field(operand) || values.iter().any(reads_field)
        }
    }
}
