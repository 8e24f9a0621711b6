//! JPEG, scaled while it is decoded: most of the time that a large photo takes is saved.

use image::RgbImage;
use image::metadata::Orientation;
use turbojpeg::{Colorspace, Decompressor, Error, Image, PixelFormat, ScalingFactor};

use super::{Photo, check, damaged, narrow, too_many, upright};
use crate::face::ImageError;

/// Most scans. Ordinary progressive JPEGs have about ten; each costs a look at every pixel and next to no bytes, so that
/// a small file could keep a worker for days.
const MAX_SCANS: usize = 100;

/// The marker of a scan. In the data of one it cannot occur by chance.
const SCAN: [u8; 2] = [0xff, 0xda];

/// By how much the inverse DCT reduces each side: those sizes for which the library has vector code.
const REDUCTIONS: [u8; 3] = [8, 4, 2];

/// A JPEG has more scans than anybody's.
#[derive(Debug, thiserror::Error)]
#[error("it has more than {MAX_SCANS} scans")]
struct TooManyScans;

/// As [`super::decode`].
pub(super) fn decode(
    bytes: &[u8],
    max_pixels: u64,
    needed: impl FnOnce(u32) -> f64,
) -> Result<Photo, ImageError> {
    if memchr::memmem::find_iter(bytes, &SCAN).nth(MAX_SCANS).is_some() {
        return Err(damaged(TooManyScans));
    }
    let mut decoder = Decompressor::new().map_err(damaged)?;
    let header = decoder.read_header(bytes).map_err(damaged)?;
    let side = |length: usize| u32::try_from(length).unwrap_or(u32::MAX);
    let (width, height) = (side(header.width), side(header.height));
    check(width, height, max_pixels)?;
    let needed = needed(width.max(height));
    let enough = |reduction: &u8| !header.is_lossless && f64::from(*reduction).recip() >= needed;
    let reduction = REDUCTIONS.into_iter().find(enough).unwrap_or(1);
    let scale = ScalingFactor::new(1, reduction.into());
    decoder.set_scaling_factor(scale).map_err(damaged)?;

    let inks = matches!(header.colorspace, Colorspace::CMYK | Colorspace::YCCK);
    let format = if inks { PixelFormat::CMYK } else { PixelFormat::RGB };
    let header = header.scaled(scale);
    let pitch = header.width * format.size();
    let mut pixels = vec![0; pitch * header.height];
    let image = Image { pixels: &mut *pixels, width: header.width, pitch, height: header.height, format };
    match decoder.decompress(bytes, image) {
        Err(error) if !is_harmless(&error) => return Err(damaged(error)),
        _ => {}
    }
    drop(decoder);
    // Adobe's way, which all others follow: 255 is no ink.
    let part =
        |ink: u8, key: u8| u8::try_from((u32::from(ink) * u32::from(key) + 127) / 255).unwrap_or(u8::MAX);
    let pixels = if inks { narrow(pixels, |[c, m, y, k]| [c, m, y].map(|ink| part(ink, k))) } else { pixels };
    let pixels = RgbImage::from_raw(side(header.width), side(header.height), pixels);
    let orientation = orientation(bytes).unwrap_or(Orientation::NoTransforms);
    Ok(Photo {
        pixels: upright(pixels.ok_or_else(|| too_many(width, height, max_pixels))?, orientation),
        size: if turned(orientation) { (height, width) } else { (width, height) },
        reduction,
        origin: origin((width, height), reduction, orientation),
    })
}

/// Whether the picture is whole all the same: some programs leave bytes between segments. The library tells of warnings
/// like of errors, and of the last one only.
fn is_harmless(error: &Error) -> bool {
    matches!(error, Error::TurboJpegError(text) if text.contains("extraneous bytes before marker"))
}

/// Whether width and height change places.
fn turned(orientation: Orientation) -> bool {
    use Orientation::{Rotate90, Rotate90FlipH, Rotate270, Rotate270FlipH};
    matches!(orientation, Rotate90 | Rotate270 | Rotate90FlipH | Rotate270FlipH)
}

/// Where in the reduced and turned pixels the picture begins, of which `size` is stored.
fn origin(size: (u32, u32), reduction: u8, orientation: Orientation) -> (f64, f64) {
    let reduction = u32::from(reduction);
    // The part of the last column, or row, that holds nothing.
    let rest = |length: u32| f64::from(length.next_multiple_of(reduction) - length) / f64::from(reduction);
    let (right, bottom) = (rest(size.0), rest(size.1));
    match orientation {
        Orientation::NoTransforms | Orientation::Rotate90FlipH => (0.0, 0.0),
        Orientation::FlipHorizontal => (right, 0.0),
        Orientation::FlipVertical => (0.0, bottom),
        Orientation::Rotate180 => (right, bottom),
        Orientation::Rotate90 => (bottom, 0.0),
        Orientation::Rotate270 => (0.0, right),
        Orientation::Rotate270FlipH => (bottom, right),
    }
}

/// What EXIF says of how the picture is to be turned. Damaged metadata are no reason to refuse one.
fn orientation(jpeg: &[u8]) -> Option<Orientation> {
    const EXIF: (u8, &[u8]) = (0xe1, b"Exif\0\0");
    const START_OF_SCAN: u8 = SCAN[1];
    // Behind the start of the image, segments of a marker, a length and so many bytes, which include the length.
    let mut rest = jpeg.get(2..)?;
    loop {
        rest = match *rest {
            [0xff, 0xff, ..] => rest.get(1..)?,
            [0xff, START_OF_SCAN, ..] => return None,
            [0xff, kind, high, low, ..] => {
                let (segment, behind) =
                    rest.get(2..)?.split_at_checked(u16::from_be_bytes([high, low]).into())?;
                if kind == EXIF.0
                    && let Some(exif) = segment.get(2..).and_then(|body| body.strip_prefix(EXIF.1))
                {
                    return Orientation::from_exif_chunk(exif);
                }
                behind
            }
            _ => return None,
        };
    }
}
