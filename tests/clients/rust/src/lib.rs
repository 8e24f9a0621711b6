//! What the drivers' programs share: the run of the promises named on the command line, and what they are about.

use std::panic::{self, AssertUnwindSafe};
use std::time::Instant;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Minutes of work that nobody waits for.
pub const ENDLESS: &str = "UNWIND range(1, 10000000000) AS n WITH n WHERE n < 0 RETURN count(n) AS n";
pub const CREATE: &str = "CREATE (:Probe)";
pub const COUNT: &str = "MATCH (n:Probe) RETURN count(n) AS n";
pub const BATCHES: &str =
    "UNWIND range(1, 250) AS n CALL (n) { CREATE (:Probe {n: n}) } IN TRANSACTIONS OF 100 ROWS";
pub const EMBED: &str = "CALL face.embed($url) YIELD embedding, index RETURN embedding, index";
pub const EMBED_ROW: &str = "MATCH (p:Probe) CALL face.embed(p.photo) YIELD embedding, index \
                             RETURN p.n AS n, embedding, index ORDER BY n";
pub const LINK: &str = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) \
                        WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance \
                        WHERE distance < 10 MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";
pub const NO_IMAGE: &str = "data:image/png;base64,AAAA";

/// What a driver does with a promise.
pub enum Promise<P> {
    /// Panics if it is not kept.
    Keep(fn(&P)),
    /// Why the driver cannot do what it is about.
    Unable(&'static str),
}

/// Keeps the promises named on the command line, each with a `probe` of its own, and prints a line for each.
pub fn main<P>(named: impl Fn(&str) -> Option<Promise<P>>, probe: impl Fn() -> P) {
    for name in std::env::args().skip(1) {
        let began = Instant::now();
        let keep = match named(&name) {
            Some(Promise::Keep(keep)) => keep,
            Some(Promise::Unable(reason)) => {
                println!("- {name} {reason}");
                continue;
            }
            None => {
                println!("FAILED {name} 0.00\n  this client does not know the promise");
                continue;
            }
        };
        let kept = panic::catch_unwind(AssertUnwindSafe(|| keep(&probe())));
        let seconds = began.elapsed().as_secs_f64();
        match kept {
            Ok(()) => println!("ok {name} {seconds:.2}"),
            Err(thrown) => println!("FAILED {name} {seconds:.2}\n  {}", text(&*thrown)),
        }
    }
}

fn text(thrown: &(dyn std::any::Any + Send)) -> String {
    let text = thrown.downcast_ref::<String>().cloned();
    let text = text.or_else(|| thrown.downcast_ref::<&str>().map(|text| (*text).to_owned()));
    let text = text.unwrap_or_else(|| "a panic without a text".to_owned());
    text.chars().take(4000).collect::<String>().replace('\n', "\n  ")
}

pub fn env(name: &str) -> String {
    let name = format!("FACEBOLT_TEST_{name}");
    std::env::var(&name).unwrap_or_else(|_| panic!("{name} is not set: tests/clients/run sets it"))
}

/// Whether the server is the older one.
pub fn old() -> bool {
    env("NEO4J").starts_with("5.")
}

/// A photo of one face.
pub fn photo() -> String {
    format!("data:image/jpeg;base64,{}", STANDARD.encode(std::fs::read("tests/photos/obama.jpg").unwrap()))
}

/// `embedding` must be that of the photo's only face, by its place and length.
pub fn check_embedding(embedding: &[f64], index: i64) {
    assert_eq!((index, embedding.len()), (0, 128));
    let sum: f64 = embedding.iter().map(|part| part.powi(2)).sum();
    // The length of a calibrated embedding.
    assert!((sum.sqrt() - 10.0 / 1.055).abs() < 1e-4, "{sum}");
}

/// The vectors of 71 faces.
pub fn vectors() -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string("tests/data/facenet128_deepface.json").unwrap();
    let entries: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let vector = |entry: &serde_json::Value| {
        entry["embedding"].as_array().unwrap().iter().map(|part| part.as_f64().unwrap()).collect()
    };
    entries.iter().map(vector).collect()
}
