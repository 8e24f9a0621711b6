//! Calls of our procedures within a statement: the text that Neo4j gets carries their rows, or asks for them.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use bolt::failure::Failure;
use bolt::message::RunMessage;
use futures_util::stream::{FuturesUnordered, StreamExt};
use packstream::{Limits, Map, Value};
use tokio::time::Instant;

use super::ahead_of_rows::{self, Gathered};
use super::backend::Backend;
use super::callbacks::Callbacks;
use super::computing::{Asked, CallFailure, Computing, RowCall};
use super::dialect::Dialect;
use super::edit::{Edit, Raise};
use super::graph::{self, Carried};
use super::parameters::Parameters;
use super::statement::Outcome;
use super::wire::Stream;
use super::{Services, SessionError, gathered, refusal};
use crate::callback::Door;
use crate::cypher::{self, Call, Carrier, Field, Mode, Statement, Wanted};
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
        return sending.constant(services, &computing).await;
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
        Some((index, cypher::read_ahead(statement, call, taken.iter().copied())?))
    });
    match ahead_of_rows::run(backend, run, queries.collect(), false).await? {
        Gathered::Rows(rows) => computing = computing.ahead(rows),
        Gathered::Failure(failure) => return Ok(Outcome::Failed(failure)),
    }
    let computing = Arc::new(computing);
    let results = compute(&computing, &plans).await;
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

pub(super) type Results = Vec<Option<Result<Arc<Rows>, Arc<CallFailure>>>>;

/// How calls get their rows whose arguments depend on the row.
pub(super) enum Rowwise<'d> {
    /// There are none.
    None,
    /// Neo4j asks; nobody answers if the statement is only planned.
    Callback(&'d Door, Option<Callbacks>),
    /// By parameters, one per such call: encoded maps from keys. With what they may raise.
    Gathered(HashMap<usize, Vec<u8>>, Vec<Raise>),
}

/// Makes the calls with constant arguments side by side, as many as a connection may have at a time.
pub(super) async fn compute(computing: &Computing, plans: &[Plan]) -> Results {
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
    while running.next().await.is_some() {}
    drop(running);
    results
}

/// What is needed to put a statement together.
pub(super) struct Sending<'a> {
    pub(super) dialect: Dialect,
    pub(super) run: &'a RunMessage<'a>,
    pub(super) statement: &'a Statement<'a>,
    pub(super) parameters: &'a Parameters<'a>,
    pub(super) plans: &'a [Plan],
    /// What calls that read the graph have brought.
    graph: &'a [graph::Brought],
    started: Instant,
}

impl Sending<'_> {
    /// No rows, for a statement that is only planned.
    pub(super) fn nothing(&self) -> Results {
        self.plans.iter().map(|_| Some(Ok(Arc::default()))).collect()
    }

    /// The statement if all calls are constant.
    async fn constant(&self, services: &Services, computing: &Computing) -> Result<Outcome, SessionError> {
        let results = match self.statement.mode {
            Mode::Explain => self.nothing(),
            Mode::Run | Mode::Profile => compute(computing, self.plans).await,
        };
        self.send(services, results, Rowwise::None)
    }

    pub(super) fn send(
        &self,
        services: &Services,
        results: Results,
        rowwise: Rowwise<'_>,
    ) -> Result<Outcome, SessionError> {
        let mut raises = Vec::new();
        let mut carried = Vec::with_capacity(results.len());
        let mut carriers = Vec::with_capacity(results.len());
        for (index, ((call, plan), result)) in
            self.statement.calls.iter().zip(self.plans).zip(results).enumerate()
        {
            let Some(procedure) = services.registry.get(call.procedure) else { return Ok(Outcome::Forward) };
            let signature = procedure.signature();
            let (carrier, value) = match (plan, result) {
                (Plan::Row { fields, wanted }, _) => match &rowwise {
                    Rowwise::Gathered(maps, _) => {
                        let map = maps.get(&index).cloned().unwrap_or_default();
                        (Carrier::Gathered { wanted }, map)
                    }
                    Rowwise::Callback(door, callbacks) => {
                        let url = match callbacks {
                            Some(callbacks) => callbacks.url(index),
                            None => door.closed_url().unwrap_or_default(),
                        };
                        (Carrier::Callback { fields, wanted }, packstream::encode(&Value::String(url))?)
                    }
                    Rowwise::None => return Ok(Outcome::Forward),
                },
                (Plan::Fails(failure), _) => {
                    raises.push(self.raise(failure.clone()));
                    (Carrier::Raises, raised(&raises)?)
                }
                (Plan::Graph(_), _) => match self.graph.get(index) {
                    Some(Some(Ok(Carried::Rows { nodes, rows }))) => (Carrier::Nodes(nodes), rows.clone()),
                    Some(Some(Ok(Carried::Relationships { relationships, map }))) => {
                        (Carrier::Relationships(relationships), map.clone())
                    }
                    Some(Some(Err(error))) => {
                        raises.push(self.failed(signature, error.as_ref()));
                        (Carrier::Raises, raised(&raises)?)
                    }
                    _ => return Ok(Outcome::Forward),
                },
                (Plan::Constant { .. }, Some(Err(error))) => {
                    raises.push(self.failed(signature, &error));
                    (Carrier::Raises, raised(&raises)?)
                }
                (Plan::Constant { .. }, rows) => {
                    let rows = rows.and_then(Result::ok).unwrap_or_default();
                    (Carrier::Rows, packstream::encode(&rows_value(&rows, &columns(call, signature)))?)
                }
            };
            carriers.push(carrier);
            carried.push(value);
        }
        let edited = match cypher::carry(self.statement, &carriers, self.parameters.names()?) {
            Ok(edited) => edited,
            Err(refusal) => return Ok(Outcome::Fail(refusal::unable(refusal.to_string()))),
        };
        let mut ours: Vec<(&str, &[u8])> =
            edited.parameters.iter().map(String::as_str).zip(carried.iter().map(Vec::as_slice)).collect();
        let escapes = escapes()?;
        if let Some(name) = &edited.escapes {
            ours.push((name, &escapes));
        }
        let parameters = self.parameters.with(&ours)?;
        let payload = bolt::message::run_raw(&edited.text, &parameters, self.run.extra)?;
        let asks = matches!(rowwise, Rowwise::Callback(..));
        let callbacks = match rowwise {
            Rowwise::Callback(_, callbacks) => callbacks,
            Rowwise::Gathered(_, more) => {
                raises.extend(more);
                None
            }
            Rowwise::None => None,
        };
        let edit = Edit {
            text: self.run.query.to_owned(),
            positions: edited.positions,
            replaced: edited.replaced,
            arguments: self.statement.calls.iter().flat_map(|call| call.computed()).collect(),
            raises,
            spent: self.started.elapsed(),
            asks,
            reports: self.run.query.to_ascii_uppercase().contains("REPORT"),
            callbacks,
            ..Edit::default()
        };
        Ok(Outcome::Send { run: payload, edit: Arc::new(edit) })
    }

    /// The failure of a call, to be raised where it is met.
    fn failed(&self, signature: &Signature, error: &dyn std::error::Error) -> Raise {
        self.raise(refusal::procedure_failed(self.dialect, signature.name, &error.to_string()))
    }

    /// A failure that is to be raised where it is met.
    pub(super) fn raise(&self, failure: Failure) -> Raise {
        Raise { token: token(), failure }
    }
}

/// What the last of these travels as.
fn raised(raises: &[Raise]) -> Result<Vec<u8>, SessionError> {
    Ok(packstream::encode(&Value::from(raises.last().map_or("", |raise| raise.token.as_str())))?)
}

/// The columns that a call hands on, each with its name in the signature.
pub(super) fn columns<'s>(call: &Call<'_>, signature: &'s Signature) -> Vec<(usize, &'s str)> {
    let columns = call.columns().into_iter();
    columns.filter_map(|column| Some((column, signature.columns.get(column)?.name))).collect()
}

/// The pairs of characters and what stands for them in a URL.
pub(super) fn escapes() -> Result<Vec<u8>, SessionError> {
    let pair = |(from, to)| Value::List(vec![Value::String(from), Value::String(to)]);
    Ok(packstream::encode(&Value::List(cypher::escapes().into_iter().map(pair).collect()))?)
}

/// A list of maps, with the named columns only.
pub(super) fn rows_value(rows: &Rows, columns: &[(usize, &str)]) -> Value {
    let row = |row: &Vec<Value>| {
        let entries = columns.iter().map(|(column, name)| {
            let value = row.get(*column).cloned();
            ((*name).to_owned(), value.unwrap_or(Value::Null))
        });
        Value::Map(entries.collect::<Map>())
    };
    Value::List(rows.iter().map(row).collect())
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

    #[test]
    fn rows_hold_the_yielded_columns_only() {
        let rows = vec![vec![Value::from(1), Value::from("a")], vec![Value::from(2), Value::from("b")]];
        let expected = |text: &str| Value::Map(Map::from([("name", Value::from(text))]));
        let value = rows_value(&rows, &[(1, "name")]);
        assert_eq!(value, Value::List(vec![expected("a"), expected("b")]));
    }

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
