//! A Rust program that uses Neo4j through neo4rs, unchanged, with facebolt in between.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs)]

#[path = "support/facebolt.rs"]
mod facebolt;
#[path = "support/neo4j.rs"]
mod neo4j;

use facebolt::Facebolt;
use neo4j::{Neo4j, Version};
use neo4rs::{Graph, Query, Row, query};

/// The query that users bring.
const LINK: &str = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) WITH p1, p2, \
                    gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 \
                    MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";

/// Runs `test` through a facebolt in front of each server, alone on it and with nothing in it.
fn on_both<F: Future<Output = ()>>(test: impl Fn(Graph, std::rc::Rc<Facebolt>) -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for version in Version::ALL {
        let server = Neo4j::shared(version);
        let _alone = server.alone();
        let facebolt = std::rc::Rc::new(Facebolt::start(&server.bolt, &[]));
        runtime.block_on(async {
            let graph = Graph::new(facebolt.address.as_str(), &server.user, &server.password).unwrap();
            graph.run(query("MATCH (n) DETACH DELETE n")).await.unwrap();
            test(graph.clone(), std::rc::Rc::clone(&facebolt)).await;
            graph.run(query("MATCH (n) DETACH DELETE n")).await.unwrap();
        });
    }
}

async fn rows(graph: &Graph, query: Query) -> Vec<Row> {
    let mut stream = graph.execute(query).await.unwrap();
    let mut rows = Vec::new();
    while let Some(row) = stream.next().await.unwrap() {
        rows.push(row);
    }
    rows
}

async fn number(graph: &Graph, text: &str) -> i64 {
    rows(graph, query(text)).await[0].get("n").unwrap()
}

/// The code of the failure that a statement meets.
async fn failure(graph: &Graph, text: &str) -> String {
    let failed = async {
        let mut stream = graph.execute(query(text)).await?;
        while stream.next().await?.is_some() {}
        Ok(())
    };
    match failed.await {
        Err(neo4rs::Error::Neo4j(error)) => format!("{}: {}", error.code(), error.message()),
        Err(other) => panic!("{other}"),
        Ok(()) => panic!("it did not fail"),
    }
}

#[test]
fn what_is_not_ours_passes() {
    on_both(async |graph, facebolt| {
        assert_eq!(number(&graph, "RETURN 1 AS n").await, 1);
        let sum = rows(&graph, query("UNWIND range(1, 20000) AS n RETURN n")).await;
        assert_eq!(sum.iter().map(|row| row.get::<i64>("n").unwrap()).sum::<i64>(), 20_000 * 20_001 / 2);

        let mut transaction = graph.start_txn().await.unwrap();
        transaction.run(query("CREATE (:Kept)")).await.unwrap();
        transaction.commit().await.unwrap();
        let mut transaction = graph.start_txn().await.unwrap();
        transaction.run(query("CREATE (:Lost)")).await.unwrap();
        transaction.rollback().await.unwrap();
        assert_eq!(number(&graph, "MATCH (k:Kept) RETURN count(k) AS n").await, 1);
        assert_eq!(number(&graph, "OPTIONAL MATCH (l:Lost) RETURN count(l) AS n").await, 0);
        assert_eq!(facebolt.statements("face.embed", "native"), 0.0);
    });
}

#[test]
fn faces_are_embedded() {
    on_both(async |graph, facebolt| {
        let embed =
            "CALL face.embed('obama.jpg') YIELD embedding, index AS i WHERE i = 0 RETURN embedding, i";
        let found = rows(&graph, query(embed)).await;
        assert_eq!(found.len(), 1);
        let literal: Vec<f64> = found[0].get("embedding").unwrap();
        assert_eq!((literal.len(), found[0].get::<i64>("i").unwrap()), (128, 0));

        let text = "CREATE (f:Face {name: $name}) WITH f CALL face.embed($url) YIELD embedding \
                    SET f.embedding = embedding RETURN f.embedding AS embedding";
        let mut transaction = graph.start_txn().await.unwrap();
        let stored = query(text).param("name", "obama.jpg").param("url", "obama.jpg");
        let mut stream = transaction.execute(stored).await.unwrap();
        let row = stream.next(transaction.handle()).await.unwrap().unwrap();
        assert_eq!(row.get::<Vec<f64>>("embedding").unwrap(), literal);
        assert!(stream.next(transaction.handle()).await.unwrap().is_none());
        transaction.commit().await.unwrap();
        assert_eq!(number(&graph, "MATCH (f:Face) RETURN size(f.embedding) AS n").await, 128);
        assert_eq!(facebolt.statements("face.embed", "native"), 2.0);

        let error = failure(&graph, "CALL face.embed('nobody.jpg')").await;
        let expected = "Neo.ClientError.Procedure.ProcedureCallFailed: Failed to invoke procedure \
                        `face.embed`: Caused by: java.lang.RuntimeException: cannot read the image";
        assert!(error.starts_with(expected), "{error}");
        let by_row = "MATCH (f:Face) CALL face.embed(f.name) YIELD embedding RETURN embedding";
        let found = rows(&graph, query(by_row)).await;
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].get::<Vec<f64>>("embedding").unwrap(), literal);
        assert_eq!(number(&graph, "RETURN 1 AS n").await, 1);
    });
}

#[test]
fn a_failure_raises_only_where_its_row_is_evaluated() {
    on_both(async |graph, facebolt| {
        let nothing = "MATCH (n:Nothing) CALL face.embed('nobody.jpg') YIELD embedding RETURN embedding";
        assert!(rows(&graph, query(nothing)).await.is_empty());
        let plan = "EXPLAIN CALL face.embed('nobody.jpg') YIELD embedding RETURN embedding";
        assert!(rows(&graph, query(plan)).await.is_empty());
        assert_eq!(facebolt.statements("face.embed", "native"), 2.0);
    });
}

/// The vectors of 71 faces, computed by DeepFace's FaceNet-128.
fn facenet() -> Vec<Vec<f64>> {
    let faces: serde_json::Value =
        serde_json::from_str(include_str!("data/facenet128_deepface.json")).unwrap();
    let vector = |face: &serde_json::Value| {
        face["embedding"].as_array().unwrap().iter().map(|value| value.as_f64().unwrap()).collect()
    };
    faces.as_array().unwrap().iter().map(vector).collect()
}

#[test]
fn links_are_exact() {
    on_both(async |graph, facebolt| {
        let vectors = facenet();
        for (number, vector) in vectors.iter().enumerate() {
            let create = query("CREATE (:Face {number: $number, embedding: $embedding})");
            let create = create.param("number", i64::try_from(number).unwrap());
            graph.run(create.param("embedding", vector.clone())).await.unwrap();
        }
        // Twice: the second run finds what the first created.
        for _ in 0..2 {
            graph.run(query(LINK)).await.unwrap();
        }
        assert_eq!(facebolt.statements("link", "native"), 2.0);
        let all = "MATCH (a:Face)-[e:SAME]->(b:Face) RETURN a.number AS a, b.number AS b, \
                   id(a) AS from, id(b) AS to, e.distance AS distance";
        let links = rows(&graph, query(all)).await;
        assert_eq!(links.len(), 169);
        for link in links {
            let (a, b): (usize, usize) = (link.get("a").unwrap(), link.get("b").unwrap());
            let squares = vectors[a].iter().zip(&vectors[b]).map(|(x, y)| (x - y) * (x - y));
            let distance = squares.fold(0.0, |sum, square| sum + square).sqrt();
            assert_eq!(link.get::<f64>("distance").unwrap().to_bits(), distance.to_bits());
            // Freed ids are given out again, so the order of creation says nothing.
            let (from, to): (i64, i64) = (link.get("from").unwrap(), link.get("to").unwrap());
            assert!(from < to, "an undirected MERGE creates from the lower id to the higher: {from} -> {to}");
        }
    });
}
