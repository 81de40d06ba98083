//! The names that all of Windows' event providers share (`winmeta.xml` in the Windows SDK, and the
//! well-known SIDs): what can be said of an event without its publisher's metadata.

/// `Level` → name, as Winlogbeat has it in `log.level`.
pub(crate) fn level(level: u8) -> Option<&'static str> {
    const LEVELS: [&str; 6] =
        ["information", "critical", "error", "warning", "information", "verbose"];
    LEVELS.get(usize::from(level)).copied()
}

/// `Opcode` → name.
pub(crate) fn opcode(opcode: u8) -> Option<&'static str> {
    const OPCODES: [&str; 10] = [
        "Info",
        "Start",
        "Stop",
        "DCStart",
        "DCStop",
        "Extension",
        "Reply",
        "Resume",
        "Suspend",
        "Send",
    ];
    OPCODES.get(usize::from(opcode)).copied()
}

/// `Task` → name; only 0 is common to all publishers.
pub(crate) fn task(task: u16) -> Option<&'static str> {
    (task == 0).then_some("None")
}

/// The keyword bit of a failed audit.
pub(crate) const AUDIT_FAILURE: u64 = 0x0010_0000_0000_0000;
/// The keyword bit of a successful audit.
pub(crate) const AUDIT_SUCCESS: u64 = 0x0020_0000_0000_0000;

/// Keyword bits → names, from the lowest bit up. The bits below are the publishers' own, the
/// ones above those of channels.
pub(crate) const KEYWORDS: [(u64, &str); 7] = [
    (0x0001_0000_0000_0000, "Response Time"),
    (0x0004_0000_0000_0000, "WDI Diag"),
    (0x0008_0000_0000_0000, "SQM"),
    (AUDIT_FAILURE, "Audit Failure"),
    (AUDIT_SUCCESS, "Audit Success"),
    (0x0040_0000_0000_0000, "Correlation Hint"),
    (0x0080_0000_0000_0000, "Classic"),
];

/// What Windows' account lookup says of a SID.
pub(crate) struct Account {
    /// `SYSTEM`.
    pub(crate) name: &'static str,
    /// `NT AUTHORITY`; empty for `Everyone`.
    pub(crate) domain: &'static str,
}

/// The SIDs that mean the same account on every machine. All are of the type
/// `Well Known Group`; names are those of an English Windows.
pub(crate) fn well_known_account(sid: &str) -> Option<Account> {
    let nt = |name| Some(Account { name, domain: "NT AUTHORITY" });
    match sid {
        "S-1-5-18" => nt("SYSTEM"),
        "S-1-5-19" => nt("LOCAL SERVICE"),
        "S-1-5-20" => nt("NETWORK SERVICE"),
        "S-1-5-1" => nt("DIALUP"),
        "S-1-5-2" => nt("NETWORK"),
        "S-1-5-3" => nt("BATCH"),
        "S-1-5-4" => nt("INTERACTIVE"),
        "S-1-5-6" => nt("SERVICE"),
        "S-1-5-7" => nt("ANONYMOUS LOGON"),
        "S-1-5-9" => nt("ENTERPRISE DOMAIN CONTROLLERS"),
        "S-1-5-10" => nt("SELF"),
        "S-1-5-11" => nt("Authenticated Users"),
        "S-1-5-12" => nt("RESTRICTED"),
        "S-1-5-17" => nt("IUSR"),
        "S-1-1-0" => Some(Account { name: "Everyone", domain: "" }),
        _ => None,
    }
}
