//! Microsoft-Windows-Windows Defender/Operational.
//!
//! Source: the pipeline of Elastic's windows integration as it is published (elastic/integrations);
//! it names the actions of five event ids and calls all others process/info, `1006`–`1009`,
//! `1015`–`1019`, `1118`, `1119`, `5001`, `5010` and `5012` included. That `file.path` is the first of
//! several things found, and that all are `windows_defender.evidence_paths`, is from its newest
//! expected outputs. None of those are among the test material: only tests of our own hold this.
//! Winlogbeat has no module for this channel; its documents keep the generic form.

use crate::agent::{self, DatumName};
use crate::out::Out;
use crate::win_event::WinEvent;
use crate::{Flavor, channel, convert};

const EVENT_DATA: &str = "winlog.event_data.";

/// What kind of event an id is.
struct Kind {
    code: &'static str,
    category: &'static str,
    ty: &'static str,
    action: &'static str,
}

#[rustfmt::skip]
static KINDS: &[Kind] = &[
    Kind { code: "1116", category: "malware", ty: "info", action: "malware-detected" },
    Kind { code: "1117", category: "malware", ty: "info", action: "malware-detected" },
    Kind { code: "2000", category: "process", ty: "info", action: "antivirus-updated" },
    Kind { code: "2050", category: "file", ty: "info", action: "file-uploaded" },
    Kind { code: "5007", category: "configuration", ty: "change", action: "antivirus-configuration-changed" },
];

/// Data that move into a field; all others stay, some as copies.
static MOVED: &[(&str, &str)] = &[
    ("Target_Commandline", "process.command_line"),
    ("Parent_Commandline", "process.parent.command_line"),
    ("Process_Name", "process.executable"),
];

/// Stage 2 of a Windows Defender event.
pub(crate) fn pipeline(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    if flavor == Flavor::Winlogbeat {
        return channel::generic(event, flavor, out);
    }
    channel::head(event, flavor, out);
    agent::user_data(event, out);
    kind(event, out);
    data(event, out);
    file(event, out);
    out.text_if("event.reference", get(event, "FWLink"));
    out.text_if("destination.domain", get(event, "Destination"));
    let user = get(event, "User").or_else(|| get(event, "Detection_User"));
    if let Some((domain, name)) = user.and_then(convert::account) {
        out.text_if("user.domain", Some(domain).filter(|domain| !domain.is_empty()));
        out.text("user.name", name);
    }
}

fn kind(event: &WinEvent<'_>, out: &mut Out<'_>) {
    let kind = KINDS.iter().find(|kind| kind.code == event.event_id);
    let (category, ty) = kind.map_or(("process", "info"), |kind| (kind.category, kind.ty));
    for (path, value) in [("event.category", category), ("event.type", ty)] {
        out.text(path, value);
        out.sink.mark_array(path);
    }
    let quarantined = event.event_id == "1117" && get(event, "Action_Name") == Some("Quarantine");
    let action = if quarantined { Some("malware-quarantined") } else { kind.map(|k| k.action) };
    out.text_if("event.action", action.or_else(|| agent::task(event)));
    // The blank at the end is Windows' own.
    if get(event, "Error_Description") == Some("The operation completed successfully. ") {
        out.text("event.outcome", "success");
    }
}

/// Event data, the names with `_` for blanks, and what moves out of them.
fn data(event: &WinEvent<'_>, out: &mut Out<'_>) {
    agent::each_datum(&event.event_data, |name, value| {
        let DatumName::Name(text) = name else {
            return agent::put_datum(EVENT_DATA, name, value, out);
        };
        let value = agent::clean(value);
        match MOVED.iter().find(|(from, _)| same(text, from)) {
            // A blocked connection (1126) has no more than the file's name.
            Some((_, "process.executable")) if event.event_id == "1126" => {
                out.text("process.name", &value);
            }
            Some((_, field)) => {
                out.text(field, &value);
                if *field == "process.executable" {
                    out.text_if("process.name", value.rsplit('\\').next());
                }
            }
            None if text.contains(' ') => out.under(EVENT_DATA, &text.replace(' ', "_"), &value),
            None => out.under(EVENT_DATA, text, &value),
        }
    });
}

/// `file.*`: the first of the things that were found, or the uploaded file.
fn file(event: &WinEvent<'_>, out: &mut Out<'_>) {
    const EVIDENCE: &str = "windows_defender.evidence_paths";
    let found = get(event, "Path").unwrap_or_default();
    let evidence = || found.split(';').map(|entry| without_type(entry.trim()));
    for path in evidence().filter(|path| !path.is_empty()) {
        out.text(EVIDENCE, path);
        out.sink.mark_array(EVIDENCE);
    }
    let uploaded = get(event, "FileName").map(without_type);
    let path = uploaded.or_else(|| evidence().next().filter(|path| !path.is_empty()));
    if let Some(path) = path.or_else(|| get(event, "Filename")) {
        out.text("file.path", path);
        let name = path.rsplit('\\').next().unwrap_or(path);
        out.text("file.name", name);
        // After the first dot of the name, unlike in other pipelines.
        out.text_if("file.extension", name.split_once('.').map(|(_, extension)| extension));
    }
    out.text_if("file.hash.sha256", get(event, "Sha256").filter(|hash| *hash != "-"));
}

/// What was found, without the kind of thing it is (`file:_C:\…`).
fn without_type(entry: &str) -> &str {
    entry.rsplit_once(":_").map_or(entry, |(_, thing)| thing)
}

/// The first datum of this name that is not empty.
fn get<'e>(event: &'e WinEvent<'_>, name: &str) -> Option<&'e str> {
    let data = event.event_data.iter().filter(|datum| !datum.value.is_empty());
    data.map(|d| (&*d.name, &*d.value)).find(|(n, _)| same(n, name)).map(|(_, value)| value)
}

/// Windows writes the names with blanks, Elastic's documents have `_` instead.
fn same(name: &str, underscored: &str) -> bool {
    name.len() == underscored.len()
        && name.bytes().map(|b| if b == b' ' { b'_' } else { b }).eq(underscored.bytes())
}
