use image::{Rgb, RgbImage};

use super::{OVERLAP, PIECE_SIDE, Piece, Pyramid, scaled, spans};

fn sizes(width: u32, height: u32) -> Vec<(u32, u32)> {
    let pyramid = Pyramid::new(RgbImage::new(width, height), 640).unwrap();
    pyramid.levels.iter().map(RgbImage::dimensions).collect()
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
    assert!(Pyramid::new(RgbImage::new(0, 0), 640).is_none());
}

#[test]
fn pieces_cover_all_levels_but_the_photo() {
    let pieces = |width, height| Pyramid::new(RgbImage::new(width, height), 640).unwrap().pieces();
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
    let pyramid = Pyramid::new(RgbImage::new(4000, 3000), 640).unwrap();
    for (scale, level) in [(0.1, 0), (0.159, 0), (0.161, 1), (0.399, 1), (0.41, 2), (3.0, 2)] {
        assert_eq!(pyramid.level_for(scale), level, "{scale}");
    }
}

/// Pins the filter: embeddings under different filters are not the same.
#[test]
fn scaling_is_by_a_triangle_as_wide_as_the_scale() {
    let edge = RgbImage::from_fn(16, 1, |x, _| Rgb([if x < 7 { 0 } else { 200 }; 3]));
    let values: Vec<u8> = scaled(&edge, 0.25).unwrap().pixels().map(|pixel| pixel.0[0]).collect();
    assert_eq!(values, GOLDEN_EDGE);
}

/// Weights 1, 3, 5, 7, 7, 5, 3, 1 of 32 on the eight pixels around each new one (Pillow's BILINEAR).
const GOLDEN_EDGE: [u8; 4] = [0, 56, 194, 200];
