//! Photos that rows bring, against the same photos given to the worker pool directly, in turns.
//!
//! 1,000 distinct photos in a folder: the sample photos, each with a number behind its end. `pool` reads and embeds
//! them in this process, as many at a time as one connection may; `rows` is one statement that writes the embedding
//! of each, through `facebolt serve` and a real Neo4j. Prints images per second, and the ratio of each turn.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a bench reports by panicking")]

#[path = "../tests/support/engine.rs"]
mod engine;
#[path = "../tests/support/facebolt.rs"]
mod facebolt;
#[path = "../tests/support/neo4j.rs"]
mod neo4j;

use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use ::facebolt::face::{EmbedOptions, Engine};
use futures_util::StreamExt as _;
use neo4rs::{Graph, query};

const PHOTOS: usize = 1000;
const TURNS: usize = 3;

/// `images.concurrency_per_connection`, as it is by default.
const AT_A_TIME: usize = 8;

const EMBED: &str = "MATCH (p:Photo) CALL face.embed(p.url) YIELD embedding SET p.embedding = embedding";

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let names = photos(folder.path());
    let engine = engine::engine();
    let server = neo4j::Neo4j::shared(neo4j::Version::V5);
    let _alone = server.alone();
    let door = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let facebolt = facebolt::Facebolt::start(
        &server.bolt,
        &[
            ("FACEBOLT_IMAGES__DIRECTORY", folder.path().to_str().unwrap()),
            ("FACEBOLT_CALLBACK__LISTEN", &door),
            ("FACEBOLT_CALLBACK__URL", &format!("http://{door}")),
            ("RUST_LOG", "facebolt=warn"),
        ],
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let graph = Graph::new(facebolt.address.as_str(), &server.user, &server.password).unwrap();
        graph.run(query("MATCH (n) DETACH DELETE n")).await.unwrap();
        let load = query("UNWIND $names AS name CREATE (:Photo {url: name})").param("names", names.clone());
        graph.run(load).await.unwrap();
        // Both once, so that neither is measured cold.
        pool(engine, folder.path(), &names).await;
        rows(&graph).await;
        println!("{PHOTOS} photos, images/s{:>10}{:>10}{:>10}", "pool", "rows", "ratio");
        for turn in 1..=TURNS {
            let (pool, rows) = (pool(engine, folder.path(), &names).await, rows(&graph).await);
            println!("{:22}{turn:>3}{pool:>10.2}{rows:>10.2}{:>10.3}", "turn", rows / pool);
        }
        graph.run(query("MATCH (n) DETACH DELETE n")).await.unwrap();
    });
}

fn photos(folder: &Path) -> Vec<String> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/photos");
    let samples = std::fs::read_dir(samples).unwrap().map(|entry| entry.unwrap().path());
    let mut samples: Vec<_> =
        samples.filter(|path| path.extension().is_some_and(|end| end == "jpg")).collect();
    samples.sort();
    let name = |number: usize| {
        let name = format!("{number:04}.jpg");
        let sample = samples.get(number % samples.len()).unwrap();
        std::fs::copy(sample, folder.join(&name)).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(folder.join(&name)).unwrap();
        write!(file, "{number}").unwrap();
        name
    };
    (0..PHOTOS).map(name).collect()
}

/// Images per second of the worker pool.
async fn pool(engine: &Engine, folder: &Path, names: &[String]) -> f64 {
    let began = Instant::now();
    let faces = futures_util::stream::iter(names)
        .map(|name| async move {
            let bytes = std::fs::read(folder.join(name)).unwrap();
            engine.embed(bytes.into(), EmbedOptions::default()).await.unwrap().len()
        })
        .buffer_unordered(AT_A_TIME)
        .fold(0, async |sum, faces| sum + faces)
        .await;
    assert!(faces >= PHOTOS, "each photo shows someone");
    per_second(began)
}

/// Images per second of the statement.
async fn rows(graph: &Graph) -> f64 {
    let began = Instant::now();
    graph.run(query(EMBED)).await.unwrap();
    let speed = per_second(began);
    let counted = "MATCH (p:Photo) WHERE size(p.embedding) = 128 RETURN count(p) AS n";
    let mut answer = graph.execute(query(counted)).await.unwrap();
    let embedded: i64 = answer.next().await.unwrap().unwrap().get("n").unwrap();
    assert_eq!(usize::try_from(embedded).unwrap(), PHOTOS);
    graph.run(query("MATCH (p:Photo) REMOVE p.embedding")).await.unwrap();
    speed
}

fn per_second(began: Instant) -> f64 {
    // So few photos are exact as f64.
    f64::from(u32::try_from(PHOTOS).unwrap()) / began.elapsed().as_secs_f64()
}
