//! Sysmon's `Hashes`: `SHA1=…,MD5=…,SHA256=…,IMPHASH=…`.

use crate::Flavor;
use crate::out::Out;

/// Whose hashes an event's are: the fields that take them.
struct Target {
    hash: &'static str,
    md5: &'static str,
    sha1: &'static str,
    sha256: &'static str,
    imphash: &'static str,
}

static PROCESS: Target = Target {
    hash: "process.hash.",
    md5: "process.hash.md5",
    sha1: "process.hash.sha1",
    sha256: "process.hash.sha256",
    imphash: "process.pe.imphash",
};

static FILE: Target = Target {
    hash: "file.hash.",
    md5: "file.hash.md5",
    sha1: "file.hash.sha1",
    sha256: "file.hash.sha256",
    imphash: "file.pe.imphash",
};

/// The target of an event id. The hash of a deleted file (23) is the process's, in both of
/// Elastic's pipelines; of one whose deletion was only logged (26) in Winlogbeat's.
fn target(id: u16, flavor: Flavor) -> Option<&'static Target> {
    match id {
        1 | 23 | 24 | 25 => Some(&PROCESS),
        26 if flavor == Flavor::Winlogbeat => Some(&PROCESS),
        6 | 7 | 15 | 26 | 29 => Some(&FILE),
        _ => None,
    }
}

/// The algorithms, in the order in which `related.hash` lists their values.
const ORDER: [&str; 4] = ["SHA256", "SHA1", "MD5", "IMPHASH"];

/// Puts the hashes of an event, in lower case. All-zero ones are none.
pub(super) fn hashes(text: &str, id: u16, flavor: Flavor, out: &mut Out<'_>) {
    const RELATED: &str = "related.hash";
    if let Some(target) = target(id, flavor) {
        for (name, value) in entries(text) {
            put(target, name, value, out);
        }
    }
    if out.sink.wants(RELATED) {
        let rank = |name: &str| ORDER.iter().position(|o| name.eq_ignore_ascii_case(o));
        for place in 0..=ORDER.len() {
            let here = |(name, _): &(&str, &str)| rank(name).unwrap_or(ORDER.len()) == place;
            for (_, value) in entries(text).filter(here) {
                out.lower(RELATED, value);
                out.sink.mark_array(RELATED);
            }
        }
    }
}

fn put(target: &Target, name: &str, value: &str, out: &mut Out<'_>) {
    let known = [
        ("MD5", target.md5),
        ("SHA1", target.sha1),
        ("SHA256", target.sha256),
        ("IMPHASH", target.imphash),
    ];
    match known.iter().find(|(n, _)| name.eq_ignore_ascii_case(n)) {
        Some((_, path)) => {
            if out.sink.wants(path) {
                out.lower(path, value);
            }
        }
        None => out.lower_under(target.hash, name, value),
    }
}

/// The names and values. Reading stops where an entry is not `name=value`.
fn entries(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',')
        .map_while(|entry| entry.split_once('='))
        .filter(|(name, value)| !name.is_empty() && !value.bytes().all(|b| b == b'0'))
}

#[cfg(test)]
mod tests {
    use dragnet_event::Document;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(text: &str, id: u16, flavor: Flavor, expected: &Value) {
        let mut document = Document::new();
        hashes(text, id, flavor, &mut Out::new(&mut document));
        assert_eq!(&Value::Object(document.0), expected, "{text} {id}");
    }

    #[test]
    fn split_and_lowered() {
        check(
            "SHA1=AB,MD5=CD,IMPHASH=00,SHA256=EF,SHA512=0A",
            1,
            Flavor::Logs,
            &json!({
                "process": {"hash": {"sha1": "ab", "md5": "cd", "sha256": "ef", "sha512": "0a"}},
                "related": {"hash": ["ef", "ab", "cd", "0a"]},
            }),
        );
    }

    #[test]
    fn whose_they_are() {
        let process = json!({
            "process": {"hash": {"md5": "a"}, "pe": {"imphash": "b"}}, "related": {"hash": ["a", "b"]}
        });
        let file = json!({
            "file": {"hash": {"md5": "a"}, "pe": {"imphash": "b"}}, "related": {"hash": ["a", "b"]}
        });
        let text = "MD5=A,IMPHASH=B";
        check(text, 23, Flavor::Logs, &process);
        check(text, 26, Flavor::Winlogbeat, &process);
        check(text, 26, Flavor::Logs, &file);
        check(text, 7, Flavor::Winlogbeat, &file);
        check(text, 11, Flavor::Logs, &json!({"related": {"hash": ["a", "b"]}}));
    }

    #[test]
    fn what_cannot_be_read() {
        check("Unknown", 1, Flavor::Logs, &json!({}));
        check("MD5=,SHA1=0000", 1, Flavor::Logs, &json!({}));
        let before = json!({"process": {"hash": {"md5": "a"}}, "related": {"hash": ["a"]}});
        check("MD5=A,?,SHA1=B", 1, Flavor::Logs, &before);
    }
}
