//! The integer tiers: 8-bit images, exact integer products, the comparison fused into the product.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "rows and columns are within the shape that the image was made with; elements lie within the levels, \
              sums of at most 4096 products of 8 bits within 2^28"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(test)]
pub(super) mod scalar;

use std::ops::ControlFlow;

use super::{Tier, block::Encoded};

/// A kernel that this processor can run: [`Kernel::of`] makes no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512Vnni,
    #[cfg(target_arch = "x86_64")]
    Avx2,
}

impl Kernel {
    /// The kernel of a tier, if it works on integers and is available.
    pub(super) fn of(tier: Tier) -> Option<Self> {
        match tier {
            #[cfg(target_arch = "x86_64")]
            Tier::Avx512Vnni if tier.is_available() => Some(Self::Avx512Vnni),
            #[cfg(target_arch = "x86_64")]
            Tier::Avx2 if tier.is_available() => Some(Self::Avx2),
            _ => None,
        }
    }

    /// The largest element of an image.
    pub(super) fn levels(self) -> i8 {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Avx512Vnni => i8::MAX,
            // Two sums of two products must fit in 16 bits: 4 * 63 * (63 + 64) < 2^15.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => 63,
        }
    }
}

/// Elements of one row that are multiplied and added in one step.
const GROUP: usize = 4;
/// Columns that lie together.
const PANEL: usize = 16;
/// Columns are padded to a whole number of these.
const COLUMNS: usize = 64;
/// Rows are padded to a whole number of these: a multiple of what each kernel takes at a time.
const ROWS: usize = 12;
/// Bounds are clamped to this: beyond any product (2^26) by more than the largest bound, far enough
/// from the ends of i32 that no sum of a product, two bounds and a bias overflows.
const LARGEST_BOUND: i32 = 1 << 29;

/// Adding and subtracting this rounds a small f64 to the nearest integer, without a call: 1.5 * 2^52.
const ROUNDING: f64 = 6_755_399_441_055_744.0;
/// The bound of padding: no candidate even where the other bound is the lowest.
const PADDING_BOUND: i32 = LARGEST_BOUND + 1;

/// 8-bit images of the rows of a block, in the two forms in which a product reads them.
#[derive(Debug)]
pub(super) struct IntImage {
    kernel: Kernel,
    groups: usize,
    /// As rows: signed, row-major, each padded with zeros to whole groups.
    left: Vec<i8>,
    /// As columns: `element + levels + 1`, unsigned; panel, group, column, element.
    right: Vec<u8>,
    /// As rows: `-(H_i + (levels + 1) sum q_i)`, what a sum of products starts from. The second term
    /// undoes the bias of the columns.
    starts: Vec<i32>,
    /// As columns: `H_j`.
    bounds: Vec<i32>,
}

impl IntImage {
    /// All rows still padding.
    pub(super) fn new(rows: usize, dimension: usize, kernel: Kernel) -> Self {
        let groups = dimension.div_ceil(GROUP);
        let (rows, columns) = (rows.next_multiple_of(ROWS), rows.next_multiple_of(COLUMNS));
        let bias = kernel.levels() as u8 + 1;
        Self {
            kernel,
            groups,
            left: vec![0; rows * groups * GROUP],
            right: vec![bias; columns * groups * GROUP],
            starts: vec![-PADDING_BOUND; rows],
            bounds: vec![PADDING_BOUND; columns],
        }
    }

    /// Elements outside of the levels are clamped: the residual tells.
    pub(super) fn encode(&mut self, row: usize, projected: &[f64]) -> Encoded {
        let limit = f64::from(self.kernel.levels());
        let bias = i16::from(self.kernel.levels()) + 1;
        let width = self.groups * GROUP;
        let left = &mut self.left[row * width..][..width];
        let panel = &mut self.right[row / PANEL * PANEL * width..][..PANEL * width];
        for (q, v) in left.iter_mut().zip(projected) {
            *q = (v.clamp(-limit, limit) + ROUNDING - ROUNDING) as i8;
        }
        let column = panel.chunks_exact_mut(GROUP).skip(row % PANEL).step_by(PANEL);
        for (column, group) in column.zip(left.chunks_exact(GROUP)) {
            for (right, q) in column.iter_mut().zip(group) {
                *right = (i16::from(*q) + bias) as u8;
            }
        }
        Encoded::of(left, projected)
    }

    /// Rounds down. The row must have been encoded, or stay zero.
    pub(super) fn set_bound(&mut self, row: usize, bound: f64) {
        let limit = f64::from(LARGEST_BOUND);
        let bound = bound.floor().clamp(-limit, limit) as i32;
        let width = self.groups * GROUP;
        let sum: i32 = self.left[row * width..][..width].iter().map(|q| i32::from(*q)).sum();
        self.starts[row] = -bound - (i32::from(self.kernel.levels()) + 1) * sum;
        self.bounds[row] = bound;
    }

    /// Rows, padded.
    fn rows(&self) -> usize {
        self.starts.len()
    }

    /// Columns, padded.
    fn columns(&self) -> usize {
        self.bounds.len()
    }
}

/// Calls `visit(i, j0, mask)` for rows `i` of `a` and the candidates `j0 + bit` of `b`. With `same`,
/// `a` and `b` being one, masks that hold no `j > i` may be left out.
#[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables, reason = "there is no kernel"))]
pub(super) fn scan(
    a: &IntImage,
    b: &IntImage,
    same: bool,
    visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    match a.kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512Vnni => avx512::scan(a, b, same, visit),
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 => avx2::scan(a, b, same, visit),
    }
}
