//! What comes in on the one port.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};

use crate::bolt_client::{Client, Messages, OPENING, Stream, tcp};
use crate::certificates::{self, Authority, Files, TlsStream};
use crate::facebolt::Facebolt;
use crate::neo4j::{Neo4j, Version};

/// A facebolt with TLS in front of a real Neo4j.
struct Front {
    server: &'static Neo4j,
    facebolt: Facebolt,
    authority: Authority,
    files: Files,
    folder: tempfile::TempDir,
    shown: CertificateDer<'static>,
}

impl Front {
    fn start(version: Version, client_ca: Option<&Authority>) -> Self {
        let server = Neo4j::shared(version);
        let folder = tempfile::tempdir().unwrap();
        let authority = Authority::new("front");
        authority.write(&folder.path().join("ca.crt"));
        let files = Files::new(folder.path(), "server");
        let shown = authority.issue(&files);
        let client_ca = client_ca.map(|ca| ca.write(&folder.path().join("client-ca.crt")));
        let facebolt = Facebolt::start(
            &server.bolt,
            &[
                ("FACEBOLT_LISTEN__TLS_CERTIFICATE", files.certificate.to_str().unwrap()),
                ("FACEBOLT_LISTEN__TLS_KEY", files.key.to_str().unwrap()),
                ("FACEBOLT_LISTEN__TLS_CLIENT_CA", client_ca.as_deref().map_or("", |p| p.to_str().unwrap())),
            ],
        );
        Self { server, facebolt, authority, files, folder, shown }
    }

    fn authority(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.crt")
    }

    fn tls(&self) -> TlsStream {
        let config = certificates::client(&self.authority(), &[&TLS13], None);
        certificates::connect(&config, &self.facebolt.address).unwrap()
    }

    fn client<S: Stream>(&self, stream: S) -> Client<S> {
        let client = Client::open(stream).unwrap();
        client.log_in(&self.server.user, &self.server.password).unwrap()
    }

    fn connections(&self, state: &str, transport: &str) -> f64 {
        let labels = format!("{{state=\"{state}\",transport=\"{transport}\"}}");
        self.facebolt.metric(&format!("facebolt_connections{labels}"))
    }
}

/// Everything that a server answers to some bytes, until it closes.
fn answer(address: &str, bytes: &[u8]) -> Vec<u8> {
    answer_to_both(address, bytes, b"")
}

/// The same, if the second bytes must come after the first answer.
fn answer_to_both(address: &str, first: &[u8], second: &[u8]) -> Vec<u8> {
    let mut stream = tcp(address);
    stream.write_all(first).unwrap();
    let mut answer = Vec::new();
    if !second.is_empty() {
        let mut begin = [0; 4096];
        let length = stream.read(&mut begin).unwrap();
        answer.extend_from_slice(&begin[..length]);
        stream.write_all(second).unwrap();
    }
    match stream.read_to_end(&mut answer) {
        Ok(_) => answer,
        // What was not read of ours makes the end a reset.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => answer,
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn bolt_passes_over_every_transport() {
    for version in Version::ALL {
        let front = Front::start(version, None);
        let address = &front.facebolt.address;
        let connect = |transport| -> Box<dyn Stream> {
            match transport {
                "tcp" => Box::new(tcp(address)),
                "tls" => Box::new(front.tls()),
                "ws" => Box::new(Messages::upgrade(tcp(address))),
                _ => Box::new(Messages::upgrade(front.tls())),
            }
        };
        let mut clients = Vec::new();
        for transport in ["tcp", "tls", "ws", "wss"] {
            let stream = connect(transport);
            let mut client = Client::open(stream).unwrap();
            until("it is counted", || front.connections("unauthenticated", transport) == 1.0);
            client = client.log_in(&front.server.user, &front.server.password).unwrap();
            assert!(client.returns_one(), "{transport}");
            let rows =
                client.run("UNWIND range(1, 30000) AS n RETURN n, 'some text to fill frames'").unwrap();
            assert_eq!(rows.len(), 30_000, "{transport}");
            let long = "x".repeat(300_000);
            let rows = client.run(&format!("RETURN size('{long}')")).unwrap();
            assert_eq!(rows, [[packstream::Value::from(300_000)]], "{transport}");
            assert_eq!(front.connections("authenticated", transport), 1.0, "{transport}");
            assert_eq!(front.connections("unauthenticated", transport), 0.0, "{transport}");
            clients.push(client);
        }
        assert!(clients.iter_mut().all(Client::returns_one));
    }
}

#[test]
fn tls_is_1_2_or_1_3_without_alpn() {
    let front = Front::start(Version::V2026, None);
    for version in [&TLS12, &TLS13] {
        let config = certificates::client(&front.authority(), &[version], None);
        let stream = certificates::connect(&config, &front.facebolt.address).unwrap();
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
        assert_eq!(stream.conn.alpn_protocol(), None);
        assert!(front.client(stream).returns_one());
    }
    assert_eq!(answer_in_tls(&front, b"HEAD / HTTP/1.1\r\n\r\n"), b"");
    assert_eq!(answer_in_tls(&front, b"\x16\x03\x01\x00\x05hello"), b"");
    assert!(answer_in_tls(&front, b"GET / HTTP/1.1\r\n\r\n").starts_with(b"HTTP/1.1 200 OK\r\n"));
}

fn answer_in_tls(front: &Front, bytes: &[u8]) -> Vec<u8> {
    let mut stream = front.tls();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    answer
}

#[test]
fn http_is_answered_as_neo4j_does() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let browser = "Host: localhost\r\nAccept: application/json\r\nOrigin: http://localhost:7474\r\n";
    let upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n";
    for request in [
        format!("GET / HTTP/1.1\r\n{browser}\r\n"),
        "GET /any HTTP/1.0\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{upgrade}\r\n"),
        format!("GET / HTTP/1.1\r\n{browser}\r\nGET / HTTP/1.1\r\n{browser}\r\n"),
        format!("HEAD / HTTP/1.1\r\n{browser}\r\n"),
        format!("POST / HTTP/1.1\r\n{browser}content-length: 0\r\n\r\n"),
        format!("OPTIONS / HTTP/1.1\r\n{browser}\r\n"),
        "PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_owned(),
        "hello".to_owned(),
    ] {
        let (ours, theirs) = loop {
            let second = |answer: &[u8]| {
                let text = String::from_utf8(answer.to_vec()).unwrap();
                text.lines().find(|line| line.starts_with("date: ")).map(str::to_owned)
            };
            let ours = answer(&facebolt.address, request.as_bytes());
            let theirs = answer(&server.bolt, request.as_bytes());
            // They are asked one after the other, and the clock may go on between.
            if second(&ours) == second(&theirs) {
                break (ours, theirs);
            }
        };
        assert_eq!(String::from_utf8(ours).unwrap(), String::from_utf8(theirs).unwrap(), "{request}");
    }
    let long = format!("GET / HTTP/1.1\r\nx: {}\r\n\r\n", "y".repeat(9000));
    assert_eq!(answer(&facebolt.address, long.as_bytes()), b"");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let elsewhere = format!("GET /x HTTP/1.1\r\n{upgrade}{key}\r\n");
    assert_eq!(answer(&facebolt.address, elsewhere.as_bytes()), b"");
    assert_eq!(answer(&facebolt.address, b"\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03"), b"", "TLS is off");
}

#[test]
fn a_websocket_is_served_as_neo4j_does() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let upgrade = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    let frame = |first: u8, payload: &[u8]| {
        [&[first, 0x80 | u8::try_from(payload.len()).unwrap(), 0, 0, 0, 0], payload].concat()
    };
    let nothing_in_common = [&OPENING[..4], b"\0\0\0\x09\0\0\0\0\0\0\0\0\0\0\0\0"].concat();
    for (name, frames) in [
        ("a close with a status", frame(0x88, b"\x03\xE9")),
        ("a close without", frame(0x88, b"")),
        ("unmasked", b"\x82\x02ab".to_vec()),
        ("a long ping", b"\x89\xFE\0\xC8\0\0\0\0".to_vec()),
        ("a continuation of nothing", frame(0x80, b"ab")),
        ("a long frame", b"\x82\xFF\0\0\0\0\0\x01\0\x01\0\0\0\0".to_vec()),
        ("no version in common", frame(0x82, &nothing_in_common)),
        ("garbage", frame(0x82, b"GARBAGEGARBAGEGARBAG")),
        ("a ping, then a close", [frame(0x89, b"ping"), frame(0x88, b"\x03\xE8")].concat()),
    ] {
        let ours = answer_to_both(&facebolt.address, upgrade, &frames);
        let theirs = answer_to_both(&server.bolt, upgrade, &frames);
        assert_eq!(ours.escape_ascii().to_string(), theirs.escape_ascii().to_string(), "{name}");
    }
}

/// What a page may do is what its browser says of it; who is no browser says nothing.
#[test]
fn a_websocket_is_for_pages_of_known_origins() {
    let server = Neo4j::shared(Version::V2026);
    let ours = "https://browser.example.org";
    let facebolt = Facebolt::start(&server.bolt, &[("FACEBOLT_LISTEN__ALLOW_ORIGINS", ours)]);
    let request = |headers: &str| {
        format!(
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{headers}\r\n"
        )
    };
    let refused = b"HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    for origin in ["https://example.com", "http://browser.example.org", "null"] {
        // With a frame behind it that nobody reads.
        let bytes =
            [request(&format!("Origin: {origin}\r\n")).as_bytes(), b"\x82\x94\0\0\0\0", &OPENING].concat();
        assert_eq!(
            answer(&facebolt.address, &bytes).escape_ascii().to_string(),
            refused.escape_ascii().to_string()
        );
        facebolt.logged(&format!(
            "a WebSocket for a page of \"{origin}\", which listen.allow_origins does not name"
        ));
    }
    assert_eq!(facebolt.metric("facebolt_connections{state=\"unauthenticated\",transport=\"ws\"}"), 0.0);
    let opened = |address: &str, headers: &str| {
        let mut stream = tcp(address);
        stream.write_all(request(headers).as_bytes()).unwrap();
        let mut line = [0; 12];
        stream.read_exact(&mut line).unwrap();
        line
    };
    for headers in [format!("Origin: {ours}\r\n").as_str(), ""] {
        assert_eq!(&opened(&facebolt.address, headers), b"HTTP/1.1 101", "{headers}");
    }
    let any = Facebolt::start(&server.bolt, &[]);
    assert_eq!(&opened(&any.address, "Origin: https://example.com\r\n"), b"HTTP/1.1 101");
    assert!(Client::open(Messages::upgrade(tcp(&facebolt.address))).unwrap().hello().is_ok());
}

/// JS 6.3.0 reads the whole answer to its manifest proposal from one message.
#[test]
fn a_manifest_is_one_message() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let mut stream = Messages::upgrade(tcp(&facebolt.address));
    stream.write_all(b"\x60\x60\xB0\x17\0\0\x01\xFF\0\0\0\0\0\0\0\0\0\0\0\0").unwrap();
    let mut answer = vec![0; 22];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, b"\0\0\x01\xFF\x04\0\0\x04\x04\0\x04\x04\x05\0\x02\x08\x05\0\x01\x01\x06\0");
    assert_eq!(stream.lengths, [22]);
}

#[test]
fn a_new_certificate_is_taken_and_a_broken_one_is_not() {
    let front = Front::start(Version::V2026, None);
    let shown = || front.tls().conn.peer_certificates().unwrap()[0].clone().into_owned();
    let mut old = front.client(front.tls());
    assert_eq!(shown(), front.shown);

    let new = front.authority.issue(&front.files);
    until("the new certificate is shown", || shown() == new);
    assert!(old.returns_one(), "a connection was dropped");

    std::fs::write(&front.files.key, "-----BEGIN PRIVATE KEY-----\nnone\n-----END PRIVATE KEY-----\n")
        .unwrap();
    let warning = front.facebolt.logged("the new TLS files are of no use");
    assert!(warning.contains("listen.tls_key"), "{warning}");
    assert_eq!(shown(), new);

    let newest = front.authority.issue(&front.files);
    until("the newest certificate is shown", || shown() == newest);
    assert_eq!(front.facebolt.log().matches("the new TLS files are of no use").count(), 1);
    assert!(old.returns_one());
}

#[test]
fn a_client_certificate_may_be_demanded() {
    let (clients, strangers) = (Authority::new("clients"), Authority::new("strangers"));
    let front = Front::start(Version::V2026, Some(&clients));
    let own = |authority: &Authority, name| {
        let files = Files::new(front.folder.path(), name);
        authority.issue(&files);
        files
    };
    let (known, unknown) = (own(&clients, "known"), own(&strangers, "unknown"));
    let opened = |own: Option<&Files>, version| {
        let config = certificates::client(&front.authority(), &[version], own);
        // In TLS 1.3 the client learns of it when it reads.
        certificates::connect(&config, &front.facebolt.address).and_then(Client::open)
    };
    for version in [&TLS12, &TLS13] {
        let client = opened(Some(&known), version).unwrap();
        assert!(client.log_in(&front.server.user, &front.server.password).unwrap().returns_one());
        assert!(opened(None, version).is_err());
        assert!(opened(Some(&unknown), version).is_err());
    }
    // Nobody comes in without: neither by Bolt nor by HTTP.
    assert!(Client::open(tcp(&front.facebolt.address)).is_err());
    assert_eq!(answer(&front.facebolt.address, b"GET / HTTP/1.1\r\n\r\n"), b"");
}

#[test]
fn files_of_no_use_end_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Files::new(folder.path(), "one"), Files::new(folder.path(), "other"));
    Authority::new("any").issue(&one);
    Authority::new("any").issue(&other);
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "").unwrap();
    for (certificate, key, complaint) in [
        (one.certificate.as_path(), other.key.as_path(), "listen.tls_certificate = "),
        (&empty, &one.key, "there is no certificate in it"),
        (&one.certificate, &empty, "listen.tls_key = "),
        (Path::new("nowhere.crt"), &one.key, "listen.tls_certificate = \"nowhere.crt\": cannot be read"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_facebolt"))
            .args(["serve", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"])
            .env("FACEBOLT_LISTEN__TLS_CERTIFICATE", certificate)
            .env("FACEBOLT_LISTEN__TLS_KEY", key)
            .current_dir(folder.path())
            .output()
            .unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && stderr.contains(complaint), "{complaint}: {stderr}");
    }
}

/// Waits for what takes a moment.
fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !done() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// A client that comes in five bytes, and waits, is waited for.
#[test]
fn the_first_bytes_may_come_one_by_one() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let mut stream: TcpStream = tcp(&facebolt.address);
    for byte in OPENING {
        stream.write_all(&[byte]).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0, 0, 4, 5]);
}
