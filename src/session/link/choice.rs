//! Whether a link is found here or by Neo4j: reading the vectors may cost more than it saves where pairs are few.

use bolt::message::RunMessage;
use packstream::{Limits, Reader};

use crate::config::NativeFrom;
use crate::cypher::LinkShape;
use crate::session::SessionError;
use crate::session::backend::Backend;
use crate::session::reading::{Query, read};
use crate::session::wire::Stream;

/// What `auto` stands for: always. Neo4j alone is faster only below 10 nodes (5.26) or 20 (2026.08), by 6 ms at most, and
/// to count the nodes first costs up to 5; of 40 nodes it takes two to seven times as long. Where it has GDS it is faster
/// below 20 nodes, by 4 ms at most.
const AUTO: u64 = 1;

/// Who finds the pairs.
#[derive(Debug)]
pub(super) enum Choice {
    Native,
    Neo4j,
    /// Neo4j's FAILURE: the user's statement would have met it too.
    Failed(Vec<u8>),
}

/// Chooses by how many pairs are to be compared. May be dropped at any time.
pub(super) async fn choose<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    shape: &LinkShape<'_>,
    from: NativeFrom,
) -> Result<Choice, SessionError> {
    let from = match from {
        NativeFrom::Auto => AUTO,
        NativeFrom::Pairs(pairs) => pairs,
    };
    if from <= 1 {
        return Ok(Choice::Native);
    }
    let texts = shape.counts();
    let queries: Vec<Query<'_>> =
        texts.iter().map(|text| Query { text, parameters: run.parameters }).collect();
    let mut counts = Vec::with_capacity(queries.len());
    let take = |_, record: &[u8]| {
        let mut reader = Reader::new(record, Limits::default());
        reader.structure()?;
        reader.list()?;
        counts.push(u64::try_from(reader.integer()?).unwrap_or_default());
        Ok(())
    };
    if let Some(refused) = read(backend, run, &queries, take).await? {
        return Ok(Choice::Failed(refused.failure));
    }
    let left = counts.first().copied().unwrap_or_default();
    let right = counts.get(1).copied().unwrap_or(left);
    tracing::debug!(left, right, from, "nodes counted");
    Ok(if left.saturating_mul(right) >= from { Choice::Native } else { Choice::Neo4j })
}
