//! Many queries compiled together.

use std::sync::{Arc, OnceLock};

use dragnet_event::{ColumnId, Field};
use dragnet_plan::{Condition, Key, Leaf, Query, Timing};
use hashbrown::HashMap;

use crate::column_index::ColumnIndex;
use crate::hit::StageNumber;

/// The number of a predicate within a rule set.
pub(crate) type PredicateId = u32;

/// Queries compiled together: equal leaves are one predicate, and equal fields one column.
#[derive(Debug)]
pub struct RuleSet {
    queries: Vec<Arc<Query>>,
    /// Parallel to `queries`.
    pub(crate) timings: Vec<CompiledTiming>,
    pub(crate) fields: Vec<Field>,
    pub(crate) predicates: Vec<Predicate>,
    pub(crate) stages: Vec<CompiledStage>,
    /// The predicates that hold where a column has a value.
    pub(crate) presence: Vec<(PredicateId, ColumnId)>,
    /// Parallel to `fields`.
    columns: Vec<IndexedColumn>,
    /// How many nodes all conditions have together.
    pub(crate) node_count: u32,
}

/// The predicates of a column that are decided by its values.
#[derive(Debug)]
struct IndexedColumn {
    predicates: Vec<PredicateId>,
    /// Whether one of them is decided for every value.
    has_cheap: bool,
    /// Made when the column has its first value: of most columns a hunt sees none.
    index: OnceLock<ColumnIndex>,
}

/// A [`Timing`] with the columns of its fields.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CompiledTiming {
    pub(crate) timestamp: Option<ColumnId>,
    pub(crate) tiebreaker: Option<ColumnId>,
    pub(crate) window: Option<ColumnId>,
    pub(crate) strict_window: bool,
}

/// A leaf that one or more stages share.
#[derive(Debug)]
pub(crate) struct Predicate {
    pub(crate) leaf: Leaf,
    pub(crate) kind: PredicateKind,
    /// The columns that it reads.
    pub(crate) columns: Box<[ColumnId]>,
}

/// How a predicate is decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum PredicateKind {
    /// By the presence of a value.
    Exists(ColumnId),
    /// Once per distinct value of one column.
    Value,
    /// The same, but only for values of rows that everything cheaper has left over: it costs much more
    /// to decide than to look up.
    Costly(ColumnId),
    /// Row by row, for a script that reads none or several fields: only on rows that everything
    /// else has left over. With each field that it reads.
    Row(Box<[(Field, ColumnId)]>),
}

/// One stage of one query.
#[derive(Debug)]
pub(crate) struct CompiledStage {
    pub(crate) query: u32,
    pub(crate) stage: StageNumber,
    pub(crate) condition: Node,
    pub(crate) keys: Vec<CompiledKey>,
    /// Whether an event must have a time to take part.
    pub(crate) needs_time: bool,
}

/// One join key of a stage.
#[derive(Debug)]
pub(crate) struct CompiledKey {
    /// `None`: always null.
    pub(crate) column: Option<ColumnId>,
    pub(crate) optional: bool,
}

/// A condition over predicates.
#[derive(Debug)]
pub(crate) struct Node {
    /// Its number among those of all conditions: that of the first part is the next one, and so on.
    pub(crate) number: u32,
    pub(crate) test: Test,
}

/// What a node says.
#[derive(Debug)]
pub(crate) enum Test {
    Const(bool),
    Predicate(PredicateId),
    Not(Box<Node>),
    /// Cheap parts first: predicates, then what is nested, then what goes row by row.
    All(Vec<Node>),
    Any(Vec<Node>),
}

impl RuleSet {
    /// Compiles queries; their order gives them their numbers. `tiebreaker` is the field that
    /// orders events of the same time.
    pub fn new(queries: Vec<Arc<Query>>, tiebreaker: Option<&Field>) -> RuleSet {
        let timing = Timing { tiebreaker: tiebreaker.cloned(), ..Timing::default() };
        RuleSet::timed(queries.into_iter().map(|query| (query, timing.clone())).collect())
    }

    /// Compiles queries that have each its own fields for times; their order gives them their numbers.
    pub fn timed(queries: Vec<(Arc<Query>, Timing)>) -> RuleSet {
        let mut compiler = Compiler::default();
        let (queries, timings): (Vec<_>, Vec<_>) = queries.into_iter().unzip();
        let timings = timings.iter().map(|timing| compiler.timing(timing)).collect();
        let stages = queries
            .iter()
            .enumerate()
            .flat_map(|(number, query)| compiler.query(number as u32, query))
            .collect();
        let columns = compiler.indexed_columns();
        let Compiler { fields, predicates, node_count, .. } = compiler;
        let presence = (0..).zip(&predicates).filter_map(|(id, predicate)| match predicate.kind {
            PredicateKind::Exists(column) => Some((id, column)),
            _ => None,
        });
        let presence = presence.collect();
        RuleSet { queries, timings, fields, predicates, stages, presence, columns, node_count }
    }

    /// Whether a column has predicates that are decided for every value.
    pub(crate) fn is_decided(&self, column: ColumnId) -> bool {
        self.columns[column.0 as usize].has_cheap
    }

    /// The predicates of a column that are decided by its values, arranged for that.
    pub(crate) fn column_index(&self, column: ColumnId) -> &ColumnIndex {
        let IndexedColumn { predicates, index, .. } = &self.columns[column.0 as usize];
        index.get_or_init(|| {
            let leaf = |id: &PredicateId| (*id, &self.predicates[*id as usize].leaf);
            ColumnIndex::new(predicates.iter().map(leaf))
        })
    }

    /// The queries.
    pub fn queries(&self) -> &[Arc<Query>] {
        &self.queries
    }

    /// The fields that the queries read: the columns that a [`dragnet_event::Batch`] must have, in
    /// this order.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The number of distinct predicates.
    pub fn predicate_count(&self) -> usize {
        self.predicates.len()
    }
}

#[derive(Default)]
struct Compiler {
    fields: Vec<Field>,
    field_ids: HashMap<Field, ColumnId>,
    predicates: Vec<Predicate>,
    predicate_ids: HashMap<Leaf, PredicateId>,
    node_count: u32,
}

impl Compiler {
    fn timing(&mut self, timing: &Timing) -> CompiledTiming {
        let mut column = |field: &Option<Field>| field.as_ref().map(|field| self.column(field));
        CompiledTiming {
            timestamp: column(&timing.timestamp),
            tiebreaker: column(&timing.tiebreaker),
            window: column(&timing.window),
            strict_window: timing.strict_window,
        }
    }

    fn query(&mut self, number: u32, query: &Query) -> Vec<CompiledStage> {
        let (stages, until, needs_time) = match query {
            Query::Sequence(sequence) => (&*sequence.stages, sequence.until.as_ref(), true),
            Query::Sample(sample) => (&*sample.stages, None, false),
            Query::Threshold(_) | Query::NewTerms(_) => (&[][..], None, true),
            Query::Event { .. } | Query::IndicatorMatch(_) => (&[][..], None, false),
        };
        if let Some((condition, keys)) = query.only_stage() {
            return vec![CompiledStage {
                query: number,
                stage: 0,
                condition: self.root(condition),
                keys: keys.iter().map(|key| self.key(key)).collect(),
                needs_time,
            }];
        }
        stages
            .iter()
            .chain(until)
            .enumerate()
            .map(|(stage, term)| CompiledStage {
                query: number,
                stage: stage as StageNumber,
                condition: self.root(&term.condition),
                keys: term.keys.iter().map(|key| self.key(key)).collect(),
                needs_time,
            })
            .collect()
    }

    fn key(&mut self, key: &Key) -> CompiledKey {
        CompiledKey {
            column: key.field.as_ref().map(|field| self.column(field)),
            optional: key.optional,
        }
    }

    fn column(&mut self, field: &Field) -> ColumnId {
        let next = ColumnId(self.fields.len() as u32);
        *self.field_ids.entry(field.clone()).or_insert_with(|| {
            self.fields.push(field.clone());
            next
        })
    }

    fn predicate(&mut self, leaf: &Leaf) -> PredicateId {
        if let Some(id) = self.predicate_ids.get(leaf) {
            return *id;
        }
        let mut columns: Vec<(Field, ColumnId)> = Vec::new();
        leaf.for_each_field(&mut |field| {
            let column = self.column(field);
            if columns.iter().all(|(_, known)| *known != column) {
                columns.push((field.clone(), column));
            }
        });
        let read = columns.iter().map(|(_, column)| *column).collect();
        let kind = match (leaf, columns.as_slice()) {
            (Leaf::Exists(_), [(_, column)]) => PredicateKind::Exists(*column),
            (Leaf::Script(expr), [_]) if !holds_of_null(expr) => PredicateKind::Value,
            (Leaf::Script(_), _) => PredicateKind::Row(columns.into()),
            (Leaf::Words { .. } | Leaf::Regex { .. } | Leaf::Nested { .. }, [(_, column)]) => {
                PredicateKind::Costly(*column)
            }
            _ => PredicateKind::Value,
        };
        let id = self.predicates.len() as PredicateId;
        self.predicates.push(Predicate { leaf: leaf.clone(), kind, columns: read });
        self.predicate_ids.insert(leaf.clone(), id);
        id
    }

    /// A whole condition, its nodes numbered.
    fn root(&mut self, condition: &Condition) -> Node {
        let mut node = self.condition(condition);
        self.number(&mut node);
        node
    }

    fn number(&mut self, node: &mut Node) {
        node.number = self.node_count;
        self.node_count += 1;
        match &mut node.test {
            Test::Const(_) | Test::Predicate(_) => {}
            Test::Not(inner) => self.number(inner),
            Test::All(parts) | Test::Any(parts) => {
                for part in parts {
                    self.number(part);
                }
            }
        }
    }

    fn condition(&mut self, condition: &Condition) -> Node {
        let test = match condition {
            Condition::Const(value) => Test::Const(*value),
            Condition::Leaf(leaf) => Test::Predicate(self.predicate(leaf)),
            Condition::Not(inner) => Test::Not(Box::new(self.condition(inner))),
            Condition::All(parts) => {
                let mut nodes = Vec::new();
                for part in parts {
                    match self.condition(part) {
                        Node { test: Test::All(inner), .. } => nodes.extend(inner),
                        node => nodes.push(node),
                    }
                }
                nodes.sort_by_key(|node| self.cost(node));
                Test::All(nodes)
            }
            Condition::Any(parts) => {
                let mut nodes: Vec<Node> = parts.iter().map(|part| self.condition(part)).collect();
                nodes.sort_by_key(|node| self.cost(node));
                Test::Any(nodes)
            }
        };
        Node { number: 0, test }
    }

    /// The order in which the parts of a condition are looked at.
    fn cost(&self, node: &Node) -> u32 {
        match &node.test {
            Test::Const(_) => 0,
            Test::Predicate(id) => match self.predicates[*id as usize].kind {
                PredicateKind::Value => 1,
                PredicateKind::Exists(_) => 2,
                PredicateKind::Costly(_) => 50,
                PredicateKind::Row(_) => 100,
            },
            Test::Any(parts) | Test::All(parts) => {
                2 + parts.iter().map(|part| self.cost(part)).max().unwrap_or(0)
            }
            Test::Not(inner) => 4 + self.cost(inner),
        }
    }

    fn indexed_columns(&self) -> Vec<IndexedColumn> {
        let mut by_column: Vec<Vec<PredicateId>> = vec![Vec::new(); self.fields.len()];
        for (id, predicate) in (0..).zip(&self.predicates) {
            if matches!(predicate.kind, PredicateKind::Value | PredicateKind::Costly(_))
                && let Some(column) = predicate.columns.last()
            {
                by_column[column.0 as usize].push(id);
            }
        }
        let is_cheap =
            |id: &PredicateId| self.predicates[*id as usize].kind == PredicateKind::Value;
        let column = |predicates: Vec<PredicateId>| {
            let has_cheap = predicates.iter().any(is_cheap);
            IndexedColumn { predicates, has_cheap, index: OnceLock::new() }
        };
        by_column.into_iter().map(column).collect()
    }
}

/// Whether a script on one field holds where the field is missing (`length(f) == null`): then it
/// cannot be decided from the values alone.
fn holds_of_null(expr: &dragnet_plan::Expr) -> bool {
    expr.eval(&|_| None) == Some(dragnet_event::Value::Bool(true))
}
