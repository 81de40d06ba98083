//! Sets of rows of one batch.

/// Which rows of a batch: one bit per row, 64 to a word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bitmap(Vec<u64>);

impl Bitmap {
    /// No rows, out of `rows`.
    pub(crate) fn empty(rows: usize) -> Bitmap {
        Bitmap(vec![0; rows.div_ceil(64)])
    }

    /// All of `rows` rows.
    pub(crate) fn full(rows: usize) -> Bitmap {
        let mut words = vec![u64::MAX; rows.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !rows.is_multiple_of(64)
        {
            *last = (1 << (rows % 64)) - 1;
        }
        Bitmap(words)
    }

    /// Makes it the empty set, out of `rows`, keeping the memory.
    pub(crate) fn reset(&mut self, rows: usize) {
        self.0.clear();
        self.0.resize(rows.div_ceil(64), 0);
    }

    /// Makes it the same as `other`, keeping the memory.
    pub(crate) fn copy_from(&mut self, other: &Bitmap) {
        self.0.clone_from(&other.0);
    }

    pub(crate) fn insert(&mut self, row: u32) {
        self.0[row as usize / 64] |= 1 << (row % 64);
    }

    pub(crate) fn insert_all(&mut self, rows: &[u32]) {
        for row in rows {
            self.insert(*row);
        }
    }

    pub(crate) fn contains(&self, row: u32) -> bool {
        self.0[row as usize / 64] & (1 << (row % 64)) != 0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    /// The number of rows.
    pub(crate) fn count(&self) -> u64 {
        self.0.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Keeps the rows that `other` has too. Gives whether any are left.
    pub(crate) fn intersect(&mut self, other: &Bitmap) -> bool {
        let mut all = 0;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a &= b;
            all |= *a;
        }
        all != 0
    }

    /// Drops the rows that `other` has. Gives whether any are left.
    pub(crate) fn subtract(&mut self, other: &Bitmap) -> bool {
        let mut all = 0;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a &= !b;
            all |= *a;
        }
        all != 0
    }

    /// Adds the rows that `other` has.
    pub(crate) fn union(&mut self, other: &Bitmap) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a |= b;
        }
    }

    /// The rows, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().enumerate().flat_map(|(i, word)| {
            let mut word = *word;
            std::iter::from_fn(move || {
                let bit = (word != 0).then(|| word.trailing_zeros())?;
                word &= word - 1;
                Some(i as u32 * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let mut a = Bitmap::full(70);
        assert_eq!(a.iter().count(), 70);
        let mut b = Bitmap::empty(70);
        b.insert(3);
        b.insert(69);
        assert!(a.subtract(&b));
        assert_eq!(a.iter().count(), 68);
        assert_eq!(a.count(), 68);
        assert!(!a.intersect(&b));
        assert!(a.is_empty());
        a.union(&b);
        assert_eq!(a.iter().collect::<Vec<_>>(), [3, 69]);
        assert_eq!(Bitmap::full(128).iter().count(), 128);
    }
}
