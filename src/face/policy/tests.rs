use std::net::IpAddr;

use url::Url;

use super::{Admission, AllowedHost, Policy};

fn admit(policy: &Policy, url: &str) -> Option<Admission> {
    policy.admit(&Url::parse(url).unwrap()).ok()
}

#[test]
fn first_and_last_address_of_every_reserved_range_are_refused() {
    let reserved = [
        "0.0.0.0",
        "0.255.255.255",
        "10.0.0.0",
        "10.255.255.255",
        "100.64.0.0",
        "100.127.255.255",
        "127.0.0.1",
        "127.255.255.255",
        "168.63.129.16",
        "169.254.0.0",
        "169.254.169.254",
        "172.16.0.0",
        "172.31.255.255",
        "192.0.0.0",
        "192.0.0.255",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.0.0",
        "192.168.255.255",
        "198.18.0.0",
        "198.19.255.255",
        "198.51.100.7",
        "203.0.113.7",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.0",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:1ff::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "3fff::1",
        "fc00::1",
        "fdff::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];
    for address in reserved {
        assert!(!Policy::default().allows(address.parse().unwrap()), "{address}");
    }
}

#[test]
fn neighbours_of_the_reserved_ranges_are_public() {
    let public = [
        "1.0.0.0",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "192.0.1.0",
        "192.0.3.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2003::1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
    ];
    for address in public {
        assert!(Policy::default().allows(address.parse::<IpAddr>().unwrap()), "{address}");
    }
}

#[test]
fn allowed_networks_open_private_addresses_also_in_mapped_form() {
    let policy = Policy {
        allow_networks: vec!["10.1.0.0/16".parse().unwrap(), "fd00::/8".parse().unwrap()],
        ..Policy::default()
    };
    for (address, allowed) in [
        ("10.1.2.3", true),
        ("::ffff:10.1.2.3", true),
        ("10.2.0.1", false),
        ("fd12::1", true),
        ("fc00::1", false),
    ] {
        assert_eq!(policy.allows(address.parse().unwrap()), allowed, "{address}");
    }
}

#[test]
fn urls_are_judged_by_scheme_user_host_and_port() {
    let policy = Policy::default();
    let accepted = [
        "http://example.org/a.jpg",
        "https://example.org:443/",
        "http://example.org:443/",
        "http://8.8.8.8/",
    ];
    let refused = [
        "ftp://example.org/",
        "gopher://example.org/",
        "https://user@example.org/",
        "https://:secret@example.org/",
        "http://example.org:8080/",
        "http://example.org:22/",
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:a00:1]/",
        "http://169.254.169.254/latest/meta-data/",
    ];
    for url in accepted {
        assert_eq!(admit(&policy, url), Some(Admission::Checked), "{url}");
    }
    for url in refused {
        assert_eq!(admit(&policy, url), None, "{url}");
    }
    let https_only = Policy { schemes: vec!["https".to_owned()], ..Policy::default() };
    assert_eq!(admit(&https_only, "http://example.org/"), None);
    assert_eq!(admit(&https_only, "https://example.org/"), Some(Admission::Checked));
}

#[test]
fn only_web_schemes_can_be_opened() {
    let policy = Policy { schemes: vec!["ftp".to_owned(), "file".to_owned()], ..Policy::default() };
    assert_eq!(admit(&policy, "ftp://example.org/"), None);
}

#[test]
fn allowed_hosts_hold_for_their_ports_only() {
    let allow = |host: &str| Policy { allow_hosts: vec![host.parse().unwrap()], ..Policy::default() };
    let cases = [
        ("localhost:8000", "http://localhost:8000/", true),
        ("localhost:8000", "http://LOCALHOST.:8000/", true),
        ("localhost:8000", "http://127.0.0.1:8000/", false),
        ("127.0.0.1:8000", "http://127.0.0.1:8000/", true),
        ("127.0.0.1:8000", "http://127.0.0.1/", false),
        ("127.0.0.1", "http://127.0.0.1/", true),
        ("127.0.0.1", "http://127.0.0.1:8000/", false),
        ("[::1]:8000", "http://[::1]:8000/", true),
        ("[::1]", "https://[::1]/", true),
        ("Images.Example", "https://images.example/", true),
    ];
    for (host, url, exempt) in cases {
        assert_eq!(admit(&allow(host), url) == Some(Admission::Exempt), exempt, "{host} {url}");
    }
    // A name that is exempt on one port is checked like any other on the rest.
    assert_eq!(admit(&allow("localhost:8000"), "http://localhost/"), Some(Admission::Checked));
}

#[test]
fn allowed_hosts_that_are_no_hosts_are_errors() {
    for text in ["", ":80", "host:", "host:99999", "http://host", "a b", "host/path", "[::1", "::1"] {
        assert!(text.parse::<AllowedHost>().is_err(), "{text:?}");
    }
}
