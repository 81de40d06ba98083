//! Where diagnostics collect: bounded, so that hostile text cannot make millions of them.

use crate::{Diagnostic, Severity};

/// Errors after this many are not told: by then they are about the same misunderstanding.
const MAX_ERRORS: usize = 20;
/// Warnings after this many are not told.
const MAX_WARNINGS: usize = 50;

/// A bounded list of diagnostics.
#[derive(Default)]
pub struct Sink {
    list: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Sink {
    /// Adds one, unless there are enough of its severity.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let (count, most) = match diagnostic.severity {
            Severity::Error => (&mut self.errors, MAX_ERRORS),
            Severity::Warning | Severity::Note => (&mut self.warnings, MAX_WARNINGS),
        };
        if *count < most {
            *count += 1;
            self.list.push(diagnostic);
        }
    }

    /// Adds those of another list.
    pub fn append(&mut self, other: Sink) {
        other.list.into_iter().for_each(|diagnostic| self.push(diagnostic));
    }

    /// Whether there is an error.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// Whether no further error would be told, so that looking for more is in vain.
    pub fn is_full(&self) -> bool {
        self.errors >= MAX_ERRORS
    }

    /// All, in the order of the text.
    ///
    /// A warning about the very place of an error is left out: it is about the same slip.
    pub fn finish(mut self) -> Vec<Diagnostic> {
        let is_error = |d: &Diagnostic| d.severity == Severity::Error;
        let errors: Vec<_> =
            self.list.iter().filter(|d| is_error(d)).map(|d| d.span.clone()).collect();
        self.list.retain(|d| is_error(d) || !errors.contains(&d.span));
        self.list.sort_by_key(|d| (d.span.start, d.span.end));
        self.list
    }
}

/// Text from a query for use inside a message: in one line, and not long.
pub fn clip(text: &str) -> String {
    const MOST: usize = 40;
    let line = text.split(['\n', '\r']).next().unwrap_or_default();
    let short: String = line.chars().take(MOST).collect();
    if short.len() == text.len() { short } else { format!("{short}…") }
}
