//! JSON lines for the benchmark: where they come from, and parsing them, the least that a reader must do.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use sonic_rs::LazyValue;

/// Writes all JSON files in the archives of a folder into one file of lines; gives it and how many there are.
pub(crate) fn unpack(archives: &Path, folder: &Path) -> io::Result<(PathBuf, usize)> {
    let path = folder.join("lines.json");
    let mut out = BufWriter::new(File::create(&path)?);
    let mut count = 0;
    let mut files = Vec::new();
    for entry in fs::read_dir(archives)? {
        files.push(entry?.path());
    }
    files.sort();
    for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "zip")) {
        let mut archive = zip::ZipArchive::new(File::open(file)?).map_err(io::Error::other)?;
        for index in 0..archive.len() {
            let mut entry = archive.by_index(index).map_err(io::Error::other)?;
            // Archives of macOS have a folder of attributes beside the files.
            let name = PathBuf::from(&*entry.name().map_err(io::Error::other)?);
            if name.extension().is_none_or(|e| e != "json") || name.starts_with("__MACOSX") {
                continue;
            }
            let mut text = Vec::new();
            entry.read_to_end(&mut text)?;
            for line in lines(&text) {
                out.write_all(line)?;
                out.write_all(b"\n")?;
                count += 1;
            }
        }
    }
    out.flush()?;
    Ok((path, count))
}

/// How lines are parsed.
#[derive(Debug, Clone, Copy)]
enum Floor {
    /// Each as one `LazyValue`: where it ends is found, its syntax is checked, and nothing is decoded.
    Value,
    /// A `LazyValue` for each member of the outermost object.
    Members,
}

/// Parses every line of a file, and prints how many values that gives.
pub(crate) fn parse(how: &str, threads: &str, file: &Path) -> ExitCode {
    let floor = match how {
        "value" => Ok(Floor::Value),
        "members" => Ok(Floor::Members),
        _ => Err(io::Error::other(format!("{how} is neither value nor members"))),
    };
    let threads =
        threads.parse().map_err(|_| io::Error::other(format!("{threads} is no number of threads")));
    let parsed =
        floor.and_then(|floor| threads.and_then(|threads| parse_file(floor, threads, file)));
    match parsed {
        Ok(values) => {
            println!("{values} values");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("error: {}: {error}", file.display());
            ExitCode::FAILURE
        }
    }
}

fn parse_file(floor: Floor, threads: usize, file: &Path) -> io::Result<usize> {
    let text = fs::read(file)?;
    let parts = parts(&text, threads.max(1));
    std::thread::scope(|scope| {
        let workers: Vec<_> =
            parts.into_iter().map(|part| scope.spawn(move || count_values(floor, part))).collect();
        let mut values = 0;
        for worker in workers {
            values += worker.join().map_err(|_| io::Error::other("a thread panicked"))??;
        }
        Ok(values)
    })
}

/// The text cut into about equal parts, each of whole lines.
fn parts(text: &[u8], count: usize) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    let mut rest = text;
    for left in (1..=count).rev() {
        let about = rest.len() / left;
        let end = rest[about..].iter().position(|byte| *byte == b'\n');
        let (part, after) = rest.split_at(end.map_or(rest.len(), |end| about + end + 1));
        parts.push(part);
        rest = after;
    }
    parts
}

fn count_values(floor: Floor, text: &[u8]) -> io::Result<usize> {
    let mut values = 0;
    for line in lines(text) {
        match floor {
            Floor::Value => {
                let value: LazyValue<'_> = sonic_rs::from_slice(line).map_err(io::Error::other)?;
                values += usize::from(!value.as_raw_str().is_empty());
            }
            Floor::Members => {
                for member in sonic_rs::to_object_iter(line) {
                    let (_key, _value) = member.map_err(io::Error::other)?;
                    values += 1;
                }
            }
        }
    }
    Ok(values)
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_of_whole_lines_and_all_there_is() {
        let text = b"{\"a\": 1}\n{\"b\": [1, {\"c\": 2}], \"d\": null}\n\n{}\n{\"e\": \"\\n\"}";
        for count in 1..7 {
            let parts = parts(text, count);
            assert_eq!(parts.len(), count);
            assert_eq!(parts.concat(), text);
            for (floor, values) in [(Floor::Members, 4), (Floor::Value, 4)] {
                let counts = parts.iter().map(|part| count_values(floor, part).unwrap());
                assert_eq!(counts.sum::<usize>(), values, "{count}");
            }
        }
        for floor in [Floor::Members, Floor::Value] {
            assert!(count_values(floor, b"{\"a\": }").is_err());
            assert!(count_values(floor, b"{\"a\": 1").is_err());
        }
    }
}
