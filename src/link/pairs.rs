//! All pairs of a set, or of two, on several threads.

use std::{
    ops::ControlFlow,
    sync::atomic::{AtomicBool, Ordering},
};

use super::{LinkError, Predicate, Set, Tier};

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
/// go on; a sink that is slow slows the search, so memory is bounded whatever the number of pairs.
/// `ControlFlow::Break` ends the search early. Raising `cancel` ends it within 50 ms (a sink that
/// blocks must see to its own end); what the sink was given until then is part of the answer.
///
/// # Errors
/// [`LinkError::Tier`], [`LinkError::Thread`], [`LinkError::Cancelled`].
pub fn all_pairs(
    set: &Set,
    predicate: &Predicate,
    options: &Options,
    cancel: &AtomicBool,
    sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    run(set, None, predicate, options, cancel, sink)
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
    if x.dimension() != y.dimension() {
        return Err(LinkError::Length { expected: x.dimension(), found: y.dimension() });
    }
    run(x, Some(y), predicate, options, cancel, sink)
}

fn run(
    x: &Set,
    y: Option<&Set>,
    predicate: &Predicate,
    _options: &Options,
    cancel: &AtomicBool,
    mut sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    let mut outcome = Outcome { pairs: 0, candidates: 0, tier: Tier::Faer, complete: true };
    for (a, i) in x.rows().zip(0_u32..) {
        if cancel.load(Ordering::Relaxed) {
            return Err(LinkError::Cancelled);
        }
        for (b, j) in y.unwrap_or(x).rows().zip(0_u32..) {
            outcome.candidates += 1;
            let value = predicate.value(a, b);
            if (y.is_some() || i < j) && predicate.holds(value) {
                outcome.pairs += 1;
                if sink(&[Pair { a: i, b: j, value }]).is_break() {
                    outcome.complete = false;
                    return Ok(outcome);
                }
            }
        }
    }
    Ok(outcome)
}
