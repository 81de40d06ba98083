//! Rule documents to be read by people: all of them, whether or not they can run.

use std::collections::HashSet;
use std::path::Path;

use crate::document::Contents;
use crate::load::{Origin, Site};
use crate::problem::Problem;
use crate::read::{Reading, read_rule};
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
}

/// The documents of files and directories, in the order in which they were met.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// Those that can be read, of unsupported types and withdrawn ones too. The same rule may be
    /// there more than once.
    pub documents: Vec<Document>,
    /// What cannot be read.
    pub failed: Vec<Problem>,
}

/// Reads rule documents from files and directories, found as [`load`](crate::load()) finds them.
pub fn documents<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> Shelf {
    let mut shelf = Shelf::default();
    let mut directories = HashSet::new();
    for path in paths {
        each_file(path.as_ref(), &mut directories, |contents| shelf.take(contents));
    }
    shelf
}

impl Shelf {
    fn take(&mut self, contents: Contents) {
        let Contents { path, text, format, entries, problems, skipped: _ } = contents;
        self.failed.extend(problems);
        for mut entry in entries {
            let label = entry.label();
            let fields = std::mem::take(&mut entry.fields);
            let extra = std::mem::take(&mut entry.extra);
            let site = Site { path: &path, text: &text, format, entry: &entry, label };
            match read_rule(fields, extra) {
                Reading::Rule(rule, issues) => self.documents.push(Document {
                    rule: *rule,
                    origin: site.origin(),
                    warnings: site.warnings(&issues),
                }),
                Reading::Broken(issues) => self.failed.extend(site.failure(&issues)),
            }
        }
    }
}
