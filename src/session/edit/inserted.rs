//! Rows of ours among those that Neo4j sends.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Rows, each with the number of Neo4j's rows that come before it; in this order.
#[derive(Debug)]
pub(crate) struct Inserted {
    rows: Vec<(usize, Vec<u8>)>,
    passed: AtomicUsize,
    discarded: AtomicBool,
}

impl Inserted {
    /// The rows are RECORD messages.
    pub(crate) fn new(rows: Vec<(usize, Vec<u8>)>) -> Self {
        Self { rows, passed: AtomicUsize::new(0), discarded: AtomicBool::new(false) }
    }

    /// The client wants no more rows.
    pub(crate) fn discard(&self) {
        self.discarded.store(true, Ordering::Relaxed);
    }

    /// What belongs in front of the row of Neo4j's that has come.
    pub(crate) fn before_row(&self) -> impl Iterator<Item = &[u8]> {
        let passed = self.passed.fetch_add(1, Ordering::Relaxed);
        self.due(move |place| place == passed)
    }

    /// What is left behind the last of Neo4j's rows.
    pub(crate) fn rest(&self) -> impl Iterator<Item = &[u8]> {
        let passed = self.passed.load(Ordering::Relaxed);
        self.due(move |place| place >= passed)
    }

    fn due(&self, wanted: impl Fn(usize) -> bool) -> impl Iterator<Item = &[u8]> {
        let rows = if self.discarded.load(Ordering::Relaxed) { &[][..] } else { &self.rows };
        rows.iter().filter(move |(place, _)| wanted(*place)).map(|(_, row)| row.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(rows: impl Iterator<Item = &'a [u8]>) -> Vec<&'a [u8]> {
        rows.collect()
    }

    #[test]
    fn each_row_comes_once_in_its_place() {
        let rows = [(0, "a"), (1, "b"), (1, "c"), (2, "d"), (2, "e")];
        let inserted = Inserted::new(rows.map(|(place, row)| (place, row.into())).to_vec());
        assert_eq!(texts(inserted.before_row()), [b"a"]);
        assert_eq!(texts(inserted.before_row()), [b"b", b"c"]);
        assert_eq!(texts(inserted.rest()), [b"d", b"e"]);
    }

    #[test]
    fn what_is_discarded_does_not_come() {
        let inserted = Inserted::new(vec![(0, b"a".to_vec()), (1, b"b".to_vec())]);
        assert_eq!(inserted.before_row().count(), 1);
        inserted.discard();
        assert_eq!(inserted.rest().count(), 0);
    }
}
