//! Vectors in the order in which they came.

use std::sync::Arc;

use super::{LinkError, MAX_DIMENSION};

/// A growing set of vectors of one dimension, f64, numbered from 0 in the order of [`push`].
///
/// Any f64 may be an element, NaN and infinities included. Rows lie in blocks of a fixed number of
/// rows, so that growing never moves them, and a full block can be shared with who searches it.
///
/// [`push`]: Set::push
#[derive(Clone, Debug)]
pub struct Set {
    dimension: usize,
    block_rows: usize,
    /// All full but the last.
    blocks: Vec<Rows>,
    len: u32,
}

/// Consecutive vectors of a set, row-major.
pub(super) type Rows = Arc<Vec<f64>>;

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
            // Nobody shares it unless the set has been cloned: it is not full.
            Some(last) => Arc::make_mut(last).extend_from_slice(row),
            None => {
                let mut block = Vec::with_capacity(full);
                block.extend_from_slice(row);
                self.blocks.push(Arc::new(block));
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

    /// Is the last block full, so that another can be searched? See [`Feed::grow`](super::Feed::grow).
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.full_blocks().len() == self.blocks.len() && !self.is_empty()
    }

    /// The vectors in order.
    pub fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.blocks.iter().flat_map(|block| block.chunks_exact(self.dimension))
    }

    pub(super) fn blocks(&self) -> &[Rows] {
        &self.blocks
    }

    /// Of them those that will not change.
    pub(super) fn full_blocks(&self) -> &[Rows] {
        let full = self.block_rows * self.dimension;
        match self.blocks.split_last() {
            Some((last, rest)) if last.len() < full => rest,
            _ => &self.blocks,
        }
    }
}

/// About `count` vectors of these blocks, evenly spaced, row-major.
pub(super) fn sample(blocks: &[Rows], dimension: usize, count: usize) -> Vec<f64> {
    let rows = blocks.iter().map(|block| block.len() / dimension).sum::<usize>();
    let step = rows.div_ceil(count).max(1);
    blocks.iter().flat_map(|block| block.chunks_exact(dimension)).step_by(step).flatten().copied().collect()
}

/// Rows to a block: enough to keep a matrix product busy, few enough that two images and their
/// products stay in a core's cache and that a tile takes a few milliseconds. Multiples of what the
/// kernels take at a time.
pub(super) fn block_rows(dimension: usize) -> usize {
    if dimension <= 512 { 384 } else { 192 }
}
