use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use tokio::sync::Semaphore;

use super::kept::{Kept, size};
use super::{Embedder, Origin};
use crate::face::{Area, EmbedOptions, Engine, Face, FaceError, Select};

fn faces(count: usize) -> Vec<Face> {
    let point = [0.0; 2];
    let area = Area {
        x: 0.0,
        y: 0.0,
        w: 1.0,
        h: 1.0,
        left_eye: point,
        right_eye: point,
        nose: point,
        mouth_left: point,
        mouth_right: point,
    };
    let face = |index| Face {
        embedding: vec![1.0; 128],
        confidence: 1.0,
        area,
        quality: 1.0,
        model: "sface".into(),
        index,
    };
    (0..count).map(face).collect()
}

/// Work that goes on once it is let, and what became of it.
#[derive(Clone)]
struct Bench {
    embedder: Embedder,
    go: Arc<Semaphore>,
    begun: Arc<AtomicUsize>,
    dropped: Arc<AtomicUsize>,
}

struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Bench {
    fn new(bytes: usize) -> Bench {
        let count = Arc::<AtomicUsize>::default;
        let embedder = Embedder::new(Engine::idle(), bytes);
        Bench { embedder, go: Arc::new(Semaphore::new(0)), begun: count(), dropped: count() }
    }

    /// The faces of an image, of which this many are found; 0: it fails.
    async fn embed(
        self,
        image: &'static str,
        options: EmbedOptions,
        found: usize,
    ) -> (Result<usize, String>, Origin) {
        let Bench { embedder, go, begun, dropped } = self;
        let (outcome, origin) = embedder
            .once(Bytes::from_static(image.as_bytes()), options, move |_, _| async move {
                begun.fetch_add(1, Ordering::SeqCst);
                let counted = Counted(dropped);
                go.acquire().await.unwrap().forget();
                std::mem::forget(counted);
                if found == 0 { Err(FaceError::NoFace) } else { Ok(faces(found)) }
            })
            .await;
        (outcome.map(|faces| faces.len()).map_err(|error| error.to_string()), origin)
    }

    fn start(
        &self,
        image: &'static str,
        found: usize,
    ) -> tokio::task::JoinHandle<(Result<usize, String>, Origin)> {
        tokio::spawn(self.clone().embed(image, EmbedOptions::default(), found))
    }

    fn counts(&self) -> (usize, usize) {
        (self.begun.load(Ordering::SeqCst), self.dropped.load(Ordering::SeqCst))
    }

    fn running(&self) -> usize {
        super::lock(&self.embedder.known).running.len()
    }
}

/// Lets all tasks go on as far as they can.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_is_in_flight_is_computed_once_and_then_kept() {
    let bench = Bench::new(1 << 20);
    let tasks: Vec<_> = (0..5).map(|_| bench.start("a", 2)).collect();
    let other = bench.start("b", 1);
    settle().await;
    assert_eq!((bench.counts(), bench.running()), ((2, 0), 2));
    bench.go.add_permits(2);
    let mut origins = Vec::new();
    for task in tasks {
        let (found, origin) = task.await.unwrap();
        assert_eq!(found, Ok(2));
        origins.push(origin);
    }
    assert_eq!(origins[0], Origin::Computed);
    assert!(origins[1..].iter().all(|origin| *origin == Origin::Shared), "{origins:?}");
    assert_eq!(other.await.unwrap(), (Ok(1), Origin::Computed));
    assert_eq!(bench.running(), 0);
    assert_eq!(bench.start("a", 9).await.unwrap(), (Ok(2), Origin::Kept));
    assert_eq!(bench.counts(), (2, 0));
}

#[tokio::test]
async fn settings_tell_images_apart() {
    let bench = Bench::new(1 << 20);
    bench.go.add_permits(3);
    for (options, found) in [
        (EmbedOptions::default(), 1),
        (EmbedOptions { select: Select::Largest, ..EmbedOptions::default() }, 2),
        (EmbedOptions { model: Some("other".into()), ..EmbedOptions::default() }, 3),
    ] {
        assert_eq!(bench.clone().embed("a", options.clone(), found).await, (Ok(found), Origin::Computed));
        assert_eq!(bench.clone().embed("a", options, 9).await, (Ok(found), Origin::Kept));
    }
}

#[tokio::test]
async fn who_goes_away_takes_nothing_from_the_others_and_the_last_one_ends_the_work() {
    let bench = Bench::new(1 << 20);
    let tasks: Vec<_> = (0..3).map(|_| bench.start("a", 1)).collect();
    settle().await;
    // The one that began it.
    tasks[0].abort();
    settle().await;
    assert_eq!((bench.counts(), bench.running()), ((1, 0), 1));
    let [_, second, third] = <[_; 3]>::try_from(tasks).unwrap();
    second.abort();
    settle().await;
    bench.go.add_permits(1);
    assert_eq!(third.await.unwrap(), (Ok(1), Origin::Shared));

    let alone = bench.start("b", 1);
    settle().await;
    alone.abort();
    settle().await;
    assert_eq!((bench.counts(), bench.running()), ((2, 1), 0));
    // It begins anew.
    bench.go.add_permits(1);
    assert_eq!(bench.start("b", 1).await.unwrap(), (Ok(1), Origin::Computed));
    assert_eq!(bench.counts(), (3, 1));
}

#[tokio::test]
async fn failures_are_shared_and_not_kept() {
    let bench = Bench::new(1 << 20);
    let tasks = [bench.start("a", 0), bench.start("a", 0)];
    settle().await;
    bench.go.add_permits(1);
    for (task, origin) in tasks.into_iter().zip([Origin::Computed, Origin::Shared]) {
        assert_eq!(task.await.unwrap(), (Err("no face was found in the image".to_owned()), origin));
    }
    bench.go.add_permits(1);
    assert_eq!(bench.start("a", 1).await.unwrap(), (Ok(1), Origin::Computed));
}

#[tokio::test]
async fn nothing_is_kept_where_there_is_no_room() {
    let bench = Bench::new(0);
    bench.go.add_permits(2);
    for _ in 0..2 {
        assert_eq!(bench.start("a", 1).await.unwrap(), (Ok(1), Origin::Computed));
    }
}

/// A large image is hashed elsewhere, with the same result.
#[tokio::test]
async fn large_images_are_the_same_too() {
    let embedder = Embedder::new(Engine::idle(), 1 << 20);
    let (large, nearly) = (vec![7; super::LARGE], vec![7; super::LARGE - 1]);
    for expected in [Origin::Computed, Origin::Kept] {
        for image in [&large, &nearly] {
            let image = Bytes::copy_from_slice(image);
            let (outcome, origin) =
                embedder.once(image, EmbedOptions::default(), |_, _| async { Ok(faces(1)) }).await;
            assert_eq!((outcome.unwrap().len(), origin), (1, expected));
        }
    }
}

#[test]
fn what_was_not_asked_for_longest_goes_first() {
    let one: Arc<[Face]> = faces(1).into();
    let mut kept = Kept::new(3 * size(&one));
    for key in 0..3 {
        kept.put([key; 32], &one);
    }
    assert!(kept.get(&[0; 32]).is_some());
    kept.put([3; 32], &one);
    let there = |kept: &mut Kept| (0..5).filter(|key| kept.get(&[*key; 32]).is_some()).collect::<Vec<u8>>();
    assert_eq!(there(&mut kept), [0, 2, 3]);
    // What replaces an entry is counted once.
    kept.put([3; 32], &one);
    assert_eq!(kept.bytes(), 3 * size(&one));
    kept.put([4; 32], &faces(9).into());
    assert_eq!(there(&mut kept), [0, 2, 3], "it alone is too large");
    kept.resize(2 * size(&one));
    assert_eq!((there(&mut kept).len(), kept.bytes()), (2, 2 * size(&one)));
    kept.resize(0);
    assert_eq!((there(&mut kept).len(), kept.bytes()), (0, 0));
}
