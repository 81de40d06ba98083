//! Expressions and comparisons.

use std::cell::RefCell;

use dragnet_event::{Field, FieldSpec, FieldType, Scalar, Time, Value};
use dragnet_plan::eval::{compare, equals};
use dragnet_plan::pattern::{Dialect, RegexPattern, Wildcard};
use dragnet_plan::{ArithmeticOp, CompareOp, Expr, Function, Literal, Number};

use CompareOp::{Eq, Ge, Gt, Le, Lt, Ne};
use Scalar::{Bool, Double, Long, Str};

const OPERATORS: [CompareOp; 6] = [Eq, Ne, Lt, Le, Gt, Ge];

/// Checks all operators at once: `order` is `<`, `=` or `>`, or `!` where nothing but `!=` holds.
#[track_caller]
fn ordered(ty: FieldType, left: Scalar<'_>, right: Scalar<'_>, order: char) {
    for op in OPERATORS {
        let expected = match order {
            '<' => matches!(op, Lt | Le | Ne),
            '=' => matches!(op, Eq | Le | Ge),
            '>' => matches!(op, Gt | Ge | Ne),
            _ => op == Ne,
        };
        let symbol = op.symbol();
        assert_eq!(compare(op, left, right, ty), expected, "{left:?} {symbol} {right:?}");
        let flipped = compare(op.flipped(), right, left, ty);
        assert_eq!(flipped, expected, "{left:?} {symbol} {right:?}, flipped");
    }
}

#[test]
fn values_of_a_kind() {
    let any = FieldType::Any;
    ordered(any, Long(3), Long(4), '<');
    ordered(any, Long(4), Long(4), '=');
    ordered(any, Long(4), Double(3.5), '>');
    ordered(any, Long(4), Double(4.0), '=');
    ordered(any, Double(f64::NAN), Double(f64::NAN), '!');
    ordered(any, Str("Foo"), Str("foo"), '<');
    ordered(any, Str("foo"), Str("foo"), '=');
    ordered(any, Str("a*"), Str("abc"), '<');
    ordered(any, Str("\u{10000}"), Str("\u{ffff}"), '<');
    ordered(any, Bool(true), Bool(true), '=');
    ordered(any, Bool(false), Bool(true), '<');
    ordered(any, Bool(true), Str("true"), '!');
    ordered(any, Bool(true), Long(1), '!');
}

#[test]
fn numbers_against_text() {
    let any = FieldType::Any;
    let equal = |ty, a, b| compare(Eq, a, b, ty);
    assert!(equal(any, Str("21"), Long(21)));
    assert!(equal(any, Long(21), Str("21")));
    assert!(equal(any, Str("2.5"), Double(2.5)));
    assert!(!equal(any, Str("21.0"), Long(21)));
    assert!(!equal(any, Str(" 21"), Long(21)));
    assert!(!equal(FieldType::Keyword, Str("021"), Long(21)));
    assert!(equal(FieldType::Long, Long(21), Str("021")));
    assert!(compare(Gt, Str("21"), Long(9), any));
    assert!(!compare(Gt, Str("21"), Long(100), any));
    assert!(compare(Lt, Long(9), Str("21"), any));
    assert!(compare(Ge, Str("4.5"), Long(4), any));
    assert!(compare(Ge, Str("9223372036854775807"), Long(i64::MAX), any));
    ordered(any, Str("abc"), Long(1), '!');
    ordered(any, Str("inf"), Long(1), '!');
}

#[test]
fn dates() {
    let date = |text: &str| Scalar::Date(Time::parse(text).unwrap());
    let noon = date("2024-01-31T12:00:00Z");
    for ty in [FieldType::Date, FieldType::Any] {
        ordered(ty, noon, date("2024-02-01"), '<');
        ordered(ty, noon, Str("2024-01-31T12:00:00.000Z"), '=');
        ordered(ty, noon, Str("2024-01-31"), '>');
        ordered(ty, noon, Long(1_706_702_400_000), '=');
        ordered(ty, noon, Long(1_706_702_400_001), '<');
        ordered(ty, noon, Double(1_706_702_400_000.5), '<');
        ordered(ty, noon, Str("1706702400000"), '=');
        ordered(ty, noon, Str("20200241 or so"), '!');
        ordered(ty, noon, Bool(true), '!');
    }
    ordered(FieldType::Date, Str("2024-01-31"), Str("2024-01-31T00:00:00+00:00"), '=');
}

#[test]
fn versions() {
    let version = FieldType::Version;
    ordered(version, Str("1.9.0"), Str("1.10.0"), '<');
    ordered(version, Str("1.10.0-rc1"), Str("1.10.0"), '<');
    ordered(version, Str("2"), Long(2), '=');
    ordered(version, Str("2.5"), Double(2.5), '=');
    ordered(version, Str("unversioned"), Str("9.9.9"), '>');
    ordered(FieldType::Keyword, Str("1.9.0"), Str("1.10.0"), '>');
}

#[test]
fn addresses() {
    let ip = FieldType::Ip;
    ordered(ip, Str("10.0.0.9"), Str("10.0.0.10"), '<');
    ordered(ip, Str("::1"), Str("0:0:0:0:0:0:0:1"), '=');
    ordered(ip, Str("10.0.0.1"), Str("::ffff:10.0.0.1"), '=');
    ordered(ip, Str("10.0.0.1"), Str("2001:db8::1"), '<');
    assert!(compare(Eq, Str("10.1.2.3"), Str("10.0.0.0/8"), ip));
    assert!(!compare(Eq, Str("11.1.2.3"), Str("10.0.0.0/8"), ip));
    assert!(compare(Ne, Str("11.1.2.3"), Str("10.0.0.0/8"), ip));
    assert!(compare(Eq, Str("-"), Str("-"), ip));
    assert!(!compare(Eq, Str("10.0.0.1"), Long(0), ip));
    ordered(FieldType::Any, Str("10.0.0.9"), Str("10.0.0.10"), '>');
}

#[test]
fn equality_in_lists() {
    let any = FieldType::Any;
    assert!(equals(Str("a"), Str("a"), false, any));
    assert!(!equals(Str("a"), Str("A"), false, any));
    assert!(equals(Str("a"), Str("A"), true, any));
    assert!(!equals(Str("é"), Str("É"), true, any));
    assert!(!equals(Str("1a"), Str("1*"), true, any));
    assert!(equals(Long(1), Str("1"), true, any));
    assert!(equals(Str("::1"), Str("0::1"), true, FieldType::Ip));
}

fn text(s: &str) -> Expr {
    Expr::Literal(Literal::Str(s.into()))
}

fn long(n: i64) -> Expr {
    Expr::Literal(Literal::Long(n))
}

fn boolean(b: bool) -> Expr {
    Expr::Literal(Literal::Bool(b))
}

fn null() -> Expr {
    Expr::Literal(Literal::Null)
}

fn field(name: &str) -> Expr {
    Expr::Field(Field::any(name))
}

fn typed(name: &str, ty: FieldType) -> Expr {
    let name = name.to_owned();
    Expr::Field(Field::new(FieldSpec {
        path: name.clone(),
        name,
        ty,
        format: None,
        null_value: None,
    }))
}

fn comparison(left: Expr, op: CompareOp, right: Expr) -> Expr {
    Expr::Compare { op, left: left.into(), right: right.into() }
}

fn calculation(left: Expr, op: ArithmeticOp, right: Expr) -> Expr {
    Expr::Arithmetic { op, left: left.into(), right: right.into() }
}

/// The event of these tests; `missing` and all others have no value.
fn event(field: &Field) -> Option<Value> {
    Some(match field.name() {
        "pid" => Value::Long(42),
        "name" => Value::Str("Cmd.exe".into()),
        "ok" => Value::Bool(true),
        "version" => Value::Str("1.10.0".into()),
        _ => return None,
    })
}

#[track_caller]
#[expect(clippy::needless_pass_by_value, reason = "the callers read better")]
fn gives(expr: &Expr, expected: Option<Value>) {
    assert_eq!(expr.eval(&event), expected, "{expr:?}");
}

#[track_caller]
fn truth(expr: &Expr, expected: Option<bool>) {
    gives(expr, expected.map(Value::Bool));
}

#[test]
fn and_or_not_are_three_valued() {
    let constant = |value: Option<bool>| value.map_or_else(null, boolean);
    let (t, f, n) = (Some(true), Some(false), None);
    for (a, b, and, or) in [
        (t, t, t, t),
        (t, f, f, t),
        (t, n, n, t),
        (f, t, f, t),
        (f, f, f, f),
        (f, n, f, n),
        (n, t, n, t),
        (n, f, f, n),
        (n, n, n, n),
    ] {
        truth(&Expr::And(vec![constant(a), constant(b)]), and);
        truth(&Expr::Or(vec![constant(a), constant(b)]), or);
    }
    truth(&Expr::And(vec![]), t);
    truth(&Expr::Or(vec![]), f);
    truth(&Expr::Not(boolean(true).into()), f);
    truth(&Expr::Not(boolean(false).into()), t);
    truth(&Expr::Not(null().into()), n);
    // No truth value counts as null.
    truth(&Expr::And(vec![long(1), boolean(true)]), n);
    truth(&Expr::Not(text("true").into()), n);
    truth(&Expr::And(vec![field("ok"), boolean(true)]), t);
}

#[test]
fn null_is_contagious() {
    for op in OPERATORS {
        truth(&comparison(null(), op, long(1)), None);
        truth(&comparison(field("missing"), op, long(1)), None);
        truth(&comparison(long(1), op, null()), None);
    }
    gives(&calculation(field("missing"), ArithmeticOp::Add, long(1)), None);
    gives(&Expr::Negate(null().into()), None);
    gives(&field("missing"), None);
    let values = vec![Literal::Long(1)];
    truth(&Expr::OneOf { expr: null().into(), values, fold: false }, None);
    let patterns = vec![Wildcard::new("*", true)];
    truth(&Expr::Like { expr: null().into(), patterns }, None);
    let patterns = vec![RegexPattern::new(".*", false, Dialect::Java).unwrap()];
    truth(&Expr::Regex { expr: null().into(), patterns }, None);
}

#[test]
fn null_tests() {
    truth(&Expr::IsNull(null().into()), Some(true));
    truth(&Expr::IsNull(field("missing").into()), Some(true));
    truth(&Expr::IsNull(field("pid").into()), Some(false));
    // In a value position a comparison with a missing field is null.
    truth(&Expr::IsNull(comparison(field("missing"), Gt, long(-1)).into()), Some(true));
    truth(&Expr::IsNull(comparison(field("pid"), Gt, long(-1)).into()), Some(false));
}

#[test]
fn arithmetic() {
    use ArithmeticOp::{Add, Divide, Modulo, Multiply, Subtract};
    gives(&calculation(field("pid"), Add, long(1)), Some(Value::Long(43)));
    gives(&calculation(field("pid"), Divide, long(5)), Some(Value::Long(8)));
    gives(&calculation(long(83), Divide, long(2)), Some(Value::Long(41)));
    gives(&calculation(field("pid"), Modulo, long(5)), Some(Value::Long(2)));
    let three = Expr::Literal(Literal::Double(Number(3.0)));
    gives(&calculation(long(-7), Multiply, three), Some(Value::Double(-21.0)));
    gives(&calculation(field("name"), Subtract, long(1)), None);
    gives(&calculation(long(1), Divide, long(0)), None);
    gives(&Expr::Negate(field("pid").into()), Some(Value::Long(-42)));
    gives(&Expr::Negate(long(i64::MIN).into()), None);
    gives(&Expr::Negate(field("name").into()), None);
}

#[test]
fn comparisons_know_their_field() {
    truth(&comparison(field("pid"), Eq, text("42")), Some(true));
    truth(&comparison(field("pid"), Ne, text("42")), Some(false));
    truth(&comparison(field("version"), Gt, text("1.9.0")), Some(false));
    let version = || typed("version", FieldType::Version);
    truth(&comparison(version(), Gt, text("1.9.0")), Some(true));
    truth(&comparison(text("1.9.0"), Lt, version()), Some(true));
    let values = vec![Literal::Long(1), Literal::Str("1.10.0".into())];
    truth(&Expr::OneOf { expr: version().into(), values, fold: false }, Some(true));
}

#[test]
fn lists_and_patterns() {
    let one_of = |expr: Expr, values: &[Literal], fold| Expr::OneOf {
        expr: expr.into(),
        values: values.to_vec(),
        fold,
    };
    let name = Literal::Str("cmd.EXE".into());
    truth(&one_of(field("name"), &[Literal::Long(1), name.clone()], false), Some(false));
    truth(&one_of(field("name"), &[Literal::Long(1), name], true), Some(true));
    truth(&one_of(field("pid"), &[Literal::Long(42)], false), Some(true));
    truth(&one_of(field("pid"), &[Literal::Long(1), Literal::Null], false), None);
    truth(&one_of(field("pid"), &[Literal::Null, Literal::Long(42)], false), Some(true));
    let like = |expr: Expr, pattern: &str| Expr::Like {
        expr: expr.into(),
        patterns: vec![Wildcard::new("no", true), Wildcard::new(pattern, true)],
    };
    truth(&like(field("name"), "CMD*"), Some(true));
    truth(&like(field("name"), "md*"), Some(false));
    truth(&like(field("pid"), "4?"), Some(true));
    let regex = |expr: Expr, pattern: &str| Expr::Regex {
        expr: expr.into(),
        patterns: vec![RegexPattern::new(pattern, false, Dialect::Java).unwrap()],
    };
    truth(&regex(field("name"), r"C\w+\.exe"), Some(true));
    truth(&regex(field("name"), r"\w+"), Some(false));
    truth(&regex(field("pid"), r"\d+"), Some(true));
}

#[test]
fn calls() {
    let length = Expr::Call { function: Function::Length, args: vec![field("name")] };
    gives(&length, Some(Value::Long(7)));
    let sum = calculation(long(1000), ArithmeticOp::Subtract, length);
    let args = vec![comparison(sum, Eq, long(993)), text("...")];
    gives(&Expr::Call { function: Function::Concat, args }, Some(Value::Str("true...".into())));
}

#[test]
fn fields_are_asked_for_once_each_time_they_stand_there() {
    let asked = RefCell::new(Vec::new());
    let expr = Expr::Or(vec![field("ok"), field("pid")]);
    let get = |field: &Field| {
        asked.borrow_mut().push(field.name().to_owned());
        event(field)
    };
    assert_eq!(expr.eval(&get), Some(Value::Bool(true)));
    assert_eq!(*asked.borrow(), ["ok"], "what decides ends the search");
}
