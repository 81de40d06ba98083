//! The texts that `%%n` in event data stands for: the message table of Windows' `msobjs.dll`
//! (Windows Server 2019).

/// The text of a number, given with or without `%%` and blanks around it.
pub(super) fn text(code: &str) -> Option<&'static str> {
    let code = code.trim();
    of_number(code.strip_prefix("%%").unwrap_or(code).parse().ok()?)
}

/// The text of a number.
pub(super) fn of_number(code: u16) -> Option<&'static str> {
    let at = BLOCKS.partition_point(|block| block.first <= code).checked_sub(1)?;
    let block = &BLOCKS[at];
    let n = usize::from(code - block.first);
    match block.texts.get(n) {
        Some(text) => Some(*text).filter(|text| !text.is_empty()),
        None if block.rights => UNDEFINED.get(n).copied(),
        None => None,
    }
}

/// Texts of consecutive numbers; empty where a number has none.
struct Block {
    first: u16,
    texts: &'static [&'static str],
    /// Whether they are the sixteen rights that are special to a type of object, the rest of
    /// which are undefined.
    rights: bool,
}

const fn rights(first: u16, texts: &'static [&'static str]) -> Block {
    Block { first, texts, rights: true }
}

const fn texts(first: u16, texts: &'static [&'static str]) -> Block {
    Block { first, texts, rights: false }
}

/// The rights that a type of object does not use, by bit.
static UNDEFINED: [&str; 16] = [
    "Undefined Access (no effect) Bit 0",
    "Undefined Access (no effect) Bit 1",
    "Undefined Access (no effect) Bit 2",
    "Undefined Access (no effect) Bit 3",
    "Undefined Access (no effect) Bit 4",
    "Undefined Access (no effect) Bit 5",
    "Undefined Access (no effect) Bit 6",
    "Undefined Access (no effect) Bit 7",
    "Undefined Access (no effect) Bit 8",
    "Undefined Access (no effect) Bit 9",
    "Undefined Access (no effect) Bit 10",
    "Undefined Access (no effect) Bit 11",
    "Undefined Access (no effect) Bit 12",
    "Undefined Access (no effect) Bit 13",
    "Undefined Access (no effect) Bit 14",
    "Undefined Access (no effect) Bit 15",
];

/// Ascending. Misspellings and stray quotes are Windows' own.
#[rustfmt::skip]
static BLOCKS: &[Block] = &[
    // Standard rights.
    texts(1536, &[
        "Unused message ID", "DELETE", "READ_CONTROL", "WRITE_DAC", "WRITE_OWNER", "SYNCHRONIZE",
        "ACCESS_SYS_SEC", "MAX_ALLOWED",
    ]),
    texts(1552, &[
        "Unknown specific access (bit 0)", "Unknown specific access (bit 1)",
        "Unknown specific access (bit 2)", "Unknown specific access (bit 3)",
        "Unknown specific access (bit 4)", "Unknown specific access (bit 5)",
        "Unknown specific access (bit 6)", "Unknown specific access (bit 7)",
        "Unknown specific access (bit 8)", "Unknown specific access (bit 9)",
        "Unknown specific access (bit 10)", "Unknown specific access (bit 11)",
        "Unknown specific access (bit 12)", "Unknown specific access (bit 13)",
        "Unknown specific access (bit 14)", "Unknown specific access (bit 15)",
    ]),
    // Privileges.
    texts(1601, &[
        "Not used", "", "Assign Primary Token Privilege", "Lock Memory Privilege",
        "Increase Memory Quota Privilege", "Unsolicited Input Privilege",
        "Trusted Computer Base Privilege", "Security Privilege", "Take Ownership Privilege",
        "Load/Unload Driver Privilege", "Profile System Privilege", "Set System Time Privilege",
        "Profile Single Process Privilege", "Increment Base Priority Privilege",
        "Create Pagefile Privilege", "Create Permanent Object Privilege", "Backup Privilege",
        "Restore From Backup Privilege", "Shutdown System Privilege", "Debug Privilege",
        "View or Change Audit Log Privilege", "Change Hardware Environment Privilege",
        "Change Notify (and Traverse) Privilege", "Remotely Shut System Down Privilege",
    ]),
    // Values and reasons.
    texts(1792, &[
        "<value changed", "<value not set>", "<never>", "Enabled", "Disabled", "All", "None",
        "Audit Policy query/set API Operation",
        "<Value change auditing for this registry type is not supported>", "Granted by",
        "Denied by", "Denied by Integrity Policy check", "Granted by Ownership", "Not granted",
        "Granted by NULL DACL", "Denied by Empty DACL", "Granted by NULL Security Descriptor",
        "Unknown or unchecked", "Not granted due to missing", "Granted by ACE on parent folder",
        "Denied by ACE on parent folder", "Granted by Central Access Rule",
        "NOT Granted by Central Access Rule", "Granted by parent folder's Central Access Rule",
        "NOT Granted by parent folder's Central Access Rule", "Unknown Type", "String",
        "Unsigned 64-bit Integer", "64-bit Integer", "FQBN", "Blob", "Sid", "Boolean", "TRUE",
        "FALSE", "Invalid", "an ACE too long to display",
        "a Security Descriptor too long to display", "Not granted to AppContainers", "...",
        "Identification", "Impersonation",
    ]),
    texts(1840, &[
        "Delegation", "Denied by Process Trust Label ACE", "Yes", "No", "System", "Not Available",
        "Default", "DisallowMmConfig", "Off", "Auto",
    ]),
    texts(1872, &[
        "REG_NONE", "REG_SZ", "REG_EXPAND_SZ", "REG_BINARY", "REG_DWORD", "REG_DWORD_BIG_ENDIAN",
        "REG_LINK", "REG_MULTI_SZ (New lines are replaced with *. A * is replaced with **)",
        "REG_RESOURCE_LIST", "REG_FULL_RESOURCE_DESCRIPTOR", "REG_RESOURCE_REQUIREMENTS_LIST",
        "REG_QWORD",
    ]),
    texts(1904, &[
        "New registry value created", "Existing registry value modified", "Registry value deleted",
    ]),
    texts(1920, &[
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]),
    texts(1936, &[
        "TokenElevationTypeDefault (1)", "TokenElevationTypeFull (2)",
        "TokenElevationTypeLimited (3)",
    ]),
    // Account control.
    texts(2048, &[
        "Account Enabled", "Home Directory Required' - Disabled",
        "Password Not Required' - Disabled", "Temp Duplicate Account' - Disabled",
        "Normal Account' - Disabled", "MNS Logon Account' - Disabled",
        "Interdomain Trust Account' - Disabled", "Workstation Trust Account' - Disabled",
        "Server Trust Account' - Disabled", "Don't Expire Password' - Disabled",
        "Account Unlocked", "Encrypted Text Password Allowed' - Disabled",
        "Smartcard Required' - Disabled", "Trusted For Delegation' - Disabled",
        "Not Delegated' - Disabled", "Use DES Key Only' - Disabled",
        "Don't Require Preauth' - Disabled", "Password Expired' - Disabled",
        "Trusted To Authenticate For Delegation' - Disabled",
        "Exclude Authorization Information' - Disabled",
        "Undefined UserAccountControl Bit 20' - Disabled",
        "Protect Kerberos Service Tickets with AES Keys' - Disabled",
        "Undefined UserAccountControl Bit 22' - Disabled",
        "Undefined UserAccountControl Bit 23' - Disabled",
        "Undefined UserAccountControl Bit 24' - Disabled",
        "Undefined UserAccountControl Bit 25' - Disabled",
        "Undefined UserAccountControl Bit 26' - Disabled",
        "Undefined UserAccountControl Bit 27' - Disabled",
        "Undefined UserAccountControl Bit 28' - Disabled",
        "Undefined UserAccountControl Bit 29' - Disabled",
        "Undefined UserAccountControl Bit 30' - Disabled",
        "Undefined UserAccountControl Bit 31' - Disabled",
        "Account Disabled", "Home Directory Required' - Enabled",
        "Password Not Required' - Enabled", "Temp Duplicate Account' - Enabled",
        "Normal Account' - Enabled", "MNS Logon Account' - Enabled",
        "Interdomain Trust Account' - Enabled", "Workstation Trust Account' - Enabled",
        "Server Trust Account' - Enabled", "Don't Expire Password' - Enabled",
        "Account Locked", "Encrypted Text Password Allowed' - Enabled",
        "Smartcard Required' - Enabled", "Trusted For Delegation' - Enabled",
        "Not Delegated' - Enabled", "Use DES Key Only' - Enabled",
        "Don't Require Preauth' - Enabled", "Password Expired' - Enabled",
        "Trusted To Authenticate For Delegation' - Enabled",
        "Exclude Authorization Information' - Enabled",
        "Undefined UserAccountControl Bit 20' - Enabled",
        "Protect Kerberos Service Tickets with AES Keys' - Enabled",
        "Undefined UserAccountControl Bit 22' - Enabled",
        "Undefined UserAccountControl Bit 23' - Enabled",
        "Undefined UserAccountControl Bit 24' - Enabled",
        "Undefined UserAccountControl Bit 25' - Enabled",
        "Undefined UserAccountControl Bit 26' - Enabled",
        "Undefined UserAccountControl Bit 27' - Enabled",
        "Undefined UserAccountControl Bit 28' - Enabled",
        "Undefined UserAccountControl Bit 29' - Enabled",
        "Undefined UserAccountControl Bit 30' - Enabled",
        "Undefined UserAccountControl Bit 31' - Enabled",
    ]),
    // Why a logon failed.
    texts(2304, &[
        "An Error occured during Logon.", "The specified user account has expired.",
        "The NetLogon component is not active.", "Account locked out.",
        "The user has not been granted the requested logon type at this machine.",
        "The specified account's password has expired.", "Account currently disabled.",
        "Account logon time restriction violation.", "User not allowed to logon at this computer.",
        "Unknown user name or bad password.", "Domain sid inconsistent.",
        "Smartcard logon is required and was not used.",
    ]),
    // Cryptography.
    texts(2432, &[
        "Not Available.", "", "", "", "Random number generator failure.",
        "Random number generation failed FIPS-140 pre-hash check.", "Failed to zero secret data.",
        "Key failed pair wise consistency check.",
    ]),
    texts(2448, &[
        "Failed to unprotect persistent cryptographic key.", "Key export checks failed.",
        "Validation of public key failed.", "Signature verification failed.", "", "", "", "",
        "Open key file.", "Delete key file.", "Read persisted key from file.",
        "Write persisted key to file.", "", "", "", "", "Export of persistent cryptographic key.",
        "Import of persistent cryptographic key.",
    ]),
    texts(2480, &[
        "Open Key.", "Create Key.", "Delete Key.", "Encrypt.", "Decrypt.", "Sign hash.",
        "Secret agreement.", "Domain settings", "Local settings", "Add provider.",
        "Remove provider.", "Add context.", "Remove context.", "Add function.",
        "Remove function.", "Add function provider.", "Remove function provider.",
        "Add function property.", "Remove function property.", "Machine key.", "User key.",
        "Key Derivation.",
    ]),
    // Rights: device, directory of objects, event, file, key, mutant, port, process, profile,
    // section, semaphore, symbolic link, thread, timer, token, type.
    rights(4352, &[
        "Device Access Bit 0", "Device Access Bit 1", "Device Access Bit 2",
        "Device Access Bit 3", "Device Access Bit 4", "Device Access Bit 5",
        "Device Access Bit 6", "Device Access Bit 7", "Device Access Bit 8",
    ]),
    rights(4368, &[
        "Query directory", "Traverse", "Create object in directory", "Create sub-directory",
    ]),
    rights(4384, &["Query event state", "Modify event state"]),
    rights(4416, &[
        "ReadData (or ListDirectory)", "WriteData (or AddFile)",
        "AppendData (or AddSubdirectory or CreatePipeInstance)", "ReadEA", "WriteEA",
        "Execute/Traverse", "DeleteChild", "ReadAttributes", "WriteAttributes",
    ]),
    rights(4432, &[
        "Query key value", "Set key value", "Create sub-key", "Enumerate sub-keys",
        "Notify about changes to keys", "Create Link", "Undefined Access (no effect) Bit 6",
        "Undefined Access (no effect) Bit 7",
        "Enable 64(or 32) bit application to open 64 bit key",
        "Enable 64(or 32) bit application to open 32 bit key",
    ]),
    rights(4448, &["Query mutant state"]),
    rights(4464, &["Communicate using port"]),
    rights(4480, &[
        "Force process termination", "Create new thread in process", "Set process session ID",
        "Perform virtual memory operation", "Read from process memory",
        "Write to process memory", "Duplicate handle into or out of process",
        "Create a subprocess of process", "Set process quotas", "Set process information",
        "Query process information", "Set process termination port",
    ]),
    rights(4496, &["Control profile"]),
    rights(4512, &[
        "Query section state", "Map section for write", "Map section for read",
        "Map section for execute", "Extend size",
    ]),
    rights(4528, &["Query semaphore state", "Modify semaphore state"]),
    rights(4544, &["Use symbolic link"]),
    rights(4560, &[
        "Force thread termination", "Suspend or resume thread", "Send an alert to thread",
        "Get thread context", "Set thread context", "Set thread information",
        "Query thread information", "Assign a token to the thread",
        "Cause thread to directly impersonate another thread", "Directly impersonate this thread",
    ]),
    rights(4576, &["Query timer state", "Modify timer state"]),
    rights(4592, &[
        "AssignAsPrimary", "Duplicate", "Impersonate", "Query", "QuerySource", "AdjustPrivileges",
        "AdjustGroups", "AdjustDefaultDacl", "AdjustSessionID",
    ]),
    rights(4608, &["Create instance of object type"]),
    texts(4864, &["Query State", "Modify State"]),
    // Rights: channel, job.
    rights(5120, &[
        "Channel read message", "Channel write message", "Channel query information",
        "Channel set information",
    ]),
    rights(5136, &[
        "Assign process", "Set Attributes", "Query Attributes", "Terminate Job",
        "Set Security Attributes",
    ]),
    // Rights: SAM's server, domain, group, alias, user.
    rights(5376, &[
        "ConnectToServer", "ShutdownServer", "InitializeServer", "CreateDomain",
        "EnumerateDomains", "LookupDomain",
    ]),
    rights(5392, &[
        "ReadPasswordParameters", "WritePasswordParameters", "ReadOtherParameters",
        "WriteOtherParameters", "CreateUser", "CreateGlobalGroup", "CreateLocalGroup",
        "GetLocalGroupMembership", "ListAccounts", "LookupIDs", "AdministerServer",
    ]),
    rights(5408, &["ReadInformation", "WriteAccount", "AddMember", "RemoveMember", "ListMembers"]),
    rights(5424, &["AddMember", "RemoveMember", "ListMembers", "ReadInformation", "WriteAccount"]),
    rights(5440, &[
        "ReadGeneralInformation", "ReadPreferences", "WritePreferences", "ReadLogon",
        "ReadAccount", "WriteAccount", "ChangePassword (with knowledge of old password)",
        "SetPassword (without knowledge of old password)", "ListGroups", "ReadGroupMembership",
        "ChangeGroupMembership",
    ]),
    // Rights: LSA's policy, secret, trusted domain, account; keyed event.
    texts(5632, &[
        "View non-sensitive policy information", "View system audit requirements",
        "Get sensitive policy information", "Modify domain trust relationships",
        "Create special accounts (for assignment of user rights)", "Create a secret object",
        "Create a privilege", "Set default quota limits", "Change system audit requirements",
        "Administer audit log attributes", "Enable/Disable LSA", "Lookup Names/SIDs",
    ]),
    rights(5648, &["Change secret value", "Query secret value"]),
    rights(5664, &[
        "Query trusted domain name/SID", "Retrieve the controllers in the trusted domain",
        "Change the controllers in the trusted domain",
        "Query the Posix ID offset assigned to the trusted domain",
        "Change the Posix ID offset assigned to the trusted domain",
    ]),
    rights(5680, &[
        "Query account information", "Change privileges assigned to account",
        "Change quotas assigned to account", "Change logon capabilities assigned to account",
        "Change the Posix ID offset assigned to the accounted domain",
    ]),
    rights(5696, &["KeyedEvent Wait", "KeyedEvent Wake"]),
    // Rights: window station, desktop, printer, service, DDE share.
    texts(6656, &[
        "Enumerate desktops", "Read attributes", "Access Clipboard", "Create desktop",
        "Write attributes", "Access global atoms", "Exit windows", "Unused Access Flag",
        "Include this windowstation in enumerations", "Read screen",
    ]),
    texts(6672, &[
        "Read Objects", "Create window", "Create menu", "Hook control", "Journal (record)",
        "Journal (playback)", "Include this desktop in enumerations", "Write objects",
        "Switch to this desktop",
    ]),
    texts(6912, &["Administer print server", "Enumerate printers"]),
    texts(6930, &["Full Control", "Print"]),
    texts(6948, &["Administer Document"]),
    texts(7168, &[
        "Connect to service controller", "Create a new service", "Enumerate services",
        "Lock service database for exclusive access", "Query service database lock state",
        "Set last-known-good state of service database",
    ]),
    texts(7184, &[
        "Query service configuration information", "Set service configuration information",
        "Query status of service", "Enumerate dependencies of service", "Start the service",
        "Stop the service", "Pause or continue the service", "Query information from service",
        "Issue service-specific control commands",
    ]),
    texts(7424, &[
        "DDE Share Read", "DDE Share Write", "DDE Share Initiate Static",
        "DDE Share Initiate Link", "DDE Share Request", "DDE Share Advise", "DDE Share Poke",
        "DDE Share Execute", "DDE Share Add Items", "DDE Share List Items",
    ]),
    // Rights: directory service; auditing.
    rights(7680, &[
        "Create Child", "Delete Child", "List Contents", "Write Self", "Read Property",
        "Write Property", "Delete Tree", "List Object", "Control Access",
    ]),
    texts(7936, &[
        "Audit Set System Policy", "Audit Query System Policy", "Audit Set Per User Policy",
        "Audit Query Per User Policy", "Audit Enumerate Users", "Audit Set Options",
        "Audit Query Options",
    ]),
    // Networks.
    texts(8064, &["Port sharing (read)", "Port sharing (write)"]),
    texts(8096, &["Default credentials", "Credentials manager", "Fresh credentials"]),
    texts(8192, &[
        "Kerberos", "Preshared key", "Unknown authentication", "DES", "3DES", "MD5", "SHA1",
        "Local computer", "Remote computer", "No state", "Sent first (SA) payload",
        "Sent second (KE) payload", "Sent third (ID) payload", "Initiator", "Responder",
        "No state", "Sent first (SA) payload", "Sent final payload", "Complete", "Unknown",
        "Transport", "Tunnel", "IKE/AuthIP DoS prevention mode started",
        "IKE/AuthIP DoS prevention mode stopped", "Enabled", "Not enabled", "No state",
        "Sent first (EM attributes) payload", "Sent second (SSPI) payload",
        "Sent third (hash) payload", "IKEv1", "AuthIP", "Anonymous", "NTLM V2", "CGA",
        "Certificate", "SSL", "None", "DH group 1", "DH group 2", "DH group 14",
        "DH group ECP 256", "DH group ECP 384", "AES-128", "AES-192", "AES-256",
        "Certificate ECDSA P256", "Certificate ECDSA P384", "SSL ECDSA P256", "SSL ECDSA P384",
        "SHA 256", "SHA 384", "IKEv2", "EAP payload sent", "Authentication payload sent", "EAP",
        "DH group 24",
    ]),
    // Audit categories, what changed in them, and subcategories.
    texts(8272, &[
        "System", "Logon/Logoff", "Object Access", "Privilege Use", "Detailed Tracking",
        "Policy Change", "Account Management", "DS Access", "Account Logon",
    ]),
    texts(8448, &[
        "Success removed", "Success Added", "Failure removed", "Failure Added",
        "Success include removed", "Success include added", "Success exclude removed",
        "Success exclude added", "Failure include removed", "Failure include added",
        "Failure exclude removed", "Failure exclude added",
    ]),
    texts(12288, &[
        "Security State Change", "Security System Extension", "System Integrity", "IPsec Driver",
        "Other System Events",
    ]),
    texts(12544, &[
        "Logon", "Logoff", "Account Lockout", "IPsec Main Mode", "Special Logon",
        "IPsec Quick Mode", "IPsec Extended Mode", "Other Logon/Logoff Events",
        "Network Policy Server", "User / Device Claims", "Group Membership",
    ]),
    texts(12800, &[
        "File System", "Registry", "Kernel Object", "SAM", "Other Object Access Events",
        "Certification Services", "Application Generated", "Handle Manipulation", "File Share",
        "Filtering Platform Packet Drop", "Filtering Platform Connection", "Detailed File Share",
        "Removable Storage", "Central Policy Staging",
    ]),
    texts(13056, &[
        "Sensitive Privilege Use", "Non Sensitive Privilege Use", "Other Privilege Use Events",
    ]),
    texts(13312, &[
        "Process Creation", "Process Termination", "DPAPI Activity", "RPC Events",
        "Plug and Play Events", "Token Right Adjusted Events",
    ]),
    texts(13568, &[
        "Audit Policy Change", "Authentication Policy Change", "Authorization Policy Change",
        "MPSSVC Rule-Level Policy Change", "Filtering Platform Policy Change",
        "Other Policy Change Events",
    ]),
    texts(13824, &[
        "User Account Management", "Computer Account Management", "Security Group Management",
        "Distribution Group Management", "Application Group Management",
        "Other Account Management Events",
    ]),
    texts(14080, &[
        "Directory Service Access", "Directory Service Changes", "Directory Service Replication",
        "Detailed Directory Service Replication",
    ]),
    texts(14336, &[
        "Credential Validation", "Kerberos Service Ticket Operations",
        "Other Account Logon Events", "Kerberos Authentication Service",
    ]),
    // The filtering platform: directions, layers, operations.
    texts(14592, &[
        "Inbound", "Outbound", "Forward", "Bidirectional", "IP Packet", "Transport", "Forward",
        "Stream", "Datagram Data", "ICMP Error", "MAC 802.3", "MAC Native", "vSwitch",
    ]),
    texts(14608, &[
        "Resource Assignment", "Listen", "Receive/Accept", "Connect", "Flow Established", "",
        "Resource Release", "Endpoint Closure", "Connect Redirect", "Bind Redirect",
    ]),
    texts(14624, &["Stream Packet"]),
    texts(14640, &["ICMP Echo-Request", "vSwitch Ingress", "vSwitch Egress"]),
    // Changes of directory objects.
    texts(14672, &[
        "<Binary>", "[NULL]", "Value Added", "Value Deleted", "Active Directory Domain Services",
        "Active Directory Lightweight Directory Services", "Yes", "No",
        "Value Added With Expiration Time", "Value Deleted With Expiration Time",
    ]),
    texts(14688, &["Value Auto Deleted With Expiration Time"]),
    // Filters and IPsec.
    texts(16384, &[
        "Add", "Delete", "Boot-time", "Persistent", "Not persistent", "Block", "Permit",
        "Callout", "MD5", "SHA-1", "SHA-256", "AES-GCM 128", "AES-GCM 192", "AES-GCM 256", "DES",
        "3DES", "AES-128", "AES-192", "AES-256", "Transport", "Tunnel", "Responder", "Initiator",
        "AES-GMAC 128", "AES-GMAC 192", "AES-GMAC 256",
    ]),
    texts(16416, &["AuthNoEncap Transport"]),
    // Rights: WMI.
    texts(16896, &[
        "Enable WMI Account", "Execute Method", "Full Write", "Partial Write", "Provider Write",
        "Remote Access", "Subscribe", "Publish",
    ]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_do_not_overlap() {
        for pair in BLOCKS.windows(2) {
            let len = if pair[0].rights { 16 } else { pair[0].texts.len() };
            assert!(usize::from(pair[0].first) + len <= usize::from(pair[1].first));
        }
    }

    #[test]
    fn some_texts() {
        for (code, expected) in [
            ("%%2313", Some("Unknown user name or bad password.")),
            (" 8451 ", Some("Failure Added")),
            ("%%1537", Some("DELETE")),
            ("%%1624", Some("Remotely Shut System Down Privilege")),
            ("%%1833", Some("Impersonation")),
            ("%%1849", Some("Auto")),
            ("%%2080", Some("Account Disabled")),
            ("%%2111", Some("Undefined UserAccountControl Bit 31' - Enabled")),
            ("%%2501", Some("Key Derivation.")),
            ("%%4417", Some("WriteData (or AddFile)")),
            ("%%4431", Some("Undefined Access (no effect) Bit 15")),
            ("%%4484", Some("Read from process memory")),
            ("%%5643", Some("Lookup Names/SIDs")),
            ("%%5644", None),
            ("%%7688", Some("Control Access")),
            ("%%8248", Some("DH group 24")),
            ("%%12554", Some("Group Membership")),
            ("%%13317", Some("Token Right Adjusted Events")),
            ("%%14611", Some("Connect")),
            ("%%16409", Some("AES-GMAC 256")),
            ("%%16903", Some("Publish")),
            ("%%1602", None),
            ("%%8099", None),
            ("%%0", None),
            ("%%99999", None),
            ("-", None),
        ] {
            assert_eq!(text(code), expected, "{code}");
        }
    }
}
