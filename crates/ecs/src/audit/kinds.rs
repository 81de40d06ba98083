//! What the kinds of audit events are in ECS: by system call, and by the type of their first record.
//!
//! The actions, categories and types are those of Auditbeat, whose library go-libaudit has the same tables. Where it
//! gives a type that ECS does not know for the category (`stop` of a service) the one that ECS has is taken.

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// Nothing that is named.
    Nothing,
    /// A file, in the PATH record of this number if there are so many.
    File(usize),
    /// The same, of a file system.
    FileSystem(usize),
    /// The address of a SOCKADDR record.
    Socket,
    /// Something of this kind, named by the data.
    Named(&'static str),
}

/// What system calls of some names are.
#[derive(Debug)]
pub(super) struct Syscall {
    pub(super) names: &'static [&'static str],
    /// `event.action`; empty for none.
    pub(super) action: &'static str,
    pub(super) what: What,
    pub(super) category: &'static [&'static str],
    pub(super) ty: &'static [&'static str],
}

/// What a call is; those that are in no line have only a category.
pub(super) fn syscall(name: &str) -> &'static Syscall {
    let known = SYSCALLS.iter().find(|kind| kind.names.contains(&name));
    known.unwrap_or(&ANY_SYSCALL)
}

static ANY_SYSCALL: Syscall =
    Syscall { names: &[], action: "", what: What::Nothing, category: PROCESS, ty: INFO };

const FILE: &[&str] = &["file"];
const PROCESS: &[&str] = &["process"];
const NETWORK: &[&str] = &["network"];
const DRIVER: &[&str] = &["driver"];
const HOST: &[&str] = &["host"];
const IAM: &[&str] = &["iam"];
const AUTH: &[&str] = &["authentication"];
const SESSION: &[&str] = &["session"];
const CONFIG: &[&str] = &["configuration"];
const PROCESS_CONFIG: &[&str] = &["process", "configuration"];
const INFO: &[&str] = &["info"];
const START: &[&str] = &["start"];
const END: &[&str] = &["end"];
const CHANGE: &[&str] = &["change"];
const CREATION: &[&str] = &["creation"];
const DELETION: &[&str] = &["deletion"];
const ACCESS: &[&str] = &["access"];
const CONNECTION: &[&str] = &["connection", "info"];
const CONNECTION_START: &[&str] = &["connection", "start"];
const USER_INFO: &[&str] = &["user", "info"];
const USER_CHANGE: &[&str] = &["user", "change"];
const GROUP_CHANGE: &[&str] = &["group", "change"];

#[rustfmt::skip]
static SYSCALLS: &[Syscall] = &[
    Syscall { names: &["creat"], action: "opened-file", what: What::File(0), category: FILE, ty: CREATION },
    Syscall { names: &["fallocate", "truncate", "ftruncate"], action: "opened-file", what: What::File(0), category: FILE, ty: CHANGE },
    Syscall { names: &["open", "openat", "readlink", "readlinkat"], action: "opened-file", what: What::File(0), category: FILE, ty: INFO },
    Syscall { names: &["read"], action: "read-file", what: What::File(0), category: FILE, ty: INFO },
    Syscall { names: &["write"], action: "wrote-to-file", what: What::File(0), category: FILE, ty: CHANGE },
    Syscall { names: &["setxattr", "fsetxattr", "lsetxattr", "removexattr", "fremovexattr", "lremovexattr"], action: "changed-file-attributes-of", what: What::File(0), category: FILE, ty: CHANGE },
    Syscall { names: &["chmod", "fchmod", "fchmodat"], action: "changed-file-permissions-of", what: What::File(0), category: FILE, ty: CHANGE },
    Syscall { names: &["chown", "fchown", "fchownat", "lchown"], action: "changed-file-ownership-of", what: What::File(0), category: FILE, ty: CHANGE },
    Syscall { names: &["finit_module", "init_module"], action: "loaded-kernel-module", what: What::File(0), category: DRIVER, ty: START },
    Syscall { names: &["delete_module"], action: "unloaded-kernel-module", what: What::File(0), category: DRIVER, ty: END },
    Syscall { names: &["mkdir", "mkdirat"], action: "created-directory", what: What::File(1), category: FILE, ty: CREATION },
    Syscall { names: &["mount"], action: "mounted", what: What::FileSystem(1), category: FILE, ty: CREATION },
    Syscall { names: &["rename", "renameat", "renameat2"], action: "renamed", what: What::File(2), category: FILE, ty: CHANGE },
    Syscall { names: &["access", "faccessat", "fstatat", "newfstatat", "stat", "stat64", "fstat", "lstat", "getxattr", "lgetxattr", "fgetxattr"], action: "checked-metadata-of", what: What::File(0), category: FILE, ty: INFO },
    Syscall { names: &["statfs", "fstatfs"], action: "checked-filesystem-metadata-of", what: What::FileSystem(0), category: FILE, ty: INFO },
    Syscall { names: &["symlink", "symlinkat"], action: "symlinked", what: What::File(0), category: FILE, ty: CREATION },
    Syscall { names: &["umount", "umount2"], action: "unmounted", what: What::FileSystem(0), category: FILE, ty: DELETION },
    Syscall { names: &["rmdir", "unlink", "unlinkat"], action: "deleted", what: What::File(0), category: FILE, ty: DELETION },
    Syscall { names: &["utime", "utimes", "futimesat", "futimens", "utimensat"], action: "changed-timestamp-of", what: What::File(0), category: FILE, ty: INFO },
    Syscall { names: &["execve", "execveat"], action: "executed", what: What::File(0), category: PROCESS, ty: START },
    Syscall { names: &["listen"], action: "listen-for-connections", what: What::Socket, category: NETWORK, ty: START },
    Syscall { names: &["accept", "accept4"], action: "accepted-connection-from", what: What::Socket, category: NETWORK, ty: CONNECTION_START },
    Syscall { names: &["bind"], action: "bound-socket", what: What::Socket, category: NETWORK, ty: START },
    Syscall { names: &["connect"], action: "connected-to", what: What::Socket, category: NETWORK, ty: CONNECTION_START },
    Syscall { names: &["recv", "recvfrom", "recvmsg", "recvmmsg"], action: "received-from", what: What::Socket, category: NETWORK, ty: CONNECTION },
    Syscall { names: &["send", "sendto", "sendmsg", "sendmmsg"], action: "sent-to", what: What::Socket, category: NETWORK, ty: CONNECTION },
    Syscall { names: &["kill", "tkill", "tgkill"], action: "killed-pid", what: What::Named("process"), category: PROCESS, ty: END },
    Syscall { names: &["setuid", "seteuid", "setfsuid", "setreuid", "setgid", "setegid", "setfsgid", "setregid", "setresuid", "setresgid"], action: "changed-identity-of", what: What::Named("process"), category: PROCESS, ty: CHANGE },
    Syscall { names: &["settimeofday", "clock_settime", "stime", "adjtimex"], action: "changed-system-time", what: What::Named("system"), category: HOST, ty: CHANGE },
    Syscall { names: &["mknod", "mknodat"], action: "make-device", what: What::File(0), category: FILE, ty: CREATION },
    Syscall { names: &["sethostname", "setdomainname"], action: "changed-system-name", what: What::Named("system"), category: HOST, ty: CHANGE },
    Syscall { names: &["mmap", "mmap2", "brk"], action: "allocated-memory", what: What::Named("memory"), category: PROCESS, ty: INFO },
    Syscall { names: &["sched_setparam", "sched_setscheduler", "sched_setattr"], action: "adjusted-scheduling-policy-of", what: What::Named("process"), category: PROCESS, ty: CHANGE },
];

/// Who acts, whom it is done to, and where that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Users {
    /// The ids of the record are what they are.
    AsLogged,
    /// The login's user is `user`, the account `user.effective`.
    Session,
    /// The login's user is `user`, the acting one `user.effective`, the object `user.target`.
    ChangesUser,
    /// The same with a group as the object.
    ChangesGroup,
    /// The login's user is `user`, the acting one `user.effective`, the account `user.target`.
    ChangesAccount,
    /// The same with a group's account.
    ChangesGroupAccount,
    /// The login's old user is `user`, the new one `user.effective`.
    Login,
}

/// What records of a type are.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) ty: &'static str,
    pub(super) action: &'static str,
    pub(super) category: &'static [&'static str],
    pub(super) kind: &'static [&'static str],
    pub(super) users: Users,
    /// The data that name the object: the first that is there.
    pub(super) object: &'static [&'static str],
    /// Whether `addr` is where somebody comes from.
    pub(super) is_remote: bool,
}

/// What a record's type is.
pub(super) fn record(ty: &str) -> Option<&'static Record> {
    RECORDS.iter().find(|record| record.ty == ty)
}

/// Records without a category of their own: Auditbeat's name for the kind of record, which rules by category do not
/// ask for.
pub(super) fn class(ty: &str) -> &'static str {
    match ty {
        "AVC" | "USER_AVC" | "SELINUX_ERR" | "USER_SELINUX_ERR" | "AVC_PATH" => "mac-decision",
        "SECCOMP" => "dac-decision",
        "TTY" | "USER_TTY" => "TTY",
        "MAC_CHECK" | "USER_ROLE_CHANGE" | "LABEL_OVERRIDE" => "mac",
        _ if ty.starts_with("ANOM_") => "anomaly",
        _ if ty.starts_with("RESP_") => "anomaly-response",
        _ if ty.starts_with("INTEGRITY_") => "integrity",
        _ if ty.starts_with("CRYPTO_") => "crypto",
        _ if ty.starts_with("MAC_") => "mac",
        _ => "unknown",
    }
}

const NONE: &[&str] = &[];
const ACCOUNT: &[&str] = &["id", "acct"];
const TERMINAL: &[&str] = &["terminal"];

const fn line(
    ty: &'static str,
    action: &'static str,
    category: &'static [&'static str],
    kind: &'static [&'static str],
    users: Users,
    object: &'static [&'static str],
) -> Record {
    Record { ty, action, category, kind, users, object, is_remote: false }
}

const fn remote(
    ty: &'static str,
    action: &'static str,
    category: &'static [&'static str],
    kind: &'static [&'static str],
    users: Users,
    object: &'static [&'static str],
) -> Record {
    Record { ty, action, category, kind, users, object, is_remote: true }
}

#[rustfmt::skip]
static RECORDS: &[Record] = &[
    // Accounts.
    line("ACCT_LOCK", "locked-account", IAM, USER_INFO, Users::AsLogged, NONE),
    line("ACCT_UNLOCK", "unlocked-account", IAM, USER_INFO, Users::AsLogged, NONE),
    line("ADD_GROUP", "added-group-account-to", IAM, &["group", "creation"], Users::ChangesGroup, ACCOUNT),
    line("ADD_USER", "added-user-account", IAM, &["user", "creation"], Users::ChangesUser, ACCOUNT),
    line("DEL_GROUP", "deleted-group-account-from", IAM, &["group", "deletion"], Users::ChangesGroup, ACCOUNT),
    line("DEL_USER", "deleted-user-account", IAM, &["user", "deletion"], Users::ChangesUser, ACCOUNT),
    line("GRP_MGMT", "modified-group-account", IAM, GROUP_CHANGE, Users::ChangesGroupAccount, ACCOUNT),
    line("ROLE_ASSIGN", "assigned-user-role-to", IAM, USER_CHANGE, Users::AsLogged, ACCOUNT),
    line("ROLE_MODIFY", "modified-role", IAM, CHANGE, Users::AsLogged, NONE),
    line("ROLE_REMOVE", "removed-user-role-from", IAM, USER_CHANGE, Users::AsLogged, ACCOUNT),
    line("USER_MGMT", "modified-user-account", IAM, USER_CHANGE, Users::ChangesAccount, TERMINAL),
    line("USER_CHAUTHTOK", "changed-password", IAM, USER_CHANGE, Users::ChangesAccount, TERMINAL),
    line("GRP_CHAUTHTOK", "changed-group-password", IAM, GROUP_CHANGE, Users::ChangesGroupAccount, &["acct"]),
    // Logins and sessions.
    line("CRED_ACQ", "acquired-credentials", AUTH, INFO, Users::Session, TERMINAL),
    line("CRED_DISP", "disposed-credentials", AUTH, INFO, Users::Session, TERMINAL),
    line("CRED_REFR", "refreshed-credentials", AUTH, INFO, Users::Session, TERMINAL),
    line("GRP_AUTH", "authenticated-to-group", AUTH, INFO, Users::Session, NONE),
    line("LOGIN", "changed-login-id-to", AUTH, START, Users::Login, &["new-auid", "new_auid", "auid"]),
    line("USER_ACCT", "was-authorized", AUTH, INFO, Users::Session, TERMINAL),
    line("USER_AUTH", "authenticated", AUTH, INFO, Users::Session, TERMINAL),
    line("USER_END", "ended-session", SESSION, END, Users::Session, TERMINAL),
    remote("USER_ERR", "error", AUTH, INFO, Users::Session, TERMINAL),
    remote("USER_LOGIN", "logged-in", AUTH, START, Users::Session, TERMINAL),
    line("USER_LOGOUT", "logged-out", AUTH, END, Users::Session, TERMINAL),
    line("USER_ROLE_CHANGE", "changed-role-to", NONE, NONE, Users::AsLogged, &["selected-context"]),
    remote("USER_START", "started-session", SESSION, START, Users::Session, TERMINAL),
    // Virtual machines.
    line("VIRT_CONTROL", "issued-vm-control", HOST, INFO, Users::AsLogged, &["op"]),
    line("VIRT_CREATE", "created-vm-image", HOST, INFO, Users::AsLogged, NONE),
    line("VIRT_DESTROY", "deleted-vm-image", HOST, INFO, Users::AsLogged, NONE),
    line("VIRT_MACHINE_ID", "assigned-vm-id", HOST, INFO, Users::AsLogged, &["vm"]),
    line("VIRT_RESOURCE", "assigned-vm-resource", HOST, INFO, Users::AsLogged, &["resrc"]),
    // Processes and services.
    line("CHGRP_ID", "changed-group", PROCESS, CHANGE, Users::AsLogged, NONE),
    line("CHUSER_ID", "changed-user-id", PROCESS, CHANGE, Users::AsLogged, NONE),
    line("TEST", "sent-test", PROCESS, INFO, Users::AsLogged, NONE),
    line("TRUSTED_APP", "unknown", PROCESS, INFO, Users::AsLogged, NONE),
    line("USER_CMD", "ran-command", PROCESS, START, Users::AsLogged, &["cmd"]),
    line("SERVICE_START", "started-service", PROCESS, START, Users::AsLogged, &["unit"]),
    line("SERVICE_STOP", "stopped-service", PROCESS, END, Users::AsLogged, &["unit"]),
    line("KERN_MODULE", "loaded-kernel-module", DRIVER, START, Users::AsLogged, &["name"]),
    line("SYSTEM_BOOT", "booted-system", HOST, START, Users::AsLogged, NONE),
    line("SYSTEM_RUNLEVEL", "changed-to-runlevel", HOST, CHANGE, Users::AsLogged, &["new-level"]),
    line("SYSTEM_SHUTDOWN", "shutdown-system", HOST, END, Users::AsLogged, NONE),
    // The audit system.
    line("CONFIG_CHANGE", "changed-audit-configuration", PROCESS_CONFIG, CHANGE, Users::AsLogged, &["op", "key", "audit_enabled", "audit_pid", "audit_backlog_limit", "audit_failure"]),
    line("DAEMON_ABORT", "aborted-auditd-startup", PROCESS, END, Users::AsLogged, NONE),
    line("DAEMON_ACCEPT", "remote-audit-connected", NETWORK, CONNECTION_START, Users::AsLogged, NONE),
    line("DAEMON_CLOSE", "remote-audit-disconnected", NETWORK, CONNECTION_START, Users::AsLogged, NONE),
    line("DAEMON_CONFIG", "changed-auditd-configuration", PROCESS_CONFIG, CHANGE, Users::AsLogged, NONE),
    line("DAEMON_END", "shutdown-audit", PROCESS, END, Users::AsLogged, NONE),
    line("DAEMON_ERR", "audit-error", PROCESS, INFO, Users::AsLogged, NONE),
    line("DAEMON_RECONFIG", "reconfigured-auditd", PROCESS_CONFIG, INFO, Users::AsLogged, NONE),
    line("DAEMON_RESUME", "resumed-audit-logging", PROCESS, CHANGE, Users::AsLogged, NONE),
    line("DAEMON_ROTATE", "rotated-audit-logs", PROCESS, CHANGE, Users::AsLogged, NONE),
    line("DAEMON_START", "started-audit", PROCESS, START, Users::AsLogged, NONE),
    line("KERNEL", "initialized-audit-subsystem", PROCESS, INFO, Users::AsLogged, NONE),
    // Configuration and policies.
    line("USYS_CONFIG", "changed-configuration", CONFIG, CHANGE, Users::AsLogged, &["op"]),
    line("NETFILTER_CFG", "loaded-firewall-rule-to", CONFIG, CHANGE, Users::AsLogged, &["table"]),
    line("FEATURE_CHANGE", "changed-audit-feature", CONFIG, CHANGE, Users::AsLogged, &["feature"]),
    line("MAC_CONFIG_CHANGE", "changed-selinux-boolean", CONFIG, CHANGE, Users::AsLogged, &["bool"]),
    line("MAC_POLICY_LOAD", "loaded-selinux-policy", CONFIG, ACCESS, Users::AsLogged, NONE),
    line("MAC_STATUS", "changed-selinux-enforcement", CONFIG, CHANGE, Users::AsLogged, &["enforcing"]),
    line("USER_MAC_CONFIG_CHANGE", "changed-mac-configuration", CONFIG, CHANGE, Users::AsLogged, NONE),
    line("USER_MAC_POLICY_LOAD", "loaded-mac-policy", CONFIG, ACCESS, Users::AsLogged, NONE),
    line("FS_RELABEL", "relabeled-filesystem", NONE, NONE, Users::AsLogged, NONE),
    line("MAC_CHECK", "mac-permission", NONE, NONE, Users::AsLogged, NONE),
    line("USER_AVC", "access-permission", NONE, NONE, Users::AsLogged, NONE),
    line("USER_SELINUX_ERR", "access-error", NONE, NONE, Users::AsLogged, NONE),
    line("SECCOMP", "violated-seccomp-policy", NONE, NONE, Users::AsLogged, &["syscall"]),
    line("SELINUX_ERR", "caused-mac-policy-error", NONE, NONE, Users::AsLogged, NONE),
    // `AVC` is of two systems: `avc` in `mod.rs` tells which.
    line("AVC/selinux", "violated-selinux-policy", NONE, NONE, Users::AsLogged, &["tcontext"]),
    line("AVC/apparmor", "violated-apparmor-policy", NONE, NONE, Users::AsLogged, &["operation"]),
    // Terminals, cryptography, anomalies.
    line("TTY", "typed", NONE, NONE, Users::AsLogged, &["data"]),
    line("USER_TTY", "typed", NONE, NONE, Users::AsLogged, &["data"]),
    remote("CRYPTO_KEY_USER", "negotiated-crypto-key", PROCESS, INFO, Users::AsLogged, &["fp"]),
    line("CRYPTO_LOGIN", "crypto-officer-logged-in", NONE, NONE, Users::AsLogged, NONE),
    line("CRYPTO_LOGOUT", "crypto-officer-logged-out", PROCESS, INFO, Users::AsLogged, NONE),
    remote("CRYPTO_SESSION", "started-crypto-session", PROCESS, INFO, Users::AsLogged, &["addr"]),
    line("DAC_CHECK", "access-result", NONE, NONE, Users::AsLogged, NONE),
    line("ANOM_ABEND", "crashed-program", PROCESS, END, Users::AsLogged, &["comm", "exe"]),
    line("ANOM_EXEC", "attempted-execution-of-forbidden-program", PROCESS, START, Users::AsLogged, &["cmd"]),
    line("ANOM_LINK", "used-suspicious-link", NONE, NONE, Users::AsLogged, NONE),
    line("ANOM_LOGIN_FAILURES", "failed-log-in-too-many-times-to", NONE, NONE, Users::AsLogged, TERMINAL),
    line("ANOM_LOGIN_LOCATION", "attempted-log-in-from-unusual-place-to", NONE, NONE, Users::AsLogged, TERMINAL),
    line("ANOM_LOGIN_SESSIONS", "opened-too-many-sessions-to", NONE, NONE, Users::AsLogged, TERMINAL),
    line("ANOM_LOGIN_TIME", "attempted-log-in-during-unusual-hour-to", NONE, NONE, Users::AsLogged, TERMINAL),
    line("ANOM_PROMISCUOUS", "changed-promiscuous-mode-on-device", NONE, NONE, Users::AsLogged, &["dev"]),
    line("ANOM_RBAC_INTEGRITY_FAIL", "tested-file-system-integrity-of", NONE, NONE, Users::AsLogged, &["hostname"]),
    line("USER", "sent-message", NONE, NONE, Users::AsLogged, &["addr"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<_> = SYSCALLS.iter().flat_map(|kind| kind.names).collect();
        let mut types: Vec<_> = RECORDS.iter().map(|record| record.ty).collect();
        for list in [&mut names.iter().map(|name| **name).collect(), &mut types] {
            let all: usize = Vec::len(list);
            list.sort_unstable();
            list.dedup();
            assert_eq!(list.len(), all);
        }
        names.clear();
        assert_eq!(syscall("nonesuch").category, PROCESS);
    }
}
