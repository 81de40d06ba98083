//! What one field must be and must not be, and the values chosen for it.

use dragnet_event::{Field, Value};
use dragnet_plan::Leaf;

use crate::Evaluator;
use crate::event::Event;
use crate::offers::offers;

/// Most values that are looked at for one field.
const MAX_LOOKED_AT: usize = 4000;
/// Most values that are kept for choosing several together.
const MAX_KEPT: usize = 200;

/// Of those, most that satisfy the same leaves.
const MAX_ALIKE: usize = 4;

/// The leaves that read one field alone, and its values.
#[derive(Debug, Clone)]
pub(crate) struct Store<'a> {
    field: Field,
    wanted: Vec<&'a Leaf>,
    unwanted: Vec<&'a Leaf>,
    values: Vec<Value>,
    /// Whether there may be several values.
    is_list: bool,
}

/// Ends of the names of fields that are lists by their nature (ECS: they are to be arrays).
const LISTS: &[&str] =
    &[".args", "event.category", "event.type", "host.ip", "registry.data.strings", "tags"];

impl<'a> Store<'a> {
    /// Nothing is known yet. `lists`: any field may have several values.
    pub(crate) fn new(field: Field, lists: bool) -> Store<'a> {
        let is_list = lists || LISTS.iter().any(|end| field.name().ends_with(end));
        Store { field, wanted: Vec::new(), unwanted: Vec::new(), values: Vec::new(), is_list }
    }

    pub(crate) fn values(&self) -> &[Value] {
        &self.values
    }

    /// The leaves, for messages.
    pub(crate) fn describe(&self) -> String {
        let wanted = self.wanted.iter().map(ToString::to_string);
        let unwanted = self.unwanted.iter().map(|leaf| format!("not ({leaf})"));
        let all: Vec<String> = wanted.chain(unwanted).map(|leaf| shorten(&leaf)).collect();
        all.join(" and ")
    }

    /// Adds a leaf and finds values that suit it as well; `false` if none were found.
    pub(crate) fn add(&mut self, leaf: &'a Leaf, wanted: bool, evaluator: &dyn Evaluator) -> bool {
        let suits = self.holds(leaf, &self.values, evaluator) == wanted;
        if wanted {
            self.wanted.push(leaf);
        } else {
            self.unwanted.push(leaf);
        }
        suits || self.choose(evaluator)
    }

    /// Takes a value that something else asks for, in place of the others or beside them; `None`:
    /// the field is to be missing. `false` if that does not suit the leaves.
    pub(crate) fn accept(&mut self, value: Option<Value>, evaluator: &dyn Evaluator) -> bool {
        let alone: Vec<Value> = value.into_iter().collect();
        if self.fits(&alone, evaluator) {
            self.values = alone;
            return true;
        }
        let beside = [self.values.as_slice(), &alone].concat();
        let fits = self.is_list && !alone.is_empty() && self.fits(&beside, evaluator);
        if fits {
            self.values = beside;
        }
        fits
    }

    /// Other values that would suit the leaves as well, each alone.
    pub(crate) fn alternatives(&self, evaluator: &dyn Evaluator, limit: usize) -> Vec<Value> {
        let offered = offers(&self.field, &self.wanted).take(MAX_KEPT);
        let mut found: Vec<Value> = Vec::new();
        for value in offered {
            if found.len() < limit
                && !self.values.contains(&value)
                && !found.contains(&value)
                && self.fits(std::slice::from_ref(&value), evaluator)
            {
                found.push(value);
            }
        }
        found
    }

    fn holds(&self, leaf: &Leaf, values: &[Value], evaluator: &dyn Evaluator) -> bool {
        let mut event = Event::default();
        event.set(self.field.path(), values.to_vec());
        evaluator.leaf_holds(leaf, &event)
    }

    fn fits(&self, values: &[Value], evaluator: &dyn Evaluator) -> bool {
        self.wanted.iter().all(|leaf| self.holds(leaf, values, evaluator))
            && !self.unwanted.iter().any(|leaf| self.holds(leaf, values, evaluator))
    }

    /// Chooses values: none if that will do, else one, else several that satisfy the leaves between
    /// them (Elasticsearch: a leaf holds if it holds for any value of an array).
    fn choose(&mut self, evaluator: &dyn Evaluator) -> bool {
        if self.fits(&[], evaluator) {
            self.values.clear();
            return true;
        }
        let mut kept: Vec<(Value, Vec<bool>)> = Vec::new();
        for value in offers(&self.field, &self.wanted).take(MAX_LOOKED_AT) {
            let one = std::slice::from_ref(&value);
            let holds: Vec<bool> =
                self.wanted.iter().map(|leaf| self.holds(leaf, one, evaluator)).collect();
            let is_all = holds.iter().all(|holds| *holds);
            // Values that satisfy the same leaves are as good as one another.
            let adds = self.is_list
                && kept.len() < MAX_KEPT
                && holds.contains(&true)
                && kept.iter().filter(|(_, other)| *other == holds).count() < MAX_ALIKE;
            if (!is_all && !adds)
                || self.unwanted.iter().any(|leaf| self.holds(leaf, one, evaluator))
            {
                continue;
            }
            if is_all {
                self.values = vec![value];
                return true;
            }
            kept.push((value, holds));
        }
        self.is_list && self.cover(&kept, evaluator)
    }

    /// Chooses several of the values, each time the one that satisfies most of what is left.
    fn cover(&mut self, kept: &[(Value, Vec<bool>)], evaluator: &dyn Evaluator) -> bool {
        let mut values: Vec<Value> = Vec::new();
        let mut open: Vec<usize> = (0..self.wanted.len()).collect();
        while !open.is_empty() {
            let gain = |holds: &[bool]| open.iter().filter(|at| holds[**at]).count();
            // The first of the best: earlier values are likelier ones.
            let best = kept.iter().rev().max_by_key(|(_, holds)| gain(holds));
            let Some((value, holds)) = best.filter(|(_, holds)| gain(holds) > 0) else {
                return false;
            };
            open.retain(|at| !holds[*at]);
            values.push(value.clone());
        }
        let fits = self.fits(&values, evaluator);
        if fits {
            self.values = values;
        }
        fits
    }
}

/// The beginning of a text.
pub(crate) fn shorten(text: &str) -> String {
    const LONGEST: usize = 160;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}
