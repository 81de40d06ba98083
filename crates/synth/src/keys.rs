//! Join keys: events of several stages that belong together.

use dragnet_event::{Field, FieldType, Value};
use dragnet_plan::{CompareOp, Condition, Key, Leaf, Literal, Number, Stage};

use crate::breaks::clauses;
use crate::event::Event;
use crate::offers::{offers_of, plain};
use crate::solve::Goal;
use crate::{Synth, Unsatisfiable};

/// Most values that are tried for one key.
const MAX_TRIED: usize = 120;

/// Events of stages, with equal join keys.
#[derive(Debug, Clone)]
pub(crate) struct Joined {
    /// One for each stage.
    pub(crate) events: Vec<Event>,
    /// The values of the keys; `None`: null.
    pub(crate) keys: Vec<Option<Value>>,
}

/// The conditions that give a stage these keys.
pub(crate) fn keeping(stage: &Stage, keys: &[Option<Value>]) -> Vec<Condition> {
    let pairs = stage.keys.iter().zip(keys);
    pairs.filter_map(|(key, value)| Some(is(key.field.as_ref()?, value.as_ref()))).collect()
}

/// The field has this value; `None`: it is missing.
pub(crate) fn is(field: &Field, value: Option<&Value>) -> Condition {
    match value {
        None => Condition::Not(Box::new(Condition::Leaf(Leaf::Exists(field.clone())))),
        Some(value) => Condition::Leaf(Leaf::Compare {
            field: field.clone(),
            op: CompareOp::Eq,
            value: match value {
                Value::Bool(b) => Literal::Bool(*b),
                Value::Long(n) => Literal::Long(*n),
                Value::Double(n) => Literal::Double(Number(*n)),
                Value::Date(time) => Literal::Date(*time),
                Value::Str(text) => Literal::Str((**text).into()),
            },
        }),
    }
}

impl Synth<'_> {
    /// Events for all stages with equal keys. What the conditions ask of key fields comes first, what
    /// they leave open gets a value of its own.
    ///
    /// Elasticsearch: an event of `until` that is one of the sequence's own ends it all the same, unless it
    /// is the last.
    pub(crate) fn join(
        &self,
        stages: &[&Stage],
        until: Option<&Condition>,
    ) -> Result<Joined, Unsatisfiable> {
        let mut events = self.with_keys(stages, until, &[])?;
        let count = stages.iter().map(|stage| stage.keys.len()).min().unwrap_or_default();
        let mut keys: Vec<Option<Value>> = Vec::new();
        for at in 0..count {
            let mut failure = None;
            let mut found = None;
            for value in self.values_for_key(stages, &keys, &events) {
                let tried = [keys.as_slice(), &[value]].concat();
                match self.with_keys(stages, until, &tried) {
                    // A field that the key shares with another value is the second choice.
                    Ok(events) => {
                        let is_plain = is_plain(stages, &events, at);
                        if is_plain || found.is_none() {
                            found = Some((tried, events));
                        }
                        if is_plain {
                            break;
                        }
                    }
                    Err(error) => drop(failure.get_or_insert(error)),
                }
            }
            let Some(found) = found else {
                let failure = failure.unwrap_or_default();
                let reason = format!("no value for join key {}: {}", at + 1, failure.reason);
                return Err(Unsatisfiable { reason, clause: failure.clause });
            };
            (keys, events) = found;
        }
        Ok(Joined { events, keys })
    }

    /// An event of one stage with these keys that satisfies none of the `others`.
    pub(crate) fn with_key(
        &self,
        stage: &Stage,
        keys: &[Option<Value>],
        others: &[&Condition],
    ) -> Result<Event, Unsatisfiable> {
        let keep = keeping(stage, keys);
        let mut goals: Vec<Goal<'_>> = keep.iter().map(|condition| (condition, true)).collect();
        goals.push((&stage.condition, true));
        goals.extend(others.iter().map(|condition| (*condition, false)));
        let event = self.solve(&goals)?;
        let has = |key: &Key, value: &Option<Value>| match (&key.field, value) {
            (Some(field), Some(value)) => {
                event.values(field.path()).iter().any(|own| own.text() == value.text())
            }
            (None, Some(_)) => false,
            (_, None) => key.optional,
        };
        if stage.keys.iter().zip(keys).all(|(key, value)| has(key, value)) {
            return Ok(event);
        }
        let reason = "a join key has an equal value in another spelling only".to_owned();
        Err(Unsatisfiable { reason, clause: format!("{:?}", stage.keys) })
    }

    fn with_keys(
        &self,
        stages: &[&Stage],
        until: Option<&Condition>,
        keys: &[Option<Value>],
    ) -> Result<Vec<Event>, Unsatisfiable> {
        let mut events: Vec<Event> = Vec::new();
        for (at, stage) in stages.iter().enumerate() {
            // `with runs` repeats a stage, up to a hundred times.
            let same = at.checked_sub(1).filter(|before| is_alike(stages[*before], stage));
            let until = until.filter(|_| at + 1 < stages.len());
            let event = match same.and_then(|before| events.get(before)) {
                Some(event) => event.clone(),
                None => self.with_key(stage, keys, until.as_slice())?,
            };
            events.push(event);
        }
        Ok(events)
    }

    /// What a key may be, the likeliest first.
    fn values_for_key(
        &self,
        stages: &[&Stage],
        earlier: &[Option<Value>],
        events: &[Event],
    ) -> Vec<Option<Value>> {
        let at = earlier.len();
        let fields = stages.iter().filter_map(|stage| stage.keys[at].field.as_ref());
        let mut values: Vec<Option<Value>> = Vec::new();
        let mut add = |value| {
            if !values.contains(&value) && values.len() < MAX_TRIED {
                values.push(value);
            }
        };
        // One field as two keys had better have one value.
        for (key, value) in earlier.iter().enumerate() {
            if stages.iter().any(|stage| stage.keys[key].field == stage.keys[at].field) {
                add(value.clone());
            }
        }
        // A value that no other case has, if the conditions allow it.
        fields.clone().for_each(|field| add(Some(self.key_value(field, at, 0))));
        for (stage, event) in stages.iter().zip(events) {
            let Some(field) = &stage.keys[at].field else { continue };
            event.values(field.path()).iter().for_each(|value| add(Some(value.clone())));
        }
        fields
            .clone()
            .for_each(|field| plain(field).into_iter().for_each(|value| add(Some(value))));
        for stage in stages {
            let Some(field) = &stage.keys[at].field else { continue };
            for (condition, wanted) in clauses(&stage.condition) {
                condition.for_each_leaf(&mut |leaf| {
                    let mut reads = false;
                    leaf.for_each_field(&mut |other| reads |= other == field);
                    if wanted && reads {
                        offers_of(leaf).into_iter().take(40).for_each(|value| add(Some(value)));
                    }
                });
            }
        }
        if stages.iter().all(|stage| stage.keys[at].optional) {
            add(None);
        }
        values
    }

    /// A value that no other case has; `other` tells several apart.
    pub(crate) fn key_value(&self, field: &Field, at: usize, other: u8) -> Value {
        const NUMBERS: &[&str] = &["pid", "port"];
        // FNV-1a: the name alone decides.
        let hash = self
            .name
            .bytes()
            .fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
        let hash = hash.wrapping_add(at as u32 * 2 + u32::from(other));
        let last = field.name().rsplit('.').next().unwrap_or_default();
        match field.ty() {
            FieldType::Ip => {
                let [_, b, c, d] = hash.to_be_bytes();
                Value::Str(format!("10.{b}.{c}.{d}").into())
            }
            FieldType::Long => Value::Long(i64::from(hash % 60_000 + 5)),
            FieldType::Any if NUMBERS.contains(&last) => Value::Long(i64::from(hash % 60_000 + 5)),
            FieldType::Double => Value::Double(f64::from(hash % 60_000) + 0.5),
            FieldType::Boolean => Value::Bool(other == 0),
            FieldType::Date => {
                let time = self.start.plus_millis(-i64::from(hash % 60_000));
                Value::Str(time.to_string().into())
            }
            FieldType::Version => Value::Str(format!("7.{}.{other}", hash % 60_000).into()),
            FieldType::Any
            | FieldType::Keyword
            | FieldType::Caseless
            | FieldType::Text
            | FieldType::Object
            | FieldType::Unsupported => {
                let other = if other == 0 { String::new() } else { format!("-other{other}") };
                Value::Str(format!("key{at}-{}{other}", self.name).into())
            }
        }
    }
}

/// The values of one key that all events have in common, each once, as texts; `None` is null.
fn in_common(stages: &[&Stage], events: &[&Event], key: usize) -> Vec<Option<String>> {
    let values = |(stage, event): (&&Stage, &&Event)| -> Vec<Option<String>> {
        let Some(key) = stage.keys.get(key) else { return Vec::new() };
        let values = key.field.as_ref().map(|field| event.values(field.path())).unwrap_or_default();
        match values {
            [] if key.optional => vec![None],
            values => values.iter().map(|value| Some(value.text().into_owned())).collect(),
        }
    };
    let mut of_events = stages.iter().zip(events).map(values);
    let mut common = of_events.next().unwrap_or_default();
    for own in of_events {
        common.retain(|value| own.contains(value));
    }
    common.sort_unstable();
    common.dedup();
    common
}

/// Whether no event has several values in the field of a key.
fn is_plain(stages: &[&Stage], events: &[Event], key: usize) -> bool {
    stages.iter().zip(events).all(|(stage, event)| {
        let field = stage.keys[key].field.as_ref();
        field.is_none_or(|field| event.values(field.path()).len() <= 1)
    })
}

/// Whether events belong together, each as the stage of its place. Conditions are not looked at.
pub(crate) fn belong_together(stages: &[&Stage], events: &[&Event]) -> bool {
    let keys = stages.first().map_or(0, |stage| stage.keys.len());
    (0..keys).all(|key| !in_common(stages, events, key).is_empty())
}

impl Joined {
    /// Whether the events have these keys alone in common. Those whose key fields have several values
    /// can have more, and each makes a finding of its own.
    pub(crate) fn is_alone(&self, stages: &[&Stage]) -> bool {
        let events: Vec<&Event> = self.events.iter().collect();
        (0..self.keys.len()).all(|key| in_common(stages, &events, key).len() <= 1)
    }
}

/// Whether two stages ask for the same.
pub(crate) fn is_alike(one: &Stage, other: &Stage) -> bool {
    one.keys == other.keys && one.missing == other.missing && one.condition == other.condition
}
