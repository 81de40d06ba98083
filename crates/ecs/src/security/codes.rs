//! Codes in the data of Security events, and what they are called.

/// Bits and their names, from the lowest bit up.
pub(super) type Flags = &'static [(u32, &'static str)];

/// The names of the bits that are set, in the order of the table.
pub(super) fn names(flags: Flags, bits: i64) -> impl Iterator<Item = &'static str> {
    flags.iter().filter(move |(bit, _)| bits & i64::from(*bit) != 0).map(|(_, name)| *name)
}

/// What a table calls a code. Codes are compared as text, as they are in Elastic.
pub(super) fn name(table: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    table.iter().find(|(c, _)| *c == code).map(|(_, name)| *name)
}

/// The same for a code in any case.
pub(super) fn name_in_any_case(table: &[(&str, &'static str)], code: &str) -> Option<&'static str> {
    table.iter().find(|(c, _)| c.eq_ignore_ascii_case(code)).map(|(_, name)| *name)
}

/// `LogonType`.
pub(super) static LOGON_TYPES: &[(&str, &str)] = &[
    ("2", "Interactive"),
    ("3", "Network"),
    ("4", "Batch"),
    ("5", "Service"),
    ("7", "Unlock"),
    ("8", "NetworkCleartext"),
    ("9", "NewCredentials"),
    ("10", "RemoteInteractive"),
    ("11", "CachedInteractive"),
];

/// `Status` and `SubStatus` of a failed logon; the texts are the pipelines'.
#[rustfmt::skip]
pub(super) static LOGON_STATUS: &[(&str, &str)] = &[
    ("0x0", "Status OK."),
    ("0xc000005e", "There are currently no logon servers available to service the logon request."),
    ("0xc0000064", "User logon with misspelled or bad user account"),
    ("0xc000006a", "User logon with misspelled or bad password"),
    ("0xc000006d", "This is either due to a bad username or authentication information"),
    ("0xc000006e", "Unknown user name or bad password."),
    ("0xc000006f", "User logon outside authorized hours"),
    ("0xc0000070", "User logon from unauthorized workstation"),
    ("0xc0000071", "User logon with expired password"),
    ("0xc0000072", "User logon to account disabled by administrator"),
    ("0xc00000dc", "Indicates the Sam Server was in the wrong state to perform the desired operation."),
    ("0xc0000133", "Clocks between DC and other computer too far out of sync"),
    ("0xc000015b", "The user has not been granted the requested logon type (aka logon right) at this machine"),
    ("0xc000018c", "The logon request failed because the trust relationship between the primary domain and the trusted domain failed."),
    ("0xc0000192", "An attempt was made to logon, but the Netlogon service was not started."),
    ("0xc0000193", "User logon with expired account"),
    ("0xc0000224", "User is required to change password at next logon"),
    ("0xc0000225", "Evidently a bug in Windows and not a risk"),
    ("0xc0000234", "User logon with account locked"),
    ("0xc00002ee", "Failure Reason: An Error occurred during Logon"),
    ("0xc0000371", "The local account store does not contain secret material for the specified account"),
    ("0xc0000413", "Logon Failure: The machine you are logging onto is protected by an authentication firewall. The specified account is not allowed to authenticate to the machine."),
];

/// `TicketOptions` (RFC 4120, 5.4.1).
pub(super) static TICKET_OPTIONS: Flags = &[
    (0x0000_0001, "Validate"),
    (0x0000_0002, "Renew"),
    (0x0000_0008, "Enc-tkt-in-skey"),
    (0x0000_0010, "Renewable-ok"),
    (0x0000_0020, "Disable-transited-check"),
    (0x0001_0000, "Name-canonicalize"),
    (0x0002_0000, "Request-anonymous"),
    (0x0004_0000, "Ok-as-delegate"),
    (0x0008_0000, "Transited-policy-checked"),
    (0x0010_0000, "Opt-hardware-auth"),
    (0x0020_0000, "Pre-authent"),
    (0x0040_0000, "Initial"),
    (0x0080_0000, "Renewable"),
    (0x0100_0000, "Invalid"),
    (0x0200_0000, "Postdated"),
    (0x0400_0000, "Allow-postdate"),
    (0x0800_0000, "Proxy"),
    (0x1000_0000, "Proxiable"),
    (0x2000_0000, "Forwarded"),
    (0x4000_0000, "Forwardable"),
];

/// `TicketEncryptionType`, in any case.
pub(super) static TICKET_ENCRYPTION: &[(&str, &str)] = &[
    ("0x1", "DES-CBC-CRC"),
    ("0x3", "DES-CBC-MD5"),
    ("0x11", "AES128-CTS-HMAC-SHA1-96"),
    ("0x12", "AES256-CTS-HMAC-SHA1-96"),
    ("0x17", "RC4-HMAC"),
    ("0x18", "RC4-HMAC-EXP"),
    ("0xffffffff", "FAIL"),
];

/// `Status` of Kerberos events (RFC 4120, 7.5.9). The pipelines (but for Winlogbeat's newest) look for
/// capital digits, but Windows writes small ones, so that those have no name in Elastic either.
pub(super) static KERBEROS_STATUS: &[(&str, &str)] = &[
    ("0x0", "KDC_ERR_NONE"),
    ("0x1", "KDC_ERR_NAME_EXP"),
    ("0x2", "KDC_ERR_SERVICE_EXP"),
    ("0x3", "KDC_ERR_BAD_PVNO"),
    ("0x4", "KDC_ERR_C_OLD_MAST_KVNO"),
    ("0x5", "KDC_ERR_S_OLD_MAST_KVNO"),
    ("0x6", "KDC_ERR_C_PRINCIPAL_UNKNOWN"),
    ("0x7", "KDC_ERR_S_PRINCIPAL_UNKNOWN"),
    ("0x8", "KDC_ERR_PRINCIPAL_NOT_UNIQUE"),
    ("0x9", "KDC_ERR_NULL_KEY"),
    ("0xA", "KDC_ERR_CANNOT_POSTDATE"),
    ("0xB", "KDC_ERR_NEVER_VALID"),
    ("0xC", "KDC_ERR_POLICY"),
    ("0xD", "KDC_ERR_BADOPTION"),
    ("0xE", "KDC_ERR_ETYPE_NOTSUPP"),
    ("0xF", "KDC_ERR_SUMTYPE_NOSUPP"),
    ("0x10", "KDC_ERR_PADATA_TYPE_NOSUPP"),
    ("0x11", "KDC_ERR_TRTYPE_NO_SUPP"),
    ("0x12", "KDC_ERR_CLIENT_REVOKED"),
    ("0x13", "KDC_ERR_SERVICE_REVOKED"),
    ("0x14", "KDC_ERR_TGT_REVOKED"),
    ("0x15", "KDC_ERR_CLIENT_NOTYET"),
    ("0x16", "KDC_ERR_SERVICE_NOTYET"),
    ("0x17", "KDC_ERR_KEY_EXPIRED"),
    ("0x18", "KDC_ERR_PREAUTH_FAILED"),
    ("0x19", "KDC_ERR_PREAUTH_REQUIRED"),
    ("0x1A", "KDC_ERR_SERVER_NOMATCH"),
    ("0x1B", "KDC_ERR_MUST_USE_USER2USER"),
    ("0x1F", "KRB_AP_ERR_BAD_INTEGRITY"),
    ("0x20", "KRB_AP_ERR_TKT_EXPIRED"),
    ("0x21", "KRB_AP_ERR_TKT_NYV"),
    ("0x22", "KRB_AP_ERR_REPEAT"),
    ("0x23", "KRB_AP_ERR_NOT_US"),
    ("0x24", "KRB_AP_ERR_BADMATCH"),
    ("0x25", "KRB_AP_ERR_SKEW"),
    ("0x26", "KRB_AP_ERR_BADADDR"),
    ("0x27", "KRB_AP_ERR_BADVERSION"),
    ("0x28", "KRB_AP_ERR_MSG_TYPE"),
    ("0x29", "KRB_AP_ERR_MODIFIED"),
    ("0x2A", "KRB_AP_ERR_BADORDER"),
    ("0x2C", "KRB_AP_ERR_BADKEYVER"),
    ("0x2D", "KRB_AP_ERR_NOKEY"),
    ("0x2E", "KRB_AP_ERR_MUT_FAIL"),
    ("0x2F", "KRB_AP_ERR_BADDIRECTION"),
    ("0x30", "KRB_AP_ERR_METHOD"),
    ("0x31", "KRB_AP_ERR_BADSEQ"),
    ("0x32", "KRB_AP_ERR_INAPP_CKSUM"),
    ("0x33", "KRB_AP_PATH_NOT_ACCEPTED"),
    ("0x34", "KRB_ERR_RESPONSE_TOO_BIG"),
    ("0x3C", "KRB_ERR_GENERIC"),
    ("0x3D", "KRB_ERR_FIELD_TOOLONG"),
    ("0x3E", "KDC_ERR_CLIENT_NOT_TRUSTED"),
    ("0x3F", "KDC_ERR_KDC_NOT_TRUSTED"),
    ("0x40", "KDC_ERR_INVALID_SIG"),
    ("0x41", "KDC_ERR_KEY_TOO_WEAK"),
    ("0x42", "KRB_AP_ERR_USER_TO_USER_REQUIRED"),
    ("0x43", "KRB_AP_ERR_NO_TGT"),
    ("0x44", "KDC_ERR_WRONG_REALM"),
];

/// `ServiceType` (`winnt.h`).
pub(super) static SERVICE_TYPES: &[(&str, &str)] = &[
    ("0x1", "Kernel Driver"),
    ("0x2", "File System Driver"),
    ("0x8", "Recognizer Driver"),
    ("0x10", "Win32 Own Process"),
    ("0x20", "Win32 Share Process"),
    ("0x110", "Interactive Own Process"),
    ("0x120", "Interactive Share Process"),
];

/// `TdoType` (`ntsecapi.h`).
pub(super) static TRUST_TYPES: &[(&str, &str)] = &[
    ("1", "TRUST_TYPE_DOWNLEVEL"),
    ("2", "TRUST_TYPE_UPLEVEL"),
    ("3", "TRUST_TYPE_MIT"),
    ("4", "TRUST_TYPE_DCE"),
];

/// `TdoDirection`.
pub(super) static TRUST_DIRECTIONS: &[(&str, &str)] = &[
    ("0", "TRUST_DIRECTION_DISABLED"),
    ("1", "TRUST_DIRECTION_INBOUND"),
    ("2", "TRUST_DIRECTION_OUTBOUND"),
    ("3", "TRUST_DIRECTION_BIDIRECTIONAL"),
];

/// `TdoAttributes`. They are bits, but Elastic names single ones only.
pub(super) static TRUST_ATTRIBUTES: &[(&str, &str)] = &[
    ("0", "UNDEFINED"),
    ("1", "TRUST_ATTRIBUTE_NON_TRANSITIVE"),
    ("2", "TRUST_ATTRIBUTE_UPLEVEL_ONLY"),
    ("4", "TRUST_ATTRIBUTE_QUARANTINED_DOMAIN"),
    ("8", "TRUST_ATTRIBUTE_FOREST_TRANSITIVE"),
    ("16", "TRUST_ATTRIBUTE_CROSS_ORGANIZATION"),
    ("32", "TRUST_ATTRIBUTE_WITHIN_FOREST"),
    ("64", "TRUST_ATTRIBUTE_TREAT_AS_EXTERNAL"),
    ("128", "TRUST_ATTRIBUTE_USES_RC4_ENCRYPTION"),
    ("512", "TRUST_ATTRIBUTE_CROSS_ORGANIZATION_NO_TGT_DELEGATION"),
    ("1024", "TRUST_ATTRIBUTE_PIM_TRUST"),
];

/// `NewUacValue`: the bits that SAM keeps (MS-SAMR 2.2.1.12), which are not LDAP's.
pub(super) static ACCOUNT_CONTROL: Flags = &[
    (0x0000_0001, "USER_ACCOUNT_DISABLED"),
    (0x0000_0002, "USER_HOME_DIRECTORY_REQUIRED"),
    (0x0000_0004, "USER_PASSWORD_NOT_REQUIRED"),
    (0x0000_0008, "USER_TEMP_DUPLICATE_ACCOUNT"),
    (0x0000_0010, "USER_NORMAL_ACCOUNT"),
    (0x0000_0020, "USER_MNS_LOGON_ACCOUNT"),
    (0x0000_0040, "USER_INTERDOMAIN_TRUST_ACCOUNT"),
    (0x0000_0080, "USER_WORKSTATION_TRUST_ACCOUNT"),
    (0x0000_0100, "USER_SERVER_TRUST_ACCOUNT"),
    (0x0000_0200, "USER_DONT_EXPIRE_PASSWORD"),
    (0x0000_0400, "USER_ACCOUNT_AUTO_LOCKED"),
    (0x0000_0800, "USER_ENCRYPTED_TEXT_PASSWORD_ALLOWED"),
    (0x0000_1000, "USER_SMARTCARD_REQUIRED"),
    (0x0000_2000, "USER_TRUSTED_FOR_DELEGATION"),
    (0x0000_4000, "USER_NOT_DELEGATED"),
    (0x0000_8000, "USER_USE_DES_KEY_ONLY"),
    (0x0001_0000, "USER_DONT_REQUIRE_PREAUTH"),
    (0x0002_0000, "USER_PASSWORD_EXPIRED"),
    (0x0004_0000, "USER_TRUSTED_TO_AUTHENTICATE_FOR_DELEGATION"),
    (0x0008_0000, "USER_NO_AUTH_DATA_REQUIRED"),
    (0x0010_0000, "USER_PARTIAL_SECRETS_ACCOUNT"),
    (0x0020_0000, "USER_USE_AES_KEYS"),
];

/// `AccessMask`: the rights on directory objects, whatever the object is (the pipelines do not
/// look at its type). "Treee" is Elastic's.
pub(super) static ACCESS_RIGHTS: Flags = &[
    (0x0000_0001, "Create Child"),
    (0x0000_0002, "Delete Child"),
    (0x0000_0004, "List Contents"),
    (0x0000_0008, "SELF"),
    (0x0000_0010, "Read Property"),
    (0x0000_0020, "Write Property"),
    (0x0000_0040, "Delete Treee"),
    (0x0000_0080, "List Object"),
    (0x0000_0100, "Control Access"),
    (0x0001_0000, "DELETE"),
    (0x0002_0000, "READ_CONTROL"),
    (0x0004_0000, "WRITE_DAC"),
    (0x0008_0000, "WRITE_OWNER"),
    (0x0010_0000, "SYNCHRONIZE"),
    (0x0100_0000, "ADS_RIGHT_ACCESS_SYSTEM_SECURITY"),
    (0x1000_0000, "ADS_RIGHT_GENERIC_ALL"),
    (0x2000_0000, "ADS_RIGHT_GENERIC_EXECUTE"),
    (0x4000_0000, "ADS_RIGHT_GENERIC_WRITE"),
    (0x8000_0000, "ADS_RIGHT_GENERIC_READ"),
];
