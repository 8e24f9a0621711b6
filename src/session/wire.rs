//! One byte stream with its buffers: bytes read and not yet taken, bytes accepted and not yet written.

use std::io::{self, Cursor};
use std::pin::pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use zeroize::Zeroize;

use super::buffers;

/// What is read at once from a quiet stream, and from one that filled the buffer the last time.
const READ_SMALL: usize = 8 * 1024;
const READ_LARGE: usize = 128 * 1024;

/// What is read at once of a client that has not logged in: no more than a stranger may cost.
const READ_SECRET: usize = 4 * 1024;

/// While this much waits to be written to one side, nothing is read from the other.
const HIGH_WATER: usize = 512 * 1024;

/// Any byte stream: TCP, TLS and WebSocket alike.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A byte stream with its buffers. An idle wire holds none.
#[derive(Debug)]
pub(crate) struct Wire<S> {
    io: S,
    /// Read and not yet taken.
    pub(crate) inbox: BytesMut,
    outbox: Cursor<Vec<u8>>,
    ended: bool,
    busy: bool,
    closing: bool,
    /// What passes may hold credentials, as it may until a login: memory is overwritten before it is given back.
    secret: bool,
    /// What has come and has not been added to the metrics yet.
    pub(crate) came: Came,
}

/// Bytes that were read, and messages that were found among them.
#[derive(Debug, Default)]
pub(crate) struct Came {
    pub(crate) bytes: usize,
    pub(crate) messages: usize,
}

impl<S: Stream> Wire<S> {
    pub(crate) fn new(io: S) -> Self {
        Self::resume(io, BytesMut::new())
    }

    /// A wire of which something has been read already.
    pub(crate) fn resume(io: S, inbox: BytesMut) -> Self {
        let came = Came { bytes: inbox.len(), messages: 0 };
        let outbox = Cursor::default();
        Self { io, inbox, outbox, ended: false, busy: false, closing: false, secret: true, came }
    }

    /// May what passes hold credentials?
    pub(crate) fn guarded(&self) -> bool {
        self.secret
    }

    /// Says whether what passes from now on may hold credentials.
    pub(crate) fn guard(&mut self, secret: bool) {
        if self.secret && !secret {
            // Credentials have been in the same memory as what waits behind them.
            let inbox = BytesMut::from(&*self.inbox);
            buffers::wipe(&mut std::mem::replace(&mut self.inbox, inbox));
            let outbox = Cursor::new(self.outbox.chunk().to_vec());
            std::mem::replace(&mut self.outbox, outbox).into_inner().zeroize();
        }
        self.secret = secret;
    }

    /// Accepts bytes to be written.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        let secret = self.secret;
        let outbox = self.accepted();
        if secret {
            buffers::extend_wiping(outbox, bytes);
        } else {
            outbox.extend_from_slice(bytes);
        }
    }

    /// Accepts a message of ours, cut into chunks, to be written.
    pub(crate) fn send_message(&mut self, payload: &[u8]) {
        bolt::chunk::write_message(self.accepted(), payload);
    }

    /// The buffer to add to, freed of what has been written once that is worth a move.
    fn accepted(&mut self) -> &mut Vec<u8> {
        let written = usize::try_from(self.outbox.position()).unwrap_or(usize::MAX);
        if written >= HIGH_WATER {
            self.outbox.get_mut().drain(..written);
            self.outbox.set_position(0);
        }
        self.outbox.get_mut()
    }

    /// Does so much wait to be written that nothing more should be accepted?
    pub(crate) fn congested(&self) -> bool {
        self.outbox.remaining() >= HIGH_WATER
    }

    /// Does anything wait to be written?
    pub(crate) fn waits(&self) -> bool {
        self.outbox.has_remaining()
    }

    /// Has the peer ended its side?
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads once. Ready with false when the peer has ended its side.
    pub(crate) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.ended {
            return Poll::Pending;
        }
        if self.inbox.capacity() == 0 {
            self.inbox = buffers::take();
        }
        if self.secret {
            buffers::reserve_wiping(&mut self.inbox, READ_SECRET);
        } else {
            self.inbox.reserve(if self.busy { READ_LARGE } else { READ_SMALL });
        }
        let room = self.inbox.capacity() - self.inbox.len();
        let polled = pin!(self.io.read_buf(&mut self.inbox)).poll(cx);
        match polled {
            Poll::Ready(read) => {
                let read = read?;
                self.came.bytes += read;
                self.busy = read == room;
                self.ended = read == 0;
                Poll::Ready(Ok(read > 0))
            }
            Poll::Pending => {
                self.busy = false;
                let inbox = std::mem::take(&mut self.inbox);
                self.keep(inbox);
                Poll::Pending
            }
        }
    }

    /// Puts back what has not been taken of the inbox.
    pub(crate) fn keep(&mut self, mut inbox: BytesMut) {
        if inbox.is_empty() {
            if self.secret {
                buffers::wipe(&mut inbox);
            }
            buffers::give(inbox);
        } else {
            self.inbox = inbox;
        }
    }

    /// Writes until nothing waits any more; then, if asked for, ends our side.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.outbox.has_remaining() {
            let written = ready!(pin!(self.io.write_buf(&mut self.outbox)).poll(cx))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
        }
        let mut written = std::mem::take(&mut self.outbox).into_inner();
        if self.secret {
            written.zeroize();
        }
        ready!(pin!(self.io.flush()).poll(cx))?;
        if self.closing {
            ready!(pin!(self.io.shutdown()).poll(cx))?;
            self.closing = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Ends our side once everything accepted has been written.
    pub(crate) fn end(&mut self) {
        self.closing = true;
    }

    /// [`Wire::poll_fill`] as a future, which may be dropped at any time.
    pub(crate) async fn fill(&mut self) -> io::Result<bool> {
        std::future::poll_fn(|cx| self.poll_fill(cx)).await
    }

    /// [`Wire::poll_flush`] as a future, which may be dropped at any time.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        std::future::poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Reads until `inbox` holds `count` bytes.
    pub(crate) async fn need(&mut self, count: usize) -> io::Result<()> {
        while self.inbox.len() < count {
            if !self.fill().await? {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// Writes what waits, ends our side and reads the peer's rest, so that no reset of the connection eats
    /// the last answer. To be run under a deadline.
    pub(crate) async fn close(&mut self) -> io::Result<()> {
        self.end();
        self.flush().await?;
        while !self.ended && self.fill().await? {
            self.inbox.clear();
        }
        Ok(())
    }
}

impl<S> Drop for Wire<S> {
    fn drop(&mut self) {
        if self.secret {
            buffers::wipe(&mut self.inbox);
            self.outbox.get_mut().zeroize();
        }
    }
}
