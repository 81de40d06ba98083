//! `user.*`, `group.*`, `winlog.computerObject` and `related.user`: who did it, and to whom.

use super::names::Name;
use super::{Fields, newer, sddl, steps};
use crate::Flavor;
use crate::out::Out;
use crate::win_event::WinEvent;

/// `user.*`.
pub(super) fn user(event: &WinEvent<'_>, code: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    let subject = Account::subject(event, code, fields);
    let target = Account::logging_on(code, fields);
    let session = Account::session(code, fields);
    out.text_if("user.id", subject.id.or(target.id));
    out.text_if("user.name", subject.name.or(target.name).or(session.name));
    out.text_if("user.domain", subject.domain.or(target.domain).or(session.domain));

    let target = Account::target(code, fields);
    let name = fields.get(Name::OldTargetUserName).or(target.name);
    out.text_if("user.target.id", target.id);
    out.text_if("user.target.name", name);
    out.text_if("user.target.domain", target.domain);
    fields.put(Name::NewTargetUserName, "user.changes.name", out);

    let effective = Account::effective(code, fields);
    out.text_if("user.effective.id", effective.id);
    out.text_if("user.effective.name", effective.name);
    out.text_if("user.effective.domain", effective.domain);
}

/// An account, as far as the data have it.
#[derive(Default)]
struct Account<'d> {
    id: Option<&'d str>,
    name: Option<&'d str>,
    domain: Option<&'d str>,
}

impl<'d> Account<'d> {
    /// The one that acts.
    fn subject(event: &'d WinEvent<'_>, code: u16, fields: &Fields<'d>) -> Account<'d> {
        if steps::is_clearing(code) {
            return Account {
                id: user_data(event, "SubjectUserSid"),
                name: user_data(event, "SubjectUserName"),
                domain: user_data(event, "SubjectDomainName"),
            };
        }
        if !steps::user_is_subject(code) {
            return Account::default();
        }
        Account {
            id: fields.get(Name::SubjectUserSid),
            name: fields.get(Name::SubjectUserName),
            domain: fields.get(Name::SubjectDomainName),
        }
    }

    /// The one that logs on or off. `-` is copied too.
    fn logging_on(code: u16, fields: &Fields<'d>) -> Account<'d> {
        if !steps::user_is_target(code) {
            return Account::default();
        }
        Account {
            id: fields.get(Name::TargetUserSid).or(fields.get(Name::TargetSid)),
            name: fields.get(Name::TargetUserName).map(without_realm),
            domain: fields.get(Name::TargetDomainName),
        }
    }

    /// The one whose remote session it is.
    fn session(code: u16, fields: &Fields<'d>) -> Account<'d> {
        if !steps::is_session(code) {
            return Account::default();
        }
        Account {
            id: None,
            name: fields.get(Name::AccountName),
            domain: fields.get(Name::AccountDomain),
        }
    }

    /// The one that something is done to.
    fn target(code: u16, fields: &Fields<'d>) -> Account<'d> {
        if steps::has_group(code) {
            let member = fields.get(Name::MemberName);
            return Account {
                id: None,
                name: member.map(member_name),
                domain: member.and_then(member_domain),
            };
        }
        if !steps::has_target(code) {
            return Account::default();
        }
        Account {
            id: fields.said(Name::TargetSid),
            name: fields.said(Name::TargetUserName).map(without_realm),
            domain: fields.said(Name::TargetDomainName),
        }
    }

    /// The one whose rights are used.
    fn effective(code: u16, fields: &Fields<'d>) -> Account<'d> {
        if !steps::has_effective(code) {
            return Account::default();
        }
        Account {
            id: fields.said(Name::TargetUserSid),
            name: fields.said(Name::TargetUserName).map(without_realm),
            domain: fields.said(Name::TargetDomainName),
        }
    }
}

/// A value of `user_data`.
pub(super) fn user_data<'e>(event: &'e WinEvent<'_>, name: &str) -> Option<&'e str> {
    let datum = event.user_data.iter().find(|datum| datum.name == name)?;
    Some(&*datum.value).filter(|value| !value.is_empty())
}

/// `ann@EXAMPLE.ORG` without its realm.
fn without_realm(name: &str) -> &str {
    name.split('@').next().unwrap_or(name)
}

/// The first name of a distinguished one, without its `CN=`.
fn member_name(member: &str) -> &str {
    without_key(distinguished_names(member).next().unwrap_or(member), "CN=")
}

/// The fourth name of a distinguished one, without its `DC=`: the pipelines count on members
/// being in one container, and take the second part of the domain's name then.
fn member_domain(member: &str) -> Option<&str> {
    distinguished_names(member).nth(3).map(|name| without_key(name, "DC="))
}

fn without_key<'n>(name: &'n str, key: &str) -> &'n str {
    match name.split_at_checked(key.len()) {
        Some((start, rest)) if start == key || start == key.to_ascii_lowercase() => rest,
        _ => name,
    }
}

/// Cuts at commas that no backslash escapes.
fn distinguished_names(member: &str) -> impl Iterator<Item = &str> {
    let mut escaped = false;
    member.split(move |c| {
        let cut = c == ',' && !escaped;
        escaped = c == '\\';
        cut
    })
}

/// `group.*`, also as the group of `user.target`, and `winlog.computerObject`.
pub(super) fn group(code: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    if steps::has_computer(code) {
        fields.put(Name::TargetSid, "winlog.computerObject.id", out);
        fields.put(Name::TargetUserName, "winlog.computerObject.name", out);
        fields.put(Name::TargetDomainName, "winlog.computerObject.domain", out);
    }
    if !steps::has_group(code) {
        return;
    }
    let domain = fields.get(Name::TargetDomainName).map(|domain| without_key(domain, "DC="));
    let values = [
        fields.get(Name::TargetSid).or(fields.get(Name::TargetUserSid)),
        fields.get(Name::TargetUserName),
        domain,
    ];
    let own = ["group.id", "group.name", "group.domain"];
    let member = ["user.target.group.id", "user.target.group.name", "user.target.group.domain"];
    let has_member = fields.get(Name::MemberName).is_some();
    for paths in [Some(own), Some(member).filter(|_| has_member)].into_iter().flatten() {
        for (path, value) in paths.into_iter().zip(values) {
            out.text_if(path, value);
        }
    }
}

/// `related.user`: all accounts, in the order in which the pipelines come to them.
pub(super) fn related(
    event: &WinEvent<'_>,
    code: u16,
    flavor: Flavor,
    fields: &Fields<'_>,
    out: &mut Out<'_>,
) {
    const PATH: &str = "related.user";
    if !out.sink.wants(PATH) {
        return;
    }
    let object = newer::related_object(code, fields).filter(|_| flavor == Flavor::Logs);
    let subject = Account::subject(event, code, fields).name;
    let target = Account::target(code, fields).name;
    let group = steps::has_group(code);
    let subject_too = fields.said(Name::SubjectUserName);
    let target_too = fields.said(Name::TargetUserName);
    let names = [
        Account::session(code, fields).name,
        Account::logging_on(code, fields).name,
        target.filter(|_| group),
        subject,
        target.filter(|_| !group),
        Account::effective(code, fields).name,
        subject_too.filter(|_| steps::relates_subject(code)),
        target_too.filter(|_| steps::relates_target(code)),
        fields.said(Name::NewTargetUserName),
        fields.said(Name::OldTargetUserName),
    ];
    let descriptors = [fields.get(Name::OldSd), fields.get(Name::NewSd)];
    let descriptors = descriptors.into_iter().flatten().filter(|_| steps::describes_sids(code));
    let names = names.into_iter().flatten().chain(object.as_deref());
    out.distinct(PATH, names.chain(descriptors.flat_map(sddl::users)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members() {
        for (member, name, domain) in [
            ("CN=Ann,CN=Users,DC=example,DC=org", "Ann", Some("org")),
            (r"cn=Lee\, Ann,OU=A,OU=B,dc=example,dc=org", r"Lee\, Ann", Some("example")),
            ("CN=Ann,CN=Users,DC=x", "Ann", None),
            ("-", "-", None),
            ("é", "é", None),
        ] {
            assert_eq!((member_name(member), member_domain(member)), (name, domain), "{member}");
        }
    }
}
