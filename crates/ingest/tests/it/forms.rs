//! The same events from EVTX and in the JSON of other tools: they have the same fields.

use std::collections::BTreeMap;
use std::path::Path;

use dragnet_event::Document;
use dragnet_ingest::{Options, Source, Stage};
use serde_json::{Map, Value as Json, json};

use crate::support::corpora;

/// Where in the corpora EVTX files are that hold no damaged records.
const FOLDERS: &[&str] = &["events/ecs-goldens", "events/evtx-attack-samples"];

const ECS: Stage = Stage::Ecs;

fn documents(source: &Source, stage: Stage) -> Vec<Document> {
    let options = Options { stage, ..Options::default() };
    let blocks: Vec<_> = source.open(0).unwrap().map(Result::unwrap).collect();
    let indices: Vec<u32> = (0..100_000).collect();
    blocks
        .iter()
        .flat_map(|block| block.render(&options, &indices))
        .map(|(_, document)| document)
        .collect()
}

fn from_json(records: &[Json]) -> Vec<Document> {
    let lines: Vec<String> = records.iter().map(Json::to_string).collect();
    documents(&Source::from_bytes("forms", lines.join("\n").into_bytes()), ECS)
}

/// Every value by its path.
fn leaves(document: &Document) -> BTreeMap<String, Json> {
    fn walk(json: &Json, path: &str, into: &mut BTreeMap<String, Json>) {
        if let Json::Object(object) = json {
            for (key, json) in object {
                walk(json, &format!("{path}.{key}"), into);
            }
        } else {
            into.insert(path.to_owned(), json.clone());
        }
    }
    let mut into = BTreeMap::new();
    walk(&Json::Object(document.0.clone()), "", &mut into);
    into
}

/// Compares documents but for paths that one form cannot have.
#[track_caller]
fn check(form: &str, name: &str, ours: &[Document], evtx: &[Document], but: &[&str]) {
    assert_eq!(ours.len(), evtx.len(), "{form} of {name}");
    for (ours, evtx) in ours.iter().zip(evtx) {
        let (mut ours, mut evtx) = (leaves(ours), leaves(evtx));
        let is_but = |path: &String| but.iter().any(|but| path.starts_with(but));
        ours.retain(|path, _| !is_but(path));
        evtx.retain(|path, _| !is_but(path));
        let differs = |path: &&String| ours.get(*path) != evtx.get(*path);
        let paths: Vec<_> = ours.keys().chain(evtx.keys()).filter(differs).collect();
        let shown: Vec<_> = paths.iter().map(|p| (p, ours.get(*p), evtx.get(*p))).collect();
        assert!(paths.is_empty(), "{form} of {name}: {shown:#?}\n{evtx:?}");
    }
}

/// EVTX files of the corpora, small enough for a test.
fn evtx_files(mut each: impl FnMut(&Path)) {
    let Some(corpora) = corpora() else { return };
    let mut folders: Vec<_> = FOLDERS.iter().map(|folder| corpora.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in folder.read_dir().unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "evtx") {
                each(&path);
            }
        }
    }
}

fn open(path: &Path) -> Source {
    let (mut sources, problems) = dragnet_ingest::discover(&[path.to_path_buf()]);
    assert!(problems.is_empty() && sources.len() == 1);
    sources.remove(0)
}

/// The records as the `evtx` crate prints them.
fn trees(path: &Path) -> Vec<Json> {
    let mut parser = evtx::EvtxParser::from_path(path).unwrap();
    parser.records_json_value().map(|record| record.unwrap().data).collect()
}

#[test]
fn what_agents_ship() {
    let mut files = 0;
    evtx_files(|path| {
        let source = open(path);
        let evtx = documents(&source, ECS);
        let shipped = documents(&source, Stage::Agent);
        let shipped: Vec<Json> = shipped.into_iter().map(|d| Json::Object(d.0)).collect();
        // The record id of other channels is a number there and a text here, as documents are taken as they are.
        check("agent", &path.display().to_string(), &from_json(&shipped), &evtx, &[]);
        files += 1;
    });
    println!("{files} files");
}

#[test]
fn trees_of_evtx_dump() {
    evtx_files(|path| {
        let trees = trees(path);
        let evtx = documents(&open(path), ECS);
        check("tree", &path.display().to_string(), &from_json(&trees), &evtx, &[]);
    });
}

/// What `NXLog` would write for a record.
fn flat(tree: &Json) -> Json {
    let system = &tree["Event"]["System"];
    let attribute = |element: &str, name: &str| system[element]["#attributes"][name].clone();
    let id = &system["EventID"];
    let mut flat = json!({
        "EventTime": "2024-01-01 00:00:00", "SourceModuleType": "im_msvistalog", "SeverityValue": 2,
        "Severity": "INFO", "EventType": "INFO", "host": "collector", "port": 514, "@version": "1",
        "@timestamp": attribute("TimeCreated", "SystemTime"), "Hostname": system["Computer"],
        "EventID": if id.is_object() { &id["#text"] } else { id },
        "SourceName": attribute("Provider", "Name"), "Channel": system["Channel"],
        "ProviderGuid": attribute("Provider", "Guid").as_str().map(str::to_uppercase),
        "Version": system["Version"], "Task": system["Task"], "OpcodeValue": system["Opcode"],
        "Level": system["Level"], "Keywords": keywords(&system["Keywords"]),
        "RecordNumber": system["EventRecordID"], "UserID": attribute("Security", "UserID"),
        "ExecutionProcessID": attribute("Execution", "ProcessID"),
        "ThreadID": attribute("Execution", "ThreadID"),
        "ActivityID": attribute("Correlation", "ActivityID"),
        "RelatedActivityID": attribute("Correlation", "RelatedActivityID"),
    });
    let empty = Map::new();
    let data = tree["Event"]["EventData"].as_object().unwrap_or(&empty);
    let members = flat.as_object_mut().unwrap();
    members.extend(data.iter().map(|(name, json)| (name.clone(), json.clone())));
    flat
}

/// A signed number, as `NXLog` writes them.
fn keywords(hexadecimal: &Json) -> Json {
    let digits = hexadecimal.as_str().unwrap_or("0x0").trim_start_matches("0x");
    json!(u64::from_str_radix(digits, 16).unwrap().cast_signed())
}

#[test]
fn flat_records_of_nxlog() {
    evtx_files(|path| {
        // Data of names that NXLog uses itself, or of none, are not what they were.
        let usable = |tree: &&Json| {
            let data = tree["Event"]["EventData"].as_object();
            tree["Event"].get("UserData").is_none()
                && data.is_none_or(|data| {
                    ![
                        "Data",
                        "#text",
                        "Binary",
                        "EventType",
                        "Severity",
                        "Version",
                        "Message",
                        "Category",
                        "Opcode",
                        "Task",
                    ]
                    .iter()
                    .any(|name| data.contains_key(*name))
                        && !data.keys().any(|key| flat(&json!({})).get(key).is_some())
                })
        };
        let trees = trees(path);
        let evtx = documents(&open(path), ECS);
        assert_eq!(trees.len(), evtx.len());
        let pairs = trees.iter().zip(&evtx).filter(|(tree, _)| usable(tree));
        let (trees, evtx): (Vec<_>, Vec<_>) = pairs.map(|(t, e)| (flat(t), e.clone())).unzip();
        check("flat", &path.display().to_string(), &from_json(&trees), &evtx, &[]);
    });
}
