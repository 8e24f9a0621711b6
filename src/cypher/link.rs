//! The Euclidean-link shape: all pairs of two node patterns whose vectors are near enough.
//!
//! Such a statement is run in three steps: [`LinkShape::gather`] reads ids and vectors, the kernel finds
//! the pairs under the threshold, and the text of [`LinkShape::rewrite`] puts them in the place of the
//! statement's prefix. Neo4j checks the user's own predicates again and runs the rest as it was written.

mod predicate;
mod rewrite;
mod shape;

use self::rewrite::Parts;
pub(super) use self::shape::shape;
use super::{Expr, Mode, Span};

/// The measure between two vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// `gds.similarity.euclideanDistance`: the distance; small is near.
    EuclideanDistance,
    /// `gds.similarity.euclidean`: 1 / (1 + distance); large is near.
    Euclidean,
    /// `gds.similarity.cosine`; large is near.
    Cosine,
}

/// How the measure (on the left) is compared with the threshold (on the right).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// Which ordered pairs (left, right) the statement looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PairOrder {
    /// All, a node with itself too.
    All,
    /// Those of two different nodes.
    NotEqual,
    /// left < right, by the given identity.
    Less(Identity),
    /// left > right, by the given identity.
    Greater(Identity),
}

/// What two nodes are ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Identity {
    /// `id()`: an integer.
    Id,
    /// `elementId()`: a string, compared by code point.
    ElementId,
}

/// The texts that read the vectors. Each has three columns: `elementId`, `id` (the internal id, an integer,
/// which orders pairs), and the property as it is. Read all rows; send the client's own parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gather {
    /// Both sides are the same nodes with the same property.
    Same(String),
    /// Left and right.
    Sides(String, String),
}

/// The recognised shape. Pairs are (left, right): the nodes of the first and the second pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkShape<'t> {
    /// The user's text.
    pub text: &'t str,
    /// Plain, `EXPLAIN` (then there is nothing to find) or `PROFILE`.
    pub mode: Mode,
    /// The measure.
    pub metric: Metric,
    /// How it is compared with the threshold.
    pub comparison: Comparison,
    /// A number or a parameter. If the parameter is no number, Neo4j's comparison is null: no row.
    pub threshold: Expr,
    /// Which pairs are looked at.
    pub order: PairOrder,
    /// How the vectors are read.
    pub gather: Gather,
    /// Has the statement predicates that read both nodes (beside the identity and the measure)? Then a
    /// bad vector may stand in pairs that the statement never measures.
    pub residual: bool,
    /// Does the measure take the right vector first?
    pub swapped: bool,
    /// The names of all `$parameters` of the text, each once, in order of the text.
    pub parameters: Vec<String>,
    /// The prefix that is replaced: from the first `MATCH` to the end of the measuring `WHERE`.
    pub prefix: Span,
    parts: Parts,
}

#[cfg(test)]
mod tests;
