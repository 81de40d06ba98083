//! Bytes: files, memory, and what can be read only once, kept in a temporary file.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that can be read at any place, any number of times, by several readers.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    File(Arc<Mutex<File>>),
    Memory(Arc<[u8]>),
}

impl Input {
    pub(crate) fn file(file: File) -> Input {
        Input::File(Arc::new(Mutex::new(file)))
    }

    /// Copies a stream to a temporary file that has no name, so that it goes with the process.
    /// At most `limit` bytes are taken; if there are more, `Ok` has `true`.
    pub(crate) fn spool(stream: impl Read, limit: u64) -> io::Result<(Input, bool)> {
        let mut file = tempfile::tempfile()?;
        let mut stream = stream.take(limit.saturating_add(1));
        let copied = io::copy(&mut stream, &mut file)?;
        if copied > limit {
            file.set_len(limit)?;
        }
        Ok((Input::file(file), copied > limit))
    }

    pub(crate) fn len(&self) -> io::Result<u64> {
        match self {
            Input::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::End(0))
            }
            Input::Memory(bytes) => Ok(bytes.len() as u64),
        }
    }

    fn read_at(&self, at: u64, buf: &mut [u8]) -> io::Result<usize> {
        match self {
            Input::File(file) => {
                let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
                file.seek(SeekFrom::Start(at))?;
                file.read(buf)
            }
            Input::Memory(bytes) => {
                let at = usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[at..]).read(buf)
            }
        }
    }
}

/// A reader over a part of an [`Input`], with a position of its own.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    input: Input,
    at: u64,
    end: u64,
    /// Counts the bytes that are read, for progress.
    counter: Option<Arc<AtomicU64>>,
}

impl Section {
    /// The bytes from `start` to `end` (exclusive). It may end earlier.
    pub(crate) fn new(input: Input, start: u64, end: u64) -> Section {
        Section { input, at: start, end, counter: None }
    }

    pub(crate) fn counted(mut self, counter: &Arc<AtomicU64>) -> Section {
        self.counter = Some(Arc::clone(counter));
        self
    }
}

impl Read for Section {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.end.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let len = buf.len().min(left);
        let count = self.input.read_at(self.at, &mut buf[..len])?;
        self.at += count as u64;
        if let Some(counter) = &self.counter {
            counter.fetch_add(count as u64, Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Fails when more than a number of bytes is read: of this reader, or of all that share `total`.
#[derive(Debug)]
pub(crate) struct Capped<R> {
    reader: R,
    left: u64,
    limit: u64,
    total: Arc<AtomicU64>,
}

/// What [`Capped`] fails with, within an [`io::Error`].
#[derive(Debug, thiserror::Error)]
#[error("more than {limit} bytes")]
pub(crate) struct OverLimit {
    pub(crate) limit: u64,
}

impl<R> Capped<R> {
    pub(crate) fn new(reader: R, limit: u64, total: &Arc<AtomicU64>) -> Capped<R> {
        Capped { reader, left: limit, limit, total: Arc::clone(total) }
    }
}

impl<R: Read> Read for Capped<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.left.min(self.total.load(Ordering::Relaxed));
        if left == 0 && !buf.is_empty() {
            // The limit is an error only if there is more.
            return match self.reader.read(&mut [0])? {
                0 => Ok(0),
                _ => Err(io::Error::other(OverLimit { limit: self.limit - self.left })),
            };
        }
        let len = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.reader.read(&mut buf[..len])?;
        self.left -= count as u64;
        self.total.fetch_sub(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// Reads until the buffer holds `want` bytes; `Ok(false)` if the reader ends before. Beside an
/// error the buffer holds what was read before it.
pub(crate) fn fill(reader: &mut dyn Read, buf: &mut Vec<u8>, want: usize) -> io::Result<bool> {
    /// What is asked for at once; what a file only claims to have is not reserved.
    const STEP: usize = 1 << 20;
    while buf.len() < want {
        let start = buf.len();
        buf.resize(want.min(start + STEP), 0);
        let result = read_full(reader, &mut buf[start..]);
        buf.truncate(start + result.count);
        match result.end {
            Ok(true) => {}
            other => return other,
        }
    }
    Ok(true)
}

/// What came of [`read_full`]: how much was read, and whether that is all that was asked for.
struct Filled {
    count: usize,
    end: io::Result<bool>,
}

fn read_full(reader: &mut dyn Read, buf: &mut [u8]) -> Filled {
    let mut count = 0;
    while count < buf.len() {
        match reader.read(&mut buf[count..]) {
            Ok(0) => return Filled { count, end: Ok(false) },
            Ok(more) => count += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Filled { count, end: Err(error) },
        }
    }
    Filled { count, end: Ok(true) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capped() {
        let total = Arc::new(AtomicU64::new(10));
        let mut out = Vec::new();
        Capped::new(&b"1234"[..], 4, &total).read_to_end(&mut out).unwrap();
        let error = Capped::new(&b"12345"[..], 4, &total).read_to_end(&mut out).unwrap_err();
        assert!(error.downcast::<OverLimit>().is_ok());
        assert_eq!(out, b"12341234");
        // Two bytes are left for all.
        Capped::new(&b"12"[..], 4, &total).read_to_end(&mut out).unwrap();
        assert!(Capped::new(&b"1"[..], 4, &total).read_to_end(&mut out).is_err());
    }

    #[test]
    fn sections_of_a_spooled_stream() {
        let (input, cut) = Input::spool(&b"0123456789"[..], 8).unwrap();
        assert!(cut);
        let (mut a, mut b) = (Section::new(input.clone(), 2, 6), Section::new(input, 0, 99));
        let mut buf = [0; 3];
        a.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"234");
        let mut text = String::new();
        b.read_to_string(&mut text).unwrap();
        a.read_to_string(&mut text).unwrap();
        assert_eq!(text, "012345675");
    }
}
