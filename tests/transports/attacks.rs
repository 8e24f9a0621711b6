//! What strangers send before they have logged in: their connection is closed, and nobody else notices.

use std::io::{Read, Write};
use std::thread;
use std::time::{Duration, Instant};

use bolt::message::tag;
use packstream::{Map, Value};

use crate::bolt_client::{self, Client, Messages, OPENING, Stream, message, tcp};
use crate::certificates::{Authority, Files};
use crate::facebolt::Facebolt;
use crate::neo4j::{Neo4j, Version};

/// HELLO with this many keys more than drivers send.
fn keys(count: usize) -> Vec<u8> {
    let mut map = bolt_client::hello();
    map.extend((0..count).map(|key| (format!("k{key}"), Value::from(1))));
    message(tag::HELLO, &[Value::from(map)])
}

/// HELLO with lists inside each other, encoded by hand, as deep as an encoder would not go.
fn nested(depth: usize) -> Vec<u8> {
    [b"\xB1\x01\xA1\x81l".as_slice(), &vec![0x91; depth], b"\x01"].concat()
}

/// Messages, and what the log then says of their connection.
fn attacks() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let structure = "has more elements or is nested deeper than allowed";
    let unreadable = "a message could not be read";
    let hello = message(tag::HELLO, &[Value::from(bolt_client::hello())]);
    let list = Map::from([("l", Value::from(vec![Value::from(1); 65]))]);
    vec![
        ("70 keys", keys(70), structure),
        ("200 keys", keys(200), structure),
        ("65 items", message(tag::HELLO, &[Value::from(list)]), structure),
        ("3 lists", nested(3), structure),
        ("8,000 lists", nested(8000), structure),
        ("a truncated HELLO", hello[..hello.len() - 5].to_vec(), unreadable),
        ("a map of 2^31-1", b"\xB1\x01\xDA\x7F\xFF\xFF\xFF\x81a\x01".to_vec(), unreadable),
        ("a list of 2^31-1", b"\xB1\x01\xA1\x81l\xD6\x7F\xFF\xFF\xFF\x01".to_vec(), unreadable),
        ("a text of 4 GiB", b"\xB1\x01\xA1\x81t\xD2\xFF\xFF\xFF\xFFtext".to_vec(), unreadable),
        ("a reserved marker", b"\xB1\x01\xC4".to_vec(), unreadable),
        (
            "9,000 bytes",
            [b"\xB1\x01\xA1\x81t\xD1\x23\x28".as_slice(), &[b'x'; 9000]].concat(),
            "longer than allowed",
        ),
    ]
}

fn is_closed<S: Stream>(stream: S, attack: &[u8]) -> bool {
    let mut client = Client::open(stream).unwrap();
    // The server may close while it is still being written to.
    let _ = client.send_raw(attack);
    client.is_closed()
}

#[test]
fn messages_before_login_are_bounded() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let client = Client::open(tcp(&facebolt.address)).unwrap();
    let mut bystander = client.log_in(&server.user, &server.password).unwrap();
    for (name, attack, reason) in attacks() {
        for websocket in [false, true] {
            let before = facebolt.log().matches(reason).count();
            let closed = if websocket {
                is_closed(Messages::upgrade(tcp(&facebolt.address)), &attack)
            } else {
                is_closed(tcp(&facebolt.address), &attack)
            };
            assert!(closed, "{name}, WebSocket: {websocket}");
            let deadline = Instant::now() + Duration::from_secs(60);
            while facebolt.log().matches(reason).count() == before {
                assert!(Instant::now() < deadline, "{name}: {}", facebolt.log());
                thread::sleep(Duration::from_millis(10));
            }
        }
    }
    // Little in many chunks.
    let before = facebolt.log().matches("longer than allowed").count();
    let mut client = Client::open(tcp(&facebolt.address)).unwrap();
    let _ = client.stream.write_all(&b"\0\x01x".repeat(5000));
    assert!(client.is_closed());
    let deadline = Instant::now() + Duration::from_secs(60);
    while facebolt.log().matches("longer than allowed").count() == before {
        assert!(Instant::now() < deadline, "{}", facebolt.log());
        thread::sleep(Duration::from_millis(10));
    }
    assert!(bystander.returns_one());
    assert_eq!(facebolt.metric("facebolt_connections{state=\"unauthenticated\",transport=\"ws\"}"), 0.0);
}

/// As much as Neo4j takes passes.
#[test]
fn what_neo4j_takes_passes() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    for hello in [keys(61), keys(0)] {
        let mut client = Client::open(tcp(&facebolt.address)).unwrap();
        client.send_raw(&hello).unwrap();
        assert_eq!(client.receive().unwrap().0, tag::SUCCESS);
    }
    // A login that fails ends the connection, and so does a HELLO that Neo4j refuses.
    let mut client = Client::open(tcp(&facebolt.address)).unwrap();
    assert_eq!(client.hello().unwrap().0, tag::SUCCESS);
    let token = Map::from([("scheme", "basic"), ("principal", "nobody"), ("credentials", "wrong")]);
    client.send(tag::LOGON, &[Value::from(token)]).unwrap();
    assert_eq!(client.receive().unwrap().0, tag::FAILURE);
    assert!(client.is_closed());
    let mut client = Client::open(tcp(&facebolt.address)).unwrap();
    client.send(tag::HELLO, &[Value::from(Map::new())]).unwrap();
    assert_eq!(client.receive().unwrap().0, tag::FAILURE);
    assert!(client.is_closed());
}

/// The limits hold again after LOGOFF, and not while a client is logged in.
#[test]
fn the_limits_end_with_login() {
    let server = Neo4j::shared(Version::V2026);
    let facebolt = Facebolt::start(&server.bolt, &[]);
    let client = Client::open(tcp(&facebolt.address)).unwrap();
    let mut client = client.log_in(&server.user, &server.password).unwrap();
    let long = format!("RETURN size('{}')", "x".repeat(20_000));
    assert_eq!(client.run(&long).unwrap(), [[Value::from(20_000)]]);
    client.send(tag::LOGOFF, &[]).unwrap();
    assert_eq!(client.receive().unwrap().0, tag::SUCCESS);
    client.send_raw(&keys(70)).unwrap();
    assert!(client.is_closed());
}

/// Who logs off has the time for logging in once more; who is logged in may be silent for longer.
#[test]
fn the_deadline_begins_again_with_logoff() {
    let server = Neo4j::shared(Version::V2026);
    let time = Duration::from_secs(2);
    let facebolt = Facebolt::start(&server.bolt, &[("FACEBOLT_LIMITS__UNAUTHENTICATED_TIMEOUT", "2s")]);
    let log_in = || {
        let client = Client::open(tcp(&facebolt.address)).unwrap();
        client.log_in(&server.user, &server.password).unwrap()
    };
    let (mut silent, mut gone, mut back) = (log_in(), log_in(), log_in());
    // None of the time of the first login is left.
    thread::sleep(time);
    let began = Instant::now();
    for client in [&mut gone, &mut back] {
        client.send(tag::LOGOFF, &[]).unwrap();
        assert_eq!(client.receive().unwrap().0, tag::SUCCESS);
    }
    let token = [("scheme", "basic"), ("principal", &server.user), ("credentials", &server.password)];
    back.send(tag::LOGON, &[Value::from(Map::from(token))]).unwrap();
    assert_eq!(back.receive().unwrap().0, tag::SUCCESS);
    assert!(gone.is_closed());
    assert!(began.elapsed() >= time, "closed after {:?}", began.elapsed());
    facebolt.logged("no login within the time allowed");
    assert!(silent.returns_one() && back.returns_one());
}

/// Nobody is dialled for who has not said which versions it speaks.
#[test]
fn the_server_hears_of_nobody_before_the_handshake() {
    let backend = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let facebolt = Facebolt::start(&backend.local_addr().unwrap().to_string(), &[]);
    // What the server gets of each connection first: nothing, of one that asks whether it is there.
    let heard = || loop {
        let (mut stream, _) = backend.accept().unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let mut opening = [0; 20];
        match stream.read(&mut opening).unwrap() {
            0 => {}
            length => return opening[..length].to_vec(),
        }
    };
    let mut waiting = tcp(&facebolt.address);
    waiting.write_all(&OPENING[..19]).unwrap();
    // Others that come later are dialled for first.
    let other = b"\x60\x60\xB0\x17\0\0\x04\x04\0\0\0\0\0\0\0\0\0\0\0\0";
    for _ in 0..3 {
        tcp(&facebolt.address).write_all(other).unwrap();
        assert_eq!(heard(), other);
    }
    waiting.write_all(&OPENING[19..]).unwrap();
    assert_eq!(heard(), OPENING);
}

/// Whatever a client does slowly, it has the configured time from accept to login, and no more.
#[test]
fn there_is_one_deadline() {
    let server = Neo4j::shared(Version::V2026);
    let folder = tempfile::tempdir().unwrap();
    let files = Files::new(folder.path(), "server");
    Authority::new("any").issue(&files);
    let facebolt = Facebolt::start(
        &server.bolt,
        &[
            ("FACEBOLT_LIMITS__UNAUTHENTICATED_TIMEOUT", "3s"),
            ("FACEBOLT_LISTEN__TLS_CERTIFICATE", files.certificate.to_str().unwrap()),
            ("FACEBOLT_LISTEN__TLS_KEY", files.key.to_str().unwrap()),
        ],
    );
    let client = Client::open(tcp(&facebolt.address)).unwrap();
    let mut bystander = client.log_in(&server.user, &server.password).unwrap();
    let hello = message(tag::HELLO, &[Value::from(bolt_client::hello())]);
    let upgrade = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    let framed = [b"\x82\x94\0\0\0\0".as_slice(), &OPENING].concat();
    let mut whole = OPENING.to_vec();
    bolt::chunk::write_message(&mut whole, &hello);
    let slow: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", vec![]),
        ("three bytes", OPENING[..3].to_vec()),
        ("half a handshake", OPENING[..10].to_vec()),
        ("a handshake", OPENING.to_vec()),
        ("half a HELLO", whole[..40].to_vec()),
        ("HELLO", whole.clone()),
        ("a TLS record that does not come", b"\x16\x03\x01\x02\x00\x01\x00".to_vec()),
        ("half a request", upgrade[..60].to_vec()),
        ("a WebSocket", upgrade.to_vec()),
        ("a WebSocket with a handshake", [upgrade.as_slice(), &framed].concat()),
        ("a WebSocket with half a frame", [upgrade.as_slice(), &framed[..12]].concat()),
        ("pings", [upgrade.as_slice(), &b"\x89\x80\0\0\0\0".repeat(10)].concat()),
    ];
    thread::scope(|scope| {
        for (name, bytes) in &slow {
            let mut stream = tcp(&facebolt.address);
            scope.spawn(move || {
                stream.write_all(bytes).unwrap();
                let mut rest = Vec::new();
                if let Err(error) = stream.read_to_end(&mut rest) {
                    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{name}: {error}");
                }
            });
        }
        // A byte at a time, each a chunk of its own.
        let address = &facebolt.address;
        scope.spawn(move || {
            let mut client = Client::open(tcp(address)).unwrap();
            let written = (0..1000).take_while(|_| {
                thread::sleep(Duration::from_millis(20));
                client.stream.write_all(b"\0\x01x").is_ok()
            });
            assert!(written.count() < 1000, "it was never closed");
        });
    });
    assert!(bystander.returns_one());
    assert_eq!(facebolt.metric("facebolt_connections{state=\"authenticated\",transport=\"tcp\"}"), 1.0);
}
