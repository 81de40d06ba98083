//! Whether rules can fire on some telemetry: not whether they do on these events, but whether what they
//! need to see is in events like these.
//!
//! Telemetry is a number of *kinds* of events (of one dataset, code and category). Of each kind it is
//! known which fields occur, and for the few fields that tell kinds apart, with which values. A test of such a
//! field must hold for one of its values; of any other field it is enough that the field occurs.

use std::collections::{BTreeMap, BTreeSet};

use dragnet_event::{Batch, Field, Value};
use dragnet_plan::{Condition, Key, Leaf, Query, Stage};

use crate::reference::value_holds;

/// The fields that tell what a source sends, so that values which have not been seen count as lacking. What stands
/// first is what a lack is named after.
pub const TELLING: &[&str] = &[
    "host.os.type",
    "data_stream.dataset",
    "event.dataset",
    "event.module",
    "event.provider",
    "winlog.channel",
    "event.category",
    "event.code",
    "event.type",
    "event.kind",
];

/// What a kind of events is: the values of these fields.
const KIND: &[&str] = &["data_stream.dataset", "event.code", "event.category"];

/// Distinct values of a telling field that one kind keeps; with more, any value counts as seen.
const MAX_VALUES: usize = 1000;
/// Kinds that are told apart; further ones are one.
const MAX_KINDS: usize = 4096;

/// What occurs in telemetry.
#[derive(Debug)]
pub struct Telemetry {
    fields: Vec<Field>,
    kinds: BTreeMap<Vec<String>, Kind>,
}

/// One kind of events.
#[derive(Debug, Default)]
struct Kind {
    events: u64,
    /// By field path. The values only of telling fields.
    seen: BTreeMap<String, Vec<Value>>,
}

/// Something that a rule needs and telemetry lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    /// The field.
    pub field: String,
    /// The test that none of the field's values satisfies; `None` if the field does not occur at all.
    pub test: Option<String>,
}

impl std::fmt::Display for Lack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.test.as_deref().unwrap_or(&self.field))
    }
}

impl Lack {
    /// The place among what lacks are named after: the nearer to 0, the more it tells of the source that would
    /// be needed.
    pub fn rank(&self) -> usize {
        TELLING.iter().position(|field| *field == self.field).unwrap_or(TELLING.len())
    }
}

impl Telemetry {
    /// Nothing seen yet. `fields` are those that rules read.
    pub fn new(fields: &[Field]) -> Telemetry {
        let mut all = fields.to_vec();
        for path in TELLING.iter().chain(KIND) {
            if all.iter().all(|field| field.path() != *path) {
                all.push(Field::any(*path));
            }
        }
        Telemetry { fields: all, kinds: BTreeMap::new() }
    }

    /// The columns that a batch must have.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The kinds: the values of dataset, code and category (empty where an event has none), and how many events.
    pub fn kinds(&self) -> impl Iterator<Item = (&[String], u64)> {
        self.kinds.iter().map(|(key, kind)| (key.as_slice(), kind.events))
    }

    /// Takes the events of a batch that has [`Telemetry::fields`] for columns.
    pub fn add(&mut self, batch: &Batch) {
        for row in 0..batch.len() as u32 {
            let key = self.key(batch, row);
            let kind = self.kinds.entry(key).or_default();
            kind.events += 1;
            for column in batch.columns() {
                let path = column.field().path();
                for value in column.row_values(row) {
                    let values = match kind.seen.get_mut(path) {
                        Some(values) => values,
                        None => kind.seen.entry(path.to_owned()).or_default(),
                    };
                    let is_kept = TELLING.contains(&path) && values.len() < MAX_VALUES;
                    if is_kept && !values.iter().any(|kept| kept.as_scalar() == value) {
                        values.push(value.to_value());
                    }
                }
            }
        }
    }

    fn key(&self, batch: &Batch, row: u32) -> Vec<String> {
        let value = |path: &&str| {
            let column = batch.columns().iter().find(|column| column.field().path() == *path);
            let first = column.and_then(|column| column.row_values(row).next());
            first.map(|value| value.text().into_owned()).unwrap_or_default()
        };
        let key: Vec<String> = KIND.iter().map(value).collect();
        let is_new = self.kinds.len() >= MAX_KINDS && !self.kinds.contains_key(&key);
        if is_new { vec!["(many more)".to_owned()] } else { key }
    }

    /// What a query needs and this telemetry lacks, the most telling first; empty if it can fire. Of the kinds of
    /// events that might do, the nearest tells.
    pub fn lacks(&self, query: &Query) -> Vec<Lack> {
        let mut lacks = BTreeSet::new();
        let mut add =
            |condition: &Condition, keys: &[Key]| lacks.extend(self.stage(condition, keys));
        match query {
            Query::Sequence(sequence) => stages(&sequence.stages, &mut add),
            Query::Sample(sample) => stages(&sample.stages, &mut add),
            Query::Event { .. }
            | Query::Threshold(_)
            | Query::NewTerms(_)
            | Query::IndicatorMatch(_) => {
                if let Some((condition, keys)) = query.only_stage() {
                    add(condition, &keys);
                }
            }
        }
        let mut lacks: Vec<Lack> = lacks.into_iter().collect();
        lacks.sort_by_key(|lack| (lack.rank(), lack.clone()));
        lacks
    }

    /// What the nearest kind lacks.
    fn stage(&self, condition: &Condition, keys: &[Key]) -> Vec<Lack> {
        let of_kind = |kind: &Kind| {
            let mut lacks = kind.lacks(condition);
            let required = keys.iter().filter(|key| !key.optional);
            let missing = required.filter_map(|key| key.field.as_ref()).filter(|f| !kind.has(f));
            lacks.extend(missing.map(|field| Lack { field: field.path().to_owned(), test: None }));
            lacks
        };
        let nothing = Kind::default();
        let all = self.kinds.values().map(of_kind);
        // Nearest is what lacks the least telling things: a dataset that is there but for one field is nearer than
        // another dataset.
        let cost = |lacks: &Vec<Lack>| {
            let mut ranks: Vec<usize> =
                lacks.iter().map(|lack| TELLING.len() - lack.rank()).collect();
            ranks.sort_unstable_by(|a, b| b.cmp(a));
            ranks
        };
        all.min_by_key(cost).unwrap_or_else(|| of_kind(&nothing))
    }
}

fn stages(stages: &[Stage], add: &mut impl FnMut(&Condition, &[Key])) {
    for stage in stages.iter().filter(|stage| !stage.missing) {
        add(&stage.condition, &stage.keys);
    }
}

impl Kind {
    fn has(&self, field: &Field) -> bool {
        self.seen.contains_key(field.path())
    }

    /// What a condition needs and no event of this kind has.
    fn lacks(&self, condition: &Condition) -> Vec<Lack> {
        match condition {
            Condition::Const(_) | Condition::Not(_) => Vec::new(),
            Condition::Leaf(leaf) => self.leaf(leaf),
            Condition::All(parts) => parts.iter().flat_map(|part| self.lacks(part)).collect(),
            Condition::Any(parts) => {
                parts.iter().map(|part| self.lacks(part)).min_by_key(Vec::len).unwrap_or_default()
            }
        }
    }

    fn leaf(&self, leaf: &Leaf) -> Vec<Lack> {
        let mut fields: Vec<&Field> = Vec::new();
        leaf.for_each_field(&mut |field| fields.push(field));
        let Some(field) = fields.first() else { return Vec::new() };
        // A script may do without some of its fields.
        if !fields.iter().any(|field| self.has(field)) {
            return vec![Lack { field: field.path().to_owned(), test: test_of(field, leaf) }];
        }
        let values = self.seen.get(field.path()).map_or(&[][..], Vec::as_slice);
        let is_known = !matches!(leaf, Leaf::Script(_))
            && TELLING.contains(&field.path())
            && values.len() < MAX_VALUES;
        if is_known && !values.iter().any(|value| value_holds(leaf, value.as_scalar())) {
            return vec![Lack { field: field.path().to_owned(), test: Some(leaf.to_string()) }];
        }
        Vec::new()
    }
}

/// Of a telling field it matters for which value it is missed.
fn test_of(field: &Field, leaf: &Leaf) -> Option<String> {
    TELLING.contains(&field.path()).then(|| leaf.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_event::{EventRef, FieldSink, Schema};

    fn telemetry(events: &[&[(&str, &str)]], query: &Query) -> Vec<String> {
        let mut fields = Vec::new();
        for condition in query.conditions() {
            condition.for_each_leaf(&mut |leaf| {
                leaf.for_each_field(&mut |field| fields.push(field.clone()));
            });
        }
        fields.sort_by(|a, b| a.path().cmp(b.path()));
        fields.dedup_by(|a, b| a.path() == b.path());
        let mut telemetry = Telemetry::new(&fields);
        let mut batch = Batch::new(telemetry.fields(), &Schema::open().field("@timestamp"));
        for (index, event) in (0..).zip(events) {
            for (path, value) in *event {
                batch.put_str(path, value);
            }
            batch.end_row(EventRef { source: 0, block: 0, index });
        }
        telemetry.add(&batch);
        telemetry.lacks(query).iter().map(ToString::to_string).collect()
    }

    fn exists(path: &str) -> Condition {
        Condition::Leaf(Leaf::Exists(Field::any(path)))
    }

    fn is(path: &str, value: &str) -> Condition {
        Condition::Leaf(Leaf::Compare {
            field: Field::any(path),
            op: dragnet_plan::CompareOp::Eq,
            value: dragnet_plan::Literal::Str(value.into()),
        })
    }

    fn event(condition: Condition) -> Query {
        Query::Event { condition, pipes: Vec::new() }
    }

    const SYSMON_1: &[(&str, &str)] = &[
        ("data_stream.dataset", "windows.sysmon_operational"),
        ("event.code", "1"),
        ("event.category", "process"),
        ("process.name", "a.exe"),
    ];
    const SYSMON_11: &[(&str, &str)] = &[
        ("data_stream.dataset", "windows.sysmon_operational"),
        ("event.code", "11"),
        ("event.category", "file"),
        ("file.name", "b"),
    ];

    #[test]
    fn fields_of_one_kind_of_event() {
        let events = [SYSMON_1, SYSMON_11];
        let both = Condition::All(vec![is("event.category", "process"), exists("process.name")]);
        assert!(telemetry(&events, &event(both)).is_empty());
        // Both fields occur, but not in one event.
        let mixed = Condition::All(vec![exists("process.name"), exists("file.name")]);
        assert_eq!(telemetry(&events, &event(mixed)).len(), 1);
        let either = Condition::Any(vec![exists("dll.name"), exists("file.name")]);
        assert!(telemetry(&events, &event(either)).is_empty());
    }

    #[test]
    fn values_matter_for_telling_fields_only() {
        let events = [SYSMON_1];
        assert!(telemetry(&events, &event(is("process.name", "other.exe"))).is_empty());
        let other = is("data_stream.dataset", "endpoint.events.process");
        let lacks = telemetry(&events, &event(other.clone()));
        assert_eq!(lacks, ["data_stream.dataset == \"endpoint.events.process\""]);
        assert!(telemetry(&events, &event(Condition::Not(Box::new(other)))).is_empty());
    }

    #[test]
    fn nothing_seen() {
        assert_eq!(telemetry(&[], &event(exists("process.name"))), ["process.name"]);
    }
}
