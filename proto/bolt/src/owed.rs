//! The replies that are owed on one backend connection.
//!
//! A server answers every request but GOODBYE with exactly one summary, in order (Bolt: SUCCESS, FAILURE or
//! IGNORED; a RECORD is none). A proxy puts requests of its own between those of its client, and answers some of
//! the client's requests itself; the client must still see one answer to each of its own, in order.

use std::collections::VecDeque;

/// Who made a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin<T> {
    /// The client; with what is to be remembered of it.
    Client(T),
    /// The proxy: the client must not see the reply.
    Ours,
}

/// More is owed than the bound allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("more than {cap} replies are owed")]
pub struct Overflow {
    /// The bound.
    pub cap: usize,
}

/// The server sent a summary, but nothing is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a reply without a request")]
pub struct Unexpected;

/// What is owed, oldest first.
#[derive(Clone, Debug)]
pub struct Owed<T> {
    requests: VecDeque<Request<T>>,
    /// The local replies behind all requests.
    replies: usize,
    cap: usize,
}

#[derive(Clone, Debug)]
struct Request<T> {
    origin: Origin<T>,
    /// The local replies whose turn comes right after the reply to this request of the client.
    then: Vec<Vec<u8>>,
}

impl<T> Owed<T> {
    /// Nothing owed yet, and never more than `cap` requests and local replies.
    pub const fn new(cap: usize) -> Self {
        Self { requests: VecDeque::new(), replies: 0, cap }
    }

    /// A request goes to the server.
    pub fn request(&mut self, origin: Origin<T>) -> Result<(), Overflow> {
        if self.is_full() {
            return Err(Overflow { cap: self.cap });
        }
        self.requests.push_back(Request { origin, then: Vec::new() });
        Ok(())
    }

    /// A request of the client is answered by the proxy itself. The reply is handed back if it is due, that is if
    /// no other request of the client is unanswered; else it is kept until it is.
    ///
    /// The bound is not checked here, for the request that is answered has been accepted: ask
    /// [`is_full`](Self::is_full) before accepting one.
    #[must_use = "a reply that is handed back is due now"]
    pub fn local(&mut self, reply: Vec<u8>) -> Option<Vec<u8>> {
        match self.requests.iter_mut().rev().find(|request| request.is_client()) {
            None => Some(reply),
            Some(before) => {
                before.then.push(reply);
                self.replies += 1;
                None
            }
        }
    }

    /// The request that the server's next reply answers.
    pub fn front(&self) -> Option<&Origin<T>> {
        self.requests.front().map(|request| &request.origin)
    }

    /// The same, to be changed. The client's must stay the client's and ours ours.
    pub fn front_mut(&mut self) -> Option<&mut Origin<T>> {
        self.requests.front_mut().map(|request| &mut request.origin)
    }

    /// The server sent a summary: it answers the front request, which is taken off. The local replies that were
    /// waiting for it, which the client gets right after it, are appended to `ready`.
    pub fn summary(&mut self, ready: &mut Vec<Vec<u8>>) -> Result<Origin<T>, Unexpected> {
        let request = self.requests.pop_front().ok_or(Unexpected)?;
        self.replies -= request.then.len();
        ready.extend(request.then);
        Ok(request.origin)
    }

    /// How many requests of the client the server has not answered. At 0, the client is owed nothing.
    pub fn clients(&self) -> usize {
        self.requests.iter().filter(|request| request.is_client()).count()
    }

    /// How many requests and local replies are in the queue.
    pub fn len(&self) -> usize {
        self.requests.len() + self.replies
    }

    /// Whether nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }

    /// Whether the bound is reached.
    pub fn is_full(&self) -> bool {
        self.len() >= self.cap
    }
}

impl<T> Request<T> {
    const fn is_client(&self) -> bool {
        matches!(self.origin, Origin::Client(_))
    }
}

#[cfg(test)]
mod tests;
