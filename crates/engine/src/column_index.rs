//! Which predicates of one column does a value satisfy? All at once, for thousands of predicates.
//!
//! Equality is a hash look-up. A wildcard pattern can only match a text that contains the
//! pattern's longest literal fragment, so the fragments of all patterns are looked for together, ignoring case (see
//! [`Fragments`]); only patterns whose fragment was seen are tried. What has no such fragment (ranges, addresses,
//! scripts) is tried on every value.
//!
//! What costs much more than that (tests of words, which go the same way, see [`WordIndex`]; regular
//! expressions; conditions on nested objects) is decided apart, for the values that somebody asks about.

use dragnet_event::Scalar;
use dragnet_plan::pattern::Wildcard;
use dragnet_plan::{CompareOp, Leaf, Literal};
use hashbrown::HashMap;

use crate::bitmap::Bitmap;
use crate::fragments::Fragments;
use crate::reference::value_holds;
use crate::rule_set::PredicateId;
use crate::word_index::WordIndex;

/// The predicates of one column, arranged for look-up by value.
#[derive(Debug, Default)]
pub(crate) struct ColumnIndex {
    /// Text → the predicates that it satisfies by being exactly this.
    exact: HashMap<Box<str>, Vec<PredicateId>>,
    /// The same in lower case, for predicates that ignore case.
    folded: HashMap<Box<str>, Vec<PredicateId>>,
    fragments: Option<Fragments>,
    /// By the number of a fragment: what may match where it stands.
    by_fragment: Vec<Vec<(PredicateId, Wildcard)>>,
    /// Patterns without a fragment.
    shapeless: Vec<(PredicateId, Wildcard)>,
    /// Everything that is tried on every value.
    others: Vec<(PredicateId, Leaf)>,
    /// Tests of words: costly.
    words: Option<WordIndex>,
    /// What else is costly.
    costly: Vec<(PredicateId, Leaf)>,
}

impl ColumnIndex {
    /// Arranges the predicates of a column. None of them holds of a missing field.
    pub(crate) fn new<'l>(leaves: impl Iterator<Item = (PredicateId, &'l Leaf)>) -> ColumnIndex {
        let mut index = ColumnIndex::default();
        let mut fragments: HashMap<String, usize> = HashMap::new();
        let mut texts: Vec<String> = Vec::new();
        let mut words = Vec::new();
        for (id, leaf) in leaves {
            if let Some((constants, fold)) = text_constants(leaf) {
                for constant in constants {
                    index.equality(constant, fold, id);
                }
            } else if let Leaf::Like { patterns, .. } = leaf {
                for pattern in patterns {
                    let fragment = pattern.longest_literal().to_ascii_lowercase();
                    if let Some(text) = pattern.literal() {
                        index.equality(text, pattern.fold(), id);
                    } else if fragment.is_empty() {
                        index.shapeless.push((id, pattern.clone()));
                    } else {
                        let slot = *fragments.entry(fragment.clone()).or_insert_with(|| {
                            texts.push(fragment);
                            index.by_fragment.push(Vec::new());
                            texts.len() - 1
                        });
                        index.by_fragment[slot].push((id, pattern.clone()));
                    }
                }
            } else if let Leaf::Words { analyzer, test, .. } = leaf {
                words.push((id, *analyzer, test));
            } else if matches!(leaf, Leaf::Regex { .. } | Leaf::Nested { .. }) {
                index.costly.push((id, leaf.clone()));
            } else {
                index.others.push((id, leaf.clone()));
            }
        }
        index.words = WordIndex::new(&words);
        index.fragments = (!texts.is_empty()).then(|| Fragments::new(&texts));
        index
    }

    fn equality(&mut self, text: &str, fold: bool, id: PredicateId) {
        let (map, key) = if fold {
            (&mut self.folded, text.to_ascii_lowercase())
        } else {
            (&mut self.exact, text.to_owned())
        };
        let ids = map.entry(key.into()).or_default();
        if ids.last() != Some(&id) {
            ids.push(id);
        }
    }

    /// Appends the predicates that the value satisfies, but for costly ones, each once, in ascending order.
    pub(crate) fn decide(
        &self,
        value: Scalar<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<PredicateId>,
    ) {
        let start = out.len();
        let text = value.text();
        out.extend(self.exact.get(&*text).into_iter().flatten());
        let Scratch { lower, found } = scratch;
        if !self.folded.is_empty() || self.fragments.is_some() {
            lower.clear();
            lower.push_str(&text);
            lower.make_ascii_lowercase();
            out.extend(self.folded.get(lower.as_str()).into_iter().flatten());
        }
        if let Some(fragments) = &self.fragments {
            fragments.find(lower, found);
            for fragment in found.iter() {
                let candidates = &self.by_fragment[fragment as usize];
                out.extend(candidates.iter().filter(|c| c.1.is_match(&text)).map(|c| c.0));
            }
        }
        out.extend(self.shapeless.iter().filter(|c| c.1.is_match(&text)).map(|c| c.0));
        out.extend(self.others.iter().filter(|o| value_holds(&o.1, value)).map(|o| o.0));
        sort_from(start, out);
    }

    /// Appends the costly predicates that the value satisfies, each once, in ascending order.
    pub(crate) fn decide_costly(
        &self,
        value: Scalar<'_>,
        scratch: &mut Scratch,
        out: &mut Vec<PredicateId>,
    ) {
        let start = out.len();
        if let Some(words) = &self.words {
            words.decide(&value.text(), &mut scratch.found, out);
        }
        out.extend(self.costly.iter().filter(|c| value_holds(&c.1, value)).map(|c| c.0));
        sort_from(start, out);
    }
}

/// Sorts what stands from a place on, and leaves each once.
fn sort_from(start: usize, ids: &mut Vec<PredicateId>) {
    ids[start..].sort_unstable();
    let mut kept = start;
    for i in start..ids.len() {
        if i == start || ids[i] != ids[kept - 1] {
            ids[kept] = ids[i];
            kept += 1;
        }
    }
    ids.truncate(kept);
}

/// Memory that is used again for each value.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    lower: String,
    pub(crate) found: Bitmap,
}

/// The constants of a leaf that tests for equality of text, and whether it ignores case.
/// A constant that is a number or a date is equal to more than its own text, so it does not count.
fn text_constants(leaf: &Leaf) -> Option<(Vec<&str>, bool)> {
    let text = |literal: &'_ Literal| matches!(literal, Literal::Str(_));
    match leaf {
        Leaf::Compare { field, op: CompareOp::Eq, value: Literal::Str(s) }
            if equality_is_textual(field) =>
        {
            Some((vec![s], false))
        }
        Leaf::OneOf { field, values, fold }
            if values.iter().all(text) && (*fold || equality_is_textual(field)) =>
        {
            let constants = values.iter().filter_map(|v| match v {
                Literal::Str(s) => Some(&**s),
                _ => None,
            });
            Some((constants.collect(), *fold))
        }
        _ => None,
    }
}

/// Whether a value of the field equals a text exactly if its canonical text does.
fn equality_is_textual(field: &dragnet_event::Field) -> bool {
    use dragnet_event::FieldType::{Any, Keyword, Text};
    matches!(field.ty(), Any | Keyword | Text)
}
