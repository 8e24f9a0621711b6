//! Pictures with several faces, composed of the sample photos.

// Test code: to panic is how it reports. (Clippy knows that only inside of #[test] functions.)
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, reason = "each test binary uses a part of it")]

use std::path::PathBuf;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::{FilterType, overlay, resize};
use image::{Rgb, RgbImage};

/// A sample photo with one face.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Photo {
    pub(crate) file: &'static str,
    pub(crate) person: &'static str,
    /// Left, top, width and height of the face, in pixels.
    pub(crate) face: [u32; 4],
}

/// All sample photos: four of one person, two each of two, and one each of two.
pub(crate) const PHOTOS: [Photo; 10] = [
    Photo { file: "ardern.jpg", person: "ardern", face: [217, 152, 286, 387] },
    Photo { file: "ardern2.jpg", person: "ardern", face: [207, 134, 285, 395] },
    Photo { file: "biden.jpg", person: "biden", face: [427, 177, 287, 398] },
    Photo { file: "macron.jpg", person: "macron", face: [67, 48, 73, 103] },
    Photo { file: "macron2.jpg", person: "macron", face: [204, 169, 315, 411] },
    Photo { file: "obama.jpg", person: "obama", face: [371, 91, 241, 329] },
    Photo { file: "obama2.jpg", person: "obama", face: [202, 229, 276, 405] },
    Photo { file: "obama3.jpg", person: "obama", face: [643, 273, 265, 345] },
    Photo { file: "obama4.jpg", person: "obama", face: [220, 163, 245, 340] },
    Photo { file: "sunak.jpg", person: "sunak", face: [237, 187, 280, 392] },
];

/// Background of a collage.
const GREY: Rgb<u8> = Rgb([128, 132, 136]);

impl Photo {
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/photos").join(self.file)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.path()).unwrap()
    }

    pub(crate) fn image(&self) -> RgbImage {
        image::load_from_memory(&self.bytes()).unwrap().into_rgb8()
    }

    /// Head and shoulders, scaled so that the face is `face_width` wide; and where in it the face begins.
    fn portrait(&self, face_width: u32) -> (RgbImage, [u32; 2]) {
        let photo = self.image();
        let [x, y, w, h] = self.face;
        let (left, top) = (x.saturating_sub(w / 2), y.saturating_sub(h * 2 / 5));
        let (right, bottom) = ((x + w * 3 / 2).min(photo.width()), (y + h * 3 / 2).min(photo.height()));
        let crop = image::imageops::crop_imm(&photo, left, top, right - left, bottom - top).to_image();
        let scaled = |length: u32| (length * face_width).div_ceil(w);
        let portrait = resize(&crop, scaled(crop.width()), scaled(crop.height()), FilterType::Triangle);
        (portrait, [scaled(x - left), scaled(y - top)])
    }
}

/// A face that was put into a collage.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) photo: &'static Photo,
    /// Left, top, width and height, in pixels of the collage.
    pub(crate) face: [u32; 4],
}

/// A picture of several faces, and where they are.
pub(crate) struct Collage {
    pub(crate) image: RgbImage,
    pub(crate) faces: Vec<Placed>,
}

impl Collage {
    /// Lays `photos` out on a canvas, row by row in equal cells, every face `face_width` pixels wide. Within
    /// its cell each one is moved about a little, so that faces meet the detector's grids at all offsets.
    pub(crate) fn compose(width: u32, height: u32, photos: &[&'static Photo], face_width: u32) -> Collage {
        let mut image = RgbImage::from_pixel(width, height, GREY);
        let count = u32::try_from(photos.len()).unwrap();
        let columns = (1..=count).find(|n| n * n * height >= count * width).unwrap_or(count);
        let (cell_width, cell_height) = (width / columns, height / count.div_ceil(columns));
        let place = |(number, photo): (u32, &&'static Photo)| {
            let (portrait, [x, y]) = photo.portrait(face_width);
            let (free_x, free_y) =
                (cell_width.checked_sub(portrait.width()), cell_height.checked_sub(portrait.height()));
            let (free_x, free_y) = (free_x.expect("cell too narrow"), free_y.expect("cell too low"));
            let left = number % columns * cell_width + free_x * (number * 37 % 100) / 100;
            let top = number / columns * cell_height + free_y * (number * 61 % 100) / 100;
            overlay(&mut image, &portrait, left.into(), top.into());
            let face_height = photo.face[3] * face_width / photo.face[2];
            Placed { photo, face: [left + x, top + y, face_width, face_height] }
        };
        let faces = (0..count).zip(photos).map(place).collect();
        Collage { image, faces }
    }

    pub(crate) fn jpeg(&self) -> Vec<u8> {
        jpeg(&self.image)
    }
}

pub(crate) fn jpeg(image: &RgbImage) -> Vec<u8> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 92).encode_image(image).unwrap();
    bytes
}
