//! All pairs of a set, or of two.

use std::{ops::ControlFlow, sync::atomic::AtomicBool};

use super::{Feed, LinkError, Predicate, Set, Tier, search};

/// Two rows that satisfy the predicate, and the value that it compared.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// Index of the first row; in one set the lower of the two.
    pub a: u32,
    /// Index of the second row: in one set the higher, in two sets one of the second set.
    pub b: u32,
    /// The metric, in every bit what GDS computes ([`Predicate::value`]).
    pub value: f64,
}

/// How to compute; no choice here changes the answer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Threads to compute on, the caller's own among them; 0 is one for each core.
    pub threads: usize,
    /// How candidates are found.
    pub tier: Tier,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Pairs handed to the sink.
    pub pairs: u64,
    /// Pairs decided in f64; the rest was ruled out by a bound.
    pub candidates: u64,
    /// The tier that ran, never [`Tier::Auto`].
    pub tier: Tier,
    /// False if the sink broke off.
    pub complete: bool,
}

/// Every unordered pair of different rows of `set` that satisfies `predicate`, each once, `a < b`,
/// in no promised order.
///
/// The pairs go to `sink` in batches as they are found, from one thread at a time, while the others
/// go on; a sink that is slow slows the search, so memory is bounded whatever the number of pairs:
/// beside the set itself its images (4 bytes an element at most) and about a megabyte a thread.
/// `ControlFlow::Break` ends the search early. Raising `cancel` ends it within 50 ms (a sink that
/// blocks must see to its own end); what the sink was given until then is part of the answer.
///
/// # Errors
/// [`LinkError::Tier`], [`LinkError::Cancelled`].
pub fn all_pairs(
    set: &Set,
    predicate: &Predicate,
    options: &Options,
    cancel: &AtomicBool,
    sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    fed_pairs(None, &Feed::of(set), predicate, options, cancel, sink)
}

/// As [`all_pairs`], or with `rows` as [`cross_pairs`], of a last set that still grows: as soon as vectors are there, their
/// pairs are searched, on one thread less until the feed has ended. Without an end, or `cancel`, it waits for ever.
///
/// # Errors
/// [`LinkError::Dimension`], and those of [`cross_pairs`].
pub fn fed_pairs(
    rows: Option<&Set>,
    feed: &Feed,
    predicate: &Predicate,
    options: &Options,
    cancel: &AtomicBool,
    sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    if let Some(rows) = rows
        && rows.dimension() != feed.dimension()
    {
        return Err(LinkError::Length { expected: rows.dimension(), found: feed.dimension() });
    }
    search::run(rows, feed, predicate, options, cancel, sink)
}

/// Every pair of a row of `x` and a row of `y` that satisfies `predicate`, each once: `a` numbers a
/// row of `x`, `b` one of `y`. Else as [`all_pairs`].
///
/// # Errors
/// [`LinkError::Length`] if the dimensions differ, and those of [`all_pairs`].
pub fn cross_pairs(
    x: &Set,
    y: &Set,
    predicate: &Predicate,
    options: &Options,
    cancel: &AtomicBool,
    sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    fed_pairs(Some(x), &Feed::of(y), predicate, options, cancel, sink)
}
