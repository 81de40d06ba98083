//! What kind of event each id of the Security log is.

use crate::Flavor;

/// A line of the table.
#[derive(Debug, PartialEq)]
pub(super) struct Kind {
    /// `event.category`.
    pub(super) category: &'static [&'static str],
    /// `event.type`.
    pub(super) ty: &'static [&'static str],
    /// `event.action`.
    pub(super) action: &'static str,
}

/// The kind of an event id, from the newest of Elastic's pipelines; ids that those do not know have
/// none, and keep the task as their action.
pub(super) fn kind(code: u16, flavor: Flavor) -> Option<&'static Kind> {
    let find = |table: &'static [(u16, Kind)]| {
        let at = table.binary_search_by_key(&code, |(code, _)| *code).ok()?;
        Some(&table[at].1)
    };
    find(KINDS).or_else(|| find(OF_LOGS).filter(|_| flavor == Flavor::Logs))
}

const fn kind_of(
    category: &'static [&'static str],
    ty: &'static [&'static str],
    action: &'static str,
) -> Kind {
    Kind { category, ty, action }
}

/// Ids that only Elastic Agent's integration knows, ascending.
#[rustfmt::skip]
static OF_LOGS: &[(u16, Kind)] = &[
    (5137, kind_of(&["iam", "configuration"], &["admin", "creation"], "directory-service-object-created")),
    (5141, kind_of(&["iam", "configuration"], &["admin", "deletion"], "directory-service-object-deleted")),
    (5152, kind_of(&["network"], &["connection", "info", "denied"], "windows-firewall-packet-drop")),
    (5156, kind_of(&["network"], &["connection", "info", "allowed"], "windows-firewall-connection")),
    (5157, kind_of(&["network"], &["connection", "info", "denied"], "windows-firewall-packet-block")),
    (5158, kind_of(&["network"], &["info"], "windows-firewall-bind-local-port")),
];

/// Ascending by id. "Archieved" is how Elastic spells it, and rules would have to.
#[rustfmt::skip]
static KINDS: &[(u16, Kind)] = {
    use kind_of as kind;
    const AUTHENTICATION: &[&str] = &["authentication"];
    const CONFIGURATION: &[&str] = &["configuration"];
    const DRIVER: &[&str] = &["driver"];
    const IAM: &[&str] = &["iam"];
    const IAM_CONFIGURATION: &[&str] = &["iam", "configuration"];
    const NETWORK_FILE: &[&str] = &["network", "file"];
    const PROCESS: &[&str] = &["process"];
    const SESSION: &[&str] = &["authentication", "session"];
    &[
        (1100, kind(PROCESS, &["end"], "logging-service-shutdown")),
        (1102, kind(IAM, &["admin", "change"], "audit-log-cleared")),
        (1104, kind(IAM, &["admin"], "logging-full")),
        (1105, kind(IAM, &["admin"], "auditlog-archieved")),
        (1108, kind(IAM, &["admin"], "logging-processing-error")),
        (4610, kind(CONFIGURATION, &["access"], "authentication-package-loaded")),
        (4611, kind(CONFIGURATION, &["change"], "trusted-logon-process-registered")),
        (4614, kind(CONFIGURATION, &["access"], "notification-package-loaded")),
        (4616, kind(CONFIGURATION, &["change"], "system-time-changed")),
        (4622, kind(CONFIGURATION, &["access"], "security-package-loaded")),
        (4624, kind(AUTHENTICATION, &["start"], "logged-in")),
        (4625, kind(AUTHENTICATION, &["start"], "logon-failed")),
        (4634, kind(AUTHENTICATION, &["end"], "logged-out")),
        (4647, kind(AUTHENTICATION, &["end"], "logged-out")),
        (4648, kind(AUTHENTICATION, &["start"], "logged-in-explicit")),
        (4657, kind(&["registry", "configuration"], &["change"], "registry-value-modified")),
        (4662, kind(IAM_CONFIGURATION, &["admin", "change"], "object-operation-performed")),
        (4670, kind(IAM_CONFIGURATION, &["admin", "change"], "permissions-changed")),
        (4672, kind(IAM, &["admin"], "logged-in-special")),
        (4673, kind(IAM, &["admin"], "privileged-service-called")),
        (4674, kind(IAM, &["admin"], "privileged-operation")),
        (4688, kind(PROCESS, &["start"], "created-process")),
        (4689, kind(PROCESS, &["end"], "exited-process")),
        (4697, kind(IAM_CONFIGURATION, &["admin", "change"], "service-installed")),
        (4698, kind(IAM_CONFIGURATION, &["creation", "admin"], "scheduled-task-created")),
        (4699, kind(IAM_CONFIGURATION, &["deletion", "admin"], "scheduled-task-deleted")),
        (4700, kind(IAM_CONFIGURATION, &["change", "admin"], "scheduled-task-enabled")),
        (4701, kind(IAM_CONFIGURATION, &["change", "admin"], "scheduled-task-disabled")),
        (4702, kind(IAM_CONFIGURATION, &["change", "admin"], "scheduled-task-updated")),
        (4706, kind(CONFIGURATION, &["creation"], "domain-trust-added")),
        (4707, kind(CONFIGURATION, &["deletion"], "domain-trust-removed")),
        (4713, kind(CONFIGURATION, &["change"], "kerberos-policy-changed")),
        (4714, kind(CONFIGURATION, &["change"], "encrypted-data-recovery-policy-changed")),
        (4715, kind(CONFIGURATION, &["change"], "object-audit-policy-changed")),
        (4716, kind(CONFIGURATION, &["change"], "trusted-domain-information-changed")),
        (4717, kind(IAM_CONFIGURATION, &["admin", "change"], "system-security-access-granted")),
        (4718, kind(IAM_CONFIGURATION, &["admin", "deletion"], "system-security-access-removed")),
        (4719, kind(IAM_CONFIGURATION, &["admin", "change"], "changed-audit-config")),
        (4720, kind(IAM, &["user", "creation"], "added-user-account")),
        (4722, kind(IAM, &["user", "change"], "enabled-user-account")),
        (4723, kind(IAM, &["user", "change"], "changed-password")),
        (4724, kind(IAM, &["user", "change"], "reset-password")),
        (4725, kind(IAM, &["user", "deletion"], "disabled-user-account")),
        (4726, kind(IAM, &["user", "deletion"], "deleted-user-account")),
        (4727, kind(IAM, &["group", "creation"], "added-group-account")),
        (4728, kind(IAM, &["group", "change"], "added-member-to-group")),
        (4729, kind(IAM, &["group", "change"], "removed-member-from-group")),
        (4730, kind(IAM, &["group", "deletion"], "deleted-group-account")),
        (4731, kind(IAM, &["group", "creation"], "added-group-account")),
        (4732, kind(IAM, &["group", "change"], "added-member-to-group")),
        (4733, kind(IAM, &["group", "change"], "removed-member-from-group")),
        (4734, kind(IAM, &["group", "deletion"], "deleted-group-account")),
        (4735, kind(IAM, &["group", "change"], "modified-group-account")),
        (4737, kind(IAM, &["group", "change"], "modified-group-account")),
        (4738, kind(IAM, &["user", "change"], "modified-user-account")),
        (4739, kind(CONFIGURATION, &["change"], "domain-policy-changed")),
        (4740, kind(IAM, &["user", "change"], "locked-out-user-account")),
        (4741, kind(IAM, &["creation", "admin"], "added-computer-account")),
        (4742, kind(IAM, &["change", "admin"], "changed-computer-account")),
        (4743, kind(IAM, &["deletion", "admin"], "deleted-computer-account")),
        (4744, kind(IAM, &["group", "creation"], "added-distribution-group-account")),
        (4745, kind(IAM, &["group", "change"], "changed-distribution-group-account")),
        (4746, kind(IAM, &["group", "change"], "added-member-to-distribution-group")),
        (4747, kind(IAM, &["group", "change"], "removed-member-from-distribution-group")),
        (4748, kind(IAM, &["group", "deletion"], "deleted-distribution-group-account")),
        (4749, kind(IAM, &["group", "creation"], "added-distribution-group-account")),
        (4750, kind(IAM, &["group", "change"], "changed-distribution-group-account")),
        (4751, kind(IAM, &["group", "change"], "added-member-to-distribution-group")),
        (4752, kind(IAM, &["group", "change"], "removed-member-from-distribution-group")),
        (4753, kind(IAM, &["group", "deletion"], "deleted-distribution-group-account")),
        (4754, kind(IAM, &["group", "creation"], "added-group-account")),
        (4755, kind(IAM, &["group", "change"], "modified-group-account")),
        (4756, kind(IAM, &["group", "change"], "added-member-to-group")),
        (4757, kind(IAM, &["group", "change"], "removed-member-from-group")),
        (4758, kind(IAM, &["group", "deletion"], "deleted-group-account")),
        (4759, kind(IAM, &["group", "creation"], "added-distribution-group-account")),
        (4760, kind(IAM, &["group", "change"], "changed-distribution-group-account")),
        (4761, kind(IAM, &["group", "change"], "added-member-to-distribution-group")),
        (4762, kind(IAM, &["group", "change"], "removed-member-from-distribution-group")),
        (4763, kind(IAM, &["group", "deletion"], "deleted-distribution-group-account")),
        (4764, kind(IAM, &["group", "change"], "type-changed-group-account")),
        (4767, kind(IAM, &["user", "change"], "unlocked-user-account")),
        (4768, kind(AUTHENTICATION, &["start"], "kerberos-authentication-ticket-requested")),
        (4769, kind(AUTHENTICATION, &["start"], "kerberos-service-ticket-requested")),
        (4770, kind(AUTHENTICATION, &["start"], "kerberos-service-ticket-renewed")),
        (4771, kind(AUTHENTICATION, &["start"], "kerberos-preauth-failed")),
        (4776, kind(AUTHENTICATION, &["start"], "credential-validated")),
        (4778, kind(SESSION, &["start"], "session-reconnected")),
        (4779, kind(SESSION, &["end"], "session-disconnected")),
        (4781, kind(IAM, &["user", "change"], "renamed-user-account")),
        (4797, kind(IAM, &["user", "info"], "query-existence-of-blank-password")),
        (4798, kind(IAM, &["user", "info"], "group-membership-enumerated")),
        (4799, kind(IAM, &["group", "info"], "user-member-enumerated")),
        (4817, kind(IAM_CONFIGURATION, &["admin", "change"], "object-audit-changed")),
        (4902, kind(IAM_CONFIGURATION, &["admin", "creation"], "user-audit-policy-created")),
        (4904, kind(IAM_CONFIGURATION, &["admin", "change"], "security-event-source-added")),
        (4905, kind(IAM_CONFIGURATION, &["admin", "deletion"], "security-event-source-removed")),
        (4906, kind(IAM_CONFIGURATION, &["admin", "change"], "crash-on-audit-changed")),
        (4907, kind(IAM_CONFIGURATION, &["admin", "change"], "audit-setting-changed")),
        (4908, kind(IAM_CONFIGURATION, &["admin", "change"], "special-group-table-changed")),
        (4912, kind(IAM_CONFIGURATION, &["admin", "change"], "per-user-audit-policy-changed")),
        (4950, kind(CONFIGURATION, &["change"], "windows-firewall-setting-changed")),
        (4954, kind(CONFIGURATION, &["change"], "windows-firewall-group-policy-changed")),
        (4964, kind(IAM, &["admin", "group"], "logged-in-special")),
        (5024, kind(PROCESS, &["start"], "windows-firewall-service-started")),
        (5025, kind(PROCESS, &["end"], "windows-firewall-service-stopped")),
        (5033, kind(DRIVER, &["start"], "windows-firewall-driver-started")),
        (5034, kind(DRIVER, &["end"], "windows-firewall-driver-stopped")),
        (5037, kind(DRIVER, &["end"], "windows-firewall-driver-error")),
        (5136, kind(IAM_CONFIGURATION, &["admin", "change"], "directory-service-object-modified")),
        (5140, kind(NETWORK_FILE, &["info", "access"], "network-share-object-accessed")),
        (5145, kind(NETWORK_FILE, &["info", "access"], "network-share-object-access-checked")),
        (5379, kind(IAM, &["user", "info"], "credential-manager-credentials-were-read")),
        (5380, kind(IAM, &["user", "info"], "vault-credential-find")),
        (5381, kind(IAM, &["user", "info"], "vault-credentials-were-read")),
        (5382, kind(IAM, &["user", "info"], "vault-credentials-were-read")),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_is_found() {
        assert!(KINDS.is_sorted_by(|(a, _), (b, _)| a < b));
        assert!(OF_LOGS.is_sorted_by(|(a, _), (b, _)| a < b));
        for (code, expected) in KINDS {
            assert_eq!(kind(*code, Flavor::Logs), Some(expected));
            assert_eq!(kind(*code, Flavor::Winlogbeat), Some(expected));
        }
        for (code, expected) in OF_LOGS {
            assert_eq!(kind(*code, Flavor::Logs), Some(expected));
            assert_eq!(kind(*code, Flavor::Winlogbeat), None);
        }
        for code in [0, 4623, u16::MAX] {
            assert_eq!(kind(code, Flavor::Logs), None);
        }
    }
}
