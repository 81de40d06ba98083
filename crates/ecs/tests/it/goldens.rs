//! Elastic's expected outputs for real EVTX files, compared field by field.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use dragnet_ecs::{Flavor, WinEvent, agent, normalize};
use dragnet_event::Document;
use serde_json::Value as Json;

use crate::permitted::{Kind, Permitted, Stage, permitted};
use crate::{corpora, events};

const MODULES: &str = "events/ecs-goldens/x-pack/winlogbeat/module";

/// What came of comparing one stage with its expected outputs.
struct Outcome {
    stage: Stage,
    table: Vec<Permitted>,
    events: usize,
    equal: usize,
    /// How often each line of the table occurred.
    used: Vec<usize>,
    /// The differences that the table does not have, each with one event as an example.
    others: BTreeMap<String, (usize, String)>,
}

impl Outcome {
    fn new(stage: Stage) -> Outcome {
        let table: Vec<_> = permitted().into_iter().filter(|p| p.stage == stage).collect();
        let used = vec![0; table.len()];
        Outcome { stage, table, events: 0, equal: 0, used, others: BTreeMap::new() }
    }

    fn compare(&mut self, ours: &Json, golden: &Json, origin: &str) {
        self.events += 1;
        let (ours, golden) = (leaves(ours), leaves(golden));
        let code = golden["event.code"].as_str().unwrap();
        for field in ours.keys().chain(golden.keys()).collect::<BTreeSet<_>>() {
            let kind = match (golden.get(field), ours.get(field)) {
                (Some(theirs), Some(ours)) if theirs == ours => {
                    self.equal += 1;
                    continue;
                }
                (Some(theirs), Some(ours)) => Kind::Changed(theirs.clone(), ours.clone()),
                (Some(_), None) => Kind::Missing,
                (None, Some(ours)) => Kind::Extra(ours.clone()),
                (None, None) => unreachable!(),
            };
            let line = self.table.iter().position(|p| {
                p.field == field && p.kind == kind && p.code.is_none_or(|c| c == code)
            });
            if let Some(line) = line {
                self.used[line] += 1;
            } else {
                let what = format!("event {code}: {field}: {kind:?}");
                self.others.entry(what).or_insert_with(|| (0, origin.to_owned())).0 += 1;
            }
        }
    }

    fn finish(self, at_least: usize) {
        let permitted: usize = self.used.iter().sum();
        println!(
            "{:?}: {} events, {} comparisons equal, {permitted} permitted differences, {} others",
            self.stage,
            self.events,
            self.equal,
            self.others.values().map(|(n, _)| n).sum::<usize>(),
        );
        for (line, used) in self.table.iter().zip(&self.used) {
            let code = line.code.unwrap_or("all");
            println!("  {used} × {} (event {code}): {:?}: {}", line.field, line.kind, line.reason);
        }
        for (what, (n, origin)) in &self.others {
            println!("  NOT PERMITTED, {n} ×: {what} (first in {origin})");
        }
        assert!(self.others.is_empty(), "differences that are not permitted, see above");
        for (line, used) in self.table.iter().zip(&self.used) {
            let (code, field) = (line.code.unwrap_or("all"), line.field);
            assert_eq!(*used, line.times, "how often {field} differs in event {code}");
        }
        assert!(self.events >= at_least, "only {} events compared", self.events);
    }
}

/// The values of a document by path. Arrays are values.
fn leaves(document: &Json) -> BTreeMap<String, Json> {
    fn walk(json: &Json, path: &str, into: &mut BTreeMap<String, Json>) {
        match json.as_object() {
            Some(object) => {
                for (key, json) in object {
                    let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                    walk(json, &path, into);
                }
            }
            None => {
                into.insert(path.to_owned(), json.clone());
            }
        }
    }
    let mut into = BTreeMap::new();
    walk(document, "", &mut into);
    into
}

fn read_json(path: &Path) -> Vec<Json> {
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn read_evtx(path: &Path) -> Vec<WinEvent<'static>> {
    let mut parser = evtx::EvtxParser::from_path(path).unwrap();
    parser.records().map(|record| events::from_xml(&record.unwrap().data)).collect()
}

fn agent_form(event: &WinEvent<'_>) -> Json {
    let mut document = Document::new();
    agent(event, &mut document);
    Json::Object(document.0)
}

fn winlogbeat_form(event: &WinEvent<'_>) -> Json {
    let mut document = Document::new();
    normalize(event, Flavor::Winlogbeat, &mut document);
    Json::Object(document.0)
}

/// The files of a module with this ending, by name without it.
fn files_of(folder: &Path, ending: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder.join("collection"))
        .unwrap()
        .filter_map(|entry| {
            let name = entry.unwrap().file_name().into_string().unwrap();
            name.strip_suffix(ending).map(str::to_owned)
        })
        .collect();
    names.sort();
    names
}

/// The expected output for an event, by its record id.
fn golden_for<'g>(goldens: &'g [Json], event: &WinEvent<'_>) -> &'g Json {
    let id = event.record_id.as_deref().unwrap();
    let id_number: u64 = id.parse().unwrap();
    let same = |golden: &&Json| match &golden["winlog"]["record_id"] {
        Json::String(text) => text == id,
        number => *number == id_number,
    };
    let found: Vec<_> = goldens.iter().filter(same).collect();
    assert_eq!(found.len(), 1, "expected outputs for record {id}");
    found[0]
}

/// Stage 2 of the events of which there is the agent's form only.
fn check_without_evtx(folder: &Path, outcome: &mut Outcome) {
    let with_evtx = files_of(folder, ".evtx");
    for name in files_of(folder, ".evtx.golden.json") {
        if with_evtx.contains(&name) {
            continue;
        }
        let agent_forms = read_json(&folder.join(format!("collection/{name}.evtx.golden.json")));
        let goldens = read_json(&folder.join(format!("ingest/{name}.golden.json")));
        assert_eq!(agent_forms.len(), goldens.len(), "events in {name}");
        for (agent_form, golden) in agent_forms.iter().zip(&goldens) {
            let event = events::from_agent_form(agent_form);
            let mut ours = winlogbeat_form(&event);
            if outcome.stage == Stage::SecurityEcs {
                cut_to_millis(&mut ours["@timestamp"]);
            }
            outcome.compare(&ours, golden, &name);
        }
    }
}

/// Where an event has its time as `winlog.time_created` only, as events of no EVTX file do, the
/// Security pipeline makes `@timestamp` of it, to the millisecond. The agent's own `@timestamp`,
/// which is what ours is, it leaves alone.
fn cut_to_millis(timestamp: &mut Json) {
    let (seconds, fraction) = timestamp.as_str().unwrap().split_once('.').unwrap();
    let fraction = fraction.trim_end_matches('Z');
    *timestamp = format!("{seconds}.{fraction:0<3.3}Z").into();
}

fn check(stage: Stage, module: &str, at_least: usize) {
    let Some(folder) = corpora::find(&format!("{MODULES}/{module}/test/testdata")) else { return };
    let mut outcome = Outcome::new(stage);
    for name in files_of(&folder, ".evtx") {
        let evtx = read_evtx(&folder.join(format!("collection/{name}.evtx")));
        let golden = match stage {
            Stage::SysmonEcs | Stage::SecurityEcs | Stage::PowerShellEcs => {
                format!("ingest/{name}.golden.json")
            }
            _ => format!("collection/{name}.evtx.golden.json"),
        };
        let goldens = read_json(&folder.join(golden));
        assert_eq!(evtx.len(), goldens.len(), "events in {name}");
        for event in &evtx {
            let golden = golden_for(&goldens, event);
            let ours = match stage {
                Stage::SysmonEcs | Stage::SecurityEcs | Stage::PowerShellEcs => {
                    winlogbeat_form(event)
                }
                _ => agent_form(event),
            };
            outcome.compare(&ours, golden, &name);
        }
    }
    if matches!(stage, Stage::SysmonEcs | Stage::SecurityEcs) {
        check_without_evtx(&folder, &mut outcome);
    }
    outcome.finish(at_least);
}

#[test]
fn sysmon_agent() {
    check(Stage::SysmonAgent, "sysmon", 202);
}

#[test]
fn sysmon_ecs() {
    check(Stage::SysmonEcs, "sysmon", 203);
}

#[test]
fn security_agent() {
    check(Stage::SecurityAgent, "security", 100);
}

#[test]
fn security_ecs() {
    check(Stage::SecurityEcs, "security", 152);
}

#[test]
fn powershell_agent() {
    check(Stage::PowerShellAgent, "powershell", 21);
}

#[test]
fn powershell_ecs() {
    check(Stage::PowerShellEcs, "powershell", 21);
}
