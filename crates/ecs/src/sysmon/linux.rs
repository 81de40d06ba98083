//! What is different in events of Sysmon for Linux.
//!
//! Elastic's integration (`sysmon_linux.log`) uses a copy of the pipeline for Windows, to which no path on Linux has a
//! name, whose every `event.action` is `log`, and which leaves the name of the process at that of Sysmon itself. No
//! rule can do anything with that. Here names are those of the paths, and actions those that rules for Linux ask for,
//! which are Elastic Defend's.

use super::{Fields, Name};
use crate::out::Out;

pub(crate) const CHANNEL: &str = "Linux-Sysmon/Operational";
pub(crate) const PROVIDER: &str = "Linux-Sysmon";
pub(crate) const DATASET: &str = "sysmon_linux.log";

/// Defend's name for what happened. The other events have that of Sysmon for Windows.
pub(super) fn action(id: u16, fields: &Fields<'_>) -> Option<&'static str> {
    Some(match id {
        1 => "exec",
        3 if fields.get(Name::Initiated) == Some("false") => "connection_accepted",
        3 => "connection_attempted",
        5 => "end",
        11 => "creation",
        23 | 26 => "deletion",
        _ => return None,
    })
}

/// `user.name`: an account without a domain. `Security/@UserId` is the account that Sysmon runs as and says nothing of
/// who acted, whose id stands nowhere but in names.
pub(super) fn user(fields: &Fields<'_>, out: &mut Out<'_>) {
    let Some(name) = fields.get(Name::User) else { return };
    // Everybody's root has this id; rules ask for it.
    if name == "root" {
        out.text("user.id", "0");
    }
    out.text("user.name", name);
    out.text("related.user", name);
    out.sink.mark_array("related.user");
}
