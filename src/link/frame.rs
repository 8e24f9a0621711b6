//! What is fixed once for a job: where low precision is exact enough, and why.

use super::{LinkError, MAX_DIMENSION, Metric, Predicate, Tier, int8::Kernel};

/// Rows of a sample that are looked at: enough for medians, few enough to cost nothing.
const SAMPLE_ROWS: usize = 101;
/// Beyond this the square of an image would leave the range of f32 in a sum of products.
pub(super) const LARGEST_SQUARED_NORM: f64 = 1.208_925_819_614_629_2e24; // 2^80
/// Squared norms within which no product, sum or quotient of a cosine over- or underflows: 2^±500.
const ORDINARY: std::ops::RangeInclusive<f64> = 3.054_936_363_499_605e-151..=3.273_390_607_896_142e150;
/// More than what underflow can hide in a sum of [`MAX_DIMENSION`] squares: `sqrt(4096 * 2^-1074)`.
const UNDERFLOW: f64 = 1e-150;

/// The coordinates in which candidates are found: one for a job, shared by all its blocks.
///
/// # Why no pair is missed
///
/// Rows `x` are vectors of `n <= 4096` f64; `u = 2^-53`. `T` is the *reach*: if the computed value
/// of a pair satisfies the predicate then the true distance of its rows is at most `T`.
///
/// *Distance.* The computed `d` is the root of a sum of `n` rounded squares of rounded differences.
/// The relative error of the sum is at most `(n + 3) u < 4.6e-13`, and each square that underflows
/// hides at most `2^-1075`. So the true distance is at most `d (1 + 1e-12) + 1e-150`, and `d <= t`.
/// *Euclidean similarity.* `t <= 1 / (1 + d)`, with two roundings, gives
/// `d <= (1 + 4u) / t - 1`; every distance qualifies if `t <= 0`, hence `T` is infinite.
/// *Cosine.* Rows are normalised first. If the squared norms lie within `2^-500..2^500` nothing over-
/// or underflows and the computed cosine differs from the true one by less than `(2n + 6) u < 1e-12`.
/// Unit vectors satisfy `|a - b|^2 = 2 - 2 cos`, so `T^2 = 2 - 2t + 1e-11`. The other rows are
/// *always* or *never* candidates, see `Fate`.
///
/// *Images.* Let `z = s (x - c)` for any centre `c` and any scale `s > 0`, and let the image `y` be
/// any vector of low precision with `|z - y| <= r` (the residual, see `radius`). Let
/// `p = s T / 2 + r`. If a pair qualifies then, by the triangle inequality,
///
/// `|y_i - y_j| <= |z_i - z_j| + r_i + r_j <= s T + r_i + r_j = p_i + p_j`.
///
/// Since `(p_i + p_j)^2 <= 2 p_i^2 + 2 p_j^2`, expanding the left side and halving gives
///
/// `y_i . y_j >= (|y_i|^2 / 2 - p_i^2) + (|y_j|^2 / 2 - p_j^2)`,
///
/// a bound that separates: `y_i . y_j >= H_i + H_j`, one subtraction and one comparison for a pair.
///
/// *f32.* A dot product of length `n`, summed in any order, fused or not, has an error of at most
/// `g sum |y_ik y_jk| <= g (|y_i|^2 + |y_j|^2) / 2` with `g = n 2^-24 / (1 - n 2^-24)` (Higham,
/// Accuracy and Stability of Numerical Algorithms, section 3.1), and at most `2 n 2^-126` from
/// underflow, flushed to zero or not. Both separate, so with
/// `H = |y|^2 (1 - g) / 2 - p^2 - n 2^-125` the computed product `G` of a pair that qualifies
/// satisfies `G >= H_i + H_j` in real numbers. `H` is rounded down to f32. Then `G - H_i >= H_j`
/// stays true when the difference is rounded to f32, because rounding is monotonic and `H_j` is
/// itself an f32. Image elements that would be subnormal are 0, so a processor that reads subnormals
/// as 0 sees the same image.
///
/// The f64 arithmetic that computes `H` has relative errors of at most 1e-12 in each of its terms;
/// `g + 1e-11` for `g` and the factor `1 + 1e-9` on `p^2` hold them.
///
/// *int8.* Products are exact integers: `g = 0`, no underflow, `H` is rounded down to an integer.
/// Its f64 arithmetic may leave it too large by less than 1e-7; two rounded bounds then exceed an
/// integer `y_i . y_j` by less than 1, that is, not at all.
///
/// An `H` of minus infinity makes every
/// pair of the row a candidate, plus infinity none (unless with a row of the former kind).
#[derive(Clone, Debug, PartialEq)]
pub struct Frame {
    predicate: Predicate,
    tier: Tier,
    /// The kernel of the tier; f32 products if there is none.
    kernel: Option<Kernel>,
    center: Vec<f64>,
    scale: f64,
    /// `T`.
    reach: f64,
    /// `g`.
    product_error: f64,
    /// `n 2^-125`.
    product_underflow: f64,
}

/// What is known of a row before it has an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// No pair with it can satisfy the predicate.
    Never,
    /// The bounds say nothing of it: decide each pair exactly.
    Always,
    /// The bounds hold.
    Bounded,
}

impl Frame {
    /// A frame for `predicate` on vectors of `dimension` elements.
    ///
    /// `sample` holds some of the vectors, row-major; at most 101 of them are looked at. It decides
    /// how tight the bounds are, never what the answer is: an empty one will do.
    ///
    /// # Errors
    /// [`LinkError::Dimension`]; [`LinkError::Length`] if `sample` does not hold whole vectors;
    /// [`LinkError::Tier`] if this processor cannot run `tier`.
    pub fn new(
        predicate: Predicate,
        dimension: usize,
        tier: Tier,
        sample: &[f64],
    ) -> Result<Self, LinkError> {
        if !(1..=MAX_DIMENSION).contains(&dimension) {
            return Err(LinkError::Dimension(dimension));
        }
        if !sample.len().is_multiple_of(dimension) {
            return Err(LinkError::Length { expected: dimension, found: sample.len() });
        }
        let tier = tier.resolve()?;
        let terms = f64::from(u32::try_from(dimension).map_err(|_| LinkError::Dimension(dimension))?);
        let unit = terms * f64::from(f32::EPSILON) / 2.0;
        let kernel = Kernel::of(tier);
        let float = kernel.is_none();
        let mut frame = Self {
            predicate,
            tier,
            kernel,
            center: vec![0.0; dimension],
            scale: 1.0,
            reach: reach(&predicate),
            product_error: if float { unit / (1.0 - unit) + 1e-11 } else { 0.0 },
            product_underflow: if float { terms * f64::from(f32::MIN_POSITIVE) * 2.0 } else { 0.0 },
        };
        frame.fit(sample);
        Ok(frame)
    }

    /// The predicate of the job.
    #[must_use]
    pub fn predicate(&self) -> &Predicate {
        &self.predicate
    }

    /// Elements in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.center.len()
    }

    /// The tier of the job, never [`Tier::Auto`].
    #[must_use]
    pub fn tier(&self) -> Tier {
        self.tier
    }

    pub(super) fn kernel(&self) -> Option<Kernel> {
        self.kernel
    }

    /// Moves the centre to the median of the sample and sets the scale so that the largest element of
    /// a middling row is 1 (f32) or that of the sample the highest level (int8). Medians, because
    /// one outlier must not cost all others their precision.
    fn fit(&mut self, sample: &[f64]) {
        let dimension = self.dimension();
        let step = (sample.len() / dimension).div_ceil(SAMPLE_ROWS).max(1);
        let mut rows = Vec::new();
        for row in sample.chunks_exact(dimension).step_by(step) {
            let mut direction = vec![0.0; dimension];
            if self.project(row, &mut direction) == Fate::Bounded {
                rows.push(direction);
            }
        }
        let center = (0..dimension)
            .map(|k| median(rows.iter().filter_map(|row| row.get(k)).copied().collect()).unwrap_or(0.0))
            .collect::<Vec<_>>();
        let mut sizes = rows
            .iter()
            .map(|row| row.iter().zip(&center).fold(0.0, |size: f64, (x, c)| size.max((x - c).abs())))
            .filter(|size| size.is_normal())
            .collect::<Vec<_>>();
        sizes.sort_by(f64::total_cmp);
        self.center = center;
        let (Some(&middle), Some(&last)) = (sizes.get(sizes.len() / 2), sizes.last()) else {
            return;
        };
        self.scale = match self.kernel {
            // Room for rows a little larger than the sample's; those far beyond are clamped.
            Some(kernel) => f64::from(kernel.levels()) / (1.5 * last.min(4.0 * middle)),
            None => 1.0 / middle,
        }
        .clamp(1e-300, 1e300);
    }

    /// Writes `s (x - c)`, for a cosine of the normalised row, unless its fate is sealed.
    pub(super) fn project(&self, row: &[f64], out: &mut [f64]) -> Fate {
        let mut inverse = 1.0;
        let finite = row.iter().fold(true, |finite, x| finite & x.is_finite());
        if self.predicate.metric() == Metric::Cosine {
            // The computed cosine is NaN if an element is not finite or all are 0.
            if !finite || row.iter().all(|x| *x == 0.0) {
                return Fate::Never;
            }
            let squared = super::exact::dot(row, row);
            if !ORDINARY.contains(&squared) {
                return Fate::Always;
            }
            inverse = 1.0 / squared.sqrt();
        } else if !finite {
            // The computed distance is infinite or NaN.
            return if self.reach.is_finite() { Fate::Never } else { Fate::Always };
        }
        for ((out, x), c) in out.iter_mut().zip(row).zip(&self.center) {
            *out = (x * inverse - c) * self.scale;
        }
        Fate::Bounded
    }

    /// `p = s T / 2 + r`, given `|v - y|^2` and `|v|^2` where `v` is the computed `s (x - c)`.
    ///
    /// `|z - v| <= 2^-52 |v|` for the subtraction and the scaling, and less than `1e-12 s` for the
    /// normalisation of a cosine, whose norm has a relative error below `(n + 3) u / 2`.
    pub(super) fn radius(&self, squared_error: f64, squared_length: f64) -> f64 {
        let rounding = f64::EPSILON * squared_length.sqrt();
        let normalisation = if self.predicate.metric() == Metric::Cosine { 1e-12 * self.scale } else { 0.0 };
        let residual = (squared_error.sqrt() + rounding + normalisation) * (1.0 + 1e-12) + UNDERFLOW;
        self.scale * self.reach / 2.0 + residual
    }

    /// `H`, before it is rounded down.
    pub(super) fn bound(&self, squared_norm: f64, radius: f64) -> f64 {
        0.5 * squared_norm * (1.0 - self.product_error)
            - radius * radius * (1.0 + 1e-9)
            - self.product_underflow
    }
}

/// `T`. A NaN threshold and one that no value can satisfy give 0: sound, and nothing passes the
/// exact test.
fn reach(predicate: &Predicate) -> f64 {
    let threshold = predicate.threshold();
    let distance = match predicate.metric() {
        Metric::EuclideanDistance => threshold,
        Metric::EuclideanSimilarity if threshold <= 0.0 => f64::INFINITY,
        Metric::EuclideanSimilarity => (1.0 + 2e-15) / threshold - 1.0,
        Metric::Cosine => (2.0 * (1.0 - threshold) + 1e-11).max(0.0).sqrt(),
    };
    distance.max(0.0) * (1.0 + 1e-12) + UNDERFLOW
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    Some(*values.select_nth_unstable_by(middle, f64::total_cmp).1)
}
