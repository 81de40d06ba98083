//! Events of our own of the smaller Windows channels.

use dragnet_ecs::{Flavor, WinEvent};
use serde_json::json;

use crate::own::{check, ecs, named};

fn event(
    channel: &'static str,
    provider: &'static str,
    id: &'static str,
    data: &[(&'static str, &'static str)],
) -> WinEvent<'static> {
    WinEvent {
        provider_name: Some(provider.into()),
        event_id: id.into(),
        channel: channel.into(),
        process_id: Some("7".into()),
        time_created: Some("2024-03-01T10:00:00Z".into()),
        event_data: named(data),
        ..WinEvent::default()
    }
}

fn defender(id: &'static str, data: &[(&'static str, &'static str)]) -> WinEvent<'static> {
    let channel = "Microsoft-Windows-Windows Defender/Operational";
    event(channel, "Microsoft-Windows-Windows Defender", id, data)
}

#[test]
fn defender_detections() {
    let data = [
        ("Threat Name", "Virus:DOS/EICAR_Test_File"),
        ("Process Name", r"C:\a\b.exe"),
        ("Detection User", r"D\u"),
        ("Action Name", "Quarantine"),
        ("Error Description", "The operation completed successfully. "),
        ("FWLink", "https://example.com/"),
        ("Path", r"file:_C:\x\autorun.inf.exe; process:_pid: 42"),
        ("Unused", ""),
    ];
    let detected = |action: &str| {
        [
            ("event.category", json!(["malware"])),
            ("event.type", json!(["info"])),
            ("event.action", json!(action)),
            ("event.kind", json!("event")),
            ("event.outcome", json!("success")),
            ("event.reference", json!("https://example.com/")),
            (
                "file",
                json!({
                    "path": r"C:\x\autorun.inf.exe", "name": "autorun.inf.exe",
                    "extension": "inf.exe"
                }),
            ),
            ("windows_defender.evidence_paths", json!([r"C:\x\autorun.inf.exe", "pid: 42"])),
            ("process", json!({"executable": r"C:\a\b.exe", "name": "b.exe"})),
            ("user", json!({"domain": "D", "name": "u"})),
            ("winlog.event_data.Threat_Name", json!("Virus:DOS/EICAR_Test_File")),
            ("winlog.event_data.Detection_User", json!(r"D\u")),
            ("winlog.event_data.Process_Name", json!(null)),
            ("data_stream.dataset", json!("windows.windows_defender")),
        ]
    };
    check(&ecs(&defender("1116", &data), Flavor::Logs), &detected("malware-detected"));
    check(&ecs(&defender("1117", &data), Flavor::Logs), &detected("malware-quarantined"));
    // Winlogbeat has no module for it.
    let generic = ecs(&defender("1116", &data), Flavor::Winlogbeat);
    let name = "Virus:DOS/EICAR_Test_File";
    let kept = [("event.category", json!(null)), ("winlog.event_data.Threat Name", json!(name))];
    check(&generic, &kept);
}

#[test]
fn other_defender_events() {
    let changed = [("Old Value", ""), ("New Value", r"HKLM\SOFTWARE\x = 0x1")];
    check(
        &ecs(&defender("5007", &changed), Flavor::Logs),
        &[
            ("event.category", json!(["configuration"])),
            ("event.type", json!(["change"])),
            ("event.action", json!("antivirus-configuration-changed")),
            ("winlog.event_data", json!({"New_Value": r"HKLM\SOFTWARE\x = 0x1"})),
            ("file", json!(null)),
        ],
    );
    for id in ["1006", "1015", "1119", "5001", "5010", "5012"] {
        let expected = [("event.category", json!(["process"])), ("event.type", json!(["info"]))];
        check(&ecs(&defender(id, &[]), Flavor::Logs), &expected);
    }
    let blocked = [("Process_Name", "b.exe"), ("Destination", "example.com"), ("User", "SYSTEM")];
    check(
        &ecs(&defender("1126", &blocked), Flavor::Logs),
        &[
            ("process", json!({"name": "b.exe"})),
            ("destination.domain", json!("example.com")),
            ("user", json!(null)),
        ],
    );
    let uploaded = [("FileName", r"C:\x\y"), ("Sha256", "ab")];
    check(
        &ecs(&defender("2050", &uploaded), Flavor::Logs),
        &[("file", json!({"path": r"C:\x\y", "name": "y", "hash": {"sha256": "ab"}}))],
    );
}

const APPLOCKER: &str = "Microsoft-Windows-AppLocker";

fn applocker(channel: &'static str, fqbn: &'static str) -> WinEvent<'static> {
    let data = [
        ("FileHash", "AB"),
        ("FileHashLength", "32"),
        ("TargetProcessId", "x"),
        ("FullFilePath", r"C:\x\git.exe"),
        ("Fqbn", fqbn),
    ];
    WinEvent {
        user_id: Some("S-1-5-18".into()),
        user_data_name: Some("RuleAndFileData".into()),
        user_data: named(&data),
        ..event(channel, APPLOCKER, "8003", &[])
    }
}

#[test]
fn applocker_files() {
    let channel = "Microsoft-Windows-AppLocker/EXE and DLL";
    let fqbn = r"O=ONE, TWO, S=A L=, C=DE\GIT\GIT.EXE\2.35";
    let document = ecs(&applocker(channel, fqbn), Flavor::Logs);
    check(
        &document,
        &[
            ("event.category", json!(["process"])),
            ("event.type", json!(["start"])),
            ("process.pid", json!(7)),
            ("user", json!({"id": "S-1-5-18", "name": "SYSTEM"})),
            ("file.name", json!("git.exe")),
            ("file.hash.sha256", json!("AB")),
            (
                "file.pe",
                json!({"product": "GIT", "original_file_name": "GIT.EXE", "file_version": "2.35"}),
            ),
            (
                "file.x509.subject",
                json!({
                    "organization": ["ONE, TWO"], "state_or_province": ["A L="], "country": ["DE"]
                }),
            ),
            (
                "winlog.user_data",
                json!({
                    "FileHash": "AB", "FileHashLength": 32, "FullFilePath": r"C:\x\git.exe",
                    "Fqbn": fqbn, "xml_name": "RuleAndFileData"
                }),
            ),
            ("data_stream.dataset", json!("windows.applocker_exe_and_dll")),
        ],
    );
}

#[test]
fn applocker_packages() {
    let names = [
        ("Microsoft-Windows-AppLocker/Packaged app-Deployment", "packaged_app_deployment"),
        ("Microsoft-Windows-AppLocker/Packaged app-Execution", "packaged_app_execution"),
    ];
    for (channel, dataset) in names {
        let document = ecs(&applocker(channel, r"CN=a, O=b\P\F\1\2"), Flavor::Logs);
        check(
            &document,
            &[
                ("process", json!(null)),
                ("file.pe.file_version", json!(r"1\2")),
                ("file.x509.subject", json!({"common_name": ["a"], "organization": ["b"]})),
                ("data_stream.dataset", json!(format!("windows.applocker_{dataset}"))),
            ],
        );
    }
    for fqbn in ["-", "", "O=x", r"X=y\P\F\1", r"C=\\\"] {
        let channel = "Microsoft-Windows-AppLocker/MSI and Script";
        let document = ecs(&applocker(channel, fqbn), Flavor::Logs);
        check(&document, &[("file.pe", json!(null)), ("process.pid", json!(7))]);
    }
}

/// What rules ask of channels that keep the generic form.
#[test]
fn generic_channels() {
    let data =
        [("ServiceName", "s"), ("ImagePath", "%COMSPEC% /c x"), ("AccountName", "LocalSystem")];
    check(
        &ecs(&event("System", "Service Control Manager", "7045", &data), Flavor::Logs),
        &[
            ("event.code", json!("7045")),
            ("event.provider", json!("Service Control Manager")),
            ("host.os.type", json!("windows")),
            ("winlog.channel", json!("System")),
            ("winlog.event_data.ImagePath", json!("%COMSPEC% /c x")),
            ("data_stream.dataset", json!("system.system")),
            ("event.category", json!(null)),
        ],
    );
    check(
        &ecs(&event("Application", "Quick Assist", "0", &[("", "FullControl")]), Flavor::Logs),
        &[
            ("winlog.event_data.param1", json!("FullControl")),
            ("data_stream.dataset", json!("system.application")),
        ],
    );
    let cleared = WinEvent {
        task: Some("104".into()),
        ..event("System", "Microsoft-Windows-Eventlog", "104", &[])
    };
    check(&ecs(&cleared, Flavor::Logs), &[("event.action", json!("Log clear"))]);
    check(&ecs(&cleared, Flavor::Winlogbeat), &[("event.action", json!("Log clear"))]);

    for channel in [
        "Microsoft-Windows-TaskScheduler/Operational",
        "Microsoft-Windows-WMI-Activity/Operational",
        "Microsoft-Windows-TerminalServices-LocalSessionManager/Operational",
        "Microsoft-Windows-TerminalServices-RemoteConnectionManager/Operational",
        "Microsoft-Windows-Bits-Client/Operational",
    ] {
        let document = ecs(&event(channel, "P", "1", &[("TaskName", "t")]), Flavor::Logs);
        check(
            &document,
            &[
                ("data_stream.dataset", json!("winlog.winlog")),
                ("winlog.channel", json!(channel)),
                ("winlog.event_data.TaskName", json!("t")),
            ],
        );
    }
}

#[test]
fn channels_without_a_pipeline() {
    let channel = "Microsoft-Windows-TaskScheduler/Operational";
    let data = [("TaskName", r"\Demo"), ("UserContext", r"EXAMPLE\ann")];
    let provider = "Microsoft-Windows-TaskScheduler";
    let registered =
        WinEvent { task: Some("106".into()), ..event(channel, provider, "106", &data) };
    check(
        &ecs(&registered, Flavor::Logs),
        &[
            ("event.action", json!("Task registered")),
            ("winlog.task", json!("Task registered")),
            ("winlog.opcode", json!("Info")),
            ("winlog.event_data.TaskName", json!(r"\Demo")),
            ("event.category", json!(null)),
            ("data_stream.dataset", json!("winlog.winlog")),
        ],
    );
    let data = [("ServiceName", "demo"), ("ImagePath", r"C:\x\demo.exe")];
    let installed = event("System", "Service Control Manager", "7045", &data);
    check(
        &ecs(&installed, Flavor::Logs),
        &[
            ("event.action", json!("None")),
            ("winlog.event_data.ImagePath", json!(r"C:\x\demo.exe")),
            ("service", json!(null)),
            ("data_stream.dataset", json!("system.system")),
        ],
    );
}
