//! What single event providers call their tasks and opcodes, where rules or documents need it.
//!
//! These names stand in a publisher's metadata (its manifest or message file), which an event file
//! does not carry. Source: rendered events of the providers in question, English.

use crate::security;

/// The names of one provider.
struct Publisher {
    /// The provider's name.
    provider: &'static str,
    /// `Task` → name.
    tasks: &'static [(u16, &'static str)],
    /// `Opcode` → name, beyond those that all publishers share.
    opcodes: &'static [(u8, &'static str)],
}

#[rustfmt::skip]
static PUBLISHERS: &[Publisher] = &[
    Publisher {
        provider: "PowerShell",
        tasks: &[(4, "Engine Lifecycle"), (6, "Provider Lifecycle"), (8, "Pipeline Execution Details")],
        opcodes: &[],
    },
    Publisher {
        provider: "Microsoft-Windows-PowerShell",
        tasks: &[
            (2, "Execute a Remote Command"),
            (4, "PowerShell Console Startup"),
            (102, "Starting Command"),
            (103, "Stopping Command"),
            (106, "Executing Pipeline"),
            (111, "PowerShell Named Pipe IPC"),
        ],
        opcodes: &[
            (10, "Open (async)"),
            (15, "On create calls"),
            (20, "To be used when operation is just executing a method"),
        ],
    },
    // Rules ask for event.action "Log clear" in the System channel, too.
    Publisher {
        provider: "Microsoft-Windows-Eventlog",
        tasks: &[
            (101, "Event processing"),
            (103, "Service shutdown"),
            (104, "Log clear"),
            (105, "Log automatic backup"),
        ],
        opcodes: &[],
    },
];

/// The provider of the security audit.
const AUDITING: &str = "Microsoft-Windows-Security-Auditing";

fn find(provider: &str) -> Option<&'static Publisher> {
    PUBLISHERS.iter().find(|p| p.provider == provider)
}

/// The name of a provider's task.
pub(crate) fn task(provider: &str, task: u16) -> Option<&'static str> {
    if provider == AUDITING {
        return security::task(task);
    }
    find(provider)?.tasks.iter().find(|(n, _)| *n == task).map(|(_, name)| *name)
}

/// The name of a provider's own opcode.
pub(crate) fn opcode(provider: &str, opcode: u8) -> Option<&'static str> {
    find(provider)?.opcodes.iter().find(|(n, _)| *n == opcode).map(|(_, name)| *name)
}
