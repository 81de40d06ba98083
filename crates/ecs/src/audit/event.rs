//! The records of one audit event, put together.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use super::{AuditEvent, AuditRecord, fields, sockaddr, syscalls};
use fields::Pair;

/// What stands for an id that nobody has.
pub(super) const UNSET: &str = "unset";

/// Ids, data, arguments and paths of one event beyond which no more are taken. The kernel writes some ten ids, at most
/// a few dozen data and paths, and arguments up to some 100,000.
const MAX_IDS: usize = 64;
const MAX_DATA: usize = 1024;
const MAX_PATHS: usize = 1024;
const MAX_ARGS: usize = 1 << 20;

/// An event's records as one.
#[derive(Debug, Default)]
pub(super) struct Event<'a> {
    /// The type of the first record.
    pub(super) kind: &'a str,
    /// What the records say, by name; of a name that stands in several, the first.
    pub(super) data: Vec<(&'a str, Cow<'a, str>)>,
    /// `uid`, `auid`, `egid`….
    ids: Vec<(&'a str, &'a str)>,
    /// What the daemon calls them: `UID`, `AUID`….
    names: Vec<(&'a str, &'a str)>,
    pub(super) paths: Vec<PathRecord<'a>>,
    /// The arguments of a new program, by their number.
    pub(super) args: BTreeMap<u32, Cow<'a, str>>,
    /// The keys of the audit rules that asked for the event.
    pub(super) tags: Vec<Cow<'a, str>>,
    pub(super) result: Option<bool>,
    pub(super) session: Option<&'a str>,
    seen: HashSet<&'a str>,
}

/// A PATH record.
#[derive(Debug, Default)]
pub(super) struct PathRecord<'a> {
    pub(super) fields: Vec<(&'a str, Cow<'a, str>)>,
}

impl PathRecord<'_> {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        find(&self.fields, name)
    }
}

fn find<'e>(fields: &'e [(&str, Cow<'_, str>)], name: &str) -> Option<&'e str> {
    fields.iter().find(|(known, _)| *known == name).map(|(_, value)| &**value)
}

impl<'a> Event<'a> {
    pub(super) fn read(audit: &AuditEvent<'a>) -> Event<'a> {
        let records = || audit.records.iter().filter(|record| record.kind != "EOE");
        let mut event = Event::default();
        let Some(first) = records().next() else { return event };
        event.kind = first.kind;
        let base = records().position(|record| record.kind == "SYSCALL").unwrap_or(0);
        if let Some(record) = records().nth(base) {
            event.base(record);
        }
        for (number, record) in records().enumerate() {
            match record.kind {
                _ if number == base => {}
                "PATH" => event.path(record),
                "SOCKADDR" => event.sockaddr(record),
                "EXECVE" => event.execve(record),
                _ => event.other(record),
            }
        }
        event
    }

    /// A datum.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        find(&self.data, name)
    }

    /// An id.
    pub(super) fn id(&self, key: &str) -> Option<&'a str> {
        self.ids.iter().find(|(known, _)| *known == key).map(|(_, id)| *id)
    }

    /// The name that the daemon wrote for an id.
    pub(super) fn name(&self, key: &str) -> Option<&'a str> {
        let is_it = |known: &str| {
            let plain = known.bytes().map(|byte| if byte == b'_' { b'-' } else { byte });
            plain.eq(key.bytes().map(|byte| byte.to_ascii_uppercase()))
        };
        let name = self.names.iter().find(|(known, _)| is_it(known)).map(|(_, name)| *name);
        name.filter(|name| *name != UNSET && !name.starts_with("unknown("))
    }

    fn add(&mut self, name: &'a str, value: Cow<'a, str>) {
        if self.data.len() < MAX_DATA && self.seen.insert(name) {
            self.data.push((name, value));
        }
    }

    /// The record that says who acts and how it ended.
    fn base(&mut self, record: &AuditRecord<'a>) {
        for pair in pairs(record) {
            match pair.name {
                _ if pair.is_enriched => self.enriched(pair),
                "items" if record.kind == "SYSCALL" => {}
                "ses" => self.session = Some(id(pair.value)),
                name if name.ends_with("uid") || name.ends_with("gid") => {
                    // An older kernel says `old auid=… new auid=…`: the last is the one that is valid.
                    let known = self.ids.iter().position(|(known, _)| *known == name);
                    match known {
                        None if self.ids.len() < MAX_IDS => self.ids.push((name, id(pair.value))),
                        Some(at) if name == "auid" && self.id("old-auid").is_none() => {
                            let old = std::mem::replace(&mut self.ids[at].1, id(pair.value));
                            self.ids.push(("old-auid", old));
                        }
                        _ => {}
                    }
                }
                _ => self.common(record, pair),
            }
        }
        self.translate();
    }

    /// The numbers of architecture and call by their names.
    fn translate(&mut self) {
        let arch = self.get("arch").and_then(syscalls::arch);
        let call = self.get("syscall");
        // The daemon knows architectures that are not in our tables.
        let named = |key| {
            let name = self.names.iter().find(|(known, _)| *known == key);
            name.map(|(_, name)| *name).filter(|name| !name.starts_with("unknown"))
        };
        let call = match (arch, call) {
            (Some(arch), Some(call)) => syscalls::syscall(arch, call),
            _ => None,
        };
        let (arch, call) = (arch.or(named("ARCH")), call.or(named("SYSCALL")));
        for (name, value) in &mut self.data {
            match (*name, arch, call) {
                ("arch", Some(arch), _) => *value = Cow::Borrowed(arch),
                ("syscall", _, Some(call)) => *value = Cow::Borrowed(call),
                _ => {}
            }
        }
    }

    /// What any record may hold.
    fn common(&mut self, record: &AuditRecord<'a>, pair: Pair<'a>) {
        match pair.name {
            "success" | "res" => {
                let value = pair.value;
                let is_success = matches!(value, "yes" | "1")
                    || value.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("suc"));
                self.result.get_or_insert(is_success);
            }
            "key" => self.tag(pair),
            name => {
                let value = if is_encoded(record.kind, name) {
                    fields::decoded(&pair)
                } else {
                    Cow::Borrowed(pair.value)
                };
                self.add(name, value);
            }
        }
    }

    fn tag(&mut self, pair: Pair<'a>) {
        // Several keys are one text in hexadecimal, with a 1 between them.
        if let Some(bytes) = fields::bytes(pair.value).filter(|_| !pair.is_quoted) {
            let keys = bytes.split(|byte| *byte == 1).map(fields::text);
            self.tags.extend(keys.filter(|key| !key.is_empty()).map(Cow::Owned));
        } else {
            let key = pair.value.split_once('=').map_or(pair.value, |(_, key)| key);
            self.tags.push(Cow::Borrowed(key));
        }
    }

    fn enriched(&mut self, pair: Pair<'a>) {
        if self.names.len() < MAX_DATA {
            self.names.push((pair.name, pair.value));
        }
    }

    /// A record that adds data to those of the first.
    fn other(&mut self, record: &AuditRecord<'a>) {
        for pair in pairs(record) {
            match pair.name {
                _ if pair.is_enriched => {}
                "auid" | "old-auid" | "ses" => self.add(pair.name, Cow::Borrowed(id(pair.value))),
                _ => self.common(record, pair),
            }
        }
    }

    fn path(&mut self, record: &AuditRecord<'a>) {
        if self.paths.len() == MAX_PATHS {
            return;
        }
        let mut path = PathRecord::default();
        for pair in pairs(record).take(MAX_DATA) {
            let value = if pair.name == "name" {
                fields::decoded(&pair)
            } else {
                Cow::Borrowed(pair.value)
            };
            path.fields.push((pair.name, value));
        }
        self.paths.push(path);
    }

    fn sockaddr(&mut self, record: &AuditRecord<'a>) {
        let saddr = pairs(record).find(|pair| pair.name == "saddr");
        let Some(saddr) = saddr else { return };
        let Some(address) = sockaddr::parse(saddr.value) else {
            return self.add("socket_saddr", Cow::Borrowed(saddr.value));
        };
        self.add("socket_family", address.family.into());
        let port = address.port.map(|port| port.to_string());
        for (name, value) in
            [("socket_addr", address.ip), ("socket_port", port), ("socket_path", address.path)]
        {
            if let Some(value) = value {
                self.add(name, value.into());
            }
        }
        if self.get("socket_addr").is_none() && self.get("socket_path").is_none() {
            self.add("socket_saddr", Cow::Borrowed(saddr.value));
        }
    }

    /// Arguments; a long one comes in pieces (`a1[0]=…`, `a1[1]=…`), over several records.
    fn execve(&mut self, record: &AuditRecord<'a>) {
        for pair in pairs(record).filter(|pair| !pair.is_enriched) {
            if pair.name == "argc" {
                self.add("argc", Cow::Borrowed(pair.value));
                continue;
            }
            let Some(name) = pair.name.strip_prefix('a') else { continue };
            let (number, is_piece) = match name.split_once('[') {
                Some((number, _)) => (number, true),
                None => (name, false),
            };
            let Ok(number) = number.parse::<u32>() else { continue };
            let value = fields::decoded(&pair);
            if !is_piece && self.args.len() < MAX_ARGS {
                self.args.insert(number, value);
            } else if is_piece && (self.args.len() < MAX_ARGS || self.args.contains_key(&number)) {
                self.args.entry(number).or_default().to_mut().push_str(&value);
            }
        }
    }
}

/// An id, the highest number being nobody's.
fn id(value: &str) -> &str {
    if matches!(value, "4294967295" | "-1") { UNSET } else { value }
}

/// Whether the kernel or the program that wrote the record encodes this value if need be.
fn is_encoded(kind: &str, name: &str) -> bool {
    match name {
        "acct" | "cmd" | "comm" | "cwd" | "exe" | "name" | "path" | "proctitle" => true,
        "data" => matches!(kind, "TTY" | "USER_TTY"),
        _ => false,
    }
}

/// A record's pairs. The verdict of a decision of `SELinux` is words: `avc:  denied  { read } for  pid=…`.
fn pairs<'a>(record: &AuditRecord<'a>) -> impl Iterator<Item = Pair<'a>> {
    let verdict = record.text.split_once("avc:").and_then(|(_, rest)| {
        let (result, rest) = rest.trim_start().split_once('{')?;
        let (permissions, _) = rest.split_once('}')?;
        Some([("seresult", result.trim()), ("seperms", permissions.trim())])
    });
    let plain = |(name, value)| Pair { name, value, is_quoted: true, is_enriched: false };
    let verdict = verdict.into_iter().flatten().map(plain);
    verdict.chain(fields::pairs(record.text))
}
