//! What a test says, and what follows from it.
//!
//! The rules follow Elasticsearch's logic of tests. A test asks whether *any* value of a field satisfies it, and is false
//! where the field is missing; `not` is applied to the result. So two tests of one field never exclude each
//! other, and the only certain conclusions are these: if every value that satisfies `a` satisfies `b`, then `a`
//! and `not b` cannot both hold, `b or not a` always holds, and beside `a` the test `b` says nothing new.

use dragnet_eql::ast::{CompareOp, Expr, ExprKind};
use dragnet_event::{FieldType, Schema};

/// Lists longer than this are not compared with others: the work is their product.
const MAX_ITEMS: usize = 300;

/// A test, or its opposite.
#[derive(Debug, Clone)]
pub(super) struct Fact<'q> {
    pub(super) expr: &'q Expr,
    /// Whether the test holds, and not its opposite.
    pub(super) holds: bool,
    /// The field; empty for tests that are not understood.
    pub(super) field: &'q str,
    test: Test<'q>,
}

#[derive(Debug, Clone)]
enum Test<'q> {
    Exists,
    AnyOf(Vec<Item<'q>>),
    /// A comparison with a number by `<`, `<=`, `>` or `>=`.
    Range(CompareOp, f64),
    /// Something else: known to follow from itself.
    Other(&'q Expr),
}

/// A constant that a value is compared with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item<'q> {
    pub(super) expr: &'q Expr,
    /// Whether `*` and `?` are wildcards.
    pub(super) pattern: bool,
    /// Whether the case of ASCII letters is ignored.
    pub(super) fold: bool,
}

impl<'q> Fact<'q> {
    /// What an expression says that is neither a row nor a `not`.
    pub(super) fn of(expr: &'q Expr, holds: bool) -> Fact<'q> {
        let other = Fact { expr, holds, field: "", test: Test::Other(expr) };
        let field = |operand: &'q Expr| match &operand.kind {
            ExprKind::Field(name) => Some(name.name.as_str()),
            _ => None,
        };
        match &expr.kind {
            ExprKind::Compare { op, left, right } => {
                let (Some(field), op, constant) = (match (field(left), field(right)) {
                    (Some(name), None) => (Some(name), *op, right),
                    (None, Some(name)) => (Some(name), op.flipped(), left),
                    _ => (None, *op, right),
                }) else {
                    return other;
                };
                comparison(expr, field, op, constant, holds).unwrap_or(other)
            }
            ExprKind::In { operand, .. } | ExprKind::Match { operand, .. }
                if field(operand).is_some() =>
            {
                let negated = matches!(&expr.kind, ExprKind::In { negated: true, .. });
                let Some(items) = items(expr) else { return other };
                let field = field(operand).unwrap_or_default();
                Fact { expr, holds: holds != negated, field, test: Test::AnyOf(items) }
            }
            _ => other,
        }
    }

    /// The opposite.
    pub(super) fn negated(&self) -> Fact<'q> {
        Fact { holds: !self.holds, ..self.clone() }
    }

    /// Whether the two can never both be so.
    pub(super) fn contradicts(&self, other: &Fact<'_>) -> bool {
        match (self.holds, other.holds) {
            (true, false) => self.test_implies(other),
            (false, true) => other.test_implies(self),
            _ => false,
        }
    }

    /// Whether the other is so wherever this is.
    pub(super) fn implies(&self, other: &Fact<'_>) -> bool {
        match (self.holds, other.holds) {
            (true, true) => self.test_implies(other),
            (false, false) => other.test_implies(self),
            _ => false,
        }
    }

    /// Whether everything that satisfies this test satisfies the other one; both without their
    /// negation.
    fn test_implies(&self, other: &Fact<'_>) -> bool {
        if self.field != other.field {
            return false;
        }
        match (&self.test, &other.test) {
            (Test::Other(a), Test::Other(b)) => a == b,
            (Test::Other(_), _) | (_, Test::Other(_)) => false,
            (_, Test::Exists) => true,
            (Test::AnyOf(a), Test::AnyOf(b)) => {
                let text = is_text(self.field);
                a.len().max(b.len()) <= MAX_ITEMS
                    && a.iter().all(|a| b.iter().any(|b| a.is_covered_by(b, text)))
            }
            (Test::Range(a, x), Test::Range(b, y)) => range_implies(*a, *x, *b, *y),
            _ => false,
        }
    }
}

fn comparison<'q>(
    expr: &'q Expr,
    field: &'q str,
    op: CompareOp,
    constant: &'q Expr,
    holds: bool,
) -> Option<Fact<'q>> {
    let holds = holds != (op == CompareOp::Ne);
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let test = match &constant.kind {
        // `f == null` is the opposite of `f != null`, which asks for a value.
        ExprKind::Null if equality => {
            return Some(Fact { expr, holds: !holds, field, test: Test::Exists });
        }
        ExprKind::Str(_) | ExprKind::Bool(_) | ExprKind::Int(_) if equality => {
            Test::AnyOf(vec![Item { expr: constant, pattern: false, fold: false }])
        }
        // Larger ones are not exact as doubles.
        ExprKind::Int(number) if !equality && *number < 1 << 53 => Test::Range(op, *number as f64),
        ExprKind::Double(number) if !equality => Test::Range(op, *number),
        _ => return None,
    };
    Some(Fact { expr, holds, field, test })
}

/// The constants of a list, if all are; `None` for regular expressions.
pub(super) fn items(expr: &Expr) -> Option<Vec<Item<'_>>> {
    let (list, pattern, fold) = match &expr.kind {
        ExprKind::In { insensitive, values, .. } => (values, false, *insensitive),
        ExprKind::Match { op, patterns, .. } if !op.is_regex() => {
            (patterns, true, op.is_insensitive())
        }
        _ => return None,
    };
    list.iter()
        .map(|expr| match expr.kind {
            ExprKind::Str(_) | ExprKind::Int(_) | ExprKind::Bool(_) => {
                Some(Item { expr, pattern, fold })
            }
            _ => None,
        })
        .collect()
}

impl Item<'_> {
    fn text(&self) -> Option<&str> {
        match &self.expr.kind {
            ExprKind::Str(text) => Some(text),
            _ => None,
        }
    }

    fn has_wildcard(&self) -> bool {
        self.pattern && self.text().is_some_and(|text| text.contains(['*', '?']))
    }

    /// Whether the two satisfy the same values; of texts whose cases differ if both ignore it.
    pub(super) fn is_same(&self, other: &Item<'_>) -> bool {
        match (self.text(), other.text()) {
            (Some(a), Some(b)) if self.fold && other.fold => a.eq_ignore_ascii_case(b),
            _ => self.expr == other.expr && self.fold == other.fold,
        }
    }

    /// Whether every value that this one is equal to or matches, the other is or does too.
    /// `text`: whether values are texts.
    pub(super) fn is_covered_by(&self, other: &Item<'_>, text: bool) -> bool {
        let (Some(a), Some(b)) = (self.text(), other.text()) else { return self.is_same(other) };
        // A narrower comparison of letters cannot cover a wider one.
        let letters = || a.bytes().any(|byte| byte.is_ascii_alphabetic());
        if self.fold && !other.fold && letters() {
            return false;
        }
        if !self.has_wildcard() && !other.has_wildcard() {
            return if other.fold { a.eq_ignore_ascii_case(b) } else { a == b };
        }
        // An address equals others that are written differently; patterns see the writing.
        text && other.has_wildcard()
            && covers(&glyphs(b, true), &glyphs(a, self.pattern), other.fold)
    }
}

/// A character of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyph {
    Char(char),
    /// Any character.
    One,
    /// Any number of characters.
    Run,
}

/// The characters of a text of EQL, where `*` and `?` are wildcards if it is a pattern.
fn glyphs(text: &str, pattern: bool) -> Vec<Glyph> {
    let glyph = |c| match c {
        '*' if pattern => Glyph::Run,
        '?' if pattern => Glyph::One,
        c => Glyph::Char(c),
    };
    text.chars().map(glyph).collect()
}

/// Whether a pattern matches everything that another pattern (or text) matches. If it says so it is so; it may miss
/// a case with several wildcards side by side.
pub(super) fn covers(wide: &[Glyph], narrow: &[Glyph], fold: bool) -> bool {
    let one = |w: Glyph, n: Glyph| match (w, n) {
        (Glyph::One, n) => n != Glyph::Run,
        (Glyph::Char(w), Glyph::Char(n)) => same_char(w, n, fold),
        (Glyph::Run | Glyph::Char(_), _) => false,
    };
    // The usual search with one place to come back to: the last `*`.
    let (mut w, mut n) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while n < narrow.len() {
        if wide.get(w) == Some(&Glyph::Run) {
            back = Some((w + 1, n));
            w += 1;
        } else if wide.get(w).is_some_and(|c| one(*c, narrow[n])) {
            (w, n) = (w + 1, n + 1);
        } else if let Some((after, at)) = back {
            back = Some((after, at + 1));
            (w, n) = (after, at + 1);
        } else {
            return false;
        }
    }
    wide[w..].iter().all(|c| *c == Glyph::Run)
}

fn same_char(a: char, b: char, fold: bool) -> bool {
    if fold { a.eq_ignore_ascii_case(&b) } else { a == b }
}

/// Whether values of the field are compared as texts, as far as its name tells.
pub(super) fn is_text(field: &str) -> bool {
    Schema::open().get(field).is_some_and(|field| field.ty() == FieldType::Any)
}

/// Whether every number that compares so with `x` compares so with `y`.
fn range_implies(a: CompareOp, x: f64, b: CompareOp, y: f64) -> bool {
    use CompareOp::{Ge, Gt, Le, Lt};
    match (a, b) {
        (Gt, Gt | Ge) | (Ge, Ge) => x >= y,
        (Ge, Gt) => x > y,
        (Lt, Lt | Le) | (Le, Le) => x <= y,
        (Le, Lt) => x < y,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn covering() {
        #[track_caller]
        fn check(wide: &str, narrow: &str, expected: bool) {
            let covered = covers(&glyphs(wide, true), &glyphs(narrow, true), true);
            assert_eq!(covered, expected, "{wide} {narrow}");
        }
        check("*", "", true);
        check("*", "a*b?", true);
        check("*.exe", "CMD.exe", true);
        check("*.exe", "*md.exe", true);
        check("?md.exe", "*md.exe", false);
        check("?md.exe", "cmd.exe", true);
        check("c*d", "c?d", true);
        check("c?d", "c*d", false);
        check("cd", "c?d", false);
        check("a*b*c", "axbxc", true);
        check("a*b*c", "a*c", false);
        check("*a*", "*ba?*", true);
        check("c", "?", false);
        check("?*", "*", false);
        check("*??", "a?", true);
    }

    #[test]
    fn ranges() {
        use CompareOp::{Ge, Gt, Le, Lt};
        assert!(range_implies(Gt, 5.0, Gt, 3.0) && range_implies(Gt, 5.0, Ge, 5.0));
        assert!(range_implies(Ge, 5.0, Gt, 4.0) && !range_implies(Ge, 5.0, Gt, 5.0));
        assert!(range_implies(Lt, 3.0, Le, 3.0) && !range_implies(Le, 3.0, Lt, 3.0));
        assert!(!range_implies(Gt, 5.0, Lt, 9.0));
    }

    #[test]
    fn addresses_are_no_texts() {
        assert!(is_text("process.name") && !is_text("source.ip") && !is_text("@timestamp"));
    }
}
