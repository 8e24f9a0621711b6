//! A photo at the scales at which faces are looked for, and the pieces that the detector sees of it.

// Sides are at most 65,535 pixels (the formats' own limit is lower for all but PNG, and `decode` caps the
// area), so they fit f32 and the sums fit u32.
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::sync::Arc;

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::RgbImage;

use super::pixels::Photo;

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

/// A photo at several scales, the coarsest first.
#[derive(Debug)]
pub(super) struct Pyramid {
    levels: Vec<Level>,
    /// How many of them are looked at; the rest is for the recogniser alone.
    seen: usize,
}

/// A photo at one scale.
#[derive(Debug, Clone)]
pub(super) struct Level {
    pub(super) pixels: Arc<RgbImage>,
    pub(super) place: Place,
}

/// Where a level's pixels are in the photo.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// Pixels of the level for each of the photo, across and down.
    pub(super) scale: (f32, f32),
    /// Where in the level the photo begins.
    pub(super) origin: (f32, f32),
}

impl Place {
    /// A point of the photo, in the level. Coordinates are those of pixel centres: pixel 0 spans from -0.5 to 0.5.
    pub(super) fn in_level(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let Place { scale, origin } = *self;
        [(x + 0.5) * scale.0 - 0.5 + origin.0, (y + 0.5) * scale.1 - 0.5 + origin.1]
    }

    /// Back from [`Self::in_level`].
    pub(super) fn in_photo(&self, [x, y]: [f32; 2]) -> [f32; 2] {
        let Place { scale, origin } = *self;
        [(x + 0.5 - origin.0) / scale.0 - 0.5, (y + 0.5 - origin.1) / scale.1 - 0.5]
    }

    /// A length across and one down, of the level, in the photo.
    pub(super) fn length_in_photo(&self, across: f32, down: f32) -> (f32, f32) {
        (across / self.scale.0, down / self.scale.1)
    }
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
    /// The scale at which a detector whose input has `side` pixels looks at a photo of this longer side.
    pub(super) fn needed(long: u32, side: u32) -> f64 {
        let (coarse, fine) = scales(long, side);
        fine.unwrap_or(coarse)
    }

    /// The scales at which a detector whose input has `side` pixels has to look at `photo`: once as a whole,
    /// scaled down to `side`, and once closer if it is so large that small faces would be lost. A photo that
    /// fits is not scaled at all. `None` if the photo has no pixels.
    pub(super) fn new(photo: Photo, side: u32) -> Option<Pyramid> {
        if photo.pixels.is_empty() {
            return None;
        }
        let size = photo.size;
        let (coarse, fine) = scales(size.0.max(size.1), side);
        let finest = Level::from(photo);
        let mut levels = Vec::with_capacity(3);
        if coarse < 1.0 {
            levels.push(finest.scaled(size, coarse)?);
        }
        if let Some(fine) = fine {
            levels.push(finest.scaled(size, fine)?);
        }
        let seen = levels.len().max(1);
        levels.push(finest);
        Some(Pyramid { levels, seen })
    }

    /// The same with one more level.
    pub(super) fn with(&self, finer: Photo) -> Pyramid {
        let mut levels = self.levels.clone();
        levels.push(Level::from(finer));
        Pyramid { levels, seen: self.seen }
    }

    pub(super) fn level(&self, level: usize) -> Option<&Level> {
        self.levels.get(level)
    }

    /// The pieces that the detector has to see.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let mut pieces = Vec::new();
        for (level, Level { pixels, .. }) in self.levels.iter().take(self.seen).enumerate() {
            for (y, height) in spans(pixels.height()) {
                for (x, width) in spans(pixels.width()) {
                    pieces.push(Piece { level, x, y, width, height });
                }
            }
        }
        pieces
    }

    /// Whether some level has `scale` times the photo's resolution, or the photo itself is here.
    pub(super) fn has(&self, scale: f64) -> bool {
        self.levels.last().is_some_and(|finest| f64::from(finest.place.scale.0) >= scale.min(1.0))
    }

    /// The coarsest level that still has `scale` times the photo's resolution; else the finest.
    pub(super) fn level_for(&self, scale: f64) -> Option<&Level> {
        let enough = |level: &&Level| f64::from(level.place.scale.0) >= scale;
        self.levels.iter().find(enough).or(self.levels.last())
    }
}

/// The scales at which a photo of this longer side is looked at: that of the first look, and of the second one if there
/// is to be one.
fn scales(long: u32, side: u32) -> (f64, Option<f64>) {
    let long = f64::from(long.max(1));
    let coarse = (f64::from(side) / long).min(1.0);
    let fine = FINE_SCALE.min(FINE_SIDE / long);
    (coarse, (fine > coarse * FINE_GAIN).then_some(fine))
}

impl From<Photo> for Level {
    fn from(photo: Photo) -> Level {
        let scale = f32::from(photo.reduction).recip();
        let origin = (photo.origin.0 as f32, photo.origin.1 as f32);
        Level { pixels: Arc::new(photo.pixels), place: Place { scale: (scale, scale), origin } }
    }
}

impl Level {
    /// The photo of this size at another scale.
    fn scaled(&self, size: (u32, u32), scale: f64) -> Option<Level> {
        let side = |length: u32| (f64::from(length) * scale).round().max(1.0) as u32;
        let to = (side(size.0), side(size.1));
        let pixels = scaled(&self.pixels, &self.place, size, to)?;
        let ratio = |part: u32, whole: u32| part as f32 / whole as f32;
        let place = Place { scale: (ratio(to.0, size.0), ratio(to.1, size.1)), origin: (0.0, 0.0) };
        Some(Level { pixels: Arc::new(pixels), place })
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

/// The part of `pixels` that holds the photo of this size, scaled to another.
fn scaled(pixels: &RgbImage, place: &Place, size: (u32, u32), to: (u32, u32)) -> Option<RgbImage> {
    let part = |begin: f32, length: u32, scale: f32, all: u32| {
        let begin = f64::from(begin);
        (begin, (f64::from(length) * f64::from(scale)).min(f64::from(all) - begin))
    };
    let (left, width) = part(place.origin.0, size.0, place.scale.0, pixels.width());
    let (top, height) = part(place.origin.1, size.1, place.scale.1, pixels.height());
    let options = ResizeOptions::new().resize_alg(FILTER).crop(left, top, width, height);
    let from = ImageRef::new(pixels.width(), pixels.height(), pixels.as_raw(), PixelType::U8x3).ok()?;
    let mut image = Image::new(to.0, to.1, PixelType::U8x3);
    Resizer::new().resize(&from, &mut image, &options).ok()?;
    RgbImage::from_raw(to.0, to.1, image.into_vec())
}
