//! CSV of the Event Viewer and of PowerShell.

use dragnet_event::Document;
use dragnet_ingest::{Options, Source};
use serde_json::{Value as Json, json};

use crate::support::read_bytes;

fn documents(bytes: impl Into<Vec<u8>>) -> Vec<Document> {
    let source = Source::from_bytes("csv", bytes.into());
    let options = Options::default();
    let indices: Vec<u32> = (0..1000).collect();
    let blocks = source.open(0).unwrap().map(Result::unwrap);
    blocks
        .flat_map(|block| block.render(&options, &indices))
        .map(|(_, document)| document)
        .collect()
}

#[track_caller]
fn check(document: &Document, expected: &[(&str, Json)]) {
    for (path, json) in expected {
        assert_eq!(document.get(path).unwrap_or(&Json::Null), json, "{path} of {document:?}");
    }
}

const VIEWER: &str = "Level,Date and Time,Source,Event ID,Task Category\r\n\
    Information,1/31/2024 3:04:05 PM,Microsoft-Windows-Sysmon,1,Process Create (rule: ProcessCreate),\"Process Create:\r\n\
    RuleName: -\r\nUtcTime: 2024-01-31 15:04:05.120\r\nProcessId: 700\r\nImage: C:\\Windows\\cmd.exe\r\n\
    CommandLine: cmd /c \"\"echo x\"\"\r\nUser: ATLAS\\mira\r\nParentImage: C:\\Windows\\explorer.exe\"\r\n\
    Information,1/31/2024 3:04:06 PM,Service Control Manager,7036,None,The Print Spooler service entered the running state.\r\n";

#[test]
fn the_event_viewers() {
    let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>();
    let tabs = VIEWER.replace(',', "\t");
    for bytes in [
        VIEWER.as_bytes().to_vec(),
        format!("\u{feff}{}", VIEWER.replace("\r\n", "\n")).into_bytes(),
        tabs.into_bytes(),
        VIEWER.replace(',', ";").trim_end().as_bytes().to_vec(),
        [vec![0xff, 0xfe], wide(VIEWER)].concat(),
    ] {
        let events = documents(bytes);
        assert_eq!(events.len(), 2);
        check(
            &events[0],
            &[
                ("@timestamp", json!("2024-01-31T15:04:05.120Z")),
                ("event.dataset", json!("windows.sysmon_operational")),
                ("winlog.channel", json!("Microsoft-Windows-Sysmon/Operational")),
                ("event.code", json!("1")),
                ("event.category", json!(["process"])),
                ("process.executable", json!("C:\\Windows\\cmd.exe")),
                ("process.command_line", json!("cmd /c \"echo x\"")),
                ("process.args", json!(["cmd", "/c", "echo x"])),
                ("process.parent.name", json!("explorer.exe")),
                ("user.name", json!("mira")),
                ("log.level", json!("information")),
            ],
        );
        check(
            &events[1],
            &[
                ("@timestamp", json!("2024-01-31T15:04:06Z")),
                ("event.dataset", json!("system.system")),
                ("winlog.event_data.param1", json!("Print Spooler")),
                ("winlog.event_data.param2", json!("running")),
            ],
        );
    }
}

#[test]
fn the_security_log() {
    let csv = "Keywords,Date and Time,Source,Event ID,Task Category\n\
        Audit Failure,31/01/2024 15:04:05,Microsoft-Windows-Security-Auditing,4625,Logon,\"An account failed to log on.\n\n\
        Subject:\n\tSecurity ID:\t\tNULL SID\n\tAccount Name:\t\t-\n\nLogon Type:\t\t\t3\n\n\
        Account For Which Logon Failed:\n\tSecurity ID:\t\tNULL SID\n\tAccount Name:\t\tmira\n\tAccount Domain:\t\tATLAS\n\n\
        Network Information:\n\tSource Network Address:\t10.0.0.9\n\"\n\
        Audit Success,02/02/2024 15:04:05,Microsoft-Windows-Eventlog,1102,Log clear,\"The audit log was cleared.\n\
        Subject:\n\tAccount Name:\tmira\"\n";
    let events = documents(csv);
    check(
        &events[0],
        &[
            ("@timestamp", json!("2024-01-31T15:04:05Z")),
            ("event.action", json!("logon-failed")),
            ("event.outcome", json!("failure")),
            ("source.ip", json!("10.0.0.9")),
            ("user.name", json!("mira")),
            ("winlog.logon.type", json!("Network")),
        ],
    );
    check(
        &events[1],
        &[
            ("@timestamp", json!("2024-02-02T15:04:05Z")),
            ("event.dataset", json!("system.security")),
            ("winlog.user_data.SubjectUserName", json!("mira")),
        ],
    );
}

#[test]
fn powershells() {
    let csv = "#TYPE System.Diagnostics.Eventing.Reader.EventLogRecord\n\
        \"Message\",\"Id\",\"Level\",\"Keywords\",\"RecordId\",\"ProviderName\",\"ProviderId\",\"LogName\",\"ProcessId\",\"MachineName\",\"UserId\",\"TimeCreated\",\"LevelDisplayName\",\"TaskDisplayName\"\n\
        \"Creating Scriptblock text (1 of 1):\n$a, $b = 1\n\nScriptBlock ID: 11-22\nPath: \",\"4104\",\"5\",\"0\",\"77\",\"Microsoft-Windows-PowerShell\",\
        \"A0C1853B-5C40-4B15-8766-3CF1C58F985A\",\"Microsoft-Windows-PowerShell/Operational\",\"700\",\"ATLAS-07\",\"S-1-5-18\",\"2024-01-31 15:04:05Z\",\"Verbose\",\"Execute a Remote Command\"\n";
    check(
        &documents(csv)[0],
        &[
            ("powershell.file.script_block_text", json!("$a, $b = 1")),
            ("powershell.sequence", json!(1)),
            ("winlog.record_id", json!("77")),
            ("winlog.provider_guid", json!("{a0c1853b-5c40-4b15-8766-3cf1c58f985a}")),
            ("host.name", json!("ATLAS-07")),
            ("winlog.process.pid", json!(700)),
            ("log.level", json!("verbose")),
            ("@timestamp", json!("2024-01-31T15:04:05Z")),
        ],
    );
}

#[test]
fn another_language() {
    let csv = "Ebene,Datum und Uhrzeit,Quelle,Ereignis-ID,Aufgabenkategorie\n\
        Informationen,31.01.2024 15:04:05,Microsoft-Windows-Sysmon,5,Prozess,Prozess beendet: x\n";
    check(
        &documents(csv)[0],
        &[
            ("@timestamp", json!("2024-01-31T15:04:05Z")),
            ("event.code", json!("5")),
            ("event.category", json!(["process"])),
            ("message", json!("Prozess beendet: x")),
            ("process", Json::Null),
        ],
    );
}

#[test]
fn what_is_broken_is_named() {
    let read =
        read_bytes(format!("{VIEWER}cut short\r\n{}", "Error,1/31/2024 3:04:07 PM,x,9,None,y\r\n"));
    assert_eq!(read.texts("event.code"), ["1", "7036", "9"]);
    assert_eq!(
        read.messages(),
        ["test:11: the record has 1 fields, and an event's number stands in the 4th"]
    );
}
