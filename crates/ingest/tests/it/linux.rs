//! Logs of Linux: the audit daemon's, and Sysmon's in syslog.

use std::io::Write as _;

use dragnet_event::Document;
use dragnet_ingest::{Form, Options, Source};
use flate2::write::GzEncoder;
use serde_json::{Value as Json, json};

use crate::support::{read, read_bytes};

/// A program is run, a file is opened and a connection made, the records among each other.
const AUDIT: &str = r#"type=SYSCALL msg=audit(1700000000.123:456): arch=c000003e syscall=59 success=yes exit=0 a0=55d0 a1=55d1 a2=55d2 a3=8 items=2 ppid=700 pid=701 auid=1000 uid=1000 gid=1000 euid=0 suid=0 fsuid=0 egid=1000 sgid=1000 fsgid=1000 tty=pts0 ses=3 comm="find" exe="/usr/bin/find" subj=unconfined key="exec"
type=EXECVE msg=audit(1700000000.123:456): argc=3 a0="find" a1=2E2F6D7920646972 a2="-perm"
type=SYSCALL msg=audit(1700000000.200:457): arch=c00000b7 syscall=56 success=no exit=-13 a0=ffffff9c a1=1 a2=0 a3=0 items=1 ppid=1 pid=800 auid=4294967295 uid=33 gid=33 euid=33 suid=33 fsuid=33 egid=33 sgid=33 fsgid=33 tty=(none) ses=4294967295 comm=6D7920617070 exe=2F6F70742F6D7920617070 key=(null)
type=CWD msg=audit(1700000000.123:456): cwd="/home/mira"
type=PATH msg=audit(1700000000.123:456): item=0 name="/usr/bin/find" inode=11 dev=08:01 mode=0100755 ouid=0 ogid=0 rdev=00:00 nametype=NORMAL
type=PATH msg=audit(1700000000.200:457): item=0 name=2F6574632F6120736861646F77 inode=7 mode=0100640 ouid=0 ogid=42 nametype=NORMAL
type=PROCTITLE msg=audit(1700000000.123:456): proctitle=66696E64002E2F6D7920646972002D7065726D
type=EOE msg=audit(1700000000.123:456):
type=SYSCALL msg=audit(1700000001.000:458): arch=c000003e syscall=42 success=yes exit=0 a0=3 a1=7f a2=10 a3=0 items=0 ppid=1 pid=900 auid=1000 uid=0 gid=0 euid=0 suid=0 fsuid=0 egid=0 sgid=0 fsgid=0 ses=1 comm="nc" exe="/usr/bin/nc" key=(null)
type=SOCKADDR msg=audit(1700000001.000:458): saddr=020001BBC0A8010A0000000000000000
type=USER_AUTH msg=audit(1700000002.000:459): pid=1000 uid=0 auid=1000 ses=3 msg='op=PAM:authentication grantors=? acct="root" exe="/usr/bin/su" hostname=? addr=10.0.0.9 terminal=pts/0 res=failed'
"#;

fn documents(source: &Source, options: &Options) -> Vec<Document> {
    let indices: Vec<u32> = (0..100_000).collect();
    let blocks = source.open_as(0, options.form).unwrap().map(Result::unwrap);
    blocks.flat_map(|block| block.render(options, &indices)).map(|(_, document)| document).collect()
}

fn from_text(text: &str) -> Vec<Document> {
    documents(&Source::from_bytes("log", text.as_bytes().to_vec()), &Options::default())
}

#[track_caller]
fn check(document: &Document, expected: &[(&str, Json)]) {
    for (path, json) in expected {
        assert_eq!(document.get(path).unwrap_or(&Json::Null), json, "{path} of {document:?}");
    }
}

#[test]
fn audit_events() {
    let events = from_text(AUDIT);
    assert_eq!(events.len(), 4);
    check(
        &events[0],
        &[
            ("@timestamp", json!("2023-11-14T22:13:20.123Z")),
            ("event.sequence", json!(456)),
            ("event.category", json!(["process"])),
            ("event.type", json!(["start"])),
            ("event.action", json!("executed")),
            ("event.outcome", json!("success")),
            ("event.dataset", json!("auditd_manager.auditd")),
            ("event.module", json!("auditd")),
            ("host.os.type", json!("linux")),
            ("process.args", json!(["find", "./my dir", "-perm"])),
            ("process.args_count", json!(3)),
            ("process.title", json!("find ./my dir -perm")),
            ("process.name", json!("find")),
            ("process.executable", json!("/usr/bin/find")),
            ("process.pid", json!(701)),
            ("process.parent.pid", json!(700)),
            ("process.working_directory", json!("/home/mira")),
            ("user.id", json!("1000")),
            ("user.effective.id", json!("0")),
            ("auditd.user.audit.id", json!("1000")),
            ("auditd.data.syscall", json!("execve")),
            ("auditd.data.arch", json!("x86_64")),
            ("auditd.data.a0", json!("55d0")),
            ("auditd.session", json!("3")),
            ("auditd.message_type", json!("syscall")),
            ("file.path", json!("/usr/bin/find")),
            ("tags", json!(["exec"])),
        ],
    );
    check(
        &events[1],
        &[
            ("event.category", json!(["file"])),
            ("event.action", json!("opened-file")),
            ("event.outcome", json!("failure")),
            ("auditd.data.exit", json!(-13)),
            ("auditd.session", Json::Null),
            ("auditd.user.audit", Json::Null),
            ("file.path", json!("/etc/a shadow")),
            ("file.mode", json!("0640")),
            ("process.name", json!("my app")),
            ("process.executable", json!("/opt/my app")),
            ("user.id", json!("33")),
            ("user.effective", Json::Null),
            ("auditd.data.tty", json!("(none)")),
            ("tags", Json::Null),
        ],
    );
    check(
        &events[2],
        &[
            ("event.type", json!(["connection", "start"])),
            ("event.action", json!("connected-to")),
            ("destination.ip", json!("192.168.1.10")),
            ("destination.port", json!(443)),
            ("network.direction", json!("egress")),
            ("auditd.data.socket.family", json!("ipv4")),
        ],
    );
    check(
        &events[3],
        &[
            ("event.category", json!(["authentication"])),
            ("event.action", json!("authenticated")),
            ("event.outcome", json!("failure")),
            ("auditd.result", json!("fail")),
            ("user.id", json!("1000")),
            ("user.effective.name", json!("root")),
            ("auditd.data.op", json!("PAM:authentication")),
            ("auditd.data.grantors", Json::Null),
            ("auditd.data.addr", json!("10.0.0.9")),
            ("process.executable", json!("/usr/bin/su")),
        ],
    );
}

#[test]
fn audit_logs_with_names_for_numbers() {
    let line = "node=web1 type=SYSCALL msg=audit(1700000000.123:9): arch=c000003e syscall=175 success=yes exit=0 \
                ppid=1 pid=2 auid=1000 uid=0 gid=0 euid=0 comm=\"insmod\" exe=\"/usr/bin/kmod\" key=(null)\u{1d}\
                ARCH=x86_64 SYSCALL=init_module AUID=\"mira\" UID=\"root\" GID=\"root\" EUID=\"root\"\n";
    check(
        &from_text(line)[0],
        &[
            ("host.name", json!("web1")),
            ("event.category", json!(["driver"])),
            ("event.action", json!("loaded-kernel-module")),
            ("user.name", json!("root")),
            ("auditd.user.audit.name", json!("mira")),
            ("auditd.summary.actor.primary", json!("mira")),
            ("auditd.data.AUID", Json::Null),
        ],
    );
}

#[test]
fn a_denied_access_is_also_of_its_system_calls_category() {
    let log = "type=AVC msg=audit(1.000:9): apparmor=\"DENIED\" operation=\"chmod\" profile=\"x\"\n\
               type=SYSCALL msg=audit(1.000:9): arch=c000003e syscall=90 success=no exit=-13 pid=2 uid=0 comm=\"a\"\n";
    check(
        &from_text(log)[0],
        &[
            ("event.action", json!("violated-apparmor-policy")),
            ("event.category", json!(["file"])),
            ("event.type", json!(["change"])),
            ("auditd.data.operation", json!("chmod")),
            ("auditd.data.syscall", json!("chmod")),
        ],
    );
    let alone = "type=AVC msg=audit(1.000:9): avc:  denied  { read write } for  pid=2 comm=\"a\" tcontext=u:r:t:s0\n";
    check(
        &from_text(alone)[0],
        &[
            ("event.action", json!("violated-selinux-policy")),
            ("event.category", json!("mac-decision")),
            ("auditd.data.seresult", json!("denied")),
            ("auditd.data.seperms", json!("read write")),
        ],
    );
}

#[test]
fn what_is_no_audit_record_is_named() {
    let text = AUDIT.replace("type=EOE", "never\n----\n\nx=EOE");
    let read = read_bytes(text);
    assert_eq!(
        read.texts("event.action"),
        ["executed", "opened-file", "connected-to", "authenticated"]
    );
    let reason = "not a record of the Linux audit system (`type=… msg=audit(…): …`)";
    assert_eq!(read.messages(), [format!("test:8: {reason}"), format!("test:11: {reason}")]);
}

/// A long argument comes in pieces, over several records.
#[test]
fn pieces_of_arguments() {
    let log = "type=SYSCALL msg=audit(1.000:9): arch=c000003e syscall=59 success=yes pid=2 uid=0\n\
               type=EXECVE msg=audit(1.000:9): argc=2 a0=\"echo\" a1_len=6 a1[0]=\"abc\"\n\
               type=EXECVE msg=audit(1.000:9): a1[1]=646566\n";
    check(&from_text(log)[0], &[("process.args", json!(["echo", "abcdef"]))]);
}

/// Several blocks hold whole events, and the same as one would.
#[test]
fn events_are_not_cut() {
    let title = |serial: u32| {
        let seconds = 1_700_000_000 + serial;
        format!("type=PROCTITLE msg=audit({seconds}.000:{serial}): proctitle=\"t{serial}\"\n")
    };
    let mut log = Vec::new();
    for serial in 0..16_000 {
        let seconds = 1_700_000_000 + serial;
        let call = "arch=c000003e syscall=59 success=yes uid=0";
        log.push(format!("type=SYSCALL msg=audit({seconds}.000:{serial}): {call} pid={serial}\n"));
        // A title comes when the next event has begun; after a hundred of them none goes on.
        if serial % 100 != 0 {
            log.push(title(serial - 1));
        }
        if serial % 100 == 99 {
            log.push(title(serial));
        }
    }
    let read = read_bytes(log.concat());
    assert!(read.problems.is_empty() && read.blocks > 1);
    let expected: Vec<String> = (0..16_000).map(|serial| format!("t{serial}")).collect();
    assert_eq!(read.texts("process.title"), expected);
}

fn sysmon(id: u32, data: &[(&str, &str)]) -> String {
    let datum = |(name, value): &(&str, &str)| format!("<Data Name=\"{name}\">{value}</Data>");
    let data = data.iter().map(datum).collect::<Vec<_>>().concat();
    format!(
        "<Event><System><Provider Name=\"Linux-Sysmon\" Guid=\"{{ff032593-a8d3-4f13-b0d6-01fc615a0f97}}\"/>\
         <EventID>{id}</EventID><Version>5</Version><Level>4</Level><Task>{id}</Task><Opcode>0</Opcode>\
         <Keywords>0x8000000000000000</Keywords><TimeCreated SystemTime=\"2024-03-02T10:00:00.125413000Z\"/>\
         <EventRecordID>8</EventRecordID><Correlation/><Execution ProcessID=\"24\" ThreadID=\"24\"/>\
         <Channel>Linux-Sysmon/Operational</Channel><Computer>web1</Computer><Security UserId=\"0\"/></System>\
         <EventData>{data}</EventData></Event>"
    )
}

#[test]
fn sysmon_for_linux() {
    let process = sysmon(
        1,
        &[
            ("RuleName", "-"),
            ("UtcTime", "2024-03-02 10:00:00.130"),
            ("ProcessGuid", "{11111111-2222-3333-4444-555555555555}"),
            ("ProcessId", "701"),
            ("Image", "/usr/bin/curl"),
            ("CommandLine", "curl -o &quot;/tmp/a b&quot; http://x"),
            ("CurrentDirectory", "/home/mira"),
            ("User", "mira"),
            ("LogonId", "1000"),
            ("Hashes", "-"),
            ("ParentProcessId", "700"),
            ("ParentImage", "/usr/bin/bash"),
            ("ParentCommandLine", "-"),
        ],
    );
    let network = sysmon(
        3,
        &[
            ("Image", "/usr/bin/curl"),
            ("Protocol", "tcp"),
            ("Initiated", "true"),
            ("DestinationIp", "10.0.0.9"),
            ("DestinationPort", "80"),
        ],
    );
    let file = sysmon(
        11,
        &[("Image", "/usr/bin/curl"), ("TargetFilename", "/tmp/x/a.sh"), ("User", "root")],
    );
    let log = format!(
        "Mar  2 11:00:00 web1 cron[12]: (root) CMD\nMar  2 11:00:00 web1 sysmon: {process}\n\
         <14>1 2024-03-02T10:00:00Z web1 sysmon 24 - - {network}\nMar  2 11:00:00 web1 sysmon[24]: {file}\n"
    );
    let events = from_text(&log);
    assert_eq!(events.len(), 4);
    check(
        &events[0],
        &[
            ("message", json!("(root) CMD")),
            ("process.name", json!("cron")),
            ("process.pid", json!(12)),
            ("event.dataset", json!("system.syslog")),
            ("host.os.type", json!("linux")),
        ],
    );
    check(
        &events[1],
        &[
            ("event.dataset", json!("sysmon_linux.log")),
            ("event.module", json!("sysmon_linux")),
            ("host.os.type", json!("linux")),
            ("host.name", json!("web1")),
            ("@timestamp", json!("2024-03-02T10:00:00.130Z")),
            ("event.code", json!("1")),
            ("event.category", json!(["process"])),
            ("event.type", json!(["start"])),
            ("event.action", json!("exec")),
            ("event.provider", json!("Linux-Sysmon")),
            ("process.name", json!("curl")),
            ("process.args", json!(["curl", "-o", "/tmp/a b", "http://x"])),
            ("process.parent.name", json!("bash")),
            ("process.parent.command_line", Json::Null),
            ("process.hash", Json::Null),
            ("user.name", json!("mira")),
            ("user.id", Json::Null),
            ("winlog.event_data.LogonId", json!("1000")),
            ("winlog.api", Json::Null),
        ],
    );
    check(
        &events[2],
        &[
            ("event.action", json!("connection_attempted")),
            ("destination.ip", json!("10.0.0.9")),
            ("network.direction", json!("egress")),
        ],
    );
    check(
        &events[3],
        &[
            ("event.action", json!("creation")),
            ("file.path", json!("/tmp/x/a.sh")),
            ("file.name", json!("a.sh")),
            ("file.directory", json!("/tmp/x")),
            ("file.extension", json!("sh")),
            ("user.id", json!("0")),
        ],
    );
}

#[test]
fn sysmon_for_linux_in_the_journal() {
    let event = sysmon(5, &[("Image", "/usr/bin/curl")]);
    let line =
        json!({"_HOSTNAME": "web1", "SYSLOG_IDENTIFIER": "sysmon", "MESSAGE": event}).to_string();
    check(&from_text(&line)[0], &[("event.action", json!("end")), ("process.name", json!("curl"))]);
    let source = Source::from_bytes("journal", line.into_bytes());
    let (mut sink, mut problems) = (crate::support::Count::default(), Vec::new());
    let block = source.open(0).unwrap().next().unwrap().unwrap();
    let count = block.read(&Options::default(), &mut sink, &mut problems);
    assert_eq!(count.forms[Form::Syslog as usize], 1);
}

#[test]
fn what_is_no_line_of_syslog_is_named() {
    let event = sysmon(5, &[]);
    let log = format!(
        "Mar  2 11:00:00 web1 sysmon: {event}\nno header\nMar  2 11:00:00 web1 sysmon: <Event><Sys\n"
    );
    let read = read_bytes(log);
    assert_eq!(read.events.len(), 1);
    assert_eq!(
        read.messages(),
        ["test:2: not a line of syslog", "test:3: the XML ends in the middle of the event",]
    );
}

#[test]
fn within_archives_and_from_streams() {
    let mut gzip = GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(AUDIT.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    assert_eq!(read_bytes(&gzip[..]).events.len(), 4);
    assert_eq!(read(&Source::from_reader("-", std::io::Cursor::new(gzip))).events.len(), 4);
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("audit.log", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(AUDIT.as_bytes()).unwrap();
    assert_eq!(read_bytes(zip.finish().unwrap().into_inner()).events.len(), 4);
}

#[test]
fn a_form_can_be_forced() {
    let cron = "Mar  2 11:00:00 web1 cron[12]: (root) CMD\n";
    let source = Source::from_bytes("log", cron.as_bytes().to_vec());
    assert!(source.open(0).is_err());
    let options = Options { form: Some(Form::Syslog), ..Options::default() };
    assert_eq!(documents(&source, &options)[0].get_str("message"), Some("(root) CMD"));
    let late = "x\n".repeat(100) + AUDIT;
    let source = Source::from_bytes("log", late.into_bytes());
    assert!(source.open(0).is_err());
    let options = Options { form: Some(Form::Audit), ..Options::default() };
    assert_eq!(documents(&source, &options).len(), 4);
}
