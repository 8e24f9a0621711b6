//! The nodes of one side of a link and their vectors.

use packstream::{DecodeError, Kind, Reader};

use crate::cypher::{Identity, PairOrder};
use crate::link::{LinkError, MAX_DIMENSION, Set};

/// The nodes of one side, in the order in which Neo4j reads them.
#[derive(Debug, Default)]
pub(crate) struct Side {
    nodes: Vec<Node>,
    /// The vectors of all nodes, while all of them have one of the same length.
    set: Option<Set>,
    scratch: Vec<f64>,
}

/// A node.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) element_id: String,
    pub(crate) id: i64,
    /// Elements of its vector; `None` if it has none.
    length: Option<usize>,
}

/// Why GDS cannot measure a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadVector {
    /// The left node has none.
    Left,
    /// The right node has none.
    Right,
    /// Neither has one.
    Both,
    /// They are empty, or not of the same length.
    Length,
}

/// A vector that the kernel does not take.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VectorError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error("the property is no list of numbers")]
    NoNumbers,
    #[error("the vector is too long")]
    TooLong,
}

impl Side {
    /// Takes a row: element id, id, vector.
    pub(crate) fn take(&mut self, record: &[u8]) -> Result<(), VectorError> {
        let mut reader = Reader::new(record, packstream::Limits::default());
        reader.structure()?;
        reader.list()?;
        let element_id = reader.string()?.to_owned();
        let id = reader.integer()?;
        let length = match reader.peek()? {
            Kind::Null => None,
            Kind::List => Some(self.vector(&mut reader)?),
            _ => return Err(VectorError::NoNumbers),
        };
        self.nodes.push(Node { element_id, id, length });
        Ok(())
    }

    /// Reads a vector into the set, if it is of the length of those before it.
    fn vector(&mut self, reader: &mut Reader<'_>) -> Result<usize, VectorError> {
        let length = reader.list()?;
        if length > MAX_DIMENSION {
            return Err(VectorError::TooLong);
        }
        self.scratch.clear();
        loop {
            reader.floats(length - self.scratch.len(), &mut self.scratch);
            if self.scratch.len() == length {
                break;
            }
            self.scratch.push(match reader.peek()? {
                Kind::Float => reader.float()?,
                // Java's conversion rounds to nearest too.
                Kind::Integer => reader.integer()? as f64,
                // GDS takes a missing element for 0.
                Kind::Null => {
                    reader.null()?;
                    0.0
                }
                _ => return Err(VectorError::NoNumbers),
            });
        }
        if self.set.is_none() && length > 0 {
            self.set = Some(Set::new(length)?);
        }
        if let Some(set) = &mut self.set
            && set.dimension() == length
        {
            set.push(&self.scratch)?;
        }
        Ok(length)
    }

    /// Vectors that are no nodes.
    pub(crate) fn of(vectors: &[Vec<f64>]) -> Result<Self, LinkError> {
        let mut side = Self::default();
        for (number, vector) in (1..).zip(vectors) {
            let set = match &mut side.set {
                Some(set) => set,
                None => side.set.insert(Set::new(vector.len())?),
            };
            set.push(vector)?;
            // No node has such an id.
            side.nodes.push(Node { element_id: String::new(), id: -number, length: Some(vector.len()) });
        }
        Ok(side)
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The length of the first vector, and another if there is one; none if there is no vector.
    pub(crate) fn lengths(&self) -> Option<(usize, usize)> {
        let mut lengths = self.nodes.iter().filter_map(|node| node.length);
        let first = lengths.next()?;
        Some((first, lengths.find(|length| *length != first).unwrap_or(first)))
    }

    /// The element id of a node.
    pub(crate) fn element_id(&self, index: u32) -> &str {
        self.node(index).map_or("", |node| &node.element_id)
    }

    pub(crate) fn node(&self, index: u32) -> Option<&Node> {
        self.nodes.get(usize::try_from(index).ok()?)
    }

    /// The vectors, one for each node; none if there is no node. Only where [`first_bad`] found nothing do
    /// they stand at the numbers of their nodes.
    pub(crate) fn set(&self) -> Option<&Set> {
        self.set.as_ref()
    }

    /// Is (a node of this side, a node of another) a pair that the statement looks at?
    pub(super) fn pairs_with(&self, index: u32, other: &Self, with: u32, order: PairOrder) -> bool {
        match (self.node(index), other.node(with)) {
            (Some(node), Some(other)) => node.pairs_with(other, order),
            _ => false,
        }
    }

    /// Do all nodes have a vector of the same length?
    pub(super) fn is_uniform(&self) -> bool {
        let vectors = self.set.as_ref().map_or(0, Set::len);
        usize::try_from(vectors).is_ok_and(|vectors| vectors == self.nodes.len())
    }
}

impl Node {
    /// Is (self, other) a pair that the statement looks at?
    pub(crate) fn pairs_with(&self, other: &Self, order: PairOrder) -> bool {
        match order {
            PairOrder::All => true,
            PairOrder::NotEqual => self.id != other.id,
            PairOrder::Less(Identity::Id) => self.id < other.id,
            PairOrder::Greater(Identity::Id) => self.id > other.id,
            PairOrder::Less(Identity::ElementId) => self.element_id < other.element_id,
            PairOrder::Greater(Identity::ElementId) => self.element_id > other.element_id,
        }
    }
}

/// What is wrong with the first pair, in Neo4j's order of rows, that GDS cannot measure.
pub(crate) fn first_bad(left: &Side, right: &Side, order: PairOrder) -> Option<BadVector> {
    let dimensions = (left.set.as_ref().map(Set::dimension), right.set.as_ref().map(Set::dimension));
    if left.is_uniform()
        && right.is_uniform()
        && (dimensions.0 == dimensions.1 || left.len() == 0 || right.len() == 0)
    {
        return None;
    }
    left.nodes.iter().find_map(|p1| {
        right.nodes.iter().filter(|p2| p1.pairs_with(p2, order)).find_map(|p2| match (p1.length, p2.length) {
            (Some(a), Some(b)) if a == b && a > 0 => None,
            (Some(_), Some(_)) => Some(BadVector::Length),
            (None, Some(_)) => Some(BadVector::Left),
            (Some(_), None) => Some(BadVector::Right),
            (None, None) => Some(BadVector::Both),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::Value;

    fn side(vectors: &[Option<&[f64]>]) -> Side {
        let mut side = Side::default();
        for (id, vector) in (0..).zip(vectors) {
            let vector = match vector {
                Some(vector) => Value::List(vector.iter().map(|x| Value::Float(*x)).collect()),
                None => Value::Null,
            };
            let fields = [Value::from(format!("4:x:{id}")), Value::from(id), vector];
            side.take(&bolt::message::record(&fields).unwrap()).unwrap();
        }
        side
    }

    #[test]
    fn rows_are_read() {
        let side = side(&[Some(&[1.0, 2.0]), Some(&[3.0, 4.0])]);
        assert_eq!(side.node(1).map(|node| (node.element_id.as_str(), node.id)), Some(("4:x:1", 1)));
        let rows: Vec<&[f64]> = side.set().unwrap().rows().collect();
        assert_eq!(rows, [[1.0, 2.0], [3.0, 4.0]]);
        assert_eq!(first_bad(&side, &side, PairOrder::NotEqual), None);
    }

    #[test]
    fn a_bad_vector_counts_only_in_a_pair() {
        let alone = side(&[None]);
        assert_eq!(first_bad(&alone, &alone, PairOrder::NotEqual), None);
        assert_eq!(first_bad(&alone, &alone, PairOrder::All), Some(BadVector::Both));
        let null = side(&[Some(&[1.0]), None]);
        assert_eq!(first_bad(&null, &null, PairOrder::Less(Identity::Id)), Some(BadVector::Right));
        assert_eq!(first_bad(&null, &null, PairOrder::Greater(Identity::Id)), Some(BadVector::Left));
        let length = side(&[Some(&[1.0]), Some(&[1.0, 2.0]), None]);
        assert_eq!(first_bad(&length, &length, PairOrder::NotEqual), Some(BadVector::Length));
        let empty = side(&[Some(&[]), Some(&[])]);
        assert_eq!(first_bad(&empty, &empty, PairOrder::NotEqual), Some(BadVector::Length));
        let (one, two) = (side(&[Some(&[1.0])]), side(&[Some(&[1.0, 2.0])]));
        assert_eq!(first_bad(&one, &two, PairOrder::All), Some(BadVector::Length));
        assert_eq!(first_bad(&one, &Side::default(), PairOrder::All), None);
    }
}
