//! The edited statements of which results may be open on one connection, and the time that the client allows.

use std::sync::Arc;

use tokio::time::Instant;

use super::SessionError;
use super::edit::Edit;
use super::state::State;

/// What must be known of them while their rows are read.
#[derive(Debug, Default)]
pub(crate) struct Live {
    edits: Vec<Arc<Edit>>,
    /// Those of them whose rows the client can still ask for.
    numbered: Vec<Arc<Edit>>,
    /// The last statement that was sent, if it was edited.
    last: Option<Arc<Edit>>,
    /// When the client's own time for its open transaction is over.
    transaction_ends: Option<Instant>,
}

impl Live {
    /// A statement is sent; if it was edited: how.
    pub(crate) fn sent(&mut self, edit: Option<Arc<Edit>>) {
        self.edits.extend(edit.clone());
        self.numbered.extend(edit.clone());
        self.last = edit;
    }

    /// The client has sent what ends its transaction: numbers that it sends from now on are of another.
    pub(crate) fn ends(&mut self) {
        self.numbered.clear();
        self.last = None;
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.edits.is_empty()
    }

    pub(crate) fn edits(&self) -> &[Arc<Edit>] {
        &self.edits
    }

    /// The statement with this number of the server's, of which rows are asked for; without a number the last.
    pub(crate) fn of(&self, qid: Option<i64>, state: State) -> Option<Arc<Edit>> {
        let qid = qid.filter(|qid| *qid >= 0);
        let numbered = qid.and_then(|qid| self.numbered.iter().find(|edit| edit.qid.get() == Some(&qid)));
        match (numbered, qid) {
            (Some(edit), _) => Some(Arc::clone(edit)),
            (None, Some(_)) if state.transaction => None,
            _ => self.last.clone(),
        }
    }

    /// Nothing more is to come of a statement.
    pub(crate) fn ended(&mut self, edit: &Arc<Edit>) {
        for edits in [&mut self.edits, &mut self.numbered] {
            edits.retain(|live| !Arc::ptr_eq(live, edit));
        }
        self.last.take_if(|last| Arc::ptr_eq(last, edit));
    }

    /// Nothing more is to come of any.
    pub(crate) fn clear(&mut self) {
        self.edits.clear();
        self.numbered.clear();
        self.last = None;
    }

    /// The client has given up on what is running: Neo4j must not wait for callbacks any more.
    pub(crate) fn cancel(&self) {
        self.edits.iter().for_each(|edit| edit.cancel());
    }

    /// Takes note of the time that a BEGIN allows.
    pub(crate) fn begins(&mut self, begin: &[u8]) {
        // Behind the tag stands the map. What cannot be read is the backend's to refuse.
        let timeout = begin.get(2..).and_then(|extra| super::calls::timeout(extra).ok().flatten());
        self.transaction_ends = timeout.map(|timeout| Instant::now() + timeout);
    }

    /// When the client's own time for a statement with these options is over.
    pub(crate) fn deadline(
        &self,
        extra: &[u8],
        state: State,
        now: Instant,
    ) -> Result<Option<Instant>, SessionError> {
        if state.transaction {
            return Ok(self.transaction_ends);
        }
        Ok(super::calls::timeout(extra)?.map(|timeout| now + timeout))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(qid: Option<i64>) -> Arc<Edit> {
        let edit = Edit::default();
        if let Some(qid) = qid {
            edit.qid.set(qid).unwrap();
        }
        Arc::new(edit)
    }

    #[test]
    fn rows_are_asked_for_by_number_or_of_the_last() {
        let mut live = Live::default();
        let (first, second) = (edit(Some(0)), edit(Some(2)));
        live.sent(Some(Arc::clone(&first)));
        live.sent(Some(Arc::clone(&second)));
        let transaction = State { transaction: true, ..State::default() };
        let is =
            |found: Option<Arc<Edit>>, edit: &Arc<Edit>| found.is_some_and(|found| Arc::ptr_eq(&found, edit));
        assert!(is(live.of(Some(0), transaction), &first));
        assert!(is(live.of(None, transaction), &second) && is(live.of(Some(-1), transaction), &second));
        assert!(live.of(Some(1), transaction).is_none());
        // In auto-commit there is one, whatever its number.
        assert!(is(live.of(Some(5), State::default()), &second));
        live.sent(None);
        assert!(live.of(None, transaction).is_none());
        live.ends();
        assert!(live.of(Some(0), transaction).is_none() && !live.is_empty());
        live.ended(&first);
        live.ended(&second);
        assert!(live.is_empty());
    }

    #[test]
    fn a_transaction_has_the_time_of_its_begin() {
        let mut live = Live::default();
        let now = Instant::now();
        let extra =
            packstream::encode(&packstream::Value::Map(packstream::Map::from([("tx_timeout", 1000)])))
                .unwrap();
        let begin = [&[0xB1, 0x11][..], &extra].concat();
        live.begins(&begin);
        let transaction = State { transaction: true, ..State::default() };
        assert!(live.deadline(&[0xA0], transaction, now).unwrap().is_some());
        assert_eq!(live.deadline(&[0xA0], State::default(), now).unwrap(), None);
        let one = std::time::Duration::from_secs(1);
        assert_eq!(live.deadline(&extra, State::default(), now).unwrap(), Some(now + one));
        live.begins(&[0xB1, 0x11, 0xA0]);
        assert_eq!(live.deadline(&[0xA0], transaction, now).unwrap(), None);
    }
}
