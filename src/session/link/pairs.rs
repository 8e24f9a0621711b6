//! The pairs that the kernel found, as the rewritten statement takes them.

use packstream::{EncodeError, Writer};

use super::vectors::Side;
use crate::cypher::PairOrder;
use crate::link::Predicate;

/// Ordered pairs (left, right) of node numbers, with their measure.
#[derive(Debug, Default)]
pub(crate) struct Pairs {
    pub(super) pairs: Vec<(u32, u32, f64)>,
}

impl Pairs {
    pub(crate) fn len(&self) -> usize {
        self.pairs.len()
    }

    /// The pairs and their measures.
    pub(crate) fn into_pairs(self) -> Vec<(u32, u32, f64)> {
        self.pairs
    }

    /// Of unordered pairs of one side makes those that the statement looks at.
    pub(super) fn both_ways(&mut self, side: &Side, order: PairOrder) {
        let turned = self.pairs.iter().filter(|(a, b, _)| side.pairs_with(*b, side, *a, order));
        let turned: Vec<_> = turned.map(|&(a, b, value)| (b, a, value)).collect();
        self.pairs.retain(|(a, b, _)| side.pairs_with(*a, side, *b, order));
        self.pairs.extend(turned);
    }

    /// Adds each node paired with itself where the statement looks at that.
    pub(super) fn selves(&mut self, side: &Side, order: PairOrder, predicate: &Predicate) {
        let (PairOrder::All, Some(set)) = (order, side.set()) else { return };
        let selves = (0..).zip(set.rows()).map(|(index, row)| (index, index, predicate.value(row, row)));
        self.pairs.extend(selves.filter(|(_, _, value)| predicate.holds(*value)));
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
