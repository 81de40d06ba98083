//! Arithmetic, for the operators and the functions alike.

use dragnet_event::{Scalar, Value};

use crate::condition::ArithmeticOp;

/// Applies an operator. Two whole numbers give a whole number, anything else a double.
///
/// `None` (null) if either is no number, if the result of whole numbers does not fit 64 bits, or if
/// a whole number is divided by zero: Elasticsearch raises an error there, and a rule's condition
/// that raises one does not hold. (`-2^63 / -1` wraps in Java; here it is null too.) Doubles follow
/// IEEE 754.
pub(crate) fn arithmetic(op: ArithmeticOp, left: Scalar<'_>, right: Scalar<'_>) -> Option<Value> {
    if let (Scalar::Long(a), Scalar::Long(b)) = (left, right) {
        let whole = match op {
            ArithmeticOp::Add => a.checked_add(b),
            ArithmeticOp::Subtract => a.checked_sub(b),
            ArithmeticOp::Multiply => a.checked_mul(b),
            ArithmeticOp::Divide => a.checked_div(b),
            ArithmeticOp::Modulo => a.checked_rem(b),
        };
        return whole.map(Value::Long);
    }
    let (a, b) = (left.as_number()?, right.as_number()?);
    Some(Value::Double(match op {
        ArithmeticOp::Add => a + b,
        ArithmeticOp::Subtract => a - b,
        ArithmeticOp::Multiply => a * b,
        ArithmeticOp::Divide => a / b,
        ArithmeticOp::Modulo => a % b,
    }))
}

/// The number with the opposite sign; null like [`arithmetic`].
pub(crate) fn negate(number: Scalar<'_>) -> Option<Value> {
    match number {
        Scalar::Long(n) => n.checked_neg().map(Value::Long),
        Scalar::Double(n) => Some(Value::Double(-n)),
        _ => None,
    }
}
