//! Bolt in the frames of WebSocket, as a byte stream. The frames' borders mean nothing to Bolt: a message may
//! come in any number of them.

mod decode;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};
use zeroize::Zeroize;

use self::decode::{Decoder, End};

/// The longest payload of a frame of ours, which its header can tell in four bytes.
const MAX_FRAME: usize = 0xFFFF;

/// Room in front of a payload for its header.
const HEADER: usize = 4;

/// The end of a WebSocket: 1000, "Bye".
const BYE: &[u8] = b"\x03\xE8Bye";

/// A WebSocket, seen from the server. One task must own both directions.
#[derive(Debug)]
pub(crate) struct WebSocket<S> {
    io: S,
    /// Frames that were read with the head of the request.
    early: BytesMut,
    decoder: Decoder,
    reading: Reading,
    /// Whole frames, some of them written.
    sending: io::Cursor<Vec<u8>>,
    /// Payload of the next frame, behind room for its header; empty if there is none.
    payload: Vec<u8>,
    /// What the last ping held. Earlier ones need no answer of their own, so that they cannot pile up.
    pong: Option<Vec<u8>>,
    /// Frames that end our side.
    closing: Vec<u8>,
    /// A close frame is among what is sent, and nothing may follow but more of the same.
    closed: bool,
    bye: bool,
}

/// What becomes of what the client sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Frames,
    /// It has closed.
    Ended,
    /// It broke the protocol, which the reader has yet to be told.
    Broken(&'static str),
    /// What still comes is thrown away.
    Discarded,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WebSocket<S> {
    pub(crate) fn new(io: S, early: BytesMut) -> Self {
        Self {
            io,
            early,
            decoder: Decoder::default(),
            reading: Reading::Frames,
            sending: io::Cursor::default(),
            payload: Vec::new(),
            pong: None,
            closing: Vec::new(),
            closed: false,
            bye: false,
        }
    }

    /// Reads once, behind what `buf` holds. False at the end.
    fn poll_raw(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<bool>> {
        if !self.early.is_empty() {
            let mut early = self.early.split_to(self.early.len().min(buf.remaining()));
            buf.put_slice(&early);
            // A login may be among it.
            early.as_mut().zeroize();
            return Poll::Ready(Ok(true));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        Poll::Ready(Ok(buf.filled().len() > before))
    }

    /// Takes apart what has been read into `buf` from `start` on.
    fn take(&mut self, buf: &mut ReadBuf<'_>, start: usize) {
        let raw = buf.filled_mut().get_mut(start..).unwrap_or_default();
        let decoded = self.decoder.decode(raw);
        buf.set_filled(start + decoded.payload);
        self.pong = decoded.ping.or(self.pong.take());
        match decoded.end {
            None => {}
            Some(End::Close(payload)) => {
                self.reading = Reading::Ended;
                self.close(&payload);
                self.bye = true;
            }
            Some(End::Violation { code, reason }) => {
                self.reading = Reading::Broken(reason);
                self.close(&[&code.to_be_bytes(), reason.as_bytes()].concat());
            }
        }
    }

    fn close(&mut self, payload: &[u8]) {
        write_frame(&mut self.closing, OpCode::Control(Control::Close), payload);
        self.closed = true;
        self.payload = Vec::new();
    }

    /// Writes whole frames until none is left; control frames come between them.
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            while self.sending.has_remaining() {
                let written = ready!(Pin::new(&mut self.io).poll_write(cx, self.sending.chunk()))?;
                if written == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                self.sending.advance(written);
            }
            let mut control = Vec::new();
            if let Some(pong) = self.pong.take() {
                write_frame(&mut control, OpCode::Control(Control::Pong), &pong);
            }
            control.append(&mut self.closing);
            self.sending = io::Cursor::new(control);
            if !self.sending.has_remaining() {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// Makes a frame of the payload. Nothing may be left to be sent before it.
    fn seal(&mut self) {
        let mut frame = std::mem::take(&mut self.payload);
        let mut header = Vec::with_capacity(HEADER);
        write_header(&mut header, OpCode::Data(Data::Binary), frame.len().saturating_sub(HEADER));
        // A short header leaves unused room in front of it.
        let unused = HEADER.saturating_sub(header.len());
        for (room, byte) in frame.iter_mut().skip(unused).zip(header) {
            *room = byte;
        }
        self.sending = io::Cursor::new(frame);
        self.sending.set_position(u64::try_from(unused).unwrap_or(0));
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for WebSocket<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let start = buf.filled().len();
        loop {
            match this.reading {
                Reading::Ended => return Poll::Ready(Ok(())),
                Reading::Broken(reason) => {
                    this.reading = Reading::Discarded;
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, reason)));
                }
                Reading::Discarded | Reading::Frames => {}
            }
            if !ready!(this.poll_raw(cx, buf))? {
                return Poll::Ready(Ok(()));
            }
            if this.reading == Reading::Discarded {
                buf.set_filled(start);
                continue;
            }
            this.take(buf, start);
            if this.pong.is_some() || !this.closing.is_empty() {
                // If it cannot be written now, flushing will; the task is woken for both.
                if let Poll::Ready(drained) = this.poll_drain(cx) {
                    drained?;
                    if let Poll::Ready(Err(error)) = Pin::new(&mut this.io).poll_flush(cx) {
                        return Poll::Ready(Err(error));
                    }
                }
            }
            if buf.filled().len() > start {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WebSocket<S> {
    /// Takes bytes for the next frame, which goes out when it is full or flushed.
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.closed {
            // Nothing may follow a close frame.
            return Poll::Ready(Ok(buf.len()));
        }
        if this.payload.len() >= HEADER + MAX_FRAME {
            ready!(this.poll_drain(cx))?;
            this.seal();
        }
        if this.payload.is_empty() {
            this.payload.extend_from_slice(&[0; HEADER]);
        }
        let room = (HEADER + MAX_FRAME).saturating_sub(this.payload.len());
        let taken = buf.get(..room).unwrap_or(buf);
        this.payload.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_drain(cx))?;
        if this.payload.len() > HEADER {
            this.seal();
            ready!(this.poll_drain(cx))?;
        }
        Pin::new(&mut this.io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(Pin::new(&mut *this).poll_flush(cx))?;
        if !this.bye {
            this.bye = true;
            this.close(BYE);
            ready!(Pin::new(&mut *this).poll_flush(cx))?;
        }
        Pin::new(&mut this.io).poll_shutdown(cx)
    }
}

fn write_frame(out: &mut Vec<u8>, opcode: OpCode, payload: &[u8]) {
    write_header(out, opcode, payload.len());
    out.extend_from_slice(payload);
}

fn write_header(out: &mut Vec<u8>, opcode: OpCode, length: usize) {
    let header = FrameHeader { opcode, ..FrameHeader::default() };
    // Writing to a vector does not fail.
    let _ = header.format(u64::try_from(length).unwrap_or(u64::MAX), out);
}

#[cfg(test)]
mod tests;
