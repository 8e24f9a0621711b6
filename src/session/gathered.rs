//! Where Neo4j cannot ask for rows: what they bring is read first, if nothing can change it before they come, and all
//! that is computed travels in parameters.

use std::collections::HashMap;

use futures_util::stream::{FuturesUnordered, StreamExt};
use packstream::{Value, Writer};

use super::ahead_of_rows::{self, Gathered};
use super::backend::Backend;
use super::calls::{Plan, Rowwise, Sending, columns, compute, rows_value};
use super::computing::{Computing, RowRows};
use super::parameters::Parameters;
use super::statement::Outcome;
use super::wire::Stream;
use super::{Services, SessionError, refusal};
use crate::cypher::{self, Edited, KeyPart, Mode, Statement};

/// What the maps of one statement may take.
const BYTES: usize = 64 << 20;

/// The queries that read the keys. None: of some call they cannot be known beforehand.
pub(super) fn queries(
    statement: &Statement<'_>,
    plans: &[Plan],
    parameters: &Parameters<'_>,
) -> Result<Option<Vec<(usize, Edited)>>, SessionError> {
    let taken = parameters.names()?;
    let mut queries = Vec::new();
    for (index, (call, plan)) in statement.calls.iter().zip(plans).enumerate() {
        if let Plan::Row { wanted, .. } = plan {
            match cypher::gather_keys(statement, call, wanted, taken.iter().copied()) {
                Some(query) => queries.push((index, query)),
                None => return Ok(None),
            }
        }
    }
    Ok(Some(queries))
}

/// Reads, computes, and puts the statement together.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    sending: &Sending<'_>,
    computing: Computing,
    queries: Vec<(usize, Edited)>,
) -> Result<Outcome, SessionError> {
    let mut maps: HashMap<usize, Vec<(String, Value)>> =
        queries.iter().map(|(call, _)| (*call, Vec::new())).collect();
    let mut raises = Vec::new();
    let mut results = sending.nothing();
    if sending.statement.mode != Mode::Explain {
        let rows = match ahead_of_rows::run(backend, sending.run, queries, true).await? {
            Gathered::Rows(rows) => rows,
            Gathered::Failure(failure) => return Ok(Outcome::Failed(failure)),
        };
        if rows.len() >= cypher::MOST {
            return Ok(Outcome::Fail(refusal::too_many_rows(cypher::MOST)));
        }
        results = compute(backend, &computing, sending.plans).await?;
        let mut bytes = 0;
        let mut running: FuturesUnordered<_> = rows
            .into_iter()
            .filter_map(|(call, mut columns)| match columns.pop() {
                Some(KeyPart::Text(key)) => Some((call, key)),
                _ => None,
            })
            .map(|(call, key)| {
                let computing = &computing;
                async move { (call, computing.for_key(call, key.as_bytes()).await, key) }
            })
            .collect();
        while let Some((index, rows, key)) = backend.meanwhile(running.next()).await? {
            let value = match rows {
                Ok(RowRows { rows, bytes: more }) => {
                    bytes += more + key.len();
                    let call = sending.statement.calls.get(index);
                    let procedure = call.and_then(|call| services.registry.get(call.procedure));
                    let (Some(call), Some(procedure)) = (call, procedure) else {
                        return Ok(Outcome::Forward);
                    };
                    rows_value(&rows, &columns(call, procedure.signature()))
                }
                Err(failure) => {
                    let raise = sending.raise(failure);
                    let token = Value::from(raise.token.as_str());
                    raises.push(raise);
                    token
                }
            };
            if bytes > BYTES {
                return Ok(Outcome::Fail(refusal::too_many_rows(cypher::MOST)));
            }
            if let Some(map) = maps.get_mut(&index) {
                // Each is there once: they were read as distinct.
                map.push((key, value));
            }
        }
    }
    let missing = sending.raise(refusal::changed());
    let mut encoded = HashMap::new();
    for (call, mut map) in maps {
        map.push((String::new(), Value::from(missing.token.as_str())));
        let mut out = Vec::new();
        let mut writer = Writer::new(&mut out);
        writer.map(map.len())?;
        for (key, value) in &map {
            writer.string(key)?;
            writer.value(value)?;
        }
        encoded.insert(call, out);
    }
    raises.push(missing);
    sending.send(services, results, Rowwise::Gathered(encoded, raises))
}
