//! What is sent in the place of a statement that calls our procedures.

use std::collections::HashMap;
use std::sync::Arc;

use bolt::failure::Failure;
use bolt::message::RunMessage;
use packstream::{Map, Value};
use tokio::time::Instant;

use super::{Plan, Results, compute, token};
use crate::callback::Door;
use crate::cypher::{self, Call, Carrier, Mode, Statement};
use crate::procedures::{ProcedureError, Rows, Signature};
use crate::session::backend::Backend;
use crate::session::callbacks::Callbacks;
use crate::session::computing::Computing;
use crate::session::dialect::Dialect;
use crate::session::edit::{Edit, Raise};
use crate::session::graph::{self, Carried};
use crate::session::parameters::Parameters;
use crate::session::statement::Outcome;
use crate::session::wire::Stream;
use crate::session::{Services, SessionError, refusal};

/// How calls get their rows whose arguments depend on the row.
pub(in super::super) enum Rowwise<'d> {
    /// There are none.
    None,
    /// Neo4j asks; nobody answers if the statement is only planned.
    Callback(&'d Door, Option<Callbacks>),
    /// By parameters, one per such call: encoded maps from keys. With what they may raise.
    Gathered(HashMap<usize, Vec<u8>>, Vec<Raise>),
}

/// What is needed to put a statement together.
pub(in super::super) struct Sending<'a> {
    pub(in super::super) dialect: Dialect,
    pub(in super::super) run: &'a RunMessage<'a>,
    pub(in super::super) statement: &'a Statement<'a>,
    pub(in super::super) parameters: &'a Parameters<'a>,
    pub(in super::super) plans: &'a [Plan],
    /// What calls that read the graph have brought.
    pub(super) graph: &'a [graph::Brought],
    pub(super) started: Instant,
}

impl Sending<'_> {
    /// No rows, for a statement that is only planned.
    pub(in super::super) fn nothing(&self) -> Results {
        self.plans.iter().map(|_| Some(Ok(Arc::default()))).collect()
    }

    /// The statement if all calls are constant.
    pub(super) async fn constant<B: Stream>(
        &self,
        backend: &mut Backend<B>,
        services: &Services,
        computing: &Computing,
    ) -> Result<Outcome, SessionError> {
        let results = match self.statement.mode {
            Mode::Explain => self.nothing(),
            Mode::Run | Mode::Profile => compute(backend, computing, self.plans).await?,
        };
        self.send(services, results, Rowwise::None)
    }

    pub(in super::super) fn send(
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
    fn failed(&self, signature: &Signature, error: &ProcedureError) -> Raise {
        self.raise(refusal::call_failed(self.dialect, signature.name, error))
    }

    /// A failure that is to be raised where it is met.
    pub(in super::super) fn raise(&self, failure: Failure) -> Raise {
        Raise { token: token(), failure }
    }
}

/// What the last of these travels as.
fn raised(raises: &[Raise]) -> Result<Vec<u8>, SessionError> {
    Ok(packstream::encode(&Value::from(raises.last().map_or("", |raise| raise.token.as_str())))?)
}

/// The columns that a call hands on, each with its name in the signature.
pub(in super::super) fn columns<'s>(call: &Call<'_>, signature: &'s Signature) -> Vec<(usize, &'s str)> {
    let columns = call.columns().into_iter();
    columns.filter_map(|column| Some((column, signature.columns.get(column)?.name))).collect()
}

/// The pairs of characters and what stands for them in a URL.
pub(in super::super) fn escapes() -> Result<Vec<u8>, SessionError> {
    let pair = |(from, to)| Value::List(vec![Value::String(from), Value::String(to)]);
    Ok(packstream::encode(&Value::List(cypher::escapes().into_iter().map(pair).collect()))?)
}

/// A list of maps, with the named columns only.
pub(in super::super) fn rows_value(rows: &Rows, columns: &[(usize, &str)]) -> Value {
    let row = |row: &Vec<Value>| {
        let entries = columns.iter().map(|(column, name)| {
            let value = row.get(*column).cloned();
            ((*name).to_owned(), value.unwrap_or(Value::Null))
        });
        Value::Map(entries.collect::<Map>())
    };
    Value::List(rows.iter().map(row).collect())
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
}
