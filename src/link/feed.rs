//! A set whose pairs are searched while it still grows.

use std::{
    sync::{
        Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use super::{
    Set,
    set::{Rows, block_rows},
};

/// How often who waits for vectors looks whether the search was cancelled.
const LOOK: Duration = Duration::from_millis(20);

/// The vectors of a set as far as they have come: between one thread that reads them into the set and those that search
/// it by [`fed_pairs`](super::fed_pairs).
#[derive(Debug)]
pub struct Feed {
    dimension: usize,
    state: Mutex<State>,
    changed: Condvar,
    compared: AtomicU64,
}

#[derive(Debug)]
struct State {
    blocks: Vec<Rows>,
    ended: bool,
}

impl Feed {
    /// No vectors yet, which will have `dimension` elements.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        let state = State { blocks: Vec::new(), ended: false };
        Self { dimension, state: Mutex::new(state), changed: Condvar::new(), compared: AtomicU64::new(0) }
    }

    /// All vectors of a set.
    #[must_use]
    pub fn of(set: &Set) -> Self {
        let feed = Self::new(set.dimension());
        feed.end(set);
        feed
    }

    /// Shares what `set` holds of full blocks; it is the same set each time, and of the feed's dimension.
    pub fn grow(&self, set: &Set) {
        self.share(set.full_blocks(), false);
    }

    /// Shares all that `set` holds: no more will come.
    pub fn end(&self, set: &Set) {
        self.share(set.blocks(), true);
    }

    /// Ordered pairs that the search has looked at: in the end those of all vectors, each with itself among them.
    #[must_use]
    pub fn compared(&self) -> u64 {
        self.compared.load(Ordering::Relaxed)
    }

    pub(super) fn has_compared(&self, pairs: u64) {
        self.compared.fetch_add(pairs, Ordering::Relaxed);
    }

    fn share(&self, blocks: &[Rows], ended: bool) {
        let mut state = self.lock();
        let known = state.blocks.len();
        state.blocks.extend(blocks.iter().skip(known).cloned());
        state.ended |= ended;
        drop(state);
        self.changed.notify_all();
    }

    pub(super) fn dimension(&self) -> usize {
        self.dimension
    }

    /// Rows to each block but the last.
    pub(super) fn block_rows(&self) -> usize {
        block_rows(self.dimension)
    }

    pub(super) fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// What has come.
    pub(super) fn blocks(&self) -> Vec<Rows> {
        self.lock().blocks.clone()
    }

    /// A block, once it is there; none if there will be no such block, or `cancel` is raised.
    pub(super) fn block(&self, index: usize, cancel: &AtomicBool) -> Option<Rows> {
        self.wait(cancel, |state| state.ended || state.blocks.len() > index).blocks.get(index).cloned()
    }

    /// Waits until all is there: true, or `cancel` is raised: false.
    pub(super) fn wait_for_end(&self, cancel: &AtomicBool) -> bool {
        self.wait(cancel, |state| state.ended).ended
    }

    fn wait(&self, cancel: &AtomicBool, done: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        let mut state = self.lock();
        while !done(&state) && !cancel.load(Ordering::Relaxed) {
            state = self.changed.wait_timeout(state, LOOK).unwrap_or_else(PoisonError::into_inner).0;
        }
        state
    }

    /// No panic can leave the state half changed.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
