//! Which of many fragments does a text contain?
//!
//! Each fragment is sought by three of its bytes, those that the fewest fragments have, so that what is in every
//! path (`\windows\`) leads to few of them. A table says for every three bytes of a text which fragments may stand
//! there. An automaton would read a text as fast, but takes a hundred times as long to build, and most columns of a
//! hunt never have more than a handful of values.

use hashbrown::HashMap;

use crate::bitmap::Bitmap;

/// Fragments, arranged for being found in texts.
#[derive(Debug)]
pub(crate) struct Fragments {
    texts: Vec<Box<[u8]>>,
    threes: Table<3>,
    /// Fragments of two bytes.
    twos: Table<2>,
    /// Fragments of one byte.
    ones: Table<1>,
}

/// Fragments by `N` bytes of theirs, at most four.
#[derive(Debug)]
struct Table<const N: usize> {
    /// The hashes of all of their bytes.
    taken: Bitmap,
    /// By hash: where its part of `places` begins; the next one's beginning is its end.
    starts: Vec<u32>,
    /// A fragment's number, and where in it the bytes stand.
    places: Vec<(u32, u32)>,
    /// By how much a product is shifted to be a hash.
    shift: u32,
}

impl Fragments {
    /// Arranges fragments; their order gives them their numbers. None is empty, and none has a capital ASCII letter.
    pub(crate) fn new(texts: &[String]) -> Fragments {
        let mut counts: HashMap<[u8; 3], u32> = HashMap::new();
        for gram in texts.iter().flat_map(|text| text.as_bytes().array_windows()) {
            *counts.entry(*gram).or_default() += 1;
        }
        let (mut threes, mut twos, mut ones) = (Vec::new(), Vec::new(), Vec::new());
        for (number, text) in (0..).zip(texts) {
            match *text.as_bytes() {
                [] => {}
                [one] => ones.push(([one], (number, 0))),
                [one, two] => twos.push(([one, two], (number, 0))),
                ref bytes => {
                    let grams = (0..).zip(bytes.array_windows());
                    let rarest = grams.min_by_key(|(_, gram)| counts.get(*gram));
                    threes.extend(rarest.map(|(at, gram)| (*gram, (number, at))));
                }
            }
        }
        Fragments {
            texts: texts.iter().map(|text| text.as_bytes().into()).collect(),
            threes: Table::new(threes),
            twos: Table::new(twos),
            ones: Table::new(ones),
        }
    }

    /// Makes `found` the numbers of the fragments that stand in a text without capital ASCII letters.
    pub(crate) fn find(&self, text: &str, found: &mut Bitmap) {
        found.reset(self.texts.len());
        self.threes.find(&self.texts, text.as_bytes(), found);
        self.twos.find(&self.texts, text.as_bytes(), found);
        self.ones.find(&self.texts, text.as_bytes(), found);
    }
}

impl<const N: usize> Table<N> {
    fn new(grams: Vec<([u8; N], (u32, u32))>) -> Table<N> {
        // Of eight hashes or more one is taken.
        let bits = (grams.len() * 8).next_power_of_two().trailing_zeros().clamp(3, 20);
        let shift = u32::BITS - bits;
        let word = |gram: [u8; N]| gram.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let hashed = grams.into_iter().map(|(gram, place)| (hash(word(gram), shift), place));
        let mut hashed: Vec<_> = hashed.collect();
        hashed.sort_unstable();
        let mut taken = Bitmap::empty(1 << bits);
        let mut starts = vec![0; (1 << bits) + 1];
        for (hash, _) in &hashed {
            taken.insert(*hash);
            starts[*hash as usize + 1] += 1;
        }
        for i in 1..starts.len() {
            starts[i] += starts[i - 1];
        }
        let places = hashed.into_iter().map(|(_, place)| place).collect();
        Table { taken, starts, places, shift }
    }

    fn find(&self, fragments: &[Box<[u8]>], text: &[u8], found: &mut Bitmap) {
        if self.places.is_empty() {
            return;
        }
        let mut word = 0;
        for (end, byte) in (1..).zip(text) {
            word = (word << 8 | u32::from(*byte)) & (u32::MAX >> (u32::BITS - 8 * N as u32));
            let hash = hash(word, self.shift);
            if self.taken.contains(hash) {
                self.compare(hash, fragments, text, end, found);
            }
        }
    }

    /// Adds the fragments that have bytes of this hash and stand in a text so that these end here.
    fn compare(
        &self,
        hash: u32,
        fragments: &[Box<[u8]>],
        text: &[u8],
        end: usize,
        found: &mut Bitmap,
    ) {
        let hash = hash as usize;
        for (number, at) in &self.places[self.starts[hash] as usize..self.starts[hash + 1] as usize]
        {
            let start = end.checked_sub(N + *at as usize);
            let rest = start.map(|start| &text[start..]);
            if rest.is_some_and(|rest| rest.starts_with(&fragments[*number as usize])) {
                found.insert(*number);
            }
        }
    }
}

fn hash(word: u32, shift: u32) -> u32 {
    word.wrapping_mul(0x9E37_79B1) >> shift
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
