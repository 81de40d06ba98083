//! Blocks of addresses: IPv4 and IPv6.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A block of addresses: IPv4 or IPv6, a base and the length of its prefix in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Network {
    base: IpAddr,
    prefix: u8,
}

/// Text that is no address block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkError(pub String);

impl fmt::Display for NetworkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not an address block such as 10.0.0.0/8 or fe80::/10", self.0)
    }
}

impl std::error::Error for NetworkError {}

impl Network {
    /// Reads `10.0.0.0/8`, `fe80::/10`, or a single address. Bits beyond the prefix are allowed
    /// and ignored (`10.6.48.157/8`).
    ///
    /// # Errors
    /// If the text is neither.
    pub fn parse(text: &str) -> Result<Network, NetworkError> {
        let error = || NetworkError(text.to_owned());
        let (base, prefix) = match text.split_once('/') {
            Some((base, prefix)) => (base, Some(prefix.parse::<u8>().map_err(|_| error())?)),
            None => (text, None),
        };
        let base: IpAddr = base.trim().parse().map_err(|_| error())?;
        let width = if base.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.unwrap_or(width);
        if prefix > width {
            return Err(error());
        }
        Ok(Network { base, prefix })
    }

    /// The address that stands so many after the block's first one; from the beginning again where
    /// the block ends.
    pub fn address(&self, offset: u128) -> IpAddr {
        let within = |width: u8| {
            u128::MAX.checked_shr(128 - u32::from(width - self.prefix)).unwrap_or_default()
        };
        match self.base {
            IpAddr::V4(base) => {
                let within = within(32) as u32;
                Ipv4Addr::from(u32::from(base) & !within | offset as u32 & within).into()
            }
            IpAddr::V6(base) => {
                let within = within(128);
                Ipv6Addr::from(u128::from(base) & !within | offset & within).into()
            }
        }
    }

    /// Whether an address lies in the block. Addresses of the other family do not; an IPv4 address
    /// written as IPv6 (`::ffff:10.0.0.1`) counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.base, address.to_canonical()) {
            (IpAddr::V4(base), IpAddr::V4(ip)) => {
                let shift = 32 - u32::from(self.prefix);
                (u32::from(base) ^ u32::from(ip)).checked_shr(shift).unwrap_or(0) == 0
            }
            (IpAddr::V6(base), IpAddr::V6(ip)) => {
                let shift = 128 - u32::from(self.prefix);
                (u128::from(base) ^ u128::from(ip)).checked_shr(shift).unwrap_or(0) == 0
            }
            _ => false,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.base, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let within =
            |net: &str, ip: &str| Network::parse(net).unwrap().contains(ip.parse().unwrap());
        assert!(within("10.6.48.157/8", "10.255.0.1"));
        assert!(!within("10.0.0.0/8", "11.0.0.0"));
        assert!(within("0.0.0.0/0", "1.2.3.4"));
        assert!(within("::/0", "fe80::1"));
        assert!(!within("::/0", "1.2.3.4"));
        assert!(within("127.0.0.0/8", "::ffff:127.0.0.1"));
        assert!(within("fe80::/10", "fe80::1"));
        assert!(within("1.2.3.4", "1.2.3.4"));
        assert!(Network::parse("10.0.0.0/33").is_err());
        assert!(Network::parse("ten").is_err());
    }

    #[test]
    fn addresses_of_networks() {
        let address = |net: &str, at| Network::parse(net).unwrap().address(at).to_string();
        assert_eq!(address("10.6.48.157/8", 7), "10.0.0.7");
        assert_eq!(address("1.2.3.4", 7), "1.2.3.4");
        assert_eq!(address("0.0.0.0/0", 258), "0.0.1.2");
        assert_eq!(address("192.168.1.0/31", 3), "192.168.1.1");
        assert_eq!(address("fe80::/10", 1), "fe80::1");
        assert_eq!(address("::/0", 1), "::1");
    }
}
