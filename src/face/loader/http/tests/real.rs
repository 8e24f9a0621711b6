//! The same for real: the system's resolver and its sockets, in a network namespace in which every address on
//! earth leads to one listener. What slips through meets that and nothing else.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::process::Command;
use std::time::Duration;

use tokio::net::UdpSocket;

use super::network::{Forbidden, addresses};
use super::urls::{LITERALS, NAMES, URLS};
use super::{REFUSED, Refusal, UNRESOLVED};
use crate::face::{FetchFailure, Loader, Policy, Source};

/// Set in the process that runs within the namespace.
const INSIDE: &str = "FACEBOLT_TEST_NAMESPACE";

/// Makes every address one of this host, of which `lo` is the only interface, and asks itself for names.
const SCRIPT: &str = r#"
set -e
ip link set lo up
ip route add local 0.0.0.0/0 dev lo
ip -6 route add local ::/0 dev lo || echo 'no IPv6 here' >&2
printf 'nameserver 127.0.0.1\noptions timeout:1 attempts:1\n' > "$1"
mount --bind "$1" /etc/resolv.conf
exec "$2" --exact face::loader::http::tests::real::nothing_hostile_is_reached_for_real --nocapture
"#;

#[test]
fn nothing_hostile_is_reached_for_real() {
    if std::env::var_os(INSIDE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        return runtime.block_on(inside());
    }
    let resolver = tempfile::NamedTempFile::new().unwrap();
    let mut said = String::new();
    // As root, or else as the root of a user namespace of its own.
    for options in [&["--net", "--mount"][..], &["--map-root-user", "--net", "--mount"]] {
        let mut command = Command::new("unshare");
        command.args(options).args(["sh", "-c", SCRIPT, "sh"]).arg(resolver.path());
        command
            .arg(std::env::current_exe().unwrap())
            .env(INSIDE, "1")
            .env("HTTP_PROXY", "http://127.0.0.1:80");
        match command.output() {
            Ok(output) if output.status.success() => {
                let text = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(text.contains("1 passed"), "{text}");
                return;
            }
            Ok(output) => {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                said += &format!("unshare {options:?}: {}{}\n", text(&output.stdout), text(&output.stderr));
                assert!(!said.contains("panicked"), "{said}");
            }
            Err(error) => said += &format!("unshare: {error}\n"),
        }
    }
    panic!(
        "this test needs a network namespace: unshare (util-linux) and ip (iproute2), as root or where users may have \
         namespaces of their own (in a container: --cap-add SYS_ADMIN --cap-add NET_ADMIN)\n{said}"
    );
}

async fn inside() {
    let mut listeners = BTreeMap::new();
    for port in [22, 25, 80, 443, 6379, 7687, 8080, 8443, 11211, 65535] {
        for host in ["0.0.0.0", "[::]"] {
            let at = format!("{host}:{port}");
            match Forbidden::listen(&at).await {
                Ok(listener) => drop(listeners.insert(at, listener)),
                // The other one takes both, or there is no IPv6.
                Err(error) => assert_eq!(host, "[::]", "{at}: {error}"),
            }
        }
    }
    let reached = || listeners.values().map(Forbidden::reached).sum::<usize>();
    tokio::spawn(answer_names(UdpSocket::bind("0.0.0.0:53").await.unwrap()));
    let policy = Policy { timeout: Duration::from_secs(2), ..Policy::default() };
    let loader = Loader::new(policy).unwrap();
    let load = async |url: &str| match Source::parse(url, loader.policy()) {
        Ok(source) => Refusal::of(loader.load(&source).await),
        Err(error) => Refusal::of::<()>(Err(error)),
    };

    // The listeners do stand behind every address and every name, or nothing below would mean anything.
    let mut expected = 0;
    for url in
        ["http://93.184.216.34/", "http://8.8.8.8:443/", "http://public.test/", "http://5db8d822.v4.test/"]
    {
        assert_eq!(load(url).await, Refusal::Fetch(FetchFailure::Connect), "{url}");
        expected += 1;
        wait_for(&reached, expected, url).await;
    }

    for host in LITERALS.iter().chain(&NAMES) {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}/");
            assert_eq!(load(&url).await, REFUSED, "{url}");
            assert_eq!(reached(), expected, "{url} reached a listener");
        }
    }
    for (url, refusal) in URLS {
        assert_eq!(load(url).await, refusal, "{url:?}");
        assert_eq!(reached(), expected, "{url} reached a listener");
    }
    // The first look-up is public and is connected to; the next one is ourselves.
    assert_eq!(load("http://rebind.test/").await, Refusal::Fetch(FetchFailure::Connect));
    expected += 1;
    wait_for(&reached, expected, "rebind.test").await;
    assert_eq!(load("http://rebind.test/").await, REFUSED);
    assert_eq!(load("http://nowhere.test/").await, UNRESOLVED);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(reached(), expected);
}

async fn wait_for(reached: &impl Fn() -> usize, expected: usize, case: &str) {
    for _ in 0..100 {
        if reached() >= expected {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(reached(), expected, "{case}");
}

/// A name server, as far as a resolver needs one (RFC 1035).
async fn answer_names(socket: UdpSocket) {
    let mut buffer = [0; 1500];
    let mut rebound = 0;
    while let Ok((length, peer)) = socket.recv_from(&mut buffer).await {
        let Some((name, question)) = question(&buffer[..length]) else { continue };
        let kind = u16::from_be_bytes([question[question.len() - 4], question[question.len() - 3]]);
        let found = match name.trim_end_matches('.') {
            "public.test" => Some(vec![Ipv4Addr::new(93, 184, 216, 34).into()]),
            "rebind.test" => {
                rebound += u32::from(kind == 1);
                let address =
                    if rebound <= 1 { Ipv4Addr::new(93, 184, 216, 34) } else { Ipv4Addr::LOCALHOST };
                Some(vec![address.into()])
            }
            name => addresses(&name.to_ascii_lowercase()),
        };
        let wanted = |address: &IpAddr| kind == if address.is_ipv4() { 1 } else { 28 };
        let answers: Vec<IpAddr> = found.iter().flatten().copied().filter(wanted).collect();
        let status = if found.is_some() { 0x80 } else { 0x83 };
        let mut reply =
            vec![buffer[0], buffer[1], 0x81, status, 0, 1, 0, u8::try_from(answers.len()).unwrap()];
        reply.extend([0, 0, 0, 0]);
        reply.extend(question);
        for address in answers {
            reply.extend([0xc0, 12]);
            reply.extend(kind.to_be_bytes());
            reply.extend([0, 1, 0, 0, 0, 0]);
            match address {
                IpAddr::V4(ip) => reply.extend([&[0, 4][..], &ip.octets()].concat()),
                IpAddr::V6(ip) => reply.extend([&[0, 16][..], &ip.octets()].concat()),
            }
        }
        let _ = socket.send_to(&reply, peer).await;
    }
}

/// The name that is asked for, and the bytes of the question.
fn question(request: &[u8]) -> Option<(String, Vec<u8>)> {
    let rest = request.get(12..)?;
    let (mut name, mut at) = (String::new(), 0);
    loop {
        let length = usize::from(*rest.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        name += &String::from_utf8_lossy(rest.get(at..at + length)?);
        name.push('.');
        at += length;
    }
    Some((name, rest.get(..at + 4)?.to_vec()))
}
