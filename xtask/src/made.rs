//! A small corpus that the project makes itself: events as Windows would log them, as EVTX and as `NXLog`'s lines, and
//! rules. The same bytes every time, so that what work they cost can be kept beside the code.
//!
//! Values repeat as they do in logs: few hosts and programs, more command lines, and ids that are new each time.

mod evtx;
mod rules;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

/// How many events and rules.
pub(crate) const EVENTS: usize = 4000;
pub(crate) const RULES: usize = 240;

/// Where the corpus was written.
pub(crate) struct Made {
    pub(crate) evtx: PathBuf,
    pub(crate) lines: PathBuf,
    pub(crate) rules: PathBuf,
}

/// Writes the corpus below a folder.
pub(crate) fn write(folder: &Path) -> io::Result<Made> {
    let rules = folder.join("rules");
    let made = Made { evtx: folder.join("events.evtx"), lines: folder.join("events.json"), rules };
    if made.rules.exists() {
        fs::remove_dir_all(&made.rules)?;
    }
    fs::create_dir_all(&made.rules)?;
    let events = events(EVENTS);
    fs::write(&made.evtx, evtx::file(&events))?;
    let lines: String = events.iter().map(|event| event.line() + "\n").collect();
    fs::write(&made.lines, lines)?;
    for (number, rule) in rules::rules(RULES).iter().enumerate() {
        fs::write(made.rules.join(format!("rule_{number:03}.toml")), rule)?;
    }
    Ok(made)
}

/// Numbers that look random and are the same every time.
struct Random(u64);

impl Random {
    fn below(&mut self, below: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % below.max(1)
    }

    fn of<'t>(&mut self, all: &[&'t str]) -> &'t str {
        all[self.below(all.len())]
    }
}

const SYSMON: &str = "Microsoft-Windows-Sysmon";
const SECURITY: &str = "Microsoft-Windows-Security-Auditing";

/// A kind of event, and the names of its data.
struct Kind {
    provider: &'static str,
    channel: &'static str,
    id: u16,
    data: &'static [&'static str],
}

const fn sysmon(id: u16, data: &'static [&'static str]) -> Kind {
    Kind { provider: SYSMON, channel: "Microsoft-Windows-Sysmon/Operational", id, data }
}

const fn security(id: u16, data: &'static [&'static str]) -> Kind {
    Kind { provider: SECURITY, channel: "Security", id, data }
}

#[rustfmt::skip]
const KINDS: &[Kind] = &[
    sysmon(1, &["RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "Description", "Company", "OriginalFileName",
        "CommandLine", "CurrentDirectory", "User", "LogonId", "IntegrityLevel", "Hashes", "ParentProcessGuid",
        "ParentProcessId", "ParentImage", "ParentCommandLine"]),
    sysmon(3, &["RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "User", "Protocol", "Initiated",
        "SourceIp", "SourcePort", "DestinationIp", "DestinationHostname", "DestinationPort"]),
    sysmon(7, &["RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "ImageLoaded", "OriginalFileName", "Hashes",
        "Signed", "Signature", "SignatureStatus"]),
    sysmon(11, &["RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "TargetFilename", "CreationUtcTime"]),
    sysmon(13, &["RuleName", "EventType", "UtcTime", "ProcessGuid", "ProcessId", "Image", "TargetObject", "Details"]),
    security(4624, &["SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "TargetUserSid",
        "TargetUserName", "TargetDomainName", "TargetLogonId", "LogonType", "LogonProcessName",
        "AuthenticationPackageName", "WorkstationName", "IpAddress", "IpPort", "NewProcessName"]),
    security(4688, &["SubjectUserSid", "SubjectUserName", "SubjectDomainName", "SubjectLogonId", "NewProcessId",
        "NewProcessName", "TokenElevationType", "ProcessId", "CommandLine", "ParentProcessName"]),
];

const HOSTS: &[&str] = &["ws-01.corp.example", "ws-02.corp.example", "dc-01.corp.example"];
const USERS: &[&str] = &["CORP\\ada", "CORP\\grace", "NT AUTHORITY\\SYSTEM"];
const FOLDERS: &[&str] =
    &["C:\\Windows\\System32\\", "C:\\Program Files\\Example\\", "C:\\Users\\ada\\AppData\\"];
const PROGRAMS: &[&str] = &[
    "cmd.exe",
    "powershell.exe",
    "svchost.exe",
    "rundll32.exe",
    "regsvr32.exe",
    "winword.exe",
    "mshta.exe",
    "certutil.exe",
    "wmiprvse.exe",
    "explorer.exe",
    "notepad.exe",
    "schtasks.exe",
    "example-agent.exe",
    "msiexec.exe",
    "net.exe",
    "lsass.exe",
];
const ARGUMENTS: &[&str] = &[
    "/c whoami",
    "-NoProfile -Command Get-Item",
    "-k netsvcs",
    "/i package.msi /qn",
    "https://files.example/a",
    "-urlcache -split -f",
    "user /domain",
    "/create /tn Example /tr calc",
];
const KEYS: &[&str] = &[
    "HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\",
    "HKU\\S-1-5-21-1-2-3-1001\\Software\\Example\\",
    "HKLM\\System\\CurrentControlSet\\Services\\",
];
const EXTENSIONS: &[&str] = &["txt", "dll", "ps1", "tmp", "docx", "log"];

/// An event.
struct Event {
    kind: &'static Kind,
    /// The number of the kind.
    number: usize,
    /// From 1.
    record: u64,
    /// Seconds after the first.
    second: u64,
    computer: &'static str,
    values: Vec<String>,
}

fn events(count: usize) -> Vec<Event> {
    let mut random = Random(1);
    let event = |record| {
        let number = random.below(KINDS.len());
        let kind = &KINDS[number];
        let computer = random.of(HOSTS);
        let second = record as u64 / 4;
        let values = kind.data.iter().map(|name| value(name, second, &mut random)).collect();
        Event { kind, number, record: record as u64, second, computer, values }
    };
    (1..=count).map(event).collect()
}

/// A value for a datum of this name.
fn value(name: &str, second: u64, random: &mut Random) -> String {
    let one = |random: &mut Random, texts: &[&str]| random.of(texts).to_owned();
    match name {
        "UtcTime" | "CreationUtcTime" => time(second).replace('T', " ").replace('Z', ".000"),
        "Image" | "ParentImage" | "NewProcessName" | "ParentProcessName" => path(random),
        "ImageLoaded" => format!("{}lib{}.dll", random.of(FOLDERS), random.below(300)),
        "OriginalFileName" => one(random, PROGRAMS),
        "CommandLine" | "ParentCommandLine" => {
            format!("\"{}\" {} {}", path(random), random.of(ARGUMENTS), random.below(900))
        }
        "CurrentDirectory" => one(random, FOLDERS),
        "User" | "SubjectUserName" | "TargetUserName" => one(random, USERS),
        "TargetObject" => format!("{}Value{}", random.of(KEYS), random.below(500)),
        "TargetFilename" => {
            format!("{}file{}.{}", random.of(FOLDERS), random.below(2000), random.of(EXTENSIONS))
        }
        "SourceIp" | "DestinationIp" | "IpAddress" => {
            format!("{}.0.{}.{}", random.of(&["10", "203"]), random.below(4), random.below(250))
        }
        "DestinationPort" => one(random, &["443", "80", "445", "3389", "8080"]),
        "Hashes" => format!("SHA256={:064X}", random.below(1 << 30)),
        "EventType" => one(random, &["SetValue"]),
        "LogonType" => one(random, &["2", "3", "5", "10"]),
        "Initiated" | "Signed" => one(random, &["true", "false"]),
        "SubjectUserSid" | "TargetUserSid" => format!("S-1-5-21-1-2-3-{}", random.below(9)),
        _ if name.ends_with("Guid") => {
            format!("{{5A3F4C10-0001-0000-{:04X}-000000000000}}", random.below(60_000))
        }
        _ if name.ends_with("Id") => format!("0x{:x}", random.below(9000)),
        _ if name.ends_with("Port") => random.below(60_000).to_string(),
        _ => "-".to_owned(),
    }
}

fn path(random: &mut Random) -> String {
    [random.of(FOLDERS), random.of(PROGRAMS)].concat()
}

/// A time of the first of May 2024, or of the days after it.
fn time(second: u64) -> String {
    let (day, second) = (1 + second / 86_400, second % 86_400);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("2024-05-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

impl Event {
    /// As `NXLog` writes it.
    fn line(&self) -> String {
        let system = [
            ("SourceName", Json::from(self.kind.provider)),
            ("Channel", self.kind.channel.into()),
            ("EventID", self.kind.id.into()),
            ("Hostname", self.computer.into()),
            ("RecordNumber", self.record.into()),
            ("TimeCreated", time(self.second).into()),
        ];
        let data = self.kind.data.iter().zip(&self.values);
        let data = data.map(|(name, value)| (*name, Json::from(value.as_str())));
        let members: Map<String, Json> =
            system.into_iter().chain(data).map(|(name, value)| (name.to_owned(), value)).collect();
        Json::Object(members).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_every_time_and_of_every_kind() {
        let (first, second) = (events(200), events(200));
        let lines = |events: &[Event]| events.iter().map(Event::line).collect::<Vec<_>>();
        assert_eq!(lines(&first), lines(&second));
        for kind in 0..KINDS.len() {
            assert!(first.iter().any(|event| event.number == kind), "{kind}");
        }
        assert_eq!(time(86_400 + 3661), "2024-05-02T01:01:01Z");
    }
}
