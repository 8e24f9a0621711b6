//! Which pairs of blocks are next.

use std::sync::{
    Arc, Mutex, MutexGuard, OnceLock, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use super::{Feed, Frame, block::Block, set::Rows};

/// The tiles of a search in the coordinates of one frame, column by column: those of a column need no later block.
#[derive(Debug)]
pub(super) struct Tiles<'f> {
    feed: &'f Feed,
    frame: Arc<Frame>,
    /// Of the first set; none if there is but one: then the tiles form a triangle.
    rows: Option<Vec<Arc<Lazy>>>,
    place: Mutex<Place>,
    /// Does it end with the feed, whatever is left?
    early: bool,
    poor: AtomicBool,
}

/// How far the search has come.
#[derive(Debug, Default)]
struct Place {
    row: usize,
    column: usize,
    columns: Vec<Arc<Lazy>>,
}

/// A pair of blocks.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) a: Arc<Lazy>,
    pub(super) b: Arc<Lazy>,
    /// Are both the same block?
    pub(super) same: bool,
}

/// A block that is made by the thread that needs it first.
#[derive(Debug)]
pub(super) struct Lazy {
    base: u32,
    vectors: Rows,
    frame: Arc<Frame>,
    block: OnceLock<Block>,
}

impl Lazy {
    pub(super) fn get(&self) -> &Block {
        self.block.get_or_init(|| Block::new(self.base, Arc::clone(&self.vectors), Arc::clone(&self.frame)))
    }
}

impl<'f> Tiles<'f> {
    /// Those that can be searched before the feed has ended.
    pub(super) fn new(rows: Option<&[Rows]>, feed: &'f Feed, frame: Arc<Frame>) -> Self {
        let mut tiles = Self {
            feed,
            frame,
            rows: None,
            place: Mutex::default(),
            early: true,
            poor: AtomicBool::new(false),
        };
        tiles.rows = rows.map(|rows| (0..).zip(rows).map(|(index, rows)| tiles.lazy(index, rows)).collect());
        tiles
    }

    /// Without what these others have given out.
    pub(super) fn after(self, other: &Self) -> Self {
        {
            let (mut place, other) = (self.lock(), other.lock());
            (place.row, place.column) = (other.row, other.column);
            place.columns =
                (0..).zip(&other.columns).map(|(index, lazy)| self.lazy(index, &lazy.vectors)).collect();
        }
        self
    }

    /// All that are left, to the last.
    pub(super) fn all(mut self) -> Self {
        self.early = false;
        self
    }

    pub(super) fn frame(&self) -> &Arc<Frame> {
        &self.frame
    }

    /// The frame rules out too little: a search before the end is not worth it.
    pub(super) fn give_up(&self) {
        self.poor.store(true, Ordering::Relaxed);
    }

    /// The next tile, once its blocks are there.
    pub(super) fn next(&self, cancel: &AtomicBool) -> Option<Tile> {
        let mut place = self.lock();
        if self.early && (self.poor.load(Ordering::Relaxed) || self.feed.has_ended()) {
            return None;
        }
        if place.column == place.columns.len() {
            let vectors = self.feed.block(place.column, cancel)?;
            let lazy = self.lazy(place.column, &vectors);
            place.columns.push(lazy);
        }
        let b = Arc::clone(place.columns.get(place.column)?);
        let (a, last) = match &self.rows {
            Some(rows) => (rows.get(place.row)?, place.row + 1 == rows.len()),
            None => (place.columns.get(place.row)?, place.row == place.column),
        };
        let tile = Tile { a: Arc::clone(a), b, same: self.rows.is_none() && last };
        if last {
            (place.row, place.column) = (0, place.column + 1);
        } else {
            place.row += 1;
        }
        Some(tile)
    }

    fn lazy(&self, index: usize, vectors: &Rows) -> Arc<Lazy> {
        // A set has fewer rows than 2^32.
        let base = u32::try_from(index * self.feed.block_rows()).unwrap_or(u32::MAX);
        let (vectors, frame) = (Arc::clone(vectors), Arc::clone(&self.frame));
        Arc::new(Lazy { base, vectors, frame, block: OnceLock::new() })
    }

    /// No panic can leave the place half changed.
    fn lock(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
