//! Every EVTX file of the test material goes through: no panics, and what must always hold does.

use std::path::{Path, PathBuf};

use dragnet_ecs::Flavor;
use dragnet_event::Document;
use serde_json::Value as Json;

use crate::own::ecs;
use crate::{corpora, events};

fn evtx_files(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            evtx_files(&path, into);
        } else if path.extension().is_some_and(|e| e.eq_ignore_ascii_case("evtx")) {
            into.push(path);
        }
    }
}

#[test]
fn every_file() {
    let Some(folder) = corpora::find("events") else { return };
    let mut files = Vec::new();
    evtx_files(&folder, &mut files);
    files.sort();
    let (mut count, mut with_action, mut of_security, mut powershell) = (0, 0, 0, 0);
    for path in &files {
        let Ok(mut parser) = evtx::EvtxParser::from_path(path) else { continue };
        // Some files are corrupt on purpose; records that cannot be read are the reader's business.
        for record in parser.records().filter_map(Result::ok) {
            let event = events::from_xml(&record.data);
            let logs = ecs(&event, Flavor::Logs);
            let winlogbeat = ecs(&event, Flavor::Winlogbeat);
            let at = format!("{} record {}", path.display(), record.event_record_id);
            assert_eq!(logs.get_str("event.code"), Some(&*event.event_id), "{at}");
            assert_eq!(logs.get("event.dataset"), logs.get("data_stream.dataset"), "{at}");
            assert_eq!(logs.get_str("host.os.type"), Some("windows"), "{at}");
            assert_eq!(logs.get("event.ingested"), logs.get("@timestamp"), "{at}");
            assert!(logs.get_str("@timestamp").is_some(), "{at}");
            // Winlogbeat does nothing with connections.
            if logs.get("network.iana_number").is_none() {
                assert_eq!(logs.get("process.name"), winlogbeat.get("process.name"), "{at}");
            }
            assert_eq!(winlogbeat.get("data_stream"), None, "{at}");
            if event.channel.starts_with("Microsoft-Windows-Sysmon") {
                assert!(matches!(logs.get("event.type"), Some(Json::Array(_))), "{at}");
                assert_eq!(logs.get("winlog.event_data.UtcTime"), None, "{at}");
                with_action += 1;
            }
            if ["PowerShell", "Microsoft-Windows-PowerShell"]
                .contains(&event.provider_name.as_deref().unwrap_or_default())
            {
                assert_eq!(logs.get_str("event.category"), Some("process"), "{at}");
                for path in ["ContextInfo", "Payload", "ScriptBlockText", "param3"] {
                    let path = format!("winlog.event_data.{path}");
                    assert_eq!(logs.get(&path), None, "{at}: {path}");
                }
                if event.event_id == "4104" {
                    let length = "powershell.file.script_block_length";
                    let sized = logs.get("powershell.file.script_block_text").is_some();
                    assert_eq!(logs.get(length).is_some(), sized, "{at}");
                }
                powershell += 1;
            }
            if event.channel == "Security" {
                check_security(&logs, &at);
                check_security(&winlogbeat, &at);
                of_security += 1;
            }
            count += 1;
        }
    }
    let files = files.len();
    println!(
        "{count} events of {files} files: Sysmon {with_action}, Security {of_security}, PowerShell {powershell}"
    );
    assert!(count > 5_000 && with_action > 500 && of_security > 1_000 && powershell > 100);
}

/// A field of one value has one: no two steps of the pipeline set it. What is moved is not left
/// behind, and addresses are such.
fn check_security(document: &Document, at: &str) {
    for path in ["user", "group", "source", "process", "service", "file", "winlog.logon"] {
        if let Some(json) = document.get(path) {
            check_single(json, path, at);
        }
    }
    let pid = document.get("winlog.event_data.ProcessId");
    let created = document.get_str("event.code") == Some("4688");
    assert!(pid.is_none() || created || document.get("process.pid").is_none(), "{at}");
    if let Some(ip) = document.get_str("source.ip") {
        assert!(ip.parse::<std::net::IpAddr>().is_ok(), "{at}: {ip}");
    }
}

fn check_single(json: &Json, path: &str, at: &str) {
    match json {
        Json::Object(members) => {
            for (name, json) in members {
                check_single(json, &format!("{path}.{name}"), at);
            }
        }
        Json::Array(_) => assert_eq!(path, "process.args", "{at}"),
        _ => {}
    }
}
