//! Lints of EQL queries.

use std::collections::HashMap;

use dragnet_eql::ast::{Body, EventFilter, Expr, ExprKind, MatchOp, Query, Sequence};
use dragnet_event::Schema;
use dragnet_plan::{Condition, Query as Plan};

use super::facts::{Fact, Item, is_text, items};
use super::{Finding, document, excerpt, fields, table as lint};
use crate::rule::Rule;

/// Rows longer than this are not compared test by test.
const MAX_ROW: usize = 200;
/// Lists longer than this are not searched for patterns that cover others; duplicates are found in all.
const MAX_LIST: usize = 1000;

/// Checks the query of a rule.
pub(super) fn check(rule: &Rule, query: &Query, out: &mut Vec<Finding>) {
    match &query.body {
        Body::Event(filter) => filter_lints(rule, filter, out),
        Body::Sequence(sequence) => {
            sequence_lints(rule, sequence, out);
            for term in sequence.terms.iter().chain(&sequence.until) {
                filter_lints(rule, &term.filter, out);
            }
        }
        Body::Sample(sample) => {
            for term in &sample.terms {
                filter_lints(rule, &term.filter, out);
            }
        }
    }
}

fn sequence_lints(rule: &Rule, sequence: &Sequence, out: &mut Vec<Finding>) {
    let keyed = !sequence.by.is_empty() || sequence.terms.iter().any(|term| !term.by.is_empty());
    if !keyed {
        let message = "the events of this sequence may come from anywhere: it has no `by`";
        out.push(Finding::in_query(lint::NO_KEY, sequence.span.range(), message.to_owned()));
    }
    match &sequence.maxspan {
        None => {
            let message = "the events of this sequence may be any time apart: it has no `maxspan`";
            out.push(Finding::in_query(
                lint::NO_MAXSPAN,
                sequence.span.range(),
                message.to_owned(),
            ));
        }
        Some(maxspan) => {
            let ms = maxspan.amount.saturating_mul(maxspan.unit.millis());
            let ms = i64::try_from(ms).unwrap_or(i64::MAX);
            document::sequence_window(rule, ms, maxspan.span.range(), out);
        }
    }
}

fn filter_lints(rule: &Rule, filter: &EventFilter, out: &mut Vec<Finding>) {
    let mut walk = Walk { query: &rule.query, out };
    walk.tests(&filter.condition);
    // `where true` is how to say "every event".
    if !matches!(filter.condition.kind, ExprKind::Bool(true)) {
        walk.logic(&filter.condition, true, &[]);
    }
}

/// A condition, negations taken inwards: `not (a and b)` is `not a or not b`.
enum Row<'q> {
    All(Vec<(&'q Expr, bool)>),
    /// Alternatives, and whether they are written as such.
    Any(Vec<(&'q Expr, bool)>, bool),
    Test(Fact<'q>),
}

fn row(expr: &Expr, holds: bool) -> Row<'_> {
    match &expr.kind {
        ExprKind::Not(inner) => row(inner, !holds),
        ExprKind::And(list) if holds => Row::All(with(list, holds)),
        ExprKind::Or(list) if !holds => Row::All(with(list, holds)),
        ExprKind::And(list) | ExprKind::Or(list) => Row::Any(with(list, holds), holds),
        _ => Row::Test(Fact::of(expr, holds)),
    }
}

fn with(list: &[Expr], holds: bool) -> Vec<(&Expr, bool)> {
    list.iter().map(|part| (part, holds)).collect()
}

struct Walk<'a> {
    query: &'a str,
    out: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    fn push(&mut self, code: &'static str, expr: &Expr, message: impl Into<String>) {
        let span = expr.span.range();
        // One place is told one thing of a kind.
        let again = |f: &Finding| f.code == code && f.place == super::Place::Query(span.clone());
        if !self.out.iter().any(again) {
            self.out.push(Finding::in_query(code, span, message.into()));
        }
    }

    /// The text of an expression, as much of it as a message can hold.
    fn source(&self, expr: &Expr) -> String {
        excerpt(self.query, expr.span.range())
    }

    /// What rows say, `known` being tests that hold around them.
    fn logic(&mut self, expr: &Expr, holds: bool, known: &[Fact<'_>]) {
        match row(expr, holds) {
            Row::Test(fact) => self.constant(&fact),
            Row::All(parts) => {
                let own = tests(&parts);
                self.all(&own, known);
                let around: Vec<Fact<'_>> = known.iter().chain(&own).cloned().collect();
                for (part, holds) in parts {
                    self.logic(part, holds, &around);
                }
            }
            Row::Any(parts, written) => {
                let own = tests(&parts);
                // `a and not (a and b)` says `a` twice to be read more easily, and is how exceptions are written.
                self.any(&own, if written { known } else { &[] });
                for (part, holds) in parts {
                    self.logic(part, holds, known);
                }
            }
        }
    }

    /// A test that does not depend on the event.
    fn constant(&mut self, fact: &Fact<'_>) {
        if fields::reads_field(fact.expr) {
            return;
        }
        let text = self.query.get(fact.expr.span.range()).unwrap_or_default();
        let schema = Schema::open();
        let options = dragnet_eql::Options::new(&schema);
        let (plan, _) = dragnet_eql::compile(&format!("any where {text}"), &options);
        let Some(Plan::Event { condition: Condition::Const(value), .. }) = plan else { return };
        let (code, word) =
            if value == fact.holds { (lint::ALWAYS, "always") } else { (lint::NEVER, "never") };
        self.push(code, fact.expr, format!("this {word} holds, whatever the event"));
    }

    /// Tests that are to hold together, and beside others.
    fn all(&mut self, own: &[Fact<'_>], known: &[Fact<'_>]) {
        for (fact, other) in pairs(own, known) {
            let (a, b) = (self.source(fact.expr), self.source(other.expr));
            if fact.contradicts(other) {
                let message = format!("this cannot hold together with `{b}`");
                self.push(lint::NEVER, fact.expr, message);
                continue;
            }
            let (follows, text) = if other.implies(fact) {
                (fact, b)
            } else if fact.implies(other) {
                (other, a)
            } else {
                continue;
            };
            // What stands further out is told of the narrower test there, not here.
            if own.iter().any(|one| std::ptr::eq(one.expr, follows.expr)) {
                self.push(lint::REDUNDANT, follows.expr, format!("this follows from `{text}`"));
            }
        }
    }

    /// Alternatives, each beside the tests around them.
    fn any(&mut self, own: &[Fact<'_>], known: &[Fact<'_>]) {
        for (fact, other) in pairs(own, &[]) {
            let (a, b) = (self.source(fact.expr), self.source(other.expr));
            if fact.negated().contradicts(&other.negated()) {
                let message = format!("one of this and `{b}` always holds");
                self.push(lint::ALWAYS, fact.expr, message);
                continue;
            }
            // The narrower alternative adds nothing.
            if fact.implies(other) {
                self.push(lint::REDUNDANT, fact.expr, format!("`{b}` takes this in"));
            } else if other.implies(fact) {
                self.push(lint::REDUNDANT, other.expr, format!("`{a}` takes this in"));
            }
        }
        for fact in own {
            for other in known.iter().take(MAX_ROW) {
                if fact.contradicts(other) {
                    let message = format!(
                        "this alternative cannot hold together with `{}`",
                        self.source(other.expr)
                    );
                    self.push(lint::NEVER, fact.expr, message);
                }
            }
        }
    }

    /// What single tests say, wherever they stand.
    fn tests(&mut self, expr: &Expr) {
        match &expr.kind {
            ExprKind::And(parts) | ExprKind::Or(parts) => {
                for part in parts {
                    self.tests(part);
                }
            }
            ExprKind::Not(inner) => self.tests(inner),
            ExprKind::In { .. } => self.list(expr, None),
            ExprKind::Match { operand, op, patterns } => {
                if op.is_regex() {
                    self.regexes(*op, patterns);
                } else {
                    self.list(expr, Some(operand));
                    self.leading_wildcard(patterns);
                }
            }
            _ => {}
        }
    }

    fn regexes(&mut self, op: MatchOp, patterns: &[Expr]) {
        /// Characters that mean something in Lucene's or Java's expressions.
        const SPECIAL: &[char] = &[
            '.', '?', '+', '*', '|', '{', '}', '[', ']', '(', ')', '"', '\\', '#', '@', '&', '<',
            '>', '~', '^', '$',
        ];
        let plain = |pattern: &Expr| match &pattern.kind {
            ExprKind::Str(text) => !text.contains(SPECIAL),
            _ => false,
        };
        for pattern in patterns.iter().filter(|pattern| plain(pattern)) {
            // A plain word among expressions is a matter of convenience.
            if patterns.iter().all(plain) {
                let instead = if op.is_insensitive() { "`:` or `in~`" } else { "`==` or `in`" };
                let message = format!("this expression is only text; {instead} says the same");
                self.push(lint::PLAIN_REGEX, pattern, message);
            }
        }
    }

    fn leading_wildcard(&mut self, patterns: &[Expr]) {
        let leads = |pattern: &&Expr| match &pattern.kind {
            ExprKind::Str(text) => text.starts_with(['*', '?']) && text.len() > 1,
            _ => false,
        };
        if let Some(first) = patterns.iter().find(leads) {
            let message = "this pattern begins with a wildcard; Elasticsearch looks at every value of the field";
            self.push(lint::LEADING_WILDCARD, first, message);
        }
    }

    /// Items of a list that other items make superfluous.
    fn list(&mut self, expr: &Expr, patterns_of: Option<&Expr>) {
        let Some(items) = items(expr) else { return };
        let mut seen: HashMap<String, usize> = HashMap::new();
        let mut again = vec![false; items.len()];
        for (at, item) in items.iter().enumerate() {
            let key = match &item.expr.kind {
                ExprKind::Str(text) if item.fold => format!("\"{}", text.to_ascii_lowercase()),
                ExprKind::Str(text) => format!("\"{text}"),
                other => format!("{other:?}"),
            };
            if let Some(first) = seen.get(&key) {
                let message = format!("the list has {} already", self.source(items[*first].expr));
                self.push(lint::DUPLICATE_ITEM, item.expr, message);
                again[at] = true;
            } else {
                seen.insert(key, at);
            }
        }
        let text = match patterns_of.map(|operand| &operand.kind) {
            Some(ExprKind::Field(name)) => is_text(&name.name),
            Some(_) => true,
            None => return,
        };
        if items.len() > MAX_LIST {
            return;
        }
        for (at, item) in items.iter().enumerate().filter(|(at, _)| !again[*at]) {
            let wider = |(other, wide): &(usize, &Item<'_>)| {
                *other != at
                    && !again[*other]
                    && item.is_covered_by(wide, text)
                    // Of two that cover each other the first one stays.
                    && !(wide.is_covered_by(item, text) && at < *other)
            };
            if let Some((_, wide)) = items.iter().enumerate().find(wider) {
                let message = format!("{} in the same list takes this in", self.source(wide.expr));
                self.push(lint::COVERED_ITEM, item.expr, message);
            }
        }
    }
}

/// The parts of a row that are tests.
fn tests<'q>(parts: &[(&'q Expr, bool)]) -> Vec<Fact<'q>> {
    parts
        .iter()
        .filter_map(|(part, holds)| match row(part, *holds) {
            Row::Test(fact) => Some(fact),
            Row::All(_) | Row::Any(..) => None,
        })
        .collect()
}

/// Tests with each other, the later first, and with those around; of one field, and not too many.
fn pairs<'a, 'q>(
    own: &'a [Fact<'q>],
    known: &'a [Fact<'q>],
) -> impl Iterator<Item = (&'a Fact<'q>, &'a Fact<'q>)> {
    let own = &own[..own.len().min(MAX_ROW)];
    let known = &known[..known.len().min(MAX_ROW)];
    own.iter().enumerate().flat_map(move |(at, fact)| {
        let others = own[..at].iter().chain(known);
        others.filter(move |other| other.field == fact.field).map(move |other| (fact, other))
    })
}
