//! What kind of event each Sysmon id is.

/// A line of the table.
#[derive(Debug, PartialEq)]
pub(super) struct Kind {
    /// `event.category`; empty for none.
    pub(super) category: &'static [&'static str],
    /// `event.type`; empty for none.
    pub(super) ty: &'static [&'static str],
    /// `event.action`.
    pub(super) action: &'static str,
    /// Whether `event.outcome` is `failure`.
    pub(super) failure: bool,
}

/// The kind of an event id (1 to 29 and 255), from the newest of Elastic's pipelines. Older ones
/// have no action, and call 19 and 20 `creation`, 27 and 28 `denied` and 255 `error`.
#[rustfmt::skip]
pub(super) fn kind(id: u16) -> Option<&'static Kind> {
    const fn ok(category: &'static [&'static str], ty: &'static [&'static str], action: &'static str) -> Kind {
        Kind { category, ty, action, failure: false }
    }
    const fn failed(category: &'static [&'static str], ty: &'static [&'static str], action: &'static str) -> Kind {
        Kind { category, ty, action, failure: true }
    }
    static KINDS: [Kind; 29] = [
        /*  1 */ ok(&["process"], &["start"], "Process creation"),
        /*  2 */ ok(&["file"], &["change"], "A process changed a file creation time"),
        /*  3 */ ok(&["network"], &["start", "connection", "protocol"], "Network connection"),
        /*  4 */ ok(&["process"], &["change"], "Sysmon service state changed"),
        /*  5 */ ok(&["process"], &["end"], "Process terminated"),
        /*  6 */ ok(&["driver"], &["start"], "Driver loaded"),
        /*  7 */ ok(&["process"], &["change"], "Image loaded"),
        /*  8 */ ok(&["process"], &["change"], "CreateRemoteThread"),
        /*  9 */ ok(&["process"], &["access"], "RawAccessRead"),
        /* 10 */ ok(&["process"], &["access"], "ProcessAccess"),
        /* 11 */ ok(&["file"], &["creation"], "FileCreate"),
        /* 12 */ ok(&["configuration", "registry"], &["change"], "RegistryEvent (Object create and delete)"),
        /* 13 */ ok(&["configuration", "registry"], &["change"], "RegistryEvent (Value Set)"),
        /* 14 */ ok(&["configuration", "registry"], &["change"], "RegistryEvent (Key and Value Rename)"),
        /* 15 */ ok(&["file"], &["access"], "FileCreateStreamHash"),
        /* 16 */ ok(&["configuration"], &["change"], "ServiceConfigurationChange"),
        /* 17 */ ok(&["file"], &["creation"], "PipeEvent (Pipe Created)"),
        /* 18 */ ok(&["file"], &["access"], "PipeEvent (Pipe Connected)"),
        /* 19 */ ok(&["process"], &["info"], "WmiEvent (WmiEventFilter activity detected)"),
        /* 20 */ ok(&["process"], &["change"], "WmiEvent (WmiEventConsumer activity detected)"),
        /* 21 */ ok(&["process"], &["access"], "WmiEvent (WmiEventConsumerToFilter activity detected)"),
        /* 22 */ ok(&["network"], &["connection", "protocol", "info"], "DNSEvent (DNS query)"),
        /* 23 */ ok(&["file"], &["deletion"], "FileDelete (File Delete archived)"),
        /* 24 */ ok(&[], &["change"], "ClipboardChange (New content in the clipboard)"),
        /* 25 */ ok(&["process"], &["change"], "ProcessTampering (Process image change)"),
        /* 26 */ ok(&["file"], &["deletion"], "FileDeleteDetected (File Delete logged)"),
        /* 27 */ failed(&["file"], &["creation"], "FileBlockExecutable"),
        /* 28 */ ok(&["file"], &["deletion"], "FileBlockShredding"),
        /* 29 */ ok(&["file"], &["creation"], "FileExecutableDetected"),
    ];
    static ERROR: Kind = failed(&["process"], &[], "Error");
    match id {
        255 => Some(&ERROR),
        _ => KINDS.get(usize::from(id).checked_sub(1)?),
    }
}
