//! Many queries compiled together.

use std::sync::Arc;

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
    /// Parallel to `fields`.
    pub(crate) columns: Vec<ColumnIndex>,
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
    /// else has left over.
    Row,
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
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
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
        let columns = compiler.column_indexes();
        let Compiler { fields, predicates, .. } = compiler;
        RuleSet { queries, timings, fields, predicates, stages, columns }
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
                condition: self.condition(condition),
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
                condition: self.condition(&term.condition),
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
        let mut columns: Vec<ColumnId> = Vec::new();
        leaf.for_each_field(&mut |field| {
            let column = self.column(field);
            if !columns.contains(&column) {
                columns.push(column);
            }
        });
        let kind = match (leaf, columns.as_slice()) {
            (Leaf::Exists(_), [column]) => PredicateKind::Exists(*column),
            (Leaf::Script(expr), [_]) if !holds_of_null(expr) => PredicateKind::Value,
            (Leaf::Script(_), _) => PredicateKind::Row,
            (Leaf::Words { .. } | Leaf::Regex { .. } | Leaf::Nested { .. }, [column]) => {
                PredicateKind::Costly(*column)
            }
            _ => PredicateKind::Value,
        };
        let id = self.predicates.len() as PredicateId;
        self.predicates.push(Predicate { leaf: leaf.clone(), kind });
        self.predicate_ids.insert(leaf.clone(), id);
        id
    }

    fn condition(&mut self, condition: &Condition) -> Node {
        match condition {
            Condition::Const(value) => Node::Const(*value),
            Condition::Leaf(leaf) => Node::Predicate(self.predicate(leaf)),
            Condition::Not(inner) => Node::Not(Box::new(self.condition(inner))),
            Condition::All(parts) => {
                let mut nodes = Vec::new();
                for part in parts {
                    match self.condition(part) {
                        Node::All(inner) => nodes.extend(inner),
                        node => nodes.push(node),
                    }
                }
                nodes.sort_by_key(|node| self.cost(node));
                Node::All(nodes)
            }
            Condition::Any(parts) => {
                let mut nodes: Vec<Node> = parts.iter().map(|part| self.condition(part)).collect();
                nodes.sort_by_key(|node| self.cost(node));
                Node::Any(nodes)
            }
        }
    }

    /// The order in which the parts of a condition are looked at.
    fn cost(&self, node: &Node) -> u32 {
        match node {
            Node::Const(_) => 0,
            Node::Predicate(id) => match self.predicates[*id as usize].kind {
                PredicateKind::Value => 1,
                PredicateKind::Exists(_) => 2,
                PredicateKind::Costly(_) => 50,
                PredicateKind::Row => 100,
            },
            Node::Any(parts) | Node::All(parts) => {
                2 + parts.iter().map(|part| self.cost(part)).max().unwrap_or(0)
            }
            Node::Not(inner) => 4 + self.cost(inner),
        }
    }

    fn column_indexes(&self) -> Vec<ColumnIndex> {
        let mut by_column: Vec<Vec<(PredicateId, &Leaf)>> = vec![Vec::new(); self.fields.len()];
        for (id, predicate) in self.predicates.iter().enumerate() {
            if matches!(predicate.kind, PredicateKind::Value | PredicateKind::Costly(_)) {
                let mut column = None;
                predicate.leaf.for_each_field(&mut |field| column = Some(self.field_ids[field]));
                if let Some(column) = column {
                    by_column[column.0 as usize].push((id as PredicateId, &predicate.leaf));
                }
            }
        }
        by_column.iter().map(|leaves| ColumnIndex::new(leaves)).collect()
    }
}

/// Whether a script on one field holds where the field is missing (`length(f) == null`): then it
/// cannot be decided from the values alone.
fn holds_of_null(expr: &dragnet_plan::Expr) -> bool {
    expr.eval(&|_| None) == Some(dragnet_event::Value::Bool(true))
}
