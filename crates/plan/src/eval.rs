//! The meaning of expressions over values.

use dragnet_event::{Field, FieldType, Scalar, Value};

use crate::condition::{CompareOp, Expr};

impl Expr {
    /// The value of the expression; `None` is null. `get` gives the value of a field (one of them, if
    /// it has several: the caller chooses).
    pub fn eval(&self, get: &dyn Fn(&Field) -> Option<Value>) -> Option<Value> {
        let _ = get;
        unimplemented!()
    }
}

/// Compares two values. `ty` is the type of the field on either side: versions are ordered as
/// versions, dates against text are read as dates. A number against text: `==` compares the canonical
/// text, an ordering reads the text as a number; `false` where they cannot be compared.
pub fn compare(op: CompareOp, left: Scalar<'_>, right: Scalar<'_>, ty: FieldType) -> bool {
    let _ = (op, left, right, ty);
    unimplemented!()
}
