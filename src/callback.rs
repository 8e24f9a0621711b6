//! The side door: HTTP that Neo4j's LOAD CSV reads computed rows from, while it runs a statement of ours.
//!
//! A URL holds a token of 128 random bits that is valid for one statement and for nothing else. Whoever else may
//! reach the address gets nothing: the first bytes must be a known token, else the connection is closed without a
//! word. Nothing is sent before the result is known; then head and body go out in one write, for a body that is cut
//! counts as an answer on some JVMs.

mod csv;
mod request;
mod serve;
mod strangers;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::{BaseUrl, Callback};

pub(crate) use self::csv::encode;

/// How long the side door is not used after Neo4j did not reach it.
const UNREACHABLE_FOR: Duration = Duration::from_secs(60);

/// Characters of a token.
const TOKEN: usize = 22;

/// What a statement's callbacks are answered with.
pub(crate) trait Answers: Send + Sync {
    /// The body that answers `call` for `key`. None: it failed, and why is known here. The same call and key have
    /// the same answer. Dropping the future may end the work.
    fn answer<'a>(&'a self, call: usize, key: &'a [u8]) -> Answer<'a>;

    /// A key was longer than what may be.
    fn too_long(&self, limit: usize);
}

/// The body to come.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Option<Vec<u8>>> + Send + 'a>>;

/// The side door. Clones are one and the same.
#[derive(Debug, Clone)]
pub(crate) struct Door(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// What URLs start with, up to the token.
    url: String,
    /// What requests start with, up to the token.
    request: String,
    tokens: Mutex<HashMap<String, Arc<Entry>>>,
    /// Until when it is not used.
    unreachable: Mutex<Option<Instant>>,
}

/// What a token stands for.
struct Entry {
    answers: Arc<dyn Answers>,
    asked: AtomicBool,
    closed: watch::Sender<bool>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("asked", &self.asked).finish_non_exhaustive()
    }
}

/// One statement's right to be answered, for as long as it is kept.
#[derive(Debug)]
pub(crate) struct Ticket {
    door: Door,
    token: String,
    entry: Arc<Entry>,
}

/// The system has no random numbers.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub(crate) struct NoRandomness;

impl Door {
    /// A door at the URL of the configuration. None: it is off.
    pub(crate) fn new(callback: &Callback) -> Option<Self> {
        callback.listen.as_ref()?;
        let BaseUrl { path, .. } = &callback.url;
        Some(Self(Arc::new(Shared {
            url: format!("{}/", callback.url),
            request: format!("GET {path}/"),
            tokens: Mutex::default(),
            unreachable: Mutex::default(),
        })))
    }

    /// Is there a reason to believe that Neo4j does not reach us?
    pub(crate) fn reachable(&self) -> bool {
        lock(&self.0.unreachable).is_none_or(|until| until <= Instant::now())
    }

    /// Neo4j did not reach us.
    pub(crate) fn missed(&self) {
        *lock(&self.0.unreachable) = Some(Instant::now() + UNREACHABLE_FOR);
    }

    /// Where Neo4j is to reach us.
    pub(crate) fn url(&self) -> &str {
        self.0.url.trim_end_matches('/')
    }

    /// Answers the callbacks of one statement.
    pub(crate) fn open(&self, answers: Arc<dyn Answers>) -> Result<Ticket, NoRandomness> {
        let token = token()?;
        let entry =
            Arc::new(Entry { answers, asked: AtomicBool::new(false), closed: watch::Sender::new(false) });
        lock(&self.0.tokens).insert(token.clone(), Arc::clone(&entry));
        Ok(Ticket { door: self.clone(), token, entry })
    }

    /// A URL that is never answered.
    pub(crate) fn closed_url(&self) -> Result<String, NoRandomness> {
        Ok(format!("{}{}/0/", self.0.url, token()?))
    }

    /// Serves until the future is dropped.
    pub(crate) async fn serve(self, listener: TcpListener) {
        serve::run(listener, self.0).await;
    }
}

impl Ticket {
    /// What the URL of a call starts with; the key follows.
    pub(crate) fn url(&self, call: usize) -> String {
        format!("{}{}/{call}/", self.door.0.url, self.token)
    }

    /// Does the text speak of one of this statement's URLs?
    pub(crate) fn is_named_in(&self, text: &str) -> bool {
        text.contains(&self.token)
    }

    /// What follows one of this statement's URLs in a list that Neo4j prints, behind the quote of the next string.
    pub(crate) fn listed_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        let (_, list) = text.split_once("List{String(\"")?;
        let (call, next) = list.strip_prefix(&self.door.0.url)?.split_once("/\"), String(\"")?;
        call.starts_with(&self.token).then_some(next)
    }

    /// Has Neo4j asked for anything?
    pub(crate) fn was_asked(&self) -> bool {
        self.entry.asked.load(Ordering::Relaxed)
    }

    /// Nothing is answered any more: what waits and what comes is told so.
    pub(crate) fn close(&self) {
        self.entry.closed.send_replace(true);
    }

    /// The door that it is for.
    pub(crate) fn door(&self) -> &Door {
        &self.door
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.close();
        lock(&self.door.0.tokens).remove(&self.token);
    }
}

impl Shared {
    /// What a token stands for.
    fn entry(&self, token: &str) -> Option<Arc<Entry>> {
        lock(&self.tokens).get(token).cloned()
    }
}

/// 128 random bits, fit for a URL.
fn token() -> Result<String, NoRandomness> {
    let mut bits = [0; 16];
    rustls::crypto::ring::default_provider().secure_random.fill(&mut bits).map_err(|_| NoRandomness)?;
    Ok(URL_SAFE_NO_PAD.encode(bits))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What the locks guard is whole after every statement that changes it.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
