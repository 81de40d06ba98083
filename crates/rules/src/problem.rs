//! What is wrong with a rule, where, and how it is shown.

use std::ops::Range;
use std::sync::Arc;

use dragnet_plan::{Diagnostic, Severity, Snippet};
use serde::Serialize;

use crate::catalogue;

/// A line and a column, both from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) offset: usize,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Place {
    /// The beginning of a text.
    pub(crate) const START: Place = Place { offset: 0, line: 1, column: 1 };

    /// The place of a byte of the text, counted from this place: what came before is not read
    /// again, so that a file of many rules is read once and not once per problem.
    pub(crate) fn advance(self, text: &str, offset: usize) -> Place {
        if offset < self.offset {
            return Place::START.advance(text, offset);
        }
        let offset = text.floor_char_boundary(offset);
        let between = &text[self.offset.min(offset)..offset];
        match between.rfind('\n') {
            None => {
                Place { offset, line: self.line, column: self.column + between.chars().count() }
            }
            Some(at) => Place {
                offset,
                line: self.line + between.matches('\n').count(),
                column: between[at + 1..].chars().count() + 1,
            },
        }
    }
}

/// The text that diagnostics show a part of.
#[derive(Debug, Clone)]
pub(crate) enum Shown {
    /// The file's own text; spans are those of the file.
    File(Arc<str>),
    /// A text that stands in the file in another form (a query in a JSON string, where a line
    /// feed is `\n`), shown as it is meant; spans are those of the text. The string is the place
    /// of the text in the file and its name.
    Decoded(Arc<str>, String),
}

/// Something wrong with a rule or a rule file: an error, which loses the rule, or a warning.
///
/// Serialised as `{path, line, column, rule, code, reason}`, and `further`, a list of
/// `{line, column, code, reason}`, where the same rule has more than one error.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// The file, as it was named or found.
    pub path: String,
    /// Line of the file, from 1; 1 if the problem is the file as a whole.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The rule's name, else its id; `None` if it has neither or the file could not be read.
    pub rule: Option<String>,
    /// The stable code: `RULE…` of [`CATALOGUE`](crate::CATALOGUE), or the language's own, `EQL…`.
    pub code: &'static str,
    /// What is wrong, in a sentence without a full stop.
    pub reason: String,
    /// The rule's other errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub further: Vec<Further>,
    /// The diagnostics, first that of the fields above, and the text they are about.
    #[serde(skip)]
    shown: Vec<(Diagnostic, Shown)>,
}

/// One more error of a rule that has several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Further {
    /// Line of the file, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// The stable code.
    pub code: &'static str,
    /// What is wrong.
    pub reason: String,
}

impl Problem {
    /// A problem at a place of a file. The diagnostic's span is one of `shown`'s text.
    pub(crate) fn new(path: &str, place: Place, diagnostic: Diagnostic, shown: Shown) -> Problem {
        Problem {
            path: path.to_owned(),
            line: place.line,
            column: place.column,
            rule: None,
            code: diagnostic.code,
            reason: diagnostic.message.clone(),
            further: Vec::new(),
            shown: vec![(diagnostic, shown)],
        }
    }

    /// A problem of a file whose text is not at hand.
    pub(crate) fn of_file(path: &str, code: &'static str, message: impl Into<String>) -> Problem {
        let diagnostic = coded(code, 0..0, message);
        Problem::new(path, Place::START, diagnostic, Shown::File(Arc::from("")))
    }

    /// The same, of this rule.
    pub(crate) fn of_rule(self, rule: Option<String>) -> Problem {
        Problem { rule, ..self }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.shown.first().map_or(Severity::Error, |(diagnostic, _)| diagnostic.severity)
    }

    /// What to do about it, if that is known.
    pub fn help(&self) -> Option<&str> {
        self.shown.first().and_then(|(diagnostic, _)| diagnostic.help.as_deref())
    }

    /// Line and column behind the last character that it is about. Where the text stands in the file in
    /// another form, that of its beginning.
    pub fn end(&self) -> (usize, usize) {
        match self.shown.first() {
            Some((diagnostic, Shown::File(text))) if !text.is_empty() => {
                let place = Place::START.advance(text, diagnostic.span.end);
                (place.line, place.column)
            }
            _ => (self.line, self.column),
        }
    }

    /// The same as an error.
    pub(crate) fn into_error(mut self) -> Problem {
        for (diagnostic, _) in &mut self.shown {
            diagnostic.severity = Severity::Error;
        }
        self
    }

    /// Takes another error of the same rule in.
    pub(crate) fn add(&mut self, other: Problem) {
        self.further.push(Further {
            line: other.line,
            column: other.column,
            code: other.code,
            reason: other.reason,
        });
        self.shown.extend(other.shown);
    }

    /// Whether exceptions that the rule names are not applied: it finds what it should not.
    pub fn is_about_exceptions(&self) -> bool {
        self.code == crate::catalogue::EXCEPTIONS
    }

    /// The problem and the rule's other errors as rustc would print them, each with the lines of
    /// the file it is about; `color` adds terminal escapes.
    pub fn render(&self, color: bool) -> String {
        let one = |(diagnostic, shown): &_| self.render_one(diagnostic, shown, color);
        self.shown.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    fn render_one(&self, diagnostic: &Diagnostic, shown: &Shown, color: bool) -> String {
        let text = match shown {
            Shown::Decoded(text, origin) => {
                return diagnostic.render(Snippet { text, origin, first_line: 1 }, color);
            }
            Shown::File(text) => text,
        };
        let window = window(text, &diagnostic.span);
        if window.len() > LONGEST_WINDOW {
            return self.render_excerpt(diagnostic, text, color);
        }
        let first_line = Place::START.advance(text, window.start).line;
        let span = diagnostic.span.start.saturating_sub(window.start)
            ..diagnostic.span.end.saturating_sub(window.start);
        let diagnostic = Diagnostic { span, ..diagnostic.clone() };
        let snippet = Snippet { text: &text[window], origin: &self.path, first_line };
        diagnostic.render(snippet, color)
    }

    /// Shows what is around a place in a very long line.
    fn render_excerpt(&self, diagnostic: &Diagnostic, text: &str, color: bool) -> String {
        let start = text.floor_char_boundary(diagnostic.span.start.saturating_sub(60));
        let end = text.floor_char_boundary(diagnostic.span.start.saturating_add(60)).max(start);
        let limit = end - start;
        let span = (diagnostic.span.start - start).min(limit)
            ..diagnostic.span.end.saturating_sub(start).min(limit);
        let place = Place::START.advance(text, diagnostic.span.start);
        let origin = format!("{}:{}:{}, near", self.path, place.line, place.column);
        let snippet = Snippet { text: &text[start..end], origin: &origin, first_line: 1 };
        Diagnostic { span, ..diagnostic.clone() }.render(snippet, color)
    }
}

/// Lines longer than this, in bytes, are not shown whole: all rules of a JSON export may stand on one.
const LONGEST_WINDOW: usize = 64 * 1024;

/// A diagnostic with the severity and the help that the catalogue has for its code.
pub(crate) fn coded(
    code: &'static str,
    span: Range<usize>,
    message: impl Into<String>,
) -> Diagnostic {
    let mut diagnostic = Diagnostic::error(code, span, message);
    if let Some(info) = catalogue::explain(code) {
        diagnostic.severity = info.severity;
        diagnostic.help = (!info.help.is_empty()).then(|| info.help.to_owned());
    }
    diagnostic
}

/// The lines that a span touches. A query may be long and a diagnostic of it short, so the lines
/// are those of the diagnostic and not of the whole query.
fn window(text: &str, span: &Range<usize>) -> Range<usize> {
    let start = text.floor_char_boundary(span.start);
    let end = text.floor_char_boundary(span.end).max(start);
    let first = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = text[end..].find('\n').map_or(text.len(), |at| end + at);
    first..last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        #[track_caller]
        fn check(text: &str, offset: usize, expected: (usize, usize)) {
            let place = Place::START.advance(text, offset);
            assert_eq!((place.line, place.column), expected, "{text:?} {offset}");
            for middle in 0..=offset {
                let via = Place::START.advance(text, middle).advance(text, offset);
                assert_eq!((via.line, via.column), expected, "{text:?} {middle} {offset}");
            }
        }
        check("", 0, (1, 1));
        check("abc", 2, (1, 3));
        check("a\nbc", 2, (2, 1));
        check("a\nbc", 4, (2, 3));
        check("a\r\nb", 3, (2, 1));
        check("é\né§", 5, (2, 2));
        check("é", 1, (1, 1));
        check("abc", 99, (1, 4));
    }

    #[test]
    fn renders_the_lines_of_the_file() {
        let text: Arc<str> = Arc::from("[rule]\nname = 1\nquery = 'x'\n");
        let at = text.find('1').unwrap();
        let place = Place::START.advance(&text, at);
        let diagnostic = Diagnostic::error("RULE0013", at..at + 1, "`name` must be a string");
        let problem = Problem::new("a/b.toml", place, diagnostic, Shown::File(text));
        let shown = problem.render(false);
        assert!(shown.starts_with("error[RULE0013]: `name` must be a string"), "{shown}");
        assert!(shown.contains("a/b.toml:2:8"), "{shown}");
        assert!(shown.contains("2 | name = 1"), "{shown}");
        assert!(!shown.contains("query"), "{shown}");
        assert!(problem.render(true).contains('\u{1b}'));
    }
}
