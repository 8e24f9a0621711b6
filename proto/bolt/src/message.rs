//! Messages, without their framing.
//!
//! A proxy reads few of them and passes the rest on as they are, so there is a parser for what it must understand
//! and a builder for what it says itself.

mod build;
mod parse;
pub mod tag;

use packstream::{DecodeError, EncodeError};

pub(crate) use build::with_map;
pub use build::{
    begin, commit, discard, goodbye, hello, ignored, logon, pull, record, reset, rollback, run, run_raw,
    splice_parameters, success,
};
pub use parse::{Pull, Reply, RunMessage, parse_reply};

/// Why a message was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A value in it is malformed or of the wrong type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// A value for it cannot be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// It is another message than the one expected.
    #[error("unexpected message {tag:02X}")]
    Tag {
        /// Its tag.
        tag: u8,
    },
    /// It has too few or too many fields.
    #[error("message {tag:02X} with {fields} fields")]
    Fields {
        /// Its tag.
        tag: u8,
        /// How many there are.
        fields: usize,
    },
    /// An entry that must be there is missing, or of the wrong type.
    #[error("no valid `{0}` in the message")]
    Entry(&'static str),
}

#[cfg(test)]
mod tests;
