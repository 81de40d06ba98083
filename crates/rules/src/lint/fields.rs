//! Lints of the names of fields.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use dragnet_eql::ast::{Body, EventFilter, Expr, ExprKind, FieldName, Query};
use dragnet_plan::front::nearest;

use super::{Finding, table as lint};

/// What the names of multi-fields end with.
const MULTI_FIELDS: &[&str] = &[".caseless", ".text", ".keyword"];

/// A field of a query.
#[derive(Debug)]
pub(super) struct Named<'q> {
    pub(super) name: Cow<'q, str>,
    pub(super) span: Range<usize>,
    /// Whether the query says that not all of the data have it.
    pub(super) optional: bool,
}

/// The fields of the schema, and what has been found out about others.
#[derive(Debug)]
pub(super) struct Known {
    names: HashSet<&'static str>,
    /// The same cut into segments, by their number.
    segments: HashMap<usize, Vec<Vec<&'static str>>>,
    /// The first segments of all names.
    roots: HashSet<&'static str>,
    /// What was decided of a name that the schema does not have.
    judged: HashMap<String, Verdict>,
}

/// What a name that the schema does not have is.
#[derive(Debug, Clone)]
enum Verdict {
    /// Of another vocabulary.
    Foreign,
    /// Below one of the schema's roots.
    Added,
    /// Nearly this one.
    Misspelt(String),
}

impl Known {
    pub(super) fn new(fields: Vec<&'static str>) -> Known {
        let mut segments: HashMap<usize, Vec<Vec<&'static str>>> = HashMap::new();
        let mut roots = HashSet::new();
        for name in &fields {
            let parts: Vec<_> = name.split('.').collect();
            roots.extend(parts.first());
            segments.entry(parts.len()).or_default().push(parts);
        }
        Known { names: fields.into_iter().collect(), segments, roots, judged: HashMap::new() }
    }

    /// Judges every field of a query once.
    pub(super) fn in_query(&mut self, names: &[Named<'_>], out: &mut Vec<Finding>) {
        let mut seen = HashSet::new();
        for Named { name, span, optional } in names {
            if seen.insert(name.as_ref())
                && let Some((code, message, help)) = self.doubt(name, *optional)
            {
                out.push(Finding { help, ..Finding::in_query(code, span.clone(), message) });
            }
        }
    }

    /// Judges fields that the value of a key names.
    pub(super) fn at_key<'n>(
        &mut self,
        names: impl IntoIterator<Item = &'n String>,
        key: &str,
        out: &mut Vec<Finding>,
    ) {
        for name in names {
            if let Some((code, message, help)) = self.doubt(name, false) {
                out.push(Finding { help, ..Finding::at(code, key, message) });
            }
        }
    }

    /// What is doubtful about a name: code, message, help.
    fn doubt(
        &mut self,
        name: &str,
        optional: bool,
    ) -> Option<(&'static str, String, Option<String>)> {
        if self.names.is_empty() || self.names.contains(name) {
            return None;
        }
        if !self.judged.contains_key(name) {
            let verdict = self.judge(name);
            self.judged.insert(name.to_owned(), verdict);
        }
        match self.judged.get(name)? {
            Verdict::Misspelt(near) => {
                let help = format!("did you mean `{near}`?");
                Some((lint::MISSPELT_FIELD, format!("ECS has no field `{name}`"), Some(help)))
            }
            Verdict::Added if !optional => {
                Some((lint::UNKNOWN_FIELD, format!("`{name}` is not a field of ECS"), None))
            }
            Verdict::Added | Verdict::Foreign => None,
        }
    }

    fn judge(&self, name: &str) -> Verdict {
        // Elastic: other indices of a field's values, which mappings add at will.
        let plain = MULTI_FIELDS.iter().find_map(|suffix| name.strip_suffix(suffix));
        if plain.is_some_and(|name| self.names.contains(name)) {
            return Verdict::Foreign;
        }
        // Elastic: what is added below the schema's names is capitalised, such as `process.Ext`.
        if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Verdict::Foreign;
        }
        let parts: Vec<_> = name.split('.').collect();
        if let Some(near) = self.near(&parts) {
            return Verdict::Misspelt(near);
        }
        match parts.first() {
            Some(root) if parts.len() > 1 && self.roots.contains(root) => Verdict::Added,
            _ => Verdict::Foreign,
        }
    }

    /// The schema's name that differs in one segment, by a slip.
    fn near(&self, parts: &[&str]) -> Option<String> {
        let candidates = self.segments.get(&parts.len())?;
        (0..parts.len()).find_map(|at| {
            let others = candidates.iter().filter(|candidate| {
                candidate.iter().zip(parts).enumerate().all(|(i, (a, b))| i == at || a == b)
            });
            let others = others.filter_map(|candidate| candidate.get(at).copied());
            let near = nearest(parts[at], others).filter(|near| is_slip(parts[at], near))?;
            let mut name = parts.to_vec();
            name[at] = near;
            Some(name.join("."))
        })
    }
}

/// Whether one may be meant for the other: short words differ by one letter and mean other things.
fn is_slip(written: &str, near: &str) -> bool {
    let length = written.len().min(near.len());
    let limit = if length < 4 { 0 } else { length / 4 };
    // The nearest one is nearer than a third; take half of that, or a plural.
    let difference = written.len().abs_diff(near.len());
    difference <= limit.min(2) && same_letters(written, near) >= length.saturating_sub(limit.min(2))
}

/// How many letters the two have in common, in any order.
fn same_letters(a: &str, b: &str) -> usize {
    let count = |text: &str, byte: u8| text.bytes().filter(|other| *other == byte).count();
    (0..=127_u8).map(|byte| count(a, byte).min(count(b, byte))).sum()
}

/// The fields of an EQL query, keys included, in order.
pub(super) fn of_eql(query: &Query) -> Vec<Named<'_>> {
    fn named(field: &FieldName) -> Named<'_> {
        let name = Cow::Borrowed(field.name.as_str());
        Named { name, span: field.span.range(), optional: field.optional }
    }
    fields_of(query).into_iter().map(named).collect()
}

fn fields_of(query: &Query) -> Vec<&FieldName> {
    let mut found = Vec::new();
    let terms = match &query.body {
        Body::Event(filter) => return filter_fields(filter, found),
        Body::Sequence(sequence) => {
            found.extend(&sequence.by);
            sequence.terms.iter().chain(&sequence.until).collect::<Vec<_>>()
        }
        Body::Sample(sample) => {
            found.extend(&sample.by);
            sample.terms.iter().collect()
        }
    };
    for term in terms {
        found = filter_fields(&term.filter, found);
        found.extend(&term.by);
    }
    found
}

fn filter_fields<'q>(filter: &'q EventFilter, mut found: Vec<&'q FieldName>) -> Vec<&'q FieldName> {
    collect(&filter.condition, &mut found);
    found
}

fn collect<'q>(expr: &'q Expr, found: &mut Vec<&'q FieldName>) {
    match &expr.kind {
        ExprKind::Field(name) => found.push(name),
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Int(_)
        | ExprKind::Double(_)
        | ExprKind::Str(_) => {}
        ExprKind::Call { args, .. } | ExprKind::And(args) | ExprKind::Or(args) => {
            for arg in args {
                collect(arg, found);
            }
        }
        ExprKind::Unary { operand, .. } | ExprKind::Not(operand) => collect(operand, found),
        ExprKind::Arithmetic { left, right, .. } | ExprKind::Compare { left, right, .. } => {
            collect(left, found);
            collect(right, found);
        }
        ExprKind::In { operand, values: list, .. }
        | ExprKind::Match { operand, patterns: list, .. } => {
            collect(operand, found);
            for item in list {
                collect(item, found);
            }
        }
    }
}

/// Whether an expression reads a field.
pub(super) fn reads_field(expr: &Expr) -> bool {
    let mut found = Vec::new();
    collect(expr, &mut found);
    !found.is_empty()
}
