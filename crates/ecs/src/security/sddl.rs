//! Security descriptors in SDDL, put in words.
//!
//! The pipelines cut descriptors with regular expressions, and some of what these find shows: the
//! owner comes with its `O:`, the group is found only where it stands first, and access entries
//! end where the last parenthesis closes, so that those for auditing are among them.

use std::fmt::Write as _;

use super::{EVENT_DATA, codes, decode, sids};
use crate::out::Out;

/// A descriptor's datum, and the names of those that describe it.
pub(super) struct Target {
    owner: &'static str,
    group: &'static str,
    access: &'static str,
    audit: &'static str,
}

pub(super) static OLD: Target =
    Target { owner: "OldSdOwner", group: "OldSdGroup", access: "OldSdDacl", audit: "OldSdSacl" };

pub(super) static NEW: Target =
    Target { owner: "NewSdOwner", group: "NewSdGroup", access: "NewSdDacl", audit: "NewSdSacl" };

/// Puts what a descriptor says: the owner or group, and each entry.
pub(super) fn describe(descriptor: &str, target: &Target, out: &mut Out<'_>) {
    for (start, name) in [("O:", target.owner), ("G:", target.group)] {
        if let Some(account) = two_letters_after(start, descriptor) {
            out.under(EVENT_DATA, name, account);
        }
    }
    let mut text = String::new();
    for (list, name) in [(access(descriptor), target.access), (audit(descriptor), target.audit)] {
        for (n, entry) in entries(list).enumerate() {
            text.clear();
            write_entry(entry, &mut text);
            out.under_numbered(EVENT_DATA, name, n, &text);
        }
    }
}

/// The names of users that a descriptor's entries are about.
pub(super) fn users(descriptor: &str) -> impl Iterator<Item = &str> {
    let lists = [access(descriptor), audit(descriptor)];
    let accounts = lists.into_iter().flat_map(entries).filter_map(|entry| entry.split(';').nth(5));
    accounts.filter_map(sids::name).filter(|name| sids::is_user(name))
}

/// `O:` and two capitals, if the descriptor starts with them.
fn two_letters_after<'d>(start: &str, descriptor: &'d str) -> Option<&'d str> {
    let letters = descriptor.strip_prefix(start)?.as_bytes().get(..2)?;
    letters.iter().all(u8::is_ascii_uppercase).then(|| &descriptor[..start.len() + 2])
}

/// The entries that grant and deny access.
fn access(descriptor: &str) -> &str {
    let Some((_, list)) = descriptor.split_once("D:") else { return "" };
    let list = without_flags(list);
    match list.rfind(')') {
        Some(end) if list.starts_with('(') => &list[..=end],
        _ => "",
    }
}

/// The entries that say what is audited: those that the descriptor ends with.
fn audit(descriptor: &str) -> &str {
    let lists = descriptor.match_indices("S:").map(|(at, s)| &descriptor[at + s.len()..]);
    let mut lists = lists.map(without_flags);
    lists.find(|l| l.is_empty() || (l.starts_with('(') && l.ends_with(')'))).unwrap_or_default()
}

fn without_flags(list: &str) -> &str {
    list.trim_start_matches(|c: char| c.is_ascii_uppercase())
}

/// What stands in parentheses.
fn entries(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        loop {
            let (_, tail) = rest.split_once('(')?;
            // What has an asterisk in it is none; Windows writes none of those.
            let end = tail.find([')', '*'])?;
            rest = &tail[end + 1..];
            if tail.as_bytes()[end] == b')' {
                return Some(&tail[..end]);
            }
        }
    })
}

/// `account :type (rights)`; what has no name is `null`.
fn write_entry(entry: &str, text: &mut String) {
    const NULL: &str = "null";
    let mut parts = entry.split(';');
    let ty = parts.next().and_then(|ty| codes::name(TYPES, ty)).unwrap_or(NULL);
    let rights = parts.nth(1);
    let account = parts.nth(2).and_then(sids::name).unwrap_or(NULL);
    // Writing to a String cannot fail.
    let _ = write!(text, "{account} :{ty} (");
    match rights {
        None => text.push_str(NULL),
        Some(rights) => {
            text.push('[');
            write_rights(rights, text);
            text.push(']');
        }
    }
    text.push(')');
}

fn write_rights(rights: &str, text: &mut String) {
    let mut separator = "";
    let mut push = |name: &str| {
        text.push_str(separator);
        text.push_str(name);
        separator = ", ";
    };
    if rights.starts_with("0x") {
        let mask = decode(rights).unwrap_or(0);
        let mut named = codes::names(MASK, mask).peekable();
        if named.peek().is_none() {
            push(rights);
        } else {
            named.for_each(push);
        }
        return;
    }
    let mut rest = rights;
    while let Some(last) = rest.char_indices().take(2).last() {
        let (pair, tail) = rest.split_at(last.0 + last.1.len_utf8());
        push(codes::name(RIGHTS, pair).unwrap_or("null"));
        rest = tail;
    }
}

/// Types of entries.
static TYPES: &[(&str, &str)] = &[
    ("A", "Access Allowed"),
    ("D", "Access Denied"),
    ("OA", "Object Access Allowed"),
    ("OD", "Object Access Denied"),
    ("AU", "System Audit"),
    ("AL", "System Alarm"),
    ("OU", "System Object Audit"),
    ("OL", "System Object Alarm"),
    ("ML", "System Mandatory Label"),
    ("SP", "Central Policy ID"),
];

/// Rights in letters.
static RIGHTS: &[(&str, &str)] = &[
    ("GA", "Generic All"),
    ("GR", "Generic Read"),
    ("GW", "Generic Write"),
    ("GX", "Generic Execute"),
    ("RC", "Read Permissions"),
    ("SD", "Delete"),
    ("WD", "Modify Permissions"),
    ("WO", "Modify Owner"),
    ("RP", "Read All Properties"),
    ("WP", "Write All Properties"),
    ("CC", "Create All Child Objects"),
    ("DC", "Delete All Child Objects"),
    ("LC", "List Contents"),
    ("SW", "All Validated"),
    ("LO", "List Object"),
    ("DT", "Delete Subtree"),
    ("CR", "All Extended Rights"),
    ("FA", "File All Access"),
    ("FR", "File Generic Read"),
    ("FX", "FILE GENERIC EXECUTE"),
    ("FW", "FILE GENERIC WRITE"),
    ("KA", "KEY ALL ACCESS"),
    ("KR", "KEY READ"),
    ("KW", "KEY WRITE"),
    ("KX", "KEY EXECUTE"),
];

/// Rights in a mask, in the order in which Java's `HashMap` gives them. The bit of "Generic Write"
/// and the spelling of "Syncronize" are Elastic's.
static MASK: codes::Flags = &[
    (0x0008_0000, "Write Owner"),
    (0x0010_0000, "Syncronize"),
    (0x2000_0000, "Generic Execute"),
    (0x0004_0000, "Write DACL"),
    (0x0400_0000, "Generic Write"),
    (0x1000_0000, "Generic All"),
    (0x0200_0000, "Maximum Allowed"),
    (0x0002_0000, "Read Control"),
    (0x0001_0000, "Delete"),
    (0x8000_0000, "Generic Read"),
    (0x0100_0000, "Access System Security"),
];

#[cfg(test)]
mod tests {
    use dragnet_event::Document;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(descriptor: &str, expected: &Value, related: &[&str]) {
        let mut document = Document::new();
        describe(descriptor, &NEW, &mut Out::new(&mut document));
        let data = document.get("winlog.event_data").cloned().unwrap_or_else(|| json!({}));
        assert_eq!(&data, expected, "{descriptor}");
        assert_eq!(users(descriptor).collect::<Vec<_>>(), related, "{descriptor}");
    }

    #[test]
    fn entries_in_words() {
        check(
            "D:PAI(A;OICI;GRSD;;;BA)(XX;;0x1f01ff;;;S-1-5-21-1-2-3-501)(D)",
            &json!({
                "NewSdDacl0": "Built-in administrators :Access Allowed ([Generic Read, Delete])",
                "NewSdDacl1":
                    "Guest :null ([Write Owner, Syncronize, Write DACL, Read Control, Delete])",
                "NewSdDacl2": "null :Access Denied (null)",
            }),
            &["Guest"],
        );
        check(
            "S:(AU;SA;0x1;;;S-1-5-21-1-2-3-1001)",
            &json!({"NewSdSacl0": "null :System Audit ([0x1])"}),
            &[],
        );
        check(
            "S:(AU;;?€G;;;WD)",
            &json!({"NewSdSacl0": "Everyone :System Audit ([null, null])"}),
            &[],
        );
        check("S:(AU;;;;;WD)", &json!({"NewSdSacl0": "Everyone :System Audit ([])"}), &[]);
    }

    #[test]
    fn as_the_pipelines_cut_them() {
        check(
            "O:BAG:SYD:(A;;GA;;;SY)S:AI(AU;;GA;;;WD)",
            &json!({
                "NewSdOwner": "O:BA",
                "NewSdDacl0": "Local system :Access Allowed ([Generic All])",
                "NewSdDacl1": "Everyone :System Audit ([Generic All])",
                "NewSdSacl0": "Everyone :System Audit ([Generic All])",
            }),
            &[],
        );
        check("G:SYD:NO", &json!({"NewSdGroup": "G:SY"}), &[]);
    }

    #[test]
    fn what_is_no_descriptor() {
        for text in ["", "-", "O:", "O:b", "D:", "D:(", "D:)", "S:", "S:(", "D:(*)", "é(", "O:é"]
        {
            check(text, &json!({}), &[]);
        }
    }
}
