//! Texts to tokens.
#![no_main]
#![allow(dead_code, unused_imports, reason = "the module is used in part, and without the crate that it is part of")]

#[path = "../../src"]
mod facebolt {
    pub mod cypher;
}
#[path = "../checks/reading.rs"]
mod reading;

use facebolt::cypher;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| reading::tokens(bytes));
