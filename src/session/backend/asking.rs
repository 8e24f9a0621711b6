//! Requests of our own, and their answers.

use bolt::chunk::Frame;
use bolt::message::tag;
use bolt::owed::Origin;
use bytes::Buf;

use super::{Answer, Backend, Plan};
use crate::session::SessionError;
use crate::session::wire::Stream;

/// Bytes that a backend may send while it is asked nothing.
const MAX_NOOPS: usize = 64 * 1024;

impl<S: Stream> Backend<S> {
    /// Sends a request of our own.
    pub(crate) fn ask(&mut self, payload: &[u8]) -> Result<(), SessionError> {
        self.owed.request(Origin::Ours)?;
        self.wire.send_message(payload);
        Ok(())
    }

    /// Leaves the failed state that a request of our own has led to. Only while no RESET of the client's can be in
    /// flight: it would be ours that is answered last.
    pub(crate) async fn recover(&mut self) -> Result<(), SessionError> {
        self.ask(&bolt::message::reset())?;
        if self.next_answer().await?.tag != tag::SUCCESS {
            return Err(SessionError::BackendClosed);
        }
        self.state.failed = false;
        Ok(())
    }

    /// Does work that needs nothing of the backend, unless that goes away: then nobody has a use for it. To be called
    /// when everything is answered. May be dropped at any time.
    pub(crate) async fn meanwhile<T>(&mut self, work: impl Future<Output = T>) -> Result<T, SessionError> {
        tokio::select! {
            biased;
            done = work => Ok(done),
            gone = self.gone() => Err(gone),
        }
    }

    /// Waits until the backend has gone away. It has nothing to say but NOOPs, which are read later.
    async fn gone(&mut self) -> SessionError {
        while self.wire.inbox.len() < MAX_NOOPS {
            match self.wire.fill().await {
                Ok(true) => {}
                Ok(false) => return SessionError::BackendClosed,
                Err(error) => return SessionError::Backend(error),
            }
        }
        std::future::pending().await
    }

    /// The next message that answers a request of ours. May be dropped at any time: nothing is lost.
    pub(crate) async fn next_answer(&mut self) -> Result<Answer, SessionError> {
        loop {
            if let Some(answer) = self.take_answer()? {
                return Ok(answer);
            }
            let filled = std::future::poll_fn(|cx| {
                if let std::task::Poll::Ready(Err(error)) = self.wire.poll_flush(cx) {
                    return std::task::Poll::Ready(Err(error));
                }
                self.wire.poll_fill(cx)
            });
            if !filled.await.map_err(SessionError::Backend)? {
                return Err(SessionError::BackendClosed);
            }
        }
    }

    fn take_answer(&mut self) -> Result<Option<Answer>, SessionError> {
        let mut inbox = std::mem::take(&mut self.wire.inbox);
        let mut rest: &[u8] = inbox.get(self.reading.scanned..).unwrap_or_default();
        self.reading.scanned = 0;
        let mut answer = None;
        while let Some(frame) = self.reading.scanner.next(&mut rest) {
            match frame {
                Frame::Noop => {}
                Frame::Data { payload, .. } => {
                    self.reading.plan = Plan::Collect;
                    self.reading.head.take(payload);
                    self.collect(payload)?;
                }
                Frame::End => {
                    self.reading.plan = Plan::Undecided;
                    let head = std::mem::take(&mut self.reading.head);
                    let payload = std::mem::take(&mut self.reading.message);
                    if let Some(summary) = head.summary() {
                        self.summary(summary, &mut Vec::new())?;
                    }
                    answer = head.tag().map(|tag| Answer { payload, tag });
                    break;
                }
            }
        }
        let taken = inbox.len() - rest.len();
        inbox.advance(taken);
        self.wire.keep(inbox);
        Ok(answer)
    }
}
