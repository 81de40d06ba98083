//! What parts of events have come to, by their values.

use std::hash::BuildHasher;
use std::ops::Range;

use dragnet_event::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

/// Bytes of keys and entries that are kept; then all are dropped.
const LIMIT: usize = 6 << 20;
/// Longer keys are not kept. No value of an EVTX file is as long.
const MAX_KEY: usize = 64 << 10;

/// Entries by the part of a kind and the key of its values.
#[derive(Debug, Default)]
pub(super) struct Known {
    keys: Vec<u8>,
    entries: Vec<Entry>,
    items: Vec<Item>,
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    seen: Seen,
}

/// What tells the values of a part from others: a tag, and bytes.
pub(super) type Key<'k> = (u8, &'k [u8]);

#[derive(Debug)]
struct Item {
    hash: u64,
    part: u32,
    tag: u8,
    key: Range<u32>,
    entries: Range<u32>,
}

impl Known {
    pub(super) fn hash(&self, part: u32, key: Key<'_>) -> u64 {
        self.hasher.hash_one((part, key))
    }

    /// The number of what is known of a key, if anything is.
    pub(super) fn find(&self, hash: u64, part: u32, key: Key<'_>) -> Option<u32> {
        self.index.find(hash, |&item| self.is(item, part, key)).copied()
    }

    /// Whether what is known under this number is of this key. There may be no such number any more.
    pub(super) fn is(&self, item: u32, part: u32, (tag, key): Key<'_>) -> bool {
        self.items.get(item as usize).is_some_and(|item| {
            (item.part, item.tag) == (part, tag)
                && self.keys[item.key.start as usize..item.key.end as usize] == *key
        })
    }

    /// What is known under a number that [`Known::find`] gave or [`Known::is`] holds for.
    pub(super) fn entries(&self, item: u32) -> &[Entry] {
        let range = &self.items[item as usize].entries;
        &self.entries[range.start as usize..range.end as usize]
    }

    /// Whether a key with this hash has been asked about before, as far as that is remembered. What comes once is
    /// not worth keeping.
    pub(super) fn comes_again(&mut self, hash: u64) -> bool {
        self.seen.again(hash)
    }

    pub(super) fn add(&mut self, hash: u64, part: u32, (tag, key): Key<'_>, entries: &[Entry]) {
        if key.len() > MAX_KEY {
            return;
        }
        let bytes = self.keys.len()
            + self.entries.len() * size_of::<Entry>()
            + self.items.len() * (size_of::<Item>() + 8);
        if bytes + key.len() + size_of_val(entries) > LIMIT {
            self.forget();
        }
        let key_start = self.keys.len() as u32;
        self.keys.extend_from_slice(key);
        let start = self.entries.len() as u32;
        self.entries.extend_from_slice(entries);
        let number = self.items.len() as u32;
        self.items.push(Item {
            hash,
            part,
            tag,
            key: key_start..self.keys.len() as u32,
            entries: start..self.entries.len() as u32,
        });
        let items = &self.items;
        self.index.insert_unique(hash, number, |&item| items[item as usize].hash);
    }

    pub(super) fn forget(&mut self) {
        self.keys.clear();
        self.entries.clear();
        self.items.clear();
        self.index.clear();
    }
}

/// The last of the hashes that fell on each place: enough to tell most values that come again. A log has some ten
/// thousand values; with as many places, half of them would be forgotten before they come again.
#[derive(Debug)]
struct Seen(Box<[u32]>);

impl Default for Seen {
    fn default() -> Seen {
        Seen(vec![0; 1 << 17].into())
    }
}

impl Seen {
    fn again(&mut self, hash: u64) -> bool {
        let at = hash as usize % self.0.len();
        let mark = (hash >> 32) as u32 | 1;
        std::mem::replace(&mut self.0[at], mark) == mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_other_parts_are_other_keys() {
        let mut known = Known::default();
        let hash = known.hash(1, (0, b"a"));
        known.add(hash, 1, (0, b"a"), &[]);
        assert_eq!(known.find(hash, 1, (0, b"a")), Some(0));
        for (part, key) in [(2, (0, b"a")), (1, (0, b"b")), (1, (1, b"a"))] {
            assert_eq!(known.find(hash, part, (key.0, key.1)), None);
        }
        assert!(known.is(0, 1, (0, b"a")) && !known.is(1, 1, (0, b"a")));
    }

    #[test]
    fn memory_is_bounded() {
        let mut batch = dragnet_event::Batch::new(
            &[dragnet_event::Field::any("a")],
            &dragnet_event::Schema::open().field("@timestamp"),
        );
        let mut entries = Vec::new();
        batch.record(&mut entries, |batch| {
            for _ in 0..100 {
                dragnet_event::FieldSink::put_str(batch, "a", "x");
            }
        });
        let mut known = Known::default();
        let mut dropped = 0;
        for n in 0..20_000_u32 {
            let key = [n.to_le_bytes(); 256].concat();
            let (hash, before) = (known.hash(0, (0, &key)), known.items.len());
            known.add(hash, 0, (0, &key), &entries);
            assert!(known.find(hash, 0, (0, &key)).is_some());
            dropped += usize::from(known.items.len() <= before);
        }
        assert!(dropped > 1);
        assert!(known.keys.len() + size_of_val(&*known.entries) <= LIMIT);
        let long = vec![0; MAX_KEY + 1];
        let hash = known.hash(0, (0, &long));
        known.add(hash, 0, (0, &long), &[]);
        assert_eq!(known.find(hash, 0, (0, &long)), None);
    }

    #[test]
    fn the_second_time_is_told() {
        let mut known = Known::default();
        let hash = known.hash(0, (0, b"a"));
        assert!(!known.comes_again(hash));
        assert!(known.comes_again(hash));
    }
}
