//! The client, watched while its statement is worked on: what it does that ends the work, and the signs of life
//! that keep it waiting.

use std::task::Poll;
use std::time::Duration;

use bolt::Version;
use packstream::{Map, Value};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::SessionError;
use super::ahead::Sight;
use super::frontend::Frontend;
use super::wire::Stream;

/// A chunk of no bytes between messages.
const NOOP: [u8; 2] = [0, 0];

/// A sign of life that is rarer than this is not worth a timer.
const MAX_TIMEOUT: u64 = 24 * 60 * 60;

/// What a client does that ends native work.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Interruption {
    /// RESET or GOODBYE.
    Urgent { tag: u8, waiting: usize, at: usize },
    /// It has closed.
    Gone,
}

/// How often a client wants a sign of life that was told this by HELLO's SUCCESS: twice within the time after
/// which its driver gives up reading.
pub(super) fn keep_alive(metadata: &Map, version: Version) -> Option<Duration> {
    let hints = metadata.get("hints").and_then(Value::as_map)?;
    let seconds = hints.get("connection.recv_timeout_seconds").and_then(Value::as_i64)?;
    let seconds = u64::try_from(seconds).ok().filter(|seconds| *seconds > 0 && version.has_noop())?;
    Some(Duration::from_secs(seconds.min(MAX_TIMEOUT)) / 2)
}

/// Reads the client, and writes what waits for it, until it wants the work to end. To be called between messages
/// to the client: a NOOP goes out each `keep_alive`.
pub(super) async fn watch<C: Stream>(
    client: &mut Frontend<C>,
    keep_alive: Option<Duration>,
) -> Result<Interruption, SessionError> {
    let mut beat = keep_alive.map(|every| {
        let mut beat = interval_at(Instant::now() + every, every);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat
    });
    std::future::poll_fn(|cx| {
        while let Some(beat) = &mut beat
            && beat.poll_tick(cx).is_ready()
        {
            // A client that does not read has signs of life enough to come.
            if !client.wire.waits() {
                client.wire.send(&NOOP);
            }
        }
        loop {
            if let Sight::Urgent { tag, waiting, at } = client.look_ahead() {
                return Poll::Ready(Ok(Interruption::Urgent { tag, waiting, at }));
            }
            if let Poll::Ready(Err(error)) = client.wire.poll_flush(cx) {
                return Poll::Ready(Err(SessionError::Client(error)));
            }
            if !client.may_wait() {
                return Poll::Pending;
            }
            match client.wire.poll_fill(cx) {
                Poll::Ready(Ok(true)) => {}
                Poll::Ready(Ok(false)) => return Poll::Ready(Ok(Interruption::Gone)),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(SessionError::Client(error))),
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

#[cfg(test)]
mod tests {
    use bolt::message::tag;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::timeout;

    use super::super::frontend::RequestLimits;
    use super::super::wire::Wire;
    use super::*;

    fn told(seconds: i64) -> Map {
        let hints = Map::from([("connection.recv_timeout_seconds", Value::Integer(seconds))]);
        Map::from([("hints", Value::Map(hints))])
    }

    fn client<S: Stream>(stream: S) -> Frontend<S> {
        let limits = RequestLimits { unauthenticated_bytes: 8192, statement_bytes: 1 << 20 };
        Frontend::new(Wire::new(stream), limits)
    }

    #[test]
    fn the_hint_is_halved() {
        let version = Version::new(5, 8);
        assert_eq!(keep_alive(&told(120), version), Some(Duration::from_secs(60)));
        assert_eq!(keep_alive(&told(1), version), Some(Duration::from_millis(500)));
        assert_eq!(keep_alive(&told(i64::MAX), version), Some(Duration::from_secs(MAX_TIMEOUT / 2)));
        for none in [0, -1] {
            assert_eq!(keep_alive(&told(none), version), None);
        }
        assert_eq!(keep_alive(&Map::default(), version), None);
        assert_eq!(keep_alive(&told(120), Version::new(4, 0)), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_waiting_client_gets_signs_of_life_until_it_resets() {
        let (near, mut far) = duplex(64);
        let mut client = client(near);
        let watched = watch(&mut client, Some(Duration::from_secs(60)));
        let driver = async {
            let began = Instant::now();
            for beat in 1..=3 {
                let mut noop = [0xFF; 2];
                far.read_exact(&mut noop).await.unwrap();
                assert_eq!((noop, began.elapsed().as_secs()), (NOOP, 60 * beat));
            }
            far.write_all(&[0, 2, 0xB0, tag::RESET, 0, 0]).await.unwrap();
        };
        let (interruption, ()) = tokio::join!(watched, driver);
        assert_eq!(interruption.unwrap(), Interruption::Urgent { tag: tag::RESET, waiting: 0, at: 0 });
    }

    #[tokio::test(start_paused = true)]
    async fn none_is_sent_to_a_client_that_was_promised_none() {
        let (near, mut far) = duplex(64);
        let mut client = client(near);
        assert!(timeout(Duration::from_secs(600), watch(&mut client, None)).await.is_err());
        assert!(timeout(Duration::from_secs(1), far.read_u8()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn they_do_not_pile_up_before_a_client_that_does_not_read() {
        let (near, mut far) = duplex(1);
        let mut client = client(near);
        let every = Some(Duration::from_secs(1));
        assert!(timeout(Duration::from_secs(600), watch(&mut client, every)).await.is_err());
        drop(client);
        let mut sent = Vec::new();
        far.read_to_end(&mut sent).await.unwrap();
        assert_eq!(sent, [0]);
    }
}
