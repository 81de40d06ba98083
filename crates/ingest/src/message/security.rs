//! The messages of the Security log: which label, in which section, is which datum.
//!
//! Source: the message templates of Windows Server 2022 and Windows 11, English. Labels repeat by section
//! (`Subject: Account Name`, `New Logon: Account Name`).

use dragnet_ecs::Data;

use super::datum;

/// A label: the section that it stands in (empty: any), itself, and the name of the datum.
type Label = (&'static str, &'static str, &'static str);

/// What events' messages hold.
struct Template {
    ids: &'static [u16],
    labels: &'static [&'static [Label]],
}

#[rustfmt::skip]
static SUBJECT: &[Label] = &[
    ("Subject", "Security ID", "SubjectUserSid"), ("Subject", "Account Name", "SubjectUserName"),
    ("Subject", "Account Domain", "SubjectDomainName"), ("Subject", "Domain Name", "SubjectDomainName"),
    ("Subject", "Logon ID", "SubjectLogonId"),
];

#[rustfmt::skip]
static CREATOR: &[Label] = &[
    ("Creator Subject", "Security ID", "SubjectUserSid"), ("Creator Subject", "Account Name", "SubjectUserName"),
    ("Creator Subject", "Account Domain", "SubjectDomainName"), ("Creator Subject", "Logon ID", "SubjectLogonId"),
    ("Target Subject", "Security ID", "TargetUserSid"), ("Target Subject", "Account Name", "TargetUserName"),
    ("Target Subject", "Account Domain", "TargetDomainName"), ("Target Subject", "Logon ID", "TargetLogonId"),
    ("", "New Process ID", "NewProcessId"), ("", "New Process Name", "NewProcessName"),
    ("", "Token Elevation Type", "TokenElevationType"), ("", "Mandatory Label", "MandatoryLabel"),
    ("", "Creator Process ID", "ProcessId"), ("", "Creator Process Name", "ParentProcessName"),
    ("", "Process Command Line", "CommandLine"),
];

#[rustfmt::skip]
static LOGON: &[Label] = &[
    ("New Logon", "Security ID", "TargetUserSid"), ("New Logon", "Account Name", "TargetUserName"),
    ("New Logon", "Account Domain", "TargetDomainName"), ("New Logon", "Logon ID", "TargetLogonId"),
    ("New Logon", "Linked Logon ID", "TargetLinkedLogonId"), ("New Logon", "Network Account Name", "TargetOutboundUserName"),
    ("New Logon", "Network Account Domain", "TargetOutboundDomainName"), ("New Logon", "Logon GUID", "LogonGuid"),
    ("Account For Which Logon Failed", "Security ID", "TargetUserSid"),
    ("Account For Which Logon Failed", "Account Name", "TargetUserName"),
    ("Account For Which Logon Failed", "Account Domain", "TargetDomainName"),
    ("", "Logon Type", "LogonType"), ("", "Restricted Admin Mode", "RestrictedAdminMode"),
    ("", "Virtual Account", "VirtualAccount"), ("", "Elevated Token", "ElevatedToken"),
    ("", "Impersonation Level", "ImpersonationLevel"), ("", "Failure Reason", "FailureReason"), ("", "Status", "Status"),
    ("", "Sub Status", "SubStatus"), ("", "Workstation Name", "WorkstationName"),
    ("", "Source Network Address", "IpAddress"), ("", "Source Port", "IpPort"), ("", "Logon Process", "LogonProcessName"),
    ("", "Authentication Package", "AuthenticationPackageName"), ("", "Transited Services", "TransmittedServices"),
    ("", "Package Name (NTLM only)", "LmPackageName"), ("", "Key Length", "KeyLength"),
    ("", "Caller Process ID", "ProcessId"), ("", "Caller Process Name", "ProcessName"),
];

/// Who has logged off is the subject of the message and the target of the data.
#[rustfmt::skip]
static LOGOFF: &[Label] = &[
    ("Subject", "Security ID", "TargetUserSid"), ("Subject", "Account Name", "TargetUserName"),
    ("Subject", "Account Domain", "TargetDomainName"), ("Subject", "Logon ID", "TargetLogonId"),
    ("", "Logon Type", "LogonType"),
];

#[rustfmt::skip]
static EXPLICIT: &[Label] = &[
    ("Subject", "Logon GUID", "LogonGuid"),
    ("Account Whose Credentials Were Used", "Account Name", "TargetUserName"),
    ("Account Whose Credentials Were Used", "Account Domain", "TargetDomainName"),
    ("Account Whose Credentials Were Used", "Logon GUID", "TargetLogonGuid"),
    ("", "Target Server Name", "TargetServerName"), ("Target Server", "Additional Information", "TargetInfo"),
    ("", "Network Address", "IpAddress"), ("Network Information", "Port", "IpPort"),
];

#[rustfmt::skip]
static PROCESS: &[Label] = &[("", "Process ID", "ProcessId"), ("", "Process Name", "ProcessName")];

#[rustfmt::skip]
static OBJECT: &[Label] = &[
    ("", "Object Server", "ObjectServer"), ("", "Object Type", "ObjectType"), ("", "Object Name", "ObjectName"),
    ("", "Object Value Name", "ObjectValueName"), ("", "Handle ID", "HandleId"), ("", "Operation Type", "OperationType"),
    ("", "Resource Attributes", "ResourceAttributes"), ("", "Accesses", "AccessList"), ("", "Access Mask", "AccessMask"),
    ("", "Properties", "Properties"), ("", "Old Value Type", "OldValueType"), ("", "Old Value", "OldValue"),
    ("", "New Value Type", "NewValueType"), ("", "New Value", "NewValue"), ("", "Privileges Used for Access Check", "PrivilegeList"),
];

#[rustfmt::skip]
static SHARE: &[Label] = &[
    ("", "Object Type", "ObjectType"), ("", "Source Address", "IpAddress"), ("", "Source Port", "IpPort"),
    ("", "Share Name", "ShareName"), ("", "Share Path", "ShareLocalPath"), ("", "Relative Target Name", "RelativeTargetName"),
    ("", "Access Mask", "AccessMask"), ("", "Accesses", "AccessList"),
];

#[rustfmt::skip]
static SERVICE: &[Label] = &[
    ("", "Service Name", "ServiceName"), ("", "Service File Name", "ServiceFileName"), ("", "Service Type", "ServiceType"),
    ("", "Service Start Type", "ServiceStartType"), ("", "Service Account", "ServiceAccount"),
];

#[rustfmt::skip]
static TASK: &[Label] = &[
    ("", "Task Name", "TaskName"), ("", "Task Content", "TaskContent"), ("", "Task New Content", "TaskContentNew"),
];

#[rustfmt::skip]
static ACCOUNT: &[Label] = &[
    ("New Account", "Security ID", "TargetSid"), ("New Account", "Account Name", "TargetUserName"),
    ("New Account", "Account Domain", "TargetDomainName"),
    ("Target Account", "Security ID", "TargetSid"), ("Target Account", "Account Name", "TargetUserName"),
    ("Target Account", "Account Domain", "TargetDomainName"),
    ("Target Account", "Old Account Name", "OldTargetUserName"), ("Target Account", "New Account Name", "NewTargetUserName"),
    ("User", "Security ID", "TargetSid"), ("User", "Account Name", "TargetUserName"), ("User", "Account Domain", "TargetDomainName"),
    ("Account That Was Locked Out", "Security ID", "TargetSid"), ("Account That Was Locked Out", "Account Name", "TargetUserName"),
    // In the data the caller's computer is called the target's domain.
    ("", "Caller Computer Name", "TargetDomainName"),
    ("", "SAM Account Name", "SamAccountName"), ("", "Display Name", "DisplayName"), ("", "User Principal Name", "UserPrincipalName"),
    ("", "Privileges", "PrivilegeList"), ("Process Information", "Process ID", "CallerProcessId"),
    ("Process Information", "Process Name", "CallerProcessName"),
];

#[rustfmt::skip]
static GROUP: &[Label] = &[
    ("Member", "Security ID", "MemberSid"), ("Member", "Account Name", "MemberName"),
    ("Group", "Security ID", "TargetSid"), ("Group", "Group Name", "TargetUserName"), ("Group", "Account Name", "TargetUserName"),
    ("Group", "Group Domain", "TargetDomainName"), ("Group", "Account Domain", "TargetDomainName"),
    ("New Group", "Security ID", "TargetSid"), ("New Group", "Group Name", "TargetUserName"),
    ("New Group", "Group Domain", "TargetDomainName"), ("", "Privileges", "PrivilegeList"),
];

#[rustfmt::skip]
static KERBEROS: &[Label] = &[
    ("Account Information", "Account Name", "TargetUserName"), ("Account Information", "Supplied Realm Name", "TargetDomainName"),
    ("Account Information", "Account Domain", "TargetDomainName"), ("Account Information", "User ID", "TargetSid"),
    ("Account Information", "Security ID", "TargetSid"), ("Account Information", "Logon GUID", "LogonGuid"),
    ("", "Service Name", "ServiceName"), ("", "Service ID", "ServiceSid"), ("", "Client Address", "IpAddress"),
    ("", "Client Port", "IpPort"), ("", "Ticket Options", "TicketOptions"), ("", "Ticket Encryption Type", "TicketEncryptionType"),
    ("", "Result Code", "Status"), ("", "Failure Code", "Status"), ("", "Pre-Authentication Type", "PreAuthType"),
    ("", "Transited Services", "TransmittedServices"), ("", "Certificate Issuer Name", "CertIssuerName"),
    ("", "Certificate Serial Number", "CertSerialNumber"), ("", "Certificate Thumbprint", "CertThumbprint"),
];

#[rustfmt::skip]
static NTLM: &[Label] = &[
    ("", "Authentication Package", "PackageName"), ("", "Logon Account", "TargetUserName"),
    ("", "Source Workstation", "Workstation"), ("", "Error Code", "Status"),
];

static PRIVILEGES: &[Label] = &[("", "Privileges", "PrivilegeList")];

#[rustfmt::skip]
static DIRECTORY: &[Label] = &[
    ("Directory Service", "Name", "DSName"), ("Directory Service", "Type", "DSType"), ("Object", "DN", "ObjectDN"),
    ("Object", "GUID", "ObjectGUID"), ("Object", "Class", "ObjectClass"), ("", "LDAP Display Name", "AttributeLDAPDisplayName"),
    ("", "Syntax (OID)", "AttributeSyntaxOID"), ("Attribute", "Value", "AttributeValue"), ("Operation", "Type", "OperationType"),
    ("Operation", "Correlation ID", "OpCorrelationID"),
];

#[rustfmt::skip]
static TEMPLATES: &[Template] = &[
    Template { ids: &[1102], labels: &[SUBJECT] },
    Template { ids: &[4624, 4625], labels: &[SUBJECT, LOGON, PROCESS] },
    Template { ids: &[4634, 4647], labels: &[LOGOFF] },
    Template { ids: &[4648], labels: &[SUBJECT, EXPLICIT, PROCESS] },
    Template { ids: &[4656, 4657, 4658, 4660, 4662, 4663, 4670], labels: &[SUBJECT, OBJECT, PROCESS] },
    Template { ids: &[4672, 4673, 4674], labels: &[SUBJECT, PRIVILEGES, PROCESS] },
    Template { ids: &[4688], labels: &[SUBJECT, CREATOR] },
    Template { ids: &[4689], labels: &[SUBJECT, PROCESS] },
    Template { ids: &[4697], labels: &[SUBJECT, SERVICE] },
    Template { ids: &[4698, 4699, 4700, 4701, 4702], labels: &[SUBJECT, TASK] },
    Template { ids: &[4720, 4722, 4723, 4724, 4725, 4726, 4738, 4740, 4767, 4781, 4798], labels: &[SUBJECT, ACCOUNT] },
    Template { ids: &[4727, 4728, 4729, 4730, 4731, 4732, 4733, 4734, 4735, 4737, 4754, 4755, 4756, 4757, 4758, 4799], labels: &[SUBJECT, GROUP] },
    Template { ids: &[4768, 4769, 4770, 4771], labels: &[KERBEROS] },
    Template { ids: &[4776], labels: &[NTLM] },
    Template { ids: &[5136, 5137, 5141], labels: &[SUBJECT, DIRECTORY] },
    Template { ids: &[5140, 5145], labels: &[SUBJECT, SHARE] },
];

/// Data that go over several lines to the end of their section.
const LONG: &[&str] = &["TaskContent", "TaskContentNew"];

/// The data in a message.
pub(super) fn data(id: u16, message: &str) -> Vec<Data<'static>> {
    let Some(template) = TEMPLATES.iter().find(|template| template.ids.contains(&id)) else {
        return Vec::new();
    };
    let mut found: Vec<(&'static str, String)> = Vec::new();
    let mut section = "";
    // Whether the next line may go on with the last value.
    let mut goes_on = false;
    for line in message.lines() {
        let is_indented = line.starts_with([' ', '\t']);
        let (label, value) = line.split_once(':').unwrap_or((line, ""));
        let (label, value) = (label.trim(), value.trim());
        let is_section = !is_indented && value.is_empty() && line.trim_end().ends_with(':');
        let is_it = |(within, known, _): &&Label| {
            *known == label && (within.is_empty() || *within == section)
        };
        let name = template.labels.iter().copied().flatten().find(is_it).map(|(_, _, name)| *name);
        let is_long = found.last().is_some_and(|(name, _)| LONG.contains(name)) && goes_on;
        if is_section && name.is_none() && (!is_long || label == "Other Information") {
            (section, goes_on) = (label, false);
        } else if is_long {
            append(&mut found, line.trim_end());
        } else if let Some(name) = name {
            found.push((name, value.to_owned()));
            goes_on = true;
        } else if goes_on && is_indented && !line.contains(':') && !label.is_empty() {
            append(&mut found, label);
        } else {
            goes_on = false;
        }
    }
    let value = |(name, value): (&'static str, String)| {
        let value = if name.ends_with("Sid") { sid(&value)? } else { number(name, &value) };
        Some(datum(name, value))
    };
    found.into_iter().filter_map(value).collect()
}

fn append(found: &mut [(&'static str, String)], line: &str) {
    if let Some((name, value)) = found.last_mut() {
        // Windows indents privileges and rights like this in the data, too.
        value.push_str(if LONG.contains(name) { "\n" } else { "\n\t\t\t" });
        value.push_str(line);
    }
}

/// A SID, or the one that a name stands for on every Windows; other names are none.
fn sid(value: &str) -> Option<&str> {
    const NAMES: &[(&str, &str)] = &[
        ("NULL SID", "S-1-0-0"),
        ("SYSTEM", "S-1-5-18"),
        ("LOCAL SERVICE", "S-1-5-19"),
        ("NETWORK SERVICE", "S-1-5-20"),
        ("ANONYMOUS LOGON", "S-1-5-7"),
        ("Everyone", "S-1-1-0"),
    ];
    if value.starts_with("S-1-") {
        return Some(value);
    }
    let name = value.strip_prefix("NT AUTHORITY\\").unwrap_or(value);
    NAMES.iter().find(|(known, _)| *known == name).map(|(_, sid)| *sid)
}

/// What the data hold for a text of Windows' message table; other values are what they are.
fn number<'v>(name: &str, value: &'v str) -> &'v str {
    const TEXTS: &[(&str, &str, &str)] = &[
        ("ImpersonationLevel", "Anonymous", "%%1831"),
        ("ImpersonationLevel", "Identification", "%%1832"),
        ("ImpersonationLevel", "Impersonation", "%%1833"),
        ("ImpersonationLevel", "Delegation", "%%1840"),
        ("VirtualAccount", "Yes", "%%1842"),
        ("VirtualAccount", "No", "%%1843"),
        ("ElevatedToken", "Yes", "%%1842"),
        ("ElevatedToken", "No", "%%1843"),
        ("RestrictedAdminMode", "Yes", "%%1842"),
        ("RestrictedAdminMode", "No", "%%1843"),
        ("TokenElevationType", "TokenElevationTypeDefault (1)", "%%1936"),
        ("TokenElevationType", "TokenElevationTypeFull (2)", "%%1937"),
        ("TokenElevationType", "TokenElevationTypeLimited (3)", "%%1938"),
        ("FailureReason", "Unknown user name or bad password.", "%%2313"),
        ("FailureReason", "Account currently disabled.", "%%2310"),
        ("FailureReason", "Account locked out.", "%%2307"),
    ];
    let is_it = |(known, text, _): &&(&str, &str, &str)| *known == name && *text == value;
    TEXTS.iter().find(is_it).map_or(value, |(_, _, number)| *number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(id: u16, message: &str, expected: &[(&str, &str)]) {
        let data = data(id, message);
        let found: Vec<_> = data.iter().map(|datum| (&*datum.name, &*datum.value)).collect();
        assert_eq!(found, expected, "{message}");
    }

    #[test]
    fn labels_repeat_by_section() {
        check(
            4624,
            "An account was successfully logged on.\r\n\r\nSubject:\r\n\tSecurity ID:\t\tSYSTEM\r\n\tAccount Name:\t\tATLAS$\r\n\
             \r\nLogon Information:\r\n\tLogon Type:\t\t3\r\n\tElevated Token:\t\tYes\r\n\r\nImpersonation Level:\t\tImpersonation\r\n\
             \r\nNew Logon:\r\n\tSecurity ID:\t\tATLAS\\mira\r\n\tAccount Name:\t\tmira\r\n\tLogon ID:\t\t0x1F\r\n\
             \r\nProcess Information:\r\n\tProcess ID:\t\t0x2a0\r\n\tProcess Name:\t\tC:\\a.exe\r\n\
             \r\nNetwork Information:\r\n\tSource Network Address:\t::1\r\n\tSource Port:\t\t-\r\n\
             \r\nThis event is generated when a logon session is created: see there.\r\n\t- Package name: which one",
            &[
                ("SubjectUserSid", "S-1-5-18"),
                ("SubjectUserName", "ATLAS$"),
                ("LogonType", "3"),
                ("ElevatedToken", "%%1842"),
                ("ImpersonationLevel", "%%1833"),
                ("TargetUserName", "mira"),
                ("TargetLogonId", "0x1F"),
                ("ProcessId", "0x2a0"),
                ("ProcessName", "C:\\a.exe"),
                ("IpAddress", "::1"),
                ("IpPort", "-"),
            ],
        );
    }

    #[test]
    fn values_over_several_lines() {
        check(
            4672,
            "Special privileges assigned to new logon.\r\n\r\nSubject:\r\n\tAccount Name:\t\tmira\r\n\r\n\
             Privileges:\t\tSeSecurityPrivilege\r\n\t\t\tSeDebugPrivilege",
            &[
                ("SubjectUserName", "mira"),
                ("PrivilegeList", "SeSecurityPrivilege\n\t\t\tSeDebugPrivilege"),
            ],
        );
        check(
            4698,
            "A scheduled task was created.\r\n\r\nTask Information:\r\n\tTask Name: \t\t\\up\r\n\tTask Content: \t\t<?xml?>\r\n\
             <Task>\r\n  <Exec:Command>a.exe</Exec:Command>\r\n</Task>\r\nOther Information:\r\n\tProcessCreationTime: \t\t1",
            &[
                ("TaskName", "\\up"),
                ("TaskContent", "<?xml?>\n<Task>\n  <Exec:Command>a.exe</Exec:Command>\n</Task>"),
            ],
        );
    }

    #[test]
    fn command_lines_hold_colons() {
        check(
            4688,
            "A new process has been created.\r\n\r\nCreator Subject:\r\n\tAccount Name:\t\tmira\r\n\r\nTarget Subject:\r\n\
             \tAccount Name:\t\t-\r\n\r\nProcess Information:\r\n\tNew Process ID:\t\t0x1\r\n\tNew Process Name:\tC:\\b.exe\r\n\
             \tProcess Command Line:\tb.exe /x:1 \"C:\\y\"\r\n",
            &[
                ("SubjectUserName", "mira"),
                ("TargetUserName", "-"),
                ("NewProcessId", "0x1"),
                ("NewProcessName", "C:\\b.exe"),
                ("CommandLine", "b.exe /x:1 \"C:\\y\""),
            ],
        );
    }

    #[test]
    fn no_event_stands_twice() {
        let mut ids: Vec<_> = TEMPLATES.iter().flat_map(|template| template.ids).collect();
        let all = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), all);
    }
}
