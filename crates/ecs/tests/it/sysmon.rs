//! Sysmon events of our own.

use dragnet_ecs::{Flavor, Rendering, normalize};
use dragnet_event::{Document, FieldSink, Scalar};
use serde_json::{Value as Json, json};

use crate::events;
use crate::own::{SYSMON, check, ecs, sysmon};

#[track_caller]
fn check_sysmon(
    id: &'static str,
    data: &[(&'static str, &'static str)],
    expected: &[(&str, Json)],
) {
    check(&ecs(&sysmon(id, data), Flavor::Logs), expected);
}

const PROCESS_CREATION: &str = r#"
<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System>
    <Provider Name="Microsoft-Windows-Sysmon" Guid="{5770385f-c22a-43e0-bf4c-06f5698ffbd9}"/>
    <EventID>1</EventID><Version>5</Version><Level>4</Level><Task>1</Task><Opcode>0</Opcode>
    <Keywords>0x8000000000000000</Keywords>
    <TimeCreated SystemTime="2024-03-01T10:00:00.1230000Z"/>
    <EventRecordID>42</EventRecordID><Correlation/>
    <Execution ProcessID="2000" ThreadID="3000"/>
    <Channel>Microsoft-Windows-Sysmon/Operational</Channel>
    <Computer>ws1.example.org</Computer><Security UserID="S-1-5-18"/>
  </System>
  <EventData>
    <Data Name="RuleName">technique_id=T1059</Data>
    <Data Name="UtcTime">2024-03-01 10:00:00.100</Data>
    <Data Name="ProcessGuid">{00000001-0000-0000-0000-000000000002}</Data>
    <Data Name="ProcessId">512</Data>
    <Data Name="Image">C:\Tools\demo.exe</Data>
    <Data Name="Product">-</Data>
    <Data Name="CommandLine">"C:\Tools\demo.exe" &lt;in &amp; out</Data>
    <Data Name="User">EXAMPLE\ann</Data>
    <Data Name="LogonId">0x3e7</Data>
    <Data Name="Hashes">MD5=AABB,IMPHASH=00000000000000000000000000000000</Data>
    <Data Name="ParentProcessGuid">{00000000-0000-0000-0000-000000000000}</Data>
    <Data Name="ParentProcessId">0x10</Data>
    <Data Name="ParentImage">System</Data>
  </EventData>
</Event>"#;

#[test]
fn a_whole_process_creation() {
    let event = events::from_xml(PROCESS_CREATION);
    let expected = json!({
        "@timestamp": "2024-03-01T10:00:00.100Z",
        "data_stream": {
            "dataset": "windows.sysmon_operational", "namespace": "default", "type": "logs"
        },
        "ecs": {"version": "8.0.0"},
        "event": {
            "action": "Process creation", "category": ["process"], "code": "1",
            "created": "2024-03-01T10:00:00.123Z", "dataset": "windows.sysmon_operational",
            "ingested": "2024-03-01T10:00:00.100Z", "kind": "event", "module": "windows",
            "provider": "Microsoft-Windows-Sysmon", "type": ["start"]
        },
        "host": {"name": "ws1.example.org", "os": {"type": "windows"}},
        "log": {"level": "information"},
        "process": {
            "args": [r"C:\Tools\demo.exe", "<in", "&", "out"], "args_count": 4,
            "command_line": r#""C:\Tools\demo.exe" <in & out"#,
            "entity_id": "{00000001-0000-0000-0000-000000000002}",
            "executable": r"C:\Tools\demo.exe", "hash": {"md5": "aabb"}, "name": "demo.exe",
            "parent": {"executable": "System", "pid": 16}, "pid": 512
        },
        "related": {"hash": ["aabb"], "user": ["ann"]},
        "rule": {"name": "technique_id=T1059"},
        "user": {"domain": "EXAMPLE", "id": "S-1-5-18", "name": "ann"},
        "winlog": {
            "api": "wineventlog", "channel": SYSMON, "computer_name": "ws1.example.org",
            "event_data": {"LogonId": "0x3e7"}, "event_id": "1", "opcode": "Info",
            "process": {"pid": 2000, "thread": {"id": 3000}},
            "provider_guid": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}",
            "provider_name": "Microsoft-Windows-Sysmon", "record_id": "42",
            "user": {
                "domain": "NT AUTHORITY", "identifier": "S-1-5-18", "name": "SYSTEM",
                "type": "Well Known Group"
            },
            "version": 5
        }
    });
    assert_eq!(Json::Object(ecs(&event, Flavor::Logs).0), expected);
}

#[test]
fn the_other_flavor() {
    let document = ecs(&events::from_xml(PROCESS_CREATION), Flavor::Winlogbeat);
    check(
        &document,
        &[
            ("event.module", json!("sysmon")),
            ("event.dataset", json!(null)),
            ("data_stream", json!(null)),
            ("event.ingested", json!(null)),
            ("host.os", json!(null)),
            ("process.name", json!("demo.exe")),
        ],
    );
}

/// What a narrow sink gets must be what the document has.
#[test]
fn a_sink_gets_what_it_wants() {
    struct Only(Vec<&'static str>, Document);
    impl FieldSink for Only {
        fn wants(&self, path: &str) -> bool {
            self.0.contains(&path)
        }
        fn put(&mut self, path: &str, value: Scalar<'_>) {
            if self.wants(path) {
                self.1.put(path, value);
                self.1.mark_array(path);
            }
        }
    }
    fn flat(document: &Document) -> Document {
        struct Arrays(Document);
        impl FieldSink for Arrays {
            fn wants(&self, _: &str) -> bool {
                true
            }
            fn put(&mut self, path: &str, value: Scalar<'_>) {
                self.0.put(path, value);
                self.0.mark_array(path);
            }
        }
        let mut arrays = Arrays(Document::new());
        document.flatten_into(&mut arrays);
        arrays.0
    }
    let paths = [
        "process.args",
        "process.args_count",
        "process.hash.md5",
        "related.hash",
        "related.ip",
        "related.hosts",
        "dns.answers.data",
        "dns.answers.type",
        "dns.resolved_ip",
        "dns.question.subdomain",
        "network.community_id",
        "registry.value",
        "event.created",
        "winlog.event_data.LogonId",
        "@timestamp",
    ];
    let query =
        [("QueryName", "a.example.com"), ("QueryResults", "type: 5 b.example.com;192.0.2.1;")];
    let flow = [
        ("Protocol", "tcp"),
        ("SourceIp", "192.0.2.1"),
        ("SourcePort", "1"),
        ("DestinationIp", "192.0.2.2"),
        ("DestinationPort", "2"),
    ];
    let mut found = 0;
    for event in [events::from_xml(PROCESS_CREATION), sysmon("22", &query), sysmon("3", &flow)] {
        let whole = flat(&ecs(&event, Flavor::Logs));
        for path in paths {
            let mut only = Only(vec![path], Document::new());
            normalize(&event, Flavor::Logs, &mut only);
            assert_eq!(only.1.get(path), whole.get(path), "{path}");
            found += usize::from(only.1.get(path).is_some());
        }
    }
    assert_eq!(found, 19);
}

#[test]
fn process_access_and_remote_threads() {
    let data = [
        ("SourceProcessGUID", "{a}"),
        ("SourceProcessId", "7"),
        ("SourceThreadId", "8"),
        ("SourceImage", r"C:\x\a.exe"),
        ("TargetProcessGuid", "{b}"),
        ("TargetProcessId", "9"),
        ("TargetImage", r"C:\Windows\system32\lsass.exe"),
        ("GrantedAccess", "0x1fffff"),
        ("CallTrace", "UNKNOWN(0)"),
    ];
    check_sysmon(
        "10",
        &data,
        &[
            ("process.entity_id", json!("{a}")),
            ("process.pid", json!(7)),
            ("process.thread.id", json!(8)),
            ("process.executable", json!(r"C:\x\a.exe")),
            ("process.name", json!("a.exe")),
            (
                "winlog.event_data",
                json!({
                    "TargetProcessGUID": "{b}", "TargetProcessId": "9", "GrantedAccess": "0x1fffff",
                    "TargetImage": r"C:\Windows\system32\lsass.exe", "CallTrace": "UNKNOWN(0)"
                }),
            ),
        ],
    );
}

#[test]
fn wmi_consumers() {
    let data = [
        ("EventType", "WmiConsumerEvent"),
        ("Operation", "Created"),
        ("Name", r#" "demo""#),
        ("Type", "Command Line"),
        ("Destination", r#" "C:\\Tools\\demo.exe -x""#),
    ];
    check_sysmon(
        "20",
        &data,
        &[
            ("process.executable", json!(r#" "C:\\Tools\\demo.exe -x""#)),
            ("process.name", json!(r#"demo.exe -x""#)),
            ("winlog.event_data.Operation", json!("Created")),
            ("winlog.event_data.Type", json!("Command Line")),
            ("winlog.event_data.Destination", json!(null)),
            ("event.type", json!(["change"])),
        ],
    );
    let consumer = r#" "\\\\.\\ROOT\\subscription:CommandLineEventConsumer.Name=\"demo\"""#;
    check_sysmon(
        "21",
        &[("Consumer", consumer)],
        &[("winlog.event_data.Consumer", json!(consumer))],
    );
}

#[test]
fn a_taken_field_is_not_taken_again() {
    let data =
        [("Image", "a"), ("Destination", r"b\c"), ("Device", "d"), ("TargetFilename", r"e\f.g.h")];
    check_sysmon(
        "9",
        &data,
        &[
            ("process.executable", json!("a")),
            ("process.name", json!(null)),
            (
                "file",
                json!({"path": r"e\f.g.h", "directory": "e", "name": "f.g.h", "extension": "h"}),
            ),
            ("winlog.event_data", json!({"Destination": r"b\c", "Device": "d"})),
        ],
    );
}

#[test]
fn files_and_pipes() {
    check_sysmon("17", &[("PipeName", r"\demo\p")], &[("file", json!({"name": r"\demo\p"}))]);
    check_sysmon(
        "11",
        &[("TargetFilename", r"C:\a.b\c")],
        &[("file.extension", json!(r"b\c")), ("file.directory", json!(r"C:\a.b"))],
    );
    check_sysmon(
        "11",
        &[("TargetFilename", "plain.txt")],
        &[("file", json!({"path": "plain.txt"}))],
    );
    let image = [
        ("ImageLoaded", r"C:\x\y.dll"),
        ("Signed", "true"),
        ("Signature", "Demo Ltd"),
        ("SignatureStatus", "Valid"),
        ("OriginalFileName", "Y.DLL"),
        ("Company", "Demo"),
    ];
    check_sysmon(
        "7",
        &image,
        &[
            (
                "file.code_signature",
                json!({"subject_name": "Demo Ltd", "status": "Valid", "valid": true}),
            ),
            ("file.pe", json!({"original_file_name": "Y.DLL", "company": "Demo"})),
            ("process.pe", json!(null)),
            ("winlog.event_data.Signed", json!("true")),
            ("winlog.event_data.Company", json!("Demo")),
            ("winlog.event_data.OriginalFileName", json!(null)),
        ],
    );
    let deleted = [("Archived", "TRUE"), ("IsExecutable", "maybe")];
    check_sysmon(
        "23",
        &deleted,
        &[("sysmon.file", json!({"archived": true})), ("winlog.event_data", json!(null))],
    );
}

#[test]
fn connections() {
    let data = [
        ("Protocol", "tcp"),
        ("Initiated", "false"),
        ("SourceIsIpv6", "false"),
        ("SourceIp", "192.0.2.1"),
        ("SourcePort", "50000"),
        ("SourceHostname", "a.example.com"),
        ("SourcePortName", "-"),
        ("DestinationIp", "not an address"),
        ("DestinationPort", "80"),
        ("DestinationPortName", "http"),
        ("DestinationIsIpv6", "false"),
    ];
    check_sysmon(
        "3",
        &data,
        &[
            (
                "network",
                json!({"transport": "tcp", "direction": "ingress", "type": "ipv4", "protocol": "http"}),
            ),
            ("source", json!({"ip": "192.0.2.1", "port": 50000, "domain": "a.example.com"})),
            ("destination", json!({"port": 80})),
            ("related.ip", json!(["192.0.2.1"])),
            ("winlog.event_data", json!(null)),
        ],
    );
}

#[test]
fn queries() {
    let data = [("QueryName", "a.example.com"), ("QueryStatus", "9003"), ("QueryResults", "-")];
    check_sysmon(
        "22",
        &data,
        &[
            ("network.protocol", json!("dns")),
            ("sysmon.dns.status", json!("DNS_ERROR_RCODE_NAME_ERROR")),
            ("dns.answers", json!(null)),
            ("dns.question.registered_domain", json!("example.com")),
            ("related.hosts", json!(["a.example.com"])),
            ("related.ip", json!(null)),
        ],
    );
    check_sysmon("22", &[("QueryStatus", "4711")], &[("sysmon.dns.status", json!("4711"))]);
}

#[test]
fn registry_values() {
    let data = [
        ("TargetObject", r"HKLM\a\b"),
        ("Details", "DWORD (0x00000001)"),
        ("EventType", "SetValue"),
    ];
    check_sysmon(
        "13",
        &data,
        &[
            ("registry.data", json!({"type": "SZ_DWORD", "strings": ["1"]})),
            (
                "winlog.event_data",
                json!({"EventType": "SetValue", "Details": "DWORD (0x00000001)"}),
            ),
        ],
    );
    let document = ecs(&sysmon("13", &data), Flavor::Winlogbeat);
    check(&document, &[("winlog.event_data", json!({"EventType": "SetValue"}))]);
    check_sysmon("11", &data, &[("registry", json!(null))]);
}

#[test]
fn accounts() {
    let user = |user, expected: Json| check_sysmon("1", &[("User", user)], &[("user", expected)]);
    user(r"A\b", json!({"domain": "A", "name": "b"}));
    user(r"\b", json!({"name": "b"}));
    user(r"A\b\c", json!(null));
    user(r"A\", json!(null));
    user("b", json!(null));
}

#[test]
fn tampering_and_errors() {
    let mut event = sysmon("25", &[("Type", "Image is replaced")]);
    check(&ecs(&event, Flavor::Logs), &[("message", json!("Image is replaced"))]);
    event.rendering =
        Some(Rendering { message: Some("Rendered.\r\nTwice.\r\n".into()), ..Rendering::default() });
    check(
        &ecs(&event, Flavor::Logs),
        &[
            ("message", json!("Rendered.\nTwice.")),
            ("winlog.event_data.Type", json!("Image is replaced")),
        ],
    );
    let data = [("ID", "QUEUE"), ("Description", "lost")];
    check_sysmon(
        "255",
        &data,
        &[("error.code", json!("QUEUE")), ("event.outcome", json!(["failure"]))],
    );
    check_sysmon("4", &data, &[("winlog.event_data.ID", json!("QUEUE"))]);
}

#[test]
fn times() {
    let of = |utc_time| ecs(&sysmon("1", &[("UtcTime", utc_time)]), Flavor::Logs);
    check(&of("2024-03-01 09:00:00.000"), &[("@timestamp", json!("2024-03-01T09:00:00.000Z"))]);
    let created = json!("2024-03-01T10:00:00.1234567Z");
    check(&of("yesterday"), &[("@timestamp", created.clone()), ("event.ingested", created)]);
    let mut timeless = sysmon("1", &[]);
    timeless.time_created = Some("never".into());
    check(
        &ecs(&timeless, Flavor::Logs),
        &[("@timestamp", json!(null)), ("event.created", json!(null))],
    );
}

#[test]
fn line_ends_are_cleaned_before_anything_else() {
    let data = [("Image", "a\\b\r\n"), ("Contents", "x\r\ny\n"), ("Session", "-\n")];
    check_sysmon(
        "24",
        &data,
        &[("process.name", json!("b")), ("winlog.event_data", json!({"Contents": "x\ny"}))],
    );
}

#[test]
fn a_value_that_says_nothing_hides_a_later_one() {
    check_sysmon("1", &[("Image", "-"), ("Image", "y")], &[("process.executable", json!(null))]);
}
