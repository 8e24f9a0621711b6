//! The search for pairs, which begins while the vectors still come.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Instant, interval_at};

use super::pairs::Pairs;
use super::vectors::Side;
use crate::cypher::PairOrder;
use crate::link::{self, Feed, LinkError, Options, Pair, Predicate};
use crate::metrics;

/// How often a long link tells how far it has come.
pub(super) const TELL: Duration = Duration::from_secs(5);

/// A search for pairs of nodes. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Search {
    predicate: Predicate,
    options: Options,
    /// Most pairs that may be found.
    limit: usize,
    cancel: Cancel,
    running: Option<Running>,
}

/// Pairs of numbers of nodes, with their measure. None: there are too many.
type Found = Option<Vec<(u32, u32, f64)>>;

/// A search among vectors that still come.
#[derive(Debug)]
struct Running {
    feed: Arc<Feed>,
    task: JoinHandle<Result<Found, LinkError>>,
    /// Pairs that the metrics know of.
    counted: u64,
}

/// Ends a search whose asker has gone.
#[derive(Debug, Default)]
struct Cancel(Arc<AtomicBool>);

impl Drop for Cancel {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Search {
    pub(crate) fn new(predicate: Predicate, options: Options, limit: usize) -> Self {
        Self { predicate, options, limit, cancel: Cancel::default(), running: None }
    }

    /// A node has come to a side whose nodes are paired with each other.
    pub(super) fn grow(&mut self, side: &Side) {
        let Some(set) = side.set().filter(|_| side.is_uniform()) else {
            // Some node has no vector, or one of another length: what is found names other nodes.
            if self.running.take().is_some() {
                self.cancel = Cancel::default();
            }
            return;
        };
        if set.is_full() {
            let running = match self.running.take() {
                Some(running) => running,
                None => self.among(set.dimension()),
            };
            running.feed.grow(set);
            self.running = Some(running);
        }
    }

    /// All pairs that `order` wants, in the order of their nodes; none if there are more than the limit. The right side
    /// may be the left one.
    pub(crate) async fn finish(
        mut self,
        left: &Arc<Side>,
        right: &Arc<Side>,
        order: PairOrder,
    ) -> Result<Option<Pairs>, LinkError> {
        let (Some(x), Some(y)) = (left.set(), right.set()) else { return Ok(Some(Pairs::default())) };
        let of = u64::from(x.len()) * u64::from(y.len());
        let same = Arc::ptr_eq(left, right);
        let mut running = if same {
            let running = self.running.take().unwrap_or_else(|| self.among(x.dimension()));
            running.feed.end(x);
            running
        } else {
            self.between(left, right, Feed::of(y), order)
        };
        let found = running.found(of).await?;
        let (side, predicate, limit) = (Arc::clone(left), self.predicate, self.limit);
        let put_in_order = move || {
            let mut pairs = Pairs { pairs: found? };
            if same {
                pairs.both_ways(&side, order);
                pairs.selves(&side, order, &predicate);
            }
            pairs.sort();
            (pairs.len() <= limit).then_some(pairs)
        };
        let pairs = spawn_blocking(put_in_order).await.map_err(|_| LinkError::Cancelled)?;
        metrics::pairs_found(
            pairs.as_ref().map_or(0, |pairs| u64::try_from(pairs.len()).unwrap_or(u64::MAX)),
        );
        Ok(pairs)
    }

    /// The search among the vectors of one side; each pair is found once.
    fn among(&self, dimension: usize) -> Running {
        // Of each pair the statement looks at one order at least.
        self.start(None, Feed::new(dimension), |_| true)
    }

    /// The search for pairs of two sides that `order` wants.
    fn between(&self, left: &Arc<Side>, right: &Arc<Side>, feed: Feed, order: PairOrder) -> Running {
        let (x, y) = (Arc::clone(left), Arc::clone(right));
        self.start(Some(Arc::clone(left)), feed, move |pair| x.pairs_with(pair.a, &y, pair.b, order))
    }

    fn start(
        &self,
        rows: Option<Arc<Side>>,
        feed: Feed,
        wanted: impl Fn(&Pair) -> bool + Send + Sync + 'static,
    ) -> Running {
        let feed = Arc::new(feed);
        let (predicate, options, limit) = (self.predicate, self.options, self.limit);
        let (fed, cancel) = (Arc::clone(&feed), Arc::clone(&self.cancel.0));
        let task = spawn_blocking(move || {
            let mut pairs = Vec::new();
            let sink = |found: &[Pair]| {
                let wanted = found.iter().filter(|pair| wanted(pair));
                pairs.extend(wanted.map(|pair| (pair.a, pair.b, pair.value)));
                if pairs.len() <= limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
            };
            let rows = match &rows {
                None => None,
                Some(side) => Some(side.set().ok_or(LinkError::Cancelled)?),
            };
            let outcome = link::fed_pairs(rows, &fed, &predicate, &options, &cancel, sink)?;
            Ok(outcome.complete.then_some(pairs))
        });
        Running { feed, task, counted: 0 }
    }
}

impl Running {
    /// What was found, of so many ordered pairs. Tells now and then how far it has come.
    async fn found(&mut self, of: u64) -> Result<Found, LinkError> {
        let mut ticks = interval_at(Instant::now() + TELL, TELL);
        loop {
            tokio::select! {
                found = &mut self.task => {
                    self.count();
                    return found.unwrap_or(Err(LinkError::Cancelled));
                }
                _ = ticks.tick() => {
                    self.count();
                    tracing::info!(compared = self.counted, of, "comparing vectors");
                }
            }
        }
    }

    /// Adds to the metrics what has been compared since.
    fn count(&mut self) {
        let compared = self.feed.compared();
        metrics::pairs_compared(compared - self.counted);
        self.counted = compared;
    }
}
