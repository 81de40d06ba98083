//! The address in a SOCKADDR record: a `struct sockaddr` in hexadecimal.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::fields;

/// What an address is.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Address {
    /// `ipv4`, `ipv6`, `unix`, `netlink`, or the family's number.
    pub(super) family: String,
    pub(super) ip: Option<String>,
    pub(super) port: Option<u16>,
    pub(super) path: Option<String>,
}

/// Reads an address; the family is in the byte order of the host, which is taken to be little-endian.
pub(super) fn parse(hex: &str) -> Option<Address> {
    let bytes = fields::bytes(hex)?;
    let (family, rest) = bytes.split_first_chunk::<2>()?;
    let port = |rest: &[u8]| rest.first_chunk::<2>().map(|port| u16::from_be_bytes(*port));
    Some(match u16::from_le_bytes(*family) {
        1 => {
            // A name that starts with a zero is abstract; what follows the name is not of it.
            let path = rest.strip_prefix(&[0]).unwrap_or(rest);
            let path = path.split(|byte| *byte == 0).next().unwrap_or_default();
            let path = Some(fields::text(path)).filter(|path| !path.is_empty());
            Address { family: "unix".into(), path, ..Address::default() }
        }
        2 => {
            let ip = rest.get(2..).and_then(<[u8]>::first_chunk::<4>);
            let ip = ip.map(|octets| Ipv4Addr::from(*octets).to_string());
            Address { family: "ipv4".into(), ip, port: port(rest), path: None }
        }
        10 => {
            let ip = rest.get(6..).and_then(<[u8]>::first_chunk::<16>);
            let ip = ip.map(|octets| Ipv6Addr::from(*octets).to_string());
            Address { family: "ipv6".into(), ip, port: port(rest), path: None }
        }
        16 => Address { family: "netlink".into(), ..Address::default() },
        number => Address { family: number.to_string(), ..Address::default() },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(hex: &str, family: &str, ip: Option<&str>, port: Option<u16>, path: Option<&str>) {
        let own = |text: &str| text.to_owned();
        let expected =
            Address { family: family.into(), ip: ip.map(own), port, path: path.map(own) };
        assert_eq!(parse(hex), Some(expected), "{hex}");
    }

    #[test]
    fn families() {
        check("020001BBC0A8010A0000000000000000", "ipv4", Some("192.168.1.10"), Some(443), None);
        let ipv6 = "0A00005000000000FE800000000000000000000000000001";
        check(ipv6, "ipv6", Some("fe80::1"), Some(80), None);
        check("01002F72756E2F782E736F636B0000", "unix", None, None, Some("/run/x.sock"));
        check("01000061", "unix", None, None, Some("a"));
        check("100000000000", "netlink", None, None, None);
        check("2600616C67", "38", None, None, None);
        check("020001", "ipv4", None, None, None);
        assert_eq!(parse("02"), None);
        assert_eq!(parse("zz"), None);
    }
}
