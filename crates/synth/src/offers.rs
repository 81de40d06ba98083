//! Values that a leaf may like: the material from which a field's values are chosen.
//!
//! Nothing here need be right, since whoever takes a value asks the evaluator first.

use dragnet_event::{Field, FieldType, Scalar, Value};
use dragnet_plan::pattern::RegexPattern;
use dragnet_plan::text::WordTest;
use dragnet_plan::{CompareOp, Expr, Function, Leaf, Literal};

use crate::event::Event;
use crate::glob::{FILLERS, Glob, expand, glob, intersect, literal};
use crate::script;

/// Most alternatives that are followed where several patterns are brought together.
const MAX_COMMON: usize = 48;
/// Lengths of runs for the sake of functions that measure.
const RUNS: &[usize] = &[64, 260, 2100];
/// Most values offered in one place.
const MAX_OFFERS: usize = 400;

/// Values for a field of which nothing more is known than that it has one.
pub(crate) fn plain(field: &Field) -> Vec<Value> {
    let text = |text: &&str| Value::Str((*text).into());
    let addresses =
        ["81.2.69.142", "10.0.0.7", "203.0.113.7", "127.0.0.1", "2001:470::7", "fe80::7", "::1"];
    let texts = ["quay7", "Berth-12", "d", "/srv/quay/berth", "C:\\Quay\\berth.bin", "0.7.1"];
    match field.ty() {
        FieldType::Ip => addresses.iter().map(text).collect(),
        FieldType::Long => [7, 0, -1, 70_000].map(Value::Long).into(),
        FieldType::Double => [7.5, 0.0, -1.0].map(Value::Double).into(),
        FieldType::Boolean => [true, false].map(Value::Bool).into(),
        FieldType::Date => {
            ["2024-05-14T08:00:00.000Z", "1999-12-31T23:59:59.000Z"].iter().map(text).collect()
        }
        FieldType::Version => ["0.7.1", "9999.0.0"].iter().map(text).collect(),
        FieldType::Any
        | FieldType::Keyword
        | FieldType::Caseless
        | FieldType::Text
        | FieldType::Object
        | FieldType::Unsupported => {
            let mut values: Vec<Value> = Vec::new();
            if is_count(field) {
                values.extend([7, 70_000, 0].map(Value::Long));
            }
            values.extend(texts.iter().chain(&addresses).map(text));
            values.extend([Value::Long(7), Value::Bool(true), Value::Bool(false)]);
            values
        }
    }
}

/// Whether a name says that the field holds whole numbers.
fn is_count(field: &Field) -> bool {
    const NAMES: &[&str] = &["pid", "port", "size", "count", "exit_code", "bytes", "packets"];
    let last = field.name().rsplit(['.', '_']).next().unwrap_or_default();
    NAMES.contains(&last)
}

/// The patterns that a leaf amounts to; `None` if it is no leaf about text.
fn globs(leaf: &Leaf) -> Option<Vec<Glob>> {
    let text = |value: &Literal| match value {
        Literal::Str(text) => Some(text.clone()),
        _ => None,
    };
    match leaf {
        Leaf::Like { patterns, .. } => {
            Some(patterns.iter().map(|p| glob(p.text(), p.fold())).collect())
        }
        Leaf::OneOf { values, fold, .. } => {
            values.iter().map(|value| Some(literal(&text(value)?, *fold))).collect()
        }
        Leaf::Compare { value, op: CompareOp::Eq, .. } => Some(vec![literal(&text(value)?, false)]),
        Leaf::Script(Expr::Call { function, args }) => {
            let [Expr::Field(_), Expr::Literal(Literal::Str(part))] = &args[..] else {
                return None;
            };
            let (before, after, fold) = match function {
                Function::StringContains(fold) => ("*", "*", *fold),
                Function::StartsWith(fold) => ("", "*", *fold),
                Function::EndsWith(fold) => ("*", "", *fold),
                _ => return None,
            };
            let mut whole = glob(before, false);
            whole.extend(literal(part, fold));
            whole.extend(glob(after, false));
            Some(vec![whole])
        }
        _ => None,
    }
}

/// Values for a field that is to satisfy all these leaves, the likeliest first.
pub(crate) fn offers<'a>(
    field: &'a Field,
    leaves: &[&'a Leaf],
) -> Box<dyn Iterator<Item = Value> + 'a> {
    let mut textual = leaves.iter().filter_map(|leaf| globs(leaf));
    let mut common: Vec<Glob> = textual.next().unwrap_or_default();
    for patterns in textual {
        let pairs = common.iter().flat_map(|one| patterns.iter().map(move |other| (one, other)));
        common = pairs.filter_map(|(one, other)| intersect(one, other)).take(MAX_COMMON).collect();
    }
    let measured = leaves.iter().any(|leaf| measures(leaf));
    let runs: Vec<String> = RUNS.iter().filter(|_| measured).map(|n| "x".repeat(*n)).collect();
    let words = joined_words(leaves);
    let leaves = leaves.to_vec();
    let mixed = mixed(&common, &leaves);
    let single = leaves.into_iter().flat_map(offers_of);
    let fillers = FILLERS.iter().map(|filler| (*filler).to_owned()).chain(runs);
    let common = fillers.flat_map(move |filler| {
        let texts = common.iter().map(|glob| Value::Str(expand(glob, &filler).into()));
        texts.take(MAX_OFFERS).collect::<Vec<_>>()
    });
    // Made only as far as they are asked for: the first ones nearly always do.
    Box::new(common.chain(words).chain(single).chain(mixed).chain(plain(field)))
}

/// A text that has what each of these leaves on words asks for.
fn joined_words(leaves: &[&Leaf]) -> Option<Value> {
    let mut texts = Vec::new();
    for leaf in leaves {
        if let Leaf::Words { test, .. } = leaf
            && let Some(Value::Str(text)) = of_words(test).into_iter().next()
        {
            texts.push(text);
        }
    }
    (texts.len() > 1).then(|| Value::Str(texts.join(" ").into()))
}

/// Texts of patterns and of regular expressions after one another: either may leave room for the other.
fn mixed<'a>(common: &[Glob], leaves: &[&'a Leaf]) -> impl Iterator<Item = Value> + use<'a> {
    const EACH: usize = 4;
    let texts: Vec<String> = common.iter().take(EACH).map(|glob| expand(glob, "")).collect();
    let expressions: Vec<&RegexPattern> = leaves
        .iter()
        .filter_map(|leaf| match leaf {
            Leaf::Regex { patterns, .. } if !texts.is_empty() => Some(patterns),
            _ => None,
        })
        .flat_map(|patterns| patterns.iter().take(EACH))
        .collect();
    let examples = expressions.into_iter().flat_map(|expression| expression.examples(EACH));
    examples.flat_map(move |example| {
        let both = |text: &String| [format!("{text}{example}"), format!("{example}{text}")];
        let values: Vec<String> = texts.iter().flat_map(both).collect();
        values.into_iter().map(|text| Value::Str(text.into()))
    })
}

fn measures(leaf: &Leaf) -> bool {
    fn measured(expr: &Expr) -> bool {
        match expr {
            Expr::Call { function: Function::Length, .. } => true,
            Expr::Call { args, .. } | Expr::And(args) | Expr::Or(args) => args.iter().any(measured),
            Expr::Negate(e) | Expr::Not(e) | Expr::IsNull(e) => measured(e),
            Expr::Compare { left, right, .. } | Expr::Arithmetic { left, right, .. } => {
                measured(left) || measured(right)
            }
            _ => false,
        }
    }
    matches!(leaf, Leaf::Script(expr) if measured(expr))
}

/// Values for one leaf on one field.
pub(crate) fn offers_of(leaf: &Leaf) -> Vec<Value> {
    let mut values = match leaf {
        Leaf::Exists(field) => plain(field),
        Leaf::Compare { value, .. } => around(value),
        Leaf::OneOf { values, .. } => {
            values.iter().filter_map(Literal::as_scalar).map(json_value).collect()
        }
        Leaf::Like { patterns, .. } => {
            let expanded = FILLERS
                .iter()
                .flat_map(|filler| patterns.iter().map(|p| expand(&glob(p.text(), false), filler)));
            expanded.take(MAX_OFFERS).map(|text| Value::Str(text.into())).collect()
        }
        Leaf::Regex { patterns, .. } => {
            let texts = patterns.iter().take(64).flat_map(|p| p.examples(8));
            texts.map(|text| Value::Str(text.into())).collect()
        }
        Leaf::Cidr { networks, .. } => {
            let offsets = [7_u128, 1, 0, 0x0101_0101, 0x0045_028e, u128::MAX];
            let of = |offset| networks.iter().map(move |network| network.address(offset));
            let texts = offsets.into_iter().flat_map(of).map(|address| address.to_string());
            texts.map(|text| Value::Str(text.into())).collect()
        }
        Leaf::Fuzzy { fuzzy, .. } => vec![Value::Str(fuzzy.text().into())],
        Leaf::Words { test, .. } => of_words(test),
        // Objects are not made: a rule that asks for one is named.
        Leaf::Nested { .. } => Vec::new(),
        Leaf::Script(expr) => script::proposals(expr, true, &Event::default())
            .into_iter()
            .filter_map(|proposal| proposal.into_iter().next()?.1)
            .collect(),
    };
    values.truncate(MAX_OFFERS);
    values
}

/// Texts whose words pass a test.
fn of_words(test: &WordTest) -> Vec<Value> {
    let texts: Vec<String> = match test {
        WordTest::Phrase { words, .. } => vec![words.join(" ")],
        WordTest::AnyOf(words) => words.iter().map(ToString::to_string).collect(),
        WordTest::Like(patterns) => {
            patterns.iter().map(|p| expand(&glob(p.text(), false), "x")).collect()
        }
        WordTest::Fuzzy(fuzzy) => vec![fuzzy.text().to_owned()],
        WordTest::Regex(regex) => regex.examples(8),
    };
    texts.into_iter().map(|text| Value::Str(text.into())).collect()
}

/// A constant and its neighbours: one of them is equal, smaller, greater.
pub(crate) fn around(value: &Literal) -> Vec<Value> {
    let Some(value) = value.as_scalar() else { return Vec::new() };
    let near: Vec<Value> = match value {
        Scalar::Long(n) => [1, -1, 1000, -1000].map(|by| Value::Long(n.saturating_add(by))).into(),
        Scalar::Double(n) => [0.5, -0.5, 1000.0, -1000.0].map(|by| Value::Double(n + by)).into(),
        Scalar::Bool(b) => vec![Value::Bool(!b)],
        Scalar::Date(time) => {
            let near = [time.plus_millis(1), time.plus_millis(-1)];
            near.map(|time| json_value(Scalar::Date(time))).into()
        }
        Scalar::Str(text) => vec![Value::Str(format!("{text}0").into()), Value::Str("".into())],
    };
    std::iter::once(json_value(value)).chain(near).collect()
}

/// A value as JSON can hold it: dates are text there.
pub(crate) fn json_value(value: Scalar<'_>) -> Value {
    match value {
        Scalar::Date(_) => Value::Str(value.text().into()),
        other => other.to_value(),
    }
}
