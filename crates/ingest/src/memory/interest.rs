//! Which columns matter to events of a kind.

use std::fmt;
use std::sync::Arc;

use dragnet_event::{Batch, ColumnId, Entry};
use hashbrown::HashMap;

/// Knows which columns of a batch matter to an event of which some values are known.
pub trait Interest: fmt::Debug + Send + Sync {
    /// The columns that can tell something.
    fn telling(&self) -> &[ColumnId];

    /// By column: whether it matters to events that have these entries, and no others in the columns for which `is_whole`
    /// holds. Values in other columns may be left out.
    fn columns(
        &self,
        batch: &Batch,
        facts: &[Entry],
        is_whole: &dyn Fn(ColumnId) -> bool,
    ) -> Vec<bool>;
}

/// The answers of an [`Interest`]; without one, all columns matter.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    interest: Option<Arc<dyn Interest>>,
    /// Telling columns to which a part of an event has added something, so that a kind alone does not tell.
    distrusted: Vec<ColumnId>,
    /// By what is known in telling columns: kinds are many, and what they tell is much the same.
    known: HashMap<Box<[Entry]>, WantedColumns>,
    /// What that takes, about.
    bytes: usize,
}

/// The columns that matter to events of one kind.
#[derive(Debug, Clone, Default)]
pub(super) struct WantedColumns {
    /// By column; `None` for all of them.
    columns: Option<Arc<[bool]>>,
    /// Those that have told so.
    telling: Arc<[ColumnId]>,
}

impl Wanted {
    pub(super) fn by(interest: Arc<dyn Interest>) -> Wanted {
        Wanted { interest: Some(interest), ..Wanted::default() }
    }

    /// The columns that matter to events with these entries.
    pub(super) fn of(&mut self, entries: &[Entry], batch: &Batch) -> WantedColumns {
        let Some(interest) = &self.interest else { return WantedColumns::default() };
        // Any part may have the time, and all want that.
        if batch.time_path() != "@timestamp" {
            return WantedColumns::default();
        }
        let trusted = |column: &ColumnId| !self.distrusted.contains(column);
        let telling: Vec<ColumnId> = interest.telling().iter().copied().filter(trusted).collect();
        let mut facts = entries.to_vec();
        facts.retain(|entry| telling.contains(&entry.column()));
        facts.sort_unstable();
        let facts = facts.into_boxed_slice();
        if let Some(known) = self.known.get(&facts) {
            return known.clone();
        }
        let columns = interest.columns(batch, &facts, &|column| telling.contains(&column));
        self.bytes += size_of_val(&*facts) + size_of_val(&*columns) + size_of::<WantedColumns>();
        let wanted = WantedColumns { columns: Some(columns.into()), telling: telling.into() };
        self.known.insert(facts, wanted.clone());
        wanted
    }

    /// Drops what hangs on the codes of the batch's dictionaries.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.bytes = 0;
    }

    /// How much memory is taken, about.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// A column has turned out to hang on more than the kind.
    pub(super) fn distrust(&mut self, column: ColumnId) {
        self.distrusted.push(column);
    }
}

impl WantedColumns {
    pub(super) fn has(&self, column: ColumnId) -> bool {
        self.columns.as_ref().is_none_or(|columns| columns[column.0 as usize])
    }

    /// Whether any column that matters is read from a path.
    pub(super) fn has_path(&self, path: &str, batch: &Batch) -> bool {
        self.columns.as_ref().is_none_or(|columns| batch.has_path_in(path, columns))
    }

    /// Whether it is by this column that it was told which matter.
    pub(super) fn is_told_by(&self, column: ColumnId) -> bool {
        self.telling.contains(&column)
    }

    /// Whether no column matters.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.as_ref().is_some_and(|columns| !columns.contains(&true))
    }

    /// Drops the entries of a part that do not matter. Gives a telling column, if the part has an entry in one.
    pub(super) fn keep(&self, entries: &mut Vec<Entry>) -> Option<ColumnId> {
        let mut told = entries.iter().map(|entry| entry.column());
        let told = told.find(|column| self.is_told_by(*column));
        entries.retain(|entry| self.has(entry.column()));
        told
    }
}
