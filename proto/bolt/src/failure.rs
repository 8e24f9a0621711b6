//! FAILURE: what went wrong, in the two forms that it has on the wire.
//!
//! Up to Bolt 5.6 a failure is a code and a message. From 5.7 on it also carries a GQLSTATUS with a description, a
//! diagnostic record that holds only what differs from the default, and a chain of causes without codes.
//!
//! Drivers decide by the code whether to retry, to reconnect or to log in again.

mod known;

use packstream::{EncodeError, Map, Value};

use crate::Version;
use crate::message::{tag, with_map};

/// Causes inside causes that are read; servers send three.
const MAX_CAUSES: usize = 16;

/// The GQLSTATUS of errors without one of their own.
const GENERAL: &str = "50N42";
const GENERAL_DESCRIPTION: &str = "error: general processing exception - unexpected error. \
     Unexpected error has occurred. See debug log for details.";

/// A failed request. As an error it prints its code alone: the message can quote the request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code}")]
pub struct Failure {
    /// `Neo.{Client,Transient,Database}Error.Category.Title`.
    pub code: String,
    /// What a person reads. It does not belong in a log.
    pub message: String,
    /// The same for GQL.
    pub gql: GqlStatus,
}

/// The GQL part of a failure or of a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GqlStatus {
    /// Five characters: class and subclass.
    pub status: String,
    /// "error: " and the texts of class, subclass and status.
    pub description: String,
    /// Who is to blame.
    pub classification: Option<Classification>,
    /// Where in the query.
    pub position: Option<Position>,
    /// What led to it.
    pub cause: Option<Box<Cause>>,
}

/// Who is to blame for a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classification {
    /// The request.
    ClientError,
    /// The moment: the same request may succeed later.
    TransientError,
    /// The server.
    DatabaseError,
}

/// A place in a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// In characters from the start, which is 0.
    pub offset: i64,
    /// From 1.
    pub line: i64,
    /// In characters from the start of the line, which is 1.
    pub column: i64,
}

/// What led to a failure, or to another cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// What a person reads.
    pub message: String,
    /// The same for GQL.
    pub gql: GqlStatus,
}

impl Failure {
    /// The FAILURE message for a client that speaks `version`.
    pub fn encode(&self, version: Version) -> Result<Vec<u8>, EncodeError> {
        let mut map = Map::new();
        if version.has_gql_failures() {
            map.insert("neo4j_code", self.code.as_str());
            self.gql.write(&self.message, &mut map);
        } else {
            map.insert("code", self.code.as_str());
            map.insert("message", self.message.as_str());
        }
        with_map(tag::FAILURE, &map)
    }

    /// The failure in the map of a FAILURE from a server that speaks `version`. What is missing or of the wrong
    /// type is replaced by what Neo4j says when it knows no better.
    pub fn decode(map: &Map, version: Version) -> Self {
        let (code, gql) = if version.has_gql_failures() {
            ("neo4j_code", GqlStatus::read(map, MAX_CAUSES))
        } else {
            ("code", GqlStatus::general())
        };
        let code = text(map, code).unwrap_or("Neo.DatabaseError.General.UnknownError").to_owned();
        Self { code, message: text(map, "message").unwrap_or_default().to_owned(), gql }
    }
}

impl GqlStatus {
    /// A status without position or cause.
    pub fn new(status: &str, description: impl Into<String>, classification: Option<Classification>) -> Self {
        Self {
            status: status.to_owned(),
            description: description.into(),
            classification,
            position: None,
            cause: None,
        }
    }

    /// 50N42, which servers send when they have nothing more precise.
    pub fn general() -> Self {
        Self::new(GENERAL, GENERAL_DESCRIPTION, None)
    }

    fn write(&self, message: &str, map: &mut Map) {
        map.insert("message", message);
        map.insert("gql_status", self.status.as_str());
        map.insert("description", self.description.as_str());
        let mut record = Map::new();
        if let Some(classification) = self.classification {
            record.insert("_classification", classification.name());
        }
        if let Some(Position { offset, line, column }) = self.position {
            record.insert("_position", Map::from([("offset", offset), ("line", line), ("column", column)]));
        }
        if !record.is_empty() {
            map.insert("diagnostic_record", record);
        }
        if let Some(cause) = &self.cause {
            let mut inner = Map::new();
            cause.gql.write(&cause.message, &mut inner);
            map.insert("cause", inner);
        }
    }

    fn read(map: &Map, causes: usize) -> Self {
        let record = map.get("diagnostic_record").and_then(Value::as_map);
        let entry = |key| record.and_then(|record| record.get(key));
        let cause = causes.checked_sub(1).and_then(|causes| {
            let map = map.get("cause")?.as_map()?;
            let message = text(map, "message").unwrap_or_default().to_owned();
            Some(Box::new(Cause { message, gql: Self::read(map, causes) }))
        });
        Self {
            status: text(map, "gql_status").unwrap_or(GENERAL).to_owned(),
            description: text(map, "description").unwrap_or(GENERAL_DESCRIPTION).to_owned(),
            classification: entry("_classification").and_then(Value::as_str).and_then(Classification::of),
            position: entry("_position").and_then(Value::as_map).and_then(Position::read),
            cause,
        }
    }
}

impl Classification {
    const ALL: [Self; 3] = [Self::ClientError, Self::TransientError, Self::DatabaseError];

    /// Its name on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ClientError => "CLIENT_ERROR",
            Self::TransientError => "TRANSIENT_ERROR",
            Self::DatabaseError => "DATABASE_ERROR",
        }
    }

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|classification| classification.name() == name)
    }
}

impl Position {
    fn read(map: &Map) -> Option<Self> {
        let number = |key| map.get(key).and_then(Value::as_i64);
        Some(Self { offset: number("offset")?, line: number("line")?, column: number("column")? })
    }
}

fn text<'m>(map: &'m Map, key: &str) -> Option<&'m str> {
    map.get(key).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
