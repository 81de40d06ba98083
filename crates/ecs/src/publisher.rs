//! What single event providers call their tasks and opcodes, where rules or documents need it.
//!
//! These names stand in a publisher's metadata (its manifest or message file), which an event file
//! does not carry. Source: rendered events of the providers in question, English. Many providers
//! have no names at all: the Service Control Manager, WMI-Activity, the two of `TerminalServices`,
//! Bits-Client and the firewall write task 0, and those of the kernel (General, Boot, Power) number
//! their tasks without naming them.

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
    // A task of the scheduler's own is a kind of event; the numbers are those of the events.
    Publisher {
        provider: "Microsoft-Windows-TaskScheduler",
        tasks: &[
            (100, "Task Started"),
            (101, "Task Start Failed"),
            (102, "Task completed"),
            (103, "Action start failed"),
            (106, "Task registered"),
            (107, "Task triggered on scheduler"),
            (108, "Task triggered on event"),
            (110, "Task triggered by user"),
            (111, "Task terminated"),
            (118, "Task triggered by computer startup"),
            (119, "Task triggered on logon"),
            (129, "Created Task Process"),
            (140, "Task registration updated"),
            (141, "Task registration deleted"),
            (142, "Task disabled"),
            (200, "Action started"),
            (201, "Action completed"),
            (203, "Action failed to start"),
            (322, "Launch request ignored, instance already running"),
            (329, "Task stopping due to timeout reached"),
            (330, "Task stopping due to user request"),
            (332, "Launch condition not met, user not logged-on"),
        ],
        opcodes: &[],
    },
    Publisher {
        provider: "Microsoft-Windows-Dhcp-Client",
        tasks: &[(4, "Service State Event")],
        opcodes: &[(68, "ServiceStart"), (69, "ServiceStop"), (129, "ServiceShutdown")],
    },
    Publisher {
        provider: "Microsoft-Windows-DHCPv6-Client",
        tasks: &[(4, "Service State Event")],
        opcodes: &[(62, "ServiceStart"), (63, "ServiceStop"), (104, "ServiceStopWithRefCount")],
    },
    Publisher {
        provider: "Microsoft-Windows-WindowsUpdateClient",
        tasks: &[(1, "Windows Update Agent")],
        opcodes: &[],
    },
    // Copies of databases, such as the directory's, show here.
    Publisher {
        provider: "ESENT",
        tasks: &[(1, "General"), (3, "Logging/Recovery")],
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found_under_one_number() {
        for publisher in PUBLISHERS {
            let provider = publisher.provider;
            assert!(publisher.tasks.is_sorted_by(|(a, _), (b, _)| a < b), "{provider}");
            assert!(publisher.opcodes.is_sorted_by(|(a, _), (b, _)| a < b), "{provider}");
            for (number, name) in publisher.tasks {
                assert_eq!(task(provider, *number), Some(*name));
            }
            for (number, name) in publisher.opcodes {
                assert_eq!(opcode(provider, *number), Some(*name));
            }
        }
        assert_eq!(task("Microsoft-Windows-TaskScheduler", 106), Some("Task registered"));
        assert_eq!(task("Microsoft-Windows-Kernel-General", 1), None);
        assert_eq!(opcode("ESENT", 1), None);
    }
}
