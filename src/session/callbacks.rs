//! The callbacks of a statement that has been sent: as long as its results are open they are answered, and what
//! Neo4j says of one that failed is put into the procedure's own words.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bolt::failure::Failure;

use super::computing::Computing;
use super::refusal;
use crate::callback::Ticket;

/// What LOAD CSV fails with.
const EXTERNAL: &str = "Neo.ClientError.Statement.ExternalResourceFailed";

/// What it fails with when an answer breaks off.
const BROKEN: &str = "Neo.DatabaseError.Statement.ExecutionFailed";

/// What a user gets who must not read from URLs.
const FORBIDDEN: &str = "Neo.ClientError.Security.Forbidden";

/// The callbacks of one statement.
#[derive(Debug)]
pub(crate) struct Callbacks {
    ticket: Ticket,
    computing: Arc<Computing>,
    cancelled: AtomicBool,
}

impl Callbacks {
    pub(crate) fn new(ticket: Ticket, computing: Arc<Computing>) -> Self {
        Self { ticket, computing, cancelled: AtomicBool::new(false) }
    }

    /// What the URL of a call starts with.
    pub(crate) fn url(&self, call: usize) -> String {
        self.ticket.url(call)
    }

    /// The client has given up: Neo4j obeys only when it has an answer.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
        self.end();
    }

    /// The statement has ended.
    pub(crate) fn end(&self) {
        self.ticket.close();
        self.computing.stop();
    }

    /// How a failure is to be reported that is about a callback.
    pub(crate) fn failure(&self, failure: &Failure) -> Option<Failure> {
        if let Some(coerced) = self.coerced(&failure.message) {
            return Some(coerced);
        }
        let external = failure.code == EXTERNAL && self.ticket.is_named_in(&failure.message);
        let broken = failure.code == BROKEN
            && ["Premature EOF", "Connection reset"].iter().any(|text| failure.message.contains(text));
        if failure.code == FORBIDDEN && self.ticket.is_named_in(&failure.message) {
            return Some(refusal::may_not_load(self.ticket.door().url()));
        }
        if !external && !broken {
            return None;
        }
        Some(if self.cancelled.load(Ordering::Relaxed) {
            Failure::terminated()
        } else if let Some(remembered) = self.computing.failure(&failure.message) {
            remembered
        } else if broken {
            return None;
        } else if self.ticket.was_asked() {
            refusal::unable(
                "Neo4j did not get the rows that facebolt computed: the connection broke. Try again.",
            )
        } else {
            self.ticket.door().missed();
            refusal::not_reached(self.ticket.door().url())
        })
    }

    /// What stands in a row for a callback that failed.
    pub(crate) fn failure_in(&self, text: &str) -> Option<Failure> {
        let failed = || self.ticket.is_named_in(text).then(|| self.computing.failure(text)).flatten();
        self.coerced(text).or_else(failed)
    }

    /// What stands for the failure that a key raises of a value which is of the wrong type, and which Neo4j prints:
    /// `.. got: List{String("http://../token/0/"), String("String"), (5)}`.
    fn coerced(&self, text: &str) -> Option<Failure> {
        let (wanted, value) = self.ticket.listed_in(text)?.split_once("\"), ")?;
        Some(refusal::not_coerced(value.rsplit_once('}')?.0, wanted, self.computing.dialect()))
    }
}

impl Drop for Callbacks {
    fn drop(&mut self) {
        self.end();
    }
}
