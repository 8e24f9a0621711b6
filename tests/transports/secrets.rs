//! What clients log in with: it passes to the server, and stays nowhere.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::FileExt;
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::{Duration, Instant};

use bolt::message::tag;
use packstream::{Map, Value};

use crate::bolt_client::{self, Client, Messages, Stream, message, tcp};
use crate::facebolt::Facebolt;
use crate::neo4j::{Neo4j, Version};

/// A password that nobody has, and nothing else in a process is called.
const WRONG: &str = "correct-horse-battery-staple";

/// A proposal of Bolt 4.4 alone, where HELLO logs in.
const OPENING_4_4: [u8; 20] = *b"\x60\x60\xB0\x17\0\0\x04\x04\0\0\0\0\0\0\0\0\0\0\0\0";

fn token(user: &str, password: &str) -> Map {
    Map::from([("scheme", "basic"), ("principal", user), ("credentials", password)])
}

fn logon(user: &str, password: &str) -> Vec<u8> {
    message(tag::LOGON, &[Value::from(token(user, password))])
}

fn hello() -> Vec<u8> {
    message(tag::HELLO, &[Value::from(bolt_client::hello())])
}

/// HELLO as it was before LOGON.
fn hello_4_4(user: &str, password: &str) -> Vec<u8> {
    let mut map = bolt_client::hello();
    map.extend(token(user, password));
    message(tag::HELLO, &[Value::from(map)])
}

fn chunked(messages: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    messages.iter().for_each(|message| bolt::chunk::write_message(&mut bytes, message));
    bytes
}

fn opened_4_4(address: &str) -> Client<TcpStream> {
    let mut stream = tcp(address);
    stream.write_all(&OPENING_4_4).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(answer, [0, 0, 4, 4]);
    Client { stream }
}

/// Whether a process has this in memory that it can write to.
fn holds(process: u32, text: &str) -> bool {
    const PIECE: usize = 1 << 20;
    let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
    let memory = File::open(format!("/proc/{process}/mem")).unwrap();
    let mut piece = vec![0; PIECE + text.len()];
    maps.lines().filter(|line| line.contains(" rw")).any(|line| {
        let range = line.split_whitespace().next().unwrap();
        let (start, end) = range.split_once('-').unwrap();
        let [start, end] = [start, end].map(|place| u64::from_str_radix(place, 16).unwrap());
        (start..end).step_by(PIECE).any(|place| {
            let length = usize::try_from(end - place).unwrap().min(piece.len());
            // What has been unmapped meanwhile holds nothing.
            let read = memory.read_at(&mut piece[..length], place).unwrap_or(0);
            memchr::memmem::find(&piece[..read], text.as_bytes()).is_some()
        })
    })
}

fn until(what: &str, done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < deadline, "never: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Logs in, off and in again; a second client fails to.
fn in_and_out<S: Stream>(server: &Neo4j, connect: impl Fn() -> S) -> [Client<S>; 2] {
    let mut client = Client::open(connect()).unwrap().log_in(&server.user, &server.password).unwrap();
    client.send(tag::LOGOFF, &[]).unwrap();
    assert_eq!(client.receive().unwrap().0, tag::SUCCESS);
    client.send_raw(&logon(&server.user, &server.password)).unwrap();
    assert_eq!(client.receive().unwrap().0, tag::SUCCESS);
    assert!(client.returns_one());
    let mut stranger = Client::open(connect()).unwrap();
    assert_eq!(stranger.hello().unwrap().0, tag::SUCCESS);
    stranger.send_raw(&logon(&server.user, WRONG)).unwrap();
    assert_eq!(stranger.receive().unwrap().0, tag::FAILURE);
    [client, stranger]
}

#[test]
fn credentials_stay_in_no_memory() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let address = &facebolt.address;
    let (start, end) = (hello(), logon("nobody", WRONG));

    // What is not complete is kept, and would be found.
    let mut waiting = Client::open(tcp(address)).unwrap();
    let half = chunked(&[&start, &end]);
    waiting.stream.write_all(&half[..half.len() - 2]).unwrap();
    assert_eq!(waiting.receive().unwrap().0, tag::SUCCESS);
    until("the half of a LOGON is found", || holds(facebolt.id(), WRONG));
    drop(waiting);
    until("it is wiped when its client goes", || !holds(facebolt.id(), WRONG));

    let tcp_clients = in_and_out(server, || tcp(address));
    let websockets = in_and_out(server, || Messages::upgrade(tcp(address)));
    // All at once, with a statement behind it.
    let mut hasty = Client::open(tcp(address)).unwrap();
    let nothing = || Value::from(Map::new());
    let run = message(tag::RUN, &[Value::from("RETURN 1"), nothing(), nothing()]);
    let pull = message(tag::PULL, &[Value::from(Map::from([("n", -1)]))]);
    let all = chunked(&[&start, &logon(&server.user, &server.password), &run, &pull]);
    hasty.stream.write_all(&all).unwrap();
    let tags: Vec<u8> = (0..5).map(|_| hasty.receive().unwrap().0).collect();
    assert_eq!(tags, [tag::SUCCESS, tag::SUCCESS, tag::SUCCESS, tag::RECORD, tag::SUCCESS]);
    // As drivers change the user.
    hasty
        .stream
        .write_all(&chunked(&[&message(tag::LOGOFF, &[]), &logon(&server.user, &server.password)]))
        .unwrap();
    assert_eq!([hasty.receive().unwrap().0, hasty.receive().unwrap().0], [tag::SUCCESS; 2]);
    // In pieces, each in a chunk of its own.
    let mut slow = Client::open(tcp(address)).unwrap();
    slow.send_raw(&start).unwrap();
    assert_eq!(slow.receive().unwrap().0, tag::SUCCESS);
    for piece in logon(&server.user, &server.password).chunks(7) {
        let length = u16::try_from(piece.len()).unwrap().to_be_bytes();
        slow.stream.write_all(&[&length, piece].concat()).unwrap();
    }
    slow.stream.write_all(&[0, 0]).unwrap();
    assert_eq!(slow.receive().unwrap().0, tag::SUCCESS);
    // Before there was LOGON.
    let mut old = opened_4_4(address);
    old.send_raw(&hello_4_4(&server.user, &server.password)).unwrap();
    assert_eq!(old.receive().unwrap().0, tag::SUCCESS);
    let mut stranger = opened_4_4(address);
    stranger.send_raw(&hello_4_4(&server.user, WRONG)).unwrap();
    assert_eq!(stranger.receive().unwrap().0, tag::FAILURE);

    // With all of them still there.
    for password in [server.password.as_str(), WRONG] {
        until("no memory holds a password", || !holds(facebolt.id(), password));
    }
    assert!(hasty.returns_one() && slow.returns_one());
    drop((tcp_clients, websockets, hasty, slow, old, stranger));
}

/// A client that is told that there is no server has said who it is before.
#[test]
fn those_of_the_refused_neither() {
    let facebolt = Facebolt::start("127.0.0.1:1", &[]);
    let mut refused = opened_4_4(&facebolt.address);
    let whole = chunked(&[&hello_4_4("neo4j", WRONG)]);
    refused.stream.write_all(&whole[..whole.len() - 2]).unwrap();
    until("the half of a HELLO is found", || holds(facebolt.id(), WRONG));
    refused.stream.write_all(&whole[whole.len() - 2..]).unwrap();
    assert_eq!(refused.receive().unwrap().0, tag::FAILURE);
    until("no memory holds a password", || !holds(facebolt.id(), WRONG));
}

#[test]
fn no_text_names_a_password() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[("RUST_LOG", "trace")]);
    let address = &facebolt.address;
    drop(in_and_out(server, || tcp(address)));
    let with = |more: Map| {
        let mut map = token("nobody", WRONG);
        map.extend(more);
        message(tag::LOGON, &[Value::from(map)])
    };
    let many: Map = (0..70).map(|key| (format!("k{key}"), Value::from(1))).collect();
    let list = Value::from(vec![Value::from(WRONG)]);
    let attempts = [
        with(Map::new()),
        with(many),
        with(Map::from([("long", "x".repeat(9000))])),
        with(Map::from([("credentials", list.clone())])),
        with(Map::from([("scheme", WRONG)])),
        message(tag::LOGON, &[list]),
        message(tag::LOGON, &[Value::from(WRONG), Value::from(WRONG)]),
        logon("nobody", WRONG)[..40].to_vec(),
    ];
    for attempt in &attempts {
        for greeted in [true, false] {
            let mut client = Client::open(tcp(address)).unwrap();
            if greeted {
                assert_eq!(client.hello().unwrap().0, tag::SUCCESS);
            }
            client.send_raw(attempt).unwrap();
            // Answered or closed, as it may be.
            let _ = client.receive();
        }
        let mut client = Client::open(tcp(address)).unwrap().log_in(&server.user, &server.password).unwrap();
        client.send_raw(attempt).unwrap();
        let _ = client.receive();
    }
    let mut old = opened_4_4(address);
    old.send_raw(&hello_4_4("nobody", WRONG)).unwrap();
    assert_eq!(old.receive().unwrap().0, tag::FAILURE);
    // A password in a statement, in its parameters and in the URL of an image.
    let mut client = Client::open(tcp(address)).unwrap().log_in(&server.user, &server.password).unwrap();
    let url = format!("https://user:{WRONG}@127.0.0.1/a.jpg");
    let plain = format!("RETURN '{WRONG}'");
    for (text, url) in [("CALL face.embed($url) YIELD index", url.as_str()), (plain.as_str(), "")] {
        let parameters = Value::from(Map::from([("url", url)]));
        client.send(tag::RUN, &[Value::from(text), parameters, Value::from(Map::new())]).unwrap();
        client.send(tag::PULL, &[Value::from(Map::from([("n", -1)]))]).unwrap();
        let (first, answer) = client.receive().unwrap();
        if !url.is_empty() {
            let told = format!("{answer:?} {:?}", client.receive().unwrap());
            assert!(!told.contains(WRONG), "{told}");
            client.send(tag::RESET, &[]).unwrap();
            while client.receive().unwrap().0 != tag::SUCCESS {}
        } else {
            assert_eq!(first, tag::SUCCESS);
        }
    }

    let log = facebolt.log();
    for said in ["longer than allowed", "more elements", "could not be read", " DEBUG ", "closed"] {
        assert!(log.contains(said), "the log does not say {said}");
    }
    for page in [log, facebolt.page("/metrics"), facebolt.page("/health/ready")] {
        for password in [server.password.as_str(), WRONG] {
            assert!(!page.contains(password), "{page}");
        }
    }
}

#[test]
fn a_crash_leaves_no_core() {
    let server = Neo4j::shared(Version::V2026);
    let limit = |facebolt: &Facebolt| {
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", facebolt.id())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
        let [soft, hard] = [4, 5].map(|word| line.split_whitespace().nth(word).unwrap().to_owned());
        (soft, hard)
    };
    let generous = ["prlimit", "--core=1048576:2097152"];
    let mut facebolt = Facebolt::start_by(&generous, &server.bolt, &[]);
    assert_eq!(limit(&facebolt), ("1".to_owned(), "1".to_owned()));
    let killed = Command::new("kill").args(["-ABRT", &facebolt.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let status = facebolt.ended();
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
    let facebolt = Facebolt::start_by(&generous, &server.bolt, &[("FACEBOLT_LIMITS__CORE_DUMPS", "true")]);
    assert_eq!(limit(&facebolt), ("1048576".to_owned(), "2097152".to_owned()));
}
