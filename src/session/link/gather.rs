//! Reading ids and vectors.

use std::sync::Arc;

use bolt::message::RunMessage;

use super::vectors::{Side, VectorError};
use crate::cypher::Gather;
use crate::session::SessionError;
use crate::session::backend::Backend;
use crate::session::reading::{Query, read};
use crate::session::wire::Stream;

/// What reading brought.
#[derive(Debug)]
pub(super) enum Gathered {
    /// The nodes of the left side, and of the right if they are others.
    Sides(Arc<Side>, Option<Arc<Side>>),
    /// Neo4j's FAILURE: the user's statement would have met it too.
    Failure(Vec<u8>),
    /// Vectors that are none, or longer than the kernel takes.
    TooLong,
}

/// Reads both sides.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    texts: &Gather,
) -> Result<Gathered, SessionError> {
    let texts: Vec<&str> = match texts {
        Gather::Same(text) => vec![text],
        Gather::Sides(left, right) => vec![left, right],
    };
    let queries: Vec<Query<'_>> =
        texts.into_iter().map(|text| Query { text, parameters: run.parameters }).collect();
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
    if let Some(refused) = read(backend, run, &queries, take).await? {
        return Ok(Gathered::Failure(refused.failure));
    }
    let mut sides = sides.into_iter().map(Arc::new);
    match (unfit, sides.next()) {
        (false, Some(left)) => Ok(Gathered::Sides(left, sides.next())),
        _ => Ok(Gathered::TooLong),
    }
}
