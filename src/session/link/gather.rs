//! Reading ids and vectors, as the client's user, in the client's own transaction if there is one.

use std::sync::Arc;

use bolt::message::{Reply, RunMessage, tag};
use packstream::{Limits, Map, Value};

use super::vectors::{Side, VectorError};
use crate::cypher::Gather;
use crate::session::SessionError;
use crate::session::backend::Backend;
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

/// Reads both sides. In auto-commit that is a READ transaction of its own, with the database, user,
/// bookmarks, timeout and metadata of the statement; else one or two more statements in the transaction.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    texts: &Gather,
) -> Result<Gathered, SessionError> {
    let texts: Vec<&str> = match texts {
        Gather::Same(text) => vec![text],
        Gather::Sides(left, right) => vec![left, right],
    };
    let own = !backend.state.transaction;
    if own {
        backend.ask(&bolt::message::begin(&crate::session::ahead_of_rows::read_only(run.extra)?)?)?;
    }
    let no_extra = packstream::encode(&Value::Map(Map::new()))?;
    for text in &texts {
        backend.ask(&bolt::message::run_raw(text, run.parameters, &no_extra)?)?;
        backend.ask(&bolt::message::pull(-1))?;
    }
    if own {
        backend.ask(&bolt::message::commit())?;
    }

    let mut failure = None;
    let mut unfit = false;
    let mut sides = Vec::new();
    if own {
        failure = failure.or(success(backend, None).await?);
    }
    for _ in &texts {
        let mut side = Side::default();
        failure = failure.or(success(backend, Some(own)).await?);
        loop {
            let answer = backend.next_answer().await?;
            if answer.tag != tag::RECORD {
                failure = failure.or((answer.tag == tag::FAILURE).then_some(answer.payload));
                break;
            }
            match side.take(&answer.payload) {
                Ok(()) => {}
                Err(VectorError::Decode(error)) => return Err(error.into()),
                // The rest is read all the same: it is on its way.
                Err(error) => {
                    tracing::debug!(error = &error as &dyn std::error::Error, "not linked natively");
                    unfit = true;
                }
            }
        }
        sides.push(Arc::new(side));
    }
    if own {
        failure = failure.or(success(backend, None).await?);
    }
    if let Some(failure) = failure {
        return Ok(Gathered::Failure(failure));
    }
    let mut sides = sides.into_iter();
    match (unfit, sides.next()) {
        (false, Some(left)) => Ok(Gathered::Sides(left, sides.next())),
        _ => Ok(Gathered::TooLong),
    }
}

/// Waits for a SUCCESS; else the FAILURE. An IGNORED follows a FAILURE that is known already. With `run` it
/// is the answer of a RUN, of which the number is kept unless the transaction is our own.
async fn success<B: Stream>(
    backend: &mut Backend<B>,
    run: Option<bool>,
) -> Result<Option<Vec<u8>>, SessionError> {
    let answer = backend.next_answer().await?;
    match answer.tag {
        tag::FAILURE => return Ok(Some(answer.payload)),
        tag::SUCCESS if run == Some(false) => {
            if let Reply::Success(metadata) = bolt::message::parse_reply(&answer.payload, Limits::default())?
                && let Some(qid) = metadata.get("qid").and_then(Value::as_i64)
            {
                backend.qids.add(qid);
            }
        }
        _ => {}
    }
    Ok(None)
}
