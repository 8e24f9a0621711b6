//! Connections that have not shown a token. There are few at a time: when one more comes, the oldest goes. Neo4j
//! shows its token at once, so that nobody can keep it out by being silent.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

/// How many there may be.
const MAX: usize = 256;

#[derive(Debug, Default)]
pub(super) struct Strangers(Mutex<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    next: u64,
    all: BTreeMap<u64, Arc<Notify>>,
}

/// A place among them, until it is dropped.
#[derive(Debug)]
pub(super) struct Stranger<'s> {
    strangers: &'s Strangers,
    number: u64,
    go: Arc<Notify>,
}

impl Strangers {
    /// One more.
    pub(super) fn enter(&self) -> Stranger<'_> {
        let go = Arc::new(Notify::new());
        let mut waiting = super::lock(&self.0);
        let number = waiting.next;
        waiting.next = number.wrapping_add(1);
        waiting.all.insert(number, Arc::clone(&go));
        if waiting.all.len() > MAX
            && let Some((_, oldest)) = waiting.all.pop_first()
        {
            oldest.notify_one();
        }
        Stranger { strangers: self, number, go }
    }
}

impl Stranger<'_> {
    /// Done when it has to go.
    pub(super) async fn sent_away(&self) {
        self.go.notified().await;
    }
}

impl Drop for Stranger<'_> {
    fn drop(&mut self) {
        super::lock(&self.strangers.0).all.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let strangers = Strangers::default();
        let mut all: Vec<_> = (0..MAX).map(|_| strangers.enter()).collect();
        assert!(all.iter().all(|stranger| stranger.sent_away().now_or_never().is_none()));
        // One that has shown its token makes room.
        drop(all.remove(0));
        all.push(strangers.enter());
        assert!(all[0].sent_away().now_or_never().is_none());
        all.push(strangers.enter());
        assert!(all[0].sent_away().now_or_never().is_some());
        assert!(all[1].sent_away().now_or_never().is_none());
        drop(all);
        assert!(strangers.0.lock().unwrap().all.is_empty());
    }
}
