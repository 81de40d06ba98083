//! `dns.*` from Sysmon's DNS query event.

use dragnet_event::Scalar;

use crate::domain;
use crate::out::Out;

/// `dns.question.*` but for the name itself.
pub(super) fn question(name: &str, out: &mut Out<'_>) {
    const REGISTERED: &str = "dns.question.registered_domain";
    const SUBDOMAIN: &str = "dns.question.subdomain";
    const TOP_LEVEL: &str = "dns.question.top_level_domain";
    if !out.wants_any(&[REGISTERED, SUBDOMAIN, TOP_LEVEL]) {
        return;
    }
    if let Some(parts) = domain::parts(name) {
        out.text_if(REGISTERED, parts.registered_domain.as_deref());
        out.text_if(SUBDOMAIN, parts.subdomain);
        out.text(TOP_LEVEL, &parts.top_level_domain);
    }
}

/// `dns.answers` and `dns.resolved_ip`.
pub(super) fn answers(results: &str, out: &mut Out<'_>) {
    const DATA: &str = "dns.answers.data";
    const TYPE: &str = "dns.answers.type";
    const IP: &str = "dns.resolved_ip";
    if out.wants_any(&[DATA, TYPE]) {
        for (ty, data) in records(results) {
            let ty = record_type(ty).map(|ty| (TYPE, Scalar::Str(ty)));
            let data = data.map(|data| (DATA, Scalar::Str(data)));
            match (ty, data) {
                (Some(ty), Some(data)) => out.sink.put_object("dns.answers", &[data, ty]),
                (Some(one), None) | (None, Some(one)) => {
                    out.sink.put_object("dns.answers", &[one]);
                }
                (None, None) => {}
            }
        }
        for ip in addresses(results) {
            let ty = if ip.contains(':') { "AAAA" } else { "A" };
            let members = [(DATA, Scalar::Str(ip)), (TYPE, Scalar::Str(ty))];
            out.sink.put_object("dns.answers", &members);
        }
    }
    if out.sink.wants(IP) {
        for ip in addresses(results) {
            out.text(IP, ip);
            out.sink.mark_array(IP);
        }
    }
}

/// `related.hosts`: the names in the answers, then the name that was asked for.
pub(super) fn related_hosts(name: Option<&str>, results: &str, out: &mut Out<'_>) {
    const HOSTS: &str = "related.hosts";
    if !out.sink.wants(HOSTS) {
        return;
    }
    let mut name = name;
    for (_, host) in records(results) {
        if let Some(host) = host {
            out.text(HOSTS, host);
            out.sink.mark_array(HOSTS);
            name = name.filter(|n| *n != host);
        }
    }
    if let Some(name) = name {
        out.text(HOSTS, name);
        out.sink.mark_array(HOSTS);
    }
}

/// The addresses in `QueryResults`, IPv4-mapped ones as IPv4.
pub(super) fn addresses(results: &str) -> impl Iterator<Item = &str> + Clone {
    results
        .split(';')
        .filter(|entry| !entry.is_empty() && !entry.starts_with("type:"))
        .map(|entry| mapped_ipv4(entry).unwrap_or(entry))
        .filter(|entry| entry.parse::<std::net::IpAddr>().is_ok())
}

/// The other records in `QueryResults`, `type:  5 name`: number and data. An entry of more or
/// fewer words has no data.
fn records(results: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    results.split(';').filter(|entry| entry.starts_with("type:")).filter_map(|entry| {
        let mut words = entry.split_ascii_whitespace().skip(1);
        let ty = words.next()?;
        let data = words.next().filter(|_| words.next().is_none());
        Some((ty, data))
    })
}

/// The IPv4 address in `::ffff:1.2.3.4`, `[::ffff:1.2.3.4]` or `[::ffff:1.2.3.4]:53`.
fn mapped_ipv4(text: &str) -> Option<&str> {
    let text = text.strip_prefix('[').unwrap_or(text).strip_prefix("::ffff:")?;
    let text = match text.split_once(']') {
        None => text,
        Some((text, "")) => text,
        Some((text, port)) => {
            let port = port.strip_prefix(':')?;
            let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            digits.then_some(text)?
        }
    };
    text.contains('.').then_some(text)
}

/// A record type's name, by its number (IANA's registry; Windows' own for WINS).
fn record_type(number: &str) -> Option<&'static str> {
    const FROM_1: [&str; 41] = [
        "A", "NS", "MD", "MF", "CNAME", "SOA", "MB", "MG", "MR", "NULL", "WKS", "PTR", "HINFO",
        "MINFO", "MX", "TXT", "RP", "AFSDB", "X25", "ISDN", "RT", "NSAP", "NSAPPTR", "SIG", "KEY",
        "PX", "GPOS", "AAAA", "LOC", "NXT", "EID", "NIMLOC", "SRV", "ATMA", "NAPTR", "KX", "CERT",
        "A6", "DNAME", "SINK", "OPT",
    ];
    const OTHERS: [(u16, &str); 19] = [
        (43, "DS"),
        (46, "RRSIG"),
        (47, "NSEC"),
        (48, "DNSKEY"),
        (49, "DHCID"),
        (100, "UINFO"),
        (101, "UID"),
        (102, "GID"),
        (103, "UNSPEC"),
        (248, "ADDRS"),
        (249, "TKEY"),
        (250, "TSIG"),
        (251, "IXFR"),
        (252, "AXFR"),
        (253, "MAILB"),
        (254, "MAILA"),
        (255, "ANY"),
        (65281, "WINS"),
        (65282, "WINSR"),
    ];
    let number: u16 = number.parse().ok()?;
    if let Some(name) = FROM_1.get(usize::from(number).wrapping_sub(1)) {
        return Some(name);
    }
    OTHERS.iter().find(|(n, _)| *n == number).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use dragnet_event::Document;
    use serde_json::{Value, json};

    use super::*;

    #[track_caller]
    fn check(name: Option<&str>, results: &str, expected: &Value) {
        let mut document = Document::new();
        let out = &mut Out::new(&mut document);
        answers(results, out);
        related_hosts(name, results, out);
        assert_eq!(&Value::Object(document.0), expected, "{results}");
    }

    #[test]
    fn names_and_addresses() {
        check(
            Some("www.example.com"),
            "type:  5 cdn.example.net;::ffff:192.0.2.7;2001:db8::1;",
            &json!({
                "dns": {
                    "answers": [
                        {"type": "CNAME", "data": "cdn.example.net"},
                        {"type": "A", "data": "192.0.2.7"},
                        {"type": "AAAA", "data": "2001:db8::1"},
                    ],
                    "resolved_ip": ["192.0.2.7", "2001:db8::1"],
                },
                "related": {"hosts": ["cdn.example.net", "www.example.com"]},
            }),
        );
    }

    #[test]
    fn records_without_data() {
        check(
            Some("a.b"),
            "type:  33 ;type: 16 two words;type: 9999 x.y;type: 9999 ;type:;nonsense;",
            &json!({
                "dns": {"answers": [{"type": "SRV"}, {"type": "TXT"}, {"data": "x.y"}]},
                "related": {"hosts": ["x.y", "a.b"]},
            }),
        );
        check(None, "", &json!({}));
        check(None, "-", &json!({}));
    }

    #[test]
    fn the_question_is_not_repeated() {
        check(
            Some("a.b"),
            "type: 6 a.b;",
            &json!({
                "dns": {"answers": [{"type": "SOA", "data": "a.b"}]}, "related": {"hosts": ["a.b"]}
            }),
        );
    }

    #[test]
    fn mapped_forms() {
        let check = |text, expected| assert_eq!(mapped_ipv4(text), expected, "{text}");
        check("::ffff:1.2.3.4", Some("1.2.3.4"));
        check("[::ffff:1.2.3.4]", Some("1.2.3.4"));
        check("[::ffff:1.2.3.4]:53", Some("1.2.3.4"));
        check("[::ffff:1.2.3.4]x", None);
        check("::ffff:0:1", None);
        check("1.2.3.4", None);
    }

    #[test]
    fn types() {
        let numbers = ["1", "28", "41", "42", "43", "255", "65281", "0", "65536", "-1", "x"];
        let names = numbers.map(|n| record_type(n).unwrap_or("-"));
        assert_eq!(names, ["A", "AAAA", "OPT", "-", "DS", "ANY", "WINS", "-", "-", "-", "-"]);
    }
}
