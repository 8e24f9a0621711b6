//! The manifest, version 1: a server's whole list of versions, and the client's choice from it.

use super::{HandshakeError, MANIFEST_V1, Range, varint};
use crate::Version;

/// Neo4j sends four; no sane list needs more than this.
const MAX_RANGES: u64 = 64;

/// The versions and capabilities that a server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// The versions.
    pub ranges: Vec<Range>,
    /// The capabilities, a bit each. None are defined yet.
    pub mask: u64,
}

impl Manifest {
    /// Reads what follows [`MANIFEST_V1`]: the manifest and its length, or nothing if its end is not there yet.
    pub fn parse(bytes: &[u8]) -> Result<Option<(Self, usize)>, HandshakeError> {
        let Some((count, start)) = varint::parse(bytes)? else { return Ok(None) };
        if count > MAX_RANGES {
            return Err(HandshakeError::TooManyRanges(count));
        }
        let (mut ranges, mut rest) = (Vec::new(), bytes.get(start..).unwrap_or_default());
        for _ in 0..count {
            let Some((range, behind)) = rest.split_first_chunk() else { return Ok(None) };
            ranges.push(Range::parse(*range));
            rest = behind;
        }
        let Some((mask, length)) = varint::parse(rest)? else { return Ok(None) };
        Ok(Some((Self { ranges, mask }, bytes.len() - rest.len() + length)))
    }

    /// What a server that knows exactly [`Version::KNOWN`] would send: the oldest range first, as Neo4j does.
    pub fn ours() -> Self {
        let mut ranges = Range::covering(Version::KNOWN.iter().rev().copied());
        ranges.reverse();
        Self { ranges, mask: 0 }
    }

    /// The versions in both, in the order of this one; no capabilities.
    pub fn intersect(&self, other: &Self) -> Self {
        let common =
            |range: &Range| Range::covering(range.versions().filter(|&version| other.contains(version)));
        Self { ranges: self.ranges.iter().flat_map(common).collect(), mask: 0 }
    }

    /// Whether `version` is offered.
    pub fn contains(&self, version: Version) -> bool {
        self.ranges.iter().any(|range| range.contains(version))
    }

    /// The bytes, [`MANIFEST_V1`] included. Clients need them in one piece.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = MANIFEST_V1.to_vec();
        varint::encode(self.ranges.len() as u64, &mut bytes);
        bytes.extend(self.ranges.iter().flat_map(|range| range.encode()));
        varint::encode(self.mask, &mut bytes);
        bytes
    }
}

/// Reads a client's choice from a manifest without capabilities: the version and the length of the choice, or
/// nothing if its end is not there yet. Whether the version was offered is the caller's to ask.
pub fn parse_choice(bytes: &[u8]) -> Result<Option<(Version, usize)>, HandshakeError> {
    let Some((choice, mask)) = bytes.split_first_chunk() else { return Ok(None) };
    let version = match *choice {
        [0, 0, minor, major] if (major, minor) != (0, 0) => Version::new(major, minor),
        _ => return Err(HandshakeError::Choice(*choice)),
    };
    match varint::parse(mask)? {
        None => Ok(None),
        Some((0, length)) => Ok(Some((version, choice.len() + length))),
        Some(_) => Err(HandshakeError::Capability),
    }
}

/// The choice of `version` from a manifest, without capabilities.
pub fn encode_manifest_choice(version: Version) -> Vec<u8> {
    let mut bytes = version.encode_choice().to_vec();
    varint::encode(0, &mut bytes);
    bytes
}
