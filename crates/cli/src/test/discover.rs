//! Where tests are, and the rules beside them.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::report::Fault;
use crate::style::Style;

/// How test files end.
const ENDS: &[&str] = &[".test.yml", ".test.yaml"];
/// How rule files end, in the order in which they are looked for beside a test.
const RULES: &[&str] = &["toml", "ndjson", "json"];
/// Directories within directories.
const MAX_DEPTH: usize = 64;

/// What was found.
#[derive(Default)]
pub(super) struct Discovered {
    /// Test files, each once.
    pub(super) tests: Vec<PathBuf>,
    /// Where rules may be: what was named, but for test files.
    pub(super) rules: Vec<PathBuf>,
    pub(super) faults: Vec<Fault>,
}

/// Finds the tests of these paths: in a directory all below it, of a rule file the one beside it.
pub(super) fn discover(paths: &[PathBuf]) -> Discovered {
    let mut walk = Walk { found: Discovered::default(), seen: HashSet::new() };
    for path in paths {
        match fs::metadata(path) {
            Ok(meta) if meta.is_dir() => {
                walk.found.rules.push(path.clone());
                walk.directory(path, 0);
            }
            Ok(_) if is_test(path) => walk.test(path),
            Ok(_) => {
                walk.found.rules.push(path.clone());
                let beside = ENDS.iter().map(|end| path.with_extension(&end[1..]));
                let beside: Vec<PathBuf> = beside.filter(|path| path.is_file()).collect();
                for path in &beside {
                    walk.test(path);
                }
            }
            Err(error) => walk.fault(path, &error.to_string()),
        }
    }
    walk.found
}

/// The rule file that a test file stands beside.
pub(super) fn rule_beside(test: &Path) -> Option<PathBuf> {
    let name = test.file_name()?.to_str()?;
    let stem = ENDS.iter().find_map(|end| name.strip_suffix(end))?;
    let beside = RULES.iter().map(|end| test.with_file_name(format!("{stem}.{end}")));
    beside.into_iter().find(|path| path.is_file())
}

fn is_test(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    ENDS.iter().any(|end| name.len() > end.len() && name.ends_with(end))
}

struct Walk {
    found: Discovered,
    /// Files and directories, by their canonical paths.
    seen: HashSet<PathBuf>,
}

impl Walk {
    fn fault(&mut self, path: &Path, message: &str) {
        let fault = Fault::of_file(&path.display().to_string(), message, Style::plain());
        self.found.faults.push(fault);
    }

    fn test(&mut self, path: &Path) {
        let canonical = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if self.seen.insert(canonical) {
            self.found.tests.push(path.to_owned());
        }
    }

    /// Links are followed; what can be reached in several ways is read once.
    fn directory(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            return self.fault(path, "more directories within each other than are read");
        }
        match fs::canonicalize(path) {
            Ok(canonical) => {
                if !self.seen.insert(canonical) {
                    return;
                }
            }
            Err(error) => return self.fault(path, &error.to_string()),
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => return self.fault(path, &error.to_string()),
        };
        let mut children: Vec<PathBuf> = Vec::new();
        for entry in entries {
            match entry {
                Ok(entry) => children.push(entry.path()),
                Err(error) => self.fault(path, &error.to_string()),
            }
        }
        children.sort_unstable();
        for child in children {
            match fs::metadata(&child) {
                Ok(meta) if meta.is_dir() => {
                    if child.file_name().is_some_and(|name| name != ".git") {
                        self.directory(&child, depth + 1);
                    }
                }
                Ok(meta) if is_test(&child) && meta.is_file() => self.test(&child),
                Err(error) if is_test(&child) => self.fault(&child, &error.to_string()),
                Ok(_) | Err(_) => {}
            }
        }
    }
}
