//! What YuNet puts out, as faces. Pure.
//!
//! Wu, Peng, Yu: "YuNet: A Tiny Millisecond-level Face Detector" (2023); decoded as OpenCV's `FaceDetectorYN`
//! does it.

// Numeric code: every index is below a length that was just computed, and grids are far below 2^24 cells.
#![allow(clippy::indexing_slicing, clippy::cast_precision_loss)]

use super::Area;
use super::pyramid::Place;

#[cfg(test)]
mod tests;

/// Pixels between the cells of the three grids that YuNet puts out.
pub(super) const STRIDES: [usize; 3] = [8, 16, 32];

/// Sides of the input must be multiples of this: the largest stride.
pub(super) const MULTIPLE: u32 = 32;

/// Boxes with a shorter side are noise, in pixels of what was looked at: YuNet misses one in eight faces of
/// this size, and SFace's vectors of such faces are more than the threshold away from the person's own.
const MIN_SIDE: f32 = 12.0;

/// From this shorter side on, the first look is believed whatever a closer one says: nothing is gained by
/// looking closer at a face that large, and where its landmarks are then does not depend on how many pixels
/// the photo has.
const SURE_SIDE: f32 = 48.0;

/// Two boxes that share more of their union are of one face (OpenCV's default).
const SAME_UNION: f32 = 0.3;

/// Two boxes from different looks are of one face if they share more of the smaller: a piece's border cuts
/// faces, and a close look finds "faces" within large ones.
const SAME_PART: f32 = 0.6;

/// Most candidates that are compared with each other (OpenCV's default).
const MAX_CANDIDATES: usize = 5000;

/// One face, in pixels of whatever was looked at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Detection {
    /// 0 to 1.
    pub(super) score: f32,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
    /// The shorter side, in pixels of the look that found it.
    pub(super) seen: f32,
    /// Right eye, left eye, nose, right and left corner of the mouth (the person's own right and left).
    pub(super) landmarks: [[f32; 2]; 5],
}

/// One grid of YuNet's: four outputs, row by row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid<'t> {
    pub(super) stride: usize,
    /// Cells in a row.
    pub(super) columns: usize,
    /// Is it a face: one value a cell.
    pub(super) class: &'t [f32],
    /// Is there an object: one value a cell.
    pub(super) object: &'t [f32],
    /// Centre and logarithm of the size, in strides: four values a cell.
    pub(super) boxes: &'t [f32],
    /// Five points, in strides: ten values a cell.
    pub(super) points: &'t [f32],
}

impl Grid<'_> {
    /// The faces with at least `min_score`.
    pub(super) fn decode(&self, min_score: f32) -> impl Iterator<Item = Detection> {
        let scores = self.class.iter().zip(self.object);
        let cells = scores.zip(self.boxes.as_chunks::<4>().0).zip(self.points.as_chunks::<10>().0);
        cells.enumerate().filter_map(move |(cell, (((class, object), shape), points))| {
            let score = (class.clamp(0.0, 1.0) * object.clamp(0.0, 1.0)).sqrt();
            if score >= min_score { self.face(cell, score, *shape, points) } else { None }
        })
    }

    /// `None` if it is too small, or no numbers.
    fn face(&self, cell: usize, score: f32, shape: [f32; 4], points: &[f32; 10]) -> Option<Detection> {
        let stride = self.stride as f32;
        let (column, row) = ((cell % self.columns) as f32, (cell / self.columns) as f32);
        let [dx, dy, log_width, log_height] = shape;
        let (width, height) = (log_width.exp() * stride, log_height.exp() * stride);
        let (x, y) = ((column + dx) * stride - width / 2.0, (row + dy) * stride - height / 2.0);
        let landmark = |i: usize| [(points[2 * i] + column) * stride, (points[2 * i + 1] + row) * stride];
        let landmarks = [0, 1, 2, 3, 4].map(landmark);
        let finite =
            [x, y, width, height].into_iter().chain(landmarks.into_iter().flatten()).all(f32::is_finite);
        let seen = width.min(height);
        (finite && seen >= MIN_SIDE).then_some(Detection { seen, score, x, y, width, height, landmarks })
    }
}

impl Detection {
    pub(super) fn area(&self) -> f32 {
        self.width * self.height
    }

    /// Whether the landmarks are apart, so that a face can be aligned by them.
    pub(super) fn has_extent(&self) -> bool {
        let [first, rest @ ..] = self.landmarks;
        rest.iter().any(|point| (point[0] - first[0]).hypot(point[1] - first[1]) > f32::EPSILON)
    }

    /// A face found in a piece that begins at `origin` of a level, in pixels of the photo.
    pub(super) fn placed(&self, origin: (f32, f32), level: &Place) -> Detection {
        let place = |[x, y]: [f32; 2]| level.in_photo([x + origin.0, y + origin.1]);
        let [x, y] = place([self.x, self.y]);
        let (width, height) = level.length_in_photo(self.width, self.height);
        Detection { x, y, width, height, landmarks: self.landmarks.map(place), ..*self }
    }

    fn intersection(&self, other: &Detection) -> f32 {
        let width = (self.x + self.width).min(other.x + other.width) - self.x.max(other.x);
        let height = (self.y + self.height).min(other.y + other.height) - self.y.max(other.y);
        width.max(0.0) * height.max(0.0)
    }
}

impl From<&Detection> for Area {
    fn from(face: &Detection) -> Area {
        let [right_eye, left_eye, nose, mouth_right, mouth_left] = face.landmarks;
        let Detection { x, y, width: w, height: h, .. } = *face;
        Area { x, y, w, h, left_eye, right_eye, nose, mouth_left, mouth_right }
    }
}

/// Of all that several looks at one photo found (in the photo's pixels), each face once. Where two are of one
/// face, the one that the first look saw well stays, or else the one with the higher score.
pub(super) fn merge(looks: Vec<Vec<Detection>>) -> Vec<Detection> {
    let tagged = looks.into_iter().enumerate();
    let mut candidates: Vec<(usize, Detection)> =
        tagged.flat_map(|(look, faces)| faces.into_iter().map(move |face| (look, face))).collect();
    let sure = |look: usize, face: &Detection| look == 0 && face.seen >= SURE_SIDE;
    candidates.sort_by(|(look_a, a), (look_b, b)| {
        sure(*look_b, b).cmp(&sure(*look_a, a)).then(b.score.total_cmp(&a.score))
    });
    candidates.truncate(MAX_CANDIDATES);
    let mut kept: Vec<(usize, Detection)> = Vec::new();
    for (look, face) in candidates {
        let same = |(other_look, other): &(usize, Detection)| {
            let shared = face.intersection(other);
            let union = face.area() + other.area() - shared;
            let part = face.area().min(other.area());
            shared > SAME_UNION * union || (look != *other_look && shared > SAME_PART * part)
        };
        if !kept.iter().any(same) {
            kept.push((look, face));
        }
    }
    kept.into_iter().map(|(_, face)| face).collect()
}
