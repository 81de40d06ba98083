//! Wildcard patterns.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use memchr::memmem;

/// A wildcard pattern: `*` is any run of characters, `?` exactly one, everything else is itself.
/// It matches the whole text; a character is a Unicode scalar value (Lucene works on code points).
///
/// Two patterns are equal if they are written alike and agree about case. Cheap to clone.
#[derive(Clone)]
pub struct Wildcard {
    text: Arc<str>,
    /// Whether backslashes in the text are escapes.
    escaped: bool,
    fold: bool,
    plan: Arc<Plan>,
}

/// A part of a wildcard pattern.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum WildcardPart {
    /// This text, stars and question marks in it included.
    Text(String),
    /// Exactly one character.
    One,
    /// Any run of characters.
    Run,
}

/// The pattern cut up for matching.
#[derive(Debug)]
struct Plan {
    shape: Shape,
    /// The bytes that a matching text has at least.
    min_len: usize,
    /// The longest fragment without wildcards.
    longest: Box<str>,
}

#[derive(Debug)]
enum Shape {
    /// No wildcard at all.
    Literal,
    /// `?` but no `*`.
    Fixed(Segment),
    /// Segments with a `*` between each two of them.
    Starred {
        /// What the text begins with.
        prefix: Segment,
        /// What follows somewhere, in this order and without overlap. None is empty.
        middle: Vec<Needle>,
        /// What the text ends with.
        suffix: Segment,
    },
}

/// A fragment between two `*`.
#[derive(Debug)]
struct Segment {
    pieces: Vec<Piece>,
    fold: bool,
}

#[derive(Debug)]
enum Piece {
    /// These bytes; lower-case if the pattern folds.
    Literal(Box<[u8]>),
    /// So many characters, whatever they are.
    Any(usize),
}

/// A segment that may stand anywhere.
#[derive(Debug)]
struct Needle {
    /// How many `?` come first.
    lead: usize,
    /// How to find the first literal; `None` if the segment is nothing but `?`.
    find: Option<Find>,
    /// What follows the first literal.
    rest: Segment,
}

#[derive(Debug)]
enum Find {
    /// Exactly these bytes.
    Exact(Box<memmem::Finder<'static>>),
    /// These bytes in lower or upper case, by their least common byte.
    Folded { literal: Box<[u8]>, anchor: usize, low: u8, high: u8 },
}

impl Wildcard {
    /// A pattern without escapes (EQL: a backslash is an ordinary character); with `fold` the case of ASCII
    /// letters is ignored (Elasticsearch folds only those).
    pub fn new(text: &str, fold: bool) -> Wildcard {
        let plan = Arc::new(Plan::new(&parts_of(text), fold));
        Wildcard { plan, text: text.into(), escaped: false, fold }
    }

    /// A pattern of parts, for languages that have escapes.
    pub fn from_parts(parts: &[WildcardPart], fold: bool) -> Wildcard {
        let is_special = |part: &WildcardPart| matches!(part, WildcardPart::Text(text) if text.contains(['*', '?']));
        let escaped = parts.iter().any(is_special);
        let mut text = String::new();
        let mut merged: Vec<WildcardPart> = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                WildcardPart::One => text.push('?'),
                WildcardPart::Run => text.push('*'),
                WildcardPart::Text(literal) => {
                    for c in literal.chars() {
                        if escaped && matches!(c, '*' | '?' | '\\') {
                            text.push('\\');
                        }
                        text.push(c);
                    }
                    if let Some(WildcardPart::Text(before)) = merged.last_mut() {
                        before.push_str(literal);
                        continue;
                    }
                }
            }
            merged.push(part.clone());
        }
        let plan = Arc::new(Plan::new(&merged, fold));
        Wildcard { plan, text: text.into(), escaped, fold }
    }

    /// The pattern as written; if a star or question mark stands for itself, with backslashes before those and
    /// before backslashes.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the case of ASCII letters is ignored.
    pub fn fold(&self) -> bool {
        self.fold
    }

    /// The text that the pattern is, if it has no wildcard: it matches nothing else.
    pub fn literal(&self) -> Option<&str> {
        matches!(self.plan.shape, Shape::Literal).then_some(&self.plan.longest)
    }

    /// The longest fragment without wildcards; empty if there is none. Every matching text contains it, in
    /// some case if the pattern folds: a prefilter.
    pub fn longest_literal(&self) -> &str {
        &self.plan.longest
    }

    /// Whether the pattern matches the whole text. At worst the time is the product of both
    /// lengths; ordinary patterns take one pass.
    pub fn is_match(&self, text: &str) -> bool {
        if text.len() < self.plan.min_len {
            return false;
        }
        match &self.plan.shape {
            Shape::Literal if self.fold => self.plan.longest.eq_ignore_ascii_case(text),
            Shape::Literal => *self.plan.longest == *text,
            Shape::Fixed(segment) => segment.match_at(text.as_bytes(), 0) == Some(text.len()),
            Shape::Starred { prefix, middle, suffix } => {
                starred(text.as_bytes(), prefix, middle, suffix)
            }
        }
    }
}

/// Matches the ends first, since they are cheap, then each needle at its first place: an earlier
/// place never leaves less room for the rest.
fn starred(text: &[u8], prefix: &Segment, middle: &[Needle], suffix: &Segment) -> bool {
    let Some(mut at) = prefix.match_at(text, 0) else { return false };
    let Some(end) = suffix.match_back(text, text.len()) else { return false };
    if end < at {
        return false;
    }
    let text = &text[..end];
    for needle in middle {
        match needle.find(text, at) {
            Some(next) => at = next,
            None => return false,
        }
    }
    true
}

/// The parts of a pattern without escapes.
fn parts_of(text: &str) -> Vec<WildcardPart> {
    let mut parts = Vec::new();
    for piece in text.split_inclusive(['*', '?']) {
        let (literal, wildcard) = match piece.as_bytes().last() {
            Some(b'*') => (&piece[..piece.len() - 1], Some(WildcardPart::Run)),
            Some(b'?') => (&piece[..piece.len() - 1], Some(WildcardPart::One)),
            _ => (piece, None),
        };
        if !literal.is_empty() {
            parts.push(WildcardPart::Text(literal.to_owned()));
        }
        parts.extend(wildcard);
    }
    parts
}

impl Plan {
    /// Of parts of which no two texts stand beside each other.
    fn new(parts: &[WildcardPart], fold: bool) -> Plan {
        let is_run = |part: &WildcardPart| *part == WildcardPart::Run;
        let bytes = |part: &WildcardPart| match part {
            WildcardPart::Text(text) => text.len(),
            WildcardPart::One => 1,
            WildcardPart::Run => 0,
        };
        let texts = parts.iter().filter_map(|part| match part {
            WildcardPart::Text(text) => Some(text.as_str()),
            WildcardPart::One | WildcardPart::Run => None,
        });
        let first = parts.iter().position(is_run);
        let shape = match (parts, first.zip(parts.iter().rposition(is_run))) {
            ([] | [WildcardPart::Text(_)], _) => Shape::Literal,
            (_, None) => Shape::Fixed(Segment::new(parts, fold)),
            (_, Some((first, last))) => Shape::Starred {
                prefix: Segment::new(&parts[..first], fold),
                // With a single star there is nothing between the two.
                middle: parts[first..last]
                    .split(is_run)
                    .filter(|segment| !segment.is_empty())
                    .map(|segment| Needle::new(segment, fold))
                    .collect(),
                suffix: Segment::new(&parts[last + 1..], fold),
            },
        };
        let min_len = parts.iter().map(bytes).sum();
        Plan { shape, min_len, longest: texts.max_by_key(|t| t.len()).unwrap_or_default().into() }
    }
}

impl Segment {
    fn new(parts: &[WildcardPart], fold: bool) -> Segment {
        let mut pieces = Vec::new();
        for part in parts {
            match (part, pieces.last_mut()) {
                (WildcardPart::Text(text), _) => pieces.push(Piece::Literal(literal(text, fold))),
                (_, Some(Piece::Any(count))) => *count += 1,
                (_, _) => pieces.push(Piece::Any(1)),
            }
        }
        Segment { pieces, fold }
    }

    /// Where a match that begins at `at` ends.
    fn match_at(&self, text: &[u8], mut at: usize) -> Option<usize> {
        for piece in &self.pieces {
            match piece {
                Piece::Literal(literal) => {
                    let end = at + literal.len();
                    if !same(literal, text.get(at..end)?, self.fold) {
                        return None;
                    }
                    at = end;
                }
                Piece::Any(count) => {
                    for _ in 0..*count {
                        at += char_len(*text.get(at)?);
                    }
                }
            }
        }
        Some(at)
    }

    /// Where a match that ends at `end` begins.
    fn match_back(&self, text: &[u8], mut end: usize) -> Option<usize> {
        for piece in self.pieces.iter().rev() {
            match piece {
                Piece::Literal(literal) => {
                    let start = end.checked_sub(literal.len())?;
                    if !same(literal, text.get(start..end)?, self.fold) {
                        return None;
                    }
                    end = start;
                }
                Piece::Any(count) => end = back(text, end, *count)?,
            }
        }
        Some(end)
    }
}

impl Needle {
    fn new(parts: &[WildcardPart], fold: bool) -> Needle {
        let lead = parts.iter().take_while(|part| **part == WildcardPart::One).count();
        let (find, rest) = match &parts[lead..] {
            [WildcardPart::Text(text), rest @ ..] => (Some(Find::new(text, fold)), rest),
            rest => (None, rest),
        };
        Needle { lead, find, rest: Segment::new(rest, fold) }
    }

    /// Where the first match at or after `at` ends.
    fn find(&self, text: &[u8], at: usize) -> Option<usize> {
        // The first literal cannot begin before the leading `?` are passed.
        let mut from = at;
        for _ in 0..self.lead {
            from += char_len(*text.get(from)?);
        }
        let Some(find) = &self.find else { return Some(from) };
        loop {
            let start = find.find(text, from)?;
            if let Some(end) = self.rest.match_at(text, start + find.len()) {
                return Some(end);
            }
            from = start + 1;
        }
    }
}

impl Find {
    fn new(text: &str, fold: bool) -> Find {
        if !fold || !text.bytes().any(|b| b.is_ascii_alphabetic()) {
            let finder = memmem::Finder::new(text.as_bytes()).into_owned();
            return Find::Exact(Box::new(finder));
        }
        let literal = literal(text, true);
        let anchor = (0..literal.len()).min_by_key(|i| commonness(literal[*i])).unwrap_or_default();
        let low = literal[anchor];
        Find::Folded { literal, anchor, low, high: low.to_ascii_uppercase() }
    }

    fn len(&self) -> usize {
        match self {
            Find::Exact(finder) => finder.needle().len(),
            Find::Folded { literal, .. } => literal.len(),
        }
    }

    /// Where the literal first stands at or after `from`.
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        match self {
            Find::Exact(finder) => Some(from + finder.find(text.get(from..)?)?),
            Find::Folded { literal, anchor, low, high } => {
                // The anchor byte of the last place where the literal still fits ends the search.
                let last = text.len().checked_sub(literal.len())?;
                let mut at = from + anchor;
                loop {
                    let window = text.get(at..=last + anchor)?;
                    at += if low == high {
                        memchr::memchr(*low, window)?
                    } else {
                        memchr::memchr2(*low, *high, window)?
                    };
                    let start = at - anchor;
                    if same(literal, &text[start..start + literal.len()], true) {
                        return Some(start);
                    }
                    at += 1;
                }
            }
        }
    }
}

fn literal(text: &str, fold: bool) -> Box<[u8]> {
    if fold { text.to_ascii_lowercase().into_bytes().into() } else { text.as_bytes().into() }
}

/// Whether text is the literal; both of one length, the literal lower-case if folded.
fn same(literal: &[u8], text: &[u8], fold: bool) -> bool {
    if fold { literal.eq_ignore_ascii_case(text) } else { literal == text }
}

/// The length of the character that begins with this byte.
fn char_len(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

/// The place so many characters before `end`.
fn back(text: &[u8], mut end: usize, count: usize) -> Option<usize> {
    for _ in 0..count {
        end = end.checked_sub(1)?;
        while text.get(end)? & 0xc0 == 0x80 {
            end = end.checked_sub(1)?;
        }
    }
    Some(end)
}

/// A rough rank of how often a byte (lower-case) occurs in paths and command lines.
fn commonness(byte: u8) -> u8 {
    const BY_FREQUENCY: &[u8] =
        b"zqj`~^$|&!@#%+=[]{}<>;'?*(),xkvyw97864530_2gb1fhum\"-:pdlcn/oiraste\\. ";
    BY_FREQUENCY.iter().position(|b| *b == byte).map_or(0, |i| i as u8 + 1)
}

impl PartialEq for Wildcard {
    fn eq(&self, other: &Wildcard) -> bool {
        (&self.text, self.escaped, self.fold) == (&other.text, other.escaped, other.fold)
    }
}

impl Eq for Wildcard {}

impl Hash for Wildcard {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.text, self.escaped, self.fold).hash(state);
    }
}

impl fmt::Debug for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wildcard({:?}{})", self.text, if self.fold { ", fold" } else { "" })
    }
}
