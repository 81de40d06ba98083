//! Which of many fragments does a text contain?
//!
//! Each fragment is sought by three of its bytes, those that the fewest fragments have, so that what is in every
//! path (`\windows\`) leads to few of them. A table says for every three bytes of a text which fragments may stand
//! there. An automaton would read a text as fast, but takes a hundred times as long to build, and most columns of a
//! hunt never have more than a handful of values.

use hashbrown::HashMap;

use crate::bitmap::Bitmap;

/// How many bytes a fragment is sought by.
const GRAM: usize = 3;

/// Fragments, arranged for being found in texts.
#[derive(Debug)]
pub(crate) struct Fragments {
    texts: Vec<Box<[u8]>>,
    /// By the hash of three bytes: where its part of `places` begins; the next one's beginning is its end.
    starts: Vec<u32>,
    /// A fragment's number, and where in it the three bytes stand.
    places: Vec<(u32, u32)>,
    /// The fragments that have fewer bytes.
    short: Vec<u32>,
    /// By how much a hash is shifted to be a place in `starts`.
    shift: u32,
}

impl Fragments {
    /// Arranges fragments; their order gives them their numbers. None is empty, and none has a capital ASCII letter.
    pub(crate) fn new(texts: &[String]) -> Fragments {
        let mut counts: HashMap<&[u8], u32> = HashMap::new();
        for gram in texts.iter().flat_map(|text| text.as_bytes().windows(GRAM)) {
            *counts.entry(gram).or_default() += 1;
        }
        let mut short = Vec::new();
        let mut chosen = Vec::new();
        for (number, text) in (0..).zip(texts) {
            let grams = (0..).zip(text.as_bytes().windows(GRAM));
            match grams.min_by_key(|(_, gram)| counts[gram]) {
                Some((at, gram)) => chosen.push((gram, (number, at))),
                None => short.push(number),
            }
        }
        // Of eight places or more one is taken.
        let bits = (chosen.len() * 8).next_power_of_two().trailing_zeros().clamp(3, 20);
        let shift = u32::BITS - bits;
        let mut starts = vec![0; (1 << bits) + 1];
        chosen.sort_by_key(|(gram, _)| hash(gram, shift));
        for (gram, _) in &chosen {
            starts[hash(gram, shift) + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let places = chosen.into_iter().map(|(_, place)| place).collect();
        let texts = texts.iter().map(|text| text.as_bytes().into()).collect();
        Fragments { texts, starts, places, short, shift }
    }

    /// Makes `found` the numbers of the fragments that stand in a text without capital ASCII letters.
    pub(crate) fn find(&self, text: &str, found: &mut Bitmap) {
        found.reset(self.texts.len());
        let bytes = text.as_bytes();
        if !self.places.is_empty() {
            for (at, gram) in bytes.windows(GRAM).enumerate() {
                let hash = hash(gram, self.shift);
                let (start, end) = (self.starts[hash] as usize, self.starts[hash + 1] as usize);
                for (number, offset) in &self.places[start..end] {
                    let rest = at.checked_sub(*offset as usize).map(|start| &bytes[start..]);
                    let is_there = |rest: &[u8]| rest.starts_with(&self.texts[*number as usize]);
                    if rest.is_some_and(is_there) {
                        found.insert(*number);
                    }
                }
            }
        }
        for number in &self.short {
            let fragment = &*self.texts[*number as usize];
            if bytes.windows(fragment.len()).any(|window| window == fragment) {
                found.insert(*number);
            }
        }
    }
}

fn hash(gram: &[u8], shift: u32) -> usize {
    let word = gram.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
    (word.wrapping_mul(0x9E37_79B1) >> shift) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn finds_what_is_contained(
            fragments in prop::collection::hash_set("[abé]{1,5}", 0..12),
            text in "[abcé]{0,20}",
        ) {
            let fragments: Vec<String> = fragments.into_iter().collect();
            let contained = (0..).zip(&fragments).filter(|(_, f)| text.contains(f.as_str()));
            let contained: Vec<u32> = contained.map(|(number, _)| number).collect();
            let mut found = Bitmap::full(100);
            Fragments::new(&fragments).find(&text, &mut found);
            prop_assert_eq!(found.iter().collect::<Vec<_>>(), contained);
        }
    }
}
