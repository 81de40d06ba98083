//! Values for scripts: expressions worked backwards, and tried out where that leads nowhere.

use dragnet_event::{Field, Scalar, Value};
use dragnet_plan::{ArithmeticOp, CompareOp, Expr, Function, Literal, Network, Number};

use crate::event::Event;
use crate::glob::{FILLERS, expand, glob};
use crate::offers::{around, json_value, plain};

/// Values for fields; `None`: the field is to be missing.
pub(crate) type Proposal = Vec<(Field, Option<Value>)>;

/// Most proposals for one expression.
const MAX_PROPOSALS: usize = 96;
/// Most combinations that are tried out.
const MAX_TRIES: usize = 600;
/// Levels of an expression that are worked backwards; what lies deeper is only tried.
const MAX_DEPTH: usize = 12;
/// What may follow or precede a part that is cut off.
const MAX_PAD: usize = 24;

/// Ways to make an expression true, or (`wanted` is false) anything but true, given what is known
/// of the event. Each was tried on the first values of the fields.
pub(crate) fn proposals(expr: &Expr, wanted: bool, known: &Event) -> Vec<Proposal> {
    let right = |proposal: &Proposal| is_true(expr, &with(known, proposal)) == wanted;
    let mut found = if wanted { truths(expr, known, 0) } else { Vec::new() };
    found.retain(right);
    found.extend(tried(expr, known).filter(right).take(MAX_PROPOSALS / 4));
    found.truncate(MAX_PROPOSALS);
    found
}

fn with(known: &Event, proposal: &Proposal) -> Event {
    let mut event = known.clone();
    for (field, value) in proposal {
        event.set(field.path(), value.iter().cloned().collect());
    }
    event
}

fn value_of(expr: &Expr, event: &Event) -> Option<Value> {
    expr.eval(&|field| event.first(field))
}

fn is_true(expr: &Expr, event: &Event) -> bool {
    value_of(expr, event) == Some(Value::Bool(true))
}

/// The fields of an expression, each once.
pub(crate) fn fields(expr: &Expr) -> Vec<Field> {
    let mut fields: Vec<Field> = Vec::new();
    expr.for_each_field(&mut |field| {
        if !fields.contains(field) {
            fields.push(field.clone());
        }
    });
    fields
}

fn text(text: impl Into<Box<str>>) -> Value {
    Value::Str(text.into())
}

/// Ways that follow from the expression's form.
fn truths(expr: &Expr, known: &Event, depth: usize) -> Vec<Proposal> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    match expr {
        Expr::Field(field) => vec![vec![(field.clone(), Some(Value::Bool(true)))]],
        Expr::Call { function, args } => match (function, &args[..]) {
            (
                Function::StartsWith(_) | Function::EndsWith(_) | Function::StringContains(_),
                [whole, part],
            ) => contained(*function, whole, part, known, depth),
            (Function::CidrMatch, [address, blocks @ ..]) => {
                let addresses = blocks.iter().filter_map(|block| {
                    let network = Network::parse(&value_of(block, known)?.text()).ok()?;
                    Some(text(network.address(7).to_string()))
                });
                each(address, addresses, known, depth)
            }
            _ => Vec::new(),
        },
        Expr::Compare { op, left, right } => {
            let mut found = Vec::new();
            for (side, other) in [(left, right), (right, left)] {
                let Some(other) = value_of(other, known) else { continue };
                found.extend(each(side, compared(*op, &other), known, depth));
            }
            found
        }
        Expr::OneOf { expr, values, .. } => {
            let values = values.iter().filter_map(Literal::as_scalar).map(json_value);
            each(expr, values, known, depth)
        }
        Expr::Like { expr, patterns } => {
            let texts = FILLERS.iter().flat_map(|filler| {
                patterns.iter().map(|p| text(expand(&glob(p.text(), false), filler)))
            });
            each(expr, texts.take(MAX_PROPOSALS), known, depth)
        }
        Expr::Regex { expr, patterns } => {
            let texts = patterns.iter().take(64).flat_map(|p| p.examples(4)).map(text);
            each(expr, texts, known, depth)
        }
        Expr::Or(parts) => parts.iter().flat_map(|part| truths(part, known, depth + 1)).collect(),
        Expr::And(parts) => all_true(parts, known, depth),
        Expr::Not(_)
        | Expr::IsNull(_)
        | Expr::Literal(_)
        | Expr::Negate(_)
        | Expr::Arithmetic { .. } => Vec::new(),
    }
}

/// Ways to make all parts true, each on top of those before.
fn all_true(parts: &[Expr], known: &Event, depth: usize) -> Vec<Proposal> {
    const EACH: usize = 4;
    let mut found: Vec<Proposal> = vec![Vec::new()];
    for part in parts {
        let longer = found.iter().flat_map(|so_far| {
            let more = truths(part, &with(known, so_far), depth + 1).into_iter();
            more.map(move |more| [so_far.clone(), more].concat()).take(EACH)
        });
        found = longer.take(MAX_PROPOSALS).collect();
    }
    found
}

/// What compares so with a value, or the value itself where it may be either.
fn compared(op: CompareOp, other: &Value) -> Vec<Value> {
    let literal = match other {
        Value::Bool(b) => Literal::Bool(*b),
        Value::Long(n) => Literal::Long(*n),
        Value::Double(n) => Literal::Double(Number(*n)),
        Value::Date(t) => Literal::Date(*t),
        Value::Str(s) => Literal::Str((**s).into()),
    };
    let mut values = around(&literal);
    if op == CompareOp::Ne {
        values.reverse();
    }
    values
}

/// `whole` begins with, ends with or holds `part`: either side after the other.
fn contained(
    function: Function,
    whole: &Expr,
    part: &Expr,
    known: &Event,
    depth: usize,
) -> Vec<Proposal> {
    let mut found = Vec::new();
    let parts = if let Some(value) = value_of(part, known) {
        vec![(Vec::new(), value)]
    } else {
        // Anything will do for the part, as far as the fields that it is made of allow it.
        let values = ["quay7", "d", "10.0.0.7"].map(text);
        let ways = each(part, values, known, depth).into_iter();
        ways.filter_map(|way| Some((way.clone(), value_of(part, &with(known, &way))?))).collect()
    };
    for (way, value) in parts {
        let part = value.text();
        let wholes = FILLERS.iter().map(|filler| match function {
            Function::StartsWith(_) => format!("{part}{filler}"),
            Function::EndsWith(_) => format!("{filler}{part}"),
            _ => format!("{filler}{part}{filler}"),
        });
        for made in each(whole, wholes.map(text), &with(known, &way), depth) {
            found.push([way.clone(), made].concat());
        }
    }
    if let Some(value) = value_of(whole, known) {
        let whole = value.text();
        let cuts = [0, whole.len() / 2, whole.len().saturating_sub(1)];
        let pieces = cuts.iter().flat_map(|at| [whole.get(*at..), whole.get(..*at)]);
        let pieces: Vec<Value> = pieces.flatten().filter(|p| !p.is_empty()).map(text).collect();
        found.extend(each(part, pieces, known, depth));
    }
    found
}

/// The ways to give an expression any of these values.
fn each(
    expr: &Expr,
    values: impl IntoIterator<Item = Value>,
    known: &Event,
    depth: usize,
) -> Vec<Proposal> {
    values.into_iter().flat_map(|value| backwards(expr, &value, known, depth)).collect()
}

/// Ways to give an expression this value.
fn backwards(expr: &Expr, target: &Value, known: &Event, depth: usize) -> Vec<Proposal> {
    if depth > MAX_DEPTH {
        return Vec::new();
    }
    let depth = depth + 1;
    match expr {
        Expr::Field(field) => vec![vec![(field.clone(), Some(target.clone()))]],
        Expr::Literal(_) if value_of(expr, known).as_ref() == Some(target) => vec![Vec::new()],
        Expr::Negate(inner) => {
            let target = Expr::Negate(Box::new(Expr::Literal(number(target)))).eval(&|_| None);
            target.map(|target| backwards(inner, &target, known, depth)).unwrap_or_default()
        }
        Expr::Arithmetic { op, left, right } => sides(*op, left, right, target, known, depth),
        Expr::Call { function, args } => match (function, &args[..]) {
            (Function::ToString, [inner]) | (Function::Number, [inner, ..]) => {
                let mut ways = backwards(inner, target, known, depth);
                ways.extend(backwards(inner, &text(target.text()), known, depth));
                ways
            }
            (Function::Length, [inner]) => match target {
                Value::Long(n) if (0..=100_000).contains(n) => {
                    backwards(inner, &text("x".repeat(*n as usize)), known, depth)
                }
                _ => Vec::new(),
            },
            (Function::Concat, args) => concatenated(args, target, known, depth),
            (Function::Substring | Function::Between(_), [inner, ..]) => {
                cut_out(expr, inner, target, known, depth)
            }
            (Function::Add, [left, right]) => {
                sides(ArithmeticOp::Add, left, right, target, known, depth)
            }
            (Function::Subtract, [left, right]) => {
                sides(ArithmeticOp::Subtract, left, right, target, known, depth)
            }
            (Function::Multiply, [left, right]) => {
                sides(ArithmeticOp::Multiply, left, right, target, known, depth)
            }
            (Function::Divide, [left, right]) => {
                sides(ArithmeticOp::Divide, left, right, target, known, depth)
            }
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

fn number(value: &Value) -> Literal {
    match value.as_scalar() {
        Scalar::Long(n) => Literal::Long(n),
        Scalar::Double(n) => Literal::Double(Number(n)),
        _ => Literal::Null,
    }
}

/// `left op right` gives the target: one side from the other.
fn sides(
    op: ArithmeticOp,
    left: &Expr,
    right: &Expr,
    target: &Value,
    known: &Event,
    depth: usize,
) -> Vec<Proposal> {
    use ArithmeticOp::{Add, Divide, Modulo, Multiply, Subtract};
    let calculate = |op, a: &Value, b: &Value| {
        let side = |value| Box::new(Expr::Literal(number(value)));
        Expr::Arithmetic { op, left: side(a), right: side(b) }.eval(&|_| None)
    };
    let mut found = Vec::new();
    if let Some(right) = value_of(right, known) {
        let back = match op {
            Add => calculate(Subtract, target, &right),
            Subtract => calculate(Add, target, &right),
            Multiply => calculate(Divide, target, &right),
            Divide => calculate(Multiply, target, &right),
            Modulo => Some(target.clone()),
        };
        found.extend(back.map(|value| backwards(left, &value, known, depth)));
    }
    if let Some(left) = value_of(left, known) {
        let back = match op {
            Add => calculate(Subtract, target, &left),
            Subtract => calculate(Subtract, &left, target),
            Multiply => calculate(Divide, target, &left),
            Divide | Modulo => None,
        };
        found.extend(back.map(|value| backwards(right, &value, known, depth)));
    }
    found.concat()
}

/// The target is one argument between the others.
fn concatenated(args: &[Expr], target: &Value, known: &Event, depth: usize) -> Vec<Proposal> {
    let target = target.text();
    let mut found = Vec::new();
    for (at, arg) in args.iter().enumerate() {
        let join = |args: &[Expr]| -> Option<String> {
            args.iter().map(|arg| Some(value_of(arg, known)?.text().into_owned())).collect()
        };
        let (Some(before), Some(after)) = (join(&args[..at]), join(&args[at + 1..])) else {
            continue;
        };
        let middle = target.strip_prefix(&*before).and_then(|rest| rest.strip_suffix(&*after));
        found.extend(middle.map(|middle| backwards(arg, &text(middle), known, depth)));
    }
    found.concat()
}

/// The target is cut out of a text: how much stands around it is found by trying.
fn cut_out(
    expr: &Expr,
    inner: &Expr,
    target: &Value,
    known: &Event,
    depth: usize,
) -> Vec<Proposal> {
    let target = target.text();
    let mut found = Vec::new();
    let between = match expr {
        Expr::Call { function: Function::Between(_), args } => {
            let bound = |at: usize| value_of(args.get(at)?, known);
            bound(1).zip(bound(2)).map(|(left, right)| (left.text().into_owned(), right))
        }
        _ => None,
    };
    for pad in 0..MAX_PAD {
        let pad = "$".repeat(pad);
        let around =
            between.as_ref().map(|(left, right)| format!("{pad}{left}{target}{}", right.text()));
        for whole in [format!("{target}{pad}"), format!("{pad}{target}")].into_iter().chain(around)
        {
            for way in backwards(inner, &text(whole), known, depth) {
                if value_of(expr, &with(known, &way)).is_some_and(|v| v.text() == target) {
                    found.push(way);
                }
            }
        }
        if found.len() >= 4 {
            break;
        }
    }
    found
}

/// All combinations of a few values per field, as far as effort goes.
fn tried(expr: &Expr, known: &Event) -> impl Iterator<Item = Proposal> {
    let fields = fields(expr);
    let mut constants = Vec::new();
    collect_constants(expr, &mut constants);
    let choices: Vec<Vec<Option<Value>>> = fields
        .iter()
        .map(|field| {
            let mut values: Vec<Option<Value>> =
                known.values(field.path()).iter().take(2).cloned().map(Some).collect();
            values.extend(plain(field).into_iter().take(3).map(Some));
            values.push(None);
            values.extend(constants.iter().take(6).cloned().map(Some));
            values.extend([Some(Value::Long(7)), Some(text("")), Some(Value::Bool(false))]);
            values
        })
        .collect();
    let total = choices.iter().map(Vec::len).fold(1, usize::saturating_mul);
    // Beyond the limit evenly spread ones are looked at; an odd step meets all values of all fields.
    let step = (total / MAX_TRIES) | 1;
    let numbers = (0..total).step_by(step).take(MAX_TRIES);
    let combination = move |number: usize| {
        let mut rest = number;
        let pairs = fields.iter().zip(&choices).map(|(field, values)| {
            let value = values[rest % values.len()].clone();
            rest /= values.len();
            (field.clone(), value)
        });
        pairs.collect()
    };
    numbers.map(combination)
}

fn collect_constants(expr: &Expr, constants: &mut Vec<Value>) {
    match expr {
        Expr::Literal(literal) => constants.extend(around(literal)),
        Expr::Field(_) => {}
        Expr::Negate(e) | Expr::IsNull(e) | Expr::Not(e) => collect_constants(e, constants),
        Expr::Arithmetic { left, right, .. } | Expr::Compare { left, right, .. } => {
            collect_constants(left, constants);
            collect_constants(right, constants);
        }
        Expr::Call { args, .. } | Expr::And(args) | Expr::Or(args) => {
            for arg in args {
                collect_constants(arg, constants);
            }
        }
        Expr::OneOf { expr, values, .. } => {
            collect_constants(expr, constants);
            constants.extend(values.iter().filter_map(Literal::as_scalar).map(json_value));
        }
        Expr::Like { expr, .. } | Expr::Regex { expr, .. } => collect_constants(expr, constants),
    }
}
