//! Rule files on disk.
//!
//! What a user names is read whatever it is called; within directories only files that end like rule
//! files are, in the order of their paths, so that the same tree gives the same report everywhere.
//! Reading and compiling are most of the work of loading, and one file has nothing to do with the next: files are
//! found first, then that is done on all cores, then they are taken in the order in which they were found.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread;

use crate::catalogue as code;
use crate::document::{Contents, Format};
use crate::load::{Draft, Loader, RuleSet};
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
        let schema = self.schema.clone();
        let draft = |contents| Draft::new(contents, &schema);
        each_file(path, &mut directories, draft, |draft| self.take(draft));
        self.directories = directories;
    }
}

/// Calls `take` with what `digest` makes of each file, in the order of their paths. Reading and digesting go on on all
/// cores.
pub(crate) fn each_file<T: Send>(
    path: &Path,
    directories: &mut HashSet<PathBuf>,
    digest: impl Fn(Contents) -> T + Sync,
    mut take: impl FnMut(T),
) {
    let mut walk = Walk { found: Vec::new(), directories };
    walk.start(path);
    read_all(walk.found, &digest, &mut take);
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
    /// What there is; `None` for a text that is none of our business.
    fn read(self) -> Option<Contents> {
        match self {
            Found::Named(path) => Some(read_file(&path).or_no_rule()),
            Found::Listed(path) => Some(read_file(&path).or_skipped("the file holds no rule")),
            Found::Candidate(path) => read_page(&path),
            Found::Other(contents) => Some(contents),
        }
    }
}

/// Reads and digests files on as many threads as there are cores, and gives the results in their order. This thread takes
/// part. A thread that cannot be had is done without.
fn read_all<T: Send>(
    found: Vec<Found>,
    digest: &(impl Fn(Contents) -> T + Sync),
    take: &mut impl FnMut(T),
) {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(found.len().div_ceil(FILES_PER_THREAD));
    let jobs = Mutex::new(found.into_iter().enumerate());
    let work = || {
        let (at, one) = jobs.lock().unwrap_or_else(PoisonError::into_inner).next()?;
        Some((at, one.read().map(digest)))
    };
    let (done, ready) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 1..threads {
            let (done, work) = (done.clone(), &work);
            let all = move || std::iter::from_fn(work).try_for_each(|one| done.send(one));
            if thread::Builder::new().spawn_scoped(scope, all).is_err() {
                break;
            }
        }
        drop(done);
        // Those that are done before their turn: at most all, which are kept in any case.
        let mut early = BTreeMap::new();
        let mut turn = 0;
        while let Some((at, result)) =
            ready.try_recv().ok().or_else(work).or_else(|| ready.recv().ok())
        {
            early.insert(at, result);
            while let Some(result) = early.remove(&turn) {
                turn += 1;
                result.into_iter().for_each(&mut *take);
            }
        }
    });
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
    let file = File::open(path)?;
    // What a file says of its length saves room that grows, and reads; it is not believed beyond that.
    let len = file.metadata().map_or(0, |metadata| metadata.len()).min(limit);
    let mut bytes = Vec::with_capacity(len as usize + 1);
    file.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}
