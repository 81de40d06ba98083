//! Regular expressions with complement and intersection, as a deterministic automaton.
//!
//! The automaton is made of derivatives (Brzozowski): a state is an expression, what remains to be
//! matched, and reading a character leads to its derivative. Complement and intersection cost no
//! more than choice does. Expressions are kept once each and in a normal form, which makes their
//! number finite; hostile ones are stopped by limits on states and on work, as Lucene stops them
//! by its limit on determinisation.

use std::collections::HashMap;

use regex_syntax::hir::ClassUnicode;

use super::node::{Kind, Node};

/// The most states of an automaton.
const MAX_STATES: usize = 10_000;
/// The most parts of expressions that are looked at while an automaton is made.
const MAX_WORK: usize = 500_000;
/// The most parts of an expression to begin with; the recursion below is no deeper than that.
const MAX_PARTS: usize = 1_000;

/// The expression takes too many states, or too much work.
#[derive(Debug)]
pub(super) struct TooComplex;

/// A deterministic automaton over characters.
#[derive(Debug)]
pub(super) struct Automaton {
    /// The symbol of each ASCII character.
    ascii: [u16; 128],
    /// The first characters of intervals, in order, with the symbol that all of an interval have.
    intervals: Vec<(u32, u16)>,
    symbols: usize,
    /// The next state, by state and symbol.
    next: Vec<u32>,
    states: Vec<State>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    accepts: bool,
    /// Nothing that follows changes the answer.
    settled: bool,
}

impl Automaton {
    pub(super) fn new(node: &Node) -> Result<Automaton, TooComplex> {
        let mut classes = Vec::new();
        let mut parts = 0;
        survey(node, &mut classes, &mut parts);
        if parts > MAX_PARTS {
            return Err(TooComplex);
        }
        let alphabet = Alphabet::new(&classes);
        let mut arena = Arena::new(&alphabet);
        let start = arena.read(node)?;
        let mut ids: HashMap<Id, u32> = HashMap::from([(start, 0)]);
        let mut order = vec![start];
        let mut next = Vec::new();
        let mut done = 0;
        while let Some(&id) = order.get(done) {
            done += 1;
            for symbol in 0..alphabet.symbols {
                let target = arena.derive(id, symbol)?;
                let fresh = order.len() as u32;
                let state = *ids.entry(target).or_insert(fresh);
                if state == fresh {
                    if order.len() >= MAX_STATES {
                        return Err(TooComplex);
                    }
                    order.push(target);
                }
                next.push(state);
            }
        }
        let states = order
            .iter()
            .enumerate()
            .map(|(at, id)| {
                let row = &next[at * alphabet.symbols..(at + 1) * alphabet.symbols];
                State {
                    accepts: arena.nullable(*id),
                    settled: row.iter().all(|to| *to as usize == at),
                }
            })
            .collect();
        let ascii = std::array::from_fn(|c| lookup(&alphabet.intervals, c as u32));
        let Alphabet { intervals, symbols, .. } = alphabet;
        Ok(Automaton { ascii, intervals, symbols, next, states })
    }

    pub(super) fn is_match(&self, text: &str) -> bool {
        let mut state = 0;
        for c in text.chars() {
            if self.states[state].settled {
                break;
            }
            let symbol = match self.ascii.get(c as usize) {
                Some(symbol) => *symbol,
                None => lookup(&self.intervals, c as u32),
            };
            state = self.next[state * self.symbols + usize::from(symbol)] as usize;
        }
        self.states[state].accepts
    }
}

fn lookup(intervals: &[(u32, u16)], c: u32) -> u16 {
    let after = intervals.partition_point(|(first, _)| *first <= c);
    after.checked_sub(1).and_then(|at| intervals.get(at)).map_or(0, |(_, symbol)| *symbol)
}

/// Collects the classes of an expression and counts its parts.
fn survey<'a>(node: &'a Node, classes: &mut Vec<&'a ClassUnicode>, parts: &mut usize) {
    *parts += 1;
    match &node.kind {
        Kind::Class(class) => classes.push(class),
        Kind::Concat(nodes) | Kind::Any(nodes) | Kind::All(nodes) => {
            for node in nodes {
                survey(node, classes, parts);
            }
        }
        Kind::Repeat(inner, ..) | Kind::Not(inner) => survey(inner, classes, parts),
        Kind::Look(_) => {}
    }
}

/// The characters, those taken together that no class tells apart.
struct Alphabet {
    intervals: Vec<(u32, u16)>,
    symbols: usize,
    /// A character of each symbol.
    samples: Vec<char>,
}

impl Alphabet {
    fn new(classes: &[&ClassUnicode]) -> Alphabet {
        let mut firsts = vec![0_u32];
        for range in classes.iter().flat_map(|class| class.ranges()) {
            firsts.push(range.start() as u32);
            firsts.push(range.end() as u32 + 1);
        }
        // Surrogates are no characters: what begins there begins after them.
        let firsts = firsts.into_iter().map(|c| if c == 0xd800 { 0xe000 } else { c });
        // Nor is the place after the last character.
        let mut firsts: Vec<char> = firsts.filter_map(char::from_u32).collect();
        firsts.sort_unstable();
        firsts.dedup();
        let mut kinds: HashMap<Vec<bool>, u16> = HashMap::new();
        let mut samples = Vec::new();
        let mut intervals = Vec::new();
        for first in firsts {
            let members = classes.iter().map(|class| contains(class, first)).collect();
            let fresh = samples.len() as u16;
            let symbol = *kinds.entry(members).or_insert(fresh);
            if symbol == fresh {
                samples.push(first);
            }
            intervals.push((first as u32, symbol));
        }
        Alphabet { intervals, symbols: samples.len(), samples }
    }
}

fn contains(class: &ClassUnicode, c: char) -> bool {
    let ranges = class.ranges();
    let after = ranges.partition_point(|r| r.start() <= c);
    after > 0 && c <= ranges[after - 1].end()
}

type Id = u32;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Expr {
    /// Nothing matches.
    Never,
    /// The empty text.
    Empty,
    /// One of these symbols, as bits.
    Symbol(Box<[u64]>),
    Concat(Id, Id),
    /// At least two, in order, none twice, no `Any` among them.
    Any(Box<[Id]>),
    /// Likewise.
    All(Box<[Id]>),
    Not(Id),
    Repeat(Id, u32, Option<u32>),
}

const NEVER: Id = 0;
const EMPTY: Id = 1;

/// All expressions, each once.
struct Arena<'a> {
    alphabet: &'a Alphabet,
    exprs: Vec<(Expr, bool)>,
    ids: HashMap<Expr, Id>,
    derivatives: HashMap<(Id, usize), Id>,
    anything: Id,
    work: usize,
}

impl<'a> Arena<'a> {
    fn new(alphabet: &'a Alphabet) -> Arena<'a> {
        let mut arena = Arena {
            alphabet,
            exprs: Vec::new(),
            ids: HashMap::new(),
            derivatives: HashMap::new(),
            anything: NEVER,
            work: 0,
        };
        // In this order they get the ids that the constants say.
        let never = arena.intern(Expr::Never, false);
        arena.intern(Expr::Empty, true);
        arena.anything = arena.intern(Expr::Not(never), true);
        arena
    }

    fn intern(&mut self, expr: Expr, nullable: bool) -> Id {
        if let Some(id) = self.ids.get(&expr) {
            return *id;
        }
        let id = self.exprs.len() as Id;
        self.exprs.push((expr.clone(), nullable));
        self.ids.insert(expr, id);
        id
    }

    fn nullable(&self, id: Id) -> bool {
        self.exprs[id as usize].1
    }

    fn expr(&self, id: Id) -> &Expr {
        &self.exprs[id as usize].0
    }

    fn spend(&mut self, work: usize) -> Result<(), TooComplex> {
        self.work += work;
        if self.work > MAX_WORK { Err(TooComplex) } else { Ok(()) }
    }

    fn read(&mut self, node: &Node) -> Result<Id, TooComplex> {
        Ok(match &node.kind {
            Kind::Class(class) => self.symbols(class),
            Kind::Concat(parts) => {
                let mut whole = EMPTY;
                for part in parts.iter().rev() {
                    let part = self.read(part)?;
                    whole = self.concat(part, whole);
                }
                whole
            }
            Kind::Any(parts) => {
                let parts = parts.iter().map(|p| self.read(p)).collect::<Result<_, _>>()?;
                self.any(parts)?
            }
            Kind::All(parts) => {
                let parts = parts.iter().map(|p| self.read(p)).collect::<Result<_, _>>()?;
                self.all(parts)?
            }
            Kind::Repeat(inner, min, max) => {
                let inner = self.read(inner)?;
                self.repeat(inner, *min, *max)
            }
            Kind::Not(inner) => {
                let inner = self.read(inner)?;
                self.not(inner)
            }
            // Lucene's expressions have none, and only they come here.
            Kind::Look(_) => return Err(TooComplex),
        })
    }

    fn symbols(&mut self, class: &ClassUnicode) -> Id {
        let mut bits = vec![0_u64; self.alphabet.symbols.div_ceil(64)];
        for (at, sample) in self.alphabet.samples.iter().enumerate() {
            if contains(class, *sample) {
                bits[at / 64] |= 1 << (at % 64);
            }
        }
        if bits.iter().all(|b| *b == 0) {
            return NEVER;
        }
        self.intern(Expr::Symbol(bits.into()), false)
    }

    fn concat(&mut self, left: Id, right: Id) -> Id {
        if left == NEVER || right == NEVER {
            return NEVER;
        }
        if left == EMPTY {
            return right;
        }
        if right == EMPTY || (left == self.anything && right == self.anything) {
            return left;
        }
        let nullable = self.nullable(left) && self.nullable(right);
        self.intern(Expr::Concat(left, right), nullable)
    }

    fn any(&mut self, parts: Vec<Id>) -> Result<Id, TooComplex> {
        let mut flat = Vec::new();
        for id in parts {
            match self.expr(id) {
                Expr::Any(inner) => flat.extend_from_slice(inner),
                _ => flat.push(id),
            }
        }
        self.spend(flat.len())?;
        flat.sort_unstable();
        flat.dedup();
        flat.retain(|id| *id != NEVER);
        if flat.contains(&self.anything) {
            return Ok(self.anything);
        }
        Ok(match flat[..] {
            [] => NEVER,
            [only] => only,
            _ => {
                let nullable = flat.iter().any(|id| self.nullable(*id));
                self.intern(Expr::Any(flat.into()), nullable)
            }
        })
    }

    fn all(&mut self, parts: Vec<Id>) -> Result<Id, TooComplex> {
        let mut flat = Vec::new();
        for id in parts {
            match self.expr(id) {
                Expr::All(inner) => flat.extend_from_slice(inner),
                _ => flat.push(id),
            }
        }
        self.spend(flat.len())?;
        flat.sort_unstable();
        flat.dedup();
        flat.retain(|id| *id != self.anything);
        if flat.contains(&NEVER) {
            return Ok(NEVER);
        }
        Ok(match flat[..] {
            [] => self.anything,
            [only] => only,
            _ => {
                let nullable = flat.iter().all(|id| self.nullable(*id));
                self.intern(Expr::All(flat.into()), nullable)
            }
        })
    }

    fn not(&mut self, inner: Id) -> Id {
        if let Expr::Not(twice) = self.expr(inner) {
            return *twice;
        }
        let nullable = !self.nullable(inner);
        self.intern(Expr::Not(inner), nullable)
    }

    fn repeat(&mut self, inner: Id, min: u32, max: Option<u32>) -> Id {
        if max == Some(0) || inner == EMPTY {
            return EMPTY;
        }
        if inner == NEVER {
            return if min == 0 { EMPTY } else { NEVER };
        }
        if (min, max) == (1, Some(1)) {
            return inner;
        }
        let every = |bits: &[u64], symbols: usize| {
            bits.iter().map(|b| b.count_ones() as usize).sum::<usize>() == symbols
        };
        if let (Expr::Symbol(bits), 0, None) = (self.expr(inner), min, max)
            && every(bits, self.alphabet.symbols)
        {
            return self.anything;
        }
        let nullable = min == 0 || self.nullable(inner);
        self.intern(Expr::Repeat(inner, min, max), nullable)
    }

    /// What remains to be matched after a symbol.
    fn derive(&mut self, id: Id, symbol: usize) -> Result<Id, TooComplex> {
        if let Some(known) = self.derivatives.get(&(id, symbol)) {
            return Ok(*known);
        }
        self.spend(1)?;
        let derived = match self.expr(id).clone() {
            Expr::Never | Expr::Empty => NEVER,
            Expr::Symbol(bits) => {
                if bits[symbol / 64] >> (symbol % 64) & 1 == 1 {
                    EMPTY
                } else {
                    NEVER
                }
            }
            Expr::Concat(left, right) => {
                let first = self.derive(left, symbol)?;
                let first = self.concat(first, right);
                if self.nullable(left) {
                    let second = self.derive(right, symbol)?;
                    self.any(vec![first, second])?
                } else {
                    first
                }
            }
            Expr::Any(parts) => {
                let parts = self.derive_each(&parts, symbol)?;
                self.any(parts)?
            }
            Expr::All(parts) => {
                let parts = self.derive_each(&parts, symbol)?;
                self.all(parts)?
            }
            Expr::Not(inner) => {
                let inner = self.derive(inner, symbol)?;
                self.not(inner)
            }
            // Also right if `inner` matches the empty text: what the rest could match in fewer
            // rounds it can match in more.
            Expr::Repeat(inner, min, max) => {
                let first = self.derive(inner, symbol)?;
                let rest = self.repeat(inner, min.saturating_sub(1), max.map(|m| m - 1));
                self.concat(first, rest)
            }
        };
        self.derivatives.insert((id, symbol), derived);
        Ok(derived)
    }

    fn derive_each(&mut self, parts: &[Id], symbol: usize) -> Result<Vec<Id>, TooComplex> {
        self.spend(parts.len())?;
        parts.iter().map(|part| self.derive(*part, symbol)).collect()
    }
}
