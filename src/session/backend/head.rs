//! The head of an answer: all that must be seen of one that only passes.

use bolt::message::tag;

use super::super::state::Summary;

/// `SUCCESS {has_more: true}`, the only SUCCESS that does not end a PULL.
const HAS_MORE: &[u8; 13] = b"\xB1\x70\xA1\x88has_more\xC3";

/// The first bytes of a message.
#[derive(Debug, Default)]
pub(super) struct Head {
    bytes: [u8; HAS_MORE.len()],
    length: usize,
}

impl Head {
    pub(super) fn take(&mut self, payload: &[u8]) {
        for (to, from) in self.bytes.iter_mut().skip(self.length).zip(payload) {
            *to = *from;
        }
        self.length = self.length.saturating_add(payload.len());
    }

    /// What was taken before `payload`.
    pub(super) fn before(&self, payload: &[u8]) -> &[u8] {
        self.bytes.get(..self.length.saturating_sub(payload.len())).unwrap_or_default()
    }

    pub(super) fn tag(&self) -> Option<u8> {
        if self.length >= 2 { self.bytes.get(1).copied() } else { None }
    }

    pub(super) fn summary(&self) -> Option<Summary> {
        Some(match self.tag()? {
            tag::SUCCESS if self.length == HAS_MORE.len() && self.bytes == *HAS_MORE => Summary::More,
            tag::SUCCESS => Summary::Done,
            tag::FAILURE => Summary::Failure,
            tag::IGNORED => Summary::Ignored,
            _ => return None,
        })
    }
}
