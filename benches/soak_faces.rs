//! Good and hostile images at full load, for some minutes: every answer is right, none is lost, memory is flat.
//!
//! `cargo bench --bench soak_faces -- MINUTES` (20). Ends with status 1 if something is not as it should be.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]
#![allow(clippy::cast_precision_loss, reason = "a bench reports by panicking")]

#[path = "../tests/support/bombs.rs"]
mod bombs;
#[path = "../tests/support/collage.rs"]
mod collage;
#[path = "../tests/support/engine.rs"]
mod engine;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use collage::{Collage, PHOTOS};
use facebolt::face::{EmbedOptions, Engine, EngineConfig, Face, FaceError};

/// Requests that are under way for each worker.
const LOAD: usize = 4;

/// Of so many requests, one is given up while it waits or is worked on.
const GIVEN_UP: u64 = 20;

/// What an image has to give, always.
#[derive(Debug, PartialEq)]
enum Answer {
    Faces(Vec<Face>),
    Error(String),
}

struct Item {
    name: String,
    bytes: Bytes,
    answer: Answer,
}

#[derive(Default)]
struct Counts {
    asked: AtomicU64,
    right: AtomicU64,
    wrong: AtomicU64,
    given_up: AtomicU64,
    busy: AtomicU64,
}

fn main() {
    let minutes: f64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(20.0);
    engine::engine();
    let workers = std::thread::available_parallelism().unwrap().get();
    // A queue that is shorter than the load, so that refusals for want of room are part of it.
    let config =
        EngineConfig { max_pixels: bombs::MAX_PIXELS, queue: workers * 2, ..EngineConfig::default() };
    let engine = Engine::start(&config).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let items = Arc::new(runtime.block_on(items(&engine)));
    let hostile = items.iter().filter(|item| matches!(item.answer, Answer::Error(_))).count();
    println!("{} images, {hostile} of which are refused; {workers} workers, {minutes} minutes", items.len());

    let counts = Arc::new(Counts::default());
    let end = Instant::now() + Duration::from_secs_f64(minutes * 60.0);
    let tasks: Vec<_> = (0..workers * LOAD)
        .map(|number| {
            runtime.spawn(load(engine.clone(), Arc::clone(&items), Arc::clone(&counts), number as u64, end))
        })
        .collect();
    // Each part of the time has its own peak: those of the later parts must not lie above.
    const PARTS: u32 = 10;
    let part = Duration::from_secs_f64(minutes * 60.0 / f64::from(PARTS));
    let mut peaks = Vec::new();
    println!(
        "{:>8}{:>10}{:>10}{:>10}{:>10}{:>8}{:>10}",
        "minute", "asked", "right", "given up", "busy", "wrong", "peak MB"
    );
    for number in 1..=PARTS {
        std::fs::write("/proc/self/clear_refs", "5").unwrap();
        std::thread::sleep(part);
        peaks.push(peak());
        let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
        println!(
            "{:>8.1}{:>10}{:>10}{:>10}{:>10}{:>8}{:>10}",
            f64::from(number) * part.as_secs_f64() / 60.0,
            of(&counts.asked),
            of(&counts.right),
            of(&counts.given_up),
            of(&counts.busy),
            of(&counts.wrong),
            peaks.last().unwrap() >> 20
        );
    }
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    let of = |count: &AtomicU64| count.load(Ordering::SeqCst);
    assert_eq!(of(&counts.wrong), 0, "wrong answers");
    assert_eq!(
        of(&counts.asked),
        of(&counts.right) + of(&counts.given_up) + of(&counts.busy),
        "answers were lost"
    );
    // A dead worker would leave its image without an answer, or the rest to fewer.
    assert_eq!(engine.threads(), workers);
    let (early, late) = (peaks[1..5].iter().max().unwrap(), peaks[5..].iter().max().unwrap());
    println!("peak of the second half: {:.3} of the first", *late as f64 / *early as f64);
    assert!(*late as f64 <= *early as f64 * 1.1, "memory grows");
}

/// Good photos of several sizes, and every bomb; each with what it gave when it was alone.
async fn items(engine: &Engine) -> Vec<Item> {
    let mut images: Vec<(String, Vec<u8>)> =
        PHOTOS.iter().map(|photo| (photo.file.to_owned(), photo.bytes())).collect();
    let all: Vec<_> = PHOTOS.iter().chain(&PHOTOS).collect();
    images.push(("five faces".to_owned(), Collage::compose(1500, 1000, &all[..5], 150).jpeg()));
    images.push(("twenty faces".to_owned(), Collage::compose(2000, 1600, &all, 120).jpeg()));
    images.push(("twenty small faces".to_owned(), Collage::compose(3200, 2400, &all, 60).jpeg()));
    images.extend(bombs::bombs().into_iter().map(|bomb| (bomb.name.to_owned(), bomb.bytes)));
    let mut items = Vec::new();
    for (name, bytes) in images {
        let bytes = Bytes::from(bytes);
        let answer = answer(engine.embed(bytes.clone(), EmbedOptions::default()).await);
        items.push(Item { name, bytes, answer });
    }
    items
}

fn answer(result: Result<Vec<Face>, FaceError>) -> Answer {
    match result {
        Ok(faces) => Answer::Faces(faces),
        Err(error) => Answer::Error(error.to_string()),
    }
}

async fn load(engine: Engine, items: Arc<Vec<Item>>, counts: Arc<Counts>, seed: u64, end: Instant) {
    let mut state = seed + 1;
    let mut random = move || {
        // Marsaglia's xorshift.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    while Instant::now() < end {
        let item = &items[usize::try_from(random() % items.len() as u64).unwrap()];
        let request = engine.embed(item.bytes.clone(), EmbedOptions::default());
        counts.asked.fetch_add(1, Ordering::SeqCst);
        let counter = if random() % GIVEN_UP == 0 {
            match tokio::time::timeout(Duration::from_millis(random() % 50), request).await {
                Err(_) | Ok(_) => &counts.given_up,
            }
        } else {
            match request.await {
                Err(FaceError::Busy) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                    &counts.busy
                }
                result => {
                    let got = answer(result);
                    if got == item.answer {
                        &counts.right
                    } else {
                        println!("{}: {got:?}", item.name);
                        &counts.wrong
                    }
                }
            }
        };
        counter.fetch_add(1, Ordering::SeqCst);
    }
}

fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
