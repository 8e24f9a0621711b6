//! Queries of our own that read for a statement before it is sent: as the client's user, and in the client's
//! transaction if one is open.

use bolt::message::{RunMessage, tag};
use packstream::{Limits, Map, Value};

use super::backend::{Answer, Backend};
use super::wire::Stream;
use super::{SessionError, qids};

/// A query, with its parameters as they are encoded.
#[derive(Debug)]
pub(super) struct Query<'q> {
    pub(super) text: &'q str,
    pub(super) parameters: &'q [u8],
}

/// A FAILURE of Neo4j's; after it nothing more was read.
#[derive(Debug)]
pub(super) struct Refused {
    /// Which query; none: the transaction of its own.
    pub(super) query: Option<usize>,
    pub(super) failure: Vec<u8>,
}

/// Runs the queries and gives each RECORD to `record`, with the number of its query. In auto-commit that is in a
/// READ transaction of its own, with the database, user, bookmarks, timeout and metadata of the statement; else
/// they are statements in the client's. May be dropped at any time.
pub(super) async fn read<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    queries: &[Query<'_>],
    mut record: impl FnMut(usize, &[u8]) -> Result<(), SessionError>,
) -> Result<Option<Refused>, SessionError> {
    let take = |number, answer: &Answer| match answer.tag {
        tag::RECORD => record(number, &answer.payload),
        _ => Ok(()),
    };
    read_all(backend, run, queries, take).await
}

/// The same, with each SUCCESS too.
pub(super) async fn read_all<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    queries: &[Query<'_>],
    mut take: impl FnMut(usize, &Answer) -> Result<(), SessionError>,
) -> Result<Option<Refused>, SessionError> {
    let own = !backend.state.transaction;
    let no_extra = packstream::encode(&Value::Map(Map::new()))?;
    // What is asked, by the number of the query.
    let mut asked = Vec::new();
    if own {
        backend.ask(&bolt::message::begin(&read_only(run.extra)?)?)?;
        asked.push(None);
    }
    for (number, query) in queries.iter().enumerate() {
        backend.ask(&bolt::message::run_raw(query.text, query.parameters, &no_extra)?)?;
        backend.ask(&bolt::message::pull(-1))?;
        asked.extend([Some(number); 2]);
    }
    if own {
        backend.ask(&bolt::message::commit())?;
        asked.push(None);
    }

    let mut refused = None;
    for query in asked {
        loop {
            let answer = backend.next_answer().await?;
            match (answer.tag, query) {
                (tag::RECORD, Some(number)) => take(number, &answer)?,
                (tag::RECORD, None) => {}
                (tag::FAILURE, _) => {
                    refused.get_or_insert(Refused { query, failure: answer.payload });
                    break;
                }
                (tag::SUCCESS, Some(number)) => {
                    take(number, &answer)?;
                    // Only the answer to a RUN has a number, and none outside of a transaction.
                    let added = if own { None } else { qids::of(&answer.payload)? };
                    added.into_iter().for_each(|qid| backend.qids.add(qid));
                    break;
                }
                // An IGNORED follows a FAILURE that is known already.
                _ => break,
            }
        }
    }
    Ok(refused)
}

/// The options of a BEGIN that reads what the statement with these options would see.
fn read_only(extra: &[u8]) -> Result<Map, SessionError> {
    let Value::Map(mut extra) = packstream::decode(extra, Limits::default())? else { return Ok(Map::new()) };
    extra.insert("mode", "r");
    Ok(extra)
}
