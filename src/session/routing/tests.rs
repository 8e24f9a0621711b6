use super::*;

fn reached(advertised: Option<&str>, hello: Option<Value>) -> Reached {
    use crate::config::{Flag, Sources};
    let flags = advertised.map(|text| Flag {
        name: "--test",
        key: "listen.advertised_address",
        text: text.to_owned(),
    });
    let sources = Sources { file: None, environment: Vec::new(), flags: flags.into_iter().collect() };
    let config = sources.load().unwrap().config;
    let mut reached = Reached::new(config.listen.advertised_address.as_ref(), ([10, 0, 0, 1], 7688).into());
    if let Some(routing) = hello {
        let extra = Map::from([("user_agent", Value::from("x/1")), ("routing", routing)]);
        reached.hello(&bolt::message::hello(&extra).unwrap());
    }
    reached
}

fn context(address: impl Into<Value>) -> Value {
    Value::from(Map::from([("policy", Value::from("p")), ("address", address.into())]))
}

fn route(context: Value) -> Vec<u8> {
    let fields = [context, Value::from(vec![Value::from("bookmark")]), Value::from(Map::from([("db", "x")]))];
    let fields = fields.iter().flat_map(|field| packstream::encode(field).unwrap());
    [0xB3, 0x66].into_iter().chain(fields).collect()
}

#[test]
fn what_the_client_said_last_counts_and_the_configuration_before_all() {
    let hello = || Some(context("hello:1"));
    for (advertised, hello, said, expected) in [
        (None, None, Value::Null, "10.0.0.1:7688"),
        (None, None, context(""), "10.0.0.1:7688"),
        (None, None, context(5), "10.0.0.1:7688"),
        (None, Some(Value::Null), Value::from(Map::new()), "10.0.0.1:7688"),
        (None, hello(), Value::from(Map::new()), "hello:1"),
        (None, hello(), context("route:2"), "route:2"),
        (Some("[::1]:3"), hello(), context("route:2"), "[::1]:3"),
        (Some("db.example.org:3"), None, Value::Null, "db.example.org:3"),
    ] {
        let reached = reached(advertised, hello);
        assert_eq!(&*reached.route(Some(&route(said))), expected);
    }
    assert_eq!(&*reached(None, hello()).route(None), "hello:1");
    assert_eq!(&*reached(None, hello()).route(Some(b"\xB3\x66\xFF")), "hello:1");
    assert_eq!(&*reached(None, Some(context("other"))).by(None), "other:7687");
}

#[test]
fn an_address_is_given_back_as_neo4j_does() {
    for (said, given) in [
        ("host", "host:7687"),
        ("host:1", "host:1"),
        ("[::1]", "[::1]:7687"),
        ("::1", "[::1]:7687"),
        ("[::1]:5", "[::1]:5"),
    ] {
        assert_eq!(with_port(said), given);
    }
}

fn entry(role: &str, addresses: &[&str]) -> Value {
    let addresses: Vec<Value> = addresses.iter().map(|address| Value::from(*address)).collect();
    Value::from(Map::from([("addresses", Value::from(addresses)), ("role", Value::from(role))]))
}

fn answer(servers: Vec<Value>) -> Vec<u8> {
    let rt = Map::from([
        ("ttl", Value::from(300)),
        ("servers", Value::from(servers)),
        ("db", Value::from("x")),
        ("new", Value::Null),
    ]);
    bolt::message::success(&Map::from([("rt", Value::from(rt)), ("more", Value::from(1))])).unwrap()
}

#[test]
fn each_role_has_one_address_and_an_empty_one_none() {
    let given = answer(vec![
        entry("WRITE", &[]),
        entry("READ", &["a:1", "b:2"]),
        entry("READ", &["c:3"]),
        entry("ROUTE", &["a:1", "b:2", "c:3"]),
        Value::from("?"),
    ]);
    let expected = answer(vec![
        entry("WRITE", &[]),
        entry("READ", &["us:1"]),
        entry("ROUTE", &["us:1"]),
        Value::from("?"),
    ]);
    assert_eq!(table(given, "us:1").unwrap(), expected);
}

#[test]
fn what_is_no_table_stays_as_it_is() {
    let failure = b"\xB1\x7F\xA1\x84code\x81x".to_vec();
    assert_eq!(table(failure.clone(), "us:1").unwrap(), failure);
    assert_eq!(table(bolt::message::ignored(), "us:1").unwrap(), bolt::message::ignored());
    let none = bolt::message::success(&Map::new()).unwrap();
    assert_eq!(table(none.clone(), "us:1").unwrap(), none);
    assert_eq!(reached(None, None).login(none.clone()).unwrap(), none);
}

#[test]
fn the_advertised_address_is_ours_where_there_is_one() {
    let success = |address| {
        let map =
            Map::from([("advertised_address", Value::from(address)), ("hints", Value::from(Map::new()))]);
        bolt::message::success(&map).unwrap()
    };
    let reached = reached(None, Some(context("hello:1")));
    assert_eq!(reached.login(success("db1:7687")).unwrap(), success("hello:1"));
}

#[test]
fn the_procedure_takes_its_address_from_what_it_is_passed() {
    let parameters = Map::from([("a", Value::from("parameter:2")), ("context", context("context:3"))]);
    let parameters = packstream::encode(&Value::from(parameters)).unwrap();
    for (arguments, address) in [
        ("({})", "hello:1"),
        ("({address: 'text'})", "text:7687"),
        ("({address: 'x', address: $a})", "parameter:2"),
        ("($context)", "context:3"),
        ("", "context:3"),
        ("($missing)", "hello:1"),
        ("({address: 5})", "hello:1"),
        ("(properties({address: 'computed'}))", "hello:1"),
    ] {
        let text = format!("CALL dbms.routing.getRoutingTable{arguments} YIELD servers AS s, ttl");
        let names = crate::cypher::Names { procedures: &[], functions: &[] };
        let Ok(crate::cypher::Asks::RoutingTable(asked)) = crate::cypher::inspect(&text, &names) else {
            panic!("{text}")
        };
        let run = RunMessage { query: &text, parameters: &parameters, extra: &[0xA0] };
        let outcome = call(&reached(None, Some(context("hello:1"))), &run, &asked).unwrap();
        let Outcome::Send { run: sent, edit } = outcome else { panic!("{text}") };
        assert_eq!(sent, bolt::message::run_raw(&text, &parameters, &[0xA0]).unwrap());
        assert!(edit.changes_records());
        let record = |address| {
            bolt::message::record(&[Value::from(vec![entry("READ", &[address])]), Value::from(300)]).unwrap()
        };
        assert_eq!(edit.record(record("db1:1")).unwrap(), record(address), "{text}");
    }
}
