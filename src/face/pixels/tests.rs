#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small numbers")]

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use super::{ImageError, Photo};

/// All pixels of a picture.
fn decode(bytes: &[u8], max_pixels: u64) -> Result<RgbImage, ImageError> {
    super::decode(bytes, max_pixels, |_| 1.0).map(|photo| photo.pixels)
}

fn encoded(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.into().write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

#[test]
fn transparent_pixels_lie_over_white() {
    let mut image = RgbaImage::from_pixel(3, 1, Rgba([200, 100, 0, 255]));
    image.put_pixel(1, 0, Rgba([200, 100, 0, 0]));
    image.put_pixel(2, 0, Rgba([200, 100, 0, 51]));
    let decoded = decode(&encoded(image, ImageFormat::Png), 100).unwrap();
    assert_eq!(decoded.into_raw(), [200, 100, 0, 255, 255, 255, 244, 224, 204]);
}

#[test]
fn deep_and_grey_pixels_become_8_bit_rgb() {
    let deep = image::ImageBuffer::from_pixel(1, 1, Rgb([0xffff_u16, 0x8080, 0]));
    assert_eq!(decode(&encoded(deep, ImageFormat::Png), 1).unwrap().into_raw(), [255, 128, 0]);
    let grey = image::GrayImage::from_pixel(1, 1, Luma([77]));
    assert_eq!(decode(&encoded(grey.clone(), ImageFormat::Png), 1).unwrap().into_raw(), [77; 3]);
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 100).encode_image(&grey).unwrap();
    assert_eq!(decode(&jpeg, 1).unwrap().into_raw(), [77; 3]);
}

#[test]
fn the_area_is_checked_before_the_pixels_are_read() {
    let mut png = encoded(RgbImage::new(20, 10), ImageFormat::Png);
    assert!(decode(&png, 200).is_ok());
    let too_many = ImageError::TooManyPixels { width: 20, height: 10, limit: 199 };
    assert_eq!(decode(&png, 199).unwrap_err().to_string(), too_many.to_string());
    // Even when there are no pixels to read.
    png.truncate(60);
    assert!(matches!(decode(&png, 199), Err(ImageError::TooManyPixels { .. })));
}

#[test]
fn only_three_formats_are_read_whatever_a_file_is_called() {
    for bytes in [&b""[..], b"GIF89a\x01\0\x01\0", b"BM", b"II*\0", b"<svg/>", b"\0\0\0\x1cftypavif"] {
        assert!(matches!(decode(bytes, 100), Err(ImageError::Format)), "{bytes:?}");
    }
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        let whole = encoded(RgbImage::new(8, 8), format);
        assert_eq!(decode(&whole, 64).unwrap().dimensions(), (8, 8));
        for length in (12..whole.len()).step_by(7) {
            // A cut file is an error or a picture, never a panic.
            let _ = decode(&whole[..length], 64);
        }
    }
}

/// A JPEG with an EXIF segment that holds nothing but the orientation.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let exif =
        [b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0", &[orientation, 0, 0, 0, 0, 0, 0, 0][..]]
            .concat();
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    [&jpeg[..2], &[0xff, 0xe1], &length, &exif, &jpeg[2..]].concat()
}

/// A grey ramp whose sides are no multiples: wherever a reduced picture says that a pixel is, it is that grey.
#[test]
fn a_jpeg_is_decoded_no_larger_than_needed_and_its_pixels_are_where_they_were() {
    let (width, height) = (403, 301);
    let grey = |x: u32, y: u32| (x / 4 + y / 3) as u8;
    let ramp = RgbImage::from_fn(width, height, |x, y| Rgb([grey(x, y); 3]));
    let mut jpeg = Vec::new();
    JpegEncoder::new_with_quality(&mut jpeg, 100).encode_image(&ramp).unwrap();
    for orientation in 1..=8 {
        let bytes = with_orientation(&jpeg, orientation);
        let whole = super::decode(&bytes, 200_000, |_| 0.51).unwrap();
        assert_eq!((whole.reduction, whole.size, whole.origin), (1, whole.pixels.dimensions(), (0.0, 0.0)));
        for (needed, reduction) in [(0.5, 2), (0.3, 2), (0.25, 4), (0.126, 4), (0.125, 8), (0.0, 8)] {
            let Photo { pixels, size, reduction: used, origin } = super::decode(&bytes, 200_000, |long| {
                assert_eq!(long, 403);
                needed
            })
            .unwrap();
            assert_eq!((used, size), (reduction, whole.size), "{needed}");
            let step = f64::from(reduction);
            for (x, y, pixel) in pixels.enumerate_pixels() {
                // The middle of what this pixel is made of, if all of that is there.
                let place = |at: u32, origin: f64| (f64::from(at) + 0.5 - origin) * step - 0.5;
                let (x, y) = (place(x, origin.0), place(y, origin.1));
                let margin = step / 2.0;
                if x < margin
                    || y < margin
                    || x > f64::from(size.0) - 1.0 - margin
                    || y > f64::from(size.1) - 1.0 - margin
                {
                    continue;
                }
                let expected = f64::from(whole.pixels.get_pixel(x.round() as u32, y.round() as u32).0[0]);
                assert!(
                    (f64::from(pixel.0[0]) - expected).abs() <= 3.0,
                    "{orientation} {needed}: {x} {y} {pixel:?} {expected}"
                );
            }
        }
    }
}

#[test]
fn bytes_between_segments_do_no_harm_and_cut_data_do() {
    let mut jpeg = Vec::new();
    JpegEncoder::new(&mut jpeg).encode_image(&RgbImage::from_pixel(64, 64, Rgb([9; 3]))).unwrap();
    let untidy = [&jpeg[..jpeg.len() - 2], b"untidy", &jpeg[jpeg.len() - 2..]].concat();
    assert_eq!(decode(&untidy, 4096).unwrap().get_pixel(63, 63).0, [9; 3]);
    assert!(matches!(decode(&jpeg[..jpeg.len() - 20], 4096), Err(ImageError::Damaged(_))));
}
