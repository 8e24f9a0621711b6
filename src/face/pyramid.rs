//! A photo at the scales at which faces are looked for, and the pieces that the detector sees of it.

// Sides are at most 65,535 pixels (the formats' own limit is lower for all but PNG, and `decode` caps the
// area), so they fit f32 and the sums fit u32.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

#[cfg(test)]
mod tests;

/// The filter of every resize: a triangle as wide as the scale asks, so that nothing aliases. Embeddings of
/// one photo under two filters differ (cosine 0.96 to 0.99), so there is one, and a test holds it.
const FILTER: ResizeAlg = ResizeAlg::Convolution(FilterType::Bilinear);

/// Scale of the second look, at photos much larger than the detector's input. YuNet finds all frontal faces
/// of 16 pixels and more, so this finds those of 40 in the photo; smaller ones are no use to a recogniser
/// that wants 112.
const FINE_SCALE: f64 = 0.4;

/// Longest side of the second look: what bounds its time.
const FINE_SIDE: f64 = 2048.0;

/// A second look must show this much more than the first to be worth its time.
const FINE_GAIN: f64 = 1.3;

/// Longest side of a piece: what bounds the detector's memory.
const PIECE_SIDE: u32 = 1280;

/// Pieces of one picture overlap by this much: more than any face that the first look is too coarse for, so
/// that each of those is whole in some piece.
const OVERLAP: u32 = 128;

/// A photo at several scales, the coarsest first; the last one is the photo itself, as it came.
#[derive(Debug)]
pub(super) struct Pyramid {
    levels: Vec<RgbImage>,
}

/// A piece of one level: what the detector looks at in one go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) level: usize,
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Piece {
    /// Its top left corner.
    pub(super) fn origin(&self) -> (f32, f32) {
        (self.x as f32, self.y as f32)
    }
}

impl Pyramid {
    /// The scales at which a detector whose input has `side` pixels has to look at `photo`: once as a whole,
    /// scaled down to `side`, and once closer if it is so large that small faces would be lost. A photo that
    /// fits is not scaled at all. `None` if the photo has no pixels.
    pub(super) fn new(photo: RgbImage, side: u32) -> Option<Pyramid> {
        if photo.is_empty() {
            return None;
        }
        let long = f64::from(photo.width().max(photo.height()));
        let coarse = (f64::from(side) / long).min(1.0);
        let fine = FINE_SCALE.min(FINE_SIDE / long);
        let mut levels = Vec::with_capacity(3);
        if coarse < 1.0 {
            levels.push(scaled(&photo, coarse)?);
        }
        if fine > coarse * FINE_GAIN {
            levels.push(scaled(&photo, fine)?);
        }
        levels.push(photo);
        Some(Pyramid { levels })
    }

    pub(super) fn level(&self, level: usize) -> Option<&RgbImage> {
        self.levels.get(level)
    }

    /// The pieces that the detector has to see.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        // The photo itself is looked at only if it is all there is.
        let seen = (self.levels.len() - 1).max(1);
        let mut pieces = Vec::new();
        for (level, image) in self.levels.iter().take(seen).enumerate() {
            for (y, height) in spans(image.height()) {
                for (x, width) in spans(image.width()) {
                    pieces.push(Piece { level, x, y, width, height });
                }
            }
        }
        pieces
    }

    /// How many pixels of `level` a pixel of the photo has, across and down.
    pub(super) fn scale(&self, level: usize) -> Option<(f32, f32)> {
        let (level, photo) = (self.levels.get(level)?, self.levels.last()?);
        let ratio = |part: u32, whole: u32| part as f32 / whole as f32;
        Some((ratio(level.width(), photo.width()), ratio(level.height(), photo.height())))
    }

    /// The coarsest level that still has `scale` times the photo's resolution; else the photo.
    pub(super) fn level_for(&self, scale: f64) -> usize {
        let last = self.levels.len() - 1;
        (0..last)
            .find(|&level| self.scale(level).is_some_and(|(across, _)| f64::from(across) >= scale))
            .unwrap_or(last)
    }
}

/// Starts and lengths of pieces of about the same length that cover `length` and overlap.
fn spans(length: u32) -> impl Iterator<Item = (u32, u32)> {
    let count = if length <= PIECE_SIDE { 1 } else { (length - OVERLAP).div_ceil(PIECE_SIDE - OVERLAP) };
    let step = (length - OVERLAP.min(length)).div_ceil(count);
    (0..count).map(move |i| {
        let start = i * step;
        (start, (step + OVERLAP).min(length - start))
    })
}

fn scaled(image: &RgbImage, scale: f64) -> Option<RgbImage> {
    let side = |length: u32| (f64::from(length) * scale).round().max(1.0) as u32;
    let (width, height) = (side(image.width()), side(image.height()));
    let from = ImageRef::new(image.width(), image.height(), image.as_raw(), PixelType::U8x3).ok()?;
    let mut to = Image::new(width, height, PixelType::U8x3);
    Resizer::new().resize(&from, &mut to, &ResizeOptions::new().resize_alg(FILTER)).ok()?;
    RgbImage::from_raw(width, height, to.into_vec())
}
