//! The pairs that were found, as the statement takes them.

use std::collections::HashSet;

use packstream::{EncodeError, Map, Writer};

use crate::procedures::Measure;
use crate::session::link::Side;

/// A pair of node numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Pair {
    a: u32,
    b: u32,
    distance: f64,
    similarity: f64,
}

/// Pairs that are near.
#[derive(Debug, Default)]
pub(super) struct Found(Vec<Pair>);

impl Found {
    /// Those that are near by `measure`.
    pub(super) fn new(pairs: Vec<(u32, u32, f64)>, measure: Measure) -> Self {
        let pair = |(a, b, value)| {
            let (distance, similarity) = measure.of(value)?;
            Some(Pair { a, b, distance, similarity })
        };
        Self(pairs.into_iter().filter_map(pair).collect())
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn by_distance(&mut self) {
        self.0.sort_by(|x, y| x.distance.total_cmp(&y.distance).then((x.a, x.b).cmp(&(y.a, y.b))));
    }

    /// Keeps the nearest `most` of each first node; with `both`, of either node: a pair stays if it is among those of
    /// one of its nodes. Sorts by distance.
    pub(super) fn nearest_of_each(&mut self, most: usize, both: bool) {
        self.by_distance();
        let mut counts = std::collections::HashMap::<u32, usize>::new();
        let mut nearer = |node| {
            let count = counts.entry(node).or_default();
            *count += 1;
            *count <= most
        };
        self.0.retain(|pair| {
            let (of_a, of_b) = (nearer(pair.a), both && nearer(pair.b));
            of_a || of_b
        });
    }

    /// Keeps the nearest `most` of all.
    pub(super) fn nearest(&mut self, most: usize) {
        self.by_distance();
        self.0.truncate(most);
    }

    /// Keeps one of (a, b) and (b, a).
    pub(super) fn once(&mut self, left: &Side, right: &Side) {
        let mut seen = HashSet::new();
        self.0.retain(|pair| {
            let ids = (left.node(pair.a).map(|node| node.id), right.node(pair.b).map(|node| node.id));
            seen.insert((ids.0.min(ids.1), ids.0.max(ids.1)))
        });
    }

    /// Sorts by the nodes' ids.
    pub(super) fn sort(&mut self, left: &Side, right: &Side) {
        let id = |side: &Side, index| side.node(index).map(|node| node.id);
        self.0.sort_by_cached_key(|pair| (id(left, pair.a), id(right, pair.b)));
    }

    /// The rows of a stream.
    pub(super) fn rows(&self, left: &Side, right: &Side) -> Result<Vec<u8>, EncodeError> {
        self.list(|writer, pair| {
            writer.map(4)?;
            writer.string("node1")?;
            writer.string(left.element_id(pair.a))?;
            writer.string("node2")?;
            writer.string(right.element_id(pair.b))?;
            pair.write(writer)
        })
    }

    /// The rows of a search, whose queries are on the left.
    pub(super) fn hits(&mut self, nodes: &Side) -> Result<Vec<u8>, EncodeError> {
        // Stable: each query's stay in order of their distance.
        self.0.sort_by_key(|pair| pair.a);
        self.list(|writer, pair| {
            writer.map(4)?;
            writer.string("node")?;
            writer.string(nodes.element_id(pair.b))?;
            writer.string("index")?;
            writer.integer(i64::from(pair.a));
            pair.write(writer)
        })
    }

    fn list(
        &self,
        mut row: impl FnMut(&mut Writer<'_>, &Pair) -> Result<(), EncodeError>,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(self.0.len() * 160 + 16);
        let mut writer = Writer::new(&mut out);
        writer.list(self.0.len())?;
        self.0.iter().try_for_each(|pair| row(&mut writer, pair))?;
        Ok(out)
    }

    /// `counts` and the pairs: in groups by their first node, or each on its own.
    pub(super) fn pairs(
        &self,
        left: &Side,
        right: &Side,
        counts: Map,
        single: bool,
    ) -> Result<Vec<u8>, EncodeError> {
        let mut out = Vec::with_capacity(self.0.len() * 60 + 1024);
        let mut writer = Writer::new(&mut out);
        writer.map(counts.len() + 1)?;
        for (key, value) in counts.iter() {
            writer.string(key)?;
            writer.value(value)?;
        }
        writer.string("pairs")?;
        if single {
            writer.list(self.0.len())?;
            for pair in &self.0 {
                writer.list(3)?;
                writer.string(left.element_id(pair.a))?;
                writer.string(right.element_id(pair.b))?;
                writer.float(pair.distance);
            }
            return Ok(out);
        }
        let groups = self.0.chunk_by(|x, y| x.a == y.a);
        writer.list(groups.clone().count())?;
        for group in groups {
            writer.list(3)?;
            writer.string(group.first().map_or("", |pair| left.element_id(pair.a)))?;
            writer.list(group.len())?;
            group.iter().try_for_each(|pair| writer.string(right.element_id(pair.b)))?;
            writer.list(group.len())?;
            group.iter().for_each(|pair| writer.float(pair.distance));
        }
        Ok(out)
    }

    /// How the distances are spread: least, most, mean, and the value at each percentile (by nearest rank).
    pub(super) fn distribution(&self) -> Map {
        let mut distances: Vec<f64> = self.0.iter().map(|pair| pair.distance).collect();
        distances.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (distances.first(), distances.last()) else { return Map::new() };
        let count = distances.len();
        let mean = distances.iter().sum::<f64>() / count as f64;
        let mut map = Map::from([("min", *least), ("max", *most), ("mean", mean)]);
        for percent in [1, 5, 10, 25, 50, 75, 90, 95, 99, 100] {
            let rank = (count * percent).div_ceil(100).max(1);
            if let Some(value) = distances.get(rank - 1) {
                map.insert(format!("p{percent}"), *value);
            }
        }
        map
    }
}

impl Pair {
    fn write(&self, writer: &mut Writer<'_>) -> Result<(), EncodeError> {
        writer.string("distance")?;
        writer.float(self.distance);
        writer.string("similarity")?;
        writer.float(self.similarity);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::Value;

    fn found(pairs: &[(u32, u32, f64)]) -> Found {
        Found::new(pairs.to_vec(), Measure::Distance(10.0))
    }

    fn kept(found: &Found) -> Vec<(u32, u32)> {
        found.0.iter().map(|pair| (pair.a, pair.b)).collect()
    }

    #[test]
    fn the_nearest_are_kept_of_each_and_of_all() {
        let all = [(0, 1, 3.0), (0, 2, 1.0), (1, 2, 2.0), (2, 3, 9.0), (0, 3, 10.0)];
        let mut first = found(&all);
        first.nearest_of_each(1, false);
        assert_eq!(kept(&first), [(0, 2), (1, 2), (2, 3)]);
        // 3 has no nearer one than 2; what is as far as the cutoff is not near.
        let mut either = found(&all);
        either.nearest_of_each(1, true);
        assert_eq!(kept(&either), [(0, 2), (1, 2), (2, 3)]);
        either.nearest(2);
        assert_eq!(kept(&either), [(0, 2), (1, 2)]);
    }

    #[test]
    fn distances_are_spread() {
        let pairs: Vec<_> = (1..=200).map(|n| (0, n, f64::from(n) / 100.0)).collect();
        let map = found(&pairs).distribution();
        let of = |key| map.get(key).and_then(Value::as_f64).unwrap();
        assert_eq!((of("min"), of("p1"), of("p50"), of("p100"), of("max")), (0.01, 0.02, 1.0, 2.0, 2.0));
        assert!((of("mean") - 1.005).abs() < 1e-12);
        assert!(found(&[]).distribution().is_empty());
    }
}
