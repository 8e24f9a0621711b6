//! The promise: no image file makes the process need more memory than an image of the size that is allowed may.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "support/bombs.rs"]
mod bombs;
#[path = "support/collage.rs"]
mod collage;
#[path = "support/engine.rs"]
mod engine;

use std::collections::HashMap;
use std::process::Command;

use bombs::{End, MAX_PIXELS, bombs};
use collage::PHOTOS;
use facebolt::face::{EmbedOptions, Engine, EngineConfig, FaceError, ImageError};

/// Set in the process that takes the files.
const INSIDE: &str = "FACEBOLT_TEST_BOMBS";

/// What decoding one image may take: what docs/facebolt.toml says of `images.max_pixels`.
const CAP: u64 = MAX_PIXELS * 20 + (16 << 20);

/// Each file in a process of one worker: how it ends, and how far memory rises above what the process had.
#[test]
fn memory_stays_below_what_is_allowed() {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    engine::engine(); // Fetches the models.
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "memory_stays_below_what_is_allowed", "--nocapture"]).env(INSIDE, "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let mut rises = HashMap::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("rise ")) {
        let (bytes, name) = line.split_once(' ').unwrap();
        rises.insert(name.to_owned(), bytes.parse::<u64>().unwrap());
    }
    assert!(output.status.success(), "after {rises:?}:\n{text}\n{said}");
    // Each was taken, or the process would not have ended well.
    assert!(rises.len() >= 30, "{rises:?}");
    for (name, rise) in rises {
        assert!(rise <= CAP * 12 / 10, "{name}: {} MB above, {} are allowed", rise >> 20, CAP >> 20);
    }
}

fn inside() {
    let config = EngineConfig { threads: 1, max_pixels: MAX_PIXELS, ..EngineConfig::default() };
    let engine = Engine::start(&config).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let embed = |bytes: Vec<u8>| runtime.block_on(engine.embed(bytes.into(), EmbedOptions::default()));
    let all = bombs();
    // What any photo takes is there from now on.
    assert_eq!(embed(PHOTOS[0].bytes()).unwrap().len(), 1);
    // Above this: what the allocator keeps of one file is not free for the next.
    let before = reset_peak();
    for bomb in all {
        reset_peak();
        let length = u64::try_from(bomb.bytes.len()).unwrap();
        let result = embed(bomb.bytes);
        let rise = status("VmHWM").saturating_sub(before.saturating_sub(length));
        println!("rise {rise} {}", bomb.name);
        let fits = match (bomb.end, &result) {
            (End::TooLarge, Err(FaceError::Image(ImageError::TooManyPixels { .. }))) => true,
            (End::Refused | End::Either, Err(FaceError::Image(_))) => true,
            (End::NoFace | End::Either, Ok(faces)) => faces.is_empty(),
            _ => false,
        };
        assert!(fits, "{}: {result:?}", bomb.name);
        // The worker is as well as before.
        assert_eq!(embed(PHOTOS[3].bytes()).unwrap().len(), 1, "{}", bomb.name);
    }
}

/// Lets the peak begin anew at what is in use, and says what that is.
fn reset_peak() -> u64 {
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    status("VmRSS")
}

/// A size of this process, in bytes.
fn status(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}
