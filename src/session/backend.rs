//! The backend's side of a connection: what it owes, and its answers on their way to the client or to us.

mod asking;
mod head;

use std::time::Duration;

use bolt::Version;
use bolt::chunk::{Frame, Scanner};
use bolt::message::{Reply, tag};
use bolt::owed::{Origin, Owed};
use bytes::{Buf, BytesMut};
use packstream::{Limits, Value};

use self::head::Head;
use super::SessionError;
use super::dialect::Dialect;
use super::edit::{Edit, Inserted, Reader};
use super::functions::Listed;
use super::live::Live;
use super::qids::Qids;
use super::request::{Kind, Sent};
use super::routing::{self, Reached};
use super::state::{State, Summary};
use super::watch;
use super::wire::{Stream, Wire};

/// Requests that may be in flight on one connection. Neo4j itself stops reading at 300.
const MAX_OWED: usize = 4096;

/// Longest answer that is collected to be read or translated. Rows that only pass are never collected.
const MAX_COLLECTED: usize = 256 * 1024 * 1024;

/// One connection to the backend.
#[derive(Debug)]
pub(crate) struct Backend<S> {
    pub(crate) wire: Wire<S>,
    pub(crate) version: Version,
    pub(crate) state: State,
    pub(crate) qids: Qids,
    /// Where the client reached us.
    pub(crate) reached: Reached,
    owed: Owed<Sent>,
    reading: Reading,
    /// How the server words its errors.
    pub(crate) dialect: Dialect,
    /// How often the client wants a sign of life while we keep it waiting.
    pub(crate) keep_alive: Option<Duration>,
    /// Which similarity functions the server has itself.
    pub(crate) functions: Option<Listed>,
    /// Edited statements of which results may be open.
    pub(crate) live: Live,
}

/// The answer that is being read.
#[derive(Debug, Default)]
struct Reading {
    scanner: Scanner,
    /// Bytes at the head of the inbox that the scanner has seen but nobody has taken.
    scanned: usize,
    head: Head,
    plan: Plan,
    message: Vec<u8>,
}

/// What becomes of the answer that is being read.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Plan {
    /// Its tag is not known yet.
    #[default]
    Undecided,
    /// Its bytes go to the client as they are.
    Through,
    /// It is collected, to be translated, to be read by us or to be dropped.
    Collect,
}

/// An answer to a request of ours.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The message, without chunks.
    pub(crate) payload: Vec<u8>,
    /// Its tag.
    pub(crate) tag: u8,
}

impl<S: Stream> Backend<S> {
    pub(crate) fn new(wire: Wire<S>, version: Version, reached: Reached) -> Self {
        Self {
            wire,
            version,
            state: State::default(),
            qids: Qids::default(),
            reached,
            owed: Owed::new(MAX_OWED),
            reading: Reading::default(),
            dialect: Dialect::default(),
            keep_alive: None,
            functions: None,
            live: Live::default(),
        }
    }

    /// Is it wise to send more to the backend now?
    pub(crate) fn accepts(&self) -> bool {
        !self.wire.congested() && self.owed.len() < MAX_OWED / 2
    }

    /// Has the backend answered everything?
    pub(crate) fn settled(&self) -> bool {
        self.owed.is_empty()
    }

    /// Takes note that a request of the client's has been (or is being) sent.
    pub(crate) fn expect(&mut self, sent: Sent) -> Result<(), SessionError> {
        match sent.kind {
            Kind::Run => {
                if let Some(edit) = &sent.edit
                    && self.state.transaction
                {
                    // All before it is answered, so the server's next number is known.
                    let _ = edit.qid.set(self.qids.server(self.state.statements));
                }
                self.live.sent(sent.edit.clone());
            }
            Kind::Reset => self.live.cancel(),
            _ => {}
        }
        if matches!(sent.kind, Kind::End | Kind::Reset) {
            self.live.ends();
            self.qids.ends();
        }
        Ok(self.owed.request(Origin::Client(sent))?)
    }

    /// Takes note of a ROUTE of the client's; none: it is too long to be read.
    pub(crate) fn routes(&mut self, message: Option<&[u8]>) -> Result<(), SessionError> {
        let address = Some(self.reached.route(message));
        self.expect(Sent { address, ..Kind::Route.sent() })
    }

    /// Answers a request of the client's in the backend's stead, in its turn.
    pub(crate) fn answer<C: Stream>(&mut self, client: &mut Wire<C>, payload: Vec<u8>) {
        if let Some(due) = self.owed.local(payload) {
            client.send_message(&due);
        }
    }

    /// Must the bodies of PULL and DISCARD be looked at?
    pub(crate) fn reads_pulls(&self) -> bool {
        self.qids.shifted() || !self.live.is_empty()
    }

    /// Moves what the backend has answered to the client. Answers to requests of ours are dropped: whoever
    /// asked is gone.
    pub(crate) fn relay<C: Stream>(&mut self, client: &mut Wire<C>) -> Result<(), SessionError> {
        let mut inbox = std::mem::take(&mut self.wire.inbox);
        let result = self.relay_from(&mut inbox, client);
        self.wire.keep(inbox);
        result
    }

    fn relay_from<C: Stream>(
        &mut self,
        inbox: &mut BytesMut,
        client: &mut Wire<C>,
    ) -> Result<(), SessionError> {
        let all: &[u8] = inbox;
        let mut rest = all.get(self.reading.scanned..).unwrap_or_default();
        // Bytes from `from` on have not been given to the client; the message being read began at `start`.
        let (mut from, mut start) = (0, 0);
        let slice = |a: usize, b: usize| all.get(a..b).unwrap_or_default();
        while let Some(frame) = self.reading.scanner.next(&mut rest) {
            let position = all.len() - rest.len();
            match frame {
                Frame::Noop => start = position,
                Frame::Data { payload, .. } => {
                    self.reading.head.take(payload);
                    if self.reading.plan == Plan::Undecided
                        && let Some(tag) = self.reading.head.tag()
                    {
                        self.reading.plan = self.plan(tag);
                        if self.reading.plan == Plan::Collect {
                            client.send(slice(from, start));
                            from = start;
                            self.reading.message.extend_from_slice(self.reading.head.before(payload));
                        }
                    }
                    if self.reading.plan == Plan::Collect {
                        self.collect(payload)?;
                        from = position;
                    }
                }
                Frame::End => {
                    self.wire.came.messages += 1;
                    let plan = std::mem::take(&mut self.reading.plan);
                    let head = std::mem::take(&mut self.reading.head);
                    let message = std::mem::take(&mut self.reading.message);
                    let mut due = Vec::new();
                    let summary = head.summary();
                    let origin = match summary {
                        Some(summary) => self.summary(summary, &mut due)?,
                        None => None,
                    };
                    if plan == Plan::Collect {
                        from = position;
                        match (origin, self.owed.front()) {
                            (Some(Origin::Client(sent)), _) => {
                                if let (Kind::Pull, Some(Summary::Done)) = (sent.kind, summary) {
                                    let inserted = sent.edit.iter().filter_map(|edit| edit.inserted.as_ref());
                                    inserted
                                        .flat_map(Inserted::rest)
                                        .for_each(|row| client.send_message(row));
                                }
                                if matches!(sent.kind, Kind::Hello | Kind::Logon) && self.state.authenticated
                                {
                                    self.wire.guard(false);
                                    client.guard(false);
                                }
                                client.send_message(&self.translate(&sent, message)?);
                            }
                            (None, Some(Origin::Client(Sent { edit: Some(edit), .. }))) => {
                                let inserted = edit.inserted.iter().flat_map(Inserted::before_row);
                                inserted.for_each(|row| client.send_message(row));
                                client.send_message(&edit.record(message)?);
                            }
                            _ => {}
                        }
                    }
                    if !due.is_empty() {
                        client.send(slice(from, position));
                        from = position;
                        due.iter().for_each(|reply| client.send_message(reply));
                    }
                    start = position;
                }
            }
        }
        let position = all.len() - rest.len();
        if self.reading.plan == Plan::Undecided && self.reading.scanner.in_message() {
            client.send(slice(from, start));
            self.reading.scanned = position - start;
            inbox.advance(start);
        } else {
            client.send(slice(from, position));
            self.reading.scanned = 0;
            inbox.advance(position);
        }
        Ok(())
    }

    fn collect(&mut self, payload: &[u8]) -> Result<(), SessionError> {
        if self.reading.message.len() + payload.len() > MAX_COLLECTED {
            return Err(SessionError::AnswerTooLarge);
        }
        self.reading.message.extend_from_slice(payload);
        Ok(())
    }

    /// What becomes of an answer with this tag.
    fn plan(&self, tag: u8) -> Plan {
        match self.owed.front() {
            Some(Origin::Ours) => Plan::Collect,
            Some(Origin::Client(Sent { edit, .. })) if tag == tag::RECORD => {
                if edit.as_ref().is_some_and(|edit| edit.changes_records()) {
                    Plan::Collect
                } else {
                    Plan::Through
                }
            }
            Some(Origin::Client(sent)) => {
                let translated = sent.edit.is_some()
                    || (matches!(sent.kind, Kind::Hello | Kind::Logon | Kind::Route) && tag == tag::SUCCESS)
                    || (tag == tag::FAILURE && !self.live.is_empty())
                    || (sent.kind == Kind::Run && self.qids.shifted());
                if translated { Plan::Collect } else { Plan::Through }
            }
            // Nothing is owed: let the client make of it what it would without us.
            _ => Plan::Through,
        }
    }

    fn summary(
        &mut self,
        summary: Summary,
        due: &mut Vec<Vec<u8>>,
    ) -> Result<Option<Origin<Sent>>, SessionError> {
        if self.owed.front().is_none() {
            return Ok(None);
        }
        let origin = self.owed.summary(due)?;
        match &origin {
            Origin::Client(sent) => {
                self.state.answered(sent.kind, summary, self.version.has_logon());
                if !self.state.transaction
                    && matches!(sent.kind, Kind::Pull | Kind::End | Kind::Reset | Kind::Begin)
                {
                    if summary == Summary::Done {
                        self.live.clear();
                    }
                    self.qids.clear();
                }
            }
            Origin::Ours if matches!(summary, Summary::Failure | Summary::Ignored) => {
                self.state.failed = true
            }
            Origin::Ours => {}
        }
        Ok(Some(origin))
    }

    /// An answer as the client is to see it.
    fn translate(&mut self, sent: &Sent, payload: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        match (sent.kind, &sent.address) {
            (Kind::Hello, _) => {
                self.note_server(&payload);
                return self.reached.login(payload);
            }
            (Kind::Logon, _) => return self.reached.login(payload),
            (Kind::Route, Some(address)) => return routing::table(payload, address),
            _ => {}
        }
        let to = Reader { version: self.version, dialect: self.dialect };
        let payload = if sent.kind == Kind::Run { self.qids.answer(payload)? } else { payload };
        match &sent.edit {
            Some(edit) => {
                let (payload, more) = edit.answer(sent.kind, payload, to)?;
                if !more {
                    self.live.ended(edit);
                }
                Ok(payload)
            }
            None => Edit::raised(self.live.edits(), payload, to),
        }
    }

    /// Takes note of what HELLO's SUCCESS says of the server.
    fn note_server(&mut self, payload: &[u8]) {
        if let Ok(Reply::Success(metadata)) = bolt::message::parse_reply(payload, Limits::default()) {
            self.keep_alive = watch::keep_alive(&metadata, self.version);
            if let Some(server) = metadata.get("server").and_then(Value::as_str) {
                self.dialect = Dialect::of(server);
            }
        }
    }
}
