//! The promises about what Neo4j does, which passes through facebolt.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Barrier};

use neo4j::bookmarks::Bookmarks;
use neo4j::driver::RoutingControl;
use neo4j::retry::ExponentialBackoff;
use neo4j::session::SessionConfig;
use neo4j::transaction::{Transaction, TransactionTimeout};
use neo4j::value::{spatial, time};
use neo4j::{Neo4jError, ValueReceive, ValueSend};

use shared::Promise::{self, Keep, Unable};
use shared::{BATCHES, COUNT, CREATE, ENDLESS, env};

use crate::base::{Parameters, Probe, connect, failure, integer, parameters, run, token};

/// With and without facebolt. Most drivers take it for the answer too, but look for no fields in it.
const KILLED: &str = "Neo4j says one SUCCESS too many before it closes a connection that is killed; \
                      the driver takes it for the answer to its RUN, misses the fields and does not try again";

pub fn named(name: &str) -> Option<Promise<Probe>> {
    Some(Keep(match name {
        "plain" => plain,
        "temporal" => temporal,
        "spatial" => spatial,
        "graph" => graph,
        "summary" => summary,
        "error" => error,
        "commit" => commit,
        "rollback" => rollback,
        "away" => away,
        "deadlock" => deadlock,
        "bookmarks" => bookmarks,
        "impersonation" => impersonation,
        "large" => large,
        "abandon" => abandon,
        "timeout" => timeout,
        "password" => password,
        "user" => user,
        "routing" => routing,
        "access" => access,
        "concurrent" => concurrent,
        "batches" => batches,
        "killed" => return Some(Unable(KILLED)),
        "vector" => return Some(Unable("the driver knows no vectors: it reads one as a broken value")),
        "cancel" => return Some(Unable("the driver blocks, and has no way to cancel a statement that runs")),
        _ => return None,
    }))
}

fn config() -> SessionConfig {
    SessionConfig::new()
}

fn execute(transaction: &Transaction, text: &str, values: &Parameters) -> Result<(), Neo4jError> {
    transaction.query(text).with_parameters(values).run()?.consume()?;
    Ok(())
}

fn round_trip(p: &Probe, values: Vec<ValueSend>) {
    let expected: Vec<ValueReceive> = values.iter().cloned().map(Into::into).collect();
    let mut found = p.with("RETURN $values AS values", &parameters([("values", ValueSend::List(values))]));
    let Some(ValueReceive::List(got)) = found[0].take_value("values") else { panic!("no list") };
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(&expected) {
        // As text, which tells -0.0 from 0.0 and holds NaN equal to itself.
        let same = got == expected && !matches!(expected, ValueReceive::Float(_));
        assert!(same || format!("{got:?}") == format!("{expected:?}"), "{got:.300?}, not {expected:.300?}");
    }
}

fn list(values: Vec<ValueSend>) -> ValueSend {
    ValueSend::List(values)
}

fn map(key: &str, value: ValueSend) -> ValueSend {
    ValueSend::Map(HashMap::from([(key.to_owned(), value)]))
}

fn plain(p: &Probe) {
    let mut values: Vec<ValueSend> = vec![ValueSend::Null, true.into(), false.into()];
    values.extend([0, -17, 127, -129, 40000, i64::MAX, i64::MIN].map(ValueSend::Integer));
    let floats = [0.1, -0.0, 5e-324, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX];
    values.extend(floats.map(ValueSend::Float));
    values.extend(["", "grüße 𝄞", &"x".repeat(70000)].map(ValueSend::from));
    values.push(ValueSend::Bytes(Vec::new()));
    values.push(ValueSend::Bytes((0..=255).cycle().take(76800).collect()));
    let deep = list(vec![2.5.into(), list(vec!["deep".into()])]);
    values.extend([list(Vec::new()), list(vec![1.into(), deep, ValueSend::Null])]);
    values.push(ValueSend::Map(HashMap::new()));
    values.push(map("a", map("b", list(vec![1.into(), map("c", ValueSend::Null)]))));
    round_trip(p, values);
}

fn temporal(p: &Probe) {
    let date = time::Date::from_ymd_opt(2024, 2, 29).unwrap();
    let clock = time::LocalTime::from_hms_nano_opt(1, 2, 3, 4).unwrap();
    let offset = time::FixedOffset::east_opt(19800).unwrap();
    let moment = date.and_time(clock);
    round_trip(
        p,
        vec![
            ValueSend::Date(date),
            ValueSend::LocalTime(time::LocalTime::from_hms_nano_opt(23, 59, 59, 999_999_999).unwrap()),
            ValueSend::Time(time::Time { time: clock, offset }),
            ValueSend::LocalDateTime(moment),
            ValueSend::DateTimeFixed(moment.and_local_timezone(offset).unwrap()),
            ValueSend::DateTime(moment.and_local_timezone(time::Tz::Europe__Berlin).unwrap()),
            ValueSend::Duration(time::Duration::new(14, 3, 4, 5).unwrap()),
        ],
    );
}

fn spatial(p: &Probe) {
    round_trip(
        p,
        vec![
            ValueSend::Cartesian2D(spatial::Cartesian2D::new(1.5, -2.5)),
            ValueSend::Cartesian3D(spatial::Cartesian3D::new(1.0, 2.0, 3.0)),
            ValueSend::WGS84_2D(spatial::WGS84_2D::new(12.5, 55.7)),
            ValueSend::WGS84_3D(spatial::WGS84_3D::new(12.5, 55.7, 9.0)),
        ],
    );
}

fn graph(p: &Probe) {
    let mut found = p.rows(
        "CREATE path = (a:Probe {name: 'a'})-[r:TO {since: 1}]->(b:Probe {name: 'b'}) RETURN a, r, b, path",
    );
    let values = ["a", "b", "r", "path"].map(|key| found[0].take_value(key).unwrap());
    let [
        ValueReceive::Node(a),
        ValueReceive::Node(b),
        ValueReceive::Relationship(r),
        ValueReceive::Path(path),
    ] = values
    else {
        panic!("other types")
    };
    assert_eq!(a.labels, ["Probe"]);
    assert_eq!(a.properties, HashMap::from([("name".to_owned(), ValueReceive::String("a".to_owned()))]));
    assert_eq!(b.properties, HashMap::from([("name".to_owned(), ValueReceive::String("b".to_owned()))]));
    assert_eq!(r.type_, "TO");
    assert_eq!(r.properties, HashMap::from([("since".to_owned(), ValueReceive::Integer(1))]));
    assert_eq!((&r.start_node_element_id, &r.end_node_element_id), (&a.element_id, &b.element_id));
    assert_eq!(path.nodes, [a, b]);
    assert_eq!(path.relationships[0].element_id, r.element_id);
}

fn summary(p: &Probe) {
    let done =
        run(&p.driver, config(), "CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one", &Parameters::new()).unwrap();
    let (counters, server) = (done.summary.counters, done.summary.server_info);
    assert_eq!((counters.nodes_created, counters.properties_set, counters.labels_added), (1, 2, 1));
    assert_eq!(done.summary.database.as_deref(), Some("neo4j"));
    assert_eq!(server.address.to_string(), p.address);
    assert!(server.server_agent.starts_with(&format!("Neo4j/{}", env("NEO4J"))), "{}", server.server_agent);
}

fn error(p: &Probe) {
    let (code, status, message) = failure(run(&p.driver, config(), "RETURN 1 +", &Parameters::new()));
    let expected = if shared::old() { "50N42" } else { "42001" };
    assert_eq!((code.as_str(), status.as_str()), ("Neo.ClientError.Statement.SyntaxError", expected));
    let text = "Invalid input '': expected an expression (line 1, column 11 (offset: 10))";
    assert!(message.starts_with(text), "{message}");
}

fn commit(p: &Probe) {
    let mut session = p.driver.session(config());
    let done = session.transaction().run(|transaction| {
        execute(&transaction, CREATE, &Parameters::new())?;
        assert_eq!(p.count(), 0);
        transaction.commit()
    });
    done.unwrap();
    assert_eq!(p.count(), 1);
}

fn rollback(p: &Probe) {
    let mut session = p.driver.session(config());
    let rolled_back = session.transaction().run(|transaction| {
        execute(&transaction, CREATE, &Parameters::new())?;
        transaction.rollback()
    });
    rolled_back.unwrap();
    session.transaction().run(|forgotten| execute(&forgotten, CREATE, &Parameters::new())).unwrap();
    assert_eq!(p.count(), 0);
}

/// Runs `work` in a managed write transaction, and commits.
fn managed(p: &Probe, mut work: impl FnMut(&Transaction) -> Result<(), Neo4jError>) {
    let mut session = p.driver.session(config());
    let done = session.transaction().run_with_retry(ExponentialBackoff::new(), |transaction| {
        work(&transaction)?;
        transaction.commit()
    });
    done.unwrap();
}

fn away(p: &Probe) {
    managed(&Probe::new(&env("AWAY_ADDRESS")), |transaction| {
        execute(transaction, CREATE, &Parameters::new())
    });
    assert_eq!(p.count(), 1);
}

fn deadlock(p: &Probe) {
    p.rows("CREATE (:Probe {name: 'a', set: 0}), (:Probe {name: 'b', set: 0})");
    let (attempts, both) = (AtomicI64::new(0), Barrier::new(2));
    let one = |names: [&str; 2]| {
        let mut first = true;
        managed(p, |transaction| {
            attempts.fetch_add(1, Ordering::Relaxed);
            for name in names {
                let text = "MATCH (p:Probe {name: $name}) SET p.set = p.set + 1";
                execute(transaction, text, &parameters([("name", name.into())]))?;
                if std::mem::take(&mut first) {
                    both.wait();
                }
            }
            Ok(())
        });
    };
    std::thread::scope(|scope| {
        scope.spawn(|| one(["a", "b"]));
        scope.spawn(|| one(["b", "a"]));
    });
    assert!(attempts.load(Ordering::Relaxed) > 2, "nobody was blocked");
    let found = p.rows("MATCH (p:Probe) RETURN p.set AS set");
    assert_eq!(found.iter().map(|row| integer(row, "set")).collect::<Vec<_>>(), [2, 2]);
}

fn bookmarks(p: &Probe) {
    let mut last = Arc::new(Bookmarks::from_raw([]));
    for n in 0..3 {
        let mut session = p.driver.session(config().with_bookmarks(Arc::clone(&last)));
        let query = session.auto_commit(COUNT);
        let found = query.with_receiver(|stream| Ok(stream.try_as_eager_result()?.unwrap())).run().unwrap();
        assert_eq!(integer(&found.records[0], "n"), n);
        let written = session.transaction().run(|transaction| {
            execute(&transaction, CREATE, &Parameters::new())?;
            transaction.commit()
        });
        written.unwrap();
        last = session.last_bookmarks();
        assert_eq!(last.len(), 1);
    }
    let nonsense = config().with_bookmarks(Arc::new(Bookmarks::from_raw(["nonsense".to_owned()])));
    let (code, ..) = failure(run(&p.driver, nonsense, "RETURN 1", &Parameters::new()));
    assert_eq!(code, "Neo.ClientError.Transaction.InvalidBookmark");
}

fn impersonation(p: &Probe) {
    let other = config().with_impersonated_user(Arc::new(p.user.clone()));
    let (code, ..) = failure(run(&p.driver, other, "RETURN 1", &Parameters::new()));
    assert_eq!(code, "Neo.ClientError.Statement.ArgumentError");
}

fn large(p: &Probe) {
    let mut session = p.driver.session(config().with_fetch_size(100).unwrap());
    let query = session.auto_commit("UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text");
    let read = query.with_receiver(|stream| {
        let mut next = 0;
        for record in stream {
            next += 1;
            let values: Vec<_> = record?.into_values().collect();
            assert_eq!(values, [ValueReceive::Integer(next), ValueReceive::String(next.to_string())]);
        }
        Ok(next)
    });
    assert_eq!(read.run().unwrap(), 100_000);
}

fn abandon(p: &Probe) {
    let driver = connect(&p.address, false, |c| {
        c.with_auth(token(&p.user, &p.password)).with_max_connection_pool_size(1)
    });
    for _ in 0..3 {
        let mut session = driver.session(config().with_fetch_size(10).unwrap());
        let query = session.auto_commit("UNWIND range(1, 1000000000) AS n RETURN n");
        let read = query.with_receiver(|stream| stream.take(25).collect::<Result<Vec<_>, _>>());
        assert_eq!(read.run().unwrap().len(), 25);
        let found = run(&driver, config(), "RETURN 1 AS one", &Parameters::new()).unwrap();
        assert_eq!(integer(&found.records[0], "one"), 1);
    }
}

fn timeout(p: &Probe) {
    let mut session = p.driver.session(config());
    let limit = TransactionTimeout::from_millis(500).unwrap();
    let (code, ..) = failure(session.auto_commit(ENDLESS).with_transaction_timeout(limit).run());
    assert_eq!(code, "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration");
    session.auto_commit("RETURN 1 AS one").run().unwrap();
}

fn password(p: &Probe) {
    let driver = connect(&p.address, false, |config| config.with_auth(token(&p.user, "wrong")));
    assert_eq!(failure(driver.verify_connectivity()).0, "Neo.ClientError.Security.Unauthorized");
}

fn user(p: &Probe) {
    let other = env("OTHER_USER");
    let driver = connect(&p.address, false, |c| {
        c.with_auth(token(&p.user, &p.password)).with_max_connection_pool_size(1)
    });
    let who = |login: Option<(&str, &str)>| {
        let mut options = config().with_database(Arc::new("system".to_owned()));
        if let Some((name, password)) = login {
            options = options.with_session_auth(token(name, password));
        }
        let found = run(&driver, options, "SHOW CURRENT USER YIELD user", &Parameters::new())?;
        Ok::<_, Neo4jError>(found.records[0].value("user").cloned().unwrap())
    };
    let name = |name: &str| ValueReceive::String(name.to_owned());
    for _ in 0..2 {
        assert_eq!(who(None).unwrap(), name(&p.user));
        assert_eq!(who(Some((&other, &p.password))).unwrap(), name(&other));
    }
    failure(who(Some((&other, "wrong"))));
    assert_eq!(who(None).unwrap(), name(&p.user));
}

fn routing(p: &Probe) {
    let driver = connect(&p.address, true, |config| config.with_auth(token(&p.user, &p.password)));
    for options in [config(), config().with_database(Arc::new("neo4j".to_owned()))] {
        let done = run(&driver, options, "RETURN 1", &Parameters::new()).unwrap();
        assert_eq!(done.summary.server_info.address.to_string(), p.address);
    }
    let read = driver.execute_query("RETURN 1").with_routing_control(RoutingControl::Read).run().unwrap();
    assert_eq!(read.summary.server_info.address.to_string(), p.address);
    let nowhere = config().with_database(Arc::new("nosuch".to_owned()));
    let (code, ..) = failure(run(&driver, nowhere, "RETURN 1", &Parameters::new()));
    assert_eq!(code, "Neo.ClientError.Database.DatabaseNotFound");
}

fn access(p: &Probe) {
    let mut session = p.driver.session(config());
    let (code, ..) = failure(session.auto_commit(CREATE).with_routing_control(RoutingControl::Read).run());
    assert_eq!(code, "Neo.ClientError.Statement.AccessMode");
    assert_eq!(p.count(), 0);
}

fn concurrent(p: &Probe) {
    std::thread::scope(|scope| {
        for n in 0..20 {
            scope.spawn(move || {
                let values = parameters([("n", ValueSend::Integer(n))]);
                managed(p, |transaction| execute(transaction, "CREATE (:Probe {n: $n})", &values));
                let found = p.with("MATCH (p:Probe {n: $n}) RETURN p.n AS n", &values);
                assert_eq!(found.iter().map(|row| integer(row, "n")).collect::<Vec<_>>(), [n]);
            });
        }
    });
    assert_eq!(p.count(), 20);
}

fn batches(p: &Probe) {
    let done = run(&p.driver, config(), BATCHES, &Parameters::new()).unwrap();
    assert_eq!((done.summary.counters.nodes_created, p.count()), (250, 250));
    let mut session = p.driver.session(config());
    let refused = session.transaction().run(|transaction| execute(&transaction, BATCHES, &Parameters::new()));
    assert_eq!(failure(refused).0, "Neo.DatabaseError.Transaction.TransactionStartFailed");
}
