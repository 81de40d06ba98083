//! What Elastic calls SIDs, and the two letters that stand for some of them in SDDL.

/// The name of a SID or an abbreviation. Of other SIDs of a domain (or machine) the well-known
/// last number is named; if it is none there is no name. What remains is its own name.
pub(super) fn name(sid: &str) -> Option<&str> {
    if let Some(name) = known(sid) {
        return Some(name);
    }
    if !sid.starts_with("S-1-5-21") {
        return Some(sid);
    }
    // At most five digits, as in Elastic.
    let digits = sid.bytes().rev().take(5).take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return Some(sid);
    }
    let rid = &sid[sid.len() - digits..];
    OF_DOMAINS.iter().find(|(known, _)| *known == rid).map(|(_, name)| *name)
}

/// The name of a SID or an abbreviation that means the same on every machine.
pub(super) fn known(sid: &str) -> Option<&'static str> {
    KNOWN.iter().find(|(known, _)| *known == sid).map(|(_, name)| *name)
}

#[rustfmt::skip]
static KNOWN: &[(&str, &str)] = &[
    // SDDL (`sddl.h`).
    ("AN", "Anonymous logon"),
    ("AO", "Account operators"),
    ("AU", "Authenticated users"),
    ("BA", "Built-in administrators"),
    ("BG", "Built-in guests"),
    ("BO", "Backup operators"),
    ("BU", "Built-in users"),
    ("CA", "Certificate server administrators"),
    ("CG", "Creator group"),
    ("CO", "Creator owner"),
    ("DA", "Domain administrators"),
    ("DC", "Domain computers"),
    ("DD", "Domain controllers"),
    ("DG", "Domain guests"),
    ("DU", "Domain users"),
    ("EA", "Enterprise administrators"),
    ("ED", "Enterprise domain controllers"),
    ("IU", "Interactively logged-on user"),
    ("LA", "Local administrator"),
    ("LG", "Local guest"),
    ("LS", "Local service account"),
    ("NO", "Network configuration operators"),
    ("NS", "Network service account"),
    ("NU", "Network logon user"),
    ("PA", "Group Policy administrators"),
    ("PO", "Printer operators"),
    ("PS", "Personal self"),
    ("PU", "Power users"),
    ("RC", "Restricted code"),
    ("RD", "Terminal server users"),
    ("RE", "Replicator"),
    ("RS", "RAS servers group"),
    ("RU", "Alias to allow previous Windows 2000"),
    ("SA", "Schema administrators"),
    ("SO", "Server operators"),
    ("SU", "Service logon user"),
    ("SY", "Local system"),
    ("WD", "Everyone"),
    // Well-known SIDs.
    ("S-1-0", "Null Authority"),
    ("S-1-0-0", "Nobody"),
    ("S-1-1", "World Authority"),
    ("S-1-1-0", "Everyone"),
    ("S-1-2", "Local Authority"),
    ("S-1-2-0", "Local"),
    ("S-1-2-1", "Console Logon"),
    ("S-1-3", "Creator Authority"),
    ("S-1-3-0", "Creator Owner"),
    ("S-1-3-1", "Creator Group"),
    ("S-1-3-2", "Creator Owner Server"),
    ("S-1-3-3", "Creator Group Server"),
    ("S-1-3-4", "Owner Rights"),
    ("S-1-4", "Non-unique Authority"),
    ("S-1-5", "NT Authority"),
    ("S-1-5-1", "Dialup"),
    ("S-1-5-2", "Network"),
    ("S-1-5-3", "Batch"),
    ("S-1-5-4", "Interactive"),
    ("S-1-5-6", "Service"),
    ("S-1-5-7", "Anonymous"),
    ("S-1-5-8", "Proxy"),
    ("S-1-5-9", "Enterprise Domain Controllers"),
    ("S-1-5-10", "Principal Self"),
    ("S-1-5-11", "Authenticated Users"),
    ("S-1-5-12", "Restricted Code"),
    ("S-1-5-13", "Terminal Server Users"),
    ("S-1-5-14", "Remote Interactive Logon"),
    ("S-1-5-15", "This Organization"),
    ("S-1-5-17", "This Organization"),
    ("S-1-5-18", "Local System"),
    ("S-1-5-19", "NT Authority"),
    ("S-1-5-20", "NT Authority"),
    ("S-1-5-32-544", "Administrators"),
    ("S-1-5-32-545", "Users"),
    ("S-1-5-32-546", "Guests"),
    ("S-1-5-32-547", "Power Users"),
    ("S-1-5-32-548", "Account Operators"),
    ("S-1-5-32-549", "Server Operators"),
    ("S-1-5-32-550", "Print Operators"),
    ("S-1-5-32-551", "Backup Operators"),
    ("S-1-5-32-552", "Replicators"),
    ("S-1-5-32-554", r"Builtin\Pre-Windows 2000 Compatible Access"),
    ("S-1-5-32-555", r"Builtin\Remote Desktop Users"),
    ("S-1-5-32-556", r"Builtin\Network Configuration Operators"),
    ("S-1-5-32-557", r"Builtin\Incoming Forest Trust Builders"),
    ("S-1-5-32-558", r"Builtin\Performance Monitor Users"),
    ("S-1-5-32-559", r"Builtin\Performance Log Users"),
    ("S-1-5-32-560", r"Builtin\Windows Authorization Access Group"),
    ("S-1-5-32-561", r"Builtin\Terminal Server License Servers"),
    ("S-1-5-32-562", r"Builtin\Distributed COM Users"),
    ("S-1-5-32-569", r"Builtin\Cryptographic Operators"),
    ("S-1-5-32-573", r"Builtin\Event Log Readers"),
    ("S-1-5-32-574", r"Builtin\Certificate Service DCOM Access"),
    ("S-1-5-32-575", r"Builtin\RDS Remote Access Servers"),
    ("S-1-5-32-576", r"Builtin\RDS Endpoint Servers"),
    ("S-1-5-32-577", r"Builtin\RDS Management Servers"),
    ("S-1-5-32-578", r"Builtin\Hyper-V Administrators"),
    ("S-1-5-32-579", r"Builtin\Access Control Assistance Operators"),
    ("S-1-5-32-580", r"Builtin\Remote Management Users"),
    ("S-1-5-32-582", "Storage Replica Administrators"),
    ("S-1-5-64-10", "NTLM Authentication"),
    ("S-1-5-64-14", "SChannel Authentication"),
    ("S-1-5-64-21", "Digest Authentication"),
    ("S-1-5-80", "NT Service"),
    ("S-1-5-80-0", "All Services"),
    ("S-1-5-83-0", r"NT Virtual Machine\Virtual Machines"),
    ("S-1-5-90-0", r"Windows Manager\Windows Manager Group"),
    ("S-1-16-0", "Untrusted Mandatory Level"),
    ("S-1-16-4096", "Low Mandatory Level"),
    ("S-1-16-8192", "Medium Mandatory Level"),
    ("S-1-16-8448", "Medium Plus Mandatory Level"),
    ("S-1-16-12288", "High Mandatory Level"),
    ("S-1-16-16384", "System Mandatory Level"),
    ("S-1-16-20480", "Protected Process Mandatory Level"),
    ("S-1-16-28672", "Secure Process Mandatory Level"),
];

/// The last number of SIDs of domains.
static OF_DOMAINS: &[(&str, &str)] = &[
    ("498", "Enterprise Read-only Domain Controllers"),
    ("500", ADMINISTRATOR),
    ("501", GUEST),
    ("502", KRBTGT),
    ("512", "Domain Admins"),
    ("513", "Domain Users"),
    ("514", "Domain Guests"),
    ("515", "Domain Computers"),
    ("516", "Domain Controllers"),
    ("517", "Cert Publishers"),
    ("518", "Schema Admins"),
    ("519", "Enterprise Admins"),
    ("520", "Group Policy Creator Owners"),
    ("521", "Read-only Domain Controllers"),
    ("522", "Cloneable Domain Controllers"),
    ("526", "Key Admins"),
    ("527", "Enterprise Key Admins"),
    ("553", "RAS and IAS Servers"),
    ("571", "Allowed RODC Password Replication Group"),
    ("572", "Denied RODC Password Replication Group"),
];

const ADMINISTRATOR: &str = "Administrator";
const GUEST: &str = "Guest";
const KRBTGT: &str = "KRBTGT";

/// Whether the name of a SID is that of a user's account, not a group's.
pub(super) fn is_user(name: &str) -> bool {
    [ADMINISTRATOR, GUEST, KRBTGT].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn names() {
        for (sid, expected) in [
            ("SY", Some("Local system")),
            ("OW", Some("OW")),
            ("S-1-5-32-544", Some("Administrators")),
            ("S-1-5-32-9", Some("S-1-5-32-9")),
            ("S-1-5-21-1-2-3-500", Some("Administrator")),
            ("S-1-5-21-1-2-3-1000", None),
            ("S-1-5-21-1-2-3-9900500", None),
            ("S-1-5-21-", Some("S-1-5-21-")),
            ("", Some("")),
        ] {
            assert_eq!(name(sid), expected, "{sid}");
        }
    }
}
