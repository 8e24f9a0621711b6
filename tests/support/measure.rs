//! How near two faces are, by place and by vector.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test binary uses a part of it, and a test fails by panicking"
)]

use facebolt::face::{Area, Face};
use image::{DynamicImage, ImageFormat};

pub(crate) fn dot(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

pub(crate) fn norm(vector: &[f32]) -> f32 {
    dot(vector, vector).sqrt()
}

pub(crate) fn cosine(a: &[f32], b: &[f32]) -> f32 {
    dot(a, b) / norm(a) / norm(b)
}

pub(crate) fn distance(a: &Face, b: &Face) -> f32 {
    assert_eq!(a.model, b.model);
    norm(&a.embedding.iter().zip(&b.embedding).map(|(a, b)| a - b).collect::<Vec<_>>())
}

pub(crate) fn iou(area: &Area, [x, y, w, h]: [f32; 4]) -> f32 {
    let across = (area.x + area.w).min(x + w) - area.x.max(x);
    let down = (area.y + area.h).min(y + h) - area.y.max(y);
    let shared = across.max(0.0) * down.max(0.0);
    shared / (area.w * area.h + w * h - shared)
}

pub(crate) fn png(image: impl Into<DynamicImage>) -> Vec<u8> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}
