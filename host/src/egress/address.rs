//! Which network addresses a request may be connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How far a request reaches, by how the operator listed its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Reach {
    /// Addresses of the public internet: the host is listed through `*.` only.
    Public,
    /// Any address: the operator wrote the host itself.
    Listed,
    /// This machine: what plain HTTP is allowed for.
    Loopback,
}

impl Reach {
    /// Whether a connection may be made to this address.
    pub(super) fn permits(self, address: IpAddr) -> bool {
        match self {
            Reach::Public => is_public(address),
            Reach::Listed => true,
            Reach::Loopback => address.to_canonical().is_loopback(),
        }
    }
}

/// Azure's metadata and key service: a public number that only its own machines can reach.
const AZURE_WIRE_SERVER: Ipv4Addr = Ipv4Addr::new(168, 63, 129, 16);

/// Address blocks that are not the public internet, as network and prefix length.
///
/// Source: the IANA special-purpose registry for IPv4. The metadata services at 169.254.169.254,
/// 100.100.100.200 and 192.0.0.192 lie in three of them.
const V4_SPECIAL: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
    (AZURE_WIRE_SERVER, 32),
];

/// Whether this is an address of the public internet; one that merely carries another is judged by that one.
pub(super) fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    !V4_SPECIAL.iter().any(|(network, prefix)| {
        let mask = u32::MAX << (32 - prefix);
        address.to_bits() & mask == network.to_bits()
    })
}

/// Everything outside of 2000::/3 is local, reserved or multicast; so new blocks are refused until they are
/// known.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let segments = address.segments();
    match segments {
        // NAT64 and 6to4 deliver to the IPv4 address that they hold.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => is_public_v4(v4_of(high, low)),
        [0x2002, high, low, ..] => is_public_v4(v4_of(high, low)),
        // Teredo and other protocols' own blocks; documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        _ => segments[0] & 0xe000 == 0x2000,
    }
}

fn v4_of(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn local_addresses_in_any_disguise_are_not_public() {
        let local = [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::7f00:1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::10.0.0.1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2002:a9fe:a9fe::",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "5f00::1",
            "100::1",
        ];
        for text in local {
            let address: IpAddr = text.parse().unwrap();
            assert!(!is_public(address), "{text}");
            assert!(!Reach::Public.permits(address), "{text}");
            assert!(Reach::Listed.permits(address), "{text}");
        }
    }

    #[test]
    fn addresses_next_to_the_local_blocks_are_public() {
        let public = [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.0",
            "192.167.0.1",
            "192.169.0.0",
            "223.255.255.255",
            "168.63.129.17",
            "2001:200::1",
            "2606:4700::1111",
            "2a00:1450::1",
            "64:ff9b::1.1.1.1",
            "::ffff:1.1.1.1",
            "2002:101:101::1",
        ];
        for text in public {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn plain_http_reaches_this_machine_only() {
        for text in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            assert!(Reach::Loopback.permits(text.parse().unwrap()), "{text}");
        }
        for text in ["10.0.0.1", "1.1.1.1", "::", "0.0.0.0", "fe80::1"] {
            assert!(!Reach::Loopback.permits(text.parse().unwrap()), "{text}");
        }
    }
}
