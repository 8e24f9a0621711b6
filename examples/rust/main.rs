//! Embeds photos, links the faces that are one person's, and prints who is who.
//!
//!     NEO4J_PASSWORD=... cargo run --example faces a.jpg b.jpg ...

use std::env::{args, var};
use std::error::Error;
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use neo4rs::{Graph, query};

const EMBED: &str = "CALL face.embed($image) YIELD embedding, index \
                     CREATE (:Face {photo: $photo, index: index, embedding: embedding})";
const LINK: &str = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) \
                    WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance \
                    WHERE distance < 10 MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance";
const PAIRS: &str = "MATCH (a:Face)-[e:SAME]->(b:Face) \
                     RETURN a.photo AS a, b.photo AS b, e.distance AS distance ORDER BY distance";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let uri = var("NEO4J_URI").unwrap_or_else(|_| "bolt://127.0.0.1:7688".to_owned());
    let user = var("NEO4J_USERNAME").unwrap_or_else(|_| "neo4j".to_owned());
    let graph = Graph::new(uri, user, var("NEO4J_PASSWORD")?)?;
    for photo in args().skip(1).map(PathBuf::from) {
        // A data: URL carries the bytes; a URL that facebolt may fetch does too.
        let image = format!("data:image/jpeg;base64,{}", STANDARD.encode(std::fs::read(&photo)?));
        let name = photo.file_name().unwrap_or_default().to_string_lossy().into_owned();
        graph.run(query(EMBED).param("photo", name).param("image", image)).await?;
    }
    graph.run(query(LINK)).await?;
    let mut pairs = graph.execute(query(PAIRS)).await?;
    while let Some(pair) = pairs.next().await? {
        let (a, b): (String, String) = (pair.get("a")?, pair.get("b")?);
        let distance: f64 = pair.get("distance")?;
        println!("{a} {b} {distance:.2}");
    }
    Ok(())
}
