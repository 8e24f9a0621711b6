//! Reading ids and vectors.

use std::sync::Arc;
use std::time::Instant;

use bolt::message::RunMessage;

use super::search::{Search, TELL};
use super::vectors::{Side, VectorError};
use crate::session::SessionError;
use crate::session::backend::Backend;
use crate::session::reading::{Query, read};
use crate::session::wire::Stream;

/// After how many rows the clock is looked at.
const LOOK: u64 = 4096;

/// Why there are no vectors.
#[derive(Debug)]
pub(crate) enum NotRead {
    /// Neo4j's FAILURE: the user's statement would have met it too.
    Failure(Vec<u8>),
    /// Vectors that are none, or longer than the kernel takes.
    TooLong,
}

/// Runs the queries, of which each row is an element id, an id and a vector. What the only one brings is
/// searched meanwhile.
pub(crate) async fn sides<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    queries: &[Query<'_>],
    mut search: Option<&mut Search>,
) -> Result<Result<Vec<Arc<Side>>, NotRead>, SessionError> {
    let mut sides: Vec<Side> = queries.iter().map(|_| Side::default()).collect();
    let mut unfit = false;
    let (mut rows, mut told) = (0_u64, Instant::now());
    let take = |query: usize, record: &[u8]| {
        let Some(side) = sides.get_mut(query) else { return Ok(()) };
        rows += 1;
        if rows.is_multiple_of(LOOK) && told.elapsed() >= TELL {
            tracing::info!(rows, "reading vectors");
            told = Instant::now();
        }
        match side.take(record) {
            Err(VectorError::Decode(error)) => return Err(error.into()),
            // The rest is read all the same: it is on its way.
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "not linked natively");
                unfit = true;
            }
            Ok(()) => {
                if let Some(search) = &mut search {
                    search.grow(side);
                }
            }
        }
        Ok(())
    };
    if let Some(refused) = read(backend, run, queries, take).await? {
        return Ok(Err(NotRead::Failure(refused.failure)));
    }
    Ok(if unfit { Err(NotRead::TooLong) } else { Ok(sides.into_iter().map(Arc::new).collect()) })
}
