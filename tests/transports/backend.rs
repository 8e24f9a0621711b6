//! The way to the backend: TLS, the PROXY protocol, and names.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use bolt::message::tag;
use packstream::Value;

use crate::bolt_client::{Client, OPENING, tcp};
use crate::certificates::{Authority, Files};
use crate::facebolt::Facebolt;
use crate::neo4j::{Neo4j, Version};

/// A real Neo4j that takes TLS only, and the PROXY protocol.
struct Secured {
    server: Neo4j,
    authority: PathBuf,
}

impl Secured {
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Secured> = OnceLock::new();
        SHARED.get_or_init(Self::start)
    }

    /// The server outlives the tests, and so must its certificate.
    fn start() -> Self {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("backend-tls");
        let authority = folder.join("ca.crt");
        let files = Files { certificate: folder.join("public.crt"), key: folder.join("private.key") };
        if !files.key.exists() {
            std::fs::create_dir_all(&folder).unwrap();
            let own = Authority::new("backend");
            own.write(&authority);
            own.issue(&files);
        }
        let settings = [
            "server.bolt.tls_level=REQUIRED",
            "dbms.ssl.policy.bolt.enabled=true",
            &format!("dbms.ssl.policy.bolt.base_directory={}", folder.display()),
            "dbms.ssl.policy.bolt.private_key=private.key",
            "dbms.ssl.policy.bolt.public_certificate=public.crt",
            "dbms.ssl.policy.bolt.client_auth=NONE",
            "internal.dbms.bolt.proxy_protocol.enabled=true",
        ];
        Self { server: Neo4j::configured(Version::V2026, "secured", &settings), authority }
    }

    /// A facebolt in front of it, by a URL of this scheme.
    fn facebolt(&self, scheme: &str, host: &str, environment: &[(&str, &str)]) -> Facebolt {
        let port = self.server.bolt.rsplit(':').next().unwrap();
        Facebolt::start(&format!("{scheme}://{host}:{port}"), environment)
    }

    fn client(&self, facebolt: &Facebolt) -> Client<TcpStream> {
        let client = Client::open(tcp(&facebolt.address)).unwrap();
        client.log_in(&self.server.user, &self.server.password).unwrap()
    }

    fn ca(&self) -> (&'static str, &str) {
        ("FACEBOLT_BACKEND__CA_FILE", self.authority.to_str().unwrap())
    }
}

/// What a client is told whose HELLO finds no backend, and what the log says.
fn unreachable(facebolt: &Facebolt) -> String {
    let mut client = Client::open(tcp(&facebolt.address)).unwrap();
    let (answer, metadata) = client.hello().unwrap();
    assert_eq!(answer, tag::FAILURE);
    let code = metadata.as_map().unwrap().get("code").cloned();
    assert_eq!(code, Some(Value::from("Neo.TransientError.General.DatabaseUnavailable")));
    assert!(client.is_closed());
    facebolt.logged("cannot connect to the backend")
}

#[test]
fn a_verified_backend_is_reached_by_tls() {
    let secured = Secured::shared();
    for host in ["localhost", "127.0.0.1"] {
        let facebolt = secured.facebolt("bolt+s", host, &[secured.ca()]);
        let mut client = secured.client(&facebolt);
        assert!(client.returns_one(), "{host}");
        let rows = client.run("UNWIND range(1, 30000) AS n RETURN n, 'some text to fill records'").unwrap();
        assert_eq!(rows.len(), 30_000);
    }
}

#[test]
fn an_unverified_backend_is_reached_if_that_is_asked_for() {
    let secured = Secured::shared();
    assert!(secured.client(&secured.facebolt("bolt+ssc", "127.0.0.1", &[])).returns_one());
}

#[test]
fn a_backend_of_another_authority_is_refused() {
    let secured = Secured::shared();
    let folder = tempfile::tempdir().unwrap();
    let other = Authority::new("other").write(&folder.path().join("other.crt"));
    let ca = ("FACEBOLT_BACKEND__CA_FILE", other.to_str().unwrap());
    let line = unreachable(&secured.facebolt("bolt+s", "localhost", &[ca]));
    assert!(line.contains("UnknownIssuer") && line.contains("backend.ca_file"), "{line}");
    // Nor is it of an authority of the system.
    let line = unreachable(&secured.facebolt("bolt+s", "localhost", &[]));
    assert!(line.contains("invalid peer certificate"), "{line}");
}

/// One facebolt behind another: its certificate has a name and no address.
#[test]
fn a_certificate_of_another_host_is_refused() {
    let server = Neo4j::shared(Version::V2026);
    let folder = tempfile::tempdir().unwrap();
    let (authority, files) = (Authority::new("front"), Files::new(folder.path(), "server"));
    let ca = authority.write(&folder.path().join("ca.crt"));
    authority.issue_for(&["localhost"], &files);
    let behind = Facebolt::start(
        &server.bolt,
        &[
            ("FACEBOLT_LISTEN__TLS_CERTIFICATE", files.certificate.to_str().unwrap()),
            ("FACEBOLT_LISTEN__TLS_KEY", files.key.to_str().unwrap()),
        ],
    );
    let port = behind.address.rsplit(':').next().unwrap();
    let ca = [("FACEBOLT_BACKEND__CA_FILE", ca.to_str().unwrap())];
    let line = unreachable(&Facebolt::start(&format!("bolt+s://127.0.0.1:{port}"), &ca));
    assert!(line.contains("certificate not valid for name"), "{line}");
    let facebolt = Facebolt::start(&format!("bolt+s://localhost:{port}"), &ca);
    let client = Client::open(tcp(&facebolt.address)).unwrap();
    assert!(client.log_in(&server.user, &server.password).unwrap().returns_one());
}

#[test]
fn check_says_what_is_wrong_with_tls() {
    let secured = Secured::shared();
    let port = secured.server.bolt.rsplit(':').next().unwrap();
    let check = |scheme: &str, environment: Option<(&str, &str)>| {
        let output = Command::new(env!("CARGO_BIN_EXE_facebolt"))
            .args(["check", "--backend", &format!("{scheme}://localhost:{port}")])
            .envs(environment)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    assert!(check("bolt+s", Some(secured.ca())).contains("ok      backend"));
    let wrong = check("bolt+s", None);
    assert!(wrong.contains("failed  backend") && wrong.contains("backend.ca_file"), "{wrong}");
}

#[test]
fn neo4j_sees_the_client_behind_us() {
    let secured = Secured::shared();
    for version in ["v1", "v2"] {
        let environment = [secured.ca(), ("FACEBOLT_BACKEND__PROXY_PROTOCOL", version)];
        let facebolt = secured.facebolt("bolt+s", "localhost", &environment);
        let mut client = secured.client(&facebolt);
        let own = client.stream.local_addr().unwrap().to_string();
        let listed = client.run("CALL dbms.listConnections() YIELD clientAddress").unwrap();
        assert!(listed.contains(&vec![Value::from(own.as_str())]), "{version}: {own} is not in {listed:?}");
    }
    let facebolt = secured.facebolt("bolt+s", "localhost", &[secured.ca()]);
    let mut client = secured.client(&facebolt);
    let own = client.stream.local_addr().unwrap().to_string();
    let listed = client.run("CALL dbms.listConnections() YIELD clientAddress").unwrap();
    assert!(!listed.contains(&vec![Value::from(own.as_str())]), "without PROXY it sees us");
}

/// What a backend is sent by its first client, up to and with the proposals of versions.
fn sent(backend: &TcpListener, ours: &[u8]) -> Vec<u8> {
    loop {
        let (mut stream, _) = backend.accept().unwrap();
        let mut bytes = Vec::new();
        let mut byte = [0];
        while !bytes.ends_with(&OPENING) && stream.read(&mut byte).unwrap() == 1 {
            bytes.push(byte[0]);
        }
        if bytes.ends_with(&OPENING) {
            return bytes;
        }
        assert_eq!(bytes, ours, "what is sent when we only look whether it is there");
    }
}

#[test]
fn the_header_comes_first_and_is_exact() {
    for version in ["v1", "v2", "off"] {
        let backend = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = backend.local_addr().unwrap().to_string();
        let facebolt = Facebolt::start(&address, &[("FACEBOLT_BACKEND__PROXY_PROTOCOL", version)]);
        let mut client = tcp(&facebolt.address);
        client.write_all(&OPENING).unwrap();
        let (from, to) = (client.local_addr().unwrap(), client.peer_addr().unwrap());
        let line = format!("PROXY TCP4 127.0.0.1 127.0.0.1 {} {}\r\n", from.port(), to.port());
        let binary = [
            b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0C\x7F\0\0\x01\x7F\0\0\x01".as_slice(),
            &from.port().to_be_bytes(),
            &to.port().to_be_bytes(),
        ];
        let (header, ours): (Vec<u8>, &[u8]) = match version {
            "v1" => (line.into_bytes(), b""),
            "v2" => (binary.concat(), b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"),
            _ => (Vec::new(), b""),
        };
        assert_eq!(sent(&backend, ours), [header.as_slice(), &OPENING].concat(), "{version}");
    }
}

#[test]
fn a_backend_that_is_not_there_is_told_to_the_client() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let line = unreachable(&Facebolt::start(&nobody, &[]));
    assert!(line.contains("refused"), "{line}");

    // One that listens and says nothing when TLS begins.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("bolt+ssc://{}", silent.local_addr().unwrap());
    let line = unreachable(&Facebolt::start(&url, &[("FACEBOLT_BACKEND__CONNECT_TIMEOUT", "300ms")]));
    assert!(line.contains("backend.connect_timeout"), "{line}");
    drop(silent);
}
