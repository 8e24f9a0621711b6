//! Statement numbers within a transaction. A statement that we add takes a number, so the client's count and
//! the server's part.

use bolt::message::Reply;
use packstream::{Limits, Value};

use super::SessionError;

/// The server's numbers of statements that the client does not know of, ascending.
#[derive(Debug, Default)]
pub(crate) struct Qids {
    ours: Vec<i64>,
    /// The client has sent what ends the transaction: the numbers that it sends from now on are of another.
    over: bool,
}

impl Qids {
    /// Takes note of a statement of ours.
    pub(crate) fn add(&mut self, server: i64) {
        self.ours.push(server);
    }

    /// What ends the transaction has been sent, and perhaps more behind it. Its own answers are still to come.
    pub(crate) fn ends(&mut self) {
        self.over = true;
    }

    /// The transaction is over.
    pub(crate) fn clear(&mut self) {
        self.ours.clear();
        self.over = false;
    }

    /// Do the client's numbers differ from the server's?
    pub(crate) fn shifted(&self) -> bool {
        !self.ours.is_empty()
    }

    /// The server's number of the client's statement.
    pub(crate) fn to_server(&self, client: i64) -> i64 {
        if self.over {
            return client;
        }
        self.ours.iter().fold(client, |qid, ours| if *ours <= qid { qid.saturating_add(1) } else { qid })
    }

    /// The server's number of the next statement when the client has begun so many.
    pub(crate) fn server(&self, statements: i64) -> i64 {
        statements.saturating_add(i64::try_from(self.ours.len()).unwrap_or(i64::MAX))
    }

    /// The client's number of a statement that is the client's.
    pub(crate) fn to_client(&self, server: i64) -> i64 {
        let before = self.ours.iter().filter(|ours| **ours < server).count();
        server.saturating_sub(i64::try_from(before).unwrap_or(i64::MAX))
    }

    /// The SUCCESS of a RUN with the client's number in it. Other answers stay as they are.
    pub(crate) fn answer(&self, payload: Vec<u8>) -> Result<Vec<u8>, SessionError> {
        if !self.shifted() {
            return Ok(payload);
        }
        let Reply::Success(mut metadata) = bolt::message::parse_reply(&payload, Limits::default())? else {
            return Ok(payload);
        };
        if let Some(qid) = metadata.get("qid").and_then(Value::as_i64) {
            metadata.insert("qid", self.to_client(qid));
        }
        Ok(bolt::message::success(&metadata)?)
    }
}

/// The number in the SUCCESS of a RUN; there is none outside a transaction.
pub(crate) fn of(payload: &[u8]) -> Result<Option<i64>, SessionError> {
    let Reply::Success(metadata) = bolt::message::parse_reply(payload, Limits::default())? else {
        return Ok(None);
    };
    Ok(metadata.get("qid").and_then(Value::as_i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_there_and_back() {
        let mut qids = Qids::default();
        assert_eq!((qids.to_server(3), qids.to_client(3)), (3, 3));
        // The server counts: client 0, ours 1, ours 2, client 3, client 4, ours 5, client 6.
        [1, 2, 5].into_iter().for_each(|qid| qids.add(qid));
        let served = [0, 3, 4, 6];
        for (client, server) in (0..).zip(served) {
            assert_eq!(qids.to_server(client), server);
            assert_eq!(qids.to_client(server), client);
        }
        assert_eq!(qids.server(4), 7);
        assert_eq!(qids.to_server(-1), -1);
        // Behind a RESET, numbers are of the next transaction, and answers still of this one.
        qids.ends();
        assert_eq!((qids.to_server(1), qids.to_client(3)), (1, 1));
        qids.clear();
        qids.add(0);
        assert_eq!(qids.to_server(0), 1);
    }
}
