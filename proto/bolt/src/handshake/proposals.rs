//! The client's four slots.

use super::{HandshakeError, MAGIC, MANIFEST_V1, Range};
use crate::Version;

/// One of a client's four proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// Zeros: nothing.
    Empty,
    /// Any of these versions.
    Range(Range),
    /// A manifest of this version (`00 00 version FF`), please.
    Manifest(u8),
}

/// What a server that knows exactly [`Version::KNOWN`] would choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreed {
    /// This version.
    Version(Version),
    /// To send its manifest.
    Manifest,
}

/// All that a client offers, in its order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposals(pub [Slot; 4]);

impl Proposals {
    /// Reads the first 20 bytes of a client.
    pub fn parse(bytes: &[u8; 20]) -> Result<Self, HandshakeError> {
        let slots = bytes.strip_prefix(&MAGIC).ok_or(HandshakeError::Magic)?;
        let mut proposals = Self([Slot::Empty; 4]);
        for (slot, bytes) in proposals.0.iter_mut().zip(slots.as_chunks().0) {
            *slot = Slot::parse(*bytes);
        }
        Ok(proposals)
    }

    /// The first 20 bytes of a client that offers this.
    pub fn encode(&self) -> [u8; 20] {
        let mut bytes = [0; 20];
        let (magic, slots) = bytes.split_at_mut(MAGIC.len());
        magic.copy_from_slice(&MAGIC);
        for (bytes, slot) in slots.as_chunks_mut().0.iter_mut().zip(self.0) {
            *bytes = slot.encode();
        }
        bytes
    }

    /// The same offer without what is not known here, so that no server can choose a version that is not.
    ///
    /// A range with an unknown version inside (5.8 to 5.0 spans 5.5) takes a slot for each part. If the slots do
    /// not suffice, the oldest parts of the last such range are dropped.
    pub fn cut(&self) -> Self {
        let mut parts: Vec<Vec<Slot>> = self.0.iter().map(|slot| slot.cut()).collect();
        while parts.iter().map(Vec::len).sum::<usize>() > self.0.len() {
            match parts.iter_mut().rev().find(|parts| parts.len() > 1) {
                Some(split) => split.pop(),
                None => break,
            };
        }
        let mut cut = Self([Slot::Empty; 4]);
        for (slot, part) in cut.0.iter_mut().zip(parts.into_iter().flatten()) {
            *slot = part;
        }
        cut
    }

    /// What a server that knows exactly [`Version::KNOWN`] would choose: the first slot that it knows anything of
    /// decides, and within a range the highest version; nothing if no slot fits.
    pub fn agree(&self) -> Option<Agreed> {
        self.0.iter().find_map(|slot| match slot {
            Slot::Range(range) => range.highest_known().map(Agreed::Version),
            Slot::Manifest(1) => Some(Agreed::Manifest),
            Slot::Manifest(_) | Slot::Empty => None,
        })
    }
}

impl Slot {
    const fn parse(bytes: [u8; 4]) -> Self {
        match bytes {
            [0, 0, 0, 0] => Self::Empty,
            [_, _, version, 0xFF] => Self::Manifest(version),
            _ => Self::Range(Range::parse(bytes)),
        }
    }

    const fn encode(self) -> [u8; 4] {
        match self {
            Self::Empty => [0; 4],
            Self::Range(range) => range.encode(),
            Self::Manifest(version) => {
                let [a, b, _, d] = MANIFEST_V1;
                [a, b, version, d]
            }
        }
    }

    fn cut(self) -> Vec<Self> {
        match self {
            Self::Range(range) => range.known().into_iter().map(Self::Range).collect(),
            Self::Manifest(1) => vec![self],
            Self::Manifest(_) | Self::Empty => Vec::new(),
        }
    }
}
