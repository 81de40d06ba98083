//! Text patterns: wildcards and regular expressions, as Elasticsearch reads them.

use std::sync::Arc;

/// A wildcard pattern: `*` is any run of characters, `?` exactly one, everything else is itself.
/// There is no escape (Elasticsearch: a backslash is an ordinary character). It matches the whole
/// text.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wildcard {
    text: Arc<str>,
    fold: bool,
}

impl Wildcard {
    /// A pattern; with `fold` the case of ASCII letters is ignored (Elasticsearch folds only those).
    pub fn new(text: &str, fold: bool) -> Wildcard {
        Wildcard { text: text.into(), fold }
    }

    /// The pattern as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the case of ASCII letters is ignored.
    pub fn fold(&self) -> bool {
        self.fold
    }

    /// Whether the pattern matches the whole text.
    pub fn is_match(&self, text: &str) -> bool {
        let _ = text;
        unimplemented!()
    }
}

/// Which rules a regular expression is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Lucene's, all optional operators on: expressions on fields.
    Lucene,
    /// Java's: expressions on the results of functions.
    Java,
}

/// A regular expression that matches a whole text.
#[derive(Debug, Clone)]
pub struct RegexPattern {
    text: Arc<str>,
    fold: bool,
    dialect: Dialect,
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

/// Why a regular expression cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    /// The place in the expression, in bytes.
    pub span: std::ops::Range<usize>,
    /// What is wrong.
    pub message: String,
}

impl RegexPattern {
    /// Compiles an expression; with `fold` the case of ASCII letters is ignored.
    ///
    /// # Errors
    /// If the text is not an expression of the dialect, or too large.
    pub fn new(text: &str, fold: bool, dialect: Dialect) -> Result<RegexPattern, RegexError> {
        Ok(RegexPattern { text: text.into(), fold, dialect })
    }

    /// The expression as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the case of ASCII letters is ignored.
    pub fn fold(&self) -> bool {
        self.fold
    }

    /// Whether the expression matches the whole text.
    pub fn is_match(&self, text: &str) -> bool {
        let _ = text;
        unimplemented!()
    }
}
