//! Frames to bytes, in place. Pure.

use std::io::Cursor;

use tungstenite::protocol::frame::FrameHeader;
use tungstenite::protocol::frame::coding::{Control, Data, OpCode};

/// The longest frame that Neo4j takes.
const MAX_FRAME: u64 = 65_536;

/// The longest payload of a control frame.
const MAX_CONTROL: u64 = 125;

/// The longest header.
const MAX_HEADER: usize = 14;

/// Status codes of RFC 6455.
const PROTOCOL: u16 = 1002;
const NOT_BINARY: u16 = 1007;
const TOO_LONG: u16 = 1009;

/// Takes a client's frames apart.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// The header of the next frame, as far as it has come.
    header: Vec<u8>,
    /// The frame whose payload is being read.
    frame: Option<Frame>,
    /// A message has begun, and its last frame has not.
    in_message: bool,
}

#[derive(Debug)]
struct Frame {
    /// A ping, pong or close with its payload so far; none for data.
    control: Option<(Control, Vec<u8>)>,
    left: usize,
    /// Turned so that its first byte is for the next byte of the payload.
    mask: [u8; 4],
}

/// What was in some bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Decoded {
    /// How many bytes of data there are now at the front.
    pub(super) payload: usize,
    /// What the last ping held.
    pub(super) ping: Option<Vec<u8>>,
    /// Nothing behind this counts.
    pub(super) end: Option<End>,
}

/// The end of what a client may say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// It has closed, with this status.
    Close(Vec<u8>),
    /// It broke the protocol.
    Violation { code: u16, reason: &'static str },
}

impl End {
    fn protocol(reason: &'static str) -> Self {
        Self::Violation { code: PROTOCOL, reason }
    }
}

impl Decoder {
    /// Moves the data in `bytes` to their front.
    pub(super) fn decode(&mut self, bytes: &mut [u8]) -> Decoded {
        let mut decoded = Decoded::default();
        let mut at = 0;
        loop {
            if let Some(mut frame) = self.frame.take() {
                let rest = bytes.get_mut(at..).unwrap_or_default();
                let length = rest.len().min(frame.left);
                let payload = rest.get_mut(..length).unwrap_or_default();
                frame.unmask(payload);
                match &mut frame.control {
                    Some((_, held)) => held.extend_from_slice(payload),
                    None => {
                        bytes.copy_within(at..at + length, decoded.payload);
                        decoded.payload += length;
                    }
                }
                at += length;
                if frame.left > 0 {
                    self.frame = Some(frame);
                    return decoded;
                }
                match frame.control {
                    Some((Control::Ping, payload)) => decoded.ping = Some(payload),
                    // A status has two bytes.
                    Some((Control::Close, payload)) if payload.len() == 1 => {
                        decoded.end = Some(End::protocol("invalid close frame body"));
                    }
                    Some((Control::Close, payload)) => decoded.end = Some(End::Close(payload)),
                    _ => {}
                }
            } else if let Some(&byte) = bytes.get(at) {
                at += 1;
                self.header.push(byte);
                decoded.end = self.begin().err();
            } else {
                return decoded;
            }
            if decoded.end.is_some() {
                return decoded;
            }
        }
    }

    /// Begins a frame if its header is complete.
    fn begin(&mut self) -> Result<(), End> {
        let parsed = match FrameHeader::parse(&mut Cursor::new(&self.header)) {
            Ok(Some(parsed)) => parsed,
            Ok(None) if self.header.len() < MAX_HEADER => return Ok(()),
            Ok(None) | Err(_) => return Err(End::protocol("frame using a reserved opcode")),
        };
        self.header.clear();
        let (FrameHeader { is_final, rsv1, rsv2, rsv3, opcode, mask }, length) = parsed;
        if rsv1 || rsv2 || rsv3 {
            return Err(End::protocol("RSV != 0 and no extension negotiated"));
        }
        let mask = mask.ok_or(End::protocol("received a frame that is not masked as expected"))?;
        let control = match opcode {
            OpCode::Control(_) if !is_final => return Err(End::protocol("fragmented control frame")),
            OpCode::Control(_) if length > MAX_CONTROL => {
                return Err(End::protocol("control frame with payload length > 125 octets"));
            }
            OpCode::Control(control) => Some((control, Vec::new())),
            OpCode::Data(Data::Text) => {
                let reason = "received a text frame: Bolt is binary";
                return Err(End::Violation { code: NOT_BINARY, reason });
            }
            OpCode::Data(Data::Continue) if !self.in_message => {
                return Err(End::protocol("received continuation data frame outside fragmented message"));
            }
            OpCode::Data(Data::Continue) => {
                self.in_message = !is_final;
                None
            }
            OpCode::Data(_) if self.in_message => {
                return Err(End::protocol("received non-continuation data frame inside fragmented message"));
            }
            OpCode::Data(_) => {
                self.in_message = !is_final;
                None
            }
        };
        match usize::try_from(length) {
            Ok(left) if length <= MAX_FRAME => {
                self.frame = Some(Frame { control, left, mask });
                Ok(())
            }
            _ => {
                let reason = "Max frame length of 65536 has been exceeded.";
                Err(End::Violation { code: TOO_LONG, reason })
            }
        }
    }
}

impl Frame {
    fn unmask(&mut self, payload: &mut [u8]) {
        for four in payload.chunks_mut(self.mask.len()) {
            for (byte, mask) in four.iter_mut().zip(self.mask) {
                *byte ^= mask;
            }
        }
        let turn = payload.len() % self.mask.len();
        self.mask.rotate_left(turn);
        self.left -= payload.len();
    }
}

#[cfg(test)]
mod tests;
