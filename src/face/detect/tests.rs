use super::{Detection, Grid, Place, merge};

fn face(score: f32, x: f32, y: f32, size: f32) -> Detection {
    let landmarks = [[x, y], [x + size, y], [x, y], [x, y], [x, y + size]];
    Detection { score, x, y, width: size, height: size, seen: size, landmarks }
}

fn scores(faces: &[Detection]) -> Vec<f32> {
    faces.iter().map(|face| face.score).collect()
}

#[test]
fn a_cell_becomes_a_face() {
    // Two rows of three cells; only the last one (column 2, row 1) is a face.
    let mut class = [0.0; 6];
    let mut object = [1.0; 6];
    let mut boxes = [0.0; 24];
    let mut points = [0.0; 60];
    (class[5], object[5]) = (0.5, 7.0);
    boxes[20..].copy_from_slice(&[0.5, 0.25, 2f32.ln(), 4f32.ln()]);
    points[50..].copy_from_slice(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]);
    let grid = Grid { stride: 8, columns: 3, class: &class, object: &object, boxes: &boxes, points: &points };
    let [found] = grid.decode(0.6).collect::<Vec<_>>().try_into().unwrap();
    assert!((found.score - 0.5f32.sqrt()).abs() < 1e-6);
    // Centre (2.5, 1.25) cells of 8 pixels, size 16 x 32.
    assert_eq!((found.x, found.y), (20.0 - 8.0, 10.0 - 16.0));
    assert!((found.width - 16.0).abs() < 1e-5 && (found.height - 32.0).abs() < 1e-5);
    let points = [[2.0, 2.0], [4.0, 4.0], [6.0, 6.0], [8.0, 8.0], [10.0, 10.0]];
    assert_eq!(found.landmarks, points.map(|[x, y]| [x * 8.0, y * 8.0]));
    assert_eq!(grid.decode(0.71).count(), 0);
}

#[test]
fn boxes_of_a_few_pixels_are_noise() {
    for (side, count) in [(11.9f32, 0), (12.1, 1)] {
        let boxes = [0.0, 0.0, (side / 8.0).ln(), 2.0];
        let grid =
            Grid { stride: 8, columns: 1, class: &[1.0], object: &[1.0], boxes: &boxes, points: &[0.0; 10] };
        assert_eq!(grid.decode(0.6).count(), count, "{side}");
    }
}

#[test]
fn numbers_that_are_none_are_no_faces() {
    for broken in [f32::NAN, f32::INFINITY] {
        let grid = Grid {
            stride: 8,
            columns: 1,
            class: &[1.0],
            object: &[1.0],
            boxes: &[0.0, 0.0, broken, 0.0],
            points: &[0.0; 10],
        };
        assert_eq!(grid.decode(0.0).count(), 0);
    }
}

#[test]
fn each_face_stays_once_with_its_best_score() {
    let look = vec![face(0.7, 0.0, 0.0, 100.0), face(0.9, 5.0, 5.0, 100.0), face(0.8, 300.0, 0.0, 100.0)];
    assert_eq!(scores(&merge(vec![look])), [0.9, 0.8]);
}

#[test]
fn neighbours_that_overlap_little_both_stay() {
    let look = vec![face(0.9, 0.0, 0.0, 100.0), face(0.8, 60.0, 0.0, 100.0)];
    assert_eq!(merge(vec![look]).len(), 2);
}

#[test]
fn a_part_of_a_face_counts_as_the_face_only_in_another_look() {
    let (whole, part) = (face(0.9, 0.0, 0.0, 100.0), face(0.8, 10.0, 10.0, 30.0));
    assert_eq!(scores(&merge(vec![vec![whole], vec![part]])), [0.9]);
    assert_eq!(scores(&merge(vec![vec![whole, part]])), [0.9, 0.8]);
}

#[test]
fn a_face_that_the_first_look_saw_well_is_taken_from_there() {
    for (seen, score) in [(48.0, 0.7), (47.0, 0.9)] {
        let first = Detection { seen, ..face(0.7, 0.0, 0.0, 100.0) };
        let closer = Detection { seen: 200.0, ..face(0.9, 1.0, 1.0, 100.0) };
        assert_eq!(scores(&merge(vec![vec![first], vec![closer]])), [score], "{seen}");
    }
}

#[test]
fn too_many_candidates_are_cut_at_the_weakest() {
    let many = (0..6000).map(|i| face(1.0 - i as f32 / 10_000.0, 1000.0 * i as f32, 0.0, 10.0)).collect();
    let kept = merge(vec![many]);
    assert_eq!(kept.len(), 5000);
    assert!(scores(&kept).is_sorted_by(|a, b| a >= b));
}

#[test]
fn a_face_is_placed_by_pixel_centres() {
    let level = |across, down| Place { scale: (across, down), origin: (0.0, 0.0) };
    // Pixel 0 of a picture at half the size lies between pixels 0 and 1 of the whole one.
    let placed = face(0.9, 0.0, 0.0, 10.0).placed((0.0, 0.0), &level(0.5, 0.5));
    assert_eq!((placed.x, placed.y, placed.width), (0.5, 0.5, 20.0));
    let placed = face(0.9, 1.0, 2.0, 10.0).placed((100.0, 200.0), &level(1.0, 2.0));
    assert_eq!((placed.x, placed.y, placed.height), (101.0, 100.75, 5.0));
    assert_eq!(level(1.0, 2.0).in_level(placed.landmarks[0]), [101.0, 202.0]);
}

#[test]
fn a_face_without_extent_cannot_be_aligned() {
    let flat = Detection { landmarks: [[5.0, 5.0]; 5], ..face(0.9, 0.0, 0.0, 10.0) };
    assert!(!flat.has_extent());
    assert!(face(0.9, 0.0, 0.0, 10.0).has_extent());
}
