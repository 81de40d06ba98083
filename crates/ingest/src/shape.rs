//! The shapes of documents, learnt while they are read.
//!
//! Documents of one log repeat the same few keys in the same order. A shape remembers, per path seen
//! so far, what the sink said of it and which keys stood below it, so that a key costs one
//! comparison and a path that nobody wants is never spelt out. The price is a bound: once it is full,
//! paths that are not in it are spelt out each time.

use dragnet_event::Handle;

/// A path in a [`Shape`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathId(u32);

/// Bounds on the number of paths, of keys below one path, and on a path's bytes.
const MAX_PATHS: usize = 4096;
const MAX_CHILDREN: usize = 128;
const MAX_PATH: usize = 512;

/// What a sink wants of a path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wants {
    /// The values that stand there.
    pub(crate) values: bool,
    /// The objects that stand there, each as a whole.
    pub(crate) objects: bool,
    /// How values are put there.
    pub(crate) handle: Handle,
}

#[derive(Debug, Default)]
pub(crate) struct Shape {
    paths: Vec<Path>,
}

#[derive(Debug, Default)]
struct Path {
    dotted: Box<str>,
    /// How many bytes of it are the last key.
    key: usize,
    is_wanted: bool,
    /// Whether objects here are wanted as a whole.
    wants_objects: bool,
    handle: Handle,
    /// In the order in which they were first seen.
    children: Vec<PathId>,
}

impl Shape {
    pub(crate) const ROOT: PathId = PathId(0);

    pub(crate) fn new() -> Shape {
        Shape { paths: vec![Path::default()] }
    }

    /// The dotted path.
    pub(crate) fn dotted(&self, id: PathId) -> &str {
        &self.paths[id.0 as usize].dotted
    }

    pub(crate) fn is_wanted(&self, id: PathId) -> bool {
        self.paths[id.0 as usize].is_wanted
    }

    pub(crate) fn handle(&self, id: PathId) -> Handle {
        self.paths[id.0 as usize].handle
    }

    pub(crate) fn wants_objects(&self, id: PathId) -> bool {
        self.paths[id.0 as usize].wants_objects
    }

    /// The path of a key below a path; `None` if there is no room for it. `next` is the place among
    /// the children at which it probably stands, and becomes that of the key after it.
    pub(crate) fn child(
        &mut self,
        parent: PathId,
        key: &str,
        next: &mut usize,
        wants: impl FnOnce(&str) -> Wants,
    ) -> Option<PathId> {
        let children = &self.paths[parent.0 as usize].children;
        let is_it = |id: &PathId| {
            let Path { dotted, key: len, .. } = &self.paths[id.0 as usize];
            &dotted.as_bytes()[dotted.len() - len..] == key.as_bytes()
        };
        let found = match children.get(*next) {
            Some(id) if is_it(id) => Some(*next),
            _ => children.iter().position(is_it),
        };
        if let Some(at) = found {
            *next = at + 1;
            return Some(children[at]);
        }
        *next = children.len() + 1;
        self.add(parent, key, wants)
    }

    #[cold]
    fn add(
        &mut self,
        parent: PathId,
        key: &str,
        wants: impl FnOnce(&str) -> Wants,
    ) -> Option<PathId> {
        let Path { dotted: above, children, .. } = &self.paths[parent.0 as usize];
        let full = self.paths.len() == MAX_PATHS || children.len() == MAX_CHILDREN;
        if full || above.len() + key.len() > MAX_PATH {
            return None;
        }
        let dotted = if above.is_empty() { key.to_owned() } else { format!("{above}.{key}") };
        let id = PathId(self.paths.len() as u32);
        let Wants { values: is_wanted, objects: wants_objects, handle } = wants(&dotted);
        let dotted = dotted.into_boxed_str();
        let children = Vec::new();
        let key = key.len();
        self.paths.push(Path { dotted, key, is_wanted, wants_objects, handle, children });
        self.paths[parent.0 as usize].children.push(id);
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        let mut shape = Shape::new();
        let mut next = 0;
        let handle = Handle::default();
        let wants = |path: &str| Wants { values: path == "a.b", objects: path == "c", handle };
        let a = shape.child(Shape::ROOT, "a", &mut next, wants).unwrap();
        let c = shape.child(Shape::ROOT, "c", &mut next, wants).unwrap();
        let b = shape.child(a, "b", &mut 0, wants).unwrap();
        assert_eq!([a, b, c].map(|id| shape.dotted(id)), ["a", "a.b", "c"]);
        assert_eq!([a, b, c].map(|id| shape.is_wanted(id)), [false, true, false]);
        assert_eq!([a, b, c].map(|id| shape.wants_objects(id)), [false, false, true]);
        // Found again, in any order, without asking.
        let mut next = 0;
        let asked = |_: &str| unreachable!();
        assert_eq!(shape.child(Shape::ROOT, "c", &mut next, asked), Some(c));
        assert_eq!(shape.child(Shape::ROOT, "a", &mut next, asked), Some(a));
        assert_eq!(next, 1);
    }

    #[test]
    fn it_is_bounded() {
        let mut shape = Shape::new();
        let mut next = 0;
        let wants = |_: &str| Wants { values: true, objects: false, handle: Handle::default() };
        let known = (0..10_000)
            .filter(|n| shape.child(Shape::ROOT, &n.to_string(), &mut next, wants).is_some());
        assert_eq!(known.count(), MAX_CHILDREN);
        assert_eq!(shape.child(Shape::ROOT, &"x".repeat(600), &mut next, wants), None);
    }
}
