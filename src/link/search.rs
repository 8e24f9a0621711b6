//! The tiles of a search, on several threads.

use std::{
    ops::ControlFlow,
    panic,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use super::{
    Feed, Frame, LinkError, Options, Outcome, Pair, Predicate, Set, Tier,
    block::Block,
    set::{Rows, sample},
    tile::{Matcher, scan},
    tiles::Tiles,
};

/// Rows that a frame is fitted to and a tier chosen by.
const SAMPLE_ROWS: usize = 101;
/// Deciding a pair costs as much as ruling out some thirty more by f32 than by int8: an integer tier
/// must not propose more than one pair in thirty beyond what f32 does.
const WORTHWHILE: u64 = 30;

/// All pairs within `columns`, or of a row of `rows` and one of `columns`.
///
/// While vectors still come, tiles are searched in a frame that is fitted to the first of them, and no longer than it
/// rules out what is no pair. Once all have come it is kept, unless a frame that is fitted to all is faster.
pub(super) fn run(
    rows: Option<&Set>,
    columns: &Feed,
    predicate: &Predicate,
    options: &Options,
    cancel: &AtomicBool,
    sink: impl FnMut(&[Pair]) -> ControlFlow<()> + Send,
) -> Result<Outcome, LinkError> {
    let mut outcome = Outcome { pairs: 0, candidates: 0, tier: options.tier.resolve()?, complete: true };
    if !predicate.satisfiable() {
        return Ok(outcome);
    }
    let rows = rows.map(Set::blocks);
    let dimension = columns.dimension();
    let sampled = |columns: &[Rows]| {
        let mut rows = rows.map_or(Vec::new(), |rows| sample(rows, dimension, SAMPLE_ROWS));
        rows.extend(sample(columns, dimension, SAMPLE_ROWS));
        rows
    };
    let threads = match options.threads {
        0 => thread::available_parallelism().map_or(1, usize::from),
        threads => threads,
    };
    let sink = Mutex::new(Sink { sink, open: true });
    let mut search = |tiles: &Tiles<'_>, threads: usize| {
        let work = || {
            let mut send =
                |pairs: &[Pair]| sink.lock().map_or(ControlFlow::Break(()), |mut sink| sink.send(pairs));
            let mut matcher = Matcher::new(cancel, &mut send);
            let mut flow = ControlFlow::Continue(());
            let mut compared = 0;
            while flow.is_continue()
                && let Some(tile) = tiles.next(cancel)
            {
                // Before the blocks are made.
                if cancel.load(Ordering::Relaxed) {
                    flow = ControlFlow::Break(());
                    break;
                }
                let (a, b) = (tile.a.get(), tile.b.get());
                flow = matcher.tile(a, b, tile.same);
                let pairs = (a.rows() * b.rows()) as u64;
                compared += pairs;
                columns.has_compared(if rows.is_some() || tile.same { pairs } else { 2 * pairs });
                if matcher.wasted() > compared / WORTHWHILE {
                    tiles.give_up();
                }
            }
            if flow.is_continue() {
                flow = matcher.finish();
            }
            (matcher.pairs, matcher.candidates, flow.is_continue())
        };
        for (pairs, candidates, complete) in on_threads(threads, &work) {
            outcome.pairs += pairs;
            outcome.candidates += candidates;
            outcome.complete &= complete;
        }
        outcome.complete
    };

    let mut complete = true;
    let mut early = None;
    if !columns.has_ended()
        && let Some(first) = columns.block(0, cancel)
    {
        let frame = fit(&sampled(&[first]), dimension, predicate, options.tier)?;
        let tiles = Tiles::new(rows, columns, frame);
        // One is left to whoever reads the vectors, and to where they come from.
        complete = search(&tiles, threads.saturating_sub(1));
        early = Some(tiles);
    }
    if complete {
        if !columns.wait_for_end(cancel) {
            return Err(LinkError::Cancelled);
        }
        let blocks = columns.blocks();
        let sample = sampled(&blocks);
        let frame = fit(&sample, dimension, predicate, options.tier)?;
        let tiles = match early {
            Some(early) if is_as_good(early.frame(), &frame, &sample) => early.all(),
            Some(early) => Tiles::new(rows, columns, frame).after(&early).all(),
            None => Tiles::new(rows, columns, frame).all(),
        };
        let most = rows.map_or(blocks.len(), <[Rows]>::len) * blocks.len();
        search(&tiles, threads.min(most));
        outcome.tier = tiles.frame().tier();
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

/// A frame for the search; with [`Tier::Auto`] of the fastest tier that is selective enough.
fn fit(sample: &[f64], dimension: usize, predicate: &Predicate, tier: Tier) -> Result<Arc<Frame>, LinkError> {
    let fastest = Arc::new(Frame::new(*predicate, dimension, tier, sample)?);
    if tier != Tier::Auto || fastest.tier() == Tier::Faer {
        return Ok(fastest);
    }
    let float = Arc::new(Frame::new(*predicate, dimension, Tier::Faer, sample)?);
    Ok(if is_selective(&fastest, &float, sample) { fastest } else { float })
}

/// Is nothing gained by another frame of the search?
fn is_as_good(early: &Arc<Frame>, fitted: &Arc<Frame>, sample: &[f64]) -> bool {
    early.tier() == fitted.tier() && is_selective(early, fitted, sample)
}

/// Does a frame propose hardly more pairs than another?
fn is_selective(frame: &Arc<Frame>, other: &Arc<Frame>, sample: &[f64]) -> bool {
    let (proposed, pairs) = proposals(frame, sample);
    let (needed, _) = proposals(other, sample);
    proposed <= needed + pairs / WORTHWHILE
}

/// Candidates among the pairs of a sample, and the number of its pairs.
fn proposals(frame: &Arc<Frame>, sample: &[f64]) -> (u64, u64) {
    let block = Block::new(0, Arc::new(sample.to_vec()), Arc::clone(frame));
    let mut candidates = 0;
    let _ = scan(&block, &block, true, &mut Vec::new(), |_, _, mask| {
        candidates += u64::from(mask.count_ones());
        ControlFlow::Continue(())
    });
    let rows = block.rows() as u64;
    (candidates, rows * rows.saturating_sub(1) / 2)
}
