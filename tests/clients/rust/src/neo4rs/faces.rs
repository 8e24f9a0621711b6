//! The promises about face.embed and links.

use neo4rs::summary::Counters;
use neo4rs::{Query, Row, SessionConfig, query};
use shared::Promise;
use shared::{EMBED, EMBED_ROW, LINK, NO_IMAGE, photo};

use crate::base::{Probe, failure, integer, integers, keep, rows, rows_in};

pub fn named(name: &str) -> Option<Promise<Probe>> {
    Some(match name {
        "embed_literal" => keep!(embed_literal),
        "embed_parameter" => keep!(embed_parameter),
        "embed_row" => keep!(embed_row),
        "embed_error" => keep!(embed_error),
        "embed_explain" => keep!(embed_explain),
        "link_auto" => keep!(link_auto),
        "link_managed" => keep!(link_managed),
        _ => return None,
    })
}

fn embed_of(url: &str) -> Query {
    query(EMBED).param("url", url)
}

fn check_embedding(row: &Row) {
    let embedding: Vec<f64> = row.get("embedding").unwrap();
    shared::check_embedding(&embedding, integer(row, "index"));
}

async fn embed_literal(p: &Probe) {
    let found = p.rows(&EMBED.replace("$url", &format!("'{}'", photo()))).await;
    assert_eq!(found.len(), 1);
    check_embedding(&found[0]);
}

/// In an explicit transaction: the driver's managed ones return no rows.
async fn embed_parameter(p: &Probe) {
    let mut transaction = p.graph.start_txn().await.unwrap();
    let found = rows_in(&mut transaction, embed_of(&photo())).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(found.len(), 1);
    check_embedding(&found[0]);
}

async fn embed_row(p: &Probe) {
    let create = query("UNWIND range(1, 3) AS n CREATE (:Probe {n: n, photo: $url})").param("url", photo());
    p.graph.run(create).await.unwrap();
    let found = p.rows(EMBED_ROW).await;
    assert_eq!(integers(&found, "n"), [1, 2, 3]);
    found.iter().for_each(check_embedding);
}

async fn embed_error(p: &Probe) {
    let (code, message) = failure(rows(&p.graph, embed_of(NO_IMAGE)).await);
    assert_eq!(code, "Neo.ClientError.Procedure.ProcedureCallFailed");
    assert!(message.starts_with("Failed to invoke procedure `face.embed`: Caused by: "), "{message}");
    assert_eq!(integer(&p.rows("RETURN 1 AS one").await[0], "one"), 1);
}

async fn embed_explain(p: &Probe) {
    let explain = query(&format!("EXPLAIN {EMBED}")).param("url", NO_IMAGE);
    let mut stream = p.graph.execute(explain).await.unwrap();
    assert!(stream.next().await.unwrap().is_none());
    // The driver shows a plan in no other way.
    let summary = format!("{:?}", stream.finish().await.unwrap());
    assert!(summary.contains("plan: Some("), "{summary}");
}

async fn create_faces(p: &Probe) {
    let create = query("UNWIND $vectors AS vector CREATE (:Face {embedding: vector})");
    p.graph.run(create.param("vectors", shared::vectors())).await.unwrap();
}

async fn check_links(p: &Probe, runs: [Counters; 2]) {
    let seen = runs.map(|counters| (counters.relationships_created, counters.properties_set));
    assert_eq!(seen, [(169, 338), (0, 338)]);
    let links = p.rows("MATCH ()-[e:SAME]->() RETURN count(e) AS n").await;
    assert_eq!(integers(&links, "n"), [169]);
}

async fn link_auto(p: &Probe) {
    create_faces(p).await;
    let first = p.graph.run(LINK).await.unwrap().stats;
    let second = p.graph.run(LINK).await.unwrap().stats;
    check_links(p, [first, second]).await;
}

async fn link_managed(p: &Probe) {
    create_faces(p).await;
    let mut session = p.graph.with_session(Some(SessionConfig::builder().with_db("neo4j".into()).build()));
    let first = session.write_transaction(vec![LINK]).await.unwrap();
    let second = session.write_transaction(vec![LINK]).await.unwrap();
    check_links(p, [first, second]).await;
}
