//! Which tests of words does a value satisfy?
//!
//! As with wildcard patterns, a test can only hold of a text that contains some fragment, here of the text in
//! lower case. A text is cut into words once per analyzer, and only if a test is left to try.

use dragnet_event::lowercase;
use dragnet_plan::text::{Analyzer, WordTest, Words};
use hashbrown::HashMap;

use crate::bitmap::Bitmap;
use crate::fragments::Fragments;
use crate::rule_set::PredicateId;

/// The tests of words of one column.
#[derive(Debug)]
pub(crate) struct WordIndex {
    tests: Vec<(PredicateId, Analyzer, WordTest)>,
    fragments: Option<Fragments>,
    /// By the number of a fragment: the places of tests in `tests`.
    by_fragment: Vec<Vec<usize>>,
    /// The places of the tests that are tried on every text.
    always: Vec<usize>,
}

impl WordIndex {
    /// Arranges tests; `None` if there are none.
    pub(crate) fn new(tests: &[(PredicateId, Analyzer, &WordTest)]) -> Option<WordIndex> {
        if tests.is_empty() {
            return None;
        }
        let (mut by_fragment, mut always) = (Vec::new(), Vec::new());
        let mut known: HashMap<&str, usize> = HashMap::new();
        let mut sought = Vec::new();
        for (at, (_, _, test)) in tests.iter().enumerate() {
            let Some(fragments) = test.fragments() else {
                always.push(at);
                continue;
            };
            for fragment in fragments {
                let slot = *known.entry(fragment).or_insert_with(|| {
                    sought.push(fragment.to_ascii_lowercase());
                    by_fragment.push(Vec::new());
                    sought.len() - 1
                });
                by_fragment[slot].push(at);
            }
        }
        let fragments = (!sought.is_empty()).then(|| Fragments::new(&sought));
        let tests = tests.iter().map(|(id, analyzer, test)| (*id, *analyzer, (*test).clone()));
        Some(WordIndex { tests: tests.collect(), fragments, by_fragment, always })
    }

    /// Appends the predicates that a text satisfies, in no particular order.
    pub(crate) fn decide(&self, text: &str, found: &mut Bitmap, out: &mut Vec<PredicateId>) {
        let lower = lowercase(text);
        let mut candidates = self.always.clone();
        if let Some(fragments) = &self.fragments {
            fragments.find(&lower, found);
            candidates.extend(found.iter().flat_map(|f| &self.by_fragment[f as usize]));
        }
        candidates.sort_unstable();
        candidates.dedup();
        for analyzer in Analyzer::ALL {
            let mut words = None;
            for (id, _, test) in
                candidates.iter().map(|at| &self.tests[*at]).filter(|test| test.1 == analyzer)
            {
                let words = words.get_or_insert_with(|| Words::new(analyzer, &lower));
                if test.is_match(words) {
                    out.push(*id);
                }
            }
        }
    }
}
