//! How many clients there may be.

use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use bolt::message::tag;
use packstream::{Map, Value};

use crate::bolt_client::{Client, Messages, Stream, tcp};
use crate::facebolt::Facebolt;
use crate::neo4j::{Neo4j, Version};

/// A client that has logged in, in a place that may just be being left.
fn client(facebolt: &Facebolt, server: &Neo4j) -> Client<TcpStream> {
    let mut client = is_served_soon(|| tcp(&facebolt.address));
    let token = [("scheme", "basic"), ("principal", &server.user), ("credentials", &server.password)];
    client.send(tag::LOGON, &[Value::from(Map::from(token))]).unwrap();
    assert_eq!(client.receive().unwrap().0, tag::SUCCESS);
    client
}

/// Connects from another address of this machine.
fn connect_from(source: &str, address: &str) -> TcpStream {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
    let stream = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::new(source.parse().unwrap(), 0)).unwrap();
        socket.connect(address.parse().unwrap()).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

fn is_refused<S: Stream>(stream: S) {
    let mut client = Client::open(stream).unwrap();
    let (answer, metadata) = client.hello().unwrap();
    assert_eq!(answer, tag::FAILURE);
    let code = metadata.as_map().unwrap().get("code").cloned();
    assert_eq!(code, Some(Value::from("Neo.TransientError.Request.NoThreadsAvailable")));
    assert!(client.is_closed());
}

/// A place that was left may be taken. The client has said HELLO.
fn is_served_soon(connect: impl Fn() -> TcpStream) -> Client<TcpStream> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let mut client = Client::open(connect()).unwrap();
        if client.hello().unwrap().0 == tag::SUCCESS {
            return client;
        }
        assert!(Instant::now() < deadline, "never served");
    }
}

#[test]
fn clients_are_limited_in_all() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[("FACEBOLT_LIMITS__CONNECTIONS", "2")]);
    let (mut first, second) = (client(&facebolt, server), client(&facebolt, server));
    is_refused(tcp(&facebolt.address));
    is_refused(Messages::upgrade(tcp(&facebolt.address)));
    assert!(facebolt.metric("facebolt_connections_refused_total{reason=\"connections\"}") >= 2.0);
    assert!(facebolt.log().contains("limits.connections is reached"));
    assert!(first.returns_one());
    drop(second);
    is_served_soon(|| tcp(&facebolt.address));
}

#[test]
fn clients_are_limited_by_address() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[("FACEBOLT_LIMITS__CONNECTIONS_PER_ADDRESS", "2")]);
    // One has logged in, one has said nothing yet: both count.
    let mut first = client(&facebolt, server);
    let silent = tcp(&facebolt.address);
    is_refused(tcp(&facebolt.address));
    assert!(first.returns_one());
    let elsewhere = Client::open(connect_from("127.0.0.2", &facebolt.address)).unwrap();
    assert!(elsewhere.log_in(&server.user, &server.password).unwrap().returns_one());
    drop(silent);
    is_served_soon(|| tcp(&facebolt.address));
}

/// A refusal waits for HELLO, and that is bounded too.
#[test]
fn refusals_are_bounded() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[("FACEBOLT_LIMITS__CONNECTIONS", "1")]);
    let mut only = client(&facebolt, server);
    let told: Vec<_> = (0..64).map(|_| Client::open(tcp(&facebolt.address)).unwrap()).collect();
    let mut closed = Client { stream: tcp(&facebolt.address) };
    assert!(closed.is_closed());
    assert!(only.returns_one());
    for mut client in told {
        assert_eq!(client.hello().unwrap().0, tag::FAILURE);
    }
}

#[test]
fn connections_are_lowered_to_what_the_system_allows() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start_by(&["prlimit", "--nofile=100:300"], &server.bolt, &[]);
    let line = facebolt.logged("limits.connections is lowered");
    assert!(line.contains("from 10000 to 54: this process may open 300 files"), "{line}");
    assert_eq!(facebolt.log().matches("limits.connections is lowered").count(), 1);
    let mut clients: Vec<_> = (0..54).map(|_| client(&facebolt, server)).collect();
    is_refused(tcp(&facebolt.address));
    assert!(clients.iter_mut().all(Client::returns_one));
    assert!(!facebolt.log().contains("cannot accept a connection"));
}

#[test]
fn a_lack_of_descriptors_is_survived() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let mut before = client(&facebolt, server);
    let id = facebolt.id().to_string();
    let limit = |soft: &str| {
        let set =
            Command::new("prlimit").args(["--pid", &id, &format!("--nofile={soft}:")]).status().unwrap();
        assert!(set.success());
    };
    let open = std::fs::read_dir(format!("/proc/{id}/fd")).unwrap().count();
    let all = std::fs::read_to_string(format!("/proc/{id}/limits")).unwrap();
    let all = all.lines().find(|line| line.starts_with("Max open files")).unwrap().to_owned();
    let all = all.split_whitespace().nth(3).unwrap().to_owned();
    // None below the limit is free if the open ones are the lowest.
    limit(&(open.saturating_sub(2)).to_string());
    let waiting = tcp(&facebolt.address);
    facebolt.logged("cannot accept a connection");
    assert!(before.returns_one());
    limit(&all);
    let waiting = Client::open(waiting).unwrap();
    assert!(waiting.log_in(&server.user, &server.password).unwrap().returns_one());
}
