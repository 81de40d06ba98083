//! What to read: files, folders, standard input, bytes at hand.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crate::blocks::Blocks;
use crate::format::Form;
use crate::input::Input;
use crate::problem::{Problem, Reason};

/// One file (which may be an archive of several), or something like a file.
#[derive(Debug)]
pub struct Source {
    path: Arc<str>,
    bytes: Option<u64>,
    from_folder: bool,
    origin: Origin,
}

enum Origin {
    File(PathBuf),
    /// Can be read only once: copied to a temporary file when it is first opened.
    Stream(Mutex<Stream>),
    Memory(Arc<[u8]>),
}

enum Stream {
    Pipe(PathBuf),
    Reader(Box<dyn Read + Send>),
    Copied(Input),
    /// Copying failed.
    Lost,
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::File(path) => f.debug_tuple("File").field(path).finish(),
            Origin::Stream(_) => f.write_str("Stream"),
            Origin::Memory(bytes) => f.debug_tuple("Memory").field(&bytes.len()).finish(),
        }
    }
}

impl Source {
    /// Bytes at hand; `path` is what messages call them.
    pub fn from_bytes(path: impl Into<Arc<str>>, bytes: impl Into<Arc<[u8]>>) -> Source {
        let bytes = bytes.into();
        let len = Some(bytes.len() as u64);
        Source { path: path.into(), bytes: len, from_folder: false, origin: Origin::Memory(bytes) }
    }

    /// A stream. When the source is first opened it is read to its end, into a temporary file that
    /// has no name.
    pub fn from_reader(path: impl Into<Arc<str>>, reader: impl Read + Send + 'static) -> Source {
        Source::stream(path.into(), Stream::Reader(Box::new(reader)))
    }

    fn stream(path: Arc<str>, stream: Stream) -> Source {
        let origin = Origin::Stream(Mutex::new(stream));
        Source { path, bytes: None, from_folder: false, origin }
    }

    /// What messages call it: the path as it was given or found, `-` for standard input.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Its size in bytes, for progress; `None` if it is a stream.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes
    }

    /// Whether it was found in a folder, not named: then a [`Reason::UnknownFormat`] may not matter.
    pub fn is_from_folder(&self) -> bool {
        self.from_folder
    }

    /// Opens it, from the start. `number` is what its events' [`EventRef`](dragnet_event::EventRef)s
    /// will have as their source. It can be opened any number of times; blocks come in the same
    /// order, with the same numbers and the same events, as long as nobody changes the file.
    ///
    /// # Errors
    /// If it cannot be opened, or is not in a format that is read.
    pub fn open(&self, number: u32) -> Result<Blocks, Problem> {
        self.open_as(number, None)
    }

    /// Opens it as [`Source::open`] does; a form that is a text but no JSON ([`Form::Csv`], [`Form::Syslog`],
    /// [`Form::Audit`]) is taken for granted in whatever is a text. Other forms are found out as without one.
    ///
    /// # Errors
    /// If it cannot be opened, or is not in a format that is read.
    pub fn open_as(&self, number: u32, form: Option<Form>) -> Result<Blocks, Problem> {
        let problem = |reason| Problem { path: Arc::clone(&self.path), place: None, reason };
        let input = self.input().map_err(|error| problem(Reason::Io(error)))?;
        Blocks::open(&input, Arc::clone(&self.path), number, form).map_err(problem)
    }

    fn input(&self) -> io::Result<Input> {
        let stream = match &self.origin {
            Origin::File(path) => return File::open(path).map(Input::file),
            Origin::Memory(bytes) => return Ok(Input::Memory(Arc::clone(bytes))),
            Origin::Stream(stream) => stream,
        };
        let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
        let reader: Box<dyn Read + Send> = match std::mem::replace(&mut *stream, Stream::Lost) {
            Stream::Pipe(path) => Box::new(File::open(path)?),
            Stream::Reader(reader) => reader,
            Stream::Copied(input) => {
                *stream = Stream::Copied(input.clone());
                return Ok(input);
            }
            Stream::Lost => return Err(io::Error::other("the stream could not be read before")),
        };
        let (input, _) = Input::spool(reader, u64::MAX - 1)?;
        *stream = Stream::Copied(input.clone());
        Ok(input)
    }
}

/// Finds what to read. A path may be a file, a folder (all files in it and in folders within it,
/// ordered by path) or `-` for standard input. Links are followed; a file or folder that can be
/// reached in several ways is read once, at the first.
///
/// The sources are in the order of the paths. Paths that cannot be looked at, and what is neither
/// file nor folder within a folder, are problems.
pub fn discover(paths: &[PathBuf]) -> (Vec<Source>, Vec<Problem>) {
    let mut found = Discovery::default();
    for path in paths {
        if path.as_os_str() == "-" {
            let stdin = Stream::Reader(Box::new(io::stdin()));
            if !std::mem::replace(&mut found.stdin, true) {
                found.sources.push(Source::stream("-".into(), stdin));
            }
        } else {
            found.named(path);
        }
    }
    (found.sources, found.problems)
}

#[derive(Default)]
struct Discovery {
    sources: Vec<Source>,
    problems: Vec<Problem>,
    seen: HashSet<Identity>,
    stdin: bool,
}

/// What is the same for all ways to a file.
#[cfg(unix)]
type Identity = (u64, u64);

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn identity(_: &Path, meta: &fs::Metadata) -> io::Result<Identity> {
    use std::os::unix::fs::MetadataExt;
    Ok((meta.dev(), meta.ino()))
}

/// What is the same for all ways to a file.
#[cfg(not(unix))]
type Identity = PathBuf;

#[cfg(not(unix))]
fn identity(path: &Path, _: &fs::Metadata) -> io::Result<Identity> {
    fs::canonicalize(path)
}

impl Discovery {
    fn named(&mut self, path: &Path) {
        // The last of these is looked at next.
        let mut todo = vec![(path.to_owned(), false)];
        while let Some((path, from_folder)) = todo.pop() {
            match self.look(&path, from_folder) {
                Ok(children) => todo.extend(children.into_iter().rev().map(|child| (child, true))),
                Err(reason) => {
                    let path = path.display().to_string().into();
                    self.problems.push(Problem { path, place: None, reason });
                }
            }
        }
    }

    /// Takes a file, or gives the children of a folder, sorted.
    fn look(&mut self, path: &Path, from_folder: bool) -> Result<Vec<PathBuf>, Reason> {
        let meta = fs::metadata(path).map_err(Reason::Io)?;
        if !meta.is_file() && !meta.is_dir() {
            if from_folder {
                return Err(Reason::NotAFile);
            }
            let stream = Stream::Pipe(path.to_owned());
            self.sources.push(Source::stream(path.display().to_string().into(), stream));
            return Ok(Vec::new());
        }
        if !self.seen.insert(identity(path, &meta).map_err(Reason::Io)?) {
            return Ok(Vec::new());
        }
        if meta.is_file() {
            self.sources.push(Source {
                path: path.display().to_string().into(),
                bytes: Some(meta.len()),
                from_folder,
                origin: Origin::File(path.to_owned()),
            });
            return Ok(Vec::new());
        }
        let mut children = Vec::new();
        for entry in fs::read_dir(path).map_err(Reason::Io)? {
            children.push(entry.map_err(Reason::Io)?.path());
        }
        children.sort_unstable();
        Ok(children)
    }
}
