//! Finding sources, and reading them twice.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use dragnet_event::EventRef;
use dragnet_ingest::{Reason, Source, discover, render};

use crate::support::{AGENT, read};

/// The paths that are found below a folder, without it.
#[track_caller]
fn check(folder: &Path, named: &[&str], expected: &[&str]) {
    let paths: Vec<PathBuf> = named.iter().map(|name| folder.join(name)).collect();
    let (sources, problems) = discover(&paths);
    assert!(problems.is_empty(), "{problems:?}");
    let prefix = format!("{}/", folder.display());
    let found: Vec<_> = sources.iter().map(|s| s.path().strip_prefix(&prefix).unwrap()).collect();
    assert_eq!(found, expected);
}

#[test]
fn files_and_folders() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir_all(folder.join("in/b/c")).unwrap();
    fs::create_dir(folder.join("empty")).unwrap();
    for name in ["in/b/c/4", "in/b/3", "in/a", "in/b.x", "other"] {
        fs::write(folder.join(name), "{}").unwrap();
    }
    check(folder, &["in"], &["in/a", "in/b/3", "in/b/c/4", "in/b.x"]);
    check(
        folder,
        &["other", "in/b", "empty", "in"],
        &["other", "in/b/3", "in/b/c/4", "in/a", "in/b.x"],
    );
    let (sources, _) = discover(&[folder.join("other"), folder.join("in")]);
    assert_eq!(sources[0].bytes(), Some(2));
    let from_folder: Vec<_> = sources.iter().map(Source::is_from_folder).collect();
    assert_eq!(from_folder, [false, true, true, true, true]);
}

#[cfg(unix)]
#[test]
fn links_are_followed_once() {
    use std::os::unix::fs::symlink;
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::create_dir(folder.join("in")).unwrap();
    fs::write(folder.join("in/a"), "{}").unwrap();
    symlink("..", folder.join("in/loop")).unwrap();
    symlink("a", folder.join("in/same")).unwrap();
    check(folder, &["in"], &["in/a"]);
    symlink("nowhere", folder.join("in/broken")).unwrap();
    let (sources, problems) = discover(&[folder.join("in")]);
    assert_eq!(sources.len(), 1);
    assert!(matches!(problems[0].reason, Reason::Io(_)), "{problems:?}");
}

#[test]
fn a_path_that_is_not_there() {
    let (sources, problems) = discover(&[PathBuf::from("/not/there.evtx")]);
    assert!(sources.is_empty());
    assert!(problems[0].to_string().starts_with("/not/there.evtx: "), "{}", problems[0]);
}

#[test]
fn a_stream_can_be_read_again() {
    let text = "{\"a\":\"1\"}\n{\"a\":\"2\"}\n";
    let source = Source::from_reader("-", text.as_bytes());
    assert_eq!((source.path(), source.bytes()), ("-", None));
    assert_eq!(read(&source).texts("a"), ["1", "2"]);
    assert_eq!(read(&source).texts("a"), ["1", "2"]);
}

#[test]
fn events_are_found_again() {
    let line = |n: usize| format!("{{\"a\":\"{n}\",\"pad\":\"{}\"}}\n", "x".repeat(500));
    let text: String = (0..6000).map(line).collect();
    let sources = [
        Source::from_bytes("one", text.clone().into_bytes()),
        Source::from_reader("two", std::io::Cursor::new(text.into_bytes())),
        Source::from_bytes("three", Vec::new()),
    ];
    let at = |source, block, index| EventRef { source, block, index };
    let wanted =
        [at(1, 2, 5), at(0, 0, 0), at(1, 0, 1), at(0, 9, 0), at(2, 0, 0), at(8, 0, 0), at(0, 0, 0)];
    let found = render(&sources, &AGENT, &wanted);
    let refs: Vec<_> = found.iter().map(|(event, _)| *event).collect();
    assert_eq!(refs, [at(0, 0, 0), at(1, 0, 1), at(1, 2, 5)]);
    let texts: Vec<_> = found.iter().map(|(_, doc)| doc.get_str("a").unwrap()).collect();
    // A block ends at the last line end within a mebibyte.
    let mut all = read(&sources[0]).events.into_iter();
    let third = all.find(|(event, _)| (event.block, event.index) == (2, 5)).unwrap().1;
    assert_eq!(texts, ["0", "1", third.get_str("a").unwrap()]);
}

#[test]
fn a_stream_that_fails_is_a_problem() {
    struct Failing;
    impl std::io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
            Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset))
        }
    }
    let source = Source::from_reader("-", b"{}\n".chain(Failing));
    assert!(matches!(source.open(0).unwrap_err().reason, Reason::Io(_)));
    assert!(source.open(0).is_err());
}
