//! How much of an input is worth reading.

/// Bounds on what a [`Reader`](crate::Reader) accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The longest input, in bytes; a longer one is refused before its first value.
    pub bytes: usize,
    /// How many lists, maps and structures may lie inside each other.
    pub depth: usize,
    /// How many list items, map entries and structure fields one reader reads in all.
    pub elements: usize,
}

impl Default for Limits {
    /// 64 MiB, 16 Mi elements, and a depth that needs less than 1 MiB of stack. Neo4j accepts a nesting of 1,000.
    fn default() -> Self {
        Self { bytes: 64 << 20, depth: 1024, elements: 16 << 20 }
    }
}
