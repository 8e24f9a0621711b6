//! AVX2: 32 products to an instruction, 7-bit elements so that sums of four fit in 16 bits.

#![allow(unsafe_code, reason = "vector loads and a call that needs instruction sets")]

use std::{arch::x86_64::*, ops::ControlFlow};

use super::{GROUP, IntImage, PANEL};

/// Rows at a time: with two registers of columns, 8 sums, and room for the operands in 16.
const STRIP: usize = 4;
/// Registers to a panel.
const HALVES: usize = 2;

pub(super) fn scan(
    a: &IntImage,
    b: &IntImage,
    same: bool,
    visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // SAFETY: `Kernel::of` makes this kernel only where the processor has AVX2.
    unsafe { scan_here(a, b, same, visit) }
}

#[target_feature(enable = "avx2")]
fn scan_here(
    a: &IntImage,
    b: &IntImage,
    same: bool,
    mut visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let width = a.groups * GROUP;
    for j in (0..b.columns()).step_by(PANEL) {
        let right = &b.right[j * width..][..PANEL * width];
        let bounds = &b.bounds[j..][..PANEL];
        let rows = if same { a.rows().min(j + PANEL) } else { a.rows() };
        for i in (0..rows).step_by(STRIP) {
            let left = &a.left[i * width..][..STRIP * width];
            let masks = strip(left, right, &a.starts[i..][..STRIP], bounds, a.groups);
            for (row, mask) in masks.into_iter().enumerate() {
                if mask != 0 {
                    visit(i + row, j, mask)?;
                }
            }
        }
    }
    ControlFlow::Continue(())
}

/// For each of [`STRIP`] rows the columns of a panel whose `start + sum` reaches the bound.
#[target_feature(enable = "avx2")]
#[inline]
fn strip(left: &[i8], right: &[u8], starts: &[i32], bounds: &[i32], groups: usize) -> [u64; STRIP] {
    let width = groups * GROUP;
    assert!(left.len() == STRIP * width && right.len() == PANEL * width);
    assert!(starts.len() == STRIP && bounds.len() == PANEL);
    let ones = _mm256_set1_epi16(1);
    let mut sums = [[_mm256_setzero_si256(); HALVES]; STRIP];
    for (sums, start) in sums.iter_mut().zip(starts) {
        *sums = [_mm256_set1_epi32(*start); HALVES];
    }
    let columns = |group: usize, half: usize| {
        // SAFETY: called with `group < groups` and `half < 2`; `right` holds `groups` times 64 bytes.
        unsafe { _mm256_loadu_si256(right.as_ptr().add(group * 64 + half * 32).cast()) }
    };
    let row = |group: usize, row: usize| {
        // SAFETY: called with `group < groups` and `row < 4`; `left` holds four rows of `groups` times
        // 4 bytes.
        let four = unsafe { left.as_ptr().add((row * groups + group) * 4).cast::<i32>().read_unaligned() };
        _mm256_set1_epi32(four)
    };
    // Two groups at a time: their sums of two products are added before they are widened.
    for group in (0..groups - groups % 2).step_by(2) {
        let first = [columns(group, 0), columns(group, 1)];
        let second = [columns(group + 1, 0), columns(group + 1, 1)];
        for (index, sums) in sums.iter_mut().enumerate() {
            let (left, next) = (row(group, index), row(group + 1, index));
            for ((sum, first), second) in sums.iter_mut().zip(first).zip(second) {
                let short =
                    _mm256_add_epi16(_mm256_maddubs_epi16(first, left), _mm256_maddubs_epi16(second, next));
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, ones));
            }
        }
    }
    if groups % 2 == 1 {
        for (index, sums) in sums.iter_mut().enumerate() {
            let left = row(groups - 1, index);
            for (half, sum) in sums.iter_mut().enumerate() {
                let short = _mm256_maddubs_epi16(columns(groups - 1, half), left);
                *sum = _mm256_add_epi32(*sum, _mm256_madd_epi16(short, ones));
            }
        }
    }
    let mut masks = [0; STRIP];
    for (mask, sums) in masks.iter_mut().zip(sums) {
        for (half, sum) in sums.into_iter().enumerate() {
            // SAFETY: `bounds` holds two times 8 numbers.
            let bound = unsafe { _mm256_loadu_si256(bounds.as_ptr().add(half * 8).cast()) };
            let below = _mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpgt_epi32(bound, sum)));
            *mask |= u64::from(!below as u8) << (half * 8);
        }
    }
    masks
}
