//! An edited statement, and its answers on their way back: as if the user's own text had run.

use std::sync::Arc;
use std::time::Duration;

use bolt::Version;
use bolt::failure::{Failure, GqlStatus};
use bolt::message::Reply;
use packstream::{Limits, Value};

use super::SessionError;
use crate::cypher::{Position, PositionMap};

/// What must be known of a statement that was sent in place of the user's.
#[derive(Debug)]
pub(crate) struct Edit {
    /// The user's text.
    pub(crate) text: String,
    /// From places in the text that was sent to places in the user's.
    pub(crate) positions: PositionMap,
    /// Failures that travel inside: Neo4j's error names the token if the row was evaluated.
    pub(crate) raises: Vec<Raise>,
    /// What we took before the statement was sent.
    pub(crate) spent: Duration,
}

/// A failure that Neo4j raises for us when it comes to the row.
#[derive(Debug)]
pub(crate) struct Raise {
    pub(crate) token: String,
    pub(crate) failure: Failure,
}

impl Edit {
    /// An answer to the RUN itself.
    pub(crate) fn answer(&self, payload: Vec<u8>, version: Version) -> Result<Vec<u8>, SessionError> {
        match bolt::message::parse_reply(&payload, Limits::default())? {
            Reply::Success(mut metadata) => {
                if let Some(first) = metadata.get("t_first").and_then(Value::as_i64) {
                    let spent = i64::try_from(self.spent.as_millis()).unwrap_or(i64::MAX);
                    metadata.insert("t_first", first.saturating_add(spent));
                }
                Ok(bolt::message::success(&metadata)?)
            }
            Reply::Failure(metadata) => {
                let mut failure = Failure::decode(&metadata, version);
                if let Some(raised) = self.find(&failure) {
                    return Ok(raised.encode(version)?);
                }
                self.place(&mut failure);
                Ok(failure.encode(version)?)
            }
            _ => Ok(payload),
        }
    }

    /// An answer to a later request that may have evaluated rows of one of these statements.
    pub(crate) fn raised(
        edits: &[Arc<Self>],
        payload: Vec<u8>,
        version: Version,
    ) -> Result<Vec<u8>, SessionError> {
        let Reply::Failure(metadata) = bolt::message::parse_reply(&payload, Limits::default())? else {
            return Ok(payload);
        };
        let failure = Failure::decode(&metadata, version);
        match edits.iter().find_map(|edit| edit.find(&failure)) {
            Some(raised) => Ok(raised.encode(version)?),
            None => Ok(payload),
        }
    }

    fn find(&self, failure: &Failure) -> Option<&Failure> {
        self.raises.iter().find(|raise| failure.message.contains(&raise.token)).map(|raise| &raise.failure)
    }

    /// Makes places in the text that was sent places in the user's.
    fn place(&self, failure: &mut Failure) {
        if let Some((before, offset)) = split_place(&failure.message) {
            let position = Position::of_offset(&self.text, self.positions.to_user(offset).offset);
            failure.message = format!("{before}{}", position.suffix(&self.text));
        }
        self.place_status(&mut failure.gql);
    }

    fn place_status(&self, status: &mut GqlStatus) {
        if let Some(place) = &mut status.position
            && let Ok(offset) = usize::try_from(place.offset)
        {
            let position = Position::of_offset(&self.text, self.positions.to_user(offset).offset);
            let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
            (place.offset, place.line, place.column) =
                (number(position.offset), number(position.line), number(position.column));
        }
        if let Some(cause) = &mut status.cause {
            self.place_status(&mut cause.gql);
        }
    }
}

/// A message of Neo4j's about a place, `.. (line 1, column 3 (offset: 2))` and the line quoted: what stands
/// before the place, and the offset.
fn split_place(message: &str) -> Option<(&str, usize)> {
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
