//! Microsoft-Windows-Sysmon/Operational: the pipeline of Elastic's Sysmon integration.
//!
//! Elastic's pipeline renames, copies and removes fields of one document, step by step. Here the
//! data are sorted once by name ([`Fields`]), what no step looks at goes straight to
//! `winlog.event_data`, and then each group of ECS fields is put from the sorted values. A rename
//! onto a field that an earlier one has set does not happen in Elastic, and the datum stays where
//! it was: [`Fields::rename`].
//!
//! Sysmon for Linux has the same events ([`linux`]); what differs is in [`System`].

mod category;
mod dns;
mod dns_status;
mod hashes;
mod linux;
mod names;
mod registry;

use std::net::IpAddr;

use crate::community_id::community_id;
use crate::out::{Out, Seen};
use crate::parts::{Conversion, Direct, Part};
use crate::win_event::{Data, WinEvent};
use crate::{Flavor, agent, args, channel, convert};
use names::{COUNT, Fate, Name};

pub(crate) use linux::{
    CHANNEL as LINUX_CHANNEL, DATASET as LINUX_DATASET, PROVIDER as LINUX_PROVIDER,
};

const EVENT_DATA: &str = "winlog.event_data.";

/// Data that are another one in nearly every event.
#[rustfmt::skip]
pub(crate) static DIRECT: &[Direct] = &[
    Direct { name: "ProcessGuid", path: "process.entity_id", to: Conversion::Text },
    Direct { name: "ProcessId", path: "process.pid", to: Conversion::Long },
    Direct { name: "ParentProcessGuid", path: "process.parent.entity_id", to: Conversion::Text },
    Direct { name: "ParentProcessId", path: "process.parent.pid", to: Conversion::Long },
];

/// Which data are looked at together.
pub(crate) fn part(name: &str) -> Part {
    match Name::find(name) {
        Some(name) => name.part(),
        // It changes its name.
        None if name == "TargetProcessGuid" => Part::Alone,
        None => Part::Kept,
    }
}

/// The operating system that an event is from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Windows,
    Linux,
}

/// Stage 2 of a Sysmon event.
pub(crate) fn pipeline(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    of_system(event, System::Windows, flavor, out);
}

/// The same for Sysmon for Linux.
pub(crate) fn linux(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    of_system(event, System::Linux, flavor, out);
}

// What looks at two data together must say so in `Name::part`.
fn of_system(event: &WinEvent<'_>, system: System, flavor: Flavor, out: &mut Out<'_>) {
    let id = event.event_id.parse().unwrap_or(0);
    let data = agent::clean_data(event);
    let fields = Fields::read(&data, flavor, out);

    head(event, id, system, flavor, &fields, out);
    process(id, system, &fields, out);
    file(system, &fields, out);
    if let Some(text) = fields.get(Name::Hashes).or(fields.get(Name::Hash)) {
        hashes::hashes(text, id, flavor, out);
    }
    network(id, &fields, out);
    user(event, system, &fields, out);
    if let (12..=14, Some(target)) = (id, fields.get(Name::TargetObject)) {
        registry::registry(target, fields.get(Name::Details), out);
    }
}

/// The data that the pipeline knows, by name.
struct Fields<'d> {
    values: [Option<&'d str>; COUNT],
}

impl<'d> Fields<'d> {
    /// Sorts the data, and puts those that stay in `winlog.event_data`.
    ///
    /// Of several data of one name the first that has a text counts, even if that text
    /// [`says_nothing`].
    fn read(data: &'d [Data<'_>], flavor: Flavor, out: &mut Out<'_>) -> Fields<'d> {
        const { assert!(COUNT <= 64, "`known` has a bit for each name") }
        let mut values = [None; COUNT];
        let mut known = 0u64;
        let mut unknown = Seen::default();
        for (i, datum) in data.iter().enumerate() {
            let value = &*datum.value;
            if value.is_empty() {
                continue;
            }
            let Some(name) = Name::find(&datum.name) else {
                let repeats = !agent::is_unnamed(&datum.name) && !unknown.insert(&datum.name);
                if !repeats && !says_nothing(value) {
                    put_unknown(i, &datum.name, value, out);
                }
                continue;
            };
            let bit = 1 << name as u64;
            if known & bit == 0 && !says_nothing(value) {
                values[name as usize] = Some(value);
                // Winlogbeat drops the text of registry data, the integration keeps it.
                let details = name == Name::Details && flavor == Flavor::Logs;
                if name.fate() == Fate::Stays || details {
                    out.under(EVENT_DATA, name.text(), value);
                }
            }
            known |= bit;
        }
        Fields { values }
    }

    fn get(&self, name: Name) -> Option<&'d str> {
        self.values[name as usize]
    }

    /// A whole number, in decimal or hexadecimal with `0x`.
    fn long(&self, name: Name) -> Option<i64> {
        convert::long(self.get(name)?)
    }

    fn boolean(&self, name: Name) -> Option<bool> {
        let text = self.get(name)?;
        [("true", true), ("false", false)]
            .into_iter()
            .find(|(name, _)| text.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    fn ip(&self, name: Name) -> Option<(&'d str, IpAddr)> {
        let text = self.get(name)?;
        Some((text, text.parse().ok()?))
    }

    /// Puts the first of these that is there into an ECS field. The others stay what they are.
    fn rename(&self, sources: &[Name], target: &str, out: &mut Out<'_>) -> Option<&'d str> {
        let mut taken = None;
        for name in sources {
            match self.get(*name) {
                Some(value) if taken.is_none() => {
                    out.text(target, value);
                    taken = Some(value);
                }
                Some(value) => out.under(EVENT_DATA, name.text(), value),
                None => {}
            }
        }
        taken
    }

    /// Puts one datum into an ECS field.
    fn put(&self, name: Name, target: &str, out: &mut Out<'_>) {
        out.text_if(target, self.get(name));
    }
}

/// Whether a value is one of those that Sysmon writes for "none".
pub(crate) fn says_nothing(value: &str) -> bool {
    matches!(value, "" | "-" | "{00000000-0000-0000-0000-000000000000}")
}

fn put_unknown(i: usize, name: &str, value: &str, out: &mut Out<'_>) {
    if agent::is_unnamed(name) {
        out.under_numbered(EVENT_DATA, "param", i + 1, value);
    } else {
        // Sysmon spells it both ways, in events 8 and 10.
        let name = if name == "TargetProcessGuid" { "TargetProcessGUID" } else { name };
        out.under(EVENT_DATA, name, value);
    }
}

/// Times, what the agent says, and what kind of event it is.
fn head(
    event: &WinEvent<'_>,
    id: u16,
    system: System,
    flavor: Flavor,
    fields: &Fields<'_>,
    out: &mut Out<'_>,
) {
    channel::put_times(agent::time_created(event), fields.get(Name::UtcTime), flavor, out);
    if flavor == Flavor::Winlogbeat {
        out.text("event.module", "sysmon");
    }
    out.text("ecs.version", channel::ECS_VERSION);
    agent::record_id_text(event, out);
    agent::head(event, out);
    agent::user_data(event, out);

    if let Some(kind) = category::kind(id) {
        for (path, values) in [("event.category", kind.category), ("event.type", kind.ty)] {
            for value in values {
                out.text(path, value);
                out.sink.mark_array(path);
            }
        }
        let own = (system == System::Linux).then(|| linux::action(id, fields)).flatten();
        out.text("event.action", own.unwrap_or(kind.action));
        if kind.failure {
            out.text("event.outcome", "failure");
            out.sink.mark_array("event.outcome");
        }
    } else {
        out.text_if("event.action", agent::task(event));
    }
    fields.put(Name::RuleName, "rule.name", out);

    agent::message(event, out);
    let free = agent::rendered_message(event).is_none();
    let message = if id == 25 && free { "message" } else { "winlog.event_data.Type" };
    fields.put(Name::Type, message, out);
    let error = if id == 255 { "error.code" } else { "winlog.event_data.ID" };
    fields.put(Name::ID, error, out);
}

/// `process.*`, but for its hashes.
fn process(id: u16, system: System, fields: &Fields<'_>, out: &mut Out<'_>) {
    let put_args = match system {
        System::Windows => args::put,
        System::Linux => args::put_posix,
    };
    let file_name = |path| file_name(path, system);
    let guids = [Name::ProcessGuid, Name::SourceProcessGuid, Name::SourceProcessGUID];
    fields.rename(&guids, "process.entity_id", out);
    if let Some(pid) = fields.long(Name::SourceProcessId).or(fields.long(Name::ProcessId)) {
        out.long("process.pid", pid);
    }
    if let Some(thread) = fields.long(Name::SourceThreadId) {
        out.long("process.thread.id", thread);
    }
    // Destination is the consumer's program in event 20.
    let images = [Name::Image, Name::SourceImage, Name::Destination];
    let executable = fields.rename(&images, "process.executable", out);
    out.text_if("process.name", executable.and_then(file_name));
    fields.put(Name::CurrentDirectory, "process.working_directory", out);
    if let Some(line) = fields.get(Name::CommandLine) {
        out.text("process.command_line", line);
        put_args(line, "process.args", "process.args_count", out);
    }

    fields.put(Name::ParentProcessGuid, "process.parent.entity_id", out);
    if let Some(pid) = fields.long(Name::ParentProcessId) {
        out.long("process.parent.pid", pid);
    }
    fields.put(Name::ParentImage, "process.parent.executable", out);
    out.text_if("process.parent.name", fields.get(Name::ParentImage).and_then(file_name));
    if let Some(line) = fields.get(Name::ParentCommandLine) {
        out.text("process.parent.command_line", line);
        put_args(line, "process.parent.args", "process.parent.args_count", out);
    }

    // What is said of an image is said of the one that is loaded, in event 7.
    let pe = if id == 7 { &FILE_PE } else { &PROCESS_PE };
    for (name, path) in PE.iter().zip(pe) {
        fields.put(*name, path, out);
    }
}

const PE: [Name; 5] =
    [Name::OriginalFileName, Name::Company, Name::Description, Name::FileVersion, Name::Product];

const PROCESS_PE: [&str; 5] = [
    "process.pe.original_file_name",
    "process.pe.company",
    "process.pe.description",
    "process.pe.file_version",
    "process.pe.product",
];

const FILE_PE: [&str; 5] = [
    "file.pe.original_file_name",
    "file.pe.company",
    "file.pe.description",
    "file.pe.file_version",
    "file.pe.product",
];

/// What follows the last backslash (on Linux: slash); none without one.
fn file_name(path: &str, system: System) -> Option<&str> {
    path.rsplit_once(system.slash()).map(|(_, name)| name).filter(|name| !name.is_empty())
}

impl System {
    /// What stands between the parts of a path.
    fn slash(self) -> char {
        match self {
            System::Windows => '\\',
            System::Linux => '/',
        }
    }
}

/// `file.*`, but for its hashes.
fn file(system: System, fields: &Fields<'_>, out: &mut Out<'_>) {
    let paths = [Name::TargetFilename, Name::Device, Name::ImageLoaded];
    let path = fields.rename(&paths, "file.path", out);
    if !path.is_some_and(|path| convert::file_parts(path, system.slash(), out)) {
        fields.put(Name::PipeName, "file.name", out);
    }
    fields.put(Name::Signature, "file.code_signature.subject_name", out);
    let status = fields.get(Name::SignatureStatus);
    out.text_if("file.code_signature.status", status);
    if status == Some("Valid") {
        out.boolean("file.code_signature.valid", true);
    }
    // `file.code_signature.signed` is set only where event data hold a boolean, which they do not.
    if let Some(archived) = fields.boolean(Name::Archived) {
        out.boolean("sysmon.file.archived", archived);
    }
    if let Some(executable) = fields.boolean(Name::IsExecutable) {
        out.boolean("sysmon.file.is_executable", executable);
    }
}

/// `network.*`, `source.*`, `destination.*`, `dns.*` and what is related.
fn network(id: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    fields.put(Name::Protocol, "network.transport", out);
    if id == 22 {
        out.text("network.protocol", "dns");
    } else {
        let ports = fields.get(Name::DestinationPortName).or(fields.get(Name::SourcePortName));
        out.text_if("network.protocol", ports);
    }
    let direction = match fields.get(Name::Initiated) {
        Some("true") => Some("egress"),
        Some("false") => Some("ingress"),
        _ => None,
    };
    out.text_if("network.direction", direction);
    let ty = match fields.get(Name::SourceIsIpv6) {
        Some("true") => Some("ipv6"),
        Some("false") => Some("ipv4"),
        _ => None,
    };
    out.text_if("network.type", ty);

    let source = End {
        ip: fields.ip(Name::SourceIp),
        port: fields.long(Name::SourcePort),
        domain: fields.get(Name::SourceHostname),
    };
    let destination = End {
        ip: fields.ip(Name::DestinationIp),
        port: fields.long(Name::DestinationPort),
        domain: fields.get(Name::DestinationHostname),
    };
    source.put(["source.ip", "source.port", "source.domain"], out);
    destination.put(["destination.ip", "destination.port", "destination.domain"], out);
    flow_id(fields.get(Name::Protocol), &source, &destination, out);
    dns(fields, out);

    let results = fields.get(Name::QueryResults).unwrap_or_default();
    if out.sink.wants("related.ip") {
        let ends = [&source, &destination].into_iter().filter_map(|end| Some(end.ip?.0));
        out.distinct("related.ip", dns::addresses(results).chain(ends));
    }
}

/// One end of a connection.
struct End<'d> {
    ip: Option<(&'d str, IpAddr)>,
    port: Option<i64>,
    domain: Option<&'d str>,
}

impl End<'_> {
    fn put(&self, [ip, port, domain]: [&str; 3], out: &mut Out<'_>) {
        out.text_if(ip, self.ip.map(|(text, _)| text));
        if let Some(number) = self.port {
            out.long(port, number);
        }
        out.text_if(domain, self.domain);
    }
}

fn flow_id(transport: Option<&str>, source: &End<'_>, destination: &End<'_>, out: &mut Out<'_>) {
    const PATH: &str = "network.community_id";
    let end = |end: &End<'_>| Some((end.ip?.1, u16::try_from(end.port?).ok()?));
    if let (Some(transport), Some(source), Some(destination)) =
        (transport, end(source), end(destination))
        && out.sink.wants(PATH)
    {
        out.text_if(PATH, community_id(transport, source, destination).as_deref());
    }
}

fn dns(fields: &Fields<'_>, out: &mut Out<'_>) {
    let name = fields.get(Name::QueryName);
    if let Some(name) = name {
        out.text("dns.question.name", name);
        dns::question(name, out);
    }
    let results = fields.get(Name::QueryResults);
    if let Some(results) = results {
        dns::answers(results, out);
    }
    if name.is_some() || results.is_some() {
        dns::related_hosts(name, results.unwrap_or_default(), out);
    }
    if let Some(status) = fields.get(Name::QueryStatus) {
        out.text("sysmon.dns.status", dns_status::name(status).unwrap_or(status));
    }
}

/// `user.*`. The id is the account that wrote the event, nearly always the system's; domain and
/// name are the acting process's. They disagree in Elastic too.
fn user(event: &WinEvent<'_>, system: System, fields: &Fields<'_>, out: &mut Out<'_>) {
    if system == System::Linux {
        return linux::user(fields, out);
    }
    out.text_if("user.id", event.user_id.as_deref().filter(|id| !id.is_empty()));
    let account = fields.get(Name::User).map(|user| user.trim_end_matches('\\'));
    let Some((domain, name)) = account.and_then(|account| account.split_once('\\')) else { return };
    if name.contains('\\') {
        return;
    }
    out.text_if("user.domain", Some(domain).filter(|d| !d.is_empty()));
    out.text("user.name", name);
    out.text("related.user", name);
    out.sink.mark_array("related.user");
}
