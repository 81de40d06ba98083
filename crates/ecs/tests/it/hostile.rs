//! Data that nobody meant: whatever stands in an event, normalising it ends, and without a panic.

use dragnet_ecs::{Data, Flavor, WinEvent, agent, normalize};
use dragnet_event::Document;

/// Channels and providers of all pipelines.
const CHANNELS: &[(&str, &str)] = &[
    ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon"),
    ("Security", "Microsoft-Windows-Security-Auditing"),
    ("Security", "Microsoft-Windows-Eventlog"),
    ("Windows PowerShell", "PowerShell"),
    ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "Microsoft-Windows-AppLocker"),
    ("Microsoft-Windows-AppLocker/Packaged app-Execution", "Microsoft-Windows-AppLocker"),
    ("System", "Service Control Manager"),
    ("ForwardedEvents", "Microsoft-Windows-PowerShell"),
];

/// Names of data that some pipeline takes apart.
const NAMES: &[&str] = &[
    "",
    "AccessList",
    "AccessMask",
    "AuditPolicyChanges",
    "CallTrace",
    "CommandLine",
    "ContextInfo",
    "Details",
    "FullFilePath",
    "Hashes",
    "Image",
    "IpAddress",
    "IpPort",
    "LogonType",
    "MemberName",
    "NewProcessId",
    "NewSd",
    "NewUacValue",
    "ObjectServer",
    "OldSd",
    "Path",
    "Payload",
    "PrivilegeList",
    "ProcessId",
    "QueryName",
    "QueryResults",
    "ScriptBlockText",
    "SidList",
    "Status",
    "SubjectUserName",
    "TargetFilename",
    "TargetObject",
    "TargetUserName",
    "TicketEncryptionType",
    "TicketOptions",
    "User",
    "UtcTime",
    "param1",
    "param3",
];

/// Pieces of texts that mean something to one of them, and of some that mean nothing.
const PIECES: &[&str] = &[
    "%%",
    "1937",
    "4416\n\t\t\t\t",
    "D:",
    "S:",
    "(A;;",
    "0x",
    "FFFFFFFF",
    "S-1-5-21-",
    "999999999999999999999",
    "=",
    ":",
    ";",
    ",",
    "\\",
    "\"",
    "\t",
    "\r\n",
    "::ffff:",
    "@",
    "CN=",
    "DWORD (0x",
    "QWORD (0x1-0x",
    ")",
    "-",
    "{00000000-",
    "type:  5 ",
    "é",
    "日",
    "😀",
    "\u{301}",
    "\0",
    " ",
    "",
    "SHA1=",
    "CommandInvocation(",
    "): \"",
    "value=\"",
    "HKLM",
    "~",
    "255.255.255.255",
    "2024-03-02 10:00:00.000",
];

#[test]
fn texts_of_pieces() {
    let mut state = 1_u64;
    let mut below = |n: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((state >> 33) as usize) % n
    };
    let ids = [
        "1", "10", "13", "22", "255", "400", "600", "800", "1100", "1102", "1116", "4103", "4104",
        "4624", "4670", "4688", "4719", "4720", "4738", "4768", "4776", "4907", "4964", "5379",
        "8003", "70000", "x",
    ];
    for _ in 0..20_000 {
        let (channel, provider) = CHANNELS[below(CHANNELS.len())];
        let mut event = WinEvent {
            channel: channel.into(),
            provider_name: Some(provider.into()),
            event_id: ids[below(ids.len())].into(),
            task: Some(["0", "13312", "-1", "99999"][below(4)].into()),
            keywords: Some(["0x8020000000000000", "0x", "", "zz"][below(4)].into()),
            time_created: Some(["2024-03-02T10:00:00Z", "then"][below(2)].into()),
            ..WinEvent::default()
        };
        for _ in 0..below(6) {
            let text: String = (0..below(8)).map(|_| PIECES[below(PIECES.len())]).collect();
            event
                .event_data
                .push(Data { name: NAMES[below(NAMES.len())].into(), value: text.into() });
        }
        for flavor in [Flavor::Logs, Flavor::Winlogbeat] {
            normalize(&event, flavor, &mut Document::new());
        }
        agent(&event, &mut Document::new());
    }
}
