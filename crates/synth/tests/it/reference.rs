//! The reference evaluator as the generator asks for it.

use dragnet_engine::reference::{self, Fields};
use dragnet_event::{Field, Value, coerce};
use dragnet_plan::{Condition, Leaf};
use dragnet_synth::{Evaluator, Event};

/// The reference evaluator.
pub(crate) struct Reference;

struct Seen<'a>(&'a Event);

impl Fields for Seen<'_> {
    fn values(&self, field: &Field) -> Vec<Value> {
        let values = self.0.values_of(field);
        values.filter_map(|value| coerce(field.spec(), value.as_scalar())).collect()
    }
}

impl Evaluator for Reference {
    fn holds(&self, condition: &Condition, event: &Event) -> bool {
        reference::holds(condition, &Seen(event))
    }

    fn leaf_holds(&self, leaf: &Leaf, event: &Event) -> bool {
        reference::leaf_holds(leaf, &Seen(event))
    }
}
