//! Reading ids and vectors.

use std::sync::Arc;

use bolt::message::RunMessage;

use super::vectors::{Side, VectorError};
use crate::session::SessionError;
use crate::session::backend::Backend;
use crate::session::reading::{Query, read};
use crate::session::wire::Stream;

/// Why there are no vectors.
#[derive(Debug)]
pub(crate) enum NotRead {
    /// Neo4j's FAILURE: the user's statement would have met it too.
    Failure(Vec<u8>),
    /// Vectors that are none, or longer than the kernel takes.
    TooLong,
}

/// Runs the queries, of which each row is an element id, an id and a vector.
pub(crate) async fn sides<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    queries: &[Query<'_>],
) -> Result<Result<Vec<Arc<Side>>, NotRead>, SessionError> {
    let mut sides: Vec<Side> = queries.iter().map(|_| Side::default()).collect();
    let mut unfit = false;
    let take = |query: usize, record: &[u8]| {
        match sides.get_mut(query).map(|side| side.take(record)) {
            Some(Err(VectorError::Decode(error))) => return Err(error.into()),
            // The rest is read all the same: it is on its way.
            Some(Err(error)) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "not linked natively");
                unfit = true;
            }
            Some(Ok(())) | None => {}
        }
        Ok(())
    };
    if let Some(refused) = read(backend, run, queries, take).await? {
        return Ok(Err(NotRead::Failure(refused.failure)));
    }
    Ok(if unfit { Err(NotRead::TooLong) } else { Ok(sides.into_iter().map(Arc::new).collect()) })
}
