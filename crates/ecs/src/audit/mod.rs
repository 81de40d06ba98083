//! Linux audit events to ECS, as Auditbeat and the integration Auditd Manager (`auditd_manager.auditd`) have them.
//!
//! An event is several records. What the acting process, the user and the outcome are stands in the record of the
//! system call, or in the only record; the others add arguments, paths and addresses. The kind of event is that of the
//! first record, and of the system call if the first is another ([`kinds`]).
//!
//! Auditbeat asks the host it runs on for the names of users; here they are known only where the daemon wrote them down
//! (`log_format = ENRICHED`).

mod event;
mod fields;
mod kinds;
mod sockaddr;
mod syscalls;

use std::borrow::Cow;

use dragnet_event::Time;

use crate::Flavor;
use crate::out::Out;
use crate::time_text;
use event::{Event, PathRecord, UNSET};
use kinds::{Users, What};

/// One event of the Linux audit system: all records of one serial number.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEvent<'a> {
    /// The host, where the log says it (`node=`).
    pub node: Option<Cow<'a, str>>,
    /// When it happened.
    pub time: Time,
    /// The number that its records share.
    pub serial: u64,
    /// The records, in their order.
    pub records: Vec<AuditRecord<'a>>,
}

/// One line of an audit log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuditRecord<'a> {
    /// The record's type, as in `type=SYSCALL`.
    pub kind: &'a str,
    /// What follows `msg=audit(…):`.
    pub text: &'a str,
}

/// The dataset of the integration.
const DATASET: &str = "auditd_manager.auditd";

pub(crate) fn normalize(audit: &AuditEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    let event = Event::read(audit);
    head(audit, &event, flavor, out);
    let class = classify(&event, out);
    let object = object(&event, &class, out);
    network(&event, class.is_remote, out);
    process(&event, out);
    users(&event, class.users, flavor, out);
    data(&event, class.is_remote, out);
    summary(&event, &object, out);
}

/// Times, datasets, the host, and what is the same for all events.
fn head(audit: &AuditEvent<'_>, event: &Event<'_>, flavor: Flavor, out: &mut Out<'_>) {
    let time = time_text::millis(audit.time);
    out.text("@timestamp", time.as_str());
    out.text("event.kind", "event");
    out.text("event.module", "auditd");
    out.text("service.type", "auditd");
    out.text("host.os.type", "linux");
    if flavor == Flavor::Logs {
        out.text("event.ingested", time.as_str());
        out.text("event.dataset", DATASET);
        out.text("data_stream.dataset", DATASET);
        out.text("data_stream.type", "logs");
        out.text("data_stream.namespace", "default");
    }
    if let Some(node) = &audit.node {
        out.text("host.name", node);
        out.text("host.hostname", node);
    }
    let sequence = if flavor == Flavor::Logs { "event.sequence" } else { "auditd.sequence" };
    out.long(sequence, audit.serial as i64);
    out.lower("auditd.message_type", event.kind);
    // Auditbeat: what says nothing of its outcome has an unknown one.
    let (result, outcome) = match event.result {
        Some(true) => ("success", "success"),
        Some(false) => ("fail", "failure"),
        None => ("unknown", "unknown"),
    };
    out.text("auditd.result", result);
    out.text("event.outcome", outcome);
    out.text_if("auditd.session", event.session.filter(|session| *session != UNSET));
    for tag in &event.tags {
        out.text("tags", tag);
        out.sink.mark_array("tags");
    }
}

/// What the tables say of an event.
struct Class {
    what: What,
    /// The data that may name the object.
    names: &'static [&'static str],
    users: Users,
    is_remote: bool,
}

/// Puts action, category and type.
fn classify(event: &Event<'_>, out: &mut Out<'_>) -> Class {
    let call = event.get("syscall").map(kinds::syscall);
    let mut class =
        Class { what: What::Nothing, names: &[], users: Users::AsLogged, is_remote: false };
    let (mut categories, mut types) = (Vec::new(), Vec::new());
    let action = if event.kind == "SYSCALL" {
        call.map_or("", |call| {
            class.what = call.what;
            call.action
        })
    } else {
        let record = kinds::record(record_type(event));
        record.map_or("", |record| {
            class.names = record.object;
            class.users = record.users;
            class.is_remote = record.is_remote;
            categories.extend_from_slice(record.category);
            types.extend_from_slice(record.kind);
            record.action
        })
    };
    // Auditbeat: an event that a system call caused is of the call's categories, too.
    if let Some(call) = call {
        categories.extend_from_slice(call.category);
        types.extend_from_slice(call.ty);
    }
    if categories.is_empty() {
        out.text("event.category", kinds::class(event.kind));
    }
    out.text_if("event.action", Some(action).filter(|action| !action.is_empty()));
    for (path, values) in [("event.category", categories), ("event.type", types)] {
        out.distinct(path, values.into_iter());
    }
    class
}

/// The type of the first record; of an `AVC`, whose it is.
fn record_type<'e>(event: &Event<'e>) -> &'e str {
    match event.kind {
        "AVC" if event.get("apparmor").is_some() => "AVC/apparmor",
        "AVC" => "AVC/selinux",
        kind => kind,
    }
}

/// What the event is about, for the summary.
#[derive(Default)]
struct Object<'e> {
    kind: &'static str,
    primary: Option<&'e str>,
    secondary: Option<&'e str>,
}

fn object<'e>(event: &'e Event<'_>, class: &Class, out: &mut Out<'_>) -> Object<'e> {
    let named = class.names.iter().find_map(|name| event.get(name));
    match class.what {
        What::File(index) | What::FileSystem(index) => {
            let fallback = if matches!(class.what, What::File(_)) { "file" } else { "filesystem" };
            let Some(path) = file(&event.paths, index) else {
                return Object { kind: fallback, ..Object::default() };
            };
            put_file(path, out);
            Object { kind: fallback, primary: path.get("name"), secondary: None }
        }
        What::Socket => Object {
            kind: "socket",
            primary: event.get("socket_addr").or(event.get("socket_path")),
            secondary: event.get("socket_port"),
        },
        What::Named(kind) => Object { kind, primary: named, secondary: None },
        What::Nothing => Object { kind: "", primary: named, secondary: event.get("addr") },
    }
}

/// The PATH record that is meant: the one of this number, or the next that is no directory of the file's.
fn file<'e, 'a>(paths: &'e [PathRecord<'a>], index: usize) -> Option<&'e PathRecord<'a>> {
    let from = if index < paths.len() { index } else { 0 };
    let is_it =
        |path: &&PathRecord<'_>| !matches!(path.get("nametype"), Some("PARENT" | "UNKNOWN"));
    paths[from..].iter().find(is_it).or_else(|| paths.get(from))
}

fn put_file(path: &PathRecord<'_>, out: &mut Out<'_>) {
    for (name, field) in [
        ("name", "file.path"),
        ("inode", "file.inode"),
        ("rdev", "file.device"),
        ("ouid", "file.uid"),
        ("ogid", "file.gid"),
        ("OUID", "file.owner"),
        ("OGID", "file.group"),
    ] {
        out.text_if(field, path.get(name));
    }
    if let Some(mode) = path.get("mode").and_then(|mode| u32::from_str_radix(mode, 8).ok()) {
        out.text("file.mode", &format!("{:04o}", mode & 0o777));
    }
}

/// Calls by which something comes in, and goes out.
const INCOMING: &[&str] = &["recvfrom", "recvmsg", "accept", "accept4"];
const OUTGOING: &[&str] = &["connect", "sendto", "sendmsg"];

/// `source.*`, `destination.*` and `network.direction`.
fn network(event: &Event<'_>, is_remote: bool, out: &mut Out<'_>) {
    let call = event.get("syscall").unwrap_or_default();
    let is_socket = event.get("socket_family").is_some();
    let (fields, direction) = if is_socket && INCOMING.contains(&call) {
        (["source.ip", "source.port", "source.address"], "ingress")
    } else if is_socket && OUTGOING.contains(&call) {
        (["destination.ip", "destination.port", "destination.address"], "egress")
    } else {
        if let Some(addr) = event.get("addr").filter(|_| is_remote) {
            out.text("source.ip", addr);
            out.text("network.direction", "ingress");
        }
        return;
    };
    let [ip, port, address] = fields;
    out.text_if(ip, event.get("socket_addr"));
    if let Some(number) = event.get("socket_port").and_then(|port| port.parse().ok()) {
        out.long(port, number);
    }
    out.text_if(address, event.get("socket_path"));
    out.text("network.direction", direction);
}

/// Data that go to `process.*`, and so are not in `auditd.data`.
const PROCESS: &[(&str, &str)] = &[
    ("proctitle", "process.title"),
    ("comm", "process.name"),
    ("exe", "process.executable"),
    ("cwd", "process.working_directory"),
];

fn process(event: &Event<'_>, out: &mut Out<'_>) {
    for (name, field) in PROCESS {
        out.text_if(field, event.get(name));
    }
    for (name, field) in [("pid", "process.pid"), ("ppid", "process.parent.pid")] {
        if let Some(pid) = event.get(name).and_then(|pid| pid.parse().ok()) {
            out.long(field, pid);
        }
    }
    if event.args.is_empty() {
        return;
    }
    for arg in event.args.values() {
        out.text("process.args", arg);
    }
    out.sink.mark_array("process.args");
    // Auditbeat gives these two only with its processor for sessions; they say no more than the arguments do.
    out.long("process.args_count", event.args.len() as i64);
    if out.sink.wants("process.command_line") {
        let line: Vec<&str> = event.args.values().map(|arg| &**arg).collect();
        out.text("process.command_line", &line.join(" "));
    }
}

/// A user or group, by id, name or both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Entity<'e> {
    id: Option<&'e str>,
    name: Option<&'e str>,
}

impl<'e> Entity<'e> {
    /// Who stands under this name in the record: an id, or the name of an account.
    fn find(event: &'e Event<'_>, key: &str) -> Option<Entity<'e>> {
        let value = event.id(key).or_else(|| event.get(key))?;
        let is_number = value.bytes().all(|byte| byte.is_ascii_digit());
        Some(match value {
            UNSET => Entity::default(),
            id if is_number => Entity { id: Some(id), name: event.name(key) },
            name => Entity { id: None, name: Some(name) },
        })
    }

    fn put(self, prefix: &str, out: &mut Out<'_>) {
        for (member, value) in [(".id", self.id), (".name", self.name)] {
            if let Some(value) = value {
                out.under(prefix, member, value);
            }
        }
    }

    fn is_same(self, other: Entity<'_>) -> bool {
        (self.id.is_some() && self.id == other.id)
            || (self.name.is_some() && self.name == other.name)
    }
}

/// `user.*` and `group.*`. What the integration keeps of the other ids goes to `auditd.user`.
fn users(event: &Event<'_>, users: Users, flavor: Flavor, out: &mut Out<'_>) {
    let find = |keys: &[&str]| keys.iter().find_map(|key| Entity::find(event, key));
    let login = || find(&["auid"]);
    let account = || find(&["acct", "id", "uid"]);
    let object = || find(&["id", "acct"]);
    let (mut user, mut effective) = (find(&["uid"]), find(&["euid"]));
    let (mut target, mut group) = (None, None);
    match users {
        Users::AsLogged => {}
        Users::Session => (user, effective) = (login(), account()),
        Users::ChangesUser => (user, effective, target) = (login(), find(&["uid"]), object()),
        Users::ChangesGroup => (user, effective, group) = (login(), find(&["uid"]), object()),
        Users::ChangesAccount => (user, effective, target) = (login(), find(&["uid"]), account()),
        Users::ChangesGroupAccount => {
            (user, effective, group) = (login(), find(&["uid"]), account());
        }
        Users::Login => {
            (user, effective) = (find(&["old_auid", "old-auid"]), find(&["auid"]));
        }
    }
    let user = user.unwrap_or_default();
    // Auditbeat: whoever acts as himself has no effective user, nor that one's group.
    let effective = effective.filter(|effective| !effective.is_same(user));
    user.put("user", out);
    find(&["gid"]).unwrap_or_default().put("user.group", out);
    if let Some(effective) = effective {
        effective.put("user.effective", out);
        find(&["egid"]).unwrap_or_default().put("user.effective.group", out);
    }
    target.unwrap_or_default().put("user.target", out);
    group.unwrap_or_default().put("group", out);
    let rest = if flavor == Flavor::Logs { "auditd.user." } else { "user." };
    for (key, name) in [
        ("auid", "audit"),
        ("suid", "saved"),
        ("sgid", "saved.group"),
        ("fsuid", "filesystem"),
        ("fsgid", "filesystem.group"),
        ("old-auid", "old_auid"),
        ("old_auid", "old_auid"),
    ] {
        if let Some(entity) = find(&[key]) {
            entity.put(&format!("{rest}{name}"), out);
        }
    }
    let related = [Some(user), effective, target].into_iter().flatten();
    out.distinct("related.user", related.filter_map(|entity| entity.name));
}

/// Data that the integration makes numbers of.
const NUMBERS: &[&str] = &[
    "added",
    "argc",
    "audit_pid",
    "changed",
    "dport",
    "entries",
    "exit",
    "items",
    "lport",
    "nargs",
    "nlnk_pid",
    "old_vcpu",
    "opid",
    "removed",
    "rport",
    "seqno",
    "socket_port",
    "spid",
    "sport",
    "vm_pid",
    "new_vcpu",
];

/// `auditd.data.*`: everything that has gone nowhere else.
fn data(event: &Event<'_>, is_remote: bool, out: &mut Out<'_>) {
    for (name, value) in &event.data {
        let is_elsewhere = PROCESS.iter().any(|(process, _)| process == name)
            || matches!(*name, "pid" | "ppid")
            || is_remote && *name == "addr";
        if is_elsewhere {
            continue;
        }
        if *name == "id" {
            out.text("event.id", value);
            continue;
        }
        let (prefix, member) = match name.strip_prefix("socket_") {
            Some(member) => ("auditd.data.socket.", member),
            None => ("auditd.data.", *name),
        };
        // The pipeline: no dashes in names.
        let member = member.replace('-', "_");
        match value.parse().ok().filter(|_| NUMBERS.contains(name)) {
            Some(number) => out.under_long(prefix, &member, number),
            None => out.under(prefix, &member, value),
        }
    }
    for path in &event.paths {
        for (name, value) in &path.fields {
            if name.starts_with(|c: char| c.is_ascii_lowercase()) {
                out.under("auditd.paths.", name, value);
            }
        }
    }
}

/// `auditd.summary`: who did it, to what, by what.
fn summary(event: &Event<'_>, object: &Object<'_>, out: &mut Out<'_>) {
    let who = |key| event.name(key).or_else(|| event.id(key));
    out.text_if("auditd.summary.actor.primary", who("auid"));
    out.text_if("auditd.summary.actor.secondary", event.get("acct").or_else(|| who("uid")));
    out.text_if("auditd.summary.object.primary", object.primary);
    out.text_if("auditd.summary.object.secondary", object.secondary);
    let kind = Some(object.kind).filter(|kind| !kind.is_empty());
    out.text_if("auditd.summary.object.type", kind);
    out.text_if("auditd.summary.how", event.get("exe").or(event.get("comm")));
}
