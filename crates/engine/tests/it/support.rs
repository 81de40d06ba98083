//! Random events and conditions, and short ways to write them.

use dragnet_engine::reference::Event;
use dragnet_event::{
    Batch, EventRef, Field, FieldSink, FieldType, Scalar, Schema, Time, Value, flatten_at,
};
use dragnet_plan::pattern::{Dialect, Fuzzy, RegexPattern, Wildcard};
use dragnet_plan::text::{Analyzer, WordTest};
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
        prop::sample::select(vec!["x y", "Y-x, X", "xy 10 y", "y xy x x", "\u{212a}\u{130}x"])
            .prop_map(|s| Value::Str(s.into())),
        (0i64..12).prop_map(Value::Long),
        prop::sample::select(vec![0.5, 1.0, 10.0]).prop_map(Value::Double),
        any::<bool>().prop_map(Value::Bool),
    ]
}

/// An event with up to six values; what stands at [`OBJECTS`] is an object as JSON text.
pub(crate) fn values() -> impl Strategy<Value = Values> {
    let objects = [
        r#"{"p": "x", "q": 1}"#,
        r#"{"p": ["y", "x"], "q": 10}"#,
        r#"{"r": {"p": "x y"}, "q": null}"#,
        r#"{"r": [{"p": "x", "q": 1}, {"p": "y", "q": 2}]}"#,
        "{}",
    ];
    let object = prop::sample::select(objects.to_vec()).prop_map(|s| Value::Str(s.into()));
    let one = prop_oneof![
        5 => (prop::sample::select(FIELDS.to_vec()), value()),
        1 => (Just(OBJECTS), object),
    ];
    prop::collection::vec(one, 0..6)
}

/// Where events have objects.
const OBJECTS: &str = "o";

fn any_field() -> impl Strategy<Value = Field> {
    prop_oneof![
        8 => prop::sample::select(FIELDS.to_vec()).prop_map(field),
        1 => Just(field("a.caseless")),
        1 => prop::sample::select(vec!["*", "o.*", "d*", "*.p"]).prop_map(field),
        1 => prop::sample::select(vec!["o.p", "o.q"]).prop_map(field),
    ]
}

/// Objects of [`OBJECTS`], or those within them.
fn nested() -> impl Strategy<Value = Leaf> {
    let nested = |path, condition| Leaf::Nested {
        field: Field::any(path).with_type(FieldType::Object),
        condition: Box::new(condition),
    };
    let equals = |path, value| {
        let field = field(path);
        Condition::Leaf(Leaf::Compare { field, op: CompareOp::Eq, value })
    };
    (prop::sample::select(vec!["x", "y", "x y"]), 0i64..3, any::<bool>()).prop_map(
        move |(text, number, deep)| {
            let path = if deep { "o.r" } else { "o" };
            let p = equals(if deep { "o.r.p" } else { "o.p" }, Literal::Str(text.into()));
            let q = equals(if deep { "o.r.q" } else { "o.q" }, Literal::Long(number));
            let inner = nested(path, Condition::All(vec![p, Condition::Not(Box::new(q))]));
            if deep && number == 2 { nested(OBJECTS, Condition::Leaf(inner)) } else { inner }
        },
    )
}

fn word_test() -> impl Strategy<Value = WordTest> {
    let words = prop::collection::vec(prop::sample::select(vec!["x", "y", "xy", "10"]), 1..4);
    let words = words.prop_map(|w| w.into_iter().map(Into::into).collect::<Vec<Box<str>>>());
    prop_oneof![
        (words.clone(), 0u32..4).prop_map(|(words, slop)| WordTest::Phrase { words, slop }),
        words.prop_map(WordTest::AnyOf),
        patterns().prop_map(WordTest::Like),
        (0u8..3).prop_map(|steps| WordTest::Fuzzy(Fuzzy::new("xyz", steps))),
        Just(WordTest::Regex(RegexPattern::new("x.*|y", false, Dialect::Lucene).unwrap())),
    ]
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
        (any_field(), prop::sample::select(vec!["x", "xy", "10.0.0.1"]), 0u8..3)
            .prop_map(|(field, text, steps)| Leaf::Fuzzy { field, fuzzy: Fuzzy::new(text, steps) }),
        (any_field(), prop::sample::select(Analyzer::ALL.to_vec()), word_test())
            .prop_map(|(field, analyzer, test)| Leaf::Words { field, analyzer, test }),
        nested(),
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
    put(&mut event, values);
    event
}

/// Puts values, and objects with what is in them.
pub(crate) fn put(sink: &mut dyn FieldSink, values: &Values) {
    for (path, value) in values {
        match value {
            Value::Str(json) if *path == OBJECTS => {
                let object = serde_json::from_str(json).unwrap();
                flatten_at(&object, OBJECTS, sink);
            }
            value => sink.put(path, value.as_scalar()),
        }
    }
}

/// Appends an event to a batch.
pub(crate) fn append(batch: &mut Batch, index: u32, time: Option<i64>, values: &Values) {
    put(batch, values);
    if let Some(ms) = time {
        batch.put("@timestamp", Scalar::Date(Time::from_millis(ms)));
    }
    batch.end_row(EventRef { source: 0, block: 0, index });
}
