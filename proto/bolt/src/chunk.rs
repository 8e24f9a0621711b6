//! Framing: a message is a run of chunks, each a big-endian u16 length and that many bytes, ended by `00 00`.
//! A `00 00` outside of a message is a NOOP: a sign of life.

/// The longest chunk.
const MAX_CHUNK: usize = 0xFFFF;

/// One piece of a stream. The `raw` bytes of all frames, with `00 00` for each `Noop` and `End`, are the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// `00 00` between messages.
    Noop,
    /// A part of a message: one chunk, or what is there of it.
    Data {
        /// The bytes as they came: the chunk's header, if the chunk begins here, and the payload.
        raw: &'a [u8],
        /// The bytes without framing; empty if only the header has come.
        payload: &'a [u8],
    },
    /// `00 00` at the end of a message.
    End,
}

/// Finds the chunks of a stream, piece by piece, without keeping any of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scanner {
    /// How much of the present chunk is still to come.
    left: usize,
    in_message: bool,
}

impl Scanner {
    /// A scanner at the start of a message.
    pub const fn new() -> Self {
        Self { left: 0, in_message: false }
    }

    /// Takes the next frame off `input`. At the end of what is there the answer is nothing: the caller keeps what
    /// is then left of `input`, at most the first byte of a header, and calls again with more behind it.
    #[inline]
    pub fn next<'a>(&mut self, input: &mut &'a [u8]) -> Option<Frame<'a>> {
        let mut header = 0;
        if self.left == 0 {
            let (length, rest) = input.split_first_chunk()?;
            self.left = u16::from_be_bytes(*length).into();
            if self.left == 0 {
                *input = rest;
                let ended = std::mem::take(&mut self.in_message);
                return Some(if ended { Frame::End } else { Frame::Noop });
            }
            self.in_message = true;
            header = length.len();
        } else if input.is_empty() {
            return None;
        }
        let length = input.len().min(header + self.left);
        let (raw, rest) = input.split_at_checked(length)?;
        let payload = raw.get(header..)?;
        *input = rest;
        self.left -= payload.len();
        Some(Frame::Data { raw, payload })
    }

    /// Whether a message has begun and not ended.
    pub const fn in_message(&self) -> bool {
        self.in_message
    }
}

/// Appends a whole message: chunks as long as can be, and the end mark. `payload` must not be empty, or the
/// message is a NOOP.
pub fn write_message(out: &mut Vec<u8>, payload: &[u8]) {
    for chunk in payload.chunks(MAX_CHUNK) {
        // A chunk fits by its making.
        let length = u16::try_from(chunk.len()).unwrap_or(u16::MAX);
        out.extend(length.to_be_bytes());
        out.extend_from_slice(chunk);
    }
    out.extend([0, 0]);
}

#[cfg(test)]
mod tests;
