//! What procedures work with, and how much of it a statement and all clients together may have in work.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use super::ProcedureError;
use crate::face::{Embedder, Engine, FaceError, Loader};
use crate::metrics;

/// How long the work for one image may take.
pub(super) const IMAGE_TIMEOUT: Duration = Duration::from_secs(60);

/// What procedures work with.
#[derive(Debug, Clone)]
pub(crate) struct Tools {
    pub(crate) loader: Loader,
    pub(crate) embedder: Embedder,
    at_once: Arc<Semaphore>,
    width: usize,
    places: Places,
}

/// The images of all clients that may be in work at a time. Who comes later waits, first come, first served: since a
/// statement has few images in work at a time, none waits for all of another's.
#[derive(Debug, Clone)]
pub(crate) struct Places {
    all: Arc<Semaphore>,
    patience: Duration,
}

impl Places {
    /// So many, each waited for so long.
    pub(crate) fn new(count: usize, patience: Duration) -> Self {
        Self { all: Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS))), patience }
    }

    /// The same places, waited for so long from now on.
    pub(crate) fn waited_for(&self, patience: Duration) -> Self {
        Self { all: Arc::clone(&self.all), patience }
    }

    /// A place for one image, until it is dropped.
    async fn take(&self) -> Result<SemaphorePermit<'_>, FaceError> {
        if let Ok(place) = self.all.try_acquire() {
            return Ok(place);
        }
        let _waiting = metrics::queued("images");
        let place = tokio::time::timeout(self.patience, self.all.acquire()).await;
        // The second error would mean that the semaphore was closed, which nobody does.
        place.ok().and_then(Result::ok).ok_or(FaceError::Busy)
    }
}

impl Tools {
    /// For `width` images of a statement at a time.
    pub(crate) fn new(loader: Loader, embedder: Embedder, width: usize, places: Places) -> Self {
        Self { loader, embedder, at_once: Arc::new(Semaphore::new(width)), width, places }
    }

    /// What runs the models.
    pub(crate) fn engine(&self) -> &Engine {
        self.embedder.engine()
    }

    /// The same for another statement.
    pub(crate) fn of_their_own(&self) -> Self {
        Self { at_once: Arc::new(Semaphore::new(self.width)), ..self.clone() }
    }

    /// Where images of all clients wait for their turn.
    pub(crate) fn places(&self) -> &Places {
        &self.places
    }

    /// How many images of a statement may be in work at a time.
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The work for one image, fetching it included, when it is its turn, and in the time that it has.
    pub(crate) async fn image<T>(
        &self,
        work: impl Future<Output = Result<T, ProcedureError>>,
    ) -> Result<T, ProcedureError> {
        // An error would mean that the semaphore was closed, which nobody does.
        let _permit = self.at_once.acquire().await;
        let _place = self.places.take().await?;
        tokio::time::timeout(IMAGE_TIMEOUT, work).await.unwrap_or(Err(ProcedureError::TooSlow))
    }
}
