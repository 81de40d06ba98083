//! Rule files on disk.
//!
//! What a user names is read whatever it is called; within directories only files that end like rule
//! files are, in the order of their paths, so that the same tree gives the same report everywhere.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::Path;

use crate::catalogue as code;
use crate::document::Format;
use crate::load::{Loader, RuleSet};
use crate::problem::Problem;
use crate::report::Skipped;

/// Largest TOML file, in bytes. Elastic's largest has 40 KB.
pub const MAX_TOML_BYTES: u64 = 16 << 20;
/// Largest JSON file, in bytes. An export of all of Elastic's rules has about 25 MB, and Kibana
/// exports at most five times as many.
pub const MAX_JSON_BYTES: u64 = 128 << 20;
/// Directories within directories.
const MAX_DEPTH: usize = 64;

/// Loads rules from files and directories. See [`Loader::path`].
pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> RuleSet {
    let mut loader = Loader::new();
    paths.into_iter().for_each(|path| loader.path(path.as_ref()));
    loader.finish()
}

impl Loader {
    /// Takes the rules of a file or, recursively, of a directory.
    ///
    /// A file is read whatever its name; its format is told by its extension, else by its
    /// content. Of a directory those that end in `.toml`, `.json` or `.ndjson` are read, `.git`
    /// left out. A directory is read once, however many names or links lead to it. Rules below a
    /// directory `_deprecated` are listed as deprecated and not loaded.
    pub fn path(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.directory(path, 0),
            Ok(_) => self.file(path, true),
            Err(error) => self.unreadable(path, &error),
        }
    }

    fn directory(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            let name = path.to_string_lossy();
            let problem = Problem::of_file(
                &name,
                code::TOO_DEEP,
                format!("more than {MAX_DEPTH} directories deep; it is not read"),
            );
            self.report().failed.push(problem);
            return;
        }
        match path.canonicalize() {
            Ok(canonical) => {
                if !self.directories.insert(canonical) {
                    return self.skip(path, "the directory was read before");
                }
            }
            Err(error) => return self.unreadable(path, &error),
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names = match entries {
            Ok(entries) => entries.into_iter().map(|e| e.file_name()).collect::<Vec<_>>(),
            Err(error) => return self.unreadable(path, &error),
        };
        names.sort_unstable();
        for name in names {
            self.entry(&path.join(&name), depth);
        }
    }

    /// One entry of a directory.
    fn entry(&mut self, path: &Path, depth: usize) {
        let is_rule_file = extension_format(path).is_some();
        // Links are followed; a broken one matters only if it is called like a rule file.
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                if path.file_name().is_some_and(|name| name != ".git") {
                    self.directory(path, depth + 1);
                }
            }
            Ok(metadata) if is_rule_file => self.listed_file(path, &metadata),
            Err(error) if is_rule_file => self.unreadable(path, &error),
            Ok(_) | Err(_) => {}
        }
    }

    fn listed_file(&mut self, path: &Path, metadata: &Metadata) {
        // Opening a pipe would wait for somebody to write to it.
        if metadata.is_file() {
            self.file(path, false);
        } else {
            self.skip(path, "not a regular file");
        }
    }

    /// Reads one file; `named` if it is what the user asked for and not one of many.
    fn file(&mut self, path: &Path, named: bool) {
        let name = path.to_string_lossy();
        let known = extension_format(path);
        let limit = if known == Some(Format::Toml) { MAX_TOML_BYTES } else { MAX_JSON_BYTES };
        let bytes = match read_bounded(path, limit) {
            Ok(bytes) => bytes,
            Err(error) => return self.unreadable(path, &error),
        };
        let format = known.unwrap_or_else(|| Format::sniff(&bytes));
        let limit = if format == Format::Toml { MAX_TOML_BYTES } else { MAX_JSON_BYTES };
        if bytes.len() as u64 > limit {
            let message = format!("the file is larger than {} MiB; it is not read", limit >> 20);
            let problem = Problem::of_file(&name, code::TOO_LARGE, message);
            self.report().failed.push(problem);
        } else if named {
            self.text(&name, format, &bytes);
        } else if let Some(contents) = self.read(&name, format, &bytes) {
            if contents.is_empty() && contents.skipped.is_empty() {
                self.skip(path, "the file holds no rule");
            }
            self.take(&name, contents);
        }
    }

    fn skip(&mut self, path: &Path, reason: &str) {
        let path = path.to_string_lossy().into_owned();
        self.report().skipped.push(Skipped {
            path,
            line: 1,
            rule: None,
            reason: reason.to_owned(),
        });
    }

    fn unreadable(&mut self, path: &Path, error: &io::Error) {
        let message = format!("cannot be read: {error}");
        let problem = Problem::of_file(&path.to_string_lossy(), code::UNREADABLE, message);
        self.report().failed.push(problem);
    }
}

fn extension_format(path: &Path) -> Option<Format> {
    path.extension().and_then(|extension| Format::of_extension(extension.to_str()?))
}

/// At most one byte more than the limit, which tells that there is more.
fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
