//! Routing tables: a member of a cluster answers with addresses that no client of ours can reach.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use bolt::Version;
use bolt::message::tag;
use packstream::{Limits, Map, Value, decode};

use crate::bolt_client::{self, message, tcp};
use crate::facebolt::Facebolt;

/// What the member received, messages without chunks, in order.
type Received = Arc<Mutex<Vec<Vec<u8>>>>;

/// A member of a cluster: it names others in routing tables, whatever the client says.
struct Member {
    address: String,
    received: Received,
}

impl Member {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let received = Received::default();
        let kept = Arc::clone(&received);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let received = Arc::clone(&kept);
                // It ends when facebolt closes, or only looks whether anyone is there.
                std::thread::spawn(move || serve(stream.unwrap(), &received));
            }
        });
        Self { address, received }
    }

    /// What has come since the last time.
    fn received(&self) -> Vec<Vec<u8>> {
        std::mem::take(&mut *self.received.lock().unwrap())
    }
}

fn serve(mut stream: TcpStream, received: &Received) -> Option<()> {
    let mut opening = [0; 20];
    stream.read_exact(&mut opening).ok()?;
    let version = Version::new(opening[7], opening[6]);
    stream.write_all(&version.encode_choice()).ok()?;
    let mut failed = false;
    loop {
        let request = read(&mut stream)?;
        received.lock().unwrap().push(request.clone());
        let answers = if failed && request[1] != tag::RESET {
            vec![message(tag::IGNORED, &[])]
        } else {
            answers(&request, version)
        };
        failed = answers.last().is_some_and(|answer| matches!(answer[1], tag::FAILURE | tag::IGNORED));
        let mut bytes = Vec::new();
        answers.iter().for_each(|answer| bolt::chunk::write_message(&mut bytes, answer));
        stream.write_all(&bytes).ok()?;
    }
}

/// What the member answers, before anyone changes it.
fn answers(request: &[u8], version: Version) -> Vec<Vec<u8>> {
    let Value::Structure(request) = decode(request, Limits::default()).unwrap() else { panic!("no request") };
    let success = |entries: Map| message(tag::SUCCESS, &[Value::from(entries)]);
    let advertised = |named: bool| {
        let own = named.then(|| ("advertised_address".to_owned(), Value::from("member1.cluster:7687")));
        own.into_iter().collect::<Map>()
    };
    match request.tag {
        tag::HELLO => {
            let mut entries = advertised(version >= Version::V5_8);
            entries.insert("server", "Neo4j/5.26.30");
            entries.insert("connection_id", "bolt-1");
            vec![success(entries)]
        }
        tag::LOGON => vec![success(advertised(version >= Version::V5_8))],
        tag::ROUTE => {
            let db = request.fields[2].as_map().and_then(|options| options.get("db")).cloned();
            if db == Some(Value::from("missing")) {
                return vec![failure()];
            }
            let rt = Map::from([
                ("ttl", Value::from(300)),
                ("servers", servers(None)),
                ("db", db.unwrap_or(Value::from("neo4j"))),
            ]);
            vec![success(Map::from([("rt", Value::from(rt))]))]
        }
        tag::RUN => {
            let fields = vec![Value::from("ttl"), Value::from("servers")];
            vec![success(Map::from([("t_first", Value::from(0)), ("fields", Value::from(fields))]))]
        }
        tag::PULL => {
            let row = Value::from(vec![Value::from(300), servers(None)]);
            vec![message(tag::RECORD, &[row]), success(Map::from([("type", "s")]))]
        }
        tag::GOODBYE => Vec::new(),
        _ => vec![success(Map::new())],
    }
}

fn failure() -> Vec<u8> {
    let code = "Neo.ClientError.Database.DatabaseNotFound";
    // In an order, and with an entry, that nobody expects.
    let entries = Map::from([("message", "There is none."), ("code", code), ("new", "member1.cluster:7687")]);
    message(tag::FAILURE, &[Value::from(entries)])
}

/// The servers in a table: the cluster's own, or each role with this address. Nobody writes at the moment.
fn servers(address: Option<&str>) -> Value {
    let roles = [("WRITE", [].as_slice()), ("READ", &[2, 3]), ("ROUTE", &[1, 2, 3])];
    let entries = roles.map(|(role, members)| {
        let addresses = match address {
            Some(address) => members.iter().take(1).map(|_| Value::from(address)).collect(),
            None => {
                members.iter().map(|n| Value::from(format!("member{n}.cluster:7687"))).collect::<Vec<_>>()
            }
        };
        Value::from(Map::from([("addresses", Value::from(addresses)), ("role", Value::from(role))]))
    });
    Value::from(entries.to_vec())
}

/// One message without chunks; none: the other side has closed.
fn read(stream: &mut impl Read) -> Option<Vec<u8>> {
    let mut payload = Vec::new();
    loop {
        let mut header = [0; 2];
        stream.read_exact(&mut header).ok()?;
        let length = usize::from(u16::from_be_bytes(header));
        if length == 0 && !payload.is_empty() {
            return Some(payload);
        }
        let start = payload.len();
        payload.resize(start + length, 0);
        stream.read_exact(&mut payload[start..]).ok()?;
    }
}

/// A client of one version that has logged in, and says that it came by this address.
struct Client {
    stream: TcpStream,
    /// What stood in the answers to HELLO and LOGON.
    advertised: Vec<Option<Value>>,
}

impl Client {
    fn log_in(facebolt: &Facebolt, version: Version, address: Option<&str>) -> Self {
        let mut stream = tcp(&facebolt.address);
        let mut opening = *b"\x60\x60\xB0\x17\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
        opening[4..8].copy_from_slice(&version.encode_choice());
        stream.write_all(&opening).unwrap();
        let mut choice = [0; 4];
        stream.read_exact(&mut choice).unwrap();
        assert_eq!(choice, version.encode_choice());
        let mut client = Self { stream, advertised: Vec::new() };
        let mut hello = bolt_client::hello();
        hello.insert("routing", context(address));
        let token = [("scheme", "basic"), ("principal", "x"), ("credentials", "x")];
        if version.has_logon() {
            client.send(&[
                message(tag::HELLO, &[Value::from(hello)]),
                message(tag::LOGON, &[Value::from(Map::from(token))]),
            ]);
        } else {
            hello.extend(token);
            client.send(&[message(tag::HELLO, &[Value::from(hello)])]);
        }
        for _ in 0..1 + usize::from(version.has_logon()) {
            let Value::Structure(answer) = decode(&client.receive(), Limits::default()).unwrap() else {
                panic!("no answer")
            };
            assert_eq!(answer.tag, tag::SUCCESS);
            client.advertised.push(answer.fields[0].as_map().unwrap().get("advertised_address").cloned());
        }
        client
    }

    /// All of it in one segment.
    fn send(&mut self, messages: &[Vec<u8>]) {
        let mut bytes = Vec::new();
        messages.iter().for_each(|message| bolt::chunk::write_message(&mut bytes, message));
        self.stream.write_all(&bytes).unwrap();
    }

    fn receive(&mut self) -> Vec<u8> {
        read(&mut self.stream).unwrap_or_else(|| panic!("an answer"))
    }
}

fn context(address: Option<&str>) -> Value {
    let address = address.map(|address| ("address".to_owned(), Value::from(address)));
    Value::from(address.into_iter().collect::<Map>())
}

fn route(address: Option<&str>, db: &str) -> Vec<u8> {
    let bookmarks = Value::from(vec![Value::from("FB:bookmark")]);
    let options = Map::from([("db", db), ("imp_user", "alice")]);
    message(tag::ROUTE, &[context(address), bookmarks, Value::from(options)])
}

fn run(text: &str) -> Vec<u8> {
    message(tag::RUN, &[Value::from(text), Value::from(Map::new()), Value::from(Map::new())])
}

fn pull() -> Vec<u8> {
    bolt::message::pull(-1)
}

/// The table for `db` with this address in it.
fn table(address: &str, db: &str) -> Vec<u8> {
    let rt =
        Map::from([("ttl", Value::from(300)), ("servers", servers(Some(address))), ("db", Value::from(db))]);
    message(tag::SUCCESS, &[Value::from(Map::from([("rt", Value::from(rt))]))])
}

/// Everything that is not ROUTE's: the advertised address, and the procedures.
fn check(member: &Member, client: &mut Client, version: Version, said: Option<&str>, expected: &str) {
    let advertised = (version >= Version::V5_8).then(|| Value::from(expected));
    assert!(
        client.advertised.iter().all(|address| *address == advertised),
        "{version}: {:?}",
        client.advertised
    );
    member.received();

    // What comes behind a ROUTE has its own answer, however much of it is under way.
    let requests = [
        route(said, "neo4j"),
        route(None, "system"),
        run("RETURN 1"),
        pull(),
        run("CALL dbms.routing.getRoutingTable({}, 'neo4j')"),
        pull(),
        route(said, "missing"),
        route(said, "neo4j"),
        bolt::message::reset(),
        run("CALL dbms.cluster.routing.getRoutingTable({}) YIELD ttl, servers"),
        pull(),
        run("CALL dbms.routing.getRoutingTable({}) YIELD ttl, servers RETURN ttl, servers"),
        pull(),
        route(said, "last"),
    ];
    // A RESET acts on what has not begun when it arrives: it comes when all before it has been answered.
    let (first, second) =
        requests.split_at(requests.iter().position(|r| *r == bolt::message::reset()).unwrap());
    client.send(first);
    let row = |address: Option<&str>| {
        message(tag::RECORD, &[Value::from(vec![Value::from(300), servers(address)])])
    };
    let [fields, foreign, end] = {
        let run = answers(&requests[2], version);
        let pull = answers(&requests[3], version);
        [run[0].clone(), pull[0].clone(), pull[1].clone()]
    };
    assert_eq!(foreign, row(None));
    let answers = [
        table(expected, "neo4j"),
        table(expected, "system"),
        // What is no table, or not surely one, has what the member said.
        fields.clone(),
        foreign.clone(),
        end.clone(),
        fields.clone(),
        row(Some(expected)),
        end.clone(),
        failure(),
        message(tag::IGNORED, &[]),
        message(tag::SUCCESS, &[Value::from(Map::new())]),
        fields.clone(),
        row(Some(expected)),
        end.clone(),
        fields,
        foreign,
        end,
        table(expected, "last"),
    ];
    for (number, answer) in answers.into_iter().enumerate() {
        assert_eq!(client.receive(), answer, "{version}: answer {number}");
        if answer[1] == tag::IGNORED {
            client.send(second);
        }
    }
    // Requests go on as they are.
    assert_eq!(member.received(), requests, "{version}");
}

#[test]
fn tables_lead_back_to_where_the_client_came_from() {
    let member = Member::start();
    let facebolt = Facebolt::start(&member.address, &[]);
    for &version in Version::KNOWN {
        let mut client = Client::log_in(&facebolt, version, Some("proxy.example.org:9999"));
        check(&member, &mut client, version, Some("proxy.example.org:9999"), "proxy.example.org:9999");
        // A ROUTE may name another one.
        client.send(&[route(Some("other.example.org"), "neo4j")]);
        assert_eq!(client.receive(), table("other.example.org:7687", "neo4j"));
        // Who did not say how it came, came by this connection.
        let mut client = Client::log_in(&facebolt, version, None);
        check(&member, &mut client, version, None, &facebolt.address);
    }
}

#[test]
fn a_configured_address_stands_for_all() {
    let member = Member::start();
    let advertised = ("FACEBOLT_LISTEN__ADVERTISED_ADDRESS", "db.example.org:7687");
    let facebolt = Facebolt::start(&member.address, &[advertised]);
    for &version in Version::KNOWN {
        for said in [Some("proxy.example.org:9999"), None] {
            let mut client = Client::log_in(&facebolt, version, said);
            check(&member, &mut client, version, said, advertised.1);
        }
    }
}
