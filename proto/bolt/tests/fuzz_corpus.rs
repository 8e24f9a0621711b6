//! What the fuzzers have found worth keeping, replayed without a fuzzer.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used, reason = "a check fails by panicking")]

use std::fs;
use std::path::Path;

#[path = "../../../fuzz/checks/handshake.rs"]
mod handshake;
#[path = "../../../fuzz/checks/stream.rs"]
mod stream;

/// Checks each file of a corpus, and each of its beginnings.
fn replay(corpus: &str, check: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(corpus);
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 10, "a corpus of {} files has lost some", files.len());
    for file in files {
        let bytes = fs::read(file).unwrap();
        for end in 0..=bytes.len() {
            check(&bytes[..end]);
        }
    }
}

#[test]
fn handshakes() {
    replay("handshake", handshake::check);
}

#[test]
fn streams() {
    replay("stream", stream::check);
}
