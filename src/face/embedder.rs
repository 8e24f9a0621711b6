//! Each image once: those in flight are shared by all who ask for them, and the faces of those done are kept.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _, Shared, WeakShared};
use sha2::{Digest, Sha256};

use super::{EmbedOptions, Engine, Face, FaceError};

mod kept;
#[cfg(test)]
mod tests;

use kept::Kept;

/// From this size on an image is hashed on a thread that may block: it takes longer than a task should.
const LARGE: usize = 256 << 10;

/// The faces of an image, or why there are none; the same for all who asked.
pub type Outcome = Result<Arc<[Face]>, Arc<FaceError>>;

/// What has to be equal for the faces to be: the image's bytes and all that was asked of it.
type Key = [u8; 32];

/// How the faces of an image were come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// They were computed.
    Computed,
    /// They were being computed already, for somebody else.
    Shared,
    /// They had been computed before.
    Kept,
}

impl Origin {
    /// A label for metrics.
    pub fn label(self) -> &'static str {
        match self {
            Origin::Computed => "computed",
            Origin::Shared => "shared",
            Origin::Kept => "kept",
        }
    }
}

/// An engine that is given no image twice. Cheap to clone; clones share what they know.
#[derive(Debug, Clone)]
pub struct Embedder {
    engine: Engine,
    known: Arc<Mutex<Known>>,
}

#[derive(Debug)]
struct Known {
    /// What somebody waits for, each with a number of its own. Who is the last to go away takes the work with them.
    running: HashMap<Key, (u64, WeakShared<Work>)>,
    /// How many there have been.
    begun: u64,
    kept: Kept,
}

type Work = BoxFuture<'static, Outcome>;

impl Embedder {
    /// Of the faces that `engine` found, as many are kept as fit `bytes` of memory; 0: none.
    pub fn new(engine: Engine, bytes: usize) -> Embedder {
        let known = Known { running: HashMap::new(), begun: 0, kept: Kept::new(bytes) };
        Embedder { engine, known: Arc::new(Mutex::new(known)) }
    }

    /// The engine.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Keeps no more than `bytes` from now on.
    pub fn keep(&self, bytes: usize) {
        lock(&self.known).kept.resize(bytes);
    }

    /// As [`Engine::embed`]. Dropping the future cancels for this caller alone; the work ends with the last one.
    ///
    /// # Errors
    /// See [`FaceError`]. Failures are shared like faces, and never kept.
    pub async fn embed(&self, image: Bytes, options: EmbedOptions) -> (Outcome, Origin) {
        let engine = self.engine.clone();
        self.once(image, options, move |image, options| async move { engine.embed(image, options).await })
            .await
    }

    async fn once<F>(
        &self,
        image: Bytes,
        options: EmbedOptions,
        embed: impl FnOnce(Bytes, EmbedOptions) -> F,
    ) -> (Outcome, Origin)
    where
        F: Future<Output = Result<Vec<Face>, FaceError>> + Send + 'static,
    {
        let key = key(image.clone(), format!("{options:?}")).await;
        let (work, origin) = {
            let mut known = lock(&self.known);
            if let Some(faces) = known.kept.get(&key) {
                return (Ok(faces), Origin::Kept);
            }
            match known.running.get(&key).and_then(|(_, work)| work.upgrade()) {
                Some(work) => (work, Origin::Shared),
                None => {
                    known.begun += 1;
                    let running = Running { known: Arc::clone(&self.known), key, number: known.begun };
                    let work = work(running, embed(image, options));
                    if let Some(weak) = work.downgrade() {
                        let number = known.begun;
                        known.running.insert(key, (number, weak));
                    }
                    (work, Origin::Computed)
                }
            }
        };
        (work.await, origin)
    }
}

fn work(
    running: Running,
    embedding: impl Future<Output = Result<Vec<Face>, FaceError>> + Send + 'static,
) -> Shared<Work> {
    let work = async move {
        let faces: Outcome = embedding.await.map(Arc::from).map_err(Arc::new);
        if let Ok(faces) = &faces {
            lock(&running.known).kept.put(running.key, faces);
        }
        drop(running);
        faces
    };
    work.boxed().shared()
}

/// That an image is being worked on, until it is not, for whatever reason.
struct Running {
    known: Arc<Mutex<Known>>,
    key: Key,
    number: u64,
}

impl Drop for Running {
    fn drop(&mut self) {
        let mut known = lock(&self.known);
        // Between the last one's going and this, somebody may have begun anew.
        if known.running.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            known.running.remove(&self.key);
        }
    }
}

async fn key(image: Bytes, asked: String) -> Key {
    let small = image.len() < LARGE;
    let hash = move || -> Key {
        let content = Sha256::digest(&image);
        Sha256::new().chain_update(content).chain_update(asked).finalize().into()
    };
    if small {
        return hash();
    }
    let (hashed, here) = (tokio::task::spawn_blocking(hash.clone()).await, hash);
    // It fails only where the runtime ends.
    hashed.unwrap_or_else(|_| here())
}

fn lock(known: &Mutex<Known>) -> MutexGuard<'_, Known> {
    // Nothing that is done under it leaves it half changed.
    known.lock().unwrap_or_else(PoisonError::into_inner)
}
