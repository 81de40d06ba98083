//! Which rows of a batch satisfy a stage's condition?
//!
//! A set of rows is narrowed part by part, and nothing more is looked at once it is empty.

use std::cell::{Cell, RefCell};

use dragnet_event::{Batch, ColumnId, Field, Scalar, Value};
use hashbrown::HashMap;

use crate::bitmap::Bitmap;
use crate::column_index::Scratch;
use crate::cost::Costs;
use crate::reference::{Fields, has_too_many_choices, leaf_holds};
use crate::row_sets::RowSets;
use crate::rule_set::{Node, PredicateId, PredicateKind, RuleSet, Test};

/// What has been decided of costly predicates, about the values that were asked about.
#[derive(Debug, Default)]
pub(crate) struct Costly {
    /// By column.
    columns: Vec<OnDemand>,
    scratch: Scratch,
}

/// The same for one column.
#[derive(Debug, Default)]
struct OnDemand {
    generation: u32,
    /// By code: the predicates that the value satisfies, ascending.
    decided: HashMap<u32, Box<[PredicateId]>>,
}

impl Costly {
    /// For so many columns.
    pub(crate) fn new(columns: usize) -> Costly {
        let mut costly = Costly::default();
        costly.columns.resize_with(columns, OnDemand::default);
        costly
    }
}

/// Evaluates the conditions of stages over one batch.
pub(crate) struct StageEval<'a> {
    pub(crate) rules: &'a RuleSet,
    pub(crate) sets: &'a RowSets,
    pub(crate) costly: &'a RefCell<Costly>,
    pub(crate) batch: &'a Batch,
    pub(crate) overflows: &'a Cell<u64>,
    /// Where it is noted what that costs, if anybody asks.
    pub(crate) costs: Option<&'a RefCell<Costs>>,
}

impl StageEval<'_> {
    /// Makes `rows` those that satisfy a condition, out of `all`. Gives whether there are any; if not, what `rows` is
    /// does not matter.
    pub(crate) fn eval(&self, node: &Node, all: &Bitmap, rows: &mut Bitmap) -> bool {
        let parts = match &node.test {
            Test::All(parts) => parts.as_slice(),
            _ => std::slice::from_ref(node),
        };
        let Some(least) = self.least(parts, all) else { return false };
        rows.copy_from(least);
        self.narrow(node, rows)
    }

    /// The smallest of `rows` and the sets of those parts that have one; `None` if a part holds of no row, as one look
    /// shows. That decides most stages.
    fn least<'b>(&'b self, parts: &[Node], rows: &'b Bitmap) -> Option<&'b Bitmap> {
        let mut least = rows;
        let mut least_values = usize::MAX;
        for part in parts {
            let Test::Predicate(id) = part.test else { continue };
            match self.rules.predicates[id as usize].kind {
                PredicateKind::Value | PredicateKind::Exists(_) => {
                    let set = self.sets.get(id)?;
                    if set.values < least_values {
                        (least, least_values) = (&set.rows, set.values);
                    }
                }
                PredicateKind::Costly(column) if self.batch.column(column).rows().is_empty() => {
                    return None;
                }
                PredicateKind::Costly(_) | PredicateKind::Row(_) => {}
            }
        }
        Some(least)
    }

    /// Drops the rows that do not satisfy a condition. Gives whether any are left; if not, what `rows` is does not
    /// matter.
    fn narrow(&self, node: &Node, rows: &mut Bitmap) -> bool {
        let Some(costs) = self.costs else { return self.narrow_by(node, rows) };
        let before = rows.count();
        let start = costs.borrow().now();
        let any = self.narrow_by(node, rows);
        let after = if any { rows.count() } else { 0 };
        costs.borrow_mut().add_node(node.number, before, after, start);
        any
    }

    fn narrow_by(&self, node: &Node, rows: &mut Bitmap) -> bool {
        match &node.test {
            Test::Const(value) => *value,
            Test::Predicate(id) => self.narrow_by_predicate(*id, rows),
            Test::Not(inner) => {
                let mut holding = rows.clone();
                if self.narrow(inner, &mut holding) { rows.subtract(&holding) } else { true }
            }
            Test::All(parts) => {
                self.least(parts, rows).is_some()
                    && parts.iter().all(|part| self.narrow(part, rows))
            }
            Test::Any(parts) => {
                let mut left = rows.clone();
                let mut part_rows = Bitmap::default();
                for part in parts {
                    part_rows.copy_from(&left);
                    if self.narrow(part, &mut part_rows) && !left.subtract(&part_rows) {
                        return true;
                    }
                }
                rows.subtract(&left)
            }
        }
    }

    fn narrow_by_predicate(&self, id: PredicateId, rows: &mut Bitmap) -> bool {
        let predicate = &self.rules.predicates[id as usize];
        match &predicate.kind {
            PredicateKind::Value | PredicateKind::Exists(_) => {
                self.sets.get(id).is_some_and(|set| rows.intersect(&set.rows))
            }
            PredicateKind::Costly(column) => {
                self.narrow_by_costly(id, *column, rows);
                !rows.is_empty()
            }
            PredicateKind::Row(fields) => {
                let mut holding = Bitmap::empty(self.batch.len());
                for row in rows.iter() {
                    let event = ScriptRow { batch: self.batch, row, fields };
                    if has_too_many_choices(&predicate.leaf, &event) {
                        self.overflows.set(self.overflows.get() + 1);
                    }
                    if leaf_holds(&predicate.leaf, &event) {
                        holding.insert(row);
                    }
                }
                *rows = holding;
                !rows.is_empty()
            }
        }
    }

    /// Keeps the rows of which a costly predicate holds. Their values are decided for all costly predicates of
    /// the column at once.
    fn narrow_by_costly(&self, id: PredicateId, number: ColumnId, rows: &mut Bitmap) {
        let mut left = Bitmap::empty(self.batch.len());
        let column = self.batch.column(number);
        let dictionary = column.dictionary();
        let Costly { columns, scratch } = &mut *self.costly.borrow_mut();
        let OnDemand { generation, decided } = &mut columns[number.0 as usize];
        if *generation != dictionary.generation() {
            *generation = dictionary.generation();
            decided.clear();
        }
        for (row, code) in column.rows().iter().zip(column.codes()) {
            if rows.contains(*row) {
                let holding = decided.entry(*code).or_insert_with(|| {
                    let index = self.rules.column_index(number);
                    let mut holding = Vec::new();
                    index.decide_costly(dictionary.value(*code), scratch, &mut holding);
                    holding.into()
                });
                if holding.binary_search(&id).is_ok() {
                    left.insert(*row);
                }
            }
        }
        *rows = left;
    }
}

/// One row of a batch, as the event that a script reads.
struct ScriptRow<'a> {
    batch: &'a Batch,
    row: u32,
    /// The fields of the script.
    fields: &'a [(Field, ColumnId)],
}

impl Fields for ScriptRow<'_> {
    fn values(&self, field: &Field) -> Vec<Value> {
        let Some((_, column)) = self.fields.iter().find(|(known, _)| known == field) else {
            return Vec::new();
        };
        self.batch.column(*column).row_values(self.row).map(Scalar::to_value).collect()
    }
}
