//! The meaning of expressions over values.

use std::net::{IpAddr, Ipv6Addr};

use dragnet_event::{Field, FieldType, Scalar, Time, Value};

use crate::arithmetic::{arithmetic, negate};
use crate::condition::{CompareOp, Expr, Literal};
use crate::network::Network;
use crate::version::compare_versions;

/// A value on its way through an expression: constants are not copied.
enum Seen<'a> {
    Constant(Scalar<'a>),
    Made(Value),
}

impl Seen<'_> {
    fn as_scalar(&self) -> Scalar<'_> {
        match self {
            Seen::Constant(scalar) => *scalar,
            Seen::Made(value) => value.as_scalar(),
        }
    }

    fn into_value(self) -> Value {
        match self {
            Seen::Constant(scalar) => scalar.to_value(),
            Seen::Made(value) => value,
        }
    }
}

impl From<Value> for Seen<'_> {
    fn from(value: Value) -> Self {
        Seen::Made(value)
    }
}

impl From<bool> for Seen<'_> {
    fn from(value: bool) -> Self {
        Seen::Constant(Scalar::Bool(value))
    }
}

type Get<'g> = &'g dyn Fn(&Field) -> Option<Value>;

impl Expr {
    /// The value of the expression; `None` is null. `get` gives the value of a field (one of them, if
    /// it has several: the caller chooses).
    ///
    /// Null is contagious (Elasticsearch's scripts), with these exceptions: `and` and `or` are
    /// three-valued, `== null` is never null, and functions have rules of their own. The depth of the
    /// recursion is that of the expression.
    pub fn eval(&self, get: &dyn Fn(&Field) -> Option<Value>) -> Option<Value> {
        self.seen(get).map(Seen::into_value)
    }

    fn seen(&self, get: Get<'_>) -> Option<Seen<'_>> {
        match self {
            Expr::Field(field) => get(field).map(Seen::Made),
            Expr::Literal(literal) => literal.as_scalar().map(Seen::Constant),
            Expr::Negate(inner) => negate(inner.seen(get)?.as_scalar()).map(Seen::Made),
            Expr::Arithmetic { op, left, right } => {
                let (left, right) = (left.seen(get)?, right.seen(get)?);
                arithmetic(*op, left.as_scalar(), right.as_scalar()).map(Seen::Made)
            }
            Expr::Call { function, args } => {
                let args: Vec<_> = args.iter().map(|arg| arg.eval(get)).collect();
                function.apply(&args).map(Seen::Made)
            }
            Expr::Compare { op, left, right } => {
                let ty = side_type(left, right);
                let (left, right) = (left.seen(get)?, right.seen(get)?);
                Some(compare(*op, left.as_scalar(), right.as_scalar(), ty).into())
            }
            Expr::IsNull(inner) => Some(inner.seen(get).is_none().into()),
            Expr::And(parts) => decided(parts, get, false),
            Expr::Or(parts) => decided(parts, get, true),
            Expr::Not(inner) => inner.truth(get).map(|holds| (!holds).into()),
            Expr::OneOf { expr, values, fold } => {
                let value = expr.seen(get)?;
                one_of(value.as_scalar(), values, *fold, field_type(expr)).map(Seen::from)
            }
            Expr::Like { expr, patterns } => {
                let value = expr.seen(get)?;
                let text = value.as_scalar().text();
                Some(patterns.iter().any(|pattern| pattern.is_match(&text)).into())
            }
            Expr::Regex { expr, patterns } => {
                let value = expr.seen(get)?;
                let text = value.as_scalar().text();
                Some(patterns.iter().any(|pattern| pattern.is_match(&text)).into())
            }
        }
    }

    /// The value as a truth value; what is none counts as null.
    fn truth(&self, get: Get<'_>) -> Option<bool> {
        match self.seen(get)?.as_scalar() {
            Scalar::Bool(holds) => Some(holds),
            _ => None,
        }
    }
}

/// `and` and `or`: the deciding value if any part has it, else null if any part is null.
fn decided<'a>(parts: &'a [Expr], get: Get<'_>, deciding: bool) -> Option<Seen<'a>> {
    let mut open = false;
    for part in parts {
        match part.truth(get) {
            Some(holds) if holds == deciding => return Some(deciding.into()),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then(|| (!deciding).into())
}

/// Whether a value is one of several; null if it is not and one of them is null, as in SQL.
fn one_of(value: Scalar<'_>, values: &[Literal], fold: bool, ty: FieldType) -> Option<bool> {
    let mut open = false;
    for literal in values {
        match literal.as_scalar() {
            Some(one) if equals(value, one, fold, ty) => return Some(true),
            Some(_) => {}
            None => open = true,
        }
    }
    (!open).then_some(false)
}

/// Whether two values are equal under `in` (`fold`: under `in~`, which ignores the case of ASCII
/// letters in text). `ty` as in [`compare`].
pub fn equals(left: Scalar<'_>, right: Scalar<'_>, fold: bool, ty: FieldType) -> bool {
    if fold
        && let (Scalar::Str(left), Scalar::Str(right)) = (left, right)
        && left.eq_ignore_ascii_case(right)
    {
        return true;
    }
    compare(CompareOp::Eq, left, right, ty)
}

fn field_type(expr: &Expr) -> FieldType {
    match expr {
        Expr::Field(field) => field.ty(),
        _ => FieldType::Any,
    }
}

/// The type of the field on either side.
fn side_type(left: &Expr, right: &Expr) -> FieldType {
    match field_type(left) {
        FieldType::Any => field_type(right),
        ty => ty,
    }
}

/// Compares two values. `ty` is the type of the field on either side.
///
/// - Values of a kind: as [`Scalar::compare`] says.
/// - A date against text or a number: text is read as [`Time::parse`] does, a number is milliseconds.
/// - A version: by its parts (see Elasticsearch's `version` field); other kinds as text.
/// - An address: by value, whatever its spelling; `==` also takes a block (`10.0.0.0/8`).
/// - A number against text: `==` compares the canonical text, except on a field of numbers, where it
///   reads the text as a number; an ordering always does.
/// - A boolean against text: `==` compares the canonical text.
///
/// `false` where they cannot be compared; [`CompareOp::Ne`] is the opposite of [`CompareOp::Eq`].
pub fn compare(op: CompareOp, left: Scalar<'_>, right: Scalar<'_>, ty: FieldType) -> bool {
    if op == CompareOp::Ne {
        return !compare(CompareOp::Eq, left, right, ty);
    }
    match ty {
        FieldType::Version => return op.holds(compare_versions(&left.text(), &right.text())),
        FieldType::Ip => {
            if let Some(answer) = compare_addresses(op, left, right) {
                return answer;
            }
        }
        _ => {}
    }
    let order = match (left, right) {
        (Scalar::Date(_), _) | (_, Scalar::Date(_)) => {
            time(left).zip(time(right)).map(|(left, right)| left.cmp(&right))
        }
        _ if ty == FieldType::Date => {
            time(left).zip(time(right)).map(|(left, right)| left.cmp(&right))
        }
        (Scalar::Str(text), Scalar::Long(_) | Scalar::Double(_)) => {
            if op == CompareOp::Eq && !ty.is_number() {
                return *text == *right.text();
            }
            number(text).and_then(|n| n.compare(right))
        }
        (Scalar::Long(_) | Scalar::Double(_), Scalar::Str(_)) => {
            return compare(op.flipped(), right, left, ty);
        }
        (Scalar::Str(_), Scalar::Bool(_)) | (Scalar::Bool(_), Scalar::Str(_)) => {
            Some(left.text().cmp(&right.text())).filter(|_| op == CompareOp::Eq)
        }
        _ => left.compare(right),
    };
    order.is_some_and(|order| op.holds(order))
}

/// Text as a number.
fn number(text: &str) -> Option<Scalar<'static>> {
    let text = text.trim();
    let whole = text.parse().ok().map(Scalar::Long);
    whole.or_else(|| text.parse().ok().filter(|n: &f64| n.is_finite()).map(Scalar::Double))
}

/// A value as a point in time.
fn time(value: Scalar<'_>) -> Option<Time> {
    match value {
        Scalar::Date(time) => Some(time),
        Scalar::Str(text) => Time::parse(text),
        Scalar::Long(ms) => Some(Time::from_millis(ms)),
        // A tick is 100 ns.
        Scalar::Double(ms) => ms.is_finite().then_some(Time((ms * 10_000.0) as i64)),
        Scalar::Bool(_) => None,
    }
}

/// `None` if either side is no address; then they are compared as text.
fn compare_addresses(op: CompareOp, left: Scalar<'_>, right: Scalar<'_>) -> Option<bool> {
    let (Scalar::Str(left), Scalar::Str(right)) = (left, right) else { return None };
    let address = |text: &str| text.parse::<IpAddr>().ok();
    match (address(left), address(right)) {
        (Some(left), Some(right)) => Some(op.holds(wide(left).cmp(&wide(right)))),
        (Some(address), None) if op == CompareOp::Eq => {
            Some(Network::parse(right).ok()?.contains(address))
        }
        (None, Some(address)) if op == CompareOp::Eq => {
            Some(Network::parse(left).ok()?.contains(address))
        }
        _ => None,
    }
}

/// All addresses as IPv6 ones, the order of Elasticsearch's `ip` field.
fn wide(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(v4) => v4.to_ipv6_mapped(),
        IpAddr::V6(v6) => v6,
    }
}
