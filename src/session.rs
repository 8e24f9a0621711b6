//! One client: its handshake, then its requests and their answers, until either side ends.
//!
//! One task owns both directions. It never waits for one side without looking at the other, so that a RESET
//! is seen whatever else is going on, and dropping it drops everything that it started.

mod ahead;
mod ahead_of_rows;
mod backend;
mod buffers;
mod callbacks;
mod calls;
mod computing;
#[cfg(any(test, fuzzing))]
pub(crate) mod conversation;
mod dialect;
mod edit;
mod error;
mod frontend;
mod functions;
mod gathered;
mod graph;
mod handshake;
mod link;
mod listing;
mod live;
mod login;
mod open;
mod parameters;
mod progress;
mod qids;
mod reading;
mod refusal;
mod request;
mod routing;
mod state;
mod statement;
pub(crate) mod stopping;
mod text;
mod watch;
mod wire;

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use bolt::failure::Failure;
use bolt::message::tag;
use bytes::BytesMut;
use packstream::Map;
use tokio::time::Instant;
use tracing::Instrument;

use self::ahead::Sight;
use self::backend::Backend;
use self::edit::Edit;
use self::frontend::{Frontend, Held, Request, RequestLimits};
use self::open::{decline, open};
use self::progress::{Progress, Reading};
use self::request::{Kind, Sent};
use self::statement::Outcome;
use self::stopping::Stopping;
use self::watch::{Interruption, watch};
use self::wire::{Stream, Wire};
use crate::callback::Door;
use crate::config::Config;
use crate::metrics::{self, Counted, Direction, Traffic, Transport};
use crate::procedures::{Registry, Tools};
use crate::transport::{CLOSE_TIMEOUT, Dialer, Ends};

pub(crate) use self::error::SessionError;

/// What all sessions share.
#[derive(Debug, Clone)]
pub(crate) struct Services {
    pub(crate) config: Arc<Config>,
    /// The way to the backend.
    pub(crate) dialer: Dialer,
    pub(crate) registry: Arc<Registry>,
    pub(crate) tools: Tools,
    /// Where Neo4j asks for rows; none: it cannot.
    pub(crate) door: Option<Door>,
    /// How the link kernel finds candidates.
    pub(crate) tier: crate::link::Tier,
    pub(crate) stopping: Stopping,
}

/// A client that has come in.
#[derive(Debug)]
pub(crate) struct Arrival<C> {
    pub(crate) stream: C,
    /// What has been read of its Bolt.
    pub(crate) first: BytesMut,
    pub(crate) ends: Ends,
    pub(crate) transport: Transport,
    /// When it must have logged in.
    pub(crate) deadline: Instant,
}

/// Serves one client until either side ends.
pub(crate) async fn serve<C: Stream>(arrival: Arrival<C>, services: &Services) -> Result<(), SessionError> {
    let Arrival { stream, first, ends, transport, deadline } = arrival;
    let counted = metrics::connection(metrics::State::Unauthenticated, transport);
    let mut client = Wire::resume(stream, first);
    let opened = tokio::select! {
        opened = tokio::time::timeout_at(deadline, open(&mut client, ends, services)) => opened,
        () = services.stopping.begun() => Ok(Err(SessionError::Stopping)),
    };
    let backend = match opened.map_err(|_| SessionError::LoginTimeout).and_then(|opened| opened) {
        Ok(backend) => backend,
        Err(error) => {
            close(&mut client).await;
            return Err(error);
        }
    };
    let limits = RequestLimits {
        unauthenticated_bytes: services.config.limits.unauthenticated_bytes,
        statement_bytes: services.config.limits.statement_bytes,
    };
    let client = Frontend::new(client, limits);
    let traffic = Both::new();
    let mut session = Session { client, backend, services, held: None, transport, counted, traffic };
    let ended = session.run(deadline).await;
    session.count();
    close(&mut session.client.wire).await;
    ended
}

/// Tells a client that there is no room for it.
pub(crate) async fn refuse<C: Stream>(
    arrival: Arrival<C>,
    services: &Services,
    failure: &Failure,
) -> Result<(), SessionError> {
    let Arrival { stream, first, transport, deadline, .. } = arrival;
    let _counted = metrics::connection(metrics::State::Unauthenticated, transport);
    let mut client = Wire::resume(stream, first);
    let refused = async {
        let proposals = handshake::proposals(&mut client).await?;
        decline(&mut client, &proposals, services, failure).await
    };
    let refused = tokio::time::timeout_at(deadline, refused).await;
    close(&mut client).await;
    refused.map_err(|_| SessionError::LoginTimeout)?
}

async fn close<C: Stream>(client: &mut Wire<C>) {
    // A client that is gone, or does not read, has no use for it.
    let _ = tokio::time::timeout(CLOSE_TIMEOUT, client.close()).await;
}

/// A client that has been negotiated with.
struct Session<'s, C, B> {
    client: Frontend<C>,
    backend: Backend<B>,
    services: &'s Services,
    held: Option<Held>,
    transport: Transport,
    counted: Counted,
    traffic: Both,
}

/// What is relayed, either way.
struct Both {
    to_backend: Traffic,
    to_client: Traffic,
}

impl Both {
    fn new() -> Self {
        let [to_backend, to_client] = [Direction::ToBackend, Direction::ToClient].map(Traffic::new);
        Self { to_backend, to_client }
    }
}

/// Why relaying pauses.
enum Pause {
    /// A statement is held, and everything before it has succeeded.
    Native(Held),
    /// Whether the client is logged in has changed.
    Authentication,
    /// The backend has ended, or we are about to, and the client has all its answers.
    Ended,
}

impl<C: Stream, B: Stream> Session<'_, C, B> {
    async fn run(&mut self, deadline: Instant) -> Result<(), SessionError> {
        let mut deadline = deadline;
        let services = self.services;
        let mut stopping = pin!(services.stopping.begun());
        let mut leaving = false;
        let mut progress = Progress::new(services.config.limits.message_timeout);
        loop {
            let authenticated = self.backend.state.authenticated;
            let relaying = std::future::poll_fn(|cx| {
                leaving = leaving || stopping.as_mut().poll(cx).is_ready();
                match self.poll_relay(cx, authenticated) {
                    Poll::Pending if leaving && self.idle() => Poll::Ready(Ok(Pause::Ended)),
                    Poll::Pending if authenticated && progress.poll(cx, self.reading()).is_ready() => {
                        Poll::Ready(Err(SessionError::TooSlow))
                    }
                    polled => polled,
                }
            });
            let pause = if authenticated {
                relaying.await?
            } else {
                let limited = tokio::time::timeout_at(deadline, relaying).await;
                limited.map_err(|_| SessionError::LoginTimeout)??
            };
            match pause {
                Pause::Native(held) => self.native(held).await?,
                Pause::Authentication => {
                    let state = self.backend.state.progress();
                    self.counted = metrics::connection(state, self.transport);
                    deadline = Instant::now() + self.services.config.limits.unauthenticated_timeout;
                }
                Pause::Ended => return Ok(()),
            }
        }
    }

    /// Is nothing under way that would be lost if the connection ended now?
    fn idle(&self) -> bool {
        let Self { client, backend, held, .. } = self;
        let quiet = client.wire.inbox.is_empty() && !client.wire.waits() && !backend.wire.waits();
        quiet && held.is_none() && backend.settled() && !backend.state.transaction && !backend.state.streaming
    }

    /// What is being read of the client, if it is not we who keep it waiting.
    fn reading(&self) -> Option<Reading> {
        let reads = self.held.is_none() && !self.client.wire.congested() && self.backend.accepts();
        reads.then(|| self.client.reading()).flatten()
    }

    /// Moves bytes both ways for as long as there are any.
    fn poll_relay(
        &mut self,
        cx: &mut std::task::Context<'_>,
        authenticated: bool,
    ) -> Poll<Result<Pause, SessionError>> {
        loop {
            let mut moved = false;
            if let Some(pause) = self.relay_requests(authenticated)? {
                return Poll::Ready(Ok(pause));
            }
            let stuck = self.client.wire.congested() || !self.backend.accepts();
            if let Poll::Ready(flushed) = self.backend.wire.poll_flush(cx) {
                flushed.map_err(SessionError::Backend)?;
            }
            if !self.client.wire.congested()
                && let Poll::Ready(more) = self.backend.wire.poll_fill(cx)
            {
                moved |= more.map_err(SessionError::Backend)?;
                self.backend.relay(&mut self.client.wire)?;
            }
            let flushed = self.client.wire.poll_flush(cx);
            if let Poll::Ready(Err(error)) = flushed {
                return Poll::Ready(Err(SessionError::Client(error)));
            }
            if self.backend.wire.ended() || self.backend.state.rejected() {
                return flushed.map(|_| Ok(Pause::Ended));
            }
            let room = if self.held.is_some() { self.client.may_wait() } else { self.backend.accepts() };
            if room && let Poll::Ready(more) = self.client.wire.poll_fill(cx) {
                moved |= more.map_err(SessionError::Client)?;
                if self.client.wire.ended() {
                    // It acts on arrival, as it would without us.
                    if self.held.take().is_some() {
                        self.client.drop_rest();
                    }
                    self.backend.live.cancel();
                    self.backend.wire.end();
                    moved = true;
                }
            }
            // What was left for lack of room must be taken, now that there is some.
            moved |= stuck && !self.client.wire.congested() && self.backend.accepts();
            if !moved {
                self.count();
                return Poll::Pending;
            }
        }
    }

    /// Adds to the metrics what has come since the last time: once for all that was there at a time.
    fn count(&mut self) {
        let came = std::mem::take(&mut self.client.wire.came);
        self.traffic.to_backend.relayed(came.bytes, came.messages);
        let came = std::mem::take(&mut self.backend.wire.came);
        self.traffic.to_client.relayed(came.bytes, came.messages);
    }

    /// Takes the client's requests as far as possible.
    fn relay_requests(&mut self, authenticated: bool) -> Result<Option<Pause>, SessionError> {
        if self.backend.state.authenticated != authenticated {
            return Ok(Some(Pause::Authentication));
        }
        if self.held.is_none()
            && let Request::Hold(held) = self.client.relay(&mut self.backend)?
        {
            self.held = Some(held);
        }
        if self.held.is_some() {
            if let Sight::Urgent { tag, waiting, at } = self.client.look_ahead() {
                // The statement has not begun: it and what waits behind it is ignored, in its turn. Behind GOODBYE
                // nobody waits for answers.
                self.held = None;
                if tag == tag::RESET {
                    for _ in 0..=waiting {
                        self.backend.answer(&mut self.client.wire, bolt::message::ignored());
                    }
                }
                self.client.skip_to(at);
                return self.relay_requests(authenticated);
            }
            if self.backend.settled() {
                match self.held.take() {
                    Some(held) if self.backend.state.ready() => return Ok(Some(Pause::Native(held))),
                    // The backend ignores or refuses it.
                    Some(held) => self.forward(&held, None)?,
                    None => {}
                }
                return self.relay_requests(authenticated);
            }
        }
        Ok(None)
    }

    /// Sends the very bytes of a statement that was held. One that was too long to be kept comes here only where any
    /// RUN is ignored or refused: a short one stands in for it.
    fn forward(&mut self, held: &Held, edit: Option<Edit>) -> Result<(), SessionError> {
        self.backend.expect(Sent { edit: edit.map(Arc::new), ..Kind::Run.sent() })?;
        match held.payload {
            Some(_) => self.backend.wire.send(&held.raw),
            None => {
                self.backend.wire.send_message(&bolt::message::run("RETURN", &Map::new(), &Map::new())?);
            }
        }
        self.client.resume();
        Ok(())
    }

    /// Does the work of a statement that names us, while the client is watched.
    async fn native(&mut self, held: Held) -> Result<(), SessionError> {
        let span = tracing::info_span!("statement");
        let keep_alive = self.backend.keep_alive;
        let work = statement::run(&mut self.backend, self.services, &held).instrument(span);
        let event = tokio::select! {
            biased;
            interruption = watch(&mut self.client, keep_alive) => Err(interruption?),
            outcome = work => Ok(outcome?),
        };
        match event {
            Ok(Outcome::Forward) => self.forward(&held, None)?,
            Ok(Outcome::Refuse(failure)) => self.forward(&held, Some(Edit::refusing(failure)))?,
            Ok(Outcome::Send { run, edit }) => {
                let mut sent = Kind::Run.sent();
                sent.edit = Some(edit);
                self.backend.expect(sent)?;
                self.backend.wire.send_message(&run);
                self.client.resume();
            }
            Ok(Outcome::Fail(failure)) => {
                let failure = failure.encode(self.backend.version)?;
                self.backend.answer(&mut self.client.wire, failure);
                self.client.fail();
                self.client.resume();
            }
            Ok(Outcome::Failed(failure)) => {
                self.backend.answer(&mut self.client.wire, failure);
                self.client.resume();
            }
            Err(Interruption::Urgent { tag, waiting, at }) => {
                if tag == tag::RESET {
                    let failure = Failure::terminated().encode(self.backend.version)?;
                    self.backend.answer(&mut self.client.wire, failure);
                    for _ in 0..waiting {
                        self.backend.answer(&mut self.client.wire, bolt::message::ignored());
                    }
                }
                self.client.skip_to(at);
            }
            Err(Interruption::Gone) => {
                self.client.drop_rest();
                self.backend.live.cancel();
                self.backend.wire.end();
            }
        }
        Ok(())
    }
}
