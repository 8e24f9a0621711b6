//! The client's side of a connection: its requests, on their way to the backend or held for us.

use bolt::chunk::{Frame, Scanner};
use bolt::failure::Failure;
use bolt::message::tag;
use bytes::{Buf, BytesMut};
use zeroize::Zeroize;

use super::SessionError;
use super::ahead::{Ahead, Sight};
use super::backend::Backend;
use super::buffers::extend_wiping;
use super::edit::Inserted;
use super::request::{Kind, Sent};
use super::text::{Query, query};
use super::wire::{Stream, Wire};
use crate::cypher;

/// Longest query text that is looked at; a longer one passes as it is.
const MAX_TEXT: usize = 16 * 1024 * 1024;

/// Longest BEGIN, ROUTE or PULL that is read; they hold a few options. A longer BEGIN or ROUTE passes as it is.
const MAX_OPTIONS: usize = 16 * 1024 * 1024;

/// Requests that may wait behind a held statement. Neo4j itself stops reading at 300.
const MAX_WAITING: usize = 1024;

/// What may be read from a client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestLimits {
    /// Longest message before LOGON succeeded.
    pub(crate) unauthenticated_bytes: usize,
    /// Longest statement that is held, and what may wait behind it.
    pub(crate) statement_bytes: usize,
}

/// One connection from a client.
#[derive(Debug)]
pub(crate) struct Frontend<S> {
    pub(crate) wire: Wire<S>,
    limits: RequestLimits,
    reading: Reading,
    ahead: Ahead,
    /// Messages that have been read to their end.
    read: u64,
    /// We answered a request with FAILURE; the backend does not know.
    failed: bool,
}

/// A RUN that names us, kept back.
#[derive(Debug)]
pub(crate) struct Held {
    /// The very bytes, chunks and all.
    pub(crate) raw: BytesMut,
    /// The message without chunks; none if it is longer than what may be held.
    pub(crate) payload: Option<Vec<u8>>,
}

/// What the client's side asks of the session.
#[derive(Debug)]
pub(crate) enum Request {
    /// Nothing more until there are more bytes, or room.
    Wait,
    /// A statement that names us.
    Hold(Held),
}

/// The request that is being read.
#[derive(Debug, Default)]
struct Reading {
    scanner: Scanner,
    /// Bytes at the head of the inbox that the scanner has seen but nobody has taken.
    scanned: usize,
    /// The message so far, as long as it matters.
    payload: Vec<u8>,
    length: usize,
    plan: Plan,
}

/// What becomes of the request that is being read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Its tag is not known yet.
    #[default]
    Undecided,
    /// Its bytes go to the backend as they are.
    Through,
    /// A RUN of which the text is not complete yet.
    Text,
    /// A RUN that names us: all of it is kept.
    Hold,
    /// The same, but it is too long.
    TooLong,
    /// A PULL or DISCARD whose statement number must be known, or changed.
    Renumber,
    /// A BEGIN, of which the time allowed is read.
    Begin,
    /// A ROUTE, of which the address is read.
    Route,
    /// Answered by us with IGNORED.
    Ignore,
}

impl<S: Stream> Frontend<S> {
    pub(crate) fn new(wire: Wire<S>, limits: RequestLimits) -> Self {
        Self { wire, limits, reading: Reading::default(), ahead: Ahead::default(), read: 0, failed: false }
    }

    /// From here on every request is answered with IGNORED, up to a RESET.
    pub(crate) fn fail(&mut self) {
        self.failed = true;
    }

    /// Which message is being read, and how much of it has come.
    pub(crate) fn reading(&self) -> Option<(u64, usize)> {
        self.reading.scanner.in_message().then_some((self.read, self.reading.length))
    }

    /// May more be read from the client while a statement is held?
    pub(crate) fn may_wait(&self) -> bool {
        self.wire.inbox.len() < self.limits.statement_bytes && self.ahead.waiting() < MAX_WAITING
    }

    /// Looks through what waits behind a held statement.
    pub(crate) fn look_ahead(&mut self) -> Sight {
        self.ahead.look(&self.wire.inbox)
    }

    /// Drops what waits in front of the request at `at` of the inbox.
    pub(crate) fn skip_to(&mut self, at: usize) {
        self.wire.inbox.advance(at.min(self.wire.inbox.len()));
        self.ahead = Ahead::default();
    }

    /// The held statement will not run, and the client has gone: what waits behind it must not run without it.
    pub(crate) fn drop_rest(&mut self) {
        self.skip_to(usize::MAX);
    }

    /// The held statement has been dealt with; what waits behind it is read in the ordinary way.
    pub(crate) fn resume(&mut self) {
        self.ahead = Ahead::default();
    }

    /// Moves requests to the backend, up to one that must be held.
    pub(crate) fn relay<B: Stream>(&mut self, backend: &mut Backend<B>) -> Result<Request, SessionError> {
        let mut inbox = std::mem::take(&mut self.wire.inbox);
        let result = self.relay_from(&mut inbox, backend);
        self.wire.keep(inbox);
        result
    }

    fn relay_from<B: Stream>(
        &mut self,
        inbox: &mut BytesMut,
        backend: &mut Backend<B>,
    ) -> Result<Request, SessionError> {
        // Bytes before `start` are done with; the message being read began there.
        let mut start = 0;
        let mut position = self.reading.scanned;
        let mut held = None;
        while backend.accepts() && held.is_none() {
            let mut rest = inbox.get(position..).unwrap_or_default();
            let Some(frame) = self.reading.scanner.next(&mut rest) else { break };
            let end = inbox.len() - rest.len();
            match frame {
                Frame::Noop => {}
                Frame::Data { payload, .. } => {
                    self.reading.length += payload.len();
                    self.check_length(end - start, backend)?;
                    if !matches!(self.reading.plan, Plan::Through | Plan::Ignore | Plan::TooLong) {
                        if self.wire.guarded() {
                            extend_wiping(&mut self.reading.payload, payload);
                        } else {
                            self.reading.payload.extend_from_slice(payload);
                        }
                    }
                    self.decide(backend, false)?;
                }
                Frame::End => {
                    self.wire.came.messages += 1;
                    self.read += 1;
                    self.decide(backend, true)?;
                    self.check_length(end - start, backend)?;
                    let reading = std::mem::take(&mut self.reading);
                    self.reading.scanner = reading.scanner;
                    match reading.plan {
                        Plan::Through => {}
                        // A message of less than two bytes: the backend knows what to do.
                        Plan::Undecided => backend.expect(Kind::Other.sent())?,
                        Plan::Text => backend.expect(Kind::Run.sent())?,
                        Plan::Begin => {
                            backend.live.begins(&reading.payload);
                            backend.expect(Kind::Begin.sent())?;
                        }
                        Plan::Route => backend.routes(Some(&reading.payload))?,
                        Plan::Ignore => {
                            backend.answer(&mut self.wire, bolt::message::ignored());
                            start = end;
                        }
                        Plan::Renumber => {
                            let (payload, qid) = super::text::renumber(&reading.payload, &backend.qids)?;
                            let edit = backend.live.of(qid, backend.state);
                            if let (Some(edit), Some(&tag::DISCARD)) = (&edit, payload.get(1)) {
                                edit.inserted.iter().for_each(Inserted::discard);
                            }
                            backend.expect(Sent { edit, ..Kind::Pull.sent() })?;
                            backend.wire.send_message(&payload);
                            start = end;
                        }
                        Plan::Hold => held = Some((start, end, Some(reading.payload))),
                        Plan::TooLong => held = Some((end, end, None)),
                    }
                }
            }
            position = end;
            // Only what is held, or may have to be, stays.
            let keep = match self.reading.plan {
                Plan::Through => false,
                Plan::Ignore | Plan::TooLong => {
                    start = position;
                    false
                }
                _ => self.reading.scanner.in_message(),
            };
            if !keep && held.is_none() {
                backend.wire.send(inbox.get(start..position).unwrap_or_default());
                start = position;
            }
        }
        if let Some((from, to, payload)) = held {
            inbox.advance(from);
            let raw = inbox.split_to(to - from);
            self.reading.scanned = 0;
            return Ok(Request::Hold(Held { raw, payload }));
        }
        self.reading.scanned = position - start;
        inbox.advance(start);
        Ok(Request::Wait)
    }

    /// `came`: how much of the message has come, chunk headers and all.
    fn check_length<B: Stream>(&mut self, came: usize, backend: &mut Backend<B>) -> Result<(), SessionError> {
        if !backend.state.authenticated {
            let most = self.limits.unauthenticated_bytes;
            // Chunks of next to nothing would cost more than what is in them.
            if self.reading.length > most || came > most + most / 2 {
                return Err(SessionError::TooLongBeforeLogin);
            }
        }
        if self.reading.plan == Plan::Hold && self.reading.length > self.limits.statement_bytes {
            self.reading.plan = Plan::TooLong;
            self.reading.payload = Vec::new();
        }
        if self.reading.length > MAX_OPTIONS {
            match self.reading.plan {
                Plan::Begin => {
                    self.reading.plan = Plan::Through;
                    self.reading.payload = Vec::new();
                    backend.live.begins(&[]);
                    backend.expect(Kind::Begin.sent())?;
                }
                Plan::Route => {
                    self.reading.plan = Plan::Through;
                    self.reading.payload = Vec::new();
                    backend.routes(None)?;
                }
                Plan::Renumber => return Err(SessionError::TooLongToRead),
                _ => {}
            }
        }
        Ok(())
    }

    /// Decides what becomes of the message being read, as soon as enough of it is there: until LOGON has
    /// succeeded, all of it.
    fn decide<B: Stream>(&mut self, backend: &mut Backend<B>, complete: bool) -> Result<(), SessionError> {
        if self.reading.plan == Plan::Undecided {
            if !backend.state.authenticated {
                if !complete {
                    return Ok(());
                }
                super::login::check(&self.reading.payload)?;
            }
            let Some(&tag) = self.reading.payload.get(1) else { return Ok(()) };
            self.reading.plan = if self.failed {
                self.while_failed(tag, backend)?
            } else {
                match tag {
                    tag::RUN => Plan::Text,
                    tag::PULL | tag::DISCARD if backend.reads_pulls() => Plan::Renumber,
                    tag::BEGIN => Plan::Begin,
                    tag::ROUTE => Plan::Route,
                    _ => Plan::Through,
                }
            };
            if self.reading.plan == Plan::Through {
                match tag {
                    tag::GOODBYE => backend.live.cancel(),
                    tag::HELLO => backend.reached.hello(&self.reading.payload),
                    // They may come together, before the first is answered.
                    tag::LOGOFF | tag::LOGON => {
                        self.wire.guard(true);
                        backend.wire.guard(true);
                    }
                    _ => {}
                }
                backend.expect(Kind::of(tag).sent())?;
            }
        }
        if self.reading.plan == Plan::Text {
            let names_us = match query(&self.reading.payload) {
                Query::Incomplete if self.reading.length < MAX_TEXT => return Ok(()),
                Query::Incomplete | Query::Unreadable => false,
                Query::Text(text) => cypher::mentions(text),
            };
            if names_us {
                self.reading.plan = Plan::Hold;
            } else {
                self.reading.plan = Plan::Through;
                backend.expect(Kind::Run.sent())?;
            }
        }
        if self.reading.plan == Plan::Through {
            let mut payload = std::mem::take(&mut self.reading.payload);
            if self.wire.guarded() {
                payload.zeroize();
            }
        }
        Ok(())
    }

    /// After a FAILURE of ours the backend would still serve what the client believes to be ignored.
    fn while_failed<B: Stream>(&mut self, tag: u8, backend: &mut Backend<B>) -> Result<Plan, SessionError> {
        match tag {
            tag::RESET => {
                self.failed = false;
                Ok(Plan::Through)
            }
            tag::GOODBYE => Ok(Plan::Through),
            // Neo4j answers these with FAILURE, then closes.
            tag::BEGIN | tag::LOGON | tag::LOGOFF | tag::HELLO => {
                let failure = Failure::invalid_request(
                    "This request is not allowed after a failure; send RESET before it.",
                );
                backend.answer(&mut self.wire, failure.encode(backend.version)?);
                Err(SessionError::NotInFailedState)
            }
            _ => Ok(Plan::Ignore),
        }
    }
}

/// A login that was never complete may be among what was read.
impl<S> Drop for Frontend<S> {
    fn drop(&mut self) {
        self.reading.payload.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::super::routing::Reached;
    use super::*;
    use bolt::Version;
    use tokio::io::duplex;

    /// A request of which the end does not come, chunk by chunk, until something is decided.
    fn endless(tag: u8, backend: impl FnOnce(&mut Backend<tokio::io::DuplexStream>)) -> (Plan, usize, bool) {
        let ((client, _there), (server, _behind)) = (duplex(64), duplex(64));
        let limits = RequestLimits { unauthenticated_bytes: 8192, statement_bytes: 1 << 20 };
        let mut frontend = Frontend::new(Wire::new(client), limits);
        let mut behind = Backend::new(
            Wire::new(server),
            Version::new(5, 4),
            Reached::new(None, ([127, 0, 0, 1], 1).into()),
        );
        behind.state.authenticated = true;
        backend(&mut behind);
        frontend.wire.inbox.extend_from_slice(&[0, 2, 0xB1, tag]);
        let chunk = [&[0xFF, 0xFF][..], &[0x41; 0xFFFF]].concat();
        for _ in 0..=MAX_OPTIONS / 0xFFFF + 1 {
            frontend.wire.inbox.extend_from_slice(&chunk);
            if frontend.relay(&mut behind).is_err() {
                return (frontend.reading.plan, frontend.reading.payload.len(), true);
            }
        }
        (frontend.reading.plan, frontend.reading.payload.len() + frontend.wire.inbox.len(), false)
    }

    #[test]
    fn what_has_no_end_is_not_kept() {
        let (plan, kept, failed) = endless(tag::BEGIN, |_| {});
        assert_eq!((plan, failed), (Plan::Through, false));
        assert!(kept < 1 << 20, "{kept} bytes are kept");
        // Where numbers must be changed it cannot pass.
        assert!(endless(tag::PULL, |backend| backend.qids.add(0)).2);
        assert_eq!(endless(tag::PULL, |_| {}).0, Plan::Through);
    }
}
