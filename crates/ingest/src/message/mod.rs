//! An event's data, had back from the message that Windows has made of them.
//!
//! The message of an event is a template with the data in it; what stands in the templates is English on an English
//! Windows only. A message that is in no form that is known leaves the event without data, and says itself all that there
//! is. What a template rounds, translates or leaves out cannot be had back: a SID that is shown as a name stays away
//! unless the name is one that every Windows has.

mod security;

use std::borrow::Cow;

use dragnet_ecs::{Data, WinEvent};

/// Adds the data that stand in the message.
pub(crate) fn restore(message: &str, event: &mut WinEvent<'_>) {
    let id = event.event_id.parse::<u16>().unwrap_or(0);
    let data = match (&*event.channel, id) {
        ("Microsoft-Windows-Sysmon/Operational", _) => sysmon(message),
        // The account that cleared the log is the only one whose data are in `UserData`.
        ("Security", 1102) => {
            event.user_data_name = Some("LogFileCleared".into());
            event.user_data = security::data(1102, message);
            return;
        }
        ("Security", _) => security::data(id, message),
        ("System", 7036) => service_state(message),
        ("System", 7045) => labels(message, SERVICE),
        ("Microsoft-Windows-PowerShell/Operational", 4103) => invocation(message),
        ("Microsoft-Windows-PowerShell/Operational", 4104) => script(message),
        _ => return,
    };
    event.event_data = data;
}

fn datum(name: &str, value: &str) -> Data<'static> {
    Data { name: Cow::Owned(name.to_owned()), value: Cow::Owned(value.to_owned()) }
}

/// What Sysmon's data are called, in all its versions.
#[rustfmt::skip]
const SYSMON: &[&str] = &[
    "RuleName", "UtcTime", "ProcessGuid", "ProcessId", "Image", "FileVersion", "Description", "Product", "Company",
    "OriginalFileName", "CommandLine", "CurrentDirectory", "User", "LogonGuid", "LogonId", "TerminalSessionId",
    "IntegrityLevel", "Hashes", "ParentProcessGuid", "ParentProcessId", "ParentImage", "ParentCommandLine", "ParentUser",
    "TargetFilename", "CreationUtcTime", "PreviousCreationUtcTime", "Protocol", "Initiated", "SourceIsIpv6", "SourceIp",
    "SourceHostname", "SourcePort", "SourcePortName", "DestinationIsIpv6", "DestinationIp", "DestinationHostname",
    "DestinationPort", "DestinationPortName", "State", "Version", "SchemaVersion", "ImageLoaded", "Signed", "Signature",
    "SignatureStatus", "SourceProcessGuid", "SourceProcessGUID", "SourceProcessId", "SourceThreadId", "SourceImage",
    "SourceUser", "TargetProcessGuid", "TargetProcessGUID", "TargetProcessId", "TargetImage", "TargetUser",
    "NewThreadId", "StartAddress", "StartModule", "StartFunction", "Device", "GrantedAccess", "CallTrace", "EventType",
    "TargetObject", "Details", "NewName", "Hash", "Contents", "Configuration", "ConfigurationFileHash", "PipeName",
    "EventNamespace", "Name", "Query", "Operation", "Type", "Destination", "Consumer", "Filter", "QueryName",
    "QueryStatus", "QueryResults", "IsExecutable", "Archived", "Session", "ClientInfo", "ID",
];

/// A line for each datum, under its very name. A line that starts with no such name goes on with the value before.
fn sysmon(message: &str) -> Vec<Data<'static>> {
    let mut data: Vec<Data<'static>> = Vec::new();
    for line in message.lines().skip(1) {
        let named = line.split_once(':').filter(|(name, _)| SYSMON.contains(name));
        match (named, data.last_mut()) {
            (Some((name, value)), _) => {
                data.push(datum(name, value.strip_prefix(' ').unwrap_or(value)));
            }
            (None, Some(last)) => {
                let value = last.value.to_mut();
                value.push('\n');
                value.push_str(line);
            }
            (None, None) => {}
        }
    }
    // The message ends with empty lines as it likes.
    if let Some(last) = data.last_mut() {
        let len = last.value.trim_end().len();
        last.value.to_mut().truncate(len);
    }
    data
}

/// The labels of 7045, a service was installed.
const SERVICE: &[(&str, &str)] = &[
    ("Service Name", "ServiceName"),
    ("Service File Name", "ImagePath"),
    ("Service Type", "ServiceType"),
    ("Service Start Type", "StartType"),
    ("Service Account", "AccountName"),
];

fn labels(message: &str, table: &[(&str, &str)]) -> Vec<Data<'static>> {
    let line = |line: &str| {
        let (label, value) = line.split_once(':')?;
        let (_, name) = table.iter().find(|(known, _)| *known == label.trim())?;
        Some(datum(name, value.trim()))
    };
    message.lines().filter_map(line).collect()
}

/// 7036, `The … service entered the … state.`
fn service_state(message: &str) -> Vec<Data<'static>> {
    let parts = || {
        let rest = message.trim().strip_prefix("The ")?.strip_suffix(" state.")?;
        rest.rsplit_once(" service entered the ")
    };
    parts().map_or_else(Vec::new, |(service, state)| {
        vec![datum("param1", service), datum("param2", state)]
    })
}

/// 4104, `Creating Scriptblock text (1 of 1):`, the text, its id and its file.
fn script(message: &str) -> Vec<Data<'static>> {
    let parts = || {
        let rest = message.trim_start().strip_prefix("Creating Scriptblock text (")?;
        let (numbers, rest) = rest.split_once("):")?;
        let (number, total) = numbers.split_once(" of ")?;
        let rest = rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')).unwrap_or(rest);
        // The script may say the same; the last is Windows'.
        let (text, end) = rest.rsplit_once("ScriptBlock ID:").unwrap_or((rest, ""));
        let (id, path) = end.split_once("Path:").unwrap_or((end, ""));
        Some([
            ("MessageNumber", number),
            ("MessageTotal", total),
            ("ScriptBlockText", text.trim_end_matches(['\r', '\n'])),
            ("ScriptBlockId", id.trim()),
            ("Path", path.trim()),
        ])
    };
    parts().map_or_else(Vec::new, |parts| {
        parts.iter().map(|(name, value)| datum(name, value)).collect()
    })
}

/// 4103, what was invoked, `Context:` and `User Data:`.
fn invocation(message: &str) -> Vec<Data<'static>> {
    let parts = || {
        let (rest, user_data) = message.rsplit_once("User Data:")?;
        let (payload, context) = rest.rsplit_once("Context:")?;
        Some([("ContextInfo", context), ("UserData", user_data), ("Payload", payload)])
    };
    parts().map_or_else(Vec::new, |parts| {
        parts.iter().map(|(name, value)| datum(name, value.trim_matches(['\r', '\n']))).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(channel: &'static str, id: &'static str, message: &str, expected: &[(&str, &str)]) {
        let mut event =
            WinEvent { channel: channel.into(), event_id: id.into(), ..WinEvent::default() };
        restore(message, &mut event);
        let data = if id == "1102" { &event.user_data } else { &event.event_data };
        let found: Vec<_> = data.iter().map(|d| (&*d.name, &*d.value)).collect();
        assert_eq!(found, expected, "{message}");
    }

    #[test]
    fn sysmon_has_a_line_for_each_datum() {
        check(
            "Microsoft-Windows-Sysmon/Operational",
            "1",
            "Process Create:\r\nRuleName: -\r\nImage: C:\\a.exe\r\nCommandLine: a \"x: y\"\r\nfoo: bar\r\nUser: A\\mira\r\n",
            &[
                ("RuleName", "-"),
                ("Image", "C:\\a.exe"),
                ("CommandLine", "a \"x: y\"\nfoo: bar"),
                ("User", "A\\mira"),
            ],
        );
    }

    #[test]
    fn services() {
        check(
            "System",
            "7045",
            "A service was installed in the system.\r\n\r\nService Name:  Updater\r\nService File Name:  C:\\u.exe -k\r\n\
             Service Type:  user mode service\r\nService Start Type:  auto start\r\nService Account:  LocalSystem",
            &[
                ("ServiceName", "Updater"),
                ("ImagePath", "C:\\u.exe -k"),
                ("ServiceType", "user mode service"),
                ("StartType", "auto start"),
                ("AccountName", "LocalSystem"),
            ],
        );
        check(
            "System",
            "7036",
            "The Print Spooler service entered the stopped state.",
            &[("param1", "Print Spooler"), ("param2", "stopped")],
        );
        check("System", "7036", "Dienst \"x\" befindet sich jetzt im Status \"y\".", &[]);
    }

    #[test]
    fn powershell() {
        check(
            "Microsoft-Windows-PowerShell/Operational",
            "4104",
            "Creating Scriptblock text (2 of 3):\r\n$a = 1\r\n$b\r\n\r\nScriptBlock ID: 11-22\r\nPath: C:\\x.ps1",
            &[
                ("MessageNumber", "2"),
                ("MessageTotal", "3"),
                ("ScriptBlockText", "$a = 1\r\n$b"),
                ("ScriptBlockId", "11-22"),
                ("Path", "C:\\x.ps1"),
            ],
        );
        check(
            "Microsoft-Windows-PowerShell/Operational",
            "4103",
            "CommandInvocation(x)\r\n\r\nContext:\r\n        Severity = y\r\n\r\n\r\nUser Data:\r\n\r\n",
            &[
                ("ContextInfo", "        Severity = y"),
                ("UserData", ""),
                ("Payload", "CommandInvocation(x)"),
            ],
        );
    }

    #[test]
    fn what_is_in_no_form_leaves_no_data() {
        for (channel, id) in [
            ("Security", "4624"),
            ("Security", "9999"),
            ("Microsoft-Windows-PowerShell/Operational", "4104"),
            ("X", "1"),
        ] {
            check(
                channel,
                id,
                "Ein Konto wurde erfolgreich angemeldet.\r\nAntragsteller:\r\n\tKonto:\tx",
                &[],
            );
        }
    }
}
