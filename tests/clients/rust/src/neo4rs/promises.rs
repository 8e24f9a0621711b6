//! The promises about what Neo4j does, which passes through facebolt.

use std::time::Duration;

use neo4rs::{Database, Error, Operation, SessionConfig, query};
use shared::Promise::{self, Unable};
use shared::{BATCHES, COUNT, CREATE, ENDLESS};
use tokio::task::JoinSet;

use crate::base::{Probe, connect, failure, integer, integers, keep, login, rows, rows_in};

pub fn named(name: &str) -> Option<Promise<Probe>> {
    Some(match name {
        "summary" => keep!(summary),
        "error" => keep!(error),
        "commit" => keep!(commit),
        "rollback" => keep!(rollback),
        "bookmarks" => keep!(bookmarks),
        "impersonation" => keep!(impersonation),
        "large" => keep!(large),
        "abandon" => keep!(abandon),
        "timeout" => keep!(timeout),
        "cancel" => keep!(cancel),
        "password" => keep!(password),
        "routing" => keep!(routing),
        "access" => keep!(access),
        "concurrent" => keep!(concurrent),
        "batches" => keep!(batches),
        "killed" | "away" | "deadlock" => Unable("neo4rs retries no transaction"),
        "user" => Unable("neo4rs has one user for a pool"),
        _ => return None,
    })
}

async fn summary(p: &Probe) {
    let done = p.graph.run("CREATE (:Probe {a: 1, b: 2}) RETURN 1 AS one").await.unwrap();
    assert_eq!((done.nodes_created(), done.properties_set(), done.labels_added()), (1, 2, 1));
    assert_eq!(done.db(), Some("neo4j"));
}

async fn error(p: &Probe) {
    let (code, message) = failure(rows(&p.graph, query("RETURN 1 +")).await);
    assert_eq!(code, "Neo.ClientError.Statement.SyntaxError");
    let text = "Invalid input '': expected an expression (line 1, column 11 (offset: 10))";
    assert!(message.starts_with(text), "{message}");
}

async fn commit(p: &Probe) {
    let mut transaction = p.graph.start_txn().await.unwrap();
    transaction.run(CREATE).await.unwrap();
    assert_eq!(p.count().await, 0);
    transaction.commit().await.unwrap();
    assert_eq!(p.count().await, 1);
}

async fn rollback(p: &Probe) {
    let mut transaction = p.graph.start_txn().await.unwrap();
    transaction.run(CREATE).await.unwrap();
    transaction.rollback().await.unwrap();
    let mut forgotten = p.graph.start_txn().await.unwrap();
    forgotten.run(CREATE).await.unwrap();
    drop(forgotten);
    assert_eq!(p.count().await, 0);
}

async fn bookmarks(p: &Probe) {
    let mut last: Vec<String> = Vec::new();
    for n in 0..3 {
        let mut reading = p.graph.start_txn_as(Operation::Read, Some(last.clone())).await.unwrap();
        assert_eq!(integers(&rows_in(&mut reading, query(COUNT)).await.unwrap(), "n"), [n]);
        reading.commit().await.unwrap();
        let options = SessionConfig::builder().with_db("neo4j".into()).with_bookmarks(last);
        let mut session = p.graph.with_session(Some(options.build()));
        session.write_transaction(vec![CREATE]).await.unwrap();
        last = session.last_bookmark().into_iter().collect();
        assert_eq!(last.len(), 1);
    }
    let nonsense = p.graph.start_txn_as(Operation::Read, Some(vec!["nonsense".to_owned()])).await;
    assert_eq!(failure(nonsense).0, "Neo.ClientError.Transaction.InvalidBookmark");
}

async fn impersonation(p: &Probe) {
    let other = connect(p.config("bolt").with_impersonate_user(p.user.as_str()));
    assert_eq!(failure(other.run("RETURN 1").await).0, "Neo.ClientError.Statement.ArgumentError");
}

async fn large(p: &Probe) {
    let graph = connect(p.config("bolt").fetch_size(100));
    let text = "UNWIND range(1, 100000) AS n RETURN n, toString(n) AS text";
    let mut stream = graph.execute(text).await.unwrap();
    let mut next = 0;
    while let Some(row) = stream.next().await.unwrap() {
        next += 1;
        assert_eq!((integer(&row, "n"), row.get::<String>("text").unwrap()), (next, next.to_string()));
    }
    assert_eq!(next, 100_000);
}

async fn abandon(p: &Probe) {
    let graph = connect(p.config("bolt").fetch_size(10).max_connections(1));
    for _ in 0..3 {
        let mut stream = graph.execute("UNWIND range(1, 1000000000) AS n RETURN n").await.unwrap();
        for n in 1..=25 {
            assert_eq!(integer(&stream.next().await.unwrap().unwrap(), "n"), n);
        }
        drop(stream);
        assert_eq!(integers(&rows(&graph, query("RETURN 1 AS one")).await.unwrap(), "one"), [1]);
    }
}

async fn timeout(p: &Probe) {
    let (code, _) = failure(rows(&p.graph, query(ENDLESS).extra("tx_timeout", 500)).await);
    assert_eq!(code, "Neo.ClientError.Transaction.TransactionTimedOutClientConfiguration");
    assert_eq!(integers(&p.rows("RETURN 1 AS one").await, "one"), [1]);
}

async fn cancel(p: &Probe) {
    let mark = format!("cancel {}", std::process::id());
    let graph = connect(p.config("bolt").max_connections(1));
    let (running, text) = (graph.clone(), query(&format!("/* {mark} */ {ENDLESS}")));
    let task = tokio::spawn(async move { rows(&running, text).await });
    wait_until(p, &mark, 1).await;
    // A future that is dropped takes its connection along, as soon as the pool looks at it.
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(integers(&rows(&graph, query("RETURN 1 AS one")).await.unwrap(), "one"), [1]);
    wait_until(p, &mark, 0).await;
}

/// Waits until as many statements with `mark` run on the server.
async fn wait_until(p: &Probe, mark: &str, running: i64) {
    let text = "SHOW TRANSACTIONS YIELD currentQuery WHERE currentQuery CONTAINS $mark \
                AND NOT currentQuery STARTS WITH 'SHOW' RETURN count(*) AS n";
    for _ in 0..200 {
        if integers(&rows(&p.graph, query(text).param("mark", mark)).await.unwrap(), "n") == [running] {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("there are not {running} such statements on the server");
}

async fn password(p: &Probe) {
    let graph = connect(login(&p.address, &p.user, "wrong"));
    match graph.run("RETURN 1").await {
        Err(Error::AuthenticationError(text)) => assert!(text.contains("unauthorized"), "{text}"),
        other => panic!("{other:?}"),
    }
}

async fn routing(p: &Probe) {
    let graph = connect(p.config("neo4j"));
    // The driver does not say where it went. Neo4j itself lists none of ours.
    let ours = "SHOW PROCEDURES YIELD name WHERE name STARTS WITH 'face.' RETURN count(*) AS n";
    let expected = integers(&p.rows(ours).await, "n");
    for operation in [Operation::Read, Operation::Write] {
        let mut stream = graph.execute_on(operation, Database::from("neo4j"), ours).await.unwrap();
        let row = stream.next().await.unwrap().unwrap();
        assert_eq!([integer(&row, "n")], expected[..]);
    }
    assert_eq!(integers(&rows(&graph, query(ours)).await.unwrap(), "n"), expected);
    match graph.run_on("nosuch", "RETURN 1").await {
        // Whatever the server says instead of a routing table.
        Err(Error::ServerUnavailableError(_)) => {}
        other => panic!("{other:?}"),
    }
}

async fn access(p: &Probe) {
    let read = async {
        let mut stream = p.graph.execute_read(CREATE).await?;
        stream.next().await
    };
    assert_eq!(failure(read.await).0, "Neo.ClientError.Statement.AccessMode");
    assert_eq!(p.count().await, 0);
}

async fn concurrent(p: &Probe) {
    let mut tasks = JoinSet::new();
    for n in 0..20 {
        let graph = p.graph.clone();
        tasks.spawn(async move {
            let mut transaction = graph.start_txn().await?;
            transaction.run(query("CREATE (:Probe {n: $n})").param("n", n)).await?;
            transaction.commit().await?;
            let found = rows(&graph, query("MATCH (p:Probe {n: $n}) RETURN p.n AS n").param("n", n)).await?;
            assert_eq!(integers(&found, "n"), [n]);
            Ok::<_, Error>(())
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(p.count().await, 20);
}

async fn batches(p: &Probe) {
    let done = p.graph.run(BATCHES).await.unwrap();
    assert_eq!((done.nodes_created(), p.count().await), (250, 250));
    let mut transaction = p.graph.start_txn().await.unwrap();
    let refused = failure(transaction.run(BATCHES).await).0;
    assert_eq!(refused, "Neo.DatabaseError.Transaction.TransactionStartFailed");
}
