//! PowerShell events of our own.

use dragnet_ecs::{Flavor, WinEvent};
use serde_json::json;

use crate::own::{agent_form, check, ecs, named};

const CLASSIC: &str = "Windows PowerShell";
const OPERATIONAL: &str = "Microsoft-Windows-PowerShell/Operational";

/// An event of the classic channel: three data without names.
fn classic(id: &'static str, task: &'static str, data: [&'static str; 3]) -> WinEvent<'static> {
    WinEvent {
        provider_name: Some("PowerShell".into()),
        event_id: id.into(),
        task: Some(task.into()),
        channel: CLASSIC.into(),
        time_created: Some("2024-03-01T10:00:00.1234567Z".into()),
        event_data: named(&data.map(|value| ("", value))),
        ..WinEvent::default()
    }
}

fn operational(id: &'static str, data: &[(&'static str, &'static str)]) -> WinEvent<'static> {
    WinEvent {
        provider_name: Some("Microsoft-Windows-PowerShell".into()),
        event_id: id.into(),
        channel: OPERATIONAL.into(),
        time_created: Some("2024-03-01T10:00:00.1234567Z".into()),
        process_id: Some("4711".into()),
        user_id: Some("S-1-5-21-1-2-3-1001".into()),
        event_data: named(data),
        ..WinEvent::default()
    }
}

const LIFECYCLE: &str = "\tNewEngineState=Available\r\n\tPreviousEngineState=None\r\n\r\n\
     \tSequenceNumber=13\r\n\r\n\tHostName=ConsoleHost\r\n\tHostVersion=5.1\r\n\tHostId=h-1\r\n\
     \tHostApplication=powershell.exe -c \"a b\"\r\n$x = 1\r\n\tEngineVersion=-\r\n\
     \tRunspaceId=r-1\r\n\tPipelineId=\r\n\tScriptName=C:\\s\\t.ps1\r\n\tExtra=e\r\n\tCommandLine=";

#[test]
fn engine_lifecycle() {
    let event = classic("400", "4", ["Available", "None", LIFECYCLE]);
    for flavor in [Flavor::Logs, Flavor::Winlogbeat] {
        let version = if flavor == Flavor::Logs { json!(null) } else { json!("-") };
        check(
            &ecs(&event, flavor),
            &[
                ("event.category", json!("process")),
                ("event.type", json!("start")),
                ("event.action", json!("Engine Lifecycle")),
                ("event.sequence", json!(13)),
                ("winlog.task", json!("Engine Lifecycle")),
                ("winlog.opcode", json!("Info")),
                ("process.title", json!("ConsoleHost")),
                ("process.entity_id", json!("h-1")),
                ("process.command_line", json!("powershell.exe -c \"a b\"\n$x = 1")),
                ("process.args", json!(["powershell.exe", "-c", "a b\n$x", "=", "1"])),
                ("process.args_count", json!(5)),
                (
                    "powershell",
                    json!({
                        "engine": match flavor {
                            Flavor::Logs => json!({"new_state": "Available", "previous_state": "None"}),
                            Flavor::Winlogbeat => json!({
                                "new_state": "Available", "previous_state": "None", "version": version
                            }),
                        },
                        "process": {"executable_version": "5.1"},
                        "runspace_id": "r-1",
                    }),
                ),
                ("file.path", json!(r"C:\s\t.ps1")),
                ("file.directory", json!(r"C:\s")),
                ("file.name", json!("t.ps1")),
                ("file.extension", json!("ps1")),
                ("winlog.event_data", json!({"Extra": "e"})),
            ],
        );
    }
}

#[test]
fn types_and_tasks() {
    let cases = [
        ("403", "4", "end", "Engine Lifecycle"),
        ("600", "6", "info", "Provider Lifecycle"),
        ("800", "8", "info", "Pipeline Execution Details"),
        ("300", "0", "info", "None"),
    ];
    for (id, task, ty, action) in cases {
        let event = classic(id, task, ["", "", ""]);
        let expected = [("event.type", json!(ty)), ("event.action", json!(action))];
        check(&ecs(&event, Flavor::Logs), &expected);
        let expected = [("winlog.task", json!(action)), ("event.action", json!(action))];
        check(&agent_form(&event), &expected);
    }
    let cases = [
        ("4103", "106", "20", "info", "Executing Pipeline"),
        ("4104", "2", "15", "info", "Execute a Remote Command"),
        ("4105", "102", "15", "start", "Starting Command"),
        ("4106", "103", "15", "end", "Stopping Command"),
        ("53504", "111", "10", "info", "PowerShell Named Pipe IPC"),
    ];
    for (id, task, opcode, ty, action) in cases {
        let mut event = operational(id, &[]);
        (event.task, event.opcode) = (Some(task.into()), Some(opcode.into()));
        let document = ecs(&event, Flavor::Logs);
        check(&document, &[("event.type", json!(ty)), ("event.action", json!(action))]);
        assert!(document.get("winlog.opcode").is_some(), "{id}");
    }
}

#[test]
fn providers_start() {
    let text = "\tProviderName=Registry\n\tNewProviderState=Started\n\n\tPipelineId=15\n";
    check(
        &ecs(&classic("600", "6", ["Registry", "Started", text]), Flavor::Logs),
        &[
            ("powershell.provider", json!({"name": "Registry", "new_state": "Started"})),
            ("powershell.pipeline_id", json!("15")),
            ("winlog.event_data", json!(null)),
        ],
    );
}

#[test]
fn pipeline_details() {
    let text = "\tDetailSequence=2\n\tDetailTotal=0x3\n\n\tSequenceNumber=x\n\n\tUserId=D\\u\n\
                \tHostApplication=p.exe\n\tCommandLine=   Get-Item  | tee\n";
    let details = "CommandInvocation(Get-Item): \"Get-Item\"\r\n\
                   ParameterBinding(Get-Item): name=\"Path\"; value=\"a; b\"\r\nodd\r\n";
    let event = classic("800", "8", ["   Get-Item", text, details]);
    let invocations = json!([
        {"type": "CommandInvocation", "related_command": "Get-Item", "value": "\"Get-Item\""},
        {
            "type": "ParameterBinding", "related_command": "Get-Item", "name": "\"Path\"",
            "value": "\"a; b\""
        },
        {"value": "odd"},
    ]);
    check(
        &ecs(&event, Flavor::Logs),
        &[
            ("powershell.sequence", json!(2)),
            ("powershell.total", json!(3)),
            ("event.sequence", json!(null)),
            ("user", json!({"domain": "D", "name": "u"})),
            ("related.user", json!(["u"])),
            ("powershell.command.value", json!("   Get-Item  | tee")),
            ("powershell.command.invocation_details", invocations),
            ("winlog.event_data", json!(null)),
        ],
    );
}

/// What cannot be split stays, so that it can be seen at all.
#[test]
fn classic_texts_without_keys() {
    check(
        &ecs(&classic("400", "4", ["a", "", "no keys"]), Flavor::Logs),
        &[("winlog.event_data", json!({"param1": "a", "param3": "no keys"}))],
    );
    let mut event = classic("400", "4", ["", "", ""]);
    event.event_data = named(&[("param3", "\tHostName=h"), ("param4", "p")]);
    check(
        &ecs(&event, Flavor::Logs),
        &[("process.title", json!("h")), ("winlog.event_data", json!({"param4": "p"}))],
    );
}

const CONTEXT: &str = "        Severity = Informational\r\n        Host Name = ConsoleHost\r\n\
    \x20       Host ID = h-1\r\n        Host Application = powershell.exe -Command &{\r\n\
    \x20   $a = 'b'\r\n}\r\n        Command Name = Get-Item\r\n        Command Type = Cmdlet\r\n\
    \x20       Script Name = C:\\a.b\\c\r\n        Command Path = \r\n        Sequence Number = 22\r\n\
    \x20       User = D\\u\r\n        Connected User = E\\v\r\n        Shell ID = Microsoft.PowerShell\r\n\
    \x20       Other Key = o\r\n";

#[test]
fn invocations() {
    let payload = "CommandInvocation(Get-Item): \"Get-Item\"";
    let data = [("ContextInfo", CONTEXT), ("UserData", ""), ("Payload", payload), ("Path", "p")];
    let event = operational("4103", &data);
    for flavor in [Flavor::Logs, Flavor::Winlogbeat] {
        let pid = if flavor == Flavor::Logs { json!(4711) } else { json!(null) };
        let module = if flavor == Flavor::Logs { "windows" } else { "powershell" };
        check(
            &ecs(&event, flavor),
            &[
                ("event.module", json!(module)),
                ("event.sequence", json!(22)),
                ("process.pid", pid),
                ("process.command_line", json!("powershell.exe -Command &{\n    $a = 'b'\n}")),
                ("process.entity_id", json!("h-1")),
                ("powershell.id", json!("Microsoft.PowerShell")),
                ("powershell.command.name", json!("Get-Item")),
                ("powershell.command.type", json!("Cmdlet")),
                ("powershell.command.path", json!(null)),
                (
                    "powershell.command.invocation_details",
                    json!([{
                        "type": "CommandInvocation", "related_command": "Get-Item",
                        "value": "\"Get-Item\""
                    }]),
                ),
                (
                    "file",
                    json!({
                        "path": r"C:\a.b\c", "directory": r"C:\a.b", "name": "c", "extension": r"b\c"
                    }),
                ),
                ("user", json!({"id": "S-1-5-21-1-2-3-1001", "domain": "E", "name": "v"})),
                ("source.user", json!({"domain": "E", "name": "v"})),
                ("destination.user", json!({"domain": "D", "name": "u"})),
                ("related.user", json!(["u", "v"])),
                ("winlog.event_data", json!({"OtherKey": "o", "Path": "p"})),
            ],
        );
    }
    // Of other events the texts are dropped, as Elastic drops them.
    let other = WinEvent { event_id: "4100".into(), ..event };
    check(
        &ecs(&other, Flavor::Logs),
        &[("process.title", json!(null)), ("winlog.event_data", json!(null))],
    );
}

#[test]
fn script_blocks() {
    let data = [
        ("MessageNumber", "1"),
        ("MessageTotal", "2"),
        ("ScriptBlockText", " aab\r\nc "),
        ("ScriptBlockId", "b-1"),
        ("Path", r"C:\x.ps1"),
        ("Unheard", "-"),
    ];
    let mut event = operational("4104", &data);
    event.user_id = Some("S-1-5-18".into());
    check(
        &ecs(&event, Flavor::Logs),
        &[
            ("powershell.file.script_block_text", json!("aab\nc")),
            ("powershell.file.script_block_id", json!("b-1")),
            ("powershell.file.script_block_hash", json!("iAEiPTQMtdobOYtCcPWf+k8WcY8=")),
            ("powershell.file.script_block_length", json!(5)),
            ("powershell.file.script_block_unique_symbols", json!(4)),
            ("powershell.sequence", json!(1)),
            ("powershell.total", json!(2)),
            ("file.name", json!("x.ps1")),
            ("process.pid", json!(4711)),
            ("user", json!({"id": "S-1-5-18", "domain": "NT AUTHORITY", "name": "SYSTEM"})),
            ("related", json!({"user": ["SYSTEM"], "hosts": ["NT AUTHORITY"]})),
            ("winlog.event_data", json!(null)),
            ("data_stream.dataset", json!("windows.powershell_operational")),
        ],
    );
    check(
        &ecs(&event, Flavor::Winlogbeat),
        &[
            ("powershell.file", json!({"script_block_text": " aab\nc ", "script_block_id": "b-1"})),
            ("user", json!({"id": "S-1-5-18"})),
            ("related", json!(null)),
            ("winlog.event_data", json!({"Unheard": "-"})),
            ("data_stream", json!(null)),
        ],
    );
}

#[test]
fn measures_of_script_blocks() {
    let document =
        |text: &'static str| ecs(&operational("4104", &[("ScriptBlockText", text)]), Flavor::Logs);
    let entropy = "powershell.file.script_block_entropy_bits";
    let stdev = "powershell.file.script_block_surprisal_stdev";
    check(&document("abcd"), &[(entropy, json!(2.0)), (stdev, json!(0.0))]);
    let signed = "abcd# SIG # Begin signature block\r\n# MIIx";
    let length = ("powershell.file.script_block_length", json!(4));
    check(&document(signed), &[(entropy, json!(2.0)), length]);
    check(&document(&signed[4..]), &[(entropy, json!(null))]);
}

#[test]
fn forwarded_events_go_by_provider() {
    for channel in ["ForwardedEvents", "WEC-PowerShell"] {
        let mut event = operational("4104", &[("ScriptBlockText", "x")]);
        event.channel = channel.into();
        let expected = [("powershell.file.script_block_text", json!("x"))];
        check(&ecs(&event, Flavor::Logs), &expected);
        let mut event = classic("400", "4", ["", "", "\tHostName=h"]);
        event.channel = channel.into();
        check(&ecs(&event, Flavor::Logs), &[("process.title", json!("h"))]);
    }
}

/// Nothing panics, and nothing takes more than linear time, on texts made to hurt.
#[test]
fn hostile_texts() {
    for unit in [
        "\t",
        "\tA=",
        "\n\tA=1",
        "        A = ",
        "        A = 1\n",
        "a(b",
        "\n",
        "é",
        "=:",
        "ParameterBinding(a): name=n; value=",
        "; value=",
        "# SIG # Begin signature block",
    ] {
        let text = unit.repeat(200_000 / unit.len());
        for id in ["400", "800", "4103", "4104"] {
            let mut event = classic(id, "4", ["", "", ""]);
            for datum in &mut event.event_data {
                datum.value = text.clone().into();
            }
            ecs(&event, Flavor::Logs);
            let names = ["ContextInfo", "Payload", "ScriptBlockText"];
            let mut event = operational(id, &names.map(|name| (name, "")));
            for datum in &mut event.event_data {
                datum.value = text.clone().into();
            }
            ecs(&event, Flavor::Logs);
        }
    }
}
