//! Rule files on disk.
//!
//! What a user names is read whatever it is called; within directories only files that end like rule
//! files are, in the order of their paths, so that the same tree gives the same report everywhere.
//! Reading is most of the work of loading, and one file has nothing to do with the next: files are
//! found first, then read on all cores, then taken in the order in which they were found.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::catalogue as code;
use crate::document::{Contents, Format};
use crate::load::{Loader, RuleSet};
use crate::problem::Problem;

/// Largest TOML file, in bytes. Elastic's largest has 40 KB.
pub const MAX_TOML_BYTES: u64 = 16 << 20;
/// Largest JSON file, in bytes. An export of all of Elastic's rules has about 25 MB, and Kibana
/// exports at most five times as many.
pub const MAX_JSON_BYTES: u64 = 128 << 20;
/// Largest documentation page, in bytes. Elastic's largest has some 60 KB.
pub const MAX_PAGE_BYTES: u64 = 1 << 20;
/// Directories within directories.
const MAX_DEPTH: usize = 64;
/// Files that are read before the first of them is taken; bounds what is in memory at once.
const BATCH: usize = 512;
/// Files that are worth a thread.
const FILES_PER_THREAD: usize = 16;

/// Loads rules from files and directories. See [`Loader::path`].
pub fn load<P: AsRef<Path>>(paths: impl IntoIterator<Item = P>) -> RuleSet {
    let mut loader = Loader::new();
    paths.into_iter().for_each(|path| loader.path(path.as_ref()));
    loader.finish()
}

/// The rule files that paths name or hold, in the order of their paths, and what could not be read on the way.
/// Files are found as [`load`] finds them; documentation pages are left out.
pub fn rule_files<P: AsRef<Path>>(
    paths: impl IntoIterator<Item = P>,
) -> (Vec<PathBuf>, Vec<Problem>) {
    let mut directories = HashSet::new();
    let mut walk = Walk { found: Vec::new(), directories: &mut directories };
    paths.into_iter().for_each(|path| walk.start(path.as_ref()));
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    for found in walk.found {
        match found {
            Found::Named(path) | Found::Listed(path) => files.push(path),
            Found::Candidate(_) => {}
            Found::Other(contents) => problems.extend(contents.problems),
        }
    }
    (files, problems)
}

impl Loader {
    /// Takes the rules of a file or, recursively, of a directory.
    ///
    /// A file is read whatever its name; its format is told by its extension, else by its
    /// content. Of a directory those that end in `.toml`, `.json` or `.ndjson` are read, and texts
    /// (`.md`, `.txt`, `.adoc`) that are a rule's documentation page, `.git` left out. A directory is read once, however many names or links lead to it. Rules below a
    /// directory `_deprecated` are listed as deprecated and not loaded.
    pub fn path(&mut self, path: &Path) {
        let mut directories = std::mem::take(&mut self.directories);
        each_file(path, &mut directories, |contents| self.take(contents));
        self.directories = directories;
    }
}

/// Calls `take` with what each file holds, in the order of their paths.
pub(crate) fn each_file(
    path: &Path,
    directories: &mut HashSet<PathBuf>,
    mut take: impl FnMut(Contents),
) {
    let mut walk = Walk { found: Vec::new(), directories };
    walk.start(path);
    let mut found = walk.found;
    while !found.is_empty() {
        let rest = found.split_off(found.len().min(BATCH));
        read_all(found).into_iter().for_each(&mut take);
        found = rest;
    }
}

/// What a walk meets.
enum Found {
    /// A file that the user named.
    Named(PathBuf),
    /// A file in a directory.
    Listed(PathBuf),
    /// A text in a directory, which is a rule's page or none of our business.
    Candidate(PathBuf),
    /// Something that cannot be read or is not.
    Other(Contents),
}

impl Found {
    /// What a file holds; `None` for what is no file.
    fn read(&self) -> Option<Contents> {
        match self {
            Found::Named(path) => Some(read_file(path).or_no_rule()),
            Found::Listed(path) => Some(read_file(path).or_skipped("the file holds no rule")),
            Found::Candidate(path) => read_page(path),
            Found::Other(_) => None,
        }
    }
}

/// Reads files on as many threads as there are cores; the order stays. A thread that cannot be had
/// is done without.
fn read_all(found: Vec<Found>) -> Vec<Contents> {
    let results: Vec<OnceLock<Contents>> = found.iter().map(|_| OnceLock::new()).collect();
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let (Some(one), Some(result)) = (found.get(at), results.get(at)) else { break };
            if let Some(contents) = one.read() {
                // Every place is filled by the one thread that drew its number.
                let _ = result.set(contents);
            }
        }
    };
    let cores = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 1..cores.min(found.len().div_ceil(FILES_PER_THREAD)) {
            if thread::Builder::new().spawn_scoped(scope, work).is_err() {
                break;
            }
        }
        work();
    });
    let pairs = found.into_iter().zip(results);
    pairs
        .filter_map(|(one, result)| match one {
            Found::Other(contents) => Some(contents),
            Found::Named(_) | Found::Listed(_) | Found::Candidate(_) => result.into_inner(),
        })
        .collect()
}

/// Finds rule files, in the order of their paths.
struct Walk<'a> {
    found: Vec<Found>,
    /// Directories that were read, by their canonical paths.
    directories: &'a mut HashSet<PathBuf>,
}

impl Walk<'_> {
    fn start(&mut self, path: &Path) {
        match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.directory(path, 0),
            Ok(_) => self.found.push(Found::Named(path.to_path_buf())),
            Err(error) => self.other(unreadable(path, &error)),
        }
    }

    fn directory(&mut self, path: &Path, depth: usize) {
        if depth > MAX_DEPTH {
            let message = format!("more than {MAX_DEPTH} directories deep; it is not read");
            let problem = Problem::of_file(&path.to_string_lossy(), code::TOO_DEEP, message);
            return self.other(Contents::of_problem(problem));
        }
        match path.canonicalize() {
            Ok(canonical) => {
                if !self.directories.insert(canonical) {
                    return self.other(skipped(path, "the directory was read before"));
                }
            }
            Err(error) => return self.other(unreadable(path, &error)),
        }
        let entries = fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names = match entries {
            Ok(entries) => entries.into_iter().map(|e| e.file_name()).collect::<Vec<_>>(),
            Err(error) => return self.other(unreadable(path, &error)),
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
            Ok(metadata) if is_rule_file && metadata.is_file() => {
                self.found.push(Found::Listed(path.to_path_buf()));
            }
            Ok(metadata) if metadata.is_file() && may_be_page(path) => {
                self.found.push(Found::Candidate(path.to_path_buf()));
            }
            // Opening a pipe would wait for somebody to write to it.
            Ok(_) if is_rule_file => self.other(skipped(path, "not a regular file")),
            Err(error) if is_rule_file => self.other(unreadable(path, &error)),
            Ok(_) | Err(_) => {}
        }
    }

    fn other(&mut self, contents: Contents) {
        self.found.push(Found::Other(contents));
    }
}

fn read_file(path: &Path) -> Contents {
    let name = path.to_string_lossy();
    let known = extension_format(path);
    let bytes = match read_bounded(path, limit(known.unwrap_or(Format::Json))) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(path, &error),
    };
    let format = known.unwrap_or_else(|| unnamed_format(path, &bytes));
    let limit = limit(format);
    if bytes.len() as u64 > limit {
        let message = format!("the file is larger than {} MiB; it is not read", limit >> 20);
        return Contents::of_problem(Problem::of_file(&name, code::TOO_LARGE, message));
    }
    Contents::read(&name, format, &bytes)
}

fn limit(format: Format) -> u64 {
    match format {
        Format::Toml => MAX_TOML_BYTES,
        Format::Json => MAX_JSON_BYTES,
        Format::Page => MAX_PAGE_BYTES,
    }
}

/// The format of a file whose name does not tell it. A text that is named like a page and has no
/// `[rule]` is meant as one.
fn unnamed_format(path: &Path, bytes: &[u8]) -> Format {
    let is_toml = || bytes.split(|byte| *byte == b'\n').any(|line| line.trim_ascii() == b"[rule]");
    match Format::sniff(bytes) {
        Format::Toml if may_be_page(path) && !is_toml() => Format::Page,
        format => format,
    }
}

/// Reads a text that was found in a directory; `None` if it is not a rule's page, which is the rule
/// for texts and so is not told.
fn read_page(path: &Path) -> Option<Contents> {
    let bytes = read_bounded(path, MAX_PAGE_BYTES).ok()?;
    let is_page = bytes.len() as u64 <= MAX_PAGE_BYTES && Format::sniff(&bytes) == Format::Page;
    is_page.then(|| Contents::read(&path.to_string_lossy(), Format::Page, &bytes))
}

fn may_be_page(path: &Path) -> bool {
    path.extension().and_then(|e| e.to_str()).is_some_and(Format::may_be_page)
}

fn skipped(path: &Path, reason: &str) -> Contents {
    Contents::of_skipped(&path.to_string_lossy(), reason)
}

fn unreadable(path: &Path, error: &io::Error) -> Contents {
    let message = format!("cannot be read: {error}");
    let problem = Problem::of_file(&path.to_string_lossy(), code::UNREADABLE, message);
    Contents::of_problem(problem)
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
