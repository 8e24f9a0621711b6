//! Some rows of a set, with the images that candidates are found by.

use std::sync::Arc;

use super::{Frame, Metric, exact, float::FloatImage, frame::Fate, int8::IntImage, set::Rows};

/// Consecutive rows of a set: the exact vectors, their image of low precision and the bound of each.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) frame: Arc<Frame>,
    /// Index of the first row in its set.
    pub(super) base: u32,
    pub(super) vectors: Rows,
    pub(super) image: Image,
    /// `sum x_k^2` of each row, summed in index order, if the metric is the cosine.
    pub(super) squares: Vec<f64>,
    /// Holds `|y| - p` and `|y| + p` of every row: two rows of a pair overlap, see [`Frame`].
    shell: (f64, f64),
}

#[derive(Debug)]
pub(super) enum Image {
    Float(FloatImage),
    Int(IntImage),
}

/// Squares of the norms that a bound needs: of the image, of what rounding took, of the original.
#[derive(Default)]
pub(super) struct Encoded {
    pub(super) norm: f64,
    pub(super) error: f64,
    pub(super) length: f64,
}

impl Encoded {
    /// Of an image `y` of `v`. Eight sums at a time, so that it vectorises: the bounds allow for any
    /// order.
    pub(super) fn of<T: Copy + Into<f64>>(y: &[T], v: &[f64]) -> Self {
        const LANES: usize = 8;
        let mut sums = [[0.0; LANES]; 3];
        for (y, v) in y.chunks(LANES).zip(v.chunks(LANES)) {
            let [norm, error, length] = &mut sums;
            let sums = norm.iter_mut().zip(error).zip(length);
            for (((norm, error), length), (y, v)) in sums.zip(y.iter().zip(v)) {
                let y: f64 = (*y).into();
                *norm += y * y;
                *error += (v - y) * (v - y);
                *length += v * v;
            }
        }
        let [norm, error, length] = sums.map(|sums| sums.iter().sum());
        Self { norm, error, length }
    }
}

impl Block {
    /// Rows `base..` of a set, whole vectors of the frame's dimension.
    pub(super) fn new(base: u32, vectors: Rows, frame: Arc<Frame>) -> Self {
        let dimension = frame.dimension();
        let rows = vectors.len() / dimension;
        let mut image = match frame.kernel() {
            Some(kernel) => Image::Int(IntImage::new(rows, dimension, kernel)),
            None => Image::Float(FloatImage::new(rows, dimension)),
        };
        let squares = match frame.predicate().metric() {
            Metric::Cosine => vectors.chunks_exact(dimension).map(|row| exact::dot(row, row)).collect(),
            Metric::EuclideanDistance | Metric::EuclideanSimilarity => Vec::new(),
        };
        let mut shell = (f64::INFINITY, f64::NEG_INFINITY);
        let mut projected = vec![0.0; dimension];
        for (index, row) in vectors.chunks_exact(dimension).enumerate() {
            let fate = frame.project(row, &mut projected);
            let (bound, inner, outer) = if fate == Fate::Bounded {
                let encoded = image.encode(index, &projected);
                let radius = frame.radius(encoded.error, encoded.length);
                let norm = encoded.norm.sqrt();
                // The factor covers the rounding of the norm.
                let reach = radius + 1e-9 * norm;
                (frame.bound(encoded.norm, radius), norm - reach, norm + reach)
            } else if fate == Fate::Always {
                (f64::NEG_INFINITY, f64::NEG_INFINITY, f64::INFINITY)
            } else {
                (f64::INFINITY, f64::INFINITY, f64::NEG_INFINITY)
            };
            image.set_bound(index, bound);
            shell = (shell.0.min(inner), shell.1.max(outer));
        }
        Self { frame, base, vectors, image, squares, shell }
    }

    /// Rows in the block.
    pub(super) fn rows(&self) -> usize {
        self.vectors.len() / self.frame.dimension()
    }

    /// Whether the norms of the images alone rule out every pair.
    pub(super) fn is_apart(&self, other: &Self) -> bool {
        self.shell.0 > other.shell.1 || other.shell.0 > self.shell.1
    }
}

impl Image {
    fn encode(&mut self, row: usize, projected: &[f64]) -> Encoded {
        match self {
            Self::Float(image) => image.encode(row, projected),
            Self::Int(image) => image.encode(row, projected),
        }
    }

    fn set_bound(&mut self, row: usize, bound: f64) {
        match self {
            Self::Float(image) => image.set_bound(row, bound),
            Self::Int(image) => image.set_bound(row, bound),
        }
    }
}
