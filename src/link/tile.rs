//! Pairs of two blocks: candidates by their images, then each decided in f64.

#![allow(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "rows lie within their blocks, whose indices fit in 32 bits"
)]

use std::{
    array,
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{
    Metric, Pair, Predicate,
    block::{Block, Image},
    exact::{self, LANES},
    float, int8,
};

/// Candidates that are collected before they are decided, and the cancel flag is looked at.
const PENDING: usize = 512;
/// Pairs that are collected before the sink gets them: 64 kB.
const BATCH: usize = 4096;

/// Calls `visit(i, j0, mask)` for rows `i` of `a` and the candidates `j0 + bit` of `b`, with `same`
/// those of `j > i` only. `products` is scratch space.
pub(super) fn scan(
    a: &Block,
    b: &Block,
    same: bool,
    products: &mut Vec<f32>,
    mut visit: impl FnMut(usize, usize, u64) -> ControlFlow<()>,
) -> ControlFlow<()> {
    if a.rows() == 0 || b.rows() == 0 {
        return ControlFlow::Continue(());
    }
    let visit = |i: usize, j: usize, mask: u64| {
        let below = if same { (i + 1).saturating_sub(j) } else { 0 };
        let mask = if below < 64 { mask & (!0 << below) } else { 0 };
        if mask == 0 { ControlFlow::Continue(()) } else { visit(i, j, mask) }
    };
    match (&a.image, &b.image) {
        (Image::Float(a), Image::Float(b)) => float::scan(a, b, products, visit),
        (Image::Int(a), Image::Int(b)) => int8::scan(a, b, same, visit),
        // One frame makes images of one kind.
        (Image::Float(_), Image::Int(_)) | (Image::Int(_), Image::Float(_)) => ControlFlow::Break(()),
    }
}

/// Decides candidates and hands on pairs; one for each thread.
pub(super) struct Matcher<'s> {
    cancel: &'s AtomicBool,
    sink: &'s mut dyn FnMut(&[Pair]) -> ControlFlow<()>,
    products: Vec<f32>,
    pending: Vec<[u32; 2]>,
    found: Vec<Pair>,
    /// Pairs decided in f64.
    pub(super) candidates: u64,
    /// Pairs handed to the sink.
    pub(super) pairs: u64,
}

impl<'s> Matcher<'s> {
    pub(super) fn new(cancel: &'s AtomicBool, sink: &'s mut dyn FnMut(&[Pair]) -> ControlFlow<()>) -> Self {
        Self {
            cancel,
            sink,
            products: Vec::new(),
            pending: Vec::with_capacity(PENDING + 64),
            found: Vec::with_capacity(BATCH),
            candidates: 0,
            pairs: 0,
        }
    }

    /// Breaks if cancelled or if the sink does.
    pub(super) fn tile(&mut self, a: &Block, b: &Block, same: bool) -> ControlFlow<()> {
        if a.is_apart(b) {
            return ControlFlow::Continue(());
        }
        let mut products = std::mem::take(&mut self.products);
        let flow = scan(a, b, same, &mut products, |i, j, mut mask| {
            while mask != 0 {
                self.pending.push([i as u32, j as u32 + mask.trailing_zeros()]);
                mask &= mask - 1;
            }
            if self.pending.len() < PENDING { ControlFlow::Continue(()) } else { self.decide(a, b) }
        });
        self.products = products;
        flow?;
        self.decide(a, b)
    }

    /// Hands on what is left.
    pub(super) fn finish(&mut self) -> ControlFlow<()> {
        self.pairs += self.found.len() as u64;
        let flow = if self.found.is_empty() { ControlFlow::Continue(()) } else { (self.sink)(&self.found) };
        self.found.clear();
        flow
    }

    /// Pairs that were decided in f64 and were none.
    pub(super) fn wasted(&self) -> u64 {
        self.candidates - self.pairs - self.found.len() as u64
    }

    fn decide(&mut self, a: &Block, b: &Block) -> ControlFlow<()> {
        if self.cancel.load(Ordering::Relaxed) {
            return ControlFlow::Break(());
        }
        let predicate = a.frame.predicate();
        let pending = std::mem::take(&mut self.pending);
        self.candidates += pending.len() as u64;
        let mut flow = ControlFlow::Continue(());
        for chunk in pending.chunks(LANES) {
            // A short chunk repeats its first pair; the zip leaves the repetitions out.
            let rows: [[usize; 2]; LANES] =
                array::from_fn(|lane| chunk.get(lane).unwrap_or(&chunk[0]).map(|row| row as usize));
            for ([i, j], value) in chunk.iter().zip(values(predicate, a, b, rows)) {
                if predicate.holds(value) {
                    self.found.push(Pair { a: a.base + i, b: b.base + j, value });
                }
            }
            if self.found.len() + LANES > BATCH {
                flow = self.finish();
                if flow.is_break() {
                    break;
                }
            }
        }
        self.pending = pending;
        self.pending.clear();
        flow
    }
}

/// [`Predicate::value`] of each pair, in every bit.
fn values(predicate: &Predicate, a: &Block, b: &Block, rows: [[usize; 2]; LANES]) -> [f64; LANES] {
    let dimension = a.frame.dimension();
    let left = rows.map(|[i, _]| &a.vectors[i * dimension..][..dimension]);
    let right = rows.map(|[_, j]| &b.vectors[j * dimension..][..dimension]);
    match predicate.metric() {
        Metric::EuclideanDistance => exact::squared_distances(left, right).map(f64::sqrt),
        Metric::EuclideanSimilarity => {
            exact::squared_distances(left, right).map(|sum| 1.0 / (1.0 + sum.sqrt()))
        }
        Metric::Cosine => {
            let dots = exact::dots(left, right);
            array::from_fn(|lane| {
                let [i, j] = rows[lane];
                dots[lane] / (a.squares[i] * b.squares[j]).sqrt()
            })
        }
    }
}
