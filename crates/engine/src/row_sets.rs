//! The rows of a batch that satisfy each predicate, by way of the values that they have.
//!
//! Values that satisfy the same predicates are a class. Few columns have more than some dozen classes, however many
//! values they have; rows are sorted by the classes of their values, and each predicate takes the rows of a class at
//! once.

use std::sync::Arc;

use dragnet_event::{Batch, Column, ColumnId};
use hashbrown::HashMap;

use crate::bitmap::Bitmap;
use crate::column_index::Scratch;
use crate::rule_set::{PredicateId, RuleSet};

/// From how many rows on a class is first made a set of its own, which each of its predicates then takes as a whole.
const MANY_ROWS: usize = 64;

/// What has been decided about the values of one column.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    generation: u32,
    /// By code: the class of the value, 0 if it satisfies nothing.
    classes: Vec<u32>,
    /// By class, from 1: the predicates that its values satisfy.
    predicates: Vec<Arc<[PredicateId]>>,
    known: HashMap<Arc<[PredicateId]>, u32>,
}

impl Decisions {
    /// Decides what is new in a column's dictionary. Gives how many values that were.
    pub(crate) fn decide(
        &mut self,
        rules: &RuleSet,
        number: ColumnId,
        column: &Column,
        scratch: &mut Scratch,
    ) -> usize {
        let dictionary = column.dictionary();
        if self.generation != dictionary.generation() {
            *self = Decisions { generation: dictionary.generation(), ..Decisions::default() };
        }
        let first = self.classes.len();
        if first == dictionary.len() {
            return 0;
        }
        let index = rules.column_index(number);
        let mut satisfied = Vec::new();
        for code in first..dictionary.len() {
            satisfied.clear();
            index.decide(dictionary.value(code as u32), scratch, &mut satisfied);
            let class = self.class(&satisfied);
            self.classes.push(class);
        }
        dictionary.len() - first
    }

    fn class(&mut self, satisfied: &[PredicateId]) -> u32 {
        if satisfied.is_empty() {
            return 0;
        }
        if let Some(class) = self.known.get(satisfied) {
            return *class;
        }
        let class = self.predicates.len() as u32 + 1;
        let satisfied: Arc<[PredicateId]> = satisfied.into();
        self.predicates.push(satisfied.clone());
        self.known.insert(satisfied, class);
        class
    }
}

/// The rows of the current batch that satisfy each predicate that is decided by values or their presence.
#[derive(Debug, Default)]
pub(crate) struct RowSets {
    /// By predicate: the place of its set, or `NONE` if no row satisfies it.
    place: Vec<u32>,
    sets: Vec<RowSet>,
    /// The predicates that have a set, in the order of their places.
    used: Vec<PredicateId>,
    sorter: Sorter,
    /// The rows of one class.
    class_rows: Bitmap,
}

/// The rows that satisfy one predicate.
#[derive(Debug, Default)]
pub(crate) struct RowSet {
    pub(crate) rows: Bitmap,
    /// How many of the batch's values satisfy it: an upper bound of the number of rows.
    pub(crate) values: usize,
}

const NONE: u32 = u32::MAX;

impl RowSets {
    /// For so many predicates.
    pub(crate) fn new(predicates: usize) -> RowSets {
        RowSets { place: vec![NONE; predicates], ..RowSets::default() }
    }

    pub(crate) fn clear(&mut self) {
        for id in self.used.drain(..) {
            self.place[id as usize] = NONE;
        }
    }

    /// The rows of a predicate; `None` if there are none.
    pub(crate) fn get(&self, id: PredicateId) -> Option<&RowSet> {
        let place = self.place[id as usize];
        (place != NONE).then(|| &self.sets[place as usize])
    }

    fn get_mut(&mut self, id: PredicateId, rows: usize) -> &mut RowSet {
        let place = &mut self.place[id as usize];
        if *place == NONE {
            *place = self.used.len() as u32;
            self.used.push(id);
            if self.sets.len() < self.used.len() {
                self.sets.push(RowSet::default());
            }
            let set = &mut self.sets[*place as usize];
            set.rows.reset(rows);
            set.values = 0;
        }
        &mut self.sets[*place as usize]
    }

    /// Adds the rows of one column to the predicates that their values satisfy.
    pub(crate) fn spread(&mut self, batch: &Batch, column: &Column, decisions: &Decisions) {
        let mut sorter = std::mem::take(&mut self.sorter);
        let mut class_rows = std::mem::take(&mut self.class_rows);
        sorter.sort(column, decisions);
        for (class, predicates) in (1..).zip(&decisions.predicates) {
            let rows = sorter.rows(class);
            if rows.is_empty() {
                continue;
            }
            let has_many = rows.len() >= MANY_ROWS && predicates.len() > 1;
            if has_many {
                class_rows.reset(batch.len());
                class_rows.insert_all(rows);
            }
            for id in &**predicates {
                let set = self.get_mut(*id, batch.len());
                set.values += rows.len();
                if has_many {
                    set.rows.union(&class_rows);
                } else {
                    set.rows.insert_all(rows);
                }
            }
        }
        self.sorter = sorter;
        self.class_rows = class_rows;
    }

    /// Adds the rows that have a value in a column to the predicate that this satisfies.
    pub(crate) fn add_present(&mut self, id: PredicateId, batch: &Batch, column: &Column) {
        if !column.rows().is_empty() {
            let set = self.get_mut(id, batch.len());
            set.values += column.rows().len();
            set.rows.insert_all(column.rows());
        }
    }
}

/// Sorts the rows of a column by the classes of their values.
#[derive(Debug, Default)]
struct Sorter {
    /// By class: the end of its part of `rows`. Class 0, of which nothing follows, has none.
    ends: Vec<usize>,
    rows: Vec<u32>,
}

impl Sorter {
    fn sort(&mut self, column: &Column, decisions: &Decisions) {
        let class = |code: &u32| decisions.classes[*code as usize] as usize;
        self.ends.clear();
        self.ends.resize(decisions.predicates.len() + 1, 0);
        for code in column.codes() {
            self.ends[class(code)] += 1;
        }
        let mut start = 0;
        self.ends[0] = 0;
        for end in &mut self.ends {
            // For the time being the place of its next row.
            let count = std::mem::replace(end, start);
            start += count;
        }
        self.rows.clear();
        self.rows.resize(start, 0);
        if start == 0 {
            return;
        }
        for (row, code) in column.rows().iter().zip(column.codes()) {
            let class = class(code);
            if class != 0 {
                let place = &mut self.ends[class];
                self.rows[*place] = *row;
                *place += 1;
            }
        }
    }

    /// The rows of a class, from 1.
    fn rows(&self, class: usize) -> &[u32] {
        &self.rows[self.ends[class - 1]..self.ends[class]]
    }
}
