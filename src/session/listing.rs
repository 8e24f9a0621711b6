//! `SHOW PROCEDURES` and `SHOW FUNCTIONS`: ours among Neo4j's.

use std::sync::Arc;
use std::time::Instant;

use bolt::message::{Reply, RunMessage, tag};
use packstream::{Limits, Map, Reader, Value};

use super::backend::{Answer, Backend};
use super::edit::{Edit, Inserted};
use super::parameters::Parameters;
use super::reading::{Query, read_all};
use super::statement::Outcome;
use super::wire::Stream;
use super::{Services, SessionError};
use crate::cypher::{Listed, Listing};
use crate::procedures;

/// The type of a statement that ran on the database `system`, by `USE` or without. No query runs there, so that ours
/// can only be put among the rows of a plain listing: that is where Neo4j Browser lists what it completes.
const SYSTEM: &str = "s";

/// What is read of Neo4j's own rows.
const BYTES: usize = 64 << 20;

/// The numbers of the queries: the statement as it stands, which says whether it is right and what its columns are,
/// and the one for all rows.
const OWN: usize = 0;
const ALL: usize = 1;

/// Runs the statement over Neo4j's rows and ours. May be dropped at any time.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    services: &Services,
    run: &RunMessage<'_>,
    listing: &Listing<'_>,
) -> Result<Outcome, SessionError> {
    let mut ours = match listing.listed {
        Listed::Procedures => procedures::listing(&services.registry),
        Listed::Functions => procedures::functions(),
    };
    let started = Instant::now();
    let all = listing.all();
    let nothing = packstream::encode(&Value::Map(Map::new()))?;
    let queries =
        [Query { text: run.query, parameters: run.parameters }, Query { text: &all, parameters: &nothing }];
    let own_transaction = !backend.state.transaction;
    let mut read = Read::default();
    let refused = read_all(backend, run, &queries, |number, answer| read.take(number, answer)).await?;
    if let Some(refused) = refused {
        if !own_transaction {
            return Ok(Outcome::Failed(refused.failure));
        }
        // The statement will meet it too, and is told so in its own words.
        backend.recover().await?;
        return Ok(Outcome::Forward);
    }
    if read.bytes > BYTES || (read.system && !listing.is_plain()) {
        return Ok(Outcome::Forward);
    }
    if read.system {
        let inserted = Some(Inserted::new(read.inserted(ours)?));
        let edit = Edit { text: run.query.to_owned(), inserted, spent: started.elapsed(), ..Edit::default() };
        let run = bolt::message::run_raw(run.query, run.parameters, run.extra)?;
        return Ok(Outcome::Send { run, edit: Arc::new(edit) });
    }
    match listing.listed {
        // One of the same name is not Neo4j's to be called.
        Listed::Procedures => read.rows.retain(|theirs| ours.iter().all(|row| name(theirs) != name(row))),
        // Those that Neo4j has are left to it.
        Listed::Functions => ours.retain(|row| read.rows.iter().all(|theirs| name(theirs) != name(row))),
    }
    if ours.is_empty() {
        return Ok(Outcome::Forward);
    }
    merge(&mut read.rows, ours);

    let parameters = Parameters::new(run.parameters);
    let edited = listing.rewrite(&read.all, &read.own, parameters.names()?);
    let Some(name) = edited.parameters.first() else { return Ok(Outcome::Forward) };
    let rows = read.rows.into_iter().map(Value::Map).collect::<Vec<_>>();
    let parameters = parameters.with(&[(name, &packstream::encode(&Value::List(rows))?)])?;
    let edit = Edit {
        text: run.query.to_owned(),
        positions: edited.positions,
        spent: started.elapsed(),
        ..Edit::default()
    };
    let run = bolt::message::run_raw(&edited.text, &parameters, run.extra)?;
    Ok(Outcome::Send { run, edit: Arc::new(edit) })
}

/// What was read.
#[derive(Debug, Default)]
struct Read {
    /// The columns of the statement.
    own: Vec<String>,
    /// The columns of the rows.
    all: Vec<String>,
    rows: Vec<Map>,
    bytes: usize,
    /// Did it run on the database `system`?
    system: bool,
}

impl Read {
    /// Our rows with the columns of the statement, as RECORDs, each behind so many of Neo4j's.
    fn inserted(&self, ours: Vec<Map>) -> Result<Vec<(usize, Vec<u8>)>, SessionError> {
        let others = ours.into_iter().filter(|row| self.rows.iter().all(|theirs| name(theirs) != name(row)));
        others
            .map(|row| {
                let place = self.rows.iter().position(|theirs| name(theirs) > name(&row));
                let values: Vec<Value> =
                    self.own.iter().map(|column| row.get(column).cloned().unwrap_or(Value::Null)).collect();
                Ok((place.unwrap_or(self.rows.len()), bolt::message::record(&values)?))
            })
            .collect()
    }

    fn take(&mut self, number: usize, answer: &Answer) -> Result<(), SessionError> {
        if answer.tag == tag::RECORD {
            self.bytes = self.bytes.saturating_add(answer.payload.len());
            if number == ALL && self.bytes <= BYTES {
                let mut reader = Reader::new(&answer.payload, Limits::default());
                reader.structure()?;
                if let Value::List(values) = reader.value()? {
                    self.rows.push(self.all.iter().cloned().zip(values).collect());
                }
            }
            return Ok(());
        }
        let Reply::Success(metadata) = bolt::message::parse_reply(&answer.payload, Limits::default())? else {
            return Ok(());
        };
        if let Some(fields) = metadata.get("fields").and_then(Value::as_list) {
            let fields = fields.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
            if number == OWN {
                self.own = fields;
            } else {
                self.all = fields;
            }
        }
        self.system |= metadata.get("type").and_then(Value::as_str) == Some(SYSTEM);
        Ok(())
    }
}

/// Its name, which rows are in the order of.
fn name(row: &Map) -> &str {
    row.get("name").and_then(Value::as_str).unwrap_or_default()
}

/// Puts our rows where their names belong.
fn merge(rows: &mut Vec<Map>, ours: Vec<Map>) {
    for row in ours {
        let at = rows.iter().position(|theirs| name(theirs) > name(&row)).unwrap_or(rows.len());
        rows.insert(at, row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_merged_by_name() {
        let row =
            |name: &str, ours: bool| Map::from([("name", Value::from(name)), ("ours", Value::from(ours))]);
        let mut rows = vec![row("db.labels", false), row("tx.setMetaData", false)];
        merge(&mut rows, vec![row("a", true), row("face.embed", true), row("z", true)]);
        let expected = vec![
            row("a", true),
            row("db.labels", false),
            row("face.embed", true),
            row("tx.setMetaData", false),
            row("z", true),
        ];
        assert_eq!(rows, expected);
    }
}
