//! Calls of our procedures within a statement: the text that Neo4j gets carries their rows, or asks for them.

mod sending;

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bolt::failure::Failure;
use bolt::message::RunMessage;
use futures_util::stream::{FuturesUnordered, StreamExt};
use packstream::{Limits, Value};
use tokio::time::Instant;

pub(super) use self::sending::{Rowwise, Sending, columns, escapes, rows_value};
use super::ahead_of_rows::{self, Gathered};
use super::backend::Backend;
use super::callbacks::Callbacks;
use super::computing::{Asked, Computing, RowCall};
use super::dialect::Dialect;
use super::graph;
use super::parameters::Parameters;
use super::statement::Outcome;
use super::wire::Stream;
use super::{Services, SessionError, gathered, refusal};
use crate::cypher::{self, CallError, Field, Mode, Refusal, Statement, Wanted};
use crate::procedures::{ArgumentError, Given, GraphPlan, Procedure, ProcedureError, Rows, Signature, Type};

/// A call, ready to be made or to be asked for.
pub(super) enum Plan {
    /// Its arguments are the same for all rows.
    Constant { procedure: usize, arguments: Vec<Value> },
    /// They are the same too, and what is made of them depends on the graph.
    Graph(Box<Result<GraphPlan, Arc<ProcedureError>>>),
    /// They are not; with how each column of its signature travels, and what the expressions have to be.
    Row { fields: Vec<Field>, wanted: Vec<Wanted> },
    /// They do not do, which Neo4j says when it comes to the call.
    Fails(Failure),
}

/// Runs a statement that calls our procedures. May be dropped at any time.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    run: &RunMessage<'_>,
    statement: &Statement<'_>,
) -> Result<Outcome, SessionError> {
    let started = Instant::now();
    let parameters = Parameters::new(run.parameters);
    let explain = statement.mode == Mode::Explain;
    let parameter = |name: &str| {
        let given = parameters.get(name).ok().flatten();
        // What is only planned needs no parameters.
        given.or_else(|| explain.then_some(Value::Null))
    };
    let (mut plans, mut row_calls) = (Vec::new(), Vec::new());
    let mut missing: Vec<String> =
        statement.parameters.iter().filter(|name| parameter(name).is_none()).cloned().collect();
    for call in &statement.calls {
        let Some(procedure) = services.registry.get(call.procedure) else { return Ok(Outcome::Forward) };
        if call.ends_test && backend.dialect == Dialect::Five {
            let (error, at) = (CallError::Concludes { filter: None }, call.span.start);
            let refusal = Refusal::Call { error, procedure: call.procedure, at };
            return Ok(Outcome::Refuse(refusal::refused(&refusal, run.query, backend.dialect, |_| None)));
        }
        let signature = procedure.signature();
        let given = match crate::procedures::check(signature, call, &parameter) {
            Ok(given) => given,
            Err(ArgumentError::Coerce(error)) => {
                plans.push(Plan::Fails(refusal::coerce(&error, backend.dialect)));
                row_calls.push(None);
                continue;
            }
            Err(ArgumentError::Missing(names)) => {
                missing.extend(names.into_iter().filter(|name| !statement.parameters.contains(name)));
                continue;
            }
            Err(error) => return Ok(Outcome::Refuse(refusal::arguments(&error, run.query, backend.dialect))),
        };
        let index = call.procedure;
        let constant = call.computed().is_empty();
        if let Procedure::Graph(graph) = procedure {
            if !constant || call.after_write {
                return Ok(Outcome::Refuse(refusal::not_ahead(run.query, call.span.start, signature.name)));
            }
            let auto_commit = !backend.state.transaction;
            let plan = graph::plan(graph.as_ref(), call, given, services, statement.mode, auto_commit).await;
            plans.push(Plan::Graph(Box::new(plan.map_err(Arc::new))));
            row_calls.push(None);
        } else if constant {
            let arguments = given.into_iter().filter_map(Given::known).collect();
            plans.push(Plan::Constant { procedure: index, arguments });
            row_calls.push(None);
        } else {
            let procedure = index;
            let fields: Vec<Field> = signature.columns.iter().map(|column| column.field()).collect();
            plans.push(Plan::Row { fields: fields.clone(), wanted: wanted(signature, &given) });
            row_calls.push(Some(RowCall { procedure, given, columns: call.columns(), fields }));
        }
    }
    // Neo4j would name ours among those that it got.
    if !missing.is_empty() {
        return Ok(Outcome::Refuse(refusal::missing(&missing, &parameters.names()?, backend.dialect)));
    }
    let deadline = backend.live.deadline(run.extra, backend.state, started)?;
    let mut by_row = statement.calls.iter().zip(&plans).filter(|(_, plan)| matches!(plan, Plan::Row { .. }));
    let computed = by_row.find_map(|(call, _)| call.computed().first().copied());
    let graph = match graph::run(backend, services, run, statement, &plans).await? {
        Ok(graph) => graph,
        Err(failure) => return Ok(Outcome::Failed(failure)),
    };
    let sending = Sending {
        dialect: backend.dialect,
        run,
        statement,
        parameters: &parameters,
        plans: &plans,
        graph: &graph,
        started,
    };
    let Some(computed) = computed else {
        let computing = Computing::new(services, backend.dialect, deadline, row_calls);
        return sending.constant(backend, services, &computing).await;
    };
    let door = match &services.door {
        Some(door) if door.reachable() => door,
        _ => {
            let refused = || Ok(Outcome::Refuse(refusal::no_callback(run.query, computed.start)));
            let Some(queries) = gathered::queries(statement, &plans, &parameters)? else { return refused() };
            let computing = Computing::new(services, backend.dialect, deadline, row_calls);
            return gathered::run(backend, services, &sending, computing, queries).await;
        }
    };
    if explain {
        return sending.send(services, sending.nothing(), Rowwise::Callback(door, None));
    }
    let mut computing = Computing::new(services, backend.dialect, deadline, row_calls);
    let taken = parameters.names()?;
    let queries = statement.calls.iter().zip(&plans).enumerate();
    let queries = queries.filter_map(|(index, (call, plan))| {
        let Plan::Row { .. } = plan else { return None };
        // A failure would end the client's transaction, of which the statement may not have got so far.
        if call.fails && backend.state.transaction {
            return None;
        }
        Some((index, cypher::read_ahead(statement, call, taken.iter().copied())?))
    });
    match ahead_of_rows::run(backend, run, queries.collect(), false).await? {
        Gathered::Rows(rows) => computing = computing.ahead(rows),
        Gathered::Failure(failure) => return Ok(Outcome::Failed(failure)),
    }
    let computing = Arc::new(computing);
    let results = compute(backend, &computing, &plans).await?;
    let callbacks = match door.open(Arc::new(Asked(Arc::clone(&computing)))) {
        Ok(ticket) => Callbacks::new(ticket, computing),
        Err(error) => {
            return Ok(Outcome::Fail(refusal::unable(format!("The statement was not run: {error}."))));
        }
    };
    sending.send(services, results, Rowwise::Callback(door, Some(callbacks)))
}

/// What each expression has to be that a row brings.
fn wanted(signature: &Signature, given: &[Given]) -> Vec<Wanted> {
    let mut wanted = Vec::new();
    for (argument, given) in signature.arguments.iter().zip(given) {
        match given {
            Given::Known(_) => {}
            Given::Row => wanted.push(match argument.kind {
                Type::String => Wanted::Text,
                Type::StringList => Wanted::List,
                Type::Map => Wanted::Map,
                _ => Wanted::Anything,
            }),
            Given::Map(entries) => {
                wanted.extend(entries.iter().filter(|(_, value)| value.is_none()).map(|_| Wanted::Anything))
            }
        }
    }
    wanted
}

pub(super) type Results = Vec<Option<Result<Arc<Rows>, Arc<ProcedureError>>>>;

/// Makes the calls with constant arguments side by side, as many as a connection may have at a time.
pub(super) async fn compute<B: Stream>(
    backend: &mut Backend<B>,
    computing: &Computing,
    plans: &[Plan],
) -> Result<Results, SessionError> {
    let mut results: Results = plans.iter().map(|_| None).collect();
    let mut running: FuturesUnordered<_> = plans
        .iter()
        .zip(&mut results)
        .filter_map(|(plan, result)| match plan {
            Plan::Constant { procedure, arguments } => Some(async {
                *result = Some(computing.rows(*procedure, arguments.clone()).await);
            }),
            Plan::Row { .. } | Plan::Graph(_) | Plan::Fails(_) => None,
        })
        .collect();
    backend.meanwhile(async { while running.next().await.is_some() {} }).await?;
    drop(running);
    Ok(results)
}

/// The time that the options of a RUN or BEGIN give, if any.
pub(super) fn timeout(extra: &[u8]) -> Result<Option<std::time::Duration>, SessionError> {
    let mut reader = packstream::Reader::new(extra, Limits::default());
    for _ in 0..reader.map()? {
        if reader.string()? == "tx_timeout" {
            let millis = reader.value()?.as_i64().and_then(|millis| u64::try_from(millis).ok());
            return Ok(millis.filter(|millis| *millis > 0).map(std::time::Duration::from_millis));
        }
        reader.skip()?;
    }
    Ok(None)
}

/// A string that is no date, and that no one else's text holds.
pub(super) fn token() -> String {
    let random = || RandomState::new().hash_one(std::time::SystemTime::now());
    format!("facebolt:{:016x}{:016x}", random(), random())
}

#[cfg(test)]
mod tests {
    use super::*;
    use packstream::Map;

    #[test]
    fn tokens_differ() {
        assert_ne!(token(), token());
    }

    #[test]
    fn the_time_allowed_is_read() {
        let of = |map: Map| timeout(&packstream::encode(&Value::Map(map)).unwrap()).unwrap();
        assert_eq!(of(Map::new()), None);
        assert_eq!(of(Map::from([("tx_timeout", 0)])), None);
        let extra = Map::from([("db", Value::from("x")), ("tx_timeout", Value::from(1500))]);
        assert_eq!(of(extra), Some(std::time::Duration::from_millis(1500)));
    }
}
