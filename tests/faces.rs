//! The promise: every face of a photo is found, and vectors of one person are closer than 10, of two persons
//! farther.

#[path = "support/collage.rs"]
mod collage;
#[path = "support/engine.rs"]
mod engine;

use collage::{Collage, PHOTOS, Photo};
use engine::engine;
use facebolt::face::{EmbedOptions, Face};

async fn embed(image: Vec<u8>) -> Vec<Face> {
    engine().embed(image.into(), EmbedOptions::default()).await.unwrap()
}

fn distance(a: &Face, b: &Face) -> f32 {
    assert_eq!(a.model, b.model);
    a.embedding.iter().zip(&b.embedding).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt()
}

async fn only_face(photo: &Photo) -> Face {
    let mut faces = embed(photo.bytes()).await;
    assert_eq!(faces.len(), 1, "{}", photo.file);
    faces.remove(0)
}

#[tokio::test]
async fn ten_is_the_boundary_between_same_and_different() {
    let mut faces = Vec::new();
    for photo in &PHOTOS {
        faces.push((photo, only_face(photo).await));
    }
    let (mut same, mut different) = (Vec::new(), Vec::new());
    for (i, (photo, face)) in faces.iter().enumerate() {
        for (other_photo, other) in &faces[i + 1..] {
            let distance = distance(face, other);
            eprintln!("{} {} {distance}", photo.file, other_photo.file);
            if photo.person == other_photo.person { same.push(distance) } else { different.push(distance) }
        }
    }
    assert_eq!((same.len(), different.len()), (8, 37));
    assert!(same.iter().all(|&d| d < 10.0), "{same:?}");
    assert!(different.iter().all(|&d| d > 10.0), "{different:?}");
}

async fn all_are_found(width: u32, height: u32, photos: &[&'static Photo], face_width: u32) {
    let collage = Collage::compose(width, height, photos, face_width);
    let faces = embed(collage.jpeg()).await;
    eprintln!("{} faces", faces.len());
    assert_eq!(faces.len(), photos.len());
    let _ = collage;
}

#[tokio::test]
async fn collages() {
    all_are_found(1200, 800, &[&PHOTOS[0], &PHOTOS[4]], 200).await;
    let twenty: Vec<_> = PHOTOS.iter().chain(&PHOTOS).collect();
    all_are_found(4000, 3000, &twenty, 64).await;
    all_are_found(4000, 3000, &twenty, 48).await;
    all_are_found(4000, 3000, &twenty, 40).await;
}
