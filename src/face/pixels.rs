//! Bytes of an image file to upright 8-bit RGB pixels.

// Every index is below a length that was computed from the same number of pixels.
#![allow(clippy::indexing_slicing)]

use std::io::Cursor;

use image::error::{LimitError, LimitErrorKind};
use image::{ColorType, ImageDecoder, ImageError as Undecodable, ImageFormat, ImageReader, Limits, RgbImage};

use super::ImageError;

#[cfg(test)]
mod tests;

/// Most bytes of a picture as its decoder puts it out, for each pixel allowed: RGBA of 16 bits.
const BYTES_PER_PIXEL: u64 = 8;

/// Bytes for what does not grow with the picture: tables, rows in work.
const OVERHEAD: u64 = 16 << 20;

/// The longest side: all that JPEG can say. A PNG of one row takes its decoder three times the memory of a square one.
const MAX_SIDE: u32 = 65_535;

/// Most scans of a JPEG. Ordinary progressive ones have about ten; each costs a look at every pixel and next to no bytes,
/// so that a small file could keep a worker for days.
const MAX_SCANS: usize = 100;

/// The marker of a scan. In the data of one it cannot occur by chance.
const SCAN: [u8; 2] = [0xff, 0xda];

/// Decodes JPEG, PNG or WebP, told apart by their first bytes, and turns the picture as its EXIF orientation
/// says. Transparent pixels are laid over white; 16-bit, grey, palette and CMYK pixels become 8-bit RGB.
///
/// # Errors
/// If the format is another one, the header promises more than `max_pixels` (nothing is decoded then), or
/// the data are damaged.
pub(super) fn decode(bytes: &[u8], max_pixels: u64) -> Result<RgbImage, ImageError> {
    let format = match image::guess_format(bytes) {
        Ok(format @ (ImageFormat::Jpeg | ImageFormat::Png | ImageFormat::WebP)) => format,
        _ => return Err(ImageError::Format),
    };
    if format == ImageFormat::Jpeg && memchr::memmem::find_iter(bytes, &SCAN).nth(MAX_SCANS).is_some() {
        let limit = LimitError::from_kind(LimitErrorKind::InsufficientMemory);
        return Err(ImageError::Damaged(Undecodable::Limits(limit)));
    }
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(match format {
        // Beside rows, a PNG's decoder unpacks colour profiles and texts, before anybody looks at the size.
        ImageFormat::Png => OVERHEAD,
        _ => max_pixels.saturating_mul(BYTES_PER_PIXEL).saturating_add(OVERHEAD),
    });
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(ImageError::Damaged)?;
    let (width, height) = decoder.dimensions();
    let too_many = || ImageError::TooManyPixels { width, height, limit: max_pixels };
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(too_many());
    }
    if width.max(height) > MAX_SIDE {
        return Err(ImageError::TooLong { side: width.max(height), limit: MAX_SIDE });
    }
    // Damaged metadata are no reason to refuse a picture.
    let orientation = decoder.orientation().ok();
    let colors = decoder.color_type();
    // At most BYTES_PER_PIXEL for each.
    let mut pixels = vec![0; usize::try_from(decoder.total_bytes()).map_err(|_| too_many())?];
    decoder.read_image(&mut pixels).map_err(ImageError::Damaged)?;
    let image = RgbImage::from_raw(width, height, opaque(pixels, colors)).ok_or_else(too_many)?;
    Ok(match orientation {
        Some(image::metadata::Orientation::NoTransforms) | None => image,
        Some(orientation) => {
            let mut image = image::DynamicImage::ImageRgb8(image);
            image.apply_orientation(orientation);
            image.into_rgb8()
        }
    })
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
