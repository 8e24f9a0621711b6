//! The promise: faces are those that OpenCV finds with the same models, and hard pictures change nobody's name.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking; sides of pictures are small numbers"
)]

#[path = "support/collage.rs"]
mod collage;
#[path = "support/engine.rs"]
mod engine;
#[path = "support/measure.rs"]
mod measure;

use std::collections::HashMap;

use bytes::Bytes;
use collage::{Collage, PHOTOS, Photo};
use engine::engine;
use facebolt::face::{Area, EmbedOptions, Face};
use image::imageops::{FilterType, crop_imm, resize};
use image::{Rgb, RgbImage};
use measure::{cosine, distance, iou, norm, png};

async fn embed(image: impl Into<Bytes>) -> Vec<Face> {
    engine().embed(image.into(), EmbedOptions::default()).await.unwrap()
}

async fn only_face(image: impl Into<Bytes>, case: &str) -> Face {
    let mut faces = embed(image).await;
    assert_eq!(faces.len(), 1, "{case}");
    faces.remove(0)
}

async fn samples() -> Vec<(&'static Photo, Face)> {
    let mut faces = Vec::new();
    for photo in &PHOTOS {
        faces.push((photo, only_face(photo.bytes(), photo.file).await));
    }
    faces
}

/// Whoever it shows is near, and nobody else is.
fn assert_is(face: &Face, photo: &Photo, samples: &[(&'static Photo, Face)], case: &str) {
    for (other, sample) in samples {
        let distance = distance(face, sample);
        let same = other.person == photo.person;
        assert_eq!(distance < 10.0, same, "{case}: {} is {distance} from {}", photo.file, other.file);
    }
}

#[derive(serde::Deserialize)]
struct Golden {
    photos: HashMap<String, Expected>,
    collages: HashMap<String, Vec<Expected>>,
}

#[derive(serde::Deserialize)]
struct Expected {
    #[serde(rename = "box")]
    area: [f32; 4],
    landmarks: [[f32; 2]; 5],
    score: f32,
    feature: Vec<f32>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("data/opencv_golden.json")).unwrap()
}

fn assert_as_expected(face: &Face, expected: &Expected, case: &str) {
    let overlap = iou(&face.area, expected.area);
    assert!(overlap > 0.95, "{case}: {overlap}");
    assert!((face.confidence - expected.score).abs() < 0.02, "{case}: {}", face.confidence);
    let Area { right_eye, left_eye, nose, mouth_right, mouth_left, .. } = face.area;
    for (point, right) in [right_eye, left_eye, nose, mouth_right, mouth_left].iter().zip(expected.landmarks)
    {
        let off = (point[0] - right[0]).hypot(point[1] - right[1]) / face.area.w;
        assert!(off < 0.02, "{case}: a landmark is off by {off} of the face's width");
    }
    let similarity = cosine(&face.embedding, &expected.feature);
    assert!(similarity > 0.99, "{case}: {similarity}");
    let norms = face.quality / norm(&expected.feature);
    assert!((0.95..1.05).contains(&norms), "{case}: {norms}");
}

/// Values of OpenCV, which runs the same models; `tests/data/opencv_golden.py` made them. They hold the
/// decoding of the detector's output, the landmarks' order, the alignment, the resize filter and the order of
/// the channels.
#[tokio::test]
async fn faces_are_those_of_opencv() {
    let golden = golden();
    assert_eq!(golden.photos.len(), PHOTOS.len());
    for (photo, face) in samples().await {
        assert_as_expected(&face, &golden.photos[photo.file], photo.file);
    }
}

/// Pictures of the detector's own size, so that both see the very same pixels.
fn collages() -> [(&'static str, Collage); 3] {
    let all: Vec<&'static Photo> = PHOTOS.iter().chain(&PHOTOS).collect();
    [
        ("two", Collage::compose(640, 427, &[&PHOTOS[0], &PHOTOS[4]], 107)),
        (
            "five",
            Collage::compose(640, 427, &[&PHOTOS[1], &PHOTOS[2], &PHOTOS[5], &PHOTOS[9], &PHOTOS[6]], 64),
        ),
        ("twenty", Collage::compose(640, 512, &all, 38)),
    ]
}

/// The same faces, each where OpenCV has it and with its vector. With `FACEBOLT_TEST_COLLAGES` the pictures are
/// written to that folder, for `opencv_golden.py`.
#[tokio::test]
async fn faces_of_collages_are_those_of_opencv() {
    if let Some(folder) = std::env::var_os("FACEBOLT_TEST_COLLAGES") {
        for (name, collage) in collages() {
            collage.image.save(std::path::Path::new(&folder).join(format!("{name}.png"))).unwrap();
        }
        return;
    }
    let golden = golden();
    for (name, collage) in collages() {
        let expected = &golden.collages[name];
        let mut found = embed(png(collage.image.clone())).await;
        assert_eq!((found.len(), expected.len()), (collage.faces.len(), collage.faces.len()), "{name}");
        for expected in expected {
            let nearest =
                |a: &&Face, b: &&Face| iou(&a.area, expected.area).total_cmp(&iou(&b.area, expected.area));
            let face = found.iter().max_by(nearest).unwrap().clone();
            assert_as_expected(&face, expected, name);
            found.retain(|other| *other != face);
        }
    }
}

/// `image` turned about its middle, black where nothing was.
fn turned(image: &RgbImage, degrees: f32) -> RgbImage {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (middle_x, middle_y) = (image.width() as f32 / 2.0, image.height() as f32 / 2.0);
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let (dx, dy) = (x as f32 - middle_x, y as f32 - middle_y);
        let (x, y) = (cos * dx + sin * dy + middle_x, cos * dy - sin * dx + middle_y);
        let inside =
            x >= 0.0 && y >= 0.0 && x <= (image.width() - 1) as f32 && y <= (image.height() - 1) as f32;
        let sampled = inside.then(|| image::imageops::interpolate_bilinear(image, x, y)).flatten();
        sampled.unwrap_or(Rgb([0; 3]))
    })
}

#[tokio::test]
async fn a_tilted_head_is_the_same_person() {
    let samples = samples().await;
    for photo in &PHOTOS {
        let upright = photo.image();
        for degrees in [-30.0, -20.0, -10.0, 10.0, 20.0, 30.0] {
            let case = format!("{} by {degrees} degrees", photo.file);
            let face = only_face(png(turned(&upright, degrees)), &case).await;
            assert_is(&face, photo, &samples, &case);
        }
    }
}

/// A sixth of the face is beyond the picture's border, on each side in turn.
#[tokio::test]
async fn a_face_at_the_border_is_the_same_person() {
    let samples = samples().await;
    for photo in &PHOTOS {
        let image = photo.image();
        let [x, y, w, h] = photo.face;
        let (across, down) = (w / 6, h / 6);
        for (side, [left, top, right, bottom]) in [
            ("left", [x + across, 0, image.width(), image.height()]),
            ("right", [0, 0, x + w - across, image.height()]),
            ("top", [0, y + down, image.width(), image.height()]),
            ("bottom", [0, 0, image.width(), y + h - down]),
        ] {
            let case = format!("{} cut at the {side}", photo.file);
            let cut = crop_imm(&image, left, top, right - left, bottom - top).to_image();
            let face = only_face(png(cut), &case).await;
            assert_is(&face, photo, &samples, &case);
        }
    }
}

/// The photo, scaled so that its face is `width` pixels wide.
fn scaled_to_face(photo: &Photo, width: u32) -> RgbImage {
    let image = photo.image();
    let scaled = |length: u32| (length * width).div_ceil(photo.face[2]);
    resize(&image, scaled(image.width()), scaled(image.height()), FilterType::Triangle)
}

#[tokio::test]
async fn a_tiny_photo_is_of_the_same_person() {
    let samples = samples().await;
    for photo in &PHOTOS {
        for width in [32, 48, 64] {
            let case = format!("{} with a face of {width} pixels", photo.file);
            let face = only_face(png(scaled_to_face(photo, width)), &case).await;
            assert_is(&face, photo, &samples, &case);
        }
    }
}

/// Just below the 50 megapixels that are allowed.
#[tokio::test]
async fn a_huge_photo_is_of_the_same_person() {
    let samples = samples().await;
    let photo = &PHOTOS[0];
    let image = photo.image();
    let scale = (49e6 / (f64::from(image.width()) * f64::from(image.height()))).sqrt();
    let side = |length: u32| (f64::from(length) * scale) as u32;
    let huge = resize(&image, side(image.width()), side(image.height()), FilterType::Triangle);
    let face = only_face(collage::jpeg(&huge), "49 megapixels").await;
    assert_is(&face, photo, &samples, "49 megapixels");
}

/// The same picture in every way that a JPEG may be stored, and as WebP with loss.
#[tokio::test]
async fn every_way_to_store_a_picture_gives_the_same_face() {
    let samples = samples().await;
    let photo = &PHOTOS[3];
    let expected = &samples[3].1;
    for (kind, bytes) in [
        ("progressive", include_bytes!("data/macron_progressive.jpg").as_slice()),
        ("4:2:0", include_bytes!("data/macron_420.jpg")),
        ("grey", include_bytes!("data/macron_grey.jpg")),
        ("progressive CMYK", include_bytes!("data/macron_cmyk_progressive.jpg")),
        ("WebP", include_bytes!("data/macron.webp")),
        ("palette", include_bytes!("data/macron_palette.png")),
    ] {
        let face = only_face(bytes, kind).await;
        assert_is(&face, photo, &samples, kind);
        let Area { x, y, w, h, .. } = expected.area;
        assert!(iou(&face.area, [x, y, w, h]) > 0.9, "{kind}");
        let most = if matches!(kind, "grey" | "palette") { 5.0 } else { 3.0 };
        assert!(distance(&face, expected) < most, "{kind}: {}", distance(&face, expected));
    }
}
