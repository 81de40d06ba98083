//! Where the time of matching goes.
//!
//! The engine has no clock: whoever asks brings one, and a matcher that nobody asks has none to look at. What is decided
//! once per distinct value serves every rule that tests the field, so it is counted by field. The rest, what a condition
//! does with the rows of a batch, is counted by clause.

use std::fmt;

use dragnet_event::{ColumnId, Field};

use crate::hit::StageNumber;
use crate::rule_set::{Node, RuleSet, Test};

/// What matching has cost so far, in ticks of the clock that was given.
#[derive(Debug)]
pub struct Costs {
    clock: Clock,
    /// By the number of a node.
    nodes: Vec<NodeCost>,
    /// By stage of the rule set: hits, and the time that making them took.
    hits: Vec<(u64, u64)>,
    /// By column: values, rows, and time.
    columns: Vec<(u64, u64, u64)>,
}

struct Clock(Box<dyn Fn() -> u64>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct NodeCost {
    batches: u64,
    rows_in: u64,
    rows_out: u64,
    ticks: u64,
}

/// What one field has cost: deciding which predicates new values satisfy, and which rows have them.
#[derive(Debug, Clone)]
pub struct FieldCost {
    /// The field.
    pub field: Field,
    /// Distinct values that were decided.
    pub values: u64,
    /// Values that rows have.
    pub rows: u64,
    /// The time.
    pub ticks: u64,
}

/// What a query has cost, but for what its fields have.
#[derive(Debug, Clone)]
pub struct QueryCost {
    /// Its clauses, stage by stage, each with its parts behind it, in the order in which they are looked at.
    pub clauses: Vec<ClauseCost>,
    /// The hits of all stages.
    pub hits: u64,
    /// The time for all of it: for the conditions of its stages, and for making the hits.
    pub ticks: u64,
    /// The time for making the hits alone: looking up when their events happened, and their join keys.
    pub hit_ticks: u64,
}

impl QueryCost {
    /// Its conditions, one per stage.
    pub fn stages(&self) -> impl Iterator<Item = &ClauseCost> {
        self.clauses.iter().filter(|clause| clause.depth == 0)
    }
}

/// What a clause has cost.
#[derive(Debug, Clone)]
pub struct ClauseCost {
    /// The stage that it belongs to.
    pub stage: StageNumber,
    /// How deep it stands: 0 is the stage's whole condition.
    pub depth: usize,
    /// What it says, as a rule would write it; of one with parts only how they are joined: `all of`, `any of`, `not`.
    pub text: String,
    /// In how many batches it was evaluated. A stage of which some part holds nowhere in a batch is not.
    pub batches: u64,
    /// The rows that it was asked about.
    pub rows_in: u64,
    /// Those that satisfied it.
    pub rows_out: u64,
    /// The time, that of its parts included.
    pub ticks: u64,
}

impl Costs {
    /// Nothing so far. Of what the clock tells only differences count.
    pub fn new(rules: &RuleSet, clock: Box<dyn Fn() -> u64>) -> Costs {
        Costs {
            clock: Clock(clock),
            nodes: vec![NodeCost::default(); rules.node_count as usize],
            hits: vec![(0, 0); rules.stages.len()],
            columns: vec![(0, 0, 0); rules.fields().len()],
        }
    }

    pub(crate) fn now(&self) -> u64 {
        (self.clock.0)()
    }

    /// A node was asked about rows, since some time.
    pub(crate) fn add_node(&mut self, number: u32, rows_in: u64, rows_out: u64, start: u64) {
        let now = self.now();
        let node = &mut self.nodes[number as usize];
        node.batches += 1;
        node.rows_in += rows_in;
        node.rows_out += rows_out;
        node.ticks += now.saturating_sub(start);
    }

    pub(crate) fn add_hits(&mut self, stage: usize, count: u64, start: u64) {
        let now = self.now();
        let (hits, ticks) = &mut self.hits[stage];
        *hits += count;
        *ticks += now.saturating_sub(start);
    }

    pub(crate) fn add_column(&mut self, column: ColumnId, values: usize, rows: usize, start: u64) {
        let now = self.now();
        let (all_values, all_rows, ticks) = &mut self.columns[column.0 as usize];
        *all_values += values as u64;
        *all_rows += rows as u64;
        *ticks += now.saturating_sub(start);
    }

    /// What each field has cost that had values, in the order of [`RuleSet::fields`].
    pub fn fields(&self, rules: &RuleSet) -> Vec<FieldCost> {
        let costs = rules.fields().iter().zip(&self.columns);
        costs
            .filter(|(_, (_, rows, _))| *rows > 0)
            .map(|(field, &(values, rows, ticks))| FieldCost {
                field: field.clone(),
                values,
                rows,
                ticks,
            })
            .collect()
    }

    /// What each query has cost, in their order.
    pub fn queries(&self, rules: &RuleSet) -> Vec<QueryCost> {
        let none = QueryCost { clauses: Vec::new(), hits: 0, ticks: 0, hit_ticks: 0 };
        let mut queries = vec![none; rules.queries().len()];
        for (stage, (hits, ticks)) in rules.stages.iter().zip(&self.hits) {
            let query = &mut queries[stage.query as usize];
            query.hits += hits;
            query.hit_ticks += ticks;
            query.ticks += ticks + self.nodes[stage.condition.number as usize].ticks;
            self.clauses(rules, stage.stage, &stage.condition, 0, &mut query.clauses);
        }
        queries
    }

    fn clauses(
        &self,
        rules: &RuleSet,
        stage: StageNumber,
        node: &Node,
        depth: usize,
        into: &mut Vec<ClauseCost>,
    ) {
        let leaf = |id: u32| rules.predicates[id as usize].leaf.to_string();
        let (text, parts) = match &node.test {
            Test::Const(value) => (value.to_string(), &[][..]),
            Test::Predicate(id) => (leaf(*id), &[][..]),
            Test::Not(inner) => match inner.test {
                Test::Predicate(id) => (format!("not {}", leaf(id)), &[][..]),
                _ => ("not".to_owned(), std::slice::from_ref(&**inner)),
            },
            Test::All(parts) => ("all of".to_owned(), parts.as_slice()),
            Test::Any(parts) => ("any of".to_owned(), parts.as_slice()),
        };
        let NodeCost { batches, rows_in, rows_out, ticks } = self.nodes[node.number as usize];
        into.push(ClauseCost { stage, depth, text, batches, rows_in, rows_out, ticks });
        for part in parts {
            self.clauses(rules, stage, part, depth + 1, into);
        }
    }
}
