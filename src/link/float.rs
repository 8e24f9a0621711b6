//! The portable tier: f32 images, a matrix product of two blocks, one comparison for each pair.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows and columns are within the shape that the image was made with; casts round"
)]

use std::ops::ControlFlow;

use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};

use super::{block::Encoded, frame::LARGEST_SQUARED_NORM};

/// f32 images of the rows of a block, row-major, and the bound `H` of each.
#[derive(Debug)]
pub(super) struct FloatImage {
    dimension: usize,
    values: Vec<f32>,
    bounds: Vec<f32>,
}

impl FloatImage {
    /// Zero vectors, never candidates.
    pub(super) fn new(rows: usize, dimension: usize) -> Self {
        Self { dimension, values: vec![0.0; rows * dimension], bounds: vec![f32::INFINITY; rows] }
    }

    pub(super) fn encode(&mut self, row: usize, projected: &[f64]) -> Encoded {
        let image = &mut self.values[row * self.dimension..][..self.dimension];
        for (y, v) in image.iter_mut().zip(projected) {
            *y = *v as f32;
            if y.is_subnormal() {
                *y = 0.0;
            }
        }
        let encoded = Encoded::of(image, projected);
        // Far outside of the frame: a zero image keeps the products of all other rows finite.
        if encoded.norm > LARGEST_SQUARED_NORM {
            image.fill(0.0);
            return Encoded { error: f64::INFINITY, ..Encoded::default() };
        }
        encoded
    }

    /// Rounds down.
    pub(super) fn set_bound(&mut self, row: usize, bound: f64) {
        let nearest = bound as f32;
        self.bounds[row] = if f64::from(nearest) > bound { nearest.next_down() } else { nearest };
    }
}

/// Calls `visit(i, j0, mask)` for rows `i` of `a` and the candidates `j0 + bit` of `b`, neither of
/// them empty. `products` is scratch space.
pub(super) fn scan(
    a: &FloatImage,
    b: &FloatImage,
    products: &mut Vec<f32>,
    visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let (rows, columns) = (a.bounds.len(), b.bounds.len());
    products.resize(rows * columns, 0.0);
    // Columns of the product are rows of `a`, so that a scan for one row is contiguous.
    matmul(
        MatMut::from_column_major_slice_mut(products, columns, rows),
        Accum::Replace,
        MatRef::from_row_major_slice(&b.values, columns, b.dimension),
        MatRef::from_column_major_slice(&a.values, a.dimension, rows),
        1.0,
        Par::Seq,
    );
    #[cfg(target_arch = "x86_64")]
    {
        #[target_feature(enable = "avx2")]
        fn with_avx2(
            a: &FloatImage,
            b: &FloatImage,
            products: &[f32],
            visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
        ) -> ControlFlow<()> {
            compare(a, b, products, visit)
        }
        if is_x86_feature_detected!("avx2") {
            #[allow(unsafe_code, reason = "the same code, compiled for wider registers")]
            // SAFETY: the processor has AVX2.
            return unsafe { with_avx2(a, b, products, visit) };
        }
    }
    compare(a, b, products, visit)
}

/// Visits the pairs whose product reaches both bounds.
#[inline(always)]
fn compare(
    a: &FloatImage,
    b: &FloatImage,
    products: &[f32],
    mut visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    for (i, (products, h)) in products.chunks_exact(b.bounds.len()).zip(&a.bounds).enumerate() {
        for (chunk, (products, bounds)) in products.chunks(64).zip(b.bounds.chunks(64)).enumerate() {
            // Most chunks hold no candidate: look for one first, in a form that vectorises.
            let ruled_out =
                products.iter().zip(bounds).fold(true, |all, (product, bound)| all & (product - h < *bound));
            if !ruled_out {
                let mask =
                    products.iter().zip(bounds).enumerate().fold(0, |mask, (bit, (product, bound))| {
                        mask | u64::from(product - h >= *bound) << bit
                    });
                visit(i, chunk * 64, mask)?;
            }
        }
    }
    ControlFlow::Continue(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn bounds_are_rounded_down(bound in any::<f64>()) {
            let mut image = FloatImage::new(1, 1);
            image.set_bound(0, bound);
            prop_assert!(f64::from(image.bounds[0]) <= bound);
        }
    }
}
