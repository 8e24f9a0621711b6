//! An edited statement, and its answers on their way back: as if the user's own text had run.

mod inserted;
mod notices;
mod records;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bolt::Version;
use bolt::failure::{Cause, Failure, GqlStatus};
use bolt::message::Reply;
use packstream::{Limits, Map, Value};

pub(crate) use self::inserted::Inserted;
use super::callbacks::Callbacks;
use super::dialect::Dialect;
use super::functions::Functions;
use super::request::Kind;
use super::routing::Servers;
use super::{SessionError, refusal};
use crate::cypher::{self, CallError, Position, PositionMap, Refusal, Span};

/// What must be known of a statement that was sent in place of the user's.
#[derive(Debug, Default)]
pub(crate) struct Edit {
    /// The user's text.
    pub(crate) text: String,
    /// From places in the text that was sent to places in the user's.
    pub(crate) positions: PositionMap,
    /// Parts of the text that was sent, and what stands there in the user's.
    pub(crate) replaced: Vec<(String, String)>,
    /// Where the arguments stand in the user's text that Neo4j computes for us.
    pub(crate) arguments: Vec<Span>,
    /// Failures that travel inside: Neo4j's error names the token if the row was evaluated.
    pub(crate) raises: Vec<Raise>,
    /// What we took before the statement was sent.
    pub(crate) spent: Duration,
    /// Does the text that was sent hold a LOAD CSV of ours?
    pub(crate) asks: bool,
    /// The functions that were written out.
    pub(crate) functions: Option<Functions>,
    /// The edit that made the text that this one edits, if it is not the user's own.
    pub(crate) before: Option<Box<Edit>>,
    /// How those are answered.
    pub(crate) callbacks: Option<Callbacks>,
    /// Where its rows hold addresses that are to be ours.
    pub(crate) servers: Option<Servers>,
    /// Rows of ours among its rows.
    pub(crate) inserted: Option<Inserted>,
    /// Does the statement report failures in its rows (`REPORT STATUS`)?
    pub(crate) reports: bool,
    /// It was sent as it is, and Neo4j does not know the procedure: what is wrong with the call.
    pub(crate) instead: Option<Failure>,
    /// The server's number of the statement, if it was sent within a transaction.
    pub(crate) qid: OnceLock<i64>,
}

/// A failure that Neo4j raises for us when it comes to the row.
#[derive(Debug)]
pub(crate) struct Raise {
    pub(crate) token: String,
    pub(crate) failure: Failure,
}

/// Who reads an answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader {
    pub(crate) version: Version,
    pub(crate) dialect: Dialect,
}

/// What Neo4j appends when batches before the failing one were committed.
const COMMITTED: &str = " (Transactions committed: ";

/// What Neo4j says of a procedure that it does not know.
const UNKNOWN: &str = "Neo.ClientError.Procedure.ProcedureNotFound";

impl Edit {
    /// A statement that is sent as it is, and refused in our words if Neo4j has nothing else against it.
    pub(crate) fn refusing(failure: Failure) -> Self {
        Self { instead: Some(failure), ..Self::default() }
    }

    /// The client has given up on the statement.
    pub(crate) fn cancel(&self) {
        self.callbacks.iter().for_each(Callbacks::cancel);
    }

    /// Is a row other than what Neo4j sends?
    pub(crate) fn changes_records(&self) -> bool {
        self.servers.is_some() || self.inserted.is_some() || self.reports
    }

    /// A RECORD of its rows.
    pub(crate) fn record(&self, payload: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        match &self.servers {
            Some(servers) => servers.record(&payload),
            None => self.reported(payload),
        }
    }

    /// An answer to the RUN itself, or to a PULL or DISCARD of its rows.
    /// Says too whether more is to come of it.
    pub(crate) fn answer(
        &self,
        kind: Kind,
        payload: Vec<u8>,
        to: Reader,
    ) -> Result<(Vec<u8>, bool), SessionError> {
        let reply = bolt::message::parse_reply(&payload, Limits::default())?;
        let more = match &reply {
            Reply::Success(metadata) => kind == Kind::Run || metadata.get("has_more").is_some(),
            _ => false,
        };
        let answer = match reply {
            Reply::Success(mut metadata) => {
                if let Some(first) = metadata.get("t_first").and_then(Value::as_i64) {
                    let spent = i64::try_from(self.spent.as_millis()).unwrap_or(i64::MAX);
                    metadata.insert("t_first", first.saturating_add(spent));
                }
                self.name_columns(&mut metadata);
                notices::translate(self, &mut metadata);
                bolt::message::success(&metadata)?
            }
            Reply::Failure(metadata) => {
                let mut failure = Failure::decode(&metadata, to.version);
                match &self.instead {
                    Some(instead) if failure.code == UNKNOWN && failure.message.contains("`face.") => {
                        instead.encode(to.version)?
                    }
                    Some(_) => payload,
                    None => {
                        let other = self.find(&failure).or_else(|| self.redeclared(&failure, to.dialect));
                        match other.or_else(|| self.mismatch(&failure, to.dialect)) {
                            Some(other) => failure = other,
                            None => {
                                self.place(&mut failure);
                                if let Some(functions) = &self.functions {
                                    functions.reword(&self.text, &mut failure);
                                }
                            }
                        }
                        failure.encode(to.version)?
                    }
                }
            }
            _ => payload,
        };
        if !more {
            self.callbacks.iter().for_each(Callbacks::end);
        }
        match &self.before {
            Some(before) => Ok((before.answer(kind, answer, to)?.0, more)),
            None => Ok((answer, more)),
        }
    }

    /// An answer to a later request that may have evaluated rows of one of these statements.
    pub(crate) fn raised(edits: &[Arc<Self>], payload: Vec<u8>, to: Reader) -> Result<Vec<u8>, SessionError> {
        let Reply::Failure(metadata) = bolt::message::parse_reply(&payload, Limits::default())? else {
            return Ok(payload);
        };
        let failure = Failure::decode(&metadata, to.version);
        match edits.iter().find_map(|edit| edit.find(&failure)) {
            Some(raised) => Ok(raised.encode(to.version)?),
            None => Ok(payload),
        }
    }

    /// What `failure` stands for, if it is one of ours.
    fn find(&self, failure: &Failure) -> Option<Failure> {
        let raised = self.raises.iter().find(|raise| failure.message.contains(&raise.token));
        let called = self.functions.as_ref().and_then(|functions| functions.failure(failure));
        if called.is_some() {
            return called;
        }
        let asked = || self.callbacks.as_ref()?.failure(failure);
        let Some(mut told) = raised.map(|raised| raised.failure.clone()).or_else(asked) else {
            return self.before.as_ref()?.find(failure);
        };
        if let Some(at) = failure.message.rfind(COMMITTED) {
            told.message.push_str(failure.message.get(at..).unwrap_or_default());
        }
        Some(told)
    }

    /// A column of ours that is named like a variable outside: there, ours is a subquery.
    fn redeclared(&self, failure: &Failure, dialect: Dialect) -> Option<Failure> {
        let (before, offset) = split_place(&failure.message)?;
        let name = before.strip_prefix("Variable `")?.strip_suffix("` already declared in outer scope")?;
        let at = self.byte(self.positions.to_user(offset).offset);
        let in_call = |(_, call): &(String, String)| {
            self.text.match_indices(call).any(|(start, call)| (start..start + call.len()).contains(&at))
        };
        self.replaced.iter().any(in_call).then(|| {
            let error = CallError::Redeclared { name: name.to_owned(), again: at, standalone: false };
            refusal::refused(&Refusal::Call { error, procedure: 0, at }, &self.text, dialect, |_| None)
        })
    }

    /// The byte at an offset of the user's text.
    fn byte(&self, offset: usize) -> usize {
        byte_at(&self.text, offset)
    }

    /// A column without a name is called after its text.
    fn name_columns(&self, metadata: &mut Map) {
        let Some(Value::List(fields)) = metadata.get_mut("fields") else { return };
        for field in fields {
            if let Value::String(name) = field {
                self.restore(name);
            }
        }
    }

    /// Makes what is quoted of the text that was sent the user's.
    fn restore(&self, quoted: &mut String) {
        for (ours, users) in &self.replaced {
            if quoted.contains(ours) {
                *quoted = quoted.replace(ours, users);
            }
        }
    }

    /// The place in the user's text of an offset in the text that was sent.
    pub(super) fn position(&self, offset: usize) -> Position {
        Position::of_offset(&self.text, self.positions.to_user(offset).offset)
    }

    /// Makes places in the text that was sent places in the user's.
    pub(super) fn place(&self, failure: &mut Failure) {
        if self.asks && !notices::loads(&self.text) {
            failure.message = records::without_file(&failure.message);
        }
        if let Some((before, offset)) = split_place(&failure.message) {
            let position = self.position(offset);
            failure.message = format!("{before}{}", position.suffix(&self.text));
        }
        self.restore(&mut failure.message);
        self.place_status(&mut failure.gql);
    }

    /// An expression that is of the wrong type for an argument. Our check speaks of a variable of its own; of a
    /// variable of the user's Neo4j says the same.
    fn mismatch(&self, failure: &Failure, dialect: Dialect) -> Option<Failure> {
        let (message, offset) = split_place(&failure.message)?;
        let at = self.positions.to_user(offset);
        if at.exact || !message.starts_with("Type mismatch: ") {
            return None;
        }
        let at = self.byte(at.offset);
        let span = self.arguments.iter().find(|span| span.start == at)?;
        let argument = self.text.get(span.start..span.end)?;
        let cause = failure.gql.cause.as_ref().map(|cause| cause.message.as_str());
        let (given, needed) = match cause {
            Some(cause) => {
                let (_, cause) = cause.split_once("Invalid input '")?;
                let (given, cause) = cause.split_once("' for ")?;
                (given, cause.rsplit_once("Expected to be ")?.1.trim_end_matches('.'))
            }
            // Before Bolt 5.7 there is none, and nobody to read ours.
            None => ("", ""),
        };
        let word = |c: char| c.is_alphanumeric() || c == '_';
        if argument.chars().all(word) || argument.starts_with('`') {
            return None;
        }
        let root = cypher::root(argument, dialect == Dialect::Later);
        let position = Position::of_byte(&self.text, span.start + root);
        // Behind our UNWIND a map may as well be a node.
        const WIDENED: &str = "Map, Node or Relationship";
        let given = if given == WIDENED { "Map" } else { given };
        let message = match message.strip_suffix(&format!(" but was {WIDENED}")) {
            Some(message) => format!("{message} but was Map"),
            None => message.to_owned(),
        };
        Some(refusal::mismatch(message, &self.text, position, needed, given))
    }

    /// The argument of a call that starts where `cause` says.
    fn argument(&self, cause: &Cause) -> Option<&str> {
        let offset = usize::try_from(cause.gql.position?.offset).ok()?;
        let at = self.byte(offset);
        self.arguments
            .iter()
            .find(|span| span.start == at)
            .and_then(|span| self.text.get(span.start..span.end))
    }

    fn place_status(&self, status: &mut GqlStatus) {
        self.restore(&mut status.description);
        if let Some(place) = &mut status.position
            && let Ok(offset) = usize::try_from(place.offset)
        {
            let position = self.position(offset);
            let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            (place.offset, place.line, place.column) =
                (number(position.offset), number(position.line), number(position.column));
        }
        if let Some(cause) = &mut status.cause {
            self.restore(&mut cause.message);
            self.place_status(&mut cause.gql);
            // The check that a string is needed is a function's; the user wrote an argument.
            const OURS: &str = "argument at index 0 of function replace()";
            if let Some(argument) = self.argument(cause) {
                for text in [&mut cause.message, &mut cause.gql.description] {
                    *text = text.replace(OURS, &format!("`{argument}`"));
                }
            }
        }
    }
}

/// The byte at an offset of a text, in UTF-16 code units.
pub(super) fn byte_at(text: &str, offset: usize) -> usize {
    let mut units = 0;
    let found = text.char_indices().find(|(_, character)| {
        let here = units >= offset;
        units += character.len_utf16();
        here
    });
    found.map_or(text.len(), |(byte, _)| byte)
}

/// A message of Neo4j's about a place, `.. (line 1, column 3 (offset: 2))` and the line quoted: what stands
/// before the place, and the offset.
pub(super) fn split_place(message: &str) -> Option<(&str, usize)> {
    let (before, place) = message.rsplit_once(" (line ")?;
    let (_, offset) = place.split_once("(offset: ")?;
    let digits = offset.split_once("))\n\"")?.0;
    Some((before, digits.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_split_off() {
        let message = "Variable `x` not defined (line 1, column 8 (offset: 7))\n\"RETURN x\"\n        ^";
        assert_eq!(split_place(message), Some(("Variable `x` not defined", 7)));
        assert_eq!(split_place("no place (line 1)"), None);
        assert_eq!(split_place("Text cannot be parsed to a Date\n\"(offset: 3))\""), None);
    }
}
