//! The faces of images that were embedded, up to so many bytes; what has not been asked for longest goes first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::{Face, Key};

/// What an entry takes beside its faces: its keys in both maps, and their nodes.
const OVERHEAD: usize = 256;

#[derive(Debug)]
pub(super) struct Kept {
    /// With the time of the last use.
    faces: HashMap<Key, (u64, Arc<[Face]>)>,
    /// By that time.
    uses: BTreeMap<u64, Key>,
    /// Counts uses.
    now: u64,
    bytes: usize,
    limit: usize,
}

impl Kept {
    pub(super) fn new(limit: usize) -> Kept {
        Kept { faces: HashMap::new(), uses: BTreeMap::new(), now: 0, bytes: 0, limit }
    }

    pub(super) fn get(&mut self, key: &Key) -> Option<Arc<[Face]>> {
        let (used, faces) = self.faces.get_mut(key)?;
        self.uses.remove(used);
        self.now += 1;
        *used = self.now;
        self.uses.insert(self.now, *key);
        Some(Arc::clone(faces))
    }

    /// Keeps it, unless it alone is too large.
    pub(super) fn put(&mut self, key: Key, faces: &Arc<[Face]>) {
        if size(faces) > self.limit {
            return;
        }
        self.now += 1;
        self.uses.insert(self.now, key);
        self.bytes += size(faces);
        if let Some((used, before)) = self.faces.insert(key, (self.now, Arc::clone(faces))) {
            self.uses.remove(&used);
            self.bytes -= size(&before);
        }
        self.resize(self.limit);
    }

    /// Keeps no more than `limit` bytes from now on.
    pub(super) fn resize(&mut self, limit: usize) {
        self.limit = limit;
        while self.bytes > limit
            && let Some((_, key)) = self.uses.pop_first()
        {
            if let Some((_, faces)) = self.faces.remove(&key) {
                self.bytes -= size(&faces);
            }
        }
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }
}

/// About how much memory they take.
pub(super) fn size(faces: &[Face]) -> usize {
    let face = |face: &Face| size_of::<Face>() + size_of_val(face.embedding.as_slice());
    OVERHEAD + faces.iter().map(face).sum::<usize>()
}
