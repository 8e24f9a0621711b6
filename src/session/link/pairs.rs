//! The pairs that the kernel found, as the rewritten statement takes them.

use packstream::{EncodeError, Writer};

use super::vectors::Side;
use crate::cypher::PairOrder;
use crate::link::Predicate;

/// Ordered pairs (left, right) of node numbers, with their measure.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    order: Option<PairOrder>,
    limit: usize,
    pairs: Vec<(u32, u32, f64)>,
    /// How many pairs were looked at.
    pub(crate) compared: u64,
}

impl Pairs {
    /// No pairs yet; at most `limit` of those that `order` wants.
    pub(crate) fn new(order: PairOrder, limit: usize) -> Self {
        Self { order: Some(order), limit, pairs: Vec::new(), compared: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The pairs and their measures.
    pub(crate) fn into_pairs(self) -> Vec<(u32, u32, f64)> {
        self.pairs
    }

    /// Adds (a, b) and (b, a), of one side, where the statement looks at them. False: there are too many.
    pub(crate) fn unordered(&mut self, side: &Side, a: u32, b: u32, value: f64) -> bool {
        self.ordered(side, side, a, b, value) && self.ordered(side, side, b, a, value)
    }

    /// Adds (a, b) where the statement looks at it. False: there are too many.
    pub(crate) fn ordered(&mut self, left: &Side, right: &Side, a: u32, b: u32, value: f64) -> bool {
        let (Some(order), Some(p1), Some(p2)) = (self.order, left.node(a), right.node(b)) else {
            return true;
        };
        if p1.pairs_with(p2, order) {
            self.pairs.push((a, b, value));
        }
        self.pairs.len() <= self.limit
    }

    /// Adds each node paired with itself where the statement looks at that. False: there are too many.
    pub(crate) fn selves(&mut self, side: &Side, predicate: &Predicate) -> bool {
        let (Some(PairOrder::All), Some(set)) = (self.order, side.set()) else { return true };
        (0..).zip(set.rows()).all(|(index, row)| {
            let value = predicate.value(row, row);
            !predicate.holds(value) || self.ordered(side, side, index, index, value)
        })
    }

    /// Sorts by the order in which Neo4j read the nodes, left first: that of ids, but for nodes that the transaction has
    /// made, which come before. It is the order of the statement's own rows, and of (a, b) and (b, a) an undirected
    /// MERGE takes its direction from the one that comes first.
    pub(crate) fn sort(&mut self) {
        self.pairs.sort_unstable_by_key(|(a, b, _)| (*a, *b));
    }

    /// `[[elementId of left, [elementIds of right], [measures]], ..]`, one entry per left node.
    pub(crate) fn encode(&self, left: &Side, right: &Side) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(self.pairs.len() * 60 + 16);
        let mut writer = Writer::new(&mut out);
        let groups = self.pairs.chunk_by(|a, b| a.0 == b.0);
        writer.list(groups.clone().count())?;
        for group in groups {
            writer.list(3)?;
            writer.string(group.first().map_or("", |pair| left.element_id(pair.0)))?;
            writer.list(group.len())?;
            for (_, b, _) in group {
                writer.string(right.element_id(*b))?;
            }
            writer.list(group.len())?;
            for (_, _, value) in group {
                writer.float(*value);
            }
        }
        Ok(out)
    }
}
