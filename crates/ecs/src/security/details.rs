//! What is said of an event besides who did it: `winlog.logon`, `service.*`, and the descriptions
//! that stand beside codes in `winlog.event_data`.

use super::names::Name;
use super::{Fields, audit, codes, decode, list, messages, sddl, sids, steps};
use crate::Flavor;
use crate::out::Out;
use crate::win_event::WinEvent;

/// `winlog.logon`.
pub(super) fn logon(
    event: &WinEvent<'_>,
    code: u16,
    flavor: Flavor,
    fields: &Fields<'_>,
    out: &mut Out<'_>,
) {
    let ty = fields.get(Name::LogonType);
    out.text_if("winlog.logon.type", ty.and_then(|ty| codes::name(codes::LOGON_TYPES, ty)));

    let cleared = Some("SubjectLogonId").filter(|_| steps::is_clearing(code));
    let target = Some(Name::TargetLogonId).filter(|_| steps::logon_is_target(code));
    let session = Some(Name::LogonID).filter(|_| steps::is_session(code));
    let id = cleared
        .and_then(|name| super::user::user_data(event, name))
        .or(fields.get(Name::SubjectLogonId))
        .or(target.and_then(|name| fields.get(name)))
        .or(session.and_then(|name| fields.get(name)));
    out.text_if("winlog.logon.id", id);

    let reason = fields.get(Name::FailureReason).and_then(|code| text_or_code(code, flavor));
    out.text_if("winlog.logon.failure.reason", reason);
    if steps::is_logon_status(code)
        && let Some(status) = fields.get(Name::Status)
    {
        let text = |status| codes::name(codes::LOGON_STATUS, status);
        out.text_if("winlog.logon.failure.status", text(status));
        let sub_status = fields.get(Name::SubStatus).and_then(text);
        out.text_if("winlog.logon.failure.sub_status", sub_status);
    }
}

/// Single codes: services, Kerberos, trusts, audit policy, network filters.
pub(super) fn codes(code: u16, flavor: Flavor, fields: &Fields<'_>, out: &mut Out<'_>) {
    fields.put(Name::ServiceName, "service.name", out);
    for (name, table, path) in [
        (Name::ServiceType, codes::SERVICE_TYPES, "service.type"),
        (Name::TdoType, codes::TRUST_TYPES, "winlog.trustType"),
        (Name::TdoDirection, codes::TRUST_DIRECTIONS, "winlog.trustDirection"),
        (Name::TdoAttributes, codes::TRUST_ATTRIBUTES, "winlog.trustAttribute"),
    ] {
        out.text_if(path, fields.get(name).and_then(|value| codes::name(table, value)));
    }
    if let Some(encryption) = fields.get(Name::TicketEncryptionType) {
        let name = codes::name_in_any_case(codes::TICKET_ENCRYPTION, encryption);
        out.text_if("winlog.event_data.TicketEncryptionTypeDescription", name);
    }
    if let Some(options) = fields.long(Name::TicketOptions) {
        let names = codes::names(codes::TICKET_OPTIONS, options);
        list("winlog.event_data.TicketOptionsDescription", names, out);
    }
    if steps::is_kerberos(code) {
        let status = fields.get(Name::Status);
        let name = status.and_then(|status| codes::name(codes::KERBEROS_STATUS, status));
        out.text_if("winlog.event_data.StatusDescription", name);
    }
    if let Some(subcategory) = fields.get(Name::SubcategoryGuid).and_then(audit::subcategory) {
        out.text("winlog.event_data.Category", subcategory.category);
        out.text("winlog.event_data.SubCategory", subcategory.name);
    }
    if let Some(changes) = fields.get(Name::AuditPolicyChanges) {
        let texts = changes.split(',').filter_map(|code| text_or_code(code, flavor));
        list("winlog.event_data.AuditPolicyChangesDescription", texts, out);
    }
    let direction = fields.get(Name::Direction).and_then(messages::text);
    match (direction, flavor) {
        // Newer: it moves on.
        (Some(direction), Flavor::Logs) => out.lower("network.direction", direction),
        (direction, _) => out.text_if("winlog.event_data.DirectionDescription", direction),
    }
    let layer = fields.get(Name::LayerName).and_then(messages::text);
    out.text_if("winlog.event_data.LayerNameDescription", layer);
}

/// Rights and privileges.
pub(super) fn access(code: u16, flavor: Flavor, fields: &Fields<'_>, out: &mut Out<'_>) {
    if let Some(rights) = fields.get(Name::AccessList) {
        let texts = rights.split_whitespace().filter_map(|code| text_or_code(code, flavor));
        list("winlog.event_data.AccessListDescription", texts, out);
    }
    if let Some(mask) = fields.get(Name::AccessMask) {
        list("winlog.event_data.AccessMask", mask.split_whitespace(), out);
        // Numbers of messages count as masks in Elastic too.
        let numbers = mask.split_whitespace().filter_map(|n| decode(n.trim_start_matches("%%")));
        let bits = numbers.fold(0, |bits, number| bits | number);
        let names = codes::names(codes::ACCESS_RIGHTS, bits);
        list("winlog.event_data.AccessMaskDescription", names, out);
    }
    if steps::splits_privileges(code) {
        let privileges = fields.get(Name::PrivilegeList).unwrap_or_default();
        list("winlog.event_data.PrivilegeList", privileges.split_whitespace(), out);
    } else {
        fields.keep(Name::PrivilegeList, out);
    }
}

/// The text that a code stands for; in newer pipelines one that has no text stands for itself, without its `%%`.
fn text_or_code(code: &str, flavor: Flavor) -> Option<&str> {
    let code = code.trim();
    let itself = code.strip_prefix("%%").unwrap_or(code);
    messages::text(code).or(Some(itself).filter(|_| flavor == Flavor::Logs && !itself.is_empty()))
}

/// What is set in an account, and what changed.
pub(super) fn account_control(fields: &Fields<'_>, out: &mut Out<'_>) {
    let bits = fields.long(Name::NewUacValue).unwrap_or(0);
    let mut names = codes::names(codes::ACCOUNT_CONTROL, bits).peekable();
    // The pipelines look at the changes only if they could read the new value.
    if names.peek().is_none() {
        fields.keep(Name::UserAccountControl, out);
        return;
    }
    list("winlog.event_data.NewUACList", names, out);
    if let Some(changes) = fields.get(Name::UserAccountControl) {
        let codes = changes.split("%%").map(str::trim).filter(|code| !code.is_empty());
        list("winlog.event_data.UserAccountControl", codes, out);
    }
}

/// Security descriptors and the list of special groups.
pub(super) fn descriptors(code: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    if !steps::describes_sids(code) {
        fields.keep(Name::SidList, out);
        return;
    }
    for (name, target) in [(Name::OldSd, &sddl::OLD), (Name::NewSd, &sddl::NEW)] {
        if let Some(descriptor) = fields.get(name) {
            sddl::describe(descriptor, target, out);
        }
    }
    if let Some(sids) = fields.get(Name::SidList) {
        list("winlog.event_data.SidList", sids.split_whitespace(), out);
        let sids = sids.split_whitespace().map(|sid| sid.trim_matches(['%', '{', '}']));
        list("winlog.event_data.SidListDesc", sids.filter_map(sids::name), out);
    }
}
