//! The threads that serve clients: one a core, each with a scheduler of its own. A session stays where it began, so
//! that no thread wakes another for a message that goes through, which costs more than passing it on. What computes
//! has threads of its own elsewhere.

use std::io;
use std::num::NonZero;
use std::sync::Arc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// Threads that run until this is dropped.
#[derive(Debug)]
pub(super) struct Threads {
    threads: Vec<Thread>,
    /// The threads end when it is gone.
    _running: watch::Sender<()>,
}

#[derive(Debug)]
struct Thread {
    runtime: Handle,
    /// Each session on it has a clone.
    sessions: Arc<()>,
}

impl Threads {
    /// Starts one thread for each core that the process may use.
    pub(super) fn start() -> io::Result<Self> {
        let (running, ended) = watch::channel(());
        let count = thread::available_parallelism().map_or(1, NonZero::get);
        let threads =
            (0..count).map(|number| Thread::start(number, ended.clone())).collect::<io::Result<_>>()?;
        Ok(Self { threads, _running: running })
    }

    /// Runs a session where there are fewest.
    pub(super) fn spawn(
        &self,
        session: impl Future<Output = ()> + Send + 'static,
        sessions: &mut JoinSet<()>,
    ) -> Option<AbortHandle> {
        let thread = self.threads.iter().min_by_key(|thread| Arc::strong_count(&thread.sessions))?;
        let counted = Arc::clone(&thread.sessions);
        let session = async move {
            session.await;
            drop(counted);
        };
        Some(sessions.spawn_on(session, &thread.runtime))
    }
}

impl Thread {
    fn start(number: usize, mut ended: watch::Receiver<()>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        thread::Builder::new().name(format!("session-{number}")).spawn(move || {
            // Nothing is ever sent: an error says that the sender is gone.
            drop(runtime.block_on(ended.changed()));
            // What still computes would keep the process from ending.
            runtime.shutdown_background();
        })?;
        Ok(Self { runtime: handle, sessions: Arc::new(()) })
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn sessions_go_where_there_are_fewest() {
        let threads = Threads::start().unwrap();
        let running = || threads.threads.iter().map(|thread| Arc::strong_count(&thread.sessions) - 1);
        let mut sessions = JoinSet::new();
        let begin = |sessions: &mut JoinSet<()>| {
            let (end, ends) = oneshot::channel::<()>();
            threads.spawn(async move { drop(ends.await) }, sessions);
            end
        };
        let mut ends: Vec<_> = (0..3 * threads.threads.len()).map(|_| begin(&mut sessions)).collect();
        assert!(running().all(|count| count == 3));
        // Where two end is room for the next two.
        for _ in 0..2 {
            drop(ends.remove(0));
            sessions.join_next().await.unwrap().unwrap();
        }
        assert_eq!(running().sum::<usize>(), 3 * threads.threads.len() - 2);
        ends.extend([begin(&mut sessions), begin(&mut sessions)]);
        assert!(running().all(|count| count == 3));
    }

    #[tokio::test]
    async fn a_session_runs_on_a_thread_of_ours() {
        let threads = Threads::start().unwrap();
        let mut sessions = JoinSet::new();
        let (named, name) = oneshot::channel();
        threads.spawn(
            async move { drop(named.send(thread::current().name().map(str::to_owned))) },
            &mut sessions,
        );
        assert!(name.await.unwrap().unwrap().starts_with("session-"));
    }
}
