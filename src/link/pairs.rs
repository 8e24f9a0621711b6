//! All pairs of a set, or of two, on several threads.

use std::{
    ops::ControlFlow,
    panic,
    sync::{
        LazyLock, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    Block, Frame, LinkError, Predicate, Set, Tier,
    tile::{Matcher, scan},
};

/// Rows that a frame is fitted to and a tier chosen by.
const SAMPLE_ROWS: usize = 101;
/// Deciding a pair costs as much as ruling out some thirty more by f32 than by int8: an integer tier
/// must not propose more than one pair in thirty beyond what f32 does.
const WORTHWHILE: u64 = 30;

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
    options: &Options,
    cancel: &AtomicBool,
    sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    let frame = fit(x, y, predicate, options.tier)?;
    let mut outcome = Outcome { pairs: 0, candidates: 0, tier: frame.tier(), complete: true };
    if !predicate.satisfiable() {
        return Ok(outcome);
    }
    let rows = blocks(x, &frame);
    let others = y.map(|y| blocks(y, &frame));
    let columns = others.as_ref().unwrap_or(&rows);
    let triangle = y.is_none();
    let tiles = rows.iter().enumerate().flat_map(|(i, a)| {
        let columns = columns.iter().enumerate().skip(if triangle { i } else { 0 });
        columns.map(move |(j, b)| (a, b, triangle && i == j))
    });
    let (tiles, sink) = (Mutex::new(tiles), Mutex::new(Sink { sink, open: true }));

    let work = || {
        let mut send =
            |pairs: &[Pair]| sink.lock().map_or(ControlFlow::Break(()), |mut sink| sink.send(pairs));
        let next = || tiles.lock().ok().and_then(|mut tiles| tiles.next());
        let mut matcher = Matcher::new(cancel, &mut send);
        let mut flow = ControlFlow::Continue(());
        while flow.is_continue()
            && let Some((a, b, same)) = next()
        {
            // Before the blocks are made.
            flow = if cancel.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                matcher.tile(a, b, same)
            };
        }
        if flow.is_continue() {
            flow = matcher.finish();
        }
        (matcher.pairs, matcher.candidates, flow.is_continue())
    };
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    for (pairs, candidates, complete) in on_threads(threads.min(rows.len() * columns.len()), &work) {
        outcome.pairs += pairs;
        outcome.candidates += candidates;
        outcome.complete &= complete;
    }
    if outcome.complete || !cancel.load(Ordering::Relaxed) { Ok(outcome) } else { Err(LinkError::Cancelled) }
}

/// Where pairs go, from one thread at a time.
struct Sink<S> {
    sink: S,
    /// Whether it takes more.
    open: bool,
}

impl<S: FnMut(&[Pair]) -> ControlFlow<()>> Sink<S> {
    fn send(&mut self, pairs: &[Pair]) -> ControlFlow<()> {
        self.open = self.open && (self.sink)(pairs).is_continue();
        if self.open { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// Runs `work` on this thread and on `threads - 1` others, fewer if the system has no more to give.
fn on_threads<T: Send>(threads: usize, work: &(impl Fn() -> T + Sync)) -> Vec<T> {
    thread::scope(|scope| {
        let others: Vec<_> =
            (1..threads).map_while(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut parts = vec![work()];
        for other in others {
            parts.push(other.join().unwrap_or_else(|payload| panic::resume_unwind(payload)));
        }
        parts
    })
}

/// The blocks of a set, each made by the thread that needs it first.
fn blocks<'a>(set: &'a Set, frame: &'a Frame) -> Vec<LazyLock<Block<'a>, impl FnOnce() -> Block<'a>>> {
    set.blocks().map(|(base, vectors)| LazyLock::new(move || Block::of(base, vectors, frame))).collect()
}

/// A frame for the job; with [`Tier::Auto`] of the fastest tier that is selective enough.
fn fit(x: &Set, y: Option<&Set>, predicate: &Predicate, tier: Tier) -> Result<Frame, LinkError> {
    let mut sample = x.sample(SAMPLE_ROWS);
    if let Some(y) = y {
        sample.extend(y.sample(SAMPLE_ROWS));
    }
    let fastest = Frame::new(*predicate, x.dimension(), tier, &sample)?;
    if tier != Tier::Auto || fastest.tier() == Tier::Faer {
        return Ok(fastest);
    }
    let float = Frame::new(*predicate, x.dimension(), Tier::Faer, &sample)?;
    let (proposed, pairs) = proposals(&fastest, &sample);
    let (needed, _) = proposals(&float, &sample);
    Ok(if proposed <= needed + pairs / WORTHWHILE { fastest } else { float })
}

/// Candidates among the pairs of a sample, and the number of its pairs.
fn proposals(frame: &Frame, sample: &[f64]) -> (u64, u64) {
    let block = Block::of(0, sample, frame);
    let mut candidates = 0;
    let _ = scan(&block, &block, true, &mut Vec::new(), |_, _, mask| {
        candidates += u64::from(mask.count_ones());
        ControlFlow::Continue(())
    });
    let rows = block.rows() as u64;
    (candidates, rows * rows.saturating_sub(1) / 2)
}
