use image::{Rgb, RgbImage};

use super::{Level, OVERLAP, PIECE_SIDE, Photo, Piece, Pyramid, spans};

/// A picture of which every pixel is there.
fn whole(pixels: RgbImage) -> Photo {
    Photo { size: pixels.dimensions(), pixels, reduction: 1, origin: (0.0, 0.0) }
}

fn pyramid(width: u32, height: u32) -> Pyramid {
    Pyramid::new(whole(RgbImage::new(width, height)), 640).unwrap()
}

fn sizes(width: u32, height: u32) -> Vec<(u32, u32)> {
    pyramid(width, height).levels.iter().map(|level| level.pixels.dimensions()).collect()
}

#[test]
fn scales_follow_the_size() {
    assert_eq!(sizes(204, 244), [(204, 244)]);
    assert_eq!(sizes(640, 640), [(640, 640)]);
    assert_eq!(sizes(1280, 960), [(640, 480), (1280, 960)]);
    assert_eq!(sizes(2000, 1000), [(640, 320), (2000, 1000)]);
    assert_eq!(sizes(4000, 3000), [(640, 480), (1600, 1200), (4000, 3000)]);
    assert_eq!(sizes(8192, 4096), [(640, 320), (2048, 1024), (8192, 4096)]);
    assert_eq!(sizes(3000, 1), [(640, 1), (1200, 1), (3000, 1)]);
    assert!(Pyramid::new(whole(RgbImage::new(0, 0)), 640).is_none());
}

#[test]
fn pieces_cover_all_levels_but_the_photo() {
    let pieces = |width, height| pyramid(width, height).pieces();
    let whole = |level, width, height| Piece { level, x: 0, y: 0, width, height };
    assert_eq!(pieces(300, 200), [whole(0, 300, 200)]);
    assert_eq!(pieces(1280, 960), [whole(0, 640, 480)]);
    let right = Piece { level: 1, x: 736, y: 0, width: 864, height: 1200 };
    assert_eq!(pieces(4000, 3000), [whole(0, 640, 480), whole(1, 864, 1200), right]);
}

#[test]
fn spans_cover_everything_and_overlap() {
    for length in (1..6000).step_by(7).chain([PIECE_SIDE, PIECE_SIDE + 1]) {
        let spans: Vec<_> = spans(length).collect();
        assert_eq!(spans[0].0, 0);
        assert!(spans.iter().all(|&(_, span)| (1..=PIECE_SIDE).contains(&span)), "{length}");
        assert_eq!(spans.last().map(|&(start, span)| start + span), Some(length));
        let overlaps = |pair: &[(u32, u32)]| pair[0].0 + pair[0].1 >= pair[1].0 + OVERLAP.min(pair[1].1);
        assert!(spans.windows(2).all(overlaps), "{length}: {spans:?}");
    }
}

#[test]
fn the_level_for_a_face_has_enough_pixels_and_no_more() {
    let pyramid = pyramid(4000, 3000);
    for (scale, level) in [(0.1, 0), (0.159, 0), (0.161, 1), (0.399, 1), (0.41, 2), (3.0, 2)] {
        let expected = pyramid.levels[level].pixels.dimensions();
        assert_eq!(pyramid.level_for(scale).unwrap().pixels.dimensions(), expected, "{scale}");
    }
}

/// A photo of 1,301 x 983 pixels, decoded at a half and upside down: 651 x 492, of which the first column and the first row
/// hold one pixel where others hold two.
#[test]
fn what_was_decoded_smaller_is_where_it_is_in_the_photo() {
    let pixels = RgbImage::from_fn(651, 492, |x, y| Rgb([(x / 4) as u8, (y / 2) as u8, 0]));
    let photo = Photo { pixels, size: (1301, 983), reduction: 2, origin: (0.5, 0.5) };
    let pyramid = Pyramid::new(photo, 100).unwrap();
    assert_eq!((Pyramid::needed(1301, 100), Pyramid::needed(1301, 500)), (0.4, 500.0 / 1301.0));
    let [coarse, finest] = [0, 2].map(|level| pyramid.level(level).unwrap());
    assert_eq!(coarse.pixels.dimensions(), (100, 76));
    for [x, y] in [[0.0, 0.0], [1300.0, 982.0], [640.0, 300.0]] {
        for level in [coarse, finest] {
            let [back_x, back_y] = level.place.in_photo(level.place.in_level([x, y]));
            assert!((back_x - x).abs() < 1e-3 && (back_y - y).abs() < 1e-3, "{back_x} {back_y}");
        }
    }
    // The photo's corners are the corners of the coarse level, and behind the rest in the finest.
    assert_eq!(coarse.place.in_level([-0.5, -0.5]), [-0.5, -0.5]);
    assert_eq!(finest.place.in_level([-0.5, -0.5]), [0.0, 0.0]);
    // The same colours at the same places, to the rounding of sides.
    for point in [[300.0, 300.0], [900.0, 700.0]] {
        let at = |level: &Level| {
            let [x, y] = level.place.in_level(point);
            image::imageops::interpolate_bilinear(&*level.pixels, x, y).unwrap().0
        };
        let (a, b) = (at(coarse), at(finest));
        assert!(a.iter().zip(b).all(|(a, b)| a.abs_diff(b) <= 2), "{a:?} {b:?}");
    }
    assert!(pyramid.has(0.5) && !pyramid.has(0.51));
    let finer = pyramid.with(whole(RgbImage::new(1301, 983)));
    assert!(finer.has(7.0));
    assert_eq!(finer.level_for(0.6).unwrap().pixels.dimensions(), (1301, 983));
    assert_eq!(finer.pieces(), pyramid.pieces());
}

/// Pins the filter: embeddings under different filters are not the same.
#[test]
fn scaling_is_by_a_triangle_as_wide_as_the_scale() {
    let edge = RgbImage::from_fn(16, 1, |x, _| Rgb([if x < 7 { 0 } else { 200 }; 3]));
    let scaled = Level::from(whole(edge)).scaled((16, 1), 0.25).unwrap();
    let values: Vec<u8> = scaled.pixels.pixels().map(|pixel| pixel.0[0]).collect();
    assert_eq!(values, GOLDEN_EDGE);
}

/// Weights 1, 3, 5, 7, 7, 5, 3, 1 of 32 on the eight pixels around each new one (Pillow's BILINEAR).
const GOLDEN_EDGE: [u8; 4] = [0, 56, 194, 200];
