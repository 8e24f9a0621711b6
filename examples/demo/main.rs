//! The demo: embeds the sample photos through a running facebolt, links the faces that are near each other,
//! prints who is linked with whom and draws it. `make demo` runs it.

#[path = "../../tests/support/collage.rs"]
#[allow(unreachable_pub)]
mod collage;
mod picture;

use std::error::Error;
use std::path::Path;

use collage::{Collage, PHOTOS};
use indicatif::{ProgressBar, ProgressStyle};
use neo4rs::{Graph, query};

/// The query of the README, word for word.
const LINK: &str = "MATCH (p1:Face) MATCH (p2:Face) WHERE ID(p1) <> ID(p2) WITH p1, p2, \
                    gds.similarity.euclideanDistance(p1.embedding, p2.embedding) as distance WHERE distance < 10 \
                    MERGE (p1)-[e:SAME]-(p2) SET e.distance=distance";

const EMBED: &str = "CALL face.embed($image) YIELD embedding, index, area \
                     MERGE (photo:Photo {name: $image}) \
                     CREATE (photo)-[:SHOWS]->(:Face {name: $image + CASE index WHEN 0 THEN '' ELSE ' #' + index END, \
                     embedding: embedding, x: area.x, y: area.y, w: area.w, h: area.h})";

const FACES: &str = "MATCH (photo:Photo)-[:SHOWS]->(face:Face) \
                     RETURN face.name AS name, photo.name AS photo, face.x AS x, face.y AS y, face.w AS w, face.h AS h \
                     ORDER BY name";

const LINKS: &str = "MATCH (a:Face)-[same:SAME]-(b:Face) WHERE a.name < b.name \
                     RETURN a.name AS a, b.name AS b, same.distance AS distance ORDER BY distance";

/// A face, as the graph has it.
struct Face {
    name: String,
    photo: String,
    /// Left, top, width and height, in pixels.
    area: [f64; 4],
}

/// Two faces that are the same person's.
struct Link {
    faces: [String; 2],
    distance: f64,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, user, password, photos, picture] = arguments.as_slice() else {
        return Err("usage: demo HOST:PORT USER PASSWORD PHOTOS-FOLDER PICTURE.svg".into());
    };
    let (photos, picture) = (Path::new(photos), Path::new(picture));
    let images = gather_photos(photos)?;

    let graph = Graph::new(address.as_str(), user, password)?;
    graph.run(query("MATCH (n) WHERE n:Photo OR n:Face DETACH DELETE n")).await?;
    let style = ProgressStyle::with_template("{prefix:>9} {wide_bar} {pos}/{len} {msg}")?;
    let bar = ProgressBar::new(u64::try_from(images.len())?).with_style(style).with_prefix("embedding");
    for image in &images {
        bar.set_message(image.clone());
        graph.run(query(EMBED).param("image", image.as_str())).await?;
        bar.inc(1);
    }
    bar.finish_with_message("photos");
    println!("\n{LINK}\n");
    graph.run(query(LINK)).await?;

    let (faces, links) = (faces(&graph).await?, links(&graph).await?);
    print_table(&links);
    let people = picture::people(&faces, &links);
    println!(
        "\n{} photos, {} faces, {} links, {} people:",
        images.len(),
        faces.len(),
        links.len(),
        people.len()
    );
    for person in &people {
        let names: Vec<&str> =
            person.iter().filter_map(|at| faces.get(*at)).map(|face| face.name.as_str()).collect();
        println!("  {}", names.join(", "));
    }
    std::fs::write(picture, picture::draw(photos, &faces, &links, &people)?)?;
    println!("\nThe picture: {}", picture.display());
    Ok(())
}

/// Puts the sample photos, and a collage composed of them, where facebolt may read them.
fn gather_photos(folder: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    let mut images = Vec::new();
    for photo in &PHOTOS {
        std::fs::copy(photo.path(), folder.join(photo.file))?;
        images.push(photo.file.to_owned());
    }
    let together: Vec<_> = ["ardern.jpg", "biden.jpg", "macron2.jpg", "obama3.jpg", "sunak.jpg"]
        .iter()
        .filter_map(|file| PHOTOS.iter().find(|photo| photo.file == *file))
        .collect();
    std::fs::write(folder.join("together.jpg"), Collage::compose(1800, 1200, &together, 150).jpeg())?;
    images.push("together.jpg".to_owned());
    Ok(images)
}

async fn faces(graph: &Graph) -> Result<Vec<Face>, Box<dyn Error>> {
    let mut rows = graph.execute(query(FACES)).await?;
    let mut faces = Vec::new();
    while let Some(row) = rows.next().await? {
        faces.push(Face {
            name: row.get("name")?,
            photo: row.get("photo")?,
            area: [row.get("x")?, row.get("y")?, row.get("w")?, row.get("h")?],
        });
    }
    Ok(faces)
}

async fn links(graph: &Graph) -> Result<Vec<Link>, Box<dyn Error>> {
    let mut rows = graph.execute(query(LINKS)).await?;
    let mut links = Vec::new();
    while let Some(row) = rows.next().await? {
        links.push(Link { faces: [row.get("a")?, row.get("b")?], distance: row.get("distance")? });
    }
    Ok(links)
}

fn print_table(links: &[Link]) {
    let names = links.iter().flat_map(|link| &link.faces);
    let width = names.map(|name| name.chars().count()).max().unwrap_or(0);
    println!("{:width$}  {:width$}  distance", "face", "the same as");
    for Link { faces: [a, b], distance } in links {
        println!("{a:width$}  {b:width$}  {distance:8.3}");
    }
}
