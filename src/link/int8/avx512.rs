//! AVX-512 VNNI: 64 products and 16 sums to an instruction.

#![allow(unsafe_code, reason = "vector loads and a call that needs instruction sets")]

use std::{arch::x86_64::*, ops::ControlFlow};

use super::{COLUMNS, GROUP, IntImage, PANEL};

/// Rows at a time: with four registers of columns, 24 sums, and room for the operands in 32.
const STRIP: usize = 6;
const PANELS: usize = COLUMNS / PANEL;

pub(super) fn scan(
    a: &IntImage,
    b: &IntImage,
    same: bool,
    visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    // SAFETY: `Kernel::of` makes this kernel only where the processor has these instruction sets.
    unsafe { scan_here(a, b, same, visit) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn scan_here(
    a: &IntImage,
    b: &IntImage,
    same: bool,
    mut visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    let width = a.groups * GROUP;
    for j in (0..b.columns()).step_by(COLUMNS) {
        let right = &b.right[j * width..][..COLUMNS * width];
        let bounds = &b.bounds[j..][..COLUMNS];
        let rows = if same { a.rows().min(j + COLUMNS) } else { a.rows() };
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

/// For each of [`STRIP`] rows the columns among [`COLUMNS`] whose `start + sum` reaches the bound.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn strip(left: &[i8], right: &[u8], starts: &[i32], bounds: &[i32], groups: usize) -> [u64; STRIP] {
    let width = groups * GROUP;
    assert!(left.len() == STRIP * width && right.len() == COLUMNS * width);
    assert!(starts.len() == STRIP && bounds.len() == COLUMNS);
    let mut sums = [[_mm512_setzero_si512(); PANELS]; STRIP];
    for (sums, start) in sums.iter_mut().zip(starts) {
        *sums = [_mm512_set1_epi32(*start); PANELS];
    }
    for group in 0..groups {
        let mut columns = [_mm512_setzero_si512(); PANELS];
        for (panel, columns) in columns.iter_mut().enumerate() {
            // SAFETY: a panel holds `groups` times 64 bytes and `right` holds four panels.
            *columns =
                unsafe { _mm512_loadu_si512(right.as_ptr().add((panel * groups + group) * 64).cast()) };
        }
        for (row, sums) in sums.iter_mut().enumerate() {
            // SAFETY: a row holds `groups` times 4 bytes and `left` holds six rows.
            let four =
                unsafe { left.as_ptr().add((row * groups + group) * 4).cast::<i32>().read_unaligned() };
            let row = _mm512_set1_epi32(four);
            for (sum, columns) in sums.iter_mut().zip(columns) {
                *sum = _mm512_dpbusd_epi32(*sum, columns, row);
            }
        }
    }
    let mut masks = [0; STRIP];
    for (mask, sums) in masks.iter_mut().zip(sums) {
        for (panel, sum) in sums.into_iter().enumerate() {
            // SAFETY: `bounds` holds four times 16 numbers.
            let bound = unsafe { _mm512_loadu_si512(bounds.as_ptr().add(panel * PANEL).cast()) };
            *mask |= u64::from(_mm512_cmpge_epi32_mask(sum, bound)) << (panel * PANEL);
        }
    }
    masks
}
