//! The rows that one statement has computed: each distinct call once, whoever asks first.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bolt::failure::Failure;
use futures_util::stream::{FuturesUnordered, StreamExt};
use packstream::Value;
use sha2::{Digest, Sha256};
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::AbortHandle;
use tokio::time::Instant;
use tracing::{Instrument, Span};

use super::dialect::Dialect;
use super::refusal;
use crate::callback::{self, Answer, Answers};
use crate::cypher::{self, Field, KeyPart};
use crate::procedures::{self, Given, Procedure, ProcedureError, Registry, RowError, Rows, Tools};

/// What is kept of what has been computed. What goes is computed anew if it is asked for again.
const KEPT_BYTES: usize = 64 << 20;

/// How much may be computed before it is asked for.
const AHEAD: usize = 1024;

/// Failures whose URL is kept, and the longest such URL.
const FAILURES: usize = 100;
const FAILURE_KEY: usize = 4096;

/// A call whose arguments depend on the row.
#[derive(Debug)]
pub(crate) struct RowCall {
    pub(crate) procedure: usize,
    pub(crate) given: Vec<Given>,
    /// The columns that it hands on.
    pub(crate) columns: Vec<usize>,
    /// How each column of the signature travels.
    pub(crate) fields: Vec<Field>,
}

/// The work of one statement.
pub(crate) struct Computing {
    registry: Arc<Registry>,
    tools: Tools,
    dialect: Dialect,
    /// When the client's own time for it is over.
    deadline: Option<Instant>,
    /// That of the statement, wherever its work is done.
    span: Span,
    /// By the place of the call; none: its arguments are constant.
    calls: Vec<Option<RowCall>>,
    slots: Mutex<Slots>,
    failed: Mutex<Failed>,
    ahead: Ahead,
}

/// What rows are known to bring before they do.
#[derive(Debug, Default)]
struct Ahead {
    /// Per row the call and what it brings; taken when the first row comes.
    known: Mutex<Vec<(usize, Vec<KeyPart>)>>,
    /// How many more may be computed before more is asked for.
    room: Option<Semaphore>,
    task: Mutex<Option<AbortHandle>>,
}

/// The rows of one call, and about how much memory they take.
#[derive(Debug)]
pub(crate) struct RowRows {
    pub(crate) rows: Arc<Rows>,
    pub(crate) bytes: usize,
}

fn lost() -> Failure {
    refusal::unable("Neo4j asked for rows that this statement does not have.")
}

type Outcome = Result<Arc<Rows>, Arc<ProcedureError>>;

#[derive(Debug, Default)]
struct Slots {
    all: HashMap<[u8; 32], Arc<OnceCell<Outcome>>>,
    /// What is finished and how large it is, the oldest first.
    finished: VecDeque<([u8; 32], usize)>,
    bytes: usize,
}

#[derive(Debug, Default)]
struct Failed {
    first: Option<Failure>,
    /// By the key that was asked for.
    by_key: Vec<(String, Failure)>,
    timed_out: bool,
}

impl fmt::Debug for Computing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Computing").field("calls", &self.calls).finish_non_exhaustive()
    }
}

impl Computing {
    pub(crate) fn new(
        services: &super::Services,
        dialect: Dialect,
        deadline: Option<Instant>,
        calls: Vec<Option<RowCall>>,
    ) -> Self {
        Self {
            registry: Arc::clone(&services.registry),
            tools: services.tools.of_their_own(),
            dialect,
            deadline,
            span: Span::current(),
            calls,
            slots: Mutex::default(),
            failed: Mutex::default(),
            ahead: Ahead::default(),
        }
    }

    /// The server's way of reporting errors.
    pub(crate) fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// The same, with what rows are known to bring: it is computed from the moment when Neo4j asks for the first.
    pub(crate) fn ahead(mut self, known: Vec<(usize, Vec<KeyPart>)>) -> Self {
        self.ahead.known = Mutex::new(known);
        self.ahead.room = Some(Semaphore::new(AHEAD));
        self
    }

    /// Nothing more is computed that nobody waits for, and nothing is kept.
    pub(crate) fn stop(&self) {
        lock(&self.ahead.known).clear();
        if let Some(task) = lock(&self.ahead.task).take() {
            task.abort();
        }
        *lock(&self.slots) = Slots::default();
    }

    /// Neo4j asks: what it will ask for next may be computed.
    fn go_ahead(self: &Arc<Self>) {
        if let Some(room) = &self.ahead.room {
            room.add_permits(1);
        }
        let known = std::mem::take(&mut *lock(&self.ahead.known));
        if !known.is_empty() {
            let task = tokio::spawn(Arc::clone(self).compute_ahead(known));
            *lock(&self.ahead.task) = Some(task.abort_handle());
        }
    }

    async fn compute_ahead(self: Arc<Self>, known: Vec<(usize, Vec<KeyPart>)>) {
        let mut running = FuturesUnordered::new();
        for (call, parts) in known {
            if let Some(room) = &self.ahead.room
                && let Ok(permit) = room.acquire().await
            {
                permit.forget();
            }
            while running.len() >= self.tools.width() && running.next().await.is_some() {}
            running.push(self.compute(call, parts));
        }
        while running.next().await.is_some() {}
    }

    /// Computes what a row will ask for. What fails is said when it does.
    async fn compute(&self, call: usize, parts: Vec<KeyPart>) {
        let Some(call) = self.calls.get(call).and_then(Option::as_ref) else { return };
        let Some(procedure) = self.registry.get(call.procedure) else { return };
        if let Ok(arguments) = procedures::fill(procedure.signature(), &call.given, parts) {
            let _ = self.rows(call.procedure, arguments).await;
        }
    }

    /// The rows of a call. The same call is made once, as long as its rows are kept.
    pub(crate) async fn rows(&self, procedure: usize, arguments: Vec<Value>) -> Outcome {
        let key = key(procedure, &arguments);
        let slot = Arc::clone(lock(&self.slots).all.entry(key).or_default());
        let mut fresh = false;
        let outcome = slot
            .get_or_init(|| async {
                fresh = true;
                self.call(procedure, arguments).await
            })
            .await
            .clone();
        if fresh {
            lock(&self.slots).finish(key, outcome.as_ref().map_or(256, |rows| size(rows)));
        }
        outcome
    }

    async fn call(&self, procedure: usize, arguments: Vec<Value>) -> Outcome {
        let Some(Procedure::Compute(procedure)) = self.registry.get(procedure) else {
            return Ok(Arc::default());
        };
        let rows = procedure.call(arguments, &self.tools).instrument(self.span.clone()).await;
        if let Err(error) = &rows {
            tracing::debug!(error = error as &dyn std::error::Error, "a call failed");
        }
        rows.map(Arc::new).map_err(Arc::new)
    }

    /// The body for `key`; else how the statement is to fail.
    async fn body(&self, call: usize, key: &[u8]) -> Result<Vec<u8>, Failure> {
        let RowRows { rows, .. } = self.for_key(call, key).await?;
        let call = self.calls.get(call).and_then(Option::as_ref).ok_or_else(lost)?;
        Ok(callback::encode(&rows, &call.columns, &call.fields))
    }

    /// The rows for `key`; else how the statement is to fail.
    pub(crate) async fn for_key(&self, call: usize, key: &[u8]) -> Result<RowRows, Failure> {
        let call = self.calls.get(call).and_then(Option::as_ref).ok_or_else(lost)?;
        let procedure = self.registry.get(call.procedure).ok_or_else(lost)?;
        let signature = procedure.signature();
        let parts =
            cypher::parts(key).map_err(|error| refusal::unable(format!("{}: {error}", signature.name)))?;
        let arguments = match procedures::fill(signature, &call.given, parts) {
            Ok(arguments) => arguments,
            Err(RowError::Coerce(error)) => return Err(refusal::coerce(&error, self.dialect)),
            Err(RowError::Count) => return Err(lost()),
        };
        match self.rows(call.procedure, arguments).await {
            Ok(rows) => Ok(RowRows { bytes: size(&rows), rows }),
            Err(error) => Err(refusal::call_failed(self.dialect, signature.name, &error)),
        }
    }

    /// How the statement is to fail that Neo4j ends with `message`, which speaks of a URL of its own.
    pub(crate) fn failure(&self, message: &str) -> Option<Failure> {
        let failed = lock(&self.failed);
        if failed.timed_out {
            return Some(refusal::timed_out(self.dialect));
        }
        let mut by_key = failed.by_key.iter();
        let named = by_key.find(|(key, _)| message.contains(key.as_str()));
        named.map(|(_, failure)| failure).or(failed.first.as_ref()).cloned()
    }

    fn fail(&self, call: usize, key: &[u8], failure: Failure) {
        let mut failed = lock(&self.failed);
        failed.first.get_or_insert_with(|| failure.clone());
        if failed.by_key.len() < FAILURES
            && key.len() <= FAILURE_KEY
            && let Ok(key) = std::str::from_utf8(key)
        {
            // As the URL ends in Neo4j's message.
            failed.by_key.push((format!("/{call}/{key}'"), failure));
        }
    }
}

/// The side door's hold on the work of a statement.
#[derive(Debug)]
pub(crate) struct Asked(pub(crate) Arc<Computing>);

impl Answers for Asked {
    fn answer<'a>(&'a self, call: usize, key: &'a [u8]) -> Answer<'a> {
        let computing = &self.0;
        Box::pin(async move {
            computing.go_ahead();
            let body = computing.body(call, key);
            let body = match computing.deadline {
                None => body.await,
                Some(deadline) => match tokio::time::timeout_at(deadline, body).await {
                    Ok(body) => body,
                    Err(_) => {
                        lock(&computing.failed).timed_out = true;
                        return None;
                    }
                },
            };
            body.map_err(|failure| computing.fail(call, key, failure)).ok()
        })
    }

    fn too_long(&self, limit: usize) {
        let failure = refusal::unable(format!(
            "The arguments of one row are longer than {limit} bytes, the most that a row may bring."
        ));
        lock(&self.0.failed).first.get_or_insert(failure);
    }
}

impl Slots {
    fn finish(&mut self, key: [u8; 32], bytes: usize) {
        self.finished.push_back((key, bytes));
        self.bytes += bytes;
        while self.bytes > KEPT_BYTES
            && self.finished.len() > 1
            && let Some((oldest, bytes)) = self.finished.pop_front()
        {
            self.all.remove(&oldest);
            self.bytes -= bytes;
        }
    }
}

/// What tells one call from another.
fn key(procedure: usize, arguments: &[Value]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(procedure.to_be_bytes());
    for argument in arguments {
        match packstream::encode(argument) {
            Ok(bytes) => hash.update(bytes),
            // Longer than 4 GiB, which no argument is.
            Err(_) => hash.update(b"?"),
        }
    }
    hash.finalize().into()
}

/// About how much memory rows take.
fn size(rows: &Rows) -> usize {
    fn bytes(value: &Value) -> usize {
        let inner = match value {
            Value::String(text) => text.len(),
            Value::List(items) => items.iter().map(bytes).sum(),
            Value::Map(map) => map.iter().map(|(key, entry)| 24 + key.len() + bytes(entry)).sum(),
            _ => 0,
        };
        size_of::<Value>() + inner
    }
    fn row(row: &[Value]) -> usize {
        24 + row.iter().map(bytes).sum::<usize>()
    }
    256 + rows.iter().map(|values| row(values)).sum::<usize>()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the locks guard is whole after every statement that changes it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_told_apart_by_procedure_and_arguments() {
        let of = |procedure, arguments: &[&str]| {
            key(procedure, &arguments.iter().map(|text| Value::from(*text)).collect::<Vec<_>>())
        };
        assert_eq!(of(0, &["a", "b"]), of(0, &["a", "b"]));
        assert_ne!(of(0, &["a", "b"]), of(1, &["a", "b"]));
        assert_ne!(of(0, &["a", "b"]), of(0, &["ab", ""]));
    }

    #[test]
    fn the_oldest_goes_when_there_is_too_much() {
        let mut slots = Slots::default();
        for number in 0..4_u8 {
            slots.all.insert([number; 32], Arc::default());
            slots.finish([number; 32], KEPT_BYTES / 2);
        }
        assert!(slots.all.contains_key(&[3; 32]) && slots.all.contains_key(&[2; 32]));
        assert_eq!(slots.all.len(), 2);
        assert_eq!(slots.bytes, KEPT_BYTES);
    }
}
