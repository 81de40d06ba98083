//! What only the newer pipeline of Elastic Agent's system integration makes of Security events: the
//! connections of Windows' filtering platform, objects of the directory, registry keys.

use std::borrow::Cow;
use std::net::IpAddr;

use super::names::Name;
use super::process::{file_name, plain_address};
use super::{Fields, sids, steps};
use crate::Flavor;
use crate::community_id::community_id;
use crate::out::Out;

/// `network.*`, `source.*`, `destination.*` and `process.*` of a connection, or its data as they are.
pub(super) fn connection(code: u16, flavor: Flavor, fields: &Fields<'_>, out: &mut Out<'_>) {
    let moves = flavor == Flavor::Logs && steps::is_connection(code);
    let said = |name| moves && fields.said(name).is_some();
    let destination =
        fields.move_if(said(Name::DestAddress), Name::DestAddress, "destination.ip", out);
    let source = fields.said(Name::SourceAddress).filter(|_| moves);
    match source {
        Some(address) => out.text("source.ip", plain_address(address)),
        None => fields.keep(Name::SourceAddress, out),
    }
    fields.move_long_if(moves, Name::DestPort, "destination.port", out);
    fields.move_long_if(moves, Name::SourcePort, "source.port", out);
    let program =
        fields.move_if(said(Name::Application), Name::Application, "process.executable", out);
    out.text_if("process.name", program.map(file_name));
    if !moves {
        return;
    }
    // Elastic: the source counts as it was written, too, as it does for logons.
    let addresses = [destination, source, source.map(plain_address)];
    out.distinct("related.ip", addresses.into_iter().flatten());
    let Some(protocol) = fields.said(Name::Protocol) else { return };
    out.text("network.iana_number", protocol);
    let Some(transport) = super::codes::name(TRANSPORTS, protocol) else { return };
    out.text("network.transport", transport);
    let end = |address: Option<&str>, port| {
        let address: IpAddr = plain_address(address?).parse().ok()?;
        Some((address, u16::try_from(fields.long(port)?).ok()?))
    };
    if let (Some(source), Some(destination)) =
        (end(source, Name::SourcePort), end(destination, Name::DestPort))
        && out.sink.wants(COMMUNITY_ID)
    {
        out.text_if(COMMUNITY_ID, community_id(transport, source, destination).as_deref());
    }
}

const COMMUNITY_ID: &str = "network.community_id";

/// `Protocol` (IANA's numbers): the ones that the pipeline names.
static TRANSPORTS: &[(&str, &str)] = &[
    ("1", "icmp"),
    ("2", "igmp"),
    ("4", "ipv4"),
    ("6", "tcp"),
    ("8", "egp"),
    ("9", "igp"),
    ("12", "pup"),
    ("17", "udp"),
    ("27", "rdp"),
    ("28", "irtp"),
    ("33", "dccp"),
    ("35", "idpr"),
    ("41", "ipv6"),
    ("43", "ipv6-route"),
    ("44", "ipv6-frag"),
    ("46", "rsvp"),
    ("47", "gre"),
    ("50", "esp"),
    ("58", "ipv6-icmp"),
    ("59", "ipv6-nonxt"),
    ("60", "ipv6-opts"),
];

/// What kind of thing an object of the directory is, as far as it has fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    User,
    Group,
}

/// The changed object of the directory, the registry key that was used, and whose SIDs those at the
/// other end of a connection are.
pub(super) fn objects(code: u16, fields: &Fields<'_>, out: &mut Out<'_>) {
    if steps::is_directory_change(code) {
        fields.put(Name::OperationType, "event.reason", out);
    }
    if let Some((class, name)) = object(code, fields) {
        let path = match class {
            Class::User => "user.target.name",
            Class::Group => "group.name",
        };
        out.text(path, &name);
    }
    if let Some(key) = fields.get(Name::ObjectName).filter(|name| is_key(code, name, fields)) {
        out.text("registry.path", key);
    }
    for (sid, path) in [
        (Name::RemoteMachineID, "winlog.event_data.RemoteMachineDescription"),
        (Name::RemoteUserID, "winlog.event_data.RemoteUserDescription"),
    ] {
        out.text_if(path, fields.get(sid).and_then(sids::known));
    }
}

/// The name for `related.user`. Groups are among them in Elastic, too.
pub(super) fn related_object<'d>(code: u16, fields: &Fields<'d>) -> Option<Cow<'d, str>> {
    object(code, fields).map(|(_, name)| name)
}

fn object<'d>(code: u16, fields: &Fields<'d>) -> Option<(Class, Cow<'d, str>)> {
    let path = fields.get(Name::ObjectDN).filter(|_| steps::is_directory_change(code))?;
    let class = fields.get(Name::ObjectClass)?.to_ascii_lowercase();
    let class = match class {
        class if class.contains("user") => Class::User,
        class if class.contains("group") => Class::Group,
        _ => return None,
    };
    Some((class, common_name(path)?))
}

/// The first common name in a distinguished one, its escapes undone.
fn common_name(path: &str) -> Option<Cow<'_, str>> {
    let start = path.to_ascii_lowercase().find("cn=")? + 3;
    let rest = path.get(start..)?;
    let plain = rest.split(',').next().unwrap_or(rest);
    if !plain.contains('\\') {
        return Some(plain.trim()).filter(|name| !name.is_empty()).map(Cow::Borrowed);
    }
    let mut name = String::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            ',' => break,
            '\\' => match chars.next() {
                Some(first) => {
                    let low = chars.peek().and_then(|c| c.to_digit(16));
                    match (first.to_digit(16), low) {
                        (Some(high), Some(low)) => {
                            chars.next();
                            // Elastic: each byte is a character of its own, whatever the encoding.
                            name.extend(char::from_u32(high * 16 + low));
                        }
                        _ => name.push(first),
                    }
                }
                None => name.push('\\'),
            },
            c => name.push(c),
        }
    }
    let name = name.trim();
    (!name.is_empty()).then(|| Cow::Owned(name.to_owned()))
}

/// Whether an object is a key of the registry.
fn is_key(code: u16, name: &str, fields: &Fields<'_>) -> bool {
    const PREFIX: &str = r"\REGISTRY\";
    let has_prefix = name.get(..PREFIX.len()).is_some_and(|n| n.eq_ignore_ascii_case(PREFIX));
    code == 4657
        || steps::may_be_key(code) && (has_prefix || fields.get(Name::ObjectType) == Some("Key"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_names() {
        for (path, expected) in [
            ("CN=Ann,CN=Users,DC=example,DC=org", Some("Ann")),
            (r"cn=Lee\, Ann,OU=A", Some("Lee, Ann")),
            (r"CN=a\2Cb\5c,DC=x", Some(r"a,b\")),
            (r"OU=A,CN=b", Some("b")),
            (r"CN=a\", Some(r"a\")),
            ("CN=  ,DC=x", None),
            ("DC=example", None),
            ("é", None),
            ("écn=é", Some("é")),
        ] {
            assert_eq!(common_name(path).as_deref(), expected, "{path}");
        }
    }
}
