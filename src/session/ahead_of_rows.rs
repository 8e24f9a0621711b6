//! Reading beforehand what the rows of a statement will bring, so that it can be computed side by side. Whatever is
//! missed, or has changed, is computed when Neo4j asks for it: this is for speed alone.

use bolt::message::{Reply, RunMessage, tag};
use packstream::{Limits, Map, Reader, Value};

use super::SessionError;
use super::backend::Backend;
use super::edit::{self, Edit};
use super::parameters::Parameters;
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

/// Runs the queries. In auto-commit that is in a READ transaction of its own, with the database, user, bookmarks,
/// timeout and metadata of the statement; else in the client's. Where the rows are not `needed`, a failure of a
/// transaction of its own is passed over.
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
    if own {
        backend.ask(&bolt::message::begin(&read_only(run.extra)?)?)?;
    }
    let no_extra = packstream::encode(&Value::Map(Map::new()))?;
    let escapes = super::calls::escapes()?;
    for (_, query) in &queries {
        let parameters = match &query.escapes {
            Some(name) => &Parameters::new(run.parameters).with(&[(name, &escapes)])?,
            None => run.parameters,
        };
        backend.ask(&bolt::message::run_raw(&query.text, parameters, &no_extra)?)?;
        backend.ask(&bolt::message::pull(-1))?;
    }
    if own {
        backend.ask(&bolt::message::commit())?;
    }

    let mut failure = None;
    let mut rows = Rows::default();
    if own {
        failure = summary(backend, &mut rows, 0).await?.1;
    }
    for (call, query) in queries {
        let (qid, failed) = summary(backend, &mut rows, call).await?;
        if let Some(qid) = qid.filter(|_| !own) {
            backend.qids.add(qid);
        }
        // Both are answered, whatever becomes of the first.
        let pulled = summary(backend, &mut rows, call).await?.1;
        let failed = failed.or(pulled);
        // An IGNORED follows a FAILURE that is known already.
        if let Some(failed) = failed {
            let edit = Edit { text: run.query.to_owned(), positions: query.positions, ..Edit::default() };
            let to = edit::Reader { version: backend.version, dialect: backend.dialect };
            failure.get_or_insert(edit.answer(Kind::Run, failed, to)?.0);
        }
    }
    if own {
        let failed = summary(backend, &mut rows, 0).await?.1;
        failure = failure.or(failed);
    }
    match failure {
        None => Ok(Gathered::Rows(rows.kept)),
        Some(_) if own && !needed => {
            // The statement will meet it too, or not: it is not ours to say.
            backend.recover().await?;
            Ok(Gathered::Rows(Vec::new()))
        }
        Some(failure) => Ok(Gathered::Failure(failure)),
    }
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
        _ => None,
    }
}

/// Reads up to a summary: the number that a SUCCESS gives to a statement, or the FAILURE.
async fn summary<B: Stream>(
    backend: &mut Backend<B>,
    rows: &mut Rows,
    call: usize,
) -> Result<(Option<i64>, Option<Vec<u8>>), SessionError> {
    loop {
        let answer = backend.next_answer().await?;
        match answer.tag {
            tag::RECORD => rows.take(call, &answer.payload)?,
            tag::FAILURE => return Ok((None, Some(answer.payload))),
            tag::SUCCESS => {
                let Reply::Success(metadata) =
                    bolt::message::parse_reply(&answer.payload, Limits::default())?
                else {
                    return Ok((None, None));
                };
                return Ok((metadata.get("qid").and_then(Value::as_i64), None));
            }
            _ => return Ok((None, None)),
        }
    }
}

/// The options of a BEGIN that reads what the statement with these options would see.
pub(super) fn read_only(extra: &[u8]) -> Result<Map, SessionError> {
    let Value::Map(mut extra) = packstream::decode(extra, Limits::default())? else { return Ok(Map::new()) };
    extra.insert("mode", "r");
    Ok(extra)
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
        rows.take(2, &bolt::message::record(&[Value::List(vec![])]).unwrap()).unwrap();
        assert_eq!(rows.kept.len(), 1);
    }
}
