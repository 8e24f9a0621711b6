//! A look at what a client has sent behind a statement that is held: RESET and GOODBYE act on arrival.

use bolt::chunk::{Frame, Scanner};
use bolt::message::tag;

/// What waits behind a held statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    /// Requests that have to wait their turn.
    Nothing,
    /// A RESET or GOODBYE behind `waiting` other requests, at this place of the inbox.
    Urgent { tag: u8, waiting: usize, at: usize },
}

/// How far the look has got.
#[derive(Debug, Default)]
pub(crate) struct Ahead {
    scanner: Scanner,
    seen: usize,
    start: usize,
    waiting: usize,
    head: usize,
    found: Option<u8>,
}

impl Ahead {
    /// How many requests have been seen.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting
    }

    /// Looks on. `inbox` is what it was, and perhaps more.
    pub(crate) fn look(&mut self, inbox: &[u8]) -> Sight {
        let mut rest = inbox.get(self.seen..).unwrap_or_default();
        while self.found.is_none() {
            let Some(frame) = self.scanner.next(&mut rest) else { break };
            let end = inbox.len() - rest.len();
            match frame {
                Frame::Noop => self.start = end,
                Frame::Data { payload, .. } => {
                    let tag = 1_usize.checked_sub(self.head).and_then(|at| payload.get(at));
                    self.found = tag.copied().filter(|tag| matches!(*tag, tag::RESET | tag::GOODBYE));
                    self.head = self.head.saturating_add(payload.len());
                }
                Frame::End => {
                    self.waiting += 1;
                    self.head = 0;
                    self.start = end;
                }
            }
        }
        self.seen = inbox.len() - rest.len();
        match self.found {
            Some(tag) => Sight::Urgent { tag, waiting: self.waiting, at: self.start },
            None => Sight::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_is_seen_however_it_arrives() {
        let mut inbox = Vec::new();
        for payload in [vec![0xB1, tag::PULL, 0xA0], bolt::message::commit()] {
            bolt::chunk::write_message(&mut inbox, &payload);
        }
        inbox.extend([0, 0]);
        let at = inbox.len();
        // In chunks of one byte.
        inbox.extend([0, 1, 0xB0, 0, 1, tag::RESET, 0, 0]);
        let urgent = Sight::Urgent { tag: tag::RESET, waiting: 2, at };
        assert_eq!(Ahead::default().look(&inbox), urgent);
        let mut ahead = Ahead::default();
        let seen: Vec<Sight> = (0..=inbox.len()).map(|end| ahead.look(&inbox[..end])).collect();
        assert!(seen[..inbox.len() - 2].iter().all(|sight| *sight == Sight::Nothing));
        assert_eq!(seen[inbox.len() - 1], urgent);
        assert_eq!(seen[inbox.len()], urgent);
    }

    #[test]
    fn a_tag_inside_a_message_is_no_reset() {
        let mut inbox = Vec::new();
        bolt::chunk::write_message(&mut inbox, &[0xB1, tag::PULL, tag::RESET, 0xB0, tag::RESET]);
        assert_eq!(Ahead::default().look(&inbox), Sight::Nothing);
    }
}
