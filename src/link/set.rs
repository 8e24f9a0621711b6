//! Vectors in the order in which they came.

use super::{LinkError, MAX_DIMENSION};

/// A growing set of vectors of one dimension, f64, numbered from 0 in the order of [`push`].
///
/// Any f64 may be an element, NaN and infinities included. Rows lie in blocks of a fixed number of
/// rows, so that growing never moves them.
///
/// [`push`]: Set::push
#[derive(Clone, Debug)]
pub struct Set {
    dimension: usize,
    block_rows: usize,
    /// Row-major; all full but the last.
    blocks: Vec<Vec<f64>>,
    len: u32,
}

impl Set {
    /// An empty set of vectors of `dimension` elements.
    ///
    /// # Errors
    /// [`LinkError::Dimension`] unless `1 <= dimension <= MAX_DIMENSION`.
    pub fn new(dimension: usize) -> Result<Self, LinkError> {
        if !(1..=MAX_DIMENSION).contains(&dimension) {
            return Err(LinkError::Dimension(dimension));
        }
        Ok(Self { dimension, block_rows: block_rows(dimension), blocks: Vec::new(), len: 0 })
    }

    /// Appends a vector and returns its index.
    ///
    /// # Errors
    /// [`LinkError::Length`] if it has not `dimension` elements; [`LinkError::TooMany`].
    pub fn push(&mut self, row: &[f64]) -> Result<u32, LinkError> {
        if row.len() != self.dimension {
            return Err(LinkError::Length { expected: self.dimension, found: row.len() });
        }
        let index = self.len;
        self.len = index.checked_add(1).ok_or(LinkError::TooMany)?;
        let full = self.block_rows * self.dimension;
        match self.blocks.last_mut().filter(|last| last.len() < full) {
            Some(last) => last.extend_from_slice(row),
            None => {
                let mut block = Vec::with_capacity(full);
                block.extend_from_slice(row);
                self.blocks.push(block);
            }
        }
        Ok(index)
    }

    /// Elements in a vector.
    #[must_use]
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// Vectors in the set.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.len
    }

    /// Whether there is no vector.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The vectors in order.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.blocks.iter().flat_map(|block| block.chunks_exact(self.dimension))
    }

    /// Runs of consecutive vectors, row-major, with the index of the first of each.
    pub fn blocks(&self) -> impl Iterator<Item = (u32, &[f64])> {
        (0..self.len).step_by(self.block_rows).zip(self.blocks.iter().map(Vec::as_slice))
    }

    /// About `count` vectors, evenly spaced, row-major.
    pub(super) fn sample(&self, count: usize) -> Vec<f64> {
        let rows = self.blocks.iter().map(|block| block.len() / self.dimension).sum::<usize>();
        let step = rows.div_ceil(count).max(1);
        self.rows().step_by(step).flatten().copied().collect()
    }
}

/// Rows to a block: enough to keep a matrix product busy, few enough that two images and their
/// products stay in a core's cache and that a tile takes a few milliseconds. Multiples of what the
/// kernels take at a time.
fn block_rows(dimension: usize) -> usize {
    if dimension <= 512 { 384 } else { 192 }
}
