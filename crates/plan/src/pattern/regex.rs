//! Regular expressions.

use std::fmt;
use std::sync::Arc;

use regex_automata::meta;
use regex_syntax::hir::{Hir, Look};

use super::automaton::Automaton;
use super::node::{Kind, Node};
use super::{java, lucene};

/// The longest expression, in bytes. (Elasticsearch's own limit, `index.max_regex_length`, is 1000
/// characters unless it is raised.)
const MAX_TEXT: usize = 16_384;
/// The most memory of a compiled expression, in bytes.
const MAX_COMPILED: usize = 4 << 20;

/// Which rules a regular expression is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Lucene's, all optional operators on: expressions on fields.
    Lucene,
    /// Java's: expressions on the results of functions.
    Java,
}

/// A regular expression that matches a whole text. Cheap to clone.
#[derive(Clone)]
pub struct RegexPattern {
    text: Arc<str>,
    fold: bool,
    dialect: Dialect,
    matcher: Matcher,
}

#[derive(Clone)]
enum Matcher {
    /// The expression anchored at both ends, or stripped of a leading or trailing "anything" and not
    /// anchored there.
    Plain(meta::Regex),
    /// With complement or intersection.
    Boolean(Arc<Automaton>),
}

/// Why a regular expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The place in the expression, in bytes.
    pub span: std::ops::Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for RegexError {}

impl RegexPattern {
    /// Compiles an expression; with `fold` the case of ASCII letters is ignored.
    ///
    /// Ranges in classes (`[a-z]`) ignore case too, as they do in newer versions of Lucene.
    ///
    /// # Errors
    /// If the text is not an expression of the dialect, or too large.
    pub fn new(text: &str, fold: bool, dialect: Dialect) -> Result<RegexPattern, RegexError> {
        let error = |message: &str| RegexError { span: 0..text.len(), message: message.into() };
        if text.len() > MAX_TEXT {
            return Err(error("the expression is too long"));
        }
        let node = parse(text, fold, dialect)?;
        let too_large =
            || error("the expression is too large once its repetitions are written out");
        let matcher = if node.is_boolean() {
            let automaton = Automaton::new(&node)
                .map_err(|_| error("the expression is too complex: it takes too many states"))?;
            Matcher::Boolean(Arc::new(automaton))
        } else {
            let hir = whole(node).ok_or_else(too_large)?;
            let config = meta::Config::new()
                .nfa_size_limit(Some(MAX_COMPILED))
                .hybrid_cache_capacity(MAX_COMPILED);
            let regex = meta::Builder::new().configure(config).build_from_hir(&hir);
            Matcher::Plain(regex.map_err(|_| too_large())?)
        };
        Ok(RegexPattern { text: text.into(), fold, dialect, matcher })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the case of ASCII letters is ignored.
    pub fn fold(&self) -> bool {
        self.fold
    }

    /// The rules it was read by.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The expression in the form that both dialects are read into.
    pub(super) fn parsed(&self) -> Result<Node, RegexError> {
        parse(&self.text, self.fold, self.dialect)
    }

    /// Whether the expression matches the whole text. Linear in the text, or nearly so.
    pub fn is_match(&self, text: &str) -> bool {
        match &self.matcher {
            Matcher::Plain(regex) => regex.is_match(text),
            Matcher::Boolean(automaton) => automaton.is_match(text),
        }
    }
}

fn parse(text: &str, fold: bool, dialect: Dialect) -> Result<Node, RegexError> {
    match dialect {
        Dialect::Lucene => lucene::parse(text, fold),
        Dialect::Java => java::parse(text, fold),
    }
}

/// Anchors an expression at both ends. Where "anything" stands at an end, leaving out both it and
/// the anchor means the same, and lets the engine search for literals.
fn whole(node: Node) -> Option<Hir> {
    let mut parts = match node.kind {
        Kind::Concat(parts) => parts,
        _ => vec![node],
    };
    let open_end = parts.last().is_some_and(Node::is_anything);
    if open_end {
        parts.pop();
    }
    let open_start = parts.first().is_some_and(Node::is_anything);
    if open_start {
        parts.remove(0);
    }
    if !open_start {
        parts.insert(0, Node::look(Look::Start));
    }
    if !open_end {
        parts.push(Node::look(Look::End));
    }
    Node::concat(parts).to_hir()
}

impl PartialEq for RegexPattern {
    fn eq(&self, other: &RegexPattern) -> bool {
        (&self.text, self.fold, self.dialect) == (&other.text, other.fold, other.dialect)
    }
}

impl Eq for RegexPattern {}

impl std::hash::Hash for RegexPattern {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.text, self.fold, self.dialect).hash(state);
    }
}

impl fmt::Debug for RegexPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fold = if self.fold { ", fold" } else { "" };
        write!(f, "RegexPattern({:?}{fold}, {:?})", self.text, self.dialect)
    }
}
