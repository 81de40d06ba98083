//! Random events and conditions, and short ways to write them.

use dragnet_engine::reference::Event;
use dragnet_event::{Batch, EventRef, Field, FieldSink, Scalar, Schema, Time, Value};
use dragnet_plan::pattern::{Dialect, RegexPattern, Wildcard};
use dragnet_plan::{
    ArithmeticOp, CompareOp, Condition, Expr, Function, Leaf, Literal, Network, Number,
};
use proptest::prelude::*;

/// The values of one event: pairs of field and value, a field repeated for an array.
pub(crate) type Values = Vec<(&'static str, Value)>;

pub(crate) const FIELDS: [&str; 4] = ["a", "b", "c", "d.ip"];

pub(crate) fn field(name: &str) -> Field {
    Schema::open().field(name)
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        prop::sample::select(vec!["", "x", "X", "xy", "Yx", "10", "1", "a*b", "10.0.0.7", "::1"])
            .prop_map(|s| Value::Str(s.into())),
        (0i64..12).prop_map(Value::Long),
        prop::sample::select(vec![0.5, 1.0, 10.0]).prop_map(Value::Double),
        any::<bool>().prop_map(Value::Bool),
    ]
}

/// An event with up to six values.
pub(crate) fn values() -> impl Strategy<Value = Values> {
    prop::collection::vec((prop::sample::select(FIELDS.to_vec()), value()), 0..6)
}

fn any_field() -> impl Strategy<Value = Field> {
    prop::sample::select(FIELDS.to_vec()).prop_map(field)
}

fn literal() -> impl Strategy<Value = Literal> {
    prop_oneof![
        prop::sample::select(vec!["x", "X", "xy", "10", "1", "a*b", "true"])
            .prop_map(|s| Literal::Str(s.into())),
        (0i64..12).prop_map(Literal::Long),
        Just(Literal::Double(Number(0.5))),
        any::<bool>().prop_map(Literal::Bool),
    ]
}

fn order() -> impl Strategy<Value = CompareOp> {
    use CompareOp::{Eq, Ge, Gt, Le, Lt};
    prop::sample::select(vec![Eq, Lt, Le, Gt, Ge])
}

fn patterns() -> impl Strategy<Value = Vec<Wildcard>> {
    let text = prop::sample::select(vec!["x", "X*", "*y", "*x*", "?", "1?", "*", "a*b", "10.*"]);
    (prop::collection::vec(text, 1..3), any::<bool>())
        .prop_map(|(texts, fold)| texts.iter().map(|t| Wildcard::new(t, fold)).collect())
}

fn leaf() -> impl Strategy<Value = Leaf> {
    let regex = |text| vec![RegexPattern::new(text, false, Dialect::Lucene).unwrap()];
    prop_oneof![
        any_field().prop_map(Leaf::Exists),
        (any_field(), order(), literal()).prop_map(|(field, op, value)| Leaf::Compare {
            field,
            op,
            value
        }),
        (any_field(), prop::collection::vec(literal(), 1..3), any::<bool>())
            .prop_map(|(field, values, fold)| Leaf::OneOf { field, values, fold }),
        (any_field(), patterns()).prop_map(|(field, patterns)| Leaf::Like { field, patterns }),
        (any_field(), prop::sample::select(vec!["x.*", "[0-9]+", "x|y"]))
            .prop_map(move |(field, text)| Leaf::Regex { field, patterns: regex(text) }),
        any_field().prop_map(|field| Leaf::Cidr {
            field,
            networks: vec![Network::parse("10.0.0.0/8").unwrap(), Network::parse("::/64").unwrap()],
        }),
        script().prop_map(Leaf::Script),
    ]
}

/// Scripts over no field, one and two; some of them hold of missing fields.
fn script() -> impl Strategy<Value = Expr> {
    let compare = |op, left, right| Expr::Compare { op, left: Box::new(left), right };
    let long = |n| Box::new(Expr::Literal(Literal::Long(n)));
    prop_oneof![
        (any_field(), order(), 0i64..3).prop_map(move |(f, op, n)| {
            let args = vec![Expr::Field(f)];
            compare(op, Expr::Call { function: Function::Length, args }, long(n))
        }),
        (any_field(), any_field(), order()).prop_map(move |(a, b, op)| {
            let (left, right) = (Box::new(Expr::Field(a)), Box::new(Expr::Field(b)));
            let sum = Expr::Arithmetic { op: ArithmeticOp::Add, left, right };
            compare(op, sum, long(10))
        }),
        (any_field(), any_field()).prop_map(|(a, b)| {
            let args = vec![Expr::Field(a), Expr::Field(b)];
            Expr::IsNull(Box::new(Expr::Call { function: Function::Concat, args }))
        }),
        any_field().prop_map(|f| {
            let args = vec![Expr::Field(f)];
            Expr::IsNull(Box::new(Expr::Call { function: Function::Length, args }))
        }),
        any::<bool>().prop_map(|b| Expr::Literal(Literal::Bool(b))),
    ]
}

/// A condition of a few leaves.
pub(crate) fn condition() -> impl Strategy<Value = Condition> {
    let leaf = prop_oneof![
        9 => leaf().prop_map(Condition::Leaf),
        1 => any::<bool>().prop_map(Condition::Const)
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::All),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Condition::Any),
            inner.prop_map(|c| Condition::Not(Box::new(c))),
        ]
    })
}

/// The event for the reference evaluator.
pub(crate) fn event(values: &Values) -> Event {
    let mut event = Event::default();
    for (path, value) in values {
        event.put(path, value.as_scalar());
    }
    event
}

/// Appends an event to a batch.
pub(crate) fn append(batch: &mut Batch, index: u32, time: Option<i64>, values: &Values) {
    for (path, value) in values {
        batch.put(path, value.as_scalar());
    }
    if let Some(ms) = time {
        batch.put("@timestamp", Scalar::Date(Time::from_millis(ms)));
    }
    batch.end_row(EventRef { source: 0, block: 0, index });
}
