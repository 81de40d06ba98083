//! Indicators: values that are known to be bad, and which fields of events they are looked for in.

use std::collections::HashMap;

use dragnet_event::{Document, Field};

/// One indicator: a document of a threat feed.
#[derive(Debug, Clone, PartialEq)]
pub struct Indicator {
    /// The document's id.
    pub id: String,
    /// The index that it is from.
    pub index: String,
    /// The document.
    pub document: Document,
}

/// One entry of a mapping: an event's field, and the indicator's field whose value it must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedField {
    /// The event's field.
    pub field: Field,
    /// The dotted path of the indicator's value.
    pub path: String,
}

/// One alternative of a mapping: all its entries must hold of the same indicator. With the values of
/// every indicator at hand, so that an event's values are looked up and not compared one by one.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    entries: Vec<MappedField>,
    /// The canonical texts of an indicator's values, one per entry, and the indicators that have them.
    by_values: HashMap<Vec<String>, Vec<usize>>,
}

/// Most combinations of values that one indicator is looked up by; an indicator with longer lists is
/// looked up by the first of them.
const MAX_COMBINATIONS: usize = 1024;

impl Alternative {
    /// Prepares an alternative; indicators that lack a field of it take no part.
    pub fn new(entries: Vec<MappedField>, indicators: &[Indicator]) -> Alternative {
        let mut by_values: HashMap<Vec<String>, Vec<usize>> = HashMap::new();
        for (number, indicator) in indicators.iter().enumerate() {
            let mut tuples = vec![Vec::new()];
            for entry in &entries {
                let values = indicator.document.values(&entry.path);
                tuples = tuples
                    .iter()
                    .flat_map(|tuple: &Vec<String>| {
                        values
                            .iter()
                            .map(|value| [tuple.as_slice(), &[value.text().into_owned()]].concat())
                    })
                    .take(MAX_COMBINATIONS)
                    .collect();
            }
            for tuple in tuples {
                let holders = by_values.entry(tuple).or_default();
                if holders.last() != Some(&number) {
                    holders.push(number);
                }
            }
        }
        Alternative { entries, by_values }
    }

    /// What must agree.
    pub fn entries(&self) -> &[MappedField] {
        &self.entries
    }

    /// The indicators that have these values, one per entry, as canonical texts.
    pub fn holders(&self, values: &[String]) -> &[usize] {
        self.by_values.get(values).map_or(&[], Vec::as_slice)
    }

    /// The distinct values that any indicator has for an entry, in order.
    pub fn values_of(&self, entry: usize) -> Vec<&str> {
        let mut values: Vec<&str> =
            self.by_values.keys().map(|tuple| tuple[entry].as_str()).collect();
        values.sort_unstable();
        values.dedup();
        values
    }
}
