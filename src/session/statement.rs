//! One statement that names us: what it asks, the work for it, and the text that Neo4j gets in its place.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Instant;

use bolt::failure::Failure;
use bolt::message::RunMessage;
use futures_util::stream::{FuturesUnordered, StreamExt};
use packstream::{Limits, Map, Value};

use super::backend::Backend;
use super::edit::{Edit, Raise};
use super::frontend::Held;
use super::parameters::Parameters;
use super::wire::Stream;
use super::{Services, SessionError, link, refusal};
use crate::cypher::{self, Asks, Carrier, Mode, Names, Statement};
use crate::metrics::{self, Path};
use crate::procedures::{ProcedureError, Rows};

/// What is to be done with a statement.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Send the very bytes that came.
    Forward,
    /// Send this RUN in its place.
    Send { run: Vec<u8>, edit: Arc<Edit> },
    /// Answer FAILURE, in the backend's stead.
    Fail(Failure),
    /// The backend answered a request of ours with this FAILURE, and is in the failed state now.
    Failed(Vec<u8>),
}

/// The functions that the link kernel computes.
const FUNCTIONS: [&str; 3] =
    ["gds.similarity.euclideanDistance", "gds.similarity.euclidean", "gds.similarity.cosine"];

/// Runs what a held statement asks of us. May be dropped at any time.
pub(crate) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    held: &Held,
) -> Result<Outcome, SessionError> {
    let Some(payload) = &held.payload else {
        return Ok(Outcome::Fail(refusal::unable(
            "The statement and its parameters are larger than limits.statement_bytes allows for a statement \
             that calls facebolt; split it, or raise the limit.",
        )));
    };
    // What is no proper RUN is the backend's to refuse.
    let Ok(run) = RunMessage::parse(payload, Limits::default()) else { return Ok(Outcome::Forward) };
    let signatures: Vec<_> = services.registry.all().map(|procedure| procedure.signature()).collect();
    let columns: Vec<Vec<&str>> =
        signatures.iter().map(|s| s.columns.iter().map(|column| column.name).collect()).collect();
    let arguments: Vec<Vec<&str>> =
        signatures.iter().map(|s| s.arguments.iter().map(|argument| argument.name).collect()).collect();
    let procedures: Vec<cypher::Signature<'_>> = signatures
        .iter()
        .zip(columns.iter().zip(&arguments))
        .map(|(signature, (columns, arguments))| cypher::Signature {
            name: signature.name,
            arguments,
            required: signature.arguments.iter().filter(|argument| argument.default.is_none()).count(),
            columns,
            writes: false,
        })
        .collect();
    let names = Names { procedures: &procedures, functions: &FUNCTIONS };
    match cypher::inspect(run.query, &names) {
        Ok(Asks::Nothing | Asks::Functions(_)) => Ok(Outcome::Forward),
        Ok(Asks::Calls(statement)) => {
            let outcome = calls(services, &run, &statement).await?;
            let path = if matches!(outcome, Outcome::Send { .. }) { Path::Native } else { Path::Refused };
            for call in &statement.calls {
                if let Some(signature) = signatures.get(call.procedure) {
                    metrics::statement(signature.name, path);
                }
            }
            Ok(outcome)
        }
        Ok(Asks::Link(shape)) => {
            let outcome = link::run(backend, services, &run, &shape).await?;
            let path = match outcome {
                Outcome::Send { .. } => Path::Native,
                Outcome::Forward => Path::Forwarded,
                _ => Path::Refused,
            };
            metrics::statement("link", path);
            Ok(outcome)
        }
        Err(refusal) => {
            metrics::statement("refused", Path::Refused);
            let signature =
                |index| signatures.get(index).copied().map(refusal::signature).unwrap_or_default();
            Ok(Outcome::Fail(refusal::refused(&refusal, run.query, signature)))
        }
    }
}

/// Computes all calls of a statement and puts their rows in the place of the calls.
async fn calls(
    services: &Services,
    run: &RunMessage<'_>,
    statement: &Statement<'_>,
) -> Result<Outcome, SessionError> {
    let started = Instant::now();
    let parameters = Parameters::new(run.parameters);
    let taken = parameters.names()?;
    let parameter = |name: &str| parameters.get(name).ok().flatten();
    let mut arguments = Vec::with_capacity(statement.calls.len());
    for call in &statement.calls {
        let Some(procedure) = services.registry.get(call.procedure) else { return Ok(Outcome::Forward) };
        match crate::procedures::check(procedure.signature(), call, &parameter) {
            Ok(values) => arguments.push(values),
            Err(error) => return Ok(Outcome::Fail(refusal::arguments(&error, run.query))),
        }
    }
    let results = match statement.mode {
        // Only planned: no work, and the text that would run.
        Mode::Explain => arguments.iter().map(|_| Ok(Rows::new())).collect(),
        Mode::Run | Mode::Profile => compute(services, statement, arguments).await,
    };

    let mut raises = Vec::new();
    let mut carried = Vec::with_capacity(results.len());
    let mut carriers = Vec::with_capacity(results.len());
    for (call, result) in statement.calls.iter().zip(results) {
        let Some(procedure) = services.registry.get(call.procedure) else { return Ok(Outcome::Forward) };
        let signature = procedure.signature();
        match result {
            Ok(rows) => {
                let mut columns: Vec<(usize, &str)> = call
                    .yields
                    .iter()
                    .filter_map(|item| Some((item.column, signature.columns.get(item.column)?.name)))
                    .collect();
                columns.sort_unstable();
                columns.dedup();
                carriers.push(Carrier::Rows);
                carried.push(packstream::encode(&rows_value(rows, &columns))?);
            }
            Err(error) => {
                let token = token();
                carriers.push(Carrier::Raises);
                carried.push(packstream::encode(&Value::from(token.as_str()))?);
                let failure = Failure::procedure_call_failed(signature.name, &error.to_string());
                raises.push(Raise { token, failure });
            }
        }
    }
    let edited = match cypher::carry_by_parameter(statement, &carriers, taken) {
        Ok(edited) => edited,
        Err(refusal) => return Ok(Outcome::Fail(refusal::refused(&refusal, run.query, |_| String::new()))),
    };
    let ours: Vec<(&str, &[u8])> =
        edited.parameters.iter().map(String::as_str).zip(carried.iter().map(Vec::as_slice)).collect();
    let parameters = parameters.with(&ours)?;
    let payload = bolt::message::run_raw(&edited.text, &parameters, run.extra)?;
    let edit =
        Edit { text: run.query.to_owned(), positions: edited.positions, raises, spent: started.elapsed() };
    Ok(Outcome::Send { run: payload, edit: Arc::new(edit) })
}

/// Calls side by side, as many as a connection may have at a time; the same call is made once.
async fn compute(
    services: &Services,
    statement: &Statement<'_>,
    arguments: Vec<Vec<Value>>,
) -> Vec<Result<Rows, Arc<ProcedureError>>> {
    let mut distinct: Vec<(usize, Vec<Value>)> = Vec::new();
    let which: Vec<usize> = statement
        .calls
        .iter()
        .zip(arguments)
        .map(|(call, values)| {
            let key = (call.procedure, values);
            distinct.iter().position(|known| *known == key).unwrap_or_else(|| {
                distinct.push(key);
                distinct.len() - 1
            })
        })
        .collect();
    let at_once = tokio::sync::Semaphore::new(services.config.images.concurrency_per_connection.get());
    let mut running: FuturesUnordered<_> = distinct
        .into_iter()
        .enumerate()
        .map(|(index, (procedure, values))| {
            let at_once = &at_once;
            async move {
                let _permit = at_once.acquire().await;
                let rows = match services.registry.get(procedure) {
                    Some(procedure) => procedure.call(values, &services.tools).await.map_err(Arc::new),
                    None => Ok(Rows::new()),
                };
                (index, rows)
            }
        })
        .collect();
    let mut results = HashMap::new();
    while let Some((index, rows)) = running.next().await {
        if let Err(error) = &rows {
            tracing::debug!(error = &**error as &dyn std::error::Error, "a call failed");
        }
        results.insert(index, rows);
    }
    which.into_iter().filter_map(|index| results.get(&index).cloned()).collect()
}

/// A list of maps, with the named columns only.
fn rows_value(rows: Rows, columns: &[(usize, &str)]) -> Value {
    let row = |mut row: Vec<Value>| {
        let entries = columns.iter().map(|(column, name)| {
            let value = row.get_mut(*column).map(|value| std::mem::replace(value, Value::Null));
            ((*name).to_owned(), value.unwrap_or(Value::Null))
        });
        Value::Map(entries.collect::<Map>())
    };
    Value::List(rows.into_iter().map(row).collect())
}

/// A string that is no date, and that no one else's text holds.
fn token() -> String {
    let random = || RandomState::new().hash_one(std::time::SystemTime::now());
    format!("facebolt:{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::procedures::Registry;

    #[test]
    fn rows_hold_the_yielded_columns_only() {
        let rows = vec![vec![Value::from(1), Value::from("a")], vec![Value::from(2), Value::from("b")]];
        let expected = |text: &str| Value::Map(Map::from([("name", Value::from(text))]));
        let value = rows_value(rows, &[(1, "name")]);
        assert_eq!(value, Value::List(vec![expected("a"), expected("b")]));
    }

    #[test]
    fn tokens_differ() {
        assert_ne!(token(), token());
    }

    #[test]
    fn the_registry_names_each_procedure_once() {
        let registry = Registry::new();
        let names: Vec<&str> = registry.all().map(|procedure| procedure.signature().name).collect();
        let mut unique = names.clone();
        unique.sort_unstable();
        unique.dedup();
        assert_eq!(names.len(), unique.len());
    }
}
