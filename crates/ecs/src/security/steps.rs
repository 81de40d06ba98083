//! Which events which steps of the pipeline are for. What is not asked here is done for every
//! event that has the data.

/// The acting account (`Subject…`) is the event's user.
#[rustfmt::skip]
pub(super) fn user_is_subject(code: u16) -> bool {
    matches!(code,
        4648 | 4657 | 4662 | 4670 | 4672..=4674 | 4688 | 4689 | 4697..=4702 | 4706 | 4707 | 4713
        | 4716..=4720 | 4722..=4735 | 4737..=4764 | 4767 | 4781 | 4797..=4799 | 4817 | 4904 | 4905
        | 4907 | 4912 | 5136 | 5140 | 5145 | 5379..=5382
    )
}

/// The account that logs on or off (`Target…`) is the event's user.
pub(super) fn user_is_target(code: u16) -> bool {
    matches!(code, 4624 | 4625 | 4634 | 4647 | 4648 | 4768..=4771 | 4776 | 4964)
}

/// The account in `Target…` is one that something is done to: `user.target`.
pub(super) fn has_target(code: u16) -> bool {
    matches!(code, 4670 | 4720 | 4722..=4726 | 4738 | 4740 | 4767 | 4797 | 4798 | 4817 | 4907)
}

/// The account in `Target…` is one whose rights are used: `user.effective`.
pub(super) fn has_effective(code: u16) -> bool {
    matches!(code, 4648 | 4688)
}

/// The account in `Target…` is a group, and `MemberName` its member.
pub(super) fn has_group(code: u16) -> bool {
    matches!(code, 4727..=4735 | 4737 | 4744..=4764 | 4799)
}

/// The account in `Target…` is a computer's.
pub(super) fn has_computer(code: u16) -> bool {
    matches!(code, 4741..=4743)
}

/// A remote session; its account, address and logon have names of their own.
pub(super) fn is_session(code: u16) -> bool {
    matches!(code, 4778 | 4779)
}

/// The log was cleared: the account stands in `user_data`.
pub(super) fn is_clearing(code: u16) -> bool {
    code == 1102
}

/// `related.user` lists the acting account even where it is not the event's user.
pub(super) fn relates_subject(code: u16) -> bool {
    matches!(code, 4624 | 4648 | 4797 | 5379..=5382)
}

/// `related.user` lists the account in `Target…` as it is written, with its realm.
pub(super) fn relates_target(code: u16) -> bool {
    matches!(code, 4688 | 4720 | 4722..=4726 | 4738 | 4740 | 4767 | 4797 | 4798)
}

/// `TargetLogonId` is the logon; `SubjectLogonId` goes before it.
pub(super) fn logon_is_target(code: u16) -> bool {
    matches!(code, 4634 | 4647 | 4964)
}

/// Process and source leave `event_data` for their ECS fields.
#[rustfmt::skip]
pub(super) fn moves_process_and_source(code: u16) -> bool {
    matches!(code,
        1100 | 1102 | 1104 | 1105 | 1108 | 4624 | 4625 | 4648 | 4670 | 4673 | 4674 | 4689 | 4697
        | 4719 | 4720 | 4722..=4735 | 4737 | 4738 | 4740..=4764 | 4767..=4771 | 4798 | 4799 | 4817
        | 4904 | 4905 | 4907 | 4912 | 5140 | 5145
    )
}

/// A process was created: its data name it and its parent.
pub(super) fn is_process_creation(code: u16) -> bool {
    code == 4688
}

/// A file share was used.
pub(super) fn is_share(code: u16) -> bool {
    matches!(code, 5140 | 5145)
}

/// Windows' filtering platform let a connection pass, or did not; for the integration only.
pub(super) fn is_connection(code: u16) -> bool {
    matches!(code, 5152 | 5156..=5158)
}

/// An object of the directory was changed.
pub(super) fn is_directory_change(code: u16) -> bool {
    code == 5136
}

/// `ObjectName` is a registry key in any case, or may be one.
pub(super) fn may_be_key(code: u16) -> bool {
    matches!(code, 4656..=4658 | 4660..=4663)
}

/// `PrivilegeList` becomes a list.
pub(super) fn splits_privileges(code: u16) -> bool {
    matches!(code, 4672..=4674 | 4741..=4743)
}

/// `Status` is a Kerberos error.
pub(super) fn is_kerberos(code: u16) -> bool {
    matches!(code, 4768..=4771)
}

/// `Status` and `SubStatus` say why a logon failed.
pub(super) fn is_logon_status(code: u16) -> bool {
    matches!(code, 4625 | 4776)
}

/// Security descriptors and lists of SIDs are described.
pub(super) fn describes_sids(code: u16) -> bool {
    matches!(code, 4670 | 4817 | 4907 | 4908)
}
