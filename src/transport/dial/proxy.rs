//! The PROXY protocol of HAProxy: tells the backend who the client is.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::config::ProxyProtocol;

/// What a header of version 2 starts with.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Version 2, and whom the connection is for: ourselves, or a client.
const LOCAL: u8 = 0x20;
const PROXY: u8 = 0x21;

/// TCP over IPv4, and over IPv6.
const TCP4: u8 = 0x11;
const TCP6: u8 = 0x21;

/// The two ends of a client's connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ends {
    /// The client's.
    pub(crate) client: SocketAddr,
    /// Ours.
    pub(crate) server: SocketAddr,
}

/// What is sent ahead of everything else. A connection of our own says so in version 2; version 1 has no such
/// word that Neo4j takes, but Neo4j takes a connection without header.
pub(super) fn header(version: ProxyProtocol, client: Option<Ends>) -> Vec<u8> {
    match (version, client) {
        (ProxyProtocol::Off, _) | (ProxyProtocol::V1, None) => Vec::new(),
        (ProxyProtocol::V1, Some(ends)) => {
            let (family, client, server) = match same_family(ends) {
                (client @ IpAddr::V4(_), server) => ("TCP4", client, server),
                (client, server) => ("TCP6", client, server),
            };
            let (from, to) = (ends.client.port(), ends.server.port());
            format!("PROXY {family} {client} {server} {from} {to}\r\n").into_bytes()
        }
        (ProxyProtocol::V2, None) => [SIGNATURE.as_slice(), &[LOCAL, 0, 0, 0]].concat(),
        (ProxyProtocol::V2, Some(ends)) => {
            let (family, addresses) = match same_family(ends) {
                (IpAddr::V4(client), IpAddr::V4(server)) => {
                    (TCP4, [client.octets(), server.octets()].concat())
                }
                (client, server) => (TCP6, [sixteen(client).octets(), sixteen(server).octets()].concat()),
            };
            let ports = [ends.client.port().to_be_bytes(), ends.server.port().to_be_bytes()].concat();
            // 12 or 36.
            let length = u16::try_from(addresses.len() + ports.len()).unwrap_or(0).to_be_bytes();
            [SIGNATURE.as_slice(), &[PROXY, family], &length, &addresses, &ports].concat()
        }
    }
}

/// Both addresses in one family, which is IPv4 if both can be: on a socket for both families an IPv4 client
/// appears as `::ffff:192.0.2.1`.
fn same_family(ends: Ends) -> (IpAddr, IpAddr) {
    let (client, server) = (ends.client.ip().to_canonical(), ends.server.ip().to_canonical());
    match (client, server) {
        (IpAddr::V4(_), IpAddr::V4(_)) => (client, server),
        _ => (sixteen(client).into(), sixteen(server).into()),
    }
}

fn sixteen(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends(client: &str, server: &str) -> Option<Ends> {
        Some(Ends { client: client.parse().unwrap(), server: server.parse().unwrap() })
    }

    #[test]
    fn version_1_is_a_line() {
        for (client, server, line) in [
            ("192.0.2.1:50000", "198.51.100.2:7688", "PROXY TCP4 192.0.2.1 198.51.100.2 50000 7688\r\n"),
            ("[2001:db8::1]:1", "[2001:db8::2]:65535", "PROXY TCP6 2001:db8::1 2001:db8::2 1 65535\r\n"),
            ("[::ffff:192.0.2.1]:5", "[::ffff:10.0.0.1]:6", "PROXY TCP4 192.0.2.1 10.0.0.1 5 6\r\n"),
            ("192.0.2.1:5", "[2001:db8::2]:6", "PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 5 6\r\n"),
        ] {
            let header = header(ProxyProtocol::V1, ends(client, server));
            assert_eq!(String::from_utf8(header).unwrap(), line);
            assert!(line.len() <= 107, "longer than the protocol allows");
        }
    }

    #[test]
    fn version_2_is_binary() {
        let four = header(ProxyProtocol::V2, ends("192.0.2.1:50000", "198.51.100.2:7688"));
        let expected = b"\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A\x21\x11\x00\x0C\
            \xC0\x00\x02\x01\xC6\x33\x64\x02\xC3\x50\x1E\x08";
        assert_eq!(four, expected);
        let six = header(ProxyProtocol::V2, ends("[2001:db8::1]:1", "[2001:db8::2]:258"));
        let expected = b"\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A\x21\x21\x00\x24\
            \x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x01\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x02\
            \x00\x01\x01\x02";
        assert_eq!(six, expected);
        let mapped = header(ProxyProtocol::V2, ends("[::ffff:192.0.2.1]:50000", "198.51.100.2:7688"));
        assert_eq!(mapped, four);
        let mixed = header(ProxyProtocol::V2, ends("192.0.2.1:1", "[2001:db8::2]:258"));
        assert_eq!(mixed[16..32], *b"\0\0\0\0\0\0\0\0\0\0\xFF\xFF\xC0\x00\x02\x01");
        assert_eq!(mixed.len(), six.len());
    }

    #[test]
    fn our_own_connections_are_nobodys() {
        assert_eq!(header(ProxyProtocol::V2, None), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0");
        assert_eq!(header(ProxyProtocol::V1, None), b"");
        assert_eq!(header(ProxyProtocol::Off, ends("192.0.2.1:1", "192.0.2.2:2")), b"");
    }
}
