//! Which columns matter to an event of which some values are known beforehand.
//!
//! Most of what an event says is of no concern to most rules: a rule about processes never hits an event about the
//! registry, whatever its fields hold. Where an event's category, dataset or operating system is known before the rest
//! of it is read, what only such rules read need not be read at all.

use dragnet_event::{Batch, ColumnId, Entry};
use dragnet_plan::Leaf;

use crate::reference::value_holds;
use crate::rule_set::{CompiledStage, PredicateId, PredicateKind, RuleSet, Test};

/// What is known of a rule set's columns.
#[derive(Debug)]
pub struct Relevance {
    /// The telling columns that there are.
    columns: Vec<ColumnId>,
    /// Tests of their values.
    tests: Vec<Telling>,
    stages: Vec<Stage>,
    column_count: usize,
}

#[derive(Debug)]
struct Telling {
    column: ColumnId,
    leaf: Leaf,
}

#[derive(Debug)]
struct Stage {
    /// What must hold for it to be satisfied; `None` if nothing is known beforehand.
    need: Option<Need>,
    /// A bit for each column that it reads.
    columns: Box<[u64]>,
}

/// What is known beforehand of a condition: it fails if this does.
#[derive(Debug)]
enum Need {
    /// A test by its number in [`Relevance::tests`].
    Test(u32),
    All(Box<[Need]>),
    Any(Box<[Need]>),
}

impl Need {
    fn may_hold(&self, tests: &[bool]) -> bool {
        match self {
            Need::Test(number) => tests[*number as usize],
            Need::All(parts) => parts.iter().all(|part| part.may_hold(tests)),
            Need::Any(parts) => parts.iter().any(|part| part.may_hold(tests)),
        }
    }
}

impl Relevance {
    /// That of a rule set, where the values at these paths are known beforehand.
    pub fn new(rules: &RuleSet, telling: &[&str]) -> Relevance {
        let is_telling = |column: &ColumnId| {
            let field = &rules.fields[column.0 as usize];
            !field.is_pattern() && telling.contains(&field.path())
        };
        let column_count = rules.fields.len();
        let columns = (0..column_count as u32).map(ColumnId).filter(is_telling).collect();
        let mut relevance =
            Relevance { columns, tests: Vec::new(), stages: Vec::new(), column_count };
        let mut numbers = vec![None; rules.predicates.len()];
        for stage in &rules.stages {
            let stage = relevance.stage(rules, stage, &mut numbers);
            relevance.stages.push(stage);
        }
        relevance
    }

    fn stage(
        &mut self,
        rules: &RuleSet,
        stage: &CompiledStage,
        numbers: &mut [Option<u32>],
    ) -> Stage {
        let mut read = Columns(vec![0; self.column_count.div_ceil(64)]);
        read.of_test(rules, &stage.condition.test);
        let timing = rules.timings[stage.query as usize];
        let times = [timing.timestamp, timing.tiebreaker, timing.window].into_iter().flatten();
        times.chain(stage.keys.iter().filter_map(|key| key.column)).for_each(|it| read.add(it));
        let need = self.need(rules, &stage.condition.test, numbers);
        Stage { need, columns: read.0.into() }
    }

    fn need(&mut self, rules: &RuleSet, test: &Test, numbers: &mut [Option<u32>]) -> Option<Need> {
        match test {
            Test::Const(_) | Test::Not(_) => None,
            Test::Predicate(id) => {
                let column = self.telling_column(rules, *id)?;
                let number = *numbers[*id as usize].get_or_insert_with(|| {
                    let leaf = rules.predicates[*id as usize].leaf.clone();
                    self.tests.push(Telling { column, leaf });
                    self.tests.len() as u32 - 1
                });
                Some(Need::Test(number))
            }
            Test::All(parts) => {
                let needs = parts.iter().filter_map(|part| self.need(rules, &part.test, numbers));
                let needs: Box<[Need]> = needs.collect();
                (!needs.is_empty()).then_some(Need::All(needs))
            }
            // If nothing is known of one part, that may hold.
            Test::Any(parts) => {
                let needs = parts.iter().map(|part| self.need(rules, &part.test, numbers));
                needs.collect::<Option<_>>().map(Need::Any)
            }
        }
    }

    /// The telling column whose values decide a predicate, each by itself.
    fn telling_column(&self, rules: &RuleSet, id: PredicateId) -> Option<ColumnId> {
        let predicate = &rules.predicates[id as usize];
        if !matches!(predicate.kind, PredicateKind::Value | PredicateKind::Exists(_)) {
            return None;
        }
        let [column] = *predicate.columns else { return None };
        self.columns.contains(&column).then_some(column)
    }

    /// The columns that can tell something beforehand.
    pub fn telling(&self) -> &[ColumnId] {
        &self.columns
    }

    /// By column: whether it matters to events that have these values, and no others in the columns for which `is_whole`
    /// holds. Leaving out the values of the others changes no hit.
    pub fn columns(
        &self,
        batch: &Batch,
        facts: &[Entry],
        is_whole: &dyn Fn(ColumnId) -> bool,
    ) -> Vec<bool> {
        let may_hold = |test: &Telling| {
            let value =
                |entry: &Entry| batch.column(entry.column()).dictionary().value(entry.code());
            let mut values = facts.iter().filter(|entry| entry.column() == test.column).map(value);
            !is_whole(test.column) || values.any(|value| value_holds(&test.leaf, value))
        };
        let may_hold: Vec<bool> = self.tests.iter().map(may_hold).collect();
        let mut all = Columns(vec![0; self.column_count.div_ceil(64)]);
        for stage in &self.stages {
            if stage.need.as_ref().is_none_or(|need| need.may_hold(&may_hold)) {
                all.0.iter_mut().zip(&stage.columns).for_each(|(all, more)| *all |= more);
            }
        }
        (0..self.column_count as u32).map(|column| all.has(ColumnId(column))).collect()
    }
}

/// A bit for each column.
struct Columns(Vec<u64>);

impl Columns {
    fn add(&mut self, column: ColumnId) {
        self.0[column.0 as usize / 64] |= 1 << (column.0 % 64);
    }

    fn has(&self, column: ColumnId) -> bool {
        self.0[column.0 as usize / 64] & 1 << (column.0 % 64) != 0
    }

    fn of_test(&mut self, rules: &RuleSet, test: &Test) {
        match test {
            Test::Const(_) => {}
            Test::Predicate(id) => {
                rules.predicates[*id as usize].columns.iter().for_each(|column| self.add(*column));
            }
            Test::Not(inner) => self.of_test(rules, &inner.test),
            Test::All(parts) | Test::Any(parts) => {
                for part in parts {
                    self.of_test(rules, &part.test);
                }
            }
        }
    }
}
