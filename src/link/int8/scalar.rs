//! What the kernels compute, one element after the other: their test compares every mask.

use super::{GROUP, IntImage, PANEL};

/// Whether the kernel should name the pair of row `i` of `a` and row `j` of `b`.
pub(in crate::link) fn is_candidate(a: &IntImage, b: &IntImage, i: usize, j: usize) -> bool {
    let width = a.groups * GROUP;
    let panel = &b.right[j / PANEL * PANEL * width..][..PANEL * width];
    let sum = (0..width).fold(a.starts[i], |sum, k| {
        let right = panel[(k / GROUP * PANEL + j % PANEL) * GROUP + k % GROUP];
        sum + i32::from(a.left[i * width + k]) * i32::from(right)
    });
    sum >= b.bounds[j]
}
