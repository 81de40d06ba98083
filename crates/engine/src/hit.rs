//! What matching and correlating give.

use std::cmp::Ordering;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use dragnet_event::{EventRef, Time, Value};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The number of a stage within its query: as in [`dragnet_plan::Query::conditions`], so `until`
/// has the number after the last stage.
pub type StageNumber = u16;

/// One event that satisfies one stage of one query.
#[derive(Debug, Clone, PartialEq)]
pub struct Hit {
    /// The query's number in its [`crate::RuleSet`].
    pub query: u32,
    /// The stage.
    pub stage: StageNumber,
    /// The join key; empty for event queries. An event whose key fields hold arrays gives one hit
    /// for each combination.
    pub key: JoinKey,
    /// Where the event stands in the order of events.
    pub position: Position,
}

/// Where an event stands in the order of events: by time, then by tiebreaker (missing last), then
/// as read (Elasticsearch: timestamp, tiebreaker, order of the documents).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Position {
    /// The event's time; events without one come first, and take no part in sequences.
    pub time: Option<Time>,
    /// The time by which executions choose the event: that of the rule's `timestamp_override`, else
    /// the event's own. It has no part in the order.
    pub window: Option<Time>,
    /// The value of the tiebreaker field, if there is one.
    pub tiebreak: Option<Value>,
    /// The event.
    pub event: EventRef,
}

impl Position {
    /// The time by which executions choose the event; the beginning of all times if it has none.
    pub fn window_time(&self) -> Time {
        self.window.unwrap_or(Time(i64::MIN))
    }
}

impl Eq for Position {}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Position) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Position {
    fn cmp(&self, other: &Position) -> Ordering {
        let tiebreak = match (&self.tiebreak, &other.tiebreak) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => compare_values(a, b),
        };
        self.time.cmp(&other.time).then(tiebreak).then_with(|| self.event.cmp(&other.event))
    }
}

/// A total order of values: booleans, then numbers and dates by value, then text. It has to be total, so
/// numbers are compared as doubles in IEEE 754's total order, and equal doubles by their text.
pub(crate) fn compare_values(a: &Value, b: &Value) -> Ordering {
    let class = |value: &Value| match value {
        Value::Bool(_) => 0,
        Value::Long(_) | Value::Double(_) => 1,
        Value::Date(_) => 2,
        Value::Str(_) => 3,
    };
    let number = |value: &Value| value.as_scalar().as_number().unwrap_or(f64::NAN);
    class(a).cmp(&class(b)).then_with(|| match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Long(a), Value::Long(b)) => number(&Value::Long(*a))
            .total_cmp(&number(&Value::Long(*b)))
            .then(a.to_string().cmp(&b.to_string())),
        (Value::Date(a), Value::Date(b)) => a.cmp(b),
        (Value::Str(a), Value::Str(b)) => a.cmp(b),
        (a, b) => number(a).total_cmp(&number(b)).then_with(|| a.text().cmp(&b.text())),
    })
}

/// The values by which the events of a sequence or a sample belong together; `None` is null.
///
/// Two keys are equal if the canonical texts of their values are: a process id is the same whether one
/// source writes it as a number and another as text.
#[derive(Debug, Clone)]
pub struct JoinKey(Arc<[Option<Value>]>);

impl JoinKey {
    /// A key of these values.
    pub fn new(values: Vec<Option<Value>>) -> JoinKey {
        JoinKey(values.into())
    }

    /// The key of a query without join keys.
    pub fn none() -> JoinKey {
        JoinKey(Arc::new([]))
    }

    /// The values.
    pub fn values(&self) -> &[Option<Value>] {
        &self.0
    }
}

impl Serialize for JoinKey {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> Deserialize<'de> for JoinKey {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<JoinKey, D::Error> {
        Vec::deserialize(from).map(JoinKey::new)
    }
}

impl PartialEq for JoinKey {
    fn eq(&self, other: &JoinKey) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().zip(other.0.iter()).all(|pair| match pair {
                (Some(a), Some(b)) => a.text() == b.text(),
                (None, None) => true,
                _ => false,
            })
    }
}

impl Eq for JoinKey {}

impl Hash for JoinKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for value in self.0.iter() {
            value.as_ref().map(|value| value.text()).hash(state);
        }
    }
}

impl PartialOrd for JoinKey {
    fn partial_cmp(&self, other: &JoinKey) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for JoinKey {
    /// Value by value, null first. Keys are equal by the texts of their values, so the order goes by what the
    /// texts say: booleans, then what reads as a number, by value, then other text.
    fn cmp(&self, other: &JoinKey) -> Ordering {
        let read = |value: &Value| match &*value.text() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            text => {
                let number = text.parse().ok().filter(|n: &f64| n.is_finite());
                number.map_or_else(|| Value::Str(text.into()), Value::Double)
            }
        };
        let by_value = self.0.iter().zip(other.0.iter()).map(|pair| match pair {
            (Some(a), Some(b)) => {
                compare_values(&read(a), &read(b)).then_with(|| a.text().cmp(&b.text()))
            }
            (a, b) => a.is_some().cmp(&b.is_some()),
        });
        by_value.fold(Ordering::Equal, Ordering::then).then(self.0.len().cmp(&other.0.len()))
    }
}

/// The events that satisfy a query together.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The query's number in its [`crate::RuleSet`].
    pub query: u32,
    /// The join key; empty for event queries.
    pub key: JoinKey,
    /// One event per stage, in the order of the stages; `None` for a stage that must be missing. Of a
    /// threshold only the last event that was counted.
    pub events: Vec<Option<Position>>,
    /// What the finding says besides.
    pub evidence: Evidence,
}

/// What a finding says besides its events.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Evidence {
    /// Nothing: the events satisfy the query.
    #[default]
    Events,
    /// A group has enough events; [`Finding::key`] is the group.
    Threshold(Counted),
    /// The first event of these values, [`Finding::key`], since the history begins.
    NewTerms {
        /// The execution that sees it first.
        execution: Time,
    },
    /// Indicators that have values of the event.
    Indicators(Vec<Matched>),
}

/// What was counted of one group in one execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counted {
    /// How many events.
    pub count: u64,
    /// How many distinct values of the other field, if the query counts them.
    pub cardinality: Option<u64>,
    /// The beginning of what was counted, exclusive: that of the execution's window, or the last event
    /// that an earlier finding of the group has counted.
    pub from: Time,
    /// The execution.
    pub execution: Time,
}

/// One entry of a mapping that holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Matched {
    /// The number of the indicator.
    pub indicator: usize,
    /// The event's field.
    pub field: String,
    /// The indicator's field.
    pub path: String,
    /// The value they have in common, as canonical text.
    pub value: String,
}

impl Finding {
    /// The last event: where a sequence completed.
    pub fn last(&self) -> Option<&Position> {
        self.events.iter().flatten().max()
    }

    /// The time by which executions choose the finding: the latest of its events'.
    pub fn window_time(&self) -> Option<Time> {
        self.events.iter().flatten().filter_map(|event| event.window).max()
    }

    /// The order in which findings of one query are shown: by last event, then by key.
    pub fn order(&self, other: &Finding) -> Ordering {
        self.last().cmp(&other.last()).then_with(|| self.key.cmp(&other.key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dragnet_event::Time;
    use proptest::prelude::*;

    fn value() -> impl Strategy<Value = Value> {
        let text = prop::sample::select(vec!["9", "10", "5", "a", "true", "9.0", "1e1", "NaN", ""]);
        prop_oneof![
            text.prop_map(|s| Value::Str(s.into())),
            prop::sample::select(vec![9, 10, i64::MAX, i64::MAX - 1]).prop_map(Value::Long),
            prop::sample::select(vec![9.0, f64::NAN, -0.0, 9.2e18]).prop_map(Value::Double),
            any::<bool>().prop_map(Value::Bool),
            Just(Value::Date(Time(7))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn orders_are_total(a in value(), b in value(), c in value()) {
            prop_assert_eq!(compare_values(&a, &b), compare_values(&b, &a).reverse());
            if compare_values(&a, &b).is_le() && compare_values(&b, &c).is_le() {
                prop_assert!(compare_values(&a, &c).is_le());
            }
            let key = |value: &Value| JoinKey::new(vec![Some(value.clone())]);
            let (a, b, c) = (key(&a), key(&b), key(&c));
            prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
            prop_assert_eq!(a.cmp(&b).is_eq(), a == b);
            if a <= b && b <= c {
                prop_assert!(a <= c);
            }
        }
    }
}
