//! What a rule file holds, before anything is made of it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::literal::StringMap;
use crate::problem::{Place, Problem};
use crate::report::Skipped;

/// How a rule file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One rule as TOML, with a `[rule]` table, as in `elastic/detection-rules`.
    Toml,
    /// Rules as JSON: one object, an array of objects, or one object per line, as Kibana exports
    /// them.
    Json,
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

    /// The format that a text looks like: JSON if it begins with an object or a list of objects.
    pub fn sniff(text: &[u8]) -> Format {
        let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text).trim_ascii_start();
        let second = text.get(1..).unwrap_or_default().trim_ascii_start().first();
        match (text.first(), second) {
            (Some(b'{'), _) | (Some(b'['), Some(b'{' | b']')) => Format::Json,
            _ => Format::Toml,
        }
    }
}

/// One rule document within a file.
#[derive(Debug)]
pub(crate) struct Entry {
    /// The rule's keys.
    pub(crate) fields: Map<String, Json>,
    /// The other tables of a TOML file.
    pub(crate) extra: Map<String, Json>,
    /// Where the rule begins.
    pub(crate) start: Place,
    /// Where the values of the rule's keys stand, in bytes of the file.
    pub(crate) spans: BTreeMap<String, Range<usize>>,
    /// Where the characters of the query stand.
    pub(crate) query: Option<StringMap>,
}

impl Entry {
    /// Whether the rule's authors have withdrawn it.
    pub(crate) fn is_deprecated(&self) -> bool {
        let maturity = self.extra.get("metadata").and_then(|metadata| metadata.get("maturity"));
        maturity.and_then(Json::as_str) == Some("deprecated")
    }

    /// How the rule is called in reports: its name, else its id.
    pub(crate) fn label(&self) -> Option<String> {
        let text =
            |key| self.fields.get(key).and_then(Json::as_str).filter(|t| !t.trim().is_empty());
        text("name").or_else(|| text("rule_id")).or_else(|| text("id")).map(str::to_owned)
    }
}

/// What a file holds.
#[derive(Debug)]
pub(crate) struct Contents {
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
}

impl Contents {
    pub(crate) fn new(text: Arc<str>, format: Format) -> Contents {
        Contents { text, format, entries: Vec::new(), problems: Vec::new(), skipped: Vec::new() }
    }

    /// Whether nothing was found, not even something to skip.
    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.problems.is_empty()
    }
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
