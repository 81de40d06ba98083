//! The names of the Security log's event data that the pipeline looks at, and where they are found.

use crate::parts::Part;

/// Whether a datum stays in `winlog.event_data`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays as it is.
    Stays,
    /// It moves away, or becomes a list, in some events.
    Depends,
}

macro_rules! names {
    ($($name:ident $fate:ident)*) => {
        /// A name that the pipeline knows, spelt as Windows spells it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        #[expect(clippy::enum_variant_names, reason = "the names are Windows'")]
        pub(super) enum Name { $($name),* }

        /// All names, in the order of [`Name`], which is that of their bytes.
        const NAMES: &[(&str, Name, Fate)] = &[$((stringify!($name), Name::$name, Fate::$fate)),*];
    };
}

names! {
    AccessList Stays
    AccessMask Depends
    AccountDomain Stays
    AccountName Stays
    Application Depends
    AuditPolicyChanges Stays
    ClientAddress Depends
    ClientName Stays
    CommandLine Stays
    DestAddress Depends
    DestPort Depends
    Direction Stays
    FailureReason Stays
    IpAddress Depends
    IpPort Depends
    LayerName Stays
    LogonID Stays
    LogonType Stays
    MemberName Stays
    NewProcessId Depends
    NewProcessName Depends
    NewSd Stays
    NewTargetUserName Stays
    NewUacValue Stays
    ObjectClass Stays
    ObjectDN Stays
    ObjectName Stays
    ObjectType Stays
    OldSd Stays
    OldTargetUserName Stays
    OperationType Stays
    ParentProcessName Depends
    PrivilegeList Depends
    ProcessId Depends
    ProcessName Depends
    Protocol Stays
    RelativeTargetName Stays
    RemoteMachineID Stays
    RemoteUserID Stays
    ServiceName Stays
    ServiceType Stays
    ShareLocalPath Stays
    ShareName Stays
    SidList Depends
    SourceAddress Depends
    SourcePort Depends
    Status Stays
    SubStatus Stays
    SubcategoryGuid Stays
    SubjectDomainName Stays
    SubjectLogonId Stays
    SubjectUserName Stays
    SubjectUserSid Stays
    TargetDomainName Stays
    TargetLogonId Stays
    TargetSid Stays
    TargetUserName Stays
    TargetUserSid Stays
    TdoAttributes Stays
    TdoDirection Stays
    TdoType Stays
    TicketEncryptionType Stays
    TicketOptions Stays
    UserAccountControl Depends
    WorkstationName Depends
}

/// How many names there are.
pub(super) const COUNT: usize = NAMES.len();

impl Name {
    /// What the pipeline looks at together with it.
    pub(super) fn part(self) -> Part {
        use Name as N;
        match self {
            // Accounts, of which several may be the event's user, and whatever `related.user` lists.
            N::SubjectUserSid
            | N::SubjectUserName
            | N::SubjectDomainName
            | N::TargetUserSid
            | N::TargetSid
            | N::TargetUserName
            | N::TargetDomainName
            | N::OldTargetUserName
            | N::NewTargetUserName
            | N::AccountName
            | N::AccountDomain
            | N::MemberName
            | N::OldSd
            | N::NewSd
            | N::ObjectDN
            | N::ObjectClass => Part::With(0),
            N::SubjectLogonId | N::TargetLogonId | N::LogonID => Part::With(1),
            N::Status | N::SubStatus => Part::With(2),
            N::NewUacValue | N::UserAccountControl => Part::With(3),
            N::ProcessName | N::NewProcessName => Part::With(4),
            N::IpAddress | N::ClientAddress => Part::With(5),
            N::RelativeTargetName | N::ShareLocalPath | N::ShareName => Part::With(6),
            N::DestAddress | N::SourceAddress | N::DestPort | N::SourcePort | N::Protocol => {
                Part::With(7)
            }
            N::ObjectName | N::ObjectType => Part::With(8),
            _ => Part::Alone,
        }
    }

    pub(super) fn text(self) -> &'static str {
        NAMES[self as usize].0
    }

    pub(super) fn fate(self) -> Fate {
        NAMES[self as usize].2
    }

    /// The name that is spelt so, if the pipeline knows it.
    pub(super) fn find(text: &str) -> Option<Name> {
        let at = NAMES.binary_search_by_key(&text, |(spelling, ..)| spelling).ok()?;
        Some(NAMES[at].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_found() {
        assert!(NAMES.is_sorted_by(|(a, ..), (b, ..)| a < b));
        for (text, name, _) in NAMES {
            assert_eq!(Name::find(text), Some(*name));
            assert_eq!(name.text(), *text);
        }
        for text in ["", "status", "LogonId", "ZZ", "é"] {
            assert_eq!(Name::find(text), None, "{text}");
        }
    }
}
