//! Diagnostics: what is wrong with a text, where, and what to do about it.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet as Source};

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The rule works as meant; something could be better.
    Note,
    /// The rule works, but perhaps not as meant.
    Warning,
    /// The rule cannot be used.
    Error,
}

/// One finding about a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The stable code, such as `EQL0012`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong, in a sentence without a full stop.
    pub message: String,
    /// The bytes of the text that it is about; within the text and on character boundaries.
    pub span: Range<usize>,
    /// What is said at that place; may be empty.
    pub label: String,
    /// What to write instead, or to do.
    pub help: Option<String>,
}

/// The text that diagnostics are about, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct Snippet<'a> {
    /// The text.
    pub text: &'a str,
    /// The file, or another name for the text's origin.
    pub origin: &'a str,
    /// The line of the origin on which the text begins, from 1.
    pub first_line: usize,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        Diagnostic {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            label: String::new(),
            help: None,
        }
    }

    /// A warning.
    pub fn warning(
        code: &'static str,
        span: Range<usize>,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, message) }
    }

    /// With a label at the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// With advice.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    /// Line and column (in characters) of the place, both from 1, in the origin's numbering.
    pub fn position(&self, snippet: Snippet<'_>) -> (usize, usize) {
        let before = snippet.text.get(..self.span.start).unwrap_or(snippet.text);
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        (snippet.first_line + line, column)
    }

    /// As rustc would print it, with a line feed at the end; `color` adds terminal escapes.
    pub fn render(&self, snippet: Snippet<'_>, color: bool) -> String {
        let level = match self.severity {
            Severity::Note => Level::NOTE,
            Severity::Warning => Level::WARNING,
            Severity::Error => Level::ERROR,
        };
        let len = snippet.text.len();
        let span = self.span.start.min(len)..self.span.end.min(len);
        let mark = AnnotationKind::Primary.span(span);
        let mark = if self.label.is_empty() { mark } else { mark.label(&self.label) };
        let source = Source::source(snippet.text)
            .path(snippet.origin)
            .line_start(snippet.first_line)
            .annotation(mark);
        let mut report = vec![level.primary_title(&self.message).id(self.code).element(source)];
        if let Some(help) = &self.help {
            report.push(Group::with_title(Level::HELP.secondary_title(help)));
        }
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        format!("{}\n", renderer.render(&report))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_like_rustc() {
        let text = "process where\n  nme == 1";
        let snippet = Snippet { text, origin: "rule.toml", first_line: 10 };
        let diagnostic = Diagnostic::error("EQL0030", 16..19, "unknown field `nme`")
            .label("not in the schema")
            .help("did you mean `name`?");
        assert_eq!(diagnostic.position(snippet), (11, 3));
        let shown = diagnostic.render(snippet, false);
        assert!(shown.starts_with("error[EQL0030]: unknown field `nme`"), "{shown}");
        assert!(shown.contains("rule.toml:11:3"), "{shown}");
        assert!(shown.contains("^^^ not in the schema"), "{shown}");
        assert!(shown.contains("help: did you mean `name`?"), "{shown}");
    }

    #[test]
    fn a_span_outside_the_text_is_no_panic() {
        let snippet = Snippet { text: "", origin: "x", first_line: 1 };
        Diagnostic::error("EQL0001", 5..9, "empty").render(snippet, false);
    }
}
