//! The promise: every face of a photo is found, once, and 10 is the distance that tells one person from two.

// Test code: to panic is how it reports. (Clippy knows that only inside of #[test] functions.)
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

#[path = "support/collage.rs"]
mod collage;
#[path = "support/engine.rs"]
mod engine;
#[path = "support/measure.rs"]
mod measure;

use bytes::Bytes;
use collage::{Collage, PHOTOS, Photo};
use engine::engine;
use facebolt::face::{Area, EmbedOptions, Face, FaceError, ImageError, Normalization, OnNoFace, Select};
use image::{DynamicImage, ImageFormat, RgbImage};
use measure::{cosine, distance, iou, norm, png};

async fn embed(image: impl Into<Bytes>) -> Vec<Face> {
    engine().embed(image.into(), EmbedOptions::default()).await.unwrap()
}

async fn only_face(image: impl Into<Bytes>) -> Face {
    let mut faces = embed(image).await;
    assert_eq!(faces.len(), 1);
    faces.remove(0)
}

async fn sample_faces() -> Vec<(&'static Photo, Face)> {
    let mut faces = Vec::new();
    for photo in &PHOTOS {
        faces.push((photo, only_face(photo.bytes()).await));
    }
    faces
}

#[tokio::test]
async fn ten_is_the_boundary_between_one_person_and_two() {
    let faces = sample_faces().await;
    let (mut same, mut different) = (Vec::new(), Vec::new());
    for (i, (photo, face)) in faces.iter().enumerate() {
        for (other_photo, other) in &faces[i + 1..] {
            let pair = if photo.person == other_photo.person { &mut same } else { &mut different };
            pair.push(distance(face, other));
        }
    }
    assert_eq!((same.len(), different.len()), (8, 37));
    assert!(same.iter().all(|&d| d < 8.7), "{same:?}");
    // With red and blue exchanged the closest two persons are 8.2 apart.
    assert!(different.iter().all(|&d| d > 11.3), "{different:?}");
}

/// Each face is found where it was put, none besides, and its vector is nearest to the person's own photos.
async fn assert_all_found(width: u32, height: u32, photos: &[&'static Photo], face_width: u32) {
    let collage = Collage::compose(width, height, photos, face_width);
    let known = sample_faces().await;
    let mut found = embed(collage.jpeg()).await;
    assert_eq!(found.len(), photos.len());
    assert!(found.iter().enumerate().all(|(index, face)| face.index == index));
    assert!(found.is_sorted_by(|a, b| a.area.w * a.area.h >= b.area.w * b.area.h));
    for placed in &collage.faces {
        let overlaps = |face: &Face| iou(&face.area, placed.face.map(|v| v as f32));
        let index = found.iter().position(|face| overlaps(face) > 0.5);
        let face = found.swap_remove(index.unwrap_or_else(|| panic!("{:?} is not found", placed.face)));
        for (photo, other) in &known {
            let (distance, same) = (distance(&face, other), photo.person == placed.photo.person);
            assert_eq!(distance < 10.0, same, "{} in {}: {distance}", photo.file, placed.photo.file);
        }
    }
}

#[tokio::test]
async fn two_faces_are_found() {
    assert_all_found(1200, 800, &[&PHOTOS[0], &PHOTOS[4]], 200).await;
}

#[tokio::test]
async fn five_faces_are_found() {
    assert_all_found(1500, 1000, &[&PHOTOS[1], &PHOTOS[2], &PHOTOS[5], &PHOTOS[9], &PHOTOS[6]], 150).await;
}

#[tokio::test]
async fn twenty_faces_are_found() {
    let photos: Vec<_> = PHOTOS.iter().chain(&PHOTOS).collect();
    assert_all_found(2000, 1600, &photos, 120).await;
}

#[tokio::test]
async fn small_faces_are_found_in_a_large_photo() {
    let photos: Vec<_> = PHOTOS.iter().chain(&PHOTOS).collect();
    assert_all_found(4000, 3000, &photos, 100).await;
    assert_all_found(4000, 3000, &photos, 60).await;
}

#[tokio::test]
async fn a_large_face_in_a_large_photo_is_found_once() {
    let photo = PHOTOS[5].image();
    let large = image::imageops::resize(&photo, 3000, 3748, image::imageops::FilterType::Triangle);
    let face = only_face(collage::jpeg(&large)).await;
    assert!(distance(&face, &only_face(PHOTOS[5].bytes()).await) < 4.0);
}

#[tokio::test]
async fn orientation_is_applied_before_anything_else() {
    let upright = PHOTOS[4].image();
    let expected = only_face(collage::jpeg(&upright)).await;
    for orientation in 1..=8 {
        // What a camera stores, so that turning it by `orientation` gives the upright picture.
        let stored = match orientation {
            2 => image::imageops::flip_horizontal(&upright),
            3 => image::imageops::rotate180(&upright),
            4 => image::imageops::flip_vertical(&upright),
            5 => image::imageops::flip_horizontal(&image::imageops::rotate90(&upright)),
            6 => image::imageops::rotate270(&upright),
            7 => image::imageops::flip_horizontal(&image::imageops::rotate270(&upright)),
            8 => image::imageops::rotate90(&upright),
            _ => upright.clone(),
        };
        let face = only_face(with_orientation(&collage::jpeg(&stored), orientation)).await;
        let Area { x, y, w, h, .. } = expected.area;
        assert!(iou(&face.area, [x, y, w, h]) > 0.9, "orientation {orientation}");
        assert!(cosine(&face.embedding, &expected.embedding) > 0.98, "orientation {orientation}");
    }
}

/// A JPEG with an EXIF segment that holds nothing but the orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let tiff = [
        b'I',
        b'I',
        42,
        0,
        8,
        0,
        0,
        0, // little-endian, first directory at 8
        1,
        0, // one entry
        0x12,
        0x01,
        3,
        0,
        1,
        0,
        0,
        0,
        orientation,
        0,
        0,
        0, // Orientation, SHORT, one value
        0,
        0,
        0,
        0, // no further directory
    ];
    let length = u8::try_from(2 + 6 + tiff.len()).unwrap();
    let start = [0xff, 0xd8, 0xff, 0xe1, 0, length];
    [&start[..], b"Exif\0\0", &tiff, &jpeg[2..]].concat()
}

#[tokio::test]
async fn every_kind_of_pixel_gives_the_same_face() {
    let photo = DynamicImage::ImageRgb8(PHOTOS[9].image());
    let expected = only_face(png(photo.clone())).await;
    let mut webp = std::io::Cursor::new(Vec::new());
    photo.write_to(&mut webp, ImageFormat::WebP).unwrap();
    for (kind, bytes) in [
        ("16 bits", png(photo.to_rgb16())),
        ("alpha", png(photo.to_rgba8())),
        ("alpha of 16 bits", png(photo.to_rgba16())),
        ("lossless WebP", webp.into_inner()),
    ] {
        let similarity = cosine(&only_face(bytes).await.embedding, &expected.embedding);
        assert!(similarity > 0.9999, "{kind}: {similarity}");
    }
    let macron = only_face(PHOTOS[3].bytes()).await;
    let cmyk = only_face(include_bytes!("data/macron_cmyk.jpg").as_slice()).await;
    assert!(distance(&cmyk, &macron) < 3.0, "{}", distance(&cmyk, &macron));
    for (kind, bytes) in [
        ("grey", png(photo.to_luma8())),
        ("grey of 16 bits", png(photo.to_luma16())),
        ("grey with alpha", png(photo.to_luma_alpha8())),
    ] {
        let distance = distance(&only_face(bytes).await, &expected);
        assert!(distance < 5.0, "{kind}: {distance}");
    }
}

#[tokio::test]
async fn an_image_without_a_face_has_no_rows_or_is_an_error() {
    let grey = png(RgbImage::from_pixel(800, 600, image::Rgb([90, 120, 150])));
    assert_eq!(embed(grey.clone()).await, []);
    assert_eq!(embed(png(RgbImage::new(1, 1))).await, []);
    assert_eq!(embed(png(RgbImage::new(3000, 1))).await, []);
    let strict = EmbedOptions { on_no_face: OnNoFace::Error, ..EmbedOptions::default() };
    assert!(matches!(engine().embed(grey.into(), strict).await, Err(FaceError::NoFace)));
}

#[tokio::test]
async fn options_choose_faces_and_scale() {
    let collage = Collage::compose(1500, 1000, &[&PHOTOS[1], &PHOTOS[2], &PHOTOS[5]], 150);
    let image = Bytes::from(collage.jpeg());
    let all = embed(image.clone()).await;
    let embed = async |options| engine().embed(image.clone(), options).await.unwrap();
    let default = EmbedOptions::default;

    assert_eq!(embed(EmbedOptions { select: Select::Largest, ..default() }).await, all[..1]);
    assert_eq!(embed(EmbedOptions { max_faces: 2, ..default() }).await, all[..2]);
    assert_eq!(embed(EmbedOptions { min_size: 1000, ..default() }).await, []);
    assert_eq!(embed(EmbedOptions { min_confidence: 0.999, ..default() }).await, []);

    let raw = &embed(EmbedOptions { normalization: Normalization::Raw, ..default() }).await[0];
    let unit = &embed(EmbedOptions { normalization: Normalization::L2, ..default() }).await[0];
    assert!((norm(&raw.embedding) - raw.quality).abs() < 1e-4);
    assert!((norm(&unit.embedding) - 1.0).abs() < 1e-5);
    assert!((norm(&all[0].embedding) - 10.0 / 1.055).abs() < 1e-4);
    assert!((9.0..20.0).contains(&raw.quality), "{}", raw.quality);

    let unknown = EmbedOptions { model: Some("nobody".into()), ..default() };
    let error = engine().embed(image.clone(), unknown).await.unwrap_err();
    assert!(error.to_string().contains("there are: sface"), "{error}");
}

#[tokio::test]
async fn bad_images_are_refused_and_the_engine_goes_on() {
    let refused = async |bytes: Vec<u8>| match engine().embed(bytes.into(), EmbedOptions::default()).await {
        Err(FaceError::Image(error)) => error,
        other => panic!("{other:?}"),
    };
    assert!(matches!(refused(b"GIF89a".to_vec()).await, ImageError::Format));
    assert!(matches!(refused(Vec::new()).await, ImageError::Format));
    let photo = png(PHOTOS[3].image());
    assert!(matches!(refused(photo[..photo.len() / 2].to_vec()).await, ImageError::Damaged(_)));
    // 49 kB that would become 1.2 GB.
    let bomb = include_bytes!("data/bomb.png").to_vec();
    assert!(matches!(
        refused(bomb).await,
        ImageError::TooManyPixels { width: 20_000, height: 20_000, limit: 50_000_000 }
    ));
    assert_eq!(embed(PHOTOS[3].bytes()).await.len(), 1);
}

#[tokio::test]
async fn dropped_requests_leave_the_engine_free() {
    let image = Bytes::from(PHOTOS[0].bytes());
    for _ in 0..50 {
        let request = engine().embed(image.clone(), EmbedOptions::default());
        let _ = tokio::time::timeout(std::time::Duration::ZERO, request).await;
    }
    assert_eq!(embed(image).await.len(), 1);
}

#[test]
fn an_engine_without_models_says_how_to_get_them() {
    engine(); // Loads ONNX Runtime; a process has only one.
    let empty = tempfile::tempdir().unwrap();
    let config = facebolt::face::EngineConfig {
        models_directory: Some(empty.path().to_owned()),
        ..facebolt::face::EngineConfig::default()
    };
    let error = facebolt::face::Engine::start(&config).unwrap_err().to_string();
    assert!(error.contains("facebolt models fetch"), "{error}");
}
