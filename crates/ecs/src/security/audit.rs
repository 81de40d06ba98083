//! Audit subcategories (MS-GPAC 2.2.1.4): what `SubcategoryGuid` stands for.

/// A subcategory's name and its category's.
#[derive(Debug, PartialEq)]
pub(super) struct Subcategory {
    pub(super) name: &'static str,
    pub(super) category: &'static str,
}

/// The subcategory of a GUID, with or without braces, in any case.
pub(super) fn subcategory(guid: &str) -> Option<Subcategory> {
    let guid = guid.strip_prefix('{').unwrap_or(guid);
    let guid = guid.strip_suffix('}').unwrap_or(guid);
    // All of them differ in one byte only.
    let (head, tail) = ("0cce92", "-69ae-11d9-bed3-505054503030");
    let (start, rest) = guid.split_at_checked(head.len())?;
    let (byte, end) = rest.split_at_checked(2)?;
    if !start.eq_ignore_ascii_case(head) || !end.eq_ignore_ascii_case(tail) {
        return None;
    }
    let byte = u8::from_str_radix(byte, 16).ok()?;
    let (name, category) = *SUBCATEGORIES.get(usize::from(byte.checked_sub(FIRST)?))?;
    Some(Subcategory { name, category })
}

/// The byte of the first line.
const FIRST: u8 = 0x10;

/// By byte. The blank at the end of 0x26, and the directory service among the accounts, are
/// Elastic's.
#[rustfmt::skip]
static SUBCATEGORIES: &[(&str, &str)] = {
    const SYSTEM: &str = "System";
    const LOGON: &str = "Logon/Logoff";
    const OBJECT: &str = "Object Access";
    const PRIVILEGE: &str = "Privilege Use";
    const DETAILED: &str = "Detailed Tracking";
    const POLICY: &str = "Policy Change";
    const ACCOUNT: &str = "Account Management";
    const ACCOUNT_LOGON: &str = "Account Logon";
    &[
        /* 10 */ ("Security State Change", SYSTEM),
        /* 11 */ ("Security System Extension", SYSTEM),
        /* 12 */ ("System Integrity", SYSTEM),
        /* 13 */ ("IPsec Driver", SYSTEM),
        /* 14 */ ("Other System Events", SYSTEM),
        /* 15 */ ("Logon", LOGON),
        /* 16 */ ("Logoff", LOGON),
        /* 17 */ ("Account Lockout", LOGON),
        /* 18 */ ("IPsec Main Mode", LOGON),
        /* 19 */ ("IPsec Quick Mode", LOGON),
        /* 1a */ ("IPsec Extended Mode", LOGON),
        /* 1b */ ("Special Logon", LOGON),
        /* 1c */ ("Other Logon/Logoff Events", LOGON),
        /* 1d */ ("File System", OBJECT),
        /* 1e */ ("Registry", OBJECT),
        /* 1f */ ("Kernel Object", OBJECT),
        /* 20 */ ("SAM", OBJECT),
        /* 21 */ ("Certification Services", OBJECT),
        /* 22 */ ("Application Generated", OBJECT),
        /* 23 */ ("Handle Manipulation", OBJECT),
        /* 24 */ ("File Share", OBJECT),
        /* 25 */ ("Filtering Platform Packet Drop", OBJECT),
        /* 26 */ ("Filtering Platform Connection ", OBJECT),
        /* 27 */ ("Other Object Access Events", OBJECT),
        /* 28 */ ("Sensitive Privilege Use", PRIVILEGE),
        /* 29 */ ("Non Sensitive Privilege Use", PRIVILEGE),
        /* 2a */ ("Other Privilege Use Events", PRIVILEGE),
        /* 2b */ ("Process Creation", DETAILED),
        /* 2c */ ("Process Termination", DETAILED),
        /* 2d */ ("DPAPI Activity", DETAILED),
        /* 2e */ ("RPC Events", DETAILED),
        /* 2f */ ("Audit Policy Change", POLICY),
        /* 30 */ ("Authentication Policy Change", POLICY),
        /* 31 */ ("Authorization Policy Change", POLICY),
        /* 32 */ ("MPSSVC Rule-Level Policy Change", POLICY),
        /* 33 */ ("Filtering Platform Policy Change", POLICY),
        /* 34 */ ("Other Policy Change Events", POLICY),
        /* 35 */ ("User Account Management", ACCOUNT),
        /* 36 */ ("Computer Account Management", ACCOUNT),
        /* 37 */ ("Security Group Management", ACCOUNT),
        /* 38 */ ("Distribution Group Management", ACCOUNT),
        /* 39 */ ("Application Group Management", ACCOUNT),
        /* 3a */ ("Other Account Management Events", ACCOUNT),
        /* 3b */ ("Directory Service Access", ACCOUNT),
        /* 3c */ ("Directory Service Changes", ACCOUNT),
        /* 3d */ ("Directory Service Replication", ACCOUNT),
        /* 3e */ ("Detailed Directory Service Replication", ACCOUNT),
        /* 3f */ ("Credential Validation", ACCOUNT_LOGON),
        /* 40 */ ("Kerberos Service Ticket Operations", ACCOUNT_LOGON),
        /* 41 */ ("Other Account Logon Events", ACCOUNT_LOGON),
        /* 42 */ ("Kerberos Authentication Service", ACCOUNT_LOGON),
        /* 43 */ ("Network Policy Server", LOGON),
        /* 44 */ ("Detailed File Share", OBJECT),
        /* 45 */ ("Removable Storage", OBJECT),
        /* 46 */ ("Central Policy Staging", OBJECT),
        /* 47 */ ("User / Device Claims", LOGON),
        /* 48 */ ("Plug and Play Events", DETAILED),
        /* 49 */ ("Group Membership", LOGON),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(guid: &str, expected: Option<(&'static str, &'static str)>) {
        let expected = expected.map(|(name, category)| Subcategory { name, category });
        assert_eq!(subcategory(guid), expected, "{guid}");
    }

    #[test]
    fn by_byte() {
        check(
            "{0cce9248-69ae-11d9-bed3-505054503030}",
            Some(("Plug and Play Events", "Detailed Tracking")),
        );
        check("0CCE9210-69AE-11D9-BED3-505054503030", Some(("Security State Change", "System")));
        check(
            "{0cce9242-69AE-11d9-bed3-505054503030}",
            Some(("Kerberos Authentication Service", "Account Logon")),
        );
        check("{0cce9249-69ae-11d9-bed3-505054503030}", Some(("Group Membership", "Logon/Logoff")));
        check("{0cce924a-69ae-11d9-bed3-505054503030}", None);
        check("{0cce920f-69ae-11d9-bed3-505054503030}", None);
        check("{1cce9215-69ae-11d9-bed3-505054503030}", None);
        check("{0cce92é-69ae-11d9-bed3-505054503030}", None);
        check("", None);
    }
}
