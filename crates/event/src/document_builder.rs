//! Documents of many values, put together fast.
//!
//! A document's objects are hash maps, and every value that is put into one is a walk through several of them. Here the
//! walk is over one table of all nodes; the maps are made once, when the document is complete. The outcome is that of
//! putting the same values into a [`Document`], which says what they mean; a test holds the two to each other.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};
use serde_json::{Map, Value as Json};

use crate::document::{Document, MAX_LEVELS, add, add_item, object_json, scalar_json, to_array};
use crate::sink::FieldSink;
use crate::value::Scalar;

/// Builds documents, one after the other; a [`FieldSink`] that wants everything.
#[derive(Debug, Default)]
pub struct DocumentBuilder {
    /// The outermost object first.
    nodes: Vec<Node>,
    /// Their keys, one after the other.
    keys: String,
    /// Nodes by parent and key.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

#[derive(Debug)]
struct Node {
    parent: u32,
    /// Its key, in the builder's keys.
    start: u32,
    end: u32,
    hash: u64,
    state: State,
}

#[derive(Debug)]
enum State {
    Object,
    Value(Json),
}

const ROOT: u32 = 0;

/// What is kept for the next document: nodes and bytes of keys.
const MOST_NODES: usize = 4096;
const MOST_KEYS: usize = 256 << 10;

impl DocumentBuilder {
    /// An empty one.
    pub fn new() -> DocumentBuilder {
        DocumentBuilder::default()
    }

    fn key(&self, node: &Node) -> &str {
        &self.keys[node.start as usize..node.end as usize]
    }

    fn hash(&self, parent: u32, key: &str) -> u64 {
        self.hasher.hash_one((parent, key))
    }

    fn find(&self, hash: u64, parent: u32, key: &str) -> Option<u32> {
        let is_it = |node: &Node| node.parent == parent && self.key(node) == key;
        self.index.find(hash, |&id| is_it(&self.nodes[id as usize])).copied()
    }

    /// The node at a key, made (as `null`) if there is none.
    fn entry(&mut self, hash: u64, parent: u32, key: &str, new: State) -> u32 {
        if let Some(id) = self.find(hash, parent, key) {
            return id;
        }
        let start = self.keys.len() as u32;
        self.keys.push_str(key);
        let node = Node { parent, start, end: self.keys.len() as u32, hash, state: new };
        self.nodes.push(node);
        let id = self.nodes.len() as u32 - 1;
        let nodes = &self.nodes;
        self.index.insert_unique(hash, id, |&id| nodes[id as usize].hash);
        id
    }

    /// The value at a dotted path, as a [`Document`] finds the place for it; `null` if it is new.
    fn slot(&mut self, path: &str) -> &mut Json {
        if self.nodes.is_empty() {
            let state = State::Object;
            self.nodes.push(Node { parent: ROOT, start: 0, end: 0, hash: 0, state });
        }
        let (mut parent, mut rest) = (ROOT, path);
        for _ in 0..MAX_LEVELS {
            let Some((head, tail)) = rest.split_once('.') else { break };
            let hash = self.hash(parent, head);
            let child = self.entry(hash, parent, head, State::Object);
            if matches!(self.nodes[child as usize].state, State::Value(_)) {
                break;
            }
            (parent, rest) = (child, tail);
        }
        let hash = self.hash(parent, rest);
        let mut id = self.entry(hash, parent, rest, State::Value(Json::Null));
        if matches!(self.nodes[id as usize].state, State::Object) {
            // A value beside an object goes under a key that cannot be a path.
            let beside = format!("{rest}.");
            let hash = self.hash(parent, &beside);
            id = self.entry(hash, parent, &beside, State::Value(Json::Null));
        }
        match &mut self.nodes[id as usize].state {
            State::Value(json) => json,
            State::Object => unreachable!("keys that end in a dot are never objects"),
        }
    }

    /// The document of all that was put since the last one, its keys in alphabetical order.
    pub fn finish(&mut self) -> Document {
        let mut order: Vec<u32> = (1..self.nodes.len() as u32).collect();
        // Members after their objects, since they are made after them; so the last are complete first.
        let key = |id: &u32| {
            let node = &self.nodes[*id as usize];
            (node.parent, self.key(node))
        };
        order.sort_unstable_by(|a, b| key(a).cmp(&key(b)));
        let mut objects = order.as_slice();
        let mut made: Vec<Option<Map<String, Json>>> = Vec::new();
        made.resize_with(self.nodes.len(), || None);
        while let Some(last) = objects.last() {
            let parent = self.nodes[*last as usize].parent;
            let first = objects.partition_point(|id| self.nodes[*id as usize].parent < parent);
            let mut object = Map::with_capacity(objects.len() - first);
            for id in &objects[first..] {
                let key = self.key(&self.nodes[*id as usize]).to_owned();
                let value = match &mut self.nodes[*id as usize].state {
                    State::Value(json) => json.take(),
                    State::Object => Json::Object(made[*id as usize].take().unwrap_or_default()),
                };
                object.insert(key, value);
            }
            made[parent as usize] = Some(object);
            objects = &objects[..first];
        }
        let document = made.first_mut().and_then(Option::take).unwrap_or_default();
        self.clear();
        Document(document)
    }

    /// Forgets all that was put since the last document.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.keys.clear();
        self.index.clear();
        if self.nodes.capacity() > MOST_NODES || self.keys.capacity() > MOST_KEYS {
            *self = DocumentBuilder::default();
        }
    }
}

impl FieldSink for DocumentBuilder {
    fn wants(&self, _path: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, value: Scalar<'_>) {
        add(self.slot(path), scalar_json(value));
    }

    fn put_object(&mut self, path: &str, members: &[(&str, Scalar<'_>)]) {
        add_item(self.slot(path), object_json(path, members));
    }

    fn mark_array(&mut self, path: &str) {
        to_array(self.slot(path));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts values at random paths, some of which are in each other's way.
    fn put_random(random: &mut u64, sink: &mut dyn FieldSink) {
        let mut below = |n: u64| {
            *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (*random >> 33) % n
        };
        for n in 0..below(30) {
            let segments = (0..=below(4)).map(|_| ["a", "b", "", "c", "b."][below(5) as usize]);
            let mut path = segments.collect::<Vec<_>>().join(".");
            if below(20) == 0 {
                path = vec![path; 30].join(".");
            }
            let value = Scalar::Long(n as i64);
            match below(8) {
                0 => sink.mark_array(&path),
                1 => sink.put_object(&path, &[("x", value), (&format!("{path}.y"), value)]),
                2 => sink.put(&path, Scalar::Double(f64::NAN)),
                _ => sink.put(&path, value),
            }
        }
    }

    #[test]
    fn it_builds_what_putting_into_a_document_gives() {
        let mut builder = DocumentBuilder::new();
        for seed in 0..20_000 {
            let mut document = Document::new();
            put_random(&mut { seed }, &mut document);
            put_random(&mut { seed }, &mut builder);
            let built = builder.finish();
            assert_eq!(built, document, "{seed}");
            assert!(built.0.keys().is_sorted());
        }
    }

    #[test]
    fn what_is_cleared_is_gone() {
        let mut builder = DocumentBuilder::new();
        builder.put_str("a.b", "x");
        builder.clear();
        builder.put_str("a.c", "y");
        let expected = serde_json::json!({"a": {"c": "y"}});
        assert_eq!(Json::Object(builder.finish().0), expected);
        assert_eq!(builder.finish(), Document::new());
    }
}
