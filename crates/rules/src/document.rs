//! What a rule file holds, before anything is made of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use serde_json::{Map, Value as Json};

use crate::catalogue as code;
use crate::export::TABLES;
use crate::literal::StringMap;
use crate::problem::{Place, Problem, Shown, coded};
use crate::report::Skipped;
use crate::{json_reader, page, toml_reader};

/// How a rule file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One rule as TOML, with a `[rule]` table, as in `elastic/detection-rules`.
    Toml,
    /// Rules as JSON: one object, an array of objects, or one object per line, as Kibana exports
    /// them.
    Json,
    /// The documentation page of a rule: Markdown, `AsciiDoc` or bare text.
    Page,
}

impl Format {
    /// The format that a file name's extension tells; `None` if it is not one of rule files.
    pub fn of_extension(extension: &str) -> Option<Format> {
        match extension.to_ascii_lowercase().as_str() {
            "toml" => Some(Format::Toml),
            "json" | "ndjson" => Some(Format::Json),
            _ => None,
        }
    }

    /// Whether a file of this extension may be a documentation page; most are something else.
    pub(crate) fn may_be_page(extension: &str) -> bool {
        let extension = extension.to_ascii_lowercase();
        ["md", "markdown", "txt", "text", "asciidoc", "adoc"].contains(&extension.as_str())
    }

    /// The format that a text looks like: JSON if it begins with an object or a list of objects, a
    /// page if it has the facts of one, else TOML.
    pub fn sniff(text: &[u8]) -> Format {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
        let second = text.get(1..).unwrap_or_default().trim_ascii_start().first();
        match (text.first(), second) {
            (Some(b'{'), _) | (Some(b'['), Some(b'{' | b']')) => Format::Json,
            _ if std::str::from_utf8(text).is_ok_and(page::is_page) => Format::Page,
            _ => Format::Toml,
        }
    }
}

/// Where the values of a rule's keys stand, in bytes of the file.
pub(crate) type Spans = BTreeMap<String, Range<usize>>;

/// One rule document within a file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The rule's keys.
    pub(crate) fields: Map<String, Json>,
    /// The other tables of a TOML file.
    pub(crate) extra: Map<String, Json>,
    /// Where the rule begins.
    pub(crate) start: Place,
    /// Where values stand, once that is asked for: in TOML few files need to be looked at again.
    pub(crate) spans: OnceLock<Spans>,
    /// Where the characters of the query stand.
    pub(crate) query: Option<StringMap>,
    /// What stands in the file, belongs to the rule and could not be read: where, and why.
    pub(crate) doubts: Vec<(Range<usize>, String)>,
}

impl Entry {
    /// Whether the rule's authors have withdrawn it.
    pub(crate) fn is_deprecated(&self) -> bool {
        // A rule that was converted to Kibana's form has the tables of its TOML file there.
        let kept = || self.fields.get("meta")?.get(TABLES)?.get("metadata");
        let metadata = self.extra.get("metadata").or_else(kept);
        metadata.and_then(|metadata| metadata.get("maturity")?.as_str()) == Some("deprecated")
    }

    /// How the rule is called in reports: its name, else its id.
    pub(crate) fn label(&self) -> Option<String> {
        let text =
            |key| self.fields.get(key).and_then(Json::as_str).filter(|t| !t.trim().is_empty());
        text("name").or_else(|| text("rule_id")).or_else(|| text("id")).map(str::to_owned)
    }
}

/// Whether a file lies where `elastic/detection-rules` keeps the rules that were withdrawn.
pub(crate) fn is_withdrawn(path: &str) -> bool {
    Path::new(path).components().any(|part| part.as_os_str() == "_deprecated")
}

/// Broken lines of one file that are named one by one; beyond that it is not a rule file.
pub(crate) const MAX_BROKEN_LINES: usize = 100;

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The file, as it was named or found.
    pub(crate) path: String,
    /// The text that spans refer to.
    pub(crate) text: Arc<str>,
    /// The format, which decides how a query is shown.
    pub(crate) format: Format,
    /// The rules, in the file's order.
    pub(crate) entries: Vec<Entry>,
    /// Parts that should be rules and cannot be read.
    pub(crate) problems: Vec<Problem>,
    /// Parts that are something else.
    pub(crate) skipped: Vec<Skipped>,
    /// What Kibana exports beside rules.
    pub(crate) attachments: Vec<Attachment>,
}

/// What belongs to an export's rules, as it was read.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) fields: Map<String, Json>,
    /// Whether it is an exception list or an item of one; a connector otherwise.
    pub(crate) is_exception: bool,
    /// The line that it begins on, from 1.
    pub(crate) line: usize,
}

impl Contents {
    pub(crate) fn new(path: &str, text: Arc<str>, format: Format) -> Contents {
        let path = path.to_owned();
        let (entries, problems, skipped, attachments) = (vec![], vec![], vec![], vec![]);
        Contents { path, text, format, entries, problems, skipped, attachments }
    }

    /// A file that cannot be read.
    pub(crate) fn of_problem(problem: Problem) -> Contents {
        let contents = Contents::new(&problem.path, Arc::from(""), Format::Toml);
        Contents { problems: vec![problem], ..contents }
    }

    /// A file that is none.
    pub(crate) fn of_skipped(path: &str, reason: &str) -> Contents {
        Contents::new(path, Arc::from(""), Format::Toml).or_skipped(reason)
    }

    /// Reads a file of these bytes.
    pub(crate) fn read(path: &str, format: Format, bytes: &[u8]) -> Contents {
        if bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF") {
            let message = "the file is UTF-16, not UTF-8";
            return Contents::of_problem(Problem::of_file(path, code::NOT_UTF8, message));
        }
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let (text, mut problems) = match std::str::from_utf8(bytes) {
            Ok(text) => (Arc::from(text), Vec::new()),
            Err(_) if format == Format::Json => valid_lines(path, bytes),
            Err(_) => return Contents::of_problem(not_utf8(path, bytes, 0)),
        };
        let mut contents = match format {
            Format::Toml => toml_reader::read(path, &text),
            Format::Json => json_reader::read(path, &text),
            Format::Page => page::read(path, &text),
        };
        problems.append(&mut contents.problems);
        Contents { problems, ..contents }
    }

    /// If there is no rule: says so as a failure. For files that were named as rule files, unless they hold exceptions.
    pub(crate) fn or_no_rule(mut self) -> Contents {
        if self.attachments.iter().any(|attachment| attachment.is_exception) {
            return self;
        }
        if self.entries.is_empty() && self.problems.is_empty() {
            let message = match self.format {
                Format::Page => {
                    "the text is not the documentation page of a rule: it has no rule type"
                }
                Format::Toml | Format::Json => "there is no rule in this file",
            };
            let problem = Problem::of_file(&self.path, code::NO_RULE, message);
            self.problems.push(problem);
        }
        self
    }

    /// If there is nothing: says that the file is skipped. For files that were found.
    pub(crate) fn or_skipped(mut self, reason: &str) -> Contents {
        let is_empty = self.entries.is_empty() && self.attachments.is_empty();
        if is_empty && self.problems.is_empty() && self.skipped.is_empty() {
            let (path, reason) = (self.path.clone(), reason.to_owned());
            self.skipped.push(Skipped { path, line: 1, rule: None, reason });
        }
        self
    }
}

/// The text with the lines emptied that are not UTF-8, and a problem for each of them.
fn valid_lines(path: &str, bytes: &[u8]) -> (Arc<str>, Vec<Problem>) {
    let mut text = String::with_capacity(bytes.len());
    let mut problems = Vec::new();
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if at > 0 {
            text.push('\n');
        }
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            Err(_) if problems.len() < MAX_BROKEN_LINES => problems.push(not_utf8(path, line, at)),
            Err(_) => {
                let message =
                    format!("{MAX_BROKEN_LINES} lines are not UTF-8; the file is not read further");
                let mut problem = Problem::of_file(path, code::TOO_MANY_BROKEN, message);
                problem.line = at + 1;
                problems.push(problem);
                break;
            }
        }
    }
    (Arc::from(text), problems)
}

/// Names the first byte that is not UTF-8; `lines` lines come before the bytes.
fn not_utf8(path: &str, bytes: &[u8], lines: usize) -> Problem {
    let valid = bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let message = "the text is not UTF-8 from here on";
    if lines > 0 {
        let mut problem = Problem::of_file(path, code::NOT_UTF8, message);
        problem.line = lines + valid.matches('\n').count() + 1;
        problem.column = valid.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        return problem;
    }
    // The first character that stands for what is no text.
    let span = valid.len()..valid.len() + char::REPLACEMENT_CHARACTER.len_utf8();
    let shown: Arc<str> = Arc::from(String::from_utf8_lossy(bytes));
    let place = Place::START.advance(&shown, span.start);
    Problem::new(path, place, coded(code::NOT_UTF8, span, message), Shown::File(shown))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats() {
        #[track_caller]
        fn check(text: &str, expected: Format) {
            assert_eq!(Format::sniff(text.as_bytes()), expected, "{text}");
        }
        check("", Format::Toml);
        check("[rule]\nname = 'x'", Format::Toml);
        check("[[rule]]", Format::Toml);
        check("# comment\n[metadata]", Format::Toml);
        check("{\"name\":1}", Format::Json);
        check("\u{feff} {\"name\":1}", Format::Json);
        check("[\n  {\"name\":1}]", Format::Json);
        check("[ ]", Format::Json);
        assert_eq!(Format::of_extension("TOML"), Some(Format::Toml));
        assert_eq!(Format::of_extension("ndjson"), Some(Format::Json));
        assert_eq!(Format::of_extension("yml"), None);
    }
}
