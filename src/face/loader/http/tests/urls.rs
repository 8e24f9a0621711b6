//! URLs that mean something else than they seem to.

use std::net::SocketAddr;
use std::time::Duration;

use super::network::{Fake, PUBLIC};
use super::{NoDirectory, REFUSED, Refusal, Scheme, UNRESOLVED, Unrecognised, UserInfo};
use crate::face::{FetchFailure, Policy};

/// Addresses that are written as such.
pub(super) const LITERALS: [&str; 92] = [
    // Loopback, in all spellings that some resolver takes.
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "127.255.255.254",
    "2130706433",
    "0x7f000001",
    "0x7F.0.0.1",
    "0x7f.1",
    "0177.0.0.1",
    "0177.0.0.01",
    "017700000001",
    "0x7f.0.0.0x1",
    "127.0.0.1.",
    "127。0。0。1",
    "１２７.0.0.1",
    "①②⑦.⓪.⓪.①",
    "%31%32%37.0.0.1",
    "127.0.\t0.1",
    "0",
    "0x0",
    "0.0.0.0",
    "0.1.2.3",
    // Metadata services of clouds.
    "169.254.169.254",
    "2852039166",
    "0xA9FEA9FE",
    "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376",
    "0251.254.0xa9fe",
    "169.254.170.2",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    // Networks inside.
    "10.0.0.1",
    "10.255.255.255",
    "167772161",
    "012.0.0.1",
    "100.64.0.1",
    "100.127.255.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.168.0.1",
    "192.168.1",
    "0xc0a80001",
    // What is nobody's, or everybody's.
    "192.0.0.1",
    "192.0.2.1",
    "192.88.99.1",
    "198.18.0.1",
    "198.19.255.254",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    // The same in IPv6.
    "[::]",
    "[::1]",
    "[0:0:0:0:0:0:0:1]",
    "[0000::0001]",
    "[1::1]",
    "[100::1]",
    "[fc00::1]",
    "[fd00:ec2::254]",
    "[fdff:ffff::1]",
    "[fe80::1]",
    "[febf::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[ff0e::1]",
    "[2001:db8::1]",
    "[2001:10::1]",
    "[2001:20::1]",
    "[3fff::1]",
    "[4000::1]",
    "[5f00::1]",
    // IPv4 wrapped in IPv6: mapped, compatible, translated, NAT64 of both kinds, 6to4, Teredo.
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:ffff:10.0.0.1]",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[::ffff:192.168.0.1]",
    "[::127.0.0.1]",
    "[::7f00:1]",
    "[::a9fe:a9fe]",
    "[::ffff:0:127.0.0.1]",
    "[64:ff9b::127.0.0.1]",
    "[64:ff9b::a9fe:a9fe]",
    "[64:ff9b:1::10.0.0.1]",
    "[64:ff9b:1:fffe::a00:1]",
    "[2002:7f00:1::]",
    "[2002:a00:1::1]",
    "[2001:0:7f00:1::]",
    "[2001::a9fe:a9fe]",
];

/// Names, by what they resolve to; see [`super::network::addresses`].
pub(super) const NAMES: [&str; 28] = [
    "localhost",
    "LOCALHOST",
    "localhost.",
    "7f000001.v4.test",
    "7F000001.V4.test.",
    "00000000.v4.test",
    "0a000001.v4.test",
    "64400001.v4.test",
    "a83f8110.v4.test",
    "a9fea9fe.v4.test",
    "ac100001.v4.test",
    "c0000001.v4.test",
    "c0a80001.v4.test",
    "c6120001.v4.test",
    "e0000001.v4.test",
    "ffffffff.v4.test",
    "00000000000000000000000000000001.v6.test",
    "00000000000000000000ffff7f000001.v6.test",
    "00000000000000000000ffffa9fea9fe.v6.test",
    "0000000000000000000000007f000001.v6.test",
    "0064ff9b0000000000000000a9fea9fe.v6.test",
    "20027f00000100000000000000000000.v6.test",
    "fe800000000000000000000000000001.v6.test",
    "fd000ec2000000000000000000000254.v6.test",
    // One bad address among good ones spoils them all, wherever it stands.
    "5db8d822-7f000001.v4.test",
    "7f000001-5db8d822.v4.test",
    "5db8d822-5db8d823-a9fea9fe.v4.test",
    "5db8d822-0a000001-5db8d823.v4.test",
];

/// Whole URLs.
pub(super) const URLS: [(&str, Refusal); 56] = [
    // Ports: another one than 80 and 443, however it is written.
    ("http://public.test:22/", REFUSED),
    ("http://public.test:8080/", REFUSED),
    ("http://public.test:6379/", REFUSED),
    ("http://public.test:0/", REFUSED),
    ("http://public.test:65535/", REFUSED),
    ("http://public.test:0080080/", Unrecognised),
    ("https://public.test:8443/", REFUSED),
    ("https://public.test:7687/", REFUSED),
    ("http://93.184.216.34:25/", REFUSED),
    ("http://public.test:99999/", Unrecognised),
    ("http://public.test:-80/", Unrecognised),
    ("http://127.0.0.1:80/", REFUSED),
    ("http://127.0.0.1:443/", REFUSED),
    ("http://[::1]:443/", REFUSED),
    // Who is the host?
    ("http://user@public.test/", UserInfo),
    ("http://user:pass@public.test/", UserInfo),
    ("http://:pass@public.test/", UserInfo),
    ("http://public.test@127.0.0.1/", UserInfo),
    ("http://127.0.0.1@public.test/", UserInfo),
    ("http://public.test:80@127.0.0.1/", UserInfo),
    ("http://a@b@127.0.0.1/", UserInfo),
    ("http://127.0.0.1#@public.test/", REFUSED),
    ("http://127.0.0.1?@public.test/", REFUSED),
    ("http://127.0.0.1/@public.test/", REFUSED),
    ("http://127.0.0.1\\@public.test/", REFUSED),
    ("http:\\\\127.0.0.1\\", REFUSED),
    ("http:///127.0.0.1/", REFUSED),
    ("http:////127.0.0.1/", REFUSED),
    ("http:/127.0.0.1/", REFUSED),
    ("http:127.0.0.1", REFUSED),
    ("HTTP://127.0.0.1/", REFUSED),
    (" \n\thttp://127.0.0.1/\n", REFUSED),
    ("http://127.0.0.1%2f@public.test/", UserInfo),
    ("http://127.0.0.1%00.public.test/", Unrecognised),
    ("http://127.0.0.1%0a/", Unrecognised),
    ("http://127.0.0.1 .public.test/", Unrecognised),
    ("http://[::1%25lo]/", Unrecognised),
    ("http://[fe80::1%25eth0]/", Unrecognised),
    ("http://[::1", Unrecognised),
    ("http://[127.0.0.1]/", Unrecognised),
    ("http://256.256.256.256/", Unrecognised),
    ("http://1.2.3.4.5/", Unrecognised),
    ("http://4294967296/", Unrecognised),
    ("http://", Unrecognised),
    ("http://./", UNRESOLVED),
    // Other ways to name what is inside.
    ("ftp://127.0.0.1/", Scheme),
    ("gopher://127.0.0.1:6379/_FLUSHALL", Scheme),
    ("dict://127.0.0.1:11211/stats", Scheme),
    ("ldap://127.0.0.1/", Scheme),
    ("ws://127.0.0.1/", Scheme),
    ("jar://http://127.0.0.1!/", Scheme),
    ("javascript://127.0.0.1/", Scheme),
    ("file:///etc/passwd", NoDirectory),
    ("/proc/self/environ", NoDirectory),
    ("h\tttp://127.0.0.1/", NoDirectory),
    ("http://nothing.test/", UNRESOLVED),
];

#[tokio::test]
async fn no_address_that_is_written_as_such_is_connected_to() {
    let fake = Fake::empty().await;
    for host in LITERALS {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/latest/meta-data/");
            assert_eq!(Refusal::of(fake.load(&Fake::policy(), &url).await), REFUSED, "{url}");
            fake.assert_untouched(&url);
        }
    }
    assert!(fake.dialled().is_empty());
    assert_eq!(fake.resolved(), 0);
}

#[tokio::test]
async fn no_name_of_such_an_address_is_connected_to() {
    let fake = Fake::empty().await;
    for host in NAMES {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/");
            assert_eq!(Refusal::of(fake.load(&Fake::policy(), &url).await), REFUSED, "{url}");
            fake.assert_untouched(&url);
        }
    }
    assert!(fake.dialled().is_empty());
}

#[tokio::test]
async fn no_url_means_something_else_than_what_was_judged() {
    let fake = Fake::empty().await;
    for (url, refusal) in URLS {
        assert_eq!(Refusal::of(fake.load(&Fake::policy(), url).await), refusal, "{url:?}");
        fake.assert_untouched(url);
    }
    assert!(fake.dialled().is_empty());
}

/// What the tables rest on: on this network the public server is reached, by its name and by its address.
#[tokio::test]
async fn the_public_server_is_connected_to() {
    let fake = Fake::empty().await;
    for url in
        ["http://public.test/", "http://93.184.216.34/", "http://5db8d822.v4.test:443/", "http://1572395042"]
    {
        let refusal = Refusal::of(fake.load(&Fake::policy(), url).await);
        assert_eq!(refusal, Refusal::Fetch(FetchFailure::Connect), "{url}");
    }
    let dialled = fake.dialled();
    assert_eq!(dialled, [80, 80, 443, 80].map(|port| SocketAddr::from((PUBLIC, port))));
    // And had it been another address, the listener would have counted.
    let open = Policy { allow_networks: vec!["10.0.0.0/8".parse().unwrap()], ..Fake::policy() };
    let refusal = Refusal::of(fake.load(&open, "http://10.0.0.1/").await);
    assert_eq!(refusal, Refusal::Fetch(FetchFailure::Connect));
    for _ in 0..100 {
        if fake.reached() > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the forbidden listener does not count");
}

/// A resolver that never answers is waited for as long as for a connection.
#[tokio::test]
async fn a_silent_resolver_is_given_up() {
    let fake = Fake::empty().await;
    let policy = Policy { connect_timeout: Duration::from_millis(50), ..Fake::policy() };
    for url in ["http://slow.test/", "https://slow.test/"] {
        let refusal = Refusal::of(fake.load(&policy, url).await);
        assert_eq!(refusal, Refusal::Fetch(FetchFailure::Timeout), "{url}");
    }
    assert!(fake.dialled().is_empty());
}

/// Each line of the allow-lists opens what it names and no more.
#[tokio::test]
async fn allow_lists_open_what_they_name() {
    let hosts = |list: &[&str]| Policy {
        allow_hosts: list.iter().map(|host| host.parse().unwrap()).collect(),
        ..Fake::policy()
    };
    let networks = |list: &[&str]| Policy {
        allow_networks: list.iter().map(|network| network.parse().unwrap()).collect(),
        ..Fake::policy()
    };
    let cases = [
        (hosts(&["10.0.0.1"]), "http://10.0.0.1/", true),
        (hosts(&["10.0.0.1"]), "http://0xa000001/", true),
        (hosts(&["10.0.0.1"]), "http://10.0.0.2/", false),
        (hosts(&["10.0.0.1"]), "http://[::ffff:10.0.0.1]/", false),
        (hosts(&["10.0.0.1"]), "http://0a000001.v4.test/", false),
        (hosts(&["10.0.0.1:9000"]), "http://10.0.0.1:9000/", true),
        (hosts(&["10.0.0.1:9000"]), "http://10.0.0.1/", false),
        (hosts(&["0a000001.v4.test"]), "http://0A000001.v4.test./", true),
        (hosts(&["0a000001.v4.test"]), "http://0a000001.v4.test:81/", false),
        (hosts(&["0a000001.v4.test"]), "http://x.0a000001.v4.test/", false),
        (networks(&["10.0.0.0/8"]), "http://10.9.9.9/", true),
        (networks(&["10.0.0.0/8"]), "http://[::ffff:10.9.9.9]/", true),
        (networks(&["10.0.0.0/8"]), "http://0a090909.v4.test/", true),
        (networks(&["10.0.0.0/8"]), "http://0a090909-7f000001.v4.test/", false),
        (networks(&["10.0.0.0/8"]), "http://10.9.9.9:9000/", false),
        (networks(&["10.0.0.0/8"]), "http://192.168.0.1/", false),
        (networks(&["fd00::/8"]), "http://[fd00::1]/", true),
        (networks(&["fd00::/8"]), "http://[fc00::1]/", false),
    ];
    for (policy, url, open) in cases {
        let fake = Fake::empty().await;
        let refusal = Refusal::of(fake.load(&policy, url).await);
        // What is open leads to the listener, which hangs up.
        let expected = if open {
            Refusal::Fetch(FetchFailure::Connect)
        } else if url.contains("x.0a") {
            UNRESOLVED
        } else {
            REFUSED
        };
        assert_eq!((refusal, fake.dialled().len()), (expected, usize::from(open)), "{url}");
    }
}
