//! An event is the sum of its parts, whatever its values are and whatever columns there are.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

use dragnet_ecs::{Data, Flavor, WinEvent};
use dragnet_event::{
    Batch, ColumnId, Entry, EventRef, Field as Column, FieldSink, Scalar, Schema, Time,
};

use super::kind::Kind;
use super::{Declined, Interest, Memory, Record, Role, ShapeField};
use crate::block::Options;
use crate::record::normalize;
use crate::system::Field;

/// A record that is an event already.
#[derive(Debug)]
struct Texts {
    system: Vec<(Field, String)>,
    data: Vec<(&'static str, String)>,
}

impl Texts {
    fn get(&self, field: u16) -> &str {
        let field = usize::from(field);
        let system = self.system.get(field).map(|(_, text)| text);
        system.unwrap_or_else(|| &self.data[field - self.system.len()].1)
    }

    fn fields(&self) -> Vec<ShapeField> {
        let system = self.system.iter().map(|(field, _)| match field {
            Field::TimeCreated => Role::Created,
            Field::RecordId => Role::Only("winlog.record_id"),
            Field::ProcessId => Role::Process,
            Field::UserId => Role::Account,
            Field::Computer => Role::Computer,
            _ => Role::Kind,
        });
        let data = self.data.iter().map(|(name, _)| Role::Datum((*name).into()));
        system.chain(data).map(|role| ShapeField { role, is_fixed: false }).collect()
    }

    /// What tells its shape.
    fn shape(&self) -> Vec<u8> {
        let system = self.system.iter().map(|(field, _)| format!("{field:?} "));
        let data = self.data.iter().map(|(name, _)| format!("{name} "));
        system.chain(data).collect::<String>().into_bytes()
    }
}

impl Record for Texts {
    fn raw(&self, field: u16) -> (u8, &[u8]) {
        (0, self.get(field).as_bytes())
    }

    fn text(&self, field: u16, text: &mut Vec<u8>) -> Option<()> {
        text.extend_from_slice(self.get(field).as_bytes());
        Some(())
    }

    fn is_absent(&self, _: u16) -> bool {
        false
    }

    fn time(&self, field: u16) -> Result<Option<Time>, Declined> {
        Ok(Time::parse(self.get(field)))
    }

    fn event(
        &self,
        fields: &dyn Fn(u16) -> bool,
        each: &mut dyn FnMut(&WinEvent<'_>),
    ) -> Option<()> {
        let mut event = WinEvent::default();
        let mut number = 0;
        let mut text = || {
            number += 1;
            if fields(number - 1) { Cow::Borrowed(self.get(number - 1)) } else { Cow::Borrowed("") }
        };
        for (field, _) in &self.system {
            field.set(&mut event, text());
        }
        for (name, _) in &self.data {
            event.event_data.push(Data { name: Cow::Borrowed(name), value: text() });
        }
        each(&event);
        Some(())
    }
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

const SYSMON: (&str, &str) = ("Microsoft-Windows-Sysmon/Operational", "Microsoft-Windows-Sysmon");
const SECURITY: (&str, &str) = ("Security", "Microsoft-Windows-Security-Auditing");

const CHANNELS: &[(&str, &str)] = &[
    SYSMON,
    SYSMON,
    SYSMON,
    SECURITY,
    SECURITY,
    SECURITY,
    ("Security", "Microsoft-Windows-Eventlog"),
    ("Security", "another"),
    ("System", "Service Control Manager"),
    ("Application", "MsiInstaller"),
    ("ForwardedEvents", "Microsoft-Windows-Sysmon"),
    ("Windows PowerShell", "PowerShell"),
    ("Microsoft-Windows-PowerShell/Operational", "Microsoft-Windows-PowerShell"),
    ("Microsoft-Windows-Windows Defender/Operational", "Microsoft-Windows-Windows Defender"),
    ("Microsoft-Windows-AppLocker/EXE and DLL", "Microsoft-Windows-AppLocker"),
];

const SYSMON_IDS: &[&str] = &[
    "1", "2", "3", "5", "6", "7", "8", "9", "10", "11", "12", "13", "15", "16", "17", "22", "25",
    "255",
];

const SECURITY_IDS: &[&str] = &[
    "1100", "1102", "4662", "4779", "4799", "4817", "5152", "5379", "4624", "4625", "4634", "4648",
    "4656", "4657", "4663", "4670", "4672", "4673", "4688", "4689", "4697", "4698", "4719", "4720",
    "4728", "4738", "4741", "4768", "4776", "4778", "4781", "4907", "4964", "5136", "5137", "5140",
    "5145", "5156", "5158", "9",
];

const OTHER_IDS: &[&str] =
    &["1", "400", "600", "800", "1116", "1126", "4103", "4104", "7045", "8003"];

/// Names of data that Sysmon's pipeline knows, and a few others, which stay as they are.
#[rustfmt::skip]
const SYSMON_NAMES: &[&str] = &[
    "", "Data", "Unknown", "Archived", "CommandLine", "Company", "CurrentDirectory", "Destination",
    "DestinationHostname", "DestinationIp", "DestinationIsIpv6", "DestinationPort", "DestinationPortName",
    "Details", "Device", "Hash", "Hashes", "ID", "Image", "ImageLoaded", "Initiated", "IsExecutable",
    "ParentCommandLine", "ParentImage", "ParentProcessGuid", "ParentProcessId", "PipeName", "ProcessGuid",
    "ProcessId", "Protocol", "QueryName", "QueryResults", "QueryStatus", "RuleName", "Signature",
    "SignatureStatus", "SourceHostname", "SourceImage", "SourceIp", "SourceIsIpv6", "SourcePort",
    "SourcePortName", "SourceProcessGUID", "SourceProcessGuid", "SourceProcessId", "SourceThreadId",
    "TargetFilename", "TargetObject", "TargetProcessGUID", "TargetProcessGuid", "Type", "User", "UtcTime",
];

/// The same for the Security log.
#[rustfmt::skip]
const SECURITY_NAMES: &[&str] = &[
    "", "Data", "Unknown", "AccessList", "AccessMask", "AccountDomain", "AccountName", "Application",
    "AuditPolicyChanges", "ClientAddress", "ClientName", "CommandLine", "DestAddress", "DestPort",
    "Direction", "FailureReason", "IpAddress", "IpPort", "LayerName", "LogonID", "LogonType", "MemberName",
    "NewProcessId", "NewProcessName", "NewSd", "NewTargetUserName", "NewUacValue", "ObjectClass", "ObjectDN",
    "ObjectName", "ObjectType", "OldSd", "OldTargetUserName", "OperationType", "ParentProcessName",
    "PrivilegeList", "ProcessId", "ProcessName", "Protocol", "RelativeTargetName", "RemoteMachineID",
    "RemoteUserID", "ServiceName", "ServiceType", "ShareLocalPath", "ShareName", "SidList",
    "SourceAddress", "SourcePort", "Status", "SubStatus", "SubcategoryGuid", "SubjectDomainName",
    "SubjectLogonId", "SubjectUserName", "SubjectUserSid", "TargetDomainName", "TargetLogonId",
    "TargetSid", "TargetUserName", "TargetUserSid", "TdoAttributes", "TdoDirection", "TdoType",
    "TicketEncryptionType", "TicketOptions", "UserAccountControl", "WorkstationName",
];

#[rustfmt::skip]
const OTHER_NAMES: &[&str] = &[
    "", "Data", "Action Name", "ConnectedUser", "ContextInfo", "Destination", "FileName", "Fqbn",
    "HostApplication", "Path", "Payload", "Process Name", "ScriptBlockText", "ScriptName", "User", "param1",
];

const VALUES: &[&str] = &[
    "",
    "",
    "-",
    "0",
    "1",
    "4",
    "0x4",
    "0x3e7",
    "443",
    "65536",
    "true",
    "false",
    "Valid",
    "tcp",
    "6",
    "{00000000-0000-0000-0000-000000000000}",
    "{0CCE9215-69AE-11D9-BED3-505054503030}",
    "{5f3759df-0000-0001-0000-000000000001}",
    "10.1.2.3",
    "::ffff:10.1.2.4",
    "::1",
    "LOCAL",
    "Unknown",
    "C:\\Windows\\System32\\cmd.exe",
    "C:\\Users\\ann\\notes.txt",
    "cmd.exe",
    "cmd.exe /c \"echo a\" b",
    "text with an end\r\n",
    "line\r\nline",
    "EXAMPLE\\ann",
    "\\ann",
    "ann",
    "ann@EXAMPLE.ORG",
    "WS7$",
    "S-1-5-18",
    "S-1-5-21-1-2-3-1001",
    "MD5=AB,SHA256=CD,IMPHASH=00",
    "HKLM\\Software\\a\\b",
    "DWORD (0x00000004)",
    "Binary Data",
    "2024-03-02 10:00:01.500",
    "2024-03-02 10:00",
    "%%1936",
    "%%1537\r\n\t\t%%1538",
    "SeDebugPrivilege\r\n\t\tSeTcbPrivilege",
    "CN=Ann,CN=Users,DC=example,DC=org",
    "user",
    "group",
    "Key",
    "\\REGISTRY\\MACHINE\\a",
    "type:  5 a.example.org;::ffff:10.9.9.9;",
    "a.example.org",
    "0xc000006d",
    "%{S-1-5-32-544}",
    "O:BAG:SYD:(A;;FA;;;BA)",
    "HostApplication=powershell.exe -c x\r\n\tUser = EXAMPLE\\ann",
    "Path",
];

/// What values of such names mostly are.
const USUAL: &[(&str, &[&str])] = &[
    ("Ip", &["10.1.2.3", "::1"]),
    ("Address", &["10.1.2.3", "::ffff:10.1.2.4", "-"]),
    ("Port", &["443", "4"]),
    ("Protocol", &["tcp", "6"]),
    ("Status", &["0xc000006d", "0xc0000064"]),
    ("ObjectClass", &["user", "group"]),
    ("ObjectDN", &["CN=Ann,CN=Users,DC=example,DC=org"]),
    ("ObjectType", &["Key", "File"]),
    ("ObjectName", &["\\REGISTRY\\MACHINE\\a", "C:\\Users\\ann\\notes.txt"]),
    ("UacValue", &["0x4", "0x3e7"]),
];

fn value(random: &mut Random, name: &str) -> String {
    let usual = USUAL.iter().find(|(end, _)| name.ends_with(end)).map(|(_, values)| *values);
    let is_usual = random.below(4) > 0;
    random.of(usual.filter(|_| is_usual).unwrap_or(VALUES)).to_owned()
}

fn record(random: &mut Random) -> Texts {
    let (channel, provider) = random.of(CHANNELS);
    let id = match provider {
        "Microsoft-Windows-Sysmon" => random.of(SYSMON_IDS),
        "Microsoft-Windows-Security-Auditing" => random.of(SECURITY_IDS),
        _ => random.of(OTHER_IDS),
    };
    let of = |random: &mut Random, all: &[&str]| random.of(all).to_owned();
    let system = vec![
        (Field::ProviderName, provider.to_owned()),
        (Field::Channel, channel.to_owned()),
        (Field::EventId, id.to_owned()),
        (Field::Level, of(random, &["0", "2", "4"])),
        (Field::Task, of(random, &["0", "1", "12544"])),
        (Field::Keywords, of(random, &["0x8000000000000000", "0x8010000000000000"])),
        (Field::TimeCreated, of(random, &["2024-03-02T10:00:01.5Z", "2024-03-02T10:00:02Z", "no"])),
        (Field::RecordId, of(random, &["0", "7", "8"])),
        (Field::ProcessId, of(random, &["0", "4", "712"])),
        (Field::UserId, of(random, &["", "S-1-5-18", "S-1-5-21-1-2-3-1001"])),
        (Field::Computer, of(random, &["", "WS7.example.org", "DC1"])),
    ];
    let names = match provider {
        "Microsoft-Windows-Sysmon" => SYSMON_NAMES,
        "Microsoft-Windows-Security-Auditing" => SECURITY_NAMES,
        _ => OTHER_NAMES,
    };
    let len = 1 + random.below(96);
    let data = (0..len).map(|_| {
        let name = random.of(names);
        (name, value(random, name))
    });
    Texts { data: data.collect(), system }
}

/// Collects paths.
#[derive(Default)]
struct Paths(BTreeSet<String>);

impl FieldSink for Paths {
    fn wants(&self, _: &str) -> bool {
        true
    }

    fn put(&mut self, path: &str, _: Scalar<'_>) {
        self.0.insert(path.to_owned());
    }
}

/// Wants every column, or some of them, by the event's code; says that these tell it.
#[derive(Debug)]
struct Fickle {
    telling: Vec<ColumnId>,
    /// Then nothing.
    wants_nothing: bool,
}

impl Interest for Fickle {
    fn telling(&self) -> &[ColumnId] {
        &self.telling
    }

    fn columns(
        &self,
        batch: &Batch,
        facts: &[Entry],
        is_whole: &dyn Fn(ColumnId) -> bool,
    ) -> Vec<bool> {
        assert!(facts.iter().all(|fact| is_whole(fact.column())));
        if self.wants_nothing {
            return vec![false; batch.columns().len()];
        }
        let code: usize = facts.iter().map(|fact| 1 + fact.code() as usize).sum();
        (0..batch.columns().len()).map(|column| !(column * 31 + code).is_multiple_of(3)).collect()
    }
}

/// Of rows that were put with an [`Interest`], the columns that are there are those of the whole. (That all are there which
/// are wanted is checked where they are put.)
#[test]
fn what_is_of_interest_is_there() {
    for seed in 0..4 {
        let (full, less) = check_interest(seed, false);
        assert!(less > 100, "{full} {less}");
        let (full, less) = check_interest(seed, true);
        assert!(less > 100, "{full} {less}");
    }
}

/// How many rows are there in full, and how many in part.
fn check_interest(seed: u64, wants_nothing: bool) -> (u32, u32) {
    let mut random = Random(seed);
    let shapes: Vec<Texts> = (0..40).map(|_| record(&mut random)).collect();
    let mut paths = Paths::default();
    let options = Options { complete: true, ..Options::default() };
    for record in &shapes {
        record.event(&|_| true, &mut |event| normalize(event, &options, &mut paths)).unwrap();
    }
    let schema = Schema::open();
    let columns: Vec<Column> = paths.0.iter().map(|path| schema.field(path)).collect();
    let new = || Batch::new(&columns, &schema.field("@timestamp"));
    // Of the latter, parts have something to say.
    let telling = ["event.code", "event.dataset", "process.name", "user.name"];
    let telling = if wants_nothing { &telling[..2] } else { &telling };
    let is_telling = |id: &ColumnId| telling.contains(&columns[id.0 as usize].path());
    let telling = (0..columns.len() as u32).map(ColumnId).filter(is_telling).collect();
    let mut memory = Memory::new(Arc::new(Fickle { telling, wants_nothing }));
    let (mut whole, mut parts) = (new(), new());
    let (mut full, mut less) = (0, 0);
    for (number, record) in (0..).zip(shapes.iter().cycle().take(200)) {
        record.event(&|_| true, &mut |event| normalize(event, &options, &mut whole)).unwrap();
        let shape = memory.shape(&record.shape(), || Some(record.fields())).unwrap();
        if memory.put(record, shape, &options, &mut parts).is_none() {
            record.event(&|_| true, &mut |event| normalize(event, &options, &mut parts)).unwrap();
        }
        let at = EventRef { source: 0, block: 0, index: number };
        whole.end_row(at);
        parts.end_row(at);
        let (part, whole) = (row(&parts, number), row(&whole, number));
        assert!(part.iter().all(|column| whole.contains(column)), "{record:?}");
        // Times are there always, and kinds that are no sum in full.
        let times = ["@timestamp", "event.created", "event.ingested"];
        let has_times_only = part.iter().all(|(path, _)| times.contains(&&**path));
        assert!(!wants_nothing || has_times_only || part == whole, "{record:?}");
        if part == whole { full += 1 } else { less += 1 }
    }
    (full, less)
}

/// The values of a row, by column.
fn row(batch: &Batch, row: u32) -> Vec<(String, Vec<String>)> {
    let columns = batch.columns().iter();
    let row = columns.map(|column| {
        let values = column.row_values(row).map(|value| format!("{value:?}"));
        let mut values: Vec<String> = values.collect();
        values.sort_unstable();
        (column.field().path().to_owned(), values)
    });
    row.filter(|(_, values)| !values.is_empty()).collect()
}

fn check(seed: u64, flavor: Flavor) {
    let options = Options { complete: true, flavor, ..Options::default() };
    let mut random = Random(seed);
    // Each shape comes with many values.
    let mut records: Vec<Texts> = (0..60).map(|_| record(&mut random)).collect();
    for n in 0..600 {
        let like = &records[n % 60];
        let other = |random: &mut Random, name: &str, text: &str| match random.below(3) {
            0 => value(random, name),
            _ => text.to_owned(),
        };
        let system = like.system.clone();
        let data = like.data.iter().map(|(name, text)| (*name, other(&mut random, name, text)));
        let data = data.collect();
        records.push(Texts { system, data });
    }
    let mut paths = Paths::default();
    for record in &records {
        record.event(&|_| true, &mut |event| normalize(event, &options, &mut paths)).unwrap();
    }
    let schema = Schema::open();
    let wanted = paths.0.iter().filter(|_| seed == 0 || random.below(3) > 0);
    let columns: Vec<Column> = wanted.map(|path| schema.field(path)).collect();
    let new = || Batch::new(&columns, &schema.field("@timestamp"));
    let (mut whole, mut parts, mut memory) = (new(), new(), Memory::default());
    for (number, record) in (0..).zip(&records) {
        let at = EventRef { source: 0, block: 0, index: number };
        record.event(&|_| true, &mut |event| normalize(event, &options, &mut whole)).unwrap();
        let shape = memory.shape(&record.shape(), || Some(record.fields())).unwrap();
        memory.put(record, shape, &options, &mut parts).unwrap();
        assert_eq!(parts.pending_time(), whole.pending_time(), "{record:?}");
        whole.end_row(at);
        parts.end_row(at);
        assert_eq!(row(&parts, number), row(&whole, number), "{record:?}");
    }
    let is_whole = |kind: &&Kind| kind.is_whole;
    let whole = memory.kinds.iter().filter(is_whole).count();
    assert!(whole * 5 <= memory.kinds.len(), "{whole} of {} are whole", memory.kinds.len());
}

#[test]
fn an_event_is_the_sum_of_its_parts() {
    for seed in 0..12 {
        check(seed, Flavor::Logs);
        check(seed, Flavor::Winlogbeat);
    }
}
