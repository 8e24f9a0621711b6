//! What procedures that read the graph want to be read, and made of it.

use packstream::Map;

use crate::cypher::{Nodes, Relationships};
use crate::link::{Comparison, LinkError, Metric, Predicate};

/// What is to be read of the graph, and what to make of it.
#[derive(Debug)]
pub(crate) enum GraphPlan {
    /// No rows, whatever the graph holds.
    Nothing,
    Link(LinkPlan),
    Search(SearchPlan),
}

/// All pairs of nodes that are near each other.
#[derive(Debug)]
pub(crate) struct LinkPlan {
    pub(crate) source: Nodes,
    /// None: the same.
    pub(crate) target: Option<Nodes>,
    pub(crate) measure: Measure,
    /// Of each source node only the nearest.
    pub(crate) top_k: Option<usize>,
    /// Only the nearest of all.
    pub(crate) top_n: Option<usize>,
    /// Is (a, b) the same as (b, a)?
    pub(crate) undirected: bool,
    /// Threads; 0: as configured.
    pub(crate) threads: usize,
    pub(crate) output: Output,
    /// The settings in force, as they are yielded.
    pub(crate) configuration: Map,
}

/// What becomes of the pairs.
#[derive(Debug)]
pub(crate) enum Output {
    /// One row per pair.
    Stream,
    /// They are counted.
    Stats,
    /// Relationships are written.
    Write(Relationships),
}

/// The nodes that are nearest to given vectors.
#[derive(Debug)]
pub(crate) struct SearchPlan {
    pub(crate) nodes: Nodes,
    pub(crate) queries: Vec<Vec<f64>>,
    pub(crate) measure: Measure,
    /// Of each query only the nearest.
    pub(crate) top_k: usize,
}

/// Why the graph's vectors give no rows.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GraphError {
    #[error("'nodeLabel' must be the label of the nodes")]
    NoLabel,
    #[error("the query must be an image (a string) or an embedding (a list of numbers)")]
    NoQuery,
    #[error(
        "the property '{property}' holds vectors of {first} and of {other} elements, which come from different models: \
         link the nodes of each model on their own, by 'sourceNodeFilter' or by labels"
    )]
    Mixed { property: String, first: usize, other: usize },
    #[error(
        "the property '{property}' holds vectors of {nodes} elements and the query has {query}: they come from different models"
    )]
    Query { property: String, nodes: usize, query: usize },
    #[error("the property '{property}' of some node is no list of 1 to {most} numbers", most = crate::link::MAX_DIMENSION)]
    NoVector { property: String },
    #[error(
        "more than {limit} pairs are within the cutoff, the most that one statement may have (link.max_pairs): lower the \
         cutoff, or split the nodes by 'sourceNodeFilter'"
    )]
    TooMany { limit: usize },
    #[error(
        "'batchSize' needs a CALL that is the whole statement, outside of a transaction: Neo4j commits each batch"
    )]
    Batch,
    #[error(transparent)]
    Link(#[from] LinkError),
}

impl Output {
    /// Does Neo4j commit in between?
    pub(crate) fn batched(&self) -> bool {
        matches!(self, Self::Write(Relationships { batch: Some(_), .. }))
    }
}

/// How near is near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Measure {
    /// The Euclidean distance below a cutoff.
    Distance(f64),
    /// `1 / (1 + distance)` of at least a cutoff.
    EuclideanSimilarity(f64),
    /// `1 - cosine` below a cutoff.
    CosineDistance(f64),
    /// The cosine of at least a cutoff.
    Cosine(f64),
}

/// How much wider the kernel looks where a cutoff is converted: more than the conversion may round.
const MARGIN: f64 = 1e-9;

impl Measure {
    /// What the kernel looks for: all that [`Measure::of`] accepts, and little more.
    pub(crate) fn predicate(self) -> Result<Predicate, LinkError> {
        let (metric, comparison, threshold) = match self {
            Self::Distance(cutoff) => (Metric::EuclideanDistance, Comparison::Less, cutoff),
            Self::EuclideanSimilarity(cutoff) => {
                let distance = (1.0 / cutoff - 1.0) * (1.0 + MARGIN) + MARGIN;
                (Metric::EuclideanDistance, Comparison::LessEqual, distance)
            }
            Self::CosineDistance(cutoff) => (Metric::Cosine, Comparison::GreaterEqual, 1.0 - cutoff - MARGIN),
            Self::Cosine(cutoff) => (Metric::Cosine, Comparison::GreaterEqual, cutoff),
        };
        Predicate::new(metric, comparison, threshold)
    }

    /// The distance and the similarity of a pair of which the kernel says `value`; none: it is not near.
    pub(crate) fn of(self, value: f64) -> Option<(f64, f64)> {
        let (distance, similarity) = match self {
            Self::Distance(_) | Self::EuclideanSimilarity(_) => (value, 1.0 / (1.0 + value)),
            Self::CosineDistance(_) | Self::Cosine(_) => (1.0 - value, value),
        };
        let near = match self {
            Self::Distance(cutoff) | Self::CosineDistance(cutoff) => distance < cutoff,
            Self::EuclideanSimilarity(cutoff) | Self::Cosine(cutoff) => similarity >= cutoff,
        };
        near.then_some((distance, similarity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernel_looks_no_less_far_than_the_cutoff() {
        for cutoff in [1e-9, 0.09, 1.0 / 11.0, 0.5, 0.999_999, 1.0] {
            for measure in [
                Measure::Distance(cutoff),
                Measure::EuclideanSimilarity(cutoff),
                Measure::CosineDistance(cutoff),
                Measure::Cosine(cutoff),
            ] {
                let predicate = measure.predicate().unwrap();
                for step in -3_i32..=3 {
                    let edge = match measure {
                        Measure::Distance(_) | Measure::Cosine(_) => cutoff,
                        Measure::EuclideanSimilarity(_) => 1.0 / cutoff - 1.0,
                        Measure::CosineDistance(_) => 1.0 - cutoff,
                    };
                    let value = edge * (1.0 + f64::from(step) * f64::EPSILON);
                    assert!(measure.of(value).is_none() || predicate.holds(value), "{measure:?} {value}");
                }
            }
        }
        assert_eq!(Measure::Distance(10.0).of(3.0), Some((3.0, 0.25)));
        assert_eq!(Measure::Distance(10.0).of(10.0), None);
        assert_eq!(Measure::Cosine(0.5).of(0.5), Some((0.5, 0.5)));
        assert_eq!(Measure::CosineDistance(0.5).of(0.5), None);
    }
}
