//! Bytes of an image file to upright 8-bit RGB pixels.

use std::io::Cursor;

use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage, RgbaImage};

use super::ImageError;

#[cfg(test)]
mod tests;

/// Most bytes that decoding may take for each pixel allowed: RGBA of 16 bits.
const BYTES_PER_PIXEL: u64 = 8;

/// Bytes for what does not grow with the picture: tables, rows in work.
const OVERHEAD: u64 = 16 << 20;

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
    let mut limits = Limits::no_limits();
    limits.max_alloc = Some(max_pixels.saturating_mul(BYTES_PER_PIXEL).saturating_add(OVERHEAD));
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().map_err(ImageError::Damaged)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > max_pixels {
        return Err(ImageError::TooManyPixels { width, height, limit: max_pixels });
    }
    // Damaged metadata are no reason to refuse a picture.
    let orientation = decoder.orientation().ok();
    let image = DynamicImage::from_decoder(decoder).map_err(ImageError::Damaged)?;
    let mut image = DynamicImage::ImageRgb8(opaque(image));
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    Ok(image.into_rgb8())
}

fn opaque(image: DynamicImage) -> RgbImage {
    if image.color().has_alpha() { over_white(&image.into_rgba8()) } else { image.into_rgb8() }
}

fn over_white(image: &RgbaImage) -> RgbImage {
    let mut opaque = RgbImage::new(image.width(), image.height());
    for (to, from) in opaque.pixels_mut().zip(image.pixels()) {
        let [red, green, blue, alpha] = from.0.map(u32::from);
        let blend = |value: u32| {
            let sum = value * alpha + 255 * (255 - alpha);
            u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
        };
        *to = Rgb([blend(red), blend(green), blend(blue)]);
    }
    opaque
}
