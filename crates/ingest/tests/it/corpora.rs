//! The test material that is not part of the project.

use std::path::{Path, PathBuf};

use dragnet_ingest::{EventSink, Options, Source, discover, render};
use serde_json::Value as Json;

use crate::support::{AGENT, Collect, Count, corpora, read, read_bytes};

fn source(path: &Path) -> Source {
    let (mut sources, problems) = discover(&[path.to_owned()]);
    assert!(problems.is_empty(), "{problems:?}");
    sources.remove(0)
}

fn json(path: &Path) -> Json {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

fn has_extension(source: &Source, extension: &str) -> bool {
    Path::new(source.path()).extension().is_some_and(|found| found == extension)
}

/// The number of events, and the problems.
fn count(path: &Path) -> (usize, Vec<String>) {
    let read = read(&source(path));
    (read.events.len(), read.messages())
}

/// The manifest's counts are a draft: files in which they are wrong, with the right count. (None is
/// known.)
const MANIFEST_IS_WRONG: &[(&str, usize)] = &[];

#[test]
fn manifest_counts() {
    let Some(corpora) = corpora() else { return };
    let manifest = json(&corpora.join("events/MANIFEST.json"));
    let mut differences = Vec::new();
    for file in manifest.as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let known = MANIFEST_IS_WRONG.iter().find(|(wrong, _)| *wrong == path);
        let expected = known.map_or(file["events"].as_u64().unwrap() as usize, |(_, right)| *right);
        let (events, problems) = count(&corpora.join("events").join(path));
        if events != expected {
            differences.push(format!("{path}: {events}, not {expected}"));
        }
        for problem in problems {
            println!("{problem}");
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
}

/// Every EVTX file that has a golden: as many events, and the same values where no normaliser is needed.
#[test]
fn golden_evtx() {
    let Some(corpora) = corpora() else { return };
    let mut compared = 0;
    let (sources, _) = discover(&[corpora.join("events/ecs-goldens/x-pack")]);
    for source in sources.iter().filter(|source| has_extension(source, "evtx")) {
        let golden = PathBuf::from(format!("{}.golden.json", source.path()));
        if !golden.is_file() {
            continue;
        }
        let golden = json(&golden);
        let read = read(source);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        assert_eq!(read.events.len(), golden.as_array().unwrap().len(), "{}", source.path());
        for ((_, event), golden) in read.events.iter().zip(golden.as_array().unwrap()) {
            let winlog = &golden["winlog"];
            assert_eq!(event.get("event.code"), Some(&golden["event"]["code"]));
            assert_eq!(event.get("winlog.channel"), Some(&winlog["channel"]));
            for (name, expected) in winlog["event_data"].as_object().into_iter().flatten() {
                if name.starts_with("param") {
                    continue;
                }
                let got = event.get_str(&format!("winlog.event_data.{name}")).unwrap_or_default();
                // As Winlogbeat cleans line ends.
                let got = got.replace("\r\n", "\n");
                assert_eq!(
                    Some(got.trim_end_matches('\n')),
                    expected.as_str(),
                    "{}: {name}",
                    source.path()
                );
                compared += 1;
            }
        }
    }
    println!("{compared} values are as expected");
    assert!(compared > 1000);
}

/// Files that were put one behind the other hold the events of both, with a whole first one and without.
#[test]
fn evtx_behind_evtx() {
    let Some(corpora) = corpora() else { return };
    let (sources, _) = discover(&[corpora.join("events/ecs-goldens/x-pack")]);
    let sources: Vec<_> = sources.iter().filter(|source| has_extension(source, "evtx")).collect();
    for pair in sources.windows(2) {
        let bytes = |at: usize| std::fs::read(pair[at].path()).unwrap();
        let (first, second) = (bytes(0), bytes(1));
        let counts = [read(pair[0]).events.len(), read(pair[1]).events.len()];
        let both = read_bytes([&*first, &*second].concat());
        assert!(both.problems.is_empty(), "{:?}", both.messages());
        assert_eq!(both.events.len(), counts[0] + counts[1]);
        // The first ends in the middle of a chunk: that is named, and the second is all there.
        let cut = read_bytes([&first[..4096 + 1000], &*second].concat());
        assert!(cut.events.len() >= counts[1] && !cut.problems.is_empty());
    }
}

/// Files that are broken on purpose, and one that is not.
#[test]
fn broken_evtx() {
    let Some(corpora) = corpora() else { return };
    let folder = corpora.join("events/omerbenamram-evtx-samples/samples");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let (events, problems) = count(&path);
        println!("{}: {events} events, {problems:#?}", path.display());
        assert!(events > 0);
    }
}

#[test]
fn synthetic_events() {
    let Some(corpora) = corpora() else { return };
    let path = corpora.join("events/synthetic/sysmon21_seed_rule_cases.json");
    let cases = json(&path);
    let read = read(&source(&path));
    assert!(read.problems.is_empty(), "{:?}", read.problems);
    assert_eq!(read.events.len(), cases.as_array().unwrap().len());
    assert!(read.texts("event.code").iter().all(|code| *code == "21"));
    let consumers = read.texts("winlog.event_data.Consumer");
    assert!(consumers.iter().all(|consumer| consumer.starts_with(" \"")), "{consumers:?}");
    let endpoint = count(&corpora.join("events/synthetic/endpoint_api_putinstance.json"));
    assert_eq!(endpoint, (1, vec![]));
}

#[test]
fn documents_keep_their_values() {
    let Some(corpora) = corpora() else { return };
    let (sources, _) = discover(&[corpora.join("events/ecs-goldens")]);
    let (mut files, mut events) = (0, 0);
    for source in sources.iter().filter(|source| has_extension(source, "json")) {
        let expected = match json(Path::new(source.path())) {
            Json::Array(items) => items,
            one => vec![one],
        };
        let read = read(source);
        assert!(read.problems.is_empty(), "{:?}", read.problems);
        let refs: Vec<_> = read.events.iter().map(|(event, _)| *event).collect();
        let refs: Vec<_> =
            refs.into_iter().map(|event| dragnet_event::EventRef { source: 0, ..event }).collect();
        let rendered = render(std::slice::from_ref(source), &AGENT, &refs);
        let documents: Vec<_> = rendered.into_iter().map(|(_, doc)| Json::Object(doc.0)).collect();
        assert_eq!(documents, expected, "{}", source.path());
        files += 1;
        events += documents.len();
    }
    println!("{events} documents of {files} files");
    assert!(files > 100);
}

#[test]
fn archives_hold_lines() {
    let Some(corpora) = corpora() else { return };
    let path = corpora.join("bench/empire_dcom_shellwindows_stager.zip");
    let source = source(&path);
    let mut sink = Count::default();
    let mut problems = Vec::new();
    let mut blocks = source.open(0).unwrap();
    let mut most = 0;
    for block in blocks.by_ref() {
        let block = block.unwrap();
        assert!(block.path().starts_with(source.path()));
        most = most.max(block.bytes());
        block.read(&Options::default(), &mut sink, &mut problems);
    }
    assert!(problems.is_empty(), "{problems:?}");
    assert!(sink.0 > 10_000, "{}", sink.0);
    assert!(most < 2 << 20, "{most}");
    assert!(blocks.bytes_read() * 10 > source.bytes().unwrap() * 9);
}

/// A chunk whose header is damaged still gives its records, one that is cut short its first ones.
#[test]
fn damaged_chunks() {
    let Some(corpora) = corpora() else { return };
    let path = corpora.join("events/omerbenamram-evtx-samples/samples/system.evtx");
    let whole = std::fs::read(path).unwrap();
    let file = &whole[..4096 + 3 * 65536];
    let chunk = 4096 + 65536;
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = file.to_vec();
        change(&mut bytes);
        let read = read(&Source::from_bytes("test", bytes));
        (read.events.len(), read.messages())
    };
    let (all, none) = damaged(&|_| {});
    assert!(all > 200 && none.is_empty(), "{none:?}");

    let magic = damaged(&|bytes| bytes[chunk] = b'X');
    assert_eq!((magic.0, magic.1.len()), (all, 1), "{:?}", magic.1);
    assert!(magic.1[0].starts_with("test at byte 69632: the chunk is damaged: "), "{:?}", magic.1);
    // Where the records end, and which is the last: there seem to be none.
    let hidden = damaged(&|bytes| bytes[chunk + 48..chunk + 52].fill(0));
    assert!(hidden.0 >= all, "{hidden:?}");
    let message =
        "test at byte 69632: the chunk's header is damaged; its records were found without it";
    assert_eq!(hidden.1, [message]);
    // The tables of names.
    let tables = damaged(&|bytes| bytes[chunk + 128..chunk + 384].fill(0xee));
    assert!(tables.0 >= all && tables.1.len() == 1, "{tables:?}");
    // Of three chunks, one lost; the file's header does not matter.
    let lost = damaged(&|bytes| bytes[chunk..chunk + 65536].fill(0x55));
    assert!(lost.0 < all && lost.0 > all / 3 && lost.1.len() == 1, "{lost:?}");
    assert_eq!(damaged(&|bytes| bytes[8..4096].fill(0)), (all, vec![]));
    assert_eq!(damaged(&|bytes| bytes[..4096].fill(0)), (all, vec![]));
    assert_eq!(damaged(&|bytes| drop(bytes.drain(..4096))), (all, vec![]));

    let short = damaged(&|bytes| bytes.truncate(bytes.len() - 30_000));
    assert!(short.0 < all && short.0 > all * 2 / 3, "{short:?}");
    assert!(short.1.iter().any(|m| m.contains("the chunk is cut short: 35536 of ")), "{short:?}");
}

/// An EVTX file with a bit turned here and there, or cut short: never a panic, never without an
/// end, and never more records than could be there.
#[test]
fn damaged_evtx() {
    let Some(corpora) = corpora() else { return };
    let golden = "events/ecs-goldens/x-pack/winlogbeat/module/sysmon/test/testdata/collection";
    let path = corpora.join(golden).join("sysmon-11-filedelete.evtx");
    let whole = std::fs::read(path).unwrap();
    let whole = &whole[..whole.len().min(4096 + 65536)];
    let (mut lost, mut kept) = (0, 0);
    for seed in 0..300u64 {
        let mut random = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut next = |below: usize| {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            (random % below as u64) as usize
        };
        let mut bytes = whole.to_vec();
        for _ in 0..=next(30) {
            let at = next(bytes.len());
            // The records are at the start of the chunk.
            let at = if next(4) == 0 { at } else { 4096 + at % 8192 };
            bytes[at] ^= 1 << next(8);
        }
        if next(3) == 0 {
            bytes.truncate(next(bytes.len()));
        }
        let mut sink = Collect::default();
        let mut problems = Vec::new();
        let source = Source::from_bytes("damaged", bytes);
        match source.open(0) {
            Err(problem) => problems.push(problem),
            Ok(blocks) => {
                for block in blocks {
                    match block {
                        Ok(block) => {
                            block.read(&AGENT, &mut sink, &mut problems);
                        }
                        Err(problem) => problems.push(problem),
                    }
                }
            }
        }
        sink.abandon_event();
        assert!(sink.events.len() + problems.len() < 2000);
        kept += sink.events.len();
        lost += problems.len();
    }
    println!("{kept} events and {lost} problems");
    assert!(kept > 0 && lost > 0);
}
