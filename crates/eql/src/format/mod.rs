//! Query text to well laid out query text, comments kept.
//!
//! The printer of trees ([`crate::print`]) loses comments, and so it cannot serve authors. This one works
//! on tokens: it moves them, and comments, to other lines and columns, and never changes, adds or takes
//! away one. That is checked at the end of every run, so that a mistake here costs a layout and
//! never a query's meaning.
//!
//! The style: one condition per line where they do not fit into one line together, `and` and `or` at
//! the end of lines, two spaces per level, one term of a sequence per line, lists filled up to
//! [`WIDTH`]. A blank line between conditions stays, and so does the place of every comment relative to
//! what it is about.

mod layout;
mod tokens;
mod tree;

use std::fmt;

use dragnet_plan::Diagnostic;

/// Columns that lines have at most, if what they hold can be broken.
pub const WIDTH: usize = 100;

/// Why a query has not been formatted.
#[derive(Debug, Clone, PartialEq)]
pub enum FormatError {
    /// The query is not valid; the diagnostics say why, with at least one error.
    Invalid(Vec<Diagnostic>),
    /// The result would not have been the same query: a mistake of the formatter.
    Changed,
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FormatError::Invalid(_) => f.write_str("the query is not valid EQL"),
            FormatError::Changed => f.write_str("formatting would change the query"),
        }
    }
}

impl std::error::Error for FormatError {}

/// Lays a query out anew. The result has no line feed at its end, and formatting it again gives the same.
///
/// # Errors
/// If the query is not valid EQL.
///
/// # Examples
///
/// ```
/// let text = "process where process.name:(\"a.exe\",\"b.exe\")  // shells\n  and process.args==\"-x\"";
/// assert_eq!(
///     dragnet_eql::format(text).unwrap(),
///     "process where\n  process.name : (\"a.exe\", \"b.exe\") and // shells\n  process.args == \"-x\""
/// );
/// ```
pub fn format(text: &str) -> Result<String, FormatError> {
    let (tree, diagnostics) = crate::parse(text);
    if tree.is_none() {
        return Err(FormatError::Invalid(diagnostics));
    }
    let read = tokens::read(text);
    let formatted = layout::write(&read);
    let again = tokens::read(&formatted);
    let same = read.iter().map(|t| t.text).eq(again.iter().map(|t| t.text))
        && tokens::comments(&read).eq(tokens::comments(&again))
        && crate::parse(&formatted).0 == tree;
    if same { Ok(formatted) } else { Err(FormatError::Changed) }
}
