//! The least that a client does once it has begun a message. Between messages it may be silent for as long as it
//! likes; but one that stalls within keeps buffers of ours, and a connection of the backend's, for nothing.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// Bytes that must come in each period: less than any network that still serves anybody.
const LEAST: usize = 1024;

/// How much of which message has come.
pub(super) type Reading = (u64, usize);

/// Holds a client to it.
#[derive(Debug)]
pub(super) struct Progress {
    period: Duration,
    /// Runs only within a message.
    timer: Option<Pin<Box<Sleep>>>,
    mark: Reading,
}

impl Progress {
    pub(super) fn new(period: Duration) -> Self {
        Self { period, timer: None, mark: Reading::default() }
    }

    /// Ready if the client is too slow. To be called when all that has come is read; `reading` is none between
    /// messages, and while it is we who do not read.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, reading: Option<Reading>) -> Poll<()> {
        let Some(now) = reading else {
            self.timer = None;
            return Poll::Pending;
        };
        let Self { period, timer, mark } = self;
        let timer = timer.get_or_insert_with(|| {
            *mark = now;
            Box::pin(sleep(*period))
        });
        while timer.as_mut().poll(cx).is_ready() {
            if now.0 == mark.0 && now.1.saturating_sub(mark.1) < LEAST {
                return Poll::Ready(());
            }
            *mark = now;
            timer.as_mut().reset(Instant::now() + *period);
        }
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PERIOD: Duration = Duration::from_secs(60);

    /// Is the client too slow that each second has sent so much?
    async fn too_slow(reading: impl Fn(u64) -> Option<Reading>) -> bool {
        let mut progress = Progress::new(PERIOD);
        for second in 0..1000 {
            let mut late = false;
            std::future::poll_fn(|cx| {
                late = progress.poll(cx, reading(second)).is_ready();
                Poll::Ready(())
            })
            .await;
            if late {
                return true;
            }
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        false
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_must_go_on() {
        assert!(too_slow(|_| Some((0, 5))).await);
        assert!(too_slow(|second| Some((0, usize::try_from(second).unwrap()))).await);
        assert!(too_slow(|second| Some((second / 500, 5))).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_or_silent_is_left_alone() {
        assert!(!too_slow(|_| None).await);
        assert!(!too_slow(|second| Some((0, 20 * usize::try_from(second).unwrap()))).await);
        // Short messages, each of which ends within the time.
        assert!(!too_slow(|second| Some((second / 50, 1))).await);
        // Not read for a while, by us.
        assert!(!too_slow(|second| (second % 50 != 0).then_some((0, 5))).await);
    }
}
