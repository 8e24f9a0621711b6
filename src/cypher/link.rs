//! The Euclidean-link shape: all pairs of two node patterns whose vectors are near enough.
//!
//! ```text
//! MATCH (p1:Face), (p2:Face) WHERE ID(p1) <> ID(p2)
//! WITH p1, p2, gds.similarity.euclideanDistance(p1.embedding, p2.embedding) AS distance
//! WHERE distance < 10
//! MERGE (p1)-[e:SAME]-(p2) SET e.distance = distance
//! ```
//!
//! Such a statement is run in three steps: [`LinkShape::gather`] reads ids and vectors, the kernel finds the
//! pairs under the threshold, and the text of [`LinkShape::rewrite`] puts them in the place of the
//! statement's prefix. Neo4j checks the user's own predicates again and runs the rest as it was written, so
//! rows, counters, errors and locks are its own.
//!
//! The shape is narrow on purpose: one query, without `EXPLAIN` and `PROFILE` (they show Neo4j's own plan),
//! that starts with one or two `MATCH` of two nodes, no relationships; a `WHERE` of simple conditions joined
//! by `AND`; the function once in all of the statement, in that `WHERE` or in a `WITH` behind it.

use super::call::Span;
use super::constant::Expr;
use super::edit::{Edited, base};

mod predicate;
mod rewrite;
mod shape;

pub(super) use shape::shape;

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

/// How the measure (on the left) is compared with the threshold (on the right): `<` or `<=` for a distance,
/// `>` or `>=` for a similarity.
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

/// Which ordered pairs (left, right) the statement looks at, as far as one of its predicates tells. Neo4j
/// checks all of them again.
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
/// by which rows are to be sorted), and `vector` (the property as it is). Send the client's parameters with
/// them.
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
    /// The measure.
    pub metric: Metric,
    /// How it is compared with the threshold.
    pub comparison: Comparison,
    /// A finite number or a parameter. If the parameter is no number, Neo4j's comparison is null: no row.
    pub threshold: Expr,
    /// Which pairs are looked at.
    pub order: PairOrder,
    /// How the vectors are read.
    pub gather: Gather,
    /// Has the statement predicates that read both nodes (beside the identity and the measure)? Then a bad
    /// vector may stand only in pairs that the statement never measures.
    pub residual: bool,
    /// The names of all `$parameters` of the text, each once, in order of the text.
    pub parameters: Vec<String>,
    /// What is replaced: from the first `MATCH` to the end of the last `WHERE`.
    pub prefix: Span,
    /// What the rewriting needs.
    parts: Parts,
}

/// The pieces of the prefix, as bytes of the user's text.
#[derive(Debug, Clone, PartialEq)]
struct Parts {
    left: Side,
    right: Side,
    /// The conditions on both nodes.
    both: Vec<Span>,
    /// The condition on the measure, if it stands beside those.
    test: Option<Span>,
    /// The `WITH` that names the measure, if there is one.
    with: Option<Span>,
    /// The call of the function.
    function: Span,
    /// How many underscores our own names need to differ from all in the text.
    underscores: usize,
}

/// One of the two patterns, as bytes of the user's text.
#[derive(Debug, Clone, PartialEq)]
struct Side {
    /// `(p1:Face {kind: 1})`
    pattern: Span,
    /// `p1`
    variable: Span,
    /// `embedding`
    property: Span,
    /// The conditions on this node alone.
    own: Vec<Span>,
}

impl LinkShape<'_> {
    /// The statement over found pairs. Its one parameter is a list of
    /// `[elementId of left, [elementIds of right], [measures]]`: one entry per left node, in the order in
    /// which rows are to come; the inner lists are of one length. The same text gives the same rewritten
    /// text, unless one of the client's parameters (`taken`) is in the way.
    pub fn rewrite<'p>(&self, taken: impl IntoIterator<Item = &'p str>) -> Edited {
        rewrite::rewrite(self, &base(self.parts.underscores, taken))
    }
}
