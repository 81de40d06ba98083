//! Every difference from Elastic's expected outputs that is meant, with its reason. The golden
//! tests fail on any other, and on one of these that does not occur as often as it says.

use serde_json::{Value as Json, json};

/// A normaliser's stage and the module whose expected outputs it is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    SysmonAgent,
    SysmonEcs,
    SecurityAgent,
    SecurityEcs,
    PowerShellAgent,
    PowerShellEcs,
}

/// How a field differs.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// Elastic has it, we do not.
    Missing,
    /// We have it, with this value; Elastic does not.
    Extra(Json),
    /// Elastic has the first value, we have the second.
    Changed(Json, Json),
}

/// A difference that is meant.
pub(crate) struct Permitted {
    pub(crate) stage: Stage,
    /// The event code; `None` for all.
    pub(crate) code: Option<&'static str>,
    pub(crate) field: &'static str,
    pub(crate) kind: Kind,
    /// In how many events it occurs, exactly.
    pub(crate) times: usize,
    pub(crate) reason: &'static str,
}

const ECS_VERSION: &str = "the newest pipelines say 8.0.0, the expected outputs are older";
const ACTION: &str = "the newest pipelines set event.action, the expected outputs are older; rules \
     ask for it (event.action : \"Image loaded*\")";
const MESSAGES: &str = "rendered texts stand in Windows' publisher metadata, not in the event";
const NO_ARRIVAL: &str = "the time of arrival in Elasticsearch; of Winlogbeat's documents it is no \
     rule's business, and nothing arrives here";
const NO_EVTX: &str = "made by hand, without an event log API: every event here has one";
const NO_EVTX_TIME: &str = "these have no @timestamp of the agent, as all others have, but a time \
     under the name that it has before; it is compared as @timestamp";
const NO_TIME: &str = "the UtcTime of this event, made by hand, cannot be read; in Elastic it then \
     keeps the agent's @timestamp, which was not given; here that is TimeCreated";

/// `event.action` by event code, and in how many events.
const ACTIONS: [(&str, usize, &str); 13] = [
    ("1", 4, "Process creation"),
    ("2", 6, "A process changed a file creation time"),
    ("3", 16, "Network connection"),
    ("4", 1, "Sysmon service state changed"),
    ("5", 5, "Process terminated"),
    ("7", 1, "Image loaded"),
    ("13", 5, "RegistryEvent (Value Set)"),
    ("16", 1, "ServiceConfigurationChange"),
    ("22", 157, "DNSEvent (DNS query)"),
    ("23", 3, "FileDelete (File Delete archived)"),
    ("24", 1, "ClipboardChange (New content in the clipboard)"),
    ("25", 1, "ProcessTampering (Process image change)"),
    ("26", 2, "FileDeleteDetected (File Delete logged)"),
];

pub(crate) fn permitted() -> Vec<Permitted> {
    use Kind::{Changed, Extra, Missing};
    use Stage::{PowerShellAgent, PowerShellEcs, SecurityAgent, SecurityEcs, SysmonEcs};

    let line = |stage, code, field, kind, times, reason| Permitted {
        stage,
        code,
        field,
        kind,
        times,
        reason,
    };
    let version = Changed(json!("1.12.0"), json!("8.0.0"));
    let time = Extra(json!("2000-01-01T00:00:00Z"));
    let mut table = vec![
        line(SysmonEcs, None, "ecs.version", version.clone(), 203, ECS_VERSION),
        line(SysmonEcs, Some("22"), "@timestamp", time, 1, NO_TIME),
        line(SysmonEcs, Some("22"), "winlog.api", Extra(json!("wineventlog")), 1, NO_EVTX),
        line(PowerShellEcs, None, "ecs.version", version.clone(), 21, ECS_VERSION),
        line(PowerShellEcs, None, "event.ingested", Missing, 21, NO_ARRIVAL),
        line(PowerShellAgent, None, "message", Missing, 21, MESSAGES),
        line(PowerShellEcs, None, "message", Missing, 21, MESSAGES),
        line(SecurityAgent, None, "message", Missing, 117, MESSAGES),
        line(SecurityEcs, None, "ecs.version", version, 152, ECS_VERSION),
        line(SecurityEcs, None, "message", Missing, 117, MESSAGES),
        line(SecurityEcs, None, "winlog.api", Extra(json!("wineventlog")), 35, NO_EVTX),
        line(SecurityEcs, None, "winlog.time_created", Missing, 35, NO_EVTX_TIME),
    ];
    for (code, times, action) in ACTIONS {
        let kind = Extra(json!(action));
        table.push(line(SysmonEcs, Some(code), "event.action", kind, times, ACTION));
    }
    table
}
