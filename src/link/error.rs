//! What can go wrong.

use super::{Comparison, Metric, Tier};

/// Why a link was not computed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// A distance is tested from above (`<`, `<=`), a similarity from below (`>`, `>=`): only
    /// those select the pairs that are near.
    #[error("{metric} cannot be compared with {comparison}")]
    Comparison {
        /// What is measured.
        metric: Metric,
        /// How it was to be compared.
        comparison: Comparison,
    },
    /// Infinite and subnormal thresholds are not computed here.
    #[error("threshold {0:e} is not supported: it is infinite or subnormal")]
    Threshold(f64),
    /// A vector has 1 to [`MAX_DIMENSION`](super::MAX_DIMENSION) elements.
    #[error("dimension {0} is not supported: it is not within 1..={max}", max = super::MAX_DIMENSION)]
    Dimension(usize),
    /// A vector whose length differs from that of its set.
    #[error("vector of {found} elements where {expected} were expected")]
    Length {
        /// The dimension of the set.
        expected: usize,
        /// The length of the vector, or of the slice that should hold whole vectors.
        found: usize,
    },
    /// A row index must fit in 32 bits.
    #[error("too many vectors: at most 2^32 - 1 in one set")]
    TooMany,
    /// The tier was asked for by name and this processor cannot run it.
    #[error("tier {tier} is not available: this processor has no {missing}")]
    Tier {
        /// The tier asked for.
        tier: Tier,
        /// The instruction sets that it needs.
        missing: &'static str,
    },
    /// The cancel flag was raised before the end.
    #[error("cancelled")]
    Cancelled,
}
