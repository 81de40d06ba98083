//! "Windows PowerShell": events 400, 403, 600 and 800. Their data have no names; one of them is a
//! text of keys and values.

use super::context::{self, Classic};
use super::{Found, Key, MOST, arguments, code, head, invocation, long, script_file, text};
use crate::Flavor;
use crate::agent::{self, DatumName};
use crate::convert;
use crate::out::Out;
use crate::win_event::WinEvent;

/// The keys, and what becomes of their values.
const KEYS: &[Key] = &[
    long("SequenceNumber", "event.sequence"),
    text("HostId", "process.entity_id"),
    text("HostApplication", "process.command_line"),
    text("HostName", "process.title"),
    text("NewEngineState", "powershell.engine.new_state"),
    text("PreviousEngineState", "powershell.engine.previous_state"),
    text("NewProviderState", "powershell.provider.new_state"),
    text("ProviderName", "powershell.provider.name"),
    long("DetailTotal", "powershell.total"),
    long("DetailSequence", "powershell.sequence"),
    text("EngineVersion", "powershell.engine.version"),
    text("PipelineId", "powershell.pipeline_id"),
    text("RunspaceId", "powershell.runspace_id"),
    text("HostVersion", "powershell.process.executable_version"),
    text("CommandLine", "powershell.command.value"),
    text("CommandPath", "powershell.command.path"),
    text("CommandName", "powershell.command.name"),
    text("CommandType", "powershell.command.type"),
    code("ScriptName"),
    code("UserId"),
];

const _: () = assert!(KEYS.len() <= MOST);

/// Stage 2 of an event of the classic channel.
pub(crate) fn pipeline(event: &WinEvent<'_>, flavor: Flavor, out: &mut Out<'_>) {
    let is_details = event.event_id == "800";
    let ty = match &*event.event_id {
        "400" => "start",
        "403" => "end",
        _ => "info",
    };
    head(event, flavor, ty, out);

    let mut found = Found::new(KEYS, flavor);
    let (place, form) = if is_details { (2, Classic::Details) } else { (3, Classic::Lifecycle) };
    let split = param(event, place)
        .is_some_and(|text| context::classic(text, form, |k, v| found.set(k, v, out)));
    agent::each_datum(&event.event_data, |name, value| {
        // The first is said in the text, too, and the other is the command's details. Elastic drops
        // them in any case; here they stay where there was nothing to be split.
        if !(split && matches!(number(name), Some(1..=3))) {
            found.set_datum(name, value, out);
        }
    });

    found.put(out);
    arguments(&found, out);
    if let Some(path) = found.get("ScriptName") {
        script_file(&agent::clean(path), out);
    }
    if let Some((domain, name)) = found.get("UserId").and_then(convert::account) {
        out.text_if("user.domain", Some(domain).filter(|domain| !domain.is_empty()));
        out.text("user.name", name);
        out.text("related.user", name);
        out.sink.mark_array("related.user");
    }
    if let Some(details) = param(event, 3).filter(|_| is_details) {
        invocation::put(details, false, out);
    }
}

/// The n-th datum, from 1.
fn param<'e>(event: &'e WinEvent<'_>, n: usize) -> Option<&'e str> {
    let mut found = None;
    agent::each_datum(&event.event_data, |name, value| {
        if number(name) == Some(n) {
            found = found.or(Some(value));
        }
    });
    found
}

/// A datum's number. Readers of shipped events give it as the name, `param1`.
fn number(name: DatumName<'_>) -> Option<usize> {
    match name {
        DatumName::Param(n) => Some(n),
        DatumName::Name(name) => name.strip_prefix("param")?.parse().ok(),
    }
}
