//! `network.community_id`: a hash that both directions of a flow share (Community ID version 1,
//! seed 0).

use std::net::IpAddr;

/// The id of a flow of a transport that has ports. `None` for other transports: Sysmon reports
/// only TCP and UDP.
pub(crate) fn community_id(
    transport: &str,
    source: (IpAddr, u16),
    destination: (IpAddr, u16),
) -> Option<String> {
    let protocol = [("tcp", 6), ("udp", 17), ("sctp", 132)]
        .iter()
        .find(|(name, _)| transport.eq_ignore_ascii_case(name))?
        .1;
    let source = (source.0.to_canonical(), source.1);
    let destination = (destination.0.to_canonical(), destination.1);
    let (low, high) =
        if source <= destination { (source, destination) } else { (destination, source) };

    let mut sha1 = sha1_smol::Sha1::new();
    sha1.update(&0u16.to_be_bytes());
    update_address(&mut sha1, low.0);
    update_address(&mut sha1, high.0);
    sha1.update(&[protocol, 0]);
    sha1.update(&low.1.to_be_bytes());
    sha1.update(&high.1.to_be_bytes());

    let mut id = String::with_capacity(30);
    id.push_str("1:");
    push_base64(&mut id, &sha1.digest().bytes());
    Some(id)
}

fn update_address(sha1: &mut sha1_smol::Sha1, address: IpAddr) {
    match address {
        IpAddr::V4(v4) => sha1.update(&v4.octets()),
        IpAddr::V6(v6) => sha1.update(&v6.octets()),
    }
}

/// Standard base64 with padding.
pub(crate) fn push_base64(out: &mut String, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for i in 0..4 {
            let digit = ALPHABET[(bits >> (18 - 6 * i) & 63) as usize];
            out.push(if i <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(transport: &str, source: (&str, u16), destination: (&str, u16), expected: &str) {
        let end = |(ip, port): (&str, u16)| (ip.parse().unwrap(), port);
        let id = community_id(transport, end(source), end(destination));
        let back = community_id(transport, end(destination), end(source));
        assert_eq!(id.as_deref(), Some(expected));
        assert_eq!(back.as_deref(), Some(expected));
    }

    #[test]
    fn vectors_of_the_specification() {
        let tcp = ("128.232.110.120", 34855);
        check("tcp", tcp, ("66.35.250.204", 80), "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        let udp = ("192.168.1.52", 54585);
        check("UDP", udp, ("8.8.8.8", 53), "1:d/FP5EW3wiY1vCndhwleRRKHowQ=");
        let sctp = ("192.168.170.8", 7);
        check("sctp", sctp, ("192.168.170.56", 80), "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ=");
    }

    #[test]
    fn mapped_addresses_are_version_4() {
        let a = |ip: &str| (ip.parse().unwrap(), 1);
        assert_eq!(
            community_id("tcp", a("::ffff:1.2.3.4"), a("5.6.7.8")),
            community_id("tcp", a("1.2.3.4"), a("5.6.7.8")),
        );
        assert_eq!(community_id("icmp", a("1.2.3.4"), a("5.6.7.8")), None);
    }

    #[test]
    fn base64() {
        let text = |bytes: &[u8]| {
            let mut out = String::new();
            push_base64(&mut out, bytes);
            out
        };
        assert_eq!(text(b"foobar"), "Zm9vYmFy");
        assert_eq!(text(b"fooba"), "Zm9vYmE=");
        assert_eq!(text(b"foob"), "Zm9vYg==");
    }
}
