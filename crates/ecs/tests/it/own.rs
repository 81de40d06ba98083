//! Events of our own, so that the crate is tested where Elastic's expected outputs are not.

use dragnet_ecs::{Data, Flavor, Rendering, WinEvent, agent, normalize};
use dragnet_event::Document;
use serde_json::{Value as Json, json};

pub(crate) const SYSMON: &str = "Microsoft-Windows-Sysmon/Operational";

/// A Sysmon event with these data.
pub(crate) fn sysmon(id: &'static str, data: &[(&'static str, &'static str)]) -> WinEvent<'static> {
    WinEvent {
        provider_name: Some("Microsoft-Windows-Sysmon".into()),
        event_id: id.into(),
        channel: SYSMON.into(),
        time_created: Some("2024-03-01T10:00:00.1234567Z".into()),
        task: Some(id.into()),
        event_data: named(data),
        ..WinEvent::default()
    }
}

pub(crate) fn named(data: &[(&'static str, &'static str)]) -> Vec<Data<'static>> {
    let datum = |(name, value): &(&'static str, &'static str)| Data {
        name: (*name).into(),
        value: (*value).into(),
    };
    data.iter().map(datum).collect()
}

pub(crate) fn ecs(event: &WinEvent<'_>, flavor: Flavor) -> Document {
    let mut document = Document::new();
    normalize(event, flavor, &mut document);
    document
}

fn agent_form(event: &WinEvent<'_>) -> Document {
    let mut document = Document::new();
    agent(event, &mut document);
    document
}

/// Checks some fields; `null` is for a field that must not be there.
#[track_caller]
pub(crate) fn check(document: &Document, expected: &[(&str, Json)]) {
    for (path, json) in expected {
        assert_eq!(document.get(path).unwrap_or(&Json::Null), json, "{path}");
    }
}

#[test]
fn repeated_and_unnamed_data() {
    let data = [
        ("", "one"),
        ("A", ""),
        ("A", "first"),
        ("A", "second"),
        ("Data", "five"),
        ("Image", ""),
        ("Image", "x"),
        ("Image", "y"),
        ("", ""),
        ("", "ten"),
    ];
    let event = sysmon("1", &data);
    let unnamed =
        json!({"param1": "one", "A": "first", "param5": "five", "param10": "ten", "Image": "x"});
    check(&agent_form(&event), &[("winlog.event_data", unnamed)]);
    let unnamed = json!({"param1": "one", "A": "first", "param5": "five", "param10": "ten"});
    let ecs = ecs(&event, Flavor::Logs);
    check(&ecs, &[("winlog.event_data", unnamed), ("process.executable", json!("x"))]);
}

#[test]
fn the_agents_form() {
    let event = WinEvent {
        provider_name: Some("Demo".into()),
        event_id: "7".into(),
        version: Some("0".into()),
        level: Some("2".into()),
        task: Some("0".into()),
        opcode: Some("1".into()),
        keywords: Some("0x8090000000000000".into()),
        time_created: Some("2024-03-01T10:00:00.5Z".into()),
        record_id: Some("18446744073709551615".into()),
        process_id: Some("0".into()),
        thread_id: Some("x".into()),
        channel: "Demo/Operational".into(),
        user_id: Some("S-1-5-21-1-2-3-500".into()),
        user_data_name: Some("EventXML".into()),
        user_data: named(&[("Path", "p"), ("Empty", "")]),
        related_activity_id: Some("{r}".into()),
        ..WinEvent::default()
    };
    let expected = json!({
        "@timestamp": "2024-03-01T10:00:00.5Z",
        "event": {
            "action": "None", "code": "7", "kind": "event", "outcome": "failure", "provider": "Demo"
        },
        "log": {"level": "error"},
        "winlog": {
            "api": "wineventlog", "channel": "Demo/Operational", "event_id": "7",
            "keywords": ["Audit Failure", "Classic"], "opcode": "Start", "provider_name": "Demo",
            "record_id": "18446744073709551615", "related_activity_id": "{r}", "task": "None",
            "user": {"identifier": "S-1-5-21-1-2-3-500"},
            "user_data": {"Path": "p", "xml_name": "EventXML"}
        }
    });
    assert_eq!(Json::Object(agent_form(&event).0), expected);
}

#[test]
fn rendered_texts() {
    let event = WinEvent {
        event_id: "1".into(),
        keywords: Some("0x20000000000000".into()),
        rendering: Some(Rendering {
            message: Some("Said.\r\n".into()),
            level: Some("Warning".into()),
            task: Some("Doing".into()),
            opcode: Some("Op".into()),
            keywords: vec!["K".into()],
        }),
        ..WinEvent::default()
    };
    check(
        &agent_form(&event),
        &[
            ("message", json!("Said.")),
            ("log.level", json!("warning")),
            ("winlog.task", json!("Doing")),
            ("event.action", json!("Doing")),
            ("winlog.opcode", json!("Op")),
            ("winlog.keywords", json!(["K"])),
            ("event.outcome", json!("success")),
        ],
    );
}

#[track_caller]
fn check_dataset(channel: &'static str, provider: &'static str, expected: &str) {
    let event = WinEvent {
        provider_name: Some(provider.into()),
        event_id: "1".into(),
        channel: channel.into(),
        record_id: Some("3".into()),
        ..WinEvent::default()
    };
    let (module, _) = expected.split_once('.').unwrap();
    check(
        &ecs(&event, Flavor::Logs),
        &[
            ("event.dataset", json!(expected)),
            ("data_stream.dataset", json!(expected)),
            ("event.module", json!(module)),
            ("host.os.type", json!("windows")),
            ("winlog.record_id", json!("3")),
        ],
    );
}

#[test]
fn datasets() {
    check_dataset(SYSMON, "", "windows.sysmon_operational");
    check_dataset("security", "Microsoft-Windows-Security-Auditing", "system.security");
    check_dataset("System", "Service Control Manager", "system.system");
    check_dataset("Application", "MsiInstaller", "system.application");
    check_dataset("Windows PowerShell", "PowerShell", "windows.powershell");
    check_dataset(
        "Microsoft-Windows-PowerShell/Operational",
        "x",
        "windows.powershell_operational",
    );
    check_dataset(
        "Microsoft-Windows-Windows Defender/Operational",
        "x",
        "windows.windows_defender",
    );
    check_dataset("ForwardedEvents", "x", "windows.forwarded");
    check_dataset("Microsoft-Windows-Bits-Client/Operational", "x", "winlog.winlog");
    check_dataset("", "", "winlog.winlog");
    check_dataset("WEC-Sysmon", "Microsoft-Windows-Sysmon", "windows.sysmon_operational");
    check_dataset("ForwardedEvents", "Microsoft-Windows-Sysmon", "windows.forwarded");
}

#[test]
fn forwarded_sysmon_events_go_through_its_pipeline() {
    let mut event = sysmon("1", &[("Image", r"a\b.exe")]);
    event.channel = "ForwardedEvents".into();
    check(&ecs(&event, Flavor::Logs), &[("process.name", json!("b.exe"))]);
}

/// Nothing panics, and nothing takes more than linear time, on data made to hurt.
#[test]
fn hostile_data() {
    let long = |unit: &str| unit.repeat(50_000 / unit.len());
    let mut data: Vec<Data<'_>> =
        (0..5_000).map(|n| Data { name: format!("n{n}").into(), value: "x".into() }).collect();
    let addresses: Vec<_> = (0..5_000).map(|n| format!("10.0.{}.{}", n / 256, n % 256)).collect();
    for (name, value) in [
        ("CommandLine", long("\\\"")),
        ("ParentCommandLine", long("\" ")),
        ("Hashes", long("é=0,=,")),
        ("QueryResults", addresses.join(";")),
        ("QueryName", long("a.")),
        ("TargetObject", long("\\")),
        ("Details", "DWORD (é)".into()),
        ("TargetFilename", long("é\\.")),
        ("User", long("\\")),
        ("ProcessId", "99999999999999999999".into()),
        ("SourceProcessId", "0x".into()),
        ("SourcePort", "70000".into()),
    ] {
        data.push(Data { name: name.into(), value: value.into() });
    }
    for id in ["1", "7", "13", "22", "255", "65536", "-1", ""] {
        let event = WinEvent { event_data: data.clone(), event_id: id.into(), ..sysmon("1", &[]) };
        let document = ecs(&event, Flavor::Logs);
        assert_eq!(document.get_str("event.code"), Some(id));
        agent_form(&event);
    }
}
