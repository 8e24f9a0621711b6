//! The process is about to end: sessions are told, and end where nothing is lost.

use tokio::sync::watch;

/// What tells sessions; dropping it tells nothing.
#[derive(Debug)]
pub(crate) struct Stop(watch::Sender<bool>);

/// What a session listens to.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(watch::Receiver<bool>);

/// A pair of both.
pub(crate) fn stopping() -> (Stop, Stopping) {
    let (sender, receiver) = watch::channel(false);
    (Stop(sender), Stopping(receiver))
}

impl Stop {
    /// Every session ends as soon as nothing is under way in it.
    pub(crate) fn begin(&self) {
        self.0.send_replace(true);
    }
}

impl Stopping {
    /// Waits until the process is about to end.
    pub(crate) async fn begun(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|begun| *begun).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
