//! What the fuzzer has found worth keeping of statements, replayed without a fuzzer.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a check fails by panicking"
)]

use std::fs;
use std::path::Path;

use facebolt::cypher;

#[path = "../fuzz/checks/reading.rs"]
mod reading;
#[path = "../fuzz/checks/rewriting.rs"]
mod rewriting;

/// Checks how each statement, and each of its beginnings, is read and rewritten.
#[test]
fn statements() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus/cypher");
    let files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 20, "a corpus of {} files has lost some", files.len());
    for file in files {
        let bytes = fs::read(file).unwrap();
        for end in 0..=bytes.len() {
            reading::tokens(&bytes[..end]);
            reading::clauses(&bytes[..end]);
            rewriting::check(&bytes[..end]);
        }
    }
}
