//! Photos through the engine: `cargo bench --bench faces -- --threads N --seconds S FILE..` prints photos per second.
//! With `--floor` instead of `--threads`: what a photo takes at the least on one thread, in milliseconds of decoding, of
//! the detector and of the recogniser, each run bare.
//!
//! `benches/faces.py` runs it beside OpenCV.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a bench reports by panicking")]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use facebolt::face::models::{self, Catalogue};
use facebolt::face::{EmbedOptions, Engine, EngineConfig, Floor};
use futures_util::StreamExt as _;

fn main() {
    let (mut threads, mut seconds, mut floor, mut files) = (1, 3.0, false, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--bench" => {}
            "--threads" => threads = arguments.next().unwrap().parse().unwrap(),
            "--floor" => floor = true,
            "--seconds" => seconds = arguments.next().unwrap().parse().unwrap(),
            file => files.push(Bytes::from(std::fs::read(file).unwrap())),
        }
    }
    assert!(!files.is_empty(), "which photos?");
    let directory = models::default_directory().unwrap();
    models::fetch(&directory, &Catalogue::load(&directory).unwrap(), &mut |_| ()).unwrap();
    if floor {
        return print_floor(&files, Duration::from_secs_f64(seconds));
    }
    let engine = Engine::start(&EngineConfig { threads, ..EngineConfig::default() }).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    // Each once, so that none is measured cold.
    runtime.block_on(embed(&engine, files.len(), &files, None));
    let began = Instant::now();
    let done = runtime.block_on(embed(&engine, usize::MAX, &files, Some(Duration::from_secs_f64(seconds))));
    println!("{:.4}", done as f64 / began.elapsed().as_secs_f64());
}

fn print_floor(files: &[Bytes], time: Duration) {
    let config = EngineConfig::default();
    // Each once, so that none is measured cold; then all together as often as there is time.
    let began = Instant::now();
    facebolt::face::floor(&config, files).unwrap();
    let rounds = (time.as_secs_f64() / began.elapsed().as_secs_f64()).ceil() as usize;
    let files: Vec<Bytes> = files.iter().cycle().take(files.len() * (rounds + 1)).cloned().collect();
    let floors = facebolt::face::floor(&config, &files).unwrap().split_off(files.len() / (rounds + 1));
    let mean = |of: fn(&Floor) -> Duration| {
        floors.iter().map(of).sum::<Duration>().as_secs_f64() * 1000.0 / floors.len() as f64
    };
    println!("{:.4} {:.4} {:.4}", mean(|f| f.decode), mean(|f| f.detect), mean(|f| f.embed));
}

/// How many photos are embedded, `most` or as many as are begun within the time.
async fn embed(engine: &Engine, most: usize, files: &[Bytes], time: Option<Duration>) -> usize {
    let began = Instant::now();
    let photos =
        files.iter().cycle().take(most).take_while(|_| time.is_none_or(|time| began.elapsed() < time));
    let faces = photos.map(|photo| engine.embed(photo.clone(), EmbedOptions::default()));
    let mut faces = futures_util::stream::iter(faces).buffered(engine.threads() * 2);
    let mut done = 0;
    while let Some(faces) = faces.next().await {
        assert_eq!(faces.unwrap().len(), 1);
        done += 1;
    }
    done
}
