//! Bytes of an image file to upright 8-bit RGB pixels.

// Every index is below a length that was computed from the same number of pixels.
#![allow(clippy::indexing_slicing)]

use std::io::Cursor;

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, RgbImage};

use super::ImageError;

mod jpeg;
#[cfg(test)]
mod tests;

/// Most bytes of a picture as its decoder puts it out, for each pixel allowed: RGBA of 16 bits.
const BYTES_PER_PIXEL: u64 = 8;

/// Bytes for what does not grow with the picture: tables, rows in work.
const OVERHEAD: u64 = 16 << 20;

/// The longest side: all that JPEG can say. A PNG of one row takes its decoder three times the memory of a square one.
const MAX_SIDE: u32 = 65_535;

/// Upright pixels: of the picture, or fewer where fewer are enough.
#[derive(Debug)]
pub(super) struct Photo {
    pub(super) pixels: RgbImage,
    /// Sides of the picture, upright.
    pub(super) size: (u32, u32),
    /// Of how many of its pixels, across and down, one of `pixels` is made: 1, 2, 4 or 8.
    pub(super) reduction: u8,
    /// Where in `pixels` the picture begins. A side that is no multiple of `reduction` fills its last pixel in part, and
    /// turning can make that the first one.
    pub(super) origin: (f64, f64),
}

/// Decodes JPEG, PNG or WebP, told apart by their first bytes, and turns the picture as its EXIF orientation
/// says. Transparent pixels are laid over white; 16-bit, grey, palette and CMYK pixels become 8-bit RGB.
///
/// `needed` says at which scale a picture of this longer side is needed; a JPEG is decoded at the smallest that has it.
///
/// # Errors
/// If the format is another one, the header promises more than `max_pixels` (nothing is decoded then), or
/// the data are damaged.
pub(super) fn decode(
    bytes: &[u8],
    max_pixels: u64,
    needed: impl FnOnce(u32) -> f64,
) -> Result<Photo, ImageError> {
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => jpeg::decode(bytes, max_pixels, needed),
        Ok(format @ (ImageFormat::Png | ImageFormat::WebP)) => whole(bytes, format, max_pixels),
        _ => Err(ImageError::Format),
    }
}

/// A PNG or WebP.
fn whole(bytes: &[u8], format: ImageFormat, max_pixels: u64) -> Result<Photo, ImageError> {
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(match format {
        // Beside rows, a PNG's decoder unpacks colour profiles and texts, before anybody looks at the size.
        ImageFormat::Png => OVERHEAD,
        _ => max_pixels.saturating_mul(BYTES_PER_PIXEL).saturating_add(OVERHEAD),
    });
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    let (width, height) = decoder.dimensions();
    check(width, height, max_pixels)?;
    // Damaged metadata are no reason to refuse a picture.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let colors = decoder.color_type();
    // At most BYTES_PER_PIXEL for each.
    let length = usize::try_from(decoder.total_bytes());
    let mut pixels = vec![0; length.map_err(|_| too_many(width, height, max_pixels))?];
    decoder.read_image(&mut pixels).map_err(damaged)?;
    let pixels = RgbImage::from_raw(width, height, opaque(pixels, colors));
    let pixels = upright(pixels.ok_or_else(|| too_many(width, height, max_pixels))?, orientation);
    Ok(Photo { size: pixels.dimensions(), pixels, reduction: 1, origin: (0.0, 0.0) })
}

/// Whether a picture is small enough.
fn check(width: u32, height: u32, max_pixels: u64) -> Result<(), ImageError> {
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(too_many(width, height, max_pixels));
    }
    if width.max(height) > MAX_SIDE {
        return Err(ImageError::TooLong { side: width.max(height), limit: MAX_SIDE });
    }
    Ok(())
}

fn too_many(width: u32, height: u32, limit: u64) -> ImageError {
    ImageError::TooManyPixels { width, height, limit }
}

fn damaged(error: impl std::error::Error + Send + Sync + 'static) -> ImageError {
    ImageError::Damaged(Box::new(error))
}

fn upright(pixels: RgbImage, orientation: Orientation) -> RgbImage {
    if orientation == Orientation::NoTransforms {
        return pixels;
    }
    let mut image = DynamicImage::ImageRgb8(pixels);
    image.apply_orientation(orientation);
    image.into_rgb8()
}

/// RGB of 8 bits, in the memory of what was decoded wherever that is large enough: a second copy of a large picture
/// would be most of what we need.
fn opaque(pixels: Vec<u8>, colors: ColorType) -> Vec<u8> {
    let deep = |bytes: [u8; 2]| {
        let value = (u32::from(u16::from_ne_bytes(bytes)) + 128) / 257;
        u8::try_from(value).unwrap_or(u8::MAX)
    };
    match colors {
        ColorType::L8 => widen(&pixels, |[grey]: [u8; 1]| [grey; 3]),
        ColorType::La8 => widen(&pixels, |[grey, alpha]| [over_white(grey, alpha); 3]),
        ColorType::L16 => widen(&pixels, |grey: [u8; 2]| [deep(grey); 3]),
        ColorType::La16 => narrow(pixels, |[a, b, c, d]| [over_white(deep([a, b]), deep([c, d])); 3]),
        ColorType::Rgba8 => narrow(pixels, |[red, green, blue, alpha]| {
            [red, green, blue].map(|value| over_white(value, alpha))
        }),
        ColorType::Rgb16 => narrow(pixels, |[a, b, c, d, e, f]| [[a, b], [c, d], [e, f]].map(deep)),
        ColorType::Rgba16 => narrow(pixels, |[a, b, c, d, e, f, g, h]| {
            let alpha = deep([g, h]);
            [[a, b], [c, d], [e, f]].map(|value| over_white(deep(value), alpha))
        }),
        // None of the three formats has another.
        _ => pixels,
    }
}

/// Pixels of at most three bytes, as RGB.
fn widen<const N: usize>(pixels: &[u8], of: impl Fn([u8; N]) -> [u8; 3]) -> Vec<u8> {
    pixels.as_chunks::<N>().0.iter().flat_map(|pixel| of(*pixel)).collect()
}

/// Pixels of more than three bytes, as RGB at the beginning of the same memory; the rest goes back.
fn narrow<const N: usize>(mut pixels: Vec<u8>, of: impl Fn([u8; N]) -> [u8; 3]) -> Vec<u8> {
    let count = pixels.len() / N;
    for index in 0..count {
        let mut pixel = [0; N];
        pixel.copy_from_slice(&pixels[index * N..(index + 1) * N]);
        pixels[index * 3..(index + 1) * 3].copy_from_slice(&of(pixel));
    }
    pixels.truncate(count * 3);
    pixels.shrink_to_fit();
    pixels
}

fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    let sum = value * alpha + 255 * (255 - alpha);
    u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
}
