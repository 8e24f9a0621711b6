//! Lays a face into a recogniser's input by its five landmarks. Pure.

// Numeric code on fixed-size arrays and an image whose bounds are checked pixel by pixel.
#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss
)]

use faer::{Mat, mat};
use image::RgbImage;

use super::models::{Alignment, Input, Layout, Template};
use super::tensor::{Tensor, normal, planes};

#[cfg(test)]
mod tests;

type Points = [[f32; 2]; 5];

/// ArcFace's template for 112 x 112: right eye, left eye, nose, right and left corner of the mouth (the
/// person's own right and left). Deng et al., "ArcFace" (2019), as in InsightFace's `face_align.py`.
const ARCFACE: Points =
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]];

/// Width for which [`ARCFACE`] is given.
const ARCFACE_WIDTH: f32 = 112.0;

/// Where the landmarks are to be in a recogniser's input.
pub(super) fn template(alignment: Alignment, input: &Input) -> Points {
    let scale = input.width as f32 / ARCFACE_WIDTH;
    match alignment {
        Alignment::Named(Template::Arcface) => ARCFACE.map(|point| point.map(|v| v * scale)),
        Alignment::Points(points) => points,
    }
}

/// Turns, scales and moves: `p` becomes `[[a, -b], [b, a]] p + t`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Similarity {
    a: f64,
    b: f64,
    t: [f64; 2],
}

impl Similarity {
    /// The similarity that takes `from` to `to` with the least sum of squared distances; `None` if the
    /// points of `from` coincide. Umeyama, "Least-squares estimation of transformation parameters between two
    /// point patterns" (1991), equations 40 to 42.
    pub(super) fn fit(from: &Points, to: &Points) -> Option<Similarity> {
        let (from_mean, to_mean) = (mean(from), mean(to));
        let centred = |points: &Points, mean: [f64; 2]| {
            Mat::from_fn(2, points.len(), |axis, i| f64::from(points[i][axis]) - mean[axis])
        };
        let (from, to) = (centred(from, from_mean), centred(to, to_mean));
        // Umeyama divides both the covariance and the variance by the number of points: it cancels out.
        let variance = from.squared_norm_l2();
        let covariance = &to * from.transpose();
        let svd = covariance.svd().ok()?;
        let (u, v) = (svd.U(), svd.V());
        // A face is never mirrored: the better fit by a reflection is no answer.
        let sign = if u.determinant() * v.determinant() < 0.0 { -1.0 } else { 1.0 };
        let rotation = u * mat![[1.0, 0.0], [0.0, sign]] * v.transpose();
        let values = svd.S().column_vector();
        let scale = (values[0] + sign * values[1]) / variance;
        let (a, b) = (scale * rotation[(0, 0)], scale * rotation[(1, 0)]);
        let t = [
            to_mean[0] - (a * from_mean[0] - b * from_mean[1]),
            to_mean[1] - (b * from_mean[0] + a * from_mean[1]),
        ];
        let fits = a.is_finite() && b.is_finite() && t.iter().all(|v| v.is_finite()) && a.hypot(b) > 0.0;
        fits.then_some(Similarity { a, b, t })
    }

    /// How much longer a line becomes.
    pub(super) fn scale(&self) -> f64 {
        self.a.hypot(self.b)
    }

    /// Back again.
    fn inverse(&self) -> Similarity {
        let square = self.a * self.a + self.b * self.b;
        let (a, b) = (self.a / square, -self.b / square);
        let [x, y] = self.t;
        Similarity { a, b, t: [-(a * x - b * y), -(b * x + a * y)] }
    }

    fn apply(&self, [x, y]: [f64; 2]) -> [f64; 2] {
        [self.a * x - self.b * y + self.t[0], self.b * x + self.a * y + self.t[1]]
    }
}

fn mean(points: &Points) -> [f64; 2] {
    let sum = |axis: usize| points.iter().map(|point| f64::from(point[axis])).sum::<f64>();
    [sum(0), sum(1)].map(|sum| sum / points.len() as f64)
}

/// What `to_template` makes of `image`, by bilinear interpolation; black where the image ends.
pub(super) fn warp(image: &RgbImage, to_template: &Similarity, input: &Input) -> Tensor {
    let mut tensor = Tensor::black(input.width, input.height, input);
    let (width, height) = (input.width as usize, input.height as usize);
    let order = planes(input.channels);
    let back = to_template.inverse();
    for row in 0..height {
        for column in 0..width {
            let pixel = interpolate(image, back.apply([column as f64, row as f64]));
            for (plane, channel) in order.into_iter().enumerate() {
                let at = match input.layout {
                    Layout::Nchw => (plane * height + row) * width + column,
                    Layout::Nhwc => (row * width + column) * 3 + plane,
                };
                tensor.values[at] = normal(pixel[channel], input);
            }
        }
    }
    if input.standardise {
        standardise(&mut tensor.values);
    }
    tensor
}

/// Brings values to mean 0 and deviation 1, as FaceNet's `prewhiten` does: those that hardly differ are not blown up.
fn standardise(values: &mut [f32]) {
    let count = values.len() as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let variance = values.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
    let deviation = variance.sqrt().max(count.sqrt().recip());
    for value in values {
        *value = ((f64::from(*value) - mean) / deviation) as f32;
    }
}

/// The colour at a point between pixel centres. Whatever lies outside of the image is black.
fn interpolate(image: &RgbImage, [x, y]: [f64; 2]) -> [f32; 3] {
    let (left, top) = (x.floor(), y.floor());
    let (right_part, bottom_part) = ((x - left) as f32, (y - top) as f32);
    let corners = [
        (left, top, (1.0 - right_part) * (1.0 - bottom_part)),
        (left + 1.0, top, right_part * (1.0 - bottom_part)),
        (left, top + 1.0, (1.0 - right_part) * bottom_part),
        (left + 1.0, top + 1.0, right_part * bottom_part),
    ];
    let mut colour = [0.0; 3];
    for (x, y, part) in corners {
        if x < 0.0 || y < 0.0 {
            continue;
        }
        // Saturates; too large a coordinate is outside.
        if let Some(pixel) = image.get_pixel_checked(x as u32, y as u32) {
            for (sum, value) in colour.iter_mut().zip(pixel.0) {
                *sum += part * f32::from(value);
            }
        }
    }
    colour
}
