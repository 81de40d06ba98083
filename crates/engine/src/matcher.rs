//! The matcher: a rule set over batches of events.
//!
//! For each column, each distinct value is looked up once (over all batches that share the
//! dictionary) for the predicates that it satisfies. Rows then inherit the predicates of their values as
//! one bitmap per predicate, and a stage is an expression over bitmaps that stops as soon as
//! nothing is left. A predicate that no value in the batch satisfies costs its stages one look.

use std::cell::{Cell, RefCell};

use dragnet_event::{Batch, ColumnId};

use crate::bitmap::Bitmap;
use crate::column_index::Scratch;
use crate::cost::Costs;
use crate::hit::Hit;
use crate::keys::HitMaker;
use crate::row_sets::{Decisions, RowSets};
use crate::rule_set::RuleSet;
use crate::stage_eval::{Costly, StageEval};

/// Runs a rule set over batches. One matcher serves one [`Batch`] (cleared and filled again and again), since
/// it remembers what it has decided about the values of the batch's dictionaries.
#[derive(Debug)]
pub struct Matcher<'r> {
    rules: &'r RuleSet,
    columns: Vec<Decisions>,
    sets: RowSets,
    scratch: Scratch,
    costly: RefCell<Costly>,
    overflows: u64,
    /// What all that costs, if anybody asks.
    costs: Option<&'r RefCell<Costs>>,
}

impl<'r> Matcher<'r> {
    /// A matcher for batches made of [`RuleSet::fields`].
    pub fn new(rules: &'r RuleSet) -> Matcher<'r> {
        let mut columns = Vec::new();
        columns.resize_with(rules.fields.len(), Decisions::default);
        Matcher {
            rules,
            columns,
            sets: RowSets::new(rules.predicates.len()),
            scratch: Scratch::default(),
            costly: RefCell::new(Costly::new(rules.fields.len())),
            overflows: 0,
            costs: None,
        }
    }

    /// A matcher that notes what matching costs.
    pub fn metered(rules: &'r RuleSet, costs: &'r RefCell<Costs>) -> Matcher<'r> {
        Matcher { costs: Some(costs), ..Matcher::new(rules) }
    }

    /// How often an event had so many values in the fields of one script or join key that not all
    /// combinations were looked at. Hits may be missing then.
    pub fn overflows(&self) -> u64 {
        self.overflows
    }

    /// Gives every hit of the batch: by stage, then by row.
    pub fn run(&mut self, batch: &Batch, hit: &mut dyn FnMut(Hit)) {
        if batch.is_empty() {
            return;
        }
        self.decide(batch);
        let all = Bitmap::full(batch.len());
        let mut rows = Bitmap::default();
        let overflows = Cell::new(0);
        let stages = StageEval {
            rules: self.rules,
            sets: &self.sets,
            costly: &self.costly,
            batch,
            overflows: &overflows,
            costs: self.costs,
        };
        let mut hits = HitMaker::new(self.rules, batch, &overflows);
        for (number, stage) in self.rules.stages.iter().enumerate() {
            if stages.eval(&stage.condition, &all, &mut rows) {
                let start = self.costs.map(|costs| costs.borrow().now());
                let count = hits.give(stage, &rows, hit);
                if let (Some(costs), Some(start)) = (self.costs, start) {
                    costs.borrow_mut().add_hits(number, count, start);
                }
            }
        }
        self.overflows += overflows.get();
    }

    /// Decides what is new in the dictionaries, and which rows satisfy each predicate.
    fn decide(&mut self, batch: &Batch) {
        self.sets.clear();
        let columns = batch.columns().iter().zip(&mut self.columns);
        for (number, (column, decisions)) in (0..).map(ColumnId).zip(columns) {
            if column.rows().is_empty() || !self.rules.is_decided(number) {
                continue;
            }
            let start = self.costs.map(|costs| costs.borrow().now());
            let values = decisions.decide(self.rules, number, column, &mut self.scratch);
            self.sets.spread(batch, column, decisions);
            if let (Some(costs), Some(start)) = (self.costs, start) {
                costs.borrow_mut().add_column(number, values, column.rows().len(), start);
            }
        }
        for (id, column) in &self.rules.presence {
            self.sets.add_present(*id, batch, batch.column(*column));
        }
    }
}
