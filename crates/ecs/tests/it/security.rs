//! Security events of our own: the agent's part, processes, logons. What else the data say is in
//! `security_data.rs`.

use dragnet_ecs::{Data, Flavor, WinEvent, normalize};
use dragnet_event::{Document, FieldSink, Scalar};
use serde_json::{Value as Json, json};

use crate::events;
use crate::own::{check, ecs, named};

const AUDITING: &str = "Microsoft-Windows-Security-Auditing";

/// A Security event with these data.
pub(crate) fn security(
    id: &'static str,
    data: &[(&'static str, &'static str)],
) -> WinEvent<'static> {
    WinEvent {
        provider_name: Some(AUDITING.into()),
        event_id: id.into(),
        channel: "Security".into(),
        time_created: Some("2024-03-01T10:00:00.1234567Z".into()),
        task: Some("12544".into()),
        keywords: Some("0x8020000000000000".into()),
        event_data: named(data),
        ..WinEvent::default()
    }
}

#[track_caller]
pub(crate) fn check_security(
    id: &'static str,
    data: &[(&'static str, &'static str)],
    expected: &[(&str, Json)],
) {
    check(&ecs(&security(id, data), Flavor::Logs), expected);
}

const PROCESS_CREATION: &str = r#"
<Event xmlns="http://schemas.microsoft.com/win/2004/08/events/event">
  <System>
    <Provider Name="Microsoft-Windows-Security-Auditing" Guid="{54849625-5478-4994-a5ba-3e3b0328c30d}"/>
    <EventID>4688</EventID><Version>2</Version><Level>0</Level><Task>13312</Task><Opcode>0</Opcode>
    <Keywords>0x8020000000000000</Keywords>
    <TimeCreated SystemTime="2024-03-01T10:00:00.1230000Z"/>
    <EventRecordID>42</EventRecordID><Correlation/>
    <Execution ProcessID="4" ThreadID="3000"/>
    <Channel>Security</Channel><Computer>ws1.example.org</Computer><Security/>
  </System>
  <EventData>
    <Data Name="SubjectUserSid">S-1-5-21-1-2-3-1001</Data>
    <Data Name="SubjectUserName">ann</Data>
    <Data Name="SubjectDomainName">EXAMPLE</Data>
    <Data Name="SubjectLogonId">0x1a2b</Data>
    <Data Name="NewProcessId">0x200</Data>
    <Data Name="NewProcessName">C:\Program Files\demo.exe</Data>
    <Data Name="TokenElevationType">%%1937</Data>
    <Data Name="ProcessId">0x1f4</Data>
    <Data Name="CommandLine">"C:\Program Files\demo.exe"  "a b" c</Data>
    <Data Name="TargetUserSid">S-1-0-0</Data>
    <Data Name="TargetUserName">bob@EXAMPLE.ORG</Data>
    <Data Name="TargetDomainName">-</Data>
    <Data Name="TargetLogonId">0x0</Data>
    <Data Name="ParentProcessName">C:\Windows\explorer.exe</Data>
  </EventData>
</Event>"#;

#[test]
fn a_whole_process_creation() {
    let event = events::from_xml(PROCESS_CREATION);
    let expected = json!({
        "@timestamp": "2024-03-01T10:00:00.123Z",
        "data_stream": {"dataset": "system.security", "namespace": "default", "type": "logs"},
        "ecs": {"version": "8.0.0"},
        "event": {
            "action": "created-process", "category": ["process"], "code": "4688",
            "created": "2024-03-01T10:00:00.123Z", "dataset": "system.security",
            "ingested": "2024-03-01T10:00:00.123Z", "kind": "event", "module": "system",
            "outcome": "success", "provider": AUDITING, "type": ["start"]
        },
        "host": {"name": "ws1.example.org", "os": {"type": "windows"}},
        "log": {"level": "information"},
        "process": {
            "args": [r#""C:\Program Files\demo.exe""#, r#""a b""#, "c"], "args_count": 4,
            "command_line": r#""C:\Program Files\demo.exe"  "a b" c"#,
            "executable": r"C:\Program Files\demo.exe", "name": "demo.exe",
            "parent": {"executable": r"C:\Windows\explorer.exe", "name": "explorer.exe", "pid": 500},
            "pid": 512
        },
        "related": {"user": ["ann", "bob", "bob@EXAMPLE.ORG"]},
        "user": {
            "domain": "EXAMPLE", "id": "S-1-5-21-1-2-3-1001", "name": "ann",
            "effective": {"id": "S-1-0-0", "name": "bob"}
        },
        "winlog": {
            "api": "wineventlog", "channel": "Security", "computer_name": "ws1.example.org",
            "event_data": {
                "CommandLine": r#""C:\Program Files\demo.exe"  "a b" c"#, "ProcessId": "0x1f4",
                "SubjectDomainName": "EXAMPLE", "SubjectLogonId": "0x1a2b",
                "SubjectUserName": "ann", "SubjectUserSid": "S-1-5-21-1-2-3-1001",
                "TargetDomainName": "-", "TargetLogonId": "0x0",
                "TargetUserName": "bob@EXAMPLE.ORG", "TargetUserSid": "S-1-0-0",
                "TokenElevationType": "%%1937"
            },
            "event_id": "4688", "keywords": ["Audit Success"], "logon": {"id": "0x1a2b"},
            "opcode": "Info", "process": {"pid": 4, "thread": {"id": 3000}},
            "provider_guid": "{54849625-5478-4994-a5ba-3e3b0328c30d}",
            "provider_name": AUDITING, "record_id": "42", "task": "Process Creation", "version": 2
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
            ("event.module", json!("security")),
            ("event.dataset", json!(null)),
            ("data_stream", json!(null)),
            ("event.ingested", json!(null)),
            ("host.os", json!(null)),
            ("process.args", json!([r#""C:\Program Files\demo.exe""#, "", r#""a b""#, "c"])),
            ("process.args_count", json!(null)),
        ],
    );
}

/// Other providers may write to the channel, and keep the agent's form.
#[test]
fn only_windows_own_providers() {
    let data = [("SubjectUserName", "ann"), ("ProcessId", "0x10"), ("", "x")];
    let mut event = security("4688", &data);
    event.provider_name = Some("AD FS Auditing".into());
    for provider in [Some("AD FS Auditing".into()), None] {
        event.provider_name = provider;
        let kept = json!({"SubjectUserName": "ann", "ProcessId": "0x10", "param3": "x"});
        let expected = [
            ("event.category", json!(null)),
            ("event.action", json!(null)),
            ("user", json!(null)),
            ("process", json!(null)),
            ("winlog.logon", json!(null)),
            ("winlog.event_data", kept),
        ];
        check(&ecs(&event, Flavor::Logs), &expected);
        check(&ecs(&event, Flavor::Winlogbeat), &[("event.module", json!(null))]);
    }
}

/// Events that Elastic has no kind for have what holds for all.
#[test]
fn other_ids() {
    let data =
        [("SubjectUserName", "ann"), ("SubjectLogonId", "0x5"), ("ServiceName", "s"), ("A", "-")];
    for id in ["4627", "4703", "4704", "4985", "1101", "65536", "x"] {
        let event = security(id, &data);
        check(
            &ecs(&event, Flavor::Logs),
            &[
                ("event.category", json!(null)),
                // The name of the task.
                ("event.action", json!("Logon")),
                ("event.outcome", json!("success")),
                ("user", json!(null)),
                ("winlog.logon.id", json!("0x5")),
                ("service.name", json!("s")),
                ("winlog.event_data.A", json!("-")),
            ],
        );
    }
}

#[test]
fn logons() {
    let data = [
        ("SubjectUserName", "HOST$"),
        ("SubjectLogonId", "0x3e7"),
        ("TargetUserSid", "S-1-5-21-1-2-3-1001"),
        ("TargetUserName", "ann@EXAMPLE.ORG"),
        ("TargetDomainName", "EXAMPLE"),
        ("TargetLogonId", "0x77"),
        ("LogonType", "10"),
        ("WorkstationName", "WS1"),
        ("ProcessId", "0x0"),
        ("ProcessName", "-"),
        ("IpAddress", "::ffff:10.1.2.3"),
        ("IpPort", "-"),
    ];
    check_security(
        "4624",
        &data,
        &[
            ("event.category", json!(["authentication"])),
            ("event.type", json!(["start"])),
            ("event.action", json!("logged-in")),
            ("user", json!({"id": "S-1-5-21-1-2-3-1001", "name": "ann", "domain": "EXAMPLE"})),
            ("related.user", json!(["ann", "HOST$"])),
            ("related.ip", json!(["10.1.2.3"])),
            ("source", json!({"ip": "10.1.2.3", "domain": "WS1"})),
            ("process", json!({"pid": 0, "executable": "-", "name": "-"})),
            ("winlog.logon", json!({"id": "0x3e7", "type": "RemoteInteractive"})),
            ("winlog.event_data.IpAddress", json!(null)),
            ("winlog.event_data.IpPort", json!("-")),
            ("winlog.event_data.LogonType", json!("10")),
        ],
    );
    // The logon is the target's where no subject is named.
    let data = [("TargetUserName", "ann"), ("TargetLogonId", "0x77"), ("LogonType", "99")];
    let expected = [("winlog.logon", json!({"id": "0x77"})), ("user.name", json!("ann"))];
    check_security("4647", &data, &expected);
}

#[test]
fn explicit_credentials() {
    let data = [
        ("SubjectUserName", "ann"),
        ("SubjectDomainName", "EXAMPLE"),
        ("TargetUserName", "bob"),
        ("TargetDomainName", "EXAMPLE"),
        ("ProcessId", "0x10"),
        ("ProcessName", r"C:\x\runas.exe"),
        ("IpAddress", "-"),
    ];
    check_security(
        "4648",
        &data,
        &[
            ("event.action", json!("logged-in-explicit")),
            ("user.name", json!("ann")),
            ("user.effective", json!({"name": "bob", "domain": "EXAMPLE"})),
            ("user.target", json!(null)),
            ("related.user", json!(["bob", "ann"])),
            ("process", json!({"pid": 16, "executable": r"C:\x\runas.exe", "name": "runas.exe"})),
            ("source", json!(null)),
            ("winlog.event_data.IpAddress", json!("-")),
        ],
    );
}

#[test]
fn failed_logons() {
    let data = [
        ("TargetUserName", "-"),
        ("FailureReason", "%%2310"),
        ("Status", "0xc000006e"),
        ("SubStatus", "0xc0000072"),
    ];
    let mut event = security("4625", &data);
    event.keywords = Some("0x8010000000000000".into());
    let failure = json!({
        "reason": "Account currently disabled.",
        "status": "Unknown user name or bad password.",
        "sub_status": "User logon to account disabled by administrator",
    });
    check(
        &ecs(&event, Flavor::Logs),
        &[
            ("event.outcome", json!("failure")),
            ("event.action", json!("logon-failed")),
            ("user.name", json!("-")),
            ("winlog.logon.failure", failure),
        ],
    );
    let data = [("FailureReason", "%%1"), ("Status", "0xC000006E"), ("SubStatus", "0x1")];
    check_security("4625", &data, &[("winlog.logon", json!({"failure": {"reason": "1"}}))]);
    let winlogbeat = ecs(&security("4625", &data), Flavor::Winlogbeat);
    check(&winlogbeat, &[("winlog.logon", json!(null))]);
    // Of other events the status is something else.
    check_security("4689", &[("Status", "0xc000006e")], &[("winlog.logon", json!(null))]);
}

#[test]
fn kerberos() {
    let data = [
        ("TargetUserName", "ann@EXAMPLE.ORG"),
        ("ServiceName", "svc"),
        ("TicketOptions", "0x40810000"),
        ("TicketEncryptionType", "0xFFFFFFFF"),
        ("Status", "0x1b"),
        ("IpAddress", "::1"),
        ("IpPort", "0x1f"),
    ];
    check_security(
        "4769",
        &data,
        &[
            ("user.name", json!("ann")),
            ("service.name", json!("svc")),
            ("source", json!({"ip": "::1", "port": 31})),
            ("winlog.event_data.TicketEncryptionTypeDescription", json!("FAIL")),
            (
                "winlog.event_data.TicketOptionsDescription",
                json!(["Name-canonicalize", "Renewable", "Forwardable"]),
            ),
            ("winlog.event_data.StatusDescription", json!(null)),
        ],
    );
    let data = [("Status", "0x18"), ("TicketOptions", "0x0"), ("TicketEncryptionType", "0x2")];
    let expected = json!({"Status": "0x18", "TicketOptions": "0x0", "TicketEncryptionType": "0x2",
               "StatusDescription": "KDC_ERR_PREAUTH_FAILED"});
    check_security("4771", &data, &[("winlog.event_data", expected)]);
}

#[test]
fn sessions() {
    let session = |address| {
        let data = [
            ("AccountName", "ann"),
            ("AccountDomain", "EXAMPLE"),
            ("LogonID", "0x9"),
            ("ClientName", "WS1"),
            ("ClientAddress", address),
        ];
        ecs(&security("4779", &data), Flavor::Logs)
    };
    for (address, ip, kept) in [
        ("10.1.2.3", json!("10.1.2.3"), "10.1.2.3"),
        ("LOCAL", json!("127.0.0.1"), "127.0.0.1"),
        ("Unknown", json!(null), "Unknown"),
        ("-", json!(null), "-"),
    ] {
        check(
            &session(address),
            &[
                ("user", json!({"name": "ann", "domain": "EXAMPLE"})),
                ("related.user", json!(["ann"])),
                ("source.domain", json!("WS1")),
                ("source.ip", ip),
                ("winlog.logon.id", json!("0x9")),
                ("winlog.event_data.ClientAddress", json!(kept)),
            ],
        );
    }
}

/// Data of one name, of none, and with line ends that the agent cleans.
#[test]
fn odd_data() {
    let data = [
        ("", "one"),
        ("ProcessId", ""),
        ("ProcessId", "none"),
        ("ProcessId", "0x1"),
        ("A", "x\r\ny\n"),
        ("A", "z"),
    ];
    let kept = json!({"param1": "one", "ProcessId": "none", "A": "x\ny"});
    check_security("4689", &data, &[("winlog.event_data", kept), ("process", json!(null))]);
}

/// A sink that wants little is asked before work is done, and still gets what it wants.
#[test]
fn a_sink_gets_what_it_wants() {
    struct Only(Document);
    impl FieldSink for Only {
        fn wants(&self, path: &str) -> bool {
            path == "file.path"
        }
        fn put(&mut self, path: &str, value: Scalar<'_>) {
            if self.wants(path) {
                self.0.put(path, value);
            }
        }
    }
    let data = [("ShareLocalPath", "a"), ("ShareName", "s"), ("RelativeTargetName", "b")];
    let mut sink = Only(Document::new());
    normalize(&security("5145", &data), Flavor::Logs, &mut sink);
    assert_eq!(Json::Object(sink.0.0), json!({"file": {"path": r"a\b"}}));
}

/// Nothing panics, and nothing takes more than linear time, on data made to hurt.
#[test]
fn hostile_data() {
    let long = |unit: &str| unit.repeat(50_000 / unit.len());
    let mut data: Vec<Data<'_>> = Vec::new();
    for (name, value) in [
        ("CommandLine", long("\" ")),
        ("OldSd", long("D:((((((((((S:(*")),
        ("NewSd", format!("S:{}D:{}", long("(A;;é;;;SY"), long("(("))),
        ("SidList", long("%{é} ")),
        ("AccessMask", long("0xé 0xffffffffffffffffff ")),
        ("AccessList", long("%%é ")),
        ("AuditPolicyChanges", long("%%,")),
        ("PrivilegeList", long("\t")),
        ("UserAccountControl", long("%%%")),
        ("NewUacValue", "0xffffffff".into()),
        ("MemberName", long("\\,")),
        ("TargetUserName", long("@")),
        ("SubcategoryGuid", "{0cce9é".into()),
        ("ProcessId", "99999999999999999999".into()),
        ("IpAddress", "[::ffff:]".into()),
        ("IpPort", "-1".into()),
        ("TicketOptions", "0x".into()),
        ("FailureReason", long("%%")),
    ] {
        data.push(Data { name: name.into(), value: value.into() });
    }
    for id in ["4670", "4674", "4688", "4732", "4738", "4908", "5145", "65536", "-1", ""] {
        let event = WinEvent { event_data: data.clone(), ..security(id, &[]) };
        for flavor in [Flavor::Logs, Flavor::Winlogbeat] {
            assert_eq!(ecs(&event, flavor).get_str("event.code"), Some(id));
        }
    }
}
