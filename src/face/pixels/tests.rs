use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageFormat, Luma, Rgb, RgbImage, Rgba, RgbaImage};

use super::{ImageError, decode};

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
