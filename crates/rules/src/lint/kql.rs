//! Lints of KQL queries.
//!
//! What is said of a row of tests follows from the same logic as in EQL (see [`super::facts`]): a test asks for any
//! value of a field, so that only a test and its own opposite, or that of a wider one, exclude each other.

use std::borrow::Cow;
use std::collections::HashMap;

use dragnet_kql::ast::{Expr, ExprKind, Literal, Query, Values, ValuesKind};
use dragnet_plan::pattern::WildcardPart;

use super::facts::{Glyph, covers, is_text};
use super::fields::Named;
use super::{Finding, Place, excerpt, table as lint};

/// Rows longer than this are not compared test by test.
const MAX_ROW: usize = 200;
/// Lists are not compared with each other, or searched for patterns that cover others, if that takes more comparisons.
const MAX_WORK: usize = 100_000;

/// Checks a query.
pub(super) fn check(text: &str, query: &Query, out: &mut Vec<Finding>) {
    let Some(expr) = &query.expr else { return };
    let mut walk = Walk { text, out };
    walk.tests(expr);
    walk.row(expr, true, &[]);
}

/// The fields of a query, in order; patterns of names are none.
pub(super) fn fields_of(query: &Query) -> Vec<Named<'_>> {
    let mut found = Vec::new();
    if let Some(expr) = &query.expr {
        collect(expr, "", &mut found);
    }
    found
}

fn collect<'q>(expr: &'q Expr, within: &str, found: &mut Vec<Named<'q>>) {
    match &expr.kind {
        ExprKind::And(parts) | ExprKind::Or(parts) => {
            for part in parts {
                collect(part, within, found);
            }
        }
        ExprKind::Not(inner) => collect(inner, within, found),
        ExprKind::Nested { field, inner } => {
            if let Some(name) = field.text() {
                collect(inner, &format!("{within}{name}."), found);
            }
        }
        ExprKind::Range { field, .. } | ExprKind::Is { field, .. } => {
            let Some(name) = field.text() else { return };
            let name = if within.is_empty() {
                Cow::Borrowed(name)
            } else {
                Cow::Owned(format!("{within}{name}"))
            };
            found.push(Named { name, span: field.span.range(), optional: false });
        }
        ExprKind::Free(_) => {}
    }
}

/// A test, or its opposite.
#[derive(Clone)]
struct Fact<'q> {
    expr: &'q Expr,
    holds: bool,
    /// What it is, however it is laid out.
    canonical: String,
    /// The field, and the values of which one is asked for; none for other tests.
    any_of: Option<(&'q str, Vec<&'q Literal>)>,
}

impl<'q> Fact<'q> {
    fn new(expr: &'q Expr, holds: bool) -> Fact<'q> {
        let any_of = match &expr.kind {
            ExprKind::Is { field, values } => field.text().zip(one_of(values)),
            _ => None,
        };
        let canonical = dragnet_kql::print(&Query { expr: Some(expr.clone()) });
        Fact { expr, holds, canonical, any_of }
    }

    /// Whether everything that satisfies this test satisfies the other one; both without their negation.
    fn test_implies(&self, other: &Fact<'_>) -> bool {
        if self.canonical == other.canonical {
            return true;
        }
        let (Some((field, narrow)), Some((of, wide))) = (&self.any_of, &other.any_of) else {
            return false;
        };
        field == of
            && narrow.len() * wide.len() <= MAX_WORK
            && narrow.iter().all(|narrow| wide.iter().any(|wide| takes_in(field, wide, narrow)))
    }

    fn contradicts(&self, other: &Fact<'_>) -> bool {
        match (self.holds, other.holds) {
            (true, false) => self.test_implies(other),
            (false, true) => other.test_implies(self),
            _ => false,
        }
    }

    /// Whether one of the two always holds.
    fn completes(&self, other: &Fact<'_>) -> bool {
        match (self.holds, other.holds) {
            (true, false) => other.test_implies(self),
            (false, true) => self.test_implies(other),
            _ => false,
        }
    }

    fn implies(&self, other: &Fact<'_>) -> bool {
        match (self.holds, other.holds) {
            (true, true) => self.test_implies(other),
            (false, false) => other.test_implies(self),
            _ => false,
        }
    }
}

/// The values of which one is asked for, if they are all plain.
fn one_of(values: &Values) -> Option<Vec<&Literal>> {
    match &values.kind {
        ValuesKind::One(value) => Some(vec![value]),
        ValuesKind::Or(parts) => plain(parts),
        ValuesKind::And(_) | ValuesKind::Not(_) => None,
    }
}

/// The values of a list, if they are all plain.
fn plain(parts: &[Values]) -> Option<Vec<&Literal>> {
    fn literal(part: &Values) -> Option<&Literal> {
        if let ValuesKind::One(value) = &part.kind { Some(value) } else { None }
    }
    parts.iter().map(literal).collect()
}

/// Whether two values of a field say the same.
fn is_same(field: &str, a: &Literal, b: &Literal) -> bool {
    // Where words are searched for, quotes make a phrase of them.
    a.parts == b.parts && (a.quoted == b.quoted || !dragnet_kql::is_searched_by_words(field))
}

/// Whether everything that one value of a field matches another one matches too.
fn takes_in(field: &str, wide: &Literal, narrow: &Literal) -> bool {
    if wide.is_star() || is_same(field, wide, narrow) {
        return true;
    }
    // An address equals others that are written differently, and patterns see single words of a text.
    let whole = is_text(field) && !dragnet_kql::is_searched_by_words(field);
    whole && wide.text().is_none() && covers(&glyphs(wide), &glyphs(narrow), false)
}

fn glyphs(value: &Literal) -> Vec<Glyph> {
    let mut out = Vec::new();
    for part in &value.parts {
        match part {
            WildcardPart::Text(text) => out.extend(text.chars().map(Glyph::Char)),
            WildcardPart::One => out.push(Glyph::One),
            WildcardPart::Run => out.push(Glyph::Run),
        }
    }
    out
}

struct Walk<'a> {
    text: &'a str,
    out: &'a mut Vec<Finding>,
}

impl Walk<'_> {
    fn push(&mut self, code: &'static str, span: std::ops::Range<usize>, message: String) {
        // One place is told one thing of a kind.
        let again = |f: &Finding| f.code == code && f.place == Place::Query(span.clone());
        if !self.out.iter().any(again) {
            self.out.push(Finding::in_query(code, span, message));
        }
    }

    fn source(&self, expr: &Expr) -> String {
        excerpt(self.text, expr.span.range())
    }

    /// What rows say, `known` being tests that hold around them. Negations are taken inwards: `not (a or b)` is
    /// `not a and not b`.
    fn row<'q>(&mut self, expr: &'q Expr, holds: bool, known: &[Fact<'q>]) {
        let all = match &expr.kind {
            ExprKind::Not(inner) => return self.row(inner, !holds, known),
            ExprKind::Nested { inner, .. } => return self.row(inner, true, &[]),
            ExprKind::And(_) => holds,
            ExprKind::Or(_) => !holds,
            _ => return,
        };
        let (mut own, mut rows) = (Vec::new(), Vec::new());
        gather(expr, holds, all, &mut own, &mut rows);
        own.truncate(MAX_ROW);
        if all {
            self.all(&own, known);
            let around: Vec<_> = known.iter().chain(&own).take(MAX_ROW).cloned().collect();
            for (row, holds) in rows {
                self.row(row, holds, &around);
            }
        } else {
            self.any(&own, if holds { known } else { &[] });
            for (row, holds) in rows {
                self.row(row, holds, known);
            }
        }
    }

    fn all(&mut self, own: &[Fact<'_>], known: &[Fact<'_>]) {
        for (at, fact) in own.iter().enumerate() {
            for (before, other) in own[..at].iter().chain(known).enumerate() {
                let (follows, from) = if fact.contradicts(other) {
                    let message =
                        format!("this cannot hold together with `{}`", self.source(other.expr));
                    self.push(lint::NEVER, fact.expr.span.range(), message);
                    continue;
                } else if other.implies(fact) {
                    (fact, other)
                } else if fact.implies(other) && before < at {
                    (other, fact)
                } else {
                    continue;
                };
                let message = format!("this follows from `{}`", self.source(from.expr));
                self.push(lint::REDUNDANT, follows.expr.span.range(), message);
            }
        }
    }

    fn any(&mut self, own: &[Fact<'_>], known: &[Fact<'_>]) {
        for (at, fact) in own.iter().enumerate() {
            for other in &own[..at] {
                let (narrow, wide) = if fact.completes(other) {
                    let message =
                        format!("one of this and `{}` always holds", self.source(other.expr));
                    self.push(lint::ALWAYS, fact.expr.span.range(), message);
                    continue;
                } else if fact.implies(other) {
                    (fact, other)
                } else if other.implies(fact) {
                    (other, fact)
                } else {
                    continue;
                };
                let message = format!("`{}` takes this in", self.source(wide.expr));
                self.push(lint::REDUNDANT, narrow.expr.span.range(), message);
            }
            if let Some(other) = known.iter().find(|other| fact.contradicts(other)) {
                let with = self.source(other.expr);
                let message = format!("this alternative cannot hold together with `{with}`");
                self.push(lint::NEVER, fact.expr.span.range(), message);
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
            ExprKind::Not(inner) | ExprKind::Nested { inner, .. } => self.tests(inner),
            ExprKind::Is { field, values } => {
                let mut leads = None;
                self.values(field.text().unwrap_or("*"), values, &mut leads);
                if let Some(first) = leads {
                    let message = "this pattern begins with a wildcard; Elasticsearch looks at every value of the field";
                    self.push(lint::LEADING_WILDCARD, first, message.to_owned());
                }
            }
            ExprKind::Range { .. } | ExprKind::Free(_) => {}
        }
    }

    /// Lists of values; `leads` becomes the place of the first that begins with a wildcard.
    fn values(&mut self, field: &str, values: &Values, leads: &mut Option<std::ops::Range<usize>>) {
        match &values.kind {
            ValuesKind::One(value) => {
                let begins = matches!(value.parts.first(), Some(WildcardPart::Run));
                if begins && !value.is_star() && leads.is_none() {
                    *leads = Some(value.span.range());
                }
            }
            ValuesKind::Not(inner) => self.values(field, inner, leads),
            ValuesKind::Or(parts) | ValuesKind::And(parts) => {
                if let Some(items) = plain(parts) {
                    let again = self.duplicates(field, &items);
                    if matches!(values.kind, ValuesKind::Or(_)) {
                        self.covered(field, &items, &again);
                    }
                }
                for part in parts {
                    self.values(field, part, leads);
                }
            }
        }
    }

    /// Items that a list has already; gives which they are.
    fn duplicates(&mut self, field: &str, items: &[&Literal]) -> Vec<bool> {
        let by_words = dragnet_kql::is_searched_by_words(field);
        let mut seen = HashMap::new();
        let mut again = vec![false; items.len()];
        for (at, item) in items.iter().enumerate() {
            let key = (format!("{:?}", item.parts), by_words && item.quoted);
            let first: usize = *seen.entry(key).or_insert(at);
            if first < at {
                again[at] = true;
                let shown = excerpt(self.text, items[first].span.range());
                let message = format!("the list has `{shown}` already");
                self.push(lint::DUPLICATE_ITEM, item.span.range(), message);
            }
        }
        again
    }

    /// Items that a pattern among the others takes in.
    fn covered(&mut self, field: &str, items: &[&Literal], again: &[bool]) {
        let wide: Vec<usize> =
            (0..items.len()).filter(|at| !again[*at] && items[*at].text().is_none()).collect();
        if items.len() * wide.len() > MAX_WORK {
            return;
        }
        for (at, item) in items.iter().enumerate().filter(|(at, _)| !again[*at]) {
            let covering = wide.iter().copied().find(|other| {
                *other != at
                    && takes_in(field, items[*other], item)
                    // Of two that cover each other the first one stays.
                    && !(at < *other && takes_in(field, item, items[*other]))
            });
            if let Some(other) = covering {
                let shown = excerpt(self.text, items[other].span.range());
                let message = format!("`{shown}` in the same list takes this in");
                self.push(lint::COVERED_ITEM, item.span.range(), message);
            }
        }
    }
}

/// The tests of a row, and the rows of the other kind that stand in it.
fn gather<'q>(
    expr: &'q Expr,
    holds: bool,
    all: bool,
    own: &mut Vec<Fact<'q>>,
    rows: &mut Vec<(&'q Expr, bool)>,
) {
    match &expr.kind {
        ExprKind::Not(inner) => gather(inner, !holds, all, own, rows),
        ExprKind::And(parts) if holds == all => {
            for part in parts {
                gather(part, holds, all, own, rows);
            }
        }
        ExprKind::Or(parts) if holds != all => {
            for part in parts {
                gather(part, holds, all, own, rows);
            }
        }
        ExprKind::And(_) | ExprKind::Or(_) => rows.push((expr, holds)),
        ExprKind::Nested { .. } => {
            rows.push((expr, holds));
            own.push(Fact::new(expr, holds));
        }
        ExprKind::Is { .. } | ExprKind::Range { .. } | ExprKind::Free(_) => {
            own.push(Fact::new(expr, holds));
        }
    }
}
