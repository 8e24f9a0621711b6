//! What a statement costs before Neo4j sees it: nanoseconds for a text that does not name us, microseconds for
//! one that does, from the bytes to the text that is sent.
//!
//! `cargo bench --bench cypher`

#![allow(clippy::expect_used, reason = "a benchmark may stop at the first error")]

use std::{
    hint::black_box,
    time::{Duration, Instant},
};

use facebolt::cypher::{
    Asks, Carrier, FUNCTIONS, Field, Names, Signature, Wanted, carry, inspect, mentions, write_out,
};

const NAMES: Names<'static> = Names {
    procedures: &[Signature {
        name: "face.embed",
        arguments: &["imageUrl", "configuration"],
        required: 1,
        columns: &["embedding", "index"],
        writes: false,
    }],
    functions: &FUNCTIONS,
};

/// 300 bytes of what most statements look like.
const STRANGER: &str = "MATCH (p:Person {id: $id})-[:LIVES_IN]->(c:City) WHERE c.population > $population AND p.name STARTS WITH $start \
     OPTIONAL MATCH (p)-[r:KNOWS]->(q:Person) WHERE q.age > 18 WITH p, c, collect(q {.name, .age}) AS pals, count(r) AS n \
     RETURN p.name AS name, c.name AS city, pals, n ORDER BY n DESC LIMIT 25";
const LINK: &str = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) \
     WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 \
     MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";
const FUNCTION: &str = "MATCH (p:Face {name: $name}), (q:Face) WHERE gds.similarity.cosine(p.embedding, q.embedding) > 0.7 \
     RETURN q.name AS name, gds.similarity.cosine(p.embedding, q.embedding) AS c ORDER BY c DESC LIMIT 10";
const CONSTANT: &str = "CALL face.embed($url) YIELD embedding, index WITH embedding WHERE index = 0 \
     MERGE (f:Face {name: $name}) SET f.embedding = embedding RETURN f.name AS name";
const ROWS: &str = "MATCH (p:Photo) WHERE p.done IS NULL CALL face.embed(p.url, {maxFaces: 3}) YIELD embedding, index \
     CREATE (p)-[:SHOWS]->(:Face {embedding: embedding, index: index}) RETURN count(*) AS faces";

fn main() {
    let quick = !std::env::args().any(|argument| argument == "--bench");
    let strange = measure(quick, || mentions(black_box(STRANGER.as_bytes())));
    let length = STRANGER.len();
    println!("{:44} {:10.1} ns", format!("{length} bytes that do not name us"), strange.as_secs_f64() * 1e9);
    let report = |name: &str, took: Duration| println!("{name:44} {:10.3} us", took.as_secs_f64() * 1e6);
    let face = STRANGER.replace("Person", "Photo").replace(".name", ".face");
    report(
        "one with the word, but no call",
        measure(quick, || assert_eq!(inspect(&face, &NAMES), Ok(Asks::Nothing))),
    );
    report("face.embed, constant", measure(quick, || sent(CONSTANT)));
    report("face.embed, on rows", measure(quick, || sent(ROWS)));
    report("link", measure(quick, || sent(LINK)));
    report("gds.similarity.cosine, twice", measure(quick, || sent(FUNCTION)));
}

/// The length of the text that Neo4j gets.
fn sent(text: &str) -> usize {
    assert!(mentions(text.as_bytes()));
    match inspect(text, &NAMES).expect("understood") {
        Asks::Calls(statement) => {
            let fields = [Field::Floats, Field::Integer];
            let callback = Carrier::Callback { fields: &fields, wanted: &[Wanted::Text] };
            let rows = statement.calls.iter().all(|call| call.computed().is_empty());
            let carrier = if rows { Carrier::Rows } else { callback };
            carry(&statement, &[carrier], ["url", "name"]).expect("carried").text.len()
        }
        Asks::Link(shape) => shape.rewrite([]).text.len(),
        Asks::Functions(_) => {
            write_out(text, &FUNCTIONS, true, ["name"]).expect("written out").edited.text.len()
        }
        Asks::Nothing | Asks::RoutingTable(_) | Asks::Listing(_) => 0,
    }
}

/// The median over samples of what one call takes.
fn measure<T>(quick: bool, mut work: impl FnMut() -> T) -> Duration {
    let (samples, calls) = if quick { (1, 1) } else { (101, 2_000) };
    let mut took: Vec<Duration> = (0..samples)
        .map(|_| {
            let started = Instant::now();
            for _ in 0..calls {
                black_box(work());
            }
            started.elapsed() / calls
        })
        .collect();
    took.sort_unstable();
    took.get(samples / 2).copied().unwrap_or_default()
}
