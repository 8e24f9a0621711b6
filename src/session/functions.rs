//! Similarity functions that the server does not have: the statement is sent with them written out, and what
//! fails in them fails in the words of Graph Data Science.

use std::sync::Arc;
use std::time::Duration;

use bolt::failure::{Cause, Classification, Failure, GqlStatus};
use bolt::message::RunMessage;
use packstream::{Limits, Map, Reader, Value};
use tokio::time::Instant;

use super::backend::Backend;
use super::calls::token;
use super::dialect::Dialect;
use super::edit::{self, Edit, byte_at};
use super::parameters::Parameters;
use super::reading::{Query, read};
use super::request::Kind;
use super::statement::Outcome;
use super::wire::Stream;
use super::{SessionError, refusal};
use crate::cypher::{self, Fails, Miscounted, Typed, Written};

/// What the server has itself. SHOW fails no transaction, and every user may run it.
const LISTING: &str =
    "SHOW FUNCTIONS YIELD name WHERE name STARTS WITH 'gds.similarity.' RETURN name AS name";

/// For how long that is remembered.
const KNOWN: Duration = Duration::from_secs(60);

/// Which of the functions a server has itself, and when it said so.
#[derive(Debug)]
pub(crate) struct Listed {
    names: Vec<String>,
    at: Instant,
}

/// What came of writing functions out.
pub(super) enum Rewritten {
    /// There is nothing to write out, or it is not understood.
    No,
    /// The statement to send, or to look at again.
    Yes(Box<Statement>),
    /// The backend answered a request of ours with this FAILURE, and is in the failed state now.
    Failed(Vec<u8>),
}

/// A statement with its functions written out.
pub(super) struct Statement {
    pub(super) text: String,
    /// All parameters, encoded.
    pub(super) parameters: Vec<u8>,
    edit: Edit,
}

/// Writes out what the server does not have. May be dropped at any time.
pub(super) async fn write_out<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
) -> Result<Rewritten, SessionError> {
    let started = Instant::now();
    if let Some(failure) = list(backend, run).await? {
        return Ok(Rewritten::Failed(failure));
    }
    let listed = backend.functions.as_ref().map_or(&[][..], |listed| &listed.names);
    let ours: Vec<&str> =
        cypher::FUNCTIONS.into_iter().filter(|name| !listed.iter().any(|listed| listed == name)).collect();
    let parameters = Parameters::new(run.parameters);
    // Neo4j 5 refuses a DISTINCT, known function or not.
    let distinct = backend.dialect == Dialect::Later;
    let written = if ours.is_empty() {
        None
    } else {
        cypher::write_out(run.query, &ours, distinct, parameters.names()?)
    };
    let Some(Written { edited, arguments, miscounted }) = written else { return Ok(Rewritten::No) };
    let Some(parameter) = edited.parameters.first().cloned() else { return Ok(Rewritten::No) };
    let token = token();
    let value = packstream::encode(&Value::from(token.as_str()))?;
    let parameters = parameters.with(&[(&parameter, &value)])?;
    let edit = Edit {
        text: run.query.to_owned(),
        positions: edited.positions,
        replaced: edited.replaced,
        spent: started.elapsed(),
        functions: Some(Functions { parameter, token, arguments, miscounted, dialect: backend.dialect }),
        ..Edit::default()
    };
    Ok(Rewritten::Yes(Box::new(Statement { text: edited.text, parameters, edit })))
}

/// Asks what the server has, unless that is known. Where Neo4j refuses to say in the client's transaction: its
/// FAILURE, which has ended the transaction.
async fn list<B: Stream>(
    backend: &mut Backend<B>,
    run: &RunMessage<'_>,
) -> Result<Option<Vec<u8>>, SessionError> {
    if backend.functions.as_ref().is_some_and(|listed| listed.at.elapsed() < KNOWN) {
        return Ok(None);
    }
    let own = !backend.state.transaction;
    let parameters = packstream::encode(&Value::Map(Map::new()))?;
    let mut names = Vec::new();
    let take = |_: usize, record: &[u8]| {
        let mut reader = Reader::new(record, Limits::default());
        reader.structure()?;
        reader.list()?;
        names.push(reader.string()?.to_owned());
        Ok(())
    };
    let refused = read(backend, run, &[Query { text: LISTING, parameters: &parameters }], take).await?;
    match refused {
        None => {
            backend.functions = Some(Listed { names, at: Instant::now() });
            Ok(None)
        }
        Some(refused) if !own => Ok(Some(refused.failure)),
        // The statement will meet what is wrong: a database that does not exist, a time that is over.
        Some(_) => {
            backend.functions = None;
            backend.recover().await?;
            Ok(None)
        }
    }
}

impl Statement {
    /// The statement as it stands.
    pub(super) fn send(self, run: &RunMessage<'_>) -> Result<Outcome, SessionError> {
        let payload = bolt::message::run_raw(&self.text, &self.parameters, run.extra)?;
        Ok(Outcome::Send { run: payload, edit: Arc::new(self.edit) })
    }

    /// What came of `self` as a statement that calls procedures too, said of the user's text.
    pub(super) fn after(self, outcome: Outcome, to: edit::Reader) -> Result<Outcome, SessionError> {
        Ok(match outcome {
            Outcome::Send { run, edit: mut sent } => match Arc::get_mut(&mut sent) {
                Some(edit) => {
                    edit.before = Some(Box::new(self.edit));
                    Outcome::Send { run, edit: sent }
                }
                None => Outcome::Forward,
            },
            Outcome::Fail(mut failure) | Outcome::Refuse(mut failure) => {
                self.edit.place(&mut failure);
                Outcome::Fail(failure)
            }
            Outcome::Failed(failure) => Outcome::Failed(self.edit.answer(Kind::Run, failure, to)?.0),
            Outcome::Forward => Outcome::Forward,
        })
    }
}

/// How failures within functions that were written out are told from others, and put into words.
#[derive(Debug)]
pub(crate) struct Functions {
    /// The name of the parameter that is ours, and its value.
    parameter: String,
    token: String,
    arguments: Vec<Typed>,
    miscounted: Vec<Miscounted>,
    dialect: Dialect,
}

impl Functions {
    /// What `failure` stands for, if a function failed: `.. got: List{String("token"), String("cosine"), ..}`.
    pub(super) fn failure(&self, failure: &Failure) -> Option<Failure> {
        let start = format!("List{{String(\"{}\"), String(\"", self.token);
        let (_, list) = failure.message.split_once(&start)?;
        let (list, behind) = list.rsplit_once('}')?;
        let (function, rest) = list.split_once("\"), String(\"")?;
        let mut told = match rest.split_once("\"), ") {
            Some((wanted, value)) => refusal::not_coerced(value, wanted, self.dialect),
            None => {
                let function = format!("gds.similarity.{function}");
                refusal::function_failed(
                    &function,
                    &thrown(&function, rest.strip_suffix("\")")?),
                    self.dialect,
                )
            }
        };
        // `(Transactions committed: 2)`
        told.message.push_str(behind);
        if !behind.is_empty() && self.dialect == Dialect::Five {
            told.gql = GqlStatus::general();
        }
        Some(told)
    }

    /// What is wrong with a call that Neo4j does not know the function of, if that is not all.
    fn miscounted(&self, text: &str, failure: &Failure) -> Option<Failure> {
        let (message, offset) = edit::split_place(&failure.message)?;
        let function = message.strip_prefix("Unknown function '")?.strip_suffix('\'')?;
        let at = byte_at(text, offset);
        let Miscounted { got, .. } = self.miscounted.iter().find(|miscounted| miscounted.at == at)?;
        Some(wrong_count(function, *got, text, at, self.dialect))
    }

    /// Neo4j looked at the types of the arguments as those of another function, and knows none that it finds.
    pub(super) fn reword(&self, text: &str, failure: &mut Failure) {
        if let Some(miscounted) = self.miscounted(text, failure) {
            *failure = miscounted;
            return;
        }
        let Some(cause) = &mut failure.gql.cause else { return };
        if cause.gql.status == "42N81" {
            // Which parameters there are.
            let ours = format!("$`{}`", self.parameter);
            for text in [&mut cause.message, &mut cause.gql.description] {
                let others = text.replace(&format!("{ours}, "), "").replace(&format!(", {ours}"), "");
                *text = others.replace(&format!("got {ours}"), "got nothing");
            }
        }
        let Some(place) = cause.gql.position.and_then(|place| usize::try_from(place.offset).ok()) else {
            return;
        };
        let at = byte_at(text, place);
        let argument =
            self.arguments.iter().filter(|argument| (argument.span.start..argument.span.end).contains(&at));
        let Some(argument) = argument.min_by_key(|argument| argument.span.end - argument.span.start) else {
            return;
        };
        let stranger = |index: usize, name: &str| format!("argument at index {index} of function {name}()");
        let strangers = (0..2)
            .flat_map(|index| ["euclidean", "vector.similarity.euclidean"].map(|name| stranger(index, name)));
        let Some(stranger) = strangers.into_iter().find(|stranger| cause.message.contains(stranger)) else {
            return;
        };
        for text in [&mut failure.message, &mut cause.message, &mut cause.gql.description] {
            *text = types(text, self.dialect);
        }
        let parameter = format!("{stranger} parameter: ");
        let (from, to) = if cause.message.contains(&parameter) {
            (parameter, " parameter: ".to_owned())
        } else if let Some(variable) = &argument.variable {
            (stranger, format!("`{variable}`"))
        } else {
            return mismatch(failure, &stranger);
        };
        for text in [&mut cause.message, &mut cause.gql.description] {
            *text = text.replace(&from, &to);
        }
    }
}

/// What GDS says that it does.
const DESCRIPTIONS: [(&str, &str); 6] = [
    ("euclideanDistance", "the euclidean distance (square root of the sum of the squared differences)"),
    ("euclidean", "similarity based on euclidean distance"),
    ("cosine", "cosine similarity"),
    ("pearson", "pearson similarity"),
    ("jaccard", "Jaccard similarity"),
    ("overlap", "overlap similarity"),
];

/// A function with a wrong number of arguments at a byte of `text`.
fn wrong_count(function: &str, got: usize, text: &str, at: usize, dialect: Dialect) -> Failure {
    let short = function.rsplit('.').next().unwrap_or_default();
    let does = DESCRIPTIONS.iter().find(|(name, _)| *name == short).map_or("", |(_, does)| does);
    let list = "LIST<INTEGER | FLOAT>";
    let signature = format!("{function}(vector1 :: {list}, vector2 :: {list}) :: FLOAT");
    let message = format!(
        "Function call does not provide the required number of arguments: expected 2 got {got}.\n\n\
         Function {function} has signature: {signature}\n\
         meaning that it expects 2 arguments of type {list}, {list}\n\
         Description: RETURN {function}(vector1, vector2) - Given two collection vectors, calculate {does}"
    );
    refusal::wrong_count(message, (got, 2), (function, &signature), text, at, dialect)
}

/// The types that a function wants and was given, of a function that takes lists only. Neo4j 5 says less of lists
/// of lists then.
fn types(text: &str, dialect: Dialect) -> String {
    let text = text.replace("Vector, List<Float>", "List<Float>").replace("VECTOR or LIST<", "LIST<");
    match dialect {
        Dialect::Later => text,
        Dialect::Five => text
            .replace("List<List<Float>>, List<List<Integer>> or List<List<Number>>", "List<List<T>>")
            .replace("<List<Integer>>", "<List<T>>")
            .replace("<List<Float>>", "<List<T>>"),
    }
}

/// What Neo4j says of an argument that is neither variable nor parameter.
fn mismatch(failure: &mut Failure, stranger: &str) {
    let Some(cause) = &failure.gql.cause else { return };
    let Some((given, expected)) = cause
        .message
        .split_once("Invalid input '")
        .and_then(|(_, rest)| rest.split_once(&format!("' for {stranger}. Expected to be ")))
    else {
        return;
    };
    let text = format!("Type mismatch: expected to be {} but was '{given}'.", expected.trim_end_matches('.'));
    let place = failure.gql.position;
    let status = |status: &str, description: String| {
        let mut gql = GqlStatus::new(status, description, Some(Classification::ClientError));
        gql.position = place;
        gql
    };
    let cause = status("22NB1", format!("error: data exception - type mismatch. {text}"));
    failure.gql = status("42001", "error: syntax error or access rule violation - invalid syntax".to_owned());
    failure.gql.cause = Some(Box::new(Cause { message: format!("22NB1: {text}"), gql: cause }));
}

/// The Java exception behind a failure that is called `word`.
pub(super) fn thrown(function: &str, word: &str) -> String {
    if word == Fails::Size.word() {
        return "java.lang.RuntimeException: Vectors must be non-empty and of the same size".to_owned();
    }
    let method = match function {
        "gds.similarity.overlap" => "removeIf(java.util.function.Predicate)",
        _ => "size()",
    };
    format!(
        "java.lang.NullPointerException: Cannot invoke \"java.util.List.{method}\" because \"{word}\" is null"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(message: &str) -> Option<Failure> {
        let functions = Functions {
            parameter: "p".into(),
            token: "T".into(),
            arguments: Vec::new(),
            miscounted: Vec::new(),
            dialect: Dialect::Five,
        };
        let failure = Failure { code: String::new(), message: message.to_owned(), gql: GqlStatus::general() };
        functions.failure(&failure)
    }

    #[test]
    fn what_fails_is_told_in_the_functions_own_words() {
        for (list, expected) in [
            (
                r#"String("cosine"), String("vector2")}"#,
                "Failed to invoke function `gds.similarity.cosine`: Caused by: java.lang.NullPointerException: \
                 Cannot invoke \"java.util.List.size()\" because \"vector2\" is null",
            ),
            (
                r#"String("overlap"), String("size")} (Transactions committed: 2)"#,
                "Failed to invoke function `gds.similarity.overlap`: Caused by: java.lang.RuntimeException: \
                 Vectors must be non-empty and of the same size (Transactions committed: 2)",
            ),
            (
                r#"String("cosine"), String("Number"), Map{a -> Long(1)}}"#,
                "Can't coerce `Map{a -> Long(1)}` to Number",
            ),
            (
                r#"String("cosine"), String("List"), String("a"), b}")}"#,
                "Can't coerce `String(\"a\"), b}\")` to List",
            ),
        ] {
            let message = format!(r#"Invalid input for 'toFloat()': got: List{{String("T"), {list}"#);
            assert_eq!(failed(&message).unwrap().message, expected);
        }
        assert_eq!(failed(r#"got: List{String("U"), String("cosine"), String("size")}"#), None);
    }
}
