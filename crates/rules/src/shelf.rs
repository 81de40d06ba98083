//! Rule documents to be read by people: all of them, whether or not they can run.

use std::collections::HashSet;
use std::path::Path;

use serde_json::{Map, Value as Json};

use crate::document::{Contents, is_withdrawn};
use crate::load::{Origin, Site};
use crate::problem::Problem;
use crate::read::{Reading, read_rule};
use crate::report::Skipped;
use crate::rule::Rule;
use crate::walk::each_file;

/// A rule as it was read. Its query is not compiled.
#[derive(Debug, Clone)]
pub struct Document {
    /// The rule.
    pub rule: Rule,
    /// Where it was read from.
    pub origin: Origin,
    /// What is doubtful about it.
    pub warnings: Vec<Problem>,
    /// Whether its authors have withdrawn it.
    pub withdrawn: bool,
}

/// The documents of files and directories, in the order in which they were met.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Those that can be read, of unsupported types and withdrawn ones too. The same rule may be
    /// there more than once.
    pub documents: Vec<Document>,
    /// What cannot be read.
    pub failed: Vec<Problem>,
    /// What Kibana exports beside rules: exception lists, their items, connectors; as read.
    pub attachments: Vec<Map<String, Json>>,
    /// What was met and is no rule.
    pub skipped: Vec<Skipped>,
}

/// Reads rule documents from files and directories, found as [`load`](crate::load()) finds them.
pub fn documents<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Shelf {
    let mut shelf = Shelf::default();
    let mut directories = HashSet::new();
    for path in paths {
        each_file(path.as_ref(), &mut directories, |contents| contents, |it| shelf.take(it));
    }
    shelf
}

impl Shelf {
    fn take(&mut self, contents: Contents) {
        let Contents { path, text, format, entries, problems, skipped, attachments } = contents;
        let below_withdrawn = is_withdrawn(&path);
        self.failed.extend(problems);
        self.skipped.extend(skipped);
        self.attachments.extend(attachments.into_iter().map(|attachment| attachment.fields));
        for mut entry in entries {
            let label = entry.label();
            let withdrawn = below_withdrawn || entry.is_deprecated();
            let fields = std::mem::take(&mut entry.fields);
            let extra = std::mem::take(&mut entry.extra);
            let site = Site { path: &path, text: &text, format, entry: &entry, label };
            match read_rule(fields, extra) {
                Reading::Rule(rule, issues) => self.documents.push(Document {
                    rule: *rule,
                    origin: site.origin(),
                    warnings: site.warnings(&issues),
                    withdrawn,
                }),
                Reading::Broken(issues) => self.failed.extend(site.failure(&issues)),
            }
        }
    }
}
