//! Microsoft-Windows-PowerShell/Operational: 4103 (a pipeline ran), 4104 (a script block), 4105 and
//! 4106 (it began and ended).

use super::{
    EVENT_DATA, Found, Key, MOST, arguments, code, context, head, invocation, long, script,
    script_file, text,
};
use crate::agent::{self, DatumName};
use crate::out::Out;
use crate::win_event::WinEvent;
use crate::{Flavor, convert, meta};

/// The event data and the keys of `ContextInfo`, without blanks, and what becomes of their values.
const KEYS: &[Key] = &[
    long("SequenceNumber", "event.sequence"),
    text("HostID", "process.entity_id"),
    text("HostApplication", "process.command_line"),
    text("HostName", "process.title"),
    long("MessageNumber", "powershell.sequence"),
    long("MessageTotal", "powershell.total"),
    text("ShellID", "powershell.id"),
    text("EngineVersion", "powershell.engine.version"),
    text("PipelineID", "powershell.pipeline_id"),
    text("RunspaceID", "powershell.runspace_id"),
    text("RunspaceId", "powershell.runspace_id"),
    text("HostVersion", "powershell.process.executable_version"),
    text("CommandLine", "powershell.command.value"),
    text("CommandPath", "powershell.command.path"),
    text("CommandName", "powershell.command.name"),
    text("CommandType", "powershell.command.type"),
    text("ScriptBlockId", "powershell.file.script_block_id"),
    code("ScriptBlockText"),
    code("ScriptName"),
    code("Path"),
    code("User"),
    code("ConnectedUser"),
    code("Severity"),
    code("ContextInfo"),
    code("Payload"),
];

const _: () = assert!(KEYS.len() <= MOST);

/// Stage 2 of an event of the operational channel.
pub(crate) fn pipeline(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    let is_invocation = event.event_id == "4103";
    let ty = match &*event.event_id {
        "4105" => "start",
        "4106" => "end",
        _ => "info",
    };
    head(event, flavor, ty, out);

    let mut found = Found::new(KEYS, flavor);
    agent::each_datum(&event.event_data, |name, value| found.set_datum(name, value, out));
    if let Some(info) = found.get("ContextInfo").filter(|_| is_invocation) {
        context::operational(info, |key, value| found.set(key, value, out));
    }

    found.put(out);
    arguments(&found, out);
    if let Some(pid) = agent::process_id(event).filter(|_| flavor == Flavor::Logs) {
        out.long("process.pid", i64::from(pid));
    }
    file(&found, out);
    if let Some(text) = found.get("ScriptBlockText") {
        let text = agent::clean(text);
        match flavor {
            Flavor::Winlogbeat => out.text(script::TEXT, &text),
            Flavor::Logs => script::put(&text, out),
        }
    }
    user(event, &found, flavor, out);
    if let Some(payload) = found.get("Payload").filter(|_| is_invocation) {
        invocation::put(payload, true, out);
    }
}

/// The script's file: `Path`, which stays where it is if there is a `ScriptName`.
fn file(found: &Found<'_>, out: &mut Out<'_>) {
    match (found.get("ScriptName"), found.get("Path")) {
        (Some(script), path) => {
            script_file(&agent::clean(script), out);
            if let Some(path) = path {
                agent::put_datum(EVENT_DATA, DatumName::Name("Path"), path, out);
            }
        }
        (None, Some(path)) => script_file(&agent::clean(path), out),
        (None, None) => {}
    }
}

/// An account's domain, which may be empty, and name.
type Account<'d> = (&'d str, &'d str);

/// `user.*`, and the same of the two ends if somebody is connected from elsewhere: `user` is then
/// the connected user, as `source.user`, and the account that runs the command `destination.user`.
///
/// `user.id` is always the account that runs the command. Newer pipelines take its name from what
/// Windows says of that SID, which an event file does not tell but for a few SIDs; for the others
/// the name in `ContextInfo` is the same account's.
fn user(event: &WinEvent<'_>, found: &Found<'_>, flavor: Flavor, out: &mut Out<'_>) {
    let id = event.user_id.as_deref().filter(|id| !id.is_empty());
    out.text_if("user.id", id);
    let looked_up = || meta::well_known_account(id?).map(|account| (account.domain, account.name));
    let named = || found.get("User").and_then(convert::account);
    let runner: Option<Account<'_>> = match flavor {
        Flavor::Logs => looked_up().or_else(named),
        Flavor::Winlogbeat => named(),
    };
    let connected = found.get("ConnectedUser").and_then(convert::account);

    if let Some(account) = connected {
        put(account, ["user.domain", "user.name"], out);
        put(account, ["source.user.domain", "source.user.name"], out);
        if let Some(account) = runner {
            put(account, ["destination.user.domain", "destination.user.name"], out);
        }
    } else if let Some(account) = runner {
        put(account, ["user.domain", "user.name"], out);
    }
    out.distinct("related.user", [runner, connected].into_iter().flatten().map(|(_, name)| name));
    if let Some((domain, _)) = runner.filter(|_| flavor == Flavor::Logs) {
        out.distinct("related.hosts", Some(domain).filter(|d| !d.is_empty()).into_iter());
    }
}

fn put((domain, name): Account<'_>, [domain_field, name_field]: [&str; 2], out: &mut Out<'_>) {
    out.text_if(domain_field, Some(domain).filter(|domain| !domain.is_empty()));
    out.text(name_field, name);
}
