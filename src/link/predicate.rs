//! The condition that makes a pair a pair.

use std::fmt;

use super::{LinkError, exact};

/// What is measured between two vectors, as the GDS function of the same purpose computes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// `gds.similarity.euclideanDistance`: `d = sqrt(sum (a_k - b_k)^2)`.
    EuclideanDistance,
    /// `gds.similarity.euclidean`: `1 / (1 + d)`.
    EuclideanSimilarity,
    /// `gds.similarity.cosine`: `sum a_k b_k / sqrt(sum a_k^2 * sum b_k^2)`, NaN for a zero vector.
    Cosine,
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EuclideanDistance => "euclidean distance",
            Self::EuclideanSimilarity => "euclidean similarity",
            Self::Cosine => "cosine",
        })
    }
}

/// How a value is compared with the threshold, the value on the left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
        })
    }
}

/// `metric(a, b) comparison threshold`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Predicate {
    metric: Metric,
    comparison: Comparison,
    threshold: f64,
}

impl Predicate {
    /// Accepts `<` and `<=` on a distance, `>` and `>=` on a similarity.
    ///
    /// A NaN threshold is accepted: no value compares with it, so no pair satisfies it.
    ///
    /// # Errors
    /// [`LinkError::Comparison`]; [`LinkError::Threshold`] if it is infinite or subnormal.
    pub fn new(metric: Metric, comparison: Comparison, threshold: f64) -> Result<Self, LinkError> {
        let from_above = matches!(comparison, Comparison::Less | Comparison::LessEqual);
        if from_above != (metric == Metric::EuclideanDistance) {
            return Err(LinkError::Comparison { metric, comparison });
        }
        if threshold.is_infinite() || threshold.is_subnormal() {
            return Err(LinkError::Threshold(threshold));
        }
        Ok(Self { metric, comparison, threshold })
    }

    /// What is measured.
    #[must_use]
    pub fn metric(&self) -> Metric {
        self.metric
    }

    /// How the value is compared.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        self.comparison
    }

    /// What the value is compared with.
    #[must_use]
    pub fn threshold(&self) -> f64 {
        self.threshold
    }

    /// The metric of two vectors, in every bit what GDS computes: f64, summed one element after
    /// the other in index order, no fused multiply-add. Elements beyond the shorter vector are
    /// ignored. Symmetric in every bit.
    #[must_use]
    pub fn value(&self, a: &[f64], b: &[f64]) -> f64 {
        match self.metric {
            Metric::EuclideanDistance => exact::squared_distance(a, b).sqrt(),
            Metric::EuclideanSimilarity => 1.0 / (1.0 + exact::squared_distance(a, b).sqrt()),
            Metric::Cosine => exact::dot(a, b) / (exact::dot(a, a) * exact::dot(b, b)).sqrt(),
        }
    }

    /// Whether a value satisfies the comparison; NaN never does.
    #[must_use]
    pub fn holds(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Less => value < self.threshold,
            Comparison::LessEqual => value <= self.threshold,
            Comparison::Greater => value > self.threshold,
            Comparison::GreaterEqual => value >= self.threshold,
        }
    }

    /// Whether any two vectors could satisfy it. A distance is not below 0, a euclidean
    /// similarity not above 1; a cosine is left open, since rounding takes it past 1.
    #[must_use]
    pub fn satisfiable(&self) -> bool {
        match self.metric {
            Metric::EuclideanDistance => self.holds(0.0),
            Metric::EuclideanSimilarity => self.holds(1.0),
            Metric::Cosine => !self.threshold.is_nan(),
        }
    }
}
