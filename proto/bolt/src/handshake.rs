//! How two peers agree on a version.
//!
//! The client sends [`MAGIC`] and four [`Slot`]s, each a range of versions or the wish for a manifest. The server
//! answers with one version ([`parse_answer`]), with zeros, or with its [`Manifest`], of which the client then
//! picks one ([`parse_choice`]).
//!
//! A proxy must see to it that its two sides agree on a version that it knows itself: it cuts the offers of each
//! side ([`Proposals::cut`], [`Manifest::intersect`]).

mod manifest;
mod proposals;
mod range;
mod varint;

use crate::Version;

pub use manifest::{Manifest, encode_manifest_choice, parse_choice};
pub use proposals::{Agreed, Proposals, Slot};
pub use range::Range;

/// The first four bytes of a client.
pub const MAGIC: [u8; 4] = [0x60, 0x60, 0xB0, 0x17];

/// What a client that knows manifests puts in a slot, and a server that sends one puts before it.
pub const MANIFEST_V1: [u8; 4] = [0, 0, 1, 0xFF];

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HandshakeError {
    /// The client does not begin with [`MAGIC`].
    #[error("not a Bolt client")]
    Magic,
    /// The server's answer is neither a version nor a manifest.
    #[error("not a Bolt server: it answered {0:02X?}")]
    Answer([u8; 4]),
    /// A version that is not known here was chosen.
    #[error("Bolt {0} was chosen, which is not known")]
    UnknownVersion(Version),
    /// The client's choice from a manifest is not one version.
    #[error("{0:02X?} is no choice of a version")]
    Choice([u8; 4]),
    /// The manifest has more ranges than any server would send.
    #[error("a manifest of {0} ranges is too long")]
    TooManyRanges(u64),
    /// A variable-length number does not fit into 64 bits.
    #[error("a number in the handshake is too long")]
    Varint,
    /// The client chose capabilities; none were offered.
    #[error("a capability was chosen that was not offered")]
    Capability,
}

/// What a server said to the client's four slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It chose.
    Version(Version),
    /// The rest of its manifest follows: [`Manifest::parse`].
    Manifest,
    /// Nothing fits, and it closes.
    None,
}

/// Reads the first four bytes of a server.
pub fn parse_answer(bytes: [u8; 4]) -> Result<Answer, HandshakeError> {
    match bytes {
        [0, 0, 0, 0] => Ok(Answer::None),
        MANIFEST_V1 => Ok(Answer::Manifest),
        [0, 0, minor, major] => match Version::new(major, minor) {
            version if version.is_known() => Ok(Answer::Version(version)),
            version => Err(HandshakeError::UnknownVersion(version)),
        },
        _ => Err(HandshakeError::Answer(bytes)),
    }
}

#[cfg(test)]
mod tests;
