//! One EVTX file out of many, of any size: so that tools which take a single file can be timed on it.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const CHUNK: usize = 64 << 10;
const HEADER: usize = 4 << 10;

/// The chunks of all EVTX files below a folder, by path; damaged and empty ones are left out.
#[derive(Debug)]
pub(crate) struct Chunks(Vec<Vec<u8>>);

impl Chunks {
    pub(crate) fn below(folder: &Path) -> io::Result<Chunks> {
        let mut files = Vec::new();
        collect(folder, &mut files)?;
        files.sort();
        let mut chunks = Vec::new();
        for file in files {
            let bytes = fs::read(&file)?;
            if bytes.starts_with(b"ElfFile\0") {
                let whole = bytes.get(HEADER..).unwrap_or_default().chunks_exact(CHUNK);
                chunks.extend(whole.filter(|chunk| is_sound(chunk)).map(<[u8]>::to_vec));
            }
        }
        if chunks.is_empty() {
            return Err(io::Error::other(format!("{} has no EVTX files", folder.display())));
        }
        Ok(Chunks(chunks))
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// How often all of them are needed to reach a size in bytes.
    pub(crate) fn times_for(&self, bytes: usize) -> usize {
        bytes.div_ceil(self.len() * CHUNK).max(1)
    }

    /// How many of them are needed to reach a size in bytes.
    pub(crate) fn count_for(bytes: usize) -> usize {
        bytes.div_ceil(CHUNK)
    }

    /// Writes so many chunks behind a header, from the first again after the last.
    pub(crate) fn glue(&self, count: usize, path: &Path) -> io::Result<()> {
        let mut header = vec![0; HEADER];
        header[..8].copy_from_slice(b"ElfFile\0");
        header[16..24].copy_from_slice(&(count.saturating_sub(1) as u64).to_le_bytes());
        header[32..36].copy_from_slice(&128u32.to_le_bytes());
        header[36..38].copy_from_slice(&1u16.to_le_bytes());
        header[38..40].copy_from_slice(&3u16.to_le_bytes());
        header[40..42].copy_from_slice(&(HEADER as u16).to_le_bytes());
        header[42..44].copy_from_slice(&((count & 0xffff) as u16).to_le_bytes());
        let mut file = io::BufWriter::new(File::create(path)?);
        file.write_all(&header)?;
        for chunk in self.0.iter().cycle().take(count) {
            file.write_all(chunk)?;
        }
        file.flush()
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("evtx")) {
            files.push(path);
        }
    }
    Ok(())
}

/// Whether a chunk begins as one, and says that its records lie within it.
fn is_sound(chunk: &[u8]) -> bool {
    let free = chunk.get(48..52).and_then(|b| b.try_into().ok()).map_or(0, u32::from_le_bytes);
    chunk.starts_with(b"ElfChnk\0") && (513..=CHUNK as u32).contains(&free)
}
