//! Reading beforehand what the rows of a statement will bring, so that it can be computed side by side. Whatever is
//! missed, or has changed, is computed when Neo4j asks for it: this is for speed alone.

use std::borrow::Cow;

use bolt::message::RunMessage;
use packstream::{Limits, Reader, Value};

use super::SessionError;
use super::backend::Backend;
use super::edit::{self, Edit};
use super::parameters::Parameters;
use super::reading::{Query, Refused, read};
use super::request::Kind;
use super::wire::Stream;
use crate::cypher::{Edited, KeyPart};

/// What is kept of what was read.
const BYTES: usize = 64 << 20;

/// What reading brought.
#[derive(Debug)]
pub(super) enum Gathered {
    /// Per row the call and what it will bring.
    Rows(Vec<(usize, Vec<KeyPart>)>),
    /// Neo4j's FAILURE, which has ended the client's transaction.
    Failure(Vec<u8>),
}

/// Runs the queries. Where the rows are not `needed`, a failure outside of the client's transaction is passed over.
pub(super) async fn run<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
    queries: Vec<(usize, Edited)>,
    needed: bool,
) -> Result<Gathered, SessionError> {
    if queries.is_empty() {
        return Ok(Gathered::Rows(Vec::new()));
    }
    let own = !backend.state.transaction;
    let escapes = super::calls::escapes()?;
    let mut parameters = Vec::with_capacity(queries.len());
    for (_, query) in &queries {
        parameters.push(match &query.escapes {
            Some(name) => Cow::Owned(Parameters::new(run.parameters).with(&[(name, &escapes)])?),
            None => Cow::Borrowed(run.parameters),
        });
    }
    let texts = queries.iter().zip(&parameters);
    let asked: Vec<Query<'_>> =
        texts.map(|((_, query), parameters)| Query { text: &query.text, parameters }).collect();
    let mut rows = Rows::default();
    let take = |number, record: &[u8]| match queries.get(number) {
        Some((call, _)) => rows.take(*call, record),
        None => Ok(()),
    };
    let Some(Refused { query, failure }) = read(backend, run, &asked, take).await? else {
        return Ok(Gathered::Rows(rows.kept));
    };
    if own && !needed {
        // The statement will meet it too, or not: it is not ours to say.
        backend.recover().await?;
        return Ok(Gathered::Rows(Vec::new()));
    }
    let Some((_, query)) = query.and_then(|number| queries.get(number)) else {
        return Ok(Gathered::Failure(failure));
    };
    let edit = Edit { text: run.query.to_owned(), positions: query.positions.clone(), ..Edit::default() };
    let to = edit::Reader { version: backend.version, dialect: backend.dialect };
    Ok(Gathered::Failure(edit.answer(Kind::Run, failure, to)?.0))
}

/// What is kept.
#[derive(Debug, Default)]
struct Rows {
    kept: Vec<(usize, Vec<KeyPart>)>,
    bytes: usize,
}

impl Rows {
    fn take(&mut self, call: usize, record: &[u8]) -> Result<(), SessionError> {
        if self.bytes + record.len() > BYTES {
            return Ok(());
        }
        let mut reader = Reader::new(record, Limits::default());
        reader.structure()?;
        let columns = reader.list()?;
        let mut parts = Vec::with_capacity(columns.min(16));
        for _ in 0..columns {
            match part(reader.value()?) {
                Some(part) => parts.push(part),
                // What no argument can be is refused when it is asked for.
                None => return Ok(()),
            }
        }
        self.bytes += record.len();
        self.kept.push((call, parts));
        Ok(())
    }
}

/// A value as a row would bring it.
fn part(value: Value) -> Option<KeyPart> {
    let other = |kind: &str, text: String| Some(KeyPart::Other { kind: kind.to_owned(), text });
    match value {
        Value::Null => Some(KeyPart::Null),
        Value::String(text) => Some(KeyPart::Text(text)),
        Value::Integer(number) => other("INTEGER NOT NULL", number.to_string()),
        Value::Float(number) => other("FLOAT NOT NULL", format!("{number:?}")),
        Value::Boolean(value) => other("BOOLEAN NOT NULL", value.to_string()),
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            for (name, value) in &map {
                entries.push((name.to_owned(), part(value.clone())?));
            }
            entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            Some(KeyPart::Map(entries))
        }
        Value::List(items) => items.into_iter().map(part).collect::<Option<Vec<_>>>().map(KeyPart::List),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_kept_as_rows_bring_them() {
        let mut rows = Rows::default();
        let record = bolt::message::record(&[Value::from("u"), Value::from(5), Value::Null]).unwrap();
        rows.take(2, &record).unwrap();
        let five = KeyPart::Other { kind: "INTEGER NOT NULL".into(), text: "5".into() };
        assert_eq!(rows.kept, [(2, vec![KeyPart::Text("u".into()), five, KeyPart::Null])]);
        rows.take(2, &bolt::message::record(&[Value::Bytes(vec![1])]).unwrap()).unwrap();
        assert_eq!(rows.kept.len(), 1);
    }
}
