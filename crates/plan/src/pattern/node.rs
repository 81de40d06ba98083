//! The form that both dialects of regular expressions are read into.

use regex_syntax::hir::{Class, ClassUnicode, ClassUnicodeRange, Hir, Look, Repetition};

/// The most levels that an expression may be nested: what is recursive about it stays small.
pub(super) const MAX_HEIGHT: usize = 200;

/// A regular expression, with its height, so that nothing deep is ever built.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    height: usize,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    /// One character of a set; the empty set matches nothing at all.
    Class(ClassUnicode),
    /// One after the other; empty: the empty text.
    Concat(Vec<Node>),
    /// Any of them.
    Any(Vec<Node>),
    /// So many times, at most so many times.
    Repeat(Box<Node>, u32, Option<u32>),
    /// All of them at once.
    All(Vec<Node>),
    /// Any text but these.
    Not(Box<Node>),
    /// An assertion about the place.
    Look(Look),
}

impl Node {
    fn new(kind: Kind) -> Node {
        let height = match &kind {
            Kind::Class(_) | Kind::Look(_) => 0,
            Kind::Repeat(inner, ..) | Kind::Not(inner) => inner.height,
            Kind::Concat(parts) | Kind::Any(parts) | Kind::All(parts) => {
                parts.iter().map(|p| p.height).max().unwrap_or_default()
            }
        };
        Node { kind, height: height + 1 }
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    pub(super) fn class(class: ClassUnicode) -> Node {
        Node::new(Kind::Class(class))
    }

    /// One character; with `fold` in either case, if it is an ASCII letter.
    pub(super) fn char(c: char, fold: bool) -> Node {
        let mut class = set(c, c);
        if fold {
            fold_ascii(&mut class);
        }
        Node::class(class)
    }

    /// The empty text.
    pub(super) fn empty() -> Node {
        Node::concat(Vec::new())
    }

    /// Any text.
    pub(super) fn anything() -> Node {
        Node::repeat(Node::class(all()), 0, None)
    }

    pub(super) fn look(look: Look) -> Node {
        Node::new(Kind::Look(look))
    }

    pub(super) fn concat(parts: Vec<Node>) -> Node {
        Node::join(parts, Kind::Concat)
    }

    pub(super) fn any(parts: Vec<Node>) -> Node {
        Node::join(parts, Kind::Any)
    }

    pub(super) fn all(parts: Vec<Node>) -> Node {
        Node::join(parts, Kind::All)
    }

    fn join(mut parts: Vec<Node>, kind: fn(Vec<Node>) -> Kind) -> Node {
        match parts.pop() {
            Some(only) if parts.is_empty() => only,
            last => {
                parts.extend(last);
                Node::new(kind(parts))
            }
        }
    }

    pub(super) fn not(inner: Node) -> Node {
        match inner.kind {
            Kind::Not(twice) => *twice,
            _ => Node::new(Kind::Not(Box::new(inner))),
        }
    }

    /// `min > max` is allowed and matches nothing (Lucene).
    pub(super) fn repeat(inner: Node, min: u32, max: Option<u32>) -> Node {
        match (&inner.kind, min, max) {
            (_, _, Some(max)) if min > max => Node::class(ClassUnicode::empty()),
            (_, 1, Some(1)) => inner,
            (_, 0, Some(0)) => Node::empty(),
            // (x*)?, (x*)*, (x*)+ are x*.
            (Kind::Repeat(_, 0, None), ..) if max != Some(0) => inner,
            _ => Node::new(Kind::Repeat(Box::new(inner), min, max)),
        }
    }

    /// Whether it takes more than an ordinary regular expression engine: complement, intersection.
    pub(super) fn is_boolean(&self) -> bool {
        match &self.kind {
            Kind::Class(_) | Kind::Look(_) => false,
            Kind::Concat(parts) | Kind::Any(parts) => parts.iter().any(Node::is_boolean),
            Kind::Repeat(inner, ..) => inner.is_boolean(),
            Kind::All(_) | Kind::Not(_) => true,
        }
    }

    /// Whether it is [`Node::anything`].
    pub(super) fn is_anything(&self) -> bool {
        match &self.kind {
            Kind::Repeat(inner, 0, None) => {
                matches!(&inner.kind, Kind::Class(class) if *class == all())
            }
            _ => false,
        }
    }

    /// As the engine's own form; `None` if it [is boolean](Node::is_boolean).
    pub(super) fn to_hir(&self) -> Option<Hir> {
        let each = |parts: &[Node]| parts.iter().map(Node::to_hir).collect::<Option<Vec<_>>>();
        Some(match &self.kind {
            Kind::Class(class) => Hir::class(Class::Unicode(class.clone())),
            Kind::Concat(parts) => Hir::concat(each(parts)?),
            Kind::Any(parts) => Hir::alternation(each(parts)?),
            Kind::Repeat(inner, min, max) => Hir::repetition(Repetition {
                min: *min,
                max: *max,
                greedy: true,
                sub: Box::new(inner.to_hir()?),
            }),
            Kind::Look(look) => Hir::look(*look),
            Kind::All(_) | Kind::Not(_) => return None,
        })
    }
}

/// The characters from one to another, both included.
pub(super) fn set(from: char, to: char) -> ClassUnicode {
    ClassUnicode::new([ClassUnicodeRange::new(from, to)])
}

/// The characters of several ranges.
pub(super) fn ranges(ranges: &[(char, char)]) -> ClassUnicode {
    ClassUnicode::new(ranges.iter().map(|(from, to)| ClassUnicodeRange::new(*from, *to)))
}

/// All characters.
pub(super) fn all() -> ClassUnicode {
    set('\0', char::MAX)
}

/// All characters but these.
pub(super) fn negated(mut class: ClassUnicode) -> ClassUnicode {
    class.negate();
    class
}

/// Adds the other case of every ASCII letter.
pub(super) fn fold_ascii(class: &mut ClassUnicode) {
    let mut more = Vec::new();
    for (low, high, shift) in [('a', 'z', -32), ('A', 'Z', 32)] {
        let mut letters = class.clone();
        letters.intersect(&set(low, high));
        more.extend(letters.ranges().iter().filter_map(|r| {
            let shifted = |c: char| char::from_u32((c as u32).checked_add_signed(shift)?);
            Some(ClassUnicodeRange::new(shifted(r.start())?, shifted(r.end())?))
        }));
    }
    class.union(&ClassUnicode::new(more));
}
